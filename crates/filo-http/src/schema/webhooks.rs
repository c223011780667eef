//! Webhook subscriptions.

use filo_app::{HookState, WebhookDeliveryState};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{At, one_of};

/// A new webhook subscription.
#[derive(ToSchema)]
pub struct NewWebhookSubscription {
    /// Where messages go: `https`, at a public address unless the configuration says otherwise.
    #[schema(format = "uri", max_length = 2000)]
    pub url: String,
    /// `ticket.opened`, `ticket.changed`, `ticket.message`; all without it.
    #[schema(max_items = 10)]
    pub events: Option<Vec<String>>,
    /// Of tickets that are in this unit, or leave it.
    #[schema(max_length = 100)]
    pub unit: Option<String>,
    /// What it is for.
    #[schema(max_length = 200)]
    pub description: Option<String>,
}

/// A change of a webhook subscription.
#[derive(ToSchema)]
pub struct WebhookSubscriptionChange {
    /// Where messages go.
    #[schema(format = "uri", max_length = 2000)]
    pub url: Option<String>,
    /// The kinds of news.
    #[schema(max_items = 10)]
    pub events: Option<Vec<String>>,
    /// Of one unit alone; null for all.
    #[schema(max_length = 100)]
    pub unit: Option<String>,
    /// What it is for.
    #[schema(max_length = 200)]
    pub description: Option<String>,
    /// `active` or `paused`.
    #[schema(schema_with = one_of::<HookState>)]
    pub state: Option<HookState>,
}

/// A webhook subscription.
#[derive(ToSchema)]
pub struct WebhookSubscription {
    /// Its id.
    pub id: Uuid,
    /// Where messages go.
    #[schema(format = "uri")]
    pub url: String,
    /// The kinds of news.
    pub events: Vec<String>,
    /// Of one unit alone.
    pub unit: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is served.
    #[schema(schema_with = one_of::<HookState>)]
    pub state: HookState,
    /// Why it is not.
    pub reason: Option<String>,
    /// Since when nothing could be delivered; it is paused after three days.
    pub failing_since: Option<At>,
    /// Messages that wait.
    pub queued: i64,
    /// Messages given up.
    pub dead: i64,
    /// The secret (`whsec_…`): once, when it was made.
    pub secret: Option<String>,
    /// When it was made.
    pub created_at: At,
    /// When it was changed.
    pub updated_at: At,
    /// Counts changes.
    pub version: i32,
}

/// Which messages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// `queued`, `delivered` or `dead`; all without it.
    #[param(max_length = 20)]
    pub state: Option<String>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// From `next_cursor` of the page before.
    #[param(max_length = 100)]
    pub cursor: Option<String>,
}

/// A message to a subscription.
#[derive(ToSchema)]
pub struct WebhookDelivery {
    /// Its id, which the receiver sees as `webhook-id`.
    pub id: Uuid,
    /// To whom.
    pub subscription_id: Uuid,
    /// The kind of news.
    #[schema(rename = "type")]
    pub kind: String,
    /// Of which ticket.
    pub ticket_id: Option<Uuid>,
    /// When that was recorded.
    pub at: At,
    /// Where it stands.
    #[schema(schema_with = one_of::<WebhookDeliveryState>)]
    pub state: WebhookDeliveryState,
    /// How often it was tried since it was queued.
    pub attempts: i32,
    /// When it is tried next; null once settled.
    pub due_at: Option<At>,
    /// When it was delivered or given up.
    pub settled_at: Option<At>,
    /// The status of the last answer.
    pub status: Option<i32>,
    /// What went wrong last.
    pub error: Option<String>,
    /// How the last answer began.
    pub answer: Option<String>,
    /// What is sent: `{type, timestamp, data}`.
    #[schema(value_type = Object)]
    pub payload: Value,
}

/// Since an instant, or between two.
#[derive(ToSchema)]
pub struct Between {
    /// From when news were recorded.
    pub from: At,
    /// Until when, exclusive; until now without it.
    pub to: Option<At>,
}

/// How much is sent once more.
#[derive(ToSchema)]
pub struct Replayed {
    /// Messages queued.
    pub queued: i64,
}
