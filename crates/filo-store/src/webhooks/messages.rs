//! The messages that go out: written from the feed, claimed, settled, sent again.

use diesel::{
    dsl::{exists, not},
    prelude::*,
};
use filo_domain::{Instant, TicketId, vocabulary::Word};
use serde::{Deserialize, Serialize};

use super::{DeliveryId, HookId};
use crate::{
    Conn, StoreError,
    conn::on,
    schema::webhook_deliveries,
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::word,
};

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its turn, or for the next attempt.
    Queued,
    /// The receiver took it.
    Delivered,
    /// It was given up; it can be sent again by hand.
    Dead,
}

impl Word for DeliveryState {
    const NAME: &'static str = "state";
    const ALL: &'static [Self] = &[Self::Queued, Self::Delivered, Self::Dead];
    fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// A message to a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its id, the same at every attempt.
    pub id: DeliveryId,
    /// To whom.
    pub hook: HookId,
    /// The place of its news in the feed.
    pub seq: i64,
    /// When that was recorded.
    pub at: Instant,
    /// What sort of news it is.
    pub kind: String,
    /// Of which ticket.
    pub ticket: Option<TicketId>,
    /// What is sent, to the byte.
    pub body: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried since it was queued.
    pub attempts: i32,
    /// When it is tried next.
    pub due_at: Instant,
    /// When it was first tried since it was queued.
    pub tried_at: Option<Instant>,
    /// When it was delivered or given up.
    pub settled_at: Option<Instant>,
    /// The status of the last answer.
    pub status: Option<i32>,
    /// What went wrong last.
    pub error: Option<String>,
    /// How the last answer began.
    pub answer: Option<String>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_deliveries, treat_none_as_default_value = false)]
struct DeliveryRow {
    id: SqlId,
    subscription_id: SqlId,
    seq: i64,
    at: SqlInstant,
    kind: String,
    ticket_id: Option<SqlId>,
    body: String,
    state: String,
    attempts: i32,
    due_at: SqlInstant,
    tried_at: Option<SqlInstant>,
    settled_at: Option<SqlInstant>,
    status: Option<i32>,
    error: Option<String>,
    answer: Option<String>,
}

impl TryFrom<DeliveryRow> for DeliveryRecord {
    type Error = StoreError;
    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let id = DeliveryId::from(row.id);
        Ok(Self {
            id,
            hook: row.subscription_id.into(),
            seq: row.seq,
            at: row.at.into(),
            kind: row.kind,
            ticket: opt(row.ticket_id),
            body: row.body,
            state: word("webhook_deliveries", id, &row.state)?,
            attempts: row.attempts,
            due_at: row.due_at.into(),
            tried_at: opt(row.tried_at),
            settled_at: opt(row.settled_at),
            status: row.status,
            error: row.error,
            answer: row.answer,
        })
    }
}

impl From<&DeliveryRecord> for DeliveryRow {
    fn from(message: &DeliveryRecord) -> Self {
        Self {
            id: message.id.into(),
            subscription_id: message.hook.into(),
            seq: message.seq,
            at: message.at.into(),
            kind: message.kind.clone(),
            ticket_id: opt(message.ticket),
            body: message.body.clone(),
            state: message.state.word().to_owned(),
            attempts: message.attempts,
            due_at: message.due_at.into(),
            tried_at: opt(message.tried_at),
            settled_at: opt(message.settled_at),
            status: message.status,
            error: message.error.clone(),
            answer: message.answer.clone(),
        }
    }
}

fn converted(rows: Vec<DeliveryRow>) -> Result<Vec<DeliveryRecord>, StoreError> {
    rows.into_iter().map(DeliveryRecord::try_from).collect()
}

/// Writes messages; those that are there already stay as they are. Gives how many are new.
///
/// # Errors
/// The database's own.
pub fn queue(conn: &mut Conn, messages: &[DeliveryRecord]) -> Result<usize, StoreError> {
    let mut new = 0;
    for message in messages {
        let row = DeliveryRow::from(message);
        new += on!(conn, c => diesel::insert_into(webhook_deliveries::table)
            .values(&row)
            .on_conflict((webhook_deliveries::subscription_id, webhook_deliveries::seq))
            .do_nothing()
            .execute(c))?;
    }
    Ok(new)
}

/// Takes due messages of a subscription under a lease, in the order of the feed; none whose ticket has an earlier one
/// that waits.
///
/// # Errors
/// The database's own.
pub fn claim(
    conn: &mut Conn,
    hook: HookId,
    now: Instant,
    lease_until: Instant,
    limit: i64,
) -> Result<Vec<DeliveryRecord>, StoreError> {
    use webhook_deliveries as message;
    let earlier = diesel::alias!(webhook_deliveries as earlier);
    let (at, queued) = (SqlInstant::from(now), DeliveryState::Queued.word());
    let query = message::table
        .filter(message::subscription_id.eq(SqlId::from(hook)))
        .filter(message::state.eq(queued))
        .filter(message::due_at.le(at))
        .filter(message::locked_until.is_null().or(message::locked_until.le(at)))
        .filter(not(exists(
            earlier
                .filter(earlier.field(message::subscription_id).eq(message::subscription_id))
                .filter(earlier.field(message::ticket_id).eq(message::ticket_id))
                .filter(earlier.field(message::seq).lt(message::seq))
                .filter(earlier.field(message::state).eq(queued)),
        )))
        .order(message::seq)
        .limit(limit);
    let rows: Vec<DeliveryRow> = match conn {
        Conn::Postgres(c) => {
            query.select(DeliveryRow::as_select()).for_update().skip_locked().load(&mut **c)?
        }
        Conn::Sqlite(c) => query.select(DeliveryRow::as_select()).load(&mut **c)?,
    };
    let ids: Vec<SqlId> = rows.iter().map(|row| row.id).collect();
    on!(conn, c => diesel::update(message::table.filter(message::id.eq_any(&ids)))
        .set((message::attempts.eq(message::attempts + 1), message::locked_until.eq(Some(SqlInstant::from(lease_until)))))
        .execute(c))?;
    on!(conn, c => diesel::update(message::table.filter(message::id.eq_any(&ids).and(message::tried_at.is_null())))
        .set(message::tried_at.eq(Some(at)))
        .execute(c))?;
    let held = |message: DeliveryRecord| DeliveryRecord {
        attempts: message.attempts + 1,
        tried_at: message.tried_at.or(Some(now)),
        ..message
    };
    Ok(converted(rows)?.into_iter().map(held).collect())
}

/// Records what became of an attempt; `false` when the message is in other hands by now.
///
/// # Errors
/// The database's own.
pub fn settle(conn: &mut Conn, message: &DeliveryRecord) -> Result<bool, StoreError> {
    use webhook_deliveries as column;
    let held = column::table
        .find(SqlId::from(message.id))
        .filter(column::attempts.eq(message.attempts).and(column::state.eq(DeliveryState::Queued.word())));
    let settled = on!(conn, c => diesel::update(held)
        .set((
            column::state.eq(message.state.word()),
            column::due_at.eq(SqlInstant::from(message.due_at)),
            column::locked_until.eq(None::<SqlInstant>),
            column::settled_at.eq(opt::<_, SqlInstant>(message.settled_at)),
            column::status.eq(message.status),
            column::error.eq(&message.error),
            column::answer.eq(&message.answer),
        ))
        .execute(c))?;
    Ok(settled == 1)
}

/// Gives up everything of a subscription that waits.
///
/// # Errors
/// The database's own.
pub fn give_up(conn: &mut Conn, hook: HookId, why: &str, now: Instant) -> Result<(), StoreError> {
    use webhook_deliveries as column;
    let waiting = column::table
        .filter(column::subscription_id.eq(SqlId::from(hook)))
        .filter(column::state.eq(DeliveryState::Queued.word()));
    on!(conn, c => diesel::update(waiting)
        .set((
            column::state.eq(DeliveryState::Dead.word()),
            column::locked_until.eq(None::<SqlInstant>),
            column::settled_at.eq(Some(SqlInstant::from(now))),
            column::error.eq(Some(why)),
        ))
        .execute(c))?;
    Ok(())
}

/// Lets the later messages of a ticket wait for one that is to be tried again, so that what is due can be sent.
///
/// # Errors
/// The database's own.
pub fn hold_back(conn: &mut Conn, message: &DeliveryRecord) -> Result<(), StoreError> {
    use webhook_deliveries as column;
    let until = SqlInstant::from(message.due_at);
    let later = column::table
        .filter(column::subscription_id.eq(SqlId::from(message.hook)))
        .filter(column::ticket_id.eq(opt::<_, SqlId>(message.ticket)))
        .filter(column::state.eq(DeliveryState::Queued.word()))
        .filter(column::seq.gt(message.seq).and(column::due_at.lt(until)));
    on!(conn, c => diesel::update(later).set(column::due_at.eq(until)).execute(c))?;
    Ok(())
}

/// Settled messages of a subscription past a place in the feed whose news were recorded in `[from, to)`, with their
/// places: at most `limit`, and none that was settled after an instant.
///
/// # Errors
/// The database's own.
pub fn settled_between(
    conn: &mut Conn,
    hook: HookId,
    (from, to): (Instant, Instant),
    place: i64,
    until: Instant,
    limit: i64,
) -> Result<Vec<(DeliveryId, i64)>, StoreError> {
    use webhook_deliveries as column;
    let found: Vec<(SqlId, i64)> = on!(conn, c => column::table
        .filter(column::subscription_id.eq(SqlId::from(hook)).and(column::seq.gt(place)))
        .filter(column::state.ne(DeliveryState::Queued.word()))
        .filter(column::at.ge(SqlInstant::from(from)).and(column::at.lt(SqlInstant::from(to))))
        .filter(column::settled_at.le(SqlInstant::from(until)))
        .order(column::seq)
        .limit(limit)
        .select((column::id, column::seq))
        .load(c))?;
    Ok(found.into_iter().map(|(id, seq)| (id.into(), seq)).collect())
}

/// Queues settled messages anew, under the ids that they have; gives how many.
///
/// # Errors
/// The database's own.
pub fn requeue(conn: &mut Conn, ids: &[DeliveryId], now: Instant) -> Result<usize, StoreError> {
    use webhook_deliveries as column;
    let ids: Vec<SqlId> = ids.iter().map(|id| SqlId::from(*id)).collect();
    let settled =
        column::table.filter(column::id.eq_any(ids).and(column::state.ne(DeliveryState::Queued.word())));
    Ok(on!(conn, c => diesel::update(settled)
        .set((
            column::state.eq(DeliveryState::Queued.word()),
            column::attempts.eq(0),
            column::due_at.eq(SqlInstant::from(now)),
            column::locked_until.eq(None::<SqlInstant>),
            column::tried_at.eq(None::<SqlInstant>),
            column::settled_at.eq(None::<SqlInstant>),
        ))
        .execute(c))?)
}

/// Reads one message.
///
/// # Errors
/// The database's own.
pub fn find_delivery(conn: &mut Conn, id: DeliveryId) -> Result<Option<DeliveryRecord>, StoreError> {
    let row: Option<DeliveryRow> = on!(conn, c => webhook_deliveries::table
        .find(SqlId::from(id))
        .select(DeliveryRow::as_select())
        .first(c)
        .optional())?;
    row.map(DeliveryRecord::try_from).transpose()
}

/// The messages of a subscription, newest first, before a place in the feed.
///
/// # Errors
/// The database's own.
pub fn deliveries(
    conn: &mut Conn,
    hook: HookId,
    state: Option<DeliveryState>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<DeliveryRecord>, StoreError> {
    use webhook_deliveries as column;
    let rows: Vec<DeliveryRow> = on!(conn, c => {
        let mut query = column::table.filter(column::subscription_id.eq(SqlId::from(hook))).into_boxed();
        if let Some(state) = state {
            query = query.filter(column::state.eq(state.word()));
        }
        if let Some(before) = before {
            query = query.filter(column::seq.lt(before));
        }
        query.order(column::seq.desc()).limit(limit).select(DeliveryRow::as_select()).load(c)
    })?;
    converted(rows)
}

/// Forgets messages settled before an instant, at most `limit`; gives how many.
///
/// # Errors
/// The database's own.
pub fn prune(conn: &mut Conn, before: Instant, limit: i64) -> Result<usize, StoreError> {
    let old: Vec<SqlId> = on!(conn, c => webhook_deliveries::table
        .filter(webhook_deliveries::settled_at.lt(SqlInstant::from(before)))
        .order(webhook_deliveries::settled_at)
        .limit(limit)
        .select(webhook_deliveries::id)
        .load(c))?;
    on!(conn, c => diesel::delete(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(&old))).execute(c))?;
    Ok(old.len())
}
