//! Tickets: listed, opened, read with their clocks, worked step by step.

use actix_web::{HttpRequest, HttpResponse, http::header::ETAG, web::Data};
use filo_app::{Assign, ListTickets, NewMessage, NewTicket, Resolution, StepRequest, TicketChange};
use filo_domain::{TicketId, event::WaitFor};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    State,
    auth::{Allowed, ReadTickets, WorkTickets},
    body::{JsonBody, MaybeJson, Patch, PathId, PathText, QueryOf, typed},
    links::{IfMatch, all, created, listed, one},
    problem::Problem,
    schema,
};

const LONGEST_REASON: usize = 5_000;

/// Lists the tickets that the caller may see.
#[utoipa::path(get, path = "/rest/crm/v1/tickets", tag = "tickets", params(schema::TicketQuery),
    responses((status = 200, body = schema::List<schema::Ticket>)))]
pub(crate) async fn list_tickets(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<ListTickets>,
) -> Result<HttpResponse, Problem> {
    let page = state.app.list_tickets(&caller, query.0, state.now()).await?;
    listed(&state, &request, page)
}

/// Registers a contact and opens its ticket in one step.
#[utoipa::path(post, path = "/rest/crm/v1/tickets", tag = "tickets", request_body = schema::NewTicket,
    responses((status = 201, body = schema::Ticket)))]
pub(crate) async fn open_ticket(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    body: JsonBody<NewTicket>,
) -> Result<HttpResponse, Problem> {
    let ticket = state.app.open_ticket(&caller, body.0, state.now()).await?;
    Ok(created(&format!("/tickets/{}", ticket.id), &ticket, ticket.version))
}

/// One ticket with its clocks.
#[utoipa::path(get, path = "/rest/crm/v1/tickets/{id}", tag = "tickets",
    responses((status = 200, body = schema::Ticket)))]
pub(crate) async fn ticket(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
) -> Result<HttpResponse, Problem> {
    let ticket = state.app.ticket(&caller, id.0, state.now()).await?;
    Ok(one(&ticket, ticket.version))
}

/// Changes a ticket's classification.
#[utoipa::path(patch, path = "/rest/crm/v1/tickets/{id}", tag = "tickets",
    request_body(content = schema::TicketChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = schema::Ticket)))]
pub(crate) async fn change_ticket(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    version: IfMatch,
    body: Patch<TicketChange>,
) -> Result<HttpResponse, Problem> {
    let ticket = state.app.change_ticket(&caller, id.0, body.0, version.required()?, state.now()).await?;
    Ok(one(&ticket, ticket.version))
}

/// The log of a ticket with its hash chain.
#[utoipa::path(get, path = "/rest/crm/v1/tickets/{id}/events", tag = "tickets",
    responses((status = 200, body = schema::List<schema::Event>)))]
pub(crate) async fn ticket_events(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    id: PathId<TicketId>,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.ticket_events(&caller, id.0).await?)
}

/// How each clock of a ticket was reckoned: bounds, what was left out, the parts that count and their sum.
#[utoipa::path(get, path = "/rest/crm/v1/tickets/{id}/clocks", tag = "tickets",
    responses((status = 200, body = schema::clocks::TicketArithmetic)))]
pub(crate) async fn ticket_clocks(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.app.ticket_clocks(&caller, id.0, state.now()).await?))
}

/// The conversation of a ticket, oldest first.
#[utoipa::path(get, path = "/rest/crm/v1/tickets/{id}/messages", tag = "tickets",
    responses((status = 200, body = schema::List<schema::Message>)))]
pub(crate) async fn ticket_messages(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    id: PathId<TicketId>,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.ticket_messages(&caller, id.0).await?)
}

/// Writes a reply, which leaves on the ticket's channel, or an internal note, in which `@name` calls a user. A reply
/// that shows a codice fiscale is held back with 409 `reply-needs-confirmation` until `acknowledge_warnings` is true.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/{id}/messages", tag = "tickets",
    request_body = schema::NewMessage, responses((status = 201, body = schema::Message)))]
pub(crate) async fn add_message(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    version: IfMatch,
    body: JsonBody<NewMessage>,
) -> Result<HttpResponse, Problem> {
    let message = state.app.add_message(&caller, id.0, body.0, version.optional(), state.now()).await?;
    let mut response = created(&format!("/tickets/{}/messages#{}", id.0, message.id), &message, 1);
    // A message has no versions: its tag is its id.
    if let Ok(tag) = format!("\"{}\"", message.id).parse() {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

/// Takes one step of the state machine: `take-charge`, `assign`, `escalate`, `wait`, `resume`, `resolve`, `close`,
/// `reopen` or `cancel`.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/{id}/{action}", tag = "tickets",
    request_body = Option<schema::StepBody>, responses((status = 200, body = schema::Ticket)))]
pub(crate) async fn take_step(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    action: PathText,
    version: IfMatch,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    let step = step(&action.0, &body.0)?;
    let ticket = state.app.step(&caller, id.0, step, version.optional(), state.now()).await?;
    Ok(one(&ticket, ticket.version))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Escalate {
    unit: String,
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wait {
    #[serde(rename = "for")]
    waits_for: WaitFor,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Because {
    reason: String,
}

/// Reads what an action needs.
fn step(action: &str, body: &Value) -> Result<StepRequest, Problem> {
    let nothing = |step: StepRequest| typed::<Nothing>(body).map(|Nothing {}| step);
    let because = || typed::<Because>(body).and_then(|given| said("/reason", given.reason));
    match action {
        "take-charge" => nothing(StepRequest::TakeCharge),
        "resume" => nothing(StepRequest::Resume),
        "close" => nothing(StepRequest::Close),
        "assign" => typed::<Assign>(body).map(StepRequest::Assign),
        "escalate" => typed::<Escalate>(body).and_then(|given| {
            Ok(StepRequest::Escalate { unit: given.unit, note: said("/note", given.note)? })
        }),
        "wait" => typed::<Wait>(body).and_then(|given| {
            Ok(StepRequest::Wait { waits_for: given.waits_for, reason: said("/reason", given.reason)? })
        }),
        "resolve" => typed::<Resolution>(body).and_then(|given| {
            let note = given.note.filter(|note| !note.trim().is_empty());
            let note = note.map(|note| said("/note", note)).transpose()?.flatten();
            Ok(StepRequest::Resolve(Resolution { note, ..given }))
        }),
        "reopen" => because().map(|reason| StepRequest::Reopen { reason }),
        "cancel" => because().map(|reason| StepRequest::Cancel { reason }),
        _ => Err(Problem::not_found()),
    }
}

/// A reason or note that says something, and not too much.
fn said(pointer: &str, text: String) -> Result<Option<String>, Problem> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > LONGEST_REASON {
        let detail = format!("must have 1 to {LONGEST_REASON} characters, has {length}");
        return Err(Problem::invalid(pointer, detail));
    }
    Ok(Some(text))
}
