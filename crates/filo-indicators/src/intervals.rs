//! Calls by intervals of local time: how many came, were answered, gave up, and how long they waited.
//!
//! **Invariant:** the rows are the phone's own figures parted by when: a call stands in the interval in which it entered
//! its first queue, a wait in the one in which it ended, so the rows add up to the totals. Intervals are cut from each
//! local midnight on: an hour that the clocks show twice is two of them, one that they skip is none. A table is the same
//! from facts ([`table`]) and from rollups ([`table_of`]), which hold all but the themes. Start at either.

use std::collections::BTreeMap;

use filo_domain::{CityZone, Instant, Period, policy::is_within, vocabulary::CallOutcome};
use jiff::civil::{Date, DateTime};
use serde::Serialize;

use crate::{
    book::Book,
    definition::Definitions,
    facts::Facts,
    number,
    report::CallFigures,
    report::calls::{Calls, parted, queue_row},
    rollup::{Group, Quarter, Rollup},
    view::{Contact, NOT_REGISTERED, UNCLASSIFIED, View, Window},
    words,
};

const S_PER_MINUTE: i64 = 60;
const MINUTES_PER_HOUR: i64 = 60;
const MINUTES_PER_DAY: i64 = 1_440;
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
    let grid = Grid::of(asked, zone);
    let view = View::new(facts, &definitions.set(grid.window.period).report, zone, as_of);
    let admits = |call: &Contact| asked.admits(&view, call);
    let parts = parted(&view, grid.window, |call, at| admits(call).then(|| grid.place(at)));
    let mut all = parted(&view, grid.window, |call, _| admits(call).then_some(()));
    let rows = grid.rows(|place| figures(parts.get(&place)));
    grid.table(definitions, as_of, figures(all.remove(&()).as_ref()), rows)
}

/// Reads a table out of a rollup of the days of the span and of the day before it. `asked` must need no more than
/// rollups hold: [`Asked::is_of_rollups`].
pub fn table_of(
    rollup: &Rollup,
    definitions: &Definitions,
    asked: &Asked,
    zone: &CityZone,
    as_of: Instant,
) -> IntervalTable {
    let grid = Grid::of(asked, zone);
    let (mut parts, mut all): (BTreeMap<usize, Sums>, Sums) = Default::default();
    for (group, quarters) in rollup.groups() {
        let Some(outcome) = group.outcome.filter(|_| asked.admits_group(group)) else { continue };
        for (at, quarter) in quarters.iter().filter(|(at, _)| grid.window.holds(*at)) {
            all.add(outcome, quarter);
            parts.entry(grid.place(at)).or_default().add(outcome, quarter);
        }
    }
    let rows = grid.rows(|place| parts.get(&place).map(Sums::figures).unwrap_or_default());
    grid.table(definitions, as_of, all.figures(), rows)
}

/// What quarters add up to.
#[derive(Default)]
struct Sums {
    offered: u64,
    answered: u64,
    abandoned: u64,
    waits: u64,
    waited_s: i128,
}

impl Sums {
    fn add(&mut self, outcome: CallOutcome, quarter: &Quarter) {
        let ended = |how| if outcome == how { quarter.contacts } else { 0 };
        self.offered += quarter.contacts;
        self.answered += ended(CallOutcome::Answered);
        self.abandoned += ended(CallOutcome::Abandoned);
        self.waits += quarter.waits.count();
        self.waited_s += quarter.waits.sum();
    }
    fn figures(&self) -> CallFigures {
        let Self { offered, answered, abandoned, waits, waited_s } = *self;
        CallFigures { offered, answered, abandoned, waits, mean_wait_s: number::mean_of(waited_s, waits) }
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
        self.admits_queue(call.queue) && self.theme.as_deref().is_none_or(theme)
    }
    /// Whether rollups say it all: they know which calls are registered, not under what.
    pub fn is_of_rollups(&self) -> bool {
        self.theme.as_deref().is_none_or(|theme| theme == NOT_REGISTERED)
    }
    fn admits_group(&self, group: &Group) -> bool {
        self.admits_queue(group.queue.as_deref()) && (self.theme.is_none() || !group.registered)
    }
    fn admits_queue(&self, queue: Option<&str>) -> bool {
        self.queue.as_deref().is_none_or(|wanted| queue_row(queue) == wanted)
    }
}

fn figures(part: Option<&Calls>) -> CallFigures {
    let mut book = Book::default();
    part.map(|part| part.figures(&mut book.page(""))).unwrap_or_default()
}

/// The intervals of a table, each by its place.
struct Grid<'a> {
    asked: &'a Asked,
    zone: &'a CityZone,
    window: Window,
    /// The first instants of the intervals, of a table by time.
    starts: Vec<Instant>,
}

impl<'a> Grid<'a> {
    fn of(asked: &'a Asked, zone: &'a CityZone) -> Self {
        let first = Period::month_of(asked.from);
        let window = Window::between(zone.day_start(asked.from), zone.day_start(asked.to), first);
        let starts = match asked.by {
            By::Time => starts(window, asked, zone),
            By::Weekday => vec![],
        };
        Self { asked, zone, window, starts }
    }
    fn step(&self) -> i64 {
        self.asked.step_minutes.max(1)
    }
    /// The place of what happened at an instant of the span.
    fn place(&self, at: Instant) -> usize {
        match self.asked.by {
            By::Time => self.starts.partition_point(|start| *start <= at.floor()).saturating_sub(1),
            By::Weekday => {
                let local = self.zone.local(at);
                let days = i64::from(local.weekday().to_monday_zero_offset());
                let place = (days * MINUTES_PER_DAY + minute_of(local)) / self.step();
                usize::try_from(place).unwrap_or_default()
            }
        }
    }
    fn rows(&self, calls: impl Fn(usize) -> CallFigures) -> Vec<Interval> {
        match self.asked.by {
            By::Time => {
                let ends = self.starts.iter().skip(1).copied().chain([self.window.to]);
                let spans = self.starts.iter().copied().zip(ends).enumerate();
                spans.map(|(place, span)| self.row_of_time(span, calls(place))).collect()
            }
            By::Weekday => {
                let minutes = (0..i64::from(WEEKDAYS) * MINUTES_PER_DAY / self.step()).enumerate();
                minutes.map(|(place, nth)| row_of_weekday(nth * self.step(), calls(place))).collect()
            }
        }
    }
    fn row_of_time(&self, (from, to): (Instant, Instant), calls: CallFigures) -> Interval {
        let local = self.zone.local(from);
        Interval {
            from: Some(from),
            to: Some(to),
            day: Some(local.date()),
            weekday: local.weekday().to_monday_one_offset(),
            time: time(minute_of(local)),
            calls,
        }
    }
    fn table(
        &self,
        definitions: &Definitions,
        as_of: Instant,
        totals: CallFigures,
        intervals: Vec<Interval>,
    ) -> IntervalTable {
        let set = definitions.set(self.window.period);
        IntervalTable {
            from: self.window.from,
            to: self.window.to,
            zone: self.zone.name().to_owned(),
            step_minutes: self.asked.step_minutes,
            by: self.asked.by,
            queue: self.asked.queue.clone(),
            theme: self.asked.theme.clone(),
            as_of,
            definitions: FIGURES.into_iter().map(FigureDefinition::of).collect(),
            version: BTreeMap::from([(set.set.clone(), set.version())]),
            totals,
            intervals,
        }
    }
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

/// The row that begins so many minutes after the week does.
fn row_of_weekday(minutes: i64, calls: CallFigures) -> Interval {
    let weekday = i8::try_from(minutes / MINUTES_PER_DAY + 1).unwrap_or(WEEKDAYS);
    Interval { from: None, to: None, day: None, weekday, time: time(minutes % MINUTES_PER_DAY), calls }
}

fn minute_of(local: DateTime) -> i64 {
    i64::from(local.hour()) * MINUTES_PER_HOUR + i64::from(local.minute())
}

fn time(minute: i64) -> String {
    format!("{:02}:{:02}", minute / MINUTES_PER_HOUR, minute % MINUTES_PER_HOUR)
}
