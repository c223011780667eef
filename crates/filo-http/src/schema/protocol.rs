//! The register entries of the document-protocol system, and what was handed to it.

use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::At;

/// An entry in a protocol register.
#[derive(ToSchema)]
pub struct ProtocolEntry {
    /// The homogeneous organisational area (AOO) whose register it is.
    #[schema(min_length = 1, max_length = 60)]
    pub aoo: String,
    /// The register.
    #[schema(min_length = 1, max_length = 60)]
    pub register: String,
    /// The year of the numbering.
    #[schema(minimum = 1900, maximum = 9999)]
    pub year: i32,
    /// The number, as the register writes it.
    #[schema(min_length = 1, max_length = 60)]
    pub number: String,
    /// The date of the registration.
    #[schema(format = Date)]
    pub date: String,
}

/// How a ticket stands in the protocol.
#[derive(ToSchema)]
pub struct TicketProtocol {
    /// `queued`, `handed_over`, `failed` or `protocolled`.
    #[schema(max_length = 20)]
    pub state: String,
    /// The organisational area.
    pub aoo: Option<String>,
    /// The register.
    pub register: Option<String>,
    /// The year.
    pub year: Option<i32>,
    /// The number.
    pub number: Option<String>,
    /// The date.
    pub date: Option<String>,
    /// SHA-256 of the subject that was handed over.
    #[schema(max_length = 64)]
    pub subject_sha256: Option<String>,
    /// When the request was submitted; no transfer changes it.
    pub submitted_at: At,
    /// When the other system took it.
    pub handed_over_at: Option<At>,
    /// When the number came.
    pub answered_at: Option<At>,
}

/// A hand-over.
#[derive(ToSchema)]
pub struct ProtocolHandOver {
    /// The ticket.
    pub ticket_id: Uuid,
    /// The ticket's number.
    #[schema(max_length = 20)]
    pub number: String,
    /// `queued`, `handed_over`, `failed` or `protocolled`.
    #[schema(max_length = 20)]
    pub state: String,
    /// When it was asked for.
    pub requested_at: At,
    /// When the other system took it.
    pub handed_over_at: Option<At>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// Which hand-overs to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HandOverQuery {
    /// `queued`, `handed_over`, `failed` (the default) or `protocolled`.
    #[param(max_length = 20)]
    pub state: Option<String>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From `next_cursor` of the page before.
    #[param(max_length = 200)]
    pub cursor: Option<String>,
}
