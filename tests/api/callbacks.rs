//! Promised call-backs over the wire: windows, booking, attempts, and what the month says of them.

use filo_app::{Caller, Scope};
use filo_testkit::{Database, both};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Reply, Served},
};

const PHONE: &str = "+393471234567";

/// Monday, half past nine in Milan: the first window that has not begun is that from ten to noon.
async fn monday(database: Database) -> Served {
    Served::of(TestApp::at("2026-11-23 09:30", database).await).await
}

fn window(from: &str, to: &str) -> Value {
    json!({ "from": format!("2026-11-23T{from}:00Z"), "to": format!("2026-11-23T{to}:00Z") })
}
fn booking(from: &str, to: &str) -> Value {
    json!({ "phone": PHONE, "window": window(from, to) })
}

impl Served {
    async fn book(&self, role: &str, new: &Value) -> Reply {
        self.post(role, &format!("{CRM}/callbacks"), new).await
    }
    async fn promise(&self, new: &Value) -> Value {
        self.book("operator", new).await.expect(201)
    }
    async fn attempt(&self, promise: &Value, attempt: &Value) -> Reply {
        let path = format!("{CRM}/callbacks/{}/attempts", promise["id"].as_str().unwrap());
        self.post("operator", &path, attempt).await
    }
    async fn change(&self, promise: &Value, version: i64, change: &Value) -> Reply {
        let path = format!("{CRM}/callbacks/{}", promise["id"].as_str().unwrap());
        self.patch("operator", &path, &format!("\"{version}\""), change).await
    }
    async fn state(&self, promise: &Value) -> Value {
        let path = format!("{CRM}/callbacks/{}", promise["id"].as_str().unwrap());
        self.get("operator", &path).await.expect(200)
    }
    async fn ids(&self, role: &str, query: &str) -> Vec<Value> {
        let list = self.get(role, &format!("{CRM}/callbacks{query}")).await.expect(200);
        list["items"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect()
    }
    async fn windows(&self, query: &str) -> Vec<Value> {
        let list = self.get("operator", &format!("{CRM}/callbacks/windows{query}")).await.expect(200);
        list["items"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offered_windows_are_those_of_the_opening_hours_and_each_can_be_promised() {
    both(async |database| {
        let served = monday(database).await;
        let windows = served.windows("?limit=6").await;
        assert_eq!(
            windows[0],
            json!({ "from": "2026-11-23T09:00:00Z", "to": "2026-11-23T11:00:00Z", "free": null })
        );
        assert_eq!(windows[5]["from"], "2026-11-24T07:00:00Z", "eight o'clock of the next day");
        // From Saturday night: Sunday is closed.
        let monday = &served.windows("?from=2026-11-28T19:00:00Z&limit=1").await[0];
        assert_eq!(monday["from"], "2026-11-30T07:00:00Z");
        assert!(served.windows("?from=2027-11-23T09:00:00Z").await.is_empty(), "too far ahead");
        served.get("operator", &format!("{CRM}/callbacks/windows?limit=0")).await.expect(422);

        let reply =
            served.book("operator", &json!({ "phone": PHONE, "window": { "from": monday["from"] } })).await;
        let promise = reply.expect(201);
        assert_eq!(promise["window"], json!({ "from": monday["from"], "to": monday["to"] }));
        assert_eq!((&promise["state"], &promise["due_at"]), (&json!("booked"), &monday["to"]));
        assert_eq!(reply.header("etag"), "\"1\"");
        assert_eq!(reply.header("location"), format!("{CRM}/callbacks/{}", promise["id"].as_str().unwrap()));
        assert_eq!(served.state(&promise).await, promise);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_promised_is_refused_with_its_place() {
    both(async |database| {
        let served = monday(database).await;
        for (new, pointer) in [
            (booking("07:30", "09:30"), "/window/from"),
            (booking("18:00", "20:00"), "/window"),
            (booking("11:00", "10:00"), "/window/to"),
            (json!({ "phone": PHONE, "window": { "from": "2026-12-24T09:00:00Z" } }), "/window/from"),
            (json!({ "phone": PHONE, "window": { "from": "2026-11-29T09:00:00Z" } }), "/window"),
            (json!({ "phone": "no", "window": window("09:00", "11:00") }), "/phone"),
            (json!({ "window": window("09:00", "11:00") }), "/phone"),
            (json!({ "phone": PHONE, "window": window("09:00", "11:00"), "theme": "no" }), "/theme"),
            (json!({ "phone": PHONE, "window": window("09:00", "11:00"), "unit": "no" }), "/unit"),
            (json!({ "ticket_id": uuid::Uuid::nil(), "window": window("09:00", "11:00") }), "/ticket_id"),
            (json!({ "person_id": uuid::Uuid::nil(), "window": window("09:00", "11:00") }), "/person_id"),
            (json!({ "call_id": uuid::Uuid::nil(), "window": window("09:00", "11:00") }), "/call_id"),
            (json!({ "phone": PHONE, "window": window("09:00", "11:00"), "who": "me" }), "/who"),
        ] {
            let refused = served.book("operator", &new).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{new}: {refused}");
        }
        assert_eq!((served.city.rows("callbacks"), served.city.rows("persons")), (0, 0));
        served.book("analyst", &booking("09:00", "11:00")).await.expect(403);
        served.get("operator", &format!("{CRM}/callbacks?state=lost")).await.expect(422);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_reached_within_the_window_is_kept_and_who_is_not_is_missed_without_anything_running() {
    both(async |database| {
        let mut served = monday(database).await;
        let kept = served.promise(&booking("09:00", "11:00")).await;
        let missed = served.promise(&booking("09:00", "11:00")).await;
        let cancelled = served.promise(&booking("09:00", "11:00")).await;
        assert_eq!(
            served.change(&cancelled, 1, &json!({ "state": "cancelled" })).await.expect(200)["state"],
            "cancelled"
        );

        served.now_is("2026-11-23 10:15").await;
        let tried = served.attempt(&kept, &json!({ "reached": false, "reason": "busy" })).await.expect(200);
        assert_eq!((&tried["state"], &tried["version"]), (&json!("booked"), &json!(2)));
        let attempt = json!({ "at": "2026-11-23T09:15:00Z", "reached": false, "reason": "busy" });
        assert_eq!(tried["attempts"], json!([attempt]), "and not by whom");
        served.attempt(&kept, &json!({ "reached": false, "reason": "asleep" })).await.expect(422);
        served.attempt(&kept, &json!({ "reached": true, "reason": "busy" })).await.expect(422);
        served.change(&kept, 1, &json!({ "attempt": { "reached": true } })).await.expect(412);
        let reached = served.change(&kept, 2, &json!({ "attempt": { "reached": true } })).await.expect(200);
        assert_eq!(
            (&reached["state"], &reached["reached_at"]),
            (&json!("kept"), &json!("2026-11-23T09:15:00Z"))
        );
        let again = served.attempt(&kept, &json!({ "reached": true })).await.expect(409);
        assert_eq!(again["type"], "/problems/callback-reached");

        served.now_is("2026-11-23 11:59").await;
        assert_eq!(served.state(&missed).await["state"], "booked");
        served.now_is("2026-11-23 12:00").await;
        assert_eq!(served.state(&missed).await["state"], "missed");
        let over = served.change(&missed, 1, &json!({ "state": "cancelled" })).await.expect(409);
        assert_eq!(over["type"], "/problems/callback-over");
        served.change(&missed, 1, &json!({ "window": window("15:00", "17:00") })).await.expect(409);
        served.change(&missed, 1, &json!({ "state": "kept" })).await.expect(422);
        let late = served.attempt(&missed, &json!({ "reached": true })).await.expect(200);
        assert_eq!((&late["state"], &late["reached_late"]), (&json!("missed"), &json!(true)));
        served.attempt(&cancelled, &json!({ "reached": true })).await.expect(409);

        for (state, promise) in [("kept", &kept), ("missed", &missed), ("cancelled", &cancelled)] {
            assert_eq!(
                served.ids("operator", &format!("?state={state}")).await,
                [promise["id"].clone()],
                "{state}"
            );
        }
        assert!(served.ids("operator", "?state=booked").await.is_empty());
        served.city.verifies().await;

        let month = served.city.report("2026-11").await;
        let keys = ["promised", "kept", "missed", "pending", "cancelled", "attempts", "reached_late"];
        assert_eq!(month.counts("/callbacks", &keys), [3, 1, 1, 0, 1, 3, 1]);
        assert_eq!(month.at("/callbacks/kept_share"), &json!(0.5));
        for key in keys.iter().chain(&["kept_share"]) {
            served.city.explains(&month, "2026-11", &format!("/callbacks/{key}")).await;
        }
        let behind = served.city.explain("/callbacks/kept", "2026-11").await;
        assert_eq!(
            (&behind["items"][0]["id"], &behind["items"][0]["kind"]),
            (&kept["id"], &json!("callback"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_after_the_closing_changes_nothing_of_a_closed_month() {
    both(async |database| {
        let mut served = monday(database).await;
        let promise = served.promise(&booking("09:00", "11:00")).await;
        served.now_is("2026-12-02 09:00").await;
        let closed = served.city.close("2026-11").await;
        assert_eq!(
            closed.counts("/callbacks", &["promised", "missed", "attempts", "reached_late"]),
            [1, 1, 0, 0]
        );
        served.now_is("2026-12-03 09:00").await;
        served.attempt(&promise, &json!({ "reached": true })).await.expect(200);
        assert_eq!(served.city.explain("/callbacks/attempts", "2026-11").await["value"], 0);
        let restated = served.city.restate("2026-11", "prova").await;
        assert_eq!(restated.at("/inputs_sha256"), closed.at("/inputs_sha256"));
        assert_eq!(restated.at("/callbacks"), closed.at("/callbacks"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_knows_the_person_the_ticket_and_the_number_and_no_list_leads_to_an_operator() {
    both(async |database| {
        let served = monday(database).await;
        let new = json!({ "channel": "counter", "subject": "Lampione", "kind": "fault_report", "theme": "mobilita",
            "requester": { "name": "Anna Bianchi", "identities": [{ "type": "phone", "value": "347 123 4567" }] } });
        let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
        let about = json!({ "ticket_id": ticket["id"], "window": window("09:00", "11:00"), "note": " Il palo 12 " });
        let promise = served.promise(&about).await;
        assert_eq!((&promise["phone"], &promise["note"]), (&json!(PHONE), &json!("Il palo 12")));
        for key in ["person_id", "theme", "unit"] {
            assert_eq!(promise[key], ticket[key], "{key}");
        }
        // The number of nobody known is who it is from; a further number of somebody known becomes theirs.
        let stranger = served.promise(&json!({ "phone": "02 1234567", "window": window("11:00", "13:00") })).await;
        assert_ne!(stranger["person_id"], promise["person_id"]);
        let other = json!({ "person_id": ticket["person_id"], "phone": "02 7654321", "window": window("13:00", "15:00") });
        served.promise(&other).await;
        let query = format!("?person_id={}", ticket["person_id"].as_str().unwrap());
        assert_eq!(served.ids("operator", &query).await.len(), 2);
        let query = format!("?ticket_id={}", ticket["id"].as_str().unwrap());
        assert_eq!(served.ids("operator", &query).await, [promise["id"].clone()]);
        let found = json!({ "phone": "027654321" });
        let found = served.post("operator", &format!("{CRM}/persons/searches"), &found).await.expect(200);
        assert_eq!(found["items"][0]["id"], ticket["person_id"]);

        let text = served.get("operator", &format!("{CRM}/callbacks")).await.text;
        let me = served.get("operator", &format!("{CRM}/auth/me")).await.expect(200);
        assert!(!text.contains(me["id"].as_str().unwrap_or("operator")), "{text}");
        served.get("operator", &format!("{CRM}/callbacks?actor=operator")).await.expect(422);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_specialist_sees_the_promises_of_the_own_unit_alone() {
    both(async |database| {
        let served = monday(database).await;
        let desk = served.promise(&booking("09:00", "11:00")).await;
        let own = served.book("specialist", &booking("11:00", "13:00")).await.expect(201);
        assert_eq!(own["unit"], "mobilita");
        assert_eq!(served.ids("specialist", "").await, [own["id"].clone()]);
        assert_eq!(served.ids("operator", "?unit=mobilita").await, [own["id"].clone()]);
        let path = format!("{CRM}/callbacks/{}", desk["id"].as_str().unwrap());
        served.get("specialist", &path).await.expect(404);
        served.get("specialist", &format!("{CRM}/callbacks?unit=tributi")).await.expect(403);
        served
            .patch("specialist", &path, "\"1\"", &json!({ "attempt": { "reached": true } }))
            .await
            .expect(404);
        let handed = served.change(&desk, 1, &json!({ "unit": "mobilita" })).await.expect(200);
        assert_eq!((&handed["unit"], &handed["version"]), (&json!("mobilita"), &json!(2)));
        assert_eq!(served.ids("specialist", "").await.len(), 2);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_on_in_the_order_in_which_promises_are_due() {
    both(async |database| {
        let mut served = monday(database).await;
        let mut ids = Vec::new();
        for from in ["13", "09", "11", "09"] {
            let to = from.parse::<u32>().unwrap() + 2;
            ids.push(
                served.promise(&booking(&format!("{from}:00"), &format!("{to:02}:00"))).await["id"].clone(),
            );
        }
        // Those that are due together come in the order of their ids, which were minted at one instant.
        let mut first = [ids[1].clone(), ids[3].clone()];
        first.sort_by_key(|id| id.as_str().unwrap().to_owned());
        let expected = [&first[0], &first[1], &ids[2], &ids[0]];
        let (mut seen, mut query) = (Vec::new(), "?limit=1".to_owned());
        loop {
            let page = served.get("operator", &format!("{CRM}/callbacks{query}")).await.expect(200);
            seen.push(page["items"][0]["id"].clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("?limit=1&cursor={next}");
        }
        assert_eq!(seen.iter().collect::<Vec<_>>(), expected);
        let due = "?from=2026-11-23T11:00:00Z&to=2026-11-23T13:00:00Z";
        assert_eq!(served.ids("operator", due).await, first);
        served.now_is("2026-11-23 12:30").await;
        assert_eq!(served.ids("operator", "?state=booked").await, [ids[2].clone(), ids[0].clone()]);
        assert_eq!(served.ids("operator", "?state=missed").await, first);
        assert!(served.ids("operator", "?state=missed&from=2026-11-23T11:00:01Z").await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_window_is_offered_no_more_and_a_moved_or_cancelled_promise_makes_room() {
    both(async |database| {
        let more = |files: &mut filo::content::Files| {
            files.insert("callbacks.toml".to_owned(), "window_minutes = 60\ncapacity = 1\n".to_owned());
        };
        let served = Served::of(TestApp::of_city("2026-11-23 09:30", database, more).await).await;
        assert_eq!(served.windows("?limit=1").await[0]["free"], 1);
        let promise = served.promise(&booking("09:00", "10:00")).await;
        assert_eq!(served.windows("?limit=1").await[0]["from"], "2026-11-23T10:00:00Z");
        let full = served.book("operator", &booking("09:30", "10:30")).await.expect(409);
        assert_eq!(full["type"], "/problems/window-full");
        served.change(&promise, 1, &json!({ "window": window("09:30", "10:30") })).await.expect(200);
        let other = served.promise(&booking("11:00", "12:00")).await;
        served.change(&other, 1, &json!({ "window": window("10:00", "11:00") })).await.expect(409);
        served.change(&promise, 2, &json!({ "state": "cancelled" })).await.expect(200);
        served.change(&other, 1, &json!({ "window": window("10:00", "11:00") })).await.expect(200);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_system_books_by_number_or_call_and_sees_neither_tickets_nor_persons() {
    both(async |database| {
        let served = monday(database).await;
        let (app, scopes) = (&served.city.app, vec![Scope::IntakePhone]);
        let key = app.issue_key(&Caller::console(), "ivr", scopes, served.city.now()).await.unwrap();
        let key = key.key.unwrap();
        let send = async |path: &str, body: &Value| {
            let request = served.client.post(format!("{}{CRM}{path}", served.base)).bearer_auth(&key);
            let request = request.header("Content-Type", "application/json").body(body.to_string());
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.json::<Value>().await.unwrap())
        };
        let event = json!({ "source": "pbx-020202", "call_id": "1.1", "event": "offered", "at": "2026-11-23T08:20:00Z",
            "caller": PHONE, "queue": "anagrafe" });
        let (_, pushed) = send("/calls/events", &event).await;
        let by_call = json!({ "call_id": pushed["call"]["id"], "window": window("09:00", "11:00") });
        let (status, promise) = send("/callbacks", &by_call).await;
        assert_eq!((status, &promise["phone"]), (201, &json!(PHONE)));
        assert_eq!(promise["person_id"], pushed["call"]["person_id"]);
        assert_eq!(send("/callbacks", &booking("09:00", "11:00")).await.0, 201);
        for named in ["ticket_id", "person_id"] {
            let mut body = booking("09:00", "11:00");
            body[named] = json!(uuid::Uuid::nil());
            assert_eq!(send("/callbacks", &body).await.0, 403, "{named}");
        }
        let path = format!("/callbacks/{}/attempts", promise["id"].as_str().unwrap());
        assert_eq!(send(&path, &json!({ "reached": true })).await.0, 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_refuse_to_be_changed_and_a_changed_row_is_found() {
    both(async |database| {
        let served = monday(database).await;
        served.promise(&booking("09:00", "11:00")).await;
        served.city.verifies().await;
        for statement in ["UPDATE callback_steps SET seq = 2", "DELETE FROM callback_steps"] {
            assert!(served.city.database.try_execute(statement).is_err(), "{statement}");
        }
        served.city.database.try_execute("UPDATE callbacks SET outcome = 'kept'").unwrap();
        let verified = served.city.app.verify().await.unwrap();
        assert_eq!(verified.differences.len(), 1);
        assert_eq!(verified.differences[0].check, "callback");
    })
    .await;
}

/// A ticket of somebody whose number is known.
async fn ticket(served: &Served) -> String {
    let new = json!({ "channel": "counter", "subject": "La buca di via Larga", "body": "È profonda", "theme": "mobilita",
        "kind": "information", "requester": { "name": "Anna Rossi", "identities": [{ "type": "phone", "value": PHONE }] } });
    let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
    ticket["id"].as_str().unwrap().to_owned()
}

/// What the ticket's log says of call-backs: kinds and instants.
async fn told(served: &Served, ticket: &str) -> Vec<(String, String)> {
    let events = served.get("operator", &format!("{CRM}/tickets/{ticket}/events")).await.expect(200);
    let all = events["items"].as_array().unwrap().iter();
    let text = |event: &Value, key: &str| event[key].as_str().unwrap().to_owned();
    all.map(|event| (text(event, "kind"), text(event, "at")))
        .filter(|(kind, _)| kind.starts_with("callback_"))
        .collect()
}

fn kinds(told: &[(String, String)]) -> Vec<&str> {
    told.iter().map(|(kind, _)| kind.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_a_promise_stands_in_the_log_of_its_ticket() {
    both(async |database| {
        let mut served = monday(database).await;
        let id = ticket(&served).await;
        let new = json!({ "ticket_id": id, "window": window("09:00", "11:00") });
        let (kept, missed, cancelled) =
            (served.promise(&new).await, served.promise(&new).await, served.promise(&new).await);
        served.change(&cancelled, 1, &json!({ "state": "cancelled" })).await.expect(200);
        served.change(&kept, 1, &json!({ "window": window("10:00", "12:00") })).await.expect(200);
        served.attempt(&kept, &json!({ "reached": false, "reason": "no-answer" })).await.expect(200);
        served.attempt(&kept, &json!({ "reached": true })).await.expect(200);
        let expected = [
            "callback_booked",
            "callback_booked",
            "callback_booked",
            "callback_cancelled",
            "callback_moved",
            "callback_attempted",
            "callback_attempted",
            "callback_kept",
        ];
        assert_eq!(kinds(&told(&served, &id).await), expected);
        served.city.verifies().await;

        served.now_is("2026-11-23 13:30").await;
        let maintained = async || served.city.app.maintain(served.city.now()).await.unwrap().missed;
        assert_eq!((maintained().await, maintained().await), (1, 0), "told once");
        let late = told(&served, &id).await;
        let (kind, at) = late.last().unwrap();
        assert_eq!((kind.as_str(), at.as_str()), ("callback_missed", "2026-11-23T11:00:00Z"));
        served.attempt(&missed, &json!({ "reached": true })).await.expect(200);
        let told = told(&served, &id).await;
        assert_eq!(
            kinds(&told)[8..],
            ["callback_missed", "callback_attempted"],
            "reached too late is not kept"
        );
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_after_the_window_tells_first_that_the_promise_was_missed() {
    both(async |database| {
        let mut served = monday(database).await;
        let id = ticket(&served).await;
        let new = json!({ "ticket_id": id, "window": window("09:00", "11:00") });
        let promise = served.promise(&new).await;
        served.now_is("2026-11-23 12:30").await;
        served.attempt(&promise, &json!({ "reached": false, "reason": "busy" })).await.expect(200);
        let expected = ["callback_booked", "callback_missed", "callback_attempted"];
        assert_eq!(kinds(&told(&served, &id).await), expected);
        assert_eq!(served.city.app.maintain(served.city.now()).await.unwrap().missed, 0);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promises_are_told_to_whoever_follows_along_and_their_reasons_are_listed() {
    both(async |database| {
        let mut served = monday(database).await;
        let promise = served.promise(&booking("09:00", "11:00")).await;
        served.attempt(&promise, &json!({ "reached": false, "reason": "busy" })).await.expect(200);
        served.now_is("2026-11-23 12:30").await;
        served.city.app.maintain(served.city.now()).await.unwrap();
        served.city.app.number_news().await.unwrap();
        let news = served.city.app.news_after(0, 100).await.unwrap().unwrap();
        let told: Vec<(&Value, &Value)> = news
            .iter()
            .filter(|news| news.kind == "callback.changed")
            .map(|news| (&news.data["change"], &news.data["state"]))
            .collect();
        let expected = [
            (&json!("callback_booked"), &json!("booked")),
            (&json!("callback_attempted"), &json!("booked")),
            (&json!("callback_missed"), &json!("missed")),
        ];
        assert_eq!(told, expected);
        // All of it: three of its digits stand in an id by chance.
        assert!(
            !news.iter().any(|news| news.data.to_string().contains("3471234567")),
            "no number in the feed"
        );
        served.get("operator", &format!("{CRM}/stream?topics=weather")).await.expect(422);

        let reasons = served.get("operator", &format!("{CRM}/callbacks/reasons")).await.expect(200);
        let first = &reasons["items"][0];
        assert_eq!((&first["key"], &first["label"]["it"]), (&json!("no-answer"), &json!("Non risponde")));
        served.get("analyst", &format!("{CRM}/callbacks/reasons")).await.expect(403);
    })
    .await;
}
