//! Rows of the yearly table that people enter by hand.
//!
//! **Invariant:** nothing is overwritten: a correction is a further revision of its year and key.

use diesel::{dsl, prelude::*};
use filo_domain::{AttachmentId, Instant, event::Actor};
use serde_json::Value;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::score_entries as table,
    sql_types::{SqlId, SqlInstant, opt},
};

/// One revision of an entered row.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The year of the table.
    pub year: i16,
    /// The row's key.
    pub key: String,
    /// From 1.
    pub revision: i32,
    /// The row as it was entered.
    pub content: Value,
    /// The document that was handed in with it.
    pub attachment: Option<AttachmentId>,
    /// When it was entered.
    pub entered_at: Instant,
    /// By whom.
    pub entered_by: Actor,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    year: i32,
    key: String,
    revision: i32,
    content: Value,
    attachment_id: Option<SqlId>,
    entered_at: SqlInstant,
    entered_by: Value,
}

impl TryFrom<Row> for Stored {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |_error| StoreError::Corrupt {
            table: "score_entries",
            id: format!("{}/{}", row.year, row.key),
            problem: "the year".to_owned(),
        };
        Ok(Self {
            year: row.year.try_into().map_err(corrupt)?,
            key: row.key,
            revision: row.revision,
            content: row.content,
            attachment: opt(row.attachment_id),
            entered_at: row.entered_at.into(),
            entered_by: serde_json::from_value(row.entered_by)?,
        })
    }
}

/// Adds a revision.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, new: &Stored) -> Result<(), StoreError> {
    let row = Row {
        year: new.year.into(),
        key: new.key.clone(),
        revision: new.revision,
        content: new.content.clone(),
        attachment_id: opt(new.attachment),
        entered_at: new.entered_at.into(),
        entered_by: serde_json::to_value(&new.entered_by)?,
    };
    on!(conn, c => diesel::insert_into(table::table).values(&row).execute(c))?;
    Ok(())
}

/// The last revision of each row of a year, by key.
///
/// # Errors
/// The database's own.
pub fn last_of_year(conn: &mut Conn, year: i16) -> Result<Vec<Stored>, StoreError> {
    page(conn, &Wanted { year, superseded: false, key: None, after: None }, i64::MAX)
}

/// The last revision of a row.
///
/// # Errors
/// The database's own.
pub fn last(conn: &mut Conn, year: i16, key: &str) -> Result<Option<Stored>, StoreError> {
    let wanted = Wanted { year, superseded: false, key: Some(key.to_owned()), after: None };
    Ok(page(conn, &wanted, 1)?.pop())
}

/// Every revision of every row, by year, key and revision.
///
/// # Errors
/// The database's own.
pub fn all(conn: &mut Conn) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<Row> = on!(conn, c => table::table
        .order((table::year, table::key, table::revision))
        .select(Row::as_select())
        .load(c))?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// The years in whose tables any revision of a row was handed in with a document.
///
/// # Errors
/// The database's own.
pub fn years_of_document(conn: &mut Conn, id: AttachmentId) -> Result<Vec<i32>, StoreError> {
    Ok(on!(conn, c => table::table
        .filter(table::attachment_id.eq(SqlId::from(id)))
        .select(table::year)
        .distinct()
        .load(c))?)
}

/// Which revisions to list.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of this year's table.
    pub year: i16,
    /// Those that were corrected since, too.
    pub superseded: bool,
    /// Of one row.
    pub key: Option<String>,
    /// Past this key and revision.
    pub after: Option<(String, i32)>,
}

/// A page of the revisions of a year, by key and revision.
///
/// # Errors
/// The database's own.
pub fn page(conn: &mut Conn, wanted: &Wanted, limit: i64) -> Result<Vec<Stored>, StoreError> {
    let later = diesel::alias!(table as later);
    let rows: Vec<Row> = on!(conn, c => {
        let mut query = table::table.filter(table::year.eq(i32::from(wanted.year))).into_boxed();
        if !wanted.superseded {
            query = query.filter(dsl::not(dsl::exists(later.filter(
                later.field(table::year).eq(table::year)
                    .and(later.field(table::key).eq(table::key))
                    .and(later.field(table::revision).gt(table::revision)),
            ))));
        }
        if let Some(key) = &wanted.key {
            query = query.filter(table::key.eq(key));
        }
        if let Some((key, revision)) = &wanted.after {
            query = query
                .filter(table::key.ge(key))
                .filter(table::key.gt(key).or(table::revision.gt(*revision)));
        }
        query.order((table::key, table::revision)).limit(limit).select(Row::as_select()).load(c)
    })?;
    rows.into_iter().map(Stored::try_from).collect()
}
