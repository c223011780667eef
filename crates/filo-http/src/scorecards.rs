//! The yearly table, its rows that are entered by hand, and the documents these come from.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETAG, LOCATION},
    web::{Data, Payload},
};
use filo_app::ScoreEntryQuery;
use filo_domain::{AttachmentId, Period};
use filo_indicators::scorecard::Entered;

use crate::{
    State,
    attachments::{self, handed_out},
    auth::{Allowed, EnterScores, ReadReports},
    body::{JsonBody, PathId, PathText, PathYear, QueryOf},
    links::{BASE, created, listed, one},
    problem::Problem,
    reports::{FormQuery, JSON, asked, written},
    schema::{self, scorecards as shapes},
};

/// The yearly table of indicators with its targets, and the years before with theirs. The format is the suffix of the
/// address (`2020.pdf`) or what `Accept` prefers.
#[utoipa::path(get, path = "/rest/crm/v1/scorecards/{year}", tag = "reports", params(schema::report::FormQuery),
    responses((status = 200, body = shapes::Scorecard)))]
pub(crate) async fn scorecard(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    request: HttpRequest,
    name: PathText,
    query: QueryOf<FormQuery>,
) -> Result<HttpResponse, Problem> {
    let wanted = query.0.wanted(&state)?;
    let (year, format) = asked(&state, &request, &name.0)?;
    let Ok(Period::Year(year)) = Period::parse(year) else { return Err(Problem::not_found()) };
    let card = state.app.scorecard(&caller, year, state.now()).await?;
    match format {
        JSON => Ok(HttpResponse::Ok().json(card)),
        other => written(&state, card, other, wanted).await,
    }
}

/// Lists the rows that were entered by hand for a year's table, by key: the last value of each, or all that were.
#[utoipa::path(get, path = "/rest/crm/v1/scorecards/{year}/entries", tag = "reports",
    params(shapes::ScoreEntryQuery), responses((status = 200, body = schema::List<shapes::ScoreEntry>)))]
pub(crate) async fn list_score_entries(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    request: HttpRequest,
    year: PathYear,
    query: QueryOf<ScoreEntryQuery>,
) -> Result<HttpResponse, Problem> {
    let page = state.app.list_score_entries(&caller, year.0, query.0).await?;
    listed(&state, &request, page)
}

/// Enters a row of a year's table by hand: the value of a configured row that nobody measures, or a row of its own with
/// its target. A further value of the same key is a correction; the same again changes nothing.
#[utoipa::path(post, path = "/rest/crm/v1/scorecards/{year}/entries", tag = "reports",
    request_body = shapes::NewScore,
    responses((status = 201, body = shapes::ScoreEntry),
        (status = 200, body = shapes::ScoreEntry, description = "The last value of this row says the same.")))]
pub(crate) async fn enter_score(
    caller: Allowed<EnterScores>,
    state: Data<State>,
    year: PathYear,
    body: JsonBody<Entered>,
) -> Result<HttpResponse, Problem> {
    let (entry, new) = state.app.enter_score(&caller, year.0, body.0, state.now()).await?;
    let (path, revision) = (format!("/scorecards/{}/entries?key={}", year.0, entry.row.key), entry.revision);
    Ok(if new { created(&path, &entry, revision) } else { one(&entry, revision) })
}

/// Uploads a document from which rows of a year's table are entered: the part `file` of a form, or the body itself with
/// its name in `Content-Disposition`. A row names it by its id.
#[utoipa::path(post, path = "/rest/crm/v1/scorecards/{year}/attachments", tag = "reports",
    request_body(content((schema::attachments::Upload = "multipart/form-data"), (schema::attachments::Bytes = "application/octet-stream"))),
    responses((status = 201, body = schema::attachments::Attachment)))]
pub(crate) async fn upload_score_document(
    caller: Allowed<EnterScores>,
    state: Data<State>,
    request: HttpRequest,
    year: PathYear,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let upload = state.app.begin_score_document(&caller).await?;
    let received = attachments::received(&request, payload, upload).await?;
    let named = (received.name.as_str(), received.declared.as_str());
    let file = state.app.finish_score_document(&caller, received.upload, named, state.now()).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("{BASE}/scorecards/{}/attachments/{}", year.0, file.id)))
        .insert_header((ETAG, format!("\"{}\"", file.tag())))
        .json(file))
}

/// A document that rows of a year's table were entered from, whole or a range of it; its ETag is its SHA-256.
#[utoipa::path(
    get,
    path = "/rest/crm/v1/scorecards/{year}/attachments/{id}",
    tag = "reports",
    responses(schema::attachments::HandedOut)
)]
pub(crate) async fn score_document(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    request: HttpRequest,
    year: PathYear,
    id: PathId<AttachmentId>,
) -> Result<HttpResponse, Problem> {
    let opened = state.app.open_score_document(&caller, year.0, id.0).await?;
    handed_out(&state, &request, &opened).await
}
