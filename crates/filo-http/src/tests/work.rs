//! Working over the interface: tickets, persons, calls, figures.

use actix_web::test::TestRequest;
use filo_app::{Role, Scope};
use serde_json::{Value, json};

use super::{TestApp, as_caller};

const BASE: &str = "/rest/crm/v1";

async fn ticket(app: &TestApp, token: &str, email: &str) -> Value {
    let body = json!({"channel":"counter","subject":"Certificato","kind":"assistance",
        "requester":{"name":"Ada Bianchi","identities":[{"type":"email","value":email}]}});
    let answer = app.post(token, &format!("{BASE}/tickets"), &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let ticket = answer.json();
    assert_eq!(answer.header("location"), format!("{BASE}/tickets/{}", ticket["id"].as_str().unwrap()));
    assert_eq!(answer.header("etag"), format!("\"{}\"", ticket["version"]));
    ticket
}

#[actix_web::test]
async fn a_ticket_is_worked_step_by_step_and_a_forbidden_step_lists_the_allowed_ones() {
    let app = TestApp::new().await;
    let token = app.token(Role::Operator).await;
    let ticket = ticket(&app, &token, "ada@example.it").await;
    let path = format!("{BASE}/tickets/{}", ticket["id"].as_str().unwrap());
    let act = |action: &str, body: Value| {
        let (path, token, app) = (format!("{path}/{action}"), token.clone(), &app);
        async move { app.post(&token, &path, &body).await }
    };
    let bare = app.send(as_caller(TestRequest::post().uri(&format!("{path}/take-charge")), &token)).await;
    assert_eq!(bare.json()["state"], "in_charge");
    act("wait", json!({"for":"citizen"})).await.problem(422);
    assert_eq!(
        act("wait", json!({"for":"citizen","reason":"manca un dato"})).await.json()["state"],
        "waiting_citizen"
    );
    let refused = act("take-charge", json!({})).await.problem(409);
    assert_eq!(refused["state"], "waiting_citizen");
    assert!(refused["allowed"].as_array().unwrap().contains(&json!("resume")));
    assert_eq!(act("resume", json!({})).await.status, 200);
    act("dance", json!({})).await.problem(404);
    act("close", json!({"why":"x"})).await.problem(422);
    let answer = act("messages", json!({"kind":"note","body":"Chiamata la sede"})).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let resolved = act("resolve", json!({"outcome":"solved"})).await;
    assert_eq!(resolved.json()["state"], "resolved");
    let one = app.get(&token, &path).await;
    assert!(!one.json()["clocks"].as_array().unwrap().is_empty());
    let events = app.get(&token, &format!("{path}/events")).await.json();
    assert_eq!(events["items"].as_array().unwrap().len().to_string(), one.json()["version"].to_string());
}

#[actix_web::test]
async fn a_change_needs_the_version_that_was_read() {
    let app = TestApp::new().await;
    let token = app.token(Role::Operator).await;
    let ticket = ticket(&app, &token, "ada@example.it").await;
    let path = format!("{BASE}/tickets/{}", ticket["id"].as_str().unwrap());
    let patch = |tag: &str, media: &str, body: &str| {
        let request = as_caller(TestRequest::patch().uri(&path), &token);
        let request =
            if tag.is_empty() { request } else { request.insert_header(("If-Match", tag.to_owned())) };
        app.send(request.insert_header(("Content-Type", media.to_owned())).set_payload(body.to_owned()))
    };
    let merge = "application/merge-patch+json";
    let etag = format!("\"{}\"", ticket["version"]);
    patch("", merge, r#"{"priority":"high"}"#).await.problem(428);
    patch("\"99\"", merge, r#"{"priority":"high"}"#).await.problem(412);
    patch("W/\"1\"", merge, r#"{"priority":"high"}"#).await.problem(412);
    patch(&etag, "application/json", r#"{"priority":"high"}"#).await.problem(415);
    let null = patch(&etag, merge, r#"{"subject":null}"#).await.problem(422);
    assert_eq!(null["errors"][0]["pointer"], "/subject");
    let done = patch(&etag, merge, r#"{"priority":"high"}"#).await;
    assert_eq!((done.status.as_u16(), done.json()["priority"].as_str()), (200, Some("high")));
    assert_ne!(done.header("etag"), etag);
    let stale = as_caller(TestRequest::post().uri(&format!("{path}/take-charge")), &token);
    app.send(stale.insert_header(("If-Match", etag))).await.problem(412);
}

#[actix_web::test]
async fn persons_are_found_merged_and_parted_and_their_timeline_is_one() {
    let app = TestApp::new().await;
    let token = app.token(Role::Operator).await;
    let first = ticket(&app, &token, "ada@example.it").await["person_id"].as_str().unwrap().to_owned();
    let second = ticket(&app, &token, "bianchi@example.it").await["person_id"].as_str().unwrap().to_owned();
    let found =
        app.post(&token, &format!("{BASE}/persons/searches"), &json!({"email":"ADA@example.it"})).await;
    assert_eq!(found.json()["items"][0]["id"], first);
    let merged =
        app.post(&token, &format!("{BASE}/persons/{first}/merge"), &json!({"into": second})).await.json();
    let timeline = app.get(&token, &format!("{BASE}/persons/{second}/timeline")).await.json();
    assert_eq!(timeline["tickets"].as_array().unwrap().len(), 2);
    assert!(timeline["_links"]["self"].is_string());
    let undo = format!("{BASE}/person-merges/{}/undo", merged["merge_id"].as_str().unwrap());
    assert_eq!(app.post(&token, &undo, &json!({})).await.json()["id"], first);
    app.post(&token, &undo, &json!({})).await.problem(409);
}

#[actix_web::test]
async fn live_calls_are_pushed_once_and_registered() {
    let app = TestApp::new().await;
    let (key, token) = (app.key(Scope::IntakePhone).await, app.token(Role::Operator).await);
    let push = async |event: &str, at: &str| {
        let body = json!({"source":"pbx-020202","call_id":"c1","event":event,"at":at,"caller":"+390212345","queue":"anagrafe"});
        app.post(&key, &format!("{BASE}/calls/events"), &body).await
    };
    assert_eq!(push("queued", "2026-10-05T07:50:00Z").await.status, 201);
    let again = push("queued", "2026-10-05T07:50:00Z").await;
    assert_eq!((again.status.as_u16(), again.json()["duplicate"].as_bool()), (200, Some(true)));
    assert_eq!(push("answered", "2026-10-05T07:51:00Z").await.status, 201);
    let call = app.get(&token, &format!("{BASE}/calls")).await.json()["items"][0].clone();
    let path = format!("{BASE}/calls/{}/ticket", call["id"].as_str().unwrap());
    let body = json!({"kind":"information","subject":"Orari","outcome":"answered"});
    let opened = app.post(&token, &path, &body).await;
    assert_eq!((opened.status.as_u16(), opened.json()["theme"].as_str()), (201, Some("anagrafe")));
    assert!(app.post(&token, &path, &body).await.problem(409)["proposal"]["ticket_id"].is_string());
}

#[actix_web::test]
async fn a_contact_pushed_twice_is_one() {
    let app = TestApp::new().await;
    let key = app.key(Scope::IntakeSocial).await;
    let body =
        json!({"source":"facebook","external_id":"m1","kind":"message","text":"Buongiorno, la luce è rotta"});
    let path = format!("{BASE}/interactions");
    let first = app.post(&key, &path, &body).await;
    assert_eq!((first.status.as_u16(), first.json()["duplicate"].as_bool()), (201, Some(false)));
    let second = app.post(&key, &path, &body).await;
    assert_eq!((second.status.as_u16(), second.json()["duplicate"].as_bool()), (200, Some(true)));
    assert_eq!(first.json()["id"], second.json()["id"]);
}

#[actix_web::test]
async fn figures_are_read_and_months_closed_by_supervisors() {
    let app = TestApp::new().await;
    let (supervisor, analyst) = (app.token(Role::Supervisor).await, app.token(Role::Analyst).await);
    let month = format!("{BASE}/reports/monthly/2026-09");
    assert_eq!(app.get(&analyst, &month).await.json()["state"], "open");
    assert_eq!(app.get(&analyst, &format!("{month}.json")).await.json()["schema"], "filo.monthly-report/1");
    app.get(&analyst, &format!("{month}.pdf")).await.problem(404);
    let pdf =
        as_caller(TestRequest::get().uri(&month), &analyst).insert_header(("Accept", "application/pdf"));
    app.send(pdf).await.problem(406);
    app.post(&analyst, &format!("{month}/close"), &json!({})).await.problem(403);
    assert_eq!(app.post(&supervisor, &format!("{month}/close"), &json!({})).await.json()["revision"], 1);
    app.post(&supervisor, &format!("{month}/close"), &json!({})).await.problem(409);
    let reason = json!({"reason":"registro in ritardo"});
    assert_eq!(app.post(&supervisor, &format!("{month}/restate"), &reason).await.json()["revision"], 2);
    assert_eq!(app.get(&analyst, &format!("{month}?revision=1")).await.json()["revision"], 1);
    app.get(&analyst, &format!("{month}?revision=9")).await.problem(404);
    let indicators = app.get(&analyst, &format!("{BASE}/indicators?period=2026-09")).await.json();
    let key = indicators["items"][0]["key"].as_str().unwrap();
    let one = app.get(&analyst, &format!("{BASE}/indicators/{key}?period=2026-09")).await;
    assert_eq!(one.json()["key"], key, "{}", one.text);
    app.get(&analyst, &format!("{BASE}/indicators/{key}")).await.problem(422);
    app.get(&analyst, &format!("{BASE}/indicators/{key}?period=sempre")).await.problem(422);
    let pointer =
        app.get(&analyst, &format!("{BASE}/indicators/%2Fphone%2Fabandoned/contacts?period=2026-09")).await;
    assert_eq!(pointer.json()["key"], "/phone/abandoned", "{}", pointer.text);
    assert_eq!(app.get(&analyst, &format!("{BASE}/scorecards/2020")).await.json()["year"], 2020);
}

#[actix_web::test]
async fn keys_are_issued_once_and_revoked_by_version() {
    let app = TestApp::new().await;
    let admin = app.token(Role::Admin).await;
    let issued =
        app.post(&admin, &format!("{BASE}/keys"), &json!({"name":"pbx","scopes":["intake:phone"]})).await;
    let key = issued.json()["key"].as_str().unwrap().to_owned();
    let path = format!("{BASE}/keys/pbx");
    assert!(app.get(&admin, &path).await.json().get("key").is_none());
    let revoke = |tag: Option<&'static str>| {
        let request = as_caller(TestRequest::delete().uri(&path), &admin);
        app.send(if let Some(tag) = tag { request.insert_header(("If-Match", tag)) } else { request })
    };
    revoke(None).await.problem(428);
    assert_eq!(revoke(Some("\"1\"")).await.status, 204);
    revoke(Some("\"1\"")).await.problem(412);
    app.post(&key, &format!("{BASE}/calls/events"), &json!({})).await.problem(401);
    app.post(&admin, &format!("{BASE}/keys"), &json!({"name":"x","scopes":["all"]})).await.problem(422);
}
