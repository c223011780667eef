//! Log-in of staff at a real identity provider, walked as a browser walks it.

mod browser;
mod provider;

use filo_testkit::{Database, both};
use reqwest::Method;
use serde_json::{Value, json};

use self::{
    browser::Browser,
    provider::{Kind, Provider},
};
use super::{audited, log_in, with};
use crate::support::{
    TestApp,
    http::{CRM, PASSWORD, Reply, Served},
};

/// Where the provider sends browsers back to; the test brings the request to its own server.
const REDIRECT: &str = "https://filo.example/rest/crm/v1/auth/oidc/callback";
const PAGE: &str = "https://filo.example/desktop?tab=1";

async fn served(database: Database, issuer: &str, more: &str) -> Served {
    served_with(database, issuer, more, &[]).await
}

async fn served_with(database: Database, issuer: &str, more: &str, further: &[(&str, &str)]) -> Served {
    let settings = format!(
        "[oidc]\nissuer = \"{issuer}\"\nclient_id = \"filo\"\nredirect_uri = \"{REDIRECT}\"\n\
         scopes = [\"profile\", \"groups\"]\n{more}\ngroups = [ {{ name = \"filo-admin\", role = \"admin\" }},\n\
         {{ name = \"filo-mobilita\", role = \"specialist\", unit = \"mobilita\" }},\n\
         {{ name = \"filo-020202\", role = \"operator\" }} ]\n"
    );
    let variables = [further, &[("FILO__OIDC__CLIENT_SECRET", provider::SECRET)]].concat();
    let city = TestApp::configured("2026-10-01 12:00", database, &variables, &settings).await;
    city.now_is_real();
    Served::of(city).await
}

/// Goes to the provider and logs in there; gives the browser and the address it is sent back to.
async fn gone(served: &Served, login: &str) -> (Browser, String) {
    let mut browser = Browser::default();
    let back = sent_back(served, &mut browser, login).await;
    (browser, back)
}

async fn sent_back(served: &Served, browser: &mut Browser, login: &str) -> String {
    browser.walk(&format!("{}{CRM}/auth/oidc/start", served.base), login, REDIRECT).await
}

async fn back(served: &Served, browser: &mut Browser, address: &str) -> Reply {
    let query = address.strip_prefix(REDIRECT).unwrap();
    browser.get(&format!("{}{CRM}/auth/oidc/callback{query}", served.base)).await
}

async fn come_in(served: &Served, login: &str) -> Reply {
    let (mut browser, address) = gone(served, login).await;
    back(served, &mut browser, &address).await
}

async fn me(served: &Served, tokens: &Value) -> Value {
    with(served, tokens["access_token"].as_str().unwrap(), Method::GET, "/auth/me", None).await.expect(200)
}

async fn refresh(served: &Served, tokens: &Value) -> Reply {
    let token = json!({ "refresh_token": tokens["refresh_token"] });
    served.post("", &format!("{CRM}/auth/refresh"), &token).await
}

/// Why log-ins were refused, oldest first.
async fn reasons(served: &Served) -> Vec<String> {
    let log =
        served.get("admin", &format!("{CRM}/audit-log?limit=200&action=login_refused")).await.expect(200);
    let entries = log["items"].as_array().unwrap().iter().rev();
    entries.filter_map(|entry| entry["data"]["why"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_providers_groups_decide_the_role_at_each_log_in_and_users_are_known_by_subject() {
    both(async |database| {
        for kind in [Kind::Token, Kind::Userinfo] {
            let provider = Provider::start(kind, REDIRECT);
            let served = served(database.another(), &provider.issuer, "").await;
            let first = me(&served, &come_in(&served, "anna+other+filo-020202").await.expect(200)).await;
            assert_eq!((&first["name"], &first["role"]), (&json!("anna"), &json!("operator")));
            assert_eq!(first["display_name"], "anna of the city");
            let second =
                me(&served, &come_in(&served, "anna+filo-020202+filo-mobilita").await.expect(200)).await;
            assert_eq!((&second["id"], &second["role"]), (&first["id"], &json!("specialist")));
            assert_eq!(second["unit"], "mobilita");
            // A name of the provider takes over no account that is here.
            let other = me(&served, &come_in(&served, "admin+filo-020202").await.expect(200)).await;
            assert_eq!((&other["name"], &other["role"]), (&json!("admin-2"), &json!("operator")));
            for password in [PASSWORD, ""] {
                log_in(&served, "admin-2", password, None).await.expect(401);
            }
            let log = audited(&served, &["user_added", "user_changed"]).await;
            assert_eq!(log[log.len() - 3..], ["user_added", "user_changed", "user_added"]);
            served.city.verifies().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_group_or_is_disabled_stays_out() {
    both(async |database| {
        let provider = Provider::start(Kind::Token, REDIRECT);
        let served = served(database, &provider.issuer, "").await;
        let refused = come_in(&served, "luca+other").await.expect(403);
        assert_eq!(refused["type"], "/problems/no-group");
        assert!(refused["detail"].as_str().unwrap().contains("none of your groups"), "{refused}");
        served.get("admin", &format!("{CRM}/users/luca")).await.expect(404);
        // Who loses the group loses what there was.
        let tokens = come_in(&served, "anna+filo-020202").await.expect(200);
        come_in(&served, "anna").await.expect(403);
        refresh(&served, &tokens).await.expect(401);
        let tokens = come_in(&served, "anna+filo-020202").await.expect(200);
        served.post("admin", &format!("{CRM}/users/anna/disable"), &json!({})).await.expect(200);
        come_in(&served, "anna+filo-020202").await.expect(401);
        with(&served, tokens["access_token"].as_str().unwrap(), Method::GET, "/auth/me", None)
            .await
            .expect(401);
        assert_eq!(reasons(&served).await, ["no_group", "no_group", "disabled"]);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_taken_once_in_time_and_from_the_browser_that_asked() {
    both(async |database| {
        let provider = Provider::start(Kind::Token, REDIRECT);
        let served = served(database, &provider.issuer, "").await;
        let (_, address) = gone(&served, "anna+filo-020202").await;
        back(&served, &mut Browser::default(), &address).await.expect(401);
        let (mut browser, address) = gone(&served, "anna+filo-020202").await;
        let (mut other, _) = gone(&served, "luca+filo-020202").await;
        back(&served, &mut other, &address).await.expect(401);
        // The wrong browser used the answer up.
        back(&served, &mut browser, &address).await.expect(401);
        let (browser, address) = gone(&served, "anna+filo-020202").await;
        back(&served, &mut browser.clone(), &address).await.expect(200);
        back(&served, &mut browser.clone(), &address).await.expect(401);
        let (mut browser, address) = gone(&served, "anna+filo-020202").await;
        served.city.wait(601);
        back(&served, &mut browser, &address).await.expect(401);
        assert_eq!(reasons(&served).await, ["not_begun_here"; 5]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_forged_used_or_of_another_log_in_is_refused_by_the_provider() {
    both(async |database| {
        let provider = Provider::start(Kind::Userinfo, REDIRECT);
        let served = served(database, &provider.issuer, "").await;
        let code = |address: &str| {
            let (_, rest) = address.split_once("code=").unwrap();
            rest.split('&').next().unwrap().to_owned()
        };
        let (mut browser, address) = gone(&served, "anna+filo-020202").await;
        let used = code(&address);
        back(&served, &mut browser, &address).await.expect(200);
        // Of a browser of one's own, for which another's code is to be taken: the verifier does not fit.
        let (_, address) = gone(&served, "luca+filo-020202").await;
        let stolen = code(&address);
        for wrong in ["x", used.as_str(), stolen.as_str()] {
            let (mut browser, address) = gone(&served, "anna+filo-020202").await;
            let forged = address.replace(&code(&address), wrong);
            back(&served, &mut browser, &forged).await.expect(401);
        }
        let (mut browser, address) = gone(&served, "anna+filo-020202").await;
        let (start, rest) = address.split_once("code=").unwrap();
        let denied = format!("{start}error=access_denied{}", rest.strip_prefix(&code(&address)).unwrap());
        back(&served, &mut browser, &denied).await.expect(401);
        let refused = ["answer_refused", "answer_refused", "answer_refused", "no_code"];
        assert_eq!(reasons(&served).await, refused);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_gets_a_code_and_exchanges_it_once_within_a_minute_in_the_same_browser() {
    both(async |database| {
        let provider = Provider::start(Kind::Token, REDIRECT);
        let served = served(database, &provider.issuer, &format!("return_to = \"{PAGE}\"")).await;
        let exchange = format!("{}{CRM}/auth/oidc/exchange", served.base);
        for (other, late) in [(false, false), (true, false), (false, true)] {
            let (mut browser, address) = gone(&served, "anna+filo-020202").await;
            let sent = back(&served, &mut browser, &address).await;
            assert_eq!((sent.status.as_u16(), sent.text.as_str()), (302, ""));
            let code = sent.header("location").strip_prefix(&format!("{PAGE}&code=")).unwrap();
            let body = json!({ "code": code });
            served.city.wait(if late { 61 } else { 0 });
            if other {
                Browser::default().post(&exchange, &body).await.expect(401);
            } else if !late {
                let tokens = browser.clone().post(&exchange, &body).await.expect(200);
                assert_eq!(me(&served, &tokens).await["name"], "anna");
            }
            // Used, by the wrong one too; or too late.
            browser.post(&exchange, &body).await.expect(401);
        }
        assert_eq!(reasons(&served).await, ["code_refused"; 4]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_binds_a_browser_is_out_of_reach_of_scripts_and_other_sites() {
    both(async |database| {
        let provider = Provider::start(Kind::Token, REDIRECT);
        let served = served(database, &provider.issuer, "").await;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let start = client.get(format!("{}{CRM}/auth/oidc/start", served.base)).send().await.unwrap();
        let cookie = start.headers()["set-cookie"].to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Lax", "Path=/rest/crm/v1/auth/oidc", "Max-Age=600"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let url = reqwest::Url::parse(start.headers()["location"].to_str().unwrap()).unwrap();
        let asked = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        assert_eq!((asked("code_challenge_method"), asked("response_type")), ("S256".into(), "code".into()));
        assert_eq!(asked("scope"), "openid profile groups");
        // Nothing that is stored lets its reader go on with the log-in.
        for secret in ["state", "code_challenge"] {
            let kept = format!(
                "SELECT count(*) AS value FROM oidc_logins WHERE state_hash = '{0}' OR cookie_hash = '{0}'",
                asked(secret)
            );
            assert_eq!(served.city.database.count(&kept), 0);
        }
        assert_eq!(served.city.rows("oidc_logins"), 1);
        // Those nobody ended are forgotten.
        served.city.wait(601);
        client.get(format!("{}{CRM}/auth/oidc/start", served.base)).send().await.unwrap();
        assert_eq!(served.city.rows("oidc_logins"), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_goes_back_to_the_provider_after_twelve_hours_however_often_it_is_refreshed() {
    both(async |database| {
        let provider = Provider::start(Kind::Token, REDIRECT);
        let served = served(database, &provider.issuer, "").await;
        let mut tokens = come_in(&served, "anna+filo-020202").await.expect(200);
        for _ in 0..2 {
            served.city.wait(5 * 3600);
            tokens = refresh(&served, &tokens).await.expect(200);
        }
        served.city.wait(2 * 3600 + 1);
        refresh(&served, &tokens).await.expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_changes_its_keys_is_asked_for_them_again() {
    both(async |database| {
        let provider = Provider::start(Kind::Token, REDIRECT);
        let served = served(database, &provider.issuer, "").await;
        come_in(&served, "anna+filo-020202").await.expect(200);
        let _again = provider.again(Kind::Token, REDIRECT);
        come_in(&served, "anna+filo-020202").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_needs_a_second_factor_takes_the_providers_when_the_settings_say_how_it_is_known() {
    both(async |database| {
        let provider = Provider::start(Kind::Token, REDIRECT);
        let strict = served(database.another(), &provider.issuer, "acr_values = [\"gold\"]").await;
        // This provider does not say how it recognised the person.
        come_in(&strict, "anna+filo-admin").await.expect(401);
        assert_eq!(reasons(&strict).await, ["answer_refused"]);
        let trust = "trust_second_factor = true";
        let trusting =
            served_with(database, &provider.issuer, trust, &[("FILO__ACCESS__TOTP_REQUIRED_FOR", "admin")])
                .await;
        let tokens = come_in(&trusting, "anna+filo-admin").await.expect(200);
        assert_eq!(tokens["enrolment_only"], false);
        let who = me(&trusting, &tokens).await;
        assert_eq!((&who["role"], &who["totp"]["required"]), (&json!("admin"), &json!(false)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_do_not_demote_the_last_administrator() {
    both(async |database| {
        let provider = Provider::start(Kind::Token, REDIRECT);
        let served = served(database, &provider.issuer, "").await;
        come_in(&served, "anna+filo-admin").await.expect(200);
        served.city.app.disable_user(&filo_app::Caller::console(), "admin", served.city.now()).await.unwrap();
        let refused = come_in(&served, "anna+filo-020202").await.expect(409);
        assert_eq!(refused["type"], "/problems/last-admin");
        let still = me(&served, &come_in(&served, "anna+filo-admin").await.expect(200)).await;
        assert_eq!(still["role"], "admin");
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_there_is_nothing_at_its_addresses() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        served.get("", &format!("{CRM}/auth/oidc/start")).await.expect(404);
        served.get("", &format!("{CRM}/auth/oidc/callback?state=x&code=y")).await.expect(404);
        served.post("", &format!("{CRM}/auth/oidc/exchange"), &json!({ "code": "x" })).await.expect(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_or_calls_itself_otherwise_is_503() {
    both(async |database| {
        let provider = Provider::start(Kind::Token, REDIRECT);
        let renamed = provider.issuer.replace("127.0.0.1", "localhost");
        for issuer in ["http://127.0.0.1:9", &renamed] {
            let served = served(database.another(), issuer, "").await;
            let told = served.get("", &format!("{CRM}/auth/oidc/start")).await;
            assert_eq!(told.expect(503)["type"], "/problems/other-system-unavailable");
            assert!(told.header("retry-after").parse::<u64>().is_ok());
        }
    })
    .await;
}
