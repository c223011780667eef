//! What live events said of legs, beside what the log says of them. The rows follow the legs: whoever renews a leg
//! renews its row in the same transaction.

use std::collections::HashSet;

use diesel::{dsl, prelude::*};
use filo_domain::{
    Instant, InteractionId,
    legs::{IVR_QUEUE, LiveDifference, LiveSaid},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{legs, live_legs},
    sql_types::{SqlId, SqlInstant},
    sql_words::json,
};

const TABLE: &str = "live_legs";
const LOG: &str = "log";

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = live_legs)]
struct Row {
    leg_id: SqlId,
    interaction_id: SqlId,
    source: String,
    entered_at: SqlInstant,
    said: Value,
    logged: bool,
    differs: bool,
    differences: Value,
}

/// What live events said of a leg.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveLeg {
    /// The leg's row.
    pub leg: Uuid,
    /// The call's interaction.
    pub interaction: InteractionId,
    /// The source.
    pub source: String,
    /// When the leg entered its queue, as it is known now.
    pub entered_at: Instant,
    /// What was said.
    pub said: LiveSaid,
    /// Whether a log knows the leg.
    pub logged: bool,
    /// Where the log says otherwise.
    pub differences: Vec<LiveDifference>,
}

impl TryFrom<Row> for LiveLeg {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = row.leg_id.0;
        Ok(Self {
            leg: id,
            interaction: row.interaction_id.into(),
            source: row.source,
            entered_at: row.entered_at.into(),
            said: json(TABLE, id, row.said)?,
            logged: row.logged,
            differences: json(TABLE, id, row.differences)?,
        })
    }
}

/// What is known of these legs from live events.
///
/// # Errors
/// The database's own.
pub fn find_all(conn: &mut Conn, ids: &[Uuid]) -> Result<Vec<LiveLeg>, StoreError> {
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let rows: Vec<Row> = on!(conn, c => live_legs::table
        .filter(live_legs::leg_id.eq_any(ids.iter().map(|id| SqlId(*id))))
        .select(Row::as_select())
        .load(c))?;
    rows.into_iter().map(LiveLeg::try_from).collect()
}

/// Keeps or renews what live events said of a leg.
///
/// # Errors
/// The database's own.
pub fn put(conn: &mut Conn, live: &LiveLeg) -> Result<(), StoreError> {
    let row = Row {
        leg_id: SqlId(live.leg),
        interaction_id: live.interaction.into(),
        source: live.source.clone(),
        entered_at: live.entered_at.into(),
        said: serde_json::to_value(&live.said)?,
        logged: live.logged,
        differs: !live.differences.is_empty(),
        differences: serde_json::to_value(&live.differences)?,
    };
    on!(conn, c => diesel::insert_into(live_legs::table)
        .values(&row)
        .on_conflict(live_legs::leg_id)
        .do_update()
        .set(&row)
        .execute(c))?;
    Ok(())
}

/// A leg of which live events and the log do not say the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Apart {
    /// The leg's row.
    pub leg: Uuid,
    /// The call's interaction.
    pub interaction: InteractionId,
    /// The source.
    pub source: String,
    /// The phone system's id of the call.
    pub call_id: String,
    /// The queue.
    pub queue: String,
    /// When it entered the queue.
    pub entered_at: Instant,
    /// What is different; empty where one of the two does not know the leg.
    pub differences: Vec<LiveDifference>,
}

type Columns = (SqlId, SqlId, String, String, String, SqlInstant);

fn apart((leg, interaction, source, call_id, queue, entered_at): Columns) -> Apart {
    let (leg, interaction, entered_at) = (leg.0, interaction.into(), entered_at.into());
    Apart { leg, interaction, source, call_id, queue, entered_at, differences: vec![] }
}

/// Which legs of a source to list: entered in `[from, to)`, after a place.
#[derive(Clone, Debug)]
pub struct Span<'a> {
    /// The source.
    pub source: &'a str,
    /// The first instant.
    pub from: Instant,
    /// The first instant after it.
    pub to: Instant,
    /// The entry and the row of the leg listed last.
    pub after: Option<(Instant, Uuid)>,
    /// How many at most.
    pub limit: i64,
}

impl Span<'_> {
    /// The place after which the list goes on; before everything where there is none.
    fn place(&self) -> (SqlInstant, SqlId) {
        let (at, id) = self.after.unwrap_or((self.from.plus_seconds(-1), Uuid::nil()));
        (at.into(), SqlId(id))
    }
}

/// Legs that live events and the log know, and of which they say otherwise; by entry.
///
/// # Errors
/// The database's own.
pub fn differing(conn: &mut Conn, span: &Span<'_>) -> Result<Vec<Apart>, StoreError> {
    let (at, id) = span.place();
    let rows: Vec<(Columns, Value)> = on!(conn, c => live_legs::table
        .inner_join(legs::table.on(legs::id.eq(live_legs::leg_id)))
        .filter(live_legs::differs.eq(true).and(live_legs::source.eq(span.source)))
        .filter(live_legs::entered_at.ge(SqlInstant::from(span.from)).and(live_legs::entered_at.lt(SqlInstant::from(span.to))))
        .filter(live_legs::entered_at.ge(at))
        .filter(live_legs::entered_at.gt(at).or(live_legs::leg_id.gt(id)))
        .order((live_legs::entered_at, live_legs::leg_id))
        .limit(span.limit)
        .select(((live_legs::leg_id, live_legs::interaction_id, live_legs::source, legs::call_id, legs::queue, live_legs::entered_at), live_legs::differences))
        .load(c))?;
    let one = |(columns, differences): (Columns, Value)| {
        let leg = apart(columns);
        Ok(Apart { differences: json(TABLE, leg.leg, differences)?, ..leg })
    };
    rows.into_iter().map(one).collect()
}

/// Legs that only live events know; by entry.
///
/// # Errors
/// The database's own.
pub fn not_logged(conn: &mut Conn, span: &Span<'_>) -> Result<Vec<Apart>, StoreError> {
    let (at, id) = span.place();
    let rows: Vec<Columns> = on!(conn, c => live_legs::table
        .inner_join(legs::table.on(legs::id.eq(live_legs::leg_id)))
        .filter(live_legs::logged.eq(false).and(live_legs::source.eq(span.source)))
        .filter(live_legs::entered_at.ge(SqlInstant::from(span.from)).and(live_legs::entered_at.lt(SqlInstant::from(span.to))))
        .filter(live_legs::entered_at.ge(at))
        .filter(live_legs::entered_at.gt(at).or(live_legs::leg_id.gt(id)))
        .order((live_legs::entered_at, live_legs::leg_id))
        .limit(span.limit)
        .select((live_legs::leg_id, live_legs::interaction_id, live_legs::source, legs::call_id, legs::queue, live_legs::entered_at))
        .load(c))?;
    Ok(rows.into_iter().map(apart).collect())
}

/// Legs of queues that only the log knows; by entry.
///
/// # Errors
/// The database's own.
pub fn not_live(conn: &mut Conn, span: &Span<'_>) -> Result<Vec<Apart>, StoreError> {
    let (at, id) = span.place();
    let rows: Vec<Columns> = on!(conn, c => legs::table
        .filter(legs::source.eq(span.source).and(legs::origin.eq(LOG)).and(legs::queue.ne(IVR_QUEUE)))
        .filter(legs::entered_at.ge(SqlInstant::from(span.from)).and(legs::entered_at.lt(SqlInstant::from(span.to))))
        .filter(legs::entered_at.ge(at))
        .filter(legs::entered_at.gt(at).or(legs::id.gt(id)))
        .filter(dsl::not(dsl::exists(live_legs::table.filter(live_legs::leg_id.eq(legs::id)))))
        .order((legs::entered_at, legs::id))
        .limit(span.limit)
        .select((legs::id, legs::interaction_id, legs::source, legs::call_id, legs::queue, legs::entered_at))
        .load(c))?;
    Ok(rows.into_iter().map(apart).collect())
}

/// The first and the last entry that a log of a source has.
///
/// # Errors
/// The database's own.
pub fn logged_span(conn: &mut Conn, source: &str) -> Result<Option<(Instant, Instant)>, StoreError> {
    let logged = || legs::source.eq(source).and(legs::origin.eq(LOG)).and(legs::queue.ne(IVR_QUEUE));
    let first: Option<SqlInstant> = on!(conn, c => legs::table
        .filter(logged()).order(legs::entered_at.asc()).select(legs::entered_at).first(c).optional())?;
    let last: Option<SqlInstant> = on!(conn, c => legs::table
        .filter(logged()).order(legs::entered_at.desc()).select(legs::entered_at).first(c).optional())?;
    Ok(first.zip(last).map(|(first, last)| (first.into(), last.into())))
}

/// The first and the last entry of which live events of a source told.
///
/// # Errors
/// The database's own.
pub fn live_span(conn: &mut Conn, source: &str) -> Result<Option<(Instant, Instant)>, StoreError> {
    let own = || live_legs::source.eq(source);
    let first: Option<SqlInstant> = on!(conn, c => live_legs::table
        .filter(own()).order(live_legs::entered_at.asc()).select(live_legs::entered_at).first(c).optional())?;
    let last: Option<SqlInstant> = on!(conn, c => live_legs::table
        .filter(own()).order(live_legs::entered_at.desc()).select(live_legs::entered_at).first(c).optional())?;
    Ok(first.zip(last).map(|(first, last)| (first.into(), last.into())))
}

/// The calls with a leg entered in `[from, to)` of which live events and the log do not say the same.
///
/// # Errors
/// The database's own.
pub fn differing_calls(
    conn: &mut Conn,
    from: Instant,
    to: Instant,
) -> Result<HashSet<InteractionId>, StoreError> {
    let ids: Vec<SqlId> = on!(conn, c => live_legs::table
        .filter(live_legs::differs.eq(true))
        .filter(live_legs::entered_at.ge(SqlInstant::from(from)).and(live_legs::entered_at.lt(SqlInstant::from(to))))
        .select(live_legs::interaction_id)
        .distinct()
        .load(c))?;
    Ok(ids.into_iter().map(Into::into).collect())
}
