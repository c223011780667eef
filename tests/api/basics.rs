//! What holds for every path.

use filo_testkit::both;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opened_over_the_wire_is_read_back_with_its_clocks() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let new = json!({
            "channel": "counter", "subject": "Carta d'identità", "body": "È scaduta", "theme": "anagrafe/carta-identita",
            "kind": "information", "requester": { "identities": [{ "type": "email", "value": "anna@mail.example" }] },
        });
        let opened = served.post("operator", &format!("{CRM}/tickets"), &new).await;
        let ticket = opened.expect(201);
        let read = served.get("operator", opened.header("location").trim_start_matches(&served.base)).await;
        assert_eq!(read.expect(200)["number"], ticket["number"]);
        assert_eq!(read.header("etag"), opened.header("etag"));
        assert_eq!(read.json()["clocks"][0]["name"], "first_response");
        let path = format!("{CRM}/tickets/{}", ticket["id"].as_str().unwrap());
        let change = json!({ "priority": "high" });
        let changed = served.patch("operator", &path, read.header("etag"), &change).await;
        assert_eq!(changed.expect(200)["priority"], "high");
        let stale = served.patch("operator", &path, read.header("etag"), &change).await;
        assert_eq!(stale.expect(412)["status"], 412);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_logged_in_is_refused_before_anything_is_read() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let refused =
            served.send("", Method::POST, &format!("{CRM}/tickets"), Some(&json!("no object"))).await;
        assert_eq!(refused.expect(401)["status"], 401);
    })
    .await;
}
