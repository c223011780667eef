//! Instants in UTC to the microsecond, and the city's zone in which days, months and opening hours are reckoned.
//!
//! **Invariant:** an [`Instant`] holds whole microseconds; on the wire it is floored to the second, and a duration
//! is the difference of two floored instants, so that every printed figure can be redone from printed instants.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MICROS_PER_S: i64 = 1_000_000;

/// A point in time: whole microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// Why a text is no instant.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no RFC 3339 instant such as 2026-10-01T08:30:00Z")]
pub struct InstantError {
    text: String,
}

impl Instant {
    /// From microseconds since 1970 in UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }
    /// From seconds since 1970 in UTC.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_S))
    }
    /// Microseconds since 1970 in UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }
    /// Seconds since 1970 in UTC, floored.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_S)
    }
    /// Reads RFC 3339 with any offset; precision beyond the microsecond is cut.
    pub fn parse(text: &str) -> Result<Self, InstantError> {
        Timestamp::from_str(text.trim())
            .map(Self::from)
            .map_err(|_not_rfc3339| InstantError { text: text.chars().take(60).collect() })
    }
    /// This instant without its fraction of a second.
    pub const fn floor(self) -> Self {
        Self::from_seconds(self.seconds())
    }
    /// Whole seconds since `earlier`, both floored; negative when `earlier` is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.seconds() - earlier.seconds()
    }
    /// The instant `seconds` later (earlier when negative), saturating.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MICROS_PER_S)))
    }
    /// As a `jiff` timestamp; instants outside jiff's range (years ±9999) become its bounds.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}

impl From<Timestamp> for Instant {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}
impl fmt::Display for Instant {
    /// The wire form: RFC 3339 in UTC, floored to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.floor().timestamp())
    }
}
impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}
impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The zone of the city, by its IANA name.
#[derive(Clone, Debug)]
pub struct CityZone(TimeZone);

/// Why a name is no zone.
#[derive(Debug, thiserror::Error)]
#[error("unknown time zone {name:?}: expected an IANA name such as Europe/Rome")]
pub struct ZoneError {
    name: String,
}

impl CityZone {
    /// Looks a zone up by its IANA name.
    pub fn parse(name: &str) -> Result<Self, ZoneError> {
        TimeZone::get(name).map(Self).map_err(|_unknown| ZoneError { name: name.to_owned() })
    }
    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
    /// The local wall-clock time of an instant.
    pub fn local(&self, at: Instant) -> DateTime {
        self.0.to_datetime(at.timestamp())
    }
    /// An instant in local time with its offset, by which the hour that the clocks show twice can be told apart:
    /// RFC 3339.
    pub fn told(&self, at: Instant) -> String {
        let at = at.timestamp();
        at.display_with_offset(self.0.to_offset(at)).to_string()
    }
    /// The local day of an instant.
    pub fn day(&self, at: Instant) -> Date {
        self.local(at).date()
    }
    /// The first instant of a local day.
    pub fn day_start(&self, day: Date) -> Instant {
        self.instant(day.at(0, 0, 0, 0))
    }
    /// The instant of a local time. A time that the clocks skip becomes the instant after the gap of the same
    /// distance; a time that they show twice is its first occurrence.
    pub fn instant(&self, local: DateTime) -> Instant {
        self.0
            .to_ambiguous_zoned(local)
            .compatible()
            .map_or(Instant::from_micros(i64::MAX), |zoned| zoned.timestamp().into())
    }
    /// Whether the clocks skip or repeat this local time, so that [`Self::instant`] had to choose.
    pub fn is_ambiguous(&self, local: DateTime) -> bool {
        !matches!(self.0.to_ambiguous_timestamp(local).offset(), AmbiguousOffset::Unambiguous { .. })
    }
}

/// A calendar month or year of the city: what a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// A calendar month.
    Month {
        /// The year, 1970–9998.
        year: i16,
        /// 1–12.
        month: i8,
    },
    /// A calendar year.
    Year(
        /// The year, 1970–9998.
        i16,
    ),
}

/// Why a text is no period.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no period: expected a month such as 2026-10 or a year such as 2026")]
pub struct PeriodError(String);

impl Period {
    /// Reads `YYYY-MM` or `YYYY`.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        let refuse = || PeriodError(text.chars().take(40).collect());
        let (year, month) = match text.split_once('-') {
            Some((year, month)) => (year, Some(month)),
            None => (text, None),
        };
        let number = |part: &str, digits: usize| {
            (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<i16>().ok())
                .flatten()
        };
        let year = number(year, 4).filter(|year| (1970..9999).contains(year)).ok_or_else(refuse)?;
        match month {
            None => Ok(Self::Year(year)),
            Some(month) => match number(month, 2).and_then(|month| i8::try_from(month).ok()) {
                Some(month @ 1..=12) => Ok(Self::Month { year, month }),
                _ => Err(refuse()),
            },
        }
    }
    /// Reads `YYYY-MM` only.
    pub fn parse_month(text: &str) -> Result<Self, PeriodError> {
        Self::parse(text).and_then(|period| match period {
            Self::Month { .. } => Ok(period),
            Self::Year(_) => Err(PeriodError(text.to_owned())),
        })
    }
    /// The month in which a local day lies.
    pub fn month_of(day: Date) -> Self {
        Self::Month { year: day.year(), month: day.month() }
    }
    /// The year this period lies in.
    pub fn year(self) -> i16 {
        match self {
            Self::Month { year, .. } | Self::Year(year) => year,
        }
    }
    /// The first local day.
    pub fn first_day(self) -> Date {
        match self {
            Self::Month { year, month } => Date::constant(year, month, 1),
            Self::Year(year) => Date::constant(year, 1, 1),
        }
    }
    /// The first local day after the period.
    pub fn end_day(self) -> Date {
        let span = match self {
            Self::Month { .. } => 1.month(),
            Self::Year(_) => 1.year(),
        };
        self.first_day().checked_add(span).unwrap_or(Date::MAX)
    }
    /// The half-open interval of the period in UTC.
    pub fn bounds(self, zone: &CityZone) -> (Instant, Instant) {
        (zone.day_start(self.first_day()), zone.day_start(self.end_day()))
    }
    /// The month before this one, or the year before.
    pub fn previous(self) -> Self {
        match self {
            Self::Month { year, month: 1 } => Self::Month { year: year - 1, month: 12 },
            Self::Month { year, month } => Self::Month { year, month: month - 1 },
            Self::Year(year) => Self::Year(year - 1),
        }
    }
    /// The same month, or year, one year earlier.
    pub fn year_before(self) -> Self {
        match self {
            Self::Month { year, month } => Self::Month { year: year - 1, month },
            Self::Year(year) => Self::Year(year - 1),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month { year, month } => write!(f, "{year:04}-{month:02}"),
            Self::Year(year) => write!(f, "{year:04}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn october_has_an_hour_more_and_starts_in_summer_time() {
        let zone = CityZone::parse("Europe/Rome").unwrap();
        let (from, to) = Period::parse("2026-10").unwrap().bounds(&zone);
        assert_eq!(from.to_string(), "2026-09-30T22:00:00Z");
        assert_eq!(to.to_string(), "2026-10-31T23:00:00Z");
        assert_eq!(to.seconds_since(from), (31 * 24 + 1) * 3600);
    }

    #[test]
    fn instants_are_floored_on_the_wire_also_before_1970() {
        assert_eq!(Instant::from_micros(1_999_999).to_string(), "1970-01-01T00:00:01Z");
        assert_eq!(Instant::from_micros(-1).to_string(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn malformed_periods_are_refused() {
        for text in ["", "2026-13", "2026-00", "26-10", "2026-1", "2026-10-01", "ottobre", "+026-10", "9999"]
        {
            assert!(Period::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_zone_is_named_in_the_error() {
        assert!(CityZone::parse("Europe/Milano").unwrap_err().to_string().contains("Europe/Milano"));
    }

    #[test]
    fn the_hour_shown_twice_is_its_first_occurrence() {
        let zone = CityZone::parse("Europe/Rome").unwrap();
        let local = jiff::civil::date(2026, 10, 25).at(2, 30, 0, 0);
        assert!(zone.is_ambiguous(local));
        assert_eq!(zone.instant(local).to_string(), "2026-10-25T00:30:00Z");
    }
}
