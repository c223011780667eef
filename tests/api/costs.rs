//! What suppliers cost, over the wire: entered, corrected, allocated in the report and explained to the cent.

use filo_testkit::{
    Database, at, both,
    phone::{Leg, QueueLog},
};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Reply, Served},
};

async fn city(local: &str, database: Database) -> Served {
    Served::of(TestApp::at(local, database).await).await
}

fn row(supplier: &str, month: &str, cents: impl Into<Value>) -> Value {
    json!({ "supplier": supplier, "month": month, "amount_cents": cents.into(), "source": "fattura" })
}

/// Read, accepted, known before, quarantined.
fn counts(tally: &Value) -> [u64; 4] {
    ["read", "accepted", "duplicates", "quarantined"].map(|key| tally[key].as_u64().unwrap())
}

impl Served {
    async fn enter(&self, rows: &[Value]) -> [u64; 4] {
        let reply = self.post("supervisor", &format!("{CRM}/costs"), &json!({ "items": rows })).await;
        counts(&reply.expect(200))
    }
    async fn enter_csv(&self, text: &str) -> Reply {
        let request = self.client.post(format!("{}{CRM}/costs", self.base)).bearer_auth(self.token("admin"));
        let request = request.header("Content-Type", "text/csv; charset=utf-8").body(text.to_owned());
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Reply { status, headers, text: response.text().await.unwrap() }
    }
    async fn costs(&self, query: &str) -> Value {
        self.get("analyst", &format!("{CRM}/costs{query}")).await.expect(200)
    }
}

fn leg<'a>(call_id: &'a str, caller: &'a str, entered: &str) -> Leg<'a> {
    Leg { call_id, queue: "tari", caller, entered_at: at(entered) }
}

/// Three answered calls of 600, 300 and 100 seconds, one given up; the first is registered under TARI.
async fn calls(served: &Served) {
    let log = QueueLog::default()
        .answered(leg("1.1", "3471234567", "2026-10-05 09:00"), 10, 600)
        .answered(leg("1.2", "3471234568", "2026-10-05 10:00"), 20, 300)
        .answered(leg("1.3", "", "2026-10-06 10:00"), 30, 100)
        .abandoned(leg("1.4", "3471234569", "2026-10-07 10:00"), 40);
    served.city.calls(log).await;
    let call = served.city.call_log().await.into_iter().find(|call| call.call_id == "1.1").unwrap();
    let about =
        json!({ "theme": "tributi/tari", "kind": "information", "subject": "TARI", "outcome": "solved" });
    served.city.register(call.id, about).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_entered_once_corrected_by_revisions_and_listed() {
    both(async |database| {
        let served = city("2026-11-10 12:00", database).await;
        let csv = "supplier;month;amount_eur;source;note\n\
                   contact-center;2026-10;100,01;fattura 12;\n\
                   personale-area-crm;2026-10;7;bilancio;quota di ottobre\n";
        assert_eq!(counts(&served.enter_csv(csv).await.expect(200)), [2, 2, 0, 0]);
        assert_eq!(counts(&served.enter_csv(csv).await.expect(200)), [2, 0, 2, 0]);
        assert_eq!(served.enter(&[row("contact-center", "2026-10", 10_002)]).await, [1, 1, 0, 0]);
        let list = served.costs("").await;
        let first = &list["items"][0];
        assert_eq!((&first["supplier"], &first["amount_cents"]), (&json!("contact-center"), &json!(10_002)));
        assert_eq!((&first["revision"], &first["currency"]), (&json!(2), &json!("EUR")));
        assert_eq!(first["label"]["it"], "Gestore del contact center");
        assert_eq!(list["items"][1]["note"], "quota di ottobre");
        let all = served.costs("?superseded=true&supplier=contact-center&limit=1").await;
        let next = all["next_cursor"].as_str().unwrap();
        assert_eq!(all["items"][0]["amount_cents"], 10_001);
        let rest = served.costs(&format!("?superseded=true&supplier=contact-center&cursor={next}")).await;
        assert_eq!((&rest["items"][0]["amount_cents"], &rest["next_cursor"]), (&json!(10_002), &Value::Null));

        // Costs are no series of volumes, and the other way round.
        let series = served.get("analyst", &format!("{CRM}/series")).await.expect(200);
        assert_eq!(series["items"], json!([]));
        let volume = json!({ "items": [{ "key": "post", "month": "2026-10", "value": 3, "source": "prova" }] });
        served.post("supervisor", &format!("{CRM}/series"), &volume).await.expect(200);
        assert_eq!(served.costs("").await["items"].as_array().unwrap().len(), 2);
        let other = json!({ "items": [{ "key": "cost:contact-center", "month": "2026-10", "value": 3, "source": "x" }] });
        let refused = served.post("supervisor", &format!("{CRM}/series"), &other).await.expect(200);
        assert_eq!(refused["quarantined"], 1);

        for role in ["operator", "specialist", "analyst"] {
            served.post(role, &format!("{CRM}/costs"), &json!({ "items": [] })).await.expect(403);
        }
        served.get("", &format!("{CRM}/costs")).await.expect(401);
        served.get("analyst", &format!("{CRM}/costs?from=ottobre")).await.expect(422);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_could_be_read_in_two_ways_wait_in_the_quarantine_and_can_be_tried_again() {
    both(async |database| {
        let mut served = city("2026-11-10 12:00", database).await;
        let csv = "supplier,month,amount_cents,amount_eur,source\n\
                   contact-center,2026-10,1,,fattura\n\
                   contact-center,2026-09,,1.234,fattura\n\
                   contact-center,2026-08,5,5,fattura\n\
                   contact-center,2026-07,,,fattura\n\
                   contact-center,2025-12,5,,fattura\n\
                   contact-center,2026-12,5,,fattura\n\
                   nessuno,2026-10,5,,fattura\n";
        assert_eq!(counts(&served.enter_csv(csv).await.expect(200)), [7, 1, 0, 6]);
        let kept = served.get("supervisor", &format!("{CRM}/quarantine")).await.expect(200);
        let kept = kept["items"].as_array().unwrap().clone();
        let mut reasons: Vec<&str> = kept.iter().map(|it| it["reason"].as_str().unwrap()).collect();
        reasons.sort_unstable();
        let expected =
            ["bad_row", "bad_row", "bad_value", "month_not_begun", "supplier_not_paid", "unknown_supplier"];
        assert_eq!(reasons, expected);
        // A double is no amount of money.
        let real =
            json!({ "supplier": "contact-center", "month": "2026-06", "amount_eur": 12.5, "source": "x" });
        assert_eq!(served.enter(&[real]).await, [1, 0, 0, 1]);
        assert_eq!(served.enter_csv("supplier,month\na,b\n").await.status, 422);

        served.now_is("2026-12-02 09:00").await;
        let early = kept.iter().find(|it| it["reason"] == "month_not_begun").unwrap()["id"].as_str().unwrap();
        let path = format!("{CRM}/quarantine/{early}/retry");
        assert_eq!(served.post("supervisor", &path, &json!({})).await.expect(200)["released"], true);
        assert_eq!(served.costs("?from=2026-12").await["items"][0]["amount_cents"], 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_allocates_totals_to_the_cent_and_explains_every_row() {
    both(async |database| {
        let served = city("2026-10-20 12:00", database).await;
        calls(&served).await;
        let before = served.city.report("2026-10").await;
        assert_eq!((before.at("/costs/total_cents"), before.at("/costs/handled")), (&Value::Null, &json!(3)));
        let missing = json!([
            { "supplier": "contact-center", "month": "2026-10", "reason": "no_value" },
            { "supplier": "personale-area-crm", "month": "2026-10", "reason": "no_value" },
        ]);
        assert_eq!(before.at("/costs/missing"), &missing);

        served
            .enter(&[row("contact-center", "2026-10", 10_001), row("personale-area-crm", "2026-10", 700)])
            .await;
        let october = served.city.report("2026-10").await;
        assert_eq!(october.counts("/costs", &["total_cents", "handled", "handled_s"]), [10_701, 3, 1_000]);
        let rows = |table: &str, key: &str| -> Vec<(String, u64)> {
            let rows = october.at(&format!("/costs/{table}")).as_array().unwrap();
            let row =
                |row: &Value| (row[key].as_str().unwrap().to_owned(), row["cost_cents"].as_u64().unwrap());
            rows.iter().map(row).collect()
        };
        let row = |key: &str, cents: u64| (key.to_owned(), cents);
        assert_eq!(rows("by_channel", "channel"), [row("phone", 10_001), row("unallocated", 700)]);
        assert_eq!(
            rows("by_theme", "theme"),
            [row("tributi", 6_001), row("not_registered", 4_000), row("unallocated", 700)]
        );
        assert_eq!(rows("by_line", "line"), [row("tributi", 6_001), row("servizi-al-cittadino", 4_700)]);
        assert_eq!(october.at("/costs/suppliers/0/method"), "handled_minutes/1");
        for pointer in [
            "/costs/total_cents",
            "/costs/handled_s",
            "/costs/cost_per_contact_cents",
            "/costs/by_theme/0/cost_cents",
            "/costs/by_line/1/cost_per_contact_cents",
            "/year_to_date/costs/handled",
        ] {
            served.city.explains(&october, "2026-10", pointer).await;
        }
        let pointer = "%2Fcosts%2Fby_theme%2F0%2Fcost_cents";
        let path = format!("{CRM}/indicators/{pointer}/contacts?period=2026-10");
        let explained = served.get("analyst", &path).await.expect(200);
        assert_eq!((&explained["value"], &explained["unit"]), (&json!(6_001), &json!("cents")));
        assert_eq!(explained["series"][0]["method"], "handled_minutes/1");
        assert_eq!(explained["items"].as_array().unwrap().len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_that_comes_after_the_closing_is_pending_until_the_month_is_restated() {
    both(async |database| {
        let mut served = city("2026-10-20 12:00", database).await;
        calls(&served).await;
        served.enter(&[row("contact-center", "2026-10", 10_000)]).await;
        served.now_is("2026-11-02 09:00").await;
        let closed = served.city.close("2026-10").await;
        served.now_is("2026-11-20 09:00").await;
        served
            .enter(&[row("contact-center", "2026-10", 20_000), row("personale-area-crm", "2026-10", 5)])
            .await;
        let late = served.city.report("2026-10").await;
        let by_source = json!({ "cost:contact-center": 1, "cost:personale-area-crm": 1 });
        assert_eq!(late.at("/pending_differences/by_source"), &by_source);
        assert_eq!(late.at("/costs"), closed.at("/costs"), "a closed month does not move");
        let restated = served.city.restate("2026-10", "fattura corretta").await;
        assert_eq!(restated.at("/costs/total_cents"), &json!(20_005));
        assert_eq!(restated.at("/phone"), closed.at("/phone"));
        assert_ne!(restated.at("/inputs_sha256"), closed.at("/inputs_sha256"));
    })
    .await;
}
