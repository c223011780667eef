//! The append-only log of a ticket: what happened, when, by whose act, each event chained to the one before.
//!
//! **Invariant:** events are facts. The state of a ticket and every measure are pure functions of them; a free
//! text is in them as a [`Seal`] alone, so that a person can be anonymised without breaking the chain.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    AttachmentId, CallbackId, Instant, InteractionId, MatterId, MessageId, PersonId, TicketId, UserId,
    callback::Window,
    chain::{Hash, Seal},
    link::Link,
    protocol::ProtocolEntry,
    vocabulary::{Channel, Kind, Level, Outcome, Priority},
};

/// By whose act an event happened. Kept for the audit trail; no figure is computed by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A user of Filo.
    User(UserId),
    /// A machine with an integration key, by the key's name.
    Key(String),
    /// The citizen.
    Citizen,
    /// Filo itself.
    System,
}

/// A free text of an event: the message that holds it, and its seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Where the text is kept.
    pub message: MessageId,
    /// By what it is checked.
    pub seal: Seal,
}

/// For whom a ticket waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// For the citizen.
    Citizen,
    /// For somebody else outside the unit.
    ThirdParty,
}

/// How a ticket began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The number people read aloud.
    pub number: String,
    /// The channel of the first contact.
    pub channel: Channel,
    /// The source of the first contact.
    pub source: String,
    /// The first contact; `None` when a phone ticket was opened without its call.
    pub interaction: Option<InteractionId>,
    /// The person.
    pub person: Option<PersonId>,
    /// The theme key.
    pub theme: Option<String>,
    /// What it asks for.
    pub kind: Kind,
    /// How urgent it is.
    pub priority: Priority,
    /// Support level.
    pub level: Level,
    /// The unit it was routed to.
    pub unit: Option<String>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// The clock policy chosen, with its version.
    pub policy: Option<String>,
    /// The seal of the subject.
    pub subject: Seal,
    /// The ticket this one follows (a message that came too late to reopen it).
    pub follows: Option<TicketId>,
    /// What a reader should know, such as `call_missing` or `moderation`.
    pub flags: Vec<String>,
}

/// What changed in a classification; `None` leaves as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classification {
    /// The seal of a new subject.
    pub subject: Option<Seal>,
    /// The theme key.
    pub theme: Option<String>,
    /// What it asks for.
    #[serde(rename = "ticket_kind")]
    pub kind: Option<Kind>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// All tags, sorted.
    pub tags: Option<Vec<String>>,
    /// The seal of all custom fields. Left out of the stored form when absent, so that the hashes of logs written
    /// before there were fields still fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Seal>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum EventBody {
    /// The ticket was opened.
    Opened(Box<Opening>),
    /// A further contact joined it.
    ContactAdded {
        /// The contact.
        interaction: InteractionId,
        /// Whether it asks for something.
        actionable: bool,
    },
    /// A person accepted it.
    TakenInCharge {
        /// Who.
        user: Option<UserId>,
    },
    /// It was given to a unit, a person, or both.
    Assigned {
        /// The unit.
        unit: Option<String>,
        /// The person.
        user: Option<UserId>,
        /// The level of the unit.
        level: Level,
    },
    /// It was handed to level II.
    Escalated {
        /// The unit.
        unit: String,
        /// Why.
        note: Option<Text>,
    },
    /// It waits.
    Waiting {
        /// For whom.
        #[serde(rename = "for")]
        waits_for: WaitFor,
        /// Why.
        reason: Option<Text>,
    },
    /// It waits no longer.
    Resumed,
    /// A person answered the citizen.
    Replied {
        /// The answer.
        text: Text,
        /// The channel it leaves on.
        channel: Channel,
    },
    /// A person had answered the registered call while it was live; `at` is that instant.
    LiveAnswered {
        /// The call.
        interaction: InteractionId,
    },
    /// A machine confirmed the receipt to the citizen; it answers nothing.
    ReceiptSent {
        /// The receipt.
        text: Text,
    },
    /// Somebody wrote an internal note.
    Noted {
        /// The note.
        text: Text,
    },
    /// An answer failed finally for all recipients: it never counted.
    Undelivered {
        /// The answer.
        message: MessageId,
    },
    /// It was resolved.
    Resolved {
        /// How.
        outcome: Outcome,
        /// Internal note.
        note: Option<Text>,
        /// The key of the city's reason; left out of the stored form when absent, as logs before it were written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// It was closed.
    Closed {
        /// Whether by itself after the days without a contest.
        automatic: bool,
    },
    /// It was reopened: a new round.
    Reopened {
        /// Why.
        reason: Option<Text>,
    },
    /// It was cancelled.
    Cancelled {
        /// Why.
        reason: Option<Text>,
    },
    /// Its subject, theme, kind, priority, tags or custom fields were changed.
    Classified(Classification),
    /// Another clock policy, or another version of it, applies to it from its opening on.
    PolicyChosen {
        /// The policy with its version; `None` for none.
        policy: Option<String>,
    },
    /// A person put a file to it.
    AttachmentAdded {
        /// The file.
        attachment: AttachmentId,
        /// Its content's SHA-256 in hex.
        sha256: String,
    },
    /// It was joined into a matter.
    MatterJoined {
        /// The matter.
        matter: MatterId,
    },
    /// It was taken out of its matter.
    MatterLeft {
        /// The matter.
        matter: MatterId,
    },
    /// It was merged into another ticket, which speaks for it from here on. Nothing is moved.
    Merged {
        /// The ticket that it points to.
        into: TicketId,
        /// Why.
        reason: Option<Text>,
    },
    /// The merge was undone: it goes on where it stood.
    Unmerged {
        /// The ticket that it pointed to.
        from: TicketId,
    },
    /// Another ticket was merged into this one.
    Absorbed {
        /// The other.
        ticket: TicketId,
    },
    /// Another ticket's merge into this one was undone.
    Released {
        /// The other.
        ticket: TicketId,
    },
    /// A contact was split off: it belongs to another ticket now.
    ContactRemoved {
        /// The contact.
        interaction: InteractionId,
        /// The ticket that holds it now.
        to: TicketId,
    },
    /// It was linked with another ticket.
    Linked(Link),
    /// A link was taken away.
    Unlinked(Link),
    /// The citizen rated it.
    Rated {
        /// 1 to 5.
        score: u8,
        /// What the citizen wrote.
        comment: Option<Text>,
    },
    /// The document-protocol system gave it its register entry.
    Protocolled(ProtocolEntry),
    /// A call-back about it was promised.
    CallbackBooked {
        /// The call-back.
        callback: CallbackId,
        /// Within which window.
        window: Window,
    },
    /// Another window was agreed on for a call-back.
    CallbackMoved {
        /// The call-back.
        callback: CallbackId,
        /// The new window.
        window: Window,
    },
    /// Somebody called.
    CallbackAttempted {
        /// The call-back.
        callback: CallbackId,
        /// Whether the citizen was reached.
        reached: bool,
        /// Why not: a key of the city's list.
        reason: Option<String>,
    },
    /// The citizen was reached within the window.
    CallbackKept {
        /// The call-back.
        callback: CallbackId,
    },
    /// The window ended without that: `at` is its end.
    CallbackMissed {
        /// The call-back.
        callback: CallbackId,
    },
    /// The citizen needs no call any more.
    CallbackCancelled {
        /// The call-back.
        callback: CallbackId,
    },
}

impl EventBody {
    /// The kind and the data as they are stored.
    ///
    /// # Errors
    /// None in practice: every body serialises; the error is passed on all the same.
    pub fn stored(&self) -> Result<(String, Value), serde_json::Error> {
        let mut value = serde_json::to_value(self)?;
        let data = value.get_mut("data").map(Value::take).unwrap_or(Value::Null);
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((kind, data))
    }
    /// Reads a stored body back.
    ///
    /// # Errors
    /// When kind or data are not what this version writes.
    pub fn from_stored(kind: &str, data: Value) -> Result<Self, serde_json::Error> {
        let value =
            if data.is_null() { json!({ "kind": kind }) } else { json!({ "kind": kind, "data": data }) };
        serde_json::from_value(value)
    }
    /// Every sealed text of this event with the message that holds it.
    pub fn texts(&self) -> Option<&Text> {
        match self {
            Self::Replied { text, .. } | Self::ReceiptSent { text } | Self::Noted { text } => Some(text),
            Self::Escalated { note: text, .. }
            | Self::Waiting { reason: text, .. }
            | Self::Resolved { note: text, .. }
            | Self::Reopened { reason: text }
            | Self::Cancelled { reason: text }
            | Self::Merged { reason: text, .. }
            | Self::Rated { comment: text, .. } => text.as_ref(),
            Self::Opened(_)
            | Self::ContactAdded { .. }
            | Self::TakenInCharge { .. }
            | Self::Assigned { .. }
            | Self::Resumed
            | Self::LiveAnswered { .. }
            | Self::Undelivered { .. }
            | Self::Closed { .. }
            | Self::Classified(_)
            | Self::PolicyChosen { .. }
            | Self::AttachmentAdded { .. }
            | Self::MatterJoined { .. }
            | Self::MatterLeft { .. }
            | Self::Unmerged { .. }
            | Self::Absorbed { .. }
            | Self::Released { .. }
            | Self::ContactRemoved { .. }
            | Self::Linked(_)
            | Self::Unlinked(_)
            | Self::Protocolled(_)
            | Self::CallbackBooked { .. }
            | Self::CallbackMoved { .. }
            | Self::CallbackAttempted { .. }
            | Self::CallbackKept { .. }
            | Self::CallbackMissed { .. }
            | Self::CallbackCancelled { .. } => None,
        }
    }
}

/// One event of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The ticket.
    pub ticket: TicketId,
    /// 1 for the first, without gaps.
    pub seq: i32,
    /// When it happened; for contacts the contact's own instant.
    pub at: Instant,
    /// When Filo learned of it.
    pub recorded_at: Instant,
    /// By whose act.
    pub actor: Actor,
    /// What happened.
    pub body: EventBody,
    /// The hash of the event before, or the genesis.
    pub prev_hash: Hash,
    /// The hash of this event.
    pub hash: Hash,
}

/// Why a log does not stand up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A number is missing or doubled.
    #[error("event {found} stands where event {expected} is due")]
    Sequence {
        /// The number due.
        expected: i32,
        /// The number found.
        found: i32,
    },
    /// An event does not refer to the one before.
    #[error("event {0} does not refer to the event before it")]
    Broken(i32),
    /// An event's content is not what was hashed.
    #[error("event {0} was changed after it was written")]
    Changed(i32),
}

impl Event {
    /// Appends a body after `previous`, hashing it.
    ///
    /// # Errors
    /// As [`EventBody::stored`].
    pub fn append(
        ticket: TicketId,
        previous: Option<(i32, &Hash)>,
        at: Instant,
        recorded_at: Instant,
        actor: Actor,
        body: EventBody,
    ) -> Result<Self, serde_json::Error> {
        let (seq, prev_hash) =
            previous.map_or_else(|| (1, Hash::genesis()), |(seq, hash)| (seq + 1, hash.clone()));
        let mut event = Self { ticket, seq, at, recorded_at, actor, body, prev_hash, hash: Hash::genesis() };
        event.hash = event.computed_hash()?;
        Ok(event)
    }
    fn computed_hash(&self) -> Result<Hash, serde_json::Error> {
        let (kind, data) = self.body.stored()?;
        let content = json!({
            "ticket": self.ticket, "seq": self.seq, "at_us": self.at.micros(), "recorded_at_us": self.recorded_at.micros(),
            "actor": serde_json::to_value(&self.actor)?, "kind": kind, "data": data,
        });
        Ok(Hash::link(&self.prev_hash, &content))
    }
    /// Checks a whole log, in order of `seq`.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(log: &[Self]) -> Result<(), ChainError> {
        let mut head = Hash::genesis();
        for (expected, event) in (1..).zip(log) {
            if event.seq != expected {
                return Err(ChainError::Sequence { expected, found: event.seq });
            }
            if event.prev_hash != head {
                return Err(ChainError::Broken(event.seq));
            }
            if event.computed_hash().ok().as_ref() != Some(&event.hash) {
                return Err(ChainError::Changed(event.seq));
            }
            head = event.hash.clone();
        }
        Ok(())
    }
}
