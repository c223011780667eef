//! The OpenAPI document: complete by the Italian guidelines, and true of the answers.

use actix_web::{http::Method, test::TestRequest};
use filo_app::Role;
use serde_json::{Value, json};

use super::TestApp;
use crate::openapi;

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = vec![];
    for (path, item) in document["paths"].as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            all.push((path.clone(), verb.clone(), operation.clone()));
        }
    }
    all
}

#[test]
fn the_document_has_what_the_guidelines_ask() {
    let document = openapi();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["info"]["x-summary"].is_string() && document["info"]["contact"]["url"].is_string());
    assert!(document["servers"][0]["url"].as_str().unwrap().starts_with("https://"));
    assert!(document["servers"][0]["description"].is_string());
    for (path, verb, operation) in operations(&document) {
        let place = format!("{verb} {path}");
        assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{place}");
        assert!(operation["operationId"].is_string() && operation["description"].is_string(), "{place}");
        assert!(verb == "get" || operation["security"].is_array(), "{place}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let shared = response["$ref"].as_str().map(|there| there.trim_start_matches('#'));
            let response = shared.map_or(response, |there| document.pointer(there).unwrap());
            assert!(!response["description"].as_str().unwrap().is_empty(), "{place} {status}");
            if status.as_str() >= "400" {
                assert!(response["content"]["application/problem+json"].is_object(), "{place} {status}");
            }
        }
        if verb == "patch" {
            assert!(
                operation["requestBody"]["content"]["application/merge-patch+json"].is_object(),
                "{place}"
            );
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = openapi();
    let mut found = vec![];
    references(&document, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[actix_web::test]
async fn every_documented_operation_is_routed() {
    let app = TestApp::new().await;
    for (path, verb, _) in operations(&openapi()) {
        let filled = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let path = filled.collect::<Vec<_>>().join("/");
        let verb: Method = verb.to_uppercase().parse().unwrap();
        let answer = app.send(TestRequest::default().method(verb.clone()).uri(&path)).await;
        assert_ne!(answer.status, 405, "{verb} {path}");
        // What needs an identity provider is 404 without one, in other words.
        let nowhere = answer.status == 404 && answer.text.contains("nothing at this address");
        assert!(!nowhere || path.contains("/x"), "{verb} {path}");
    }
    assert_eq!(app.get("", "/openapi.json").await.json()["info"]["title"], "Filo");
    let docs = app.get("", "/docs").await.text.replace("&#x2f;", "/");
    assert!(docs.contains("/rest/crm/v1/tickets/{id}/{action}"));
    for from_elsewhere in ["src=", "href=\"http", "<script", "style=", "url("] {
        assert!(!docs.contains(from_elsewhere), "{from_elsewhere}");
    }
    for (path, _, operation) in operations(&openapi()) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(
            docs.contains(&format!("<article id=\"{id}\">")) && docs.contains(&path),
            "{id} is not on the page"
        );
    }
}

/// The keys of an answer are those of its schema.
fn same_keys(name: &str, answer: &Value) {
    let document = openapi();
    let schema = &document["components"]["schemas"][name]["properties"];
    let known = schema.as_object().unwrap_or_else(|| panic!("no schema {name}"));
    for key in answer.as_object().unwrap().keys() {
        assert!(known.contains_key(key), "{name} lacks {key}");
    }
    let required =
        document["components"]["schemas"][name]["required"].as_array().cloned().unwrap_or_default();
    for key in required {
        assert!(answer.get(key.as_str().unwrap()).is_some(), "{name} promises {key}: {answer}");
    }
}

#[actix_web::test]
async fn answers_look_as_the_document_says() {
    let app = TestApp::new().await;
    let token = app.token(Role::Operator).await;
    let base = "/rest/crm/v1";
    let body = json!({"channel":"counter","subject":"Buca","kind":"fault_report","body":"in via Roma",
        "requester":{"name":"Ada","identities":[{"type":"phone","value":"0212345678"}]}});
    let ticket = app.post(&token, &format!("{base}/tickets"), &body).await.json();
    same_keys("Ticket", &ticket);
    same_keys("Clock", &ticket["clocks"][0]);
    let path = format!("{base}/tickets/{}", ticket["id"].as_str().unwrap());
    same_keys("Event", &app.get(&token, &format!("{path}/events")).await.json()["items"][0]);
    same_keys("Message", &app.get(&token, &format!("{path}/messages")).await.json()["items"][0]);
    same_keys("Interaction", &app.get(&token, &format!("{base}/interactions")).await.json()["items"][0]);
    let person = format!("{base}/persons/{}", ticket["person_id"].as_str().unwrap());
    same_keys("Person", &app.get(&token, &person).await.json());
    same_keys("Timeline", &app.get(&token, &format!("{person}/timeline")).await.json());
    same_keys("Indicator", &app.get(&token, &format!("{base}/indicators")).await.json()["items"][0]);
    same_keys("Problem", &app.get("", &person).await.json());
}

/// Every body of an operation with its media type and schema: what is sent, then what is answered, refusals apart.
fn bodies(operation: &Value) -> Vec<(String, Value)> {
    let of = |place: &str, it: &Value| {
        let content = it["content"].as_object().cloned().unwrap_or_default();
        content.into_iter().map(|(media, body)| (format!("{place}, {media}"), body)).collect::<Vec<_>>()
    };
    let mut all = of("request", &operation["requestBody"]);
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        all.extend(of(status, response));
    }
    all
}

/// What is wrong with the examples of a body.
fn wrong_examples(document: &Value, body: &Value) -> Vec<String> {
    let examples = body["examples"].as_object().cloned().unwrap_or_default();
    if examples.is_empty() {
        return vec!["no example".to_owned()];
    }
    let schema = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [body["schema"]],
        "components": { "schemas": document["components"]["schemas"] } });
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let mut wrong = vec![];
    for (name, example) in examples {
        let errors = validator.iter_errors(&example["value"]);
        wrong.extend(errors.map(|error| format!("{name}: {}: {error}", error.instance_path())));
    }
    wrong
}

#[test]
fn every_operation_has_examples_that_are_valid_by_its_schemas() {
    let document = openapi();
    let mut wrong = vec![];
    for (path, verb, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        for (place, body) in bodies(&operation) {
            let found = wrong_examples(&document, &body).into_iter();
            wrong.extend(found.map(|it| format!("src/examples/{id}.json, {verb} {path}, {place}: {it}")));
        }
    }
    for (name, response) in document["components"]["responses"].as_object().unwrap() {
        let found = wrong_examples(&document, &response["content"]["application/problem+json"]).into_iter();
        wrong.extend(found.map(|it| format!("{name}: {it}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_example_is_left_without_its_operation_or_unread() {
    let document = openapi();
    let ids: Vec<_> = operations(&document)
        .into_iter()
        .map(|(_, _, it)| it["operationId"].as_str().unwrap().to_owned())
        .collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(ids.contains(&name), "{name} is no operation");
        let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let (_, _, operation) =
            operations(&document).into_iter().find(|(_, _, it)| it["operationId"] == name).unwrap();
        for status in file["responses"].as_object().into_iter().flatten().map(|(status, _)| status) {
            assert!(operation["responses"][status].is_object(), "{name} does not answer {status}");
        }
        let known = operation["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in file["parameters"].as_object().into_iter().flatten().map(|(name, _)| name) {
            assert!(known.iter().any(|it| it["name"] == **parameter), "{name} has no parameter {parameter}");
        }
    }
}
