//! Webhook subscriptions, their messages, and sending some once more.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{DeliveryId, HookChange, HookId, NewHook, WebhookDeliveryState};
use filo_domain::Instant;
use serde::Deserialize;
use serde_json::json;

use crate::{
    State,
    auth::{Allowed, ManageWebhooks},
    body::{JsonBody, MaybeJson, Merge, PathId, QueryOf, typed},
    links::{IfMatch, all, created, listed, one},
    problem::Problem,
    schema,
    schema::webhooks as schema_of,
};

/// All webhook subscriptions.
#[utoipa::path(get, path = "/rest/crm/v1/webhook-subscriptions", tag = "webhook-subscriptions",
    responses((status = 200, body = schema::List<schema_of::WebhookSubscription>)))]
pub(crate) async fn webhook_subscriptions(
    caller: Allowed<ManageWebhooks>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.hooks(&caller).await?)
}

/// Subscribes an address to what happens from now on. The secret that signs its messages (Standard Webhooks) is in
/// the answer, this once.
#[utoipa::path(post, path = "/rest/crm/v1/webhook-subscriptions", tag = "webhook-subscriptions",
    request_body = schema_of::NewWebhookSubscription,
    responses((status = 201, body = schema_of::WebhookSubscription)))]
pub(crate) async fn add_webhook_subscription(
    caller: Allowed<ManageWebhooks>,
    state: Data<State>,
    body: JsonBody<NewHook>,
) -> Result<HttpResponse, Problem> {
    let hook = state.app.add_hook(&caller, body.0, state.now()).await?;
    Ok(created(&format!("/webhook-subscriptions/{}", hook.id), &hook, hook.version))
}

/// One webhook subscription.
#[utoipa::path(get, path = "/rest/crm/v1/webhook-subscriptions/{id}", tag = "webhook-subscriptions",
    responses((status = 200, body = schema_of::WebhookSubscription)))]
pub(crate) async fn webhook_subscription(
    caller: Allowed<ManageWebhooks>,
    state: Data<State>,
    id: PathId<HookId>,
) -> Result<HttpResponse, Problem> {
    let hook = state.app.hook(&caller, id.0).await?;
    Ok(one(&hook, hook.version))
}

/// Changes a webhook subscription, pauses it, or puts it to work again from where it stopped.
#[utoipa::path(patch, path = "/rest/crm/v1/webhook-subscriptions/{id}", tag = "webhook-subscriptions",
    request_body(content = schema_of::WebhookSubscriptionChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = schema_of::WebhookSubscription)))]
pub(crate) async fn change_webhook_subscription(
    caller: Allowed<ManageWebhooks>,
    state: Data<State>,
    id: PathId<HookId>,
    version: IfMatch,
    body: Merge<HookChange>,
) -> Result<HttpResponse, Problem> {
    let hook = state.app.change_hook(&caller, id.0, body.0, version.required()?, state.now()).await?;
    Ok(one(&hook, hook.version))
}

/// Removes a webhook subscription with its messages.
#[utoipa::path(delete, path = "/rest/crm/v1/webhook-subscriptions/{id}", tag = "webhook-subscriptions",
    responses((status = 204)))]
pub(crate) async fn remove_webhook_subscription(
    caller: Allowed<ManageWebhooks>,
    state: Data<State>,
    id: PathId<HookId>,
    version: IfMatch,
) -> Result<HttpResponse, Problem> {
    state.app.remove_hook(&caller, id.0, version.required()?, state.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

/// Makes a new secret, shown this once; the old one signs beside it for a day.
#[utoipa::path(post, path = "/rest/crm/v1/webhook-subscriptions/{id}/rotate-secret", tag = "webhook-subscriptions",
    responses((status = 200, body = schema_of::WebhookSubscription)))]
pub(crate) async fn rotate_webhook_secret(
    caller: Allowed<ManageWebhooks>,
    state: Data<State>,
    id: PathId<HookId>,
    version: IfMatch,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    let hook = state.app.rotate_hook_secret(&caller, id.0, version.optional(), state.now()).await?;
    Ok(one(&hook, hook.version))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deliveries {
    state: Option<WebhookDeliveryState>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// The messages of a subscription, newest first: `state=dead` is the dead-letter list.
#[utoipa::path(get, path = "/rest/crm/v1/webhook-subscriptions/{id}/deliveries", tag = "webhook-subscriptions",
    params(schema_of::DeliveryQuery), responses((status = 200, body = schema::List<schema_of::WebhookDelivery>)))]
pub(crate) async fn webhook_deliveries(
    caller: Allowed<ManageWebhooks>,
    state: Data<State>,
    request: HttpRequest,
    id: PathId<HookId>,
    query: QueryOf<Deliveries>,
) -> Result<HttpResponse, Problem> {
    let Deliveries { state: wanted, limit, cursor } = query.0;
    let page = state.app.hook_deliveries(&caller, id.0, wanted, limit, cursor).await?;
    listed(&state, &request, page)
}

/// Sends a settled message once more, under its own id.
#[utoipa::path(post, path = "/rest/crm/v1/webhook-deliveries/{id}/replay", tag = "webhook-subscriptions",
    responses((status = 200, body = schema_of::WebhookDelivery)))]
pub(crate) async fn replay_webhook_delivery(
    caller: Allowed<ManageWebhooks>,
    state: Data<State>,
    id: PathId<DeliveryId>,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    Ok(HttpResponse::Ok().json(state.app.replay_delivery(&caller, id.0, state.now()).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Between {
    from: Instant,
    to: Option<Instant>,
}

/// Sends what happened since an instant, or between two, once more, and what was never sent.
#[utoipa::path(post, path = "/rest/crm/v1/webhook-subscriptions/{id}/replay", tag = "webhook-subscriptions",
    request_body = schema_of::Between, responses((status = 200, body = schema_of::Replayed)))]
pub(crate) async fn replay_webhook_subscription(
    caller: Allowed<ManageWebhooks>,
    state: Data<State>,
    id: PathId<HookId>,
    body: JsonBody<Between>,
) -> Result<HttpResponse, Problem> {
    let Between { from, to } = body.0;
    let queued = state.app.replay_hook(&caller, id.0, (from, to), state.now()).await?;
    Ok(HttpResponse::Ok().json(json!({ "queued": queued })))
}
