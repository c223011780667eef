//! Units with their periods, and what an ended one left behind.

use filo_testkit::both;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

fn ends(files: &mut filo::content::Files) {
    let units = files.get_mut("units.toml").unwrap();
    let found = "key = \"tf-tari\"\n";
    let ends = format!("{found}valid_to = \"2026-10-05\"\nsuccessor = \"bilancio-partecipate\"\n");
    *units = units.replacen(found, &ends, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_listed_by_day_and_an_ended_one_gets_no_work() {
    both(async |database| {
        let mut served = Served::of(TestApp::of_city("2026-10-01 12:00", database, ends).await).await;
        let keys = async |query: &str| {
            let list = served.get("analyst", &format!("{CRM}/units{query}")).await.expect(200);
            let items = list["items"].as_array().unwrap().iter();
            items.map(|unit| unit["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let has = |keys: &[String], key: &str| keys.iter().any(|it| it == key);
        assert!(has(&keys("").await, "siad") && has(&keys("?on=2021-12-31").await, "siad"));
        assert!(!has(&keys("?on=2022-01-01").await, "siad"));
        assert!(
            has(&keys("?on=2026-10-04").await, "tf-tari") && !has(&keys("?on=2026-10-05").await, "tf-tari")
        );
        assert_eq!(served.get("analyst", &format!("{CRM}/units?on=ieri")).await.status, 422);
        let one = served.get("operator", &format!("{CRM}/units/tf-tari")).await;
        let unit = one.expect(200);
        assert_eq!(
            (&unit["level"], &unit["kind"], &unit["stranded"]),
            (&json!("II"), &json!("task_force"), &json!(0))
        );
        assert_eq!(
            (&unit["valid_to"], &unit["successor"]),
            (&json!("2026-10-05"), &json!("bilancio-partecipate"))
        );
        assert!(one.header("etag").len() > 2);
        assert_eq!(served.get("operator", &format!("{CRM}/units/nessuna")).await.status, 404);
        served.now_is("2026-10-06 12:00").await;
        let new = json!({ "channel": "counter", "subject": "TARI", "kind": "information" });
        let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
        let assign = format!("{CRM}/tickets/{}/assign", ticket["id"].as_str().unwrap());
        let refused = served.post("operator", &assign, &json!({ "unit": "tf-tari" })).await.expect(422);
        let detail = refused["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("2026-10-05") && detail.contains("bilancio-partecipate"), "{detail}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tickets_of_an_ended_unit_are_counted_and_handed_over_one_event_each() {
    both(async |database| {
        let mut served = Served::of(TestApp::of_city("2026-10-01 12:00", database, ends).await).await;
        let mut paths = vec![];
        for index in 0..4 {
            let new =
                json!({ "channel": "counter", "subject": format!("TARI {index}"), "kind": "information" });
            let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
            let path = format!("{CRM}/tickets/{}", ticket["id"].as_str().unwrap());
            let up = json!({ "unit": "tf-tari", "note": "task force" });
            served.post("operator", &format!("{path}/escalate"), &up).await.expect(200);
            paths.push(path);
        }
        served
            .post("operator", &format!("{}/resolve", paths[0]), &json!({ "outcome": "answered" }))
            .await
            .expect(200);
        let hand_over = format!("{CRM}/units/tf-tari/hand-over");
        let early = served.send("supervisor", Method::POST, &hand_over, None).await.expect(409);
        assert_eq!(early["type"], "/problems/unit-not-ended");
        served.now_is("2026-10-06 12:00").await;
        let unit = format!("{CRM}/units/tf-tari");
        assert_eq!(served.get("supervisor", &unit).await.expect(200)["stranded"], 3);
        assert_eq!(served.send("operator", Method::POST, &hand_over, None).await.status, 403);
        for (to, pointer) in [("siad", "/to"), ("nessuna", "/to")] {
            let refused = served.post("supervisor", &hand_over, &json!({ "to": to })).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer);
        }
        let done = served.send("supervisor", Method::POST, &hand_over, None).await.expect(200);
        assert_eq!((&done["handed_over"], &done["to"]), (&json!(3), &json!("bilancio-partecipate")));
        assert_eq!(done["unit"]["stranded"], 0);
        for path in &paths[1..] {
            let ticket = served.get("operator", path).await.expect(200);
            assert_eq!((&ticket["unit"], &ticket["level"]), (&json!("bilancio-partecipate"), &json!("II")));
            let events = served.get("operator", &format!("{path}/events")).await.expect(200);
            assert_eq!(events["items"].as_array().unwrap().last().unwrap()["kind"], "assigned");
        }
        assert_eq!(served.get("operator", &paths[0]).await.expect(200)["unit"], "tf-tari");
        let again = served.post("supervisor", &hand_over, &json!({ "to": "020202" })).await.expect(200);
        assert_eq!(again["handed_over"], 0);
        served.city.verifies().await;
    })
    .await;
}
