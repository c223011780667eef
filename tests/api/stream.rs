//! Server-sent events over the wire, heard by a client that knows the format alone.

use std::{collections::BTreeMap, io::Write, net::TcpListener, sync::Arc, time::Duration};

use filo::wiring::Migrating;
use filo_app::LoginRequest;
use filo_http::{HttpSettings, State};
use filo_testkit::{Backend, both};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::support::{
    TestApp,
    http::{CRM, PASSWORD, Served},
};

/// One event as it came.
#[derive(Clone, Debug)]
struct Event {
    id: Option<i64>,
    name: String,
    data: Value,
}

/// A client that follows along.
struct Listening {
    response: Response,
    rest: String,
    /// Everything as it came.
    heard: String,
    /// The id heard last.
    last: Option<i64>,
}

async fn ask(base: &str, token: &str, query: &str, last: Option<i64>) -> Response {
    let request = reqwest::Client::new().get(format!("{base}{CRM}/stream{query}")).bearer_auth(token);
    let request = match last {
        Some(last) => request.header("Last-Event-ID", last.to_string()),
        None => request,
    };
    request.header("Accept-Encoding", "gzip").send().await.unwrap()
}

impl Listening {
    async fn at(base: &str, token: &str, query: &str, last: Option<i64>) -> Self {
        let response = ask(base, token, query, last).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, rest: String::new(), heard: String::new(), last }
    }
    async fn to(served: &Served, role: &str, query: &str) -> Self {
        Self::at(&served.base, served.token(role), query, None).await
    }
    /// The next event that has a name; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        timeout(Duration::from_secs(40), self.read()).await.expect("an event in time")
    }
    async fn read(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.rest.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.rest = rest;
                let field = |name: &str| {
                    let mut lines = block.lines().filter_map(|line| line.strip_prefix(name));
                    lines.next().map(|value| value.trim_start().to_owned())
                };
                let id = field("id:").map(|id| id.parse().unwrap());
                self.last = id.or(self.last);
                if let Some(name) = field("event:") {
                    return Some(Event {
                        id,
                        name,
                        data: serde_json::from_str(&field("data:").unwrap()).unwrap(),
                    });
                }
            }
            if !self.more().await {
                return None;
            }
        }
    }
    /// Takes what comes next; `false` at the end.
    async fn more(&mut self) -> bool {
        let Ok(Some(chunk)) = self.response.chunk().await else { return false };
        let text = String::from_utf8(chunk.to_vec()).unwrap();
        self.heard.push_str(&text);
        self.rest.push_str(&text);
        true
    }
    /// The events up to the first that fits.
    async fn until(&mut self, fits: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = vec![];
        loop {
            let event = self.next().await.expect("the stream goes on");
            let done = fits(&event);
            events.push(event);
            if done {
                return events;
            }
        }
    }
}

/// Waits until something holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..400 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not happen in time");
}

async fn open(served: &Served, theme: &str) -> String {
    let new = json!({ "channel": "counter", "subject": "Una cosa riservata", "body": "Testo riservato", "theme": theme,
        "kind": "information", "requester": { "name": "Anna Riservata", "identities": [] } });
    let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
    ticket["id"].as_str().unwrap().to_owned()
}

async fn assign(served: &Served, ticket: &str, unit: &str) {
    let path = format!("{CRM}/tickets/{ticket}/assign");
    served.post("operator", &path, &json!({ "unit": unit })).await.expect(200);
}

/// What was heard, in short: the ticket's event, its unit and the unit before.
fn short(event: &Event) -> (String, Value, Value) {
    let data = &event.data["data"];
    let change = data["change"].as_str().unwrap_or_default().to_owned();
    (change, data["unit"].clone(), data["unit_before"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_hears_of_its_tickets_and_of_those_that_leave_it_and_of_no_other() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let mut unit = Listening::to(&served, "specialist", "?topics=tickets").await;
        let mut all = Listening::to(&served, "operator", "?topics=tickets").await;
        assert_eq!(unit.next().await.unwrap().name, "ready");
        assert_eq!(all.next().await.unwrap().name, "ready");
        let ticket = open(&served, "tributi/tari").await;
        assign(&served, &ticket, "casa").await;
        assign(&served, &ticket, "mobilita").await;
        assign(&served, &ticket, "casa").await;
        let note = json!({ "kind": "note", "body": "Testo riservato" });
        served.post("operator", &format!("{CRM}/tickets/{ticket}/messages"), &note).await.expect(201);
        assign(&served, &ticket, "mobilita").await;
        let heard = unit.until(|event| event.data["data"]["version"] == 6).await;
        let (into, out) = (json!("mobilita"), json!("casa"));
        let expected =
            [(into.clone(), out.clone()), (out.clone(), into.clone()), (into.clone(), out.clone())];
        let expected = expected.map(|(unit, before)| ("assigned".to_owned(), unit, before));
        assert_eq!(heard.iter().map(short).collect::<Vec<_>>(), expected);
        let heard = all.until(|event| event.data["data"]["version"] == 6).await;
        let names: Vec<&str> = heard.iter().map(|event| event.name.as_str()).collect();
        let changed = "ticket.changed";
        let expected = ["ticket.opened", changed, changed, changed, "ticket.message", changed];
        assert_eq!(names, expected);
        assert!(heard.is_sorted_by_key(|event| event.id.unwrap()));
        assert!(heard[4].data["data"]["message_id"].is_string(), "{heard:?}");
        assert!(!all.heard.to_lowercase().contains("riservat"), "{}", all.heard);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_named_in_a_note_hears_of_it_and_nobody_else() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let ticket = open(&served, "tributi/tari").await;
        let mut named = Listening::to(&served, "supervisor", "?topics=mentions").await;
        let mut other = Listening::to(&served, "operator", "?topics=mentions,tickets").await;
        let note = json!({ "kind": "note", "body": "@supervisor guarda la cosa riservata" });
        let path = format!("{CRM}/tickets/{ticket}/messages");
        let written = served.post("operator", &path, &note).await.expect(201);
        let heard = named.until(|event| event.name == "ticket.mention").await.pop().unwrap();
        let data = &heard.data["data"];
        assert_eq!((&data["message_id"], &data["ticket_id"]), (&written["id"], &json!(ticket)));
        let own = served.get("supervisor", &format!("{CRM}/mentions")).await.expect(200);
        assert_eq!(data["mention_id"], own["items"][0]["id"]);
        assert!(!named.heard.contains("riservata"), "{}", named.heard);
        assign(&served, &ticket, "casa").await;
        let heard = other.until(|event| event.data["data"]["change"] == "assigned").await;
        assert!(heard.iter().all(|event| event.name != "ticket.mention"), "{heard:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_phone_rings_operators_see_who_calls_what_is_open_and_what_came_last() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let new = json!({ "channel": "counter", "subject": "La buca di via Larga", "body": "È profonda", "theme": "tributi/tari",
            "kind": "information", "requester": { "name": "Anna Rossi", "identities": [{ "type": "phone", "value": "+39 347 123 4567" }] } });
        let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
        let mut ringing = Listening::to(&served, "operator", "?topics=calls").await;
        assert_eq!(ringing.next().await.unwrap().name, "ready");
        let offered = |id: &str, caller: &str| {
            json!({ "source": "pbx-020202", "call_id": id, "event": "offered", "at": "2026-10-01T09:59:50Z",
                "caller": caller, "queue": "tari" })
        };
        let key = json!({ "name": "centralino", "scopes": ["intake:phone"] });
        let key = served.post("admin", &format!("{CRM}/keys"), &key).await.expect(201);
        let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
        let push = async |event: Value| {
            let path = format!("{CRM}/calls/events");
            served.send_with("", Method::POST, &path, Some(&event), &[("Authorization", &bearer)]).await
        };
        let call = push(offered("c.1", "3471234567")).await.expect(201);
        push(offered("c.1", "3471234567")).await.expect(200);
        push(offered("c.2", "3470000000")).await.expect(201);
        let (known, stranger) = (ringing.next().await.unwrap(), ringing.next().await.unwrap());
        assert_eq!((known.name.as_str(), stranger.name.as_str()), ("call.offered", "call.offered"));
        let data = &known.data["data"];
        assert_eq!((&data["call_id"], &data["queue"]), (&call["call"]["id"], &json!("tari")));
        assert_eq!(data["person"]["name"], "Anna Rossi");
        assert_eq!(data["open_tickets"][0]["id"], ticket["id"]);
        assert_eq!(data["last_contacts"].as_array().unwrap().len(), 2);
        assert_eq!(stranger.data["data"]["open_tickets"], json!([]));
        // Nothing of a citizen is kept in the feed.
        let kept = served.city.app.news_after(0, 100).await.unwrap().unwrap();
        let told = |told: &str| kept.iter().any(|news| news.data.to_string().contains(told));
        assert!(told("tari") && !told("347") && !told("Rossi"), "{kept:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_may_not_follow_is_refused_and_what_it_asks_for_narrows_what_it_hears() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let ticket = open(&served, "tributi/tari").await;
        let refused = async |role: &str, query: &str| {
            served.get(role, &format!("{CRM}/stream{query}")).await.status.as_u16()
        };
        assert_eq!(refused("", "").await, 401);
        assert_eq!(refused("analyst", "?topics=tickets").await, 403);
        assert_eq!(refused("specialist", "?topics=calls").await, 403);
        assert_eq!(refused("specialist", "?unit=casa").await, 404);
        assert_eq!(refused("specialist", &format!("?ticket_id={ticket}")).await, 404);
        assert_eq!(refused("operator", "?unit=nessuna").await, 422);
        assert_eq!(refused("operator", "?topics=tickets,weather").await, 422);
        assert_eq!(refused("operator", "?last_event_id=soon").await, 422);
        let mut one =
            Listening::to(&served, "operator", &format!("?topics=tickets&ticket_id={ticket}")).await;
        one.next().await.unwrap();
        open(&served, "tributi/tari").await;
        assign(&served, &ticket, "mobilita").await;
        assert_eq!(one.next().await.unwrap().data["data"]["ticket_id"], ticket);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_told_at_the_start_and_when_they_change() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let ticket = open(&served, "tributi/tari").await;
        assign(&served, &ticket, "mobilita").await;
        let mut queues = Listening::to(&served, "analyst", "?topics=queues&unit=mobilita").await;
        let heard = queues.until(|event| event.name == "queue.changed").await;
        let expected = json!({ "unit": "mobilita", "open": 1, "untaken": 1, "waiting": 0 });
        assert_eq!(heard.last().unwrap().data["data"], expected);
        let path = format!("{CRM}/tickets/{ticket}");
        served.post("operator", &format!("{path}/take-charge"), &json!({})).await.expect(200);
        let wait = json!({ "for": "citizen", "reason": "manca un documento" });
        served.post("operator", &format!("{path}/wait"), &wait).await.expect(200);
        queues.until(|event| event.data["data"]["waiting"] == 1).await;
        let cancel = json!({ "reason": "prova" });
        served.post("operator", &format!("{path}/cancel"), &cancel).await.expect(200);
        let heard = queues.until(|event| event.data["data"]["open"] == 0).await;
        assert!(heard.iter().all(|event| event.data["data"]["unit"] == "mobilita"));
    })
    .await;
}

/// Changes tickets from several sides at once.
async fn work(served: Arc<Served>, ticket: String, changes: usize) {
    for change in 0..changes {
        let unit = if change % 2 == 0 { "mobilita" } else { "casa" };
        assign(&served, &ticket, unit).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reconnects_time_and_again_hears_each_of_200_changes_once_and_in_order() {
    both(async |database| {
        let served = Arc::new(Served::of(TestApp::at("2026-10-01 12:00", database).await).await);
        let (second, _server) = beside(&served).await;
        let bases = [served.base.clone(), second];
        let mut tickets = vec![];
        for _ in 0..5 {
            tickets.push(open(&served, "tributi/tari").await);
        }
        let mut client =
            Listening::at(&bases[0], served.token("operator"), "?topics=tickets&last_event_id=0", None).await;
        let workers: Vec<_> = tickets
            .iter()
            .map(|ticket| tokio::spawn(work(Arc::clone(&served), ticket.clone(), 40)))
            .collect();
        let mut heard: Vec<Event> = vec![];
        while heard.len() < 205 {
            // Seven at a time, then the line is cut, in the middle of whatever was on its way; now here, now there.
            for _ in 0..7.min(205 - heard.len()) {
                heard.push(client.next().await.unwrap());
            }
            let base = &bases[heard.len() % 2];
            client = Listening::at(base, served.token("operator"), "?topics=tickets", client.last).await;
        }
        for worker in workers {
            worker.await.unwrap();
        }
        let ids: Vec<i64> = heard.iter().map(|event| event.id.unwrap()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        let mut versions: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for event in &heard {
            let data = &event.data["data"];
            let ticket = data["ticket_id"].as_str().unwrap().to_owned();
            versions.entry(ticket).or_default().push(data["version"].as_i64().unwrap());
        }
        assert_eq!(versions.len(), 5);
        assert!(versions.values().all(|seen| *seen == (1..=41).collect::<Vec<i64>>()), "{versions:?}");
        assert_eq!(served.city.rows("feed"), 205);
        served.city.verifies().await;
    })
    .await;
}

/// A second server on the same database, as another process would be: with connections of its own.
async fn beside(served: &Served) -> (String, tokio::task::JoinHandle<std::io::Result<()>>) {
    let program = &served.city.program;
    let app = program.start(Migrating::EmbeddedOnly).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let settings = HttpSettings::at(address, format!("http://{address}"));
    let state = State::new(app, Arc::clone(&program.clock), program.renderers(), settings).unwrap();
    let server = tokio::spawn(filo_http::start(listener, state).unwrap().run());
    (format!("http://{address}"), server)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_tells_what_another_did() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let (second, server) = beside(&served).await;
        let mut there = Listening::at(&second, served.token("operator"), "?topics=tickets", None).await;
        assert_eq!(there.next().await.unwrap().name, "ready");
        let ticket = open(&served, "tributi/tari").await;
        let told = there.next().await.unwrap();
        assert_eq!((told.name.as_str(), &told.data["data"]["ticket_id"]), ("ticket.opened", &json!(ticket)));
        // The place of one server is the place of the other.
        assign(&served, &ticket, "mobilita").await;
        let mut here =
            Listening::at(&served.base, served.token("operator"), "?topics=tickets", told.id).await;
        assert_eq!(here.next().await.unwrap().data["data"]["change"], "assigned");
        server.abort();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_longer_than_the_feed_is_kept_is_told_to_read_anew() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let mut client = Listening::to(&served, "operator", "?topics=tickets").await;
        assert_eq!(client.next().await.unwrap().name, "ready");
        let ticket = open(&served, "tributi/tari").await;
        let first = client.next().await.unwrap().id;
        assign(&served, &ticket, "mobilita").await;
        let second = client.next().await.unwrap().id;
        served.city.now_is("2026-10-03 13:00");
        assign_by_app(&served, &ticket).await;
        served.city.app.maintain(served.city.now()).await.unwrap();
        assert_eq!(served.city.rows("feed"), 1);
        let token = log_in(&served, "operator").await;
        let mut late = Listening::at(&served.base, &token, "?topics=tickets", first).await;
        let reset = late.next().await.unwrap();
        assert_eq!(reset.name, "reset");
        assert!(reset.id > second);
        // Who had heard all that was forgotten has missed nothing.
        let mut just = Listening::at(&served.base, &token, "?topics=tickets", second).await;
        assert_eq!(just.next().await.unwrap().data["data"]["version"], 3);
        // A number that was never given comes from another database.
        let mut lost = Listening::at(&served.base, &token, "?topics=tickets", Some(1_000_000)).await;
        assert_eq!(lost.next().await.unwrap().name, "reset");
    })
    .await;
}

async fn assign_by_app(served: &Served, ticket: &str) {
    let assign = serde_json::from_value(json!({ "unit": "casa" })).unwrap();
    served.city.step(ticket.parse().unwrap(), filo_app::StepRequest::Assign(assign)).await;
    served.city.app.number_news().await.unwrap();
}

async fn log_in(served: &Served, name: &str) -> String {
    let request = LoginRequest { username: name.to_owned(), password: PASSWORD.to_owned().into(), otp: None };
    served.city.app.login(request, served.city.now()).await.unwrap().access_token
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token_and_with_its_user() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let beat = Duration::from_millis(100);
        let served = Served::with(city, |settings| settings.stream.heartbeat = beat).await;
        let mut disabled = Listening::to(&served, "specialist", "").await;
        let mut expired = Listening::to(&served, "operator", "").await;
        assert_eq!(disabled.next().await.unwrap().name, "ready");
        served
            .send("admin", Method::POST, &format!("{CRM}/users/specialist/disable"), None)
            .await
            .expect(200);
        let ended = disabled.until(|event| event.name == "end").await;
        assert_eq!(ended.last().unwrap().data["reason"], "credentials");
        assert!(disabled.next().await.is_none());
        while !expired.heard.contains(": still here") {
            assert!(timeout(Duration::from_secs(40), expired.more()).await.unwrap());
        }
        served.city.now_is("2026-10-01 12:16");
        expired.until(|event| event.name == "end").await;
        assert!(expired.next().await.is_none());
        until("the seats are free again", || served.state.streams() == 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_bounded_by_user_and_end_when_the_server_stops() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let served = Served::with(city, |settings| {
            (settings.stream.per_user, settings.stream.in_all) = (2, 3);
            settings.stream.heartbeat = Duration::from_millis(200);
        })
        .await;
        let mut first = Listening::to(&served, "operator", "").await;
        let second = Listening::to(&served, "operator", "").await;
        let third = ask(&served.base, served.token("operator"), "", None).await;
        assert_eq!(third.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(third.headers().contains_key("retry-after"));
        let other = Listening::to(&served, "supervisor", "").await;
        let full = ask(&served.base, served.token("admin"), "", None).await;
        assert_eq!(full.status(), StatusCode::TOO_MANY_REQUESTS);
        drop((second, other));
        until("clients that are gone give back their seats", || served.state.streams() == 1).await;
        served.state.end_streams();
        let ended = first.until(|event| event.name == "end").await;
        assert_eq!(ended.last().unwrap().data["reason"], "stopping");
        assert!(first.next().await.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_let_go() {
    both(async |database| {
        let backend = database.backend;
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let patience = Duration::from_millis(300);
        let served = Served::with(city, |settings| settings.stream.patience = patience).await;
        // More than what lies in the sockets' own buffers.
        let (at, data) = match backend {
            Backend::Sqlite => {
                ("1790000000000000", "jsonb('{\"pad\":\"' || printf('%.1000c', 'x') || '\"}')")
            }
            Backend::Postgres => ("now()", "jsonb_build_object('pad', repeat('x', 1000))"),
        };
        let sql = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
             INSERT INTO feed (\"seq\", \"at\", \"kind\", \"unit\", \"data\") \
             SELECT i, {at}, 'ticket.changed', 'mobilita', {data} FROM n; \
             UPDATE counters SET value = 20000 WHERE name = 'feed'"
        );
        served.city.database.try_execute(&sql).unwrap();
        let mut deaf = std::net::TcpStream::connect(served.base.trim_start_matches("http://")).unwrap();
        let token = served.token("operator");
        write!(
            deaf,
            "GET {CRM}/stream?last_event_id=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        .unwrap();
        until("the stream is open", || served.state.streams() == 1).await;
        until("the stream is let go", || served.state.streams() == 0).await;
        // Who reads hears all of it.
        let mut client = Listening::at(&served.base, token, "?topics=tickets&last_event_id=0", None).await;
        assert_eq!(client.until(|event| event.id == Some(20_000)).await.len(), 20_000);
    })
    .await;
}
