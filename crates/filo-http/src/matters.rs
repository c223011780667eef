//! Matters: the tickets of one need, joined across channels, and taken apart again.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{MatterChange, NewMatter};
use filo_domain::MatterId;

use crate::{
    State,
    auth::{Allowed, ReadTickets, WorkTickets},
    body::{JsonBody, Paging, Patch, PathId, QueryOf},
    links::{IfMatch, created, listed, one},
    problem::Problem,
    schema,
};

/// Lists matters, newest first.
#[utoipa::path(get, path = "/rest/crm/v1/matters", tag = "matters", params(schema::PagingQuery),
    responses((status = 200, body = schema::List<schema::Matter>)))]
pub(crate) async fn list_matters(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<Paging>,
) -> Result<HttpResponse, Problem> {
    let page = state.app.list_matters(&caller, query.0.limit, query.0.cursor).await?;
    listed(&state, &request, page)
}

/// Joins tickets of one person into a matter; each keeps its own clocks.
#[utoipa::path(post, path = "/rest/crm/v1/matters", tag = "matters", request_body = schema::NewMatter,
    responses((status = 201, body = schema::Matter)))]
pub(crate) async fn open_matter(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    body: JsonBody<NewMatter>,
) -> Result<HttpResponse, Problem> {
    let matter = state.app.open_matter(&caller, body.0, state.now()).await?;
    Ok(created(&format!("/matters/{}", matter.id), &matter, matter.version))
}

/// One matter with its tickets.
#[utoipa::path(get, path = "/rest/crm/v1/matters/{id}", tag = "matters",
    responses((status = 200, body = schema::Matter)))]
pub(crate) async fn matter(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    id: PathId<MatterId>,
) -> Result<HttpResponse, Problem> {
    let matter = state.app.matter(&caller, id.0).await?;
    Ok(one(&matter, matter.version))
}

/// Renames a matter, joins tickets or takes them out.
#[utoipa::path(patch, path = "/rest/crm/v1/matters/{id}", tag = "matters",
    request_body(content = schema::MatterChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = schema::Matter)))]
pub(crate) async fn change_matter(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<MatterId>,
    version: IfMatch,
    body: Patch<MatterChange>,
) -> Result<HttpResponse, Problem> {
    let matter = state.app.change_matter(&caller, id.0, body.0, version.required()?, state.now()).await?;
    Ok(one(&matter, matter.version))
}
