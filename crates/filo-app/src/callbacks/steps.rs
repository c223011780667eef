//! What happens to a promised call-back: attempts, another window, another unit, a cancellation.

use filo_domain::{
    CallbackId, Instant,
    callback::{Callback, CallbackState, Step},
    city::City,
};
use filo_store::{
    Conn,
    callbacks::{self as stored, Stored, StoredStep},
    intake::take_turn,
};
use serde::Deserialize;

use super::{
    CallbackView, WindowInput,
    booking::{check_window, must_have_room, window_of},
    broken, fold,
    telling::{self, Happened},
    view, visible,
};
use crate::{App, AppError, Caller, Core, Permission, tickets::check_unit};

/// Somebody called, just now.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAttempt {
    /// Whether the citizen was reached.
    pub reached: bool,
    /// Why not: a key of the city's list.
    pub reason: Option<String>,
}

/// A change of a call-back.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackChange {
    /// Another window, as agreed with the citizen.
    pub window: Option<WindowInput>,
    /// Another unit that is to call.
    pub unit: Option<String>,
    /// An attempt, just now.
    pub attempt: Option<NewAttempt>,
    /// `cancelled`; kept and missed follow from the attempts.
    pub state: Option<CallbackState>,
}

impl CallbackChange {
    /// The steps that it asks for, checked as far as they can be without the call-back.
    fn steps(self, core: &Core, now: Instant) -> Result<Vec<Step>, AppError> {
        let mut steps = Vec::new();
        if let Some(unit) = self.unit {
            steps.push(Step::HandedOver { unit: check_unit(core, &unit, None, now)? });
        }
        if let Some(asked) = self.window {
            let window = window_of(&core.city, asked);
            check_window(&core.city, window, now)?;
            steps.push(Step::Moved { window });
        }
        if let Some(attempt) = self.attempt {
            steps.push(attempt.step(&core.city, "/attempt/reason")?);
        }
        match self.state {
            None => {}
            Some(CallbackState::Cancelled) => steps.push(Step::Cancelled),
            Some(_) => {
                let detail =
                    "only cancelled can be said: kept and missed follow from the attempts and the window";
                return Err(AppError::invalid("/state", detail));
            }
        }
        Ok(steps)
    }
}

impl NewAttempt {
    fn step(self, city: &City, pointer: &str) -> Result<Step, AppError> {
        if let Some(reason) = &self.reason {
            if self.reached {
                return Err(AppError::invalid(
                    pointer,
                    "goes with an attempt that did not reach the citizen",
                ));
            }
            if !city.callbacks.has_reason(reason) {
                let known: Vec<&str> =
                    city.callbacks.reasons.iter().map(|reason| reason.key.as_str()).collect();
                let detail = format!("there is no reason {reason:?}: expected one of {}", known.join(", "));
                return Err(AppError::invalid(pointer, detail));
            }
        }
        Ok(Step::Attempted { reached: self.reached, reason: self.reason })
    }
}

impl App {
    /// Moves, hands over, tries or cancels a call-back.
    ///
    /// # Errors
    /// A stale version, a window that cannot be promised, a promise that is over.
    pub async fn change_callback(
        &self,
        caller: &Caller,
        id: CallbackId,
        change: CallbackChange,
        version: i32,
        now: Instant,
    ) -> Result<CallbackView, AppError> {
        caller.must(Permission::WorkTickets)?;
        let steps = change.steps(&self.core, now)?;
        self.take_steps(caller, id, steps, Some(version), now).await
    }

    /// Records an attempt to reach the citizen.
    ///
    /// # Errors
    /// A stale version, an unknown reason, a citizen who was reached already.
    pub async fn attempt_callback(
        &self,
        caller: &Caller,
        id: CallbackId,
        attempt: NewAttempt,
        version: Option<i32>,
        now: Instant,
    ) -> Result<CallbackView, AppError> {
        caller.must(Permission::WorkTickets)?;
        let step = attempt.step(&self.core.city, "/reason")?;
        self.take_steps(caller, id, vec![step], version, now).await
    }

    async fn take_steps(
        &self,
        caller: &Caller,
        id: CallbackId,
        steps: Vec<Step>,
        version: Option<i32>,
        now: Instant,
    ) -> Result<CallbackView, AppError> {
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                if steps.iter().any(|step| matches!(step, Step::Moved { .. })) {
                    take_turn(conn)?;
                }
                if !stored::lock(conn, id)? {
                    return Err(AppError::NotFound("call-back"));
                }
                let row = visible(conn, &caller, id)?;
                if version.is_some_and(|version| version != row.version) {
                    return Err(AppError::Stale(row.version));
                }
                let changed = take(conn, &core, &caller, row, steps, now)?;
                view(conn, changed, now)
            })
            .await
    }
}

/// Appends steps and writes what they fold to. The clock may have been read before the step of somebody else was
/// recorded: the log is in the order of its instants all the same.
fn take(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    row: Stored,
    steps: Vec<Step>,
    now: Instant,
) -> Result<Stored, AppError> {
    let log = stored::steps_of(conn, &[row.id])?;
    let mut promise: Callback = fold(&log).ok_or_else(|| broken(row.id))?;
    let at = log.last().map_or(now, |last| last.at.max(now));
    let (callback, mut seq) = (row.id, row.version);
    let mut happened: Vec<Happened> = telling::missed(conn, callback, &promise, at)?.into_iter().collect();
    for step in steps {
        promise.check(&step, at)?;
        if let Step::Moved { window } = &step {
            must_have_room(conn, &core.city, *window, Some(callback))?;
        }
        seq += 1;
        promise.apply(at, &step);
        happened.extend(telling::of_step(callback, &promise, at, &step));
        stored::append(conn, &StoredStep { callback, seq, at, step }, &caller.actor())?;
    }
    let changed = row.with(&promise, seq);
    stored::update(conn, &changed)?;
    telling::tell(conn, core, (&changed, promise.state(now)), happened, &caller.actor(), now)?;
    Ok(changed)
}
