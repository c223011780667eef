//! Who asks, and whether they may: a middleware finds the caller, an argument's type names the permission.
//!
//! **Invariant:** deny by default. Handlers get the [`Caller`] that every use case needs through [`Allowed`] alone.

use std::{
    future::{Ready, ready},
    marker::PhantomData,
    ops::Deref,
};

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use filo_app::{Caller, Permission};

use crate::{State, limits, problem::Problem};

/// Names a permission in a handler's signature.
pub trait Permit: 'static {
    /// The permission.
    const PERMISSION: Permission;
}

/// Read tickets, their messages and events.
pub struct ReadTickets;
/// Work tickets.
pub struct WorkTickets;
/// Find persons and read their timelines.
pub struct ReadPersons;
/// Change, merge and un-merge persons.
pub struct ManagePersons;
/// Read the call log and contacts.
pub struct ReadContacts;
/// See where live events and the log do not say the same.
pub struct CompareCalls;
/// Push calls.
pub struct PushCalls;
/// Push contacts.
pub struct PushContacts;
/// Promise call-backs.
pub struct BookCallbacks;
/// Read reports and indicators.
pub struct ReadReports;
/// See the live dashboard.
pub struct SeeDashboard;
/// Record protocol numbers.
pub struct RecordProtocol;
/// Import monthly series.
pub struct ImportSeries;
/// Enter what suppliers cost.
pub struct EnterCosts;
/// Enter rows of the yearly table.
pub struct EnterScores;
/// Record campaigns to report on.
pub struct PlanCampaigns;
/// Evaluate past periods under other definitions, calendars and targets.
pub struct AskWhatIf;
/// Close and restate months.
pub struct CloseMonths;
/// See what became of scheduled reports, and have failed ones tried again.
pub struct WatchReports;
/// Read and settle the quarantine.
pub struct ManageQuarantine;
/// Hand over what an ended unit left behind.
pub struct HandOver;
/// Read units, themes and sources.
pub struct ReadConfiguration;
/// Give open tickets the clock policies of today, or leave them theirs.
pub struct ManagePolicies;
/// Manage users.
pub struct ManageUsers;
/// Manage keys and all users, read the audit log.
pub struct Administer;
/// Change the own account.
pub struct OwnAccount;
/// Enrol a second factor for oneself.
pub struct EnrolFactor;
/// Follow the stream.
pub struct ReadStream;
/// Manage webhook subscriptions.
pub struct ManageWebhooks;

impl Permit for ReadTickets {
    const PERMISSION: Permission = Permission::ReadTickets;
}
impl Permit for WorkTickets {
    const PERMISSION: Permission = Permission::WorkTickets;
}
impl Permit for ReadPersons {
    const PERMISSION: Permission = Permission::ReadPersons;
}
impl Permit for ManagePersons {
    const PERMISSION: Permission = Permission::ManagePersons;
}
impl Permit for ReadContacts {
    const PERMISSION: Permission = Permission::ReadContacts;
}
impl Permit for CompareCalls {
    const PERMISSION: Permission = Permission::CompareCalls;
}
impl Permit for PushCalls {
    const PERMISSION: Permission = Permission::PushCalls;
}
impl Permit for PushContacts {
    const PERMISSION: Permission = Permission::PushContacts;
}
impl Permit for BookCallbacks {
    const PERMISSION: Permission = Permission::BookCallbacks;
}
impl Permit for ReadReports {
    const PERMISSION: Permission = Permission::ReadReports;
}
impl Permit for SeeDashboard {
    const PERMISSION: Permission = Permission::SeeDashboard;
}
impl Permit for RecordProtocol {
    const PERMISSION: Permission = Permission::RecordProtocol;
}
impl Permit for ImportSeries {
    const PERMISSION: Permission = Permission::ImportSeries;
}
impl Permit for EnterCosts {
    const PERMISSION: Permission = Permission::EnterCosts;
}
impl Permit for EnterScores {
    const PERMISSION: Permission = Permission::EnterScores;
}
impl Permit for PlanCampaigns {
    const PERMISSION: Permission = Permission::PlanCampaigns;
}
impl Permit for WatchReports {
    const PERMISSION: Permission = Permission::WatchReports;
}
impl Permit for AskWhatIf {
    const PERMISSION: Permission = Permission::AskWhatIf;
}
impl Permit for CloseMonths {
    const PERMISSION: Permission = Permission::CloseMonths;
}
impl Permit for ManageQuarantine {
    const PERMISSION: Permission = Permission::ManageQuarantine;
}
impl Permit for HandOver {
    const PERMISSION: Permission = Permission::HandOver;
}
impl Permit for ReadConfiguration {
    const PERMISSION: Permission = Permission::ReadConfiguration;
}
impl Permit for ManagePolicies {
    const PERMISSION: Permission = Permission::ManagePolicies;
}
impl Permit for ManageUsers {
    const PERMISSION: Permission = Permission::ManageUsers;
}
impl Permit for OwnAccount {
    const PERMISSION: Permission = Permission::OwnAccount;
}
impl Permit for EnrolFactor {
    const PERMISSION: Permission = Permission::EnrolFactor;
}
impl Permit for Administer {
    const PERMISSION: Permission = Permission::Administer;
}
impl Permit for ReadStream {
    const PERMISSION: Permission = Permission::ReadStream;
}
impl Permit for ManageWebhooks {
    const PERMISSION: Permission = Permission::ManageWebhooks;
}

/// A caller who may do what `P` names. It comes first among a handler's arguments, so that 403 precedes 400.
pub struct Allowed<P: Permit> {
    caller: Caller,
    permit: PhantomData<P>,
}

impl<P: Permit> Deref for Allowed<P> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<P: Permit> FromRequest for Allowed<P> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned();
        let allowed = caller.ok_or_else(Problem::unauthenticated).and_then(|caller| {
            caller.must(P::PERMISSION)?;
            Ok(Self { caller, permit: PhantomData })
        });
        ready(allowed.map_err(Error::from))
    }
}

/// The caller of a public path, who need not be anybody.
pub(crate) struct Anybody(pub(crate) Option<Caller>);

impl FromRequest for Anybody {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.extensions().get::<Caller>().cloned())))
    }
}

/// The token or key that was sent.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The caller, where a token or key was sent; one that is not valid is refused.
pub(crate) async fn optional_caller(
    state: &State,
    request: &ServiceRequest,
) -> Result<Option<Caller>, Problem> {
    match bearer(request.headers()) {
        Some(token) => Ok(Some(state.app.authenticate(token, state.now()).await?)),
        None if request.headers().contains_key(AUTHORIZATION) => Err(Problem::unauthenticated()),
        None => Ok(None),
    }
}

/// Around everything that needs a login: 401 precedes every other refusal, and no answer is kept by a cache.
pub(crate) async fn authenticate(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let caller = optional_caller(&state, &request).await;
    let mut response = match caller.and_then(|caller| caller.ok_or_else(Problem::unauthenticated)) {
        Ok(caller) => {
            request.extensions_mut().insert::<Caller>(caller.clone());
            let response = limits::caller(&state, &caller, request, next).await?;
            if response.status() == StatusCode::FORBIDDEN {
                note_refusal(&state, &caller, response.request()).await;
            }
            response
        }
        Err(problem) => request.into_response(problem.error_response()),
    };
    no_store(response.headers_mut());
    Ok(response)
}

/// What a caller may not do is kept in the audit log, once a minute for each route: the route's pattern, never its
/// parameters.
pub(crate) async fn note_refusal(state: &State, caller: &Caller, request: &HttpRequest) {
    let Some(principal) = limits::principal(caller) else { return };
    let route = format!("{} {}", request.method(), request.match_pattern().unwrap_or_default());
    if !state.refusals.lets(&(principal, route.clone())) {
        return;
    }
    if let Err(error) = state.app.note_refusal(caller, route, state.now()).await {
        tracing::error!(error = %error, "a refused permission could not be kept in the audit log");
    }
}

/// Around the log-in itself.
pub(crate) async fn uncached(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    no_store(response.headers_mut());
    Ok(response)
}

pub(crate) fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
