//! `/cruscotto` over the wire: a log-in of its own, figures of today, a stream, and nothing that the cookie opens
//! elsewhere.

use filo_testkit::{Database, both};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use crate::support::{
    TestApp,
    http::{CRM, PASSWORD, Served},
};

const DOOR: &str = "/cruscotto/accesso";

/// A browser: it follows nothing, and sends back the cookies that it was given.
struct Browser<'a> {
    served: &'a Served,
    client: reqwest::Client,
    cookies: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    fn new(served: &'a Served) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { served, client, cookies: vec![] }
    }

    fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn send(&mut self, method: Method, path: &str, form: Option<&str>) -> Response {
        let mut request = self.client.request(method, format!("{}{path}", self.served.base));
        request = request.header("Cookie", self.cookie());
        if let Some(form) = form {
            request =
                request.header("Content-Type", "application/x-www-form-urlencoded").body(form.to_owned());
        }
        let response = request.send().await.unwrap();
        for set in response.headers().get_all("set-cookie") {
            let set = set.to_str().unwrap();
            for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/cruscotto"] {
                assert!(set.contains(attribute), "{set}");
            }
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        response
    }

    async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let response = self.send(Method::GET, path, None).await;
        (response.status(), response.text().await.unwrap())
    }

    /// Fills in the log-in page.
    async fn log_in(&mut self, username: &str, password: &str, otp: &str) -> (StatusCode, String) {
        let response = self.send_login(username, password, otp).await;
        (response.status(), response.text().await.unwrap())
    }

    async fn send_login(&mut self, username: &str, password: &str, otp: &str) -> Response {
        let token = token_of(&self.get(DOOR).await.1);
        let password = password.replace(' ', "+");
        let form = format!("username={username}&password={password}&otp={otp}&token={token}&lang=it");
        self.send(Method::POST, DOOR, Some(&form)).await
    }
}

/// The form's token on a page.
fn token_of(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn served(database: Database) -> Served {
    Served::of(TestApp::at("2026-11-03 10:00", database).await).await
}

#[tokio::test]
async fn supervisors_and_analysts_come_in_and_others_do_not() {
    both(async |database| {
        let served = served(database).await;
        for role in ["supervisor", "analyst"] {
            let mut browser = Browser::new(&served);
            assert_eq!(browser.get("/cruscotto").await.0, 303);
            assert_eq!(browser.log_in(role, PASSWORD, "").await.0, 303, "{role}");
            let (status, page) = browser.get("/cruscotto").await;
            assert!(status == 200 && page.contains("La giornata di oggi"), "{role}: {page}");
            assert!(browser.get("/cruscotto?lang=en").await.1.contains("How today is going"));
        }
        for role in ["operator", "specialist", "admin"] {
            let mut browser = Browser::new(&served);
            let (status, page) = browser.log_in(role, PASSWORD, "").await;
            assert!(status == 403 && page.contains("supervisori e responsabili"), "{role}: {page}");
            assert_eq!(browser.get("/cruscotto").await.0, 303, "{role}");
        }
        let (status, page) = Browser::new(&served).log_in("supervisor", "un'altra frase", "").await;
        assert!(status == 401 && page.contains("non validi"), "{page}");
    })
    .await;
}

#[tokio::test]
async fn the_cookie_opens_nothing_but_the_pages() {
    both(async |database| {
        let served = served(database).await;
        let mut browser = Browser::new(&served);
        browser.log_in("supervisor", PASSWORD, "").await;
        let session = browser.cookies.iter().find(|(name, _)| name == "filo_cruscotto").unwrap().1.clone();
        for path in ["/tickets", "/stream", "/auth/me", "/reports/monthly/2026-10"] {
            assert_eq!(browser.get(&format!("{CRM}{path}")).await.0, 401, "{path}");
            let bearer = format!("Bearer {session}");
            let headers = [("Authorization", bearer.as_str())];
            let as_bearer = served.send_with("", Method::GET, &format!("{CRM}{path}"), None, &headers).await;
            assert_eq!(as_bearer.status, 401, "{path}");
        }
        let refresh = json!({ "refresh_token": session });
        assert_eq!(served.post("", &format!("{CRM}/auth/refresh"), &refresh).await.status, 401);
        // And a token of the interface opens no page.
        let token = served.token("supervisor").to_owned();
        browser.cookies = vec![("filo_cruscotto".to_owned(), token.clone())];
        assert_eq!(browser.get("/cruscotto").await.0, 303);
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        assert_eq!(served.send_with("", Method::GET, "/cruscotto/flusso", None, &headers).await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn forms_of_other_sites_do_not_log_in_or_out() {
    both(async |database| {
        let served = served(database).await;
        let mut browser = Browser::new(&served);
        browser.get(DOOR).await;
        // A token that was shown to another browser, and none.
        let other = token_of(&Browser::new(&served).get(DOOR).await.1);
        for token in [other.as_str(), "", "zz"] {
            let form = format!("username=supervisor&password={}&token={token}", PASSWORD.replace(' ', "+"));
            assert_eq!(browser.send(Method::POST, DOOR, Some(&form)).await.status(), 403, "{token}");
        }
        assert_eq!(browser.log_in("supervisor", PASSWORD, "").await.0, 303);
        for form in ["token=", "token=00", "lang=it"] {
            assert_eq!(browser.send(Method::POST, "/cruscotto/uscita", Some(form)).await.status(), 403);
        }
        assert_eq!(browser.get("/cruscotto").await.0, 200);
    })
    .await;
}

#[tokio::test]
async fn logging_out_and_being_disabled_end_a_session_at_once() {
    both(async |database| {
        let served = served(database).await;
        let mut browser = Browser::new(&served);
        browser.log_in("supervisor", PASSWORD, "").await;
        let kept = browser.cookies.clone();
        let token = token_of(&browser.get("/cruscotto").await.1);
        let left = browser.send(Method::POST, "/cruscotto/uscita", Some(&format!("token={token}"))).await;
        assert_eq!(left.status(), 303);
        assert!(browser.cookies.iter().all(|(name, _)| name != "filo_cruscotto"));
        browser.cookies = kept;
        assert_eq!(browser.get("/cruscotto").await.0, 303, "a stolen cookie is worth nothing");
        browser.log_in("analyst", PASSWORD, "").await;
        assert_eq!(browser.get("/cruscotto").await.0, 200);
        served.post("admin", &format!("{CRM}/users/analyst/disable"), &json!({})).await.expect(200);
        assert_eq!(browser.get("/cruscotto").await.0, 303);
    })
    .await;
}

#[tokio::test]
async fn too_many_wrong_passwords_lock_the_page_as_they_lock_the_interface() {
    both(async |database| {
        let served = served(database).await;
        let mut browser = Browser::new(&served);
        let mut last = (StatusCode::OK, String::new());
        for _ in 0..40 {
            last = browser.log_in("supervisor", "sbagliata", "").await;
            if last.0 == 429 {
                break;
            }
        }
        assert!(last.0 == 429 && last.1.contains("Troppi tentativi"), "{}", last.1);
        let again = browser.send_login("supervisor", "sbagliata", "").await;
        let wait_s: u64 = again.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(wait_s > 0);
        let login = json!({ "username": "supervisor", "password": PASSWORD });
        assert_eq!(served.post("", &format!("{CRM}/auth/login"), &login).await.status, 429);
    })
    .await;
}

/// Opens a ticket at the counter.
async fn contact(served: &Served, nth: usize) {
    let body = json!({
        "channel": "counter", "subject": format!("Segretissimo {nth}"), "body": "Testo", "kind": "information", "theme": "anagrafe",
        "requester": { "name": "Giulia Ferrari", "identities": [] }
    });
    served.post("operator", &format!("{CRM}/tickets"), &body).await.expect(201);
}

#[tokio::test]
async fn today_is_counted_against_the_same_weekdays_up_to_this_hour() {
    both(async |database| {
        // Tuesdays: two contacts in the morning and one in the evening a week ago, three this morning.
        let mut served = Served::of(TestApp::at("2026-10-27 09:00", database).await).await;
        contact(&served, 1).await;
        contact(&served, 2).await;
        served.now_is("2026-10-27 18:00").await;
        contact(&served, 3).await;
        served.now_is("2026-11-03 10:00").await;
        for nth in 4..7 {
            contact(&served, nth).await;
        }
        let call = json!({ "source": "pbx-020202", "call_id": "1.1", "event": "queued", "at": "2026-11-03T08:58:00Z",
            "caller": "+390212345678", "queue": "anagrafe" });
        let key = json!({ "name": "centralino", "scopes": ["intake:phone"] });
        let key = served.post("admin", &format!("{CRM}/keys"), &key).await.expect(201);
        let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
        let headers = [("Authorization", bearer.as_str())];
        let path = format!("{CRM}/calls/events");
        served.send_with("", Method::POST, &path, Some(&call), &headers).await.expect(201);
        let mut browser = Browser::new(&served);
        browser.log_in("supervisor", PASSWORD, "").await;
        let page = browser.get("/cruscotto").await.1;
        let row = page.split("<tr>").find(|row| row.contains("Sportello</th>")).unwrap();
        let cells: Vec<&str> =
            row.split("<td class=\"n\">").skip(1).map(|cell| cell.split('<').next().unwrap()).collect();
        assert_eq!(cells, ["3", "2", "+50 %"], "{row}");
        for secret in ["Giulia", "Segretissimo", "+3902"] {
            assert!(!page.contains(secret), "{secret}: {page}");
        }
        assert!(page.contains("la prima aspetta da 2 min"), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_sends_a_newer_fragment_and_ends_with_the_session() {
    both(async |database| {
        let served = served(database).await;
        let mut browser = Browser::new(&served);
        browser.log_in("supervisor", PASSWORD, "").await;
        let mut stream = browser.send(Method::GET, "/cruscotto/flusso", None).await;
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        let mut until = async |wanted: &str| {
            let mut heard = String::new();
            while !heard.contains(wanted) {
                let wait = std::time::Duration::from_secs(20);
                let chunk = tokio::time::timeout(wait, stream.chunk()).await;
                let Ok(Ok(Some(chunk))) = chunk else { panic!("{wanted} was not heard: {heard}") };
                heard.push_str(&String::from_utf8_lossy(&chunk));
            }
            heard
        };
        let first = until("event: now").await;
        assert!(first.contains("Nessuna richiesta aperta"), "{first}");
        contact(&served, 1).await;
        assert!(until("Sportello").await.contains("event: now"));
        let token = token_of(&browser.get("/cruscotto").await.1);
        browser.send(Method::POST, "/cruscotto/uscita", Some(&format!("token={token}"))).await;
        contact(&served, 2).await;
        until("event: end").await;
    })
    .await;
}
