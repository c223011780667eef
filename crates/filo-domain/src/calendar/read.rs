//! The calendar as `calendar.toml` writes it, and its checks.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Deserializer};

use super::{
    Calendar, Holiday, easter,
    hours::{CalendarError, DayHours},
};

/// A day that comes back every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum YearDay {
    /// The same month and day: `12-07`.
    Fixed { month: i8, day: i8 },
    /// So many days after Easter Sunday, negative before it: `easter+1`, `easter-2`, `easter`.
    Easter(i16),
}

impl YearDay {
    pub(super) fn is_on(self, date: Date) -> bool {
        match self {
            Self::Fixed { month, day } => (date.month(), date.day()) == (month, day),
            Self::Easter(after) => {
                let sunday = easter::sunday(date.year());
                sunday.checked_add(i64::from(after).days()).is_ok_and(|found| found == date)
            }
        }
    }
    fn parse(text: &str) -> Result<Self, CalendarError> {
        let parsed = match text.strip_prefix("easter") {
            Some(after) => easter_offset(after).map(Self::Easter),
            None => month_and_day(text),
        };
        parsed.ok_or_else(|| CalendarError::new(text, "a day of the year MM-DD such as 12-07, or easter+1"))
    }
}

fn easter_offset(text: &str) -> Option<i16> {
    if text.is_empty() {
        return Some(0);
    }
    let days = text.parse().ok().filter(|days: &i16| (-80..=250).contains(days))?;
    text.starts_with(['+', '-']).then_some(days)
}

fn month_and_day(text: &str) -> Option<YearDay> {
    let (month, day) = text.split_once('-').filter(|_| text.len() == 5)?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    // A leap year has every day there is.
    Date::new(2024, month, day).ok().map(|_exists| YearDay::Fixed { month, day })
}

impl<'de> Deserialize<'de> for YearDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCalendar {
    weekly: Weekly,
    /// Whether holidays that name no hours of their own keep those of the weekday.
    #[serde(default)]
    open_on_holidays: bool,
    patron: Option<Holiday>,
    #[serde(default)]
    holidays: Vec<Holiday>,
    #[serde(default)]
    exceptions: Vec<RawException>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Weekly {
    mon: DayHours,
    tue: DayHours,
    wed: DayHours,
    thu: DayHours,
    fri: DayHours,
    sat: DayHours,
    sun: DayHours,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawException {
    #[serde(deserialize_with = "date")]
    day: Date,
    hours: DayHours,
    #[serde(rename = "label")]
    _label: String,
}

impl TryFrom<RawCalendar> for Calendar {
    type Error = CalendarError;

    fn try_from(raw: RawCalendar) -> Result<Self, CalendarError> {
        let Weekly { mon, tue, wed, thu, fri, sat, sun } = raw.weekly;
        let mut holidays: Vec<Holiday> = raw.holidays.into_iter().chain(raw.patron).collect();
        if !raw.open_on_holidays {
            for holiday in &mut holidays {
                holiday.hours.get_or_insert_default();
            }
        }
        Ok(Self {
            weekly: [mon, tue, wed, thu, fri, sat, sun],
            holidays,
            exceptions: exceptions(raw.exceptions)?,
        })
    }
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refuse = |_no_date| serde::de::Error::custom(CalendarError::new(&text, "a date YYYY-MM-DD"));
    text.parse().map_err(refuse)
}

fn exceptions(raw: Vec<RawException>) -> Result<BTreeMap<Date, DayHours>, CalendarError> {
    let mut days = BTreeMap::new();
    for RawException { day, hours, .. } in raw {
        if days.insert(day, hours).is_some() {
            return Err(CalendarError::new(day, "one exception a day"));
        }
    }
    Ok(days)
}
