//! Events of one run become legs; what belongs to legs of other runs is left over.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::{Leg, LegEvent, LegOrigin, LegStep};
use crate::Instant;

/// What the events of one run give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The legs whose entry is among the events, by entry.
    pub legs: Vec<Leg>,
    /// Events without a leg here, each once: their entry may be in another file.
    pub orphans: Vec<LegEvent>,
    /// The restarts, in order: they also lose the open legs of earlier runs ([`Leg::apply`]).
    pub restarts: Vec<Instant>,
}

/// Folds the events of one source.
///
/// An event belongs to the latest leg of its call and queue that was entered before it within 24 h and with no
/// restart between: call ids repeat after restarts. A leg still open at a restart is lost then.
pub fn fold(events: Vec<LegEvent>, origin: LegOrigin) -> Folded {
    let mut calls: HashMap<String, Vec<LegEvent>> = HashMap::new();
    let mut restarts = BTreeSet::new();
    for event in events {
        if event.step == LegStep::Restarted {
            restarts.insert(event.at);
        } else {
            put(&mut calls, event);
        }
    }
    fold_calls(calls.into_values(), restarts.into_iter().collect(), origin)
}

/// Puts an event to the others of its call id. The map is one whose hashing costs less than what it finds.
pub(super) fn put(calls: &mut HashMap<String, Vec<LegEvent>>, event: LegEvent) {
    calls.entry_ref(event.call_id.as_str()).or_default().push(event);
}

/// Folds events that come by call id; the restarts in order.
pub(super) fn fold_calls(
    calls: impl Iterator<Item = Vec<LegEvent>>,
    restarts: Vec<Instant>,
    origin: LegOrigin,
) -> Folded {
    let (mut legs, mut orphans) = (vec![], vec![]);
    for events in calls {
        legs.append(&mut fold_call(events, &restarts, origin, &mut orphans));
    }
    legs.sort_by(|a, b| (a.entered_at, &a.call_id, &a.queue).cmp(&(b.entered_at, &b.call_id, &b.queue)));
    orphans.sort();
    orphans.dedup();
    orphans.sort_by_key(|event| event.at);
    Folded { legs, orphans, restarts }
}

/// The legs of one call id; what belongs to none of them joins the orphans.
fn fold_call(
    events: Vec<LegEvent>,
    restarts: &[Instant],
    origin: LegOrigin,
    orphans: &mut Vec<LegEvent>,
) -> Vec<Leg> {
    let mut legs: Vec<Leg> = Vec::with_capacity(1);
    for event in &events {
        enter(&mut legs, event, origin);
    }
    for event in events {
        let entry = matches!(event.step, LegStep::Entered { .. } | LegStep::Chose { .. });
        if !entry && !place(&mut legs, &event, restarts) {
            orphans.push(event);
        }
    }
    for leg in &mut legs {
        lose(leg, restarts);
    }
    legs
}

/// Opens the leg of an entry; legs stay in the order of entry.
fn enter(legs: &mut Vec<Leg>, event: &LegEvent, origin: LegOrigin) {
    let Some(leg) = Leg::enter(event, origin) else { return };
    let place = legs.binary_search_by_key(&(leg.entered_at, &leg.queue), |own| (own.entered_at, &own.queue));
    match place.map(|known| legs.get_mut(known)) {
        Ok(Some(known)) => known.add(event),
        Ok(None) => legs.push(leg),
        Err(place) => legs.insert(place, leg),
    }
}

/// Gives an event to its leg; false when it has none here.
fn place(legs: &mut [Leg], event: &LegEvent, restarts: &[Instant]) -> bool {
    match legs.iter_mut().rev().find(|leg| leg.covers(event)) {
        Some(leg) if !restarted_between(restarts, leg.entered_at, event.at) => {
            leg.add(event);
            true
        }
        Some(_) | None => false,
    }
}

/// Whether an event from another run belongs to a stored leg: the same call and queue, within 24 h of its entry
/// and not after the restart over which it was lost.
pub fn fits(leg: &Leg, event: &LegEvent) -> bool {
    leg.covers(event) && leg.lost_at.is_none_or(|lost| event.at <= lost)
}

/// The leg among those of one source to which an event belongs, by the same rule as in [`fold`]; `restarts` are
/// the known ones, in order.
pub fn home_of<'a>(
    event: &LegEvent,
    legs: impl IntoIterator<Item = &'a Leg>,
    restarts: &[Instant],
) -> Option<&'a Leg> {
    legs.into_iter()
        .filter(|leg| fits(leg, event) && !restarted_between(restarts, leg.entered_at, event.at))
        .max_by_key(|leg| (leg.entered_at, &leg.queue))
}

fn restarted_between(restarts: &[Instant], entered_at: Instant, at: Instant) -> bool {
    first_after(restarts, entered_at).is_some_and(|restart| restart < at)
}

fn first_after(restarts: &[Instant], at: Instant) -> Option<Instant> {
    restarts.get(restarts.partition_point(|restart| *restart <= at)).copied()
}

fn lose(leg: &mut Leg, restarts: &[Instant]) {
    if let Some(at) = first_after(restarts, leg.entered_at) {
        leg.add(&LegEvent { call_id: String::new(), queue: String::new(), at, step: LegStep::Restarted });
    }
}
