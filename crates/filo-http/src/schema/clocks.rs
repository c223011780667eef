//! How a ticket's clocks were reckoned.

use utoipa::ToSchema;
use uuid::Uuid;

use super::At;

/// The clocks of a ticket.
#[derive(ToSchema)]
pub struct TicketArithmetic {
    /// The ticket.
    pub ticket_id: Uuid,
    /// Its number.
    #[schema(max_length = 40)]
    pub number: String,
    /// The zone of the local times in the texts.
    #[schema(max_length = 60)]
    pub zone: String,
    /// The instant as at which everything is known.
    pub as_of: At,
    /// Its clocks.
    pub clocks: Vec<ClockArithmetic>,
}

/// How one clock was reckoned.
#[derive(ToSchema)]
pub struct ClockArithmetic {
    /// `opened_to_first_response`, `opened_to_resolved`, `opened_to_resolved_final`, `opened_to_resolved_net`,
    /// `received_to_closed`, `charge_to_closed`.
    #[schema(max_length = 60)]
    pub clock: String,
    /// What it measures.
    pub words: TwoLanguages,
    /// When it started; null when it has not.
    pub started_at: Option<At>,
    /// When it stopped; null while it has not.
    pub stopped_at: Option<At>,
    /// The month in whose figures it counts.
    #[schema(max_length = 7)]
    pub counted_in: Option<String>,
    /// What lies between and is not counted; gaps may overlap, their union is left out.
    pub left_out: Vec<LeftOut>,
    /// What remains and is counted.
    pub parts: Vec<CountedPart>,
    /// The sum of the parts; null while it has not stopped.
    #[schema(minimum = 0)]
    pub seconds: Option<i64>,
    /// All of it as a sentence.
    pub text: TwoLanguages,
}

/// A text in both languages.
#[derive(ToSchema)]
pub struct TwoLanguages {
    /// Italian.
    pub it: String,
    /// English.
    pub en: String,
}

/// Time that is not counted.
#[derive(ToSchema)]
pub struct LeftOut {
    /// `closed` (resolved, until it was reopened) or `waiting` (for the citizen or somebody else).
    #[schema(max_length = 20)]
    pub reason: String,
    /// Its first instant.
    pub from: At,
    /// The first instant after it.
    pub to: At,
    /// Its length.
    #[schema(minimum = 0)]
    pub seconds: i64,
}

/// Time that is counted.
#[derive(ToSchema)]
pub struct CountedPart {
    /// Its first instant.
    pub from: At,
    /// The first instant after it.
    pub to: At,
    /// Its length.
    #[schema(minimum = 0)]
    pub seconds: i64,
}
