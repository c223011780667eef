//! The one renderer of refusals: `application/problem+json` (RFC 9457).

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    body::BoxBody,
    http::{StatusCode, header},
};
use filo_app::{AppError, ErrorKind};
use filo_domain::{ticket::Refused, vocabulary::Word};
use serde_json::{Map, Value, json};

use crate::observe;

/// The media type of every refusal.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// How long to wait before asking a service again that is away, in seconds.
const RETRY_S: u64 = 5;

/// A refusal on its way out.
#[derive(Debug, thiserror::Error)]
#[error("{status} {code}")]
pub(crate) struct Problem {
    status: StatusCode,
    code: String,
    detail: Option<String>,
    errors: Vec<(String, String)>,
    further: Map<String, Value>,
    retry_after_s: Option<u64>,
    allow: Option<String>,
}

impl Problem {
    /// A refusal with a stable code and a sentence.
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            detail: Some(detail.into()),
            errors: vec![],
            further: Map::new(),
            retry_after_s: None,
            allow: None,
        }
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
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail) }
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
    /// One invalid field.
    pub(crate) fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::all_invalid(vec![(pointer.into(), detail.into())])
    }
    /// Several invalid fields.
    pub(crate) fn all_invalid(errors: Vec<(String, String)>) -> Self {
        let detail = "the request is not valid";
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
    pub(crate) fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
    /// The pointers of the invalid fields with what is wrong.
    pub(crate) fn errors(&self) -> &[(String, String)] {
        &self.errors
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "type": format!("/problems/{}", self.code),
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": format!("/requests/{}", observe::request_id()),
        });
        if let Some(members) = body.as_object_mut() {
            if !self.errors.is_empty() {
                let error = |(pointer, detail): &(String, String)| json!({ "pointer": pointer, "detail": detail });
                members.insert("errors".to_owned(), self.errors.iter().map(error).collect());
            }
            members.extend(self.further.clone());
        }
        body
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponseBuilder::new(self.status);
        response.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
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
            problem.detail = None;
        }
        if kind == ErrorKind::Unavailable {
            tracing::warn!(request.id = %observe::request_id(), error = %error, "unavailable");
            problem.detail = Some("the database is busy or away: try again".to_owned());
            problem.retry_after_s = Some(RETRY_S);
        }
        if let Some(allowed) = error.allowed() {
            problem.further.insert("allowed".to_owned(), allowed.into());
        }
        match error {
            AppError::Refused(Refused { state, .. }) => {
                problem.further.insert("state".to_owned(), state.word().into());
            }
            AppError::Invalid(fields) => {
                problem.errors = fields.into_iter().map(|field| (field.pointer, field.detail)).collect();
            }
            AppError::TooMany { retry_after_s } => problem.retry_after_s = Some(retry_after_s),
            AppError::Conflict { proposal: Some(proposal), .. } => {
                problem.further.insert("proposal".to_owned(), proposal);
            }
            AppError::Stale(version) => {
                problem.further.insert("version".to_owned(), version.into());
            }
            AppError::Credentials
            | AppError::Forbidden(_)
            | AppError::NotFound(_)
            | AppError::Conflict { .. }
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
