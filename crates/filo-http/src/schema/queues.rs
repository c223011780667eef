//! What queues look like.

use filo_domain::vocabulary::State;
use utoipa::ToSchema;

use super::{At, one_of};

/// The open tickets of a unit, counted.
#[derive(ToSchema)]
pub struct UnitQueue {
    /// The unit's key; null for tickets without a unit.
    #[schema(example = "mobilita")]
    pub unit: Option<String>,
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
    pub oldest_opened_at: Option<At>,
    /// The counts of each state that has any.
    pub states: Vec<StateQueue>,
}

/// The open tickets of a unit in one state, counted.
#[derive(ToSchema)]
pub struct StateQueue {
    /// The state.
    #[schema(schema_with = one_of::<State>)]
    pub state: String,
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
    pub oldest_opened_at: Option<At>,
}
