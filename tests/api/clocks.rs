//! How the clocks of one ticket were reckoned: the very seconds that the report counts.

use filo_testkit::both;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

async fn step(served: &Served, path: &str, action: &str, body: &Value) {
    served.post("operator", &format!("{path}/{action}"), body).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_arithmetic_of_a_ticket_ends_in_what_the_report_counts_for_it() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        let new = json!({ "channel": "counter", "kind": "information", "theme": "tributi/tari", "subject": "TARI" });
        let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
        let id = ticket["id"].as_str().unwrap();
        let path = format!("{CRM}/tickets/{id}");
        step(&served, &path, "take-charge", &json!({})).await;
        step(&served, &path, "wait", &json!({ "for": "citizen", "reason": "documenti" })).await;
        served.now_is("2026-10-06 09:00").await;
        step(&served, &path, "resume", &json!({})).await;
        served.now_is("2026-10-08 09:00").await;
        step(&served, &path, "resolve", &json!({ "outcome": "solved" })).await;
        served.now_is("2026-10-09 09:00").await;

        let told = served.get("operator", &format!("{path}/clocks")).await.expect(200);
        let clock = |name: &str| {
            let clocks = told["clocks"].as_array().unwrap();
            clocks.iter().find(|clock| clock["clock"] == name).unwrap().clone()
        };
        let net = clock("opened_to_resolved_net");
        assert_eq!((&net["left_out"][0]["reason"], &net["left_out"][0]["seconds"]), (&json!("waiting"), &json!(86_400)));
        assert_eq!((&net["seconds"], &net["counted_in"]), (&json!(172_800), &json!("2026-10")));
        assert!(clock("opened_to_first_response")["seconds"].is_null(), "a resolution does not answer");

        let report = served.get("analyst", &format!("{CRM}/reports/monthly/2026-10")).await.expect(200);
        let rows = report["channels"].as_array().unwrap();
        let row = rows.iter().position(|row| row["channel"] == "counter").unwrap();
        for (name, place) in [("opened_to_resolved", "resolution"), ("opened_to_resolved_net", "resolution_net")] {
            let pointer = format!("/channels/{row}/{place}/mean_s").replace('/', "%2F");
            let behind = format!("{CRM}/indicators/{pointer}/contacts?period=2026-10");
            let items = served.get("analyst", &behind).await.expect(200)["items"].clone();
            assert_eq!((items[0]["id"].as_str(), &items[0]["seconds"]), (Some(id), &clock(name)["seconds"]));
        }
        served.get("specialist", &format!("{path}/clocks")).await.expect(404);
        served.get("analyst", &format!("{path}/clocks")).await.expect(403);
    })
    .await;
}
