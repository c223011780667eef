//! The session of the pages: a cookie in place of a header, and proof that a form was sent from our own page.
//!
//! **Invariant:** the cookie is HttpOnly, Secure, SameSite=Strict and goes to `/cruscotto` alone; the interface for
//! programs never looks at cookies, and its middleware refuses what this one carries. Every form has a token that is
//! bound to a cookie of the same browser.

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    cookie::{Cookie, SameSite},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header::LOCATION},
    middleware::Next,
    web::Data,
};
use filo_app::{AppError, Caller};

use super::{DOOR, PLACE};
use crate::{State, auth, limits, pages::token, problem::Problem, scrivi::new_id};

/// The session.
const SESSION: &str = "filo_cruscotto";
/// What the log-in form is bound to.
const FORM: &str = "filo_modulo";

fn guarded(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value).path(PLACE).http_only(true).secure(true).same_site(SameSite::Strict).finish()
}

/// The session's cookie; it lasts as long as the browser, its token as long as the log-in.
pub(super) fn cookie(token: String) -> Cookie<'static> {
    guarded(SESSION, token)
}

/// Sends a cookie.
pub(super) fn put(response: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), Problem> {
    response.add_cookie(cookie).map_err(|error| AppError::internal("a cookie", error).into())
}

/// Takes the session's cookie away.
pub(super) fn take_away(response: &mut HttpResponse) -> Result<(), Problem> {
    let mut cookie = guarded(SESSION, String::new());
    cookie.make_removal();
    put(response, &cookie)
}

/// The session's token.
pub(super) fn token(request: &HttpRequest) -> Option<String> {
    request.cookie(SESSION).map(|cookie| cookie.value().to_owned())
}

/// A cookie for a form that is shown now, and what the form has to send.
pub(super) fn form(state: &State) -> (Cookie<'static>, String) {
    let nonce = format!("{}{}", new_id(state.now()), uuid::Uuid::new_v4());
    let token = token::sealed(state, "cruscotto-form", &nonce);
    (guarded(FORM, nonce), token)
}

/// Whether the log-in form was shown to this browser.
pub(super) fn is_of_this_browser(state: &State, request: &HttpRequest, given: Option<&str>) -> bool {
    let nonce = request.cookie(FORM);
    nonce.is_some_and(|nonce| token::is_sealed(state, "cruscotto-form", nonce.value(), given))
}

/// What the form to log out has to send.
pub(super) fn leave_token(state: &State, request: &HttpRequest) -> Option<String> {
    token(request).map(|session| token::sealed(state, "cruscotto-leave", &session))
}

/// Whether the form to log out was shown in this session.
pub(super) fn may_leave(state: &State, request: &HttpRequest, given: Option<&str>) -> bool {
    token(request).is_some_and(|session| token::is_sealed(state, "cruscotto-leave", &session, given))
}

/// Who has a session.
pub(super) async fn caller(state: &State, request: &HttpRequest) -> Result<Caller, Problem> {
    let token = token(request).ok_or_else(Problem::unauthenticated)?;
    Ok(state.app.page_caller(&token, state.now()).await?)
}

/// Around the dashboard: who has no session is sent to the door, or refused where a page was not asked for.
pub(crate) async fn with_session(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = match caller(&state, request.request()).await {
        Ok(caller) => {
            request.extensions_mut().insert::<Caller>(caller.clone());
            let response = limits::caller(&state, &caller, request, next).await?;
            if response.status() == StatusCode::FORBIDDEN {
                auth::note_refusal(&state, &caller, response.request()).await;
            }
            response
        }
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED && is_page(&request) => {
            let away = HttpResponse::SeeOther().insert_header((LOCATION, DOOR)).finish();
            request.into_response(away)
        }
        Err(problem) => request.into_response(problem.error_response()),
    };
    auth::no_store(response.headers_mut());
    Ok(response)
}

fn is_page(request: &ServiceRequest) -> bool {
    request.method() == Method::GET && request.path() == PLACE
}
