//! Who administers whom.

use filo_testkit::both;
use reqwest::Method;
use serde_json::{Value, json};

use super::{audited, log_in, tokens, with};
use crate::support::{
    TestApp,
    http::{CRM, PASSWORD, Served},
};

const OTHER: &str = "un'altra frase lunga";

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_administers_the_operators_and_specialists_of_the_unit_and_nobody_else() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let path = format!("{CRM}/users");
        let new = |name: &str, role: &str, unit: Option<&str>| {
            let mut new = json!({ "name": name, "role": role, "password": PASSWORD });
            if let Some(unit) = unit {
                new["unit"] = json!(unit);
            }
            new
        };
        let made = served.post("supervisor", &path, &new("nuovo", "operator", None)).await;
        assert_eq!(made.expect(201)["unit"], "mobilita");
        served.post("supervisor", &path, &new("capo", "supervisor", Some("mobilita"))).await.expect(403);
        served.post("supervisor", &path, &new("capo", "admin", None)).await.expect(403);
        served.post("supervisor", &path, &new("altro", "operator", Some("020202"))).await.expect(403);
        served.post("operator", &path, &new("altro", "operator", None)).await.expect(403);
        let seen = served.get("supervisor", &path).await.expect(200);
        let names: Vec<&str> =
            seen["items"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["nuovo", "specialist", "supervisor"]);
        let password = json!({ "password": OTHER });
        for (name, status) in [("nuovo", 200), ("specialist", 200), ("operator", 404), ("admin", 404)] {
            let reply = served.post("supervisor", &format!("{path}/{name}/password"), &password).await;
            reply.expect(status);
        }
        served.post("supervisor", &format!("{path}/supervisor/disable"), &json!({})).await.expect(403);
        let promote = json!({ "role": "supervisor" });
        let tag = made.header("etag");
        served.patch("supervisor", &format!("{path}/nuovo"), tag, &promote).await.expect(403);
        let away = json!({ "unit": "020202" });
        served.patch("supervisor", &format!("{path}/nuovo"), tag, &away).await.expect(403);
        served.post("supervisor", &format!("{path}/nuovo/disable"), &json!({})).await.expect(200);
        log_in(&served, "nuovo", OTHER, None).await.expect(401);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_user_holds_at_once_and_is_made_with_the_version_in_hand() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let path = format!("{CRM}/users/operator");
        let read = served.get("admin", &path).await;
        let change = json!({ "role": "analyst", "display_name": "Anna R." });
        let bare = served.send("admin", Method::PATCH, &path, Some(&change)).await;
        bare.expect(428);
        let changed = served.patch("admin", &path, read.header("etag"), &change).await;
        assert_eq!(
            (&changed.expect(200)["role"], &changed.json()["display_name"]),
            (&json!("analyst"), &json!("Anna R."))
        );
        served.patch("admin", &path, read.header("etag"), &change).await.expect(412);
        served.get("operator", &format!("{CRM}/tickets")).await.expect(403);
        assert_eq!(
            served.get("operator", &format!("{CRM}/auth/me")).await.expect(200)["display_name"],
            "Anna R."
        );
        let never = json!({ "role": null });
        served.patch("admin", &path, changed.header("etag"), &never).await.expect(422);
        let specialist = json!({ "role": "specialist" });
        let homeless = served.patch("admin", &path, changed.header("etag"), &specialist).await.expect(422);
        assert_eq!(homeless["errors"][0]["pointer"], "/unit");
        let gone = json!({ "display_name": null, "unit": "mobilita", "role": "specialist" });
        let moved = served.patch("admin", &path, changed.header("etag"), &gone).await.expect(200);
        assert_eq!((&moved["display_name"], &moved["unit"]), (&json!(null), &json!("mobilita")));
        assert_eq!(audited(&served, &["user_changed"]).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_user_who_is_enabled_logs_in_anew() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let path = format!("{CRM}/users/specialist");
        let before = tokens(&served, "specialist").await;
        let read = served.get("admin", &path).await;
        served.post("supervisor", &format!("{path}/disable"), &json!({})).await.expect(200);
        log_in(&served, "specialist", PASSWORD, None).await.expect(401);
        let (enable, stale) = (format!("{path}/enable"), [("If-Match", read.header("etag"))]);
        served.send_with("admin", Method::POST, &enable, None, &stale).await.expect(412);
        served.post("operator", &enable, &json!({})).await.expect(403);
        let enabled = served.post("supervisor", &enable, &json!({})).await;
        assert_eq!(enabled.expect(200)["disabled_at"], Value::Null);
        // Once more changes nothing.
        let again = served.post("admin", &enable, &json!({})).await;
        again.expect(200);
        assert_eq!(again.header("etag"), enabled.header("etag"));
        let old = json!({ "refresh_token": before["refresh_token"] });
        served.post("", &format!("{CRM}/auth/refresh"), &old).await.expect(401);
        tokens(&served, "specialist").await;
        served.post("supervisor", &format!("{CRM}/users/admin/enable"), &json!({})).await.expect(404);
        let words = ["user_disabled", "user_enabled"];
        assert_eq!(audited(&served, &words).await, words);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays_one() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let users = format!("{CRM}/users");
        let one = format!("{users}/admin");
        let refused = served.post("admin", &format!("{one}/disable"), &json!({})).await.expect(409);
        assert_eq!(refused["type"], "/problems/last-admin");
        let tag = served.get("admin", &one).await.header("etag").to_owned();
        served.patch("admin", &one, &tag, &json!({ "role": "operator" })).await.expect(409);
        served.patch("admin", &one, &tag, &json!({ "display_name": "Capo" })).await.expect(200);
        let second = json!({ "name": "admin2", "role": "admin", "password": PASSWORD });
        served.post("admin", &users, &second).await.expect(201);
        let token = tokens(&served, "admin2").await["access_token"].as_str().unwrap().to_owned();
        // Two administrators who disable each other at the same time: one stays.
        let (one, other) = (format!("{one}/disable"), "/users/admin2/disable");
        let (own, body) = (served.token("admin").to_owned(), json!({}));
        let (left, right) = tokio::join!(
            served.post("admin", &one, &body),
            with(&served, &own, Method::POST, other, Some(&body))
        );
        let refused =
            [&left, &right].iter().filter(|reply| matches!(reply.status.as_u16(), 409 | 401)).count();
        assert_eq!(refused, 1, "{} {}", left.text, right.text);
        let sql = "SELECT count(*) AS value FROM users WHERE role = 'admin' AND disabled_at IS NULL";
        assert_eq!(served.city.database.count(sql), 1, "{token}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_change_their_own_password_and_every_other_log_in_ends() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let elsewhere = tokens(&served, "analyst").await;
        let path = "/auth/password";
        let change = |current: &str, new: &str| json!({ "current": current, "new": new });
        let own = served.token("analyst").to_owned();
        for (body, pointer) in [(change("sbagliata", OTHER), "/current"), (change(PASSWORD, "corta"), "/new")]
        {
            let refused = with(&served, &own, Method::POST, path, Some(&body)).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer);
        }
        let fresh = with(&served, &own, Method::POST, path, Some(&change(PASSWORD, OTHER))).await.expect(200);
        let refresh = |tokens: &serde_json::Value| json!({ "refresh_token": tokens["refresh_token"] });
        let refreshing = format!("{CRM}/auth/refresh");
        served.post("", &refreshing, &refresh(&elsewhere)).await.expect(401);
        served.post("", &refreshing, &refresh(&fresh)).await.expect(200);
        log_in(&served, "analyst", PASSWORD, None).await.expect(401);
        log_in(&served, "analyst", OTHER, None).await.expect(200);
        assert_eq!(audited(&served, &["password_changed"]).await.len(), 1);
    })
    .await;
}
