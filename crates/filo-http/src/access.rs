//! Logging in and out, users and keys, and the lists of the city's configuration.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{AppError, Caller, LoginRequest, NewUser, Scope, UserChange, UserSummary};
use filo_domain::{Instant, vocabulary::Word};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use crate::{
    State,
    auth::{Administer, Allowed, ManageUsers, ReadConfiguration},
    body::{JsonBody, MaybeJson, Merge, PathText, typed},
    limits,
    links::{IfMatch, all, created, one},
    problem::Problem,
    schema,
};

/// Logs a user in.
#[utoipa::path(post, path = "/rest/crm/v1/auth/login", tag = "access", request_body = schema::Login,
    responses((status = 200, body = schema::Tokens)))]
pub(crate) async fn login(
    state: Data<State>,
    request: HttpRequest,
    body: JsonBody<LoginRequest>,
) -> Result<HttpResponse, Problem> {
    let address = limits::caller_address(&request, &state.settings);
    match state.app.login_from(body.0, Some(address), state.now()).await {
        Ok(tokens) => Ok(HttpResponse::Ok().json(tokens)),
        Err(error) => {
            state.metrics.login_refused();
            Err(error.into())
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshToken {
    refresh_token: String,
}

/// No token of ours is longer.
const LONGEST_TOKEN: usize = 200;

impl RefreshToken {
    fn check(&self) -> Result<(), Problem> {
        if self.refresh_token.chars().count() > LONGEST_TOKEN {
            let detail = format!("must have at most {LONGEST_TOKEN} characters");
            return Err(Problem::invalid("/refresh_token", detail));
        }
        Ok(())
    }
}

/// Exchanges a refresh token; one that was exchanged before revokes everything that descends from its log-in.
#[utoipa::path(post, path = "/rest/crm/v1/auth/refresh", tag = "access", request_body = schema::RefreshToken,
    responses((status = 200, body = schema::Tokens)))]
pub(crate) async fn refresh(
    state: Data<State>,
    body: JsonBody<RefreshToken>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.app.refresh(&body.0.refresh_token, state.now()).await?))
}

/// Ends a log-in: every token that descends from it.
#[utoipa::path(post, path = "/rest/crm/v1/auth/logout", tag = "access", request_body = schema::RefreshToken,
    responses((status = 204)))]
pub(crate) async fn logout(
    state: Data<State>,
    body: JsonBody<RefreshToken>,
) -> Result<HttpResponse, Problem> {
    body.0.check()?;
    state.app.logout(&body.0.refresh_token, state.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// All users.
#[utoipa::path(get, path = "/rest/crm/v1/users", tag = "administration",
    responses((status = 200, body = schema::List<schema::User>)))]
pub(crate) async fn users(
    caller: Allowed<ManageUsers>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.users(&caller).await?)
}

/// Makes a user.
#[utoipa::path(post, path = "/rest/crm/v1/users", tag = "administration", request_body = schema::NewUser,
    responses((status = 201, body = schema::User)))]
pub(crate) async fn add_user(
    caller: Allowed<ManageUsers>,
    state: Data<State>,
    body: JsonBody<NewUser>,
) -> Result<HttpResponse, Problem> {
    let user = state.app.add_user(&caller, body.0, state.now()).await?;
    Ok(created(&format!("/users/{}", user.name), &user, user.version))
}

/// One user by name.
#[utoipa::path(get, path = "/rest/crm/v1/users/{name}", tag = "administration",
    responses((status = 200, body = schema::User)))]
pub(crate) async fn user(
    caller: Allowed<ManageUsers>,
    state: Data<State>,
    name: PathText,
) -> Result<HttpResponse, Problem> {
    shown(&state, &caller, &name.0).await
}

/// Changes a user's role, unit or shown name.
#[utoipa::path(patch, path = "/rest/crm/v1/users/{name}", tag = "administration",
    request_body(content = schema::access::UserChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = schema::User)))]
pub(crate) async fn change_user(
    caller: Allowed<ManageUsers>,
    state: Data<State>,
    name: PathText,
    version: IfMatch,
    body: Merge<UserChange>,
) -> Result<HttpResponse, Problem> {
    let version = version.required()?;
    let user = state.app.change_user(&caller, &name.0, version, body.0, state.now()).await?;
    Ok(one(&user, user.version))
}

/// The user of a name, as the caller may see.
async fn present(state: &State, caller: &Caller, name: &str) -> Result<UserSummary, Problem> {
    let users = state.app.users(caller).await?;
    Ok(users.into_iter().find(|user| user.name == name).ok_or(AppError::NotFound("user"))?)
}

/// Disables a user and ends the user's log-ins.
#[utoipa::path(post, path = "/rest/crm/v1/users/{name}/disable", tag = "administration",
    responses((status = 200, body = schema::User)))]
pub(crate) async fn disable_user(
    caller: Allowed<ManageUsers>,
    state: Data<State>,
    name: PathText,
    version: IfMatch,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    version.honoured(present(&state, &caller, &name.0).await?.version)?;
    state.app.disable_user(&caller, &name.0, state.now()).await?;
    shown(&state, &caller, &name.0).await
}

/// Lets a disabled user log in again; refresh tokens stay revoked.
#[utoipa::path(post, path = "/rest/crm/v1/users/{name}/enable", tag = "administration",
    responses((status = 200, body = schema::User)))]
pub(crate) async fn enable_user(
    caller: Allowed<ManageUsers>,
    state: Data<State>,
    name: PathText,
    version: IfMatch,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    version.honoured(present(&state, &caller, &name.0).await?.version)?;
    state.app.enable_user(&caller, &name.0, state.now()).await?;
    shown(&state, &caller, &name.0).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    password: SecretString,
}

/// Sets a user's password and ends the user's log-ins.
#[utoipa::path(post, path = "/rest/crm/v1/users/{name}/password", tag = "administration",
    request_body = schema::NewPassword, responses((status = 200, body = schema::User)))]
pub(crate) async fn set_password(
    caller: Allowed<ManageUsers>,
    state: Data<State>,
    name: PathText,
    version: IfMatch,
    body: JsonBody<NewPassword>,
) -> Result<HttpResponse, Problem> {
    version.honoured(present(&state, &caller, &name.0).await?.version)?;
    state.app.set_password(&caller, &name.0, body.0.password, state.now()).await?;
    shown(&state, &caller, &name.0).await
}

/// Forgets a user's failed attempts to log in, and the locks that followed.
#[utoipa::path(post, path = "/rest/crm/v1/users/{name}/unlock", tag = "administration",
    responses((status = 200, body = schema::User)))]
pub(crate) async fn unlock_user(
    caller: Allowed<ManageUsers>,
    state: Data<State>,
    name: PathText,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    state.app.unlock_user(&caller, &name.0, state.now()).await?;
    shown(&state, &caller, &name.0).await
}

/// Takes away the second factor of a user whose device and codes are lost.
#[utoipa::path(post, path = "/rest/crm/v1/users/{name}/totp/reset", tag = "administration",
    responses((status = 200, body = schema::User)))]
pub(crate) async fn reset_factor(
    caller: Allowed<Administer>,
    state: Data<State>,
    name: PathText,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    state.app.reset_factor(&caller, &name.0, state.now()).await?;
    shown(&state, &caller, &name.0).await
}

async fn shown(state: &State, caller: &Caller, name: &str) -> Result<HttpResponse, Problem> {
    let user = present(state, caller, name).await?;
    Ok(one(&user, user.version))
}

/// All integration keys, without the keys themselves.
#[utoipa::path(get, path = "/rest/crm/v1/keys", tag = "administration",
    responses((status = 200, body = schema::List<schema::Key>)))]
pub(crate) async fn keys(
    caller: Allowed<Administer>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.keys(&caller).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    name: String,
    scopes: Vec<Scope>,
    expires_at: Option<Instant>,
}

/// Issues an integration key; the key itself is in this answer alone.
#[utoipa::path(post, path = "/rest/crm/v1/keys", tag = "administration", request_body = schema::NewKey,
    responses((status = 201, body = schema::Key)))]
pub(crate) async fn issue_key(
    caller: Allowed<Administer>,
    state: Data<State>,
    body: JsonBody<NewKey>,
) -> Result<HttpResponse, Problem> {
    let NewKey { name, scopes, expires_at } = body.0;
    let key = state.app.issue_key_until(&caller, &name, scopes, expires_at, state.now()).await?;
    Ok(created(&format!("/keys/{}", key.name), &key, key.version))
}

/// One key by name.
#[utoipa::path(get, path = "/rest/crm/v1/keys/{name}", tag = "administration",
    responses((status = 200, body = schema::Key)))]
pub(crate) async fn key(
    caller: Allowed<Administer>,
    state: Data<State>,
    name: PathText,
) -> Result<HttpResponse, Problem> {
    let keys = state.app.keys(&caller).await?;
    let key = keys.into_iter().find(|key| key.name == name.0).ok_or(AppError::NotFound("key"))?;
    Ok(one(&key, key.version))
}

/// Gives a key a new secret, in this answer alone; the old one is refused from now on.
#[utoipa::path(post, path = "/rest/crm/v1/keys/{name}/rotate", tag = "administration",
    responses((status = 200, body = schema::Key)))]
pub(crate) async fn rotate_key(
    caller: Allowed<Administer>,
    state: Data<State>,
    name: PathText,
    version: IfMatch,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    let key = state.app.rotate_key(&caller, &name.0, version.optional(), state.now()).await?;
    Ok(one(&key, key.version))
}

/// Revokes a key.
#[utoipa::path(delete, path = "/rest/crm/v1/keys/{name}", tag = "administration", responses((status = 204)))]
pub(crate) async fn revoke_key(
    caller: Allowed<Administer>,
    state: Data<State>,
    name: PathText,
    version: IfMatch,
) -> Result<HttpResponse, Problem> {
    let version = version.required()?;
    state.app.revoke_key(&caller, &name.0, Some(version), state.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The city's themes, in two levels, each with the custom fields of its tickets.
#[utoipa::path(get, path = "/rest/crm/v1/themes", tag = "administration",
    responses((status = 200, body = schema::List<schema::content::Theme>)))]
pub(crate) async fn themes(
    _caller: Allowed<ReadConfiguration>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let themes = state.app.city().themes.all().iter();
    let themes = themes.map(|theme| {
        json!({ "key": theme.key, "label": theme.label, "unit": theme.unit,
        "fields": theme.fields })
    });
    all(&state, &request, themes.collect())
}

/// Where contacts come from.
#[utoipa::path(get, path = "/rest/crm/v1/sources", tag = "administration",
    responses((status = 200, body = schema::List<schema::configuration::Source>)))]
pub(crate) async fn sources(
    _caller: Allowed<ReadConfiguration>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let sources = state.app.city().sources.iter().map(|source| {
        json!({ "key": source.key, "label": source.label, "channel": source.channel.map(Word::word),
            "desk": source.desk.iter().copied().map(Word::word).collect::<Vec<_>>() })
    });
    all(&state, &request, sources.collect())
}
