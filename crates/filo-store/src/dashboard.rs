//! What the live dashboard counts: contacts and calls of part of a day.
//!
//! **Invariant:** counts only, by source and outcome: no row here knows a person or an operator. Each count reads the
//! span that it is about by an index, never the history.

use diesel::{
    dsl::{count, count_star, max, min},
    prelude::*,
};
use filo_domain::{
    Instant,
    vocabulary::{CallOutcome, Channel, Direction, InteractionKind, Word},
};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{calls, interactions, legs},
    sql_types::{SqlInstant, opt},
    sql_words::word,
};

/// Contacts of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceCount {
    /// The source.
    pub source: String,
    /// The channel.
    pub channel: Channel,
    /// How many.
    pub contacts: i64,
    /// When the last occurred.
    pub last_at: Option<Instant>,
}

/// Contacts that occurred in `[from, to)`, by source and channel.
///
/// # Errors
/// The database's own.
pub fn contacts(conn: &mut Conn, from: Instant, to: Instant) -> Result<Vec<SourceCount>, StoreError> {
    let kinds = InteractionKind::ALL.iter().filter(|kind| kind.is_contact()).map(|kind| kind.word());
    let (from, to) = (SqlInstant::from(from), SqlInstant::from(to));
    let rows: Vec<(String, String, i64, Option<SqlInstant>)> = on!(conn, c => interactions::table
        .filter(interactions::occurred_at.ge(from).and(interactions::occurred_at.lt(to)))
        .filter(interactions::direction.eq(Direction::Inbound.word()).and(interactions::kind.eq_any(kinds)))
        .group_by((interactions::source, interactions::channel))
        .select((interactions::source, interactions::channel, count_star(), max(interactions::occurred_at)))
        .load(c))?;
    let count = |(source, channel, contacts, last_at): (String, String, i64, Option<SqlInstant>)| {
        let channel = word("interactions", &source, &channel)?;
        Ok(SourceCount { source, channel, contacts, last_at: opt(last_at) })
    };
    rows.into_iter().map(count).collect()
}

/// When the first contact of all occurred.
///
/// # Errors
/// The database's own.
pub fn first_contact(conn: &mut Conn) -> Result<Option<Instant>, StoreError> {
    let first: Option<SqlInstant> =
        on!(conn, c => interactions::table.select(min(interactions::occurred_at)).get_result(c))?;
    Ok(opt(first))
}

/// How many calls that entered a queue in `[from, to)` ended how, and for how long those waited whose wait is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub outcome: CallOutcome,
    /// How many.
    pub calls: i64,
    /// Of how many the wait is known.
    pub waits: i64,
    /// How long these waited together.
    pub waited_s: i64,
}

/// Calls by outcome.
///
/// # Errors
/// The database's own.
pub fn calls_by_outcome(conn: &mut Conn, from: Instant, to: Instant) -> Result<Vec<Ended>, StoreError> {
    let (from, to) = (SqlInstant::from(from), SqlInstant::from(to));
    // Summed here: the databases do not add whole numbers up to the same type. There are few different waits.
    let rows: Vec<(String, Option<i64>, i64)> = on!(conn, c => calls::table
        .filter(calls::entered_at.ge(from).and(calls::entered_at.lt(to)))
        .group_by((calls::outcome, calls::wait_s))
        .select((calls::outcome, calls::wait_s, count_star()))
        .load(c))?;
    let mut ended: Vec<Ended> = vec![];
    for (outcome, wait_s, count) in rows {
        let outcome: CallOutcome = word("calls", "dashboard", &outcome)?;
        let (waits, waited_s) = wait_s.map_or((0, 0), |wait| (count, wait.saturating_mul(count)));
        match ended.iter_mut().find(|it| it.outcome == outcome) {
            Some(it) => {
                it.calls += count;
                it.waits += waits;
                it.waited_s = it.waited_s.saturating_add(waited_s);
            }
            None => ended.push(Ended { outcome, calls: count, waits, waited_s }),
        }
    }
    Ok(ended)
}

/// Calls that entered a queue since then and were neither answered nor ended, with the entry of the first of them.
///
/// # Errors
/// The database's own.
pub fn waiting(conn: &mut Conn, since: Instant, now: Instant) -> Result<(i64, Option<Instant>), StoreError> {
    let (since, now) = (SqlInstant::from(since), SqlInstant::from(now));
    let row: (i64, Option<SqlInstant>) = on!(conn, c => calls::table
        .inner_join(legs::table.on(legs::interaction_id.eq(calls::interaction_id)))
        .filter(calls::entered_at.ge(since).and(calls::entered_at.le(now)))
        .filter(legs::outcome.eq(CallOutcome::Unknown.word()))
        .filter(legs::answered_at.is_null().and(legs::ended_at.is_null()).and(legs::lost_at.is_null()))
        .select((count(calls::interaction_id).aggregate_distinct(), min(legs::entered_at)))
        .get_result(c))?;
    Ok((row.0, opt(row.1)))
}
