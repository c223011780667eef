//! What operators answer and resolve with: templates, their previews, and the city's reasons.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{PreviewRequest, ReasonQuery, TemplateQuery};
use filo_domain::TicketId;

use crate::{
    State,
    auth::{Allowed, ReadTickets, WorkTickets},
    body::{JsonBody, PathId, QueryOf},
    links::all,
    problem::Problem,
    schema,
};

/// The templates for replies; with a theme those made for it come first.
#[utoipa::path(get, path = "/rest/crm/v1/reply-templates", tag = "tickets",
    params(schema::content::TemplateQuery),
    responses((status = 200, body = schema::List<schema::content::ReplyTemplate>)))]
pub(crate) async fn reply_templates(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<TemplateQuery>,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.reply_templates(&caller, &query.0)?)
}

/// Fills a template in for a ticket and says what is doubtful in it; nothing is sent.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/{id}/reply-previews", tag = "tickets",
    request_body = schema::content::PreviewRequest,
    responses((status = 200, body = schema::content::ReplyPreview)))]
pub(crate) async fn preview_reply(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    body: JsonBody<PreviewRequest>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.app.preview_reply(&caller, id.0, body.0, state.now()).await?))
}

/// The city's reasons for resolutions.
#[utoipa::path(get, path = "/rest/crm/v1/resolution-reasons", tag = "tickets",
    params(schema::content::ReasonQuery),
    responses((status = 200, body = schema::List<schema::content::ResolutionReason>)))]
pub(crate) async fn resolution_reasons(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<ReasonQuery>,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.resolution_reasons(&caller, &query.0)?)
}
