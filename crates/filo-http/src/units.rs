//! The city's units, and handing over what an ended one left behind.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    State,
    auth::{Allowed, HandOver, ReadConfiguration},
    body::{MaybeJson, PathText, QueryOf, typed},
    links::{all, one},
    problem::Problem,
    schema,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnitQuery {
    on: Option<String>,
}

/// The city's units, present and past, or those of one day.
#[utoipa::path(get, path = "/rest/crm/v1/units", tag = "administration", params(schema::content::UnitQuery),
    responses((status = 200, body = schema::List<schema::content::Unit>)))]
pub(crate) async fn units(
    caller: Allowed<ReadConfiguration>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<UnitQuery>,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.units(&caller, query.0.on.as_deref())?)
}

/// One unit, with how many open tickets it left behind if it ended.
#[utoipa::path(get, path = "/rest/crm/v1/units/{key}", tag = "administration",
    responses((status = 200, body = schema::content::Unit)))]
pub(crate) async fn unit(
    caller: Allowed<ReadConfiguration>,
    state: Data<State>,
    key: PathText,
) -> Result<HttpResponse, Problem> {
    let unit = state.app.unit(&caller, &key.0, state.now()).await?;
    Ok(one(&unit, version(&serde_json::to_value(&unit).map_err(filo_app::AppError::from)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct To {
    to: Option<String>,
}

/// Hands the open tickets of an ended unit over to its successor, or to the unit that is named.
#[utoipa::path(post, path = "/rest/crm/v1/units/{key}/hand-over", tag = "administration",
    request_body = Option<schema::content::HandOver>,
    responses((status = 200, body = schema::content::HandedOver)))]
pub(crate) async fn hand_over(
    caller: Allowed<HandOver>,
    state: Data<State>,
    key: PathText,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    let To { to } = typed(&body.0)?;
    let done = state.app.hand_over(&caller, &key.0, to.as_deref(), state.now()).await?;
    Ok(one(&done, version(&serde_json::to_value(&done.unit).map_err(filo_app::AppError::from)?)))
}

/// What is configured has no versions: its tag is that of its content.
fn version(content: &Value) -> i32 {
    let digest = Sha256::digest(content.to_string());
    let number = digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    i32::try_from(number >> 1).unwrap_or(0)
}
