//! Promised call-backs: booked within the city's opening hours, tried, kept or missed, listed by when they are due.
//!
//! **Invariant:** every change is a step that is appended and never changed; what is kept beside is what the steps fold
//! to, and the state that readers see follows from it and the present instant. Who called stays in the log of steps:
//! no view and no figure tells.

use std::collections::HashMap;

use filo_domain::{
    CallbackId, Instant, InteractionId, PersonId, TicketId,
    callback::{Attempt, Callback, CallbackState, Settled, StepRefused, Window},
    city::AttemptReason,
    vocabulary::Word,
};
use filo_store::{
    Conn,
    callbacks::{self as stored, Filter, Stored, StoredStep},
    persons,
};
use serde::{Deserialize, Serialize};

use crate::{
    App, AppError, Caller, Page, Permission,
    cursors::Binding,
    tickets::{fetch, limit},
    verify::Difference,
};

mod booking;
mod steps;
mod telling;

pub use booking::{CallbackWindow, NewCallback, WindowInput, WindowsQuery};
pub use steps::{CallbackChange, NewAttempt};

/// A promised call-back as readers see it.
#[derive(Clone, Debug, Serialize)]
pub struct CallbackView {
    /// Its id.
    pub id: CallbackId,
    /// How it stands.
    pub state: CallbackState,
    /// The ticket it is about.
    pub ticket_id: Option<TicketId>,
    /// The call in which it was promised.
    pub call_id: Option<InteractionId>,
    /// Who is called, after merges.
    pub person_id: Option<PersonId>,
    /// The number to call; `None` once anonymised.
    pub phone: Option<String>,
    /// The theme.
    pub theme: Option<String>,
    /// What the caller should know.
    pub note: Option<String>,
    /// The unit that is to call; `None` for the desk.
    pub unit: Option<String>,
    /// The window in force.
    pub window: Window,
    /// By when the citizen is to be reached: the window's end.
    pub due_at: Instant,
    /// When it was promised.
    pub booked_at: Instant,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
    /// When the citizen was reached.
    pub reached_at: Option<Instant>,
    /// Whether that was after the promise was missed.
    pub reached_late: bool,
    /// When it was cancelled.
    pub cancelled_at: Option<Instant>,
    /// The version: the ETag.
    pub version: i32,
}

impl CallbackView {
    fn of(row: Stored, folded: Callback, person: Option<PersonId>, now: Instant) -> Self {
        Self {
            id: row.id,
            state: folded.state(now),
            ticket_id: row.ticket,
            call_id: row.call,
            person_id: person,
            phone: row.phone,
            theme: row.theme,
            note: row.note,
            due_at: folded.window.to,
            window: folded.window,
            booked_at: folded.booked_at,
            reached_at: folded.reached_at(),
            reached_late: folded.reached_late(),
            cancelled_at: folded.cancelled_at,
            unit: folded.unit,
            attempts: folded.attempts,
            version: row.version,
        }
    }
}

/// Which call-backs to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListCallbacks {
    /// `booked`, `kept`, `missed` or `cancelled`.
    pub state: Option<String>,
    /// Due at or after.
    pub from: Option<Instant>,
    /// Due before.
    pub to: Option<Instant>,
    /// A unit.
    pub unit: Option<String>,
    /// A ticket.
    pub ticket_id: Option<TicketId>,
    /// A person, with everybody merged into them.
    pub person_id: Option<PersonId>,
    /// 1 to 200, by default 50.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

impl ListCallbacks {
    fn filter(&self, caller: &Caller, now: Instant) -> Result<Filter, AppError> {
        let state = self.state.as_deref().map(CallbackState::parse_word).transpose();
        let state = state.map_err(|error| AppError::invalid("/state", error))?;
        let unit = match (caller.unit_limit(), &self.unit) {
            (Some(own), Some(asked)) if own != asked => {
                return Err(AppError::Forbidden("read another unit's call-backs"));
            }
            (Some(own), _) => Some(own.to_owned()),
            (None, asked) => asked.clone(),
        };
        let mut filter = Filter {
            settled: state.map(settled),
            from: self.from,
            to: self.to,
            unit,
            ticket: self.ticket_id,
            persons: self.person_id.map(|person| vec![person]),
            after: None,
        };
        // Windows end at whole seconds: one that ended by now is missed, a later one is not.
        let next = now.floor().plus_seconds(1);
        match state {
            Some(CallbackState::Booked) => filter.from = filter.from.max(Some(next)),
            Some(CallbackState::Missed) => filter.to = Some(filter.to.map_or(next, |to| to.min(next))),
            Some(CallbackState::Kept | CallbackState::Cancelled) | None => {}
        }
        Ok(filter)
    }
}

fn settled(state: CallbackState) -> Settled {
    match state {
        CallbackState::Booked | CallbackState::Missed => Settled::Open,
        CallbackState::Kept => Settled::Kept,
        CallbackState::Cancelled => Settled::Cancelled,
    }
}

impl App {
    /// Lists call-backs, those that are due first before the others.
    ///
    /// # Errors
    /// Wrong filters, a cursor of another query, or the store's own.
    pub async fn list_callbacks(
        &self,
        caller: &Caller,
        query: ListCallbacks,
        now: Instant,
    ) -> Result<Page<CallbackView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let mut filter = query.filter(caller, now)?;
        let limit = limit(query.limit)?;
        let binding = Binding::of(&query, caller)?;
        filter.after = query.cursor.as_deref().map(|cursor| binding.read_at(cursor)).transpose()?;
        self.db
            .read(move |conn| {
                if let Some(person) = query.person_id {
                    filter.persons = Some(persons::members(conn, person)?);
                }
                let rows = stored::list(conn, &filter, fetch(limit))?;
                let cut = Page::cut(rows, limit, |row| binding.cursor(row.window.to.micros(), row.id));
                Ok(Page { items: views(conn, cut.items, now)?, next_cursor: cut.next_cursor })
            })
            .await
    }

    /// One call-back.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn callback(
        &self,
        caller: &Caller,
        id: CallbackId,
        now: Instant,
    ) -> Result<CallbackView, AppError> {
        caller.must(Permission::ReadTickets)?;
        let caller = caller.clone();
        self.db
            .read(move |conn| {
                let row = visible(conn, &caller, id)?;
                view(conn, row, now)
            })
            .await
    }
}

impl App {
    /// Why attempts fail: the city's list.
    ///
    /// # Errors
    /// Not the caller's to read.
    pub fn callback_reasons(&self, caller: &Caller) -> Result<Vec<&AttemptReason>, AppError> {
        caller.must(Permission::ReadTickets)?;
        Ok(self.core.city.callbacks.reasons.iter().collect())
    }
}

/// Reads a call-back that the caller may see.
fn visible(conn: &mut Conn, caller: &Caller, id: CallbackId) -> Result<Stored, AppError> {
    let row = stored::find(conn, id)?.ok_or(AppError::NotFound("call-back"))?;
    match caller.unit_limit() {
        Some(unit) if row.unit.as_deref() != Some(unit) => Err(AppError::NotFound("call-back")),
        Some(_) | None => Ok(row),
    }
}

fn view(conn: &mut Conn, row: Stored, now: Instant) -> Result<CallbackView, AppError> {
    views(conn, vec![row], now)?.pop().ok_or(AppError::NotFound("call-back"))
}

pub(crate) fn views(conn: &mut Conn, rows: Vec<Stored>, now: Instant) -> Result<Vec<CallbackView>, AppError> {
    let mut promises = folded(conn, &rows)?;
    let persons: Vec<PersonId> = rows.iter().filter_map(|row| row.person).collect();
    let persons = persons::canonical_all(conn, &persons)?;
    let one = |row: Stored| {
        let promise = promises.remove(&row.id).ok_or_else(|| broken(row.id))?;
        let person = row.person.map(|person| persons.get(&person).map_or(person, |now| now.id));
        Ok(CallbackView::of(row, promise, person, now))
    };
    rows.into_iter().map(one).collect()
}

fn broken(id: CallbackId) -> AppError {
    AppError::internal("the steps of a call-back do not fold", id)
}

/// What the steps of call-backs fold to; those that do not fold are left out.
fn folded(conn: &mut Conn, rows: &[Stored]) -> Result<HashMap<CallbackId, Callback>, AppError> {
    let ids: Vec<CallbackId> = rows.iter().map(|row| row.id).collect();
    let steps = stored::steps_of(conn, &ids)?;
    let logs = steps.chunk_by(|a, b| a.callback == b.callback);
    Ok(logs.filter_map(|log| Some((log.first()?.callback, fold(log)?))).collect())
}

fn fold(log: &[StoredStep]) -> Option<Callback> {
    Callback::fold(log.iter().map(|step| (step.at, &step.step)))
}

impl From<StepRefused> for AppError {
    fn from(why: StepRefused) -> Self {
        let code = match why {
            StepRefused::Reached => "callback-reached",
            StepRefused::Cancelled => "callback-cancelled",
            StepRefused::Over(_) => "callback-over",
        };
        Self::conflict(code, why)
    }
}

/// What is kept of every call-back is what its steps fold to, and none is missing.
pub(crate) fn verify(conn: &mut Conn) -> Result<Vec<Difference>, AppError> {
    const PAGE: i64 = 500;
    let (mut after, mut differences) = (None, vec![]);
    loop {
        let page = stored::walk(conn, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(differences) };
        after = Some(last.id);
        let ids: Vec<CallbackId> = page.iter().map(|row| row.id).collect();
        let steps = stored::steps_of(conn, &ids)?;
        for row in page {
            let log: Vec<StoredStep> = steps.iter().filter(|step| step.callback == row.id).cloned().collect();
            if let Some(problem) = problem(&row, &log) {
                let subject = row.id.to_string();
                differences.push(Difference { check: "callback", subject, problem: problem.to_owned() });
            }
        }
    }
}

fn problem(row: &Stored, log: &[StoredStep]) -> Option<&'static str> {
    if !(1..).zip(log).all(|(seq, step): (i32, _)| step.seq == seq) {
        return Some("a step is missing");
    }
    let Some(folded) = fold(log) else { return Some("the steps do not begin with the booking") };
    let version = i32::try_from(log.len()).unwrap_or(i32::MAX);
    (row.clone().with(&folded, version) != *row).then_some("the row is not what the steps fold to")
}
