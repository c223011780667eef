//! What users do with their own account: who they are, their password, their second factor.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    State,
    auth::{Allowed, EnrolFactor, OwnAccount},
    body::{JsonBody, MaybeJson, typed},
    limits,
    links::{IfMatch, one},
    problem::Problem,
    schema,
};

/// The header with the code that takes a factor away: a DELETE has no body.
const OTP: &str = "filo-otp";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

/// Who is logged in.
#[utoipa::path(get, path = "/rest/crm/v1/auth/me", tag = "access",
    responses((status = 200, body = schema::access::Me)))]
pub(crate) async fn me(caller: Allowed<EnrolFactor>, state: Data<State>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.app.me(&caller).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    current: SecretString,
    new: SecretString,
}

/// Changes the own password; every other log-in ends.
#[utoipa::path(post, path = "/rest/crm/v1/auth/password", tag = "access",
    request_body = schema::access::PasswordChange, responses((status = 200, body = schema::Tokens)))]
pub(crate) async fn change_password(
    caller: Allowed<OwnAccount>,
    state: Data<State>,
    request: HttpRequest,
    body: JsonBody<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    let address = limits::caller_address(&request, &state.settings);
    let passwords = (body.0.current, body.0.new);
    let tokens = state.app.change_password(&caller, passwords, Some(address), state.now()).await?;
    Ok(HttpResponse::Ok().json(tokens))
}

/// What there is of the own second factor.
#[utoipa::path(get, path = "/rest/crm/v1/auth/totp", tag = "access",
    responses((status = 200, body = schema::access::Factor)))]
pub(crate) async fn factor(
    caller: Allowed<EnrolFactor>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let factor = state.app.factor(&caller).await?;
    Ok(one(&factor, factor.version))
}

/// Begins the own second factor; the secret is in this answer alone.
#[utoipa::path(post, path = "/rest/crm/v1/auth/totp", tag = "access",
    responses((status = 200, body = schema::access::Enrolment)))]
pub(crate) async fn begin_factor(
    caller: Allowed<EnrolFactor>,
    state: Data<State>,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    Ok(HttpResponse::Ok().json(state.app.begin_factor(&caller, state.now()).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Otp {
    otp: String,
}

/// Confirms the own second factor by a code of the app; the recovery codes are in this answer alone.
#[utoipa::path(post, path = "/rest/crm/v1/auth/totp/confirm", tag = "access",
    request_body = schema::access::Otp, responses((status = 200, body = schema::access::RecoveryCodes)))]
pub(crate) async fn confirm_factor(
    caller: Allowed<EnrolFactor>,
    state: Data<State>,
    request: HttpRequest,
    body: JsonBody<Otp>,
) -> Result<HttpResponse, Problem> {
    let address = limits::caller_address(&request, &state.settings);
    let codes = state.app.confirm_factor(&caller, &body.0.otp, Some(address), state.now()).await?;
    Ok(HttpResponse::Ok().json(codes))
}

/// Takes the own second factor away, by a code of it.
#[utoipa::path(delete, path = "/rest/crm/v1/auth/totp", tag = "access",
    params(("Filo-Otp" = String, Header, description = "A code of the app, or a recovery code.", max_length = 32)),
    responses((status = 204)))]
pub(crate) async fn remove_factor(
    caller: Allowed<OwnAccount>,
    state: Data<State>,
    request: HttpRequest,
    version: IfMatch,
) -> Result<HttpResponse, Problem> {
    let version = version.required()?;
    let otp = request.headers().get(OTP).and_then(|value| value.to_str().ok());
    let otp = otp.ok_or_else(|| Problem::invalid("", "send a code of the second factor in Filo-Otp"))?;
    let address = limits::caller_address(&request, &state.settings);
    state.app.remove_factor(&caller, version, otp, Some(address), state.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}
