//! Who is told of what by webhook, and every message that goes out.
//!
//! **Invariant:** one message a subscription and place in the feed, whoever writes it. A message is claimed under a
//! lease, and only when no earlier one of the same subscription and ticket still waits: a ticket's story is told in
//! order. What became of an attempt is recorded only by whoever holds it (the number of attempts is the fence).

mod messages;

use diesel::{
    dsl::{count_star, exists},
    prelude::*,
};
use filo_domain::{Instant, id::Id, vocabulary::Word};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use messages::{
    DeliveryRecord, DeliveryState, claim, deliveries, find_delivery, give_up, hold_back, prune, queue,
    requeue, settle, settled_between,
};

use crate::{
    Conn, StoreError,
    conn::on,
    feed,
    schema::{webhook_deliveries, webhook_subscriptions},
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::{json, word},
};

/// Names a subscription.
pub enum Hook {}
/// Names a message to a subscription.
pub enum Message {}
/// Identifier of a subscription.
pub type HookId = Id<Hook>;
/// Identifier of a message, which its receiver sees as `webhook-id`.
pub type DeliveryId = Id<Message>;

/// Whether a subscription is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookState {
    /// It is.
    Active,
    /// Not now: by hand, or because it failed for days. What happens is kept as long as the feed.
    Paused,
    /// The receiver said that it is gone.
    Disabled,
}

impl Word for HookState {
    const NAME: &'static str = "state";
    const ALL: &'static [Self] = &[Self::Active, Self::Paused, Self::Disabled];
    fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

/// A secret, sealed, and until when it signs beside a newer one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// The secret, encrypted, in base64.
    pub sealed: String,
    /// Until when it is used, in microseconds; without an end for the newest.
    pub until_us: Option<i64>,
}

/// A subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct HookRecord {
    /// Its id.
    pub id: HookId,
    /// Where messages go.
    pub url: String,
    /// The kinds of news it wants.
    pub events: Vec<String>,
    /// Of one unit alone.
    pub unit: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is served.
    pub state: HookState,
    /// Why it is not.
    pub reason: Option<String>,
    /// What signs its messages, newest first.
    pub secrets: Vec<SealedSecret>,
    /// The place in the feed up to which its messages were written.
    pub place: i64,
    /// Since when nothing could be delivered.
    pub failing_since: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was changed.
    pub updated_at: Instant,
    /// Counts changes.
    pub version: i32,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhook_subscriptions, treat_none_as_default_value = false, treat_none_as_null = true)]
struct HookRow {
    id: SqlId,
    url: String,
    events: Value,
    unit: Option<String>,
    description: Option<String>,
    state: String,
    reason: Option<String>,
    secrets: Value,
    place: i64,
    failing_since: Option<SqlInstant>,
    created_at: SqlInstant,
    updated_at: SqlInstant,
    version: i32,
}

impl TryFrom<HookRow> for HookRecord {
    type Error = StoreError;
    fn try_from(row: HookRow) -> Result<Self, StoreError> {
        const TABLE: &str = "webhook_subscriptions";
        let id = HookId::from(row.id);
        Ok(Self {
            id,
            url: row.url,
            events: json(TABLE, id, row.events)?,
            unit: row.unit,
            description: row.description,
            state: word(TABLE, id, &row.state)?,
            reason: row.reason,
            secrets: json(TABLE, id, row.secrets)?,
            place: row.place,
            failing_since: opt(row.failing_since),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            version: row.version,
        })
    }
}

impl HookRow {
    fn of(hook: &HookRecord) -> Result<Self, StoreError> {
        Ok(Self {
            id: hook.id.into(),
            url: hook.url.clone(),
            events: serde_json::to_value(&hook.events)?,
            unit: hook.unit.clone(),
            description: hook.description.clone(),
            state: hook.state.word().to_owned(),
            reason: hook.reason.clone(),
            secrets: serde_json::to_value(&hook.secrets)?,
            place: hook.place,
            failing_since: opt(hook.failing_since),
            created_at: hook.created_at.into(),
            updated_at: hook.updated_at.into(),
            version: hook.version,
        })
    }
}

/// Records a subscription.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, hook: &HookRecord) -> Result<(), StoreError> {
    let row = HookRow::of(hook)?;
    on!(conn, c => diesel::insert_into(webhook_subscriptions::table).values(&row).execute(c))?;
    Ok(())
}

/// Renews a subscription.
///
/// # Errors
/// The database's own.
pub fn update(conn: &mut Conn, hook: &HookRecord) -> Result<(), StoreError> {
    let row = HookRow::of(hook)?;
    on!(conn, c => diesel::update(webhook_subscriptions::table.find(row.id)).set(&row).execute(c))?;
    Ok(())
}

/// Reads a subscription and holds it until the transaction ends; with `wait` after whoever holds it, without it
/// `None` when somebody does. (SQLite has one writer anyway.)
///
/// # Errors
/// The database's own.
pub fn hold(conn: &mut Conn, id: HookId, wait: bool) -> Result<Option<HookRecord>, StoreError> {
    let query = webhook_subscriptions::table.find(SqlId::from(id));
    let row: Option<HookRow> = match conn {
        Conn::Postgres(c) if wait => {
            query.select(HookRow::as_select()).for_update().first(&mut **c).optional()?
        }
        Conn::Postgres(c) => {
            query.select(HookRow::as_select()).for_update().skip_locked().first(&mut **c).optional()?
        }
        Conn::Sqlite(c) => query.select(HookRow::as_select()).first(&mut **c).optional()?,
    };
    row.map(HookRecord::try_from).transpose()
}

/// Reads one subscription.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: HookId) -> Result<Option<HookRecord>, StoreError> {
    let row: Option<HookRow> = on!(conn, c => webhook_subscriptions::table
        .find(SqlId::from(id))
        .select(HookRow::as_select())
        .first(c)
        .optional())?;
    row.map(HookRecord::try_from).transpose()
}

/// All subscriptions, oldest first.
///
/// # Errors
/// The database's own.
pub fn all(conn: &mut Conn) -> Result<Vec<HookRecord>, StoreError> {
    let rows: Vec<HookRow> = on!(conn, c => webhook_subscriptions::table
        .order((webhook_subscriptions::created_at, webhook_subscriptions::id))
        .select(HookRow::as_select())
        .load(c))?;
    rows.into_iter().map(HookRecord::try_from).collect()
}

/// Removes a subscription with its messages.
///
/// # Errors
/// The database's own.
pub fn delete(conn: &mut Conn, id: HookId) -> Result<(), StoreError> {
    let id = SqlId::from(id);
    on!(conn, c => diesel::delete(webhook_deliveries::table.filter(webhook_deliveries::subscription_id.eq(id))).execute(c))?;
    on!(conn, c => diesel::delete(webhook_subscriptions::table.find(id)).execute(c))?;
    Ok(())
}

/// How many messages of a subscription wait, and how many were given up.
///
/// # Errors
/// The database's own.
pub fn counts(conn: &mut Conn, id: HookId) -> Result<(i64, i64), StoreError> {
    let count = |conn: &mut Conn, state: DeliveryState| -> Result<i64, StoreError> {
        Ok(on!(conn, c => webhook_deliveries::table
            .filter(webhook_deliveries::subscription_id.eq(SqlId::from(id)).and(webhook_deliveries::state.eq(state.word())))
            .select(count_star())
            .get_result(c))?)
    };
    Ok((count(conn, DeliveryState::Queued)?, count(conn, DeliveryState::Dead)?))
}

/// Active subscriptions that have something to do: news to look at, or messages that are due.
///
/// # Errors
/// The database's own.
pub fn due(conn: &mut Conn, now: Instant) -> Result<Vec<HookId>, StoreError> {
    let at = SqlInstant::from(now);
    let (_, last) = feed::bounds(conn)?;
    let ids: Vec<SqlId> = on!(conn, c => webhook_subscriptions::table
        .filter(webhook_subscriptions::state.eq(HookState::Active.word()))
        .filter(webhook_subscriptions::place.lt(last).or(exists(webhook_deliveries::table
            .filter(webhook_deliveries::subscription_id.eq(webhook_subscriptions::id))
            .filter(webhook_deliveries::state.eq(DeliveryState::Queued.word()))
            .filter(webhook_deliveries::due_at.le(at))
            .filter(webhook_deliveries::locked_until.is_null().or(webhook_deliveries::locked_until.le(at))))))
        .order(webhook_subscriptions::id)
        .select(webhook_subscriptions::id)
        .load(c))?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// The least place in the feed that an active subscription has reached; `None` without one.
///
/// # Errors
/// The database's own.
pub fn least_place(conn: &mut Conn) -> Result<Option<i64>, StoreError> {
    Ok(on!(conn, c => webhook_subscriptions::table
        .filter(webhook_subscriptions::state.eq(HookState::Active.word()))
        .select(diesel::dsl::min(webhook_subscriptions::place))
        .first(c))?)
}
