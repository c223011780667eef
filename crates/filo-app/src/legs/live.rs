//! What live events said, kept beside the leg, and compared with the log whenever one of the two grows.

use std::collections::HashMap;

use filo_domain::{
    InteractionId,
    legs::{self, IVR_QUEUE, LIVE_MATCH_S, Leg, LegEvent, LegOrigin, LiveSaid},
};
use filo_store::{
    Conn,
    calls::{self, StoredLeg},
    live_legs::{self, LiveLeg},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::AppError;

/// What tells a live event that waits for its call from a line of a log.
pub(super) fn context() -> Value {
    json!({ "live": true })
}

/// Whether a unit that waits is a live event.
pub(super) fn is_live(context: &Value) -> bool {
    context.get("live").and_then(Value::as_bool).unwrap_or_default()
}

/// Keeps what a live event said of its leg; gives the call and whether that was new, `None` where no leg is its own.
pub(super) fn hear(
    conn: &mut Conn,
    source: &str,
    event: &LegEvent,
) -> Result<Option<(InteractionId, bool)>, AppError> {
    let stored = calls::legs_of(conn, source, &event.call_id)?;
    let Some(known) = home(&stored, event).filter(|known| known.leg.queue != IVR_QUEUE) else {
        return Ok(None);
    };
    let mut said = live_legs::find_all(conn, &[known.id])?.pop().map(|row| row.said).unwrap_or_default();
    let new = said.hear(event);
    if new {
        live_legs::put(conn, &row(source, known, said))?;
    }
    Ok(Some((known.interaction, new)))
}

/// The leg that an event is about. Where live events run ahead of the log, an answer may come before the entry that the
/// log has: it is of that leg, and tells it nothing that counts.
fn home<'a>(stored: &'a [StoredLeg], event: &LegEvent) -> Option<&'a StoredLeg> {
    if let Some(seen) = Leg::enter(event, LegOrigin::Live) {
        return stored.iter().find(|known| legs::is_same(&known.leg, &seen));
    }
    let ahead = |known: &&StoredLeg| {
        let same_queue = event.queue.is_empty() || event.queue == known.leg.queue;
        let seconds = known.leg.entered_at.seconds_since(event.at);
        known.leg.origin == LegOrigin::Log && same_queue && (1..=LIVE_MATCH_S).contains(&seconds)
    };
    match legs::home_of(event, stored.iter().map(|known| &known.leg), &[]) {
        Some(home) => stored.iter().find(|known| &known.leg == home),
        None => stored.iter().find(ahead),
    }
}

/// Compares legs that were renewed with what was said of them.
pub(super) fn compare(conn: &mut Conn, source: &str, renewed: &[StoredLeg]) -> Result<(), AppError> {
    let by_id: HashMap<Uuid, &StoredLeg> = renewed.iter().map(|known| (known.id, known)).collect();
    let ids: Vec<Uuid> = by_id.keys().copied().collect();
    for kept in live_legs::find_all(conn, &ids)? {
        let Some(known) = by_id.get(&kept.leg) else { continue };
        let now = row(source, known, kept.said.clone());
        if now != kept {
            live_legs::put(conn, &now)?;
        }
    }
    Ok(())
}

fn row(source: &str, known: &StoredLeg, said: LiveSaid) -> LiveLeg {
    LiveLeg {
        leg: known.id,
        interaction: known.interaction,
        source: source.to_owned(),
        entered_at: known.leg.entered_at,
        logged: known.leg.origin == LegOrigin::Log,
        differences: said.differences(&known.leg),
        said,
    }
}
