//! One clock of a policy: when it stops, its target, and what pauses it.

use std::{collections::BTreeSet, num::NonZeroU32};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{Instant, clock::History, vocabulary::Word};

/// The clocks of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockName {
    /// Opening to the first human, citizen-visible answer.
    FirstResponse,
    /// Opening to the final resolution.
    Resolution,
    /// As resolution, with the term that the law sets.
    Statutory,
}

impl Word for ClockName {
    const NAME: &'static str = "clock";
    /// All of them, in the order they are shown.
    const ALL: &'static [Self] = &[Self::FirstResponse, Self::Resolution, Self::Statutory];
    fn word(self) -> &'static str {
        match self {
            Self::FirstResponse => "first_response",
            Self::Resolution => "resolution",
            Self::Statutory => "statutory",
        }
    }
}

impl ClockName {
    /// When it stopped: at its event, else when the ticket was cancelled.
    pub(super) fn stop(self, history: &History) -> Option<Instant> {
        let event = match self {
            Self::FirstResponse => history.first_response_at(),
            Self::Resolution | Self::Statutory => history.final_resolved_at(),
        };
        event.or(history.cancelled_at)
    }
}

/// For whom waiting pauses a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// For the citizen.
    Citizen,
    /// For somebody else outside the unit.
    ThirdParty,
}

/// By when a clock should have stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// After so many seconds.
    ElapsedS(NonZeroU32),
    /// After so many seconds of opening hours.
    OpenS(NonZeroU32),
    /// With the end of the n-th local day after that of the opening, or of the next working day after it: the
    /// first day does not count and the term never ends on a day of rest (art. 155 c.p.c., art. 2963 c.c.,
    /// Regulation (EEC, Euratom) 1182/71 art. 3).
    Days(NonZeroU32),
    /// With the closing of the n-th working day after the day of the opening.
    WorkingDays(NonZeroU32),
}

/// One clock of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRule {
    /// Which clock.
    pub name: ClockName,
    /// Its target; `None` measures without one.
    pub target: Option<Target>,
    /// For whom waiting pauses it: for everybody or for nobody.
    #[serde(default, deserialize_with = "all_or_none")]
    pub pauses: BTreeSet<Pause>,
}

impl ClockRule {
    /// Whether waiting stops it.
    pub fn is_paused_by_waiting(&self) -> bool {
        !self.pauses.is_empty()
    }
}

/// A history keeps that a ticket waited, not for whom, so a clock cannot tell the two apart.
fn all_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Pause>, D::Error> {
    let pauses = BTreeSet::<Pause>::deserialize(deserializer)?;
    match pauses.len() {
        1 => Err(serde::de::Error::custom(
            "found one kind of waiting, expected [\"citizen\", \"third_party\"] or none",
        )),
        _ => Ok(pauses),
    }
}
