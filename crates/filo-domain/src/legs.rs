//! Legs and calls: folding what a phone system logs into waits, talks and outcomes.
//!
//! A *leg* is one call in one queue; a *call* is the legs of one source with the same call id less than 24 h
//! apart. **Invariant:** folding is a pure function of the set of events: the order of lines and files, and
//! lines seen twice, change nothing. It holds because what is known of a leg only grows: every event is turned
//! into a leg that knows nothing else, and [`merge()`] is commutative, associative and idempotent.
//!
//! Start at [`fold()`] (events of one run; [`Window`] for logs too long to hold), [`home_of`] with [`Leg::apply`] (an end from another run) and
//! [`calls`] (what the reports count).

mod call;
mod caller;
mod evidence;
mod fold;
mod ivr;
mod live;
mod merge;
#[cfg(test)]
mod tests;
mod view;
mod window;

use serde::{Deserialize, Serialize};

pub use self::{
    call::{Call, calls, counted},
    caller::normal_caller,
    fold::{Folded, fits, fold, home_of},
    ivr::{IVR_QUEUE, normal_choice},
    live::{LiveDifference, LiveSaid},
    merge::{is_same, merge, merge_log, reconcile},
    view::{LegView, leg_views},
    window::Window,
};
use crate::{Instant, vocabulary::CallOutcome};

/// Legs of one call id further apart than this are different calls: exchanges reuse ids after a restart.
pub const CALL_SPAN_S: i64 = 24 * 3600;
/// A call abandoned sooner than this is *short*: the caller hung up at once.
pub const SHORT_ABANDON_S: i64 = 5;
/// A logged entry this close to a live one of the same call and queue is the same leg.
pub const LIVE_MATCH_S: i64 = 60;
/// A logged duration and the instants around it may differ by this much before a leg is flagged.
pub const WAIT_TOLERANCE_S: i64 = 2;

/// Flag: the log's own durations and instants differ by more than [`WAIT_TOLERANCE_S`]; the durations are kept.
pub const WAIT_MISMATCH: &str = "wait_mismatch";
/// Flag: the log gave no wait; it is the difference of instants.
pub const WAIT_FROM_TIMES: &str = "wait_from_times";
/// Flag: the log gave no talk; it is the difference of instants.
pub const TALK_FROM_TIMES: &str = "talk_from_times";
/// Flag, followed by an instant: the entry by which a leg seen live first is keyed.
pub const LIVE_ENTERED: &str = "live_entered:";

/// One thing that a phone system reports about a call in a queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LegEvent {
    /// The phone system's id of the call; empty on [`LegStep::Restarted`].
    pub call_id: String,
    /// The queue; empty on [`LegStep::Restarted`] and where the log does not name it: then the event belongs
    /// to the call's latest leg.
    pub queue: String,
    /// When it happened.
    pub at: Instant,
    /// What happened.
    pub step: LegStep,
}

/// What happened to a leg. Durations in seconds; `None` when the log does not say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum LegStep {
    /// The call entered the queue.
    Entered {
        /// The caller: E.164 where it is a number, else as written; `None` when withheld.
        caller: Option<String>,
    },
    /// A person answered.
    Connected {
        /// Time in the queue, ringing included.
        wait_s: Option<i64>,
        /// Who answered; kept for the audit trail alone.
        agent: Option<String>,
    },
    /// An answered leg ended.
    Completed {
        /// Time in the queue.
        wait_s: Option<i64>,
        /// Time talking.
        talk_s: Option<i64>,
    },
    /// The call left the queue unanswered.
    Left {
        /// How: abandoned, timed_out, empty, key_exit or withdrawn; unknown for an end that does not say, such
        /// as a live `ended` (it ends an answered leg like any other end).
        outcome: CallOutcome,
        /// Time in the queue.
        wait_s: Option<i64>,
    },
    /// The leg ended by a transfer.
    Transferred {
        /// Where to.
        to: Option<String>,
        /// Time in the queue.
        wait_s: Option<i64>,
        /// Time talking; more than 0 proves an answer, `None` or 0 proves nothing.
        talk_s: Option<i64>,
    },
    /// The call was with the machine that lets callers choose (IVR): a leg of its own, which counts as a call
    /// only where no queue was entered.
    Chose {
        /// What was chosen: see [`normal_choice`].
        choice: Option<String>,
        /// The caller, as in [`Self::Entered`].
        caller: Option<String>,
        /// Whether the call ended there.
        over: bool,
    },
    /// The phone system restarted: every open leg is lost.
    Restarted,
}

/// Where a leg is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegOrigin {
    /// The queue log, or a vendor's file of the same worth.
    Log,
    /// Live events pushed by the phone system.
    Live,
    /// Call detail records: they never outweigh the other two.
    Cdr,
}

/// One call in one queue. Its key is (source, `call_id`, `queue`, `entered_at`); the source is the store's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The phone system's id of the call.
    pub call_id: String,
    /// The queue.
    pub queue: String,
    /// When the call entered it.
    pub entered_at: Instant,
    /// Where it is known from.
    pub origin: LegOrigin,
    /// The caller: E.164 where it is a number, else as written; `None` when withheld.
    pub caller: Option<String>,
    /// When a person answered.
    pub answered_at: Option<Instant>,
    /// When the leg ended.
    pub ended_at: Option<Instant>,
    /// Time in the queue in seconds, to the answer or the end; `None` while unknown.
    pub wait_s: Option<i64>,
    /// Time talking in seconds.
    pub talk_s: Option<i64>,
    /// How it ended; answered as soon as a person answers, else [`CallOutcome::Unknown`] until it ends.
    pub outcome: CallOutcome,
    /// Where it was transferred to.
    pub transferred_to: Option<String>,
    /// Who answered; kept for the audit trail alone.
    pub agent: Option<String>,
    /// When the phone system restarted over this open leg; only an end up to then still completes it.
    pub lost_at: Option<Instant>,
    /// What the caller chose before or instead of a queue.
    pub choice: Option<String>,
    /// What a reader should know, such as `wait_mismatch`.
    pub flags: Vec<String>,
}
