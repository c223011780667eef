//! Calls by intervals of local time: how many came, were answered, gave up, and how long they waited.
//!
//! **Invariant:** the rows are the phone's own figures parted by when: a call stands in the interval in which it entered
//! its first queue, a wait in the one in which it ended, so the rows add up to the totals. Intervals are cut from each
//! local midnight on: an hour that the clocks show twice is two of them, one that they skip is none. Start at [`table`].

use std::collections::BTreeMap;

use filo_domain::{CityZone, Instant, Period, policy::is_within};
use jiff::civil::{Date, DateTime};
use serde::Serialize;

use crate::{
    book::Book,
    definition::Definitions,
    facts::Facts,
    report::CallFigures,
    report::calls::{Calls, parted, queue_of},
    view::{Contact, NOT_REGISTERED, UNCLASSIFIED, View, Window},
    words,
};

const S_PER_MINUTE: i64 = 60;
const MINUTES_PER_HOUR: i64 = 60;
const WEEKDAYS: i8 = 7;
/// The figures of a row, as the report names them.
const FIGURES: [&str; 5] = ["offered", "answered", "abandoned", "waits", "mean_wait_s"];

/// How the span is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Interval after interval.
    Time,
    /// By weekday and time of day, over all weeks.
    Weekday,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The first local day.
    pub from: Date,
    /// The first local day after the last.
    pub to: Date,
    /// How long an interval is: a part of an hour, or an hour.
    pub step_minutes: i64,
    /// How the span is cut.
    pub by: By,
    /// Only calls that entered this queue first.
    pub queue: Option<String>,
    /// Only calls registered under this theme, or `not_registered`, or `unclassified`.
    pub theme: Option<String>,
}

/// A table of intervals.
#[derive(Clone, Debug, Serialize)]
pub struct IntervalTable {
    /// Its first instant.
    pub from: Instant,
    /// The first instant after it.
    pub to: Instant,
    /// The zone of the intervals.
    pub zone: String,
    /// How long an interval is.
    pub step_minutes: i64,
    /// How the span is cut.
    pub by: By,
    /// Of one queue alone.
    pub queue: Option<String>,
    /// Of one theme alone.
    pub theme: Option<String>,
    /// The instant as at which everything is known.
    pub as_of: Instant,
    /// What the figures say.
    pub definitions: Vec<FigureDefinition>,
    /// The set of definitions and its version.
    pub version: BTreeMap<String, String>,
    /// All of it.
    pub totals: CallFigures,
    /// Every interval, those without a call too.
    pub intervals: Vec<Interval>,
}

/// What a figure says.
#[derive(Clone, Debug, Serialize)]
pub struct FigureDefinition {
    /// Its key in each row.
    pub key: &'static str,
    /// In words for citizens.
    pub words: String,
    /// How it is computed.
    pub formula: String,
}

/// One interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Its first instant; `None` of a time of several days.
    pub from: Option<Instant>,
    /// The first instant after it; `None` of a time of several days.
    pub to: Option<Instant>,
    /// Its local day; `None` of a time of several days.
    pub day: Option<Date>,
    /// 1 is Monday.
    pub weekday: i8,
    /// The local time at which it begins, `HH:MM`.
    pub time: String,
    /// Its calls.
    #[serde(flatten)]
    pub calls: CallFigures,
}

/// Computes a table. `facts` are those of the span and of the day before it, whose waits may end in it.
pub fn table(
    facts: &Facts,
    definitions: &Definitions,
    asked: &Asked,
    zone: &CityZone,
    as_of: Instant,
) -> IntervalTable {
    let first = Period::month_of(asked.from);
    let set = definitions.set(first);
    let view = View::new(facts, &set.report, zone, as_of);
    let window = Window::between(zone.day_start(asked.from), zone.day_start(asked.to), first);
    let admits = |call: &Contact| asked.admits(&view, call);
    let intervals = match asked.by {
        By::Time => by_time(&view, window, asked, admits),
        By::Weekday => by_weekday(&view, window, asked, admits),
    };
    let mut all = parted(&view, window, |call, _| admits(call).then_some(()));
    IntervalTable {
        from: window.from,
        to: window.to,
        zone: zone.name().to_owned(),
        step_minutes: asked.step_minutes,
        by: asked.by,
        queue: asked.queue.clone(),
        theme: asked.theme.clone(),
        as_of,
        definitions: FIGURES.into_iter().map(FigureDefinition::of).collect(),
        version: BTreeMap::from([(set.set.clone(), set.version())]),
        totals: figures(all.remove(&()).as_ref()),
        intervals,
    }
}

impl FigureDefinition {
    fn of(key: &'static str) -> Self {
        let (words, formula) = words::of(&format!("/phone/{key}"));
        Self { key, words, formula }
    }
}

impl Asked {
    fn admits(&self, view: &View, call: &Contact) -> bool {
        let theme = |wanted: &str| match wanted {
            NOT_REGISTERED | UNCLASSIFIED => view.theme_of(call.ticket) == wanted,
            _ => {
                let ticket = call.ticket.and_then(|id| view.ticket(id));
                ticket.and_then(|it| it.theme.as_deref()).is_some_and(|own| is_within(own, wanted))
            }
        };
        self.queue.as_deref().is_none_or(|wanted| queue_of(call) == wanted)
            && self.theme.as_deref().is_none_or(theme)
    }
}

fn figures(part: Option<&Calls>) -> CallFigures {
    let mut book = Book::default();
    part.map(|part| part.figures(&mut book.page(""))).unwrap_or_default()
}

/// The first instants of the intervals of a span: each local day cut from its midnight on.
fn starts(window: Window, asked: &Asked, zone: &CityZone) -> Vec<Instant> {
    let days = std::iter::successors(Some(asked.from), |day| day.tomorrow().ok());
    let days = days.take_while(|day| *day < asked.to);
    let step_s = asked.step_minutes * S_PER_MINUTE;
    days.flat_map(|day| {
        let end = day.tomorrow().map_or(window.to, |next| zone.day_start(next));
        let cuts = std::iter::successors(Some(zone.day_start(day)), move |at| Some(at.plus_seconds(step_s)));
        cuts.take_while(move |at| *at < end)
    })
    .collect()
}

fn by_time<'v>(
    view: &'v View<'v>,
    window: Window,
    asked: &Asked,
    admits: impl Fn(&Contact) -> bool,
) -> Vec<Interval> {
    let starts = starts(window, asked, view.zone);
    let place = |at: Instant| starts.partition_point(|start| *start <= at.floor());
    let parts = parted(view, window, |call, at| admits(call).then(|| place(at)));
    let ends = starts.iter().skip(1).copied().chain([window.to]);
    let row = |(place, (from, to)): (usize, (Instant, Instant))| {
        let local = view.zone.local(from);
        Interval {
            from: Some(from),
            to: Some(to),
            day: Some(local.date()),
            weekday: local.weekday().to_monday_one_offset(),
            time: time(minute_of(local)),
            calls: figures(parts.get(&(place + 1))),
        }
    };
    starts.iter().copied().zip(ends).enumerate().map(row).collect()
}

fn by_weekday<'v>(
    view: &'v View<'v>,
    window: Window,
    asked: &Asked,
    admits: impl Fn(&Contact) -> bool,
) -> Vec<Interval> {
    let step = asked.step_minutes.max(1);
    let parts = parted(view, window, |call, at| {
        let local = view.zone.local(at);
        let minute = minute_of(local);
        admits(call).then(|| (local.weekday().to_monday_one_offset(), minute - minute % step))
    });
    let times = (0..24 * MINUTES_PER_HOUR / step).map(|nth| nth * step);
    let row = |(weekday, minute): (i8, i64)| Interval {
        from: None,
        to: None,
        day: None,
        weekday,
        time: time(minute),
        calls: figures(parts.get(&(weekday, minute))),
    };
    (1..=WEEKDAYS).flat_map(|weekday| times.clone().map(move |minute| (weekday, minute))).map(row).collect()
}

fn minute_of(local: DateTime) -> i64 {
    i64::from(local.hour()) * MINUTES_PER_HOUR + i64::from(local.minute())
}

fn time(minute: i64) -> String {
    format!("{:02}:{:02}", minute / MINUTES_PER_HOUR, minute % MINUTES_PER_HOUR)
}
