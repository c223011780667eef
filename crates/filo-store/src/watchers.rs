//! Who watches a ticket. Watching changes nothing of the ticket, so it is no event of its log.

use diesel::prelude::*;
use filo_domain::{Instant, TicketId, UserId};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{ticket_watchers, users},
    sql_types::{SqlId, SqlInstant},
};

/// A user who watches a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watcher {
    /// The user.
    pub user: UserId,
    /// The user's log-in name.
    pub name: String,
    /// Since when.
    pub since: Instant,
}

/// Begins to watch; `false` when the user did so before.
///
/// # Errors
/// The database's own.
pub fn add(conn: &mut Conn, ticket: TicketId, user: UserId, since: Instant) -> Result<bool, StoreError> {
    let added = on!(conn, c => diesel::insert_into(ticket_watchers::table)
        .values((
            ticket_watchers::ticket_id.eq(SqlId::from(ticket)),
            ticket_watchers::user_id.eq(SqlId::from(user)),
            ticket_watchers::since.eq(SqlInstant::from(since)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(added == 1)
}

/// Watches no longer; `false` when the user did not.
///
/// # Errors
/// The database's own.
pub fn remove(conn: &mut Conn, ticket: TicketId, user: UserId) -> Result<bool, StoreError> {
    let removed = on!(conn, c => diesel::delete(
        ticket_watchers::table.find((SqlId::from(ticket), SqlId::from(user)))
    ).execute(c))?;
    Ok(removed == 1)
}

/// Who watches a ticket, in the order of when they began.
///
/// # Errors
/// The database's own.
pub fn of_ticket(conn: &mut Conn, ticket: TicketId) -> Result<Vec<Watcher>, StoreError> {
    let rows: Vec<(SqlId, String, SqlInstant)> = on!(conn, c => ticket_watchers::table
        .inner_join(users::table.on(users::id.eq(ticket_watchers::user_id)))
        .filter(ticket_watchers::ticket_id.eq(SqlId::from(ticket)))
        .order((ticket_watchers::since, ticket_watchers::user_id))
        .select((users::id, users::name, ticket_watchers::since))
        .load(c))?;
    let watcher = |(user, name, since): (SqlId, String, SqlInstant)| Watcher {
        user: user.into(),
        name,
        since: since.into(),
    };
    Ok(rows.into_iter().map(watcher).collect())
}
