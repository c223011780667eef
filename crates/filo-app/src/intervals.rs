//! Calls by intervals of local time, as they are known now, read from rollups.

use filo_domain::{
    Instant,
    vocabulary::{Kind, Level, Word},
};
use filo_indicators::intervals::{self, Asked, By, Interval, IntervalTable, Part};
use jiff::civil::Date;
use serde::Deserialize;

use crate::{App, AppError, Caller, Permission, rollups, table};

const DAY_S: i64 = 86_400;
/// The intervals of one table: 31 days of quarters of an hour.
const MOST: i64 = 2_976;
const MINUTES_PER_DAY: i64 = 1_440;
/// Rows of calls that have no theme.
const RESIDUALS: [&str; 2] = ["not_registered", "unclassified"];

/// Which intervals to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntervalsQuery {
    /// The first local day, `YYYY-MM-DD`.
    pub from: String,
    /// The first local day after the last.
    pub to: String,
    /// 15, 30 or 60 minutes; by default 60.
    pub step: Option<i64>,
    /// `time` (by default) or `weekday`.
    pub by: Option<String>,
    /// Only calls that entered this queue first.
    pub queue: Option<String>,
    /// Only calls registered under this theme.
    pub theme: Option<String>,
    /// Only calls registered as this kind.
    pub kind: Option<String>,
    /// Only calls whose ticket is this unit's.
    pub unit: Option<String>,
    /// `I`: only calls whose ticket was never handed to level II; `II`: only those of the others.
    pub level: Option<String>,
    /// Only calls whose ticket is of this district.
    pub municipio: Option<i32>,
    /// Only calls whose ticket has this tag.
    pub tag: Option<String>,
}

impl App {
    /// Calls by intervals of local time.
    ///
    /// # Errors
    /// Wrong days, a span that is too long, an unknown theme, or the store's own.
    pub async fn call_intervals(
        &self,
        caller: &Caller,
        query: IntervalsQuery,
        now: Instant,
    ) -> Result<IntervalTable, AppError> {
        caller.must(Permission::ReadReports)?;
        let asked = self.asked(query)?;
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let zone = &core.city.zone;
                // A wait that ends in the span may have begun the day before.
                let from = zone.day_start(asked.from).plus_seconds(-DAY_S);
                let rollup = rollups::of_days(conn, &core, zone.day(from), asked.to)?;
                Ok(intervals::table(&rollup, &core.definitions, &asked, zone, now))
            })
            .await
    }

    fn asked(&self, query: IntervalsQuery) -> Result<Asked, AppError> {
        let IntervalsQuery { from, to, step, by, queue, theme, kind, unit, level, municipio, tag } = query;
        let (from, to) = (day("/from", &from)?, day("/to", &to)?);
        let step_minutes = step.unwrap_or(60);
        if ![15, 30, 60].contains(&step_minutes) {
            return Err(AppError::invalid("/step", "expected 15, 30 or 60"));
        }
        let by = match by.as_deref() {
            None | Some("time") => By::Time,
            Some("weekday") => By::Weekday,
            Some(_) => return Err(AppError::invalid("/by", "expected time or weekday")),
        };
        let days = i64::from(from.until(to).map_err(|error| AppError::invalid("/to", error))?.get_days());
        let most = MOST * step_minutes / MINUTES_PER_DAY;
        if !(1..=most).contains(&days) {
            let why = format!("must be 1 to {most} days after from, for intervals of {step_minutes} minutes");
            return Err(AppError::invalid("/to", why));
        }
        let known = |theme: &String| {
            RESIDUALS.contains(&theme.as_str()) || self.core.city.themes.get(theme).is_some()
        };
        if theme.as_ref().is_some_and(|theme| !known(theme)) {
            let why = "expected a theme of the city, not_registered or unclassified";
            return Err(AppError::invalid("/theme", why));
        }
        if unit.as_ref().is_some_and(|unit| self.core.city.units.get(unit).is_none()) {
            return Err(AppError::invalid("/unit", "expected a unit of the city"));
        }
        if municipio.is_some_and(|number| !self.core.city.profile.has_district(number)) {
            return Err(AppError::invalid("/municipio", "must be the number of a Municipio"));
        }
        let (kind, level) = (word::<Kind>("/kind", kind)?, word::<Level>("/level", level)?);
        let part = Part { queue, theme, kind, unit, level, municipio, tag };
        Ok(Asked { from, to, step_minutes, by, part })
    }
}

fn word<W: Word>(pointer: &str, text: Option<String>) -> Result<Option<W>, AppError> {
    let parse = |text: String| W::parse_word(&text).map_err(|error| AppError::invalid(pointer, error));
    text.map(parse).transpose()
}

fn day(pointer: &str, text: &str) -> Result<Date, AppError> {
    text.parse().map_err(|_not_a_day| AppError::invalid(pointer, "expected a local day such as 2026-10-01"))
}

/// A table as CSV: a header and one line an interval.
///
/// # Errors
/// When a line cannot be written.
pub fn intervals_csv(intervals: &IntervalTable) -> Result<Vec<u8>, AppError> {
    let head =
        ["from", "to", "day", "weekday", "time", "offered", "answered", "abandoned", "waits", "mean_wait_s"];
    table::csv(head, intervals.intervals.iter().map(cells))
}

fn cells(row: &Interval) -> [String; 10] {
    let at = |at: Option<Instant>| at.map(|at| at.to_string()).unwrap_or_default();
    let calls = &row.calls;
    [
        at(row.from),
        at(row.to),
        row.day.map(|day| day.to_string()).unwrap_or_default(),
        row.weekday.to_string(),
        row.time.clone(),
        calls.offered.to_string(),
        calls.answered.to_string(),
        calls.abandoned.to_string(),
        calls.waits.to_string(),
        calls.mean_wait_s.map(|mean| mean.to_string()).unwrap_or_default(),
    ]
}
