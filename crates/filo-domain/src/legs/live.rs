//! What live events said of a leg, kept beside what the log says, and where the two differ.
//!
//! **Invariant:** what was said is a function of the set of events: order and repetition change nothing. The log wins on
//! times ([`super::merge_log`]); the differences only tell how far off the live events were.

use serde::{Deserialize, Serialize};

use super::{Leg, LegEvent, LegOrigin, LegStep, WAIT_TOLERANCE_S};
use crate::{
    Instant,
    vocabulary::{CallOutcome, Word},
};

/// What live events said of one leg.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LiveSaid {
    /// When it entered the queue: the earliest that was said.
    pub entered_at: Option<Instant>,
    /// When a person answered.
    pub answered_at: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// Whether it was said that the caller gave up.
    pub abandoned: bool,
}

/// One thing that live events and the log say otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveDifference {
    /// `entered_at`, `answered_at`, `ended_at` or `outcome`.
    pub field: String,
    /// What live events said.
    pub live: String,
    /// What the log says, which counts.
    pub log: String,
    /// Seconds from the log's instant to the live one; `None` for what is no instant.
    pub difference_s: Option<i64>,
}

impl LiveSaid {
    /// Takes in what one event says; whether that was new.
    pub fn hear(&mut self, event: &LegEvent) -> bool {
        let before = self.clone();
        let earliest = |known: Option<Instant>| Some(known.map_or(event.at, |known| known.min(event.at)));
        match &event.step {
            LegStep::Entered { .. } => self.entered_at = earliest(self.entered_at),
            LegStep::Connected { .. } => self.answered_at = earliest(self.answered_at),
            LegStep::Left { outcome, .. } => {
                self.ended_at = earliest(self.ended_at);
                self.abandoned |= *outcome == CallOutcome::Abandoned;
            }
            LegStep::Completed { .. } | LegStep::Transferred { .. } => {
                self.ended_at = earliest(self.ended_at);
            }
            LegStep::Chose { .. } | LegStep::Restarted => {}
        }
        *self != before
    }

    /// Where the leg as the log knows it is otherwise: instants that are more than [`WAIT_TOLERANCE_S`] apart, and
    /// another outcome. Nothing while no log knows the leg.
    pub fn differences(&self, leg: &Leg) -> Vec<LiveDifference> {
        if leg.origin != LegOrigin::Log {
            return vec![];
        }
        let instants = [
            ("entered_at", self.entered_at, Some(leg.entered_at)),
            ("answered_at", self.answered_at, leg.answered_at),
            ("ended_at", self.ended_at, leg.known_end()),
        ];
        let apart = |(field, live, log): (&str, Option<Instant>, Option<Instant>)| {
            let (live, log) = (live?.floor(), log?.floor());
            let difference = live.seconds_since(log);
            (difference.abs() > WAIT_TOLERANCE_S).then(|| LiveDifference {
                field: field.to_owned(),
                live: live.to_string(),
                log: log.to_string(),
                difference_s: Some(difference),
            })
        };
        instants.into_iter().filter_map(apart).chain(self.other_outcome(leg)).collect()
    }

    fn other_outcome(&self, leg: &Leg) -> Option<LiveDifference> {
        let live = match (self.answered_at, self.abandoned) {
            (Some(_), _) => CallOutcome::Answered,
            (None, true) => CallOutcome::Abandoned,
            (None, false) => return None,
        };
        (leg.outcome != CallOutcome::Unknown && leg.outcome != live).then(|| LiveDifference {
            field: "outcome".to_owned(),
            live: live.word().to_owned(),
            log: leg.outcome.word().to_owned(),
            difference_s: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seconds: i64, step: LegStep) -> LegEvent {
        LegEvent { call_id: "c".into(), queue: "q".into(), at: Instant::from_seconds(seconds), step }
    }
    fn told() -> Vec<LegEvent> {
        vec![
            event(100, LegStep::Entered { caller: None }),
            event(107, LegStep::Connected { wait_s: None, agent: None }),
            event(160, LegStep::Left { outcome: CallOutcome::Unknown, wait_s: None }),
        ]
    }
    fn logged(entered: i64) -> Leg {
        Leg::new("c", "q", Instant::from_seconds(entered), LegOrigin::Log)
    }

    #[test]
    fn what_was_said_is_the_same_in_any_order_and_told_twice_is_no_news() {
        let mut said = LiveSaid::default();
        assert!(told().iter().all(|event| said.hear(event)));
        assert!(!told().iter().any(|event| said.hear(event)));
        let mut backwards = LiveSaid::default();
        told().iter().rev().for_each(|event| assert!(backwards.hear(event)));
        assert_eq!(said, backwards);
    }

    #[test]
    fn instants_further_apart_than_the_tolerance_and_other_outcomes_are_differences() {
        let mut said = LiveSaid::default();
        told().iter().for_each(|event| assert!(said.hear(event)));
        let leg = Leg {
            outcome: CallOutcome::Abandoned,
            wait_s: Some(58),
            ended_at: Some(Instant::from_seconds(158)),
            ..logged(95)
        };
        let differences = said.differences(&leg.clone().whole());
        let told: Vec<_> = differences.iter().map(|it| (it.field.as_str(), it.difference_s)).collect();
        assert_eq!(told, [("entered_at", Some(5)), ("outcome", None)]);
        assert_eq!((differences[1].live.as_str(), differences[1].log.as_str()), ("answered", "abandoned"));
        assert!(said.differences(&Leg { origin: LegOrigin::Live, ..leg }).is_empty(), "no log knows it");
        assert!(said.differences(&logged(100)).is_empty(), "the log does not know its end yet");
    }
}
