//! One event as evidence: a leg that knows the event and nothing else, ready to be merged.

use super::{
    CALL_SPAN_S, IVR_QUEUE, Leg, LegEvent, LegOrigin, LegStep, WAIT_FROM_TIMES, WAIT_MISMATCH,
    WAIT_TOLERANCE_S,
};
use crate::{Instant, vocabulary::CallOutcome};

impl Leg {
    /// The leg that an entry opens; `None` when the event is no entry.
    pub fn enter(event: &LegEvent, origin: LegOrigin) -> Option<Self> {
        let leg = |queue: &str| Self::new(&event.call_id, queue, event.at, origin);
        match &event.step {
            LegStep::Entered { caller } => Some(Self { caller: caller.clone(), ..leg(&event.queue) }),
            LegStep::Chose { .. } => {
                let mut leg = leg(IVR_QUEUE);
                leg.add(event);
                Some(leg)
            }
            _ => None,
        }
    }

    /// Adds what an event says and tells whether that was new. An event of another leg, or one that happened
    /// after the restart over which this leg was lost, changes nothing. Any order of events gives the same leg.
    pub fn apply(&mut self, event: &LegEvent) -> bool {
        let before = self.clone();
        self.add(event);
        *self != before
    }

    /// [`Leg::apply`], for who need not know whether it was new.
    pub(super) fn add(&mut self, event: &LegEvent) {
        if let Some(told) = self.told_by(event) {
            self.absorb(&told);
        }
    }

    /// Whether an end of it may still be reported.
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none() && matches!(self.outcome, CallOutcome::Answered | CallOutcome::Unknown)
    }

    /// Whether it carries a flag.
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }

    /// The entry by which the leg is keyed: the live one for a leg seen live first, else [`Self::entered_at`].
    pub fn key_entered_at(&self) -> Instant {
        let live = self.flags.iter().find_map(|flag| flag.strip_prefix(super::LIVE_ENTERED));
        live.and_then(|text| Instant::parse(text).ok()).unwrap_or(self.entered_at)
    }

    /// A leg of which only the entry is known.
    pub fn new(call_id: &str, queue: &str, entered_at: Instant, origin: LegOrigin) -> Self {
        Self {
            call_id: call_id.to_owned(),
            queue: queue.to_owned(),
            entered_at,
            origin,
            caller: None,
            answered_at: None,
            ended_at: None,
            wait_s: None,
            talk_s: None,
            outcome: CallOutcome::Unknown,
            transferred_to: None,
            agent: None,
            lost_at: None,
            choice: None,
            flags: Vec::new(),
        }
    }

    /// For legs that come whole (call detail records, vendors' files): sets what follows from outcome, wait, talk
    /// and end, as folding does.
    pub fn whole(mut self) -> Self {
        let told = self.clone();
        self.absorb(&told);
        self
    }

    /// Whether an event happened in this leg's time: from its entry on, for a day. At the very second of the
    /// entry only an event that tells of no waiting is its own: a call that leaves a queue and enters it again
    /// at once logs the end of the former leg there.
    pub(super) fn covers(&self, event: &LegEvent) -> bool {
        let age = event.at.seconds_since(self.entered_at);
        event.call_id == self.call_id
            && (event.queue == self.queue || event.queue.is_empty())
            && (self.queue != IVR_QUEUE || event.step.ends_anything())
            && (0..CALL_SPAN_S).contains(&age)
            && (age > 0 || event.step.told_s().unwrap_or(0) == 0)
    }

    /// What the event says of this leg, without the leg's names.
    fn told_by(&self, event: &LegEvent) -> Option<Self> {
        let told = Self::new("", "", self.entered_at, self.origin);
        match &event.step {
            LegStep::Entered { caller } => {
                (event.call_id == self.call_id && event.queue == self.queue && event.at == self.entered_at)
                    .then(|| Self { caller: caller.clone(), ..told })
            }
            LegStep::Chose { choice, caller, over } => {
                let known = event.call_id == self.call_id && self.queue == IVR_QUEUE;
                (known && event.at == self.entered_at).then(|| Self {
                    caller: caller.clone(),
                    choice: choice.clone(),
                    outcome: CallOutcome::SelfServed,
                    ended_at: over.then_some(event.at),
                    ..told
                })
            }
            // Later than a day no end is waited for anyway.
            LegStep::Restarted if self.is_open() => {
                let in_its_time =
                    event.at > self.entered_at && event.at.seconds_since(self.entered_at) < CALL_SPAN_S;
                in_its_time.then_some(Self { lost_at: Some(event.at), ..told })
            }
            LegStep::Restarted => None,
            step => super::fits(self, event).then(|| told.telling(step, event.at)),
        }
    }

    fn telling(self, step: &LegStep, at: Instant) -> Self {
        let since_entry = at.seconds_since(self.entered_at);
        match *step {
            LegStep::Entered { .. } | LegStep::Chose { .. } | LegStep::Restarted => self,
            LegStep::Connected { wait_s, ref agent } => {
                let leg = Self { outcome: CallOutcome::Answered, agent: agent.clone(), ..self };
                leg.waiting(wait_s, Some(since_entry)).checked(wait_s, since_entry)
            }
            LegStep::Completed { wait_s, talk_s } => {
                let leg = Self { outcome: CallOutcome::Answered, ended_at: Some(at), talk_s, ..self };
                let told_s = wait_s.zip(talk_s).map(|(wait, talk)| wait + talk);
                leg.waiting(wait_s, talk_s.map(|talk| since_entry - talk)).checked(told_s, since_entry)
            }
            LegStep::Left { outcome: CallOutcome::Unknown | CallOutcome::Answered, .. } => {
                Self { ended_at: Some(at), ..self }
            }
            LegStep::Left { outcome, wait_s } => {
                let leg = Self { outcome, ended_at: Some(at), ..self };
                leg.waiting(wait_s, Some(since_entry)).checked(wait_s, since_entry)
            }
            LegStep::Transferred { ref to, wait_s, talk_s } => {
                let talked = talk_s.is_some_and(|talk| talk > 0);
                let outcome = if talked { CallOutcome::Answered } else { CallOutcome::Transferred };
                let leg = Self { outcome, ended_at: Some(at), talk_s, transferred_to: to.clone(), ..self };
                let told_s = wait_s.zip(talk_s).map(|(wait, talk)| wait + talk);
                leg.waiting(wait_s, Some(since_entry - talk_s.unwrap_or(0))).checked(told_s, since_entry)
            }
        }
    }

    /// Takes the logged wait, or the one that the instants give.
    fn waiting(mut self, logged_s: Option<i64>, from_times_s: Option<i64>) -> Self {
        self.wait_s = logged_s.or(from_times_s.map(|wait| wait.max(0)));
        if logged_s.is_none() && self.wait_s.is_some() {
            self.flags.push(WAIT_FROM_TIMES.to_owned());
        }
        self
    }

    /// Flags a logged duration that contradicts the instants; the duration stays.
    fn checked(mut self, told_s: Option<i64>, since_entry_s: i64) -> Self {
        if told_s.is_some_and(|told| (told - since_entry_s).abs() > WAIT_TOLERANCE_S) {
            self.flags.push(WAIT_MISMATCH.to_owned());
        }
        self
    }
}

impl LegStep {
    /// Whether it is the end of the call wherever it was: all that a leg with the machine alone can have.
    fn ends_anything(&self) -> bool {
        matches!(self, Self::Left { outcome: CallOutcome::Unknown, .. })
    }
    /// The seconds since the entry of which the step itself tells; `None` when it does not say.
    fn told_s(&self) -> Option<i64> {
        match self {
            Self::Entered { .. } | Self::Chose { .. } | Self::Restarted => None,
            Self::Connected { wait_s, .. } | Self::Left { wait_s, .. } => *wait_s,
            Self::Completed { wait_s, talk_s } | Self::Transferred { wait_s, talk_s, .. } => {
                wait_s.map_or(*talk_s, |wait| Some(wait + talk_s.unwrap_or(0)))
            }
        }
    }
}
