//! What could not be understood, whole, with the reason: listed, retried or discarded by a person.

use diesel::prelude::*;
use filo_domain::{Instant, QuarantineId};
use serde_json::Value;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::quarantine,
    sql_types::{SqlId, SqlInstant, opt},
};

/// Waiting for somebody.
pub const OPEN: &str = "open";
/// Understood at last.
pub const RETRIED: &str = "retried";
/// Put aside by a person, with a reason.
pub const DISCARDED: &str = "discarded";

/// One quarantined unit.
#[derive(Clone, Debug)]
pub struct Quarantined {
    /// Its id.
    pub id: QuarantineId,
    /// The scope of its intake key.
    pub scope: String,
    /// Its intake key.
    pub key: String,
    /// The source it came from.
    pub source: String,
    /// The decoder that refused it.
    pub format: String,
    /// The stable word for why.
    pub reason: String,
    /// A sentence for the person who looks at it.
    pub detail: String,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// What a retry needs besides the bytes.
    pub context: Value,
    /// [`OPEN`], [`RETRIED`] or [`DISCARDED`].
    pub state: String,
    /// When it was kept.
    pub created_at: Instant,
    /// When it was retried or discarded.
    pub decided_at: Option<Instant>,
    /// Why it was discarded.
    pub note: Option<String>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = quarantine, treat_none_as_default_value = false)]
struct QuarantineRow {
    id: SqlId,
    scope: String,
    key: String,
    source: String,
    format: String,
    reason: String,
    detail: String,
    raw: Vec<u8>,
    context: Value,
    state: String,
    created_at: SqlInstant,
    decided_at: Option<SqlInstant>,
    note: Option<String>,
}

impl From<QuarantineRow> for Quarantined {
    fn from(row: QuarantineRow) -> Self {
        Self {
            id: row.id.into(),
            scope: row.scope,
            key: row.key,
            source: row.source,
            format: row.format,
            reason: row.reason,
            detail: row.detail,
            raw: row.raw,
            context: row.context,
            state: row.state,
            created_at: row.created_at.into(),
            decided_at: opt(row.decided_at),
            note: row.note,
        }
    }
}

/// Keeps a unit.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, unit: &Quarantined) -> Result<(), StoreError> {
    let unit = unit.clone();
    let row = QuarantineRow {
        id: unit.id.into(),
        scope: unit.scope,
        key: unit.key,
        source: unit.source,
        format: unit.format,
        reason: unit.reason,
        detail: unit.detail,
        raw: unit.raw,
        context: unit.context,
        state: unit.state,
        created_at: unit.created_at.into(),
        decided_at: opt(unit.decided_at),
        note: unit.note,
    };
    on!(conn, c => diesel::insert_into(quarantine::table).values(&row).execute(c))?;
    Ok(())
}

/// Reads one unit.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: QuarantineId) -> Result<Option<Quarantined>, StoreError> {
    let row: Option<QuarantineRow> = on!(conn, c => quarantine::table.find(SqlId::from(id)).select(QuarantineRow::as_select()).first(c).optional())?;
    Ok(row.map(Into::into))
}

/// Lists units in a state, oldest first, after a cursor.
///
/// # Errors
/// The database's own.
pub fn list(
    conn: &mut Conn,
    state: &str,
    after: Option<(Instant, QuarantineId)>,
    limit: i64,
) -> Result<Vec<Quarantined>, StoreError> {
    let rows: Vec<QuarantineRow> = on!(conn, c => {
        let mut query = quarantine::table.filter(quarantine::state.eq(state)).into_boxed();
        if let Some((at, id)) = after {
            let (at, id) = (SqlInstant::from(at), SqlId::from(id));
            query = query.filter(quarantine::created_at.ge(at)).filter(quarantine::created_at.gt(at).or(quarantine::id.gt(id)));
        }
        query.order((quarantine::created_at, quarantine::id)).limit(limit).select(QuarantineRow::as_select()).load(c)
    })?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// How many units waited for somebody at an instant, by source.
///
/// # Errors
/// The database's own.
pub fn waiting(conn: &mut Conn, at: Instant) -> Result<Vec<(String, i64)>, StoreError> {
    let at = SqlInstant::from(at);
    let rows: Vec<(String, i64)> = on!(conn, c => quarantine::table
        .filter(quarantine::created_at.le(at))
        .filter(quarantine::decided_at.is_null().or(quarantine::decided_at.gt(at)))
        .group_by(quarantine::source)
        .select((quarantine::source, diesel::dsl::count_star()))
        .order(quarantine::source)
        .load(c))?;
    Ok(rows)
}

/// The open units of a source with one reason, oldest first.
///
/// # Errors
/// The database's own.
pub fn open_of(conn: &mut Conn, source: &str, reason: &str) -> Result<Vec<Quarantined>, StoreError> {
    let rows: Vec<QuarantineRow> = on!(conn, c => quarantine::table
        .filter(quarantine::source.eq(source).and(quarantine::state.eq(OPEN)).and(quarantine::reason.eq(reason)))
        .order((quarantine::created_at, quarantine::id))
        .select(QuarantineRow::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Settles an open unit; `false` when somebody else did.
///
/// # Errors
/// The database's own.
pub fn decide(
    conn: &mut Conn,
    id: QuarantineId,
    state: &str,
    at: Instant,
    note: Option<&str>,
) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(quarantine::table.find(SqlId::from(id)))
        .filter(quarantine::state.eq(OPEN))
        .set((
            quarantine::state.eq(state),
            quarantine::decided_at.eq(Some(SqlInstant::from(at))),
            quarantine::note.eq(note),
        ))
        .execute(c))?;
    Ok(changed == 1)
}
