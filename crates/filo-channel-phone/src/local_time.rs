//! Local times in files: which instant was meant when the clocks were set back.

use filo_domain::{CityZone, Instant};
use jiff::civil::DateTime;

/// Flag: the clocks showed the time twice or never, and nothing in the row tells which instant was meant.
pub(crate) const AMBIGUOUS: &str = "local_time_ambiguous";
/// An id's own epoch this close to a time tells which of two instants was meant.
const HINT_REACH_S: i64 = 1800;
/// How far the clocks are set back, in the zones of the world.
const SHIFTS_S: [i64; 3] = [3600, 1800, 7200];

/// A time as a file gives it: one instant, or two when the clocks showed it twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LocalTime {
    first: Instant,
    second: Option<Instant>,
    certain: bool,
}

impl LocalTime {
    /// Reads RFC 3339 with an offset, or a local `YYYY-MM-DD HH:MM:SS[.ffffff]`.
    pub(crate) fn parse(text: &str, zone: &CityZone) -> Option<Self> {
        if text.len() < "2026-10-01 08:30".len() {
            return None;
        }
        if let Ok(exact) = Instant::parse(text) {
            return Some(Self { first: exact, second: None, certain: true });
        }
        text.parse().ok().and_then(|local| Self::of(local, zone))
    }

    /// A local time between 1970 and 2200; `None` outside.
    pub(crate) fn of(local: DateTime, zone: &CityZone) -> Option<Self> {
        (1970..2200).contains(&local.year()).then(|| {
            let first = zone.instant(local);
            let later = SHIFTS_S.into_iter().map(|shift| first.plus_seconds(shift));
            let second = later.into_iter().find(|at| zone.local(*at) == local);
            Self { first, second, certain: !zone.is_ambiguous(local) }
        })
    }

    /// The instant that is not before `floor`; the earlier of two, when both are not.
    pub(crate) fn at_or_after(self, floor: Instant) -> Instant {
        if self.first >= floor { self.first } else { self.second.unwrap_or(self.first) }
    }

    /// The instant nearest to an expected one.
    pub(crate) fn near(self, expected: Instant) -> Instant {
        self.instants().min_by_key(|at| at.seconds_since(expected).abs()).unwrap_or(self.first)
    }

    fn instants(self) -> impl Iterator<Item = Instant> {
        std::iter::once(self.first).chain(self.second)
    }
}

/// Start and end of something that took `duration_s`: of all readings the one in which that is true.
pub(crate) struct Span {
    pub(crate) start: Instant,
    pub(crate) end: Option<Instant>,
    /// Whether the start had to be guessed.
    pub(crate) ambiguous: bool,
}

impl Span {
    /// `near` is an instant known to be close to the start, such as the epoch in a call id.
    pub(crate) fn of(
        start: LocalTime,
        end: Option<LocalTime>,
        duration_s: Option<i64>,
        near: Option<Instant>,
    ) -> Self {
        let near = near.filter(|near| start.near(*near).seconds_since(*near).abs() <= HINT_REACH_S);
        let readings = start.instants().map(|start| Self::reading(start, end, duration_s));
        let error = |(start, _, misfit): &(Instant, Option<Instant>, i64)| {
            (*misfit, near.map_or(0, |near| start.seconds_since(near).abs()))
        };
        let mut readings: Vec<_> = readings.map(|reading| (error(&reading), reading)).collect();
        readings.sort();
        let told_apart = start.second.is_some()
            && readings.first().map(|best| best.0) != readings.get(1).map(|other| other.0);
        let (at, ended) = readings.first().map_or((start.first, None), |(_, (at, ended, _))| (*at, *ended));
        Self { start: at, end: ended, ambiguous: !(start.certain || told_apart) }
    }

    /// One reading of the start, with the end that fits it best and by how many seconds it misses.
    fn reading(
        start: Instant,
        end: Option<LocalTime>,
        duration_s: Option<i64>,
    ) -> (Instant, Option<Instant>, i64) {
        match (end, duration_s) {
            (Some(end), Some(duration)) => {
                let end = end.near(start.plus_seconds(duration));
                (start, Some(end), (end.seconds_since(start) - duration).abs())
            }
            (Some(end), None) => {
                let end = end.at_or_after(start);
                (start, Some(end), (start.seconds_since(end)).max(0))
            }
            (None, duration) => (start, duration.map(|duration| start.plus_seconds(duration)), 0),
        }
    }
}

/// The epoch seconds in an Asterisk id such as `1362424276.20` or `pbx-1362424276.20`.
pub(crate) fn epoch_of_id(id: &str) -> Option<Instant> {
    let seconds = id.rsplit('-').next()?.split('.').next()?.parse().ok()?;
    (1_000_000_000..10_000_000_000).contains(&seconds).then(|| Instant::from_seconds(seconds))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rome() -> CityZone {
        CityZone::parse("Europe/Rome").unwrap()
    }
    fn local(text: &str) -> LocalTime {
        LocalTime::parse(text, &rome()).unwrap()
    }
    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn times_are_read_with_fraction_offset_or_neither() {
        assert_eq!(local("2026-10-01 08:30:00").first, at("2026-10-01T06:30:00Z"));
        assert_eq!(local("2026-10-01 08:30:00.250000").first, at("2026-10-01T06:30:00.25Z"));
        assert_eq!(local("2026-10-01T08:30:00-04:00").first, at("2026-10-01T12:30:00Z"));
        for text in ["", "2026-10-01", "yesterday at nine", "2026-13-01 00:00:00", "0001-01-01 00:00:00"] {
            assert_eq!(LocalTime::parse(text, &rome()), None, "{text}");
        }
    }

    #[test]
    fn in_the_hour_shown_twice_duration_or_id_decide_and_else_it_is_flagged() {
        let (start, end) = (local("2026-10-25 02:50:00"), local("2026-10-25 02:10:00"));
        let over_the_change = Span::of(start, Some(end), Some(1200), None);
        assert_eq!(over_the_change.start, at("2026-10-25T00:50:00Z"));
        assert_eq!(over_the_change.end, Some(at("2026-10-25T01:10:00Z")));
        assert!(!over_the_change.ambiguous);
        let by_id = Span::of(start, None, Some(60), Some(at("2026-10-25T01:49:58Z")));
        assert_eq!((by_id.start, by_id.ambiguous), (at("2026-10-25T01:50:00Z"), false));
        let guessed = Span::of(start, None, Some(60), Some(at("2013-03-04T19:11:16Z")));
        assert_eq!((guessed.start, guessed.ambiguous), (at("2026-10-25T00:50:00Z"), true));
    }

    #[test]
    fn an_hour_that_never_was_is_flagged() {
        let span = Span::of(local("2026-03-29 02:30:00"), None, None, None);
        assert_eq!((span.start, span.ambiguous), (at("2026-03-29T01:30:00Z"), true));
    }

    proptest! {
        /// Around both clock changes of 2026: local times and the duration are what a file has of a call.
        #[test]
        fn a_span_is_read_back_from_its_local_times(
            spring in any::<bool>(), offset in -10_000_i64..10_000, duration in 0_i64..9_000
        ) {
            let zone = rome();
            let change = if spring { at("2026-03-29T01:00:00Z") } else { at("2026-10-25T01:00:00Z") };
            let (start, end) = (change.plus_seconds(offset), change.plus_seconds(offset + duration));
            let written = |at: Instant| LocalTime::of(zone.local(at), &zone).unwrap();
            let span = Span::of(written(start), Some(written(end)), Some(duration), Some(start.plus_seconds(-2)));
            prop_assert_eq!((span.start, span.end, span.ambiguous), (start, Some(end), false));
            let blind = Span::of(written(start), Some(written(end)), Some(duration), None);
            let length = blind.end.unwrap().seconds_since(blind.start);
            prop_assert_eq!(length, duration);
            prop_assert!(blind.start == start || blind.ambiguous);
        }
    }
}
