//! The work of units: whose turn it is, how much each has open, and what an ended unit left behind.
//!
//! **Invariant:** how much a user has open decides who gets the next ticket and nothing else: no list shows it.

use std::collections::BTreeMap;

use diesel::{dsl::count_star, prelude::*};
use filo_domain::{
    TicketId, UserId,
    vocabulary::{State, Word},
};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{tickets, unit_turns},
    sql_types::{SqlId, opt},
};

/// The states of a ticket that is open.
fn open_states() -> Vec<&'static str> {
    State::ALL.iter().filter(|state| state.is_open()).map(|state| state.word()).collect()
}

/// Who got the unit's last ticket. The row stays locked until the transaction ends, so that two tickets that come at
/// once go by two turns. (SQLite has one writer anyway.)
///
/// # Errors
/// The database's own.
pub fn lock_turn(conn: &mut Conn, unit: &str) -> Result<Option<UserId>, StoreError> {
    let last: Option<SqlId> = on!(conn, c => diesel::insert_into(unit_turns::table)
        .values((unit_turns::unit.eq(unit), unit_turns::user_id.eq(None::<SqlId>)))
        .on_conflict(unit_turns::unit)
        .do_update()
        .set(unit_turns::unit.eq(unit))
        .returning(unit_turns::user_id)
        .get_result(c))?;
    Ok(opt(last))
}

/// Notes who got the unit's last ticket.
///
/// # Errors
/// The database's own.
pub fn set_turn(conn: &mut Conn, unit: &str, user: UserId) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(unit_turns::table.find(unit))
        .set(unit_turns::user_id.eq(Some(SqlId::from(user))))
        .execute(c))?;
    Ok(())
}

/// How many open tickets each of these users has; who has none is not in it.
///
/// # Errors
/// The database's own.
pub fn loads(conn: &mut Conn, users: &[UserId]) -> Result<BTreeMap<UserId, i64>, StoreError> {
    let rows: Vec<(Option<SqlId>, i64)> = on!(conn, c => tickets::table
        .filter(tickets::user_id
            .eq_any(users.iter().map(|id| Some(SqlId::from(*id))))
            .and(tickets::state.eq_any(open_states())))
        .group_by(tickets::user_id)
        .select((tickets::user_id, count_star()))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(user, count)| Some((user?.into(), count))).collect())
}

/// How many open tickets a unit has.
///
/// # Errors
/// The database's own.
pub fn count_open(conn: &mut Conn, unit: &str) -> Result<i64, StoreError> {
    let count: i64 = on!(conn, c => tickets::table
        .filter(tickets::unit.eq(unit).and(tickets::state.eq_any(open_states())))
        .count()
        .get_result(c))?;
    Ok(count)
}

/// Open tickets of a unit.
///
/// # Errors
/// The database's own.
pub fn open_tickets(conn: &mut Conn, unit: &str, limit: i64) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<SqlId> = on!(conn, c => tickets::table
        .filter(tickets::unit.eq(unit).and(tickets::state.eq_any(open_states())))
        .order((tickets::opened_at, tickets::id))
        .limit(limit)
        .select(tickets::id)
        .load(c))?;
    Ok(ids.into_iter().map(Into::into).collect())
}
