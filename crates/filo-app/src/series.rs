//! Monthly series that other systems count: imported as JSON or CSV, corrected by revisions, listed.
//!
//! **Invariant:** read = accepted + duplicates + quarantined; the same again changes nothing, and nothing is
//! overwritten: a correction is a further revision.

use std::collections::{BTreeMap, BTreeSet};

use filo_channel::Rejected;
use filo_domain::{Instant, Period, event::Actor, form::Localised};
use filo_store::{
    Conn, audit,
    intake::take_turn,
    quarantine::Quarantined,
    series::{self as stored, Stored, Wanted},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    App, AppError, Caller, Core, Page, Permission, Tally,
    cursors::Binding,
    intake::{Kept, quarantine_unit},
    tickets::{fetch, limit},
    verify::Difference,
};

mod rows;

pub use rows::SeriesRows;
use rows::{Read, Wrong, read};

/// The source and the format under which rows are quarantined.
const SOURCE: &str = "series";
const FORMAT: &str = "row";
/// Rows of one request.
const MOST: usize = 10_000;
/// The longest sentence about a row that was not understood.
const LONGEST_DETAIL: usize = 500;
/// How long a month is written.
const MONTH: usize = 7;

/// Which values to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesQuery {
    /// One series.
    pub key: Option<String>,
    /// The first month, `YYYY-MM`.
    pub from: Option<String>,
    /// The last month.
    pub to: Option<String>,
    /// Whether values that were corrected since are listed too.
    pub superseded: Option<bool>,
    /// 1 to 200, by default 50.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// A month's value of a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeriesView {
    /// The series.
    pub key: String,
    /// What it counts; `None` once the city no longer names it.
    pub label: Option<Localised>,
    /// `YYYY-MM`.
    pub month: String,
    /// The value.
    pub value: i64,
    /// Whence it was taken.
    pub source: String,
    /// What a reader should know.
    pub note: Option<String>,
    /// Which of the month's values it is, from 1; every further one is a correction.
    pub revision: i32,
    /// When it was imported.
    pub imported_at: Instant,
}

impl App {
    /// Imports rows, in one transaction; the same again counts as duplicates, a correction adds a revision, what cannot
    /// be understood is quarantined.
    ///
    /// # Errors
    /// Too many rows, or the store's own.
    pub async fn import_series(
        &self,
        caller: &Caller,
        rows: SeriesRows,
        now: Instant,
    ) -> Result<Tally, AppError> {
        caller.must(Permission::ImportSeries)?;
        if rows.items.len() > MOST {
            return Err(AppError::invalid("/items", format!("at most {MOST} rows at once")));
        }
        let (core, actor) = (self.core.clone(), caller.actor());
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                let mut tally = Tally::default();
                for (row, read) in understood(&core, rows, now) {
                    tally.read += 1;
                    match read {
                        Err(wrong) => put_aside(conn, &row, wrong, now, &mut tally)?,
                        Ok(read) => match revise(conn, read, &actor, now)? {
                            true => tally.accepted += 1,
                            false => tally.duplicates += 1,
                        },
                    }
                }
                if tally.accepted + tally.quarantined > 0 {
                    let data = json!({ "accepted": tally.accepted, "quarantined": tally.quarantined });
                    audit::append(conn, now, &actor, "series_imported", data)?;
                }
                Ok(tally)
            })
            .await
    }

    /// Lists values by series and month: the last of each month, or those that were corrected since, too.
    ///
    /// # Errors
    /// Wrong months or cursor, or the store's own.
    pub async fn list_series(
        &self,
        caller: &Caller,
        query: SeriesQuery,
    ) -> Result<Page<SeriesView>, AppError> {
        caller.must(Permission::ReadReports)?;
        for (pointer, month) in [("/from", &query.from), ("/to", &query.to)] {
            let month = month.as_deref().map(Period::parse_month).transpose();
            month.map_err(|error| AppError::invalid(pointer, error))?;
        }
        let limit = limit(query.limit)?;
        let binding = Binding::of(&query, caller)?;
        let after = query.cursor.as_deref().map(|text| place(&binding, text)).transpose()?;
        let SeriesQuery { key, from, to, superseded, .. } = query;
        let wanted = Wanted { key, from, to, superseded: superseded.unwrap_or_default(), after };
        let rows = self.db.read(move |conn| stored::page(conn, &wanted, fetch(limit))).await;
        let cursor = |row: &Stored| binding.cursor(row.revision.into(), format!("{}{}", row.month, row.key));
        let page = Page::cut(rows.map_err(AppError::Store)?, limit, cursor);
        Ok(page.map(|value| self.series_view(value)))
    }

    fn series_view(&self, value: Stored) -> SeriesView {
        let Stored { key, month, revision, value, source, note, imported_at } = value;
        let label = self.core.city.series.iter().find(|it| it.key == key).map(|it| it.label.clone());
        SeriesView { key, label, month, value, source, note, revision, imported_at }
    }
}

/// The key, month and revision of a cursor, in which the key follows the month.
fn place(binding: &Binding, text: &str) -> Result<(String, String, i32), AppError> {
    let (revision, id): (i64, String) = binding.read(text)?;
    let place = id.split_at_checked(MONTH).zip(i32::try_from(revision).ok());
    let ((month, key), revision) =
        place.ok_or_else(|| AppError::invalid("/cursor", "not a cursor of ours"))?;
    Ok((key.to_owned(), month.to_owned(), revision))
}

type Row = Map<String, Value>;

/// What is understood of rows. A month that has two values in one import has none: which of them holds is not guessed.
fn understood(core: &Core, rows: SeriesRows, now: Instant) -> Vec<(Row, Result<Read, Wrong>)> {
    let rows = rows.items.into_iter().map(|row| {
        let read = read(core, &row, now);
        (row, read)
    });
    let mut rows: Vec<_> = rows.collect();
    let mut first: BTreeMap<(&str, &str), &Read> = BTreeMap::new();
    let mut torn = BTreeSet::new();
    for read in rows.iter().filter_map(|(_, read)| read.as_ref().ok()) {
        let place = (read.key.as_str(), read.month.as_str());
        if *first.entry(place).or_insert(read) != read {
            torn.insert((read.key.clone(), read.month.clone()));
        }
    }
    for (_, read) in &mut rows {
        if let Ok(Read { key, month, .. }) = read
            && torn.contains(&(key.clone(), month.clone()))
        {
            *read = Err(("two_values", format!("{key} has more than one value for {month} in this import")));
        }
    }
    rows
}

fn put_aside(
    conn: &mut Conn,
    row: &Row,
    (reason, detail): Wrong,
    now: Instant,
    tally: &mut Tally,
) -> Result<(), AppError> {
    // A row may hold what no database text can.
    let detail = detail.replace(char::is_control, " ").chars().take(LONGEST_DETAIL).collect();
    let rejected = Rejected { reason, detail, raw: serde_json::to_vec(row)? };
    quarantine_unit(conn, Kept { source: SOURCE, format: FORMAT, context: Value::Null }, rejected, now, tally)
}

/// Adds a revision where the value, its source or its note is another; `false` where nothing is.
fn revise(conn: &mut Conn, read: Read, actor: &Actor, now: Instant) -> Result<bool, AppError> {
    let before = stored::last(conn, &read.key, &read.month)?;
    let same = |it: &Stored| it.value == read.value && it.source == read.source && it.note == read.note;
    if before.as_ref().is_some_and(same) {
        return Ok(false);
    }
    let Read { key, month, value, source, note } = read;
    // Imports wait for each other: the later one may have begun first.
    let (revision, imported_at) = before.map_or((1, now), |it| (it.revision + 1, it.imported_at.max(now)));
    stored::insert(conn, &Stored { key, month, revision, value, source, note, imported_at }, actor)?;
    Ok(true)
}

/// Whether what is quarantined is a row of a series.
pub(crate) fn is_row(unit: &Quarantined) -> bool {
    unit.source == SOURCE && unit.format == FORMAT
}

/// Tries a quarantined row again; gives the reason it is still not understood. A value that was imported after it
/// stays.
pub(crate) fn retry(
    conn: &mut Conn,
    core: &Core,
    unit: &Quarantined,
    actor: &Actor,
    now: Instant,
) -> Result<Option<String>, AppError> {
    let row: Row = serde_json::from_slice(&unit.raw)?;
    let read = match read(core, &row, now) {
        Ok(read) => read,
        Err((reason, _)) => return Ok(Some(reason.to_owned())),
    };
    let last = stored::last(conn, &read.key, &read.month)?;
    if last.is_none_or(|last| last.imported_at <= unit.created_at) {
        revise(conn, read, actor, now)?;
    }
    Ok(None)
}

/// The revisions of every month are whole: from 1 on, each later than the one before and another.
pub(crate) fn verify(conn: &mut Conn) -> Result<Vec<Difference>, AppError> {
    const PAGE: usize = 500;
    let mut wanted = Wanted { superseded: true, ..Wanted::default() };
    let mut before: Option<Stored> = None;
    let mut differences = vec![];
    loop {
        let page = stored::page(conn, &wanted, fetch(PAGE))?;
        let Some(last) = page.last() else { return Ok(differences) };
        wanted.after = Some((last.key.clone(), last.month.clone(), last.revision));
        for row in page {
            let earlier = before.take().filter(|it| it.key == row.key && it.month == row.month);
            if let Some(problem) = problem(&row, earlier.as_ref()) {
                let subject = format!("{} {}", row.key, row.month);
                differences.push(Difference { check: "series", subject, problem: problem.to_owned() });
            }
            before = Some(row);
        }
    }
}

fn problem(row: &Stored, earlier: Option<&Stored>) -> Option<&'static str> {
    if row.revision != earlier.map_or(1, |it| it.revision + 1) {
        return Some("a revision is missing");
    }
    if row.value < 0 || Period::parse_month(&row.month).is_err() {
        return Some("the month or the value cannot be read");
    }
    earlier.filter(|it| row.imported_at < it.imported_at).map(|_| "a revision is older than the one before")
}
