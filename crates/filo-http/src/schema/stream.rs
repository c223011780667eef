//! The stream.

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What a stream is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// `tickets`, `queues`, `calls`, `mentions`, `callbacks`, with commas between; all that the caller may follow without it.
    #[param(max_length = 100)]
    pub topics: Option<String>,
    /// Of one unit.
    #[param(max_length = 100)]
    pub unit: Option<String>,
    /// Of one ticket.
    pub ticket_id: Option<Uuid>,
    /// Where to go on, for clients that cannot send `Last-Event-ID`, which comes first.
    #[param(max_length = 20)]
    pub last_event_id: Option<String>,
}

/// The data of one event; the stream is `text/event-stream`.
#[derive(ToSchema)]
pub struct StreamEvent {
    /// `ticket.opened`, `ticket.changed`, `ticket.message`, `ticket.mention`, `queue.changed`, `call.offered`,
    /// `callback.changed`.
    #[schema(rename = "type")]
    pub kind: String,
    /// When it was recorded.
    pub timestamp: super::At,
    /// For tickets `ticket_id`, `number`, `version`, `change`, `state`, `unit`, `unit_before` and more; for queues
    /// `unit`, `open`, `untaken`, `waiting`; for mentions of the caller `ticket_id`, `number`,
    /// `mention_id`, `message_id`; for offered calls `call_id`, `queue`, `person`, `open_tickets`, `last_contacts`, `ivr`,
    /// `suggested_theme`; for call-backs `callback_id`, `change`, `state`, `due_at`.
    #[schema(value_type = Object)]
    pub data: Value,
}
