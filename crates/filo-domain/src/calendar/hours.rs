//! The hours of one day: intervals of local wall time, in order and apart.

use std::fmt;

use serde::{Deserialize, Deserializer};

const S_PER_MINUTE: i64 = 60;
const S_PER_DAY: i64 = 86_400;

/// Why a text of the calendar is refused: what was found and what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {found:?}, expected {expected}")]
pub struct CalendarError {
    /// The text as written.
    pub found: String,
    /// What would be right.
    pub expected: &'static str,
}

impl CalendarError {
    pub(super) fn new(found: impl fmt::Display, expected: &'static str) -> Self {
        Self { found: found.to_string().chars().take(80).collect(), expected }
    }
}

/// A half-open interval of local wall time within one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenInterval {
    start_s: i64,
    end_s: i64,
}

impl OpenInterval {
    /// Reads `08:00-13:00`; the end of the day is `24:00`.
    ///
    /// # Errors
    /// When it is not of that form or does not end after it starts.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let refuse = || CalendarError::new(text, "an interval HH:MM-HH:MM between 00:00 and 24:00");
        let (start, end) = text.split_once('-').ok_or_else(refuse)?;
        let start_s = clock_s(start.trim()).ok_or_else(refuse)?;
        let end_s = clock_s(end.trim()).ok_or_else(refuse)?;
        if start_s >= end_s {
            return Err(CalendarError::new(
                text,
                "an interval that ends after it starts (midnight is 24:00)",
            ));
        }
        Ok(Self { start_s, end_s })
    }
    /// Seconds of wall time from midnight to the opening.
    pub fn start_s(self) -> i64 {
        self.start_s
    }
    /// Seconds of wall time from midnight to the closing, 86,400 for the end of the day.
    pub fn end_s(self) -> i64 {
        self.end_s
    }
    /// Whether a wall time, in seconds from midnight, lies inside.
    pub fn contains(self, second: i64) -> bool {
        (self.start_s..self.end_s).contains(&second)
    }
}

impl fmt::Display for OpenInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = |s: i64| (s / 3600, s % 3600 / S_PER_MINUTE);
        let ((h1, m1), (h2, m2)) = (minutes(self.start_s), minutes(self.end_s));
        write!(f, "{h1:02}:{m1:02}-{h2:02}:{m2:02}")
    }
}

/// Seconds from midnight of `HH:MM`, up to `24:00`.
fn clock_s(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |part: &str| {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<i64>().ok())
            .flatten()
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    let seconds = hour * 3600 + minute * S_PER_MINUTE;
    (minute < 60 && seconds <= S_PER_DAY).then_some(seconds)
}

/// The intervals of one day, sorted, none overlapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DayHours(Vec<OpenInterval>);

impl DayHours {
    pub(super) fn whole_day() -> Self {
        Self(vec![OpenInterval { start_s: 0, end_s: S_PER_DAY }])
    }
    pub(super) fn intervals(&self) -> &[OpenInterval] {
        &self.0
    }
    fn parse(texts: &[String]) -> Result<Self, CalendarError> {
        let mut intervals =
            texts.iter().map(|text| OpenInterval::parse(text)).collect::<Result<Vec<_>, _>>()?;
        intervals.sort();
        for (before, after) in intervals.iter().zip(intervals.iter().skip(1)) {
            if after.start_s < before.end_s {
                return Err(CalendarError::new(
                    format!("{before}, {after}"),
                    "intervals that do not overlap",
                ));
            }
        }
        Ok(Self(intervals))
    }
}

impl<'de> Deserialize<'de> for DayHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Vec::<String>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
