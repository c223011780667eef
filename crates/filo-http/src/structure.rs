//! How tickets hang together: merged and split, linked, watched, and which may be about the same.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{AppError, MergeTicket, NewLink, NewWatcher, SplitTicket, WatcherView};
use filo_domain::{LinkId, TicketId, UserId};
use serde::Deserialize;

use crate::{
    State,
    auth::{Allowed, ReadTickets, WorkTickets},
    body::{JsonBody, MaybeJson, PathId, PathText, typed},
    links::{IfMatch, all, created, one},
    problem::Problem,
    schema::{self, structure as shapes},
};

/// Links and watchers are made and taken away, never changed: they have one version.
const ONLY_VERSION: i32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The id at the end of the path.
fn last_id<T>(text: &PathText) -> Result<filo_domain::id::Id<T>, Problem> {
    text.0.parse().map_err(|_not_a_uuid| Problem::not_found())
}

/// The version of what has only one.
fn only_version(version: IfMatch) -> Result<(), Problem> {
    if version.required()? == ONLY_VERSION { Ok(()) } else { Err(AppError::Stale(ONLY_VERSION).into()) }
}

/// Merges a ticket into another, which speaks for it from here on. Nothing is moved: undone, it stands where it stood.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/{id}/merge", tag = "tickets",
    request_body = shapes::MergeTicket, responses((status = 200, body = schema::Ticket)))]
pub(crate) async fn merge_ticket(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    version: IfMatch,
    body: JsonBody<MergeTicket>,
) -> Result<HttpResponse, Problem> {
    let ticket = state.app.merge_ticket(&caller, id.0, body.0, version.optional(), state.now()).await?;
    Ok(one(&ticket, ticket.version))
}

/// Undoes a merge: state, rounds, waits and clocks are as if it had never been.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/{id}/unmerge", tag = "tickets",
    responses((status = 200, body = schema::Ticket)))]
pub(crate) async fn unmerge_ticket(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    version: IfMatch,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    let Nothing {} = typed(&body.0)?;
    let ticket = state.app.unmerge_ticket(&caller, id.0, version.optional(), state.now()).await?;
    Ok(one(&ticket, ticket.version))
}

/// Splits contacts off into a ticket of their own, whose clocks start at the first of them.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/{id}/split", tag = "tickets",
    request_body = shapes::SplitTicket, responses((status = 201, body = schema::Ticket)))]
pub(crate) async fn split_ticket(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    version: IfMatch,
    body: JsonBody<SplitTicket>,
) -> Result<HttpResponse, Problem> {
    let ticket = state.app.split_ticket(&caller, id.0, body.0, version.optional(), state.now()).await?;
    Ok(created(&format!("/tickets/{}", ticket.id), &ticket, ticket.version))
}

/// The links of a ticket; those that follow from its history have no id.
#[utoipa::path(get, path = "/rest/crm/v1/tickets/{id}/links", tag = "tickets",
    responses((status = 200, body = schema::List<shapes::Link>)))]
pub(crate) async fn ticket_links(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    id: PathId<TicketId>,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.ticket_links(&caller, id.0).await?)
}

/// Links a ticket with another.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/{id}/links", tag = "tickets",
    request_body = shapes::NewLink, responses((status = 201, body = shapes::Link)))]
pub(crate) async fn link_ticket(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    version: IfMatch,
    body: JsonBody<NewLink>,
) -> Result<HttpResponse, Problem> {
    let link = state.app.link_ticket(&caller, id.0, body.0, version.optional(), state.now()).await?;
    let place = link.id.map(|link| link.to_string()).unwrap_or_default();
    Ok(created(&format!("/tickets/{}/links/{place}", id.0), &link, ONLY_VERSION))
}

/// One link of a ticket.
#[utoipa::path(get, path = "/rest/crm/v1/tickets/{id}/links/{link_id}", tag = "tickets",
    responses((status = 200, body = shapes::Link)))]
pub(crate) async fn ticket_link(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    link: PathText,
) -> Result<HttpResponse, Problem> {
    let link: LinkId = last_id(&link)?;
    Ok(one(&state.app.ticket_link(&caller, id.0, link).await?, ONLY_VERSION))
}

/// Takes a link away that was made by hand.
#[utoipa::path(delete, path = "/rest/crm/v1/tickets/{id}/links/{link_id}", tag = "tickets",
    responses((status = 204)))]
pub(crate) async fn unlink_ticket(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    link: PathText,
    version: IfMatch,
) -> Result<HttpResponse, Problem> {
    let link: LinkId = last_id(&link)?;
    only_version(version)?;
    state.app.unlink_ticket(&caller, id.0, link, state.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who watches a ticket.
#[utoipa::path(get, path = "/rest/crm/v1/tickets/{id}/watchers", tag = "tickets",
    responses((status = 200, body = schema::List<shapes::Watcher>)))]
pub(crate) async fn watchers(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    id: PathId<TicketId>,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.watchers(&caller, id.0).await?)
}

/// Lets the caller, or another user who may see the ticket, watch it; 200 for who does so already.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/{id}/watchers", tag = "tickets",
    request_body = Option<shapes::NewWatcher>,
    responses((status = 201, body = shapes::Watcher), (status = 200, body = shapes::Watcher)))]
pub(crate) async fn watch(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    let new: NewWatcher = typed(&body.0)?;
    let (watcher, is_new): (WatcherView, bool) = state.app.watch(&caller, id.0, new, state.now()).await?;
    if is_new {
        Ok(created(&format!("/tickets/{}/watchers/{}", id.0, watcher.user), &watcher, ONLY_VERSION))
    } else {
        Ok(one(&watcher, ONLY_VERSION))
    }
}

/// One watcher of a ticket.
#[utoipa::path(get, path = "/rest/crm/v1/tickets/{id}/watchers/{user_id}", tag = "tickets",
    responses((status = 200, body = shapes::Watcher)))]
pub(crate) async fn watcher(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    user: PathText,
) -> Result<HttpResponse, Problem> {
    let user: UserId = last_id(&user)?;
    Ok(one(&state.app.watcher(&caller, id.0, user).await?, ONLY_VERSION))
}

/// Lets a user watch a ticket no longer.
#[utoipa::path(delete, path = "/rest/crm/v1/tickets/{id}/watchers/{user_id}", tag = "tickets",
    responses((status = 204)))]
pub(crate) async fn unwatch(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<TicketId>,
    user: PathText,
    version: IfMatch,
) -> Result<HttpResponse, Problem> {
    let user: UserId = last_id(&user)?;
    only_version(version)?;
    state.app.unwatch(&caller, id.0, user).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Open tickets that may be about the same: of the same person and theme, or of nearly the same words.
#[utoipa::path(get, path = "/rest/crm/v1/tickets/{id}/duplicates", tag = "tickets",
    responses((status = 200, body = schema::List<shapes::Duplicate>)))]
pub(crate) async fn duplicates(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    id: PathId<TicketId>,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.duplicates(&caller, id.0).await?)
}
