//! Around every request: its id, one line in the log, counters, and the headers that make browsers careful.
//!
//! No personal data is logged: neither bodies nor query strings nor citizens' addresses, but the route's pattern.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use tracing::Instrument;
use uuid::{NoContext, Timestamp, Uuid};

use crate::State;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The header in which a request's id comes in and goes out.
const HEADER: HeaderName = HeaderName::from_static("request-id");

/// The id of the request that is being answered; empty outside of one.
pub(crate) fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Runs a task of its own under the present request's id.
pub(crate) async fn under<F: Future>(id: String, work: F) -> F::Output {
    REQUEST_ID.scope(id, work).await
}

/// The middleware.
pub(crate) async fn observe(
    state: Data<State>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let id = given_id(&request).unwrap_or_else(|| new_id(&state));
    let method = request.method().clone();
    if method == Method::HEAD {
        // Answered as GET: the server itself leaves the body out of what it sends.
        request.head_mut().method = Method::GET;
    }
    let span = tracing::info_span!("request", request.id = %id, http.method = %method);
    let answer = async {
        let mut response = next.call(request).await?;
        let (status, took) = (response.status(), started.elapsed());
        state.metrics.answered(status, took);
        let route = response.request().match_pattern().unwrap_or_default();
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(http.route = %route, http.status = status.as_u16(), took_ms, "answered");
        protect(response.headers_mut());
        if let Ok(value) = HeaderValue::from_str(&request_id()) {
            response.headers_mut().insert(HEADER, value);
        }
        Ok(response)
    };
    under(id, answer.instrument(span)).await
}

fn given_id(request: &ServiceRequest) -> Option<String> {
    let id = request.headers().get(HEADER)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!id.is_empty() && id.len() <= 64 && id.chars().all(plain)).then(|| id.to_owned())
}

fn new_id(state: &State) -> String {
    let micros = state.now().micros().max(0).unsigned_abs();
    let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, micros / 1_000_000, nanos)).to_string()
}

/// Nothing of ours loads from, posts to or is framed by another site. Bootstrap Italia's style sheet has small pictures
/// and a font inside.
fn protect(headers: &mut HeaderMap) {
    const ALWAYS: [(&str, &str); 5] = [
        (
            "content-security-policy",
            "default-src 'self'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in ALWAYS {
        // A file that is handed out has a stricter policy of its own.
        if !headers.contains_key(name) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
}
