//! Queues: what waits for each unit.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{
    State,
    auth::{Allowed, ReadTickets},
    links::all,
    problem::Problem,
    schema,
};

/// The open tickets of each unit that the caller may see, by state: how many, unassigned, waiting, due today and overdue.
#[utoipa::path(get, path = "/rest/crm/v1/queues", tag = "tickets",
    responses((status = 200, body = schema::List<schema::queues::UnitQueue>)))]
pub(crate) async fn list_queues(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.queues(&caller, state.now()).await?)
}
