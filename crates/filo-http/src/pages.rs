//! The citizens' pages: HTML that works without JavaScript, with forms that post to the page they are on.
//!
//! **Invariant:** number and code never stand in an address; what citizens wrote is escaped by the templates and
//! nothing but what the program carries ([`crate::assets`]) is loaded.
//!
//! Start at [`form`]; every text comes from the city's configuration in the page's language.

pub(crate) mod dashboard;
pub(crate) mod docs;
pub(crate) mod form;
pub(crate) mod open;
pub(crate) mod templates;
pub(crate) mod token;
pub(crate) mod track;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ACCEPT_LANGUAGE, CACHE_CONTROL, RETRY_AFTER},
    },
    web::Payload,
};
use filo_domain::Instant;
use minijinja::{Value, context};

use crate::{
    State, assets,
    body::query_pairs,
    problem::Problem,
    reports::weighted,
    upload::{self, Filled},
};

/// The language asked for, or the city's first.
fn language<'a>(state: &'a State, asked: Option<&str>) -> &'a str {
    let languages = &state.app.city().profile.languages;
    let known = languages.iter().find(|language| Some(language.as_str()) == asked);
    known.or(languages.first()).map_or("it", String::as_str)
}

/// The language of a page that is asked for: the address says it, else the browser, else it is the city's first.
fn language_of<'a>(state: &'a State, request: &HttpRequest) -> &'a str {
    let asked = asked(request.query_string(), "lang");
    let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    language(state, asked.as_deref().or_else(|| preferred(&state.app.city().profile.languages, header?)))
}

/// The language that a browser prefers among ours: `en-GB,en;q=0.8,it;q=0.3`.
fn preferred<'a>(ours: &'a [String], header: &str) -> Option<&'a str> {
    let weighed = header.split(',').map(weighted).filter_map(|(weight, tag)| {
        let tag = tag.split('-').next()?.to_ascii_lowercase();
        let known = ours.iter().find(|language| **language == tag)?;
        (weight > 0.0).then_some((known.as_str(), weight))
    });
    // The first of several that weigh the same.
    weighed.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
}

/// A form that was sent, with the page's language: the form says it, else the address. What cannot be read is answered
/// by a page that says so.
async fn posted<'a>(
    state: &'a State,
    request: &HttpRequest,
    payload: Payload,
) -> Result<(Filled, &'a str), Result<HttpResponse, Problem>> {
    let in_address = asked(request.query_string(), "lang");
    match upload::filled(request, payload.into_inner()).await {
        Ok(filled) => {
            let language = language(state, filled.get("lang").or(in_address.as_deref()));
            Ok((filled, language))
        }
        Err(problem) => Err(sorry_for(state, language(state, in_address.as_deref()), &problem)),
    }
}

/// The value of a name in a query string.
fn asked(query: &str, name: &str) -> Option<String> {
    query_pairs(query).ok()?.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A text of the city.
fn text(state: &State, language: &str, key: &str, values: &[(&str, &str)]) -> String {
    state.app.city().texts.fill(language, key, values).unwrap_or_else(|| key.to_owned())
}

/// An instant as people of the city write it: `3 ottobre 2026, 10:30`.
fn local(state: &State, language: &str, at: Instant) -> String {
    let at = state.app.city().zone.local(at);
    let month = text(state, language, &format!("months.{}", at.month()), &[]);
    format!("{} {month} {}, {:02}:{:02}", at.day(), at.year(), at.hour(), at.minute())
}

/// Writes a page.
fn page(
    state: &State,
    language: &str,
    status: StatusCode,
    template: &str,
    own: Value,
) -> Result<HttpResponse, Problem> {
    let profile = &state.app.city().profile;
    let other = profile.languages.iter().find(|it| it.as_str() != language);
    let common = context! {
        assets => assets::place(), italia => assets::look().is_some(),
        lang => language, other => other, city => &profile.name, phone => &profile.phone,
        phone_hours => &profile.phone_hours, privacy_url => &profile.privacy_url,
        accessibility_url => &profile.accessibility_url, ..own
    };
    let html = state.pages.get_template(template)?.render(common)?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(html))
}

/// A page that says only what went wrong.
fn sorry(state: &State, language: &str, status: StatusCode, sentence: &str) -> Result<HttpResponse, Problem> {
    page(state, language, status, "sorry.html", context! { sentence })
}

/// The page for a refusal: nothing of the inside is told.
fn sorry_for(state: &State, language: &str, problem: &Problem) -> Result<HttpResponse, Problem> {
    let phone = state.app.city().profile.phone.as_str();
    let status = problem.status();
    let largest = (upload::LONGEST / 1_000_000).to_string();
    let sentence = match status {
        StatusCode::NOT_FOUND => text(state, language, "errors.unknown_form", &[]),
        StatusCode::PAYLOAD_TOO_LARGE => {
            text(state, language, "errors.file_too_big", &[("name", ""), ("max_mb", &largest)])
        }
        _ => text(state, language, "errors.unavailable", &[("phone", phone)]),
    };
    sorry(state, language, status, &sentence)
}

/// The page for who sends too much.
pub(crate) fn refused(state: &State, request: &HttpRequest, wait_s: u64) -> HttpResponse {
    let language = language_of(state, request);
    let seconds = wait_s.to_string();
    let sentence = text(state, language, "errors.too_many_requests", &[("seconds", &seconds)]);
    let written = sorry(state, language, StatusCode::TOO_MANY_REQUESTS, &sentence);
    let mut response = written.unwrap_or_else(|problem| actix_web::ResponseError::error_response(&problem));
    response.headers_mut().insert(RETRY_AFTER, wait_s.into());
    response
}

#[cfg(test)]
mod tests {
    use super::preferred;

    #[test]
    fn a_browser_gets_the_language_that_it_likes_most_among_ours() {
        let ours = ["it".to_owned(), "en".to_owned()];
        for (header, expected) in [
            ("en-GB,en;q=0.8,it;q=0.3", Some("en")),
            ("it;q=0.3, EN;q=0.8", Some("en")),
            ("fr-FR, it;q=0.5, en;q=0.5", Some("it")),
            ("fr", None),
            ("en;q=0", None),
            ("en;q=molto, it;q=0.9", Some("en")),
            ("", None),
            (",;,=", None),
        ] {
            assert_eq!(preferred(&ours, header), expected, "{header}");
        }
    }
}
