//! Promised call-backs.

use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::At;

/// A half-open span of time within the city's opening hours.
#[derive(ToSchema)]
pub struct PromisedWindow {
    /// From when on the citizen expects the call.
    pub from: At,
    /// Until when: the promise is due then.
    pub to: At,
}

/// A window as it is asked for.
#[derive(ToSchema)]
pub struct AskedWindow {
    /// From when on; not in the past.
    pub from: At,
    /// Until when, within the same opening; without it, as long as the offered windows are.
    pub to: Option<At>,
}

/// A window that can be promised.
#[derive(ToSchema)]
pub struct CallbackWindow {
    /// From when on.
    pub from: At,
    /// Until when.
    pub to: At,
    /// How many promises it still takes; null where the city sets no capacity.
    pub free: Option<i64>,
}

/// An attempt to reach the citizen.
#[derive(ToSchema)]
pub struct Attempt {
    /// When.
    pub at: At,
    /// Whether the citizen was reached.
    pub reached: bool,
    /// Why not: a key of the city's list in `callbacks.toml`.
    #[schema(max_length = 60)]
    pub reason: Option<String>,
}

/// An attempt, just now.
#[derive(ToSchema)]
pub struct NewAttempt {
    /// Whether the citizen was reached.
    pub reached: bool,
    /// Why not: a key of the city's list in `callbacks.toml`.
    #[schema(max_length = 60)]
    pub reason: Option<String>,
}

/// A promised call-back.
#[derive(ToSchema)]
pub struct Callback {
    /// Its id.
    pub id: Uuid,
    /// `booked` until the window ends, `kept` when the citizen was reached before that, `missed` when not, or
    /// `cancelled`.
    #[schema(max_length = 20)]
    pub state: String,
    /// The ticket it is about.
    pub ticket_id: Option<Uuid>,
    /// The call in which it was promised.
    pub call_id: Option<Uuid>,
    /// Who is called.
    pub person_id: Option<Uuid>,
    /// The number to call; null once anonymised.
    #[schema(max_length = 40)]
    pub phone: Option<String>,
    /// The theme.
    #[schema(max_length = 200)]
    pub theme: Option<String>,
    /// What the caller should know.
    #[schema(max_length = 1000)]
    pub note: Option<String>,
    /// The unit that is to call; null for the desk.
    #[schema(max_length = 200)]
    pub unit: Option<String>,
    /// The window in force.
    pub window: PromisedWindow,
    /// By when the citizen is to be reached: the window's end.
    pub due_at: At,
    /// When it was promised.
    pub booked_at: At,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
    /// When the citizen was reached.
    pub reached_at: Option<At>,
    /// Whether that was after the promise was missed.
    pub reached_late: bool,
    /// When it was cancelled.
    pub cancelled_at: Option<At>,
    /// The version: the ETag.
    pub version: i32,
}

/// A call-back to be promised. Keys name a number or a call alone.
#[derive(ToSchema)]
pub struct NewCallback {
    /// The ticket it is about.
    pub ticket_id: Option<Uuid>,
    /// The call in which it is promised: its number is called, unless another is given.
    pub call_id: Option<Uuid>,
    /// Who is called; by default the person of the ticket, of the call, or whose number it is.
    pub person_id: Option<Uuid>,
    /// The number to call; by default the call's, then the person's.
    #[schema(max_length = 40)]
    pub phone: Option<String>,
    /// The window.
    pub window: AskedWindow,
    /// The theme; by default the ticket's.
    #[schema(max_length = 200)]
    pub theme: Option<String>,
    /// The unit that is to call; by default the ticket's, or a specialist's own.
    #[schema(max_length = 200)]
    pub unit: Option<String>,
    /// What the caller should know.
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// A change of a call-back.
#[derive(ToSchema)]
pub struct CallbackChange {
    /// Another window, as agreed with the citizen.
    pub window: Option<AskedWindow>,
    /// Another unit that is to call.
    #[schema(max_length = 200)]
    pub unit: Option<String>,
    /// An attempt, just now.
    pub attempt: Option<NewAttempt>,
    /// `cancelled`.
    #[schema(max_length = 20)]
    pub state: Option<String>,
}

/// Which call-backs to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListCallbacks {
    /// `booked`, `kept`, `missed` or `cancelled`.
    #[param(max_length = 20)]
    pub state: Option<String>,
    /// Due at or after.
    pub from: Option<String>,
    /// Due before.
    pub to: Option<String>,
    /// A unit.
    pub unit: Option<String>,
    /// A ticket.
    pub ticket_id: Option<Uuid>,
    /// A person, with everybody merged into them.
    pub person_id: Option<Uuid>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From `next_cursor` of the page before.
    #[param(max_length = 200)]
    pub cursor: Option<String>,
}

/// From when on windows are looked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WindowsQuery {
    /// By default, now.
    pub from: Option<String>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
}

/// Why an attempt did not reach the citizen.
#[derive(ToSchema)]
pub struct AttemptReason {
    /// Its key.
    pub key: String,
    /// Its words.
    pub label: super::content::Label,
}
