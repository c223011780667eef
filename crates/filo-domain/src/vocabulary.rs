//! The words on the wire: each closed list of the contract as an enum with one spelling.

use serde::{Deserialize, Serialize};

/// A closed list of words, each with the one spelling used in JSON, in the database and in exports.
pub trait Word: Copy + PartialEq + 'static {
    /// What the list is called in messages.
    const NAME: &'static str;
    /// Every word of the list.
    const ALL: &'static [Self];
    /// The spelling.
    fn word(self) -> &'static str;
    /// Reads the spelling.
    ///
    /// # Errors
    /// Names the list and its words when the text is none of them.
    fn parse_word(text: &str) -> Result<Self, WordError> {
        Self::ALL.iter().copied().find(|word| word.word() == text).ok_or_else(|| WordError {
            name: Self::NAME,
            found: text.chars().take(60).collect(),
            expected: Self::ALL.iter().map(|word| word.word()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Why a text is not a word of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {name} {found:?}: expected one of {expected}")]
pub struct WordError {
    name: &'static str,
    found: String,
    expected: String,
}

/// How a contact reached the city.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The contact-centre line.
    Phone,
    /// The written web form.
    Scrivi,
    /// Institutional mail.
    Email,
    /// Certified mail; indicators count it with `email`.
    Pec,
    /// Comments, posts and messages on social pages.
    Social,
    /// WhatsApp and other chats.
    Chat,
    /// A visit to an office.
    Counter,
    /// Paper.
    Letter,
}

impl Word for Channel {
    const NAME: &'static str = "channel";
    const ALL: &'static [Self] = &[
        Self::Phone,
        Self::Scrivi,
        Self::Email,
        Self::Pec,
        Self::Social,
        Self::Chat,
        Self::Counter,
        Self::Letter,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Scrivi => "scrivi",
            Self::Email => "email",
            Self::Pec => "pec",
            Self::Social => "social",
            Self::Chat => "chat",
            Self::Counter => "counter",
            Self::Letter => "letter",
        }
    }
}

/// What a ticket asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A question.
    Information,
    /// Help with a procedure.
    Assistance,
    /// Something is broken.
    FaultReport,
    /// A complaint.
    Complaint,
    /// Praise or a suggestion.
    PraiseSuggestion,
    /// A formal request (istanza).
    FormalRequest,
    /// A request under the GDPR.
    DataSubjectRequest,
}

impl Word for Kind {
    const NAME: &'static str = "kind";
    const ALL: &'static [Self] = &[
        Self::Information,
        Self::Assistance,
        Self::FaultReport,
        Self::Complaint,
        Self::PraiseSuggestion,
        Self::FormalRequest,
        Self::DataSubjectRequest,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Assistance => "assistance",
            Self::FaultReport => "fault_report",
            Self::Complaint => "complaint",
            Self::PraiseSuggestion => "praise_suggestion",
            Self::FormalRequest => "formal_request",
            Self::DataSubjectRequest => "data_subject_request",
        }
    }
}

/// How a ticket ended, apart from its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The need is met.
    Solved,
    /// An answer was given.
    Answered,
    /// Another body is competent.
    NotOurs,
    /// Refused with a reason.
    Refused,
    /// Dealt with elsewhere.
    Duplicate,
    /// The citizen withdrew it.
    Withdrawn,
}

impl Word for Outcome {
    const NAME: &'static str = "outcome";
    const ALL: &'static [Self] =
        &[Self::Solved, Self::Answered, Self::NotOurs, Self::Refused, Self::Duplicate, Self::Withdrawn];
    fn word(self) -> &'static str {
        match self {
            Self::Solved => "solved",
            Self::Answered => "answered",
            Self::NotOurs => "not_ours",
            Self::Refused => "refused",
            Self::Duplicate => "duplicate",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// How urgent a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Low.
    Low,
    /// Normal.
    Normal,
    /// High.
    High,
    /// Urgent.
    Urgent,
}

impl Word for Priority {
    const NAME: &'static str = "priority";
    const ALL: &'static [Self] = &[Self::Low, Self::Normal, Self::High, Self::Urgent];
    fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody works it yet.
    New,
    /// Given to a unit or person.
    Assigned,
    /// A person accepted it.
    InCharge,
    /// Waiting for the citizen.
    WaitingCitizen,
    /// Waiting for somebody else.
    WaitingThirdParty,
    /// Resolved, may be contested.
    Resolved,
    /// Closed.
    Closed,
    /// Cancelled.
    Cancelled,
}

impl Word for State {
    const NAME: &'static str = "state";
    const ALL: &'static [Self] = &[
        Self::New,
        Self::Assigned,
        Self::InCharge,
        Self::WaitingCitizen,
        Self::WaitingThirdParty,
        Self::Resolved,
        Self::Closed,
        Self::Cancelled,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Assigned => "assigned",
            Self::InCharge => "in_charge",
            Self::WaitingCitizen => "waiting_citizen",
            Self::WaitingThirdParty => "waiting_third_party",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What kind of identifier a person is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityType {
    /// A telephone number, E.164.
    Phone,
    /// A mail address.
    Email,
    /// A codice fiscale.
    FiscalCode,
    /// A Facebook page-scoped id.
    Facebook,
    /// An Instagram id.
    Instagram,
    /// A WhatsApp id.
    Whatsapp,
}

impl Word for IdentityType {
    const NAME: &'static str = "identity type";
    const ALL: &'static [Self] =
        &[Self::Phone, Self::Email, Self::FiscalCode, Self::Facebook, Self::Instagram, Self::Whatsapp];
    fn word(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::FiscalCode => "fiscal_code",
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Whatsapp => "whatsapp",
        }
    }
}

/// What sort of touch an interaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InteractionKind {
    /// A phone call.
    Call,
    /// A Scrivi request.
    Submission,
    /// A citizen's addition to a Scrivi request.
    Addition,
    /// A citizen's contest of a closure.
    Contest,
    /// A mail or PEC message.
    Mail,
    /// A comment.
    Comment,
    /// A post on our page.
    Post,
    /// A direct message.
    Message,
    /// A pressed button.
    Postback,
    /// A visit to a counter.
    Visit,
    /// A letter.
    Letter,
    /// Our answer.
    Reply,
    /// A PEC receipt.
    Receipt,
    /// A PEC anomaly envelope around ordinary mail.
    Anomaly,
    /// A delivery report.
    Bounce,
    /// A delivery status of our message.
    Status,
    /// Our own post or message coming back.
    Echo,
    /// A reaction.
    Reaction,
    /// An edit of an earlier contact.
    Edit,
    /// A removal of an earlier contact.
    Removal,
    /// Understood as an event, of a kind we do not use.
    Other,
}

impl Word for InteractionKind {
    const NAME: &'static str = "interaction kind";
    const ALL: &'static [Self] = &[
        Self::Call,
        Self::Submission,
        Self::Addition,
        Self::Contest,
        Self::Mail,
        Self::Comment,
        Self::Post,
        Self::Message,
        Self::Postback,
        Self::Visit,
        Self::Letter,
        Self::Reply,
        Self::Receipt,
        Self::Anomaly,
        Self::Bounce,
        Self::Status,
        Self::Echo,
        Self::Reaction,
        Self::Edit,
        Self::Removal,
        Self::Other,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Submission => "submission",
            Self::Addition => "addition",
            Self::Contest => "contest",
            Self::Mail => "mail",
            Self::Comment => "comment",
            Self::Post => "post",
            Self::Message => "message",
            Self::Postback => "postback",
            Self::Visit => "visit",
            Self::Letter => "letter",
            Self::Reply => "reply",
            Self::Receipt => "receipt",
            Self::Anomaly => "anomaly",
            Self::Bounce => "bounce",
            Self::Status => "status",
            Self::Echo => "echo",
            Self::Reaction => "reaction",
            Self::Edit => "edit",
            Self::Removal => "removal",
            Self::Other => "other",
        }
    }
}

/// Who touched whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From outside.
    Inbound,
    /// From us.
    Outbound,
}

impl Word for Direction {
    const NAME: &'static str = "direction";
    const ALL: &'static [Self] = &[Self::Inbound, Self::Outbound];
    fn word(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// Why a contact asks for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotActionable {
    /// Spam.
    Spam,
    /// An automatic answer.
    AutoReply,
    /// A mailing list.
    List,
    /// The same again by the same person.
    OwnRepeat,
    /// Thanks, a tag, a sticker.
    AsksNothing,
    /// Abandoned within 5 s.
    ShortAbandon,
    /// A call whose end is not known.
    UnknownOutcome,
    /// Served by the machine.
    SelfServed,
    /// A test.
    Test,
}

impl Word for NotActionable {
    const NAME: &'static str = "reason";
    const ALL: &'static [Self] = &[
        Self::Spam,
        Self::AutoReply,
        Self::List,
        Self::OwnRepeat,
        Self::AsksNothing,
        Self::ShortAbandon,
        Self::UnknownOutcome,
        Self::SelfServed,
        Self::Test,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::AutoReply => "auto_reply",
            Self::List => "list",
            Self::OwnRepeat => "own_repeat",
            Self::AsksNothing => "asks_nothing",
            Self::ShortAbandon => "short_abandon",
            Self::UnknownOutcome => "unknown_outcome",
            Self::SelfServed => "self_served",
            Self::Test => "test",
        }
    }
}

/// How a leg or call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// A person answered.
    Answered,
    /// The caller gave up.
    Abandoned,
    /// Left the queue by timeout.
    TimedOut,
    /// The queue had no members.
    Empty,
    /// Left by pressing a key.
    KeyExit,
    /// Taken out by the system.
    Withdrawn,
    /// Transferred away unanswered.
    Transferred,
    /// The end is not known.
    Unknown,
    /// Served by the machine, never in a queue: such a call was not offered to anybody.
    SelfServed,
}

impl Word for CallOutcome {
    const NAME: &'static str = "call outcome";
    const ALL: &'static [Self] = &[
        Self::Answered,
        Self::Abandoned,
        Self::TimedOut,
        Self::Empty,
        Self::KeyExit,
        Self::Withdrawn,
        Self::Transferred,
        Self::Unknown,
        Self::SelfServed,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Abandoned => "abandoned",
            Self::TimedOut => "timed_out",
            Self::Empty => "empty",
            Self::KeyExit => "key_exit",
            Self::Withdrawn => "withdrawn",
            Self::Transferred => "transferred",
            Self::Unknown => "unknown",
            Self::SelfServed => "self_served",
        }
    }
}

/// What became of a message that we sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// In the outbox.
    Queued,
    /// Handed to the next server.
    Sent,
    /// Accepted by the PEC provider.
    Accepted,
    /// Delivered.
    Delivered,
    /// Read.
    Read,
    /// Failed finally for all recipients.
    Failed,
}

impl Word for DeliveryState {
    const NAME: &'static str = "delivery state";
    const ALL: &'static [Self] =
        &[Self::Queued, Self::Sent, Self::Accepted, Self::Delivered, Self::Read, Self::Failed];
    fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}

impl State {
    /// Whether somebody still has to work the ticket.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Resolved | Self::Closed | Self::Cancelled)
    }
    /// Whether the ticket waits for somebody outside the unit.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::WaitingCitizen | Self::WaitingThirdParty)
    }
}

impl InteractionKind {
    /// Whether an inbound interaction of this kind is a *contact*: an act of somebody outside
    /// (receipts, statuses, echoes, reactions, edits and removals are stored but counted nowhere).
    pub fn is_contact(self) -> bool {
        match self {
            Self::Call
            | Self::Submission
            | Self::Addition
            | Self::Contest
            | Self::Mail
            | Self::Comment
            | Self::Post
            | Self::Message
            | Self::Postback
            | Self::Visit
            | Self::Letter
            | Self::Anomaly => true,
            Self::Reply
            | Self::Receipt
            | Self::Bounce
            | Self::Status
            | Self::Echo
            | Self::Reaction
            | Self::Edit
            | Self::Removal
            | Self::Other => false,
        }
    }
}

/// Support level: I is the contact centre, II a unit of a Directorate or a task force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// The contact centre.
    I,
    /// A specialist unit.
    II,
}

impl Word for Level {
    const NAME: &'static str = "level";
    const ALL: &'static [Self] = &[Self::I, Self::II];
    fn word(self) -> &'static str {
        match self {
            Self::I => "I",
            Self::II => "II",
        }
    }
}
