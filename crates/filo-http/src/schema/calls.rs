//! What is told of calls beside their row.

use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::At;

/// What a caller chose before or instead of a queue.
#[derive(ToSchema)]
pub struct Ivr {
    /// The place in the menu.
    pub choice: String,
    /// What the caller heard there; null where the source's configuration does not list it.
    pub label: Option<String>,
    /// The theme that it suggests.
    pub theme: Option<String>,
}

/// Which legs to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallDifferencesQuery {
    /// Entered at or after.
    pub from: Option<At>,
    /// Entered before.
    pub to: Option<At>,
    /// Of one source.
    #[param(max_length = 100)]
    pub source: Option<String>,
    /// 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i32>,
    /// From the page before.
    #[param(max_length = 500)]
    pub cursor: Option<String>,
}

/// A leg of which live events and the log do not say the same.
#[derive(ToSchema)]
pub struct CallDifference {
    /// The leg.
    pub id: Uuid,
    /// The call.
    pub interaction_id: Uuid,
    /// The source.
    pub source: String,
    /// The phone system's id of the call.
    pub call_id: String,
    /// The queue.
    pub queue: String,
    /// When it entered the queue: by the log where it knows it.
    pub entered_at: At,
    /// `differs`, `missing_in_log` or `missing_live`.
    pub kind: String,
    /// What is different; empty where one of the two does not know the leg.
    pub differences: Vec<LiveDifference>,
}

/// One thing that live events and the log say otherwise.
#[derive(ToSchema)]
pub struct LiveDifference {
    /// `entered_at`, `answered_at`, `ended_at` or `outcome`.
    pub field: String,
    /// What live events said.
    pub live: String,
    /// What the log says, which counts.
    pub log: String,
    /// Seconds from the log's instant to the live one; null for what is no instant.
    pub difference_s: Option<i64>,
}
