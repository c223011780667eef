//! What clock policies look like.

use filo_domain::{
    policy::ClockName,
    vocabulary::{Channel, Kind, Priority},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{At, one_of};

/// A clock policy.
#[derive(ToSchema)]
pub struct Policy {
    /// Key and version, as tickets name it.
    #[schema(example = "carta-scrivi@1")]
    pub id: String,
    /// Its name, stable over versions.
    #[schema(example = "carta-scrivi")]
    pub key: String,
    /// The version.
    pub version: u32,
    /// The highest among those that apply is chosen.
    pub priority: i32,
    /// Whether it is kept for the tickets that have it alone.
    pub retired: bool,
    /// Which tickets it applies to: one of the words of each list that is not empty.
    pub applies: PolicyConditions,
    /// Its clocks.
    pub clocks: Vec<PolicyClock>,
}

/// What a ticket must be for a policy to apply.
#[derive(ToSchema)]
pub struct PolicyConditions {
    /// Channels.
    #[schema(schema_with = words_of::<Channel>)]
    pub channel: Vec<String>,
    /// Theme keys, sub-themes included.
    pub theme: Vec<String>,
    /// Kinds.
    #[schema(schema_with = words_of::<Kind>)]
    pub kind: Vec<String>,
    /// Priorities.
    #[schema(schema_with = words_of::<Priority>)]
    pub priority: Vec<String>,
}

fn words_of<W: filo_domain::vocabulary::Word>() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    utoipa::openapi::schema::ArrayBuilder::new().items(one_of::<W>()).into()
}

/// A clock of a policy.
#[derive(ToSchema)]
pub struct PolicyClock {
    /// Which clock.
    #[schema(schema_with = one_of::<ClockName>)]
    pub name: String,
    /// Its target: `{elapsed_s}`, `{open_s}`, `{days}` or `{working_days}` with a number; null measures without one.
    #[schema(value_type = Option<Object>)]
    pub target: Option<serde_json::Value>,
    /// For whom waiting pauses it: `citizen` and `third_party`, or nobody.
    pub pauses: Vec<String>,
}

/// A question about a change of policies, or the order to apply it.
#[derive(ToSchema)]
#[schema(example = json!({ "mode": "preview" }))]
pub struct ChangePolicies {
    /// `preview`, `from-now` or `recompute`.
    #[schema(pattern = "^(preview|from-now|recompute)$", max_length = 9)]
    pub mode: String,
    /// How many tickets to show: 1 to 200, by default 50.
    #[schema(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From the page before.
    pub cursor: Option<Uuid>,
}

/// What a change of policies does, or did.
#[derive(ToSchema)]
pub struct PolicyChanges {
    /// What was asked.
    pub mode: String,
    /// Open tickets whose policy is not the one of today.
    pub affected: i64,
    /// Of them those that would become late.
    pub breaches_begin: i64,
    /// Of them those that would no longer be late.
    pub breaches_end: i64,
    /// Tickets changed by this request.
    pub changed: i64,
    /// Tickets still to be changed: ask again.
    pub remaining: i64,
    /// The tickets, by id.
    pub items: Vec<PolicyChange>,
    /// What to pass as `cursor` for the next page.
    pub next_cursor: Option<Uuid>,
}

/// One ticket that a change concerns.
#[derive(ToSchema)]
pub struct PolicyChange {
    /// The ticket.
    pub ticket_id: Uuid,
    /// Its number.
    pub number: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Its policy, with version.
    pub policy: Option<String>,
    /// Whether the configuration still has that version.
    pub known: bool,
    /// The policy that would be chosen today.
    pub new_policy: Option<String>,
    /// When its next clock is due.
    pub due_at: Option<At>,
    /// When it would be.
    pub new_due_at: Option<At>,
    /// What becomes of its breach: `begins`, `ends` or `none`.
    pub breach: String,
}
