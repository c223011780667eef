//! The queues: open tickets by unit and state, counted over open tickets alone.
//!
//! **Invariant:** nothing here reads a ticket that is no longer open: the counts come out of an index of open ones.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Bool, Nullable, Text},
};
use filo_domain::{Instant, TicketId, vocabulary::State};

use super::{IS_OPEN, TABLE, TicketRecord, TicketRow, convert};
use crate::{
    Conn, StoreError,
    conn::on,
    schema::tickets,
    sql_types::{Instant as InstantSql, SqlId, SqlInstant, opt},
    sql_words::word,
};

/// The open tickets of one unit in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The unit; `None` for tickets that have none.
    pub unit: Option<String>,
    /// The state.
    pub state: State,
    /// How many.
    pub open: i64,
    /// Of them assigned to nobody.
    pub unassigned: i64,
    /// Of them due on the local day.
    pub due_today: i64,
    /// Of them past their deadline.
    pub overdue: i64,
    /// When the oldest was opened.
    pub oldest_opened_at: Instant,
}

#[derive(QueryableByName)]
struct QueueRow {
    #[diesel(sql_type = Nullable<Text>)]
    unit: Option<String>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    open: i64,
    #[diesel(sql_type = BigInt)]
    unassigned: i64,
    #[diesel(sql_type = BigInt)]
    due_today: i64,
    #[diesel(sql_type = BigInt)]
    overdue: i64,
    #[diesel(sql_type = InstantSql)]
    oldest_opened_at: SqlInstant,
}

/// The present and the bounds of its local day.
#[derive(Clone, Copy, Debug)]
pub struct QueueDay {
    /// The present.
    pub now: Instant,
    /// When the day begins.
    pub from: Instant,
    /// When the next begins.
    pub to: Instant,
}

/// The queues of all units, or of one.
///
/// # Errors
/// The database's own.
pub fn queues(conn: &mut Conn, unit: Option<&str>, day: QueueDay) -> Result<Vec<Queue>, StoreError> {
    let of_unit = if unit.is_some() { " AND tickets.unit = $4" } else { "" };
    let text = format!(
        "SELECT unit, state, count(*) AS open, count(*) - count(user_id) AS unassigned, \
         count(CASE WHEN due_at >= $1 AND due_at < $2 THEN 1 END) AS due_today, \
         count(CASE WHEN due_at < $3 THEN 1 END) AS overdue, min(opened_at) AS oldest_opened_at \
         FROM tickets WHERE {IS_OPEN}{of_unit} GROUP BY unit, state ORDER BY unit, state"
    );
    let (from, to, now) = (SqlInstant::from(day.from), SqlInstant::from(day.to), SqlInstant::from(day.now));
    let rows: Vec<QueueRow> = on!(conn, c => {
        let query = sql_query(text)
            .bind::<InstantSql, _>(from)
            .bind::<InstantSql, _>(to)
            .bind::<InstantSql, _>(now);
        match unit {
            Some(unit) => query.bind::<Text, _>(unit).load(c),
            None => query.load(c),
        }
    })?;
    rows.into_iter().map(queue).collect()
}

fn queue(row: QueueRow) -> Result<Queue, StoreError> {
    Ok(Queue {
        state: word(TABLE, "queues", &row.state)?,
        unit: row.unit,
        open: row.open,
        unassigned: row.unassigned,
        due_today: row.due_today,
        overdue: row.overdue,
        oldest_opened_at: row.oldest_opened_at.into(),
    })
}

/// Open tickets past an id, by id.
///
/// # Errors
/// The database's own.
pub fn open_after(
    conn: &mut Conn,
    after: Option<TicketId>,
    limit: i64,
) -> Result<Vec<TicketRecord>, StoreError> {
    let rows: Vec<TicketRow> = on!(conn, c => {
        let mut query = tickets::table.filter(diesel::dsl::sql::<Bool>(IS_OPEN)).into_boxed();
        if let Some(id) = opt::<_, SqlId>(after) {
            query = query.filter(tickets::id.gt(id));
        }
        query.order(tickets::id).limit(limit).select(TicketRow::as_select()).load(c)
    })?;
    convert(conn, rows)
}
