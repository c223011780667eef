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
        assert!(answer.status != 404 || path.contains("/x"), "{verb} {path}");
    }
    assert_eq!(app.get("", "/openapi.json").await.json()["info"]["title"], "Filo");
    let docs = app.get("", "/docs").await.text.replace("&#x2f;", "/");
    assert!(docs.contains("/rest/crm/v1/tickets/{id}/{action}"));
    assert!(!docs.contains("http://") && !docs.contains("https://"), "{docs}");
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
