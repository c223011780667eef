//! The queues: what waits for each unit, by state. Never by operator.
//!
//! **Invariant:** only open tickets are read, so the counts cost the same however long the history grows.

use std::collections::BTreeMap;

use filo_domain::{Instant, vocabulary::State};
use filo_store::tickets::{self, Queue, QueueDay};
use jiff::{ToSpan, civil::Date};
use serde::Serialize;

use crate::{App, AppError, Caller, Permission};

/// Counts of open tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueView {
    /// How many are open.
    pub open: i64,
    /// Of them assigned to nobody.
    pub unassigned: i64,
    /// Of them waiting for the citizen or a third party.
    pub waiting: i64,
    /// Of them due on this local day.
    pub due_today: i64,
    /// Of them past their deadline now.
    pub overdue: i64,
    /// When the oldest was opened.
    pub oldest_opened_at: Option<Instant>,
}

impl QueueView {
    fn add(&mut self, queue: &Queue) {
        self.open += queue.open;
        self.unassigned += queue.unassigned;
        self.waiting += if queue.state.is_waiting() { queue.open } else { 0 };
        self.due_today += queue.due_today;
        self.overdue += queue.overdue;
        let oldest = Some(queue.oldest_opened_at);
        self.oldest_opened_at =
            self.oldest_opened_at.map_or(oldest, |at| Some(at.min(queue.oldest_opened_at)));
    }
}

/// The open tickets of one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateQueue {
    /// The state.
    pub state: State,
    /// The counts.
    #[serde(flatten)]
    pub counts: QueueView,
}

/// The queue of one unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnitQueue {
    /// The unit's key; `None` for tickets without a unit.
    pub unit: Option<String>,
    /// The counts over all open states.
    #[serde(flatten)]
    pub counts: QueueView,
    /// The counts of each state that has any.
    pub states: Vec<StateQueue>,
}

impl UnitQueue {
    fn empty(unit: Option<String>) -> Self {
        Self { unit, counts: QueueView::default(), states: vec![] }
    }
}

impl App {
    /// The queues of the units that the caller may see: those that work today, and those that still have open
    /// tickets.
    ///
    /// # Errors
    /// The store's own.
    pub async fn queues(&self, caller: &Caller, now: Instant) -> Result<Vec<UnitQueue>, AppError> {
        caller.must(Permission::ReadTickets)?;
        self.unit_queues(caller, now).await
    }

    /// The same for who may count them.
    pub(crate) async fn unit_queues(
        &self,
        caller: &Caller,
        now: Instant,
    ) -> Result<Vec<UnitQueue>, AppError> {
        let own = caller.unit_limit().map(str::to_owned);
        let zone = &self.core.city.zone;
        let today = zone.day(now);
        let tomorrow = today.checked_add(1.day()).unwrap_or(Date::MAX);
        let day = QueueDay { now: now.floor(), from: zone.day_start(today), to: zone.day_start(tomorrow) };
        let asked = own.clone();
        let counted = self
            .db
            .read(move |conn| tickets::queues(conn, asked.as_deref(), day))
            .await
            .map_err(AppError::Store)?;
        let working = self.core.city.units.all().iter().filter(|unit| unit.is_valid_on(today));
        let seen = working.filter(|unit| own.as_ref().is_none_or(|own| *own == unit.key));
        let mut units: BTreeMap<Option<String>, UnitQueue> =
            seen.map(|unit| (Some(unit.key.clone()), UnitQueue::empty(Some(unit.key.clone())))).collect();
        for queue in counted {
            let unit =
                units.entry(queue.unit.clone()).or_insert_with(|| UnitQueue::empty(queue.unit.clone()));
            unit.counts.add(&queue);
            let mut counts = QueueView::default();
            counts.add(&queue);
            unit.states.push(StateQueue { state: queue.state, counts });
        }
        Ok(units.into_values().collect())
    }
}
