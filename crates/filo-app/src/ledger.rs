//! What is entered by month: the volumes of series, and what suppliers cost. Rows come as JSON or CSV, are corrected
//! by revisions and listed.
//!
//! **Invariant:** read = accepted + duplicates + quarantined; the same again changes nothing, and nothing is
//! overwritten: a correction is a further revision. A [`Sort`] says what its rows look like and how they are
//! understood; all the rest is one.

use std::collections::{BTreeMap, BTreeSet};

use filo_channel::Rejected;
use filo_domain::{Instant, Period, event::Actor};
use filo_store::{
    Conn, audit,
    intake::take_turn,
    quarantine::Quarantined,
    series::{self as stored, Stored, Wanted},
};
use serde_json::{Map, Value, json};

use crate::{
    App, AppError, Caller, Core, Page, Permission, Tally,
    costs::COSTS,
    cursors::Binding,
    intake::{Kept, quarantine_unit},
    series::VOLUMES,
    tickets::{fetch, limit},
    verify::Difference,
};

pub(crate) mod rows;

/// The format under which rows are quarantined.
const FORMAT: &str = "row";
/// Rows of one request.
const MOST: usize = 10_000;
/// The longest sentence about a row that was not understood.
const LONGEST_DETAIL: usize = 500;
/// How long a month is written.
const MONTH: usize = 7;

/// A row as it comes.
pub(crate) type Row = Map<String, Value>;

/// A row that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) key: String,
    pub(crate) month: String,
    pub(crate) value: i64,
    pub(crate) source: String,
    pub(crate) note: Option<String>,
}

/// The stable word for why a row is not understood, and a sentence.
pub(crate) type Wrong = (&'static str, String);

/// A sort of monthly entries.
pub(crate) struct Sort {
    /// The source under which its rows are quarantined.
    pub(crate) source: &'static str,
    /// What the audit log calls an import of them.
    pub(crate) imported: &'static str,
    /// Who may import them.
    pub(crate) permission: Permission,
    /// How a row is understood.
    pub(crate) read: fn(&Core, &Row, Instant) -> Result<Read, Wrong>,
}

/// All of them.
const SORTS: [&Sort; 2] = [&VOLUMES, &COSTS];

/// The sort of a quarantined row; `None` for what is quarantined otherwise.
pub(crate) fn sort_of(unit: &Quarantined) -> Option<&'static Sort> {
    SORTS.into_iter().find(|sort| unit.source == sort.source && unit.format == FORMAT)
}

impl App {
    /// Imports rows, in one transaction; the same again counts as duplicates, a correction adds a revision, what cannot
    /// be understood is quarantined.
    pub(crate) async fn import_rows(
        &self,
        caller: &Caller,
        sort: &'static Sort,
        rows: Vec<Row>,
        now: Instant,
    ) -> Result<Tally, AppError> {
        caller.must(sort.permission)?;
        if rows.len() > MOST {
            return Err(AppError::invalid("/items", format!("at most {MOST} rows at once")));
        }
        let (core, actor) = (self.core.clone(), caller.actor());
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                let mut tally = Tally::default();
                for (row, read) in understood(&core, sort, rows, now) {
                    tally.read += 1;
                    match read {
                        Err(wrong) => put_aside(conn, sort, &row, wrong, now, &mut tally)?,
                        Ok(read) => match revise(conn, read, &actor, now)? {
                            true => tally.accepted += 1,
                            false => tally.duplicates += 1,
                        },
                    }
                }
                if tally.accepted + tally.quarantined > 0 {
                    let data = json!({ "accepted": tally.accepted, "quarantined": tally.quarantined });
                    audit::append(conn, now, &actor, sort.imported, data)?;
                }
                Ok(tally)
            })
            .await
    }

    /// A page of what was entered, by key and month.
    pub(crate) async fn entries(
        &self,
        caller: &Caller,
        (binding, cursor): (Binding, Option<&str>),
        wanted: Wanted,
        at_most: Option<usize>,
    ) -> Result<Page<Stored>, AppError> {
        caller.must(Permission::ReadReports)?;
        for (pointer, month) in [("/from", &wanted.from), ("/to", &wanted.to)] {
            let month = month.as_deref().map(Period::parse_month).transpose();
            month.map_err(|error| AppError::invalid(pointer, error))?;
        }
        let limit = limit(at_most)?;
        let after = cursor.map(|text| place(&binding, text)).transpose()?;
        let wanted = Wanted { after, ..wanted };
        let rows = self.db.read(move |conn| stored::page(conn, &wanted, fetch(limit))).await;
        let cursor = |row: &Stored| binding.cursor(row.revision.into(), format!("{}{}", row.month, row.key));
        Ok(Page::cut(rows.map_err(AppError::Store)?, limit, cursor))
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

/// What is understood of rows. A month that has two values in one import has none: which of them holds is not guessed.
fn understood(core: &Core, sort: &Sort, rows: Vec<Row>, now: Instant) -> Vec<(Row, Result<Read, Wrong>)> {
    let rows = rows.into_iter().map(|row| {
        let read = (sort.read)(core, &row, now);
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
    sort: &Sort,
    row: &Row,
    (reason, detail): Wrong,
    now: Instant,
    tally: &mut Tally,
) -> Result<(), AppError> {
    // A row may hold what no database text can.
    let detail = detail.replace(char::is_control, " ").chars().take(LONGEST_DETAIL).collect();
    let rejected = Rejected { reason, detail, raw: serde_json::to_vec(row)? };
    let kept = Kept { source: sort.source, format: FORMAT, context: Value::Null };
    quarantine_unit(conn, kept, rejected, now, tally)
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

/// Tries a quarantined row again; gives the reason it is still not understood. A value that was imported after it
/// stays.
pub(crate) fn retry(
    conn: &mut Conn,
    core: &Core,
    sort: &Sort,
    unit: &Quarantined,
    actor: &Actor,
    now: Instant,
) -> Result<Option<String>, AppError> {
    let row: Row = serde_json::from_slice(&unit.raw)?;
    let read = match (sort.read)(core, &row, now) {
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
