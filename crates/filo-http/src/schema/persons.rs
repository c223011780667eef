//! Persons, their identities, their merges, and who else they may be.

use filo_domain::vocabulary as words;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{At, Links, Requester, Ticket, maybe_one_of, one_of};

/// An identity to add.
#[derive(ToSchema)]
pub struct NewIdentity {
    /// The type.
    #[schema(rename = "type", schema_with = one_of::<words::IdentityType>)]
    pub identity_type: String,
    /// As people write it.
    #[schema(max_length = 254)]
    pub value: String,
    /// Whether somebody proved that it is theirs.
    pub verified: Option<bool>,
    /// Whether to record that both use it when another person holds it, instead of a refusal.
    pub claim: Option<bool>,
}

/// A change of an identity.
#[derive(ToSchema)]
pub struct IdentityChange {
    /// Whether somebody proved that it is theirs; one that is verified on two persons joins them.
    pub verified: bool,
}

/// An identity of a person.
#[derive(ToSchema)]
pub struct PersonIdentity {
    /// The id.
    pub id: Uuid,
    /// The type.
    #[schema(rename = "type", schema_with = one_of::<words::IdentityType>)]
    pub identity_type: String,
    /// The normal form.
    #[schema(max_length = 254)]
    pub value: String,
    /// Whether somebody proved that it is theirs.
    pub verified: bool,
    /// Whether another person holds it, whom its contacts join.
    pub claimed: bool,
    /// Since when.
    pub created_at: At,
}

/// An identity after a change, with the person.
#[derive(ToSchema)]
pub struct IdentityOutcome {
    /// The id.
    pub id: Uuid,
    /// The type.
    #[schema(rename = "type", schema_with = one_of::<words::IdentityType>)]
    pub identity_type: String,
    /// The normal form.
    #[schema(max_length = 254)]
    pub value: String,
    /// Whether somebody proved that it is theirs.
    pub verified: bool,
    /// Whether another person holds it.
    pub claimed: bool,
    /// Since when.
    pub created_at: At,
    /// The person after it.
    pub person: Person,
    /// The merge that followed by itself, by which it is undone.
    pub merge_id: Option<Uuid>,
}

/// Who else a person may be.
#[derive(ToSchema)]
pub struct Suggestion {
    /// By which it is accepted or dismissed.
    pub id: Uuid,
    /// The other person.
    pub person_id: Uuid,
    /// The other's name.
    pub name: Option<String>,
    /// Why: `same_name`, `same_contact`, `typed_number`, `claimed_identity` or `called_for`.
    #[schema(max_length = 40)]
    pub reason: String,
    /// Why, in words.
    #[schema(max_length = 500)]
    pub because: String,
}

/// A merge in force.
#[derive(ToSchema)]
pub struct Merge {
    /// By which it is undone.
    pub merge_id: Uuid,
    /// Who was merged.
    pub from: Uuid,
    /// Into whom.
    pub into: Uuid,
    /// When.
    pub at: At,
    /// By which rule: `operator`, `suggestion`, `verified_identity` or `number_known`.
    #[schema(max_length = 40)]
    pub rule: String,
}

/// A person.
#[derive(ToSchema)]
pub struct Person {
    /// The id.
    pub id: Uuid,
    /// The name.
    pub name: Option<String>,
    /// The identities, of everybody merged into this person too.
    pub identities: Vec<PersonIdentity>,
    /// Who was merged into this person.
    pub merged: Vec<Uuid>,
    /// By which merges, oldest first.
    pub merges: Vec<Merge>,
    /// Whether all that is known is one telephone number, which nobody verified.
    pub number_only: bool,
    /// Who else this may be.
    pub suggestions: Vec<Suggestion>,
    /// When Filo first met them.
    pub created_at: At,
    /// The ETag.
    pub version: i32,
}

/// What became of a call.
#[derive(ToSchema)]
pub struct TimelineCall {
    /// How it ended.
    #[schema(schema_with = one_of::<words::CallOutcome>)]
    pub outcome: String,
    /// Seconds waited.
    pub wait_s: Option<i64>,
    /// Seconds talked.
    pub talk_s: Option<i64>,
    /// When a person answered.
    pub answered_at: Option<At>,
    /// What the caller chose before or instead of a queue.
    pub ivr: Option<super::Ivr>,
}

/// The ticket of a contact.
#[derive(ToSchema)]
pub struct TimelineTicket {
    /// Its id.
    pub id: Uuid,
    /// Its number.
    #[schema(max_length = 20)]
    pub number: String,
    /// Its state.
    #[schema(schema_with = one_of::<words::State>)]
    pub state: String,
    /// Its subject.
    pub subject: Option<String>,
    /// Its theme.
    pub theme: Option<String>,
}

/// A contact or an answer of a timeline.
#[derive(ToSchema)]
pub struct TimelineItem {
    /// `interaction`.
    #[schema(rename = "type", max_length = 20)]
    pub item: String,
    /// Its id.
    pub id: Uuid,
    /// The configured source.
    pub source: String,
    /// The channel.
    #[schema(schema_with = one_of::<words::Channel>)]
    pub channel: String,
    /// What sort of touch it is.
    #[schema(schema_with = one_of::<words::InteractionKind>)]
    pub kind: String,
    /// Who touched whom.
    #[schema(schema_with = one_of::<words::Direction>)]
    pub direction: String,
    /// The intake key.
    pub external_id: String,
    /// When it happened.
    pub occurred_at: At,
    /// When it was committed.
    pub recorded_at: At,
    /// The person as recorded.
    pub person_id: Option<Uuid>,
    /// The ticket.
    pub ticket_id: Option<Uuid>,
    /// The conversation.
    pub thread: Option<String>,
    /// Whether it asks for something.
    pub actionable: bool,
    /// Why not.
    #[schema(schema_with = maybe_one_of::<words::NotActionable>)]
    pub reason: Option<String>,
    /// The sender's name as given.
    pub name: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// What is new in it; of an answer its text. Empty in the ticket of a unit that the caller may not see.
    pub text: String,
    /// What a reader should know.
    pub flags: Vec<String>,
    /// What became of it, for a call.
    pub call: Option<TimelineCall>,
    /// What became of it, for an answer.
    pub delivery: Option<String>,
    /// Its ticket, where it has one.
    pub ticket: Option<TimelineTicket>,
}

/// A person's history over all channels.
#[derive(ToSchema)]
pub struct Timeline {
    /// The person.
    pub person: Person,
    /// Touches, newest first.
    pub items: Vec<TimelineItem>,
    /// For the next page.
    pub next_cursor: Option<String>,
    /// The person's tickets, newest first, at most 50; on the first page alone.
    pub tickets: Vec<Ticket>,
    /// Links.
    pub _links: Links,
}

/// One of two persons who may be one.
#[derive(ToSchema)]
pub struct SuggestedPerson {
    /// Who they are now.
    pub id: Uuid,
    /// Their name.
    pub name: Option<String>,
}

/// Two persons who may be one.
#[derive(ToSchema)]
pub struct PersonSuggestion {
    /// The id.
    pub id: Uuid,
    /// The two of them.
    #[schema(max_items = 2)]
    pub persons: Vec<SuggestedPerson>,
    /// Why: `same_name`, `same_contact`, `typed_number`, `claimed_identity` or `called_for`.
    #[schema(max_length = 40)]
    pub reason: String,
    /// Why, in words.
    #[schema(max_length = 500)]
    pub because: String,
    /// `open`, `accepted` or `dismissed`.
    #[schema(max_length = 20)]
    pub state: String,
    /// Since when.
    pub created_at: At,
    /// When somebody decided.
    pub decided_at: Option<At>,
    /// The merge it was accepted by, by which it is undone.
    pub merge_id: Option<Uuid>,
}

/// Which suggestions to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuggestionQuery {
    /// `open` (the default), `accepted` or `dismissed`.
    #[param(max_length = 20)]
    pub state: Option<String>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From `next_cursor` of the page before.
    #[param(max_length = 200)]
    pub cursor: Option<String>,
}

/// How a call is registered.
#[derive(ToSchema)]
pub struct RegisterCall {
    /// The theme key; by default the queue's.
    pub theme: Option<String>,
    /// What the citizen asks for.
    #[schema(schema_with = maybe_one_of::<words::Kind>)]
    pub kind: Option<String>,
    /// The subject.
    #[schema(max_length = 200)]
    pub subject: Option<String>,
    /// Resolved at level I at once, in this way.
    #[schema(schema_with = maybe_one_of::<words::Outcome>)]
    pub outcome: Option<String>,
    /// The key of the city's reason for the resolution.
    #[schema(max_length = 100)]
    pub reason: Option<String>,
    /// Custom fields of the theme, for a new ticket.
    pub fields: Option<Value>,
    /// Escalated to this unit.
    pub unit: Option<String>,
    /// Internal note.
    pub note: Option<String>,
    /// The ticket to join.
    pub ticket_id: Option<Uuid>,
    /// Who called, where the number does not say it.
    pub requester: Option<Requester>,
}
