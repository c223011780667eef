//! How often one may ask: a token bucket per address for the public paths and for attempts to log in, a token bucket
//! per user and key for everything behind the log-in.
//!
//! **Invariant:** every answer of a limited route says how much is left, a refusal when to come back.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use actix_web::{
    Error, HttpMessage, HttpRequest, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use filo_app::{Access, Caller};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

use crate::{State, auth, problem::Problem, state::HttpSettings};

/// Whoever was not seen lately is forgotten after so many requests.
const SWEEP_EVERY: u32 = 1_000;

/// A limit for each key; none when it was set to 0.
pub(crate) struct Limiter<K: Clone + Eq + Hash>(Option<Buckets<K>>);

struct Buckets<K: Clone + Eq + Hash> {
    per_minute: NonZeroU32,
    by_key: RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    since_sweep: AtomicU32,
}

impl<K: Clone + Eq + Hash> Limiter<K> {
    pub(crate) fn per_minute(limit: u32) -> Self {
        Self(NonZeroU32::new(limit).map(|per_minute| Buckets {
            per_minute,
            by_key: RateLimiter::keyed(Quota::per_minute(per_minute)).with_middleware(),
            clock: DefaultClock::default(),
            since_sweep: AtomicU32::new(0),
        }))
    }

    /// Whether one more is allowed, where only that matters.
    pub(crate) fn lets(&self, key: &K) -> bool {
        self.check(key).is_ok()
    }

    /// The headers to send, or for how long to wait.
    fn check(&self, key: &K) -> Result<Vec<(&'static str, u64)>, Refusal> {
        let Some(buckets) = &self.0 else { return Ok(vec![]) };
        if buckets.since_sweep.fetch_add(1, Ordering::Relaxed) >= SWEEP_EVERY {
            buckets.since_sweep.store(0, Ordering::Relaxed);
            buckets.by_key.retain_recent();
        }
        let limit = u64::from(buckets.per_minute.get());
        match buckets.by_key.check_key(key) {
            Ok(state) => {
                let left = u64::from(state.remaining_burst_capacity());
                Ok(vec![
                    ("x-ratelimit-limit", limit),
                    ("x-ratelimit-remaining", left),
                    // Seconds until all are allowed again.
                    ("x-ratelimit-reset", (limit.saturating_sub(left) * 60).div_ceil(limit)),
                ])
            }
            Err(not_until) => {
                let wait_s = seconds(not_until.wait_time_from(buckets.clock.now()));
                Err(Refusal {
                    wait_s,
                    headers: vec![
                        ("x-ratelimit-limit", limit),
                        ("x-ratelimit-remaining", 0),
                        ("x-ratelimit-reset", wait_s),
                    ],
                })
            }
        }
    }
}

struct Refusal {
    wait_s: u64,
    headers: Vec<(&'static str, u64)>,
}

/// Whole seconds, rounded up.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// One subscriber has a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
        IpAddr::V4(_) => address,
    }
}

/// The caller's address: the connection's, or what the proxy in front says it was.
pub(crate) fn address(request: &ServiceRequest, settings: &HttpSettings) -> IpAddr {
    caller_address(request.request(), settings)
}

/// The same of a request that has come to its handler.
pub(crate) fn caller_address(request: &HttpRequest, settings: &HttpSettings) -> IpAddr {
    let forwarded = request.headers().get("x-forwarded-for").filter(|_| settings.behind_proxy);
    let last = forwarded.and_then(|value| value.to_str().ok()).and_then(|list| list.rsplit(',').next());
    let address = last
        .and_then(|text| text.trim().parse().ok())
        .or_else(|| request.peer_addr().map(|peer| peer.ip()))
        .unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    network(address)
}

fn put(headers: &mut HeaderMap, values: Vec<(&'static str, u64)>) {
    for (name, value) in values {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}

/// The user or key behind a caller; for what is remembered of each.
pub(crate) fn principal(caller: &Caller) -> Option<String> {
    match &caller.access {
        Access::User { id, .. } | Access::Enrolling { id } => Some(format!("user:{id}")),
        Access::Key { name, .. } => Some(format!("key:{name}")),
        Access::Console => None,
    }
}

async fn limited<K: Clone + Eq + Hash>(
    state: &State,
    (limiter, key): (&Limiter<K>, &K),
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match limiter.check(key) {
        Ok(headers) => {
            let mut response = next.call(request).await?.map_into_boxed_body();
            put(response.headers_mut(), headers);
            Ok(response)
        }
        Err(refusal) => {
            state.metrics.limited();
            let mut response = Problem::too_many(refusal.wait_s).error_response();
            put(response.headers_mut(), refusal.headers);
            Ok(request.into_response(response))
        }
    }
}

/// Around the log-in.
pub(crate) async fn login(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let key = address(&request, &state.settings);
    limited(&state, (&state.login, &key), request, next).await
}

/// Around what a known caller asks.
pub(crate) async fn caller(
    state: &State,
    caller: &Caller,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match principal(caller) {
        Some(key) => limited(state, (&state.callers, &key), request, next).await,
        None => Ok(next.call(request).await?.map_into_boxed_body()),
    }
}

/// Around the public paths: who comes with a good key has the limit of the key, and is known to the handler.
pub(crate) async fn public(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match auth::optional_caller(&state, &request).await {
        Ok(Some(known)) => {
            request.extensions_mut().insert::<Caller>(known.clone());
            caller(&state, &known, request, next).await
        }
        Ok(None) => {
            let key = address(&request, &state.settings);
            limited(&state, (&state.public, &key), request, next).await
        }
        Err(problem) => Ok(request.into_response(problem.error_response())),
    }
}

/// Around what the pages send: a refusal is a page of its own, written by the handler's side.
pub(crate) async fn pages(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    paged(&state, &state.public, request, next).await
}

/// Around a page's log-in.
pub(crate) async fn login_page(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    paged(&state, &state.login, request, next).await
}

async fn paged(
    state: &State,
    limiter: &Limiter<IpAddr>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match limiter.check(&address(&request, &state.settings)) {
        Ok(headers) => {
            let mut response = next.call(request).await?.map_into_boxed_body();
            put(response.headers_mut(), headers);
            Ok(response)
        }
        Err(refusal) => {
            state.metrics.limited();
            let mut response = crate::pages::refused(state, request.request(), refusal.wait_s);
            put(response.headers_mut(), refusal.headers);
            Ok(request.into_response(response))
        }
    }
}
