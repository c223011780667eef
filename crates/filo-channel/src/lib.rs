//! What every channel adapter speaks: the values it hands to the core and the traits it implements.
//!
//! **Invariant:** no I/O and no store here, and an adapter sees nothing of the core but this crate and the
//! domain. A unit that cannot be understood is [`Rejected`] with its bytes and a reason: never dropped.
//!
//! Start at [`Decode`] and [`Inbound`]; [`conformance`] has the promises every adapter's tests run.

use std::collections::BTreeMap;

use filo_domain::{
    Instant, MessageId,
    identity::Identity,
    legs::{Leg, LegEvent},
    vocabulary::{Channel, DeliveryState, Direction, InteractionKind, Kind, NotActionable, Priority},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub mod conformance;

/// Bytes as a channel received them.
#[derive(Clone, Debug)]
pub struct Raw {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// When the channel itself says they arrived (IMAP INTERNALDATE); `None` for files.
    pub arrived_at: Option<Instant>,
    /// The present, for what carries no usable date.
    pub now: Instant,
}

/// Turns received bytes into units.
pub trait Decode: Send + Sync {
    /// Decodes one payload: one entry a unit, in order. Never fails as a whole and never panics: what cannot be
    /// understood is a [`Rejected`] entry.
    fn decode(&self, raw: &Raw) -> Vec<Result<Decoded, Rejected>>;
    /// A reader of one payload that is too long to hold, part by part; `None` where all of it must be seen at once.
    fn in_parts(&self) -> Option<Box<dyn DecodeParts + '_>> {
        None
    }
}

/// Decodes one payload in parts. Together, in whatever order, they give what [`Decode::decode`] gives for the whole.
pub trait DecodeParts {
    /// Decodes the next part, which ends with a line unless it is the last.
    fn part(&mut self, bytes: &[u8]) -> Vec<Result<Decoded, Rejected>>;
    /// What was held back until the payload's end.
    fn end(&mut self) -> Vec<Result<Decoded, Rejected>> {
        vec![]
    }
    /// Whether a unit may wait for parts to come: such a payload cannot be followed while it grows.
    fn holds_back(&self) -> bool {
        false
    }
}

/// One understood unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// A contact, receipt, status or other interaction.
    Interaction(Box<Inbound>),
    /// One event of a call's leg; the domain folds them.
    LegEvent(LegEvent),
    /// A leg already whole (call detail records, vendors' files).
    Leg(Box<Leg>),
}

/// One interaction as an adapter hands it over.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// The channel it came through.
    pub channel: Channel,
    /// The configured source.
    pub source: String,
    /// Within what [`Self::external_id`] is unique: the source, or `email` over all mailboxes.
    pub scope: String,
    /// The intake key: the same unit delivered twice has the same one.
    pub external_id: String,
    /// What sort of touch it is.
    pub kind: InteractionKind,
    /// Who touched whom.
    pub direction: Direction,
    /// When it happened.
    pub occurred_at: Instant,
    /// Everything by which the sender can be recognised; empty for an unknown sender.
    pub identities: Vec<Identity>,
    /// The sender's name as given.
    pub name: Option<String>,
    /// The conversation within the source whose contacts share one ticket (social, chat).
    pub thread: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// What is new in it, as plain text.
    pub text: String,
    /// Why it asks for nothing; `None` when it is actionable.
    pub not_actionable: Option<NotActionable>,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
    /// What it does to tickets and messages.
    pub effect: Effect,
    /// The unit as `filo inspect` prints it (contract §5), without `file`.
    pub detail: Value,
    /// What a reader should know, such as `charset_guessed`.
    pub flags: Vec<String>,
}

/// What an interaction does when it is registered.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A contact: opens a ticket when actionable, or continues its thread's.
    Contact(ContactHints),
    /// Reports what became of something that we sent.
    Delivery(DeliveryReport),
    /// Is recorded and changes nothing else.
    Record,
}

/// What helps the core to place a contact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContactHints {
    /// Message-IDs it answers, the likeliest first.
    pub references: Vec<String>,
    /// A ticket number with its check token, found in the subject.
    pub ticket_token: Option<String>,
    /// The theme key, where the sender chose one.
    pub theme: Option<String>,
    /// The kind, where the sender chose one.
    pub kind: Option<Kind>,
    /// The priority, where the source sets one.
    pub priority: Option<Priority>,
    /// The form and its further fields, where one was filled in.
    pub form: Option<String>,
    /// The form's fields that are not name, contact, subject or text.
    pub fields: BTreeMap<String, String>,
    /// Whether no automatic receipt may be sent back (robots, lists, receipts).
    pub no_auto_answer: bool,
}

/// What became of a message that we sent.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryReport {
    /// The ids by which the message may be known, the likeliest first: our Message-ID, the platform's id.
    pub references: Vec<String>,
    /// The report on each recipient; an empty address speaks of all of them.
    pub recipients: Vec<RecipientReport>,
}

/// What became of a message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientReport {
    /// The recipient's address in lower case; empty when the report does not tell them apart.
    pub address: String,
    /// The new state; `None` for a temporary trouble that changes nothing.
    pub state: Option<DeliveryState>,
    /// The other side's own words.
    pub detail: Option<String>,
}

/// A file that came with a contact.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// The file's name, made safe for display; empty when it had none.
    pub name: String,
    /// The declared media type.
    pub media_type: String,
    /// Whether the text shows it in place.
    pub inline: bool,
    /// The content.
    pub bytes: Vec<u8>,
}

/// A unit that could not be understood, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The stable word for why, such as `no_headers` or `leg_without_start`.
    pub reason: &'static str,
    /// A sentence for the person who looks at it.
    pub detail: String,
    /// The unit's bytes.
    pub raw: Vec<u8>,
}

/// A message of ours on its way out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outbound {
    /// Our id of the message.
    pub message_id: MessageId,
    /// The number people read aloud.
    pub ticket_number: String,
    /// The channel it leaves on.
    pub channel: Channel,
    /// The source whose account sends it.
    pub source: String,
    /// The recipients: addresses, platform ids or numbers, as the channel needs.
    pub to: Vec<String>,
    /// The subject, where the channel has one.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The id to send it under, where the channel lets the sender choose (Message-ID, without angle brackets).
    pub external_id: String,
    /// The id of what it answers (a Message-ID without brackets, a comment or message id).
    pub in_reply_to: Option<String>,
    /// The Message-IDs of the conversation so far, without brackets, oldest first.
    pub references: Vec<String>,
    /// The conversation on the platform.
    pub thread: Option<String>,
    /// Whether a machine wrote it (receipts): marked so that no robot answers it.
    pub automatic: bool,
    /// Files that go with it, where the channel carries files.
    #[serde(skip)]
    pub attachments: Vec<Attachment>,
}

/// A message that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The id it is known by outside; statuses and receipts refer to it.
    pub external_id: String,
}

/// Why a message did not leave.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeliverError {
    /// Trying again may help: the other side is away or asks to wait.
    #[error("temporary: {0}")]
    Temporary(String),
    /// Trying again is useless: no such recipient, refused, outside the answer window.
    #[error("permanent: {0}")]
    Permanent(String),
}

/// Sends messages on a channel.
#[async_trait::async_trait]
pub trait Deliver: Send + Sync {
    /// Hands one message to the outside. Called again with the same `external_id` after a temporary error or a
    /// lost answer.
    async fn deliver(&self, outbound: &Outbound) -> Result<Delivered, DeliverError>;
}

/// The webhook half of a platform: the check-in and the signature.
pub trait Webhook: Send + Sync {
    /// Answers the platform's check-in: the text to send back, or `None` to refuse.
    fn challenge(&self, query: &BTreeMap<String, String>) -> Option<String>;
    /// Whether the signature header fits the body as received; compared in constant time.
    fn verify(&self, signature: Option<&str>, body: &[u8]) -> bool;
}
