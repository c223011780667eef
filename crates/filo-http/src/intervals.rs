//! Calls by intervals of local time, as JSON or CSV.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{IntervalsQuery, intervals_csv};

use crate::{
    State,
    auth::{Allowed, ReadReports},
    body::QueryOf,
    problem::Problem,
    reports::preferred,
    schema,
};

const FORMATS: [(&str, &str); 2] = [("application/json", "json"), ("text/csv", "csv")];

/// Calls offered, answered and abandoned and the mean wait, by intervals of 15, 30 or 60 minutes of local time, or by
/// weekday and time of day; of all calls, or of one queue or theme. CSV where `Accept` prefers it.
#[utoipa::path(get, path = "/rest/crm/v1/calls/intervals", tag = "calls", params(schema::IntervalsQuery),
    responses((status = 200, body = schema::IntervalTable)))]
pub(crate) async fn call_intervals(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<IntervalsQuery>,
) -> Result<HttpResponse, Problem> {
    let format = preferred(&request, &FORMATS)?;
    let table = state.app.call_intervals(&caller, query.0, state.now()).await?;
    Ok(match format {
        "csv" => HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(intervals_csv(&table)?),
        _ => HttpResponse::Ok().json(table),
    })
}
