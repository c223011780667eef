//! Monthly series over the wire, and the indicators that are set against them.

use filo_app::{Caller, SeriesRows};
use filo_testkit::{Backend, Database, both};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Reply, Served},
};

const QUOTIENTS: &str = r#"
[[indicator]]
key = "contatti-per-mille-visite"
area = "Prova"
label = "Contatti ogni mille visite"
version = "1"
words = "Contatti del periodo ogni mille visite al portale."
formula = "contatti ÷ visite × 1000"
measure = { type = "quotient", above = { things = { of = "contacts" } }, below = { series = "visite-portale" }, per = 1000 }
print = { unit = "quotient", decimals = 2, rounding = "half-up" }
"#;

/// The shipped city with one indicator more.
async fn city(local: &str, database: Database) -> Served {
    let more = |files: &mut filo::content::Files| {
        files.get_mut("indicators/milano-2021.toml").unwrap().push_str(QUOTIENTS);
    };
    Served::of(TestApp::of_city(local, database, more).await).await
}

fn row(key: &str, month: &str, value: impl Into<Value>) -> Value {
    json!({ "key": key, "month": month, "value": value.into(), "source": "prova" })
}

/// Read, accepted, known before, quarantined.
fn counts(tally: &Value) -> [u64; 4] {
    ["read", "accepted", "duplicates", "quarantined"].map(|key| tally[key].as_u64().unwrap())
}

impl Served {
    async fn import(&self, rows: &[Value]) -> [u64; 4] {
        let reply = self.post("supervisor", &format!("{CRM}/series"), &json!({ "items": rows })).await;
        counts(&reply.expect(200))
    }
    async fn import_csv(&self, text: &str) -> Reply {
        let request = self.client.post(format!("{}{CRM}/series", self.base)).bearer_auth(self.token("admin"));
        let request = request.header("Content-Type", "text/csv; charset=utf-8").body(text.to_owned());
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Reply { status, headers, text: response.text().await.unwrap() }
    }
    async fn values(&self, query: &str) -> Value {
        self.get("analyst", &format!("{CRM}/series{query}")).await.expect(200)
    }
    async fn quarantine(&self) -> Vec<Value> {
        let list = self.get("supervisor", &format!("{CRM}/quarantine")).await.expect(200);
        list["items"].as_array().unwrap().clone()
    }
    async fn quotient(&self, period: &str) -> Value {
        let path = format!("{CRM}/indicators/contatti-per-mille-visite?period={period}");
        self.get("analyst", &path).await.expect(200)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_imported_once_and_corrected_by_revisions_that_keep_the_old() {
    both(async |database| {
        let served = city("2026-09-10 12:00", database).await;
        let visits = row("visite-portale", "2026-08", 1500);
        assert_eq!(
            served.import(&[visits.clone(), row("appuntamenti", "2026-08", "1234")]).await,
            [2, 2, 0, 0]
        );
        assert_eq!(served.import(&[visits.clone(), visits.clone()]).await, [2, 0, 2, 0]);
        assert_eq!(served.import(&[row("visite-portale", "2026-08", 1501)]).await, [1, 1, 0, 0]);
        assert_eq!(served.city.rows("series_values"), 3);

        let list = served.values("?key=visite-portale").await;
        let value = &list["items"][0];
        assert_eq!((list["items"].as_array().unwrap().len(), &value["value"]), (1, &json!(1501)));
        assert_eq!((&value["revision"], &value["label"]["it"]), (&json!(2), &json!("Visite al portale")));
        let all = served.values("?superseded=true&from=2026-08&to=2026-08&limit=2").await;
        let next = all["next_cursor"].as_str().unwrap();
        let rest = served.values(&format!("?superseded=true&from=2026-08&to=2026-08&cursor={next}")).await;
        let both = [&all, &rest].map(|page| page["items"].as_array().unwrap().clone()).concat();
        let values: Vec<i64> = both.iter().map(|it| it["value"].as_i64().unwrap()).collect();
        assert_eq!((values, &rest["next_cursor"]), (vec![1234, 1500, 1501], &Value::Null));
        served.get("analyst", &format!("{CRM}/series?cursor={next}")).await.expect(422);
        served.get("analyst", &format!("{CRM}/series?from=agosto")).await.expect(422);
        served.get("analyst", &format!("{CRM}/series?da=2026-08")).await.expect(422);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_wait_in_the_quarantine_with_their_reason_and_good_ones_are_taken() {
    both(async |database| {
        let served = city("2026-09-10 12:00", database).await;
        let csv = "key;month;value;source;note\n\
                   appuntamenti;2026-08;1234;prova;\n\
                   elixform;2026-07;77;prova;a mano\n\
                   nulla;2026-07;1;prova;\n\
                   elixform;2026-7;1;prova;\n\
                   elixform;2026-06;1.234;prova;\n\
                   elixform;2026-10;5;prova;\n\
                   elixform;2026-05;5;;\n\
                   post;2026-05;5;prova;\n\
                   post;2026-05;6;prova;\n";
        assert_eq!(counts(&served.import_csv(csv).await.expect(200)), [9, 2, 0, 7]);
        assert_eq!(counts(&served.import_csv(csv).await.expect(200)), [9, 0, 9, 0], "the same changes nothing");
        let kept = served.quarantine().await;
        let mut reasons: Vec<&str> = kept.iter().map(|it| it["reason"].as_str().unwrap()).collect();
        reasons.sort_unstable();
        let expected =
            ["bad_month", "bad_row", "bad_value", "month_not_begun", "two_values", "two_values", "unknown_series"];
        assert_eq!(reasons, expected);
        assert_eq!(served.values("").await["items"][1]["note"], "a mano");
        // A row of JSON may hold anything, and what no database text can.
        let odd = [json!({ "key": "no\tsuch", "more": [1] }), json!({}), row("post", "2026-05", Value::Null)];
        assert_eq!(served.import(&odd).await, [3, 0, 0, 3]);
        assert_eq!(served.import_csv("key,month\na,b\n").await.status, 422);
        assert_eq!(served.import_csv("key,month,value,source\n\"a\0b\",2026-05,1,c\n").await.expect(200)["quarantined"], 1);
        let none = json!({ "items": [1] });
        let refused = served.post("admin", &format!("{CRM}/series"), &none).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/items/0");
        served.post("operator", &format!("{CRM}/series"), &json!({ "items": [] })).await.expect(403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_row_is_taken_when_it_can_be_but_never_over_a_later_value() {
    both(async |database| {
        let mut served = city("2026-09-10 12:00", database).await;
        assert_eq!(
            served.import(&[row("post", "2026-10", 5), row("post", "2026-11", 7)]).await,
            [2, 0, 0, 2]
        );
        let retry = async |served: &Served, month: &str| {
            let unit = served
                .quarantine()
                .await
                .into_iter()
                .find(|it| it["detail"].as_str().unwrap().contains(month));
            let path = format!("{CRM}/quarantine/{}/retry", unit.unwrap()["id"].as_str().unwrap());
            served.post("supervisor", &path, &json!({})).await.expect(200)
        };
        let still = retry(&served, "2026-10").await;
        assert_eq!((&still["released"], &still["reason"]), (&json!(false), &json!("month_not_begun")));
        served.now_is("2026-12-01 09:00").await;
        served.import(&[row("post", "2026-11", 8)]).await;
        assert_eq!(retry(&served, "2026-10").await["released"], true);
        assert_eq!(retry(&served, "2026-11").await["released"], true);
        let values = served.values("?key=post&superseded=true").await;
        let values: Vec<&Value> = values["items"].as_array().unwrap().iter().map(|it| &it["value"]).collect();
        assert_eq!(values, [&json!(5), &json!(8)], "the value that came later stays");
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_for_a_closed_month_is_a_pending_difference_until_it_is_restated() {
    both(async |database| {
        let mut served = city("2026-09-10 12:00", database).await;
        for subject in ["Uno", "Due", "Tre"] {
            let new = json!({ "channel": "counter", "subject": subject, "kind": "information", "theme": "anagrafe/carta-identita" });
            served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
        }
        let open = served.quotient("2026-09").await;
        assert_eq!((&open["value"], &open["excluded"][0]["reason"]), (&Value::Null, &json!("no_value")));
        assert_eq!(open["series"][0]["reason"], "no_value");
        let before = served.city.report("2026-09").await;
        served.import(&[row("visite-portale", "2026-09", 1600)]).await;
        let open = served.quotient("2026-09").await;
        assert_eq!((&open["value"], &open["text"]), (&json!(1.875), &json!("1,88")));
        assert_eq!((&open["series"][0]["source"], &open["series"][0]["revision"]), (&json!("prova"), &json!(1)));
        let after = served.city.report("2026-09").await;
        assert_ne!(before.at("/inputs_sha256"), after.at("/inputs_sha256"), "the inputs are others");

        served.now_is("2026-10-02 09:00").await;
        let closed = served.city.close("2026-09").await;
        served.now_is("2026-10-03 09:00").await;
        served.import(&[row("visite-portale", "2026-09", 3000), row("post", "2026-09", 3)]).await;
        assert_eq!(served.quotient("2026-09").await["value"], json!(1.875), "a closed month does not move");
        let late = served.city.report("2026-09").await;
        let pending = json!({ "count": 1, "by_source": { "series:visite-portale": 1 } });
        assert_eq!(late.at("/pending_differences"), &pending, "no indicator uses the other");
        assert_eq!(late.at("/inputs_sha256"), closed.at("/inputs_sha256"));
        let restated = served.city.restate("2026-09", "Visite corrette").await;
        assert_ne!(restated.at("/inputs_sha256"), closed.at("/inputs_sha256"));
        let corrected = served.quotient("2026-09").await;
        assert_eq!((&corrected["value"], &corrected["series"][0]["revision"]), (&json!(1), &json!(2)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_imported_is_never_changed_and_a_missing_revision_is_found() {
    both(async |database| {
        let city = TestApp::at("2026-09-10 12:00", database).await;
        for value in 1..=2 {
            let rows = SeriesRows { items: vec![row("post", "2026-08", value).as_object().unwrap().clone()] };
            city.app.import_series(&Caller::console(), rows, city.now()).await.unwrap();
        }
        city.verifies().await;
        for statement in ["UPDATE series_values SET value = 9", "DELETE FROM series_values"] {
            let error = city.database.try_execute(statement).unwrap_err();
            assert!(error.contains("append-only"), "{statement}: {error}");
        }
        let unprotected = match city.database.backend {
            Backend::Sqlite => "DROP TRIGGER series_values_no_delete",
            Backend::Postgres => "DROP TRIGGER series_values_append_only ON series_values",
        };
        city.database.try_execute(unprotected).unwrap();
        city.database.try_execute("DELETE FROM series_values WHERE revision = 1").unwrap();
        let found = city.app.verify().await.unwrap().differences;
        assert_eq!((found.len(), found[0].check, found[0].subject.as_str()), (1, "series", "post 2026-08"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_indicator_of_a_series_that_the_city_does_not_name_stops_the_start() {
    let (_, mut files) = filo::content::shipped().unwrap();
    files.get_mut("indicators/milano-2021.toml").unwrap().push_str(QUOTIENTS);
    assert!(filo::content::city(&files).is_ok());
    files.remove("series.toml");
    let error = filo::content::city(&files).unwrap_err().to_string();
    assert!(error.contains("visite-portale"), "{error}");
}
