//! `/docs`: the OpenAPI document as a page to read, which loads nothing from elsewhere and needs no JavaScript.
//!
//! Operations by tag, each with parameters, bodies, answers and examples; then the schemas.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use minijinja::{Value as Page, context};
use serde_json::Value;

use super::page;
use crate::{State, openapi, problem::Problem};

/// The page.
pub(crate) async fn docs(state: Data<State>) -> Result<HttpResponse, Problem> {
    let document = openapi::made();
    let info = |key: &str| text(document, &format!("/info/{key}"));
    let own = context! { title => info("title"), version => info("version"), about => info("description"),
    areas => areas(document), schemas => schemas(document) };
    page(&state, "en", StatusCode::OK, "docs.html", own)
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn members<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

/// The tags in the document's order, each with its operations.
fn areas(document: &Value) -> Vec<Page> {
    let tags = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let area = |tag: &Value| {
        let name = text(tag, "/name").unwrap_or_default();
        let operations: Vec<Page> = members(document, "/paths")
            .flat_map(|(path, item)| members(item, "").map(move |(verb, it)| (path, verb, it)))
            .filter(|(_, _, it)| text(it, "/tags/0").as_ref() == Some(&name))
            .map(|(path, verb, it)| operation(document, path, verb, it))
            .collect();
        context! { name, description => text(tag, "/description"), operations }
    };
    tags.map(area).collect()
}

fn operation(document: &Value, path: &str, verb: &str, it: &Value) -> Page {
    let parameters = it.get("parameters").and_then(Value::as_array).into_iter().flatten().map(|parameter| {
        context! { name => text(parameter, "/name"), place => text(parameter, "/in"),
            required => parameter.get("required").and_then(Value::as_bool).unwrap_or_default(),
            description => text(parameter, "/description"), kind => kind(parameter.get("schema").unwrap_or(&Value::Null)),
            example => parameter.get("example").map(plain) }
    });
    let answers = members(it, "/responses").map(|(status, answer)| {
        let shared = text(answer, "/$ref");
        let there = shared.as_deref().and_then(|there| document.pointer(there.trim_start_matches('#')));
        let answer = there.unwrap_or(answer);
        // The refusals are the same everywhere: their example stands once, at the end.
        let bodies = if shared.is_some() { vec![] } else { bodies(answer) };
        context! { status, description => text(answer, "/description"), bodies }
    });
    let summary = text(it, "/summary").unwrap_or_default();
    let description = text(it, "/description").filter(|words| *words != summary);
    let open = it
        .get("security")
        .is_none_or(|needed| needed.get(0).is_some_and(|one| one == &serde_json::json!({})));
    context! { path, verb => verb.to_uppercase(), id => text(it, "/operationId"), summary, description, open,
    parameters => parameters.collect::<Vec<_>>(), sent => it.get("requestBody").map(bodies),
    answers => answers.collect::<Vec<_>>() }
}

/// The bodies by media type, with their examples.
fn bodies(it: &Value) -> Vec<Page> {
    let body = |(media, body): (&String, &Value)| {
        let examples = members(body, "/examples").map(|(name, example)| {
            context! { name, value => pretty(example.get("value").unwrap_or(&Value::Null)) }
        });
        context! { media, kind => kind(body.get("schema").unwrap_or(&Value::Null)), examples => examples.collect::<Vec<_>>() }
    };
    members(it, "/content").map(body).collect()
}

fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => format!("{other:#}"),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// All schemas with their members.
fn schemas(document: &Value) -> Vec<Page> {
    let schema = |(name, it): (&String, &Value)| {
        let required: Vec<&str> = it
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let fields = members(it, "/properties").map(|(field, about)| {
            context! { name => field, kind => kind(about), required => required.contains(&field.as_str()),
            description => text(about, "/description") }
        });
        let fields: Vec<Page> = fields.collect();
        context! { name, description => text(it, "/description"), fields, kind => kind(it) }
    };
    members(document, "/components/schemas").map(schema).collect()
}

/// What a schema takes, in words, and the named schema to look at.
fn kind(schema: &Value) -> Page {
    let mut name = None;
    let words = words(schema, &mut name);
    context! { words, name }
}

fn words(schema: &Value, named: &mut Option<String>) -> String {
    if let Some(reference) = text(schema, "/$ref") {
        let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
        return named.insert(name).clone();
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema.get(several).and_then(Value::as_array) {
            let all: Vec<String> = parts.iter().map(|part| words(part, named)).collect();
            return all.join(if several == "allOf" { " and " } else { " or " });
        }
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(plain).collect::<Vec<_>>().join(" | ");
    }
    let types = match schema.get("type") {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(several)) => several.iter().map(plain).collect::<Vec<_>>().join(" or "),
        _ => "any value".to_owned(),
    };
    let types = match schema.get("items") {
        Some(items) => types.replace("array", &format!("list of {}", words(items, named))),
        None => types,
    };
    format!("{types}{}", limits(schema))
}

/// The limits that somebody set, not those that the type has anyway.
fn limits(schema: &Value) -> String {
    let number = |key: &str, most: f64| {
        schema
            .get(key)
            .and_then(Value::as_f64)
            .filter(|value| value.abs() < most)
            .map(|value| value.to_string())
    };
    let mut all: Vec<String> =
        text(schema, "/format").into_iter().filter(|format| !format.starts_with("int")).collect();
    all.extend(text(schema, "/pattern"));
    let pairs = [
        ("minLength", "maxLength", "characters"),
        ("minItems", "maxItems", "items"),
        ("minimum", "maximum", ""),
    ];
    for (least, most, of) in pairs {
        let range = match (number(least, 1e6), number(most, 1e6)) {
            (Some(least), Some(most)) => format!("{least} to {most} {of}"),
            (None, Some(most)) => format!("at most {most} {of}"),
            (Some(least), None) => format!("at least {least} {of}"),
            (None, None) => continue,
        };
        all.push(range.trim_end().to_owned());
    }
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}
