//! Values that readers get: serialisable, in the words of the contract.

use filo_domain::{
    Instant, InteractionId, MessageId, PersonId, TicketId,
    city::City,
    event::{Actor, Event},
    vocabulary::{CallOutcome, Channel, DeliveryState, Direction, InteractionKind, NotActionable},
};
use filo_store::{
    calls::StoredCall,
    interactions::Interaction,
    messages::{Delivery, Message, MessageKind},
};
use serde::Serialize;
use serde_json::Value;

use crate::{IvrView, Mentioned, Warning, ivr};

use crate::attachments::MessageFile;

/// One page of a list, and where the next begins.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; `None` on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of at most `limit` out of `limit + 1` items read, with the cursor of the last shown.
    pub(crate) fn cut(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(cursor);
        Self { items, next_cursor }
    }
    /// The same page of other items.
    pub(crate) fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_cursor: self.next_cursor }
    }
}

/// A place in a list ordered by (instant, id), as an opaque text.
pub(crate) fn cursor(at: Instant, id: impl std::fmt::Display) -> String {
    format!("{}.{id}", at.micros())
}

/// Reads a cursor back.
///
/// # Errors
/// A text that [`cursor`] did not make.
pub(crate) fn read_cursor<T>(text: &str) -> Result<(Instant, filo_domain::id::Id<T>), crate::AppError> {
    let refuse =
        || crate::AppError::invalid("/cursor", "take the cursor from next_cursor of the page before");
    let (micros, id) = text.split_once('.').ok_or_else(refuse)?;
    let micros = micros.parse().map_err(|_not_a_number| refuse())?;
    let id = id.parse().map_err(|_not_a_uuid| refuse())?;
    Ok((Instant::from_micros(micros), id))
}

/// An interaction as readers see it.
#[derive(Clone, Debug, Serialize)]
pub struct InteractionView {
    /// Its id.
    pub id: InteractionId,
    /// The configured source.
    pub source: String,
    /// The channel.
    pub channel: Channel,
    /// What sort of touch it is.
    pub kind: InteractionKind,
    /// Who touched whom.
    pub direction: Direction,
    /// The intake key.
    pub external_id: String,
    /// When it happened.
    pub occurred_at: Instant,
    /// When it was committed.
    pub recorded_at: Instant,
    /// The sender.
    pub person_id: Option<PersonId>,
    /// The ticket.
    pub ticket_id: Option<TicketId>,
    /// The conversation.
    pub thread: Option<String>,
    /// Whether it asks for something.
    pub actionable: bool,
    /// Why not.
    pub reason: Option<NotActionable>,
    /// The sender's name as given.
    pub name: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// What is new in it.
    pub text: String,
    /// What a reader should know.
    pub flags: Vec<String>,
}

impl From<Interaction> for InteractionView {
    fn from(it: Interaction) -> Self {
        let contact = it.direction == Direction::Inbound && it.kind.is_contact();
        Self {
            id: it.id,
            source: it.source,
            channel: it.channel,
            kind: it.kind,
            direction: it.direction,
            external_id: it.external_id,
            occurred_at: it.occurred_at,
            recorded_at: it.recorded_at,
            person_id: it.person_id,
            ticket_id: it.ticket_id,
            thread: it.thread,
            actionable: contact && it.not_actionable.is_none(),
            reason: it.not_actionable,
            name: it.name,
            subject: it.subject,
            text: it.body,
            flags: it.flags,
        }
    }
}

/// A call as readers see it; who answered is not in it.
#[derive(Clone, Debug, Serialize)]
pub struct CallView {
    /// The call's interaction.
    pub id: InteractionId,
    /// The source.
    pub source: String,
    /// The phone system's id.
    pub call_id: String,
    /// When its first leg entered a queue.
    pub entered_at: Instant,
    /// The caller's number.
    pub caller: Option<String>,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Seconds waited.
    pub wait_s: Option<i64>,
    /// Seconds talked.
    pub talk_s: Option<i64>,
    /// When a person answered.
    pub answered_at: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// Where it was transferred to.
    pub transferred_to: Option<String>,
    /// The caller, where the number is known.
    pub person_id: Option<PersonId>,
    /// The ticket it is registered under.
    pub ticket_id: Option<TicketId>,
    /// What the caller chose before or instead of a queue.
    pub ivr: Option<IvrView>,
    /// The theme that it seems to be about, by what was chosen or by the queue.
    pub suggested_theme: Option<String>,
}

impl CallView {
    pub(crate) fn of(city: &City, call: StoredCall, interaction: Option<&Interaction>) -> Self {
        let queue = interaction.and_then(|it| it.detail.pointer("/queues/0")?.as_str());
        let choice = call.choice.as_deref();
        Self {
            ivr: IvrView::of(city, &call.source, choice),
            suggested_theme: ivr::suggested_theme(city, &call.source, choice, queue).map(ToOwned::to_owned),
            id: call.id,
            source: call.source,
            call_id: call.call_id,
            entered_at: call.entered_at,
            caller: call.caller,
            outcome: call.outcome,
            wait_s: call.wait_s,
            talk_s: call.talk_s,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            transferred_to: call.transferred_to,
            person_id: interaction.and_then(|it| it.person_id),
            ticket_id: interaction.and_then(|it| it.ticket_id),
        }
    }
}

/// The merged ticket that an entry of a conversation belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its number.
    pub number: String,
}

/// One entry of a ticket's conversation: what the citizen wrote, what we answered, what we noted.
#[derive(Clone, Debug, Serialize)]
pub struct MessageView {
    /// The message's id, or the contact's interaction.
    pub id: MessageId,
    /// `contact`, `reply`, `receipt`, `note` or `reason`.
    pub kind: &'static str,
    /// Who touched whom; `None` for what stays inside.
    pub direction: Option<Direction>,
    /// When.
    pub at: Instant,
    /// The channel; `None` for what stays inside.
    pub channel: Option<Channel>,
    /// The text; `None` once anonymised.
    pub body: Option<String>,
    /// What became of it; `None` for what is not sent.
    pub delivery: Option<DeliveryState>,
    /// What became of it for each recipient.
    pub deliveries: Vec<Delivery>,
    /// The merged ticket it belongs to; `None` for the ticket's own.
    pub origin: Option<Origin>,
    /// Who is named in a note.
    pub mentions: Vec<Mentioned>,
    /// What was doubtful in a reply and acknowledged; only in the answer to its sending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<Warning>>,
    /// Files that came or went with it.
    pub attachments: Vec<MessageFile>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        let (kind, outbound) = match message.kind {
            MessageKind::Reply => ("reply", true),
            MessageKind::Receipt => ("receipt", true),
            MessageKind::Note => ("note", false),
            MessageKind::Reason => ("reason", false),
        };
        Self {
            id: message.id,
            kind,
            direction: outbound.then_some(Direction::Outbound),
            at: message.at,
            channel: message.channel,
            body: message.body,
            delivery: message.delivery,
            deliveries: message.deliveries,
            origin: None,
            mentions: vec![],
            warnings: None,
            attachments: vec![],
        }
    }
}

impl MessageView {
    /// A contact of the citizen in the conversation.
    pub(crate) fn of_contact(contact: Interaction) -> Self {
        Self {
            id: MessageId::from_uuid(contact.id.uuid()),
            kind: "contact",
            direction: Some(Direction::Inbound),
            at: contact.occurred_at,
            channel: Some(contact.channel),
            body: Some(contact.body),
            delivery: None,
            deliveries: vec![],
            origin: None,
            mentions: vec![],
            warnings: None,
            attachments: vec![],
        }
    }
}

/// One event of a ticket's log.
#[derive(Clone, Debug, Serialize)]
pub struct EventView {
    /// 1 for the first.
    pub seq: i32,
    /// What happened.
    pub kind: String,
    /// When it happened.
    pub at: Instant,
    /// When Filo learned of it.
    pub recorded_at: Instant,
    /// By whose act.
    pub actor: Actor,
    /// The details; texts are in it as seals alone.
    pub data: Value,
    /// The hash of the event before.
    pub prev_hash: String,
    /// The hash of this event.
    pub hash: String,
}

impl EventView {
    pub(crate) fn of(event: Event) -> Result<Self, crate::AppError> {
        let (kind, data) = event.body.stored()?;
        Ok(Self {
            seq: event.seq,
            kind,
            at: event.at,
            recorded_at: event.recorded_at,
            actor: event.actor,
            data,
            prev_hash: event.prev_hash.to_string(),
            hash: event.hash.to_string(),
        })
    }
}
