//! Clock policies, and what a change of them does to open tickets.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::ChangePolicies;

use crate::{
    State,
    auth::{Allowed, ManagePolicies, ReadConfiguration},
    body::JsonBody,
    links::all,
    problem::Problem,
    schema::{self, policies as shapes},
};

/// The clock policies of the configuration, retired versions included.
#[utoipa::path(get, path = "/rest/crm/v1/policies", tag = "administration",
    responses((status = 200, body = schema::List<shapes::Policy>)))]
pub(crate) async fn list_policies(
    caller: Allowed<ReadConfiguration>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.policies(&caller)?)
}

/// Shows which open tickets have another policy than they would be given today (`preview`), records that they stay as
/// they are (`from-now`), or gives them the policy of today (`recompute`; ask again while `remaining` is not 0).
#[utoipa::path(post, path = "/rest/crm/v1/policies/changes", tag = "administration",
    request_body = shapes::ChangePolicies, responses((status = 200, body = shapes::PolicyChanges)))]
pub(crate) async fn change_policies(
    caller: Allowed<ManagePolicies>,
    state: Data<State>,
    body: JsonBody<ChangePolicies>,
) -> Result<HttpResponse, Problem> {
    let changes = state.app.change_policies(&caller, body.0, state.now()).await?;
    Ok(HttpResponse::Ok().json(changes))
}
