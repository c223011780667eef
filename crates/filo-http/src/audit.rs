//! The audit log: who signed in, what was refused, what was administered.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::ListAudit;

use crate::{
    State,
    auth::{Administer, Allowed},
    body::QueryOf,
    links::listed,
    problem::Problem,
    schema,
};

/// The audit log, newest first.
#[utoipa::path(get, path = "/rest/crm/v1/audit-log", tag = "administration",
    params(schema::access::AuditQuery),
    responses((status = 200, body = schema::List<schema::access::AuditEntry>)))]
pub(crate) async fn audit_log(
    caller: Allowed<Administer>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<ListAudit>,
) -> Result<HttpResponse, Problem> {
    let page = state.app.audit_log(&caller, query.0).await?;
    listed(&state, &request, page)
}
