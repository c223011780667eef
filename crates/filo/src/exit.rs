//! How a command ends: the exit codes of the contract.

use std::process::ExitCode;

use filo_app::{AppError, ErrorKind};
use filo_store::StoreError;

/// Why a command did not simply succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Done, but something is wrong: said why on stderr already, or here.
    #[error("{0}")]
    Wrong(String),
    /// Wrong usage.
    #[error("{0}")]
    Usage(String),
    /// Cannot run: database, configuration.
    #[error("{0}")]
    CannotRun(String),
    /// For a mail server's pipe: try again later.
    #[error("{0}")]
    TryLater(String),
    /// For a mail server's pipe: wrong usage.
    #[error("{0}")]
    PipeUsage(String),
}

impl Failure {
    /// The exit code: 1 something wrong, 2 usage, 3 cannot run; 75 and 64 for pipes (sysexits).
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Wrong(_) => 1,
            Self::Usage(_) => 2,
            Self::CannotRun(_) => 3,
            Self::PipeUsage(_) => 64,
            Self::TryLater(_) => 75,
        })
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::CannotRun(error.to_string())
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let fields = match &error {
            AppError::Invalid(fields) => {
                let field = |field: &filo_app::InvalidField| {
                    format!("{} {}", field.pointer.trim_start_matches('/'), field.detail)
                };
                fields.iter().map(field).collect::<Vec<_>>().join("; ")
            }
            other => other.to_string(),
        };
        match error.kind().0 {
            ErrorKind::Invalid => Self::Usage(fields),
            ErrorKind::Unavailable | ErrorKind::Internal => Self::CannotRun(fields),
            ErrorKind::Unauthenticated
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Stale
            | ErrorKind::TooLarge
            | ErrorKind::Unsupported
            | ErrorKind::TooMany => Self::Wrong(fields),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Wrong(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Wrong(format!("a value could not be written as JSON: {error}"))
    }
}
