//! Subscriptions and messages as they are given and shown.

use filo_domain::{Instant, TicketId};
use filo_store::{
    Conn, StoreError,
    webhooks::{self, DeliveryId, DeliveryRecord, DeliveryState, HookId, HookRecord, HookState},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AppError,
    merge_patch::{given, not_null},
};

/// A new subscription.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHook {
    /// Where messages go.
    pub url: String,
    /// The kinds of news; all without it.
    pub events: Option<Vec<String>>,
    /// Of one unit alone.
    pub unit: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

impl NewHook {
    /// The same as a change of everything that is given.
    pub(super) fn as_change(&self) -> HookChange {
        HookChange {
            url: Some(self.url.clone()),
            events: self.events.clone(),
            unit: Some(self.unit.clone()),
            description: Some(self.description.clone()),
            state: None,
        }
    }
}

/// A change of a subscription.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookChange {
    /// Where messages go.
    #[serde(default, deserialize_with = "not_null")]
    pub url: Option<String>,
    /// The kinds of news.
    #[serde(default, deserialize_with = "not_null")]
    pub events: Option<Vec<String>>,
    /// Of one unit alone; `null` for all.
    #[serde(default, deserialize_with = "given")]
    pub unit: Option<Option<String>>,
    /// What it is for.
    #[serde(default, deserialize_with = "given")]
    pub description: Option<Option<String>>,
    /// `active` or `paused`.
    #[serde(default, deserialize_with = "not_null")]
    pub state: Option<HookState>,
}

/// A subscription as readers see it.
#[derive(Clone, Serialize)]
pub struct HookView {
    /// Its id.
    pub id: HookId,
    /// Where messages go.
    pub url: String,
    /// The kinds of news.
    pub events: Vec<String>,
    /// Of one unit alone.
    pub unit: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is served.
    pub state: HookState,
    /// Why it is not.
    pub reason: Option<String>,
    /// Since when nothing could be delivered.
    pub failing_since: Option<Instant>,
    /// Messages that wait.
    pub queued: i64,
    /// Messages given up.
    pub dead: i64,
    /// The secret: once, when it was made.
    pub secret: Option<String>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was changed.
    pub updated_at: Instant,
    /// Counts changes.
    pub version: i32,
}

/// A message as readers see it.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveryView {
    /// Its id, which the receiver sees as `webhook-id`.
    pub id: DeliveryId,
    /// To whom.
    pub subscription_id: HookId,
    /// The kind of news.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of which ticket.
    pub ticket_id: Option<TicketId>,
    /// When that was recorded.
    pub at: Instant,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried since it was queued.
    pub attempts: i32,
    /// When it is tried next; `None` once settled.
    pub due_at: Option<Instant>,
    /// When it was delivered or given up.
    pub settled_at: Option<Instant>,
    /// The status of the last answer.
    pub status: Option<i32>,
    /// What went wrong last.
    pub error: Option<String>,
    /// How the last answer began.
    pub answer: Option<String>,
    /// What is sent.
    pub payload: Value,
}

impl DeliveryView {
    pub(super) fn of(message: DeliveryRecord) -> Result<Self, AppError> {
        Ok(Self {
            id: message.id,
            subscription_id: message.hook,
            payload: serde_json::from_str(&message.body)?,
            kind: message.kind,
            ticket_id: message.ticket,
            at: message.at,
            due_at: (message.state == DeliveryState::Queued).then_some(message.due_at),
            state: message.state,
            attempts: message.attempts,
            settled_at: message.settled_at,
            status: message.status,
            error: message.error,
            answer: message.answer,
        })
    }
}

/// A subscription with the counts of its messages.
pub(super) fn view(
    conn: &mut Conn,
    hook: HookRecord,
    secret: Option<String>,
) -> Result<HookView, StoreError> {
    let (queued, dead) = webhooks::counts(conn, hook.id)?;
    Ok(HookView {
        id: hook.id,
        url: hook.url,
        events: hook.events,
        unit: hook.unit,
        description: hook.description,
        state: hook.state,
        reason: hook.reason,
        failing_since: hook.failing_since,
        queued,
        dead,
        secret,
        created_at: hook.created_at,
        updated_at: hook.updated_at,
        version: hook.version,
    })
}
