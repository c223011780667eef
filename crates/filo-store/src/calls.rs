//! Calls and their legs. A call is the fold of its legs; the row here is that fold, renewed when a leg changes.

use diesel::prelude::*;
use filo_domain::{
    Instant, InteractionId,
    legs::{Call, Leg, LegOrigin},
    vocabulary::{CallOutcome, Word},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    conn::{insert_each, on},
    schema::{calls, legs},
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::{json, word},
};

/// A leg as it is written: made beforehand where there are many, for the one writer has no time.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = legs, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct LegRow {
    id: SqlId,
    interaction_id: SqlId,
    source: String,
    call_id: String,
    queue: String,
    entered_at: SqlInstant,
    origin: String,
    caller: Option<String>,
    answered_at: Option<SqlInstant>,
    ended_at: Option<SqlInstant>,
    wait_s: Option<i64>,
    talk_s: Option<i64>,
    outcome: String,
    transferred_to: Option<String>,
    agent: Option<String>,
    lost_at: Option<SqlInstant>,
    flags: Value,
    ivr_choice: Option<String>,
}

/// A leg and the call it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredLeg {
    /// The leg's row.
    pub id: Uuid,
    /// The call's interaction.
    pub interaction: InteractionId,
    /// The leg.
    pub leg: Leg,
}

const TABLE: &str = "legs";

pub(crate) fn origin_word(origin: LegOrigin) -> &'static str {
    match origin {
        LegOrigin::Log => "log",
        LegOrigin::Live => "live",
        LegOrigin::Cdr => "cdr",
    }
}

impl TryFrom<LegRow> for StoredLeg {
    type Error = StoreError;
    fn try_from(row: LegRow) -> Result<Self, StoreError> {
        let id = row.id.0;
        let leg = Leg {
            call_id: row.call_id,
            queue: row.queue,
            entered_at: row.entered_at.into(),
            origin: json(TABLE, id, Value::from(row.origin))?,
            caller: row.caller,
            answered_at: opt(row.answered_at),
            ended_at: opt(row.ended_at),
            wait_s: row.wait_s,
            talk_s: row.talk_s,
            outcome: word(TABLE, id, &row.outcome)?,
            transferred_to: row.transferred_to,
            agent: row.agent,
            lost_at: opt(row.lost_at),
            choice: row.ivr_choice,
            flags: json(TABLE, id, row.flags)?,
        };
        Ok(Self { id, interaction: row.interaction_id.into(), leg })
    }
}

impl LegRow {
    /// A leg of a source.
    pub fn of(source: &str, stored: StoredLeg) -> Self {
        let StoredLeg { id, interaction, leg } = stored;
        Self {
            id: SqlId(id),
            interaction_id: interaction.into(),
            source: source.to_owned(),
            call_id: leg.call_id,
            queue: leg.queue,
            entered_at: leg.entered_at.into(),
            origin: origin_word(leg.origin).to_owned(),
            caller: leg.caller,
            answered_at: opt(leg.answered_at),
            ended_at: opt(leg.ended_at),
            wait_s: leg.wait_s,
            talk_s: leg.talk_s,
            outcome: leg.outcome.word().to_owned(),
            transferred_to: leg.transferred_to,
            agent: leg.agent,
            lost_at: opt(leg.lost_at),
            flags: Value::from(leg.flags),
            ivr_choice: leg.choice,
        }
    }
    /// The phone system's id of its call.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }
}

/// All legs of a call id of a source, by entry: reused ids included.
///
/// # Errors
/// The database's own.
pub fn legs_of(conn: &mut Conn, source: &str, call_id: &str) -> Result<Vec<StoredLeg>, StoreError> {
    legs_of_ids(conn, source, &[call_id])
}

/// All legs of several call ids of a source, by entry. They are sorted here: asked for the order, SQLite would
/// read every leg of the source by the index that has it.
///
/// # Errors
/// The database's own.
pub fn legs_of_ids(conn: &mut Conn, source: &str, call_ids: &[&str]) -> Result<Vec<StoredLeg>, StoreError> {
    let rows: Vec<LegRow> = on!(conn, c => legs::table
        .filter(legs::source.eq(source).and(legs::call_id.eq_any(call_ids)))
        .select(LegRow::as_select())
        .load(c))?;
    let mut found: Vec<StoredLeg> = rows.into_iter().map(StoredLeg::try_from).collect::<Result<_, _>>()?;
    found.sort_by(|a, b| (a.leg.entered_at, &a.leg.queue).cmp(&(b.leg.entered_at, &b.leg.queue)));
    Ok(found)
}

/// The legs of calls, by entry.
///
/// # Errors
/// The database's own.
pub fn legs_of_calls(conn: &mut Conn, ids: &[InteractionId]) -> Result<Vec<StoredLeg>, StoreError> {
    let rows: Vec<LegRow> = on!(conn, c => legs::table
        .filter(legs::interaction_id.eq_any(ids.iter().map(|id| SqlId::from(*id))))
        .order((legs::entered_at, legs::queue))
        .select(LegRow::as_select())
        .load(c))?;
    rows.into_iter().map(StoredLeg::try_from).collect()
}

/// When the last leg of a source was entered.
///
/// # Errors
/// The database's own.
pub fn last_entry(conn: &mut Conn, source: &str) -> Result<Option<Instant>, StoreError> {
    let last: Option<SqlInstant> = on!(conn, c => legs::table
        .filter(legs::source.eq(source))
        .select(diesel::dsl::max(legs::entered_at))
        .get_result(c))?;
    Ok(opt(last))
}

/// Legs of a source entered in `[from, to)` whose end is not known and that no restart has lost.
///
/// # Errors
/// The database's own.
pub fn open_legs(
    conn: &mut Conn,
    source: &str,
    from: Instant,
    to: Instant,
) -> Result<Vec<StoredLeg>, StoreError> {
    let rows: Vec<LegRow> = on!(conn, c => legs::table
        .filter(legs::source.eq(source))
        .filter(legs::entered_at.ge(SqlInstant::from(from)).and(legs::entered_at.lt(SqlInstant::from(to))))
        .filter(legs::ended_at.is_null().and(legs::lost_at.is_null()))
        .order((legs::entered_at, legs::queue))
        .select(LegRow::as_select())
        .load(c))?;
    rows.into_iter().map(StoredLeg::try_from).collect()
}

/// Records new legs; one whose key was recorded meanwhile is [`StoreError::Conflict`]. PostgreSQL copies them in.
///
/// # Errors
/// The database's own.
pub fn insert_legs(conn: &mut Conn, rows: &[LegRow]) -> Result<(), StoreError> {
    match conn {
        Conn::Postgres(c) => {
            diesel::copy_from(legs::table).from_insertable(rows).execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            insert_each(c, rows, |c, row| diesel::insert_into(legs::table).values(row).execute(c))?
        }
    }
    Ok(())
}

/// Renews a leg.
///
/// # Errors
/// The database's own.
pub fn update_leg(conn: &mut Conn, source: &str, leg: &StoredLeg) -> Result<(), StoreError> {
    let row = LegRow::of(source, leg.clone());
    on!(conn, c => diesel::update(legs::table.find(SqlId(leg.id))).set(&row).execute(c))?;
    Ok(())
}

/// A call as it is written.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = calls, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct CallRow {
    interaction_id: SqlId,
    source: String,
    call_id: String,
    entered_at: SqlInstant,
    caller: Option<String>,
    outcome: String,
    wait_s: Option<i64>,
    talk_s: Option<i64>,
    answered_at: Option<SqlInstant>,
    ended_at: Option<SqlInstant>,
    transferred_to: Option<String>,
    ivr_choice: Option<String>,
}

/// A call as last folded.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCall {
    /// Its interaction.
    pub id: InteractionId,
    /// The source.
    pub source: String,
    /// The phone system's id.
    pub call_id: String,
    /// When its first leg entered a queue.
    pub entered_at: Instant,
    /// The caller's number.
    pub caller: Option<String>,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Seconds waited.
    pub wait_s: Option<i64>,
    /// Seconds talked.
    pub talk_s: Option<i64>,
    /// When a person answered.
    pub answered_at: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// Where it was transferred to.
    pub transferred_to: Option<String>,
    /// What the caller chose before or instead of a queue.
    pub choice: Option<String>,
}

impl TryFrom<CallRow> for StoredCall {
    type Error = StoreError;
    fn try_from(row: CallRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.interaction_id.into(),
            source: row.source,
            call_id: row.call_id,
            entered_at: row.entered_at.into(),
            caller: row.caller,
            outcome: word("calls", row.interaction_id.0, &row.outcome)?,
            wait_s: row.wait_s,
            talk_s: row.talk_s,
            answered_at: opt(row.answered_at),
            ended_at: opt(row.ended_at),
            transferred_to: row.transferred_to,
            choice: row.ivr_choice,
        })
    }
}

impl CallRow {
    /// A call of a source.
    pub fn of(id: InteractionId, source: &str, call: Call) -> Self {
        Self {
            interaction_id: id.into(),
            source: source.to_owned(),
            call_id: call.call_id,
            entered_at: call.entered_at.into(),
            caller: call.caller,
            outcome: call.outcome.word().to_owned(),
            wait_s: call.wait_s,
            talk_s: call.talk_s,
            answered_at: opt(call.answered_at),
            ended_at: opt(call.ended_at),
            transferred_to: call.transferred_to,
            ivr_choice: call.choice,
        }
    }
    /// The phone system's id of it.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }
    /// Its interaction.
    pub fn interaction(&self) -> InteractionId {
        self.interaction_id.into()
    }
}

/// Records the fold of a new call.
fn insert(conn: &mut Conn, row: &CallRow) -> Result<(), StoreError> {
    on!(conn, c => diesel::insert_into(calls::table).values(row).execute(c))?;
    Ok(())
}

/// Records the folds of new calls.
///
/// # Errors
/// The database's own.
pub fn insert_all(conn: &mut Conn, rows: &[CallRow]) -> Result<(), StoreError> {
    match conn {
        Conn::Postgres(c) => {
            diesel::copy_from(calls::table).from_insertable(rows).execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            insert_each(c, rows, |c, row| diesel::insert_into(calls::table).values(row).execute(c))?
        }
    }
    Ok(())
}

/// Records or renews the fold of a call.
///
/// # Errors
/// The database's own.
pub fn put(conn: &mut Conn, id: InteractionId, source: &str, call: &Call) -> Result<(), StoreError> {
    let row = CallRow::of(id, source, call.clone());
    let changed = on!(conn, c => diesel::update(calls::table.find(SqlId::from(id))).set(&row).execute(c))?;
    if changed == 0 {
        insert(conn, &row)?;
    }
    Ok(())
}

/// Reads one call.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: InteractionId) -> Result<Option<StoredCall>, StoreError> {
    let row: Option<CallRow> =
        on!(conn, c => calls::table.find(SqlId::from(id)).select(CallRow::as_select()).first(c).optional())?;
    row.map(StoredCall::try_from).transpose()
}

/// Lists calls, newest first.
///
/// # Errors
/// The database's own.
pub fn list(
    conn: &mut Conn,
    from: Option<Instant>,
    to: Option<Instant>,
    before: Option<(Instant, InteractionId)>,
    limit: i64,
) -> Result<Vec<StoredCall>, StoreError> {
    let rows: Vec<CallRow> = on!(conn, c => {
        let mut query = calls::table.into_boxed();
        if let Some(from) = from {
            query = query.filter(calls::entered_at.ge(SqlInstant::from(from)));
        }
        if let Some(to) = to {
            query = query.filter(calls::entered_at.lt(SqlInstant::from(to)));
        }
        if let Some((at, id)) = before {
            let (at, id) = (SqlInstant::from(at), SqlId::from(id));
            query = query.filter(calls::entered_at.le(at)).filter(calls::entered_at.lt(at).or(calls::interaction_id.lt(id)));
        }
        query
            .order((calls::entered_at.desc(), calls::interaction_id.desc()))
            .limit(limit)
            .select(CallRow::as_select())
            .load(c)
    })?;
    rows.into_iter().map(StoredCall::try_from).collect()
}
