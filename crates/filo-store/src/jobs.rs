//! The job table: what must still be done outside a transaction, enqueued inside the one that decided it.

use diesel::prelude::*;
use filo_domain::{Instant, id::Id};
use serde_json::Value;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::jobs,
    sql_types::{SqlId, SqlInstant},
};

/// Names a job.
pub enum Task {}

const QUEUED: &str = "queued";
const RUNNING: &str = "running";
const DONE: &str = "done";
const DEAD: &str = "dead";

/// A job that a worker holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: Id<Task>,
    /// What is to be done.
    pub kind: String,
    /// With what.
    pub payload: Value,
    /// How often it was tried, this time included.
    pub attempts: i32,
}

/// Enqueues a job.
///
/// # Errors
/// The database's own.
pub fn enqueue(
    conn: &mut Conn,
    id: Id<Task>,
    kind: &str,
    payload: &Value,
    run_at: Instant,
    now: Instant,
) -> Result<(), StoreError> {
    on!(conn, c => diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(SqlId::from(id)),
            jobs::kind.eq(kind),
            jobs::payload.eq(payload),
            jobs::state.eq(QUEUED),
            jobs::run_at.eq(SqlInstant::from(run_at)),
            jobs::attempts.eq(0),
            jobs::created_at.eq(SqlInstant::from(now)),
        ))
        .execute(c))?;
    Ok(())
}

type JobColumns = (SqlId, String, Value, i32);

/// Takes due jobs under a lease, those whose lease ended first, oldest first: a worker that dies with one gives it back when the lease ends.
///
/// # Errors
/// The database's own.
pub fn claim(
    conn: &mut Conn,
    now: Instant,
    lease_until: Instant,
    limit: i64,
) -> Result<Vec<Job>, StoreError> {
    let mut rows = due(conn, RUNNING, now, limit)?;
    let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
    rows.extend(due(conn, QUEUED, now, left)?);
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<SqlId> = rows.iter().map(|row| row.0).collect();
    on!(conn, c => diesel::update(jobs::table.filter(jobs::id.eq_any(&ids)))
        .set((
            jobs::state.eq(RUNNING),
            jobs::attempts.eq(jobs::attempts + 1),
            jobs::locked_until.eq(Some(SqlInstant::from(lease_until))),
        ))
        .execute(c))?;
    Ok(rows
        .into_iter()
        .map(|(id, kind, payload, attempts)| Job { id: id.into(), kind, payload, attempts: attempts + 1 })
        .collect())
}

/// Due jobs of a state that nobody holds, or no longer. One state at a time: both at once, no index answers.
fn due(conn: &mut Conn, state: &str, now: Instant, limit: i64) -> Result<Vec<JobColumns>, StoreError> {
    let at = SqlInstant::from(now);
    let free = jobs::locked_until.is_null().or(jobs::locked_until.le(at));
    let query = jobs::table
        .filter(jobs::state.eq(state).and(jobs::run_at.le(at)).and(free))
        .order((jobs::run_at, jobs::id))
        .limit(limit)
        .select((jobs::id, jobs::kind, jobs::payload, jobs::attempts));
    Ok(match conn {
        Conn::Postgres(c) => query.for_update().skip_locked().load(&mut **c)?,
        Conn::Sqlite(c) => query.load(&mut **c)?,
    })
}

/// Marks a job as done.
///
/// # Errors
/// The database's own.
pub fn done(conn: &mut Conn, id: Id<Task>) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(jobs::table.find(SqlId::from(id)))
        .set((jobs::state.eq(DONE), jobs::locked_until.eq(None::<SqlInstant>), jobs::last_error.eq(None::<String>)))
        .execute(c))?;
    Ok(())
}

/// Puts a job back for later, or, without a later time, on the dead-letter list.
///
/// # Errors
/// The database's own.
pub fn failed(
    conn: &mut Conn,
    id: Id<Task>,
    error: &str,
    again_at: Option<Instant>,
) -> Result<(), StoreError> {
    let state = if again_at.is_some() { QUEUED } else { DEAD };
    on!(conn, c => diesel::update(jobs::table.find(SqlId::from(id)))
        .set((jobs::state.eq(state), jobs::locked_until.eq(None::<SqlInstant>), jobs::last_error.eq(Some(error))))
        .execute(c))?;
    if let Some(at) = again_at {
        on!(conn, c => diesel::update(jobs::table.find(SqlId::from(id)))
            .set(jobs::run_at.eq(SqlInstant::from(at)))
            .execute(c))?;
    }
    Ok(())
}

/// How many jobs wait or run, and how many are dead.
///
/// # Errors
/// The database's own.
pub fn counts(conn: &mut Conn) -> Result<(i64, i64), StoreError> {
    let waiting: i64 =
        on!(conn, c => jobs::table.filter(jobs::state.eq_any([QUEUED, RUNNING])).count().get_result(c))?;
    let dead: i64 = on!(conn, c => jobs::table.filter(jobs::state.eq(DEAD)).count().get_result(c))?;
    Ok((waiting, dead))
}
