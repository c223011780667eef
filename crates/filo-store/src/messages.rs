//! What we write: replies, receipts, notes and reasons, each with the salt of its seal.

use diesel::prelude::*;
use filo_domain::{
    Instant, MessageId, TicketId, UserId,
    vocabulary::{Channel, DeliveryState},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::messages,
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::{json, optional_word, word},
    ticket_search,
};
use filo_domain::vocabulary::Word;

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A person's answer to the citizen.
    Reply,
    /// An automatic confirmation to the citizen.
    Receipt,
    /// An internal note.
    Note,
    /// Why a step was taken; internal.
    Reason,
}

impl Word for MessageKind {
    const NAME: &'static str = "message kind";
    const ALL: &'static [Self] = &[Self::Reply, Self::Receipt, Self::Note, Self::Reason];
    fn word(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Receipt => "receipt",
            Self::Note => "note",
            Self::Reason => "reason",
        }
    }
}

/// What became of a message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The recipient; empty when a report spoke of all.
    pub address: String,
    /// The state.
    pub state: DeliveryState,
    /// The other side's words.
    pub detail: Option<String>,
}

/// A message of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its ticket.
    pub ticket: TicketId,
    /// What it is for.
    pub kind: MessageKind,
    /// The text; `None` once anonymised.
    pub body: Option<String>,
    /// The salt of its seal.
    pub salt: Option<Vec<u8>>,
    /// Who wrote it.
    pub author: Option<UserId>,
    /// When.
    pub at: Instant,
    /// The channel it leaves on; `None` for what stays inside.
    pub channel: Option<Channel>,
    /// To whom it goes.
    pub recipients: Vec<String>,
    /// The id it is known by outside.
    pub external_id: Option<String>,
    /// What became of it; `None` for what stays inside.
    pub delivery: Option<DeliveryState>,
    /// What became of it for each recipient.
    pub deliveries: Vec<Delivery>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
struct MessageRow {
    id: SqlId,
    ticket_id: SqlId,
    kind: String,
    body: Option<String>,
    salt: Option<Vec<u8>>,
    author_id: Option<SqlId>,
    at: SqlInstant,
    channel: Option<String>,
    recipients: Value,
    external_id: Option<String>,
    delivery: Option<String>,
    delivery_detail: Value,
}

const TABLE: &str = "messages";

impl TryFrom<MessageRow> for Message {
    type Error = StoreError;
    fn try_from(row: MessageRow) -> Result<Self, StoreError> {
        let id = MessageId::from(row.id);
        Ok(Self {
            id,
            ticket: row.ticket_id.into(),
            kind: word(TABLE, id, &row.kind)?,
            body: row.body,
            salt: row.salt,
            author: opt(row.author_id),
            at: row.at.into(),
            channel: optional_word(TABLE, id, row.channel.as_deref())?,
            recipients: json(TABLE, id, row.recipients)?,
            external_id: row.external_id,
            delivery: optional_word(TABLE, id, row.delivery.as_deref())?,
            deliveries: json(TABLE, id, row.delivery_detail)?,
        })
    }
}

fn convert(rows: Vec<MessageRow>) -> Result<Vec<Message>, StoreError> {
    rows.into_iter().map(Message::try_from).collect()
}

/// Keeps a message.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, message: &Message) -> Result<(), StoreError> {
    let row = MessageRow {
        id: message.id.into(),
        ticket_id: message.ticket.into(),
        kind: message.kind.word().to_owned(),
        body: message.body.clone(),
        salt: message.salt.clone(),
        author_id: opt(message.author),
        at: message.at.into(),
        channel: message.channel.map(|channel| channel.word().to_owned()),
        recipients: Value::from(message.recipients.clone()),
        external_id: message.external_id.clone(),
        delivery: message.delivery.map(|state| state.word().to_owned()),
        delivery_detail: serde_json::to_value(&message.deliveries)?,
    };
    on!(conn, c => diesel::insert_into(messages::table).values(&row).execute(c))?;
    match (&message.body, message.kind) {
        // Confirmations say the same of every ticket.
        (_, MessageKind::Receipt) | (None, _) => Ok(()),
        (Some(body), _) => ticket_search::add(conn, message.ticket, &[body]),
    }
}

/// Reads one message.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: MessageId) -> Result<Option<Message>, StoreError> {
    let row: Option<MessageRow> = on!(conn, c => messages::table.find(SqlId::from(id)).select(MessageRow::as_select()).first(c).optional())?;
    row.map(Message::try_from).transpose()
}

/// The messages of a ticket, oldest first.
///
/// # Errors
/// The database's own.
pub fn of_ticket(conn: &mut Conn, ticket: TicketId) -> Result<Vec<Message>, StoreError> {
    let rows: Vec<MessageRow> = on!(conn, c => messages::table
        .filter(messages::ticket_id.eq(SqlId::from(ticket)))
        .order((messages::at, messages::id))
        .select(MessageRow::as_select())
        .load(c))?;
    convert(rows)
}

/// The message known outside by one of these ids.
///
/// # Errors
/// The database's own.
pub fn by_external_id(conn: &mut Conn, ids: &[String]) -> Result<Option<Message>, StoreError> {
    let row: Option<MessageRow> = on!(conn, c => messages::table
        .filter(messages::external_id.eq_any(ids))
        .order((messages::at, messages::id))
        .select(MessageRow::as_select())
        .first(c)
        .optional())?;
    row.map(Message::try_from).transpose()
}

/// Says what became of a message.
///
/// # Errors
/// The database's own.
pub fn set_delivery(
    conn: &mut Conn,
    id: MessageId,
    delivery: DeliveryState,
    deliveries: &[Delivery],
    external_id: Option<&str>,
) -> Result<(), StoreError> {
    let detail = serde_json::to_value(deliveries)?;
    on!(conn, c => diesel::update(messages::table.find(SqlId::from(id)))
        .set((messages::delivery.eq(Some(delivery.word())), messages::delivery_detail.eq(&detail)))
        .execute(c))?;
    if let Some(external_id) = external_id {
        on!(conn, c => diesel::update(messages::table.find(SqlId::from(id)))
            .set(messages::external_id.eq(Some(external_id)))
            .execute(c))?;
    }
    Ok(())
}
