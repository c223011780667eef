//! Deny by default: every route of the inner interface, with every role and a key.

use actix_web::{http::Method, test::TestRequest};
use filo_app::{Access, Caller, Permission as P, Role, Scope};
use filo_domain::{UserId, vocabulary::Word};
use serde_json::Value;
use uuid::Uuid;

use super::{TestApp, as_caller};
use crate::openapi;

/// What each route needs, by its operation's name; a route that is not here fails the test.
const NEEDS: [(&str, P); 47] = [
    ("list_tickets", P::ReadTickets),
    ("open_ticket", P::WorkTickets),
    ("ticket", P::ReadTickets),
    ("change_ticket", P::WorkTickets),
    ("ticket_events", P::ReadTickets),
    ("ticket_messages", P::ReadTickets),
    ("add_message", P::WorkTickets),
    ("take_step", P::WorkTickets),
    ("list_matters", P::ReadTickets),
    ("open_matter", P::WorkTickets),
    ("matter", P::ReadTickets),
    ("change_matter", P::WorkTickets),
    ("find_persons", P::ReadPersons),
    ("person", P::ReadPersons),
    ("change_person", P::ManagePersons),
    ("timeline", P::ReadPersons),
    ("merge_person", P::ManagePersons),
    ("undo_merge", P::ManagePersons),
    ("list_interactions", P::ReadContacts),
    ("push_interaction", P::PushContacts),
    ("list_calls", P::ReadContacts),
    ("push_call_event", P::PushCalls),
    ("register_call", P::WorkTickets),
    ("indicators", P::ReadReports),
    ("indicator", P::ReadReports),
    ("indicator_contacts", P::ReadReports),
    ("scorecard", P::ReadReports),
    ("monthly_report", P::ReadReports),
    ("close_month", P::CloseMonths),
    ("restate_month", P::CloseMonths),
    ("list_quarantine", P::ManageQuarantine),
    ("quarantined", P::ManageQuarantine),
    ("retry_quarantined", P::ManageQuarantine),
    ("discard_quarantined", P::ManageQuarantine),
    ("users", P::Administer),
    ("add_user", P::Administer),
    ("user", P::Administer),
    ("disable_user", P::Administer),
    ("set_password", P::Administer),
    ("keys", P::Administer),
    ("issue_key", P::Administer),
    ("key", P::Administer),
    ("revoke_key", P::Administer),
    ("units", P::ReadConfiguration),
    ("themes", P::ReadConfiguration),
    ("sources", P::ReadConfiguration),
    ("", P::Administer),
];

/// Verb, path with its names filled in, and operation of every inner route.
fn inner_routes() -> Vec<(Method, String, String)> {
    let document = openapi();
    let mut routes = vec![];
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/rest/crm/v1/") || path.contains("/auth/") {
            continue;
        }
        for (verb, operation) in item.as_object().unwrap() {
            let id = Uuid::nil().to_string();
            let filled = path.replace("{id}", &id).replace("{month}", "2026-01").replace("{year}", "2020");
            let filled = filled.replace("{action}", "close").replace("{key}", "no").replace("{name}", "no");
            let verb = verb.to_uppercase().parse().unwrap();
            routes.push((verb, filled, operation["operationId"].as_str().unwrap().to_owned()));
        }
    }
    routes
}

fn needs(operation: &str) -> P {
    let found = NEEDS.iter().find(|(name, _)| *name == operation);
    found.unwrap_or_else(|| panic!("{operation} names no permission in this table")).1
}

#[actix_web::test]
async fn a_route_refuses_who_may_not_and_only_them() {
    let app = TestApp::new().await;
    let routes = inner_routes();
    assert_eq!(routes.len(), NEEDS.len() - 1);
    for role in Role::ALL {
        let access =
            Access::User { id: UserId::from_uuid(Uuid::nil()), role: *role, unit: Some("x".to_owned()) };
        check(&app, &app.token(*role).await, &Caller { access }, &routes).await;
    }
    let scopes = vec![Scope::IntakePhone];
    let caller = Caller { access: Access::Key { name: "machine".to_owned(), scopes } };
    check(&app, &app.key(Scope::IntakePhone).await, &caller, &routes).await;
}

async fn check(app: &TestApp, token: &str, caller: &Caller, routes: &[(Method, String, String)]) {
    for (verb, path, operation) in routes {
        let request = as_caller(TestRequest::default().method(verb.clone()).uri(path), token);
        // A body that fits nothing: whoever may not is refused before it is looked at.
        let answer = app.send(request.set_json(Value::Null)).await;
        let may = caller.may(needs(operation));
        assert_eq!(answer.status == 403, !may, "{verb} {path} as {caller:?}: {}", answer.text);
        assert!(answer.status.as_u16() < 500, "{verb} {path}: {}", answer.text);
    }
}
