//! What callers choose at the machine that answers first, and calls that it alone had.

use std::ops::Deref;

use filo_testkit::{
    Database, both,
    phone::{Leg, QueueLog},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    PBX, TestApp,
    http::{CRM, Reply, Served},
};

/// A served city and the key of its phone system.
struct Exchange {
    served: Served,
    bearer: String,
}

impl Deref for Exchange {
    type Target = Served;
    fn deref(&self) -> &Served {
        &self.served
    }
}

async fn noon(database: Database) -> Exchange {
    let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
    let key = json!({ "name": "centralino", "scopes": ["intake:phone"] });
    let key = served.post("admin", &format!("{CRM}/keys"), &key).await.expect(201);
    let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
    Exchange { served, bearer }
}

fn told(id: &str, event: &str, clock: &str, further: Value) -> Value {
    let mut told =
        json!({ "source": PBX, "call_id": id, "event": event, "at": format!("2026-10-01T{clock}Z") });
    told.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    told
}

impl Exchange {
    async fn tell(&self, event: Value) -> Reply {
        let path = format!("{CRM}/calls/events");
        self.send_with("", Method::POST, &path, Some(&event), &[("Authorization", &self.bearer)]).await
    }
    async fn tells(&self, events: &[Value]) {
        for event in events {
            let status = self.tell(event.clone()).await.status.as_u16();
            assert!([200, 201].contains(&status), "{status} for {event}");
        }
    }
    async fn call_list(&self) -> Vec<Value> {
        let list = self.get("operator", &format!("{CRM}/calls")).await.expect(200);
        list["items"].as_array().unwrap().clone()
    }
}

fn at(local: &str) -> filo_domain::Instant {
    filo_domain::Instant::parse(&format!("2026-10-01T{local}Z")).unwrap()
}

/// Detail record of a call that somebody answered.
fn detail_record(call_id: &str) -> String {
    format!(
        "\"\",\"+390212345678\",\"020202\",\"default\",\"+390212345678\",\"SIP/trunk-1\",\"SIP/op1-2\",\"Hangup\",\"\",\
         \"2026-10-01 09:00:00\",\"2026-10-01 09:00:01\",\"2026-10-01 09:02:00\",120,119,\"ANSWERED\",\"DOCUMENTATION\",\
         \"{call_id}\",\"\",\"\",\"{call_id}\",1\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_queue_of_a_call_is_neither_the_machine_nor_that_of_a_detail_record() {
    both(async |database| {
        let served = noon(database).await;
        let city = &served.city;
        let leg = |call_id, queue| Leg {
            call_id,
            queue,
            caller: "3471234567",
            entered_at: filo_testkit::at("2026-10-01 09:00:30"),
        };
        let seconds = filo_testkit::at("2026-10-01 09:00").seconds();
        let log = QueueLog::default()
            .raw(&format!("{seconds}|1.1|NONE|NONE|IVRCHOICE|2"))
            .answered(leg("1.1", "tari"), 10, 60)
            .answered(leg("1.2", "anagrafe"), 10, 60);
        city.calls(log).await;
        city.detail_records([detail_record("1.1"), detail_record("1.2")].concat().into_bytes()).await;
        let report = city.report("2026-10").await;
        let queues = report.at("/phone/by_queue").as_array().unwrap();
        let queues: Vec<_> =
            queues.iter().map(|row| (row["queue"].as_str().unwrap(), &row["offered"])).collect();
        assert_eq!(queues, [("anagrafe", &json!(1)), ("tari", &json!(1))]);
        for queue in ["tari", "anagrafe"] {
            let query = format!("{CRM}/calls/intervals?from=2026-10-01&to=2026-10-02&queue={queue}");
            assert_eq!(served.get("analyst", &query).await.expect(200)["totals"]["offered"], 1, "{queue}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ended_at_the_machine_is_self_served_and_never_offered() {
    both(async |database| {
        let served = noon(database).await;
        served
            .tells(&[
                told("i.1", "ivr", "09:00:00", json!({ "ivr": "2", "caller": "3471234567" })),
                told("i.1", "ivr", "09:00:05", json!({ "ivr": "2-1" })),
                told("i.1", "ended", "09:00:40", json!({})),
                told("i.2", "self_served", "09:10:00", json!({ "ivr": "9", "caller": "3477654321" })),
            ])
            .await;
        let calls = served.call_list().await;
        assert_eq!(calls.len(), 2);
        let first = &calls[1];
        assert_eq!(
            (&first["outcome"], &first["ended_at"]),
            (&json!("self_served"), &json!("2026-10-01T09:00:40Z"))
        );
        assert_eq!(first["ivr"], json!({ "choice": "2-1", "label": "TARI", "theme": "tributi/tari" }));
        assert_eq!(first["suggested_theme"], "tributi/tari");
        let person = first["person_id"].as_str().unwrap();
        let timeline = served.get("operator", &format!("{CRM}/persons/{person}/timeline")).await.expect(200);
        assert_eq!(timeline["items"][0]["call"]["ivr"]["choice"], "2-1");
        assert_eq!(timeline["items"][0]["reason"], "self_served");

        let report = served.city.report("2026-10").await;
        assert_eq!(
            report.counts("/phone", &["offered", "abandoned", "unknown", "self_served"]),
            [0, 0, 0, 2]
        );
        assert_eq!(report.at("/channels/0/inbound"), &json!(2));
        assert_eq!(report.at("/channels/0/actionable"), &json!(0));
        let rows = json!([
            { "choice": "2-1", "calls": 1, "offered": 0, "self_served": 1 },
            { "choice": "9", "calls": 1, "offered": 0, "self_served": 1 },
        ]);
        assert_eq!(report.at("/phone/ivr"), &rows);
        for pointer in ["/phone/self_served", "/phone/ivr/0/calls", "/phone/ivr/1/self_served"] {
            served.city.explains(&report, "2026-10", pointer).await;
        }
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_went_on_into_a_queue_is_offered_with_its_choice_in_whatever_order_it_is_told() {
    both(async |database| {
        let served = noon(database).await;
        let events = |id: &str| {
            [
                told(id, "ivr", "09:00:00", json!({ "ivr": "2-1", "caller": "3471234567" })),
                told(id, "offered", "09:00:20", json!({ "queue": "tari" })),
                told(id, "answered", "09:00:50", json!({ "queue": "tari", "agent": "SIP/1" })),
                told(id, "ended", "09:02:50", json!({})),
            ]
        };
        let orders: [[usize; 4]; 5] = [[0, 1, 2, 3], [3, 2, 1, 0], [0, 3, 2, 1], [0, 2, 3, 1], [2, 3, 0, 1]];
        for (number, order) in orders.iter().enumerate() {
            let events = events(&format!("o.{number}"));
            for place in order {
                served.tell(events[*place].clone()).await;
            }
            served.tell(events[order[0]].clone()).await.expect(200);
        }
        let calls = served.call_list().await;
        assert_eq!(calls.len(), orders.len());
        for call in &calls {
            let measures = (&call["outcome"], &call["wait_s"], &call["talk_s"], &call["entered_at"]);
            let expected = (&json!("answered"), &json!(30), &json!(120), &json!("2026-10-01T09:00:20Z"));
            assert_eq!(measures, expected, "{call}");
            assert_eq!(call["ivr"]["choice"], "2-1");
        }
        let report = served.city.report("2026-10").await;
        assert_eq!(report.counts("/phone", &["offered", "answered", "self_served"]), [5, 5, 0]);
        assert_eq!(
            report.at("/phone/ivr"),
            &json!([{ "choice": "2-1", "calls": 5, "offered": 5, "self_served": 0 }])
        );
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_choice_is_shown_while_the_phone_rings_and_suggests_the_theme_of_the_ticket() {
    both(async |database| {
        let served = noon(database).await;
        let offered = told(
            "c.1",
            "offered",
            "09:59:50",
            json!({ "queue": "altro", "caller": "3471234567", "ivr": "1-3" }),
        );
        let call = served.tell(offered).await.expect(201)["call"].clone();
        assert_eq!(
            call["ivr"],
            json!({ "choice": "1-3", "label": "Anagrafe e stato civile", "theme": "anagrafe" })
        );
        served.city.app.number_news().await.unwrap();
        let news = served.city.app.news_after(0, 100).await.unwrap().unwrap();
        let popped = news.iter().find(|news| news.kind == "call.offered").unwrap();
        let told = served.city.app.told(&crate::support::operator(), popped).await.unwrap();
        assert_eq!(told["data"]["ivr"]["choice"], "1-3");
        assert_eq!(told["data"]["suggested_theme"], "anagrafe");

        let path = format!("{CRM}/calls/{}/ticket", call["id"].as_str().unwrap());
        let ticket = json!({ "kind": "information", "subject": "Certificato", "outcome": "answered" });
        let ticket = served.post("operator", &path, &ticket).await.expect(201);
        assert_eq!(ticket["theme"], "anagrafe");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_choice_of_a_menu_is_refused_and_not_kept() {
    both(async |database| {
        let served = noon(database).await;
        for (event, ivr, pointer) in [
            ("ivr", json!("3471234567"), "/ivr"),
            ("ivr", json!(""), "/ivr"),
            ("ivr", Value::Null, "/ivr"),
            ("answered", json!("2-1"), "/ivr"),
            ("menu", Value::Null, "/event"),
        ] {
            let refused =
                served.tell(told("x.1", event, "09:00:00", json!({ "ivr": ivr }))).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{event}");
        }
        assert_eq!(served.city.rows("calls"), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_with_the_dialplans_own_events_says_who_was_served_and_who_was_offered() {
    both(async |database| {
        let served = noon(database).await;
        let (served_at, entered_at) = (at("08:00:00"), at("09:00:00"));
        let leg = Leg { call_id: "q.2", queue: "tari", caller: "3471234567", entered_at };
        let log = QueueLog::default()
            .raw(&format!("{}|q.1|NONE|NONE|IVRCHOICE|9", served_at.seconds()))
            .raw(&format!("{}|q.2|NONE|NONE|IVRCHOICE|2-1", entered_at.plus_seconds(-9).seconds()))
            .answered(leg, 12, 60)
            .raw(&format!("{}|q.3|NONE|NONE|OTHEREVENT|2-1", served_at.seconds()));
        let tally = served.city.calls(log.clone()).await;
        assert_eq!((tally.accepted, tally.quarantined), (3, 0));
        assert_eq!(served.city.calls(log).await.duplicates, 3);
        let report = served.city.report("2026-10").await;
        assert_eq!(report.counts("/phone", &["offered", "answered", "self_served"]), [1, 1, 1]);
        assert_eq!(report.at("/phone/ivr/0/offered"), &json!(1));
        let calls = served.call_list().await;
        assert_eq!((&calls[0]["outcome"], &calls[1]["outcome"]), (&json!("answered"), &json!("self_served")));
        assert_eq!((&calls[0]["ivr"]["choice"], &calls[1]["ivr"]["choice"]), (&json!("2-1"), &json!("9")));
        served.city.verifies().await;
    })
    .await;
}
