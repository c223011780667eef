//! The one renderer of refusals: `application/problem+json` (RFC 9457).

use std::borrow::Cow;

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    body::BoxBody,
    http::{StatusCode, header},
};
use filo_app::{AppError, ErrorKind};
use filo_domain::{
    ticket::Refused,
    vocabulary::{State, Word},
};
use serde_json::{Map, Value, json};

use crate::observe;

/// The media type of every refusal.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// How long to wait before asking a service again that is away, in seconds.
const RETRY_S: u64 = 5;
/// The longest sentence of a refusal, in characters.
const LONGEST_SENTENCE: usize = 500;

/// A refusal on its way out; boxed, because most results are none.
#[derive(Debug, thiserror::Error)]
#[error("{} {}", .0.status, .0.code)]
pub(crate) struct Problem(Box<Told>);

/// What a refusal tells.
#[derive(Debug)]
struct Told {
    status: StatusCode,
    code: String,
    detail: Option<String>,
    errors: Vec<(String, String)>,
    further: Map<String, Value>,
    retry_after_s: Option<u64>,
    allow: Option<String>,
    size: Option<u64>,
}

impl Problem {
    /// A refusal with a stable code and a sentence.
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Told {
            status,
            code: code.to_owned(),
            detail: Some(detail.into()),
            errors: vec![],
            further: Map::new(),
            retry_after_s: None,
            allow: None,
            size: None,
        }))
    }
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }
    pub(crate) fn unauthenticated() -> Self {
        AppError::Credentials.into()
    }
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing at this address")
    }
    pub(crate) fn not_allowed(allow: String) -> Self {
        let detail = format!("this address takes {allow}");
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail);
        problem.0.allow = Some(allow);
        problem
    }
    pub(crate) fn unsupported(expected: &str) -> Self {
        let detail = format!("send the body as {expected}");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    }
    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "content-too-large", detail)
    }
    pub(crate) fn too_many(retry_after_s: u64) -> Self {
        AppError::TooMany { retry_after_s }.into()
    }
    /// After how long it may be tried again.
    pub(crate) fn retry_after_s(&self) -> Option<u64> {
        self.0.retry_after_s
    }
    /// For a range outside a file of this size.
    pub(crate) fn with_range(mut self, size: u64) -> Self {
        self.0.size = Some(size);
        self
    }
    /// One invalid field.
    pub(crate) fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::all_invalid(vec![(pointer.into(), detail.into())])
    }
    /// Several invalid fields.
    pub(crate) fn all_invalid(errors: Vec<(String, String)>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "the request is not valid");
        problem.0.errors = errors;
        problem
    }
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }
    pub(crate) fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }
    /// The pointers of the invalid fields with what is wrong.
    pub(crate) fn errors(&self) -> &[(String, String)] {
        &self.0.errors
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "type": format!("/problems/{}", self.0.code),
            "title": self.0.status.canonical_reason(),
            "status": self.0.status.as_u16(),
            "detail": self.0.detail.as_deref().map(short),
            "instance": format!("/requests/{}", observe::request_id()),
        });
        if let Some(members) = body.as_object_mut() {
            if !self.0.errors.is_empty() {
                let error = |(pointer, detail): &(String, String)| json!({ "pointer": short(pointer), "detail": short(detail) });
                members.insert("errors".to_owned(), self.0.errors.iter().map(error).collect());
            }
            members.extend(self.0.further.clone());
        }
        body
    }
}

/// A sentence as long as people read: what was sent is quoted, and may be a megabyte.
fn short(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST_SENTENCE) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponseBuilder::new(self.0.status);
        response.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
        if let Some(seconds) = self.0.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(size) = self.0.size {
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")));
        }
        if let Some(allow) = &self.0.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.body(self.body().to_string())
    }
}

fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Stale => StatusCode::PRECONDITION_FAILED,
        ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let (kind, code) = error.kind();
        let mut problem = Self::new(status_of(kind), code, error.to_string());
        if kind == ErrorKind::Internal {
            tracing::error!(request.id = %observe::request_id(), error = %error, "internal error");
            problem.0.detail = None;
        }
        if kind == ErrorKind::Unavailable {
            tracing::warn!(request.id = %observe::request_id(), error = %error, "unavailable");
            let ours = match error {
                AppError::Blob(_) => Some("attachments' store"),
                AppError::Store(_) => Some("database"),
                _ => None,
            };
            if let Some(what) = ours {
                problem.0.detail = Some(format!("the {what} is busy or away: try again"));
            }
            problem.0.retry_after_s = Some(RETRY_S);
        }
        if let Some(allowed) = error.allowed() {
            problem.0.further.insert("allowed".to_owned(), allowed.into());
        }
        match error {
            AppError::Refused(Refused { state, .. }) => {
                problem.0.further.insert("state".to_owned(), state.word().into());
            }
            AppError::Merged { into } => {
                problem.0.further.insert("state".to_owned(), State::Cancelled.word().into());
                problem.0.further.insert("merged_into_id".to_owned(), into.to_string().into());
            }
            AppError::Invalid(fields) => {
                problem.0.errors = fields.into_iter().map(|field| (field.pointer, field.detail)).collect();
            }
            AppError::TooMany { retry_after_s } => problem.0.retry_after_s = Some(retry_after_s),
            AppError::Conflict { proposal: Some(proposal), .. } => {
                problem.0.further.insert("proposal".to_owned(), proposal);
            }
            AppError::Unconfirmed(warnings) => {
                let warnings = serde_json::to_value(warnings).unwrap_or_default();
                problem.0.further.insert("warnings".to_owned(), warnings);
            }
            AppError::Stale(version) => {
                problem.0.further.insert("version".to_owned(), version.into());
            }
            AppError::Credentials
            | AppError::SecondFactor(_)
            | AppError::Forbidden(_)
            | AppError::NoGroup
            | AppError::NotFound(_)
            | AppError::Conflict { .. }
            | AppError::TooLarge { .. }
            | AppError::Unsupported(_)
            | AppError::Blob(_)
            | AppError::Away(_)
            | AppError::Store(_)
            | AppError::Internal(_) => {}
        }
        problem
    }
}

/// A page that its template could not write, or a report that its writer could not: our fault.
impl From<minijinja::Error> for Problem {
    fn from(error: minijinja::Error) -> Self {
        AppError::internal("a page could not be written", format!("{error:#}")).into()
    }
}

#[cfg(test)]
mod tests {
    use filo_store::StoreError;

    use super::*;

    #[test]
    fn our_own_faults_tell_nothing_of_the_inside() {
        let problem = Problem::from(AppError::Internal("password of the database".to_owned()));
        assert_eq!(problem.error_response().status(), 500);
        assert!(problem.body()["detail"].is_null());
    }

    #[test]
    fn a_refusal_does_not_repeat_a_megabyte_of_what_was_sent() {
        let sent = "è".repeat(1_000_000);
        let problem = Problem::invalid(format!("/{sent}"), format!("there is no theme {sent:?}"));
        assert!(problem.body().to_string().len() < 4_000);
        assert!(Problem::bad_request(sent).body().to_string().len() < 2_000);
    }

    #[test]
    fn a_busy_database_is_503_with_a_time_to_come_back() {
        let response = Problem::from(AppError::Store(StoreError::Busy)).error_response();
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key("retry-after"));
    }
}
