//! Protocol numbers: told by the system that makes them, and what was handed to it.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_domain::{TicketId, protocol::ProtocolEntry};
use serde::Deserialize;

use crate::{
    State,
    auth::{Allowed, ReadTickets, RecordProtocol},
    body::{JsonBody, MaybeJson, PathId, QueryOf, typed},
    links::listed,
    problem::Problem,
    schema,
};

/// Takes the register entry that the document-protocol system gave a ticket. The same again is 200, another 409:
/// numbers are not changed.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/{id}/protocol", tag = "protocol",
    request_body = schema::ProtocolEntry, responses((status = 200, body = schema::TicketProtocol)))]
pub(crate) async fn record_protocol(
    caller: Allowed<RecordProtocol>,
    state: Data<State>,
    id: PathId<TicketId>,
    body: JsonBody<ProtocolEntry>,
) -> Result<HttpResponse, Problem> {
    let protocol = state.app.record_protocol(&caller, id.0, body.0, state.now()).await?;
    Ok(HttpResponse::Ok().json(protocol))
}

/// Which hand-overs to list.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandOverQuery {
    state: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Lists what was handed to the document-protocol system, oldest first; by default what it never took.
#[utoipa::path(get, path = "/rest/crm/v1/protocol-hand-overs", tag = "protocol", params(schema::HandOverQuery),
    responses((status = 200, body = schema::List<schema::ProtocolHandOver>)))]
pub(crate) async fn list_hand_overs(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<HandOverQuery>,
) -> Result<HttpResponse, Problem> {
    let HandOverQuery { state: wanted, limit, cursor } = query.0;
    listed(&state, &request, state.app.list_hand_overs(&caller, wanted, limit, cursor).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

/// Hands a ticket over once more; `id` is the ticket's. The key is the same, so that no second number is made.
#[utoipa::path(post, path = "/rest/crm/v1/protocol-hand-overs/{id}/retry", tag = "protocol",
    responses((status = 200, body = schema::TicketProtocol)))]
pub(crate) async fn retry_hand_over(
    caller: Allowed<RecordProtocol>,
    state: Data<State>,
    id: PathId<TicketId>,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    let protocol = state.app.retry_hand_over(&caller, id.0, state.now()).await?;
    Ok(HttpResponse::Ok().json(protocol))
}
