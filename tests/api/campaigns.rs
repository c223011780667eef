//! Campaign reports over the wire: a theme, a tag or a unit between two days, each figure down to what is behind it.

use filo_testkit::both;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

/// Opens a ticket at the counter.
async fn opened(served: &Served, theme: &str, kind: &str, tags: &[&str], email: Option<&str>) -> Value {
    let identities: Vec<Value> =
        email.iter().map(|value| json!({ "type": "email", "value": value })).collect();
    let ticket = json!({
        "channel": "counter", "subject": "Prova", "body": "Testo", "theme": theme, "kind": kind, "tags": tags,
        "requester": { "identities": identities },
    });
    served.post("operator", &format!("{CRM}/tickets"), &ticket).await.expect(201)
}

fn count(report: &Value, pointer: &str) -> u64 {
    report.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer} in {report}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_counts_its_own_tickets_and_every_figure_opens() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-05 12:00", database).await).await;
        let first =
            opened(&served, "tributi/tari", "information", &["milano-aiuta"], Some("a@example.it")).await;
        opened(&served, "tributi", "assistance", &[], Some("a@example.it")).await;
        opened(&served, "tributi/tari", "assistance", &["milano-aiuta"], None).await;
        opened(&served, "anagrafe", "assistance", &[], Some("b@example.it")).await;
        let path = format!("{CRM}/tickets/{}/resolve", first["id"].as_str().unwrap());
        served.post("operator", &path, &json!({ "outcome": "answered" })).await.expect(200);

        let campaign =
            json!({ "theme": "tributi", "from": "2026-10-01", "to": "2026-10-15", "step": "week" });
        let made = served.post("analyst", &format!("{CRM}/reports/campaigns"), &campaign).await.expect(201);
        let report = &made["report"];
        assert_eq!((made["label"].as_str(), made["theme"].as_str()), (Some("tributi"), Some("tributi")));
        assert_eq!([count(report, "/tickets/opened"), count(report, "/tickets/resolved")], [3, 1]);
        assert_eq!(report["tickets"]["share_of_all_tickets"], 0.75);
        assert_eq!(report["kinds"][0], json!({ "key": "assistance", "count": 2, "share": 2.0 / 3.0 }));
        assert_eq!(report["callers"], json!({ "contacts": 3, "distinct": 1, "unknown": 1 }));
        assert_eq!(count(report, "/resolution/n"), 1);
        assert_eq!(report["series"].as_array().unwrap().len(), 2);
        assert_eq!([count(report, "/series/0/opened"), count(report, "/series/1/opened")], [3, 0]);

        let id = made["id"].as_str().unwrap();
        let again = served.get("analyst", &format!("{CRM}/reports/campaigns/{id}")).await.expect(200);
        assert_eq!(again["report"]["inputs_sha256"], report["inputs_sha256"]);
        for pointer in
            ["/tickets/opened", "/kinds/0/count", "/callers/distinct", "/series/0/contacts", "/levels/I/open"]
        {
            let path = format!("{CRM}/reports/campaigns/{id}/contacts?pointer={pointer}");
            let opened = served.get("analyst", &path).await.expect(200);
            let counted = opened["items"].as_array().unwrap().iter();
            let counted = counted.filter(|item| item["counted_in"] == "numerator").count();
            assert_eq!(u64::try_from(counted).unwrap(), count(report, pointer), "{pointer}");
            assert_ne!(opened["definition"]["words"], "", "{pointer}");
        }
        let path = format!("{CRM}/reports/campaigns/{id}/contacts?pointer=/nothing");
        served.get("analyst", &path).await.expect(422);

        let tagged =
            json!({ "label": "Aiuta", "tag": "milano-aiuta", "from": "2026-10-05", "to": "2026-10-06" });
        let tagged =
            served.post("supervisor", &format!("{CRM}/reports/campaigns"), &tagged).await.expect(201);
        assert_eq!(count(&tagged["report"], "/tickets/opened"), 2);
        let list = served.get("analyst", &format!("{CRM}/reports/campaigns?limit=1")).await.expect(200);
        assert_eq!(list["items"][0]["label"], "Aiuta");
        assert!(list["next_cursor"].is_string());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_makes_no_sense_is_refused_where_it_is_wrong_and_one_can_be_forgotten() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-05 12:00", database).await).await;
        let path = format!("{CRM}/reports/campaigns");
        let days = |from: &str, to: &str| json!({ "theme": "tributi", "from": from, "to": to });
        for (wrong, pointer) in [
            (json!({ "from": "2026-10-01", "to": "2026-10-02" }), ""),
            (json!({ "theme": "tributi", "tag": "x", "from": "2026-10-01", "to": "2026-10-02" }), ""),
            (json!({ "theme": "nessuno", "from": "2026-10-01", "to": "2026-10-02" }), "/theme"),
            (json!({ "unit": "nessuna", "from": "2026-10-01", "to": "2026-10-02" }), "/unit"),
            (days("2026-10-32", "2026-11-01"), "/from"),
            (days("2026-10-02", "2026-10-02"), "/to"),
            (days("2020-10-02", "2026-10-02"), "/to"),
        ] {
            let refused = served.post("analyst", &path, &wrong).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{wrong}");
        }
        served.post("operator", &path, &days("2026-10-01", "2026-10-02")).await.expect(403);
        let made = served.post("analyst", &path, &days("2026-10-01", "2026-10-02")).await.expect(201);
        let own = format!("{path}/{}", made["id"].as_str().unwrap());
        served.send("analyst", Method::DELETE, &own, None).await.expect(428);
        served.send_with("analyst", Method::DELETE, &own, None, &[("If-Match", "\"1\"")]).await.expect(204);
        served.get("analyst", &own).await.expect(404);
    })
    .await;
}
