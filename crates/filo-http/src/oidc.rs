//! Log-in of staff at the organisation's identity provider: to the provider and back.
//!
//! **Invariant:** no token is in an address; what comes back is bound by a cookie to the browser that left.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::LOCATION,
    web::Data,
};
use filo_app::{AppError, OIDC_PATIENCE_S, OidcReturned};
use serde::Deserialize;

use crate::{
    State,
    body::{JsonBody, query_pairs},
    problem::Problem,
    schema,
};

const COOKIE: &str = "filo-oidc";
const PLACE: &str = "/rest/crm/v1/auth/oidc";
/// The longest value that a provider lets the browser bring back, in characters.
const LONGEST_ANSWER: usize = 4_000;
/// No code of ours is longer.
const LONGEST_CODE: usize = 200;

fn cookie(state: &State, value: String, kept_s: i64) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path(PLACE)
        .http_only(true)
        .secure(state.settings.public_url.starts_with("https:"))
        // Comes along when the provider's page sends the browser back.
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(kept_s))
        .finish()
}

fn brought(request: &HttpRequest) -> String {
    request.cookie(COOKIE).map(|cookie| cookie.value().to_owned()).unwrap_or_default()
}

fn refused(state: &State, error: AppError) -> Problem {
    state.metrics.login_refused();
    error.into()
}

/// Sends the browser to the identity provider.
#[utoipa::path(get, path = "/rest/crm/v1/auth/oidc/start", tag = "access",
    responses((status = 302, description = "To the identity provider.")))]
pub(crate) async fn oidc_start(state: Data<State>) -> Result<HttpResponse, Problem> {
    let started = state.app.oidc_start(state.now()).await?;
    let kept = cookie(&state, started.cookie, OIDC_PATIENCE_S);
    Ok(HttpResponse::Found().insert_header((LOCATION, started.url)).cookie(kept).finish())
}

/// What the browser brings back; whatever else a provider sends along is not looked at.
struct Answer {
    state: String,
    code: Option<String>,
}

impl Answer {
    fn read(query: &str) -> Result<Self, Problem> {
        let pairs = query_pairs(query)?;
        if let Some((key, _)) = pairs.iter().find(|(_, value)| value.chars().count() > LONGEST_ANSWER) {
            let detail = format!("must have at most {LONGEST_ANSWER} characters");
            return Err(Problem::invalid(format!("/{key}"), detail));
        }
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        Ok(Self { state: value("state").unwrap_or_default(), code: value("code") })
    }
}

/// Takes the browser back from the identity provider.
#[utoipa::path(get, path = "/rest/crm/v1/auth/oidc/callback", tag = "access",
    params(schema::oidc::OidcAnswer),
    responses((status = 200, body = schema::Tokens),
        (status = 302, description = "To the configured page, with a code to be exchanged.")))]
pub(crate) async fn oidc_callback(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let answer = Answer::read(request.query_string())?;
    let given = (answer.state.as_str(), answer.code.as_deref());
    let returned = state.app.oidc_return(given, &brought(&request), state.now()).await;
    match returned.map_err(|error| refused(&state, error))? {
        OidcReturned::Tokens(tokens) => {
            Ok(HttpResponse::Ok().cookie(cookie(&state, String::new(), 0)).json(tokens))
        }
        OidcReturned::Page(page) => Ok(HttpResponse::Found().insert_header((LOCATION, page)).finish()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    code: String,
}

/// Exchanges the code that the page was given for tokens, once, in the browser that logged in.
#[utoipa::path(post, path = "/rest/crm/v1/auth/oidc/exchange", tag = "access",
    request_body = schema::oidc::LoginCode, responses((status = 200, body = schema::Tokens)))]
pub(crate) async fn oidc_exchange(
    state: Data<State>,
    request: HttpRequest,
    body: JsonBody<Code>,
) -> Result<HttpResponse, Problem> {
    let code = &body.0.code;
    if code.chars().count() > LONGEST_CODE {
        return Err(Problem::invalid("/code", format!("must have at most {LONGEST_CODE} characters")));
    }
    let tokens = state.app.oidc_exchange(code, &brought(&request), state.now()).await;
    let tokens = tokens.map_err(|error| refused(&state, error))?;
    Ok(HttpResponse::Ok().cookie(cookie(&state, String::new(), 0)).json(tokens))
}
