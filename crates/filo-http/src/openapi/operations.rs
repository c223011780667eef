//! What follows from an operation's path and verb: parameters of the path, headers, refusals, security.

use serde_json::{Value, json};

use crate::body::{LONGEST_IN_PATH, LONGEST_IN_QUERY};

use super::{
    put,
    shared::{RATE, header_references, reference},
};

const VERBS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
const INNER: &str = "/rest/crm/v1/";
/// What of it needs no log-in: the log-in.
const LOGIN: [&str; 6] = [
    "/rest/crm/v1/auth/login",
    "/rest/crm/v1/auth/refresh",
    "/rest/crm/v1/auth/logout",
    "/rest/crm/v1/auth/oidc/start",
    "/rest/crm/v1/auth/oidc/callback",
    "/rest/crm/v1/auth/oidc/exchange",
];
/// What is pushed by machines has no address of its own.
const PUSHES: [&str; 2] = ["push_interaction", "push_call_event"];

/// Completes every operation.
pub(super) fn complete(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for verb in VERBS {
            if let Some(operation) = item.get_mut(verb) {
                operation_of(path, verb, operation);
            }
        }
    }
}

/// Who may come to an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Who is logged in, so many times a minute.
    Guarded,
    /// Anybody, so many times a minute.
    Limited,
    /// Anybody.
    Open,
}

fn door(path: &str) -> Door {
    if path.starts_with(INNER) && !LOGIN.contains(&path) {
        Door::Guarded
    } else if path.starts_with("/rest/") {
        Door::Limited
    } else {
        Door::Open
    }
}

fn operation_of(path: &str, verb: &str, operation: &mut Value) {
    let door = door(path);
    secure(path, verb, door, operation);
    if operation.get("description").is_none() {
        let summary = operation.get("summary").cloned().unwrap_or_default();
        put(operation, "description", summary);
    }
    parameters(path, verb, operation);
    let pushed = operation.get("operationId").and_then(Value::as_str).is_some_and(|id| PUSHES.contains(&id));
    let refused = refusals(path, verb, door, operation.get("requestBody").is_some());
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, response) in responses.iter_mut() {
        describe(status, response);
        let mut headers = vec![];
        if door != Door::Open {
            headers.extend(RATE);
        }
        if status == "201" && door == Door::Guarded && !pushed {
            headers.extend([("ETag", "ETag"), ("Location", "Location")]);
        }
        if !headers.is_empty() && response.get("headers").is_none() {
            put(response, "headers", header_references(&headers));
        }
    }
    for status in refused {
        responses.entry(status).or_insert_with(|| reference(status));
    }
}

fn secure(path: &str, verb: &str, door: Door, operation: &mut Value) {
    let needed = match door {
        Door::Guarded => json!([{ "bearer": [] }]),
        Door::Limited if path.starts_with("/rest/scrivi") => json!([{}, { "bearer": [] }]),
        Door::Limited | Door::Open if verb == "get" => return,
        Door::Limited | Door::Open => json!([{}]),
    };
    put(operation, "security", needed);
}

fn parameters(path: &str, verb: &str, operation: &mut Value) {
    let mut list = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    for name in path.split('{').skip(1).filter_map(|part| part.split('}').next()) {
        if !list.iter().any(|known| known.get("name").and_then(Value::as_str) == Some(name)) {
            list.push(named_in_path(name));
        }
    }
    for parameter in list.iter_mut().filter(|it| it.get("in").and_then(Value::as_str) == Some("query")) {
        bound_in_query(parameter);
    }
    let mut header = |name: &str, required: bool, description: &str| {
        list.push(json!({ "name": name, "in": "header", "required": required, "description": description,
            "schema": { "type": "string", "maxLength": 255 } }));
    };
    if matches!(verb, "patch" | "put" | "delete") {
        header("If-Match", true, "The ETag of what was read.");
    }
    let creates = path.starts_with("/rest/") && !path.ends_with("/searches") && !path.contains("/auth/");
    if verb == "post" && creates {
        header("Idempotency-Key", false, "The same key and body again give the first answer.");
    }
    if !list.is_empty() {
        put(operation, "parameters", Value::Array(list));
    }
}

/// A text in a query is as long as any may be, where nothing tighter is said.
fn bound_in_query(parameter: &mut Value) {
    let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) else { return };
    let tighter = ["maxLength", "enum", "format", "pattern"].iter().any(|key| schema.contains_key(*key));
    let texts = match schema.get("type") {
        Some(Value::Array(several)) => several.iter().any(|one| one == "string"),
        other => other.is_some_and(|one| one == "string"),
    };
    if texts && !tighter {
        schema.insert("maxLength".to_owned(), LONGEST_IN_QUERY.into());
    }
}

fn named_in_path(name: &str) -> Value {
    let (schema, description) = match name {
        "id" | "identity_id" => (json!({ "type": "string", "format": "uuid" }), "The id.".to_owned()),
        "link_id" => (json!({ "type": "string", "format": "uuid" }), "The link.".to_owned()),
        "user_id" => (json!({ "type": "string", "format": "uuid" }), "The user.".to_owned()),
        "action" => {
            let steps = [
                "take-charge",
                "assign",
                "escalate",
                "wait",
                "resume",
                "resolve",
                "close",
                "reopen",
                "cancel",
            ];
            (json!({ "type": "string", "enum": steps }), "The step.".to_owned())
        }
        "month" => {
            let schema = json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}(\\.(csv|xlsx|pdf|html|json))?$", "maxLength": 12 });
            (schema, "`YYYY-MM`, with a format's ending where the operation says so.".to_owned())
        }
        "year" => (json!({ "type": "string", "pattern": "^[0-9]{4}$" }), "`YYYY`.".to_owned()),
        _ => (
            json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_IN_PATH }),
            format!("The {name}."),
        ),
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema, "description": description })
}

fn describe(status: &str, response: &mut Value) {
    let blank = response.get("description").and_then(Value::as_str).is_none_or(str::is_empty);
    if blank {
        let words = match status {
            "201" => "Created.",
            "204" => "Done.",
            _ => "The answer.",
        };
        put(response, "description", words.into());
    }
}

/// What an operation may refuse with.
fn refusals(path: &str, verb: &str, door: Door, body: bool) -> Vec<&'static str> {
    let mut all = match door {
        _ if path == "/health/live" => vec![],
        Door::Guarded => vec!["401", "403", "404", "422", "429", "503"],
        Door::Limited => vec!["401", "404", "422", "429", "503"],
        Door::Open => vec!["403", "404", "503"],
    };
    if verb != "get" && door != Door::Open {
        all.extend(["400", "409", "413", "415"]);
    }
    if verb != "get" && door == Door::Guarded {
        all.push("412");
    }
    if matches!(verb, "patch" | "put" | "delete") {
        all.push("428");
    }
    if door == Door::Open && body {
        all.push("413");
    }
    if path.ends_with("/oidc/callback") {
        // Known to the provider, and not to be let in here.
        all.extend(["403", "409"]);
    }
    all.sort_unstable();
    all
}
