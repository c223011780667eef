//! What holds for every route: refusals, headers, limits, idempotency.

use actix_web::test::TestRequest;
use filo_app::Role;
use serde_json::json;

use super::{PASSWORD, TestApp, as_caller};

const TICKETS: &str = "/rest/crm/v1/tickets";

#[actix_web::test]
async fn nobody_gets_401_before_any_other_refusal() {
    let app = TestApp::new().await;
    for path in [TICKETS, "/rest/crm/v1/tickets/no-uuid", "/rest/crm/v1/no-such-thing"] {
        let problem = app.get("", path).await;
        problem.problem(401);
        assert_eq!(problem.header("www-authenticate"), "Bearer");
        assert_eq!(problem.header("cache-control"), "no-store");
    }
    app.send(TestRequest::post().uri(TICKETS).set_payload("not json")).await.problem(401);
    app.send(TestRequest::delete().uri(TICKETS)).await.problem(401);
    app.get("a.b.c", TICKETS).await.problem(401);
    app.get("filo_000", TICKETS).await.problem(401);
    let basic =
        TestRequest::get().uri("/rest/scrivi/v1/forms").insert_header(("Authorization", "Basic eDp5"));
    app.send(basic).await.problem(401);
}

#[actix_web::test]
async fn every_kind_of_bad_input_has_its_status_and_pointer() {
    let app = TestApp::new().await;
    let token = app.token(Role::Operator).await;
    let post = || as_caller(TestRequest::post().uri(TICKETS), &token);
    let json_type = ("Content-Type", "application/json");
    app.send(post().insert_header(json_type).set_payload("{\"channel\":")).await.problem(400);
    app.send(post().insert_header(json_type).set_payload(vec![0xff, 0xfe])).await.problem(400);
    app.send(post().insert_header(("Content-Type", "text/plain")).set_payload("{}")).await.problem(415);
    app.send(post().set_payload("{}")).await.problem(415);
    app.send(post().insert_header(json_type).set_payload("x".repeat(1_200_000))).await.problem(413);
    let good = json!({"channel":"counter","subject":"Buca","kind":"fault_report"});
    let cases = [
        (json!({"channel":"fax","subject":"Buca","kind":"fault_report"}), "/channel"),
        (json!({"channel":"counter","subject":"Buca"}), "/kind"),
        (json!({"channel":"counter","subject":"Buca","kind":"fault_report","colour":"red"}), "/colour"),
        (json!({"channel":"counter","subject":7,"kind":"fault_report"}), "/subject"),
        (json!({"channel":"counter","subject":"","kind":"fault_report"}), "/subject"),
        (json!({"channel":"counter","subject":"a\u{0}b","kind":"fault_report"}), "/subject"),
        (json!({"channel":"counter","subject":"Buca","kind":"fault_report","theme":"nessuno"}), "/theme"),
        (
            json!({"channel":"counter","subject":"Buca","kind":"fault_report",
                "requester":{"identities":[{"type":"email","value":"no"}]}}),
            "/requester/identities/0/value",
        ),
        (
            json!({"channel":"counter","subject":"Buca","kind":"fault_report",
                "requester":{"identities":[{"type":"fax","value":"1"}]}}),
            "/requester/identities/0/type",
        ),
    ];
    for (body, pointer) in cases {
        let problem = app.post(&token, TICKETS, &body).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    app.post(&token, TICKETS, &json!([1])).await.problem(422);
    assert_eq!(app.post(&token, TICKETS, &good).await.status, 201);
}

#[actix_web::test]
async fn bad_addresses_and_queries_are_told_apart() {
    let app = TestApp::new().await;
    let token = app.token(Role::Operator).await;
    for path in [
        "/rest/crm/v1/tickets/no-uuid",
        "/rest/crm/v1/tickets/01890000-0000-7000-8000-000000000000",
        "/rest/crm/v1/nothing",
        "/rest/crm/v1/reports/monthly/october",
        "/rest/crm/v1/reports/monthly/2026-10.docx",
        "/rest/crm/v1/scorecards/mille",
        "/rest/crm/v1/indicators/no-such?period=2026-10",
        "/nowhere",
    ] {
        app.get(&token, path).await.problem(404);
    }
    for (query, pointer) in [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=ten", "/limit"),
        ("colour=red", "/colour"),
        ("state=lost", "/state"),
        ("cursor=xyz", "/cursor"),
        ("sort=up", "/sort"),
        ("tag=%00", "/tag"),
        ("created_from=ieri", "/created_from"),
    ] {
        let problem = app.get(&token, &format!("{TICKETS}?{query}")).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let refused = app.send(as_caller(TestRequest::delete().uri(TICKETS), &token)).await;
    refused.problem(405);
    assert_eq!(refused.header("allow"), "GET, HEAD, POST, OPTIONS");
}

#[actix_web::test]
async fn a_request_id_goes_in_and_out_and_every_answer_is_protected() {
    let app = TestApp::new().await;
    let asked = app.send(TestRequest::get().uri("/nowhere").insert_header(("Request-Id", "mio-1"))).await;
    assert_eq!(asked.header("request-id"), "mio-1");
    assert_eq!(asked.problem(404)["instance"], "/requests/mio-1");
    let own = app.send(TestRequest::get().uri("/status").insert_header(("Request-Id", "<script>"))).await;
    assert_eq!(own.header("request-id").len(), 36);
    assert_eq!(own.header("x-content-type-options"), "nosniff");
    assert!(own.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(own.header("content-type"), "application/problem+json");
    assert_eq!(app.get("", "/health/ready").await.status, 200);
    assert_eq!(app.get("", "/").await.header("location"), "/scrivi");
}

#[actix_web::test]
async fn logging_in_gives_tokens_that_rotate_and_wrong_ones_are_limited() {
    let app = TestApp::with(|settings| settings.login_per_minute = 5).await;
    app.token(Role::Analyst).await;
    let login = |password: &str| json!({"username":"analyst","password":password});
    let refused = app.post("", "/rest/crm/v1/auth/login", &login("sbagliata")).await;
    assert_eq!(refused.problem(401)["detail"], "the credentials are not valid");
    let tokens = app.post("", "/rest/crm/v1/auth/login", &login(PASSWORD)).await;
    assert_eq!((tokens.status.as_u16(), tokens.header("cache-control")), (200, "no-store"));
    assert_eq!((tokens.header("x-ratelimit-limit"), tokens.header("x-ratelimit-remaining")), ("5", "3"));
    let refresh = json!({"refresh_token": tokens.json()["refresh_token"]});
    assert_eq!(app.post("", "/rest/crm/v1/auth/refresh", &refresh).await.status, 200);
    app.post("", "/rest/crm/v1/auth/refresh", &refresh).await.problem(401);
    assert_eq!(app.post("", "/rest/crm/v1/auth/logout", &refresh).await.status, 204);
    let limited = app.post("", "/rest/crm/v1/auth/login", &login(PASSWORD)).await;
    limited.problem(429);
    assert!(limited.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert!(app.state.metrics.text().contains("filo_rate_limited_total 1"));
    assert!(app.state.metrics.text().contains("filo_logins_refused_total 1"));
}

#[actix_web::test]
async fn the_same_post_again_gives_the_same_answer_and_does_nothing() {
    let app = TestApp::new().await;
    let token = app.token(Role::Operator).await;
    let send = |subject: &str| {
        let body = json!({"channel":"counter","subject":subject,"kind":"complaint"});
        let request = as_caller(TestRequest::post().uri(TICKETS), &token);
        app.send(request.insert_header(("Idempotency-Key", "k-1")).set_json(body))
    };
    send("").await.problem(422);
    let first = send("Rumore").await;
    let again = send("Rumore").await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(first.text, again.text);
    assert_eq!(
        (first.header("location"), first.header("etag")),
        (again.header("location"), again.header("etag"))
    );
    assert!(send("Altro").await.problem(422)["type"].as_str().unwrap().ends_with("idempotency-key-reused"));
    assert_eq!(app.get(&token, TICKETS).await.json()["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn lists_are_pages_with_absolute_links() {
    let app = TestApp::new().await;
    let token = app.token(Role::Operator).await;
    for subject in ["uno", "due", "tre"] {
        app.wait(1);
        let body = json!({"channel":"counter","subject":subject,"kind":"complaint"});
        assert_eq!(app.post(&token, TICKETS, &body).await.status, 201);
    }
    let page = app.get(&token, &format!("{TICKETS}?limit=2&channel=counter")).await.json();
    let next = page["_links"]["next"].as_str().unwrap();
    assert!(next.starts_with("https://filo.test/rest/crm/v1/tickets?limit=2&channel=counter&cursor="));
    let rest = app.get(&token, next.strip_prefix("https://filo.test").unwrap()).await.json();
    assert_eq!(rest["items"][0]["subject"], "uno");
    assert!(rest["next_cursor"].is_null() && rest["_links"]["next"].is_null());
}

#[actix_web::test]
async fn extreme_input_is_never_our_fault() {
    let app = TestApp::new().await;
    let token = app.token(Role::Supervisor).await;
    let id = "01890000-0000-7000-8000-000000000000";
    let huge = "x".repeat(3_000);
    for path in [
        format!("/tickets?cursor=9223372036854775807.{id}"),
        format!("/tickets?cursor=-9223372036854775808.{id}"),
        "/tickets?municipio=2147483648".to_owned(),
        "/tickets?created_from=-009999-01-02T01:59:59Z".to_owned(),
        "/tickets?due_to=9999-12-30T22:00:00Z&state=new,new,closed&level=II".to_owned(),
        format!("/tickets?tag={huge}"),
        "/tickets?tag=%ff%fe".to_owned(),
        "/interactions?ticket_id=x".to_owned(),
        "/interactions?from=9999-12-30T22:00:00Z&channel=email".to_owned(),
        "/calls?to=-009999-01-02T01:59:59Z".to_owned(),
        format!("/matters?cursor={id}"),
        "/quarantine?cursor=.".to_owned(),
        "/users/%00".to_owned(),
        "/indicators?period=9998-12".to_owned(),
        "/indicators/%2F?period=1970".to_owned(),
        "/scorecards/1970".to_owned(),
        "/scorecards/9998".to_owned(),
        "/reports/monthly/1970-01".to_owned(),
        "/reports/monthly/9998-12?revision=-1".to_owned(),
        "/reports/monthly/2026-10.?revision=99999999999".to_owned(),
    ] {
        let answer = app.get(&token, &format!("/rest/crm/v1{path}")).await;
        assert!(answer.status.as_u16() < 500, "{path}: {} {}", answer.status, answer.text);
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let post = as_caller(TestRequest::post().uri(TICKETS), &token)
        .insert_header(("Content-Type", "application/json"));
    app.send(post.set_payload(deep)).await.problem(400);
    let far = json!({"month":"x"});
    app.post(&token, "/rest/crm/v1/reports/monthly/9998-12/close", &far).await.problem(422);
}
