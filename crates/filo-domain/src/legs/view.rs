//! The one printed form of a leg: what `filo inspect calls` shows and `filo export calls` has as columns.

use serde::Serialize;

use super::{Call, Leg};
use crate::{Instant, vocabulary::CallOutcome};

/// A leg as it is printed (contract §5); instants floored to the second, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LegView<'a> {
    /// The configured source.
    pub source: &'a str,
    /// The phone system's id of the call.
    pub external_id: &'a str,
    /// Which leg of the call it is, from 1.
    pub leg: usize,
    /// The queue.
    pub queue: &'a str,
    /// The caller; `null` when withheld.
    pub caller: Option<&'a str>,
    /// When the call entered the queue.
    pub entered_at: Instant,
    /// When a person answered.
    pub answered_at: Option<Instant>,
    /// When the leg ended; `null` while the outcome is unknown.
    pub ended_at: Option<Instant>,
    /// Seconds in the queue; `null` while the outcome is unknown.
    pub wait_s: Option<i64>,
    /// Seconds talking; `null` when nobody answered.
    pub talk_s: Option<i64>,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Where it was transferred to.
    pub transferred_to: Option<&'a str>,
    /// What the caller of the call chose before or instead of a queue; left out where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ivr_choice: Option<&'a str>,
    /// What a reader should know, sorted.
    pub flags: &'a [String],
}

impl<'a> LegView<'a> {
    /// The `number`-th leg (from 1) of a call of `source`.
    pub fn new(source: &'a str, number: usize, leg: &'a Leg) -> Self {
        Self {
            source,
            external_id: &leg.call_id,
            leg: number,
            queue: &leg.queue,
            caller: leg.caller.as_deref(),
            entered_at: leg.entered_at,
            answered_at: leg.answered_at,
            ended_at: leg.known_end(),
            wait_s: leg.known_wait_s(),
            talk_s: leg.known_talk_s(),
            outcome: leg.outcome,
            transferred_to: leg.transferred_to.as_deref(),
            ivr_choice: leg.choice.as_deref(),
            flags: &leg.flags,
        }
    }
}

/// All legs of the calls of one source, numbered within their calls.
pub fn leg_views<'a>(source: &'a str, calls: &'a [Call]) -> impl Iterator<Item = LegView<'a>> {
    calls.iter().flat_map(move |call| {
        call.legs.iter().enumerate().map(move |(place, leg)| LegView {
            ivr_choice: call.choice.as_deref(),
            ..LegView::new(source, place + 1, leg)
        })
    })
}
