//! A log too long to hold is folded while it is read: the events of a call wait until what follows in the log is so
//! much later that none of it can belong to the call.
//!
//! **Invariant:** what comes out, all of it together, is what [`super::fold()`] gives for the whole log, as long as its
//! lines are less than a day out of order. An event that is later than that is left over as an orphan, like one whose
//! entry is in another file. What waits is bounded, whatever the log says.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::{
    CALL_SPAN_S, Folded, LegEvent, LegOrigin, LegStep,
    fold::{fold_calls, put},
};
use crate::Instant;

/// Events that wait at most: a city has some tens of thousands in a day. A log whose times jump about is folded in
/// pieces of this size.
const MOST_WAITING: usize = 300_000;
/// Orphans that are held at most before they are handed out.
const MOST_ORPHANS: usize = 50_000;

/// Events of one source on their way to becoming legs.
#[derive(Debug)]
pub struct Window {
    origin: LegOrigin,
    calls: HashMap<String, Vec<LegEvent>>,
    waiting: usize,
    restarts: BTreeSet<Instant>,
    /// When the event read last happened.
    present: Option<Instant>,
    orphans: Vec<LegEvent>,
}

impl Window {
    /// An empty one.
    pub fn new(origin: LegOrigin) -> Self {
        Self {
            origin,
            calls: HashMap::new(),
            waiting: 0,
            restarts: BTreeSet::new(),
            present: None,
            orphans: Vec::new(),
        }
    }

    /// Takes the next event of the log.
    pub fn feed(&mut self, event: LegEvent) {
        self.present = Some(event.at);
        if event.step == LegStep::Restarted {
            self.restarts.insert(event.at);
            return;
        }
        self.waiting += 1;
        put(&mut self.calls, event);
    }

    /// The legs of calls of which nothing was heard for a day. Orphans are held back, for their entry may still come;
    /// when there are too many of them they are handed out.
    pub fn settled(&mut self) -> Folded {
        let everything = self.waiting > MOST_WAITING;
        let until = self.present.map(|at| at.plus_seconds(-CALL_SPAN_S));
        let mut folded = self.take(|last| everything || until.is_some_and(|until| last < until));
        self.orphans.append(&mut folded.orphans);
        if self.orphans.len() > MOST_ORPHANS {
            folded.orphans = std::mem::take(&mut self.orphans);
        }
        folded
    }

    /// The legs of all calls that wait, and every orphan.
    pub fn finish(mut self) -> Folded {
        let mut folded = self.take(|_| true);
        folded.orphans.append(&mut self.orphans);
        folded
    }

    /// Folds the calls whose last event is as asked.
    fn take(&mut self, asked: impl Fn(Instant) -> bool) -> Folded {
        let done = |events: &[LegEvent]| events.iter().map(|event| event.at).max().is_none_or(&asked);
        let calls: Vec<Vec<LegEvent>> =
            self.calls.extract_if(|_, events| done(events)).map(|(_, events)| events).collect();
        self.waiting -= calls.iter().map(Vec::len).sum::<usize>();
        fold_calls(calls.into_iter(), self.restarts.iter().copied().collect(), self.origin)
    }
}
