//! The call log, the phone system's live events, and registering a call.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use filo_app::{ListCallDifferences, LiveCallEvent, RegisterCall};
use filo_domain::InteractionId;
use serde_json::json;

use crate::{
    State,
    auth::{Allowed, CompareCalls, PushCalls, ReadContacts, WorkTickets},
    body::{JsonBody, PathId, QueryOf, Span},
    links::{created, listed},
    problem::Problem,
    schema,
};

/// The call log, newest first.
#[utoipa::path(get, path = "/rest/crm/v1/calls", tag = "calls", params(schema::SpanQuery),
    responses((status = 200, body = schema::List<schema::Call>)))]
pub(crate) async fn list_calls(
    caller: Allowed<ReadContacts>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<Span>,
) -> Result<HttpResponse, Problem> {
    let Span { from, to, limit, cursor } = query.0;
    let page = state.app.list_calls(&caller, (from, to), limit, cursor).await?;
    listed(&state, &request, page)
}

/// Legs of which the phone system's live events and its log do not say the same, and legs that only one of the two knows
/// though the other covers their time; by entry. The log counts.
#[utoipa::path(get, path = "/rest/crm/v1/calls/differences", tag = "calls", params(schema::CallDifferencesQuery),
    responses((status = 200, body = schema::List<schema::CallDifference>)))]
pub(crate) async fn list_call_differences(
    caller: Allowed<CompareCalls>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<ListCallDifferences>,
) -> Result<HttpResponse, Problem> {
    listed(&state, &request, state.app.list_call_differences(&caller, query.0).await?)
}

/// Takes a live event of the phone system, in any order and more than once: 201 when new, 200 when known.
#[utoipa::path(post, path = "/rest/crm/v1/calls/events", tag = "calls", request_body = schema::CallEvent,
    responses((status = 201, body = schema::CallEventAnswer), (status = 200, body = schema::CallEventAnswer)))]
pub(crate) async fn push_call_event(
    caller: Allowed<PushCalls>,
    state: Data<State>,
    body: JsonBody<LiveCallEvent>,
) -> Result<HttpResponse, Problem> {
    let (call, new) = state.app.live_call_event(&caller, body.0, state.now()).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(json!({ "duplicate": !new, "call": call })))
}

/// Registers a call: opens its ticket (resolved at once, or escalated), or joins one.
#[utoipa::path(post, path = "/rest/crm/v1/calls/{id}/ticket", tag = "calls", request_body = schema::RegisterCall,
    responses((status = 201, body = schema::Ticket)))]
pub(crate) async fn register_call(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<InteractionId>,
    body: JsonBody<RegisterCall>,
) -> Result<HttpResponse, Problem> {
    let ticket = state.app.register_call(&caller, id.0, body.0, state.now()).await?;
    Ok(created(&format!("/tickets/{}", ticket.id), &ticket, ticket.version))
}
