//! What requests and answers look like, for the OpenAPI document. The values themselves are those of `filo-app`;
//! a test compares real answers with what is written here.
//!
//! Lists are objects with `items`, `next_cursor` and `_links`.

pub mod access;
pub mod attachments;
pub mod callbacks;
mod calls;
pub mod campaigns;
pub mod clocks;
pub mod configuration;
pub mod content;
mod costs;
mod intervals;
pub mod oidc;
mod persons;
mod protocol;
pub mod report;
pub mod report_schedules;
pub mod scorecards;
mod series;
pub mod stream;
pub mod structure;
pub mod webhooks;
pub mod what_if;

use std::collections::BTreeMap;

use filo_domain::vocabulary::{self as words, Word};
use serde_json::Value;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        ObjectBuilder, RefOr,
        schema::{Schema, SchemaType, Type},
    },
};
use uuid::Uuid;

pub mod policies;
pub mod queues;
pub mod searches;
pub use calls::{CallDifference, CallDifferencesQuery, Ivr};
pub use costs::{Cost, CostQuery, CostRows};
pub use intervals::{CallFigures, CallInterval, FigureDefinition, IntervalTable, IntervalsQuery};
pub use persons::{
    IdentityChange, IdentityOutcome, NewIdentity, Person, PersonIdentity, PersonSuggestion, RegisterCall,
    SuggestionQuery, Timeline,
};
pub use protocol::{HandOverQuery, ProtocolEntry, ProtocolHandOver, TicketProtocol};
pub use series::{SeriesBehind, SeriesQuery, SeriesRows, SeriesTally, SeriesValue};

/// One of a closed list of words.
pub(crate) fn one_of<W: Word>() -> RefOr<Schema> {
    let all = W::ALL.iter().map(|word| word.word());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(all)).into()
}

/// One of a closed list of words, or null.
fn maybe_one_of<W: Word>() -> RefOr<Schema> {
    let all = W::ALL.iter().map(|word| Value::from(word.word())).chain([Value::Null]);
    let types = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(types).enum_values(Some(all)).into()
}

/// An instant: RFC 3339 in UTC.
#[derive(ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct At(pub String);

/// Links of a list, absolute.
#[derive(ToSchema)]
pub struct Links {
    /// This page.
    #[schema(rename = "self", format = "uri")]
    pub own: String,
    /// The next page; null on the last.
    #[schema(format = "uri")]
    pub next: Option<String>,
}

/// A page of a list.
#[derive(ToSchema)]
pub struct List<T: ToSchema> {
    /// The items.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
    /// Links.
    pub _links: Links,
}

/// A refusal (RFC 9457).
#[derive(ToSchema)]
pub struct Problem {
    /// The stable code as a relative URI.
    #[schema(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The status.
    pub status: i32,
    /// What is wrong; null for our own faults.
    pub detail: Option<String>,
    /// The request's id, as in the header `Request-Id`.
    pub instance: String,
    /// The invalid fields.
    pub errors: Option<Vec<FieldProblem>>,
    /// For a step that the state forbids: the steps it allows.
    pub allowed: Option<Vec<String>>,
    /// For a step that the state forbids: the state.
    pub state: Option<String>,
    /// For a ticket that is merged: the one that it points to.
    pub merged_into_id: Option<Uuid>,
    /// For a conflict: what the caller needs to go on, such as what is there already.
    pub proposal: Option<Value>,
    /// For a version that is no longer the present one: the present one.
    pub version: Option<i32>,
    /// For an answer that was held back: what to look at.
    pub warnings: Option<Vec<content::Warning>>,
}

/// An invalid field.
#[derive(ToSchema)]
pub struct FieldProblem {
    /// A JSON Pointer into the request.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// Name and password.
#[derive(ToSchema)]
pub struct Login {
    /// The log-in name.
    #[schema(max_length = 64)]
    pub username: String,
    /// The password.
    #[schema(max_length = 1024, format = Password)]
    pub password: String,
    /// The second factor, where the user has one: a code of the app, or a recovery code.
    #[schema(max_length = 32)]
    pub otp: Option<String>,
}

/// A refresh token.
#[derive(ToSchema)]
pub struct RefreshToken {
    /// As the log-in or the last refresh gave it.
    #[schema(max_length = 200)]
    pub refresh_token: String,
}

/// What a log-in gives.
#[derive(ToSchema)]
pub struct Tokens {
    /// For the `Authorization: Bearer` header.
    pub access_token: String,
    /// To be exchanged for new tokens, once.
    pub refresh_token: String,
    /// How long the access token lives, in seconds.
    pub expires_in_s: i64,
    /// Whether the tokens are good for enrolling the second factor alone, which the role must have.
    pub enrolment_only: bool,
}

/// A running or stopped clock of a ticket.
#[derive(ToSchema)]
pub struct Clock {
    /// Which clock.
    pub name: String,
    /// The policy that sets its target, with version.
    pub policy: Option<String>,
    /// When it started.
    pub started_at: At,
    /// When it stopped.
    pub stopped_at: Option<At>,
    /// When its target is reached.
    pub due_at: Option<At>,
    /// The due instant, once the clock ran past it.
    pub breached_at: Option<At>,
    /// Seconds counted.
    pub elapsed_s: i64,
    /// Seconds counted within opening hours.
    pub business_s: i64,
    /// Whether it counts at this moment.
    pub running: bool,
}

/// A ticket.
#[derive(ToSchema)]
pub struct Ticket {
    /// Its id.
    pub id: Uuid,
    /// The number people read aloud.
    pub number: String,
    /// Where it stands.
    #[schema(schema_with = one_of::<words::State>)]
    pub state: String,
    /// How it ended.
    #[schema(schema_with = maybe_one_of::<words::Outcome>)]
    pub outcome: Option<String>,
    /// The channel it was opened on.
    #[schema(schema_with = one_of::<words::Channel>)]
    pub channel: String,
    /// The source of its first contact.
    pub source: String,
    /// The subject; null once anonymised.
    pub subject: Option<String>,
    /// The theme key.
    pub theme: Option<String>,
    /// What it asks for.
    #[schema(schema_with = one_of::<words::Kind>)]
    pub kind: String,
    /// How urgent it is.
    #[schema(schema_with = one_of::<words::Priority>)]
    pub priority: String,
    /// Support level.
    #[schema(schema_with = one_of::<words::Level>)]
    pub level: String,
    /// The unit.
    pub unit: Option<String>,
    /// The user it is assigned to.
    pub user: Option<Uuid>,
    /// The citizen.
    pub person_id: Option<Uuid>,
    /// The matter.
    pub matter_id: Option<Uuid>,
    /// The ticket this one follows.
    pub follows_id: Option<Uuid>,
    /// The ticket that speaks for this one, while it is merged; its state is `cancelled` then.
    pub merged_into_id: Option<Uuid>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Where, as the citizen gave it.
    pub location: Option<Value>,
    /// The district.
    pub municipio: Option<i32>,
    /// When it was opened.
    pub opened_at: At,
    /// When the last event was recorded.
    pub updated_at: At,
    /// When a person first accepted it.
    pub charged_at: Option<At>,
    /// When it was first answered.
    pub first_response_at: Option<At>,
    /// When it was first resolved.
    pub first_resolved_at: Option<At>,
    /// When its last round was resolved.
    pub final_resolved_at: Option<At>,
    /// When its last round was closed.
    pub closed_at: Option<At>,
    /// When it was first escalated.
    pub escalated_at: Option<At>,
    /// How often it was reopened.
    pub reopened: i32,
    /// When the next clock is due.
    pub due_at: Option<At>,
    /// The clock policy, with its version.
    pub policy: Option<String>,
    /// The ETag.
    pub version: i32,
    /// The clocks; absent in lists.
    pub clocks: Option<Vec<Clock>>,
    /// The steps that the state allows.
    pub allowed: Vec<String>,
    /// Open tickets that may be about the same; only in the answer to an opening.
    pub possible_duplicates: Option<Vec<structure::Duplicate>>,
    /// The custom fields of its theme, by key; absent in lists.
    pub fields: Option<Value>,
    /// The key of the city's reason for the resolution; absent in lists.
    pub resolution_reason: Option<String>,
    /// How it stands in the protocol: absent in lists, null where it is not to be registered.
    pub protocol: Option<TicketProtocol>,
}

/// Filters of the list of tickets.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketQuery {
    /// States, separated by commas.
    pub state: Option<String>,
    /// Units, separated by commas.
    pub unit: Option<String>,
    /// `I`, `II`.
    pub level: Option<String>,
    /// Themes, separated by commas, sub-themes included.
    pub theme: Option<String>,
    /// Channels, separated by commas.
    pub channel: Option<String>,
    /// Kinds, separated by commas.
    pub kind: Option<String>,
    /// Priorities, separated by commas.
    pub priority: Option<String>,
    /// Tags, separated by commas: any of them.
    pub tag: Option<String>,
    /// Districts, separated by commas.
    pub municipio: Option<String>,
    /// `me`, `none`, or ids of users, separated by commas.
    pub assigned_to: Option<String>,
    /// A person, with everybody merged into them.
    pub person_id: Option<uuid::Uuid>,
    /// A matter.
    pub matter_id: Option<uuid::Uuid>,
    /// Opened not before.
    pub created_from: Option<String>,
    /// Opened before.
    pub created_to: Option<String>,
    /// Updated not before.
    pub updated_from: Option<String>,
    /// Updated before.
    pub updated_to: Option<String>,
    /// Due not before.
    pub due_from: Option<String>,
    /// Due before.
    pub due_to: Option<String>,
    /// `overdue`, `today` or `week` (today and the six days after it), in the city's local days.
    pub due: Option<String>,
    /// Whether a clock ran past its deadline.
    pub breached: Option<bool>,
    /// Of which clock `due…` and `breached` speak: `first_response`, `resolution` or `statutory`.
    pub clock: Option<String>,
    /// `true`: only those that the caller watches.
    pub watched: Option<bool>,
    /// `created`, `-created` (the default), `updated`, `-updated` or `due`.
    pub sort: Option<String>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From the page before, with the same filters and order.
    pub cursor: Option<String>,
}

/// Where a list goes on.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PagingQuery {
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// A list of what happened between two instants.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SpanQuery {
    /// Not before.
    pub from: Option<String>,
    /// Before.
    pub to: Option<String>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// Filters of the list of contacts.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InteractionQuery {
    /// One channel.
    pub channel: Option<String>,
    /// One source.
    pub source: Option<String>,
    /// One ticket.
    pub ticket_id: Option<Uuid>,
    /// Not before.
    pub from: Option<String>,
    /// Before.
    pub to: Option<String>,
    /// `occurred` or `-occurred` (the default).
    pub sort: Option<String>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// A month or a year.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodQuery {
    /// `YYYY-MM` or `YYYY`.
    pub period: String,
}

/// A month or a year; by default the present month.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OptionalPeriodQuery {
    /// `YYYY-MM` or `YYYY`.
    pub period: Option<String>,
}

/// By what a person is recognised.
#[derive(ToSchema)]
pub struct Identity {
    /// The type.
    #[schema(rename = "type", schema_with = one_of::<words::IdentityType>)]
    pub identity_type: String,
    /// As people write it.
    #[schema(max_length = 254)]
    pub value: String,
}

/// The citizen of a new ticket.
#[derive(ToSchema)]
pub struct Requester {
    /// The name.
    pub name: Option<String>,
    /// By what the citizen is recognised.
    #[schema(max_items = 20)]
    pub identities: Option<Vec<Identity>>,
}

/// A contact registered and its ticket opened in one step.
#[derive(ToSchema)]
pub struct NewTicket {
    /// The channel.
    #[schema(schema_with = one_of::<words::Channel>)]
    pub channel: String,
    /// Under which of the desk's sources it is entered; by default `desk`.
    #[schema(max_length = 100)]
    pub source: Option<String>,
    /// The subject.
    #[schema(min_length = 1, max_length = 200)]
    pub subject: String,
    /// What the citizen asks.
    #[schema(max_length = 50000)]
    pub body: Option<String>,
    /// The theme key.
    pub theme: Option<String>,
    /// What it asks for.
    #[schema(schema_with = one_of::<words::Kind>)]
    pub kind: String,
    /// How urgent it is.
    #[schema(schema_with = maybe_one_of::<words::Priority>)]
    pub priority: Option<String>,
    /// The citizen.
    pub requester: Option<Requester>,
    /// The contact, where it is recorded already.
    pub interaction_id: Option<Uuid>,
    /// Where; `municipio` is the number of the district.
    pub location: Option<Value>,
    /// Tags.
    #[schema(max_items = 20)]
    pub tags: Option<Vec<String>>,
    /// Custom fields of the theme: see `GET /themes`.
    pub fields: Option<Value>,
}

/// A change of a ticket's classification.
#[derive(ToSchema)]
pub struct TicketChange {
    /// A new subject.
    #[schema(min_length = 1, max_length = 200)]
    pub subject: Option<String>,
    /// The theme key.
    pub theme: Option<String>,
    /// What it asks for.
    #[schema(schema_with = maybe_one_of::<words::Kind>)]
    pub kind: Option<String>,
    /// How urgent it is.
    #[schema(schema_with = maybe_one_of::<words::Priority>)]
    pub priority: Option<String>,
    /// All tags.
    #[schema(max_items = 20)]
    pub tags: Option<Vec<String>>,
    /// Custom fields to set; null removes one.
    pub fields: Option<Value>,
}

/// What a step needs: `assign {unit?,user?}`, `escalate {unit,note}`, `wait {for,reason}`,
/// `resolve {outcome,reason?,note?,reply?,acknowledge_warnings?}`, `reopen {reason}`, `cancel {reason}`; the others nothing.
#[derive(ToSchema)]
pub struct StepBody {
    /// The unit's key.
    pub unit: Option<String>,
    /// The user.
    pub user: Option<Uuid>,
    /// Internal note.
    #[schema(max_length = 5000)]
    pub note: Option<String>,
    /// `citizen` or `third_party`.
    #[schema(rename = "for")]
    pub waits_for: Option<String>,
    /// Why; for `resolve` the key of one of the city's reasons.
    #[schema(max_length = 5000)]
    pub reason: Option<String>,
    /// How it ended.
    #[schema(schema_with = maybe_one_of::<words::Outcome>)]
    pub outcome: Option<String>,
    /// An answer sent with the resolution.
    #[schema(max_length = 50000)]
    pub reply: Option<String>,
    /// Whether the answer's warnings were read.
    pub acknowledge_warnings: Option<bool>,
}

/// A reply or a note.
#[derive(ToSchema)]
pub struct NewMessage {
    /// `reply` or `note`.
    pub kind: String,
    /// The text; a reply may have a template instead.
    #[schema(min_length = 1, max_length = 50000)]
    pub body: Option<String>,
    /// The template whose text is sent.
    #[schema(max_length = 100)]
    pub template: Option<String>,
    /// The template's language, `it` or `en`; by default the city's first.
    #[schema(max_length = 2)]
    pub language: Option<String>,
    /// The channel, when it is not the ticket's.
    #[schema(schema_with = maybe_one_of::<words::Channel>)]
    pub channel: Option<String>,
    /// Whether the reply's warnings were read: without it one that has warnings is refused with 409.
    pub acknowledge_warnings: Option<bool>,
    /// Files of the ticket that go with a reply by mail.
    #[schema(max_items = 20)]
    pub attachments: Option<Vec<Uuid>>,
}

/// One entry of a conversation.
#[derive(ToSchema)]
pub struct Message {
    /// The message's id, or the contact's.
    pub id: Uuid,
    /// `contact`, `reply`, `receipt`, `note` or `reason`.
    pub kind: String,
    /// Who touched whom; null for what stays inside.
    pub direction: Option<String>,
    /// When.
    pub at: At,
    /// The channel; null for what stays inside.
    #[schema(schema_with = maybe_one_of::<words::Channel>)]
    pub channel: Option<String>,
    /// The text; null once anonymised.
    pub body: Option<String>,
    /// What became of it.
    #[schema(schema_with = maybe_one_of::<words::DeliveryState>)]
    pub delivery: Option<String>,
    /// What became of it for each recipient.
    pub deliveries: Vec<Value>,
    /// The merged ticket that it belongs to; null for the ticket's own.
    pub origin: Option<structure::Origin>,
    /// Who is named in a note.
    pub mentions: Vec<content::Mentioned>,
    /// What was doubtful in a reply and acknowledged; only in the answer to its sending.
    pub warnings: Option<Vec<content::Warning>>,
    /// Files that came or went with it.
    pub attachments: Vec<attachments::MessageFile>,
}

/// One event of a ticket's log.
#[derive(ToSchema)]
pub struct Event {
    /// 1 for the first.
    pub seq: i32,
    /// What happened.
    pub kind: String,
    /// When it happened.
    pub at: At,
    /// When Filo learned of it.
    pub recorded_at: At,
    /// By whose act.
    pub actor: Value,
    /// The details; texts are in it as seals alone.
    pub data: Value,
    /// The hash of the event before.
    pub prev_hash: String,
    /// The hash of this event.
    pub hash: String,
}

/// Tickets to be joined.
#[derive(ToSchema)]
pub struct NewMatter {
    /// What it is about; by default the first ticket's subject.
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// The tickets.
    #[schema(min_items = 2, max_items = 50)]
    pub ticket_ids: Vec<Uuid>,
}

/// A change of a matter.
#[derive(ToSchema)]
pub struct MatterChange {
    /// A new title.
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// Tickets to join.
    pub add_ticket_ids: Option<Vec<Uuid>>,
    /// Tickets to take out.
    pub remove_ticket_ids: Option<Vec<Uuid>>,
}

/// The tickets of one need.
#[derive(ToSchema)]
pub struct Matter {
    /// Its id.
    pub id: Uuid,
    /// What it is about.
    pub title: String,
    /// Whose need it is.
    pub person_id: Option<Uuid>,
    /// When it was made.
    pub created_at: At,
    /// Its tickets, oldest first.
    pub tickets: Vec<Ticket>,
    /// The ETag.
    pub version: i32,
}

/// By what persons are looked up.
#[derive(ToSchema)]
pub struct PersonQuery {
    /// A telephone number.
    pub phone: Option<String>,
    /// A mail address.
    pub email: Option<String>,
    /// A fiscal code.
    pub fiscal_code: Option<String>,
    /// A Facebook id.
    pub facebook: Option<String>,
    /// An Instagram id.
    pub instagram: Option<String>,
    /// A WhatsApp id.
    pub whatsapp: Option<String>,
    /// A full name.
    pub name: Option<String>,
}

/// A change of a person.
#[derive(ToSchema)]
pub struct PersonChange {
    /// A new name.
    pub name: Option<String>,
    /// Further identities.
    #[schema(max_items = 20)]
    pub add_identities: Option<Vec<Identity>>,
}

/// Into whom a person is merged.
#[derive(ToSchema)]
pub struct MergeInto {
    /// The person who stays.
    pub into: Uuid,
}

/// What a merge gave.
#[derive(ToSchema)]
pub struct Merged {
    /// By which it is undone.
    pub merge_id: Uuid,
    /// The person after it.
    pub person: Person,
}

/// A contact, an answer, a receipt.
#[derive(ToSchema)]
pub struct Interaction {
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
    /// The sender.
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
    /// What is new in it.
    pub text: String,
    /// What a reader should know.
    pub flags: Vec<String>,
}

/// A contact that another system pushes.
#[derive(ToSchema)]
pub struct NewInteraction {
    /// The configured source.
    pub source: String,
    /// The id within the source: the same one again is a duplicate.
    #[schema(min_length = 1, max_length = 256)]
    pub external_id: String,
    /// The channel; by default the source's.
    #[schema(schema_with = maybe_one_of::<words::Channel>)]
    pub channel: Option<String>,
    /// What sort of touch it is.
    #[schema(schema_with = one_of::<words::InteractionKind>)]
    pub kind: String,
    /// When it happened; by default now, never in the future.
    pub occurred_at: Option<At>,
    /// The sender's name.
    pub name: Option<String>,
    /// By what the sender is recognised.
    #[schema(max_items = 20)]
    pub identities: Option<Vec<Identity>>,
    /// The conversation within the source.
    pub thread: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The text.
    pub text: Option<String>,
    /// The theme key.
    pub theme: Option<String>,
    /// Why it asks for nothing.
    #[schema(schema_with = maybe_one_of::<words::NotActionable>)]
    pub reason: Option<String>,
}

/// What became of something pushed.
#[derive(ToSchema)]
pub struct Pushed {
    /// The contact.
    pub id: Option<Uuid>,
    /// Its ticket.
    pub ticket_id: Option<Uuid>,
    /// Whether it was known before.
    pub duplicate: bool,
}

/// A call.
#[derive(ToSchema)]
pub struct Call {
    /// The call's contact.
    pub id: Uuid,
    /// The source.
    pub source: String,
    /// The phone system's id.
    pub call_id: String,
    /// When its first leg entered a queue.
    pub entered_at: At,
    /// The caller's number.
    pub caller: Option<String>,
    /// How it ended.
    #[schema(schema_with = one_of::<words::CallOutcome>)]
    pub outcome: String,
    /// Seconds waited.
    pub wait_s: Option<i64>,
    /// Seconds talked.
    pub talk_s: Option<i64>,
    /// When a person answered.
    pub answered_at: Option<At>,
    /// When it ended.
    pub ended_at: Option<At>,
    /// Where it was transferred to.
    pub transferred_to: Option<String>,
    /// The caller, where the number is known.
    pub person_id: Option<Uuid>,
    /// The ticket it is registered under.
    pub ticket_id: Option<Uuid>,
    /// What the caller chose before or instead of a queue.
    pub ivr: Option<Ivr>,
    /// The theme that it seems to be about, by what was chosen or by the queue.
    pub suggested_theme: Option<String>,
}

/// What the phone system reports while a call goes on.
#[derive(ToSchema)]
pub struct CallEvent {
    /// The configured source.
    pub source: String,
    /// The phone system's id of the call.
    #[schema(min_length = 1, max_length = 128)]
    pub call_id: String,
    /// `ivr` (a choice), `self_served` (ended at the machine), `offered`, `queued`, `answered`, `ended` or `abandoned`.
    pub event: String,
    /// When.
    pub at: At,
    /// The caller's number.
    pub caller: Option<String>,
    /// The queue.
    pub queue: Option<String>,
    /// Who answered; kept for the audit trail alone.
    pub agent: Option<String>,
    /// What the caller chose before or instead of a queue, such as `2-1`: needed with `ivr`, may come with
    /// `self_served`, `offered` and `queued`.
    #[schema(min_length = 1, max_length = 32)]
    pub ivr: Option<String>,
}

/// What became of a live event.
#[derive(ToSchema)]
pub struct CallEventAnswer {
    /// Whether it was known before.
    pub duplicate: bool,
    /// The call; null while its start has not come.
    pub call: Option<Call>,
}

/// A reason.
#[derive(ToSchema)]
pub struct Reason {
    /// Why.
    #[schema(min_length = 1, max_length = 5000)]
    pub reason: String,
}

/// A unit in quarantine.
#[derive(ToSchema)]
pub struct Quarantined {
    /// Its id.
    pub id: Uuid,
    /// The source.
    pub source: String,
    /// The stable word for why.
    pub reason: String,
    /// A sentence.
    pub detail: String,
    /// `open`, `retried` or `discarded`.
    pub state: String,
    /// When it was kept.
    pub created_at: At,
    /// When it was settled.
    pub decided_at: Option<At>,
    /// Why it was discarded.
    pub note: Option<String>,
    /// How many bytes it has.
    pub size: i64,
    /// The bytes as text; absent in lists.
    pub raw: Option<String>,
}

/// What a retry gave.
#[derive(ToSchema)]
pub struct Retried {
    /// The unit.
    pub id: Uuid,
    /// Whether it is understood now.
    pub released: bool,
    /// The reason it is still kept for.
    pub reason: Option<String>,
}

/// An indicator's value with what it means.
#[derive(ToSchema)]
pub struct Indicator {
    /// The key.
    pub key: String,
    /// `YYYY-MM` or `YYYY`.
    pub period: String,
    /// The instant as at which everything is known.
    pub as_of: At,
    /// `words`, `formula` and `version`.
    pub definition: BTreeMap<String, String>,
    /// What the value counts in.
    pub unit: String,
    /// The value; null when there is nothing to compute it from.
    pub value: Option<f64>,
    /// As a printed form writes it.
    pub text: Option<String>,
    /// Items counted.
    pub numerator: i64,
    /// Items counted and below the line.
    pub denominator: i64,
    /// How many the value rests on.
    pub n: i64,
    /// What was left out, by reason.
    pub excluded: Vec<Value>,
    /// The contacts behind it; empty where they are not asked for.
    pub items: Vec<Value>,
    /// The months of imported series behind it, those without a value too; absent where it uses none.
    #[schema(required = false)]
    pub series: Vec<SeriesBehind>,
}

/// A user to be made.
#[derive(ToSchema)]
pub struct NewUser {
    /// The log-in name.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    /// `operator`, `specialist`, `supervisor`, `analyst` or `admin`.
    pub role: String,
    /// The unit of a specialist or supervisor.
    pub unit: Option<String>,
    /// The password.
    #[schema(min_length = 12, max_length = 1024, format = Password)]
    pub password: String,
}

/// A new password.
#[derive(ToSchema)]
pub struct NewPassword {
    /// The password.
    #[schema(min_length = 12, max_length = 1024, format = Password)]
    pub password: String,
}

/// A user.
#[derive(ToSchema)]
pub struct User {
    /// The id.
    pub id: Uuid,
    /// The log-in name.
    pub name: String,
    /// The name shown to colleagues.
    pub display_name: Option<String>,
    /// The role.
    pub role: String,
    /// The unit.
    pub unit: Option<String>,
    /// When the user was made.
    pub created_at: At,
    /// When the user was disabled.
    pub disabled_at: Option<At>,
}

/// A key to be issued.
#[derive(ToSchema)]
pub struct NewKey {
    /// Its name.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    /// `intake:phone`, `intake:scrivi`, `intake:email`, `intake:social`, `read:reports`, `webhooks`.
    #[schema(min_items = 1, max_items = 6)]
    pub scopes: Vec<String>,
    /// When it ends by itself; never, when nothing is said.
    pub expires_at: Option<At>,
}

/// An integration key.
#[derive(ToSchema)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub scopes: Vec<String>,
    /// The key itself, in the answer that issues it alone.
    pub key: Option<String>,
    /// When it was issued.
    pub created_at: At,
    /// When it ends by itself.
    pub expires_at: Option<At>,
    /// The local day on which it was last used.
    #[schema(max_length = 10)]
    pub last_used_day: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<At>,
}

/// A filled-in form; as multipart: the same names and `files`.
#[derive(ToSchema)]
pub struct NewRequest {
    /// The form's key.
    pub form: String,
    /// The fields by key; null is as good as left out.
    pub fields: BTreeMap<String, Option<String>>,
    /// Whether the privacy notice was read and accepted.
    pub privacy_accepted: bool,
}

/// What a citizen gets for a request.
#[derive(ToSchema)]
pub struct Confirmed {
    /// The number people read aloud.
    pub number: String,
    /// The code by which it is followed; null when the same request is open already.
    pub code: Option<String>,
    /// When it was received.
    pub received_at: At,
    /// When an answer may be expected.
    pub expected_by: Option<At>,
    /// Where it is followed.
    #[schema(format = "uri")]
    pub receipt_url: String,
    /// Whether the same request was open already.
    pub repeated: bool,
}

/// A request's number and code.
#[derive(ToSchema)]
pub struct NumberAndCode {
    /// The number.
    #[schema(max_length = 40)]
    pub number: String,
    /// The code.
    #[schema(max_length = 40)]
    pub code: String,
}

/// What a citizen adds to a request, or why a resolution is contested.
#[derive(ToSchema)]
pub struct Addition {
    /// The number.
    #[schema(max_length = 40)]
    pub number: String,
    /// The code.
    #[schema(max_length = 40)]
    pub code: String,
    /// The text.
    #[schema(min_length = 1, max_length = 5000)]
    pub text: String,
}

/// How a citizen rates an answer.
#[derive(ToSchema)]
pub struct Rating {
    /// The number.
    #[schema(max_length = 40)]
    pub number: String,
    /// The code.
    #[schema(max_length = 40)]
    pub code: String,
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    pub score: i32,
    /// In words.
    #[schema(max_length = 5000)]
    pub comment: Option<String>,
}

/// A public message.
#[derive(ToSchema)]
pub struct PublicMessage {
    /// `citizen` or `city`.
    pub from: String,
    /// When.
    pub at: At,
    /// The text.
    pub text: String,
}

/// A request as its citizen sees it.
#[derive(ToSchema)]
pub struct Followed {
    /// The number.
    pub number: String,
    /// Where it stands.
    #[schema(schema_with = one_of::<words::State>)]
    pub state: String,
    /// How it ended.
    #[schema(schema_with = maybe_one_of::<words::Outcome>)]
    pub outcome: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// When it was received.
    pub received_at: At,
    /// When a person accepted it.
    pub charged_at: Option<At>,
    /// When it was first answered.
    pub first_response_at: Option<At>,
    /// When it was resolved.
    pub resolved_at: Option<At>,
    /// When an answer may be expected.
    pub expected_by: Option<At>,
    /// Until when it can be contested.
    pub contest_until: Option<At>,
    /// What was written on both sides.
    pub messages: Vec<PublicMessage>,
    /// Whether it can be rated now.
    pub can_rate: bool,
}
