//! Legs into the store: a run's events are folded, met with what is stored, and the calls they touch are renewed.
//!
//! A leg is a unit of the run, however many lines told of it. An event whose leg is not known is kept in quarantine
//! as `leg_without_start` and tried again whenever legs of its source arrive.

mod import;
mod live;
mod register;

use std::collections::BTreeMap;

use filo_channel::Rejected;
use filo_domain::{
    Instant, InteractionId,
    legs::{self, CALL_SPAN_S, IVR_QUEUE, Leg, LegEvent, LegOrigin, LegStep},
    vocabulary::CallOutcome,
};
use filo_store::{
    Conn,
    calls::{self, StoredLeg},
    intake::take_turn,
    quarantine::{self, Quarantined},
};
use serde_json::json;

pub use self::import::{Lines, Piece};
use self::{
    import::{Portion, Ready},
    register::Seen,
};
use crate::{
    App, AppError, Core,
    intake::{Kept, PhoneUnits, Tally, USUAL, quarantine_unit},
};

/// Legs that are reckoned together: while they are written, the next ones are reckoned.
const CHUNK: usize = 4_000;
/// The reason under which an end without its start is kept.
pub(crate) const WITHOUT_START: &str = "leg_without_start";

/// What a run told about one source.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) events: Vec<LegEvent>,
    pub(crate) whole: Vec<Leg>,
}

impl App {
    pub(crate) async fn take_in_legs(&self, units: PhoneUnits, now: Instant) -> Result<Tally, AppError> {
        let mut tally = Tally::default();
        for (source, batch) in units.by_source {
            let mut folded = legs::fold(batch.events, LegOrigin::Log);
            folded.legs.extend(batch.whole);
            let portion = Portion { folded, rejected: vec![] };
            tally.add(&self.put_run(&source, USUAL, portion, now).await?);
        }
        Ok(tally)
    }

    /// Writes what a whole run gave.
    async fn put_run(
        &self,
        source: &str,
        format: &str,
        run: Portion,
        now: Instant,
    ) -> Result<Tally, AppError> {
        let restarts = run.folded.restarts.clone();
        let mut tally = Tally::default();
        for mut ready in Ready::of(&self.core, source, run, now) {
            let (core, source, format) = (self.core.clone(), source.to_owned(), format.to_owned());
            let put = self.db.write_much(move |conn| ready.put(conn, &core, (&source, &format), now));
            tally.add(&put.await?);
        }
        tally.add(&self.end_run(source, restarts, now).await?);
        Ok(tally)
    }

    /// What is only known at the end of a run: which open legs its restarts lost, and which ends found their start.
    async fn end_run(&self, source: &str, restarts: Vec<Instant>, now: Instant) -> Result<Tally, AppError> {
        self.lose_open_legs(source, restarts).await?;
        self.retry_orphans(source, now).await
    }

    /// A restart of the phone system loses the legs that were open, those of earlier runs too.
    async fn lose_open_legs(&self, source: &str, restarts: Vec<Instant>) -> Result<(), AppError> {
        let source = source.to_owned();
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                for restart in restarts {
                    let lost = LegEvent {
                        call_id: String::new(),
                        queue: String::new(),
                        at: restart,
                        step: LegStep::Restarted,
                    };
                    let from = restart.plus_seconds(-CALL_SPAN_S);
                    for mut open in calls::open_legs(conn, &source, from, restart)? {
                        if open.leg.apply(&lost) {
                            calls::update_leg(conn, &source, &open)?;
                        }
                    }
                }
                Ok::<_, AppError>(())
            })
            .await
    }

    /// Ends that waited for their start: tried again after every run of their source.
    async fn retry_orphans(&self, source: &str, now: Instant) -> Result<Tally, AppError> {
        let (core, source) = (self.core.clone(), source.to_owned());
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                let mut tally = Tally::default();
                for unit in quarantine::open_of(conn, &source, WITHOUT_START)? {
                    if retry(conn, &core, &unit)? {
                        quarantine::decide(conn, unit.id, quarantine::RETRIED, now, None)?;
                        tally.released += 1;
                    }
                }
                Ok(tally)
            })
            .await
    }
}

/// Tries a quarantined end again; `true` when its leg is known now.
pub(crate) fn retry(conn: &mut Conn, core: &Core, unit: &Quarantined) -> Result<bool, AppError> {
    let orphans: Vec<LegEvent> = serde_json::from_slice(&unit.raw)?;
    let mut known = complete(conn, core, &unit.source, &orphans, &[])?.is_some();
    if live::is_live(&unit.context) {
        for event in &orphans {
            known |= live::hear(conn, &unit.source, event)?.is_some();
        }
    }
    Ok(known)
}

fn kept(source: &str) -> Kept<'_> {
    Kept { source, format: USUAL, context: json!({}) }
}

fn orphan_unit(orphans: &[LegEvent]) -> Result<Rejected, AppError> {
    let first = orphans.first();
    let queue = first.map(|event| event.queue.clone()).unwrap_or_default();
    let call = first.map(|event| event.call_id.clone()).unwrap_or_default();
    Ok(Rejected {
        reason: WITHOUT_START,
        detail: format!("the end of call {call} in queue {queue} came without its start"),
        raw: serde_json::to_vec(orphans)?,
    })
}

fn put_rejected(
    conn: &mut Conn,
    (source, format): (&str, &str),
    rejected: Vec<Rejected>,
    now: Instant,
) -> Result<Tally, AppError> {
    let mut tally = Tally { read: u64::try_from(rejected.len()).unwrap_or(u64::MAX), ..Tally::default() };
    for unit in rejected {
        let kept = Kept { source, format, context: json!({ "arrived_at": null }) };
        quarantine_unit(conn, kept, unit, now, &mut tally)?;
    }
    Ok(tally)
}

/// The events of one leg whose start is not in this run.
fn put_orphans(
    conn: &mut Conn,
    core: &Core,
    source: &str,
    (orphans, restarts): (&[LegEvent], &[Instant]),
    now: Instant,
) -> Result<Tally, AppError> {
    let mut tally = Tally { read: 1, ..Tally::default() };
    match complete(conn, core, source, orphans, restarts)? {
        Some(true) => tally.accepted += 1,
        Some(false) => tally.duplicates += 1,
        None => quarantine_unit(conn, kept(source), orphan_unit(orphans)?, now, &mut tally)?,
    }
    Ok(tally)
}

/// Legs in chunks of nearly the same size; those of one call stay in one.
fn chunks(mut seen: Vec<Leg>) -> Vec<Vec<Leg>> {
    seen.sort_by(|a, b| (&a.call_id, a.entered_at, &a.queue).cmp(&(&b.call_id, b.entered_at, &b.queue)));
    let size = seen.len().div_ceil(seen.len().div_ceil(CHUNK).max(1));
    let mut chunks: Vec<Vec<Leg>> = Vec::new();
    for leg in seen {
        let same = |chunk: &Vec<Leg>| chunk.last().is_some_and(|last| last.call_id == leg.call_id);
        match chunks.last_mut().filter(|chunk| chunk.len() < size || same(chunk)) {
            Some(chunk) => chunk.push(leg),
            None => chunks.push(vec![leg]),
        }
    }
    chunks
}

/// Events without a start, by call and queue: one unit each, if an end of a leg is among them. A ring that nobody
/// picked up tells of no leg.
fn group_orphans(orphans: Vec<LegEvent>) -> Vec<Vec<LegEvent>> {
    let mut groups: BTreeMap<(String, String), Vec<LegEvent>> = BTreeMap::new();
    for event in orphans {
        groups.entry((event.call_id.clone(), event.queue.clone())).or_default().push(event);
    }
    groups.into_values().collect()
}

/// Gives orphaned events to their stored leg: `None` when there is none, else whether they changed it.
fn complete(
    conn: &mut Conn,
    core: &Core,
    source: &str,
    orphans: &[LegEvent],
    restarts: &[Instant],
) -> Result<Option<bool>, AppError> {
    let Some(first) = orphans.first() else { return Ok(Some(false)) };
    let stored = calls::legs_of(conn, source, &first.call_id)?;
    let mut changed = None;
    for event in orphans {
        let Some(home) = legs::home_of(event, stored.iter().map(|known| &known.leg), restarts) else {
            continue;
        };
        let Some(known) = stored.iter().find(|known| &known.leg == home) else { continue };
        // An earlier event of this loop may have renewed it.
        let Some(mut current) =
            calls::legs_of(conn, source, &first.call_id)?.into_iter().find(|leg| leg.id == known.id)
        else {
            continue;
        };
        let event_changed = current.leg.apply(event);
        if event_changed {
            calls::update_leg(conn, source, &current)?;
            live::compare(conn, source, std::slice::from_ref(&current))?;
            register::renew_stored(conn, core, source, current.interaction)?;
        }
        changed = Some(changed.unwrap_or(false) || event_changed);
    }
    Ok(changed)
}

/// Live events of one call, in any order and more than once; gives the call and whether anything was new.
pub(crate) fn put_live(
    conn: &mut Conn,
    core: &Core,
    source: &str,
    event: &LegEvent,
    now: Instant,
) -> Result<Option<(InteractionId, bool)>, AppError> {
    let placed = place(conn, core, source, event, now)?;
    let heard = live::hear(conn, source, event)?;
    Ok(placed.or(heard))
}

/// Gives one event to its call.
pub(crate) fn place(
    conn: &mut Conn,
    core: &Core,
    source: &str,
    event: &LegEvent,
    now: Instant,
) -> Result<Option<(InteractionId, bool)>, AppError> {
    if let Some(leg) = Leg::enter(event, LegOrigin::Live) {
        let new = Seen::of(core, source, vec![leg], now).put(conn, core, source, now)?.accepted == 1;
        retry_call(conn, core, source, &event.call_id, now)?;
        hand_on_end(conn, core, source, event)?;
        return Ok(call_of(conn, source, event)?.map(|id| (id, new)));
    }
    match complete(conn, core, source, std::slice::from_ref(event), &[])? {
        Some(new) => Ok(call_of(conn, source, event)?.map(|id| (id, new))),
        None => Ok(None),
    }
}

/// An end that says nothing of where the call was may have come before the entry into a queue, and was then taken for
/// that of the machine's leg: it is the queue's, too.
fn hand_on_end(conn: &mut Conn, core: &Core, source: &str, entry: &LegEvent) -> Result<(), AppError> {
    if !matches!(entry.step, LegStep::Entered { .. }) {
        return Ok(());
    }
    let stored = calls::legs_of(conn, source, &entry.call_id)?;
    let near = |end: &Instant| (0..CALL_SPAN_S).contains(&end.seconds_since(entry.at));
    let machine = stored.iter().filter(|known| known.leg.queue == IVR_QUEUE);
    let ended = machine.filter_map(|known| known.leg.ended_at.filter(near)).max();
    let Some(at) = ended else { return Ok(()) };
    let step = LegStep::Left { outcome: CallOutcome::Unknown, wait_s: None };
    let end = LegEvent { call_id: entry.call_id.clone(), queue: entry.queue.clone(), at, step };
    complete(conn, core, source, std::slice::from_ref(&end), &[])?;
    live::hear(conn, source, &end).map(|_known| ())
}

/// Events of this call that came before its start.
fn retry_call(
    conn: &mut Conn,
    core: &Core,
    source: &str,
    call_id: &str,
    now: Instant,
) -> Result<(), AppError> {
    for unit in quarantine::open_of(conn, source, WITHOUT_START)? {
        let about: Vec<LegEvent> = serde_json::from_slice(&unit.raw)?;
        let ours = about.iter().any(|event| event.call_id == call_id);
        if ours && retry(conn, core, &unit)? {
            quarantine::decide(conn, unit.id, quarantine::RETRIED, now, None)?;
        }
    }
    Ok(())
}

fn call_of(conn: &mut Conn, source: &str, event: &LegEvent) -> Result<Option<InteractionId>, AppError> {
    let stored = calls::legs_of(conn, source, &event.call_id)?;
    let before = |leg: &&StoredLeg| leg.leg.entered_at <= event.at;
    Ok(stored.iter().rev().find(before).or(stored.first()).map(|leg| leg.interaction))
}

/// Keeps a live event whose call is not known yet; `true` when it is new.
pub(crate) fn keep_live(
    conn: &mut Conn,
    source: &str,
    event: LegEvent,
    now: Instant,
) -> Result<bool, AppError> {
    let mut tally = Tally::default();
    let kept = Kept { context: live::context(), ..kept(source) };
    quarantine_unit(conn, kept, orphan_unit(&[event])?, now, &mut tally)?;
    Ok(tally.quarantined == 1)
}

/// Registers one whole leg.
pub(crate) fn put_whole(
    conn: &mut Conn,
    core: &Core,
    source: &str,
    leg: &Leg,
    now: Instant,
) -> Result<(), AppError> {
    Seen::of(core, source, vec![leg.clone()], now).put(conn, core, source, now).map(|_known_or_new| ())
}
