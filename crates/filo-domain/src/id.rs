//! Identifiers: UUIDs told apart by the thing they name, so that a person's id never stands where a ticket's must.
//!
//! New ids are minted by the use cases (UUIDv7) and handed in; nothing here makes one.

use std::{
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The identifier of a `T`.
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// Names a thing by its UUID.
    pub fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }
    /// The bare UUID.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> FromStr for Id<T> {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self::from_uuid)
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::from_uuid)
    }
}

/// Names for what an [`Id`] can point at; never constructed.
pub mod named {
    /// A person.
    pub enum Person {}
    /// An interaction.
    pub enum Interaction {}
    /// A ticket.
    pub enum Ticket {}
    /// A matter.
    pub enum Matter {}
    /// A message of a ticket's conversation.
    pub enum Message {}
    /// A phone call.
    pub enum Call {}
    /// A user of Filo.
    pub enum User {}
    /// A quarantined unit.
    pub enum Quarantine {}
    /// An attachment.
    pub enum Attachment {}
    /// A link between two tickets.
    pub enum Link {}
    /// A promised call-back.
    pub enum Callback {}
    /// A campaign to report on.
    pub enum Campaign {}
}

/// Identifier of a person.
pub type PersonId = Id<named::Person>;
/// Identifier of an interaction.
pub type InteractionId = Id<named::Interaction>;
/// Identifier of a ticket.
pub type TicketId = Id<named::Ticket>;
/// Identifier of a matter.
pub type MatterId = Id<named::Matter>;
/// Identifier of a message.
pub type MessageId = Id<named::Message>;
/// Identifier of a call (the same as its interaction's).
pub type CallId = Id<named::Call>;
/// Identifier of a user.
pub type UserId = Id<named::User>;
/// Identifier of a quarantined unit.
pub type QuarantineId = Id<named::Quarantine>;
/// Identifier of an attachment.
pub type AttachmentId = Id<named::Attachment>;
/// Identifier of a link between two tickets.
pub type LinkId = Id<named::Link>;
/// Identifier of a promised call-back.
pub type CallbackId = Id<named::Callback>;
/// Identifier of a campaign to report on.
pub type CampaignId = Id<named::Campaign>;
