//! A promised call-back: within which window, what was tried, and whether the promise was kept.
//!
//! **Invariant:** the state follows from the steps and an instant alone, so nothing has to run for a promise to be
//! missed: kept is who was reached before the window ended, missed whose window ended without that. Who is reached
//! later stays missed, and is told apart. Once its window has ended a promise can neither be moved nor cancelled.

use serde::{Deserialize, Serialize};

use crate::{Instant, vocabulary::Word};

/// A half-open span of time, in whole seconds: the end is the promise's deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// From when on the citizen expects the call.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
}

impl Window {
    /// A window of whole seconds.
    pub fn new(from: Instant, to: Instant) -> Self {
        Self { from: from.floor(), to: to.floor() }
    }
}

/// Something that happened to a call-back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// It was promised.
    Booked {
        /// The window.
        window: Window,
        /// The unit that is to call; `None` for the desk.
        unit: Option<String>,
    },
    /// Another window was agreed on.
    Moved {
        /// The new window.
        window: Window,
    },
    /// Another unit is to call.
    HandedOver {
        /// The unit.
        unit: String,
    },
    /// Somebody called.
    Attempted {
        /// Whether the citizen was reached.
        reached: bool,
        /// Why not: a key of the city's list.
        reason: Option<String>,
    },
    /// The citizen needs no call any more.
    Cancelled,
}

/// What was made of a promise, whatever the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Nothing that settles it: booked until its window ends, missed from then on.
    Open,
    /// Reached before the window ended.
    Kept,
    /// Cancelled before the window ended.
    Cancelled,
}

impl Word for Settled {
    const NAME: &'static str = "outcome of a call-back";
    const ALL: &'static [Self] = &[Self::Open, Self::Kept, Self::Cancelled];
    fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Kept => "kept",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How a promise stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackState {
    /// Its window has not ended.
    Booked,
    /// The citizen was reached before the window ended.
    Kept,
    /// The window ended, and the citizen had not been reached.
    Missed,
    /// Cancelled before the window ended.
    Cancelled,
}

impl Word for CallbackState {
    const NAME: &'static str = "state of a call-back";
    const ALL: &'static [Self] = &[Self::Booked, Self::Kept, Self::Missed, Self::Cancelled];
    fn word(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Kept => "kept",
            Self::Missed => "missed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a step cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepRefused {
    /// The citizen was reached.
    #[error("the citizen was reached: a further call is a new call-back")]
    Reached,
    /// It was cancelled.
    #[error("this call-back was cancelled: promise a new one")]
    Cancelled,
    /// The window has ended.
    #[error("the window ended at {0}: the promise is missed, and can only be followed by attempts")]
    Over(Instant),
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// When.
    pub at: Instant,
    /// Whether the citizen was reached.
    pub reached: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// A promised call-back, folded from its steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// When it was promised.
    pub booked_at: Instant,
    /// The window in force.
    pub window: Window,
    /// The unit that is to call.
    pub unit: Option<String>,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
    /// When it was cancelled.
    pub cancelled_at: Option<Instant>,
}

impl Callback {
    /// Folds steps, in their order; `None` where the first is no booking.
    pub fn fold<'a>(steps: impl IntoIterator<Item = (Instant, &'a Step)>) -> Option<Self> {
        let mut steps = steps.into_iter();
        let mut folded = match steps.next()? {
            (booked_at, Step::Booked { window, unit }) => Self {
                booked_at,
                window: *window,
                unit: unit.clone(),
                attempts: Vec::new(),
                cancelled_at: None,
            },
            (_, _) => return None,
        };
        for (at, step) in steps {
            folded.apply(at, step);
        }
        Some(folded)
    }

    /// Takes a step in.
    pub fn apply(&mut self, at: Instant, step: &Step) {
        match step {
            Step::Booked { window, unit } => (self.window, self.unit) = (*window, unit.clone()),
            Step::Moved { window } => self.window = *window,
            Step::HandedOver { unit } => self.unit = Some(unit.clone()),
            Step::Attempted { reached, reason } => {
                self.attempts.push(Attempt { at, reached: *reached, reason: reason.clone() });
            }
            Step::Cancelled => self.cancelled_at = Some(at),
        }
    }

    /// When the citizen was reached.
    pub fn reached_at(&self) -> Option<Instant> {
        self.attempts.iter().find(|attempt| attempt.reached).map(|attempt| attempt.at)
    }

    /// Whether the citizen was reached when the promise was missed already.
    pub fn reached_late(&self) -> bool {
        self.reached_at().is_some_and(|at| at >= self.window.to)
    }

    /// What was made of it, whatever the time.
    pub fn settled(&self) -> Settled {
        match (self.cancelled_at, self.reached_at()) {
            (Some(_), _) => Settled::Cancelled,
            (None, Some(at)) if at < self.window.to => Settled::Kept,
            (None, _) => Settled::Open,
        }
    }

    /// How it stands at an instant.
    pub fn state(&self, now: Instant) -> CallbackState {
        match self.settled() {
            Settled::Kept => CallbackState::Kept,
            Settled::Cancelled => CallbackState::Cancelled,
            Settled::Open if now < self.window.to => CallbackState::Booked,
            Settled::Open => CallbackState::Missed,
        }
    }

    /// Refuses a step that does not fit any more.
    ///
    /// # Errors
    /// Says what ended it.
    pub fn check(&self, step: &Step, now: Instant) -> Result<(), StepRefused> {
        let settles = matches!(step, Step::Booked { .. } | Step::Moved { .. } | Step::Cancelled);
        match self.settled() {
            Settled::Cancelled => Err(StepRefused::Cancelled),
            _ if self.reached_at().is_some() => Err(StepRefused::Reached),
            _ if settles && now >= self.window.to => Err(StepRefused::Over(self.window.to)),
            Settled::Open | Settled::Kept => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
