//! How far each projection of tickets is written: for which configuration, up to which ticket, and whether it is done.

use diesel::prelude::*;
use filo_domain::{Instant, TicketId};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::projection_states,
    sql_types::{SqlId, SqlInstant, opt},
};

/// Where the writing of a projection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What it is written for: a digest of the configuration, or a version of the code.
    pub fingerprint: String,
    /// The last ticket written.
    pub position: Option<TicketId>,
    /// When all tickets were written; `None` while some are not.
    pub done_at: Option<Instant>,
}

/// Where a projection stands; `None` when it was never begun.
///
/// # Errors
/// The database's own.
pub fn state(conn: &mut Conn, name: &str) -> Result<Option<State>, StoreError> {
    type Columns = (String, Option<SqlId>, Option<SqlInstant>);
    let found: Option<Columns> = on!(conn, c => projection_states::table
        .find(name)
        .select((projection_states::fingerprint, projection_states::position, projection_states::done_at))
        .first(c)
        .optional())?;
    Ok(found.map(|(fingerprint, position, done_at)| State {
        fingerprint,
        position: opt(position),
        done_at: opt(done_at),
    }))
}

/// Writes where a projection stands.
///
/// # Errors
/// The database's own.
pub fn put(conn: &mut Conn, name: &str, state: &State) -> Result<(), StoreError> {
    let values = || {
        (
            projection_states::fingerprint.eq(&state.fingerprint),
            projection_states::position.eq(opt::<_, SqlId>(state.position)),
            projection_states::done_at.eq(opt::<_, SqlInstant>(state.done_at)),
        )
    };
    on!(conn, c => diesel::insert_into(projection_states::table)
        .values((projection_states::name.eq(name), values()))
        .on_conflict(projection_states::name)
        .do_update()
        .set(values())
        .execute(c))?;
    Ok(())
}
