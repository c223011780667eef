//! What is told of calls beside their row.

use utoipa::ToSchema;

/// What a caller chose before or instead of a queue.
#[derive(ToSchema)]
pub struct Ivr {
    /// The place in the menu.
    pub choice: String,
    /// What the caller heard there; null where the source's configuration does not list it.
    pub label: Option<String>,
    /// The theme that it suggests.
    pub theme: Option<String>,
}
