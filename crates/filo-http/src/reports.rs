//! Figures: indicators with what is behind them, and the monthly report in its formats.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ACCEPT, CONTENT_DISPOSITION},
    },
    web::{Data, block},
};
use filo_app::{AppError, Caller};
use filo_domain::Period;
use filo_indicators::{
    explain::Explanation,
    render::{FILE_KINDS, FileKind, Marks, Printable, Wanted},
};
use serde::Deserialize;

use crate::{
    State,
    auth::{Allowed, CloseMonths, ReadReports},
    body::{JsonBody, MaybeJson, PathText, QueryOf, month, said, typed},
    links::all,
    problem::Problem,
    schema,
};

/// The one form that needs no renderer.
pub(crate) const JSON: &str = "json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeriodQuery {
    period: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OptionalPeriodQuery {
    period: Option<String>,
}

fn period(text: &str) -> Result<Period, Problem> {
    Period::parse(text).map_err(|error| Problem::invalid("/period", error.to_string()))
}

/// All indicators with their values and definitions; by default of the present month.
#[utoipa::path(get, path = "/rest/crm/v1/indicators", tag = "reports", params(schema::OptionalPeriodQuery),
    responses((status = 200, body = schema::List<schema::Indicator>)))]
pub(crate) async fn indicators(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<OptionalPeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let present = || Period::month_of(state.app.city().zone.day(state.now()));
    let period = query.0.period.as_deref().map(period).transpose()?.unwrap_or_else(present);
    all(&state, &request, state.app.indicators(&caller, period, state.now()).await?)
}

/// One indicator, or a figure of the report by its JSON Pointer, with definition, n and exclusions.
#[utoipa::path(get, path = "/rest/crm/v1/indicators/{key}", tag = "reports", params(schema::PeriodQuery),
    responses((status = 200, body = schema::Indicator)))]
pub(crate) async fn indicator(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    key: PathText,
    query: QueryOf<PeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let explained = explained(&caller, &state, &key.0, &query.0.period).await?;
    Ok(HttpResponse::Ok().json(Explanation { items: vec![], ..explained }))
}

/// The contacts behind an indicator.
#[utoipa::path(get, path = "/rest/crm/v1/indicators/{key}/contacts", tag = "reports",
    params(schema::PeriodQuery), responses((status = 200, body = schema::Indicator)))]
pub(crate) async fn indicator_contacts(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    key: PathText,
    query: QueryOf<PeriodQuery>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(explained(&caller, &state, &key.0, &query.0.period).await?))
}

async fn explained(caller: &Caller, state: &State, key: &str, asked: &str) -> Result<Explanation, Problem> {
    match state.app.explain(caller, key, period(asked)?, state.now()).await {
        // Here the indicator is the address, not a field.
        Err(AppError::Invalid(fields)) if fields.iter().any(|field| field.pointer == "/indicator") => {
            let detail = fields.into_iter().map(|field| field.detail).collect::<Vec<_>>().join("; ");
            Err(Problem::new(StatusCode::NOT_FOUND, "not-found", detail))
        }
        other => Ok(other?),
    }
}

/// How a report is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormQuery {
    language: Option<String>,
    locale: Option<String>,
}

impl FormQuery {
    pub(crate) fn wanted(self, state: &State) -> Result<Wanted, Problem> {
        let languages = &state.app.city().profile.languages;
        if let Some(other) = self.language.as_ref().filter(|language| !languages.contains(language)) {
            let detail = format!("{other:?} is none of {}", languages.join(", "));
            return Err(Problem::invalid("/language", detail));
        }
        let marks = self.locale.as_deref().map(|locale| Marks::of_locale(locale).ok_or(locale)).transpose();
        let marks =
            marks.map_err(|locale| Problem::invalid("/locale", format!("{locale:?} is none of it, en")))?;
        Ok(Wanted { language: self.language, marks: marks.unwrap_or_default() })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportQuery {
    revision: Option<i32>,
    language: Option<String>,
    locale: Option<String>,
}

/// The report of a month. The format is the suffix of the address (`2026-10.csv`) or what `Accept` prefers.
#[utoipa::path(get, path = "/rest/crm/v1/reports/monthly/{month}", tag = "reports",
    params(schema::report::ReportQuery), responses((status = 200, body = schema::report::MonthlyReport)))]
pub(crate) async fn monthly_report(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    request: HttpRequest,
    name: PathText,
    query: QueryOf<ReportQuery>,
) -> Result<HttpResponse, Problem> {
    let ReportQuery { revision, language, locale } = query.0;
    let wanted = FormQuery { language, locale }.wanted(&state)?;
    let (name, format) = asked(&state, &request, &name.0)?;
    let report = state.app.monthly_report(&caller, month(name)?, revision, state.now()).await?;
    match format {
        JSON => Ok(HttpResponse::Ok().json(report)),
        other => written(&state, report, other, wanted).await,
    }
}

/// What is asked for without its suffix, and the format: that of the suffix, else what `Accept` prefers.
pub(crate) fn asked<'n>(
    state: &State,
    request: &HttpRequest,
    name: &'n str,
) -> Result<(&'n str, &'static str), Problem> {
    match name.split_once('.') {
        Some((name, suffix)) => Ok((name, by_suffix(state, suffix)?)),
        None => Ok((name, by_accept(state, request)?)),
    }
}

fn offered(state: &State, format: &str) -> bool {
    format == JSON || state.renderers.iter().any(|renderer| renderer.format() == format)
}

fn by_suffix(state: &State, suffix: &str) -> Result<&'static str, Problem> {
    let known = FILE_KINDS.iter().map(|kind| kind.format).find(|format| *format == suffix);
    known.filter(|format| offered(state, format)).ok_or_else(Problem::not_found)
}

fn by_accept(state: &State, request: &HttpRequest) -> Result<&'static str, Problem> {
    let offers = FILE_KINDS.iter().map(|kind| (kind.media_type, kind.format));
    let ours: Vec<_> = offers.filter(|(_, format)| offered(state, format)).collect();
    preferred(request, &ours)
}

/// The format of the first media type of `Accept` that is offered; weights are read as an order of preference.
pub(crate) fn preferred(
    request: &HttpRequest,
    offers: &[(&'static str, &'static str)],
) -> Result<&'static str, Problem> {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    let mut wanted: Vec<(f32, &str)> =
        accept.split(',').map(weighted).filter(|(weight, _)| *weight > 0.0).collect();
    wanted.sort_by(|left, right| right.0.total_cmp(&left.0));
    let fits = |media: &str, offer: &str| {
        media == offer
            || media == "*/*"
            || media.strip_suffix("/*").is_some_and(|main| offer.split('/').next() == Some(main))
    };
    let found = wanted.iter().find_map(|(_, media)| offers.iter().find(|(offer, _)| fits(media, offer)));
    found.map(|(_, format)| *format).ok_or_else(|| {
        let names: Vec<&str> = offers.iter().map(|(media, _)| *media).collect();
        let detail = format!("this can be had as {}", names.join(", "));
        Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail)
    })
}

/// What one part of an `Accept` header names, and how much it is preferred.
pub(crate) fn weighted(part: &str) -> (f32, &str) {
    let mut pieces = part.split(';').map(str::trim);
    let media = pieces.next().unwrap_or_default();
    let weight = pieces.find_map(|piece| piece.strip_prefix("q=")).and_then(|q| q.parse().ok());
    (weight.unwrap_or(1.0), media)
}

/// A report in a format that somebody writes, under its file's name; a page is shown and not saved.
pub(crate) async fn written<T>(
    state: &State,
    report: T,
    format: &'static str,
    wanted: Wanted,
) -> Result<HttpResponse, Problem>
where
    T: Send + 'static,
    for<'r> Printable<'r>: From<&'r T>,
{
    let renderer = state.renderers.iter().find(|renderer| renderer.format() == format);
    let renderer = renderer.map(Arc::clone).ok_or_else(Problem::not_found)?;
    let stem = Printable::from(&report).file_stem();
    // Typesetting takes longer than a worker may keep others waiting.
    let rendered = block(move || renderer.render(Printable::from(&report), &wanted)).await;
    let rendered = rendered.map_err(|error| AppError::internal("a report", error))?;
    let bytes = rendered.map_err(|error| AppError::internal("a report", error))?;
    let kind = FileKind::of(format, &bytes).ok_or_else(Problem::not_found)?;
    let mut response = HttpResponse::Ok();
    response.content_type(kind.content_type().as_ref());
    if format != "html" {
        let name = format!("attachment; filename=\"{stem}.{}\"", kind.suffix);
        response.insert_header((CONTENT_DISPOSITION, name));
    }
    Ok(response.body(bytes))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

/// Freezes a month that has ended as revision 1.
#[utoipa::path(post, path = "/rest/crm/v1/reports/monthly/{month}/close", tag = "reports",
    responses((status = 200, body = schema::report::MonthlyReport)))]
pub(crate) async fn close_month(
    caller: Allowed<CloseMonths>,
    state: Data<State>,
    name: PathText,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    Ok(HttpResponse::Ok().json(state.app.close_month(&caller, month(&name.0)?, state.now()).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    reason: String,
}

/// Publishes the next revision of a closed month.
#[utoipa::path(post, path = "/rest/crm/v1/reports/monthly/{month}/restate", tag = "reports",
    request_body = schema::Reason, responses((status = 200, body = schema::report::MonthlyReport)))]
pub(crate) async fn restate_month(
    caller: Allowed<CloseMonths>,
    state: Data<State>,
    name: PathText,
    body: JsonBody<Reason>,
) -> Result<HttpResponse, Problem> {
    let month = month(&name.0)?;
    let reason = said("/reason", body.0.reason)?;
    Ok(HttpResponse::Ok().json(state.app.restate_month(&caller, month, &reason, state.now()).await?))
}
