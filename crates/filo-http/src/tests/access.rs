//! Limits of known callers, and the audit log as administrators read it.

use filo_app::{Role, Scope};
use serde_json::json;

use super::TestApp;

const UNITS: &str = "/rest/crm/v1/units";
const LOG: &str = "/rest/crm/v1/audit-log";

#[actix_web::test]
async fn each_known_caller_has_a_limit_of_its_own_and_is_told_how_much_is_left() {
    let app = TestApp::with(|settings| settings.api_per_minute = 3).await;
    let (operator, analyst) = (app.token(Role::Operator).await, app.token(Role::Analyst).await);
    for left in ["2", "1", "0"] {
        let answer = app.get(&operator, UNITS).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-limit")), (200, "3"));
        assert_eq!(answer.header("x-ratelimit-remaining"), left);
        assert!(answer.header("x-ratelimit-reset").parse::<u64>().unwrap() <= 60);
    }
    let refused = app.get(&operator, UNITS).await;
    refused.problem(429);
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(app.get(&analyst, UNITS).await.status, 200);
    // A key at the public paths has the limit of the key.
    let key = app.key(Scope::IntakeScrivi).await;
    assert_eq!(app.get(&key, "/rest/scrivi/v1/forms").await.header("x-ratelimit-limit"), "3");
}

#[actix_web::test]
async fn every_limited_answer_has_the_headers_the_pages_too() {
    let app =
        TestApp::with(|settings| (settings.public_per_minute, settings.login_per_minute) = (2, 2)).await;
    let login = json!({"username": "nessuno", "password": "x"});
    for answer in [
        app.get("", "/rest/scrivi/v1/forms").await,
        app.submit("/scrivi/segui", &[("number", "1"), ("code", "2")]).await,
        app.submit("/scrivi/segui", &[("number", "1"), ("code", "2")]).await,
        app.post("", "/rest/crm/v1/auth/login", &login).await,
    ] {
        for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
            assert!(
                answer.header(name).parse::<u64>().is_ok(),
                "{name} of {}: {}",
                answer.status,
                answer.text
            );
        }
    }
}

#[actix_web::test]
async fn a_refused_permission_is_in_the_audit_log_by_its_route_alone() {
    let app = TestApp::new().await;
    let (operator, admin) = (app.token(Role::Operator).await, app.token(Role::Admin).await);
    app.get(&operator, "/rest/crm/v1/users/anna.rossi").await.problem(403);
    app.get(&operator, "/rest/crm/v1/users/anna.rossi").await.problem(403);
    let log = app.get(&admin, &format!("{LOG}?action=permission_refused")).await.json();
    assert_eq!(log["items"].as_array().unwrap().len(), 1, "{log}");
    assert_eq!(log["items"][0]["data"], json!({ "route": "GET /rest/crm/v1/users/{name}" }));
    assert!(log["items"][0]["actor"]["user"].is_string());
}

#[actix_web::test]
async fn the_audit_log_is_read_newest_first_in_pages_by_action_and_time() {
    let app = TestApp::new().await;
    for role in [Role::Operator, Role::Analyst, Role::Supervisor] {
        app.token(role).await;
        app.wait(60);
    }
    let admin = app.token(Role::Admin).await;
    let first = app.get(&admin, &format!("{LOG}?limit=3")).await.json();
    assert_eq!(first["items"][0]["action"], "login");
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = app.get(&admin, &format!("{LOG}?limit=200&cursor={cursor}")).await.json();
    let of = |page: &serde_json::Value| -> Vec<i64> {
        page["items"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()).collect()
    };
    let all = [of(&first), of(&rest)].concat();
    let expected: Vec<i64> = (1..=i64::try_from(all.len()).unwrap()).rev().collect();
    assert_eq!(all, expected);
    let part = format!("{LOG}?action=login&from=2026-10-05T08:01:00Z&to=2026-10-05T08:03:00Z");
    assert_eq!(app.get(&admin, &part).await.json()["items"].as_array().unwrap().len(), 2);
    app.get(&admin, &format!("{LOG}?cursor=x")).await.problem(422);
    let operator = app.state.app.login(
        filo_app::LoginRequest {
            username: "operator".to_owned(),
            password: super::PASSWORD.into(),
            otp: None,
        },
        app.state.now(),
    );
    app.get(&operator.await.unwrap().access_token, LOG).await.problem(403);
}
