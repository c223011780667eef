//! Promised call-backs and their steps.
//!
//! **Invariant:** steps are only ever appended; a call-back's version is the number of its steps, and its window, unit
//! and outcome are those that they fold to.

use diesel::prelude::*;
use filo_domain::{
    CallbackId, Instant, InteractionId, PersonId, TicketId,
    callback::{Callback, Settled, Step, Window},
    event::Actor,
    vocabulary::Word,
};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{callback_steps as steps, callbacks as table},
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::{json, word},
};

/// A call-back as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: CallbackId,
    /// The ticket it is about.
    pub ticket: Option<TicketId>,
    /// The call in which it was promised.
    pub call: Option<InteractionId>,
    /// Who is called.
    pub person: Option<PersonId>,
    /// The number to call; `None` once anonymised.
    pub phone: Option<String>,
    /// The theme.
    pub theme: Option<String>,
    /// What the caller should know; `None` also once anonymised.
    pub note: Option<String>,
    /// The unit that is to call; `None` for the desk.
    pub unit: Option<String>,
    /// The window in force.
    pub window: Window,
    /// What was made of it.
    pub settled: Settled,
    /// When it was promised.
    pub booked_at: Instant,
    /// How many steps it has.
    pub version: i32,
}

impl Stored {
    /// The same with what its steps fold to.
    #[must_use]
    pub fn with(self, folded: &Callback, version: i32) -> Self {
        Self {
            unit: folded.unit.clone(),
            window: folded.window,
            settled: folded.settled(),
            booked_at: folded.booked_at,
            version,
            ..self
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    id: SqlId,
    ticket_id: Option<SqlId>,
    call_id: Option<SqlId>,
    person_id: Option<SqlId>,
    phone: Option<String>,
    theme: Option<String>,
    note: Option<String>,
    unit: Option<String>,
    window_from: SqlInstant,
    window_to: SqlInstant,
    outcome: String,
    booked_at: SqlInstant,
    version: i32,
}

impl From<&Stored> for Row {
    fn from(stored: &Stored) -> Self {
        Self {
            id: stored.id.into(),
            ticket_id: opt(stored.ticket),
            call_id: opt(stored.call),
            person_id: opt(stored.person),
            phone: stored.phone.clone(),
            theme: stored.theme.clone(),
            note: stored.note.clone(),
            unit: stored.unit.clone(),
            window_from: stored.window.from.into(),
            window_to: stored.window.to.into(),
            outcome: stored.settled.word().to_owned(),
            booked_at: stored.booked_at.into(),
            version: stored.version,
        }
    }
}

impl TryFrom<Row> for Stored {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = CallbackId::from(row.id);
        Ok(Self {
            id,
            ticket: opt(row.ticket_id),
            call: opt(row.call_id),
            person: opt(row.person_id),
            phone: row.phone,
            theme: row.theme,
            note: row.note,
            unit: row.unit,
            window: Window { from: row.window_from.into(), to: row.window_to.into() },
            settled: word("callbacks", id, &row.outcome)?,
            booked_at: row.booked_at.into(),
            version: row.version,
        })
    }
}

fn stored(rows: Vec<Row>) -> Result<Vec<Stored>, StoreError> {
    rows.into_iter().map(Stored::try_from).collect()
}

/// Records a call-back.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, new: &Stored) -> Result<(), StoreError> {
    let row = Row::from(new);
    on!(conn, c => diesel::insert_into(table::table).values(&row).execute(c))?;
    Ok(())
}

/// Locks a call-back against other writers until the transaction ends; `false` when there is none.
///
/// # Errors
/// The database's own.
pub fn lock(conn: &mut Conn, id: CallbackId) -> Result<bool, StoreError> {
    let one = table::table.find(SqlId::from(id)).select(table::version);
    let found: Option<i32> = match conn {
        Conn::Postgres(c) => one.for_update().first(&mut **c).optional()?,
        // There is one writer.
        Conn::Sqlite(c) => one.first(&mut **c).optional()?,
    };
    Ok(found.is_some())
}

/// Writes what the steps of a locked call-back fold to.
///
/// # Errors
/// The database's own.
pub fn update(conn: &mut Conn, changed: &Stored) -> Result<(), StoreError> {
    let row = Row::from(changed);
    on!(conn, c => diesel::update(table::table.find(row.id))
        .set((
            table::unit.eq(&row.unit),
            table::window_from.eq(row.window_from),
            table::window_to.eq(row.window_to),
            table::outcome.eq(&row.outcome),
            table::version.eq(row.version),
        ))
        .execute(c))?;
    Ok(())
}

/// Reads one call-back.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: CallbackId) -> Result<Option<Stored>, StoreError> {
    let row: Option<Row> =
        on!(conn, c => table::table.find(SqlId::from(id)).select(Row::as_select()).first(c).optional())?;
    row.map(Stored::try_from).transpose()
}

/// A step with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredStep {
    /// The call-back.
    pub callback: CallbackId,
    /// From 1.
    pub seq: i32,
    /// When it was taken.
    pub at: Instant,
    /// What it was.
    pub step: Step,
}

/// Appends a step.
///
/// # Errors
/// The database's own.
pub fn append(conn: &mut Conn, new: &StoredStep, actor: &Actor) -> Result<(), StoreError> {
    let row = (
        steps::callback_id.eq(SqlId::from(new.callback)),
        steps::seq.eq(new.seq),
        steps::at.eq(SqlInstant::from(new.at)),
        steps::actor.eq(serde_json::to_value(actor)?),
        steps::step.eq(serde_json::to_value(&new.step)?),
    );
    on!(conn, c => diesel::insert_into(steps::table).values(row).execute(c))?;
    Ok(())
}

/// The steps of call-backs, by call-back and place.
///
/// # Errors
/// The database's own.
pub fn steps_of(conn: &mut Conn, ids: &[CallbackId]) -> Result<Vec<StoredStep>, StoreError> {
    // Of none there is nothing to ask: the database would read the table to say so.
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let rows: Vec<(SqlId, i32, SqlInstant, serde_json::Value)> = on!(conn, c => steps::table
        .filter(steps::callback_id.eq_any(ids.iter().map(|id| SqlId::from(*id))))
        .order((steps::callback_id, steps::seq))
        .select((steps::callback_id, steps::seq, steps::at, steps::step))
        .load(c))?;
    let step = |(id, seq, at, step): (SqlId, i32, SqlInstant, serde_json::Value)| {
        let callback = CallbackId::from(id);
        let step = json("callback_steps", format!("{callback}/{seq}"), step)?;
        Ok(StoredStep { callback, seq, at: at.into(), step })
    };
    rows.into_iter().map(step).collect()
}

/// Which call-backs to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What was made of them.
    pub settled: Option<Settled>,
    /// Those whose window ends at or after.
    pub from: Option<Instant>,
    /// Those whose window ends before.
    pub to: Option<Instant>,
    /// Of a unit.
    pub unit: Option<String>,
    /// About a ticket.
    pub ticket: Option<TicketId>,
    /// To one of these persons.
    pub persons: Option<Vec<PersonId>>,
    /// Past this window's end and id.
    pub after: Option<(Instant, CallbackId)>,
}

/// Lists call-backs in the order in which they are due.
///
/// # Errors
/// The database's own.
pub fn list(conn: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<Row> = on!(conn, c => {
        let mut query = table::table.into_boxed();
        if let Some(settled) = filter.settled {
            query = query.filter(table::outcome.eq(settled.word()));
        }
        if let Some(unit) = &filter.unit {
            query = query.filter(table::unit.eq(unit));
        }
        if let Some(ticket) = filter.ticket {
            query = query.filter(table::ticket_id.eq(SqlId::from(ticket)));
        }
        if let Some(persons) = &filter.persons {
            query = query.filter(table::person_id.eq_any(persons.iter().map(|id| SqlId::from(*id))));
        }
        if let Some(from) = filter.from {
            query = query.filter(table::window_to.ge(SqlInstant::from(from)));
        }
        if let Some(to) = filter.to {
            query = query.filter(table::window_to.lt(SqlInstant::from(to)));
        }
        if let Some((at, id)) = filter.after {
            let (at, id) = (SqlInstant::from(at), SqlId::from(id));
            query = query.filter(table::window_to.ge(at)).filter(table::window_to.gt(at).or(table::id.gt(id)));
        }
        query.order((table::window_to, table::id)).limit(limit).select(Row::as_select()).load(c)
    })?;
    stored(rows)
}

/// How many promises that were not cancelled overlap a window; one of them may be left out.
///
/// # Errors
/// The database's own.
pub fn overlapping(conn: &mut Conn, window: Window, but: Option<CallbackId>) -> Result<i64, StoreError> {
    let (from, to) = (SqlInstant::from(window.from), SqlInstant::from(window.to));
    Ok(on!(conn, c => {
        let mut query = table::table
            .filter(table::window_to.gt(from).and(table::window_from.lt(to)))
            .filter(table::outcome.ne(Settled::Cancelled.word()))
            .into_boxed();
        if let Some(but) = but {
            query = query.filter(table::id.ne(SqlId::from(but)));
        }
        query.count().get_result(c)
    })?)
}

/// Reads all call-backs, by id.
///
/// # Errors
/// The database's own.
pub fn walk(conn: &mut Conn, after: Option<CallbackId>, limit: i64) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<Row> = on!(conn, c => {
        let mut query = table::table.into_boxed();
        if let Some(after) = after {
            query = query.filter(table::id.gt(SqlId::from(after)));
        }
        query.order(table::id).limit(limit).select(Row::as_select()).load(c)
    })?;
    stored(rows)
}

/// Call-backs whose window ended by `now`, that are open, and of which nobody was told that they were missed.
///
/// # Errors
/// The database's own.
pub fn missed_untold(conn: &mut Conn, now: Instant, limit: i64) -> Result<Vec<CallbackId>, StoreError> {
    let ids: Vec<SqlId> = on!(conn, c => table::table
        .filter(table::missed_told.eq(false).and(table::outcome.eq(Settled::Open.word())))
        .filter(table::window_to.le(SqlInstant::from(now)))
        .order((table::window_to, table::id))
        .limit(limit)
        .select(table::id)
        .load(c))?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Whether it was told that a call-back was missed.
///
/// # Errors
/// The database's own.
pub fn is_missed_told(conn: &mut Conn, id: CallbackId) -> Result<bool, StoreError> {
    let told: Option<bool> = on!(conn, c => table::table
        .find(SqlId::from(id)).select(table::missed_told).first(c).optional())?;
    Ok(told.unwrap_or_default())
}

/// Keeps that it was told that a locked call-back was missed.
///
/// # Errors
/// The database's own.
pub fn tell_missed(conn: &mut Conn, id: CallbackId) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(table::table.find(SqlId::from(id)))
        .set(table::missed_told.eq(true))
        .execute(c))?;
    Ok(())
}
