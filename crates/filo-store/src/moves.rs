//! Contacts that were split off their ticket: what they belonged to before, so that what was known then stays known.

use diesel::prelude::*;
use filo_domain::{Instant, InteractionId, TicketId, id::Id};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::contact_moves,
    sql_types::{SqlId, SqlInstant, opt},
};

/// Names a move.
pub enum Move {}

/// A contact that was split off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactMove {
    /// The contact.
    pub interaction: InteractionId,
    /// The ticket it belonged to until then.
    pub from: TicketId,
    /// When it had been tied to that ticket.
    pub linked_at: Option<Instant>,
}

/// Remembers what a contact belonged to until `moved_at`.
///
/// # Errors
/// The database's own.
pub fn insert(
    conn: &mut Conn,
    id: Id<Move>,
    contact: ContactMove,
    moved_at: Instant,
) -> Result<(), StoreError> {
    on!(conn, c => diesel::insert_into(contact_moves::table)
        .values((
            contact_moves::id.eq(SqlId::from(id)),
            contact_moves::interaction_id.eq(SqlId::from(contact.interaction)),
            contact_moves::from_id.eq(SqlId::from(contact.from)),
            contact_moves::linked_at.eq(opt::<_, SqlInstant>(contact.linked_at)),
            contact_moves::moved_at.eq(SqlInstant::from(moved_at)),
        ))
        .execute(c))?;
    Ok(())
}

/// What was moved after an instant, the latest first.
///
/// # Errors
/// The database's own.
pub fn after(conn: &mut Conn, at: Instant) -> Result<Vec<ContactMove>, StoreError> {
    let rows: Vec<(SqlId, SqlId, Option<SqlInstant>)> = on!(conn, c => contact_moves::table
        .filter(contact_moves::moved_at.gt(SqlInstant::from(at)))
        .order((contact_moves::moved_at.desc(), contact_moves::id.desc()))
        .select((contact_moves::interaction_id, contact_moves::from_id, contact_moves::linked_at))
        .load(c))?;
    let contact = |(interaction, from, linked_at): (SqlId, SqlId, Option<SqlInstant>)| ContactMove {
        interaction: interaction.into(),
        from: from.into(),
        linked_at: opt(linked_at),
    };
    Ok(rows.into_iter().map(contact).collect())
}

/// Which contacts were split off these tickets, by ticket and contact.
///
/// # Errors
/// The database's own.
pub fn of_tickets(conn: &mut Conn, ids: &[TicketId]) -> Result<Vec<(TicketId, InteractionId)>, StoreError> {
    let rows: Vec<(SqlId, SqlId)> = on!(conn, c => contact_moves::table
        .filter(contact_moves::from_id.eq_any(ids.iter().map(|id| SqlId::from(*id))))
        .order((contact_moves::from_id, contact_moves::interaction_id))
        .select((contact_moves::from_id, contact_moves::interaction_id))
        .load(c))?;
    Ok(rows.into_iter().map(|(from, interaction)| (from.into(), interaction.into())).collect())
}
