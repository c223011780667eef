//! A past period under other definitions, another calendar and other targets: nothing published or stored changes.

use filo_testkit::both;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
    october,
};

/// October, lived and closed.
async fn closed(database: filo_testkit::Database) -> Served {
    let city = TestApp::at("2026-10-01 08:00", database).await;
    october::live(&city).await;
    city.now_is("2026-11-02 09:00");
    city.close("2026-10").await;
    Served::of(city).await
}

async fn ask(served: &Served, mut hypothesis: Value) -> Value {
    hypothesis["period"] = json!("2026-10");
    served.post("analyst", &format!("{CRM}/reports/what-if"), &hypothesis).await.expect(200)
}

fn indicator<'a>(answer: &'a Value, key: &str) -> &'a Value {
    answer["indicators"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn other_targets_and_definitions_stand_beside_what_was_published_and_change_nothing() {
    both(async |database| {
        let served = closed(database).await;
        let published = served.city.report("2026-10").await;
        let stored = || served.city.database.session().list("SELECT report AS value FROM report_revisions");
        let before = (stored(), served.city.rows("audit_log"), served.city.rows("events"));

        let mail = json!({ "key": "tempo-risposta-mail", "measure": { "clock": "opened_to_first_response" } });
        let new = json!({
            "key": "ticket-aperti", "area": "Prova", "label": "Ticket aperti", "version": "1",
            "words": "Ticket aperti nel periodo.", "formula": "n", "measure": { "type": "count", "population": { "of": "tickets" } },
            "print": { "unit": "count", "decimals": 0, "rounding": "half-up" },
        });
        let target = json!({ "key": "tasso-risposta", "rule": "higher",
            "target": { "text": "90%", "value": "0.9", "comparator": ">=", "unit": "share" } });
        let answer = ask(&served, json!({
            "definitions": { "report": { "short_abandon_s": 90 }, "indicator": [mail, new] }, "targets": [target],
        })).await;
        assert_eq!(answer["schema"], "filo.what-if/1");
        assert_eq!(answer["as_of"], published.at("/as_of").clone());
        assert_ne!(answer["definitions"]["version"], answer["supposed_definitions"]["version"]);
        let changes: Vec<(&str, &str)> = answer["changes"].as_array().unwrap().iter()
            .map(|change| (change["what"].as_str().unwrap(), change["key"].as_str().unwrap())).collect();
        assert_eq!(changes, [("parameter", "short_abandon_s"), ("indicator", "tempo-risposta-mail"),
            ("indicator", "ticket-aperti"), ("target", "tasso-risposta")]);
        assert_eq!((&answer["changes"][0]["from"], &answer["changes"][0]["to"]), (&json!(5), &json!(90)));

        // A call abandoned after 68 s asks for nothing any more: one request less, all others as they were.
        let rate = indicator(&answer, "tasso-risposta");
        let [current, supposed] = ["current", "supposed"].map(|which| rate[which]["denominator"].as_u64().unwrap());
        assert_eq!(current, published.at("/response_rate/actionable").as_u64().unwrap());
        assert_eq!(supposed + 1, current);
        let difference = rate["supposed"]["value"].as_f64().unwrap() - rate["current"]["value"].as_f64().unwrap();
        assert!((rate["difference"].as_f64().unwrap() - difference).abs() < 1e-12 && difference > 0.0);
        assert!(rate["difference_text"].as_str().unwrap().ends_with(" p.p."));
        assert!(rate["difference_text"].as_str().unwrap().starts_with('+'));
        assert_eq!(rate["current"]["target"], Value::Null);
        assert_eq!(rate["supposed"]["target"]["text"], "90%");
        assert!(rate["supposed"]["result"]["percent"].as_f64().unwrap() > 0.0);
        let count = indicator(&answer, "ticket-aperti");
        assert_eq!((&count["current"], &count["difference"]), (&Value::Null, &Value::Null));
        assert_eq!(count["supposed"]["value"], served.city.tickets().await.len());
        assert_ne!(indicator(&answer, "tempo-risposta-mail")["supposed"]["n"], 0);

        assert_eq!((stored(), served.city.rows("audit_log"), served.city.rows("events")), before);
        assert_eq!(served.city.report("2026-10").await, published);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_hours_and_another_calendar_are_counted_where_a_definition_asks_for_them() {
    both(async |database| {
        let served = closed(database).await;
        let scrivi = json!({ "key": "tempo-risposta-scrivi", "measure": { "calendar": "opening_hours" } });
        let seconds = |answer: &Value| indicator(answer, "tempo-risposta-scrivi")["supposed"]["value"].as_f64();
        // From Thursday 15 October at 10 to Saturday the 17th at 10: two opening days of twelve hours.
        let hours = ask(&served, json!({ "definitions": { "indicator": [scrivi] } })).await;
        assert_eq!(seconds(&hours), Some(24.0 * 3600.0));
        assert_eq!(indicator(&hours, "tempo-risposta-scrivi")["current"]["value"], 172_800.0);
        assert_eq!(indicator(&hours, "tempo-risposta-scrivi")["difference_text"], "−1,0 giorni");
        let week = json!({ "mon": ["09:00-13:00"], "tue": ["09:00-13:00"], "wed": ["09:00-13:00"], "thu": ["09:00-13:00"],
            "fri": ["09:00-13:00"], "sat": [], "sun": [] });
        let mornings =
            ask(&served, json!({ "definitions": { "indicator": [scrivi] }, "calendar": { "weekly": week } })).await;
        assert_eq!(seconds(&mornings), Some(7.0 * 3600.0));
        assert!(mornings["changes"].as_array().unwrap().iter().any(|change| change["what"] == "calendar"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hypothesis_that_makes_no_sense_is_refused_where_it_is_wrong() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-11-02 09:00", database).await).await;
        let path = format!("{CRM}/reports/what-if");
        let change = |indicator: Value| json!({ "period": "2026-10", "definitions": { "indicator": [indicator] } });
        let key = "tempo-risposta-telefono";
        for (wrong, pointer) in [
            (json!({ "period": "2026-10" }), ""),
            (json!({ "period": "ottobre", "targets": [] }), "/period"),
            (change(json!({ "measure": {} })), "/definitions/indicator/0/key"),
            (change(json!({ "key": key, "measure": { "clock": "stopwatch" } })), "/definitions/indicator"),
            (change(json!({ "key": key, "colour": "red" })), "/definitions/indicator"),
            (change(json!({ "key": key, "measure": { "calendar": "opening_hours" } })), "/definitions"),
            (change(json!({ "key": key, "measure": { "population": { "channel": ["phone", "scrivi"] } } })), "/definitions"),
            (json!({ "period": "2026-10", "definitions": { "report": { "bucket_days": [7, 1] } } }), "/definitions"),
            (json!({ "period": "2026-10", "definitions": { "set": "altro" } }), "/definitions/set"),
            (json!({ "period": "2026-10", "calendar": { "weekly": { "mon": ["8"] } } }), "/calendar"),
            (json!({ "period": "2026-10", "targets": [{ "key": "felicità", "target": { "text": "90%", "value": "0.9", "comparator": ">=", "unit": "share" } }] }), "/targets/0/key"),
        ] {
            let refused = served.post("supervisor", &path, &wrong).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{wrong}: {refused}");
            assert_ne!(refused["errors"][0]["detail"], "");
        }
        for role in ["operator", "specialist"] {
            served.post(role, &path, &change(json!({ "key": key }))).await.expect(403);
        }
    })
    .await;
}
