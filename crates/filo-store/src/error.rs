//! What can go wrong in the store.

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection was free in time: the caller should try again.
    #[error("the database is busy: no connection was free in time")]
    Busy,
    /// The database cannot be reached.
    #[error("the database is away: {0}")]
    Away(String),
    /// The database refuses a value that must be unique, or a reference to nothing.
    #[error("the database refuses the change: {0}")]
    Conflict(String),
    /// What is stored is not what this version writes.
    #[error("{table} {id} holds an unexpected value: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The URL is neither `sqlite:PATH` nor `postgres://…`.
    #[error("the database URL must be sqlite:PATH or postgres://…")]
    Url,
    /// The schema is older than this program.
    #[error("the database schema is behind this program: run `filo migrate`")]
    Behind,
    /// A migration failed.
    #[error("a migration failed: {0}")]
    Migration(String),
    /// The work panicked; its transaction was not committed.
    #[error("the work was not committed because it panicked")]
    Panicked,
    /// A JSON value could not be written or read.
    #[error("a JSON value could not be stored: {0}")]
    Json(#[from] serde_json::Error),
    /// Any other refusal of the database.
    #[error("the database refused: {0}")]
    Refused(String),
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error};
        match error {
            Error::DatabaseError(
                Kind::UniqueViolation | Kind::ForeignKeyViolation | Kind::CheckViolation,
                info,
            ) => Self::Conflict(info.message().to_owned()),
            Error::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, info) => {
                Self::Away(info.message().to_owned())
            }
            Error::DatabaseError(Kind::SerializationFailure, _) => Self::Busy,
            Error::DatabaseError(_, info) if is_busy(info.message()) => Self::Busy,
            Error::DatabaseError(_, info) if is_away(info.message()) => Self::Away(info.message().to_owned()),
            Error::BrokenTransactionManager => {
                Self::Away("the connection broke during the transaction".to_owned())
            }
            other => Self::Refused(other.to_string()),
        }
    }
}

/// SQLite's words for a lock held by another process, PostgreSQL's for a dead lock or a full server.
fn is_busy(message: &str) -> bool {
    ["database is locked", "deadlock detected", "too many clients", "statement timeout"]
        .iter()
        .any(|words| message.contains(words))
}

/// libpq's words for a server that is gone or going.
fn is_away(message: &str) -> bool {
    [
        "server closed the connection",
        "terminating connection",
        "no connection to the server",
        "could not connect",
    ]
    .iter()
    .any(|words| message.contains(words))
}
