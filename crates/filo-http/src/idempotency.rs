//! `Idempotency-Key`: the same POST sent again, after a lost answer, gives the first answer and does nothing.
//!
//! Only successes are remembered: a refused request has done nothing, and its key may be used for the corrected one.
//! A claimed request runs on when its client goes away. A process that is killed leaves its keys in flight: they may be
//! claimed anew after a few minutes, which no request takes.

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{self, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use filo_app::Caller;
use filo_domain::Instant;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{State, body::whole, limits, observe, problem::Problem, spool::spooled, upload};

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY: usize = 255;

/// Around everything that takes POSTs.
pub(crate) async fn idempotent(
    state: Data<State>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let claim = match claim(&state, &mut request).await {
        Ok(Claim::None) => return Ok(next.call(request).await?.map_into_boxed_body()),
        Ok(Claim::Replay(response)) => return Ok(request.into_response(response)),
        Ok(Claim::New(claimed)) => claimed,
        Err(problem) => return Ok(request.into_response(problem.error_response())),
    };
    let id = observe::request_id();
    let (work_state, work_claim) = (state.clone(), claim.clone());
    let work = async move { run(&work_state, work_claim, request, next).await };
    match actix_web::rt::spawn(observe::under(id, work)).await {
        Ok(response) => response,
        Err(stopped) => {
            settle(&state, claim, None).await;
            Err(actix_web::error::ErrorInternalServerError(stopped))
        }
    }
}

#[derive(Clone)]
struct Claimed {
    principal: String,
    key: String,
    at: Instant,
}

enum Claim {
    None,
    New(Claimed),
    Replay(HttpResponse),
}

async fn claim(state: &State, request: &mut ServiceRequest) -> Result<Claim, Problem> {
    let Some(key) = request.headers().get(HEADER).filter(|_| request.method() == Method::POST) else {
        return Ok(Claim::None);
    };
    // Searches create nothing, and their answers are persons: they are not kept.
    if request.path().ends_with("/searches") {
        return Ok(Claim::None);
    }
    let key = key.to_str().unwrap_or_default().trim().to_owned();
    if key.is_empty() || key.len() > LONGEST_KEY {
        let detail = format!("Idempotency-Key must have 1 to {LONGEST_KEY} visible ASCII characters");
        return Err(Problem::bad_request(detail));
    }
    let hash = digest(state, request).await?;
    let principal = principal(state, request);
    let at = state.now();
    let known = state.app.claim_idempotency(principal.clone(), key.clone(), hash.clone(), at).await?;
    match known {
        None => Ok(Claim::New(Claimed { principal, key, at })),
        Some(known) if known.request_hash != hash => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "this Idempotency-Key was used for another request",
        )),
        Some(known) => match known.status.and_then(|status| StatusCode::from_u16(status).ok()) {
            Some(status) => Ok(Claim::Replay(replay(status, &known.headers, known.body))),
            None => Err(Problem::new(
                StatusCode::CONFLICT,
                "idempotency-key-in-flight",
                "the first request with this Idempotency-Key is still being answered",
            )),
        },
    }
}

/// For whom a key is remembered: a user, a key, or an address.
fn principal(state: &State, request: &ServiceRequest) -> String {
    let known = request.extensions().get::<Caller>().and_then(limits::principal);
    known.unwrap_or_else(|| format!("address:{}", limits::address(request, &state.settings)))
}

/// The digest of a request, whose body is there again afterwards. Files are put aside for that: they are too long for
/// memory.
async fn digest(state: &State, request: &mut ServiceRequest) -> Result<String, Problem> {
    let mut hash = Sha256::new();
    hash.update(request.path());
    hash.update([0]);
    hash.update(request.query_string());
    hash.update([0]);
    let payload = request.take_payload();
    if request.path().ends_with("/attachments") {
        const FORM: u64 = 100_000;
        let files = &state.app.core().files;
        let limit = files.limits.file_bytes.saturating_add(FORM);
        let payload = spooled(payload, &files.incoming, limit, &mut hash).await?;
        request.set_payload(payload);
    } else {
        let bytes = Bytes::from(whole(payload, upload::LONGEST).await?);
        hash.update(&bytes);
        request.set_payload(Payload::from(bytes));
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn replay(status: StatusCode, headers: &Value, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    for name in KEPT {
        if let Some(value) = headers.get(name.as_str()).and_then(Value::as_str) {
            response.insert_header((name, value));
        }
    }
    response.insert_header((REPLAYED, "true"));
    response.body(body)
}

const KEPT: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

async fn run(
    state: &State,
    claim: Claimed,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = match next.call(request).await {
        Ok(response) => response,
        Err(error) => {
            settle(state, claim, None).await;
            return Err(error);
        }
    };
    let (request, response) = response.into_parts();
    let (head, content) = response.into_parts();
    let bytes = body::to_bytes(content).await.unwrap_or_default();
    let kept =
        head.status().is_success().then(|| (head.status().as_u16(), headers(head.headers()), bytes.to_vec()));
    settle(state, claim, kept).await;
    Ok(ServiceResponse::new(request, head.set_body(bytes).map_into_boxed_body()))
}

fn headers(all: &HeaderMap) -> Value {
    let text = |name: &HeaderName| all.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    json!(
        KEPT.iter()
            .filter_map(|name| Some((name.as_str(), text(name)?)))
            .collect::<std::collections::BTreeMap<_, _>>()
    )
}

/// The effect is committed already: an answer that cannot be remembered is only logged.
async fn settle(state: &State, claim: Claimed, answer: Option<(u16, Value, Vec<u8>)>) {
    if let Err(error) = state.app.settle_idempotency((claim.principal, claim.key), claim.at, answer).await {
        tracing::error!(error = %error, "an answer could not be remembered under its Idempotency-Key");
    }
}
