//! The feed: what happened, in one order, for whoever follows along (streams, webhooks).
//!
//! **Invariant:** who reads past a number never misses a row that appears later under a smaller one. A row is written
//! without a number in the transaction of what it tells. Once that is committed, [`number`] gives it the next: one
//! transaction at a time does so (it holds the row of the counter), and it sees committed rows alone. A number given
//! at the writing would not do: on PostgreSQL a transaction that took 7 may commit before the one that took 6. Nor
//! does anybody wait: a lock held from the writing to the commit would put all work in one line.
//!
//! Rows of one ticket keep their order: its writers hold the ticket's lock, so the second row is written after the
//! first was committed.

use diesel::{dsl::exists, prelude::*, sql_types::BigInt};
use filo_domain::{
    Instant, TicketId, UserId,
    vocabulary::{State, Word},
};
use serde_json::Value;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{counters, feed, tickets},
    sql_types::{SqlId, SqlInstant, opt},
};

/// The counter that holds the last number given.
const LAST: &str = "feed";
/// The counter that holds the greatest number that was pruned.
const PRUNED: &str = "feed_pruned";

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// Its place in the feed; 0 before it has one.
    pub seq: i64,
    /// When it was recorded.
    pub at: Instant,
    /// What sort, such as `ticket.opened`.
    pub kind: String,
    /// Of which ticket.
    pub ticket: Option<TicketId>,
    /// The unit that it concerns.
    pub unit: Option<String>,
    /// The unit that it concerned until now, where that changed.
    pub unit_before: Option<String>,
    /// Whom alone it concerns.
    pub user: Option<UserId>,
    /// What a screen needs to know what to read again: no text, no personal data.
    pub data: Value,
}

#[derive(Insertable)]
#[diesel(table_name = feed, treat_none_as_default_value = false)]
struct NewRow {
    at: SqlInstant,
    kind: String,
    ticket_id: Option<SqlId>,
    unit: Option<String>,
    unit_before: Option<String>,
    user_id: Option<SqlId>,
    data: Value,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = feed)]
struct Row {
    seq: Option<i64>,
    at: SqlInstant,
    kind: String,
    ticket_id: Option<SqlId>,
    unit: Option<String>,
    unit_before: Option<String>,
    user_id: Option<SqlId>,
    data: Value,
}

impl From<Row> for News {
    fn from(row: Row) -> Self {
        Self {
            seq: row.seq.unwrap_or_default(),
            at: row.at.into(),
            kind: row.kind,
            ticket: opt(row.ticket_id),
            unit: row.unit,
            unit_before: row.unit_before,
            user: opt(row.user_id),
            data: row.data,
        }
    }
}

/// Writes what happened, in the transaction in which it does. It has no number yet.
///
/// # Errors
/// The database's own.
pub fn tell(conn: &mut Conn, news: News) -> Result<(), StoreError> {
    let row = NewRow {
        at: news.at.into(),
        kind: news.kind,
        ticket_id: opt(news.ticket),
        unit: news.unit,
        unit_before: news.unit_before,
        user_id: opt(news.user),
        data: news.data,
    };
    on!(conn, c => diesel::insert_into(feed::table).values(&row).execute(c))?;
    Ok(())
}

/// Whether committed news wait for their number.
///
/// # Errors
/// The database's own.
pub fn has_unnumbered(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(on!(conn, c => diesel::select(exists(feed::table.filter(feed::seq.is_null()))).get_result(c))?)
}

/// Numbers committed news, at most `limit`; gives how many. 0 also when another process is doing it at this moment.
///
/// # Errors
/// The database's own.
pub fn number(conn: &mut Conn, limit: i64) -> Result<usize, StoreError> {
    let counter = counters::table.find(LAST).select(counters::value);
    let held: Option<i64> = match conn {
        Conn::Postgres(c) => counter.for_update().skip_locked().first(&mut **c).optional()?,
        Conn::Sqlite(c) => counter.first(&mut **c).optional()?,
    };
    let Some(last) = held else { return Ok(0) };
    let text = "UPDATE feed SET seq = numbered.n FROM (SELECT id, $1 + row_number() OVER (ORDER BY id) AS n FROM feed \
                WHERE seq IS NULL ORDER BY id LIMIT $2) AS numbered WHERE feed.id = numbered.id";
    let numbered = on!(conn, c => diesel::sql_query(text)
        .bind::<BigInt, _>(last)
        .bind::<BigInt, _>(limit)
        .execute(c))?;
    let now_last = last.saturating_add(i64::try_from(numbered).unwrap_or(i64::MAX));
    on!(conn, c => diesel::update(counters::table.find(LAST)).set(counters::value.eq(now_last)).execute(c))?;
    Ok(numbered)
}

/// News past a number, in order.
///
/// # Errors
/// The database's own.
pub fn after(conn: &mut Conn, seq: i64, limit: i64) -> Result<Vec<News>, StoreError> {
    let rows: Vec<Row> = on!(conn, c => feed::table
        .filter(feed::seq.gt(seq))
        .order(feed::seq)
        .limit(limit)
        .select(Row::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The greatest number that was pruned, and the last given: whoever stands before the first has missed something.
///
/// # Errors
/// The database's own.
pub fn bounds(conn: &mut Conn) -> Result<(i64, i64), StoreError> {
    let value = |conn: &mut Conn, name: &str| -> Result<i64, StoreError> {
        let found: Option<i64> =
            on!(conn, c => counters::table.find(name).select(counters::value).first(c).optional())?;
        Ok(found.unwrap_or_default())
    };
    Ok((value(conn, PRUNED)?, value(conn, LAST)?))
}

/// Forgets news recorded before an instant, up to a number and at most `limit`, and remembers how far; gives how many.
///
/// # Errors
/// The database's own.
pub fn prune(conn: &mut Conn, before: Instant, up_to: i64, limit: i64) -> Result<usize, StoreError> {
    let old: Vec<Option<i64>> = on!(conn, c => feed::table
        .filter(feed::at.lt(SqlInstant::from(before)).and(feed::seq.le(up_to)))
        .order(feed::at)
        .limit(limit)
        .select(feed::seq)
        .load(c))?;
    let Some(greatest) = old.iter().copied().flatten().max() else { return Ok(0) };
    on!(conn, c => diesel::delete(feed::table.filter(feed::seq.eq_any(&old))).execute(c))?;
    on!(conn, c => diesel::update(counters::table.find(PRUNED).filter(counters::value.lt(greatest)))
        .set(counters::value.eq(greatest))
        .execute(c))?;
    Ok(old.len())
}

/// The open tickets of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The unit.
    pub unit: String,
    /// Open tickets.
    pub open: i64,
    /// Those that nobody has taken in charge yet.
    pub untaken: i64,
    /// Those that wait for the citizen or a third party.
    pub waiting: i64,
}

/// Counts the open tickets of units, of all units without a list: history is never counted.
///
/// # Errors
/// The database's own.
pub fn queues(conn: &mut Conn, units: Option<&[String]>) -> Result<Vec<Queue>, StoreError> {
    let open = State::ALL.iter().filter(|state| state.is_open()).map(|state| state.word());
    let rows: Vec<(Option<String>, String, i64)> = on!(conn, c => {
        let query = tickets::table
            .filter(tickets::state.eq_any(open).and(tickets::unit.is_not_null()))
            .group_by((tickets::unit, tickets::state))
            .select((tickets::unit, tickets::state, diesel::dsl::count_star()));
        match units {
            Some(units) => query.filter(tickets::unit.eq_any(units)).load(c),
            None => query.load(c),
        }
    })?;
    Ok(folded(rows, units.unwrap_or_default()))
}

/// One queue a unit, those without an open ticket included.
fn folded(rows: Vec<(Option<String>, String, i64)>, units: &[String]) -> Vec<Queue> {
    let empty = |unit: &String| (unit.clone(), Queue { unit: unit.clone(), open: 0, untaken: 0, waiting: 0 });
    let mut queues: std::collections::BTreeMap<String, Queue> = units.iter().map(empty).collect();
    for (unit, state, count) in rows {
        let Some(unit) = unit else { continue };
        let queue = queues.entry(unit.clone()).or_insert_with(|| empty(&unit).1);
        queue.open += count;
        let state = State::parse_word(&state).ok();
        queue.waiting += if state.is_some_and(State::is_waiting) { count } else { 0 };
        let untaken = matches!(state, Some(State::New | State::Assigned));
        queue.untaken += if untaken { count } else { 0 };
    }
    queues.into_values().collect()
}
