//! How often one address may ask: a token bucket per address, for the public paths and for attempts to log in.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use filo_app::Caller;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

use crate::{State, auth, problem::Problem, state::HttpSettings};

/// Addresses not seen lately are forgotten after so many requests.
const SWEEP_EVERY: u32 = 1_000;

/// A limit per address; none when it was set to 0.
pub(crate) struct Limiter(Option<Buckets>);

struct Buckets {
    per_minute: NonZeroU32,
    by_address: RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    since_sweep: AtomicU32,
}

impl Limiter {
    pub(crate) fn per_minute(limit: u32) -> Self {
        Self(NonZeroU32::new(limit).map(|per_minute| Buckets {
            per_minute,
            by_address: RateLimiter::keyed(Quota::per_minute(per_minute)).with_middleware(),
            clock: DefaultClock::default(),
            since_sweep: AtomicU32::new(0),
        }))
    }

    /// The headers to send, or for how long to wait.
    fn check(&self, address: IpAddr) -> Result<Vec<(&'static str, u64)>, Refusal> {
        let Some(buckets) = &self.0 else { return Ok(vec![]) };
        if buckets.since_sweep.fetch_add(1, Ordering::Relaxed) >= SWEEP_EVERY {
            buckets.since_sweep.store(0, Ordering::Relaxed);
            buckets.by_address.retain_recent();
        }
        let limit = u64::from(buckets.per_minute.get());
        match buckets.by_address.check_key(&network(address)) {
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
    let forwarded = request.headers().get("x-forwarded-for").filter(|_| settings.behind_proxy);
    let last = forwarded.and_then(|value| value.to_str().ok()).and_then(|list| list.rsplit(',').next());
    last.and_then(|text| text.trim().parse().ok())
        .or_else(|| request.peer_addr().map(|peer| peer.ip()))
        .unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
}

fn put(headers: &mut HeaderMap, values: Vec<(&'static str, u64)>) {
    for (name, value) in values {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}

async fn limited(
    state: &State,
    limiter: &Limiter,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match limiter.check(address(&request, &state.settings)) {
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
    limited(&state, &state.login, request, next).await
}

/// Around the public paths: who comes with a good key is not limited, and is known to the handler.
pub(crate) async fn public(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match auth::optional_caller(&state, &request).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert::<Caller>(caller);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Ok(None) => limited(&state, &state.public, request, next).await,
        Err(problem) => Ok(request.into_response(problem.error_response())),
    }
}

/// Around what the pages send: a refusal is a page of its own, written by the handler's side.
pub(crate) async fn pages(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match state.public.check(address(&request, &state.settings)) {
        Ok(_headers) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(refusal) => {
            state.metrics.limited();
            let response = crate::pages::refused(&state, request.query_string(), refusal.wait_s);
            Ok(request.into_response(response))
        }
    }
}
