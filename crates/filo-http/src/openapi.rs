//! The OpenAPI 3.1 document, made from the handlers, with what all of them share added once.

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::{
    access, audit, calls, health, matters, persons, quarantine, queues, reports, schema, scrivi, tickets,
    webhooks,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Filo",
        version = "1.0.0",
        description = "Contact-centre CRM of a city: contacts of all channels, tickets with their clocks, indicators and the monthly report. Instants are RFC 3339 in UTC, durations whole seconds.",
        terms_of_service = "https://github.com/filo-crm/filo/blob/main/LICENSE",
        contact(name = "Filo", url = "https://github.com/filo-crm/filo"),
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    tags(
        (name = "access", description = "Logging in and out."),
        (name = "tickets", description = "Tickets, their conversations and steps."),
        (name = "matters", description = "The tickets of one need."),
        (name = "persons", description = "Citizens over all channels."),
        (name = "contacts", description = "Every contact and answer."),
        (name = "calls", description = "The call log and registering calls."),
        (name = "reports", description = "Indicators, scorecards and monthly reports."),
        (name = "quarantine", description = "What could not be understood."),
        (name = "administration", description = "Users, keys and the city's configuration."),
        (name = "scrivi", description = "Public: written requests of citizens."),
        (name = "webhooks", description = "Public: events of platforms, signed."),
        (name = "health", description = "Whether the service works.")
    ),
    paths(
        access::login, access::refresh, access::logout,
        tickets::list_tickets, tickets::open_ticket, tickets::ticket, tickets::change_ticket,
        tickets::ticket_events, tickets::ticket_messages, tickets::add_message, tickets::take_step,
        queues::list_queues,
        matters::list_matters, matters::open_matter, matters::matter, matters::change_matter,
        persons::find_persons, persons::person, persons::change_person, persons::timeline,
        persons::merge_person, persons::undo_merge, persons::list_interactions, persons::push_interaction,
        calls::list_calls, calls::push_call_event, calls::register_call,
        reports::indicators, reports::indicator, reports::indicator_contacts, reports::scorecard,
        reports::monthly_report, reports::close_month, reports::restate_month,
        quarantine::list_quarantine, quarantine::quarantined, quarantine::retry_quarantined,
        quarantine::discard_quarantined,
        access::users, access::add_user, access::user, access::disable_user, access::set_password,
        access::keys, access::issue_key, access::key, access::revoke_key,
        audit::audit_log,
        access::units, access::themes, access::sources,
        scrivi::submit_request, scrivi::follow_request, scrivi::add_to_request, scrivi::contest_request,
        scrivi::rate_request, scrivi::forms, scrivi::form,
        webhooks::check_in, webhooks::take_in,
        health::status, health::live, health::ready
    ),
    components(schemas(schema::Problem))
)]
struct Document;

const VERBS: [&str; 4] = ["get", "post", "patch", "delete"];
const INNER: &str = "/rest/crm/v1/";
/// The most characters of a text and items of a list where nothing tighter is said.
const LONGEST: u64 = 1_000_000;

/// The document.
pub fn openapi() -> Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    if let Some(info) = document.get_mut("info").and_then(Value::as_object_mut) {
        info.insert("x-summary".to_owned(), "Contact-centre CRM of a city".into());
        info.insert("x-api-id".to_owned(), "filo".into());
    }
    put(
        &mut document,
        "servers",
        json!([{ "url": "https://servizi.example.it",
        "description": "The city's own server: the base is the same everywhere" }]),
    );
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("securitySchemes".to_owned(), security_schemes());
        components.insert("headers".to_owned(), headers());
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for verb in VERBS {
            if let Some(operation) = item.get_mut(verb) {
                complete(path, verb, operation);
            }
        }
    }
    limit(&mut document);
    document
}

fn put(value: &mut Value, key: &str, member: Value) {
    if let Some(members) = value.as_object_mut() {
        members.insert(key.to_owned(), member);
    }
}

fn security_schemes() -> Value {
    json!({ "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT or integration key",
        "description": "An access token of the log-in, or a key issued for named scopes." } })
}

fn headers() -> Value {
    let header = |description: &str| json!({ "description": description, "schema": { "type": "integer", "format": "int32", "minimum": 0 } });
    json!({
        "RetryAfter": header("Seconds to wait before trying again."),
        "RateLimitLimit": header("Requests allowed a minute."),
        "RateLimitRemaining": header("Requests left now."),
        "RateLimitReset": header("Seconds until all are allowed again.")
    })
}

/// Adds what follows from an operation's path and verb.
fn complete(path: &str, verb: &str, operation: &mut Value) {
    let guarded = path.starts_with(INNER) && !path.starts_with("/rest/crm/v1/auth/");
    let limited = path.starts_with("/rest/");
    if guarded {
        put(operation, "security", json!([{ "bearer": [] }]));
    } else if verb != "get" {
        put(
            operation,
            "security",
            if path.starts_with("/rest/scrivi") { json!([{}, { "bearer": [] }]) } else { json!([{}]) },
        );
    }
    if operation.get("description").is_none() {
        let summary = operation.get("summary").cloned().unwrap_or_default();
        put(operation, "description", summary);
    }
    parameters(path, verb, operation);
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        for (status, response) in responses.iter_mut() {
            describe(status, response, limited);
        }
        for status in refusals(path, verb, guarded, limited) {
            responses.entry(*status).or_insert_with(|| refusal(status));
        }
    }
}

fn parameters(path: &str, verb: &str, operation: &mut Value) {
    let mut list = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    for name in path.split('{').skip(1).filter_map(|part| part.split('}').next()) {
        let schema = match name {
            "id" => json!({ "type": "string", "format": "uuid" }),
            "action" => {
                json!({ "type": "string", "enum": ["take-charge", "assign", "escalate", "wait", "resume",
                "resolve", "close", "reopen", "cancel"] })
            }
            "month" => json!({ "type": "string", "maxLength": 12, "description": "YYYY-MM" }),
            _ => json!({ "type": "string", "maxLength": 200 }),
        };
        list.push(json!({ "name": name, "in": "path", "required": true, "schema": schema,
            "description": format!("The {name}.") }));
    }
    let header = |name: &str, required: bool, description: &str| {
        json!({ "name": name, "in": "header", "required": required, "description": description,
            "schema": { "type": "string", "maxLength": 255 } })
    };
    if matches!(verb, "patch" | "delete") {
        list.push(header("If-Match", true, "The ETag of what was read."));
    }
    if verb == "post"
        && path.starts_with("/rest/")
        && !path.ends_with("/searches")
        && !path.contains("/auth/")
    {
        list.push(header("Idempotency-Key", false, "The same key and body again give the first answer."));
    }
    if !list.is_empty() {
        put(operation, "parameters", Value::Array(list));
    }
}

fn describe(status: &str, response: &mut Value, limited: bool) {
    let blank = response.get("description").and_then(Value::as_str).is_none_or(str::is_empty);
    if blank {
        let words = match status {
            "201" => "Created.",
            "204" => "Done.",
            _ => "The answer.",
        };
        put(response, "description", words.into());
    }
    if limited {
        put(response, "headers", rate_headers(false));
    }
}

fn rate_headers(retry: bool) -> Value {
    let reference = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    let mut headers = Map::new();
    for (header, name) in [
        ("X-RateLimit-Limit", "RateLimitLimit"),
        ("X-RateLimit-Remaining", "RateLimitRemaining"),
        ("X-RateLimit-Reset", "RateLimitReset"),
    ] {
        headers.insert(header.to_owned(), reference(name));
    }
    if retry {
        headers.insert("Retry-After".to_owned(), reference("RetryAfter"));
    }
    Value::Object(headers)
}

/// What an operation may refuse with.
fn refusals(path: &str, verb: &str, guarded: bool, limited: bool) -> &'static [&'static str] {
    match (guarded, verb) {
        _ if path == "/health/live" => &[],
        (true, "get" | "delete") => &["401", "403", "404", "412", "422", "428", "429", "503"],
        (true, _) => &["400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "429", "503"],
        (false, "get") if !limited => &["403", "404", "503"],
        (false, _) if limited => &["400", "401", "404", "409", "413", "415", "422", "429", "503"],
        (false, _) => &["403", "404", "413", "503"],
    }
}

fn refusal(status: &str) -> Value {
    let words = match status {
        "400" => "Not JSON.",
        "401" => "Nobody is logged in, or wrongly.",
        "403" => "The caller may not do this.",
        "404" => "There is no such thing, or the caller may not see it.",
        "409" => "The present state forbids it; the answer says what is allowed.",
        "412" => "The version is no longer the present one.",
        "413" => "Too large.",
        "415" => "Another media type is expected.",
        "422" => "It parses but is invalid; the answer has pointers.",
        "428" => "If-Match is missing.",
        "429" => "Too many requests.",
        _ => "The service is not available at this moment.",
    };
    let mut response = json!({ "description": words, "content": { "application/problem+json": {
        "schema": { "$ref": "#/components/schemas/Problem" } } } });
    match status {
        "429" => put(&mut response, "headers", rate_headers(true)),
        "503" => {
            let retry = json!({ "Retry-After": { "$ref": "#/components/headers/RetryAfter" } });
            put(&mut response, "headers", retry);
        }
        _ => {}
    }
    response
}

/// Every text and list has a limit: that of the body where nothing tighter is said.
fn limit(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(limit),
        Value::Object(members) => {
            if has_type(members, "string")
                && !["enum", "format", "maxLength"].iter().any(|key| members.contains_key(*key))
            {
                members.insert("maxLength".to_owned(), LONGEST.into());
            }
            if has_type(members, "array") && !members.contains_key("maxItems") {
                members.insert("maxItems".to_owned(), LONGEST.into());
            }
            members.values_mut().for_each(limit);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn has_type(members: &Map<String, Value>, wanted: &str) -> bool {
    match members.get("type") {
        Some(Value::String(one)) => one == wanted,
        Some(Value::Array(several)) => several.iter().any(|one| one == wanted),
        _ => false,
    }
}

/// `GET /openapi.json`.
pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok().json(openapi())
}
