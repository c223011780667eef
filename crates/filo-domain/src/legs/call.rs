//! Legs of one source become calls: what the reports count.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CALL_SPAN_S, LIVE_MATCH_S, Leg, LegOrigin, SHORT_ABANDON_S};
use crate::{
    Instant,
    vocabulary::{CallOutcome, NotActionable},
};

/// One phone call: the legs of one source with the same call id less than 24 h apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The phone system's id; unique only together with [`Self::entered_at`].
    pub call_id: String,
    /// When its first leg entered a queue.
    pub entered_at: Instant,
    /// The caller; `None` when withheld.
    pub caller: Option<String>,
    /// Answered if any leg was, else the outcome of the last leg.
    pub outcome: CallOutcome,
    /// Seconds in queues up to the first answer or the end; `None` when one of those waits is not known.
    pub wait_s: Option<i64>,
    /// Seconds talking in all legs; `None` when nobody talked or a talk is not known.
    pub talk_s: Option<i64>,
    /// When a person first answered.
    pub answered_at: Option<Instant>,
    /// When its last leg ended.
    pub ended_at: Option<Instant>,
    /// Where it was last transferred to.
    pub transferred_to: Option<String>,
    /// What the caller chose before or instead of a queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<String>,
    /// Its legs, by entry; never empty. Where a queue was entered the machine's own are not among them.
    pub legs: Vec<Leg>,
}

impl Call {
    /// Why the call asks for nothing; `None` when it asks for an answer.
    pub fn not_actionable(&self) -> Option<NotActionable> {
        match (self.outcome, self.wait_s) {
            (CallOutcome::Abandoned, Some(wait)) if wait < SHORT_ABANDON_S => {
                Some(NotActionable::ShortAbandon)
            }
            (CallOutcome::Unknown, _) => Some(NotActionable::UnknownOutcome),
            (CallOutcome::SelfServed, _) => Some(NotActionable::SelfServed),
            _ => None,
        }
    }
}

/// The calls of one source, by entry. Order of the legs is of no matter.
pub fn calls(legs: Vec<Leg>) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut current: Vec<Leg> = Vec::new();
    let choices = Choices::of(&legs);
    for leg in counted(legs) {
        let same = current
            .last()
            .is_some_and(|last| last.call_id == leg.call_id && together(last.entered_at, leg.entered_at));
        if !same {
            calls.extend(call(std::mem::take(&mut current), &choices));
        }
        current.push(leg);
    }
    calls.extend(call(current, &choices));
    calls.sort_by(|a, b| (a.entered_at, &a.call_id).cmp(&(b.entered_at, &b.call_id)));
    calls
}

/// The legs of one source that count, by call id and entry: call detail records are left out where the queue
/// log or live events know the same call in a queue, for they never add a leg to it.
pub fn counted(mut legs: Vec<Leg>) -> Vec<Leg> {
    let mut known: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
    for leg in legs.iter().filter(|leg| leg.origin != LegOrigin::Cdr && !leg.is_self_served()) {
        known.entry(leg.call_id.clone()).or_default().push(leg.entered_at);
    }
    legs.retain(|leg| {
        leg.origin != LegOrigin::Cdr
            || !known.get(&leg.call_id).is_some_and(|at| at.iter().any(|at| together(*at, leg.entered_at)))
    });
    legs.sort_by(|a, b| (&a.call_id, a.entered_at, &a.queue).cmp(&(&b.call_id, b.entered_at, &b.queue)));
    legs
}

fn together(a: Instant, b: Instant) -> bool {
    a.seconds_since(b).abs() < CALL_SPAN_S
}

/// What was chosen, by call id: the machine's legs and those of detail records tell it even where they do not count.
struct Choices(BTreeMap<String, Vec<(Instant, String)>>);

impl Choices {
    fn of(legs: &[Leg]) -> Self {
        let mut choices: BTreeMap<String, Vec<(Instant, String)>> = BTreeMap::new();
        for leg in legs {
            if let Some(choice) = &leg.choice {
                choices.entry(leg.call_id.clone()).or_default().push((leg.entered_at, choice.clone()));
            }
        }
        Self(choices)
    }

    /// The last one before the queue, or the last one of a call that entered none.
    fn of_call(&self, first: &Leg) -> Option<String> {
        let until = (!first.is_self_served()).then(|| first.entered_at.plus_seconds(LIVE_MATCH_S));
        let own = self.0.get(&first.call_id)?.iter();
        let own =
            own.filter(|(at, _)| together(*at, first.entered_at) && until.is_none_or(|until| *at <= until));
        own.max().map(|(_, choice)| choice.clone())
    }
}

/// The legs in queues; the machine's own where there are no others.
fn in_queues(mut legs: Vec<Leg>) -> Vec<Leg> {
    if legs.iter().any(|leg| !leg.is_self_served()) {
        legs.retain(|leg| !leg.is_self_served());
    }
    legs
}

fn call(legs: Vec<Leg>, choices: &Choices) -> Option<Call> {
    let legs = in_queues(legs);
    let (first, last) = (legs.first()?, legs.last()?);
    let answered = legs.iter().position(|leg| leg.outcome == CallOutcome::Answered);
    let outcome = answered.map_or(last.outcome, |_| CallOutcome::Answered);
    let waited = answered.map_or(legs.len(), |place| place + 1);
    Some(Call {
        call_id: first.call_id.clone(),
        entered_at: first.entered_at,
        caller: legs.iter().find_map(|leg| leg.caller.clone()),
        outcome,
        wait_s: legs.iter().take(waited).map(Leg::known_wait_s).sum(),
        talk_s: talk_s(&legs),
        answered_at: answered.and_then(|place| legs.get(place)?.answered_at),
        ended_at: last.ended_at.filter(|_| last.outcome != CallOutcome::Unknown),
        transferred_to: legs.iter().rev().find_map(|leg| leg.transferred_to.clone()),
        choice: choices.of_call(first),
        legs,
    })
}

impl Leg {
    /// The wait; `None` for an outcome that is not known, whatever the instants say, and where nobody waited.
    pub fn known_wait_s(&self) -> Option<i64> {
        self.wait_s.filter(|_| self.outcome != CallOutcome::Unknown && !self.is_self_served())
    }
    /// The end; `None` for an outcome that is not known.
    pub fn known_end(&self) -> Option<Instant> {
        self.ended_at.filter(|_| self.outcome != CallOutcome::Unknown)
    }
    /// The talk; `None` when nobody answered.
    pub fn known_talk_s(&self) -> Option<i64> {
        self.talk_s.filter(|_| self.outcome == CallOutcome::Answered)
    }
}

fn talk_s(legs: &[Leg]) -> Option<i64> {
    let mut answered = legs.iter().filter(|leg| leg.outcome == CallOutcome::Answered).peekable();
    answered.peek()?;
    answered.map(Leg::known_talk_s).sum()
}
