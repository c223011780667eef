//! A span of time cut where the clocks change, so that within each piece local time is UTC plus a constant.

use jiff::civil::{Date, DateTime};

use crate::{CityZone, Instant};

const S_PER_DAY: i64 = 86_400;
/// A zone that changed twice within this and came back would go unnoticed; none does.
const LONGEST_S: i64 = 7 * S_PER_DAY;

/// A piece of UTC time with one offset; all in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    from: i64,
    to: i64,
    /// Local minus UTC, in seconds.
    offset: i64,
}

impl Stretch {
    /// Each local day that it touches, with the second in UTC at which that day's midnight is or would be.
    pub(super) fn days(self) -> impl Iterator<Item = (i64, Date)> {
        let first = (self.from + self.offset).div_euclid(S_PER_DAY);
        let last = (self.to - 1 + self.offset).div_euclid(S_PER_DAY);
        (first..=last).filter_map(move |day| Some((day * S_PER_DAY - self.offset, date_of(day)?)))
    }
    /// The part of `[start, end)` that lies inside.
    pub(super) fn clip(self, start: i64, end: i64) -> Option<(i64, i64)> {
        let (start, end) = (start.max(self.from), end.min(self.to));
        (start < end).then_some((start, end))
    }
}

/// Cuts `[from, to)` (seconds since 1970) into stretches, in order.
pub(super) fn stretches(zone: &CityZone, from: i64, to: i64) -> impl Iterator<Item = Stretch> {
    // The years a calendar can name; instants beyond them have no local day.
    let bound = |timestamp: jiff::Timestamp| Instant::from(timestamp).seconds();
    let to = to.min(bound(jiff::Timestamp::MAX));
    let mut next = from.max(bound(jiff::Timestamp::MIN));
    std::iter::from_fn(move || {
        if next >= to {
            return None;
        }
        let stretch = stretch_at(zone, next, to.min(next + LONGEST_S));
        next = stretch.to;
        Some(stretch)
    })
}

/// The longest stretch that begins at `from` and ends by `to`.
fn stretch_at(zone: &CityZone, from: i64, to: i64) -> Stretch {
    let offset = offset_s(zone, from);
    if offset_s(zone, to - 1) == offset {
        return Stretch { from, to, offset };
    }
    let (mut same, mut changed) = (from, to - 1);
    while changed - same > 1 {
        let middle = same + (changed - same) / 2;
        if offset_s(zone, middle) == offset { same = middle } else { changed = middle }
    }
    Stretch { from, to: changed, offset }
}

fn offset_s(zone: &CityZone, at: i64) -> i64 {
    let local = zone.local(Instant::from_seconds(at));
    day_number(local.date()) * S_PER_DAY + second_of_day(local) - at
}

/// Seconds of wall time since midnight.
pub(super) fn second_of_day(local: DateTime) -> i64 {
    i64::from(local.hour()) * 3600 + i64::from(local.minute()) * 60 + i64::from(local.second())
}

fn day_number(day: Date) -> i64 {
    day.duration_since(EPOCH).as_hours() / 24
}

fn date_of(day_number: i64) -> Option<Date> {
    EPOCH.checked_add(jiff::SignedDuration::from_hours(day_number.checked_mul(24)?)).ok()
}

const EPOCH: Date = Date::constant(1970, 1, 1);
