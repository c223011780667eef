//! What a search of tickets looks like.

use utoipa::ToSchema;
use uuid::Uuid;

/// A search: what must be in the tickets, and the filters of their list. Of words and names several can be given,
/// separated by commas.
#[derive(ToSchema)]
#[schema(example = json!({ "text": "\"carta di identità\" rinnov*", "state": "new,assigned", "limit": 20 }))]
pub struct TicketSearch {
    /// Words that must all be there, "phrases in quotes", beginnings with `*`; numbers of tickets and telephones
    /// however they are written. Accents, endings and capitals do not matter.
    #[schema(min_length = 1, max_length = 200)]
    pub text: String,
    /// States.
    pub state: Option<String>,
    /// Units.
    pub unit: Option<String>,
    /// `I`, `II`.
    pub level: Option<String>,
    /// Themes, sub-themes included.
    pub theme: Option<String>,
    /// Channels.
    pub channel: Option<String>,
    /// Kinds.
    pub kind: Option<String>,
    /// Priorities.
    pub priority: Option<String>,
    /// Tags, any of them.
    pub tag: Option<String>,
    /// Districts.
    pub municipio: Option<String>,
    /// `me`, `none`, or ids of users.
    pub assigned_to: Option<String>,
    /// A person, with everybody merged into them.
    pub person_id: Option<Uuid>,
    /// A matter.
    pub matter_id: Option<Uuid>,
    /// Opened not before.
    #[schema(format = DateTime)]
    pub created_from: Option<String>,
    /// Opened before.
    #[schema(format = DateTime)]
    pub created_to: Option<String>,
    /// Updated not before.
    #[schema(format = DateTime)]
    pub updated_from: Option<String>,
    /// Updated before.
    #[schema(format = DateTime)]
    pub updated_to: Option<String>,
    /// Due not before.
    #[schema(format = DateTime)]
    pub due_from: Option<String>,
    /// Due before.
    #[schema(format = DateTime)]
    pub due_to: Option<String>,
    /// `overdue`, `today` or `week`, in the city's local days.
    pub due: Option<String>,
    /// Whether a clock ran past its deadline.
    pub breached: Option<bool>,
    /// Of which clock `due…` and `breached` speak.
    pub clock: Option<String>,
    /// `relevance` (the default: number, subject and requester before the conversation, newest first in each), or as
    /// in the list.
    pub sort: Option<String>,
    /// 1 to 200, by default 50.
    #[schema(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From the page before, with the same search.
    pub cursor: Option<String>,
}
