//! The signatures of tickets' texts, and their bands: tickets that say nearly the same are found by an index.

use std::collections::BTreeMap;

use diesel::prelude::*;
use filo_domain::{
    Instant, TicketId,
    similar::{FEW_BITS, Signature},
};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{signature_bands, ticket_signatures},
    sql_types::{SqlId, SqlInstant},
};

#[derive(Insertable)]
#[diesel(table_name = signature_bands)]
struct BandRow {
    band: i32,
    opened_at: SqlInstant,
    ticket_id: SqlId,
    bits: i64,
}

/// Keeps the signature of a new ticket.
///
/// # Errors
/// The database's own.
pub fn insert(
    conn: &mut Conn,
    ticket: TicketId,
    signature: Signature,
    opened_at: Instant,
) -> Result<(), StoreError> {
    let (ticket_id, opened_at, bits) = (SqlId::from(ticket), SqlInstant::from(opened_at), signature.bits());
    on!(conn, c => diesel::insert_into(ticket_signatures::table)
        .values((
            ticket_signatures::ticket_id.eq(ticket_id),
            ticket_signatures::bits.eq(bits),
            ticket_signatures::opened_at.eq(opened_at),
        ))
        .execute(c))?;
    let rows: Vec<BandRow> =
        signature.bands().into_iter().map(|band| BandRow { band, opened_at, ticket_id, bits }).collect();
    match conn {
        Conn::Postgres(c) => {
            diesel::insert_into(signature_bands::table).values(&rows).execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            for row in &rows {
                diesel::insert_into(signature_bands::table).values(row).execute(&mut **c)?;
            }
        }
    }
    Ok(())
}

/// The signature of a ticket's text, if it says enough to have one.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, ticket: TicketId) -> Result<Option<Signature>, StoreError> {
    let bits: Option<i64> = on!(conn, c => ticket_signatures::table
        .find(SqlId::from(ticket))
        .select(ticket_signatures::bits)
        .first(c)
        .optional())?;
    Ok(bits.map(Signature::stored))
}

/// The tickets opened in `[from, to]` that say nearly the same, the most alike first, at most `limit`.
///
/// # Errors
/// The database's own.
pub fn similar(
    conn: &mut Conn,
    signature: Signature,
    (from, to): (Instant, Instant),
    limit: usize,
) -> Result<Vec<TicketId>, StoreError> {
    let rows: Vec<(SqlId, i64)> = on!(conn, c => signature_bands::table
        .filter(signature_bands::band.eq_any(signature.bands()))
        .filter(signature_bands::opened_at.ge(SqlInstant::from(from)))
        .filter(signature_bands::opened_at.le(SqlInstant::from(to)))
        .select((signature_bands::ticket_id, signature_bands::bits))
        .load(c))?;
    let near: BTreeMap<TicketId, u32> = rows
        .into_iter()
        .map(|(id, bits)| (TicketId::from(id), signature.distance(Signature::stored(bits))))
        .filter(|(_, distance)| *distance <= FEW_BITS)
        .collect();
    let mut near: Vec<(u32, TicketId)> = near.into_iter().map(|(id, distance)| (distance, id)).collect();
    near.sort();
    near.truncate(limit);
    Ok(near.into_iter().map(|(_, id)| id).collect())
}
