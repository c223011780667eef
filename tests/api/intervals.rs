//! Tables of calls by interval, queue and theme, and who gave up and came back, over the wire.

use filo_testkit::{
    at, both,
    mail::Mail,
    phone::{Leg, QueueLog},
};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
    operator,
};

fn leg<'a>(call_id: &'a str, queue: &'a str, caller: &'a str, entered: &str) -> Leg<'a> {
    Leg { call_id, queue, caller, entered_at: at(entered) }
}

/// The night in which the clocks go back, and the Monday after it.
fn log() -> QueueLog {
    let night = |id, minute: i64| Leg {
        entered_at: at("2026-10-25 00:00").plus_seconds(minute * 60),
        ..leg(id, "tari", "3471234567", "2026-10-25 00:00")
    };
    QueueLog::default()
        // 02:30 before the clocks go back, 02:30 and 02:31 after.
        .answered(night("1.1", 150), 10, 60)
        .answered(night("1.2", 210), 20, 60)
        .abandoned(night("1.3", 211), 30)
        .answered(leg("1.4", "anagrafe", "3471234568", "2026-10-26 09:59:50"), 40, 60)
}

impl Served {
    async fn intervals(&self, query: &str) -> Value {
        self.get("analyst", &format!("{CRM}/calls/intervals?{query}")).await.expect(200)
    }
}

fn sum(table: &Value, key: &str) -> u64 {
    table["intervals"].as_array().unwrap().iter().map(|row| row[key].as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn intervals_are_of_local_time_and_add_up_to_the_report() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-11-10 12:00", database).await).await;
        served.city.calls(log()).await;
        let night = served.intervals("from=2026-10-25&to=2026-10-26").await;
        let rows = night["intervals"].as_array().unwrap();
        assert_eq!(rows.len(), 25);
        let twice: Vec<(&Value, &Value, &Value)> = rows
            .iter()
            .filter(|row| row["time"] == "02:00")
            .map(|row| (&row["from"], &row["offered"], &row["abandoned"]))
            .collect();
        let (early, late) = (json!("2026-10-25T00:00:00Z"), json!("2026-10-25T01:00:00Z"));
        assert_eq!(twice, [(&early, &json!(1), &json!(0)), (&late, &json!(2), &json!(1))]);
        let spring = served.intervals("from=2026-03-29&to=2026-03-30&step=15").await;
        assert_eq!(spring["intervals"].as_array().unwrap().len(), 92);

        let report = served.city.report("2026-10").await;
        for query in ["step=60", "step=60&by=weekday"] {
            let table = served.intervals(&format!("from=2026-10-01&to=2026-11-01&{query}")).await;
            for key in ["offered", "answered", "abandoned", "waits"] {
                assert_eq!(json!(sum(&table, key)), *report.at(&format!("/phone/{key}")), "{query}: {key}");
                assert_eq!(&table["totals"][key], report.at(&format!("/phone/{key}")));
            }
            assert_eq!(&table["totals"]["mean_wait_s"], report.at("/phone/mean_wait_s"));
        }
        let monday = served.intervals("from=2026-10-26&to=2026-10-27&step=30").await;
        let row = |time: &str| {
            let rows = monday["intervals"].as_array().unwrap();
            rows.iter().find(|row| row["time"] == time).unwrap().clone()
        };
        assert_eq!((&row("09:30")["offered"], &row("09:30")["waits"]), (&json!(1), &json!(0)));
        assert_eq!((&row("10:00")["waits"], &row("10:00")["mean_wait_s"]), (&json!(1), &json!(40.0)));
        let hours = report.at("/phone/intervals").as_array().unwrap();
        let keys: Vec<&Value> = hours.iter().map(|row| &row["interval"]).collect();
        assert_eq!(keys, ["1-09", "1-10", "7-02"]);
        for pointer in ["/phone/intervals/2/offered", "/phone/by_queue/1/mean_wait_s", "/phone/waits"] {
            served.city.explains(&report, "2026-10", pointer).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_queue_or_one_theme_can_be_asked_for_and_nothing_else() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-11-10 12:00", database).await).await;
        served.city.calls(log()).await;
        let call = served.city.call_log().await.into_iter().find(|call| call.call_id == "1.4").unwrap();
        let about = json!({ "theme": "anagrafe/residenza", "kind": "information", "subject": "x", "outcome": "solved" });
        served.city.register(call.id, about).await.unwrap();
        let report = served.city.report("2026-10").await;
        let queues = report.at("/phone/by_queue").as_array().unwrap();
        let queues: Vec<_> = queues.iter().map(|row| (row["queue"].as_str().unwrap(), &row["offered"])).collect();
        assert_eq!(queues, [("anagrafe", &json!(1)), ("tari", &json!(3))]);
        let themes = report.at("/phone/by_theme").as_array().unwrap();
        let themes: Vec<_> = themes.iter().map(|row| (row["theme"].as_str().unwrap(), &row["offered"])).collect();
        assert_eq!(themes, [("anagrafe", &json!(1)), ("not_registered", &json!(3))]);
        let offered = async |query: &str| {
            served.intervals(&format!("from=2026-10-01&to=2026-11-01&{query}")).await["totals"]["offered"].clone()
        };
        assert_eq!(offered("queue=tari").await, 3);
        assert_eq!(offered("queue=altra").await, 0);
        assert_eq!(offered("theme=anagrafe").await, 1);
        assert_eq!(offered("theme=anagrafe/residenza").await, 1);
        assert_eq!(offered("theme=not_registered").await, 3);
        for (query, pointer) in [
            ("from=2026-10-01&to=2026-11-01&step=20", "/step"),
            ("from=2026-10-01&to=2026-10-01", "/to"),
            ("from=2026-10-01&to=2026-11-02&step=15", "/to"),
            ("from=2026-10-01&to=2027-10-01", "/to"),
            ("from=ieri&to=2027-10-01", "/from"),
            ("from=2026-10-01&to=2026-11-01&theme=nulla", "/theme"),
            ("from=2026-10-01&to=2026-11-01&by=agent", "/by"),
        ] {
            let refused = served.get("analyst", &format!("{CRM}/calls/intervals?{query}")).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{query}");
        }
        let agent = format!("{CRM}/calls/intervals?from=2026-10-01&to=2026-11-01&agent=1");
        served.get("supervisor", &agent).await.expect(422);
        let csv = [("Accept", "text/csv")];
        let path = format!("{CRM}/calls/intervals?from=2026-10-26&to=2026-10-27");
        let csv = served.send_with("analyst", reqwest::Method::GET, &path, None, &csv).await;
        assert!(csv.header("content-type").starts_with("text/csv"), "{}", csv.header("content-type"));
        let lines: Vec<&str> = csv.text.lines().collect();
        assert_eq!((lines.len(), lines[0].split(',').count()), (25, 10));
        assert_eq!(lines[10], "2026-10-26T08:00:00Z,2026-10-26T09:00:00Z,2026-10-26,1,09:00,1,1,0,0,");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gave_up_and_came_back_is_known_after_the_month_and_once_identities_are_linked() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-31 18:00", database).await).await;
        let log = QueueLog::default()
            .abandoned(leg("1.1", "tari", "3471234567", "2026-10-30 09:00"), 60)
            .abandoned(leg("1.2", "tari", "3471234568", "2026-10-30 10:00"), 60)
            .abandoned(leg("1.3", "tari", "", "2026-10-30 11:00"), 60);
        served.city.calls(log).await;
        const BLOCK: &str = "/phone/abandoned_came_back";
        const PARTS: [&str; 6] =
            ["abandoned", "withheld", "called_again", "answered", "wrote", "window_open"];
        let october = served.city.report("2026-10").await;
        assert_eq!(october.counts(BLOCK, &PARTS), [3, 1, 0, 0, 0, 2]);

        served.now_is("2026-11-04 12:00").await;
        let back = leg("1.9", "tari", "3471234567", "2026-11-03 09:00");
        served.city.calls(QueueLog::default().answered(back, 5, 60)).await;
        let mail = Mail::new("m1@mail.example", "ignota@mail.example", at("2026-11-04 11:00"));
        served.city.take_in("urp", mail.bytes()).await;
        let october = served.city.report("2026-10").await;
        assert_eq!(october.counts(BLOCK, &PARTS), [3, 1, 1, 1, 0, 1], "who wrote is another person yet");
        assert_eq!(october.counts("/phone", &["offered"]), [3], "what came after is no call of the month");

        let caller = served.city.call_log().await.into_iter().find(|call| call.call_id == "1.2").unwrap();
        let writer = served.city.ticket().await.person_id.unwrap();
        let caller = caller.person_id.unwrap();
        served.city.app.merge_person(&operator(), caller, writer, served.city.now()).await.unwrap();
        let october = served.city.report("2026-10").await;
        assert_eq!(october.counts(BLOCK, &PARTS), [3, 1, 1, 1, 1, 0]);
        for part in ["coverage", "called_again_share", "answered_share", "wrote_share", "never", "withheld"] {
            served.city.explains(&october, "2026-10", &format!("{BLOCK}/{part}")).await;
        }

        // A closed month knows what happened until it was closed, and nothing that comes later moves it.
        let closed = served.city.close("2026-10").await;
        assert_eq!(closed.at(BLOCK), october.at(BLOCK));
        served.now_is("2026-11-20 12:00").await;
        let again = leg("1.10", "tari", "3471234568", "2026-11-05 09:00");
        served.city.calls(QueueLog::default().answered(again, 5, 60)).await;
        assert_eq!(served.city.report("2026-10").await, closed);
        served.city.explains(&closed, "2026-10", &format!("{BLOCK}/called_again_share")).await;
        assert_eq!(served.city.restate("2026-10", "prova").await.at(BLOCK), closed.at(BLOCK));
    })
    .await;
}
