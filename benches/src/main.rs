//! Measures Filo, makes inputs of any size, and throws damaged ones at the decoders. Never shipped.
//!
//! **Invariant:** everything generated follows from its seed; measurements are told as ratios within one run, for
//! seconds of one machine say nothing about another. The clock is read here: this program's work is to measure.
//!
//! Start at [`Command`].

mod city;
mod fuzz;
mod load;
mod mails;
mod report;
mod tickets;
mod timeline;
mod writes;

use std::io::Write;

use clap::{Parser, Subcommand};
use filo_bench::calls;

/// Generators and measurements for Filo.
#[derive(Debug, Parser)]
#[command(name = "filo-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
enum Command {
    /// Writes an Asterisk queue_log of a city's calls.
    GenerateQueueLog(calls::Args),
    /// Writes mails of citizens, one file each.
    GenerateMails(mails::Args),
    /// Small transactions: many clients at once against one after the other.
    StoreWrites(writes::Args),
    /// An import of calls and the monthly report, against folding the same calls in memory.
    Report(report::Args),
    /// A person's timeline among many contacts, against a bare indexed query.
    Timeline(timeline::Args),
    /// Loading calls, against the databases' own bulk paths on the same rows.
    Load(load::Args),
    /// Every list of the interface on as many tickets as a city has in years, none of which may read a table whole.
    Tickets(tickets::Args),
    /// Damaged inputs through every decoder, for a bounded time.
    Fuzz(fuzz::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::GenerateQueueLog(args) => calls::run(&args),
        Command::GenerateMails(args) => mails::run(&args),
        Command::StoreWrites(args) => runtime()?.block_on(writes::run(&args)),
        Command::Report(args) => runtime()?.block_on(report::run(&args)),
        Command::Timeline(args) => runtime()?.block_on(timeline::run(&args)),
        Command::Load(args) => runtime()?.block_on(load::run(&args)),
        Command::Tickets(args) => runtime()?.block_on(tickets::run(&args)),
        Command::Fuzz(args) => runtime()?.block_on(fuzz::run(&args)),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Prints a line.
fn say(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}
