//! Webhooks that leave: who is told of what, and how each message is signed (Standard Webhooks).
//!
//! **Invariant:** a message holds ids and where a ticket stands, no text and no personal data. It leaves at least
//! once, always under the same `webhook-id`, and in order per ticket. Secrets are stored encrypted and shown once.
//!
//! Subscriptions are here; how messages are written and sent is in [`delivery`].

mod delivery;
mod views;

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use filo_domain::Instant;
use filo_store::{
    Conn, audit, feed,
    webhooks::{
        self, DeliveryId, DeliveryRecord, DeliveryState, HookId, HookRecord, HookState, SealedSecret,
    },
};
use serde_json::json;

pub use views::{DeliveryView, HookChange, HookView, NewHook};

use crate::{App, AppError, Caller, Core, Page, Permission, mint};
use views::view;

/// What can be subscribed to.
pub(crate) const EVENTS: [&str; 3] = ["ticket.opened", "ticket.changed", "ticket.message"];
/// How the secrets of receivers begin.
const SECRET_PREFIX: &str = "whsec_";
/// What the key that seals secrets is for.
const PURPOSE: &str = "webhook secrets";
/// An old secret signs beside the new one for so long.
const ROTATION_S: i64 = 86_400;
const LONGEST_URL: usize = 2_000;
const LONGEST_DESCRIPTION: usize = 200;
const MOST: usize = 200;

/// A signed message on its way.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedWebhook {
    /// Where to.
    pub url: String,
    /// `webhook-id`: the same at every attempt.
    pub id: String,
    /// `webhook-timestamp`: of this attempt, in seconds since 1970.
    pub timestamp: i64,
    /// `webhook-signature`: one for each secret in use.
    pub signature: String,
    /// The body, to the byte.
    pub body: String,
}

impl fmt::Debug for SignedWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedWebhook").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What the receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// The status.
    pub status: u16,
    /// When it wants to be asked again, as it said.
    pub retry_after: Option<String>,
    /// How its answer begins.
    pub text: String,
}

/// Posts messages to subscribers.
#[async_trait::async_trait]
pub trait PostWebhook: Send + Sync {
    /// Refuses an address that is never posted to, with the reason.
    ///
    /// # Errors
    /// The reason, as a sentence for whoever gave the address.
    fn check(&self, url: &str) -> Result<(), String>;
    /// Posts once, following no redirect, and gives up after a time of its own.
    ///
    /// # Errors
    /// Why nobody answered.
    async fn post(&self, message: &SignedWebhook) -> Result<WebhookAnswer, String>;
}

/// A new secret: as its receiver needs it, and as it is stored.
fn new_secret(core: &Core, hook: HookId) -> Result<(String, SealedSecret), AppError> {
    let bytes = mint::random::<32>()?;
    let sealed = mint::seal(&core.signing_key, PURPOSE, &hook.to_string(), &bytes)?;
    let secret = format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes));
    Ok((secret, SealedSecret { sealed: STANDARD.encode(sealed), until_us: None }))
}

fn check_url(core: &Core, url: &str) -> Result<(), AppError> {
    if url.len() > LONGEST_URL {
        return Err(AppError::invalid("/url", format!("must have at most {LONGEST_URL} characters")));
    }
    core.webhooks.check(url).map_err(|reason| AppError::invalid("/url", reason))
}

fn check_events(events: &[String]) -> Result<(), AppError> {
    let words = EVENTS.join(", ");
    if events.is_empty() {
        return Err(AppError::invalid("/events", format!("give at least one of {words}")));
    }
    match events.iter().position(|event| !EVENTS.contains(&event.as_str())) {
        Some(at) => Err(AppError::invalid(&format!("/events/{at}"), format!("must be one of {words}"))),
        None => Ok(()),
    }
}

fn check_unit(core: &Core, unit: &str) -> Result<(), AppError> {
    match core.city.units.get(unit) {
        Some(_) => Ok(()),
        None => Err(AppError::invalid("/unit", format!("there is no unit {unit:?}: see GET /units"))),
    }
}

fn check_description(text: &str) -> Result<(), AppError> {
    if text.chars().count() > LONGEST_DESCRIPTION {
        let detail = format!("must have at most {LONGEST_DESCRIPTION} characters");
        return Err(AppError::invalid("/description", detail));
    }
    Ok(())
}

/// Checks whatever is given of a subscription.
fn check(core: &Core, given: &HookChange) -> Result<(), AppError> {
    given.url.as_deref().map_or(Ok(()), |url| check_url(core, url))?;
    given.events.as_deref().map_or(Ok(()), check_events)?;
    given.unit.as_ref().and_then(Option::as_deref).map_or(Ok(()), |unit| check_unit(core, unit))?;
    given.description.as_ref().and_then(Option::as_deref).map_or(Ok(()), check_description)
}

/// The place in the feed that a cursor names.
fn place_of(cursor: &str) -> Result<i64, AppError> {
    let place: Option<i64> = cursor.parse().ok();
    place
        .filter(|place| place.to_string() == cursor)
        .ok_or_else(|| AppError::invalid("/cursor", "take the cursor from next_cursor of the page before"))
}

/// A subscription held for a change, if it is still at the caller's version.
fn held(conn: &mut Conn, id: HookId, version: Option<i32>) -> Result<HookRecord, AppError> {
    let hook = webhooks::hold(conn, id, true)?.ok_or(AppError::NotFound("webhook subscription"))?;
    match version {
        Some(version) if version != hook.version => Err(AppError::Stale(hook.version)),
        Some(_) | None => Ok(hook),
    }
}

/// Puts a subscription to work again, from where it stopped, or from the oldest news that are still kept.
fn resume(conn: &mut Conn, hook: &mut HookRecord) -> Result<(), AppError> {
    let (pruned, _) = feed::bounds(conn)?;
    hook.reason = None;
    if hook.place < pruned {
        hook.place = pruned;
        hook.reason = Some("what happened before the feed begins was not sent".to_owned());
    }
    hook.failing_since = None;
    Ok(())
}

impl App {
    /// Makes a subscription: it is told what happens from now on. The secret is in the answer, this once.
    ///
    /// # Errors
    /// An address, event or unit that will not do.
    pub async fn add_hook(&self, caller: &Caller, new: NewHook, now: Instant) -> Result<HookView, AppError> {
        caller.must(Permission::ManageWebhooks)?;
        let actor = caller.actor();
        check(&self.core, &new.as_change())?;
        let id = mint::id(now);
        let (secret, sealed) = new_secret(&self.core, id)?;
        // What happened before this is not told.
        self.number_news().await?;
        let all = || EVENTS.iter().map(|event| (*event).to_owned()).collect();
        self.db
            .write(move |conn| {
                let (_, place) = feed::bounds(conn)?;
                let hook = HookRecord {
                    id,
                    url: new.url,
                    events: new.events.unwrap_or_else(all),
                    unit: new.unit,
                    description: new.description,
                    state: HookState::Active,
                    reason: None,
                    secrets: vec![sealed],
                    place,
                    failing_since: None,
                    created_at: now,
                    updated_at: now,
                    version: 1,
                };
                webhooks::insert(conn, &hook)?;
                audit::append(conn, now, &actor, "webhook_added", json!({ "subscription": hook.id }))?;
                Ok(view(conn, hook, Some(secret))?)
            })
            .await
    }

    /// All subscriptions, oldest first.
    ///
    /// # Errors
    /// The store's own.
    pub async fn hooks(&self, caller: &Caller) -> Result<Vec<HookView>, AppError> {
        caller.must(Permission::ManageWebhooks)?;
        self.db
            .read(|conn| webhooks::all(conn)?.into_iter().map(|hook| view(conn, hook, None)).collect())
            .await
            .map_err(AppError::Store)
    }

    /// One subscription.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn hook(&self, caller: &Caller, id: HookId) -> Result<HookView, AppError> {
        caller.must(Permission::ManageWebhooks)?;
        self.db
            .read(move |conn| {
                let hook = webhooks::find(conn, id)?.ok_or(AppError::NotFound("webhook subscription"))?;
                Ok(view(conn, hook, None)?)
            })
            .await
    }

    /// Changes a subscription. One that is put to work again goes on where it stopped.
    ///
    /// # Errors
    /// Not found, a stale version, a value that will not do.
    pub async fn change_hook(
        &self,
        caller: &Caller,
        id: HookId,
        change: HookChange,
        version: i32,
        now: Instant,
    ) -> Result<HookView, AppError> {
        caller.must(Permission::ManageWebhooks)?;
        check(&self.core, &change)?;
        if change.state == Some(HookState::Disabled) {
            return Err(AppError::invalid("/state", "must be active or paused"));
        }
        let actor = caller.actor();
        self.db
            .write(move |conn| {
                let mut hook = held(conn, id, Some(version))?;
                match change.state {
                    Some(HookState::Active) => resume(conn, &mut hook)?,
                    Some(HookState::Paused) => hook.reason = Some("paused by hand".to_owned()),
                    Some(HookState::Disabled) | None => {}
                }
                hook.state = change.state.unwrap_or(hook.state);
                hook.url = change.url.unwrap_or(hook.url);
                hook.events = change.events.unwrap_or(hook.events);
                hook.unit = change.unit.unwrap_or(hook.unit);
                hook.description = change.description.unwrap_or(hook.description);
                (hook.updated_at, hook.version) = (now, hook.version + 1);
                webhooks::update(conn, &hook)?;
                audit::append(conn, now, &actor, "webhook_changed", json!({ "subscription": id }))?;
                Ok(view(conn, hook, None)?)
            })
            .await
    }

    /// Removes a subscription with its messages.
    ///
    /// # Errors
    /// Not found, a stale version, or the store's own.
    pub async fn remove_hook(
        &self,
        caller: &Caller,
        id: HookId,
        version: i32,
        now: Instant,
    ) -> Result<(), AppError> {
        caller.must(Permission::ManageWebhooks)?;
        let actor = caller.actor();
        self.db
            .write(move |conn| {
                held(conn, id, Some(version))?;
                webhooks::delete(conn, id)?;
                Ok(audit::append(conn, now, &actor, "webhook_removed", json!({ "subscription": id }))?)
            })
            .await
    }

    /// Makes a new secret; the old one signs beside it for a day, so that the receiver can change over in peace.
    ///
    /// # Errors
    /// Not found, a stale version, or the store's own.
    pub async fn rotate_hook_secret(
        &self,
        caller: &Caller,
        id: HookId,
        version: Option<i32>,
        now: Instant,
    ) -> Result<HookView, AppError> {
        caller.must(Permission::ManageWebhooks)?;
        let (secret, sealed) = new_secret(&self.core, id)?;
        let actor = caller.actor();
        self.db
            .write(move |conn| {
                let mut hook = held(conn, id, version)?;
                let old = hook.secrets.into_iter().next().map(|secret| SealedSecret {
                    until_us: Some(now.plus_seconds(ROTATION_S).micros()),
                    ..secret
                });
                hook.secrets = std::iter::once(sealed).chain(old).collect();
                (hook.updated_at, hook.version) = (now, hook.version + 1);
                webhooks::update(conn, &hook)?;
                audit::append(conn, now, &actor, "webhook_secret_rotated", json!({ "subscription": id }))?;
                Ok(view(conn, hook, Some(secret))?)
            })
            .await
    }

    /// The messages of a subscription, newest first.
    ///
    /// # Errors
    /// Not found, a cursor that is none, or the store's own.
    pub async fn hook_deliveries(
        &self,
        caller: &Caller,
        id: HookId,
        state: Option<DeliveryState>,
        limit: Option<usize>,
        cursor: Option<String>,
    ) -> Result<Page<DeliveryView>, AppError> {
        caller.must(Permission::ManageWebhooks)?;
        let before = cursor.as_deref().map(place_of).transpose()?;
        let limit = limit.unwrap_or(50);
        if !(1..=MOST).contains(&limit) {
            return Err(AppError::invalid("/limit", format!("must be 1 to {MOST}")));
        }
        let more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let found: Vec<DeliveryRecord> = self
            .db
            .read(move |conn| {
                webhooks::find(conn, id)?.ok_or(AppError::NotFound("webhook subscription"))?;
                Ok::<_, AppError>(webhooks::deliveries(conn, id, state, before, more)?)
            })
            .await?;
        let page = Page::cut(found, limit, |last| last.seq.to_string());
        let items: Result<Vec<_>, _> = page.items.into_iter().map(DeliveryView::of).collect();
        Ok(Page { items: items?, next_cursor: page.next_cursor })
    }

    /// Sends a message that was settled once more, under its own id.
    ///
    /// # Errors
    /// Not found, or a conflict while it waits anyway.
    pub async fn replay_delivery(
        &self,
        caller: &Caller,
        id: DeliveryId,
        now: Instant,
    ) -> Result<DeliveryView, AppError> {
        caller.must(Permission::ManageWebhooks)?;
        let message = self
            .db
            .write(move |conn| {
                let gone = || AppError::NotFound("webhook delivery");
                webhooks::find_delivery(conn, id)?.ok_or_else(gone)?;
                if webhooks::requeue(conn, &[id], now)? == 0 {
                    return Err(AppError::conflict(
                        "delivery-queued",
                        "this message waits to be sent already",
                    ));
                }
                webhooks::find_delivery(conn, id)?.ok_or_else(gone)
            })
            .await?;
        DeliveryView::of(message)
    }
}
