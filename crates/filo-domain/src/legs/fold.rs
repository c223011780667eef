//! Events of one run become legs; what belongs to legs of other runs is left over.

use std::collections::BTreeMap;

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
    let mut run = Run { origin, ..Run::default() };
    let mut steps = Vec::with_capacity(events.len() / 2);
    for event in events {
        match event.step {
            LegStep::Entered { .. } => run.enter(&event),
            LegStep::Restarted => run.restarts.push(event.at),
            _ => steps.push(event),
        }
    }
    run.finish(steps)
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

struct Run {
    origin: LegOrigin,
    /// By call id, in the order of entry.
    legs: BTreeMap<String, Vec<Leg>>,
    restarts: Vec<Instant>,
}

impl Default for Run {
    fn default() -> Self {
        Self { origin: LegOrigin::Log, legs: BTreeMap::new(), restarts: Vec::new() }
    }
}

impl Run {
    fn enter(&mut self, event: &LegEvent) {
        let Some(leg) = Leg::enter(event, self.origin) else { return };
        let legs = self.legs.entry(event.call_id.clone()).or_default();
        let place =
            legs.binary_search_by_key(&(leg.entered_at, &leg.queue), |own| (own.entered_at, &own.queue));
        match place.map(|known| legs.get_mut(known)) {
            Ok(Some(known)) => {
                known.apply(event);
            }
            Ok(None) => legs.push(leg),
            Err(place) => legs.insert(place, leg),
        }
    }

    fn finish(mut self, steps: Vec<LegEvent>) -> Folded {
        self.restarts.sort();
        self.restarts.dedup();
        let mut orphans: Vec<LegEvent> = steps.into_iter().filter(|event| !self.place(event)).collect();
        orphans.sort();
        orphans.dedup();
        orphans.sort_by_key(|event| event.at);
        let Self { legs, restarts, .. } = self;
        let mut legs: Vec<Leg> = legs.into_values().flatten().collect();
        for leg in &mut legs {
            lose(leg, &restarts);
        }
        legs.sort_by(|a, b| (a.entered_at, &a.call_id, &a.queue).cmp(&(b.entered_at, &b.call_id, &b.queue)));
        Folded { legs, orphans, restarts }
    }

    /// Gives an event to its leg; false when it has none here.
    fn place(&mut self, event: &LegEvent) -> bool {
        let home = self
            .legs
            .get_mut(&event.call_id)
            .and_then(|legs| legs.iter_mut().rev().find(|leg| leg.covers(event)));
        match home {
            Some(leg) if !restarted_between(&self.restarts, leg.entered_at, event.at) => {
                leg.apply(event);
                true
            }
            Some(_) | None => false,
        }
    }
}

fn restarted_between(restarts: &[Instant], entered_at: Instant, at: Instant) -> bool {
    first_after(restarts, entered_at).is_some_and(|restart| restart < at)
}

fn first_after(restarts: &[Instant], at: Instant) -> Option<Instant> {
    restarts.get(restarts.partition_point(|restart| *restart <= at)).copied()
}

fn lose(leg: &mut Leg, restarts: &[Instant]) {
    if let Some(at) = first_after(restarts, leg.entered_at) {
        leg.apply(&LegEvent { call_id: String::new(), queue: String::new(), at, step: LegStep::Restarted });
    }
}
