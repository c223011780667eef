//! `/docs`: the operations of the OpenAPI document as a plain page that loads nothing from elsewhere.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use minijinja::{Value, context};

use super::page;
use crate::{State, openapi, problem::Problem};

/// The page.
pub(crate) async fn docs(state: Data<State>) -> Result<HttpResponse, Problem> {
    page(&state, "en", StatusCode::OK, "docs.html", context! { operations => operations(&openapi()) })
}

fn operations(document: &serde_json::Value) -> Vec<Value> {
    let mut operations = Vec::new();
    for (path, item) in document.get("paths").and_then(|paths| paths.as_object()).into_iter().flatten() {
        for (verb, operation) in item.as_object().into_iter().flatten() {
            let text = |key: &str| operation.get(key).and_then(|text| text.as_str()).map(str::to_owned);
            let tag = operation.pointer("/tags/0").and_then(|tag| tag.as_str()).map(str::to_owned);
            let responses = operation.get("responses").and_then(|it| it.as_object());
            let answers: Vec<String> =
                responses.into_iter().flatten().map(|(status, _)| status.clone()).collect();
            operations.push(context! { path, verb => verb.to_uppercase(), tag, answers,
            summary => text("summary"), id => text("operationId") });
        }
    }
    operations
}
