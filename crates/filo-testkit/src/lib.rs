//! What tests are made of: databases of their own on both engines, and inputs as the channels send them.
//!
//! **Invariant:** a development dependency alone, never shipped; what a test makes is deleted when it ends. Start at
//! [`both`]; the builders of inputs are [`phone`], [`mail`], [`pec`] and [`social`].
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up must stop at once, saying why"
)]

mod database;
mod raw_sql;

pub mod bulk;
pub mod lists;
pub mod mail;
pub mod pec;
pub mod phone;
pub mod smtp;
pub mod social;

pub use database::{Backend, Database, both, postgres_url, sqlite};
pub use raw_sql::Session;

use filo_domain::{CityZone, Instant};

/// The instant of a local time in Milan, such as `2026-10-01 09:00` or `2026-10-01 09:00:30`.
///
/// # Panics
/// When the text is no such time.
pub fn at(local: &str) -> Instant {
    let zone = CityZone::parse("Europe/Rome").expect("the zone of Milan");
    let local = local.replace(' ', "T");
    let local = if local.len() == 16 { format!("{local}:00") } else { local };
    zone.instant(local.parse().unwrap_or_else(|error| panic!("{local}: {error}")))
}
