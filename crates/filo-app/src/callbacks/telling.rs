//! What becomes of a call-back is told: in the log of its ticket, and to whoever follows along.
//!
//! **Invariant:** the steps of a call-back are what counts; an event of the ticket repeats them for its readers, in the
//! same transaction. That a promise was missed needs nothing to run; that it is told does, and it is told once, as of the
//! window's end.

use filo_domain::{
    CallbackId, Instant,
    callback::{Callback, CallbackState, Settled, Step},
    event::{Actor, EventBody},
    vocabulary::Word,
};
use filo_store::{
    Conn,
    callbacks::{self as stored, Stored},
    feed::{self, News},
};
use serde_json::json;

use super::{broken, fold};
use crate::{App, AppError, Core, work::Work};

/// The kind of the news.
const CHANGED: &str = "callback.changed";
/// Missed call-backs told in one round.
const BATCH: i64 = 500;

/// What happened to a call-back.
pub(super) struct Happened {
    pub(super) at: Instant,
    pub(super) body: EventBody,
}

/// What a step is to the readers of the ticket; `promise` has taken it in. Another unit is not theirs to know.
pub(super) fn of_step(callback: CallbackId, promise: &Callback, at: Instant, step: &Step) -> Vec<Happened> {
    let bodies = match step {
        Step::Booked { window, .. } => vec![EventBody::CallbackBooked { callback, window: *window }],
        Step::Moved { window } => vec![EventBody::CallbackMoved { callback, window: *window }],
        Step::HandedOver { .. } => vec![],
        Step::Attempted { reached, reason } => {
            let tried = EventBody::CallbackAttempted { callback, reached: *reached, reason: reason.clone() };
            let kept = promise.settled() == Settled::Kept;
            std::iter::once(tried).chain(kept.then_some(EventBody::CallbackKept { callback })).collect()
        }
        Step::Cancelled => vec![EventBody::CallbackCancelled { callback }],
    };
    bodies.into_iter().map(|body| Happened { at, body }).collect()
}

/// That a locked call-back was missed, if it was and nobody was told.
pub(super) fn missed(
    conn: &mut Conn,
    callback: CallbackId,
    promise: &Callback,
    now: Instant,
) -> Result<Option<Happened>, AppError> {
    if promise.state(now) != CallbackState::Missed || stored::is_missed_told(conn, callback)? {
        return Ok(None);
    }
    stored::tell_missed(conn, callback)?;
    Ok(Some(Happened { at: promise.window.to, body: EventBody::CallbackMissed { callback } }))
}

/// Tells it, with the state in which the call-back is now: in the log of the ticket that speaks for the call-back's, and in
/// the feed.
pub(super) fn tell(
    conn: &mut Conn,
    core: &Core,
    (row, state): (&Stored, CallbackState),
    happened: Vec<Happened>,
    actor: &Actor,
    now: Instant,
) -> Result<(), AppError> {
    for Happened { body, .. } in &happened {
        feed::tell(conn, news(row, state, body, now)?)?;
    }
    let Some(ticket) = row.ticket.filter(|_| !happened.is_empty()) else { return Ok(()) };
    let mut work = Work::load_end(conn, ticket, now)?;
    for Happened { at, body } in happened {
        work.push(conn, at, actor.clone(), body)?;
    }
    work.save(conn, &core.city)?;
    Ok(())
}

fn news(row: &Stored, state: CallbackState, body: &EventBody, now: Instant) -> Result<News, AppError> {
    let (change, _) = body.stored()?;
    let data = json!({
        "callback_id": row.id, "change": change, "state": state.word(), "due_at": row.window.to,
    });
    Ok(News {
        seq: 0,
        at: now,
        kind: CHANGED.to_owned(),
        ticket: row.ticket,
        unit: row.unit.clone(),
        unit_before: None,
        user: None,
        data,
    })
}

impl App {
    /// Tells which promises were missed; how many.
    pub(crate) async fn tell_missed_callbacks(&self, now: Instant) -> Result<usize, AppError> {
        let due = self.db.read(move |conn| stored::missed_untold(conn, now, BATCH)).await;
        let mut told = 0;
        for id in due.map_err(AppError::Store)? {
            let core = self.core.clone();
            told += usize::from(self.db.write(move |conn| tell_missed(conn, &core, id, now)).await?);
        }
        Ok(told)
    }
}

fn tell_missed(conn: &mut Conn, core: &Core, id: CallbackId, now: Instant) -> Result<bool, AppError> {
    if !stored::lock(conn, id)? {
        return Ok(false);
    }
    let Some(row) = stored::find(conn, id)? else { return Ok(false) };
    let promise = fold(&stored::steps_of(conn, &[id])?).ok_or_else(|| broken(id))?;
    let Some(missed) = missed(conn, id, &promise, now)? else { return Ok(false) };
    tell(conn, core, (&row, promise.state(now)), vec![missed], &Actor::System, now)?;
    Ok(true)
}
