//! The shape of days and weeks: when people call, when they write, when somebody works.

use filo_domain::{CityZone, Instant, calendar::Calendar};
use jiff::civil::{Date, Time, Weekday};

use super::chance::Chance;

/// Calls by the hour of the local day: the peak is from 9 to 11, with a smaller one after lunch.
const CALLS_BY_HOUR: [f64; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9, 1.5, 1.6, 1.2, 0.9, 0.6, 0.9, 1.0, 0.8, 0.6, 0.4, 0.25, 0.0,
    0.0, 0.0, 0.0,
];
/// Written contacts by the hour: they come at night as well.
const WRITTEN_BY_HOUR: [f64; 24] = [
    0.25, 0.12, 0.06, 0.04, 0.05, 0.1, 0.25, 0.5, 0.9, 1.3, 1.4, 1.3, 1.1, 0.9, 1.0, 1.1, 1.1, 1.0, 0.9, 0.8,
    0.9, 1.0, 0.8, 0.5,
];

/// The calendar by which the city lives.
#[derive(Clone, Copy)]
pub(crate) struct Days<'a> {
    pub(crate) zone: &'a CityZone,
    pub(crate) calendar: &'a Calendar,
}

impl Days<'_> {
    /// How many calls a day has beside others; 0 when the service is closed.
    pub(crate) fn call_weight(self, day: Date) -> f64 {
        if !self.calendar.is_working_day(day) {
            return 0.0;
        }
        match day.weekday() {
            Weekday::Monday => 1.3,
            Weekday::Tuesday => 1.15,
            Weekday::Wednesday => 1.05,
            Weekday::Thursday => 1.0,
            Weekday::Friday => 0.9,
            Weekday::Saturday => 0.4,
            Weekday::Sunday => 0.3,
        }
    }
    /// How many written contacts a day has beside others.
    pub(crate) fn written_weight(self, day: Date) -> f64 {
        match day.weekday() {
            Weekday::Saturday => 0.5,
            Weekday::Sunday => 0.45,
            _ if self.calendar.is_holiday(day) => 0.45,
            Weekday::Monday => 1.25,
            _ => 1.0,
        }
    }
    /// When a call of this day enters the queue: only while the service is open.
    pub(crate) fn call(self, chance: &mut Chance, day: Date) -> Option<Instant> {
        let tried = (0..60).map(|_| self.moment(chance, day, &CALLS_BY_HOUR));
        tried.flatten().find(|at| self.calendar.is_open(self.zone, *at))
    }
    /// When a written contact of this day is sent.
    pub(crate) fn written(self, chance: &mut Chance, day: Date) -> Option<Instant> {
        self.moment(chance, day, &WRITTEN_BY_HOUR)
    }
    fn moment(self, chance: &mut Chance, day: Date, by_hour: &[f64; 24]) -> Option<Instant> {
        let hours: Vec<(i8, f64)> = (0_i8..).zip(by_hour.iter().copied()).collect();
        let hour = *chance.weighted(&hours)?;
        let minute = i8::try_from(chance.between(0, 59)).ok()?;
        let second = i8::try_from(chance.between(0, 59)).ok()?;
        let time = Time::new(hour, minute, second, 0).ok()?;
        Some(self.zone.instant(day.to_datetime(time)))
    }
    /// The instant when this many seconds of opening hours have passed: when somebody gets to it.
    pub(crate) fn at_work(self, from: Instant, open_s: i64) -> Instant {
        self.calendar.add_open_seconds(self.zone, from, open_s.max(1)).unwrap_or(from)
    }
    /// How busy the phones are, about 1 in the mean.
    pub(crate) fn rush(self, at: Instant) -> f64 {
        let hour = usize::try_from(self.zone.local(at).hour()).unwrap_or(0);
        CALLS_BY_HOUR.get(hour).copied().unwrap_or(1.0).max(0.4)
    }
}

/// The days from one to before another.
pub(crate) fn days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    from.series(jiff::Span::new().days(1)).take_while(move |day| *day < to)
}
