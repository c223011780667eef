//! Monthly volumes that other systems count.
//!
//! **Invariant:** nothing is overwritten: a correction is a further revision of its key and month.

use diesel::{dsl, prelude::*};
use filo_domain::{Instant, event::Actor};
use serde_json::Value;

use crate::{Conn, StoreError, conn::on, schema::series_values as table, sql_types::SqlInstant};

/// One revision of a month's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The series.
    pub key: String,
    /// `YYYY-MM`.
    pub month: String,
    /// From 1.
    pub revision: i32,
    /// The value, not negative.
    pub value: i64,
    /// Whence it was taken.
    pub source: String,
    /// What a reader should know.
    pub note: Option<String>,
    /// When it was imported.
    pub imported_at: Instant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct Row {
    key: String,
    month: String,
    revision: i32,
    value: i64,
    source: String,
    note: Option<String>,
    imported_at: SqlInstant,
}

impl From<Row> for Stored {
    fn from(row: Row) -> Self {
        let Row { key, month, revision, value, source, note, imported_at } = row;
        Self { key, month, revision, value, source, note, imported_at: imported_at.into() }
    }
}

#[derive(Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct NewRow<'a> {
    key: &'a str,
    month: &'a str,
    revision: i32,
    value: i64,
    source: &'a str,
    note: Option<&'a str>,
    imported_at: SqlInstant,
    imported_by: Value,
}

/// Adds a revision.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, new: &Stored, by: &Actor) -> Result<(), StoreError> {
    let row = NewRow {
        key: &new.key,
        month: &new.month,
        revision: new.revision,
        value: new.value,
        source: &new.source,
        note: new.note.as_deref(),
        imported_at: new.imported_at.into(),
        imported_by: serde_json::to_value(by)?,
    };
    on!(conn, c => diesel::insert_into(table::table).values(&row).execute(c))?;
    Ok(())
}

/// The last revision of a month's value.
///
/// # Errors
/// The database's own.
pub fn last(conn: &mut Conn, key: &str, month: &str) -> Result<Option<Stored>, StoreError> {
    let row: Option<Row> = on!(conn, c => table::table
        .filter(table::key.eq(key).and(table::month.eq(month)))
        .order(table::revision.desc())
        .select(Row::as_select())
        .first(c)
        .optional())?;
    Ok(row.map(Stored::from))
}

/// All revisions of these series that were imported until an instant, by key, month and revision.
///
/// # Errors
/// The database's own.
pub fn known(conn: &mut Conn, keys: &[&str], until: Instant) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<Row> = on!(conn, c => table::table
        .filter(table::key.eq_any(keys).and(table::imported_at.le(SqlInstant::from(until))))
        .order((table::key, table::month, table::revision))
        .select(Row::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

/// A page of all revisions, by key, month and revision.
///
/// # Errors
/// The database's own.
pub fn page(conn: &mut Conn, wanted: &Wanted, limit: i64) -> Result<Vec<Stored>, StoreError> {
    let later = diesel::alias!(table as later);
    let rows: Vec<Row> = on!(conn, c => {
        let mut query = table::table.into_boxed();
        if !wanted.superseded {
            query = query.filter(dsl::not(dsl::exists(later.filter(
                later.field(table::key).eq(table::key)
                    .and(later.field(table::month).eq(table::month))
                    .and(later.field(table::revision).gt(table::revision)),
            ))));
        }
        query = match wanted.beginning {
            Beginning::Any => query,
            Beginning::With(text) => query.filter(table::key.like(format!("{text}%"))),
            Beginning::Without(text) => query.filter(table::key.not_like(format!("{text}%"))),
        };
        if let Some(key) = &wanted.key {
            query = query.filter(table::key.eq(key));
        }
        if let Some(from) = &wanted.from {
            query = query.filter(table::month.ge(from));
        }
        if let Some(to) = &wanted.to {
            query = query.filter(table::month.le(to));
        }
        if let Some((key, month, revision)) = &wanted.after {
            let later_revision = table::month.eq(month).and(table::revision.gt(*revision));
            query = query.filter(table::key.ge(key)).filter(
                table::key.gt(key).or(table::month.gt(month).or(later_revision)),
            );
        }
        query
            .order((table::key, table::month, table::revision))
            .limit(limit)
            .select(Row::as_select())
            .load(c)
    })?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

/// What a key begins with: a text without `%` and `_`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beginning {
    /// Anything.
    #[default]
    Any,
    /// This.
    With(&'static str),
    /// Anything else.
    Without(&'static str),
}

/// Which revisions to list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of one series.
    pub key: Option<String>,
    /// Of those whose keys begin so, or do not.
    pub beginning: Beginning,
    /// From this month on, `YYYY-MM`.
    pub from: Option<String>,
    /// Up to this month, included.
    pub to: Option<String>,
    /// Those that were corrected since, too.
    pub superseded: bool,
    /// Past this key, month and revision.
    pub after: Option<(String, String, i32)>,
}

/// How many revisions of a month came after an instant, by series.
///
/// # Errors
/// The database's own.
pub fn imported_after(
    conn: &mut Conn,
    month: &str,
    after: Instant,
) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(on!(conn, c => table::table
        .filter(table::month.eq(month).and(table::imported_at.gt(SqlInstant::from(after))))
        .group_by(table::key)
        .select((table::key, dsl::count_star()))
        .order(table::key)
        .load(c))?)
}
