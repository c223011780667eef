//! Monthly series that other systems count: imported as JSON or CSV, listed.

use std::pin::Pin;

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, web::Data};
use filo_app::{SeriesQuery, SeriesRows};

use crate::{
    State,
    auth::{Allowed, ImportSeries, ReadReports},
    body::{self, LONGEST_JSON, QueryOf},
    links::listed,
    problem::Problem,
    schema,
};

/// Rows as JSON or as CSV.
pub(crate) struct Rows(SeriesRows);

impl FromRequest for Rows {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let csv = body::is_of(&request, "text/csv");
            if !csv && !body::is_of(&request, "application/json") {
                return Err(Problem::unsupported("application/json or text/csv").into());
            }
            let bytes = body::whole(payload, LONGEST_JSON).await?;
            let rows = if csv {
                SeriesRows::of_csv(&bytes).map_err(Problem::from)?
            } else {
                body::typed(&body::json(&bytes)?)?
            };
            Ok(Self(rows))
        })
    }
}

/// Imports monthly values, as JSON or as CSV with the columns `key`, `month`, `value`, `source` and `note`. The same
/// again is a duplicate, another value a further revision, and what cannot be understood waits in the quarantine.
#[utoipa::path(post, path = "/rest/crm/v1/series", tag = "reports",
    request_body(content((schema::SeriesRows = "application/json"), (String = "text/csv"))),
    responses((status = 200, body = schema::SeriesTally)))]
pub(crate) async fn import_series(
    caller: Allowed<ImportSeries>,
    state: Data<State>,
    rows: Rows,
) -> Result<HttpResponse, Problem> {
    let tally = state.app.import_series(&caller, rows.0, state.now()).await?;
    Ok(HttpResponse::Ok().json(tally))
}

/// Lists monthly values by series and month, as last corrected.
#[utoipa::path(get, path = "/rest/crm/v1/series", tag = "reports", params(schema::SeriesQuery),
    responses((status = 200, body = schema::List<schema::SeriesValue>)))]
pub(crate) async fn list_series(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<SeriesQuery>,
) -> Result<HttpResponse, Problem> {
    listed(&state, &request, state.app.list_series(&caller, query.0).await?)
}
