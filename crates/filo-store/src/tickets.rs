//! Tickets: the append-only events, and the projection that lists and reports read.
//!
//! **Invariant:** a state change and its event are one transaction; the projection is written from the folded
//! [`Ticket`] alone and never read to decide anything.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use filo_domain::{
    Instant, MatterId, PersonId, TicketId, UserId,
    chain::Hash,
    event::{Event, EventBody},
    ticket::Ticket,
    vocabulary::{Channel, Kind, Level, Outcome, Priority, State, Word},
};
use filo_indicators::rollup::{Filed, Files};
use serde_json::Value;

use crate::{
    Conn, StoreError,
    conn::on,
    merges, rollups,
    schema::{counters, events, request_codes, ticket_tags, tickets},
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::{json, optional_word, word},
    ticket_search,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = events)]
struct EventRow {
    ticket_id: SqlId,
    seq: i32,
    kind: String,
    at: SqlInstant,
    recorded_at: SqlInstant,
    actor: Value,
    data: Value,
    prev_hash: String,
    hash: String,
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;
    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let ticket = TicketId::from(row.ticket_id);
        let place = format!("{ticket}/{}", row.seq);
        Ok(Self {
            ticket,
            seq: row.seq,
            at: row.at.into(),
            recorded_at: row.recorded_at.into(),
            actor: json("events", &place, row.actor)?,
            body: EventBody::from_stored(&row.kind, row.data).map_err(|error| StoreError::Corrupt {
                table: "events",
                id: place,
                problem: error.to_string(),
            })?,
            prev_hash: Hash::stored(row.prev_hash),
            hash: Hash::stored(row.hash),
        })
    }
}

/// Appends an event. Two writers that append the same number get [`StoreError::Conflict`].
///
/// # Errors
/// The database's own.
pub fn append(conn: &mut Conn, event: &Event) -> Result<(), StoreError> {
    let (kind, data) = event.body.stored()?;
    let row = EventRow {
        ticket_id: event.ticket.into(),
        seq: event.seq,
        kind,
        at: event.at.into(),
        recorded_at: event.recorded_at.into(),
        actor: serde_json::to_value(&event.actor)?,
        data,
        prev_hash: event.prev_hash.to_string(),
        hash: event.hash.to_string(),
    };
    on!(conn, c => diesel::insert_into(events::table).values(&row).execute(c))?;
    Ok(())
}

/// The log of a ticket, in order; empty when there is no such ticket.
///
/// # Errors
/// The database's own.
pub fn events(conn: &mut Conn, ticket: TicketId) -> Result<Vec<Event>, StoreError> {
    let rows: Vec<EventRow> = on!(conn, c => events::table
        .filter(events::ticket_id.eq(SqlId::from(ticket)))
        .order(events::seq)
        .select(EventRow::as_select())
        .load(c))?;
    rows.into_iter().map(Event::try_from).collect()
}

/// The logs of many tickets, by ticket and number.
///
/// # Errors
/// The database's own.
pub fn events_of(conn: &mut Conn, ids: &[TicketId]) -> Result<Vec<Event>, StoreError> {
    let rows: Vec<EventRow> = on!(conn, c => events::table
        .filter(events::ticket_id.eq_any(ids.iter().map(|id| SqlId::from(*id))))
        .order((events::ticket_id, events::seq))
        .select(EventRow::as_select())
        .load(c))?;
    rows.into_iter().map(Event::try_from).collect()
}

/// Locks a ticket against other writers until the transaction ends (SQLite has one writer anyway); `false` when
/// there is none.
///
/// # Errors
/// The database's own.
pub fn lock(conn: &mut Conn, id: TicketId) -> Result<bool, StoreError> {
    let query = tickets::table.find(SqlId::from(id)).select(tickets::id);
    let found: Option<SqlId> = match conn {
        Conn::Postgres(c) => query.for_update().first(&mut **c).optional()?,
        Conn::Sqlite(c) => query.first(&mut **c).optional()?,
    };
    Ok(found.is_some())
}

/// The next number of a yearly (or other) count, from 1; never given twice, and without gaps unless the
/// transaction that took it fails.
///
/// # Errors
/// The database's own.
pub fn next_count(conn: &mut Conn, name: &str) -> Result<i64, StoreError> {
    let value: i64 = on!(conn, c => diesel::insert_into(counters::table)
        .values((counters::name.eq(name), counters::value.eq(1)))
        .on_conflict(counters::name)
        .do_update()
        .set(counters::value.eq(counters::value + 1))
        .returning(counters::value)
        .get_result(c))?;
    Ok(value)
}

mod list;
mod queues;

pub use list::{Breach, Deadline, Filter, Sort, list};
pub use queues::{Queue, QueueDay, open_after, queues};

/// A ticket as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct TicketRecord {
    /// Its id.
    pub id: TicketId,
    /// The number people read aloud.
    pub number: String,
    /// The channel it was opened on.
    pub channel: Channel,
    /// The source of its first contact.
    pub source: String,
    /// The theme key.
    pub theme: Option<String>,
    /// What it asks for.
    pub kind: Kind,
    /// How urgent it is.
    pub priority: Priority,
    /// Support level.
    pub level: Level,
    /// The unit.
    pub unit: Option<String>,
    /// The person it is assigned to.
    pub user: Option<UserId>,
    /// Where it stands.
    pub state: State,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The subject; `None` once anonymised.
    pub subject: Option<String>,
    /// The salt of the subject's seal.
    pub subject_salt: Option<Vec<u8>>,
    /// The person as recorded at the opening.
    pub person: Option<PersonId>,
    /// When it was opened.
    pub opened_at: Instant,
    /// When a person first accepted it.
    pub charged_at: Option<Instant>,
    /// When it was first answered.
    pub first_response_at: Option<Instant>,
    /// When it was first resolved.
    pub first_resolved_at: Option<Instant>,
    /// When its last round was resolved.
    pub final_resolved_at: Option<Instant>,
    /// When its last round was closed.
    pub closed_at: Option<Instant>,
    /// How often it was reopened.
    pub reopened: i32,
    /// When it was first escalated.
    pub escalated_at: Option<Instant>,
    /// The matter it is joined in.
    pub matter: Option<MatterId>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// The clock policy chosen, with its version.
    pub policy: Option<String>,
    /// When the next clock is due; `None` when nothing is.
    pub due_at: Option<Instant>,
    /// When the last event was recorded.
    pub updated_at: Instant,
    /// The number of the last event: the version.
    pub seq: i32,
    /// Where, as the citizen gave it.
    pub location: Option<Value>,
    /// The district, 1 to 9.
    pub municipio: Option<i32>,
    /// The ticket this one follows.
    pub follows: Option<TicketId>,
    /// The ticket that speaks for it, while it is merged; kept in a table of its own.
    pub merged_into: Option<TicketId>,
}

/// What a projection row has besides the folded ticket.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The subject.
    pub subject: Option<String>,
    /// The salt of the subject's seal.
    pub subject_salt: Option<Vec<u8>>,
    /// When the next clock is due.
    pub due_at: Option<Instant>,
    /// Where, as the citizen gave it.
    pub location: Option<Value>,
    /// The district.
    pub municipio: Option<i32>,
}

impl TicketRecord {
    /// What rollups count its contacts by.
    fn filed(&self) -> Filed {
        Filed {
            theme: self.theme.clone(),
            kind: Some(self.kind),
            unit: self.unit.clone(),
            level: Some(if self.escalated_at.is_some() { Level::II } else { self.level }),
            municipio: self.municipio,
            tags: self.tags.clone(),
        }
    }
    /// The projection of a folded ticket.
    pub fn of(ticket: &Ticket, beside: Beside) -> Self {
        let life = ticket.life();
        Self {
            id: ticket.id,
            number: ticket.opening.number.clone(),
            channel: ticket.opening.channel,
            source: ticket.opening.source.clone(),
            theme: ticket.theme.clone(),
            kind: ticket.kind,
            priority: ticket.priority,
            level: life.level,
            unit: life.unit.clone(),
            user: ticket.user,
            state: life.state,
            outcome: ticket.outcome,
            subject: beside.subject,
            subject_salt: beside.subject_salt,
            person: ticket.opening.person,
            opened_at: life.opened_at,
            charged_at: life.charged_at,
            first_response_at: life.first_response_at(),
            first_resolved_at: life.first_resolved_at(),
            final_resolved_at: life.final_resolved_at(),
            closed_at: life.closed_at(),
            reopened: i32::try_from(life.reopened()).unwrap_or(i32::MAX),
            escalated_at: life.escalated_at,
            matter: ticket.matter,
            tags: ticket.tags.clone(),
            policy: ticket.policy.clone(),
            due_at: beside.due_at,
            updated_at: ticket.updated_at,
            seq: ticket.seq,
            location: beside.location,
            municipio: beside.municipio,
            follows: ticket.opening.follows,
            merged_into: ticket.merged.map(|merge| merge.into),
        }
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tickets, treat_none_as_null = true, treat_none_as_default_value = false)]
struct TicketRow {
    id: SqlId,
    number: String,
    channel: String,
    source: String,
    theme: Option<String>,
    kind: String,
    priority: String,
    level: String,
    unit: Option<String>,
    user_id: Option<SqlId>,
    state: String,
    outcome: Option<String>,
    subject: Option<String>,
    subject_salt: Option<Vec<u8>>,
    person_id: Option<SqlId>,
    opened_at: SqlInstant,
    charged_at: Option<SqlInstant>,
    first_response_at: Option<SqlInstant>,
    first_resolved_at: Option<SqlInstant>,
    final_resolved_at: Option<SqlInstant>,
    closed_at: Option<SqlInstant>,
    reopened: i32,
    escalated_at: Option<SqlInstant>,
    matter_id: Option<SqlId>,
    tags: Value,
    policy: Option<String>,
    due_at: Option<SqlInstant>,
    updated_at: SqlInstant,
    seq: i32,
    location: Option<Value>,
    municipio: Option<i32>,
    follows_id: Option<SqlId>,
}

const TABLE: &str = "tickets";

impl From<TicketRecord> for TicketRow {
    fn from(t: TicketRecord) -> Self {
        Self {
            id: t.id.into(),
            number: t.number,
            channel: t.channel.word().to_owned(),
            source: t.source,
            theme: t.theme,
            kind: t.kind.word().to_owned(),
            priority: t.priority.word().to_owned(),
            level: t.level.word().to_owned(),
            unit: t.unit,
            user_id: opt(t.user),
            state: t.state.word().to_owned(),
            outcome: t.outcome.map(|outcome| outcome.word().to_owned()),
            subject: t.subject,
            subject_salt: t.subject_salt,
            person_id: opt(t.person),
            opened_at: t.opened_at.into(),
            charged_at: opt(t.charged_at),
            first_response_at: opt(t.first_response_at),
            first_resolved_at: opt(t.first_resolved_at),
            final_resolved_at: opt(t.final_resolved_at),
            closed_at: opt(t.closed_at),
            reopened: t.reopened,
            escalated_at: opt(t.escalated_at),
            matter_id: opt(t.matter),
            tags: Value::from(t.tags),
            policy: t.policy,
            due_at: opt(t.due_at),
            updated_at: t.updated_at.into(),
            seq: t.seq,
            location: t.location,
            municipio: t.municipio,
            follows_id: opt(t.follows),
        }
    }
}

impl TryFrom<TicketRow> for TicketRecord {
    type Error = StoreError;
    fn try_from(row: TicketRow) -> Result<Self, StoreError> {
        let id = TicketId::from(row.id);
        Ok(Self {
            id,
            number: row.number,
            channel: word(TABLE, id, &row.channel)?,
            source: row.source,
            theme: row.theme,
            kind: word(TABLE, id, &row.kind)?,
            priority: word(TABLE, id, &row.priority)?,
            level: word(TABLE, id, &row.level)?,
            unit: row.unit,
            user: opt(row.user_id),
            state: word(TABLE, id, &row.state)?,
            outcome: optional_word(TABLE, id, row.outcome.as_deref())?,
            subject: row.subject,
            subject_salt: row.subject_salt,
            person: opt(row.person_id),
            opened_at: row.opened_at.into(),
            charged_at: opt(row.charged_at),
            first_response_at: opt(row.first_response_at),
            first_resolved_at: opt(row.first_resolved_at),
            final_resolved_at: opt(row.final_resolved_at),
            closed_at: opt(row.closed_at),
            reopened: row.reopened,
            escalated_at: opt(row.escalated_at),
            matter: opt(row.matter_id),
            tags: json(TABLE, id, row.tags)?,
            policy: row.policy,
            due_at: opt(row.due_at),
            updated_at: row.updated_at.into(),
            seq: row.seq,
            location: row.location,
            municipio: row.municipio,
            follows: opt(row.follows_id),
            merged_into: None,
        })
    }
}

/// The words of the states in which a ticket is open, as the indexes of open tickets have them: a query that says
/// it otherwise is not served by them.
const IS_OPEN: &str =
    "tickets.state IN ('new', 'assigned', 'in_charge', 'waiting_citizen', 'waiting_third_party')";

/// The records of rows, each merged one with where it points: only what is cancelled can be merged.
fn convert(conn: &mut Conn, rows: Vec<TicketRow>) -> Result<Vec<TicketRecord>, StoreError> {
    let converted: Result<Vec<_>, _> = rows.into_iter().map(TicketRecord::try_from).collect();
    let mut records = converted?;
    let ended = records.iter().filter(|record| record.state == State::Cancelled);
    let pointers = merges::pointers(conn, &ended.map(|record| record.id).collect::<Vec<_>>())?;
    for record in &mut records {
        record.merged_into = pointers.get(&record.id).copied();
    }
    Ok(records)
}

fn convert_one(conn: &mut Conn, row: Option<TicketRow>) -> Result<Option<TicketRecord>, StoreError> {
    Ok(convert(conn, row.into_iter().collect())?.pop())
}

/// Writes the projection of a new ticket; its events follow in the same transaction.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, record: TicketRecord) -> Result<(), StoreError> {
    let row = TicketRow::from(record.clone());
    on!(conn, c => diesel::insert_into(tickets::table).values(&row).execute(c))?;
    ticket_search::begin(conn, &record)?;
    insert_tags(conn, row.id, &record.tags)
}

fn insert_tags(conn: &mut Conn, id: SqlId, tags: &[String]) -> Result<(), StoreError> {
    for tag in tags {
        on!(conn, c => diesel::insert_into(ticket_tags::table)
            .values((ticket_tags::ticket_id.eq(id), ticket_tags::tag.eq(tag)))
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Renews the projection of a ticket.
///
/// # Errors
/// The database's own.
pub fn update(conn: &mut Conn, record: TicketRecord) -> Result<(), StoreError> {
    ticket_search::renew_head(conn, &record)?;
    if filed(conn, &[record.id])?.remove(&record.id) != Some(record.filed()) {
        rollups::mark_contacts_of(conn, record.id)?;
    }
    let (id, tags) = (SqlId::from(record.id), record.tags.clone());
    let row = TicketRow::from(record);
    on!(conn, c => diesel::update(tickets::table.find(id)).set(&row).execute(c))?;
    on!(conn, c => diesel::delete(ticket_tags::table
        .filter(ticket_tags::ticket_id.eq(id).and(ticket_tags::tag.ne_all(&tags))))
        .execute(c))?;
    insert_tags(conn, id, &tags)
}

/// The districts of those of these tickets that have one: where a ticket is about is said when it is opened.
///
/// # Errors
/// The database's own.
pub fn districts(conn: &mut Conn, ids: &[TicketId]) -> Result<HashMap<TicketId, i32>, StoreError> {
    let rows: Vec<(SqlId, Option<i32>)> = on!(conn, c => tickets::table
        .filter(tickets::id.eq_any(ids.iter().map(|id| SqlId::from(*id))))
        .filter(tickets::municipio.is_not_null())
        .select((tickets::id, tickets::municipio))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(id, district)| Some((id.into(), district?))).collect())
}

/// What rollups count tickets by; merges are not looked at.
///
/// # Errors
/// The database's own.
pub(crate) fn filed(conn: &mut Conn, ids: &[TicketId]) -> Result<Files, StoreError> {
    let rows: Vec<TicketRow> = on!(conn, c => tickets::table
        .filter(tickets::id.eq_any(ids.iter().map(|id| SqlId::from(*id))))
        .select(TicketRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| TicketRecord::try_from(row).map(|it| (it.id, it.filed()))).collect()
}

/// Reads one projection.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: TicketId) -> Result<Option<TicketRecord>, StoreError> {
    let row: Option<TicketRow> = on!(conn, c => tickets::table.find(SqlId::from(id)).select(TicketRow::as_select()).first(c).optional())?;
    convert_one(conn, row)
}

/// Reads one projection by the number people read aloud.
///
/// # Errors
/// The database's own.
pub fn find_by_number(conn: &mut Conn, number: &str) -> Result<Option<TicketRecord>, StoreError> {
    let row: Option<TicketRow> = on!(conn, c => tickets::table
        .filter(tickets::number.eq(number))
        .select(TicketRow::as_select())
        .first(c)
        .optional())?;
    convert_one(conn, row)
}

/// The heads of the chains of tickets past an id, by id, as of what was recorded `until` then: the next page's
/// tickets with the hash of their last event, `None` for one that had none yet. The events' texts are not read.
///
/// # Errors
/// The database's own.
pub fn heads(
    conn: &mut Conn,
    after: Option<TicketId>,
    limit: i64,
    until: Instant,
) -> Result<Vec<(TicketId, Option<Hash>)>, StoreError> {
    let ids: Vec<SqlId> = on!(conn, c => {
        let mut query = tickets::table.into_boxed();
        if let Some(id) = after {
            query = query.filter(tickets::id.gt(SqlId::from(id)));
        }
        query.order(tickets::id).limit(limit).select(tickets::id).load(c)
    })?;
    let links: Vec<(SqlId, String)> = on!(conn, c => events::table
        .filter(events::ticket_id.eq_any(&ids).and(events::recorded_at.le(SqlInstant::from(until))))
        .order((events::ticket_id, events::seq))
        .select((events::ticket_id, events::hash))
        .load(c))?;
    let last: BTreeMap<TicketId, String> = links.into_iter().map(|(id, hash)| (id.into(), hash)).collect();
    let head = |id: TicketId| (id, last.get(&id).cloned().map(Hash::stored));
    Ok(ids.into_iter().map(TicketId::from).map(head).collect())
}

/// Tickets past an id, by id: how `filo verify` walks all of them.
///
/// # Errors
/// The database's own.
pub fn walk(conn: &mut Conn, after: Option<TicketId>, limit: i64) -> Result<Vec<TicketRecord>, StoreError> {
    let rows: Vec<TicketRow> = on!(conn, c => {
        let mut query = tickets::table.into_boxed();
        if let Some(id) = after {
            query = query.filter(tickets::id.gt(SqlId::from(id)));
        }
        query.order(tickets::id).limit(limit).select(TicketRow::as_select()).load(c)
    })?;
    convert(conn, rows)
}

/// Tickets resolved before an instant and not yet closed: what closes by itself.
///
/// # Errors
/// The database's own.
pub fn resolved_before(conn: &mut Conn, at: Instant, limit: i64) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<SqlId> = on!(conn, c => tickets::table
        .filter(tickets::state.eq(State::Resolved.word()).and(tickets::final_resolved_at.le(SqlInstant::from(at))))
        .order((tickets::opened_at, tickets::id))
        .limit(limit)
        .select(tickets::id)
        .load(c))?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Renews when the next clock of a ticket is due, after the configuration changed.
///
/// # Errors
/// The database's own.
pub fn set_due(conn: &mut Conn, id: TicketId, due_at: Option<Instant>) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(tickets::table.find(SqlId::from(id)))
        .set(tickets::due_at.eq(opt::<_, SqlInstant>(due_at)))
        .execute(c))?;
    Ok(())
}

/// Keeps the hash of the code by which a citizen follows a request.
///
/// # Errors
/// The database's own.
pub fn set_code(conn: &mut Conn, ticket: TicketId, code_hash: &str) -> Result<(), StoreError> {
    on!(conn, c => diesel::insert_into(request_codes::table)
        .values((request_codes::ticket_id.eq(SqlId::from(ticket)), request_codes::code_hash.eq(code_hash)))
        .execute(c))?;
    Ok(())
}

/// The hash of a request's code.
///
/// # Errors
/// The database's own.
pub fn code_hash(conn: &mut Conn, ticket: TicketId) -> Result<Option<String>, StoreError> {
    let hash: Option<String> = on!(conn, c => request_codes::table
        .find(SqlId::from(ticket))
        .select(request_codes::code_hash)
        .first(c)
        .optional())?;
    Ok(hash)
}
