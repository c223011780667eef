//! What leaves: replies and receipts are messages and jobs of one transaction; a worker sends them afterwards.
//!
//! **Invariant:** no network inside a transaction. A message is handed to its channel at least once, always under
//! the same Message-ID; whoever answers it is recognised by that id or by the token in the subject.

use filo_channel::{ContactHints, DeliverError, Outbound};
use filo_domain::{
    Instant, InteractionId, MessageId,
    event::{Actor, EventBody},
    identity::Identity,
    ticket::Ticket,
    vocabulary::{Channel, DeliveryState, Direction, IdentityType, InteractionKind, Word},
};
use filo_jobs::{Handler, JobError};
use filo_store::{
    Conn,
    interactions::{self, Interaction},
    jobs::{self, Job},
    messages::{self, Delivery, MessageKind},
    persons, tickets,
};
use serde_json::json;

use crate::{
    App, AppError, Core,
    attachments::{Held, SCAN},
    contacts::Arrival,
    mint, protocol, report_mails,
    work::{Draft, Work},
};

/// The kind of the jobs that send a message.
pub(crate) const SEND: &str = "send_message";
/// A robot that answers our receipts gets no more than this many in an hour.
const RECEIPTS_PER_HOUR: usize = 5;
/// Contacts older than this get no receipt: they come from an archive.
const RECEIPT_AGE_S: i64 = 86_400;
const TOKEN_DIGITS: usize = 10;

/// How a message is addressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Address {
    /// Recipients; empty when nobody can be reached on the channel.
    pub(crate) to: Vec<String>,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) references: Vec<String>,
    pub(crate) thread: Option<String>,
    pub(crate) source: String,
}

/// Whether a channel's replies are sent by Filo; on the others a person speaks or hands them over.
pub(crate) fn is_sent(channel: Channel) -> bool {
    match channel {
        Channel::Scrivi | Channel::Email | Channel::Pec | Channel::Social | Channel::Chat => true,
        Channel::Phone | Channel::Counter | Channel::Letter => false,
    }
}

/// Where a reply on a ticket goes: to whoever wrote last on that channel.
pub(crate) fn address(
    conn: &mut Conn,
    core: &Core,
    work: &Work,
    channel: Channel,
) -> Result<Address, AppError> {
    let contacts = interactions::of_ticket(conn, work.ticket.id)?;
    let inbound = |it: &&Interaction| it.direction == Direction::Inbound && it.kind.is_contact();
    let last = contacts.iter().rev().filter(inbound).find(|it| it.channel == channel);
    let known = match work.ticket.opening.person {
        Some(person) => {
            let everybody = persons::members(conn, person)?;
            persons::identities_of(conn, &everybody)?.into_iter().map(|known| known.identity).collect()
        }
        None => Vec::new(),
    };
    let by_mail = matches!(channel, Channel::Scrivi | Channel::Email | Channel::Pec);
    let ids = |it: &Interaction| it.detail.get("message_id").and_then(|id| id.as_str()).map(str::to_owned);
    Ok(Address {
        to: if by_mail { mail_recipient(last, &known) } else { platform_recipient(last, &known, channel) },
        in_reply_to: last.and_then(|it| if by_mail { ids(it) } else { Some(it.external_id.clone()) }),
        references: if by_mail { contacts.iter().filter_map(ids).collect() } else { vec![] },
        thread: last.and_then(|it| it.thread.clone()).filter(|_| !by_mail),
        source: last.map_or_else(|| sending_source(core, channel), |it| it.source.clone()),
    })
}

/// `Reply-To`, else the sender's address, else any address of the person.
fn mail_recipient(last: Option<&Interaction>, known: &[Identity]) -> Vec<String> {
    let text = |value: Option<&serde_json::Value>| value.and_then(|value| value.as_str()).map(str::to_owned);
    let given = last.and_then(|it| {
        let sender = it.detail.get("from").and_then(|from| from.get("address"));
        let certified = it.detail.get("pec").and_then(|pec| pec.get("sender"));
        let form = it.detail.get("fields").and_then(|fields| fields.get("email"));
        text(it.detail.get("reply_to"))
            .or_else(|| text(certified))
            .or_else(|| text(sender))
            .or_else(|| text(form))
    });
    let mail = |it: &&Identity| it.identity_type() == IdentityType::Email;
    given.or_else(|| known.iter().find(mail).map(|it| it.value().to_owned())).into_iter().collect()
}

/// The sender's id on the platform.
fn platform_recipient(last: Option<&Interaction>, known: &[Identity], channel: Channel) -> Vec<String> {
    let given =
        last.and_then(|it| it.detail.get("from")).and_then(|from| from.get("id")).and_then(|id| id.as_str());
    let fits = |it: &&Identity| match it.identity_type() {
        IdentityType::Whatsapp | IdentityType::Phone => channel == Channel::Chat,
        IdentityType::Facebook | IdentityType::Instagram => channel == Channel::Social,
        IdentityType::Email | IdentityType::FiscalCode => false,
    };
    given
        .map(str::to_owned)
        .or_else(|| known.iter().find(fits).map(|it| it.value().to_owned()))
        .into_iter()
        .collect()
}

/// The source that sends for a channel when no contact says which.
fn sending_source(core: &Core, channel: Channel) -> String {
    let wanted = if channel == Channel::Scrivi { Channel::Email } else { channel };
    let source = core.city.sources.iter().find(|source| source.channel == Some(wanted));
    source.map(|source| source.key.clone()).unwrap_or_default()
}

/// A text on its way to the citizen.
pub(crate) struct Sending {
    pub(crate) kind: MessageKind,
    pub(crate) body: String,
    pub(crate) channel: Channel,
    pub(crate) author: Option<filo_domain::UserId>,
    pub(crate) address: Address,
}

/// Keeps a text as a message, queues its sending, and records the outbound interaction; gives its sealed text.
pub(crate) fn send(
    conn: &mut Conn,
    core: &Core,
    work: &Work,
    sending: Sending,
    now: Instant,
) -> Result<filo_domain::event::Text, AppError> {
    let id: MessageId = mint::id(now);
    let sent = is_sent(sending.channel);
    let draft = Draft {
        id: Some(id),
        kind: sending.kind,
        author: sending.author,
        body: sending.body.clone(),
        channel: Some(sending.channel),
        recipients: sending.address.to.iter().map(|to| to.to_lowercase()).collect(),
        external_id: Some(external_id(core, id)),
        delivery: Some(if sent { DeliveryState::Queued } else { DeliveryState::Delivered }),
    };
    let text = work.text(conn, draft)?;
    interactions::insert(conn, &outbound_interaction(core, work, &sending, id, now))?;
    if sent {
        let payload = json!({ "message": id, "address": {
            "to": sending.address.to, "in_reply_to": sending.address.in_reply_to,
            "references": sending.address.references, "thread": sending.address.thread,
            "source": sending.address.source,
        }});
        jobs::enqueue(conn, mint::id(now), SEND, &payload, now, now)?;
    }
    Ok(text)
}

fn outbound_interaction(
    core: &Core,
    work: &Work,
    sending: &Sending,
    id: MessageId,
    now: Instant,
) -> Interaction {
    let automatic = sending.kind == MessageKind::Receipt;
    Interaction {
        id: InteractionId::from_uuid(id.uuid()),
        source: if sending.address.source.is_empty() {
            "desk".to_owned()
        } else {
            sending.address.source.clone()
        },
        channel: sending.channel,
        kind: InteractionKind::Reply,
        direction: Direction::Outbound,
        external_id: id.to_string(),
        occurred_at: now,
        recorded_at: now,
        local_day: core.city.zone.day(now).to_string(),
        person_id: work.ticket.opening.person,
        ticket_id: Some(work.ticket.id),
        linked_at: Some(now),
        thread: sending.address.thread.clone(),
        not_actionable: None,
        name: None,
        subject: None,
        // The text is the message's own, sealed: kept once.
        body: String::new(),
        raw_id: None,
        detail: json!({ "message": id }),
        flags: if automatic { vec!["automatic".to_owned()] } else { vec![] },
    }
}

/// Our Message-ID: it cannot be guessed, so whoever answers it has seen our mail.
fn external_id(core: &Core, id: MessageId) -> String {
    let tag = mint::tag(&core.signing_key, "message-id", &id.to_string(), 16);
    format!("{}.{tag}@{}", id.uuid().simple(), core.city.profile.mail.domain)
}

/// The token by which a subject names its ticket: `26-0000001-` and the key's authentication of the number.
pub(crate) fn token(core: &Core, number: &str) -> String {
    format!("{number}-{}", mint::tag(&core.signing_key, "ticket-token", number, TOKEN_DIGITS))
}

/// The ticket number of a token, if the key made it.
pub(crate) fn number_of_token(core: &Core, token_read: &str) -> Option<String> {
    let (number, _) = token_read.rsplit_once('-')?;
    mint::same(&token(core, number), &token_read.to_lowercase()).then(|| number.to_owned())
}

/// Confirms a new written ticket to its citizen, once and never to a robot.
pub(crate) fn confirm_receipt(
    conn: &mut Conn,
    arrival: &Arrival<'_>,
    hints: &ContactHints,
    work: &mut Work,
) -> Result<(), AppError> {
    let inbound = &arrival.inbound;
    let fresh = arrival.now.seconds_since(inbound.occurred_at) <= RECEIPT_AGE_S;
    if hints.no_auto_answer || !fresh || !matches!(inbound.channel, Channel::Email | Channel::Scrivi) {
        return Ok(());
    }
    let address = address(conn, arrival.core, work, inbound.channel)?;
    if address.to.is_empty() || is_loop(conn, arrival, work)? {
        return Ok(());
    }
    let code = match &arrival.code {
        Some(code) => code.clone(),
        None => {
            let code = mint::code()?;
            tickets::set_code(conn, work.ticket.id, &mint::digest(&code))?;
            code
        }
    };
    let body = receipt_text(arrival, work, &code);
    let sending =
        Sending { kind: MessageKind::Receipt, body, channel: inbound.channel, author: None, address };
    let text = send(conn, arrival.core, work, sending, arrival.now)?;
    work.push(conn, arrival.now, Actor::System, EventBody::ReceiptSent { text })
}

fn is_loop(conn: &mut Conn, arrival: &Arrival<'_>, work: &Work) -> Result<bool, AppError> {
    let Some(person) = work.ticket.opening.person else { return Ok(false) };
    let filter = interactions::Filter {
        persons: Some(persons::members(conn, person)?),
        from: Some(arrival.now.plus_seconds(-3600)),
        ..interactions::Filter::default()
    };
    let recent = interactions::list(conn, &filter, 50)?;
    Ok(recent.iter().filter(|it| it.flags.iter().any(|flag| flag == "automatic")).count()
        >= RECEIPTS_PER_HOUR)
}

/// The confirmation in the city's own words: the text of the channel, with or without an expected date.
fn receipt_text(arrival: &Arrival<'_>, work: &Work, code: &str) -> String {
    let city = &arrival.core.city;
    let local = |at: Instant, form: &str| city.zone.local(at).strftime(form).to_string();
    let expected = expected_answer(arrival.core, &work.ticket, arrival.now).map(|at| local(at, "%d/%m/%Y"));
    let received = local(arrival.inbound.occurred_at, "%d/%m/%Y, %H:%M");
    let names: Vec<&str> = arrival.inbound.attachments.iter().map(|file| file.name.as_str()).collect();
    let attachments = if names.is_empty() { "–".to_owned() } else { names.join(", ") };
    let track_url = format!("{}/scrivi/segui", arrival.core.public_url);
    let values = [
        ("number", work.ticket.opening.number.as_str()),
        ("code", code),
        ("received_at", received.as_str()),
        ("expected_by", expected.as_deref().unwrap_or_default()),
        ("track_url", track_url.as_str()),
        ("subject", work.beside.subject.as_deref().unwrap_or_default()),
        ("text", arrival.inbound.text.as_str()),
        ("attachments", attachments.as_str()),
        ("phone", city.profile.phone.as_str()),
        ("phone_hours", city.profile.phone_hours.as_str()),
        ("privacy_url", city.profile.privacy_url.as_str()),
        ("sender", city.profile.mail.sender_name.as_str()),
    ];
    let body = if expected.is_some() { "body" } else { "body_no_date" };
    let key = format!("receipt.{}.{body}", arrival.inbound.channel.word());
    // The city's texts are checked at the start: every language has every key.
    city.texts.fill("it", &key, &values).unwrap_or_default()
}

/// When the citizen may expect an answer: the due instant of the first clock with a target.
pub(crate) fn expected_answer(core: &Core, ticket: &Ticket, now: Instant) -> Option<Instant> {
    let city = &core.city;
    let policy = crate::work::policy_of(ticket, city);
    filo_domain::policy::readings(policy, &ticket.life(), &city.zone, &city.calendar, now)
        .into_iter()
        .find_map(|clock| clock.due_at)
}

#[derive(serde::Deserialize)]
struct Payload {
    message: MessageId,
    address: PayloadAddress,
}

#[derive(serde::Deserialize)]
struct PayloadAddress {
    to: Vec<String>,
    in_reply_to: Option<String>,
    references: Vec<String>,
    thread: Option<String>,
    source: String,
}

impl App {
    /// Sends the messages that are due; gives how many were tried.
    ///
    /// # Errors
    /// The store's own; what a channel refuses is recorded with the message.
    pub async fn send_due(&self, now: Instant, limit: i64) -> Result<usize, AppError> {
        Ok(filo_jobs::run_due(&self.db, self, now, limit).await?)
    }

    async fn send(&self, payload: Payload) -> Result<(), JobError> {
        let (core, message, source) = (self.core.clone(), payload.message, payload.address.source.clone());
        let outbound = self.db.read(move |conn| outbound(conn, &core, payload)).await.map_err(again)?;
        let mut outbound = outbound.ok_or_else(|| JobError::Dead("the text is no longer kept".to_owned()))?;
        outbound.attachments = self.files_to_send(message).await.map_err(|held| match held {
            Held::Now(why) => JobError::Again(why),
            Held::Ever(why) => JobError::Dead(why),
        })?;
        let deliverer = self.core.deliverers.get(&source);
        let deliverer = deliverer
            .ok_or_else(|| JobError::Dead(format!("no sender is configured for source {source:?}")))?;
        let delivered = deliverer.deliver(&outbound).await.map_err(|error| match error {
            DeliverError::Temporary(why) => JobError::Again(why),
            DeliverError::Permanent(why) => JobError::Dead(why),
        })?;
        self.db.write(move |conn| sent(conn, message, &delivered)).await.map_err(again)
    }
}

/// The store was away: the job stays.
fn again(error: AppError) -> JobError {
    JobError::Again(error.to_string())
}

fn payload(job: &Job) -> Result<Payload, JobError> {
    if job.kind != SEND {
        return Err(JobError::Dead(format!("there is no job of kind {:?}", job.kind)));
    }
    serde_json::from_value(job.payload.clone()).map_err(|error| JobError::Dead(error.to_string()))
}

#[async_trait::async_trait]
impl Handler for App {
    async fn run(&self, job: &Job, now: Instant) -> Result<(), JobError> {
        if job.kind == protocol::HAND_OVER {
            return self.deliver_to_protocol(&job.payload, now).await;
        }
        if job.kind == SCAN {
            return self.scan_job(job, now).await;
        }
        if job.kind == report_mails::MAKE {
            return self.make_report(job, now).await;
        }
        if job.kind == report_mails::MAIL {
            return self.mail_report(job, now).await;
        }
        self.send(payload(job)?).await
    }
    async fn gave_up(&self, job: &Job, why: &str, now: Instant) -> Result<(), JobError> {
        if job.kind == protocol::HAND_OVER {
            return self.hand_over_failed(&job.payload, why).await;
        }
        if job.kind == SCAN {
            return self.scan_failed(job, why, now).await;
        }
        if matches!(job.kind.as_str(), report_mails::MAKE | report_mails::MAIL) {
            return self.report_failed(job, why).await;
        }
        let Ok(payload) = payload(job) else { return Ok(()) };
        let (core, why) = (self.core.clone(), why.to_owned());
        self.db.write(move |conn| give_up(conn, &core, payload.message, &why, now)).await.map_err(again)
    }
}

fn outbound(conn: &mut Conn, core: &Core, payload: Payload) -> Result<Option<Outbound>, AppError> {
    let Some(message) = messages::find(conn, payload.message)? else { return Ok(None) };
    let Some(ticket) = tickets::find(conn, message.ticket)? else { return Ok(None) };
    let (Some(text), Some(external_id), Some(channel)) = (message.body, message.external_id, message.channel)
    else {
        return Ok(None);
    };
    let automatic = message.kind == MessageKind::Receipt;
    let subject = ticket.subject.unwrap_or_default();
    let prefix = if automatic { "" } else { "Re: " };
    Ok(Some(Outbound {
        message_id: message.id,
        subject: format!("{prefix}{subject} [#{}]", token(core, &ticket.number)),
        ticket_number: ticket.number,
        channel,
        source: payload.address.source,
        to: payload.address.to,
        text,
        external_id,
        in_reply_to: payload.address.in_reply_to,
        references: payload.address.references,
        thread: payload.address.thread,
        automatic,
        attachments: vec![],
    }))
}

/// Records that a message left. A receipt may have come back before: the state never moves backwards.
fn sent(conn: &mut Conn, id: MessageId, delivered: &filo_channel::Delivered) -> Result<(), AppError> {
    let message = messages::find(conn, id)?.ok_or(AppError::NotFound("message"))?;
    let state =
        message.delivery.filter(|state| *state != DeliveryState::Queued).unwrap_or(DeliveryState::Sent);
    Ok(messages::set_delivery(conn, id, state, &message.deliveries, Some(&delivered.external_id))?)
}

/// A message that will never arrive: a reply that failed for everybody answered nobody.
fn give_up(conn: &mut Conn, core: &Core, id: MessageId, why: &str, now: Instant) -> Result<(), AppError> {
    let message = messages::find(conn, id)?.ok_or(AppError::NotFound("message"))?;
    let failed = |address: &String| Delivery {
        address: address.clone(),
        state: DeliveryState::Failed,
        detail: Some(why.to_owned()),
    };
    let deliveries: Vec<Delivery> = message.recipients.iter().map(failed).collect();
    messages::set_delivery(conn, id, DeliveryState::Failed, &deliveries, None)?;
    if message.kind == MessageKind::Reply {
        let mut work = Work::load(conn, message.ticket, now)?;
        work.push(conn, now, Actor::System, EventBody::Undelivered { message: id })?;
        work.save(conn, &core.city)?;
    }
    Ok(())
}
