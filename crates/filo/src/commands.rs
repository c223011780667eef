//! The commands, one module each; here is what they share: where output goes and who runs them.

mod access;
mod config;
mod export;
mod given;
mod import;
mod inspect;
mod mailbox;
mod quarantine;
pub(crate) mod report;
mod rollups;
mod scorecard;
pub(crate) mod serve;
mod verify;
mod what_if;

use std::io::Write;

use filo_app::{App, Caller};
use serde::Serialize;

use crate::{
    cli::{Cli, Command, VersionArgs},
    exit::Failure,
    settings::process_environment,
    wiring::{Migrating, Program},
};

/// Runs a command.
///
/// # Errors
/// Whatever keeps it from succeeding, with its exit code.
pub async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let environment = process_environment();
    let program = || Program::read(cli.config.as_deref(), &environment);
    match cli.command {
        Command::Version(args) => print_line(&version(&args, cli.json)?),
        Command::Openapi => print_line(&serde_json::to_string_pretty(&filo_http::openapi())?),
        Command::Config(command) => config::run(command, cli.config.as_deref(), &environment, cli.json),
        Command::Inspect(args) => inspect::run(args, cli.config.as_deref(), &environment),
        Command::Demo(args) => crate::demo::run(args, cli.config.as_deref(), &environment, cli.json).await,
        Command::Serve(args) => serve::serve(program()?, args, cli.json).await,
        Command::Worker => serve::worker(program()?).await,
        Command::Migrate => migrate(&program()?, cli.json).await,
        Command::Import(args) => import::run(program(), args, cli.json).await,
        Command::Export(args) => export::run(&Console::open(program()?).await?, args).await,
        Command::Quarantine(args) => quarantine::run(&Console::open(program()?).await?, args, cli.json).await,
        Command::Report(args) => report::monthly(&Console::open(program()?).await?, args).await,
        Command::Scorecard(args) => scorecard::run(&Console::open(program()?).await?, args).await,
        Command::Explain(args) => report::explain(&Console::open(program()?).await?, args).await,
        Command::WhatIf(args) => what_if::run(&Console::open(program()?).await?, args).await,
        Command::Verify => verify::run(&started(&program()?).await?, cli.json).await,
        Command::Rollups(args) => rollups::run(&started(&program()?).await?, args, cli.json).await,
        Command::User(args) => access::users(&Console::open(program()?).await?, args, cli.json).await,
        Command::Key(args) => access::keys(&Console::open(program()?).await?, args, cli.json).await,
    }
}

/// A started application with who calls it and when.
pub(crate) struct Console {
    pub(crate) program: Program,
    pub(crate) app: App,
    pub(crate) caller: Caller,
}

impl Console {
    async fn open(program: Program) -> Result<Self, Failure> {
        let app = program.start(Migrating::EmbeddedOnly).await?;
        Ok(Self { program, app, caller: Caller::console() })
    }
    pub(crate) fn now(&self) -> filo_domain::Instant {
        self.program.clock.now()
    }
}

async fn started(program: &Program) -> Result<App, Failure> {
    program.start(Migrating::EmbeddedOnly).await
}

async fn migrate(program: &Program, json: bool) -> Result<(), Failure> {
    let app = program.start(Migrating::Always).await?;
    let written = app.catch_up(program.clock.now()).await?;
    if json {
        print_json(
            &serde_json::json!({ "schema": "current", "clocks_written": written.clocks, "searches_written": written.searches }),
        )
    } else {
        print_line(&format!(
            "the schema is current; clocks written of {} tickets, words of {}",
            written.clocks, written.searches
        ))
    }
}

/// The version, and how the pages look; with the licences of what others made for them when they are asked for.
fn version(args: &VersionArgs, json: bool) -> Result<String, Failure> {
    let (version, look) = (env!("CARGO_PKG_VERSION"), filo_http::assets::look());
    let licences = if args.licences { filo_http::assets::licences() } else { vec![] };
    if json {
        let mut told = serde_json::json!({ "name": "filo", "version": version, "bootstrap_italia": look });
        if let Some(told) = told.as_object_mut().filter(|_| args.licences) {
            let texts = licences.into_iter().map(|(name, text)| (name, text.into()));
            told.insert("licences".to_owned(), serde_json::Value::Object(texts.collect()));
        }
        return Ok(serde_json::to_string(&told)?);
    }
    let pages = look.map_or_else(
        || {
            "own small style sheet (built without Bootstrap Italia: run `make assets` before the build)"
                .to_owned()
        },
        |version| format!("Bootstrap Italia {version}"),
    );
    let texts = licences.iter().map(|(name, text)| format!("\n\n== {name}\n\n{}", text.trim()));
    Ok(format!("filo {version}\npages: {pages}{}", texts.collect::<String>()))
}

/// Writes a line to stdout; a reader that went away (`| head`) ends the command quietly.
pub(crate) fn print_line(text: &str) -> Result<(), Failure> {
    print_bytes(format!("{text}\n").as_bytes())
}

/// Writes one JSON object as a line to stdout.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print_line(&serde_json::to_string(value)?)
}

pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Tells something on stderr.
pub(crate) fn complain(text: &str) {
    // With stderr gone there is nobody left to tell.
    let _nobody = writeln!(std::io::stderr(), "filo: {text}");
}
