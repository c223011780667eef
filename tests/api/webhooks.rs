//! Outgoing webhooks, received by a real server that keeps what it got.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use filo::wiring::Migrating;
use filo_app::{App, Caller, Scope};
use filo_testkit::{Backend, both};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

/// One message as it came.
#[derive(Clone, Debug)]
struct Got {
    headers: BTreeMap<String, String>,
    body: String,
}

impl Got {
    fn id(&self) -> String {
        self.headers["webhook-id"].clone()
    }
    fn data(&self) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["data"].clone()
    }
    fn ticket(&self) -> String {
        self.data()["ticket_id"].as_str().unwrap().to_owned()
    }
    fn version(&self) -> i64 {
        self.data()["version"].as_i64().unwrap()
    }
    /// Checks the signature as a receiver does who has read the specification alone.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let (id, timestamp) = (&self.headers["webhook-id"], &self.headers["webhook-timestamp"]);
        mac.update(format!("{id}.{timestamp}.{}", self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.headers["webhook-signature"].split(' ').any(|signature| signature == expected)
    }
}

/// What the receiver answers: a status line with headers, after a while.
type Manner = Box<dyn Fn(&Got) -> (&'static str, Duration) + Send + Sync>;

const FINE: &str = "200 OK";
const BROKEN: &str = "500 Internal Server Error";

/// A receiver of webhooks.
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
    manner: Arc<Mutex<Manner>>,
    server: tokio::task::JoinHandle<()>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let fine: Manner = Box::new(|_| (FINE, Duration::ZERO));
        let manner = Arc::new(Mutex::new(fine));
        let (kept, asked) = (Arc::clone(&got), Arc::clone(&manner));
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, Arc::clone(&kept), Arc::clone(&asked)));
            }
        });
        Self { url, got, manner, server }
    }
    fn behaves(&self, manner: impl Fn(&Got) -> (&'static str, Duration) + Send + Sync + 'static) {
        *self.manner.lock().unwrap() = Box::new(manner);
    }
    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(mut stream: TcpStream, kept: Arc<Mutex<Vec<Got>>>, asked: Arc<Mutex<Manner>>) {
    let (mut bytes, mut chunk) = (Vec::new(), [0_u8; 4096]);
    let (head, length) = loop {
        let read = stream.read(&mut chunk).await.unwrap_or_default();
        if read == 0 {
            return;
        }
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8(bytes.clone()).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
            let headers: BTreeMap<String, String> =
                lines.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
            let length: usize = headers["content-length"].parse().unwrap();
            if body.len() >= length {
                break (Got { headers, body: body.to_owned() }, length);
            }
        }
    };
    assert_eq!(head.body.len(), length);
    kept.lock().unwrap().push(head.clone());
    let (status, pause) = asked.lock().unwrap()(&head);
    tokio::time::sleep(pause).await;
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    // Whoever asked may be gone.
    let _gone = stream.write_all(text.as_bytes()).await;
}

/// Waits until what happened has its place in the feed: the server numbers news too, and then nobody else can.
async fn numbered(app: &App, city: &TestApp) {
    while city.database.count("SELECT count(*) AS value FROM feed WHERE seq IS NULL") > 0 {
        app.number_news().await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn subscribe(served: &Served, body: Value) -> Value {
    numbered(&served.city.app, &served.city).await;
    served.post("admin", &format!("{CRM}/webhook-subscriptions"), &body).await.expect(201)
}

async fn open(served: &Served, theme: &str) -> String {
    let new = json!({ "channel": "counter", "subject": "Una cosa riservata", "body": "Testo riservato", "theme": theme,
        "kind": "information", "requester": { "name": "Anna Riservata",
        "identities": [{ "type": "email", "value": "anna.riservata@mail.example" }] } });
    let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
    ticket["id"].as_str().unwrap().to_owned()
}

async fn assign(served: &Served, ticket: &str, unit: &str) {
    let path = format!("{CRM}/tickets/{ticket}/assign");
    served.post("operator", &path, &json!({ "unit": unit })).await.expect(200);
}

/// Sends whatever is due, as the background does.
async fn send(app: &App, city: &TestApp) {
    numbered(app, city).await;
    loop {
        let mut did = false;
        for hook in app.hooks_due(city.now()).await.unwrap() {
            did |= app.serve_hook(hook, city.now()).await.unwrap();
        }
        if !did {
            return;
        }
    }
}

async fn served(database: filo_testkit::Database) -> Served {
    Served::of(TestApp::at("2026-10-01 12:00", database).await).await
}

fn path(hook: &Value) -> String {
    format!("{CRM}/webhook-subscriptions/{}", hook["id"].as_str().unwrap())
}

async fn list(served: &Served, hook: &Value, query: &str) -> Vec<Value> {
    let list = served.get("admin", &format!("{}/deliveries{query}", path(hook))).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_signed_tells_where_the_ticket_stands_and_nothing_personal() {
    both(async |database| {
        let backend = database.backend;
        let (served, receiver) = (served(database).await, Receiver::start().await);
        let hook = subscribe(&served, json!({ "url": receiver.url, "unit": "mobilita" })).await;
        let secret = hook["secret"].as_str().unwrap().to_owned();
        let ticket = open(&served, "tributi/tari").await;
        assign(&served, &ticket, "mobilita").await;
        send(&served.city.app, &served.city).await;
        let got = receiver.got();
        assert_eq!(got.len(), 1, "the opening was of another unit: {got:?}");
        assert!(got[0].is_signed_with(&secret), "{got:?}");
        assert!(!got[0].is_signed_with("whsec_c2JhZ2xpYXRv"));
        assert_eq!(got[0].headers["content-type"], "application/json");
        let body: Value = serde_json::from_str(&got[0].body).unwrap();
        assert_eq!(
            (&body["type"], &body["timestamp"]),
            (&json!("ticket.changed"), &json!("2026-10-01T10:00:00Z"))
        );
        assert_eq!(body["data"]["ticket_id"], ticket);
        assert_eq!(body["data"]["change"], "assigned");
        assert!(!got[0].body.to_lowercase().contains("riservat") && body["data"].get("user_id").is_none());
        let shown = served.get("admin", &path(&hook)).await.expect(200);
        assert_eq!((&shown["secret"], &shown["queued"]), (&Value::Null, &json!(0)));
        let text = if backend == Backend::Sqlite { "json(secrets)" } else { "secrets::text" };
        let sql = format!("SELECT {text} AS value FROM webhook_subscriptions");
        let stored = served.city.database.session().list(&sql);
        assert!(!stored.join("").contains(secret.trim_start_matches("whsec_")), "{stored:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_both_secrets_sign_for_a_day() {
    both(async |database| {
        let (served, receiver) = (served(database).await, Receiver::start().await);
        let hook = subscribe(&served, json!({ "url": receiver.url })).await;
        let rotated =
            served.post("admin", &format!("{}/rotate-secret", path(&hook)), &json!({})).await.expect(200);
        let (old, new) = (hook["secret"].as_str().unwrap(), rotated["secret"].as_str().unwrap());
        open(&served, "tributi/tari").await;
        send(&served.city.app, &served.city).await;
        assert!(receiver.got()[0].is_signed_with(old) && receiver.got()[0].is_signed_with(new));
        served.city.now_is("2026-10-02 12:01");
        served.city.submit("a", "Un'altra", "Testo").await.unwrap();
        send(&served.city.app, &served.city).await;
        let last = receiver.got().pop().unwrap();
        assert!(last.is_signed_with(new) && !last.is_signed_with(old));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tickets_later_messages_wait_for_its_earlier_ones_and_others_do_not() {
    both(async |database| {
        let (served, receiver) = (served(database).await, Receiver::start().await);
        let hook = subscribe(&served, json!({ "url": receiver.url })).await;
        let (first, second) = (open(&served, "tributi/tari").await, open(&served, "tributi/tari").await);
        for unit in ["mobilita", "casa", "mobilita"] {
            assign(&served, &first, unit).await;
            assign(&served, &second, unit).await;
        }
        let stuck = first.clone();
        receiver.behaves(move |got| (if got.ticket() == stuck { BROKEN } else { FINE }, Duration::ZERO));
        send(&served.city.app, &served.city).await;
        let story = |ticket: &str| -> Vec<i64> {
            receiver.got().iter().filter(|got| got.ticket() == ticket).map(Got::version).collect()
        };
        assert_eq!((story(&first), story(&second)), (vec![1], vec![1, 2, 3, 4]));
        assert_eq!(list(&served, &hook, "?state=queued").await.len(), 4);
        receiver.behaves(|_| (FINE, Duration::ZERO));
        served.city.now_is("2026-10-01 12:01");
        send(&served.city.app, &served.city).await;
        assert_eq!(story(&first), [1, 1, 2, 3, 4]);
        assert_eq!(list(&served, &hook, "?state=delivered").await.len(), 8);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_a_day_is_a_dead_letter_and_is_sent_again_under_its_id_on_demand() {
    both(async |database| {
        let (served, receiver) = (served(database).await, Receiver::start().await);
        let hook = subscribe(&served, json!({ "url": receiver.url })).await;
        let ticket = open(&served, "tributi/tari").await;
        assign(&served, &ticket, "mobilita").await;
        receiver.behaves(|_| ("302 Found\r\nLocation: /elsewhere", Duration::ZERO));
        for hour in 12..24 {
            served.city.now_is(&format!("2026-10-01 {hour}:00"));
            send(&served.city.app, &served.city).await;
        }
        served.city.now_is("2026-10-02 12:00");
        send(&served.city.app, &served.city).await;
        let (console, scopes) = (Caller::console(), vec![Scope::Webhooks]);
        let issued = served.city.app.issue_key(&console, "monitor", scopes, served.city.now()).await.unwrap();
        let key = issued.key.unwrap();
        let ask = async |method: Method, path: String| {
            let answer = served.client.request(method, format!("{}{path}", served.base)).bearer_auth(&key);
            answer
                .header("Content-Type", "application/json")
                .body("{}")
                .send()
                .await
                .unwrap()
                .json::<Value>()
                .await
                .unwrap()
        };
        let dead =
            ask(Method::GET, format!("{}/deliveries?state=dead", path(&hook))).await["items"][0].clone();
        assert_eq!((&dead["error"], &dead["status"]), (&json!("the receiver answered 302"), &json!(302)));
        assert_eq!((&dead["answer"], &dead["payload"]["type"]), (&json!("ok"), &json!("ticket.opened")));
        assert!(dead["attempts"].as_i64().unwrap() >= 8, "{dead}");
        // The first is given up: the next one of the ticket has its turn now.
        let tried: BTreeSet<i64> = receiver.got().iter().map(Got::version).collect();
        assert_eq!(tried, BTreeSet::from([1, 2]));
        let shown = ask(Method::GET, path(&hook)).await;
        assert_eq!(
            (&shown["state"], &shown["dead"], &shown["queued"]),
            (&json!("active"), &json!(1), &json!(1))
        );
        assert_eq!(shown["failing_since"], "2026-10-01T10:00:00Z");
        receiver.behaves(|_| (FINE, Duration::ZERO));
        let again =
            ask(Method::POST, format!("{CRM}/webhook-deliveries/{}/replay", dead["id"].as_str().unwrap()))
                .await;
        assert_eq!((&again["state"], &again["id"]), (&json!("queued"), &dead["id"]));
        let twice =
            ask(Method::POST, format!("{CRM}/webhook-deliveries/{}/replay", dead["id"].as_str().unwrap()))
                .await;
        assert_eq!(twice["status"], 409);
        send(&served.city.app, &served.city).await;
        let last = receiver.got().into_iter().rfind(|got| got.version() == 1).unwrap();
        assert_eq!(json!(last.id()), dead["id"]);
        assert_eq!(ask(Method::GET, path(&hook)).await["failing_since"], Value::Null);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_sent_again_with_what_was_missed_in_it() {
    both(async |database| {
        let (served, receiver) = (served(database).await, Receiver::start().await);
        open(&served, "tributi/tari").await;
        let hook = subscribe(&served, json!({ "url": receiver.url, "events": ["ticket.opened"] })).await;
        let ticket = open(&served, "tributi/tari").await;
        assign(&served, &ticket, "mobilita").await;
        send(&served.city.app, &served.city).await;
        assert_eq!(receiver.got().len(), 1);
        let replay =
            async |body: Value| served.post("admin", &format!("{}/replay", path(&hook)), &body).await;
        let between = |from: &str, to: &str| json!({ "from": from, "to": to });
        assert_eq!(replay(between("2026-10-01T11:00:00Z", "2026-10-01T10:00:00Z")).await.status, 422);
        let nothing = replay(between("2026-10-01T10:00:01Z", "2026-10-01T11:00:00Z")).await;
        assert_eq!(nothing.expect(200)["queued"], 0);
        let both = replay(between("2026-10-01T10:00:00Z", "2026-10-01T10:00:01Z")).await;
        assert_eq!(both.expect(200)["queued"], 2);
        assert_eq!(
            replay(json!({ "from": "2026-10-01T10:00:00Z" })).await.expect(200)["queued"],
            0,
            "they wait"
        );
        send(&served.city.app, &served.city).await;
        let ids = || receiver.got().iter().map(Got::id).collect::<BTreeSet<String>>();
        assert_eq!((receiver.got().len(), ids().len()), (3, 2));
        assert_eq!(replay(json!({ "from": "2026-10-01T10:00:00Z" })).await.expect(200)["queued"], 2);
        send(&served.city.app, &served.city).await;
        assert_eq!((receiver.got().len(), ids().len()), (5, 2), "under the ids that they had");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_send_each_message_once_and_each_tickets_in_order() {
    both(async |database| {
        let (served, receiver) = (served(database).await, Receiver::start().await);
        receiver.behaves(|_| (FINE, Duration::from_millis(3)));
        subscribe(&served, json!({ "url": receiver.url })).await;
        let other = served.city.program.start(Migrating::EmbeddedOnly).await.unwrap();
        let mut tickets = vec![];
        for _ in 0..6 {
            tickets.push(open(&served, "tributi/tari").await);
        }
        let work = async {
            for unit in ["mobilita", "casa", "mobilita", "casa", "mobilita"] {
                for ticket in &tickets {
                    assign(&served, ticket, unit).await;
                }
            }
        };
        let deliver = async |app: &App| {
            while receiver.got().len() < 36 {
                send(app, &served.city).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::join!(work, deliver(&served.city.app), deliver(&other));
        send(&other, &served.city).await;
        let got = receiver.got();
        let ids: BTreeSet<String> = got.iter().map(Got::id).collect();
        assert_eq!((got.len(), ids.len()), (36, 36));
        for ticket in &tickets {
            let story: Vec<i64> =
                got.iter().filter(|got| got.ticket() == *ticket).map(Got::version).collect();
            assert_eq!(story, [1, 2, 3, 4, 5, 6]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_before_it_could_record_leaves_the_message_to_another_under_its_id() {
    both(async |database| {
        let (served, receiver) = (served(database).await, Receiver::start().await);
        subscribe(&served, json!({ "url": receiver.url })).await;
        open(&served, "tributi/tari").await;
        receiver.behaves(|_| (FINE, Duration::from_secs(3600)));
        let (app, now) = (served.city.app.clone(), served.city.now());
        numbered(&app, &served.city).await;
        let hook = app.hooks_due(now).await.unwrap().remove(0);
        let dying = tokio::spawn(async move { app.serve_hook(hook, now).await });
        while receiver.got().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        dying.abort();
        receiver.behaves(|_| (FINE, Duration::ZERO));
        send(&served.city.app, &served.city).await;
        assert_eq!(receiver.got().len(), 1, "the lease holds");
        served.city.now_is("2026-10-01 12:02");
        send(&served.city.app, &served.city).await;
        let got = receiver.got();
        assert_eq!((got.len(), got[0].id()), (2, got[1].id()));
        served.city.now_is("2026-10-01 12:10");
        send(&served.city.app, &served.city).await;
        assert_eq!(receiver.got().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_with_the_attempts_where_they_were() {
    both(async |database| {
        let (served, receiver) = (served(database).await, Receiver::start().await);
        let hook = subscribe(&served, json!({ "url": receiver.url })).await;
        let ticket = open(&served, "tributi/tari").await;
        assign(&served, &ticket, "mobilita").await;
        receiver.behaves(|_| (BROKEN, Duration::ZERO));
        send(&served.city.app, &served.city).await;
        let again = served.city.again(&[]).await;
        send(&again, &served.city).await;
        assert_eq!(receiver.got().len(), 1, "it is not due yet, and the next one waits for it");
        served.city.now_is("2026-10-01 12:01");
        send(&again, &served.city).await;
        receiver.behaves(|_| (FINE, Duration::ZERO));
        served.city.now_is("2026-10-01 12:02");
        send(&again, &served.city).await;
        let got = receiver.got();
        assert_eq!(got.iter().map(Got::version).collect::<Vec<_>>(), [1, 1, 1, 2]);
        assert!(got[1].id() == got[0].id() && got[2].id() == got[0].id() && got[3].id() != got[0].id());
        let first = list(&served, &hook, "").await.pop().unwrap();
        assert_eq!((&first["attempts"], &first["state"]), (&json!(3), &json!("delivered")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_answer_or_that_the_rules_exclude_is_a_failure_to_be_tried_again() {
    both(async |database| {
        let settings = [("FILO__WEBHOOKS__TIMEOUT_S", "1")];
        let city = TestApp::set_up("2026-10-01 12:00", database, &settings).await;
        let (served, receiver) = (Served::of(city).await, Receiver::start().await);
        let hook = subscribe(&served, json!({ "url": receiver.url })).await;
        open(&served, "tributi/tari").await;
        receiver.behaves(|_| (FINE, Duration::from_secs(3600)));
        send(&served.city.app, &served.city).await;
        let error = async || list(&served, &hook, "?state=queued").await.remove(0)["error"].clone();
        assert_eq!(error().await, "nobody answered in time");
        let strict = served.city.again(&[("FILO__WEBHOOKS__ALLOW_PRIVATE", "false")]).await;
        served.city.now_is("2026-10-01 12:01");
        send(&strict, &served.city).await;
        assert!(error().await.as_str().unwrap().contains("must not be a private or local address"));
        assert_eq!(receiver.got().len(), 1, "the second attempt reached nobody");
        let new =
            filo_app::NewHook { url: receiver.url.clone(), events: None, unit: None, description: None };
        assert!(strict.add_hook(&Caller::console(), new, served.city.now()).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_disabled_and_one_that_fails_for_days_is_paused() {
    both(async |database| {
        let (served, gone, broken) =
            (served(database).await, Receiver::start().await, Receiver::start().await);
        gone.behaves(|_| ("410 Gone", Duration::ZERO));
        broken.behaves(|_| (BROKEN, Duration::ZERO));
        let first = subscribe(&served, json!({ "url": gone.url })).await;
        let second = subscribe(&served, json!({ "url": broken.url })).await;
        let ticket = open(&served, "tributi/tari").await;
        assign(&served, &ticket, "mobilita").await;
        for day in 1..5 {
            served.city.now_is(&format!("2026-10-0{day} 12:05"));
            served.city.submit(&format!("{day}"), "Un'altra", "Testo").await.unwrap();
            send(&served.city.app, &served.city).await;
        }
        let view = async |hook: &Value| {
            let id = hook["id"].as_str().unwrap().parse().unwrap();
            json!(served.city.app.hook(&Caller::console(), id).await.unwrap())
        };
        let (first, second) = (view(&first).await, view(&second).await);
        assert_eq!((&first["state"], &first["queued"]), (&json!("disabled"), &json!(0)));
        assert!(first["reason"].as_str().unwrap().contains("410"));
        assert_eq!(gone.got().len(), 2, "the first of each ticket, sent together, and nothing afterwards");
        assert_eq!(second["state"], "paused");
        assert!(second["reason"].as_str().unwrap().contains("days"));
        // Put to work again it goes on where it stopped.
        broken.behaves(|_| (FINE, Duration::ZERO));
        served.city.now_is("2026-10-04 13:00");
        let change = serde_json::from_value(json!({ "state": "active" })).unwrap();
        let id = second["id"].as_str().unwrap().parse().unwrap();
        let version = i32::try_from(second["version"].as_i64().unwrap()).unwrap();
        served
            .city
            .app
            .change_hook(&Caller::console(), id, change, version, served.city.now())
            .await
            .unwrap();
        send(&served.city.app, &served.city).await;
        assert_eq!(view(&second).await["queued"], 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_managed_by_admins_and_keys_for_it_with_versions_and_a_secret_shown_once() {
    both(async |database| {
        let backend = database.backend;
        let served = served(database).await;
        let all = format!("{CRM}/webhook-subscriptions");
        let fine = json!({ "url": "https://hooks.example/filo", "description": "Sportello" });
        for role in ["operator", "specialist", "supervisor", "analyst"] {
            assert_eq!(served.post(role, &all, &fine).await.status, 403, "{role}");
        }
        for (wrong, pointer) in [
            (json!({ "url": "http://hooks.example/" }), "/url"),
            (json!({ "url": "https://u:p@hooks.example/" }), "/url"),
            (json!({ "url": "https://hooks.example/", "events": ["ticket.opened", "weather"] }), "/events/1"),
            (json!({ "url": "https://hooks.example/", "events": [] }), "/events"),
            (json!({ "url": "https://hooks.example/", "unit": "nessuna" }), "/unit"),
            (json!({ "url": "https://hooks.example/", "colour": "red" }), "/colour"),
        ] {
            let refused = served.post("admin", &all, &wrong).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{wrong}");
        }
        let key = [("Idempotency-Key", "uno")];
        let made = served.send_with("admin", Method::POST, &all, Some(&fine), &key).await;
        let hook = made.expect(201);
        assert!(hook["secret"].as_str().unwrap().starts_with("whsec_"));
        let again = served.send_with("admin", Method::POST, &all, Some(&fine), &key).await;
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.expect(201), hook, "the same answer to the same request");
        let kept = if backend == Backend::Sqlite { "hex(body)" } else { "encode(body, 'hex')" };
        let sql = format!("SELECT {kept} AS value FROM idempotency_keys");
        let kept = served.city.database.session().list(&sql).join("").to_lowercase();
        let clear: String = b"whsec_".iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!kept.is_empty() && !kept.contains(&clear), "what is remembered is encrypted");
        let path = path(&hook);
        assert_eq!(made.header("location"), path);
        let change = json!({ "events": ["ticket.opened"], "state": "paused" });
        assert_eq!(served.send("admin", Method::PATCH, &path, Some(&change)).await.status, 428);
        assert_eq!(served.patch("admin", &path, "\"7\"", &change).await.status, 412);
        let changed = served.patch("admin", &path, made.header("etag"), &change).await;
        assert_eq!(
            (&changed.expect(200)["state"], &changed.json()["reason"]),
            (&json!("paused"), &json!("paused by hand"))
        );
        assert_eq!(
            served.get("admin", &all).await.expect(200)["items"][0]["events"],
            json!(["ticket.opened"])
        );
        let unit = served.patch("admin", &path, changed.header("etag"), &json!({ "unit": "mobilita" })).await;
        assert_eq!(unit.expect(200)["unit"], "mobilita");
        let taken = json!({ "unit": null, "description": null });
        let taken = served.patch("admin", &path, unit.header("etag"), &taken).await;
        assert_eq!((&taken.expect(200)["unit"], &taken.json()["description"]), (&Value::Null, &Value::Null));
        let refused = served.patch("admin", &path, taken.header("etag"), &json!({ "url": null })).await;
        assert_eq!(refused.expect(422)["errors"][0]["pointer"], "/url");
        assert_eq!(served.send("admin", Method::DELETE, &path, None).await.status, 428);
        let version = taken.header("etag").to_owned();
        let removed = served.send_with("admin", Method::DELETE, &path, None, &[("If-Match", &version)]).await;
        assert_eq!(removed.status, 204);
        assert_eq!(served.get("admin", &path).await.status, 404);
    })
    .await;
}
