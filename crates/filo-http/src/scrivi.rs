//! Scrivi for programs: a submission, its forms, and following it by number and code.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::LOCATION,
    web::{self, Data},
};
use filo_app::{AppError, Caller, Confirmed};
use filo_channel::Attachment;
use filo_domain::{
    Instant,
    form::{FieldType, Form, Submission},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::{NoContext, Timestamp, Uuid};

use crate::{
    State,
    auth::Anybody,
    body::{JsonBody, LONGEST_JSON, PathText, is_of, json as read_json, whole},
    links::all,
    problem::Problem,
    schema,
    upload::{Filled, is_multipart, multipart},
};

/// Sends a request: JSON, or multipart with the same names and `files`. Without a key for Scrivi it is looked at by
/// a person before it is worked.
#[utoipa::path(post, path = "/rest/scrivi/v1/requests", tag = "scrivi", request_body = schema::NewRequest,
    responses((status = 201, body = schema::Confirmed)))]
pub(crate) async fn submit_request(
    caller: Anybody,
    state: Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (body, files) = read_request(&request, payload.into_inner()).await?;
    let now = state.now();
    let submission = Submission::of_json(&body, &new_id(now), now).map_err(AppError::from)?;
    let confirmed = submit(&state, caller.0.as_ref(), submission, files, true).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, "/scrivi/segui")).json(confirmed))
}

/// Hands a submission over.
pub(crate) async fn submit(
    state: &State,
    caller: Option<&Caller>,
    submission: Submission,
    files: Vec<Attachment>,
    moderated: bool,
) -> Result<Confirmed, Problem> {
    let now = submission.received_at;
    Ok(state.app.submit(caller, submission, files, moderated, now).await?)
}

async fn read_request(
    request: &HttpRequest,
    payload: actix_web::dev::Payload,
) -> Result<(Value, Vec<Attachment>), Problem> {
    if is_multipart(request) {
        let filled = multipart(request, payload).await?.whole()?;
        return Ok((body_of(&filled), filled.files));
    }
    if !is_of(request, "application/json") {
        return Err(Problem::unsupported("application/json or multipart/form-data"));
    }
    Ok((read_json(&whole(payload, LONGEST_JSON).await?)?, vec![]))
}

/// The JSON form of what came as multipart: `form`, `privacy_accepted`, and each field under its name or as
/// `fields[name]`.
fn body_of(filled: &Filled) -> Value {
    let mut body = Map::new();
    let mut fields = Map::new();
    for (name, value) in &filled.fields {
        match name.as_str() {
            "form" => drop(body.insert(name.clone(), value.clone().into())),
            "privacy_accepted" => drop(body.insert(name.clone(), is_yes(value).into())),
            _ => {
                let inner = name.strip_prefix("fields[").and_then(|rest| rest.strip_suffix(']'));
                let key = inner.or_else(|| name.strip_prefix("fields.")).unwrap_or(name);
                fields.insert(key.to_owned(), value.clone().into());
            }
        }
    }
    body.insert("fields".to_owned(), Value::Object(fields));
    Value::Object(body)
}

/// Whether a ticked box was sent.
pub(crate) fn is_yes(value: &str) -> bool {
    matches!(value, "true" | "on" | "1" | "yes")
}

/// A fresh intake key.
pub(crate) fn new_id(now: Instant) -> String {
    let micros = now.micros().max(0).unsigned_abs();
    let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, micros / 1_000_000, nanos)).to_string()
}

/// The forms of the city.
#[utoipa::path(get, path = "/rest/scrivi/v1/forms", tag = "scrivi",
    responses((status = 200, body = schema::List<schema::configuration::FormInShort>)))]
pub(crate) async fn forms(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let forms = state.app.city().forms.all();
    let short = forms.iter().map(|form| json!({ "key": form.key, "title": form.title, "intro": form.intro }));
    all(&state, &request, short.collect())
}

/// One form with its fields, their limits and choices.
#[utoipa::path(get, path = "/rest/scrivi/v1/forms/{key}", tag = "scrivi",
    responses((status = 200, body = schema::configuration::Form)))]
pub(crate) async fn form(state: Data<State>, key: PathText) -> Result<HttpResponse, Problem> {
    let form = state.app.city().forms.get(&key.0).ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().json(described(&state, form)))
}

fn described(state: &State, form: &Form) -> Value {
    let fields = form.fields.iter().map(|field| {
        let choices: Vec<Value> = choices(state, field, "it")
            .into_iter()
            .zip(choices(state, field, "en"))
            .map(|((key, it), (_, en))| json!({ "key": key, "label": { "it": it, "en": en } }))
            .collect();
        json!({ "key": field.key, "type": field.field_type, "label": field.label, "hint": field.hint,
            "required": field.required, "max_length": field.limit(), "choices": choices })
    });
    json!({ "key": form.key, "title": form.title, "intro": form.intro, "fields": fields.collect::<Vec<_>>() })
}

/// The choices of a field with their labels; none where it is no choice.
pub(crate) fn choices(
    state: &State,
    field: &filo_domain::form::Field,
    language: &str,
) -> Vec<(String, String)> {
    let own = field.choices.iter().map(|choice| (choice.key.clone(), choice.label.in_language(language)));
    if field.field_type == FieldType::YesNo {
        let text = |key| state.app.city().texts.get(language, key).unwrap_or_default().to_owned();
        return vec![("true".to_owned(), text("scrivi.yes")), ("false".to_owned(), text("scrivi.no"))];
    }
    if field.field_type != FieldType::Choice || field.source.is_none() {
        return own.map(|(key, label)| (key, label.to_owned())).collect();
    }
    let themes = &state.app.city().themes;
    let label = |theme: &filo_domain::city::Theme| {
        let own = theme.label.in_language(language);
        match themes.get(theme.top()).filter(|top| top.key != theme.key) {
            Some(top) => format!("{} – {own}", top.label.in_language(language)),
            None => own.to_owned(),
        }
    };
    themes.all().iter().map(|theme| (theme.key.clone(), label(theme))).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberAndCode {
    number: String,
    code: String,
}

/// Where a request stands, with the public answers.
#[utoipa::path(post, path = "/rest/scrivi/v1/requests/status", tag = "scrivi",
    request_body = schema::NumberAndCode, responses((status = 200, body = schema::Followed)))]
pub(crate) async fn follow_request(
    state: Data<State>,
    body: JsonBody<NumberAndCode>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.app.follow(&body.0.number, &body.0.code, state.now()).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Addition {
    number: String,
    code: String,
    text: String,
}

/// Adds to a request.
#[utoipa::path(post, path = "/rest/scrivi/v1/requests/additions", tag = "scrivi",
    request_body = schema::Addition, responses((status = 200, body = schema::Followed)))]
pub(crate) async fn add_to_request(
    state: Data<State>,
    body: JsonBody<Addition>,
) -> Result<HttpResponse, Problem> {
    let Addition { number, code, text } = body.0;
    let followed = state.app.add_to_request(&number, &code, &text, false, state.now()).await?;
    Ok(HttpResponse::Ok().json(followed))
}

/// Contests the resolution of a request, which is opened again.
#[utoipa::path(post, path = "/rest/scrivi/v1/requests/contests", tag = "scrivi",
    request_body = schema::Addition, responses((status = 200, body = schema::Followed)))]
pub(crate) async fn contest_request(
    state: Data<State>,
    body: JsonBody<Addition>,
) -> Result<HttpResponse, Problem> {
    let Addition { number, code, text } = body.0;
    let followed = state.app.add_to_request(&number, &code, &text, true, state.now()).await?;
    Ok(HttpResponse::Ok().json(followed))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rating {
    number: String,
    code: String,
    score: u8,
    comment: Option<String>,
}

/// Rates a request that was answered, 1 to 5.
#[utoipa::path(post, path = "/rest/scrivi/v1/requests/ratings", tag = "scrivi",
    request_body = schema::Rating, responses((status = 200, body = schema::Followed)))]
pub(crate) async fn rate_request(
    state: Data<State>,
    body: JsonBody<Rating>,
) -> Result<HttpResponse, Problem> {
    let Rating { number, code, score, comment } = body.0;
    Ok(HttpResponse::Ok().json(state.app.rate(&number, &code, score, comment, state.now()).await?))
}

/// The fields of a form out of what a browser sent.
pub(crate) fn fields_of(form: &Form, filled: &Filled) -> BTreeMap<String, String> {
    let known = form.fields.iter();
    known.filter_map(|field| Some((field.key.clone(), filled.get(&field.key)?.to_owned()))).collect()
}
