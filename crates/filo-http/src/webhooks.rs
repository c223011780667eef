//! Webhooks of Meta: the check-in, and events whose signature is checked over the bytes as they came.
//!
//! A wrong signature is stored nowhere but counted; a good signature over an unreadable body goes into quarantine.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data},
};
use filo_app::Intake;
use filo_channel::{Raw, Webhook};
use serde_json::json;

use crate::{
    State,
    body::{PathText, query_pairs, whole},
    problem::Problem,
    schema,
};

const SIGNATURE: &str = "x-hub-signature-256";
/// The platform sends batches of up to 3 MB.
const LONGEST: usize = 4_000_000;

fn webhook<'a>(state: &'a State, source: &str) -> Result<&'a dyn Webhook, Problem> {
    let adapter = state.app.core().sources.get(source);
    adapter.and_then(|adapter| adapter.webhook.as_deref()).ok_or_else(Problem::not_found)
}

/// Answers the platform's check-in.
#[utoipa::path(get, path = "/webhooks/meta/{source}", tag = "webhooks",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn check_in(
    state: Data<State>,
    request: HttpRequest,
    source: PathText,
) -> Result<HttpResponse, Problem> {
    let query: BTreeMap<String, String> = query_pairs(request.query_string())?.into_iter().collect();
    match webhook(&state, &source.0)?.challenge(&query) {
        Some(text) => Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)),
        None => Err(Problem::new(StatusCode::FORBIDDEN, "check-in-refused", "the verify token does not fit")),
    }
}

/// Takes in what the platform reports.
#[utoipa::path(post, path = "/webhooks/meta/{source}", tag = "webhooks", request_body = schema::configuration::PlatformEvents,
    responses((status = 200, body = schema::configuration::Tally)))]
pub(crate) async fn take_in(
    state: Data<State>,
    request: HttpRequest,
    source: PathText,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let webhook = webhook(&state, &source.0)?;
    let bytes = whole(payload.into_inner(), LONGEST).await?;
    let signature = request.headers().get(SIGNATURE).and_then(|value| value.to_str().ok());
    if !webhook.verify(signature, &bytes) {
        state.metrics.webhook_refused(&source.0);
        return Err(Problem::new(StatusCode::FORBIDDEN, "signature", "the signature does not fit the body"));
    }
    let now = state.now();
    let raw = Raw { bytes, arrived_at: None, now };
    let tally = state.app.take_in(vec![Intake::usual(source.0, raw)], now).await?;
    Ok(HttpResponse::Ok().json(json!({ "read": tally.read, "accepted": tally.accepted,
        "duplicates": tally.duplicates, "quarantined": tally.quarantined })))
}
