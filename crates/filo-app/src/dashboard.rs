//! The live dashboard: how today is going, by unit, channel and source.
//!
//! **Invariant:** nothing here is about one operator or one citizen. "The usual" is the mean of the same weekday of
//! the four weeks before, each up to the same local time; weeks before the first contact of all are left out.

use std::collections::BTreeMap;

use filo_domain::{
    Instant,
    vocabulary::{CallOutcome, Channel, Word},
};
use filo_store::{
    Conn, StoreError,
    dashboard::{self, SourceCount},
};
use jiff::{ToSpan, civil::Date};

use crate::{App, AppError, Caller, Core, Permission, queues::UnitQueue, rollups};

/// Weeks that the usual is the mean of.
const WEEKS: i64 = 4;
/// Who entered a queue longer ago and left no trace since is not waiting: the event of the end was lost.
const LONGEST_WAIT_S: i64 = 2 * 3600;
/// A source that has fewer contacts than this until the same time of day may well have none.
const EXPECTED: f64 = 5.0;
/// A source is late when it was quiet for so many times its usual distance between two contacts, and this long.
const TIMES: f64 = 6.0;
const QUIET_S: i64 = 1800;

/// How today is going.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// As at when.
    pub at: Instant,
    /// The phone line.
    pub calls: CallsNow,
    /// Open tickets of the units that the caller may see.
    pub units: Vec<UnitQueue>,
    /// Contacts so far, against the usual.
    pub volumes: Vec<Volume>,
    /// Weeks that the usual is the mean of.
    pub weeks: usize,
    /// Whether each source is heard.
    pub sources: Vec<SourceHealth>,
}

/// The phone line today.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallsNow {
    /// Waiting in a queue at this moment.
    pub waiting: i64,
    /// How long the first of them has waited.
    pub longest_wait_s: Option<i64>,
    /// Calls that entered a queue today.
    pub offered: i64,
    /// Of them answered.
    pub answered: i64,
    /// Of them given up.
    pub abandoned: i64,
    /// Mean wait of the answered ones.
    pub mean_wait_s: Option<f64>,
}

/// Contacts of a channel so far today.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// The channel.
    pub channel: Channel,
    /// So far.
    pub today: i64,
    /// By this time on such a day; `None` without a week to compare with.
    pub usual: Option<f64>,
}

/// Whether a source is heard.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceHealth {
    /// Its name.
    pub label: String,
    /// Its channel.
    pub channel: Channel,
    /// Contacts so far today.
    pub today: i64,
    /// By this time on such a day.
    pub usual: Option<f64>,
    /// When its last contact of today occurred.
    pub last_at: Option<Instant>,
    /// What to make of it.
    pub state: SourceState,
}

/// What to make of what a source sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// As usual.
    Heard,
    /// It has gone quiet for longer than usual.
    Late,
    /// Nothing today, though by now there usually is something.
    Silent,
    /// Too little comes of it on such a day to tell.
    Untold,
}

impl SourceState {
    /// The word in the texts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Heard => "heard",
            Self::Late => "late",
            Self::Silent => "silent",
            Self::Untold => "untold",
        }
    }
}

/// What one reading of the store gives.
struct Counted {
    today: Vec<SourceCount>,
    weeks: Vec<Vec<SourceCount>>,
    ended: Vec<dashboard::Ended>,
    waiting: (i64, Option<Instant>),
}

impl App {
    /// How today is going, as far as the caller may see.
    ///
    /// # Errors
    /// A caller who may not, or the store's own.
    pub async fn dashboard(&self, caller: &Caller, now: Instant) -> Result<Dashboard, AppError> {
        caller.must(Permission::SeeDashboard)?;
        let core = self.core.clone();
        let counted = self.db.read(move |conn| count(conn, &core, now)).await.map_err(AppError::Store)?;
        let units = self.unit_queues(caller, now).await?;
        let started = self.core.city.zone.day_start(self.core.city.zone.day(now));
        let weeks = counted.weeks.len();
        Ok(Dashboard {
            at: now,
            calls: calls(&counted, now),
            units,
            volumes: volumes(&counted),
            weeks,
            sources: sources(&self.core, &counted, (started, now)),
        })
    }
}

fn count(conn: &mut Conn, core: &Core, now: Instant) -> Result<Counted, StoreError> {
    let zone = &core.city.zone;
    let local = zone.local(now);
    let from = zone.day_start(local.date());
    // A contact of this very microsecond counts.
    let until = now.plus_seconds(1);
    let first = dashboard::first_contact(conn)?;
    let mut weeks = vec![];
    for week in 1..=WEEKS {
        let Ok(then) = local.checked_sub((week * 7).days()) else { continue };
        if first.is_some_and(|first| first < zone.day_start(then.date().tomorrow().unwrap_or(Date::MAX))) {
            weeks.push(rollups::contacts_until(conn, zone, zone.instant(then))?);
        }
    }
    Ok(Counted {
        today: dashboard::contacts(conn, from, until)?,
        weeks,
        ended: dashboard::calls_by_outcome(conn, from, until)?,
        waiting: dashboard::waiting(conn, now.plus_seconds(-LONGEST_WAIT_S), now)?,
    })
}

fn calls(counted: &Counted, now: Instant) -> CallsNow {
    let of = |outcome| counted.ended.iter().find(|ended| ended.outcome == outcome);
    let answered = of(CallOutcome::Answered);
    let mean =
        |ended: &dashboard::Ended| (ended.waits > 0).then(|| ended.waited_s as f64 / ended.waits as f64);
    let offered = counted.ended.iter().filter(|ended| ended.outcome != CallOutcome::SelfServed);
    CallsNow {
        waiting: counted.waiting.0,
        longest_wait_s: counted.waiting.1.map(|since| now.seconds().saturating_sub(since.seconds()).max(0)),
        offered: offered.map(|ended| ended.calls).sum(),
        answered: answered.map_or(0, |ended| ended.calls),
        abandoned: of(CallOutcome::Abandoned).map_or(0, |ended| ended.calls),
        mean_wait_s: answered.and_then(mean),
    }
}

/// Every wire channel, also at 0.
fn volumes(counted: &Counted) -> Vec<Volume> {
    let of = |counts: &[SourceCount], channel| -> i64 {
        counts.iter().filter(|it| it.channel == channel).map(|it| it.contacts).sum()
    };
    let row = |channel: &Channel| Volume {
        channel: *channel,
        today: of(&counted.today, *channel),
        usual: mean(counted.weeks.iter().map(|week| of(week, *channel))),
    };
    Channel::ALL.iter().map(row).collect()
}

fn mean(counts: impl ExactSizeIterator<Item = i64>) -> Option<f64> {
    let weeks = counts.len();
    (weeks > 0).then(|| counts.sum::<i64>() as f64 / weeks as f64)
}

/// The configured sources that have a channel of their own: what operators enter at the desk is no feed.
fn sources(core: &Core, counted: &Counted, (started, now): (Instant, Instant)) -> Vec<SourceHealth> {
    let by_source = |counts: &[SourceCount]| {
        let mut sums: BTreeMap<String, (i64, Option<Instant>)> = BTreeMap::new();
        for it in counts {
            let sum = sums.entry(it.source.clone()).or_default();
            *sum = (sum.0 + it.contacts, sum.1.max(it.last_at));
        }
        sums
    };
    let today = by_source(&counted.today);
    let weeks: Vec<_> = counted.weeks.iter().map(|week| by_source(week)).collect();
    let health = |source: &filo_domain::city::Source| {
        let (count, last_at) = today.get(&source.key).copied().unwrap_or_default();
        let usual = mean(weeks.iter().map(|week| week.get(&source.key).map_or(0, |it| it.0)));
        let state = judged(count, last_at, usual, (started, now));
        Some(SourceHealth {
            label: source.label.clone(),
            channel: source.channel?,
            today: count,
            usual,
            last_at,
            state,
        })
    };
    core.city.sources.iter().filter_map(health).collect()
}

/// What to make of so many contacts today, the last at this instant, where so many are usual by now.
fn judged(
    today: i64,
    last_at: Option<Instant>,
    usual: Option<f64>,
    (started, now): (Instant, Instant),
) -> SourceState {
    let Some(usual) = usual.filter(|usual| *usual >= EXPECTED) else {
        return if today > 0 { SourceState::Heard } else { SourceState::Untold };
    };
    let Some(last_at) = last_at else { return SourceState::Silent };
    let passed = now.seconds().saturating_sub(started.seconds()) as f64;
    let quiet = now.seconds().saturating_sub(last_at.seconds());
    let late = quiet >= QUIET_S && quiet as f64 > TIMES * passed / usual;
    if late { SourceState::Late } else { SourceState::Heard }
}

#[cfg(test)]
mod tests {
    use filo_domain::Instant;

    use super::{SourceState, judged};

    #[test]
    fn a_source_is_silent_or_late_only_where_more_was_usual() {
        let at = |text: &str| Instant::parse(&format!("2026-11-03T{text}:00Z")).unwrap();
        let (start, now) = (at("00:00"), at("12:00"));
        for (today, last, usual, expected) in [
            (0, None, None, SourceState::Untold),
            (0, None, Some(2.0), SourceState::Untold),
            (0, None, Some(60.0), SourceState::Silent),
            (1, Some("03:00"), Some(2.0), SourceState::Heard),
            // One every twelve minutes is usual: two hours of nothing are not, twenty minutes may be.
            (40, Some("10:00"), Some(60.0), SourceState::Late),
            (40, Some("11:40"), Some(60.0), SourceState::Heard),
            (40, Some("11:00"), Some(60.0), SourceState::Heard),
        ] {
            let last = last.map(at);
            assert_eq!(judged(today, last, usual, (start, now)), expected, "{today} {last:?} {usual:?}");
        }
    }
}
