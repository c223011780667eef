//! A specialist's view ends at the own unit: on every route of a ticket, another unit's ticket is not there.

use filo_testkit::both;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

/// A route below one ticket, with a body that it takes, so that nothing but the ticket can be refused.
struct Place {
    method: Method,
    path: String,
    body: Option<Value>,
}

/// Every route below one ticket, each action by its name, with its example as body.
fn places() -> Vec<Place> {
    let document = filo_http::openapi();
    let mut places = vec![];
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix(CRM).filter(|path| path.starts_with("/tickets/{id}")) else {
            continue;
        };
        for (verb, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().unwrap();
            let action = parameters.iter().find(|parameter| parameter["name"] == "action");
            let actions = action.map(|action| action["schema"]["enum"].as_array().unwrap().clone());
            for action in actions.unwrap_or_else(|| vec![json!("")]) {
                let action = action.as_str().unwrap();
                let method = verb.to_uppercase().parse().unwrap();
                places.push(Place {
                    method,
                    path: path.replace("{action}", action),
                    body: body(operation, action),
                });
            }
        }
    }
    places
}

/// The example of that action, or the only one; nothing for a route that takes no body.
fn body(operation: &Value, action: &str) -> Option<Value> {
    let content = operation["requestBody"]["content"].as_object()?;
    let examples = content.values().next()?["examples"].as_object()?;
    let named = if action.is_empty() { examples.values().next() } else { examples.get(action) };
    Some(named.map_or_else(|| json!({}), |example| example["value"].clone()))
}

/// Every id in a body is the id of a ticket that the specialist may see.
fn with_own_ids(body: Value, own: &str) -> Value {
    match body {
        Value::String(text) if uuid::Uuid::try_parse(&text).is_ok() => json!(own),
        Value::Array(items) => items.into_iter().map(|item| with_own_ids(item, own)).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(key, member)| (key, with_own_ids(member, own))).collect()
        }
        other => other,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_units_ticket_is_not_there_on_any_route() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let new = json!({ "channel": "counter", "subject": "Tessera", "body": "È scaduta", "theme": "anagrafe/carta-identita",
            "kind": "information" });
        let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
        assert_ne!(ticket["unit"], "mobilita");
        let id = ticket["id"].as_str().unwrap();
        let own = json!({ "channel": "counter", "subject": "Buca", "body": "In via Roma", "kind": "fault_report" });
        let own = served.post("operator", &format!("{CRM}/tickets"), &own).await.expect(201);
        let own = own["id"].as_str().unwrap();
        let assigned = format!("{CRM}/tickets/{own}/assign");
        served.post("supervisor", &assigned, &json!({ "unit": "mobilita" })).await.expect(200);
        served.get("specialist", &format!("{CRM}/tickets/{own}")).await.expect(200);
        let places = places();
        assert!(places.len() >= 14, "the routes of a ticket are not found");
        for Place { method, path, body } in places {
            let other = uuid::Uuid::nil().to_string();
            let filled = path.replace("{id}", id).replace("{link_id}", &other).replace("{user_id}", &other);
            let body = body.map(|body| with_own_ids(body, own));
            let version = [("If-Match", "\"1\"")];
            let changes = matches!(method, Method::PATCH | Method::PUT | Method::DELETE);
            let headers: &[_] = if changes { &version } else { &[] };
            let reply = served
                .send_with("specialist", method.clone(), &format!("{CRM}{filled}"), body.as_ref(), headers)
                .await;
            // Numbers of the protocol are recorded by other roles, whatever the unit.
            let refused = if path == "/tickets/{id}/protocol" { 403 } else { 404 };
            assert_eq!(reply.status, refused, "{method} {path}: {}", reply.text);
        }
        let seen = served.get("specialist", &format!("{CRM}/tickets")).await.expect(200);
        let ids: Vec<&Value> = seen["items"].as_array().unwrap().iter().map(|ticket| &ticket["id"]).collect();
        assert_eq!(ids, [&json!(own)]);
        let unchanged = served.get("operator", &format!("{CRM}/tickets/{id}")).await.expect(200);
        assert_eq!(unchanged["updated_at"], ticket["updated_at"]);
    })
    .await;
}
