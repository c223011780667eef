//! Reads the facts from which figures are computed: narrow columns of a span of time, no names and no texts.

use std::collections::HashMap;

use diesel::prelude::*;
use filo_domain::{
    Instant, InteractionId, PersonId, TicketId,
    legs::{CALL_SPAN_S, LegOrigin},
    vocabulary::{CallOutcome, Channel, Direction, InteractionKind, NotActionable, Word},
};

use crate::{
    Conn, StoreError,
    calls::origin_word,
    conn::on,
    live_legs,
    schema::{calls, interactions, legs, tickets},
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::{optional_word, word},
};

/// An interaction's narrow columns.
#[derive(Clone, Debug)]
pub struct InteractionRow {
    /// Its id.
    pub id: InteractionId,
    /// The source.
    pub source: String,
    /// The channel.
    pub channel: Channel,
    /// What sort of touch it is.
    pub kind: InteractionKind,
    /// Who touched whom.
    pub direction: Direction,
    /// The intake key.
    pub external_id: String,
    /// When it happened.
    pub occurred_at: Instant,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// The sender as recorded.
    pub person: Option<PersonId>,
    /// The ticket, and when it was tied to it.
    pub ticket: Option<(TicketId, Instant)>,
    /// The conversation.
    pub thread: Option<String>,
    /// Why it asks for nothing.
    pub not_actionable: Option<NotActionable>,
    /// The call's fold, for calls.
    pub call: Option<CallColumns>,
}

/// A call's narrow columns.
#[derive(Clone, Debug)]
pub struct CallColumns {
    /// The phone system's id.
    pub call_id: String,
    /// The first queue that it entered.
    pub queue: Option<String>,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Seconds waited.
    pub wait_s: Option<i64>,
    /// Seconds talked.
    pub talk_s: Option<i64>,
    /// When a person answered.
    pub answered_at: Option<Instant>,
    /// Whether the number was shown.
    pub caller_known: bool,
    /// What the caller chose before or instead of a queue.
    pub choice: Option<String>,
    /// Whether live events and the log do not say the same of it.
    pub differs: bool,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = interactions)]
struct NarrowRow {
    id: SqlId,
    source: String,
    channel: String,
    kind: String,
    direction: String,
    external_id: String,
    occurred_at: SqlInstant,
    recorded_at: SqlInstant,
    person_id: Option<SqlId>,
    ticket_id: Option<SqlId>,
    linked_at: Option<SqlInstant>,
    thread: Option<String>,
    not_actionable: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = calls)]
struct NarrowCall {
    call_id: String,
    outcome: String,
    wait_s: Option<i64>,
    talk_s: Option<i64>,
    answered_at: Option<SqlInstant>,
    caller: Option<String>,
    ivr_choice: Option<String>,
}

fn narrow(
    (row, call): (NarrowRow, Option<NarrowCall>),
    queues: &mut HashMap<SqlId, Entry>,
) -> Result<InteractionRow, StoreError> {
    const TABLE: &str = "interactions";
    let queue = queues.remove(&row.id).map(|entry| entry.queue);
    let id = InteractionId::from(row.id);
    let call = call.map(|call| {
        Ok::<_, StoreError>(CallColumns {
            outcome: word("calls", id, &call.outcome)?,
            call_id: call.call_id,
            queue,
            wait_s: call.wait_s,
            talk_s: call.talk_s,
            answered_at: opt(call.answered_at),
            caller_known: call.caller.is_some(),
            choice: call.ivr_choice,
            differs: false,
        })
    });
    Ok(InteractionRow {
        id,
        source: row.source,
        channel: word(TABLE, id, &row.channel)?,
        kind: word(TABLE, id, &row.kind)?,
        direction: word(TABLE, id, &row.direction)?,
        external_id: row.external_id,
        occurred_at: row.occurred_at.into(),
        recorded_at: row.recorded_at.into(),
        person: opt(row.person_id),
        ticket: row.ticket_id.zip(row.linked_at).map(|(ticket, at)| (ticket.into(), at.into())),
        thread: row.thread,
        not_actionable: optional_word(TABLE, id, row.not_actionable.as_deref())?,
        call: call.transpose()?,
    })
}

/// All interactions that happened in `[from, to)`, calls with their fold.
///
/// # Errors
/// The database's own.
pub fn interactions(conn: &mut Conn, from: Instant, to: Instant) -> Result<Vec<InteractionRow>, StoreError> {
    // Legs of one call are less than a day apart.
    let (a_day_before, a_day_after) = (from.plus_seconds(-CALL_SPAN_S), to.plus_seconds(CALL_SPAN_S));
    let differing = live_legs::differing_calls(conn, a_day_before, a_day_after)?;
    let (from, to) = (SqlInstant::from(from), SqlInstant::from(to));
    let rows: Vec<(NarrowRow, Option<NarrowCall>)> = on!(conn, c => interactions::table
        .left_join(calls::table.on(calls::interaction_id.eq(interactions::id)))
        .filter(interactions::occurred_at.ge(from).and(interactions::occurred_at.lt(to)))
        .select((NarrowRow::as_select(), Option::<NarrowCall>::as_select()))
        .load(c))?;
    let mut queues = first_queues(conn, from, to)?;
    let compared = |row| {
        let mut row: InteractionRow = narrow(row, &mut queues)?;
        if let Some(call) = &mut row.call {
            call.differs = differing.contains(&row.id);
        }
        Ok(row)
    };
    rows.into_iter().map(compared).collect()
}

/// A leg in a queue; the one that counts as the call's first is the least.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Call detail records never outweigh what the queue log or live events know.
    is_detail_record: bool,
    entered_at: SqlInstant,
    queue: String,
}

/// The first queue of each call of a span, by the rules by which its legs count ([`filo_domain::legs::calls`]): being with
/// the machine is being in no queue. Of two that were entered in the same instant, the first by name.
fn first_queues(
    conn: &mut Conn,
    from: SqlInstant,
    to: SqlInstant,
) -> Result<HashMap<SqlId, Entry>, StoreError> {
    let rows: Vec<(SqlId, String, SqlInstant, String)> = on!(conn, c => legs::table
        .inner_join(interactions::table.on(interactions::id.eq(legs::interaction_id)))
        .filter(interactions::occurred_at.ge(from).and(interactions::occurred_at.lt(to)))
        .filter(legs::outcome.ne(CallOutcome::SelfServed.word()))
        .select((legs::interaction_id, legs::origin, legs::entered_at, legs::queue))
        .load(c))?;
    let mut first: HashMap<SqlId, Entry> = HashMap::new();
    for (call, origin, entered_at, queue) in rows {
        let entry = Entry { is_detail_record: origin == origin_word(LegOrigin::Cdr), entered_at, queue };
        match first.get(&call) {
            Some(earlier) if *earlier <= entry => {}
            Some(_) | None => drop(first.insert(call, entry)),
        }
    }
    Ok(first)
}

/// Facts that happened before `to` and were recorded after `after`: how late they are, by source.
///
/// # Errors
/// The database's own.
pub fn recorded_after(
    conn: &mut Conn,
    from: Instant,
    to: Instant,
    after: Instant,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows: Vec<(String, i64)> = on!(conn, c => interactions::table
        .filter(interactions::occurred_at.ge(SqlInstant::from(from)).and(interactions::occurred_at.lt(SqlInstant::from(to))))
        .filter(interactions::recorded_at.gt(SqlInstant::from(after)))
        .group_by(interactions::source)
        .select((interactions::source, diesel::dsl::count_star()))
        .order(interactions::source)
        .load(c))?;
    Ok(rows)
}

/// Tickets opened before `to` that were open or changed at or after `from`, by id.
///
/// # Errors
/// The database's own.
pub fn tickets(conn: &mut Conn, from: Instant, to: Instant) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<SqlId> = on!(conn, c => tickets::table
        .filter(tickets::opened_at.lt(SqlInstant::from(to)))
        .filter(tickets::updated_at.ge(SqlInstant::from(from)).or(tickets::opened_at.ge(SqlInstant::from(from)))
            .or(tickets::state.ne_all(["resolved", "closed", "cancelled"])))
        .order(tickets::id)
        .select(tickets::id)
        .load(c))?;
    Ok(ids.into_iter().map(Into::into).collect())
}
