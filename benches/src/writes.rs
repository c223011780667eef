//! What group commit gives: small transactions of many clients at once, against one client after the other.

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant as Moment},
};

use anyhow::Context;
use filo_domain::{
    Instant, InteractionId, TicketId,
    chain::Seal,
    event::{Actor, Event, EventBody, Opening},
    ticket::Ticket,
    vocabulary::{Channel, Direction, InteractionKind, Kind, Level, Priority},
};
use filo_store::{
    Conn, Db, DbSettings, StoreError,
    intake::{self, Claimed},
    interactions::{self, Interaction},
    tickets::{self, Beside, TicketRecord},
};
use filo_testkit::{Database, at, both};
use uuid::Uuid;

use crate::say;

/// `filo-bench store-writes`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Clients that write at the same time.
    #[arg(long, default_value_t = 16)]
    clients: u64,
    /// Transactions of each measurement.
    #[arg(long, default_value_t = 4_800)]
    writes: u64,
}

pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    say(&format!(
        "repeat: cargo run --release -p filo-bench -- store-writes --clients {} --writes {}",
        args.clients, args.writes
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
    let settings = DbSettings {
        pool_size: NonZeroU32::MIN.saturating_add(7),
        wait: Duration::from_secs(30),
        ..DbSettings::at(&database.url)
    };
    let db = Arc::new(Db::open(&settings)?);
    // The first transactions prepare statements and grow files.
    clients(&db, 1, 200).await?;
    let alone = clients(&db, 1, args.writes / 4).await?;
    let together = clients(&db, args.clients, args.writes).await?;
    say(&format!(
        "{:?}: {} clients write {:.1} times as much as one ({together:.0} against {alone:.0} transactions a second here)",
        database.backend,
        args.clients,
        together / alone
    ))?;
    Ok(())
}

/// Transactions a second of so many clients, each waiting for its own commit.
async fn clients(db: &Arc<Db>, clients: u64, writes: u64) -> anyhow::Result<f64> {
    let started = Moment::now();
    let each = writes / clients;
    let work: Vec<_> = (0..clients).map(|_| tokio::spawn(client(Arc::clone(db), each))).collect();
    for client in work {
        client.await??;
    }
    Ok((each * clients) as f64 / started.elapsed().as_secs_f64())
}

async fn client(db: Arc<Db>, writes: u64) -> Result<(), StoreError> {
    let now = at("2026-10-01 09:00");
    for _ in 0..writes {
        db.write(move |conn| contact(conn, now)).await?;
    }
    Ok(())
}

/// What a citizen's contact costs at the least: its key, the interaction, the ticket and its first event.
fn contact(conn: &mut Conn, now: Instant) -> Result<(), StoreError> {
    let (id, ticket) = (InteractionId::from_uuid(Uuid::now_v7()), TicketId::from_uuid(Uuid::now_v7()));
    let key = Claimed { interaction: Some(id), quarantine: None };
    intake::claim(conn, "bench", &id.uuid().to_string(), key, now)?;
    interactions::insert(conn, &interaction(id, now))?;
    let body = EventBody::Opened(Box::new(opening(ticket, id)));
    let event = Event::append(ticket, None, now, now, Actor::Citizen, body)?;
    let folded = Ticket::fold([&event]).map_err(|error| StoreError::Refused(error.to_string()))?;
    tickets::insert(conn, TicketRecord::of(&folded, Beside::default()))?;
    tickets::append(conn, &event)
}

fn opening(ticket: TicketId, interaction: InteractionId) -> Opening {
    Opening {
        number: ticket.uuid().to_string(),
        channel: Channel::Scrivi,
        source: "scrivi".to_owned(),
        interaction: Some(interaction),
        person: None,
        theme: None,
        kind: Kind::Information,
        priority: Priority::Normal,
        level: Level::I,
        unit: None,
        tags: vec![],
        policy: None,
        subject: Seal::of(&[0; 32], "bench"),
        follows: None,
        flags: vec![],
    }
}

fn interaction(id: InteractionId, now: Instant) -> Interaction {
    Interaction {
        id,
        source: "scrivi".to_owned(),
        channel: Channel::Scrivi,
        kind: InteractionKind::Submission,
        direction: Direction::Inbound,
        external_id: id.uuid().to_string(),
        occurred_at: now,
        recorded_at: now,
        local_day: "2026-10-01".to_owned(),
        person_id: None,
        ticket_id: None,
        linked_at: None,
        thread: None,
        not_actionable: None,
        name: None,
        subject: None,
        body: "Il lampione davanti a casa è spento.".to_owned(),
        raw_id: None,
        detail: serde_json::Value::Null,
        flags: vec![],
    }
}
