//! Where merged tickets point: written from the folded ticket alone, one row as long as the merge lasts.

use std::collections::HashMap;

use diesel::prelude::*;
use filo_domain::{Instant, TicketId, ticket::Ticket};

use crate::{
    Conn, StoreError,
    conn::on,
    rollups,
    schema::merged_tickets,
    sql_types::{SqlId, SqlInstant},
};

/// Merges point one way; the bound guards against rows changed by hand.
const LONGEST_CHAIN: usize = 64;

/// Renews the row of a ticket, whose contacts count with another ticket from now on.
///
/// # Errors
/// The database's own.
pub fn write(conn: &mut Conn, ticket: &Ticket) -> Result<(), StoreError> {
    let id = SqlId::from(ticket.id);
    on!(conn, c => diesel::delete(merged_tickets::table.find(id)).execute(c))?;
    if let Some(merge) = ticket.merged {
        on!(conn, c => diesel::insert_into(merged_tickets::table)
            .values((
                merged_tickets::ticket_id.eq(id),
                merged_tickets::into_id.eq(SqlId::from(merge.into)),
                merged_tickets::merged_at.eq(SqlInstant::from(merge.at)),
            ))
            .execute(c))?;
    }
    rollups::mark_contacts_of(conn, ticket.id)
}

/// Where the merged ones among these tickets point.
///
/// # Errors
/// The database's own.
pub fn pointers(conn: &mut Conn, ids: &[TicketId]) -> Result<HashMap<TicketId, TicketId>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(SqlId, SqlId)> = on!(conn, c => merged_tickets::table
        .filter(merged_tickets::ticket_id.eq_any(ids.iter().map(|id| SqlId::from(*id))))
        .select((merged_tickets::ticket_id, merged_tickets::into_id))
        .load(c))?;
    Ok(rows.into_iter().map(|(from, into)| (from.into(), into.into())).collect())
}

/// The ticket that speaks for one: pointers are followed to the end; of one that is not merged, itself.
///
/// # Errors
/// The database's own.
pub fn end_of(conn: &mut Conn, id: TicketId) -> Result<TicketId, StoreError> {
    Ok(ends_of(conn, &[id])?.remove(&id).unwrap_or(id))
}

/// The same for each of several.
///
/// # Errors
/// The database's own.
pub fn ends_of(conn: &mut Conn, ids: &[TicketId]) -> Result<HashMap<TicketId, TicketId>, StoreError> {
    let mut ends: HashMap<TicketId, TicketId> = ids.iter().map(|id| (*id, *id)).collect();
    for _ in 0..LONGEST_CHAIN {
        let known: Vec<TicketId> = ends.values().copied().collect();
        let next = pointers(conn, &known)?;
        if next.is_empty() {
            break;
        }
        ends.values_mut().for_each(|end| *end = next.get(end).copied().unwrap_or(*end));
    }
    Ok(ends)
}

/// The tickets that point to one, however many merges lie between, nearest first.
///
/// # Errors
/// The database's own.
pub fn absorbed(conn: &mut Conn, into: TicketId) -> Result<Vec<TicketId>, StoreError> {
    let mut all: Vec<TicketId> = Vec::new();
    let mut nearest = vec![SqlId::from(into)];
    for _ in 0..LONGEST_CHAIN {
        let found: Vec<SqlId> = on!(conn, c => merged_tickets::table
            .filter(merged_tickets::into_id.eq_any(&nearest))
            .order((merged_tickets::merged_at, merged_tickets::ticket_id))
            .select(merged_tickets::ticket_id)
            .load(c))?;
        if found.is_empty() {
            break;
        }
        all.extend(found.iter().map(|id| TicketId::from(*id)));
        nearest = found;
    }
    Ok(all)
}

/// How many tickets are merged.
///
/// # Errors
/// The database's own.
pub fn count(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(on!(conn, c => merged_tickets::table.count().get_result(c))?)
}

/// Where a ticket points, and since when.
///
/// # Errors
/// The database's own.
pub fn since(conn: &mut Conn, id: TicketId) -> Result<Option<(TicketId, Instant)>, StoreError> {
    let row: Option<(SqlId, SqlInstant)> = on!(conn, c => merged_tickets::table
        .find(SqlId::from(id))
        .select((merged_tickets::into_id, merged_tickets::merged_at))
        .first(c)
        .optional())?;
    Ok(row.map(|(into, at)| (into.into(), at.into())))
}
