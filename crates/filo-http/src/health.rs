//! Whether the service works, for people, proxies and monitoring.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use filo_app::AppError;
use serde_json::json;

use crate::{
    State, observe,
    problem::{MEDIA_TYPE, Problem},
    schema,
};

/// Whether the service works: 200 or 503, as a problem document either way.
#[utoipa::path(get, path = "/status", tag = "health",
    responses((status = 200, body = schema::Problem, content_type = "application/problem+json")))]
pub(crate) async fn status(state: Data<State>) -> Result<HttpResponse, Problem> {
    asked_the_database(&state).await?;
    let body = json!({ "type": "about:blank", "title": "OK", "status": StatusCode::OK.as_u16(),
        "detail": "the service works", "instance": format!("/requests/{}", observe::request_id()) });
    Ok(HttpResponse::Ok().content_type(MEDIA_TYPE).body(body.to_string()))
}

/// The process lives.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = schema::configuration::Health)))]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "live" }))
}

/// The process can answer: its database does.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses((status = 200, body = schema::configuration::Health)))]
pub(crate) async fn ready(state: Data<State>) -> Result<HttpResponse, Problem> {
    asked_the_database(&state).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
}

async fn asked_the_database(state: &State) -> Result<(), AppError> {
    state.app.db().read(|_connection| Ok::<(), AppError>(())).await
}
