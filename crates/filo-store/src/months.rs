//! Published months: each revision of a closed month's report, whole, never changed.

use diesel::prelude::*;
use filo_domain::Instant;

use crate::{Conn, StoreError, conn::on, schema::report_revisions, sql_types::SqlInstant};

/// One published revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// `YYYY-MM`.
    pub month: String,
    /// 1 for the closing, counted up by restatements.
    pub revision: i32,
    /// The limit for everything done to tickets: the instant of closing.
    pub as_of: Instant,
    /// The limit for facts: later ones are late.
    pub recorded_until: Instant,
    /// When it was published.
    pub published_at: Instant,
    /// Why it was restated.
    pub reason: Option<String>,
    /// The report's JSON.
    pub report: String,
}

type Columns = (String, i32, SqlInstant, SqlInstant, SqlInstant, Option<String>, String);

fn revision(row: Columns) -> Revision {
    let (month, revision, as_of, recorded_until, published_at, reason, report) = row;
    Revision {
        month,
        revision,
        as_of: as_of.into(),
        recorded_until: recorded_until.into(),
        published_at: published_at.into(),
        reason,
        report,
    }
}

/// Publishes a revision; one with the same number is [`StoreError::Conflict`].
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, revision: &Revision) -> Result<(), StoreError> {
    on!(conn, c => diesel::insert_into(report_revisions::table)
        .values((
            report_revisions::month.eq(&revision.month),
            report_revisions::revision.eq(revision.revision),
            report_revisions::as_of.eq(SqlInstant::from(revision.as_of)),
            report_revisions::recorded_until.eq(SqlInstant::from(revision.recorded_until)),
            report_revisions::published_at.eq(SqlInstant::from(revision.published_at)),
            report_revisions::reason.eq(revision.reason.as_deref()),
            report_revisions::report.eq(&revision.report),
        ))
        .execute(c))?;
    Ok(())
}

/// The revisions of a month, the first first.
///
/// # Errors
/// The database's own.
pub fn of_month(conn: &mut Conn, month: &str) -> Result<Vec<Revision>, StoreError> {
    let rows: Vec<Columns> = on!(conn, c => report_revisions::table
        .filter(report_revisions::month.eq(month))
        .order(report_revisions::revision)
        .load(c))?;
    Ok(rows.into_iter().map(revision).collect())
}

/// A published revision without its report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// `YYYY-MM`.
    pub month: String,
    /// 1 for the closing, counted up by restatements.
    pub revision: i32,
    /// When it was published.
    pub published_at: Instant,
    /// Why it was restated.
    pub reason: Option<String>,
}

/// Every revision of every closed month, the newest month first and of each the newest revision.
///
/// # Errors
/// The database's own.
pub fn all(conn: &mut Conn) -> Result<Vec<Published>, StoreError> {
    let rows: Vec<(String, i32, SqlInstant, Option<String>)> = on!(conn, c => report_revisions::table
        .select((
            report_revisions::month,
            report_revisions::revision,
            report_revisions::published_at,
            report_revisions::reason,
        ))
        .order((report_revisions::month.desc(), report_revisions::revision.desc()))
        .load(c))?;
    let published = |(month, revision, published_at, reason): (String, i32, SqlInstant, Option<String>)| {
        Published { month, revision, published_at: published_at.into(), reason }
    };
    Ok(rows.into_iter().map(published).collect())
}
