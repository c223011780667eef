//! What every path promises, whoever serves it: refusals, versions, keys against repetition, headers.

use std::time::Duration;

use filo_app::AppError;
use filo_testkit::both;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

const NOWHERE: &str = "01890000-0000-7000-8000-000000000000";

fn new_ticket(subject: &str) -> Value {
    json!({ "channel": "counter", "subject": subject, "kind": "complaint",
        "requester": { "identities": [{ "type": "email", "value": "anna@mail.example" }] } })
}

async fn served(database: filo_testkit::Database) -> Served {
    Served::of(TestApp::at("2026-10-01 12:00", database).await).await
}

/// What the server answers to these very bytes.
async fn raw(served: &Served, bytes: &str) -> String {
    let mut stream = TcpStream::connect(served.base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = vec![];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    // A server that hangs up while it is still written to is as good as one that ends its answer.
    drop(read.expect("an answer in time"));
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem_document_with_the_requests_id() {
    both(async |database| {
        let served = served(database).await;
        let long = "x".repeat(1_200_000);
        let json = ("Content-Type", "application/json");
        let tickets = format!("{CRM}/tickets");
        let cases = [
            (Method::GET, "/nessuno".to_owned(), None, 404),
            (Method::GET, format!("{CRM}/nessuno"), None, 404),
            (Method::GET, format!("{CRM}/tickets/nessuno"), None, 404),
            (Method::GET, format!("{CRM}/tickets/%zz"), None, 404),
            (Method::GET, format!("{CRM}/tickets/%ff%fe"), None, 404),
            (Method::GET, format!("{CRM}/users/%00"), None, 403),
            (Method::GET, format!("{CRM}/tickets/{NOWHERE}"), None, 404),
            (Method::DELETE, tickets.clone(), None, 405),
            (Method::TRACE, "/status".to_owned(), None, 405),
            (Method::GET, format!("{tickets}?limit=%zz"), None, 422),
            (Method::GET, format!("{tickets}?limit"), None, 422),
            (Method::GET, format!("{tickets}?colour=red"), None, 422),
            (Method::GET, format!("{tickets}?limit=5&limit=6"), None, 422),
            (Method::POST, tickets.clone(), Some((json, "{".to_owned())), 400),
            (Method::POST, tickets.clone(), Some((json, "[".repeat(100_000))), 400),
            (Method::POST, tickets.clone(), Some((json, long)), 413),
            (Method::POST, tickets.clone(), Some((("Content-Type", "text/plain"), "{}".to_owned())), 415),
            (Method::POST, tickets.clone(), Some((json, "{}".to_owned())), 422),
        ];
        for (method, path, body, status) in cases {
            let mut request = served.client.request(method.clone(), format!("{}{path}", served.base));
            request = request.bearer_auth(served.token("operator")).header("Request-Id", "prova-1");
            if let Some(((name, value), body)) = body {
                request = request.header(name, value).body(body);
            }
            let response = request.send().await.unwrap();
            let place = format!("{method} {path}");
            assert_eq!(response.status().as_u16(), status, "{place}");
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{place}");
            assert_eq!(response.headers()["request-id"], "prova-1", "{place}");
            let problem: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
            assert_eq!(
                (&problem["status"], &problem["instance"]),
                (&json!(status), &json!("/requests/prova-1"))
            );
            assert!(problem["type"].is_string() && problem["title"].is_string(), "{place}: {problem}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_too_long_or_no_http_are_refused_and_the_server_lives_on() {
    both(async |database| {
        let served = served(database).await;
        let header = format!("GET /status HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(300_000));
        let address = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(300_000));
        for bytes in [header.as_str(), address.as_str(), "GET / HTTP/9.9\r\n\r\n", "\u{1}\u{2}\r\n\r\n"] {
            let answer = raw(&served, bytes).await;
            assert!(
                answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
                "{}",
                answer.get(..80).unwrap_or(&answer)
            );
        }
        assert_eq!(served.get("", "/status").await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_single_resource_has_an_etag_and_is_not_changed_unseen() {
    both(async |database| {
        let served = served(database).await;
        served.city.take_in("urp", b"senza intestazioni".to_vec()).await;
        let tickets = format!("{CRM}/tickets");
        let one = served.post("operator", &tickets, &new_ticket("Rumore")).await.expect(201);
        let two = served.post("operator", &tickets, &new_ticket("Ancora rumore")).await.expect(201);
        let joined = json!({ "ticket_ids": [one["id"], two["id"]] });
        let matter = served.post("operator", &format!("{CRM}/matters"), &joined).await.expect(201);
        let key = json!({ "name": "centralino", "scopes": ["intake:phone"] });
        served.post("admin", &format!("{CRM}/keys"), &key).await.expect(201);
        let kept = served.get("supervisor", &format!("{CRM}/quarantine")).await.expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let places = [
            ("operator", format!("{tickets}/{}", text(&one["id"])), Some(Method::PATCH)),
            ("operator", format!("{CRM}/matters/{}", text(&matter["id"])), Some(Method::PATCH)),
            ("operator", format!("{CRM}/persons/{}", text(&one["person_id"])), Some(Method::PATCH)),
            ("admin", format!("{CRM}/users/analyst"), None),
            ("admin", format!("{CRM}/keys/centralino"), Some(Method::DELETE)),
            ("supervisor", format!("{CRM}/quarantine/{}", text(&kept["items"][0]["id"])), None),
        ];
        for (role, path, change) in places {
            let read = served.get(role, &path).await;
            read.expect(200);
            assert!(read.header("etag").starts_with('"'), "{path} has no ETag");
            assert_eq!(read.header("cache-control"), "no-store", "{path}");
            let Some(method) = change else { continue };
            let body = (method == Method::PATCH).then(|| json!({}));
            let unseen = served.send(role, method.clone(), &path, body.as_ref()).await;
            assert_eq!(unseen.expect(428)["status"], 428, "{path}");
            let stale = [("If-Match", "\"999\"")];
            let refused = served.send_with(role, method, &path, body.as_ref(), &stale).await;
            assert_eq!(refused.expect(412)["status"], 412, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_with_a_stale_if_match_does_nothing() {
    both(async |database| {
        let served = served(database).await;
        served.city.take_in("urp", b"senza intestazioni".to_vec()).await;
        let tickets = format!("{CRM}/tickets");
        let one = served.post("operator", &tickets, &new_ticket("Rumore")).await.expect(201);
        let other = json!({ "channel": "counter", "subject": "Buca", "kind": "fault_report",
            "requester": { "identities": [{ "type": "email", "value": "altra@mail.example" }] } });
        let other = served.post("operator", &tickets, &other).await.expect(201);
        let kept = served.get("supervisor", &format!("{CRM}/quarantine")).await.expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (kept, person) = (text(&kept["items"][0]["id"]), text(&one["person_id"]));
        let places = [
            ("operator", format!("{tickets}/{}/take-charge", text(&one["id"])), json!({})),
            (
                "operator",
                format!("{tickets}/{}/messages", text(&one["id"])),
                json!({ "kind": "note", "body": "x" }),
            ),
            ("operator", format!("{CRM}/persons/{person}/merge"), json!({ "into": other["person_id"] })),
            ("supervisor", format!("{CRM}/quarantine/{kept}/retry"), json!({})),
            ("supervisor", format!("{CRM}/quarantine/{kept}/discard"), json!({ "reason": "prova" })),
            ("admin", format!("{CRM}/users/analyst/disable"), json!({})),
            ("admin", format!("{CRM}/users/analyst/password"), json!({ "password": "un'altra frase lunga" })),
        ];
        for (role, path, body) in places {
            let stale = [("If-Match", "\"999\"")];
            let refused = served.send_with(role, Method::POST, &path, Some(&body), &stale).await;
            assert_eq!(refused.status, 412, "{path}: {}", refused.text);
        }
        let same = served.get("operator", &format!("{tickets}/{}", text(&one["id"]))).await.expect(200);
        assert_eq!((&same["state"], &same["person_id"]), (&json!("new"), &one["person_id"]));
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_post_that_creates_gives_the_same_answer_again_and_creates_once() {
    both(async |database| {
        let served = served(database).await;
        let tickets = format!("{CRM}/tickets");
        let one = served.post("operator", &tickets, &new_ticket("Rumore")).await.expect(201);
        let two = served.post("operator", &tickets, &new_ticket("Ancora")).await.expect(201);
        let messages = format!("{tickets}/{}/messages", one["id"].as_str().unwrap());
        let user = json!({ "name": "dario", "role": "operator", "password": "una frase lunga e segreta" });
        let places = [
            ("operator", tickets.clone(), new_ticket("Buca")),
            ("operator", messages, json!({ "kind": "note", "body": "Sentito." })),
            ("operator", format!("{CRM}/matters"), json!({ "ticket_ids": [one["id"], two["id"]] })),
            ("admin", format!("{CRM}/users"), user),
            ("admin", format!("{CRM}/keys"), json!({ "name": "centralino", "scopes": ["intake:phone"] })),
        ];
        for (role, path, body) in places {
            let key = [("Idempotency-Key", path.as_str())];
            let first = served.send_with(role, Method::POST, &path, Some(&body), &key).await;
            let again = served.send_with(role, Method::POST, &path, Some(&body), &key).await;
            assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201), "{path}: {}", first.text);
            assert_eq!(first.text, again.text, "{path}");
            assert_eq!(
                (first.header("etag"), first.header("location")),
                (again.header("etag"), again.header("location"))
            );
            assert_eq!(
                (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
                ("", "true")
            );
            let mut other = body.clone();
            other["colour"] = json!("rosso");
            let reused = served.send_with(role, Method::POST, &path, Some(&other), &key).await;
            assert_eq!(reused.expect(422)["type"], "/problems/idempotency-key-reused", "{path}");
        }
        let listed = served.get("operator", &tickets).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_killed_process_left_in_flight_may_be_used_again_after_minutes() {
    both(async |database| {
        let mut served = served(database).await;
        let tickets = format!("{CRM}/tickets");
        let key = [("Idempotency-Key", "k-1")];
        let send = async |served: &Served, subject: &str| {
            served.send_with("operator", Method::POST, &tickets, Some(&new_ticket(subject)), &key).await
        };
        // What is left of a request whose process was killed: its claim, and no answer.
        let first = send(&served, "Rumore").await.expect(201);
        served.city.database.try_execute("UPDATE idempotency_keys SET status = NULL, body = NULL").unwrap();
        assert_eq!(send(&served, "Rumore").await.expect(409)["type"], "/problems/idempotency-key-in-flight");
        served.now_is("2026-10-01 12:06").await;
        assert_eq!(send(&served, "Altro").await.expect(422)["type"], "/problems/idempotency-key-reused");
        let second = send(&served, "Rumore").await;
        assert_ne!(second.expect(201)["id"], first["id"]);
        let again = send(&served, "Rumore").await;
        assert_eq!(
            (again.text, again.headers["idempotency-replayed"].to_str().unwrap()),
            (second.text, "true")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_same_posts_at_once_one_creates() {
    both(async |database| {
        let served = served(database).await;
        let tickets = format!("{CRM}/tickets");
        let mut sending = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let request = served.client.post(format!("{}{tickets}", served.base));
            let request = request.bearer_auth(served.token("operator")).header("Idempotency-Key", "k-1");
            let request = request.header("Content-Type", "application/json");
            sending.spawn(request.body(new_ticket("Rumore").to_string()).send());
        }
        let answers = sending.join_all().await;
        let statuses: Vec<u16> = answers.into_iter().map(|it| it.unwrap().status().as_u16()).collect();
        assert!(statuses.iter().all(|status| matches!(status, 201 | 409 | 503)), "{statuses:?}");
        assert!(statuses.contains(&201));
        let listed = served.get("operator", &tickets).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_for_whoever_asks_and_never_kept_or_framed() {
    both(async |database| {
        let served = served(database).await;
        let gzip = [("Accept-Encoding", "gzip")];
        for path in ["/openapi.json", "/docs"] {
            let plain = served.get("", path).await;
            let response = served.client.get(format!("{}{path}", served.base)).header(gzip[0].0, gzip[0].1);
            let response = response.send().await.unwrap();
            assert_eq!(response.headers()["content-encoding"], "gzip", "{path}");
            assert!(response.headers()["vary"].to_str().unwrap().to_lowercase().contains("accept-encoding"));
            let packed = response.bytes().await.unwrap();
            assert!(packed.starts_with(&[0x1f, 0x8b]) && packed.len() * 3 < plain.text.len(), "{path}");
        }
        let answer = served.get("operator", &format!("{CRM}/tickets")).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        for path in ["/docs", "/status", "/nessuno", "/scrivi"] {
            let answer = served.get("", path).await;
            assert_eq!(
                (answer.header("x-content-type-options"), answer.header("x-frame-options")),
                ("nosniff", "DENY")
            );
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_answers_as_get_without_a_body_and_options_tells_the_methods() {
    both(async |database| {
        let served = served(database).await;
        for (role, path) in [("", "/status"), ("", "/docs"), ("operator", "/rest/crm/v1/tickets")] {
            let (head, get) =
                (served.send(role, Method::HEAD, path, None).await, served.get(role, path).await);
            assert_eq!((head.status, head.header("content-type")), (get.status, get.header("content-type")));
            assert_eq!(head.text, "");
        }
        assert_eq!(served.send("", Method::HEAD, "/nessuno", None).await.status, 404);
        let options = served.send("operator", Method::OPTIONS, "/rest/crm/v1/tickets", None).await;
        assert_eq!((options.status.as_u16(), options.header("allow")), (204, "GET, HEAD, POST, OPTIONS"));
        let refused = served.send("operator", Method::DELETE, "/rest/crm/v1/tickets", None).await;
        assert_eq!((refused.status.as_u16(), refused.header("allow")), (405, "GET, HEAD, POST, OPTIONS"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_database_is_503_with_a_time_to_come_back_and_then_works_again() {
    both(async |database| {
        let served = served(database).await;
        let hold = |app: filo_app::App| async move {
            app.db()
                .read(|_| {
                    std::thread::sleep(Duration::from_secs(5));
                    Ok::<_, AppError>(())
                })
                .await
        };
        let held: Vec<_> = (0..64).map(|_| tokio::spawn(hold(served.city.app.clone()))).collect();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let refused = served.get("", "/health/ready").await;
        refused.expect(503);
        assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert_eq!(served.get("", "/health/live").await.status, 200);
        for one in held {
            drop(one.await.unwrap());
        }
        served.get("", "/health/ready").await.expect(200);
    })
    .await;
}
