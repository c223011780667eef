//! What is entered by month, as JSON or CSV: series that other systems count, and what suppliers cost.

use std::pin::Pin;

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, web::Data};
use filo_app::{AppError, CostQuery, CostRows, SeriesQuery, SeriesRows};
use serde::de::DeserializeOwned;

use crate::{
    State,
    auth::{Allowed, EnterCosts, ImportSeries, ReadReports},
    body::{self, LONGEST_JSON, QueryOf},
    links::listed,
    problem::Problem,
    schema,
};

/// What is entered by month.
pub(crate) trait Entries: DeserializeOwned {
    /// Reads CSV.
    fn of_csv(bytes: &[u8]) -> Result<Self, AppError>;
}

impl Entries for SeriesRows {
    fn of_csv(bytes: &[u8]) -> Result<Self, AppError> {
        Self::of_csv(bytes)
    }
}

impl Entries for CostRows {
    fn of_csv(bytes: &[u8]) -> Result<Self, AppError> {
        Self::of_csv(bytes)
    }
}

/// Rows as JSON or as CSV.
pub(crate) struct Rows<T>(T);

impl<T: Entries> FromRequest for Rows<T> {
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
                T::of_csv(&bytes).map_err(Problem::from)?
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
    rows: Rows<SeriesRows>,
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

/// Enters what suppliers cost, as JSON or as CSV with the columns `supplier`, `month`, `amount_cents` or `amount_eur`,
/// `source` and `note`. The same again is a duplicate, another amount a further revision, and what cannot be understood
/// waits in the quarantine.
#[utoipa::path(post, path = "/rest/crm/v1/costs", tag = "reports",
    request_body(content((schema::CostRows = "application/json"), (String = "text/csv"))),
    responses((status = 200, body = schema::SeriesTally)))]
pub(crate) async fn enter_costs(
    caller: Allowed<EnterCosts>,
    state: Data<State>,
    rows: Rows<CostRows>,
) -> Result<HttpResponse, Problem> {
    let tally = state.app.enter_costs(&caller, rows.0, state.now()).await?;
    Ok(HttpResponse::Ok().json(tally))
}

/// Lists what suppliers cost by supplier and month, as last corrected.
#[utoipa::path(get, path = "/rest/crm/v1/costs", tag = "reports", params(schema::CostQuery),
    responses((status = 200, body = schema::List<schema::Cost>)))]
pub(crate) async fn list_costs(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<CostQuery>,
) -> Result<HttpResponse, Problem> {
    listed(&state, &request, state.app.list_costs(&caller, query.0).await?)
}
