//! What was handed to the document-protocol system, and what it gave back.
//!
//! **Invariant:** a register entry is written once, with its event; a hand-over has one row a ticket.

use diesel::prelude::*;
use filo_domain::{Instant, InteractionId, TicketId, protocol::ProtocolEntry};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{attachments, ticket_protocols as table, tickets},
    sql_types::{SqlId, SqlInstant, opt},
};

/// It waits for a worker.
pub const QUEUED: &str = "queued";
/// The other system has it; its number is to come.
pub const HANDED_OVER: &str = "handed_over";
/// The other system never took it.
pub const FAILED: &str = "failed";
/// It has its number.
pub const PROTOCOLLED: &str = "protocolled";
/// All states.
pub const STATES: [&str; 4] = [QUEUED, HANDED_OVER, FAILED, PROTOCOLLED];

/// A ticket's hand-over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// The ticket.
    pub ticket: TicketId,
    /// Where it stands.
    pub state: String,
    /// SHA-256 of the subject that was handed over.
    pub subject_sha256: Option<String>,
    /// When it was asked for.
    pub requested_at: Instant,
    /// When the other system took it.
    pub handed_over_at: Option<Instant>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// The register entry.
    pub entry: Option<ProtocolEntry>,
    /// When the entry came.
    pub answered_at: Option<Instant>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    ticket_id: SqlId,
    state: String,
    subject_sha256: Option<String>,
    requested_at: SqlInstant,
    handed_over_at: Option<SqlInstant>,
    last_error: Option<String>,
    entry: Option<serde_json::Value>,
    answered_at: Option<SqlInstant>,
}

fn hand_over(row: Row) -> Result<HandOver, StoreError> {
    let entry = row.entry.map(serde_json::from_value).transpose()?;
    Ok(HandOver {
        ticket: row.ticket_id.into(),
        state: row.state,
        subject_sha256: row.subject_sha256,
        requested_at: row.requested_at.into(),
        handed_over_at: opt(row.handed_over_at),
        last_error: row.last_error,
        entry,
        answered_at: opt(row.answered_at),
    })
}

/// Asks for a hand-over; `false` when it was asked for before.
///
/// # Errors
/// The database's own.
pub fn request(conn: &mut Conn, ticket: TicketId, at: Instant) -> Result<bool, StoreError> {
    let row = Row {
        ticket_id: ticket.into(),
        state: QUEUED.to_owned(),
        subject_sha256: None,
        requested_at: at.into(),
        handed_over_at: None,
        last_error: None,
        entry: None,
        answered_at: None,
    };
    let added =
        on!(conn, c => diesel::insert_into(table::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(added == 1)
}

/// The hand-over of a ticket.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, ticket: TicketId) -> Result<Option<HandOver>, StoreError> {
    let row: Option<Row> = on!(conn, c => table::table
        .find(SqlId::from(ticket))
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(hand_over).transpose()
}

/// The hand-overs of these tickets.
///
/// # Errors
/// The database's own.
pub fn of_tickets(conn: &mut Conn, ids: &[TicketId]) -> Result<Vec<HandOver>, StoreError> {
    let ids: Vec<SqlId> = ids.iter().copied().map(SqlId::from).collect();
    let rows: Vec<Row> = on!(conn, c => table::table
        .filter(table::ticket_id.eq_any(&ids))
        .select(Row::as_select())
        .load(c))?;
    rows.into_iter().map(hand_over).collect()
}

/// The hand-overs in a state, of the tickets of one unit or of all, oldest first, with their tickets' numbers.
///
/// # Errors
/// The database's own.
pub fn list(
    conn: &mut Conn,
    state: &str,
    unit: Option<&str>,
    after: Option<(Instant, TicketId)>,
    limit: i64,
) -> Result<Vec<(HandOver, String)>, StoreError> {
    let rows: Vec<(Row, String)> = on!(conn, c => {
        let mut query = table::table
            .inner_join(tickets::table.on(tickets::id.eq(table::ticket_id)))
            .filter(table::state.eq(state))
            .into_boxed();
        if let Some(unit) = unit {
            query = query.filter(tickets::unit.eq(unit));
        }
        if let Some((at, id)) = after {
            let (at, id) = (SqlInstant::from(at), SqlId::from(id));
            query = query
                .filter(table::requested_at.ge(at))
                .filter(table::requested_at.gt(at).or(table::ticket_id.gt(id)));
        }
        query
            .order((table::requested_at, table::ticket_id))
            .limit(limit)
            .select((Row::as_select(), tickets::number))
            .load(c)
    })?;
    rows.into_iter().map(|(row, number)| Ok((hand_over(row)?, number))).collect()
}

/// Records that the other system took it.
///
/// # Errors
/// The database's own.
pub fn handed_over(
    conn: &mut Conn,
    ticket: TicketId,
    subject_sha256: &str,
    at: Instant,
) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(table::table.find(SqlId::from(ticket)).filter(table::state.ne(PROTOCOLLED)))
        .set((
            table::state.eq(HANDED_OVER),
            table::subject_sha256.eq(Some(subject_sha256)),
            table::handed_over_at.eq(Some(SqlInstant::from(at))),
            table::last_error.eq(None::<String>),
        ))
        .execute(c))?;
    Ok(())
}

/// Puts one that has no number back in the queue.
///
/// # Errors
/// The database's own.
pub fn requeue(conn: &mut Conn, ticket: TicketId) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(table::table.find(SqlId::from(ticket)).filter(table::state.ne(PROTOCOLLED)))
        .set(table::state.eq(QUEUED))
        .execute(c))?;
    Ok(())
}

/// Records why the last attempt failed; it will be tried again.
///
/// # Errors
/// The database's own.
pub fn trouble(conn: &mut Conn, ticket: TicketId, why: &str) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(table::table.find(SqlId::from(ticket)).filter(table::state.ne(PROTOCOLLED)))
        .set(table::last_error.eq(Some(why)))
        .execute(c))?;
    Ok(())
}

/// Records that the other system will not take it by itself any more.
///
/// # Errors
/// The database's own.
pub fn failed(conn: &mut Conn, ticket: TicketId, why: &str) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(table::table.find(SqlId::from(ticket)).filter(table::state.ne(PROTOCOLLED)))
        .set((table::state.eq(FAILED), table::last_error.eq(Some(why))))
        .execute(c))?;
    Ok(())
}

/// Records the register entry beside its event.
///
/// # Errors
/// The database's own.
pub fn protocolled(
    conn: &mut Conn,
    ticket: TicketId,
    entry: &ProtocolEntry,
    at: Instant,
) -> Result<(), StoreError> {
    let entry = serde_json::to_value(entry)?;
    on!(conn, c => diesel::update(table::table.find(SqlId::from(ticket)))
        .set((
            table::state.eq(PROTOCOLLED),
            table::entry.eq(Some(entry)),
            table::answered_at.eq(Some(SqlInstant::from(at))),
            table::last_error.eq(None::<String>),
        ))
        .execute(c))?;
    Ok(())
}

/// Name, media type, size and SHA-256 of a contact's files, without their content.
///
/// # Errors
/// The database's own.
pub fn files_of(
    conn: &mut Conn,
    contact: InteractionId,
) -> Result<Vec<(String, String, i64, String)>, StoreError> {
    Ok(on!(conn, c => attachments::table
        .filter(attachments::interaction_id.eq(SqlId::from(contact)))
        .order(attachments::id)
        .select((attachments::name, attachments::media_type, attachments::size_bytes, attachments::sha256))
        .load(c))?)
}
