//! Access and its audit log on the wire.

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::At;

/// Which entries of the audit log.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// One action, such as `login_refused`.
    pub action: Option<String>,
    /// Not before.
    #[param(format = DateTime)]
    pub from: Option<String>,
    /// Before.
    #[param(format = DateTime)]
    pub to: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// An entry of the audit log.
#[derive(ToSchema)]
pub struct AuditEntry {
    /// 1 for the first, without gaps.
    pub seq: i64,
    /// When.
    pub at: At,
    /// By whom: a user's id, a key's name, or `system`.
    pub actor: Value,
    /// What, as a stable word.
    pub action: String,
    /// On what; no personal data of citizens.
    pub data: Value,
    /// The hash of the entry before.
    pub prev_hash: String,
    /// The hash of this entry.
    pub hash: String,
}
