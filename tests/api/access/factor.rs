//! The second factor over the wire.

use filo_testkit::both;
use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

use super::{audited, log_in, tokens, with};
use crate::support::{
    TestApp,
    http::{CRM, PASSWORD, Served},
};

/// An authenticator app that was told a secret.
fn device(enrolment: &Value) -> Totp {
    let secret = Secret::try_from_base32(enrolment["secret"].as_str().unwrap()).unwrap();
    Builder::new().with_secret(secret).build().unwrap()
}

fn code(served: &Served, device: &Totp, later_s: i64) -> String {
    let at = served.city.now().plus_seconds(later_s).seconds();
    device.generate(u64::try_from(at).unwrap()).to_string()
}

/// Enrols a user who is logged in; gives the device and the recovery codes.
async fn enrol(served: &Served, token: &str) -> (Totp, Vec<String>) {
    let begun = with(served, token, Method::POST, "/auth/totp", None).await.expect(200);
    let device = device(&begun);
    let uri = begun["otpauth_uri"].as_str().unwrap();
    assert!(
        uri.starts_with("otpauth://totp/Filo") && uri.contains(begun["secret"].as_str().unwrap()),
        "{uri}"
    );
    let otp = json!({ "otp": code(served, &device, 0) });
    let confirmed = with(served, token, Method::POST, "/auth/totp/confirm", Some(&otp)).await.expect(200);
    let codes: Vec<String> = serde_json::from_value(confirmed["recovery_codes"].clone()).unwrap();
    assert_eq!(codes.len(), 10);
    (device, codes)
}

async fn served(local: &str, database: filo_testkit::Database) -> Served {
    Served::with(TestApp::at(local, database).await, |settings| settings.behind_proxy = true).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolled_user_needs_a_code_that_is_accepted_once() {
    both(async |database| {
        let served = served("2026-10-01 12:00:10", database).await;
        let token = tokens(&served, "analyst").await["access_token"].as_str().unwrap().to_owned();
        let (device, _) = enrol(&served, &token).await;
        // The password must be right before a code is asked for.
        assert_eq!(
            log_in(&served, "analyst", "sbagliata", None).await.expect(401)["type"],
            "/problems/credentials"
        );
        let asked = log_in(&served, "analyst", PASSWORD, None).await;
        assert_eq!(asked.expect(401)["type"], "/problems/otp-required");
        // The code that confirmed the factor was used by that.
        let used = code(&served, &device, 0);
        let refused = log_in(&served, "analyst", PASSWORD, Some(&used)).await;
        assert_eq!(refused.expect(401)["type"], "/problems/otp-refused");
        let next = code(&served, &device, 30);
        assert_eq!(
            log_in(&served, "analyst", PASSWORD, Some(&next)).await.expect(200)["enrolment_only"],
            false
        );
        log_in(&served, "analyst", PASSWORD, Some(&next)).await.expect(401);
        served.city.now_is("2026-10-01 12:10:10");
        for far in [-60, 60] {
            let code = code(&served, &device, far);
            log_in(&served, "analyst", PASSWORD, Some(&code)).await.expect(401);
        }
        served.city.now_is("2026-10-01 12:10:12");
        let late = code(&served, &device, -30);
        log_in(&served, "analyst", PASSWORD, Some(&late)).await.expect(200);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_stands_in_once_and_an_administrator_resets_a_lost_factor() {
    both(async |database| {
        let served = served("2026-10-01 12:00:10", database).await;
        let token = tokens(&served, "analyst").await["access_token"].as_str().unwrap().to_owned();
        let (_, codes) = enrol(&served, &token).await;
        let spaced = format!("{}-{}", codes[0][..5].to_lowercase(), &codes[0][5..]);
        log_in(&served, "analyst", PASSWORD, Some(&spaced)).await.expect(200);
        log_in(&served, "analyst", PASSWORD, Some(&codes[0])).await.expect(401);
        let state = with(&served, &token, Method::GET, "/auth/totp", None).await.expect(200);
        assert_eq!((&state["enrolled"], &state["recovery_codes_left"]), (&json!(true), &json!(9)));
        let path = format!("{CRM}/users/analyst/totp/reset");
        served.post("supervisor", &path, &json!({})).await.expect(403);
        served.post("admin", &path, &json!({})).await.expect(200);
        log_in(&served, "analyst", PASSWORD, None).await.expect(200);
        let words = ["totp_enrolled", "recovery_code_used", "otp_refused", "totp_reset"];
        assert_eq!(audited(&served, &words).await, words);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_is_removed_by_its_own_code_and_stored_in_no_readable_form() {
    both(async |database| {
        let served = served("2026-10-01 12:00:10", database).await;
        let token = tokens(&served, "analyst").await["access_token"].as_str().unwrap().to_owned();
        let (device, codes) = enrol(&served, &token).await;
        let secret = device.secret().to_base32();
        let readable = |sql: &str| served.city.database.count(sql);
        let kept =
            format!("SELECT count(*) AS value FROM recovery_codes WHERE code_hash LIKE '%{}%'", codes[0]);
        assert_eq!(readable(&kept), 0);
        let sealed = "SELECT count(*) AS value FROM totp_factors WHERE length(secret) = 12 + 20 + 16";
        assert_eq!(readable(sealed), 1);
        with(&served, &token, Method::POST, "/auth/totp", None).await.expect(409);
        let state = with(&served, &token, Method::GET, "/auth/totp", None).await;
        assert!(!state.text.contains(&secret));
        let tag = state.header("etag").to_owned();
        with(&served, &token, Method::DELETE, "/auth/totp", None).await.expect(428);
        let bearer = format!("Bearer {token}");
        let path = format!("{CRM}/auth/totp");
        for (otp, status) in [("000000".to_owned(), 401), (code(&served, &device, 30), 204)] {
            let headers = [("Authorization", bearer.as_str()), ("If-Match", &tag), ("Filo-Otp", &otp)];
            served.send_with("", Method::DELETE, &path, None, &headers).await.expect(status);
        }
        log_in(&served, "analyst", PASSWORD, None).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_must_have_a_factor_may_enrol_one_and_nothing_else_until_then() {
    both(async |database| {
        let required = [("FILO__ACCESS__TOTP_REQUIRED_FOR", "admin, analyst")];
        let city = TestApp::set_up("2026-10-01 12:00:10", database, &required).await;
        let served = Served::with(city, |settings| settings.behind_proxy = true).await;
        let first = tokens(&served, "analyst").await;
        assert_eq!(first["enrolment_only"], true);
        let token = first["access_token"].as_str().unwrap();
        for path in ["/units", "/indicators", "/tickets"] {
            with(&served, token, Method::GET, path, None).await.expect(403);
        }
        let me = with(&served, token, Method::GET, "/auth/me", None).await.expect(200);
        assert_eq!((&me["role"], &me["totp"]["required"]), (&json!("analyst"), &json!(true)));
        let again = json!({ "refresh_token": first["refresh_token"] });
        let refreshed = served.post("", &format!("{CRM}/auth/refresh"), &again).await.expect(200);
        assert_eq!(refreshed["enrolment_only"], true);
        let (device, _) = enrol(&served, token).await;
        let next = code(&served, &device, 30);
        let full = log_in(&served, "analyst", PASSWORD, Some(&next)).await.expect(200);
        assert_eq!(full["enrolment_only"], false);
        with(&served, full["access_token"].as_str().unwrap(), Method::GET, "/units", None).await.expect(200);
        assert_eq!(tokens(&served, "operator").await["enrolment_only"], false);
    })
    .await;
}
