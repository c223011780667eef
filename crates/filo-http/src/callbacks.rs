//! Promised call-backs: when they can be promised, booking, attempts, and what became of them.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{CallbackChange, ListCallbacks, NewAttempt, NewCallback, WindowsQuery};
use filo_domain::CallbackId;

use crate::{
    State,
    auth::{Allowed, BookCallbacks, ReadTickets, WorkTickets},
    body::{JsonBody, Patch, PathId, QueryOf},
    links::{IfMatch, all, created, listed, one},
    problem::Problem,
    schema::{self, callbacks as shapes},
};

/// The next windows in which a call-back can be promised, from the city's opening hours; full ones are left out.
#[utoipa::path(get, path = "/rest/crm/v1/callbacks/windows", tag = "callbacks", params(shapes::WindowsQuery),
    responses((status = 200, body = schema::List<shapes::CallbackWindow>)))]
pub(crate) async fn callback_windows(
    caller: Allowed<BookCallbacks>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<WindowsQuery>,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.callback_windows(&caller, query.0, state.now()).await?)
}

/// Why an attempt did not reach the citizen: the city's list, for attempts to name.
#[utoipa::path(get, path = "/rest/crm/v1/callbacks/reasons", tag = "callbacks",
    responses((status = 200, body = schema::List<shapes::AttemptReason>)))]
pub(crate) async fn callback_reasons(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.callback_reasons(&caller)?)
}

/// Lists call-backs in the order in which they are due.
#[utoipa::path(get, path = "/rest/crm/v1/callbacks", tag = "callbacks", params(shapes::ListCallbacks),
    responses((status = 200, body = schema::List<shapes::Callback>)))]
pub(crate) async fn list_callbacks(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<ListCallbacks>,
) -> Result<HttpResponse, Problem> {
    listed(&state, &request, state.app.list_callbacks(&caller, query.0, state.now()).await?)
}

/// Promises a call-back within a window of the city's opening hours. It is due at the window's end.
#[utoipa::path(post, path = "/rest/crm/v1/callbacks", tag = "callbacks", request_body = shapes::NewCallback,
    responses((status = 201, body = shapes::Callback)))]
pub(crate) async fn book_callback(
    caller: Allowed<BookCallbacks>,
    state: Data<State>,
    body: JsonBody<NewCallback>,
) -> Result<HttpResponse, Problem> {
    let promise = state.app.book_callback(&caller, body.0, state.now()).await?;
    Ok(created(&format!("/callbacks/{}", promise.id), &promise, promise.version))
}

/// One call-back with its attempts.
#[utoipa::path(get, path = "/rest/crm/v1/callbacks/{id}", tag = "callbacks",
    responses((status = 200, body = shapes::Callback)))]
pub(crate) async fn callback(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    id: PathId<CallbackId>,
) -> Result<HttpResponse, Problem> {
    let promise = state.app.callback(&caller, id.0, state.now()).await?;
    Ok(one(&promise, promise.version))
}

/// Records an attempt, agrees on another window, hands over to another unit or cancels. Kept and missed follow from
/// the attempts and the window; once its window has ended, a promise takes attempts and another unit alone.
#[utoipa::path(patch, path = "/rest/crm/v1/callbacks/{id}", tag = "callbacks",
    request_body(content = shapes::CallbackChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = shapes::Callback)))]
pub(crate) async fn change_callback(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<CallbackId>,
    version: IfMatch,
    body: Patch<CallbackChange>,
) -> Result<HttpResponse, Problem> {
    let promise = state.app.change_callback(&caller, id.0, body.0, version.required()?, state.now()).await?;
    Ok(one(&promise, promise.version))
}

/// Records an attempt to reach the citizen, at the server's time. Who is reached before the window ends makes the
/// promise kept; who is reached later leaves it missed, with `reached_late`.
#[utoipa::path(post, path = "/rest/crm/v1/callbacks/{id}/attempts", tag = "callbacks",
    request_body = shapes::NewAttempt, responses((status = 200, body = shapes::Callback)))]
pub(crate) async fn attempt_callback(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    id: PathId<CallbackId>,
    version: IfMatch,
    body: JsonBody<NewAttempt>,
) -> Result<HttpResponse, Problem> {
    let promise = state.app.attempt_callback(&caller, id.0, body.0, version.optional(), state.now()).await?;
    Ok(one(&promise, promise.version))
}
