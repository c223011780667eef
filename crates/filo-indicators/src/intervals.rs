//! Calls by intervals of local time: how many came, were answered, gave up, and how long they waited.
//!
//! **Invariant:** the rows are the phone's own figures parted by when: a call stands in the interval in which it entered
//! its first queue, a wait in the one in which it ended, so the rows add up to the totals. Intervals are cut from each
//! local midnight on: an hour that the clocks show twice is two of them, one that they skip is none. Start at [`table`].

use std::collections::BTreeMap;

use filo_domain::{
    CityZone, Instant, Period,
    policy::is_within,
    vocabulary::{CallOutcome, Kind, Level},
};
use jiff::civil::{Date, DateTime};
use serde::Serialize;

use crate::{
    definition::Definitions,
    number,
    report::{CallFigures, calls::queue_row},
    rollup::{Group, Quarter, Rollup},
    view::{NOT_REGISTERED, UNCLASSIFIED, Window},
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
    /// Of which calls.
    pub part: Part,
}

/// A part of all calls: those that satisfy all that is asked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Part {
    /// Only calls that entered this queue first.
    pub queue: Option<String>,
    /// Only calls registered under this theme, or `not_registered`, or `unclassified`.
    pub theme: Option<String>,
    /// Only calls registered as this kind.
    pub kind: Option<Kind>,
    /// Only calls whose ticket is this unit's.
    pub unit: Option<String>,
    /// Only calls whose ticket was never handed to level II, or was.
    pub level: Option<Level>,
    /// Only calls whose ticket is of this district.
    pub municipio: Option<i32>,
    /// Only calls whose ticket has this tag.
    pub tag: Option<String>,
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
    /// Of which calls.
    #[serde(flatten)]
    pub part: Part,
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

/// Reads a table out of a rollup of the days of the span and of the day before it, whose waits may end in it.
pub fn table(
    rollup: &Rollup,
    definitions: &Definitions,
    asked: &Asked,
    zone: &CityZone,
    as_of: Instant,
) -> IntervalTable {
    let grid = Grid::of(asked, zone);
    let (mut parts, mut all): (BTreeMap<usize, Sums>, Sums) = Default::default();
    for (group, quarters) in rollup.groups() {
        let Some(outcome) = group.outcome.filter(|_| asked.part.admits(group)) else { continue };
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

impl Part {
    fn admits(&self, group: &Group) -> bool {
        let Self { queue, theme, kind, unit, level, municipio, tag } = self;
        let filed = &group.filed;
        queue.as_deref().is_none_or(|queue| queue_row(group.queue.as_deref()) == queue)
            && theme.as_deref().is_none_or(|theme| is_under(group, theme))
            && kind.is_none_or(|kind| filed.kind == Some(kind))
            && unit.as_ref().is_none_or(|unit| filed.unit.as_ref() == Some(unit))
            && level.is_none_or(|level| filed.level == Some(level))
            && municipio.is_none_or(|municipio| filed.municipio == Some(municipio))
            && tag.as_ref().is_none_or(|tag| filed.tags.contains(tag))
    }
}

/// Whether contacts are registered under a theme or one below it, or make a row of the rest.
fn is_under(group: &Group, theme: &str) -> bool {
    match (theme, group.filed.theme.as_deref()) {
        (NOT_REGISTERED, _) => !group.registered,
        (UNCLASSIFIED, own) => group.registered && own.is_none(),
        (wanted, own) => own.is_some_and(|own| is_within(own, wanted)),
    }
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
            part: self.asked.part.clone(),
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
