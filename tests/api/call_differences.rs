//! Where the phone system's live events and its log do not say the same.

use filo_testkit::{
    Database, both,
    phone::{Leg, QueueLog},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    PBX, TestApp,
    http::{CRM, Served},
};

const CALLER: &str = "3471234567";

fn at(clock: &str) -> filo_domain::Instant {
    filo_domain::Instant::parse(&format!("2026-10-01T{clock}Z")).unwrap()
}

/// What the log says: a call ten seconds later than live events do, one of which they never told, one that agrees.
fn log() -> QueueLog {
    let leg = |call_id, clock| Leg { call_id, queue: "tari", caller: CALLER, entered_at: at(clock) };
    QueueLog::default()
        .answered(leg("d.1", "09:00:10"), 12, 60)
        .abandoned(leg("l.1", "09:20:00"), 30)
        .abandoned(leg("d.2", "09:50:00"), 20)
}

/// What live events said: of two calls of the log, and of one that it does not have.
fn live() -> Vec<Value> {
    let told = |id: &str, event: &str, clock: &str| json!({ "source": PBX, "call_id": id, "event": event, "at": format!("2026-10-01T{clock}Z"), "queue": "tari" });
    vec![
        told("d.1", "offered", "09:00:00"),
        told("d.1", "answered", "09:00:07"),
        told("d.1", "ended", "09:02:00"),
        told("m.1", "offered", "09:30:00"),
        told("d.2", "offered", "09:50:00"),
        told("d.2", "abandoned", "09:50:21"),
    ]
}

struct Exchange {
    served: Served,
    bearer: String,
}

impl Exchange {
    async fn of(database: Database) -> Self {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let key = json!({ "name": "centralino", "scopes": ["intake:phone"] });
        let key = served.post("admin", &format!("{CRM}/keys"), &key).await.expect(201);
        let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
        Self { served, bearer }
    }
    async fn tell(&self, events: &[Value]) {
        for event in events {
            let path = format!("{CRM}/calls/events");
            let headers = [("Authorization", self.bearer.as_str())];
            let reply = self.served.send_with("", Method::POST, &path, Some(event), &headers).await;
            assert!(reply.status.is_success(), "{event}: {}", reply.text);
        }
    }
    async fn list(&self, query: &str) -> Value {
        self.served.get("analyst", &format!("{CRM}/calls/differences{query}")).await.expect(200)
    }
    /// The list without the ids of rows.
    async fn told(&self) -> Vec<Value> {
        let mut items = self.list("").await["items"].as_array().unwrap().clone();
        for item in &mut items {
            for id in ["id", "interaction_id"] {
                item.as_object_mut().unwrap().remove(id).unwrap();
            }
        }
        items
    }
}

fn expected() -> Value {
    let of = |id: &str, clock: &str, kind: &str, differences: Value| {
        json!({ "source": PBX, "call_id": id, "queue": "tari", "entered_at": format!("2026-10-01T{clock}Z"),
                "kind": kind, "differences": differences })
    };
    let one = |field: &str, live: &str, log: &str, difference_s: i64| {
        json!({ "field": field, "live": format!("2026-10-01T{live}Z"), "log": format!("2026-10-01T{log}Z"),
                "difference_s": difference_s })
    };
    let differences = [
        one("entered_at", "09:00:00", "09:00:10", -10),
        one("answered_at", "09:00:07", "09:00:22", -15),
        one("ended_at", "09:02:00", "09:01:22", 38),
    ];
    json!([
        of("d.1", "09:00:10", "differs", json!(differences)),
        of("l.1", "09:20:00", "missing_live", json!([])),
        of("m.1", "09:30:00", "missing_in_log", json!([])),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_are_the_same_whichever_came_first_in_whatever_order_and_however_often() {
    both(async |database| {
        let exchange = Exchange::of(database).await;
        exchange.tell(&live()).await;
        assert_eq!(exchange.told().await, Vec::<Value>::new(), "no log yet: nothing to compare with");
        exchange.served.city.calls(log()).await;
        assert_eq!(json!(exchange.told().await), expected());
        // The log again, and the live events again, backwards.
        exchange.served.city.calls(log()).await;
        exchange.tell(&live().into_iter().rev().collect::<Vec<_>>()).await;
        assert_eq!(json!(exchange.told().await), expected());
        // The log's times count.
        let calls = exchange.served.get("operator", &format!("{CRM}/calls")).await.expect(200);
        let first = calls["items"].as_array().unwrap().iter().find(|call| call["call_id"] == "d.1").unwrap();
        assert_eq!((&first["entered_at"], &first["wait_s"]), (&json!("2026-10-01T09:00:10Z"), &json!(12)));
        exchange.served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn live_events_that_come_late_or_backwards_are_compared_with_the_log_all_the_same() {
    both(async |database| {
        let exchange = Exchange::of(database).await;
        exchange.served.city.calls(log()).await;
        assert!(exchange.told().await.is_empty(), "no live events at all: nothing is missing");
        let backwards: Vec<Value> = live().into_iter().rev().collect();
        exchange.tell(&backwards).await;
        exchange.tell(&backwards).await;
        assert_eq!(json!(exchange.told().await), expected());
        exchange.served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_waited_for_their_call_are_compared_when_the_log_brings_it() {
    both(async |database| {
        let exchange = Exchange::of(database).await;
        let live = live();
        exchange.tell(&[live[2].clone(), live[1].clone()]).await;
        exchange.served.city.calls(log()).await;
        let items = exchange.told().await;
        let fields: Vec<&Value> =
            items[0]["differences"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
        assert_eq!((items.len(), fields), (1, vec![&json!("answered_at"), &json!("ended_at")]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_pieces_ends_in_the_differences_of_the_whole() {
    both(async |database| {
        let exchange = Exchange::of(database).await;
        exchange.tell(&live()).await;
        let bytes = log().bytes();
        for line in bytes.split_inclusive(|byte| *byte == b'\n').rev() {
            exchange.served.city.take_in(PBX, line.to_vec()).await;
        }
        assert_eq!(json!(exchange.told().await), expected());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_pages_a_span_and_readers_of_its_own_and_the_report_counts_the_calls() {
    both(async |database| {
        let exchange = Exchange::of(database).await;
        exchange.tell(&live()).await;
        exchange.served.city.calls(log()).await;
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = exchange.list(&format!("?limit=1{cursor}")).await;
            found.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let kinds: Vec<&str> = found.iter().map(|item| item["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["differs", "missing_live", "missing_in_log"]);
        let later = exchange.list("?from=2026-10-01T09:10:00Z&to=2026-10-01T09:25:00Z").await;
        assert_eq!(later["items"].as_array().unwrap().len(), 1);
        assert_eq!(exchange.list(&format!("?source={PBX}")).await["items"].as_array().unwrap().len(), 3);
        let path = format!("{CRM}/calls/differences");
        exchange.served.get("analyst", &format!("{path}?source=urp")).await.expect(422);
        exchange.served.get("analyst", &format!("{path}?limit=1{cursor}&source={PBX}")).await.expect(422);
        for (role, status) in [("operator", 403), ("specialist", 403), ("supervisor", 200), ("admin", 200)] {
            exchange.served.get(role, &path).await.expect(status);
        }
        let report = exchange.served.city.report("2026-10").await;
        let flags = report.at("/data_quality").as_array().unwrap();
        let place = flags.iter().position(|flag| flag["flag"] == "call_differs").unwrap();
        assert_eq!(flags[place]["count"], 1);
        exchange.served.city.explains(&report, "2026-10", &format!("/data_quality/{place}/count")).await;
    })
    .await;
}
