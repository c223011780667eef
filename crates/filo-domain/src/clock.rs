//! What is measured of a ticket: its history as instants, and the clocks as differences of them.
//!
//! Source of every rule: the indicator definitions (response = first human, outbound, citizen-visible act or the
//! live answer of a call; resolution per round, first and final; closed gaps and, for the net clock, the union of
//! waits taken out). **Invariant:** no duration is stored; each is recomputed from the instants of the events.

use serde::{Deserialize, Serialize};

use crate::{
    CityZone, Instant,
    calendar::Calendar,
    vocabulary::{Level, Outcome, State},
};

/// A half-open interval; `to` is `None` while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// First instant inside.
    pub from: Instant,
    /// First instant after it.
    pub to: Option<Instant>,
}

/// One stretch of a ticket's life from (re)opening to resolution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// When it began: the opening, or a reopening.
    pub started_at: Instant,
    /// When it was resolved.
    pub resolved_at: Option<Instant>,
    /// When the resolution was confirmed by closing.
    pub closed_at: Option<Instant>,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// The instants of a ticket's life, folded from its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// `occurred_at` of the first contact.
    pub opened_at: Instant,
    /// When a person first accepted it.
    pub charged_at: Option<Instant>,
    /// Every human, outbound, citizen-visible act that did not finally fail, in order; for a registered call the
    /// live answer is one of them.
    pub responses: Vec<Instant>,
    /// The rounds, in order; never empty.
    pub rounds: Vec<Round>,
    /// Intervals spent waiting for the citizen or a third party, in order.
    pub waits: Vec<Interval>,
    /// When it was first handed to level II.
    pub escalated_at: Option<Instant>,
    /// When it was cancelled.
    pub cancelled_at: Option<Instant>,
    /// The citizen's ratings, 1 to 5, in order.
    pub ratings: Vec<u8>,
    /// The present state.
    pub state: State,
    /// The present level.
    pub level: Level,
    /// The unit now, or at the resolution for a ticket that is no longer open.
    pub unit: Option<String>,
}

impl History {
    /// A ticket just opened.
    pub fn opened(at: Instant, level: Level, unit: Option<String>) -> Self {
        Self {
            opened_at: at,
            charged_at: None,
            responses: Vec::new(),
            rounds: vec![Round { started_at: at, resolved_at: None, closed_at: None, outcome: None }],
            waits: Vec::new(),
            escalated_at: None,
            cancelled_at: None,
            ratings: Vec::new(),
            state: State::New,
            level,
            unit,
        }
    }
    /// When the first response was given.
    pub fn first_response_at(&self) -> Option<Instant> {
        self.responses.first().copied()
    }
    /// When it was first resolved.
    pub fn first_resolved_at(&self) -> Option<Instant> {
        self.rounds.iter().find_map(|round| round.resolved_at)
    }
    /// When the last round was resolved; `None` while that round is open.
    pub fn final_resolved_at(&self) -> Option<Instant> {
        self.rounds.last().and_then(|round| round.resolved_at)
    }
    /// The resolution that a closing confirmed, if the last round is closed.
    pub fn confirmed_at(&self) -> Option<Instant> {
        self.rounds.last().filter(|round| round.closed_at.is_some()).and_then(|round| round.resolved_at)
    }
    /// When the last round was closed.
    pub fn closed_at(&self) -> Option<Instant> {
        self.rounds.last().and_then(|round| round.closed_at)
    }
    /// How often it was reopened.
    pub fn reopened(&self) -> usize {
        self.rounds.len().saturating_sub(1)
    }
    /// Whether it was open at an instant (neither resolved nor cancelled then).
    pub fn open_at(&self, at: Instant) -> bool {
        self.opened_at <= at
            && self.cancelled_at.is_none_or(|cancelled| cancelled > at)
            && self
                .rounds
                .iter()
                .any(|round| round.started_at <= at && round.resolved_at.is_none_or(|end| end > at))
    }
    /// Seconds between resolutions and the reopenings after them, within `[from, to)`: time that is nobody's.
    pub fn closed_gaps(&self) -> Vec<Interval> {
        self.rounds
            .iter()
            .zip(self.rounds.iter().skip(1))
            .filter_map(|(before, after)| {
                before.resolved_at.map(|from| Interval { from, to: Some(after.started_at) })
            })
            .collect()
    }
    /// The measured clocks at `now`: from the ticket's start to each stop.
    pub fn elapsed_s(&self, from: Instant, to: Instant) -> i64 {
        counted_s(from, to, &self.closed_gaps())
    }
    /// As [`Self::elapsed_s`], minus the union of the waits.
    pub fn net_s(&self, from: Instant, to: Instant) -> i64 {
        let mut out = self.closed_gaps();
        out.extend(&self.waits);
        counted_s(from, to, &out)
    }
}

/// Seconds of `[from, to)` that lie outside the union of `out`; every bound is floored to the second.
pub fn counted_s(from: Instant, to: Instant, out: &[Interval]) -> i64 {
    remaining(from, to, out).iter().map(|(start, end)| end.seconds_since(*start)).sum()
}

/// The parts of `[from, to)` outside the union of `out`, in order.
pub fn remaining(from: Instant, to: Instant, out: &[Interval]) -> Vec<(Instant, Instant)> {
    let mut out: Vec<(Instant, Instant)> =
        out.iter().map(|gap| (gap.from.floor(), gap.to.map_or(to, Instant::floor))).collect();
    out.sort();
    let (mut cursor, to) = (from.floor(), to.floor());
    let mut parts = Vec::new();
    for (start, end) in out {
        let (start, end) = (start.max(cursor), end.min(to));
        if start >= end {
            continue;
        }
        if start > cursor {
            parts.push((cursor, start));
        }
        cursor = end;
    }
    if cursor < to {
        parts.push((cursor, to));
    }
    parts
}

/// Opening-hours seconds of `[from, to)` outside the union of `out`.
pub fn business_s(zone: &CityZone, calendar: &Calendar, from: Instant, to: Instant, out: &[Interval]) -> i64 {
    remaining(from, to, out).iter().map(|(start, end)| calendar.open_seconds(zone, *start, *end)).sum()
}

#[cfg(test)]
mod tests;
