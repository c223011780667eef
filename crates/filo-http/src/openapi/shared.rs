//! What all operations refer to: how to log in, headers, and the refusals with an example of each.

use serde_json::{Map, Value, json};

use super::put;

/// Adds the shared components.
pub(super) fn add(document: &mut Value) {
    name_items(document);
    if let Some(components) = document.get_mut("components") {
        put(components, "securitySchemes", security_schemes());
        put(components, "headers", headers());
        put(components, "responses", REFUSALS.iter().map(refusal).collect::<Map<_, _>>().into());
    }
    for open in OPEN {
        if let Some(schema) = document.pointer_mut(&format!("/components/schemas/{open}")) {
            put(schema, "additionalProperties", true.into());
        }
    }
}

/// Schemas whose readers take what they know: a problem may tell more (RFC 9457), the blocks of a report are described
/// with their indicators, and platforms send what they like.
const OPEN: [&str; 3] = ["Problem", "MonthlyReport", "PlatformEvents"];

/// The items of a list are named where the generator writes them out again.
fn name_items(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return;
    };
    let names: Vec<String> =
        schemas.keys().filter_map(|name| name.strip_prefix("List_")).map(str::to_owned).collect();
    for name in names.iter().filter(|name| schemas.contains_key(*name)).cloned().collect::<Vec<_>>() {
        let items =
            schemas.get_mut(&format!("List_{name}")).and_then(|it| it.pointer_mut("/properties/items"));
        if let Some(items) = items {
            put(items, "items", json!({ "$ref": format!("#/components/schemas/{name}") }));
        }
    }
}

fn security_schemes() -> Value {
    json!({ "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT or integration key",
        "description": "An access token of the log-in, or a key issued for named scopes." } })
}

fn headers() -> Value {
    let number = |description: &str| json!({ "description": description, "schema": { "type": "integer", "format": "int32", "minimum": 0 } });
    let text = |description: &str| json!({ "description": description, "required": true, "schema": { "type": "string", "maxLength": 2000 } });
    json!({
        "RetryAfter": number("Seconds to wait before trying again."),
        "RateLimitLimit": number("Requests allowed a minute."),
        "RateLimitRemaining": number("Requests left now."),
        "RateLimitReset": number("Seconds until all are allowed again."),
        "ETag": text("The version, to be sent in `If-Match` with a change."),
        "Location": text("Where the new thing is.")
    })
}

/// References to shared headers.
pub(super) fn header_references(names: &[(&str, &str)]) -> Value {
    let reference = |(header, name): &(&str, &str)| {
        ((*header).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))
    };
    Value::Object(names.iter().map(reference).collect())
}

/// The headers of what is limited to so many requests a minute.
pub(super) const RATE: [(&str, &str); 3] = [
    ("X-RateLimit-Limit", "RateLimitLimit"),
    ("X-RateLimit-Remaining", "RateLimitRemaining"),
    ("X-RateLimit-Reset", "RateLimitReset"),
];
const RETRY: (&str, &str) = ("Retry-After", "RetryAfter");

/// A refusal: status, what it means, the stable word and the sentence of its example.
type Refusal = (&'static str, &'static str, &'static str, &'static str, &'static str);

const REFUSALS: [Refusal; 12] = [
    (
        "400",
        "Bad Request",
        "Not JSON.",
        "bad-request",
        "the body is not JSON: expected value at line 1 column 1",
    ),
    (
        "401",
        "Unauthorized",
        "Nobody is logged in, or wrongly.",
        "credentials",
        "the credentials are not valid",
    ),
    (
        "403",
        "Forbidden",
        "The caller may not do this.",
        "forbidden",
        "this needs the permission to work tickets",
    ),
    (
        "404",
        "Not Found",
        "There is no such thing, or the caller may not see it.",
        "not-found",
        "there is nothing at this address",
    ),
    (
        "409",
        "Conflict",
        "The present state forbids it; the answer says what is allowed.",
        "step-forbidden",
        "a closed ticket cannot be assigned",
    ),
    (
        "412",
        "Precondition Failed",
        "The version is no longer the present one.",
        "changed-meanwhile",
        "the present version is 7",
    ),
    ("413", "Payload Too Large", "Too large.", "content-too-large", "at most 1100000 bytes"),
    (
        "415",
        "Unsupported Media Type",
        "Another media type is expected.",
        "unsupported-media-type",
        "send the body as application/json",
    ),
    (
        "422",
        "Unprocessable Entity",
        "It parses but is invalid; the answer has pointers.",
        "invalid",
        "the request is not valid",
    ),
    (
        "428",
        "Precondition Required",
        "If-Match is missing.",
        "precondition-required",
        "send the ETag of what you read in If-Match",
    ),
    ("429", "Too Many Requests", "Too many requests.", "too-many-requests", "try again in 12 seconds"),
    (
        "503",
        "Service Unavailable",
        "The service is not available at this moment.",
        "database-busy",
        "the database is busy or away: try again",
    ),
];

/// A refusal that operations refer to by status.
pub(super) fn reference(status: &str) -> Value {
    json!({ "$ref": format!("#/components/responses/Problem{status}") })
}

fn refusal((status, title, words, code, detail): &Refusal) -> (String, Value) {
    let number: u16 = status.parse().unwrap_or_default();
    let mut example = json!({ "type": format!("/problems/{code}"), "title": title, "status": number,
        "detail": detail, "instance": "/requests/019a1f3c-7c1e-7b52-9d3e-0c4f5a6b7c8d" });
    match *status {
        "409" => {
            put(&mut example, "allowed", json!(["reopen"]));
            put(&mut example, "state", "closed".into());
        }
        "422" => {
            let error = json!({ "pointer": "/theme", "detail": "there is no theme \"strade\"" });
            put(&mut example, "errors", json!([error]));
        }
        _ => {}
    }
    let mut response = json!({ "description": words, "content": { "application/problem+json": {
        "schema": { "$ref": "#/components/schemas/Problem" }, "examples": { "esempio": { "value": example } } } } });
    match *status {
        "429" => put(&mut response, "headers", header_references(&[RATE.as_slice(), &[RETRY]].concat())),
        "503" => put(&mut response, "headers", header_references(&[RETRY])),
        _ => {}
    }
    (format!("Problem{status}"), response)
}
