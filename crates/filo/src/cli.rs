//! The command line: what can be asked, and how each command ends.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};
use filo_domain::vocabulary::Word;

use crate::{commands, exit::Failure};

/// The contact-centre CRM of a city.
#[derive(Debug, Parser)]
#[command(name = "filo", version, about, disable_version_flag = true)]
pub struct Cli {
    /// The settings' file; by default ./config/filo.toml, then /etc/filo/filo.toml.
    #[arg(long, global = true)]
    pub config: Option<PathBuf>,
    /// Print one JSON object on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// HTTP server, background workers and schedules in one process.
    Serve(Serve),
    /// Background workers alone, any number of them (PostgreSQL).
    Worker,
    /// A throw-away database with sample inputs and a generated month of city life.
    Demo(Demo),
    /// Brings the database's schema up to date.
    Migrate,
    /// Takes in files.
    #[command(subcommand)]
    Import(Import),
    /// Shows how an input is understood, without the store.
    Inspect(Inspect),
    /// Streams facts, complete.
    Export(Export),
    /// What could not be understood.
    #[command(subcommand)]
    Quarantine(Quarantine),
    /// The monthly report.
    #[command(args_conflicts_with_subcommands = true)]
    Report(Report),
    /// The yearly table of indicators.
    Scorecard(Scorecard),
    /// A figure with its definition and the contacts behind it.
    Explain(Explain),
    /// A past period under other definitions, another calendar or other targets, beside what was published.
    WhatIf(WhatIf),
    /// Computes everything anew from the events and compares.
    Verify,
    /// Days counted once, from which tables and the dashboard are read.
    #[command(subcommand)]
    Rollups(Rollups),
    /// Users.
    #[command(subcommand)]
    User(User),
    /// Integration keys.
    #[command(subcommand)]
    Key(Key),
    /// Prints the OpenAPI document.
    Openapi,
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints the version, and whether the pages carry Bootstrap Italia.
    Version(VersionArgs),
}

/// What `version` tells more.
#[derive(Args, Debug)]
pub struct VersionArgs {
    /// Also the licences of what others made and the program carries for its pages.
    #[arg(long)]
    pub licences: bool,
}

/// `filo serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long)]
    pub bind: Option<String>,
}

/// `filo demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where to keep the demo's data; by default a folder that is deleted at the end.
    #[arg(long)]
    pub keep: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long)]
    pub bind: Option<String>,
    /// The month to live through, `YYYY-MM`; by default the last one that ended.
    #[arg(long)]
    pub month: Option<String>,
    /// Stop after the report is written, without serving.
    #[arg(long)]
    pub once: bool,
    /// Another life: each seed gives one, the same each time.
    #[arg(long)]
    pub seed: Option<u64>,
    /// How much happens, of the usual: 0.1 for a tenth.
    #[arg(long, default_value_t = 1.0, value_parser = scale)]
    pub scale: f64,
}

/// A share of the usual that the demo can live.
fn scale(text: &str) -> Result<f64, String> {
    let scale: f64 = text.parse().map_err(|_no_number| format!("{text:?} is no number"))?;
    if (0.01..=20.0).contains(&scale) { Ok(scale) } else { Err("expected 0.01 to 20".to_owned()) }
}

/// `filo import`.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Phone logs.
    Calls(ImportCalls),
    /// Mail: .eml files, mboxes, Maildirs, folders, or one message on stdin (`-`).
    Mail {
        /// The mailbox's source.
        #[arg(long)]
        mailbox: String,
        /// Paths; `-` is stdin.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Monthly series counted elsewhere: JSON `{"items":[…]}`, or CSV with the columns key, month, value, source, note.
    Series {
        /// Files; `-` is stdin.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// What suppliers cost: JSON `{"items":[…]}`, or CSV with the columns supplier, month, amount_eur, source, note.
    Costs {
        /// Files; `-` is stdin.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Archived webhook bodies, one JSON a line or a file.
    Social {
        /// The configured source.
        #[arg(long)]
        source: String,
        /// Files; `-` is stdin.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// `filo import calls`.
#[derive(Debug, Args)]
pub struct ImportCalls {
    /// The configured source.
    #[arg(long)]
    pub source: String,
    /// asterisk-queue-log, asterisk-cdr or csv.
    #[arg(long, value_parser = word::<filo_channel_phone::Format>)]
    pub format: filo_channel_phone::Format,
    /// For csv: what its columns mean.
    #[arg(long)]
    pub map: Option<PathBuf>,
    /// Goes on reading as the files grow, through rotation, until it is ended; starts where it was ended.
    #[arg(long)]
    pub follow: bool,
    /// Shows the first rows of each file as understood, and what does not fit, without taking anything in.
    #[arg(long, conflicts_with = "follow")]
    pub check: bool,
    /// With --check: how many rows are shown.
    #[arg(long, default_value_t = 10, requires = "check")]
    pub rows: usize,
    /// Files; `-` is stdin.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

/// What `filo inspect` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Input {
    /// Mail.
    Mail,
    /// Phone logs.
    Calls,
    /// Webhook bodies.
    Social,
}

/// `filo inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// What it is.
    pub input: Input,
    /// Where it is.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// For calls: asterisk-queue-log, asterisk-cdr or csv; guessed when not given.
    #[arg(long, value_parser = word::<filo_channel_phone::Format>)]
    pub format: Option<filo_channel_phone::Format>,
    /// For csv: what its columns mean.
    #[arg(long)]
    pub map: Option<PathBuf>,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// With a header row.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// `filo export`.
#[derive(Debug, Args)]
pub struct Export {
    /// interactions, tickets, events, calls, messages, persons or callbacks.
    #[arg(value_parser = word::<filo_app::ExportKind>)]
    pub what: filo_app::ExportKind,
    /// The first local day.
    #[arg(long)]
    pub from: String,
    /// The first local day after.
    #[arg(long)]
    pub to: String,
    /// How it is written.
    #[arg(long, value_enum, default_value = "csv")]
    pub format: ExportFormat,
    /// Where to; by default stdout.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// `filo quarantine`.
#[derive(Debug, Subcommand)]
pub enum Quarantine {
    /// What waits for somebody.
    List,
    /// One unit with its bytes.
    Show {
        /// The unit.
        id: String,
    },
    /// Tries units again; all of them when none is named.
    Retry {
        /// The units.
        ids: Vec<String>,
    },
    /// Puts a unit aside for good.
    Discard {
        /// The unit.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// In which forms a report is written, and where.
#[derive(Debug, Args)]
pub struct Forms {
    /// json, csv, xlsx, pdf, html; several separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "json")]
    pub format: Vec<String>,
    /// The folder to write to; by default stdout.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// The language of the forms that people read, `it` or `en`; by default the city's first.
    #[arg(long)]
    pub language: Option<String>,
    /// How CSV writes numbers: `it` for `;` and a decimal comma, `en` for `,` and a decimal point.
    #[arg(long)]
    pub locale: Option<String>,
}

/// `filo report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Closing and restating.
    #[command(subcommand)]
    pub command: Option<ReportCommand>,
    /// The month, `YYYY-MM`.
    pub month: Option<String>,
    /// How it is written.
    #[command(flatten)]
    pub forms: Forms,
    /// A past revision of a closed month.
    #[arg(long)]
    pub revision: Option<i32>,
}

/// Closing and restating.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Freezes a month that has ended as revision 1.
    Close {
        /// The month, `YYYY-MM`.
        month: String,
    },
    /// Publishes the next revision of a closed month.
    Restate {
        /// The month, `YYYY-MM`.
        month: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// The campaigns, one a line, newest first.
    Campaigns,
    /// Records a campaign to report on: a tag, a theme or a unit between two days.
    PlanCampaign(PlanCampaign),
    /// The report of a campaign.
    Campaign {
        /// Its id.
        id: String,
        /// How it is written.
        #[command(flatten)]
        forms: Forms,
    },
    /// The reports that are made and mailed by themselves, and what became of them; 1 when something was given up.
    Schedules,
    /// Tries again what was given up of a scheduled report.
    Retry {
        /// The schedule's key.
        key: String,
        /// The month, `YYYY-MM`.
        month: String,
    },
}

/// `filo report plan-campaign`.
#[derive(Clone, Debug, Args)]
pub struct PlanCampaign {
    /// Its name; without one, what it is about.
    #[arg(long)]
    pub label: Option<String>,
    /// Tickets with this tag.
    #[arg(long)]
    pub tag: Option<String>,
    /// Tickets of this theme.
    #[arg(long)]
    pub theme: Option<String>,
    /// Tickets of this unit.
    #[arg(long)]
    pub unit: Option<String>,
    /// Its first local day, `YYYY-MM-DD`.
    #[arg(long)]
    pub from: String,
    /// The first local day after it.
    #[arg(long)]
    pub to: String,
    /// day (the default) or week.
    #[arg(long)]
    pub step: Option<String>,
}

/// `filo what-if`.
#[derive(Debug, Args)]
pub struct WhatIf {
    /// The period, `YYYY-MM` or `YYYY`.
    pub period: String,
    /// TOML or JSON with `[definitions]` (as a file of indicators/), `[calendar]` (as calendar.toml) and `[[targets]]`
    /// (as the rows of scorecard-YYYY.toml); `-` is stdin.
    pub file: PathBuf,
}

/// `filo scorecard`.
#[derive(Debug, Args)]
pub struct Scorecard {
    /// The year.
    pub year: String,
    /// How it is written.
    #[command(flatten)]
    pub forms: Forms,
    /// Enters the rows of a TOML or JSON file by hand, each a `[[row]]` with key, achieved and source, and for a row of
    /// its own area, label, rule and target; `-` is stdin.
    #[arg(long)]
    pub enter: Option<PathBuf>,
    /// The document that the rows are from, kept with them.
    #[arg(long, requires = "enter")]
    pub document: Option<PathBuf>,
}

/// `filo explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// An indicator's key, or a JSON Pointer into the report.
    #[arg(required_unless_present = "ticket", requires = "period")]
    pub indicator: Option<String>,
    /// `YYYY-MM` or `YYYY`.
    #[arg(long)]
    pub period: Option<String>,
    /// The number of a ticket: how each of its clocks was reckoned (json).
    #[arg(long, conflicts_with_all = ["indicator", "period"])]
    pub ticket: Option<String>,
    /// json or csv.
    #[arg(long, default_value = "json")]
    pub format: String,
}

/// `filo rollups`.
#[derive(Debug, Subcommand)]
pub enum Rollups {
    /// Counts days anew from the contacts; all of them when none is named.
    Rebuild {
        /// The first local day, `YYYY-MM-DD`.
        #[arg(long)]
        from: Option<jiff::civil::Date>,
        /// The first local day after.
        #[arg(long)]
        to: Option<jiff::civil::Date>,
    },
}

/// `filo user`.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Makes a user.
    Add {
        /// The log-in name.
        name: String,
        /// operator, specialist, supervisor, analyst or admin.
        #[arg(long, value_parser = word::<filo_app::Role>)]
        role: filo_app::Role,
        /// The unit of a specialist or supervisor.
        #[arg(long)]
        unit: Option<String>,
        /// Read the password from stdin.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// All users.
    List,
    /// Disables a user.
    Disable {
        /// The log-in name.
        name: String,
    },
    /// Lets a disabled user log in again.
    Enable {
        /// The log-in name.
        name: String,
    },
    /// Sets a user's password.
    Passwd {
        /// The log-in name.
        name: String,
        /// Read the password from stdin.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Forgets a user's failed attempts to log in.
    Unlock {
        /// The log-in name.
        name: String,
    },
    /// Takes away a user's second factor.
    ResetTotp {
        /// The log-in name.
        name: String,
    },
}

/// `filo key`.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Issues a key; it is shown this once.
    Issue {
        /// Its name.
        #[arg(long)]
        name: String,
        /// What it is for.
        #[arg(long, required = true, num_args = 1.., value_parser = word::<filo_app::Scope>)]
        scope: Vec<filo_app::Scope>,
        /// When it ends by itself, such as 2027-01-01T00:00:00Z.
        #[arg(long, value_parser = instant)]
        expires_at: Option<filo_domain::Instant>,
    },
    /// All keys.
    List,
    /// Gives a key a new secret, shown this once; the old one is refused from now on.
    Rotate {
        /// Its name.
        name: String,
    },
    /// Revokes a key.
    Revoke {
        /// Its name.
        name: String,
    },
}

/// `filo config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Reads and checks settings and content, and prints the effective settings without secrets.
    Check,
}

fn word<W: Word>(text: &str) -> Result<W, String> {
    W::parse_word(text).map_err(|error| error.to_string())
}

fn instant(text: &str) -> Result<filo_domain::Instant, String> {
    filo_domain::Instant::parse(text).map_err(|error| error.to_string())
}

/// Runs the program with these arguments.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with 0, everything else to stderr with 2: clap's own codes.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            return match error.print() {
                Ok(()) => ExitCode::from(code),
                Err(_closed) => ExitCode::from(1),
            };
        }
    };
    telemetry(&cli.command);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Failure::CannotRun(format!("the runtime cannot start: {error}"))),
    };
    match runtime.block_on(commands::dispatch(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    commands::complain(&failure.to_string());
    failure.code()
}

/// Servers log as JSON; at the terminal only warnings are told.
fn telemetry(command: &Command) {
    use tracing_subscriber::EnvFilter;
    let serving = matches!(command, Command::Serve(_) | Command::Worker);
    let default = if serving { "info" } else { "warn" };
    let filter = EnvFilter::try_from_env("FILO_LOG").unwrap_or_else(|_unset| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set = if serving { builder.json().try_init() } else { builder.try_init() };
    // A test that runs several commands in one process has set it before.
    drop(set);
}
