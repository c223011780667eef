//! The clocks kept beside the tickets: a projection written with theirs, from the same folded ticket.

use diesel::prelude::*;
use filo_domain::{TicketId, policy::KeptClock, vocabulary::Word};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::ticket_clocks,
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::word,
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = ticket_clocks, treat_none_as_null = true, treat_none_as_default_value = false)]
struct ClockRow {
    ticket_id: SqlId,
    name: String,
    policy: Option<String>,
    started_at: SqlInstant,
    due_at: Option<SqlInstant>,
    stopped_at: Option<SqlInstant>,
    counted_until: Option<SqlInstant>,
}

fn row(ticket: TicketId, clock: &KeptClock) -> ClockRow {
    ClockRow {
        ticket_id: ticket.into(),
        name: clock.name.word().to_owned(),
        policy: clock.policy.clone(),
        started_at: clock.started_at.into(),
        due_at: opt(clock.due_at),
        stopped_at: opt(clock.stopped_at),
        counted_until: opt(clock.counted_until),
    }
}

fn clock(row: ClockRow) -> Result<(TicketId, KeptClock), StoreError> {
    let ticket = TicketId::from(row.ticket_id);
    let kept = KeptClock {
        name: word("ticket_clocks", ticket, &row.name)?,
        policy: row.policy,
        started_at: row.started_at.into(),
        due_at: opt(row.due_at),
        stopped_at: opt(row.stopped_at),
        counted_until: opt(row.counted_until),
    };
    Ok((ticket, kept))
}

/// Writes the clocks of a ticket in place of those before.
///
/// # Errors
/// The database's own.
pub fn put(conn: &mut Conn, ticket: TicketId, clocks: &[KeptClock]) -> Result<(), StoreError> {
    let names: Vec<&str> = clocks.iter().map(|clock| clock.name.word()).collect();
    on!(conn, c => diesel::delete(ticket_clocks::table
        .filter(ticket_clocks::ticket_id.eq(SqlId::from(ticket)).and(ticket_clocks::name.ne_all(&names))))
        .execute(c))?;
    for kept in clocks {
        let row = row(ticket, kept);
        on!(conn, c => diesel::insert_into(ticket_clocks::table)
            .values(&row)
            .on_conflict((ticket_clocks::ticket_id, ticket_clocks::name))
            .do_update()
            .set(&row)
            .execute(c))?;
    }
    Ok(())
}

/// The clocks of tickets.
///
/// # Errors
/// The database's own.
pub fn of(conn: &mut Conn, tickets: &[TicketId]) -> Result<Vec<(TicketId, KeptClock)>, StoreError> {
    let rows: Vec<ClockRow> = on!(conn, c => ticket_clocks::table
        .filter(ticket_clocks::ticket_id.eq_any(tickets.iter().map(|id| SqlId::from(*id))))
        .order((ticket_clocks::ticket_id, ticket_clocks::name))
        .select(ClockRow::as_select())
        .load(c))?;
    rows.into_iter().map(clock).collect()
}
