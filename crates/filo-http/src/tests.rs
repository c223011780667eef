//! The whole interface in this process, each test with a database file of its own and a clock that stands still.

mod access;
mod citizens;
mod document;
mod general;
mod permissions;
mod running;
mod work;

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};

use actix_web::{
    body::to_bytes,
    http::{StatusCode, header::HeaderMap},
    test::{TestRequest, call_service, init_service},
};
use filo_app::{
    App, Caller, Core, FileLimits, Files, FixedClock, HandOverError, LoginRequest, NewUser, PostWebhook,
    ProtocolDocument, ProtocolSystem, Role, Scope, SignedWebhook, SourceAdapter, WebhookAnswer,
};
use filo_channel::{Decode, Decoded, Raw, Rejected, Webhook};
use filo_channel_scrivi::ScriviDecoder;
use filo_domain::{Instant, city::City, protocol::ProtocolEntry, vocabulary::Word};
use filo_indicators::definition::Definitions;
use filo_outward::blobs::Blobs;
use filo_store::{Db, DbSettings};
use serde_json::Value;
use tempfile::TempDir;

use crate::{HttpSettings, State, application};

const PASSWORD: &str = "una frase lunga e segreta";

/// The application with its folder.
struct TestApp {
    _folder: TempDir,
    state: State,
    clock: Arc<FixedClock>,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    /// Checks that it is a problem document of this status, and gives it.
    fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], status);
        assert!(body["type"].is_string() && body["title"].is_string() && body["instance"].is_string());
        body
    }
}

/// A protocol system that answers later.
struct NoProtocol;

#[async_trait::async_trait]
impl ProtocolSystem for NoProtocol {
    async fn hand_over(&self, _: &ProtocolDocument) -> Result<Option<ProtocolEntry>, HandOverError> {
        Ok(None)
    }
}

/// Posts nowhere.
struct NoWebhooks;

#[async_trait::async_trait]
impl PostWebhook for NoWebhooks {
    fn check(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
    async fn post(&self, _: &SignedWebhook) -> Result<WebhookAnswer, String> {
        Err("nobody is there".to_owned())
    }
}

/// A webhook that knows one word.
struct FakeMeta;

impl Webhook for FakeMeta {
    fn challenge(&self, query: &BTreeMap<String, String>) -> Option<String> {
        let right = query.get("hub.verify_token").is_some_and(|token| token == "parola");
        query.get("hub.challenge").filter(|_| right).cloned()
    }
    fn verify(&self, signature: Option<&str>, _: &[u8]) -> bool {
        signature == Some("sha256=good")
    }
}

impl Decode for FakeMeta {
    fn decode(&self, raw: &Raw) -> Vec<Result<Decoded, Rejected>> {
        vec![Err(Rejected { reason: "not_json", detail: "unreadable".to_owned(), raw: raw.bytes.clone() })]
    }
}

fn files(folder: &Path, root: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, root, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

impl TestApp {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut HttpSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/cities/milano"));
        let mut city_files = BTreeMap::new();
        files(root, root, &mut city_files);
        let city = City::from_files(&city_files).unwrap();
        let indicators = city_files
            .iter()
            .filter_map(|(name, text)| Some((name.strip_prefix("indicators/")?.to_owned(), text.clone())));
        let indicators = indicators.collect();
        let scrivi = Arc::new(ScriviDecoder::new("scrivi", city.forms.clone()));
        let sources = BTreeMap::from([
            ("scrivi".to_owned(), SourceAdapter { decode: scrivi, webhook: None, formats: BTreeMap::new() }),
            (
                "facebook".to_owned(),
                SourceAdapter {
                    decode: Arc::new(FakeMeta),
                    webhook: Some(Arc::new(FakeMeta)),
                    formats: BTreeMap::new(),
                },
            ),
        ]);
        let core = Core {
            definitions: Definitions::from_files(&indicators).unwrap(),
            city,
            sources,
            deliverers: BTreeMap::new(),
            protocol: Arc::new(NoProtocol),
            files: Files {
                blobs: Arc::new(Blobs::folder(&folder.path().join("attachments")).unwrap()),
                scanner: None,
                limits: FileLimits::default(),
                incoming: folder.path().join("incoming"),
            },
            public_url: "https://filo.test".to_owned(),
            signing_key: vec![7_u8; 32].into(),
            access: filo_app::AccessPolicy::default(),
            feed_keep_hours: 48,
            oidc: None,
            webhooks: Arc::new(NoWebhooks),
            renderers: vec![],
        };
        let url = format!("sqlite:{}", folder.path().join("filo.db").display());
        let db = Db::open(&DbSettings::at(url)).unwrap();
        db.migrate().await.unwrap();
        let clock = Arc::new(FixedClock::at(Instant::parse("2026-10-05T08:00:00Z").unwrap()));
        let mut settings = HttpSettings::at(SocketAddr::from(([127, 0, 0, 1], 0)), "https://filo.test");
        (settings.public_per_minute, settings.login_per_minute, settings.api_per_minute) = (0, 0, 0);
        change(&mut settings);
        let state = State::new(App::new(db, core), clock.clone(), vec![], settings).unwrap();
        Self { _folder: folder, state, clock }
    }

    /// Moves the clock on.
    fn wait(&self, seconds: i64) {
        use filo_app::Clock;
        self.clock.set(self.clock.now().plus_seconds(seconds));
    }

    /// A token of a fresh user of a role.
    async fn token(&self, role: Role) -> String {
        let unit = (role == Role::Specialist).then(|| self.second_level());
        let new = NewUser { name: role.word().to_owned(), role, unit, password: PASSWORD.into() };
        self.state.app.add_user(&Caller::console(), new, self.state.now()).await.unwrap();
        let login = LoginRequest { username: role.word().to_owned(), password: PASSWORD.into(), otp: None };
        self.state.app.login(login, self.state.now()).await.unwrap().access_token
    }

    /// A session of the pages of the user of a role, who has a token already.
    async fn page_session(&self, role: Role) -> String {
        let login = LoginRequest { username: role.word().to_owned(), password: PASSWORD.into(), otp: None };
        self.state.app.open_page_session(login, None, self.state.now()).await.unwrap().token
    }

    async fn key(&self, scope: Scope) -> String {
        let (console, now) = (Caller::console(), self.state.now());
        let name = scope.word().replace(':', "-");
        let issued = self.state.app.issue_key(&console, &name, vec![scope], now).await.unwrap();
        issued.key.unwrap()
    }

    /// A unit of level II that works today.
    fn second_level(&self) -> String {
        use filo_domain::vocabulary::Level;
        let day = self.state.app.city().zone.day(self.state.now());
        let units = self.state.app.city().units.all().iter();
        units.clone().find(|unit| unit.level == Level::II && unit.is_valid_on(day)).unwrap().key.clone()
    }

    async fn send(&self, request: TestRequest) -> Answer {
        let service = init_service(application(self.state.clone())).await;
        let response = call_service(&service, request.to_request()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("a body"));
        Answer { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(as_caller(TestRequest::get().uri(path), token)).await
    }

    async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.send(as_caller(TestRequest::post().uri(path), token).set_json(body)).await
    }

    /// A form as a browser sends it.
    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(TestRequest::post().uri(path).set_form(fields)).await
    }
}

fn as_caller(request: TestRequest, token: &str) -> TestRequest {
    if token.is_empty() {
        request
    } else {
        request.insert_header(("Authorization", format!("Bearer {token}")))
    }
}
