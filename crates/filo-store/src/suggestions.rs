//! Who may be one person: proposed with a reason, accepted into a merge, or dismissed for good.
//!
//! **Invariant:** a pair of persons is proposed once; one that was dismissed does not come back.

use diesel::prelude::*;
use filo_domain::{Instant, PersonId, id::Id};
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    conn::on,
    persons::Merge,
    schema::person_suggestions,
    sql_types::{SqlId, SqlInstant, opt},
};

/// Names a suggestion.
pub enum Pair {}

/// It waits for somebody to decide.
pub const OPEN: &str = "open";
/// The two were merged by it.
pub const ACCEPTED: &str = "accepted";
/// They are two.
pub const DISMISSED: &str = "dismissed";

/// Two persons who may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Its id.
    pub id: Id<Pair>,
    /// One of them, as recorded.
    pub person: PersonId,
    /// The other.
    pub other: PersonId,
    /// Why, as a stable word.
    pub reason: String,
    /// Since when.
    pub created_at: Instant,
    /// `open`, `accepted` or `dismissed`.
    pub state: String,
    /// When somebody decided.
    pub decided_at: Option<Instant>,
    /// The merge it was accepted by.
    pub merge: Option<Id<Merge>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = person_suggestions)]
struct Row {
    id: SqlId,
    person_id: SqlId,
    other_id: SqlId,
    reason: String,
    created_at: SqlInstant,
    state: String,
    decided_at: Option<SqlInstant>,
    merge_id: Option<SqlId>,
}

impl From<Row> for Suggestion {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.into(),
            person: row.person_id.into(),
            other: row.other_id.into(),
            reason: row.reason,
            created_at: row.created_at.into(),
            state: row.state,
            decided_at: opt(row.decided_at),
            merge: opt(row.merge_id),
        }
    }
}

/// Proposes that two persons may be one; a proposal made before stays as it was.
///
/// # Errors
/// The database's own.
pub fn suggest(
    conn: &mut Conn,
    id: Uuid,
    person: PersonId,
    other: PersonId,
    reason: &str,
    at: Instant,
) -> Result<(), StoreError> {
    let (first, second) = if person < other { (person, other) } else { (other, person) };
    on!(conn, c => diesel::insert_into(person_suggestions::table)
        .values((
            person_suggestions::id.eq(SqlId(id)),
            person_suggestions::person_id.eq(SqlId::from(first)),
            person_suggestions::other_id.eq(SqlId::from(second)),
            person_suggestions::reason.eq(reason),
            person_suggestions::created_at.eq(SqlInstant::from(at)),
            person_suggestions::state.eq(OPEN),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// The open ones of these persons, oldest first.
///
/// # Errors
/// The database's own.
pub fn of_persons(conn: &mut Conn, ids: &[PersonId]) -> Result<Vec<Suggestion>, StoreError> {
    let ids: Vec<SqlId> = ids.iter().map(|id| SqlId::from(*id)).collect();
    let rows: Vec<Row> = on!(conn, c => person_suggestions::table
        .filter(person_suggestions::person_id.eq_any(&ids).or(person_suggestions::other_id.eq_any(&ids)))
        .filter(person_suggestions::state.eq(OPEN))
        .order((person_suggestions::created_at, person_suggestions::id))
        .select(Row::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// One of them.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: Id<Pair>) -> Result<Option<Suggestion>, StoreError> {
    let row: Option<Row> = on!(conn, c => person_suggestions::table
        .find(SqlId::from(id))
        .select(Row::as_select())
        .first(c)
        .optional())?;
    Ok(row.map(Into::into))
}

/// Those in a state, oldest first.
///
/// # Errors
/// The database's own.
pub fn list(
    conn: &mut Conn,
    state: &str,
    after: Option<(Instant, Id<Pair>)>,
    limit: i64,
) -> Result<Vec<Suggestion>, StoreError> {
    let rows: Vec<Row> = on!(conn, c => {
        let mut query = person_suggestions::table.filter(person_suggestions::state.eq(state)).into_boxed();
        if let Some((at, id)) = after {
            let (at, id) = (SqlInstant::from(at), SqlId::from(id));
            query = query
                .filter(person_suggestions::created_at.ge(at))
                .filter(person_suggestions::created_at.gt(at).or(person_suggestions::id.gt(id)));
        }
        query
            .order((person_suggestions::created_at, person_suggestions::id))
            .limit(limit)
            .select(Row::as_select())
            .load(c)
    })?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Decides an open one; `false` when it was decided before.
///
/// # Errors
/// The database's own.
pub fn decide(
    conn: &mut Conn,
    id: Id<Pair>,
    state: &str,
    merge: Option<Id<Merge>>,
    at: Instant,
) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(person_suggestions::table.find(SqlId::from(id)))
        .filter(person_suggestions::state.eq(OPEN))
        .set((
            person_suggestions::state.eq(state),
            person_suggestions::decided_at.eq(Some(SqlInstant::from(at))),
            person_suggestions::merge_id.eq(opt::<_, SqlId>(merge)),
        ))
        .execute(c))?;
    Ok(changed == 1)
}

/// Opens again what a merge had accepted.
///
/// # Errors
/// The database's own.
pub fn reopen(conn: &mut Conn, merge: Id<Merge>) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(person_suggestions::table.filter(person_suggestions::merge_id.eq(SqlId::from(merge))))
        .set((
            person_suggestions::state.eq(OPEN),
            person_suggestions::decided_at.eq(None::<SqlInstant>),
            person_suggestions::merge_id.eq(None::<SqlId>),
        ))
        .execute(c))?;
    Ok(())
}
