//! `/scrivi/segui`: number and code are typed and posted; the request is shown, added to, contested, rated.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data},
};
use filo_app::{AppError, Followed};
use filo_domain::vocabulary::Word;
use minijinja::{Value, context};

use super::{language_of, local, page, posted, sorry_for, text};
use crate::{State, problem::Problem};

/// Asks for number and code.
pub(crate) async fn show_search(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let language = language_of(&state, &request);
    page(&state, language, StatusCode::OK, "search.html", context! { area => "track" })
}

/// Shows a request, after what its citizen asked to do with it: `action` is `add`, `contest` or `rate`.
pub(crate) async fn follow(
    state: Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (filled, language) = match posted(&state, &request, payload).await {
        Ok(posted) => posted,
        Err(refused) => return refused,
    };
    let value = |name| filled.get(name).unwrap_or_default().replace('\0', "");
    let asked = Asked {
        number: value("number"),
        code: value("code"),
        action: value("action"),
        text: value("text"),
        score: value("score"),
    };
    match done(&state, &asked).await {
        Ok(followed) => shown(&state, language, &asked, followed, None, StatusCode::OK),
        Err(AppError::NotFound(_)) => {
            let own = context! { area => "track", error => text(&state, language, "track.not_found", &[]), number => &asked.number };
            page(&state, language, StatusCode::NOT_FOUND, "search.html", own)
        }
        Err(error) => refused(&state, language, &asked, error.into()).await,
    }
}

struct Asked {
    number: String,
    code: String,
    action: String,
    text: String,
    score: String,
}

async fn done(state: &State, asked: &Asked) -> Result<Followed, AppError> {
    let (app, now) = (&state.app, state.now());
    let (number, code) = (asked.number.as_str(), asked.code.as_str());
    match asked.action.as_str() {
        "add" => app.add_to_request(number, code, &asked.text, false, now).await,
        "contest" => app.add_to_request(number, code, &asked.text, true, now).await,
        "rate" => {
            let comment = Some(asked.text.chars().take(200).collect());
            app.rate(number, code, asked.score.parse().unwrap_or(0), comment, now).await
        }
        _ => app.follow(number, code, now).await,
    }
}

/// The request as it is, with what could not be done.
async fn refused(
    state: &State,
    language: &str,
    asked: &Asked,
    problem: Problem,
) -> Result<HttpResponse, Problem> {
    if !problem.status().is_client_error() {
        return sorry_for(state, language, &problem);
    }
    let words = if problem.errors().is_empty() {
        problem.detail().unwrap_or_default().to_owned()
    } else {
        text(state, language, "errors.required", &[])
    };
    match state.app.follow(&asked.number, &asked.code, state.now()).await {
        Ok(followed) => shown(state, language, asked, followed, Some(words), problem.status()),
        Err(error) => sorry_for(state, language, &error.into()),
    }
}

fn shown(
    state: &State,
    language: &str,
    asked: &Asked,
    followed: Followed,
    error: Option<String>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let word = |prefix: &str, word: &str| text(state, language, &format!("{prefix}.{word}"), &[]);
    let date = |at| local(state, language, at);
    let done = match asked.action.as_str() {
        "add" => Some(word("track", "added")),
        "contest" => Some(word("track", "contested")),
        "rate" => Some(word("rating", "thanks")),
        _ => None,
    };
    let messages: Vec<Value> = followed
        .messages
        .iter()
        .map(|message| context! { from => message.from, at => date(message.at), text => &message.text })
        .collect();
    let own = context! {
        area => "track", number => followed.number, code => &asked.code, subject => followed.subject,
        state => word("states", followed.state.word()),
        outcome => followed.outcome.map(|outcome| word("outcomes", outcome.word())),
        opened_at => date(followed.received_at), charged_at => followed.charged_at.map(date),
        resolved_at => followed.resolved_at.map(date), expected_by => followed.expected_by.map(date),
        can_contest => followed.contest_until.is_some(), can_rate => followed.can_rate,
        done => done.filter(|_| error.is_none()), error, messages,
    };
    page(state, language, status, "followed.html", own)
}
