//! The history of a person while the telephone rings, against a bare indexed query in the same run.

use std::time::{Duration, Instant as Moment};

use anyhow::Context;
use filo_app::Caller;
use filo_domain::{
    Instant, InteractionId, PersonId,
    id::Id,
    vocabulary::{Channel, Direction, InteractionKind},
};
use filo_store::{
    Conn, StoreError,
    interactions::{self, Interaction, InteractionRow},
    persons,
};
use filo_testkit::{Database, at, both};
use uuid::Uuid;

use crate::{city::City, say};

/// `filo-bench timeline`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Contacts of the person.
    #[arg(long, default_value_t = 2_000)]
    contacts: u64,
    /// Contacts of everybody else.
    #[arg(long, default_value_t = 198_000)]
    others: u64,
    /// Persons merged into the person, among whom their contacts are spread.
    #[arg(long, default_value_t = 3)]
    merged: u64,
    /// Readings of each measurement.
    #[arg(long, default_value_t = 200)]
    readings: u32,
}

/// Contacts of a chunk.
const CHUNK: u64 = 1_000;
/// Everybody else is so many persons.
const CROWD: u64 = 40_000;

pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    say(&format!(
        "repeat: cargo run --release -p filo-bench -- timeline --contacts {} --others {} --merged {} --readings {}",
        args.contacts, args.others, args.merged, args.readings
    ))?;
    let outcome = std::sync::Mutex::new(Ok(()));
    both(async |database| {
        let measured = measure(args, &database).await;
        if let (Err(error), Ok(mut outcome)) = (measured, outcome.lock()) {
            *outcome = Err(error);
        }
    })
    .await;
    outcome.into_inner().context("a measurement stopped")?
}

async fn measure(args: &Args, database: &Database) -> anyhow::Result<()> {
    let city = City::start(&database.url).await?;
    let now = at("2026-11-22 12:00");
    let person: PersonId = Id::from_uuid(Uuid::from_u128(1));
    fill(&city, args, person, now).await?;
    let caller = Caller::console();
    let (mut first, mut deep, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let cursor = page_cursor(&city, &caller, person, 10).await?;
    for reading in 0..args.readings {
        let started = Moment::now();
        let timeline = city.app.timeline(&caller, person, None, None).await?;
        first.push(started.elapsed());
        anyhow::ensure!(timeline.page.items.len() == 50, "{} on the first page", timeline.page.items.len());
        let started = Moment::now();
        city.app.timeline(&caller, person, None, Some(cursor.clone())).await?;
        deep.push(started.elapsed());
        let one: InteractionId = Id::from_uuid(Uuid::from_u128(u128::from(1_000_000 + u64::from(reading))));
        let started = Moment::now();
        let found = city.app.db().read(move |conn| interactions::find(conn, one)).await?;
        bare.push(started.elapsed());
        anyhow::ensure!(found.is_some(), "the contact of the bare query is missing");
    }
    let (first, deep, bare) = (median(first), median(deep), median(bare));
    say(&format!(
        "{:?}: {} contacts of {} persons who are one among {}: the first page of their timeline takes {:.1} times as \
         long as reading one contact by its id, the eleventh {:.1} times ({:.2} ms here)",
        database.backend,
        args.contacts,
        args.merged + 1,
        args.contacts + args.others,
        first.as_secs_f64() / bare.as_secs_f64(),
        deep.as_secs_f64() / bare.as_secs_f64(),
        first.as_secs_f64() * 1_000.0,
    ))?;
    Ok(())
}

async fn page_cursor(city: &City, caller: &Caller, person: PersonId, pages: usize) -> anyhow::Result<String> {
    let mut cursor = None;
    for _ in 0..pages {
        cursor = city.app.timeline(caller, person, None, cursor).await?.page.next_cursor;
    }
    cursor.context("too few contacts for so many pages")
}

async fn fill(city: &City, args: &Args, person: PersonId, now: Instant) -> anyhow::Result<()> {
    let (merged, crowd) = (args.merged, CROWD.min(args.others.max(1)));
    let made = city.app.db().write(move |conn| {
        for number in 1..=merged + 1 {
            persons::insert(conn, id(number), Some("Anna Rossi"), now)?;
        }
        for number in 0..crowd {
            persons::insert(conn, id(1_000 + number), None, now)?;
        }
        Ok::<_, StoreError>(())
    });
    made.await?;
    for number in 2..=merged + 1 {
        city.app.merge_person(&Caller::console(), id(number), person, now).await?;
    }
    let all = args.contacts + args.others;
    let stride = (all / args.contacts.max(1)).max(1);
    for chunk in 0..all.div_ceil(CHUNK) {
        let numbers = chunk * CHUNK..((chunk + 1) * CHUNK).min(all);
        let whose = move |number: u64| match number % stride {
            0 => 1 + (number / stride) % (merged + 1),
            _ => 1_000 + number % crowd,
        };
        let rows = numbers.map(|number| contact(number, id(whose(number)), now).into());
        let rows: Vec<InteractionRow> = rows.collect();
        let insert = move |conn: &mut Conn| interactions::insert_all(conn, &rows);
        city.app.db().write(insert).await?;
    }
    Ok(())
}

fn id<T>(number: u64) -> Id<T> {
    Id::from_uuid(Uuid::from_u128(u128::from(number)))
}

fn contact(number: u64, person: PersonId, now: Instant) -> Interaction {
    let occurred_at = now.plus_seconds(-i64::try_from(number).unwrap_or(0) * 60);
    Interaction {
        id: id(1_000_000 + number),
        source: "desk".to_owned(),
        channel: Channel::Counter,
        kind: InteractionKind::Visit,
        direction: Direction::Inbound,
        external_id: number.to_string(),
        occurred_at,
        recorded_at: now,
        local_day: "2026-11-22".to_owned(),
        person_id: Some(person),
        ticket_id: None,
        linked_at: None,
        thread: None,
        not_actionable: None,
        name: None,
        subject: Some("Carta d'identità".to_owned()),
        body: "Quando la ricevo? È scaduta da un mese e mi serve per partire.".to_owned(),
        raw_id: None,
        detail: serde_json::Value::Null,
        flags: vec![],
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
