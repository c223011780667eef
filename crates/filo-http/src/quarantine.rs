//! The quarantine: what could not be understood is looked at, retried, or put aside.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::QuarantineView;
use filo_domain::QuarantineId;
use serde::Deserialize;

use crate::{
    State,
    auth::{Allowed, ManageQuarantine},
    body::{JsonBody, MaybeJson, Paging, PathId, QueryOf, typed},
    links::{IfMatch, listed, one},
    problem::Problem,
    schema,
};

/// The units that wait for somebody, oldest first.
#[utoipa::path(get, path = "/rest/crm/v1/quarantine", tag = "quarantine", params(schema::PagingQuery),
    responses((status = 200, body = schema::List<schema::Quarantined>)))]
pub(crate) async fn list_quarantine(
    caller: Allowed<ManageQuarantine>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<Paging>,
) -> Result<HttpResponse, Problem> {
    let page = state.app.list_quarantine(&caller, query.0.limit, query.0.cursor).await?;
    listed(&state, &request, page)
}

/// One unit with its bytes.
#[utoipa::path(get, path = "/rest/crm/v1/quarantine/{id}", tag = "quarantine",
    responses((status = 200, body = schema::Quarantined)))]
pub(crate) async fn quarantined(
    caller: Allowed<ManageQuarantine>,
    state: Data<State>,
    id: PathId<QuarantineId>,
) -> Result<HttpResponse, Problem> {
    let unit = state.app.quarantined(&caller, id.0).await?;
    Ok(one(&unit, version(&unit)))
}

/// A unit is settled once.
fn version(unit: &QuarantineView) -> i32 {
    1 + i32::from(unit.decided_at.is_some())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

/// Tries a unit again with the present decoder and configuration.
#[utoipa::path(post, path = "/rest/crm/v1/quarantine/{id}/retry", tag = "quarantine",
    responses((status = 200, body = schema::Retried)))]
pub(crate) async fn retry_quarantined(
    caller: Allowed<ManageQuarantine>,
    state: Data<State>,
    id: PathId<QuarantineId>,
    if_match: IfMatch,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    if_match.honoured(version(&state.app.quarantined(&caller, id.0).await?))?;
    Ok(HttpResponse::Ok().json(state.app.retry_quarantined(&caller, id.0, state.now()).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    reason: String,
}

/// Puts a unit aside for good; its bytes stay.
#[utoipa::path(post, path = "/rest/crm/v1/quarantine/{id}/discard", tag = "quarantine",
    request_body = schema::Reason, responses((status = 200, body = schema::Quarantined)))]
pub(crate) async fn discard_quarantined(
    caller: Allowed<ManageQuarantine>,
    state: Data<State>,
    id: PathId<QuarantineId>,
    if_match: IfMatch,
    body: JsonBody<Reason>,
) -> Result<HttpResponse, Problem> {
    if_match.honoured(version(&state.app.quarantined(&caller, id.0).await?))?;
    state.app.discard_quarantined(&caller, id.0, &body.0.reason, state.now()).await?;
    let unit = state.app.quarantined(&caller, id.0).await?;
    Ok(one(&unit, version(&unit)))
}
