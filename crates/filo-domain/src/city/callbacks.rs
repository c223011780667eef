//! When call-backs can be promised, and why they fail: `callbacks.toml`. Without the file the defaults hold.
//!
//! **Invariant:** a promise lies within one opening of the city's calendar: at no second of its window is the service
//! closed. Windows are reckoned in elapsed time, so one over a change of the clocks is as long as any other.

use std::collections::BTreeMap;

use jiff::ToSpan;
use serde::{Deserialize, Serialize};

use super::{ConfigError, File, check_keys};
use crate::{CityZone, Instant, calendar::Calendar, callback::Window, form::Localised};

const S_PER_MINUTE: i64 = 60;
/// The longest window: who is told more waits for nothing in particular.
const LONGEST_S: i64 = 86_400;
/// How far a client's clock may be behind ours.
const PATIENCE_S: i64 = 60;
/// The farthest ahead.
const MOST_DAYS: i64 = 366;

/// Why an attempt did not reach the citizen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptReason {
    /// Its stable key.
    pub key: String,
    /// Its words.
    pub label: Localised,
}

/// When call-backs can be promised.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackRules {
    /// How long the offered windows are.
    #[serde(default = "two_hours")]
    pub window_minutes: i64,
    /// How many local days ahead a call can be promised; 0 for today alone.
    #[serde(default = "a_fortnight")]
    pub days_ahead: i64,
    /// How many promises may overlap any window; without it, as many as are made.
    pub capacity: Option<u32>,
    /// Why attempts fail.
    #[serde(default)]
    pub reasons: Vec<AttemptReason>,
}

fn two_hours() -> i64 {
    120
}

fn a_fortnight() -> i64 {
    14
}

impl Default for CallbackRules {
    fn default() -> Self {
        Self { window_minutes: two_hours(), days_ahead: a_fortnight(), capacity: None, reasons: Vec::new() }
    }
}

/// Why a window cannot be promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// It is empty, or longer than a day.
    #[error("must end after it begins, and within a day")]
    Length,
    /// It begins before now.
    #[error("must not begin in the past")]
    Past,
    /// It is too far ahead.
    #[error("must begin within {0} days")]
    TooFar(i64),
    /// The service is closed in it, or at its end.
    #[error("must lie within one opening of the service: see GET /callbacks/windows")]
    Closed,
}

impl CallbackRules {
    /// How long the offered windows are.
    pub fn window_s(&self) -> i64 {
        self.window_minutes * S_PER_MINUTE
    }

    /// Refuses a window that cannot be promised.
    ///
    /// # Errors
    /// Says why.
    pub fn check(
        &self,
        (calendar, zone): (&Calendar, &CityZone),
        window: Window,
        now: Instant,
    ) -> Result<(), WindowError> {
        let length = window.to.seconds_since(window.from);
        if length <= 0 || length > LONGEST_S {
            return Err(WindowError::Length);
        }
        if window.from.plus_seconds(PATIENCE_S) < now.floor() || window.to <= now {
            return Err(WindowError::Past);
        }
        let last = zone.day(now).saturating_add(self.days_ahead.days());
        if zone.day(window.from) > last {
            return Err(WindowError::TooFar(self.days_ahead));
        }
        if calendar.open_seconds(zone, window.from, window.to) < length {
            return Err(WindowError::Closed);
        }
        Ok(())
    }

    /// The windows that are offered from an instant on, in order: each opening cut from its beginning, without what
    /// is left at its end when that is shorter. None has begun.
    pub fn offered(
        &self,
        (calendar, zone): (&Calendar, &CityZone),
        from: Instant,
        now: Instant,
    ) -> impl Iterator<Item = Window> {
        let from = from.max(now);
        let last = zone.day(now).saturating_add(self.days_ahead.days());
        let days = std::iter::successors(Some(zone.day(from)), |day| day.tomorrow().ok());
        let length = self.window_s();
        days.take_while(move |day| *day <= last)
            .flat_map(move |day| calendar.spans_of(zone, day))
            .flat_map(move |span| pieces(span, length))
            .filter(move |window| window.from >= from)
    }

    /// Whether a reason is one of the city's.
    pub fn has_reason(&self, key: &str) -> bool {
        self.reasons.iter().any(|reason| reason.key == key)
    }
}

fn pieces((start, end): (Instant, Instant), length: i64) -> impl Iterator<Item = Window> {
    let starts = std::iter::successors(Some(start), move |start| Some(start.plus_seconds(length)));
    let windows = starts.map(move |start| Window::new(start, start.plus_seconds(length)));
    windows.take_while(move |window| window.to <= end)
}

/// Reads the rules; a city that says nothing has the defaults.
pub(super) fn read(files: &BTreeMap<String, String>) -> Result<CallbackRules, ConfigError> {
    const NAME: &str = "callbacks.toml";
    let Some(text) = files.get(NAME) else { return Ok(CallbackRules::default()) };
    let file = File { name: NAME, text };
    let rules: CallbackRules = file.read()?;
    let minutes = 5..=LONGEST_S / S_PER_MINUTE;
    if !minutes.contains(&rules.window_minutes) {
        return Err(file.refuse("window_minutes", rules.window_minutes, "5 to 1440 minutes"));
    }
    if !(0..=MOST_DAYS).contains(&rules.days_ahead) {
        return Err(file.refuse("days_ahead", rules.days_ahead, "0 to 366 days"));
    }
    if rules.capacity == Some(0) {
        return Err(file.refuse("capacity", 0, "1 or more, or no capacity at all"));
    }
    check_keys(&file, "reasons", rules.reasons.iter().map(|reason| reason.key.as_str()))?;
    Ok(rules)
}

#[cfg(test)]
mod tests;
