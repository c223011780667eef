//! A running server of one test, with a user of each role logged in.

use std::{collections::BTreeMap, net::TcpListener, sync::Arc};

use filo_app::{Caller, LoginRequest, NewUser, Role};
use filo_domain::vocabulary::Word;
use filo_http::{HttpSettings, State};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;

use super::TestApp;

/// The password of every user here.
pub(crate) const PASSWORD: &str = "una frase lunga e segreta";
/// Where the operators' interface begins.
pub(crate) const CRM: &str = "/rest/crm/v1";

/// The application of a test, answering on a port of its own until it is dropped.
pub(crate) struct Served {
    pub(crate) city: TestApp,
    pub(crate) base: String,
    pub(crate) client: reqwest::Client,
    pub(crate) state: State,
    tokens: BTreeMap<&'static str, String>,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("{} is no JSON: {}", self.status, self.text))
    }
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    /// The JSON, if the status is the one expected.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

impl Served {
    /// Serves an application, without limits of requests a minute. A specialist and a supervisor are of unit
    /// `mobilita`.
    pub(crate) async fn of(city: TestApp) -> Self {
        Self::with(city, |_| ()).await
    }

    /// The same with other settings.
    pub(crate) async fn with(city: TestApp, change: impl FnOnce(&mut HttpSettings)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let base = format!("http://{address}");
        let mut settings = HttpSettings::at(address, base.clone());
        (settings.public_per_minute, settings.login_per_minute, settings.api_per_minute) = (0, 0, 0);
        change(&mut settings);
        let clock = Arc::clone(&city.program.clock);
        let state = State::new(city.app.clone(), clock, city.program.renderers(), settings).unwrap();
        let server = tokio::spawn(filo_http::start(listener, state.clone()).unwrap().run());
        let mut tokens = BTreeMap::new();
        for role in Role::ALL {
            add_user(&city, *role).await;
            tokens.insert(role.word(), log_in(&city, *role).await);
        }
        Self { city, base, client: reqwest::Client::new(), state, tokens, server }
    }

    /// Puts the clock, and logs everybody in again: access tokens live a quarter of an hour.
    pub(crate) async fn now_is(&mut self, local: &str) {
        self.city.now_is(local);
        for role in Role::ALL {
            self.tokens.insert(role.word(), log_in(&self.city, *role).await);
        }
    }

    /// The access token of the user who has this role.
    pub(crate) fn token(&self, role: &str) -> &str {
        &self.tokens[role]
    }

    /// A request by the user who has a role; `""` is nobody.
    pub(crate) async fn send(&self, role: &str, method: Method, path: &str, body: Option<&Value>) -> Reply {
        self.send_with(role, method, path, body, &[]).await
    }

    /// The same with further headers.
    pub(crate) async fn send_with(
        &self,
        role: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let patches = method == Method::PATCH;
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !role.is_empty() {
            request = request.bearer_auth(self.token(role));
        }
        if let Some(body) = body {
            let media = if patches { "application/merge-patch+json" } else { "application/json" };
            request = request.header("Content-Type", media).body(body.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Reply { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) async fn get(&self, role: &str, path: &str) -> Reply {
        self.send(role, Method::GET, path, None).await
    }
    pub(crate) async fn post(&self, role: &str, path: &str, body: &Value) -> Reply {
        self.send(role, Method::POST, path, Some(body)).await
    }
    /// A change of what has this version.
    pub(crate) async fn patch(&self, role: &str, path: &str, version: &str, body: &Value) -> Reply {
        self.send_with(role, Method::PATCH, path, Some(body), &[("If-Match", version)]).await
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn add_user(city: &TestApp, role: Role) {
    let unit = matches!(role, Role::Specialist | Role::Supervisor).then(|| "mobilita".to_owned());
    let new = NewUser { name: role.word().to_owned(), role, unit, password: PASSWORD.to_owned().into() };
    city.app.add_user(&Caller::console(), new, city.now()).await.unwrap();
}

async fn log_in(city: &TestApp, role: Role) -> String {
    let request =
        LoginRequest { username: role.word().to_owned(), password: PASSWORD.to_owned().into(), otp: None };
    city.app.login(request, city.now()).await.unwrap().access_token
}
