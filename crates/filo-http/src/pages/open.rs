//! `/trasparenza`: the closed months for everybody, as pages and as open data.
//!
//! **Invariant:** what stands here comes from [`filo_app::App::open_month`], which has taken out small counts and what
//! would tell them; nobody who reads here is logged in, and no figure leads to a contact.

mod catalogue;
mod figures;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION},
    },
    web::Data,
};
use filo_app::{AppError, Published, open_month_csv};
use filo_domain::Period;
use filo_indicators::open_data::OpenMonth;
use minijinja::{Value, context};

use super::{asked, language_of, local, page, sorry, text};
use crate::{State, body::PathText, problem::Problem};

/// The list of closed months.
pub(crate) async fn months(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let language = language_of(&state, &request);
    let published = state.app.published_months().await?;
    let rows: Vec<Value> = newest(&published)
        .map(|(last, earlier)| {
            let number = |it: &Published| context! { revision => it.revision, at => local(&state, language, it.published_at) };
            context! {
                month => &last.month, name => month_name(&state, language, &last.month), last => number(last),
                reason => &last.reason, earlier => earlier.iter().map(number).collect::<Vec<_>>(),
            }
        })
        .collect();
    page(&state, language, StatusCode::OK, "open.html", context! { area => "open", months => rows })
}

/// Each month's newest revision with those before it.
fn newest(published: &[Published]) -> impl Iterator<Item = (&Published, &[Published])> {
    published.chunk_by(|one, next| one.month == next.month).filter_map(|of_month| of_month.split_first())
}

/// One month: `2026-10` is a page, `2026-10.csv` and `2026-10.json` its data, `catalogo.jsonld` tells of them all.
pub(crate) async fn month(
    state: Data<State>,
    request: HttpRequest,
    name: PathText,
) -> Result<HttpResponse, Problem> {
    if name.0 == "catalogo.jsonld" {
        let published = state.app.published_months().await?;
        return data("application/ld+json", None, catalogue::of(&state, &published).to_string().into_bytes());
    }
    let (month, form) = name.0.split_once('.').unwrap_or((&name.0, "html"));
    match (found(&state, &request, month).await, form) {
        (Ok(found), "html") => shown(&state, &request, &found).await,
        (Err(problem), "html") if problem.status() == StatusCode::NOT_FOUND => {
            let language = language_of(&state, &request);
            sorry(&state, language, StatusCode::NOT_FOUND, &text(&state, language, "open.not_found", &[]))
        }
        (Ok(found), "csv") => {
            data("text/csv; charset=utf-8; header=present", file(&found, form), open_month_csv(&found)?)
        }
        (Ok(found), "json") => {
            let bytes = serde_json::to_vec(&found).map_err(AppError::from)?;
            data("application/json", file(&found, form), bytes)
        }
        (Err(problem), _) => Err(problem),
        (Ok(_), _) => Err(Problem::not_found()),
    }
}

async fn found(state: &State, request: &HttpRequest, month: &str) -> Result<OpenMonth, Problem> {
    let month = Period::parse_month(month).map_err(|_no_month| Problem::not_found())?;
    let revision = asked(request.query_string(), "revision").filter(|text| !text.is_empty());
    let revision = revision.map(|text| text.parse::<u32>().map_err(|_no_number| Problem::not_found()));
    Ok(state.app.open_month(month, revision.transpose()?).await?)
}

fn file(month: &OpenMonth, form: &str) -> Option<String> {
    Some(format!("attachment; filename=\"filo-{}-r{}.{form}\"", month.month, month.revision))
}

/// Open data may be kept for minutes: what a closed month says changes only with a new revision.
fn data(media: &str, file: Option<String>, bytes: Vec<u8>) -> Result<HttpResponse, Problem> {
    let mut response = HttpResponse::Ok();
    response.content_type(media).insert_header((CACHE_CONTROL, "public, max-age=300"));
    if let Some(file) = file {
        response.insert_header((CONTENT_DISPOSITION, file));
    }
    // Everybody's portal may read everybody's data.
    response.insert_header(("access-control-allow-origin", "*"));
    Ok(response.body(bytes))
}

async fn shown(state: &State, request: &HttpRequest, found: &OpenMonth) -> Result<HttpResponse, Problem> {
    let language = language_of(state, request);
    let revisions = state.app.published_months().await?;
    let others: Vec<Value> = revisions
        .iter()
        .filter(|it| it.month == found.month && u32::try_from(it.revision) != Ok(found.revision))
        .map(|it| context! { revision => it.revision, at => local(state, language, it.published_at) })
        .collect();
    let newest = revisions.iter().find(|it| it.month == found.month).map(|it| it.revision);
    let own = context! {
        area => "open", month => &found.month, name => month_name(state, language, &found.month),
        revision => found.revision, reason => &found.reason, others,
        superseded => newest.is_some_and(|newest| u32::try_from(newest) != Ok(found.revision)),
        as_of => local(state, language, found.as_of), published_at => local(state, language, found.published_at),
        sections => figures::sections(state, language, found), words => figures::words(state, language, found),
    };
    page(state, language, StatusCode::OK, "open_month.html", own)
}

/// `ottobre 2026`.
fn month_name(state: &State, language: &str, month: &str) -> String {
    match Period::parse_month(month) {
        Ok(Period::Month { year, month }) => {
            format!("{} {year}", text(state, language, &format!("months.{month}"), &[]))
        }
        Ok(Period::Year(_)) | Err(_) => month.to_owned(),
    }
}
