//! Integration keys over the wire.

use filo_testkit::both;
use reqwest::Method;
use serde_json::json;

use super::{audited, with};
use crate::support::{
    TestApp,
    http::{CRM, Served},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_says_when_it_was_used_and_ends_on_its_day() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let path = format!("{CRM}/keys");
        let new =
            json!({ "name": "cruscotto", "scopes": ["read:reports"], "expires_at": "2026-10-03T00:00:00Z" });
        let issued = served.post("admin", &path, &new).await;
        let key = issued.expect(201)["key"].as_str().unwrap().to_owned();
        assert_eq!(issued.json()["last_used_day"], json!(null));
        with(&served, &key, Method::GET, "/indicators", None).await.expect(200);
        with(&served, &key, Method::GET, "/units", None).await.expect(403);
        let read = served.get("admin", &format!("{path}/cruscotto")).await;
        assert_eq!(
            (&read.expect(200)["last_used_day"], read.json().get("key")),
            (&json!("2026-10-01"), None)
        );
        assert!(!served.get("admin", &path).await.text.contains(&key));
        served.city.now_is("2026-10-03 02:00");
        with(&served, &key, Method::GET, "/indicators", None).await.expect(401);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_replaces_the_old_one_and_a_revoked_one_does_not_come_back() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let path = format!("{CRM}/keys");
        let past =
            json!({ "name": "ieri", "scopes": ["read:reports"], "expires_at": "2026-09-30T00:00:00Z" });
        let refused = served.post("admin", &path, &past).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/expires_at");
        let new = json!({ "name": "cruscotto", "scopes": ["read:reports"] });
        let issued = served.post("admin", &path, &new).await;
        let old = issued.expect(201)["key"].as_str().unwrap().to_owned();
        let rotate = format!("{path}/cruscotto/rotate");
        let rotated = served.post("admin", &rotate, &json!({})).await;
        let key = rotated.expect(200)["key"].as_str().unwrap().to_owned();
        with(&served, &old, Method::GET, "/indicators", None).await.expect(401);
        with(&served, &key, Method::GET, "/indicators", None).await.expect(200);
        let stale = [("If-Match", issued.header("etag"))];
        served.send_with("admin", Method::POST, &rotate, Some(&json!({})), &stale).await.expect(412);
        let one = format!("{path}/cruscotto");
        served.send_with("admin", Method::DELETE, &one, None, &stale).await.expect(412);
        let present = [("If-Match", rotated.header("etag"))];
        served.send_with("admin", Method::DELETE, &one, None, &present).await.expect(204);
        with(&served, &key, Method::GET, "/indicators", None).await.expect(401);
        served.post("admin", &rotate, &json!({})).await.expect(409);
        let words = ["key_issued", "key_rotated", "key_revoked"];
        assert_eq!(audited(&served, &words).await, words);
    })
    .await;
}
