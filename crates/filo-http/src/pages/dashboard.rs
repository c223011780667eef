//! `/cruscotto`: how today is going, for supervisors and managers, behind a log-in of its own.
//!
//! **Invariant:** the session's cookie opens these pages and their stream and nothing else ([`session`]); what is shown
//! is what [`filo_app::App::dashboard`] lets this caller see, and nothing is about one operator. Everything can be read
//! without a script; the script only puts a newer fragment in the place of an older one.

pub(crate) mod flow;
mod now;
pub(crate) mod session;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{LOCATION, RETRY_AFTER},
    },
    web::{self, Data},
};
use filo_app::{AppError, LoginRequest, PageSession, Permission};
use minijinja::context;

use super::{language, language_of, page, posted, sorry_for, text};
use crate::{
    State,
    auth::{Allowed, SeeDashboard},
    limits,
    problem::Problem,
    upload::{self, Filled},
};

/// Where the dashboard is.
pub(crate) const PLACE: &str = "/cruscotto";
/// Where one logs in.
pub(crate) const DOOR: &str = "/cruscotto/accesso";

/// The dashboard.
pub(crate) async fn dashboard(
    caller: Allowed<SeeDashboard>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let language = language_of(&state, &request);
    let fragment = now::fragment(&state, &caller, language).await?;
    let leave = session::leave_token(&state, &request);
    let own = context! { area => "board", now => minijinja::Value::from_safe_string(fragment), leave };
    page(&state, language, StatusCode::OK, "board.html", own)
}

/// The log-in page.
pub(crate) async fn door(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let language = language_of(&state, &request);
    shown_door(&state, language, StatusCode::OK, None, "")
}

/// Every time with a form of its own, that only the browser which was shown it can send.
fn shown_door(
    state: &State,
    language: &str,
    status: StatusCode,
    error: Option<String>,
    username: &str,
) -> Result<HttpResponse, Problem> {
    let (cookie, token) = session::form(state);
    let own = context! { area => "door", token, error, username };
    let mut response = page(state, language, status, "door.html", own)?;
    session::put(&mut response, &cookie)?;
    Ok(response)
}

/// Logs in: the same users, throttling and second factor as everywhere.
pub(crate) async fn enter(
    state: Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (filled, language) = match posted(&state, &request, payload).await {
        Ok(posted) => posted,
        Err(refused) => return refused,
    };
    let say = |key: &str| text(&state, language, &format!("board.{key}"), &[]);
    let username = filled.get("username").unwrap_or_default();
    if !session::is_of_this_browser(&state, &request, filled.get("token")) {
        return shown_door(&state, language, StatusCode::FORBIDDEN, Some(say("stale_form")), username);
    }
    match entered(&state, &request, &filled).await {
        Ok(session) => {
            let mut response = HttpResponse::SeeOther();
            response.insert_header((LOCATION, format!("{PLACE}?lang={language}")));
            let mut response = response.finish();
            session::put(&mut response, &session::cookie(session.token))?;
            Ok(response)
        }
        Err(error) => {
            let key = match &error {
                AppError::Credentials => "wrong",
                AppError::SecondFactor("otp-required") => "otp_required",
                AppError::SecondFactor("otp-enrolment-required") => "otp_enrol",
                AppError::SecondFactor(_) => "otp_wrong",
                AppError::Forbidden(_) => "not_for_you",
                AppError::TooMany { .. } => "locked",
                _ => return sorry_for(&state, language, &error.into()),
            };
            let problem = Problem::from(error);
            let mut response = shown_door(&state, language, problem.status(), Some(say(key)), username)?;
            if let Some(wait_s) = problem.retry_after_s() {
                response.headers_mut().insert(RETRY_AFTER, wait_s.into());
            }
            Ok(response)
        }
    }
}

/// A session for who may see the dashboard; another's ends before anybody has it.
async fn entered(state: &State, request: &HttpRequest, filled: &Filled) -> Result<PageSession, AppError> {
    let given = |name: &str| filled.get(name).unwrap_or_default().to_owned();
    let otp = Some(given("otp")).filter(|otp| !otp.trim().is_empty());
    let login = LoginRequest { username: given("username"), password: given("password").into(), otp };
    let address = limits::caller_address(request, &state.settings);
    let opened = state.app.open_page_session(login, Some(address), state.now()).await;
    let session = opened.inspect_err(|_refused| state.metrics.login_refused())?;
    if let Err(refused) = session.caller.must(Permission::SeeDashboard) {
        state.app.close_page_session(&session.token, state.now()).await?;
        return Err(refused);
    }
    Ok(session)
}

/// Logs out.
pub(crate) async fn leave(
    state: Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let filled = upload::filled(&request, payload.into_inner()).await?;
    if !session::may_leave(&state, &request, filled.get("token")) {
        let language = language(&state, filled.get("lang"));
        let sentence = text(&state, language, "board.stale_form", &[]);
        return super::sorry(&state, language, StatusCode::FORBIDDEN, &sentence);
    }
    if let Some(token) = session::token(&request) {
        state.app.close_page_session(&token, state.now()).await?;
    }
    let mut response = HttpResponse::SeeOther().insert_header((LOCATION, DOOR)).finish();
    session::take_away(&mut response)?;
    Ok(response)
}
