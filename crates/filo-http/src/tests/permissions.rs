//! Deny by default: every route with every method, asked by every role, with a key of every scope, and by nobody.
//! What is answered must be what the table in `docs/permissions.md` says, route by route.
//!
//! A new route needs nothing here: it names its permission in its handler (`Allowed<…>`), and
//! `UPDATE_TABLE=1 cargo nextest run -p filo-http permissions` writes its row; look at the difference it makes.

mod declared;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{
    body::{MessageBody, to_bytes},
    dev::{Service, ServiceResponse},
    http::{Method, StatusCode},
    test::{TestRequest, init_service},
};
use filo_app::{Role, Scope};
use filo_domain::vocabulary::Word;
use serde_json::Value;

use super::{TestApp, as_caller};
use crate::{application, openapi};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md");
const HEAD: &str = "| METHOD path | permission | operator | specialist | supervisor | analyst | admin | scopes | public |\n\
    |---|---|---|---|---|---|---|---|---|";

/// Pages for people: routed, but no operations of the interface.
const PAGES: [&str; 15] = [
    "GET /",
    "GET /assets/{set}/{folder}/{name}",
    "GET /docs",
    "GET /openapi.json",
    "GET /scrivi",
    "POST /scrivi",
    "GET /scrivi/segui",
    "POST /scrivi/segui",
    "GET /trasparenza",
    "GET /trasparenza/{name}",
    "GET /cruscotto",
    "GET /cruscotto/accesso",
    "POST /cruscotto/accesso",
    "GET /cruscotto/flusso",
    "POST /cruscotto/uscita",
];
/// Behind a session of the pages: asked with a cookie, not with a token.
const WITH_COOKIE: [&str; 2] = ["GET /cruscotto", "GET /cruscotto/flusso"];

#[test]
fn every_route_is_in_the_document_and_the_other_way_round() {
    let document = openapi();
    let mut documented: BTreeSet<String> = PAGES.iter().map(|page| (*page).to_owned()).collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        let verbs = item.as_object().unwrap().keys();
        documented.extend(verbs.map(|verb| format!("{} {path}", verb.to_uppercase())));
    }
    let routed = declared::routes();
    let pages = |route: &&String| !PAGES.contains(&route.as_str());
    let undocumented: Vec<&String> = routed.difference(&documented).filter(pages).collect();
    assert!(undocumented.is_empty(), "routes without an operation in openapi.rs: {undocumented:#?}");
    let unrouted: Vec<&String> = documented.difference(&routed).collect();
    assert!(unrouted.is_empty(), "operations without a route in routes.rs: {unrouted:#?}");
}

#[actix_web::test]
async fn a_route_answers_whom_the_table_names_and_nobody_else() {
    let observed = table(&observe().await);
    let text = std::fs::read_to_string(DOCUMENT).unwrap();
    let (before, written) = text.split_once(HEAD).unwrap_or((&text, ""));
    if asked_to_write() {
        std::fs::write(DOCUMENT, format!("{}\n\n{HEAD}\n{observed}", before.trim_end())).unwrap();
        return;
    }
    let rows = |text: &str| text.trim().lines().map(str::to_owned).collect::<BTreeSet<String>>();
    let (observed, written) = (rows(&observed), rows(written));
    let (more, less): (Vec<_>, Vec<_>) =
        (observed.difference(&written).collect(), written.difference(&observed).collect());
    assert!(
        more.is_empty() && less.is_empty(),
        "docs/permissions.md differs from the answers (UPDATE_TABLE=1 writes it anew).\nanswered: {more:#?}\nwritten: {less:#?}"
    );
}

#[expect(clippy::disallowed_methods, reason = "who runs the tests asks for the table in the environment")]
fn asked_to_write() -> bool {
    std::env::var("UPDATE_TABLE").is_ok()
}

/// What a route answered to each caller, by the caller's name; nobody's name is empty.
type Answers = BTreeMap<String, Answer>;

enum Answer {
    LoginNeeded,
    Refused { permission: String },
    LetIn,
}

async fn observe() -> BTreeMap<String, Answers> {
    let app = TestApp::new().await;
    let mut callers = vec![(String::new(), String::new())];
    let mut sessions: BTreeMap<String, String> = BTreeMap::new();
    for role in Role::ALL {
        callers.push((role.word().to_owned(), app.token(*role).await));
        sessions.insert(role.word().to_owned(), app.page_session(*role).await);
    }
    for scope in Scope::ALL {
        callers.push((scope.word().to_owned(), app.key(*scope).await));
    }
    let service = init_service(application(app.state.clone())).await;
    let mut observed: BTreeMap<String, Answers> = BTreeMap::new();
    for route in declared::routes() {
        for (name, token) in &callers {
            let sent = if WITH_COOKIE.contains(&route.as_str()) {
                with_cookie(&route, sessions.get(name)).to_request()
            } else {
                request(&route, token).to_request()
            };
            let response = service.call(sent).await.unwrap_or_else(|error| panic!("{route}: {error}"));
            observed.entry(route.clone()).or_default().insert(name.clone(), answer(&route, response).await);
        }
    }
    observed
}

fn request(route: &str, token: &str) -> TestRequest {
    let (method, path) = route.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let request = as_caller(TestRequest::default().method(method.clone()).uri(&filled(path)), token);
    // A body that fits nothing: whoever may not is refused before it is looked at.
    if method == Method::GET { request } else { request.set_json(Value::Null) }
}

fn with_cookie(route: &str, session: Option<&String>) -> TestRequest {
    let request = request(route, "");
    match session {
        Some(session) => request.insert_header(("Cookie", format!("filo_cruscotto={session}"))),
        None => request,
    }
}

async fn answer<B: MessageBody>(route: &str, response: ServiceResponse<B>) -> Answer {
    match response.status() {
        StatusCode::UNAUTHORIZED => Answer::LoginNeeded,
        // Who asks for a page is shown the door.
        StatusCode::SEE_OTHER if WITH_COOKIE.contains(&route) => Answer::LoginNeeded,
        StatusCode::FORBIDDEN => refused(response).await,
        status => {
            assert!(status.as_u16() < 500, "{route}: {status}");
            Answer::LetIn
        }
    }
}

async fn refused<B: MessageBody>(response: ServiceResponse<B>) -> Answer {
    let bytes = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("a body"));
    let problem: Value = serde_json::from_slice(&bytes).unwrap();
    // Other refusals, such as a wrong signature, come from inside.
    match problem["type"].as_str() {
        Some("/problems/forbidden") => {
            let detail = problem["detail"].as_str().unwrap();
            let permission = detail.strip_prefix("this needs the permission to ").unwrap().to_owned();
            Answer::Refused { permission }
        }
        _ => Answer::LetIn,
    }
}

/// The path with something in place of its names.
fn filled(path: &str) -> String {
    let part = |part: &str| match part {
        "{id}" | "{identity_id}" => uuid::Uuid::nil().to_string(),
        "{month}" => "2026-01".to_owned(),
        "{year}" => "2020".to_owned(),
        "{action}" => "close".to_owned(),
        named if named.starts_with('{') => "no".to_owned(),
        fixed => fixed.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn table(observed: &BTreeMap<String, Answers>) -> String {
    let mut by_permission: BTreeMap<String, String> = BTreeMap::new();
    let mut text = String::new();
    let mut by_path: Vec<_> = observed.iter().collect();
    by_path.sort_by_key(|(route, _)| route.split_once(' ').map(|(method, path)| (path, method)));
    for (route, answers) in by_path {
        let permission = permission(route, answers);
        let cells = cells(route, answers);
        // What a permission means does not depend on the route.
        let same = by_permission.entry(permission.clone()).or_insert_with(|| cells.clone());
        assert_eq!(*same, cells, "{route} answers otherwise than other routes that need to {permission}");
        text.push_str(&format!("| {route} | {permission} | {cells} |\n"));
    }
    text
}

/// The permission that every refusal of the route names.
fn permission(route: &str, answers: &Answers) -> String {
    let named: BTreeSet<&String> = answers
        .values()
        .filter_map(|answer| match answer {
            Answer::Refused { permission } => Some(permission),
            Answer::LoginNeeded | Answer::LetIn => None,
        })
        .collect();
    assert!(named.len() <= 1, "{route} names several permissions: {named:?}");
    let public = matches!(answers[""], Answer::LetIn);
    match named.first() {
        Some(one) => (*one).clone(),
        None if public => "none".to_owned(),
        None => panic!("{route} needs a log-in and lets everybody in who has one: name a permission"),
    }
}

fn cells(route: &str, answers: &Answers) -> String {
    let may = |name: &str| match &answers[name] {
        Answer::LetIn => true,
        Answer::Refused { .. } => false,
        Answer::LoginNeeded => {
            let no_session = WITH_COOKIE.contains(&route) && Scope::parse_word(name).is_ok();
            assert!(name.is_empty() || no_session, "{route} does not know {name}");
            false
        }
    };
    let word = |yes: bool| if yes { "yes" } else { "–" }.to_owned();
    let mut cells: Vec<String> = Role::ALL.iter().map(|role| word(may(role.word()))).collect();
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.word()).filter(|scope| may(scope)).collect();
    let all = scopes.len() == Scope::ALL.len();
    cells.push(if all {
        "all".to_owned()
    } else if scopes.is_empty() {
        word(false)
    } else {
        scopes.join(", ")
    });
    cells.push(word(may("")));
    cells.join(" | ")
}
