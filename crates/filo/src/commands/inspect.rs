//! `filo inspect`: how an input is understood, without reading any store.

use std::path::{Path, PathBuf};

use filo_app::{Clock, SystemClock};
use filo_channel::Raw;
use filo_channel_phone::Format;
use filo_domain::{city::Source, vocabulary::Channel};
use serde_json::{Value, json};

use super::{complain, import::mapping, mailbox, print_json};
use crate::{
    cli::{Input, Inspect},
    content,
    exit::Failure,
    settings::{Environment, Settings},
    wiring::Program,
};

pub(super) fn run(args: Inspect, config: Option<&Path>, environment: &Environment) -> Result<(), Failure> {
    let mut missing = 0;
    match args.input {
        Input::Mail => {
            for path in
                args.paths.iter().flat_map(|path| mailbox::files(path).unwrap_or_else(|_| vec![path.clone()]))
            {
                each(&path, &mut missing, |bytes| {
                    Ok(filo_channel_email::inspect(&bytes, &path.display().to_string()))
                })?;
            }
        }
        Input::Social => {
            let now = SystemClock.now();
            for path in &args.paths {
                each(path, &mut missing, |bytes| Ok(filo_channel_social::inspect(&bytes, now)))?;
            }
        }
        Input::Calls => calls(&args, config, environment, &mut missing)?,
    }
    if missing == 0 { Ok(()) } else { Err(Failure::Wrong(format!("{missing} files could not be read"))) }
}

/// Prints what one file holds, one object a line.
fn each(
    path: &Path,
    missing: &mut usize,
    show: impl FnOnce(Vec<u8>) -> Result<Vec<Value>, Failure>,
) -> Result<(), Failure> {
    match std::fs::read(path) {
        Ok(bytes) => show(bytes)?.iter().try_for_each(print_json),
        Err(error) => {
            *missing += 1;
            complain(&format!("{}: {error}", path.display()));
            Ok(())
        }
    }
}

/// Legs cross files: all of one format are folded together.
fn calls(
    args: &Inspect,
    config: Option<&Path>,
    environment: &Environment,
    missing: &mut usize,
) -> Result<(), Failure> {
    let program = configured(config, environment)?;
    let source = program.city.sources.iter().find(|source| source.channel == Some(Channel::Phone));
    let source =
        source.ok_or_else(|| Failure::CannotRun("the city has no phone source in city.toml".to_owned()))?;
    let now = program.clock.now();
    let mut by_format: Vec<(Format, Vec<Raw>)> = Vec::new();
    for path in &args.paths {
        let Some(bytes) = read(path, missing) else { continue };
        let format = args.format.or_else(|| filo_channel_phone::guess(&bytes)).unwrap_or(Format::QueueLog);
        let raw = Raw { bytes, arrived_at: None, now };
        match by_format.iter_mut().find(|(known, _)| *known == format) {
            Some((_, raws)) => raws.push(raw),
            None => by_format.push((format, vec![raw])),
        }
    }
    for (format, raws) in by_format {
        show_calls(&program, source, format, args.map.as_deref(), &raws)?;
    }
    Ok(())
}

fn show_calls(
    program: &Program,
    source: &Source,
    format: Format,
    map: Option<&Path>,
    raws: &[Raw],
) -> Result<(), Failure> {
    let decoder = program.phone_decoder(source, format, mapping(map)?)?;
    let inspected = filo_channel_phone::inspect(decoder.as_ref(), raws);
    for view in inspected.views(&source.key) {
        print_json(&view)?;
    }
    for rejected in &inspected.rejected {
        print_json(
            &json!({ "source": source.key, "kind": "unreadable", "reason": rejected.reason, "detail": rejected.detail }),
        )?;
    }
    Ok(())
}

fn read(path: &PathBuf, missing: &mut usize) -> Option<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| {
            *missing += 1;
            complain(&format!("{}: {error}", path.display()));
        })
        .ok()
}

/// The configuration, or the shipped one where there is none: inspecting needs a zone, not a city's secrets.
fn configured(config: Option<&Path>, environment: &Environment) -> Result<Program, Failure> {
    match Settings::read(config, environment) {
        Ok(settings) => {
            let files = content::read(&settings.city_dir)?;
            Program::of(settings, &files, environment)
        }
        Err(error) if config.is_some() || environment.contains_key("FILO__CONFIG") => Err(error),
        Err(_none) => {
            let (settings, files) = content::shipped()?;
            Program::of(
                Settings::of_text(&settings, "filo.toml", Path::new("."), environment)?,
                &files,
                environment,
            )
        }
    }
}
