//! The custom fields of tickets, each set with the salt of its seal. Values may be personal: they are here alone.

use std::collections::BTreeMap;

use diesel::prelude::*;
use filo_domain::{TicketId, form::CustomFields};
use serde_json::Value;

use crate::{Conn, StoreError, conn::on, schema::ticket_fields, sql_types::SqlId, sql_words::json};

/// The fields of one ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The values; `None` once anonymised.
    pub values: Option<CustomFields>,
    /// The salt of their seal; goes with them.
    pub salt: Option<Vec<u8>>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = ticket_fields, treat_none_as_null = true, treat_none_as_default_value = false)]
struct FieldsRow {
    ticket_id: SqlId,
    data: Option<Value>,
    salt: Option<Vec<u8>>,
}

fn kept(row: FieldsRow) -> Result<(TicketId, Kept), StoreError> {
    let id = TicketId::from(row.ticket_id);
    let values = row.data.map(|data| json("ticket_fields", id, data)).transpose()?;
    Ok((id, Kept { values, salt: row.salt }))
}

/// Keeps the fields of a ticket in place of those it had.
///
/// # Errors
/// The database's own.
pub fn put(conn: &mut Conn, ticket: TicketId, values: &CustomFields, salt: &[u8]) -> Result<(), StoreError> {
    let row = FieldsRow {
        ticket_id: ticket.into(),
        data: Some(serde_json::to_value(values)?),
        salt: Some(salt.to_vec()),
    };
    on!(conn, c => diesel::insert_into(ticket_fields::table)
        .values(&row)
        .on_conflict(ticket_fields::ticket_id)
        .do_update()
        .set(&row)
        .execute(c))?;
    Ok(())
}

/// The fields of a ticket; `None` when it never had any.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, ticket: TicketId) -> Result<Option<Kept>, StoreError> {
    Ok(of_tickets(conn, &[ticket])?.remove(&ticket))
}

/// The fields of several tickets, of those that have any.
///
/// # Errors
/// The database's own.
pub fn of_tickets(conn: &mut Conn, ids: &[TicketId]) -> Result<BTreeMap<TicketId, Kept>, StoreError> {
    let rows: Vec<FieldsRow> = on!(conn, c => ticket_fields::table
        .filter(ticket_fields::ticket_id.eq_any(ids.iter().map(|id| SqlId::from(*id))))
        .select(FieldsRow::as_select())
        .load(c))?;
    rows.into_iter().map(kept).collect()
}
