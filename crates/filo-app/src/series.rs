//! Monthly series that other systems count: imported as JSON or CSV, corrected by revisions, listed.

use filo_domain::{Instant, form::Localised};
use filo_store::series::{Beginning, Stored, Wanted};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    App, AppError, Caller, Core, Page, Permission, Tally,
    costs::COST,
    cursors::Binding,
    ledger::{
        Read, Row, Sort, Wrong,
        rows::{self, Columns},
    },
};

/// Volumes that other systems count.
pub(crate) static VOLUMES: Sort =
    Sort { source: "series", imported: "series_imported", permission: Permission::ImportSeries, read };

pub(crate) const COLUMNS: Columns =
    Columns { needed: &["key", "month", "value", "source"], further: &["note"] };

/// Rows to import.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesRows {
    /// Each `{key, month, value, source, note?}`.
    pub items: Vec<Row>,
}

impl SeriesRows {
    /// Reads CSV in UTF-8 with a head: the columns `key, month, value, source` and, if there is one, `note`, in any
    /// order, parted by commas or semicolons.
    ///
    /// # Errors
    /// Other bytes than UTF-8, or a head that is another.
    pub fn of_csv(bytes: &[u8]) -> Result<Self, AppError> {
        Ok(Self { items: rows::of_csv(bytes, &COLUMNS)? })
    }
}

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
        self.import_rows(caller, &VOLUMES, rows.items, now).await
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
        let binding = Binding::of(&query, caller)?;
        let SeriesQuery { key, from, to, superseded, limit, cursor } = query;
        let (superseded, beginning) = (superseded.unwrap_or_default(), Beginning::Without(COST));
        let wanted = Wanted { key, beginning, from, to, superseded, after: None };
        let page = self.entries(caller, (binding, cursor.as_deref()), wanted, limit).await?;
        Ok(page.map(|value| self.series_view(value)))
    }

    fn series_view(&self, value: Stored) -> SeriesView {
        let Stored { key, month, revision, value, source, note, imported_at } = value;
        let label = self.core.city.series.iter().find(|it| it.key == key).map(|it| it.label.clone());
        SeriesView { key, label, month, value, source, note, revision, imported_at }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    key: String,
    month: String,
    value: Value,
    source: String,
    note: Option<String>,
}

/// Understands a row.
fn read(core: &Core, row: &Row, now: Instant) -> Result<Read, Wrong> {
    let row: Fields = rows::fields(row)?;
    let known: Vec<&str> = core.city.series.iter().map(|it| it.key.as_str()).collect();
    if !known.contains(&row.key.as_str()) {
        let detail = format!("there is no series {:?}: expected one of {}", row.key, known.join(", "));
        return Err(("unknown_series", detail));
    }
    let month = rows::begun(core, &row.month, now)?;
    Ok(Read {
        value: rows::volume(&row.value)?,
        key: row.key,
        month: month.to_string(),
        source: rows::source(&row.source)?,
        note: rows::note(row.note.as_deref())?,
    })
}
