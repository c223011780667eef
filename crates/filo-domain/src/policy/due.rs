//! When a target is reached, given what the clock does not count.

use jiff::civil::Date;

use super::Target;
use crate::{
    CityZone, Instant,
    calendar::Calendar,
    clock::{self, Interval},
};

/// How far ahead a deadline is looked for.
const HORIZON_DAYS: u16 = 10 * 366;

/// The instant at which the target is reached; `None` when it is not within about ten years.
pub(super) fn due_at(
    target: Target,
    from: Instant,
    out: &[Interval],
    zone: &CityZone,
    calendar: &Calendar,
) -> Option<Instant> {
    match target {
        Target::ElapsedS(seconds) => spend(
            from,
            i64::from(seconds.get()),
            out,
            |start, left| Some(start.plus_seconds(left)),
            |start, end| end.seconds_since(start),
        ),
        Target::OpenS(seconds) => spend(
            from,
            i64::from(seconds.get()),
            out,
            |start, left| calendar.add_open_seconds(zone, start, left),
            |start, end| calendar.open_seconds(zone, start, end),
        ),
        Target::Days(days) => {
            let last = nth_day(from, days.get(), out, zone, |day| day_end(zone, day))?;
            let days = std::iter::successors(Some(last), |day| day.tomorrow().ok());
            let end = days.take(usize::from(HORIZON_DAYS)).find(|day| calendar.is_working_day(*day));
            day_end(zone, end.unwrap_or(last))
        }
        Target::WorkingDays(days) => {
            let last = nth_day(from, days.get(), out, zone, |day| calendar.closing(zone, day))?;
            calendar.closing(zone, last)
        }
    }
}

/// Spends `left` seconds on the parts that count: `add` finds the end within a part, `measure` what a part takes.
fn spend(
    from: Instant,
    mut left: i64,
    out: &[Interval],
    add: impl Fn(Instant, i64) -> Option<Instant>,
    measure: impl Fn(Instant, Instant) -> i64,
) -> Option<Instant> {
    let last_gap = out.iter().filter_map(|gap| gap.to).max().unwrap_or(from).max(from);
    let horizon = last_gap.floor().plus_seconds(i64::from(HORIZON_DAYS) * 86_400 + left);
    for (start, end) in clock::remaining(from, horizon, out) {
        match add(start, left) {
            Some(due) if due <= end => return Some(due),
            _ => left -= measure(start, end),
        }
    }
    None
}

/// The n-th local day after that of `from` at whose end the clock counts; a day without an end does not count.
fn nth_day(
    from: Instant,
    n: u32,
    out: &[Interval],
    zone: &CityZone,
    end_of: impl Fn(Date) -> Option<Instant>,
) -> Option<Date> {
    let counts = |day: &Date| end_of(*day).is_some_and(|end| !out.iter().any(|gap| covers(gap, end)));
    let days = std::iter::successors(zone.day(from).tomorrow().ok(), |day| day.tomorrow().ok());
    days.take(usize::from(HORIZON_DAYS)).filter(counts).nth(usize::try_from(n.checked_sub(1)?).ok()?)
}

fn covers(gap: &Interval, at: Instant) -> bool {
    gap.from <= at && gap.to.is_none_or(|to| to > at)
}

fn day_end(zone: &CityZone, day: Date) -> Option<Instant> {
    Some(zone.day_start(day.tomorrow().ok()?))
}
