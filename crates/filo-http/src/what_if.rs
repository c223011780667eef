//! A past period under other definitions, another calendar or other targets.

use actix_web::{HttpResponse, web::Data};
use filo_domain::Period;
use filo_indicators::what_if::{Hypothesis, SupposedTarget};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    State,
    auth::{Allowed, AskWhatIf},
    body::JsonBody,
    problem::Problem,
    schema::what_if as shapes,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhatIfRequest {
    period: String,
    #[serde(default)]
    definitions: Option<Value>,
    #[serde(default)]
    calendar: Option<Value>,
    #[serde(default)]
    targets: Vec<SupposedTarget>,
}

/// Evaluates a past period under other definitions, another calendar or other targets, each written as in the city's
/// configuration, beside what was published. Nothing is written.
#[utoipa::path(post, path = "/rest/crm/v1/reports/what-if", tag = "reports", request_body = shapes::WhatIfRequest,
    responses((status = 200, body = shapes::WhatIf)))]
pub(crate) async fn what_if(
    caller: Allowed<AskWhatIf>,
    state: Data<State>,
    body: JsonBody<WhatIfRequest>,
) -> Result<HttpResponse, Problem> {
    let WhatIfRequest { period, definitions, calendar, targets } = body.0;
    let period = Period::parse(&period).map_err(|error| Problem::invalid("/period", error.to_string()))?;
    let hypothesis = Hypothesis { definitions, calendar, targets };
    Ok(HttpResponse::Ok().json(state.app.what_if(&caller, period, hypothesis, state.now()).await?))
}
