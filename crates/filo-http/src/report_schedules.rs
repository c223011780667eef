//! Reports that are made and mailed by themselves.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::RetryReport;

use crate::{
    State,
    auth::{Allowed, WatchReports},
    body::{JsonBody, PathText},
    links::all,
    problem::Problem,
    schema::{self, report_schedules as shapes},
};

/// The schedules of reports, when each is due next, and what became of those that were due.
#[utoipa::path(get, path = "/rest/crm/v1/reports/schedules", tag = "reports",
    responses((status = 200, body = schema::List<shapes::ReportSchedule>)))]
pub(crate) async fn list_report_schedules(
    caller: Allowed<WatchReports>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.report_schedules(&caller, state.now()).await?)
}

/// Tries again what was given up of a month's report. Mails that left are not sent again.
#[utoipa::path(post, path = "/rest/crm/v1/reports/schedules/{key}/retry", tag = "reports",
    request_body = shapes::RetryReport, responses((status = 200, body = shapes::ReportSchedule)))]
pub(crate) async fn retry_report(
    caller: Allowed<WatchReports>,
    state: Data<State>,
    key: PathText,
    body: JsonBody<RetryReport>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.app.retry_report(&caller, &key.0, body.0, state.now()).await?))
}
