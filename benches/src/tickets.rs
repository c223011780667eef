//! Every list of the interface on the tickets of years: how long each takes, and that none reads a table whole.

use std::{sync::Mutex, time::Instant as Moment};

use anyhow::{Context, bail};
use filo_testkit::{Database, at, both, bulk, lists};

use crate::{city::City, say};

/// `filo-bench tickets`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many tickets.
    #[arg(long, default_value_t = 1_000_000)]
    count: u64,
}

pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    let outcome = Mutex::new(Ok(()));
    both(async |database| {
        let asked = ask(args, &database).await;
        if let (Err(error), Ok(mut outcome)) = (asked, outcome.lock()) {
            *outcome = Err(error);
        }
    })
    .await;
    outcome.into_inner().context("a database was not asked")?
}

async fn ask(args: &Args, database: &Database) -> anyhow::Result<()> {
    let city = City::start(&database.url).await?;
    let started = Moment::now();
    bulk::fill(database, args.count);
    let filled_s = started.elapsed().as_secs();
    let started = Moment::now();
    let asked = lists::ask_all(&city.app, at("2026-10-31 13:00")).await?;
    let mean_ms = started.elapsed().as_millis() / u128::try_from(asked.len().max(1))?;
    say(&format!(
        "{:?}: {} tickets filled in {filled_s} s; {} questions, {mean_ms} ms each with their plans",
        database.backend,
        args.count,
        asked.len()
    ))?;
    let whole: Vec<_> = asked.into_iter().filter(|(_, scans)| !scans.is_empty()).collect();
    if !whole.is_empty() {
        bail!("{:?}: {} questions read a table whole: {whole:#?}", database.backend, whole.len());
    }
    Ok(())
}
