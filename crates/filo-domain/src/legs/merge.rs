//! Two views of one leg become one: from the same log read twice, from two files, from live events and the log.

use std::cmp::{Ordering, min_by_key};

use super::{CALL_SPAN_S, LIVE_ENTERED, LIVE_MATCH_S, Leg, LegOrigin, TALK_FROM_TIMES, WAIT_FROM_TIMES};
use crate::{Instant, vocabulary::CallOutcome};

/// A wait with its worth: what the log says outweighs a difference of instants; of two, the longer is the one
/// that was not cut short with its line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wait {
    logged: bool,
    seconds: i64,
}

/// Everything that two views of one leg know. Commutative, associative and idempotent, so the order in which
/// views arrive is of no matter. Both must have the same key.
///
/// Conflicts are decided by fixed rules: an answer outweighs every other outcome and an outcome outweighs none;
/// the wait is that of the outcome that won; the earliest end counts; a logged duration outweighs a computed one.
pub fn merge(a: &Leg, b: &Leg) -> Leg {
    let mut merged = a.clone();
    merged.absorb(b);
    merged
}

impl Leg {
    /// Becomes the [`merge()`] with another view of this leg, whose key is taken for granted.
    pub(super) fn absorb(&mut self, other: &Self) {
        let wait = match rank(self.outcome).cmp(&rank(other.outcome)) {
            Ordering::Less => wait_of(self),
            Ordering::Equal => wait_of(self).max(wait_of(other)),
            Ordering::Greater => wait_of(other),
        };
        self.outcome = min_by_key(self.outcome, other.outcome, |outcome| rank(*outcome));
        self.origin = self.origin.min(other.origin);
        self.ended_at = earliest(self.ended_at, other.ended_at);
        self.wait_s = wait.map(|wait| wait.seconds);
        self.talk_s = logged_talk(self).max(logged_talk(other));
        self.lost_at = earliest(self.lost_at, other.lost_at);
        keep_fuller(&mut self.caller, &other.caller);
        keep_fuller(&mut self.transferred_to, &other.transferred_to);
        keep_fuller(&mut self.agent, &other.agent);
        keep_fuller(&mut self.choice, &other.choice);
        self.flags.extend(other.flags.iter().cloned());
        self.settle(wait.is_some_and(|wait| !wait.logged));
    }
}

/// A leg seen live and in the log: the log's times replace the live ones, live events fill what the log does
/// not know yet. The leg keeps its key: the live entry stays as flag `live_entered:…` ([`Leg::key_entered_at`]).
pub fn merge_log(live: &Leg, logged: &Leg) -> Leg {
    let mut rebased = rebase(live, logged);
    if live.key_entered_at() != logged.entered_at && !has_live_entry(live) {
        rebased.flags.push(format!("{LIVE_ENTERED}{}", live.entered_at.timestamp()));
    }
    if logged.outcome == CallOutcome::Unknown {
        return merge(&rebased, logged);
    }
    let still_talking = logged.outcome == CallOutcome::Answered && rebased.outcome == CallOutcome::Answered;
    let live_entry = rebased.flags.into_iter().filter(|flag| flag.starts_with(LIVE_ENTERED));
    let known = Leg {
        ended_at: logged.ended_at.or(rebased.ended_at.filter(|_| still_talking)),
        caller: logged.caller.clone().or(rebased.caller),
        agent: logged.agent.clone().or(rebased.agent),
        choice: logged.choice.clone().or(rebased.choice),
        flags: logged.flags.iter().cloned().chain(live_entry).collect(),
        ..logged.clone()
    };
    merge(&known, logged)
}

/// Whether two views are of one leg: the same key, or a live and a logged entry of the same call and queue
/// within [`LIVE_MATCH_S`]. Both must be of one source; call detail records are never a queue's leg.
pub fn is_same(a: &Leg, b: &Leg) -> bool {
    let near = a.entered_at.seconds_since(b.entered_at).abs() <= LIVE_MATCH_S;
    let one_is_live = (a.origin == LegOrigin::Live) != (b.origin == LegOrigin::Live);
    let cdr = |leg: &Leg| leg.origin == LegOrigin::Cdr;
    (&a.call_id, &a.queue, cdr(a)) == (&b.call_id, &b.queue, cdr(b))
        && (a.entered_at == b.entered_at
            || a.key_entered_at() == b.key_entered_at()
            || (one_is_live && near && !has_live_entry(a) && !has_live_entry(b)))
}

/// The leg to store when a stored one is seen again ([`is_same`]); its key is the stored one's.
pub fn reconcile(stored: &Leg, seen: &Leg) -> Leg {
    match (stored.origin == LegOrigin::Live, seen.origin == LegOrigin::Live) {
        (true, false) => merge_log(stored, seen),
        (false, true) => {
            let mut leg = merge_log(seen, stored);
            leg.flags.retain(|flag| !flag.starts_with(LIVE_ENTERED) || stored.has_flag(flag));
            leg
        }
        (true, true) | (false, false) => merge(stored, seen),
    }
}

impl Leg {
    /// Sets everything that follows from the rest: the instant of the answer, a talk that no log gave, the flags.
    fn settle(&mut self, wait_from_times: bool) {
        let answered = self.outcome == CallOutcome::Answered;
        self.answered_at = self.wait_s.filter(|_| answered).map(|wait| self.entered_at.plus_seconds(wait));
        let talk_from_times = self.talk_s.is_none().then(|| talk_from_times(self)).flatten();
        self.talk_s = self.talk_s.or(talk_from_times);
        self.lost_at = self.lost_at.filter(|_| self.is_open());
        self.flags.retain(|flag| flag != WAIT_FROM_TIMES && flag != TALK_FROM_TIMES);
        self.flags.extend(wait_from_times.then(|| WAIT_FROM_TIMES.to_owned()));
        self.flags.extend(talk_from_times.map(|_| TALK_FROM_TIMES.to_owned()));
        self.flags.sort();
        self.flags.dedup();
    }
}

fn talk_from_times(leg: &Leg) -> Option<i64> {
    let (answered, ended) = leg.answered_at.zip(leg.ended_at)?;
    Some(ended.seconds_since(answered).clamp(0, CALL_SPAN_S))
}

/// The live leg with the logged entry; waits that came from instants are reckoned from the new entry.
fn rebase(live: &Leg, logged: &Leg) -> Leg {
    let shift = live.entered_at.seconds_since(logged.entered_at);
    let from_times = live.has_flag(WAIT_FROM_TIMES);
    let wait_s = live.wait_s.map(|wait| if from_times { (wait + shift).max(0) } else { wait });
    Leg { entered_at: logged.entered_at, origin: logged.origin, wait_s, ..live.clone() }
}

fn has_live_entry(leg: &Leg) -> bool {
    leg.flags.iter().any(|flag| flag.starts_with(LIVE_ENTERED))
}

/// Which outcome wins a conflict: the smaller.
fn rank(outcome: CallOutcome) -> u8 {
    match outcome {
        CallOutcome::Answered => 0,
        CallOutcome::Transferred => 1,
        CallOutcome::Abandoned => 2,
        CallOutcome::TimedOut => 3,
        CallOutcome::Empty => 4,
        CallOutcome::KeyExit => 5,
        CallOutcome::Withdrawn => 6,
        CallOutcome::SelfServed => 7,
        CallOutcome::Unknown => 8,
    }
}

fn wait_of(leg: &Leg) -> Option<Wait> {
    leg.wait_s.map(|seconds| Wait { logged: !leg.has_flag(WAIT_FROM_TIMES), seconds })
}

fn logged_talk(leg: &Leg) -> Option<i64> {
    leg.talk_s.filter(|_| !leg.has_flag(TALK_FROM_TIMES))
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    a.into_iter().chain(b).min()
}

/// Keeps the longer of two texts: a line cut short ends too early. Of two of one length, the later in the alphabet.
fn keep_fuller(own: &mut Option<String>, other: &Option<String>) {
    if worth(own.as_deref()) < worth(other.as_deref()) {
        own.clone_from(other);
    }
}

fn worth(text: Option<&str>) -> Option<(usize, &str)> {
    text.map(|text| (text.len(), text))
}
