//! Loading a year of calls, beside the databases' own bulk paths on the same rows in the same run.
//!
//! The reference is idempotent, too: on PostgreSQL COPY to a temporary table and INSERT … ON CONFLICT DO NOTHING, on
//! SQLite prepared INSERT OR IGNORE in large transactions. Its rows are those that the import wrote, read from the
//! files that the clock does not count.

use std::{
    fs::File,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant as Moment},
};

use anyhow::{Context, bail};
use filo_bench::{
    calls::{self, Plan},
    matching::{matched, pieces},
};
use filo_channel_phone::{Format, Settings, decoder};
use filo_domain::{CityZone, vocabulary::Word};
use filo_testkit::{Backend, Database, at, both};
use rusqlite::{Connection, params_from_iter, types::Value};

use crate::{city::City, say};

/// `filo-bench load`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    plan: Plan,
}

const SOURCE: &str = "pbx-020202";
/// What an import of calls writes, in the order that foreign keys ask for.
const TABLES: [&str; 5] = ["persons", "identities", "interactions", "calls", "legs"];
/// Rows in one transaction of the reference on SQLite.
const ROWS: usize = 100_000;

pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    let plan = &args.plan;
    say(&format!(
        "repeat: cargo run --release -p filo-bench -- load --calls {} --seed {} --from {} --days {}",
        plan.calls, plan.seed, plan.from, plan.days
    ))?;
    let mut log = Vec::new();
    calls::write_log(plan, &mut log)?;
    let log: Arc<[u8]> = log.into();
    matching(&log)?;
    let outcome = Mutex::new(Ok(()));
    both(async |database| {
        let measured = measure(plan, Arc::clone(&log), &database).await;
        if let (Err(error), Ok(mut outcome)) = (measured, outcome.lock()) {
            *outcome = Err(error);
        }
    })
    .await;
    outcome.into_inner().context("a measurement stopped")?
}

/// Parsing and matching alone, on this thread.
fn matching(log: &[u8]) -> anyhow::Result<()> {
    let decoder = decoder(Format::QueueLog, Settings::new(CityZone::parse("Europe/Rome")?))?;
    let lines = log.iter().filter(|byte| **byte == b'\n').count();
    for run in ["first (the world's numbering plans are loaded)", "second"] {
        let started = Moment::now();
        let legs = matched(&*decoder, log);
        let rate = lines as f64 / started.elapsed().as_secs_f64();
        say(&format!(
            "parsing and matching, {run}: {lines} lines, {legs} legs, {rate:.0} lines a second on one core"
        ))?;
    }
    Ok(())
}

async fn measure(plan: &Plan, log: Arc<[u8]>, database: &Database) -> anyhow::Result<()> {
    let city = City::start(&database.url).await?;
    let zone = CityZone::parse("Europe/Rome")?;
    let format = (Format::QueueLog.word().to_owned(), decoder(Format::QueueLog, Settings::new(zone))?.into());
    let started = Moment::now();
    let tally = city.app.import_calls(SOURCE, format, pieces(log), at("2026-11-22 12:00")).await?;
    let import = started.elapsed();
    let own = reference(database)?;
    Ok(say(&format!(
        "{:?}: {} calls, {} legs: import {:.1} s; the database's own idempotent bulk path {:.1} s, so the import has \
         {:.2} of its speed{}",
        database.backend,
        plan.calls,
        tally.accepted,
        import.as_secs_f64(),
        own.idempotent.as_secs_f64(),
        own.idempotent.as_secs_f64() / import.as_secs_f64(),
        own.plain.map_or(String::new(), |plain| format!(" (plain COPY {:.1} s)", plain.as_secs_f64())),
    ))?)
}

/// How long the database itself takes for the rows.
struct Own {
    idempotent: Duration,
    plain: Option<Duration>,
}

fn reference(database: &Database) -> anyhow::Result<Own> {
    match database.backend {
        Backend::Sqlite => Ok(Own { idempotent: sqlite(database)?, plain: None }),
        Backend::Postgres => {
            let folder = tempfile::tempdir()?;
            open_to_all(folder.path())?;
            let file = |table: &str| folder.path().join(table).display().to_string();
            let mut from = database.session();
            for table in TABLES {
                from.execute(&format!("COPY {table} TO '{}' (FORMAT binary)", file(table)));
            }
            let idempotent = timed_copy(&database.another(), |table| {
                format!(
                    "CREATE TEMPORARY TABLE new_{table} (LIKE {table}); COPY new_{table} FROM '{}' (FORMAT binary); \
                     INSERT INTO {table} SELECT * FROM new_{table} ON CONFLICT DO NOTHING",
                    file(table)
                )
            });
            let plain = timed_copy(&database.another(), |table| {
                format!("COPY {table} FROM '{}' (FORMAT binary)", file(table))
            });
            Ok(Own { idempotent, plain: Some(plain) })
        }
    }
}

/// The server writes and reads the files under a user of its own.
fn open_to_all(folder: &Path) -> anyhow::Result<()> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};
    Ok(std::fs::set_permissions(folder, Permissions::from_mode(0o777))?)
}

fn timed_copy(into: &Database, statement: impl Fn(&str) -> String) -> Duration {
    let mut session = into.session();
    let started = Moment::now();
    for table in TABLES {
        session.execute(&format!("BEGIN; {}; COMMIT", statement(table)));
    }
    started.elapsed()
}

fn sqlite(database: &Database) -> anyhow::Result<Duration> {
    let other = database.another();
    let path = |database: &Database| -> anyhow::Result<String> {
        Ok(database.url.strip_prefix("sqlite:").context("a file of SQLite")?.to_owned())
    };
    let from = Connection::open(path(database)?)?;
    let mut into = Connection::open(path(&other)?)?;
    into.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32000",
    )?;
    let mut took = Duration::ZERO;
    for table in TABLES {
        let mut select = from.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = select.column_count();
        let mut rows = select.query([])?;
        loop {
            let mut batch: Vec<Vec<Value>> = Vec::with_capacity(ROWS);
            while batch.len() < ROWS
                && let Some(row) = rows.next()?
            {
                batch.push((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?);
            }
            if batch.is_empty() {
                break;
            }
            took += insert(&mut into, table, columns, batch)?;
        }
    }
    if File::open(path(&other)?)?.metadata()?.len() == 0 {
        bail!("nothing was written");
    }
    Ok(took)
}

fn insert(
    into: &mut Connection,
    table: &str,
    columns: usize,
    batch: Vec<Vec<Value>>,
) -> anyhow::Result<Duration> {
    let places = vec!["?"; columns].join(", ");
    let started = Moment::now();
    let transaction = into.transaction()?;
    {
        let mut insert = transaction.prepare(&format!("INSERT OR IGNORE INTO {table} VALUES ({places})"))?;
        for row in batch {
            insert.execute(params_from_iter(row))?;
        }
    }
    transaction.commit()?;
    Ok(started.elapsed())
}
