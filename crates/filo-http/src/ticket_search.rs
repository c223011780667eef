//! Searching tickets: by POST, for what is searched for is nobody's business but the caller's.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::ListTickets;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    State,
    auth::{Allowed, ReadTickets},
    body::{JsonBody, typed},
    links::listed,
    problem::Problem,
    schema,
};

#[derive(Deserialize)]
struct Text {
    text: String,
}

/// Searches tickets by number, subject, requester and conversation: Italian full text, accents folded.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/searches", tag = "tickets",
    request_body = schema::searches::TicketSearch, responses((status = 200, body = schema::List<schema::Ticket>)))]
pub(crate) async fn search_tickets(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    body: JsonBody<Value>,
) -> Result<HttpResponse, Problem> {
    let (mut asked, Text { text }) = (body.0.clone(), typed(&body.0)?);
    if let Some(members) = asked.as_object_mut() {
        members.remove("text");
    }
    let filters: ListTickets = typed(&asked)?;
    let page = state.app.search_tickets(&caller, &text, filters, state.now()).await?;
    listed(&state, &request, page)
}
