//! What a use case can refuse: typed inside, a kind and a stable code at the seam.

use filo_domain::{
    TicketId,
    form::FieldError,
    identity::IdentityError,
    ticket::{Refused, Step},
    vocabulary::{Word, WordError},
};
use filo_store::StoreError;

use crate::attachments::blob::BlobError;

/// What sort of refusal it is: HTTP maps each kind to one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nobody is logged in, or wrongly.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// There is no such thing, or the caller may not see it.
    NotFound,
    /// The present state forbids it.
    Conflict,
    /// The caller's version is no longer the present one.
    Stale,
    /// It parses but is invalid.
    Invalid,
    /// More bytes than are taken.
    TooLarge,
    /// A media type that is not taken.
    Unsupported,
    /// Too much, too often.
    TooMany,
    /// Try again later.
    Unavailable,
    /// Our fault.
    Internal,
}

/// One invalid field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    /// A JSON Pointer into the request.
    pub pointer: String,
    /// What is wrong, as a sentence a person can act on.
    pub detail: String,
}

/// A refusal.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Wrong name, password, token or key; never says which.
    #[error("the credentials are not valid")]
    Credentials,
    /// The password was right, the second factor is missing or not; with the stable code.
    #[error("the log-in needs a code of the second factor")]
    SecondFactor(&'static str),
    /// The caller may not do this.
    #[error("this needs the permission to {0}")]
    Forbidden(&'static str),
    /// The identity provider knows the person, and no group of theirs has a role here.
    #[error("none of your groups at the identity provider has a role in Filo: ask its administrators")]
    NoGroup,
    /// There is no such thing, or the caller may not see it.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The state of a ticket forbids a step.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The ticket is merged: only the merge can be undone.
    #[error("this ticket is merged: go on with the one that speaks for it, or undo the merge")]
    Merged {
        /// The ticket that it points to.
        into: TicketId,
    },
    /// A conflict with what is there.
    #[error("{detail}")]
    Conflict {
        /// The stable code.
        code: &'static str,
        /// What is there, and what can be done.
        detail: String,
        /// What the caller needs to go on, such as a merge proposal.
        proposal: Option<serde_json::Value>,
    },
    /// An answer with warnings that nobody acknowledged.
    #[error(
        "the answer was held back: read the warnings, then change it or send it again with acknowledge_warnings"
    )]
    Unconfirmed(Vec<crate::Warning>),
    /// The caller's version is old.
    #[error("this was changed meanwhile: it is at version {0} now")]
    Stale(i32),
    /// Invalid fields.
    #[error("the request is not valid")]
    Invalid(Vec<InvalidField>),
    /// More bytes than are taken.
    #[error("at most {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// A media type that is not taken.
    #[error("{0}")]
    Unsupported(String),
    /// The attachments' store.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// Too often.
    #[error("too many requests: try again in {retry_after_s} s")]
    TooMany {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// A system that this needs cannot be reached.
    #[error("the {0} cannot be used at this moment: try again")]
    Away(&'static str),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Our fault; the detail goes to the log alone.
    #[error("internal error: {0}")]
    Internal(String),
}

impl AppError {
    /// A single invalid field.
    pub fn invalid(pointer: &str, detail: impl ToString) -> Self {
        Self::Invalid(vec![InvalidField { pointer: pointer.to_owned(), detail: detail.to_string() }])
    }
    /// Our fault, with its cause.
    pub fn internal(what: &str, cause: impl std::fmt::Display) -> Self {
        Self::Internal(format!("{what}: {cause}"))
    }
    /// A conflict without a proposal.
    pub fn conflict(code: &'static str, detail: impl ToString) -> Self {
        Self::Conflict { code, detail: detail.to_string(), proposal: None }
    }
    /// The kind and the stable code.
    pub fn kind(&self) -> (ErrorKind, &'static str) {
        match self {
            Self::Credentials => (ErrorKind::Unauthenticated, "credentials"),
            Self::SecondFactor(code) => (ErrorKind::Unauthenticated, code),
            Self::Forbidden(_) => (ErrorKind::Forbidden, "forbidden"),
            Self::NoGroup => (ErrorKind::Forbidden, "no-group"),
            Self::NotFound(_) => (ErrorKind::NotFound, "not-found"),
            Self::Refused(_) => (ErrorKind::Conflict, "step-not-allowed"),
            Self::Merged { .. } => (ErrorKind::Conflict, "ticket-merged"),
            Self::Conflict { code, .. } => (ErrorKind::Conflict, code),
            Self::Unconfirmed(_) => (ErrorKind::Conflict, "reply-needs-confirmation"),
            Self::Stale(_) => (ErrorKind::Stale, "changed-meanwhile"),
            Self::Invalid(_) => (ErrorKind::Invalid, "invalid"),
            Self::TooLarge { .. } => (ErrorKind::TooLarge, "content-too-large"),
            Self::Unsupported(_) => (ErrorKind::Unsupported, "unsupported-media-type"),
            Self::Blob(BlobError::Away(_)) => (ErrorKind::Unavailable, "attachments-unavailable"),
            Self::Blob(BlobError::Missing(_)) => (ErrorKind::Internal, "attachment-missing"),
            Self::TooMany { .. } => (ErrorKind::TooMany, "too-many-requests"),
            Self::Away(_) => (ErrorKind::Unavailable, "other-system-unavailable"),
            Self::Store(StoreError::Busy | StoreError::Away(_)) => {
                (ErrorKind::Unavailable, "database-unavailable")
            }
            // Two writers appended to one ticket, or claimed one name, at the same instant.
            Self::Store(StoreError::Conflict(_)) => (ErrorKind::Conflict, "concurrent-change"),
            Self::Store(
                StoreError::Corrupt { .. }
                | StoreError::Url
                | StoreError::Behind
                | StoreError::Migration(_)
                | StoreError::Panicked
                | StoreError::Json(_)
                | StoreError::Refused(_),
            ) => (ErrorKind::Internal, "internal"),
            Self::Internal(_) => (ErrorKind::Internal, "internal"),
        }
    }
    /// The steps that are allowed instead, for a refused step.
    pub fn allowed(&self) -> Option<Vec<&'static str>> {
        match self {
            Self::Refused(refused) => Some(refused.allowed.iter().copied().map(Step::word).collect()),
            Self::Merged { .. } => Some(vec![Step::Unmerge.word()]),
            _ => None,
        }
    }
}

impl From<serde_json::Error> for AppError {
    fn from(error: serde_json::Error) -> Self {
        Self::internal("a value could not be written as JSON", error)
    }
}
impl From<IdentityError> for InvalidField {
    fn from(error: IdentityError) -> Self {
        Self { pointer: "/value".to_owned(), detail: error.to_string() }
    }
}
impl From<WordError> for AppError {
    fn from(error: WordError) -> Self {
        Self::invalid("", error)
    }
}
impl From<Vec<FieldError>> for AppError {
    fn from(errors: Vec<FieldError>) -> Self {
        let field =
            |error: FieldError| InvalidField { detail: error.problem.to_string(), pointer: error.pointer };
        Self::Invalid(errors.into_iter().map(field).collect())
    }
}
