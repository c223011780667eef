//! `filo import`: files go through the same adapters as live contacts; every unit is accounted for.

mod check;
mod follow;
mod pieces;
mod tail;

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use filo_app::{App, AppError, Caller, CostRows, Intake, SeriesRows, Tally};
use filo_channel::Raw;
use filo_channel_phone::Mapping;
use filo_domain::{
    Instant,
    city::Source,
    vocabulary::{Channel, Word},
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::de::DeserializeOwned;

use self::{
    follow::Following,
    pieces::{Pieces, Problems, gathered},
};
use super::{complain, mailbox, print_json};
use crate::{
    cli::{Import, ImportCalls},
    exit::Failure,
    wiring::{Migrating, Program},
};

/// Raw inputs handed over at once.
const BATCH: usize = 100;

pub(super) async fn run(
    program: Result<Program, Failure>,
    import: Import,
    json: bool,
) -> Result<(), Failure> {
    match import {
        Import::Calls(args) if args.check => check::run(&program?, args, json),
        Import::Calls(args) => calls(&program?, args).await,
        Import::Mail { mailbox, paths } if paths.iter().any(|path| path == Path::new("-")) => {
            piped_mail(&program.map_err(for_pipes)?, &mailbox, &paths).await
        }
        Import::Mail { mailbox, paths } => mail(&program?, &mailbox, paths).await,
        Import::Series { files } => {
            let enter = async |app: &App, rows, now| app.import_series(&Caller::console(), rows, now).await;
            by_month(&program?, files, SeriesRows::of_csv, enter).await
        }
        Import::Costs { files } => {
            let enter = async |app: &App, rows, now| app.enter_costs(&Caller::console(), rows, now).await;
            by_month(&program?, files, CostRows::of_csv, enter).await
        }
        Import::Social { source, files } => social(&program?, &source, files).await,
    }
}

/// What is entered by month, as JSON or CSV.
async fn by_month<T: DeserializeOwned>(
    program: &Program,
    files: Vec<PathBuf>,
    of_csv: fn(&[u8]) -> Result<T, AppError>,
    enter: impl AsyncFn(&App, T, Instant) -> Result<Tally, AppError>,
) -> Result<(), Failure> {
    let app = program.start(Migrating::EmbeddedOnly).await?;
    let now = program.clock.now();
    let mut run = Run::new(files.len());
    for file in files {
        let Some(bytes) = run.read(&file) else { continue };
        let is_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        let rows = if is_json {
            serde_json::from_slice(&bytes).map_err(|error| error.to_string())
        } else {
            of_csv(&bytes).map_err(|error| error.to_string())
        };
        match rows {
            Ok(rows) => run.tally.add(&enter(&app, rows, now).await?),
            Err(error) => run.problem(&format!("{}: {error}", file.display())),
        }
    }
    run.finish()
}

/// A mail server keeps what it is told to try again, so a broken configuration loses no mail either.
fn for_pipes(failure: Failure) -> Failure {
    match failure {
        Failure::Usage(why) | Failure::PipeUsage(why) => Failure::PipeUsage(why),
        Failure::Wrong(why) | Failure::CannotRun(why) | Failure::TryLater(why) => Failure::TryLater(why),
    }
}

/// A source of one of these channels.
fn source<'p>(program: &'p Program, key: &str, channels: &[Channel]) -> Result<&'p Source, Failure> {
    let fits = |source: &&Source| source.channel.is_some_and(|channel| channels.contains(&channel));
    program.city.source(key).filter(fits).ok_or_else(|| {
        let known: Vec<&str> =
            program.city.sources.iter().filter(fits).map(|source| source.key.as_str()).collect();
        Failure::Usage(format!("there is no such source {key:?}: expected one of {}", known.join(", ")))
    })
}

async fn calls(program: &Program, args: ImportCalls) -> Result<(), Failure> {
    let ImportCalls { source: key, format, map, follow, files, .. } = args;
    let source = source(program, &key, &[Channel::Phone])?;
    let decoder = program.phone_decoder(source, format, mapping(map.as_deref())?)?;
    let app = program.start(Migrating::EmbeddedOnly).await?;
    let mut run = Run::new(files.len());
    if follow {
        let format = (format.word().to_owned(), decoder);
        Following { program, app: &app, source: &key, format }.follow(&files, &mut run).await?;
        return run.finish();
    }
    let problems = Problems::default();
    let pieces = Pieces::new(files, decoder.in_parts().is_some(), problems.clone(), run.bar.clone());
    let format = (format.word().to_owned(), decoder);
    run.tally = app.import_calls(&key, format, pieces, program.clock.now()).await?;
    gathered(&problems).iter().for_each(|problem| run.problem(problem));
    run.finish()
}

/// The mapping file of `--map`.
pub(super) fn mapping(path: Option<&Path>) -> Result<Option<Mapping>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    Mapping::parse(&text).map(Some).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

async fn mail(program: &Program, key: &str, paths: Vec<PathBuf>) -> Result<(), Failure> {
    source(program, key, &[Channel::Email, Channel::Pec])?;
    let app = program.start(Migrating::EmbeddedOnly).await?;
    let now = program.clock.now();
    let mut files = Vec::new();
    let mut missing = Vec::new();
    for path in &paths {
        match mailbox::files(path) {
            Ok(found) => files.extend(found),
            Err(error) => missing.push(format!("{}: {error}", path.display())),
        }
    }
    let mut run = Run::new(files.len());
    missing.iter().for_each(|problem| run.problem(problem));
    let mut batch = Vec::new();
    for file in files {
        let messages = run.read(&file).map(mailbox::messages).unwrap_or_default();
        batch.extend(
            messages.into_iter().map(|bytes| Intake::usual(key, Raw { bytes, arrived_at: None, now })),
        );
        if batch.len() >= BATCH {
            run.hand_over(&app, std::mem::take(&mut batch), now).await?;
        }
    }
    run.hand_over(&app, batch, now).await?;
    run.finish()
}

/// One raw message from a mail server's pipe: 0 once durable, 75 for anything temporary, 64 for wrong usage.
async fn piped_mail(program: &Program, key: &str, paths: &[PathBuf]) -> Result<(), Failure> {
    if paths.len() != 1 {
        return Err(Failure::PipeUsage("a pipe delivers one message: give - alone".to_owned()));
    }
    source(program, key, &[Channel::Email, Channel::Pec]).map_err(for_pipes)?;
    let app = program.start(Migrating::EmbeddedOnly).await.map_err(for_pipes)?;
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(|error| Failure::TryLater(error.to_string()))?;
    let now = program.clock.now();
    let intake = Intake::usual(key, Raw { bytes, arrived_at: None, now });
    let tally = app.take_in(vec![intake], now).await.map_err(|error| for_pipes(error.into()))?;
    print_json(&tally)
}

async fn social(program: &Program, key: &str, files: Vec<PathBuf>) -> Result<(), Failure> {
    source(program, key, &[Channel::Social, Channel::Chat])?;
    let app = program.start(Migrating::EmbeddedOnly).await?;
    let now = program.clock.now();
    let mut run = Run::new(files.len());
    for file in files {
        let bodies =
            run.read(&file).map(|bytes| filo_channel_social::split_bodies(&bytes)).unwrap_or_default();
        let batch = bodies
            .into_iter()
            .map(|bytes| Intake::usual(key, Raw { bytes, arrived_at: None, now }))
            .collect();
        run.hand_over(&app, batch, now).await?;
    }
    run.finish()
}

/// One run of an import: what was counted, what could not be read, and a bar on stderr where that is a terminal.
struct Run {
    tally: Tally,
    unreadable: usize,
    bar: ProgressBar,
}

impl Run {
    fn new(files: usize) -> Self {
        let bar = ProgressBar::new(u64::try_from(files).unwrap_or(0));
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} files {elapsed}") {
            bar.set_style(style);
        }
        Self { tally: Tally::default(), unreadable: 0, bar }
    }
    fn problem(&mut self, text: &str) {
        self.unreadable += 1;
        self.bar.suspend(|| complain(text));
    }
    /// The bytes of a file (`-` is stdin); one that cannot be read is told and does not stop the others.
    fn read(&mut self, path: &Path) -> Option<Vec<u8>> {
        self.bar.inc(1);
        let read = if path == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            std::fs::read(path)
        };
        match read {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.problem(&format!("{}: {error}", path.display()));
                None
            }
        }
    }
    async fn hand_over(&mut self, app: &App, batch: Vec<Intake>, now: Instant) -> Result<(), Failure> {
        self.tally.add(&app.take_in(batch, now).await?);
        Ok(())
    }
    /// Prints the tally; 1 when something was quarantined or could not be read.
    fn finish(self) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        print_json(&self.tally)?;
        match (self.tally.quarantined, self.unreadable) {
            (0, 0) => Ok(()),
            (quarantined, unreadable) => Err(Failure::Wrong(format!(
                "{quarantined} units were quarantined (see `filo quarantine list`), {unreadable} paths could not be read"
            ))),
        }
    }
}
