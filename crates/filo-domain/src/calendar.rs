//! The city's calendar: opening intervals, holidays with Easter, the patron's day, dated exceptions.
//!
//! **Invariant:** open time is the set of instants whose local wall time lies in an interval of its day, half-open
//! (the opening second is inside, the closing second is not). So an hour that the clocks repeat counts twice and
//! one that they skip counts nothing. A day's hours are those of its exception, else of its holiday, else of its
//! weekday. All durations are whole seconds, instants are floored to the second first.
//!
//! Start at [`Calendar::intervals_of`] (what a day is) and [`Calendar::open_seconds`] (what that measures).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::{CityZone, Instant};

mod easter;
mod hours;
mod read;
mod stretches;

pub use hours::{CalendarError, OpenInterval};

use hours::DayHours;
use read::{RawCalendar, YearDay};
use stretches::stretches;

const S_PER_DAY: i64 = 86_400;
/// How far ahead a deadline is looked for.
const HORIZON_YEARS: i64 = 10;

/// When the city's service is open, and which days are holidays. Read from `calendar.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawCalendar")]
pub struct Calendar {
    /// Monday first.
    weekly: [DayHours; 7],
    holidays: Vec<Holiday>,
    exceptions: BTreeMap<Date, DayHours>,
}

/// A day that comes back every year.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    day: YearDay,
    /// The first year in which it is one; `None` for ever before.
    from_year: Option<i16>,
    label: String,
    /// The hours on that day; `None` keeps those of the weekday.
    hours: Option<DayHours>,
}

impl Holiday {
    fn is_on(&self, day: Date) -> bool {
        self.from_year.is_none_or(|first| first <= day.year()) && self.day.is_on(day)
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Self::always()
    }
}

impl Calendar {
    /// A service that never closes and knows no holidays.
    pub fn always() -> Self {
        Self {
            weekly: std::array::from_fn(|_weekday| DayHours::whole_day()),
            holidays: Vec::new(),
            exceptions: BTreeMap::new(),
        }
    }

    /// The opening intervals of a local day, in order; empty when it is closed.
    pub fn intervals_of(&self, day: Date) -> &[OpenInterval] {
        let exception = self.exceptions.get(&day);
        let hours = exception.or_else(|| self.holiday_on(day).and_then(|holiday| holiday.hours.as_ref()));
        hours.or_else(|| self.weekly.get(weekday_index(day))).map_or(&[], DayHours::intervals)
    }

    /// Whether a local day is one of the holidays (the patron's day included), open or not.
    pub fn is_holiday(&self, day: Date) -> bool {
        self.holiday_on(day).is_some()
    }

    /// The name of the holiday on a local day.
    pub fn holiday(&self, day: Date) -> Option<&str> {
        self.holiday_on(day).map(|holiday| holiday.label.as_str())
    }

    /// Whether the service opens at all on a local day.
    pub fn is_working_day(&self, day: Date) -> bool {
        !self.intervals_of(day).is_empty()
    }

    /// Whether the service is open at an instant.
    pub fn is_open(&self, zone: &CityZone, at: Instant) -> bool {
        let local = zone.local(at.floor());
        let second = stretches::second_of_day(local);
        self.intervals_of(local.date()).iter().any(|open| open.contains(second))
    }

    /// Open seconds of `[from, to)`, both floored; 0 when `to` is not after `from`.
    pub fn open_seconds(&self, zone: &CityZone, from: Instant, to: Instant) -> i64 {
        self.open_spans(zone, from.seconds(), to.seconds()).map(|(start, end)| end - start).sum()
    }

    /// The first instant at which `seconds` open seconds have passed since `from` (floored): `from` itself for 0
    /// or less, `None` when that does not come within 10 years.
    pub fn add_open_seconds(&self, zone: &CityZone, from: Instant, seconds: i64) -> Option<Instant> {
        if seconds <= 0 {
            return Some(from.floor());
        }
        let horizon = from.seconds().saturating_add(HORIZON_YEARS * 366 * S_PER_DAY);
        let mut left = seconds;
        for (start, end) in self.open_spans(zone, from.seconds(), horizon) {
            if left <= end - start {
                return Some(Instant::from_seconds(start + left));
            }
            left -= end - start;
        }
        None
    }

    /// The instant at which the service closes for the last time on a local day; `None` when it does not open.
    pub fn closing(&self, zone: &CityZone, day: Date) -> Option<Instant> {
        let next = day.tomorrow().ok()?;
        let (from, to) = (zone.day_start(day).seconds(), zone.day_start(next).seconds());
        self.open_spans(zone, from, to).last().map(|(_, end)| Instant::from_seconds(end))
    }

    /// The open spans of a local day, in order, each as long as the service stays open: where the clocks change in
    /// one, it is one still.
    pub fn spans_of(&self, zone: &CityZone, day: Date) -> Vec<(Instant, Instant)> {
        let Ok(next) = day.tomorrow() else { return Vec::new() };
        let (from, to) = (zone.day_start(day).seconds(), zone.day_start(next).seconds());
        let mut spans: Vec<(Instant, Instant)> = Vec::new();
        for (start, end) in self.open_spans(zone, from, to) {
            let (start, end) = (Instant::from_seconds(start), Instant::from_seconds(end));
            match spans.last_mut().filter(|last| last.1 == start) {
                Some(last) => last.1 = end,
                None => spans.push((start, end)),
            }
        }
        spans
    }

    /// The open parts of `[from, to)`, as seconds since 1970 in UTC, in order.
    fn open_spans(&self, zone: &CityZone, from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> {
        stretches(zone, from, to).flat_map(move |stretch| {
            stretch.days().flat_map(move |(midnight, day)| {
                let intervals = self.intervals_of(day).iter();
                intervals
                    .filter_map(move |open| stretch.clip(midnight + open.start_s(), midnight + open.end_s()))
            })
        })
    }

    fn holiday_on(&self, day: Date) -> Option<&Holiday> {
        self.holidays.iter().find(|holiday| holiday.is_on(day))
    }
}

/// Monday is 0.
fn weekday_index(day: Date) -> usize {
    usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
