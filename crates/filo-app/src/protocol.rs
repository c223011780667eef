//! Formal requests are handed to the document-protocol system, which gives them their number.
//!
//! **Invariant:** Filo never makes a protocol number. The hand-over is asked for in the transaction that opens the
//! ticket and leaves through the outbox, at least once and always under one key, the ticket's id. The register entry
//! is an event, written once; when the request was submitted is the ticket's opening, which no transfer rewrites.

use filo_domain::{
    Instant, TicketId,
    chain::sha256_hex,
    event::{Actor, EventBody},
    protocol::ProtocolEntry,
    ticket::Ticket,
    vocabulary::{Channel, Direction, IdentityType, Kind},
};
use filo_jobs::JobError;
use filo_store::{
    Conn, audit, interactions, jobs, persons,
    protocols::{self, FAILED, HANDED_OVER, QUEUED, STATES},
    tickets,
};
use serde::Serialize;
use serde_json::json;

use crate::{
    App, AppError, Caller, Core, Page, Permission, mint,
    tickets::{fetch, limit, visible},
    views::{cursor, read_cursor},
    work::Work,
};

/// The kind of the jobs that hand a ticket over.
pub(crate) const HAND_OVER: &str = "protocol.hand_over";

/// The document-protocol system.
#[async_trait::async_trait]
pub trait ProtocolSystem: Send + Sync {
    /// Hands a document over; the same one again changes nothing there. `None`: the number comes later.
    async fn hand_over(&self, document: &ProtocolDocument) -> Result<Option<ProtocolEntry>, HandOverError>;
}

/// Why the other system did not take a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandOverError {
    /// Trying again may help.
    #[error("{0}")]
    Temporary(String),
    /// Trying again is useless.
    #[error("{0}")]
    Permanent(String),
}

/// A document to be registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProtocolDocument {
    /// The ticket: the key under which it is handed over however often.
    pub ticket_id: TicketId,
    /// The request's number, which is no protocol number.
    pub request_number: String,
    /// The city's code in the index of public administrations.
    pub ipa_code: String,
    /// The channel it came by.
    pub channel: Channel,
    /// What it asks for.
    pub kind: Kind,
    /// When it was submitted.
    pub submitted_at: Instant,
    /// The subject.
    pub subject: String,
    /// SHA-256 of the subject in UTF-8.
    pub subject_sha256: String,
    /// What the citizen wrote.
    pub text: String,
    /// Who submitted it.
    pub sender: ProtocolSender,
    /// Its files.
    pub attachments: Vec<ProtocolFile>,
}

/// Who submitted a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProtocolSender {
    /// The name as given.
    pub name: Option<String>,
    /// Mail addresses, certified ones included.
    pub email: Vec<String>,
    /// Fiscal codes.
    pub fiscal_code: Vec<String>,
}

/// A file of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProtocolFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size.
    pub size_bytes: i64,
    /// SHA-256 of its content.
    pub sha256: String,
}

/// A ticket's place in the protocol as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProtocolView {
    /// `queued`, `handed_over`, `failed` or `protocolled`.
    pub state: String,
    /// The organisational area.
    pub aoo: Option<String>,
    /// The register.
    pub register: Option<String>,
    /// The year.
    pub year: Option<i16>,
    /// The number.
    pub number: Option<String>,
    /// The date.
    pub date: Option<String>,
    /// SHA-256 of the subject that was handed over.
    pub subject_sha256: Option<String>,
    /// When the request was submitted.
    pub submitted_at: Instant,
    /// When the other system took it.
    pub handed_over_at: Option<Instant>,
    /// When the number came.
    pub answered_at: Option<Instant>,
}

/// A hand-over as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandOverView {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its number.
    pub number: String,
    /// `queued`, `handed_over`, `failed` or `protocolled`.
    pub state: String,
    /// When it was asked for.
    pub requested_at: Instant,
    /// When the other system took it.
    pub handed_over_at: Option<Instant>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// Asks for the hand-over of a ticket that the configuration says is to be registered, once.
pub(crate) fn request(
    conn: &mut Conn,
    city: &filo_domain::city::City,
    ticket: &Ticket,
    now: Instant,
) -> Result<(), AppError> {
    let rule = &city.profile.protocol;
    let fresh = now.seconds_since(ticket.history.opened_at) <= rule.max_age_days * 86_400;
    if !fresh || !rule.applies(ticket.channel(), ticket.kind) {
        return Ok(());
    }
    if protocols::request(conn, ticket.id, now)? {
        enqueue(conn, ticket.id, now)?;
    }
    Ok(())
}

fn enqueue(conn: &mut Conn, ticket: TicketId, now: Instant) -> Result<(), AppError> {
    Ok(jobs::enqueue(conn, mint::id(now), HAND_OVER, &json!({ "ticket": ticket }), now, now)?)
}

/// How a ticket stands in the protocol; `None` for one that is not to be registered.
pub(crate) fn view(
    conn: &mut Conn,
    ticket: TicketId,
    opened_at: Instant,
) -> Result<Option<ProtocolView>, AppError> {
    Ok(protocols::find(conn, ticket)?.map(|row| {
        let entry = row.entry.as_ref();
        ProtocolView {
            state: row.state.clone(),
            aoo: entry.map(|entry| entry.aoo.clone()),
            register: entry.map(|entry| entry.register.clone()),
            year: entry.map(|entry| entry.year),
            number: entry.map(|entry| entry.number.clone()),
            date: entry.map(|entry| entry.date.to_string()),
            subject_sha256: row.subject_sha256.clone(),
            submitted_at: opened_at,
            handed_over_at: row.handed_over_at,
            answered_at: row.answered_at,
        }
    }))
}

/// Writes the register entry of a ticket; the same again changes nothing.
fn record(
    conn: &mut Conn,
    core: &Core,
    ticket: TicketId,
    entry: ProtocolEntry,
    actor: Actor,
    now: Instant,
) -> Result<(), AppError> {
    let mut work = Work::load(conn, ticket, now)?;
    match &work.ticket.protocol {
        Some(known) if *known == entry => {}
        Some(known) => {
            return Err(AppError::Conflict {
                code: "protocolled-before",
                detail: "this ticket has another protocol number, and numbers are not changed".to_owned(),
                proposal: Some(json!({ "protocol": known })),
            });
        }
        None => {
            protocols::request(conn, ticket, now)?;
            protocols::protocolled(conn, ticket, &entry, now)?;
            work.push(conn, now, actor, EventBody::Protocolled(entry))?;
            work.save(conn, &core.city)?;
        }
    }
    Ok(())
}

impl App {
    /// Takes the register entry that the other system gave a ticket.
    ///
    /// # Errors
    /// An entry that cannot be, another one than before, not found.
    pub async fn record_protocol(
        &self,
        caller: &Caller,
        id: TicketId,
        entry: ProtocolEntry,
        now: Instant,
    ) -> Result<ProtocolView, AppError> {
        caller.must(Permission::RecordProtocol)?;
        let entry = entry
            .checked()
            .map_err(|error| AppError::invalid(&format!("/{}", error.field), error.expected))?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                let ticket = visible(conn, &caller, id)?;
                record(conn, &core, id, entry, caller.actor(), now)?;
                view(conn, id, ticket.opened_at)?.ok_or(AppError::NotFound("protocol"))
            })
            .await
    }

    /// Lists hand-overs of a state, oldest first; by default those that failed.
    ///
    /// # Errors
    /// No such state, wrong cursor, or the store's own.
    pub async fn list_hand_overs(
        &self,
        caller: &Caller,
        state: Option<String>,
        asked: Option<usize>,
        after: Option<String>,
    ) -> Result<Page<HandOverView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let state = state.unwrap_or_else(|| FAILED.to_owned());
        if !STATES.contains(&state.as_str()) {
            return Err(AppError::invalid("/state", format!("must be one of {}", STATES.join(", "))));
        }
        let limit = limit(asked)?;
        let after = after.as_deref().map(read_cursor).transpose()?;
        let unit = caller.unit_limit().map(str::to_owned);
        let rows = self
            .db
            .read(move |conn| protocols::list(conn, &state, unit.as_deref(), after, fetch(limit)))
            .await
            .map_err(AppError::Store)?;
        let page = Page::cut(rows, limit, |(row, _)| cursor(row.requested_at, row.ticket));
        Ok(page.map(|(row, number)| HandOverView {
            ticket_id: row.ticket,
            number,
            state: row.state,
            requested_at: row.requested_at,
            handed_over_at: row.handed_over_at,
            last_error: row.last_error,
        }))
    }

    /// Hands a ticket over once more: one that failed, or whose number does not come.
    ///
    /// # Errors
    /// One that waits already or has its number, not found.
    pub async fn retry_hand_over(
        &self,
        caller: &Caller,
        id: TicketId,
        now: Instant,
    ) -> Result<ProtocolView, AppError> {
        caller.must(Permission::RecordProtocol)?;
        let caller = caller.clone();
        self.db
            .write(move |conn| {
                let ticket = visible(conn, &caller, id)?;
                tickets::lock(conn, id)?;
                let row = protocols::find(conn, id)?.ok_or(AppError::NotFound("hand-over"))?;
                if row.state != FAILED && row.state != HANDED_OVER {
                    let detail = format!("this hand-over is {}: there is nothing to try again", row.state);
                    return Err(AppError::conflict("hand-over-not-failed", detail));
                }
                protocols::requeue(conn, id)?;
                enqueue(conn, id, now)?;
                audit::append(conn, now, &caller.actor(), "hand_over_retried", json!({ "ticket": id }))?;
                view(conn, id, ticket.opened_at)?.ok_or(AppError::NotFound("hand-over"))
            })
            .await
    }

    /// Does the job: no transaction is open while the other system is asked.
    pub(crate) async fn deliver_to_protocol(
        &self,
        payload: &serde_json::Value,
        now: Instant,
    ) -> Result<(), JobError> {
        let ticket = ticket_of(payload)?;
        let core = self.core.clone();
        let document = self.db.read(move |conn| document(conn, &core, ticket)).await.map_err(again)?;
        let Some(document) = document else { return Ok(()) };
        let entry = match answered(self.core.protocol.hand_over(&document).await) {
            Ok(entry) => entry,
            Err(HandOverError::Permanent(why)) => return Err(JobError::Dead(why)),
            Err(HandOverError::Temporary(why)) => {
                // Seen at once, not only when it is given up a day later.
                let trouble = why.clone();
                let told = move |conn: &mut Conn| {
                    protocols::trouble(conn, ticket, &trouble).map_err(AppError::Store)
                };
                self.db.write(told).await.map_err(again)?;
                return Err(JobError::Again(why));
            }
        };
        let core = self.core.clone();
        let kept = move |conn: &mut Conn| {
            protocols::handed_over(conn, ticket, &document.subject_sha256, now)?;
            if let Some(entry) = entry {
                record(conn, &core, ticket, entry, Actor::System, now)?;
            }
            Ok::<_, AppError>(())
        };
        self.db.write(kept).await.map_err(|error| match error {
            AppError::Conflict { detail, .. } => JobError::Dead(detail),
            error => again(error),
        })
    }

    /// Records that a hand-over will not be tried again by itself.
    pub(crate) async fn hand_over_failed(
        &self,
        payload: &serde_json::Value,
        why: &str,
    ) -> Result<(), JobError> {
        let (ticket, why) = (ticket_of(payload)?, why.to_owned());
        let failed = move |conn: &mut Conn| protocols::failed(conn, ticket, &why).map_err(AppError::Store);
        self.db.write(failed).await.map_err(again)
    }
}

/// An answer that is no register entry may be mended: the same key again gives the same entry.
fn answered(
    answer: Result<Option<ProtocolEntry>, HandOverError>,
) -> Result<Option<ProtocolEntry>, HandOverError> {
    let checked = answer?.map(ProtocolEntry::checked).transpose();
    checked.map_err(|error| HandOverError::Temporary(format!("the answer is no register entry: {error}")))
}

fn again(error: AppError) -> JobError {
    JobError::Again(error.to_string())
}

fn ticket_of(payload: &serde_json::Value) -> Result<TicketId, JobError> {
    let id = payload.get("ticket").and_then(|id| id.as_str()).unwrap_or_default();
    id.parse().map_err(|_no_id| JobError::Dead(format!("{id:?} names no ticket")))
}

/// The document of a ticket; `None` when it has its number already or its text is no longer kept.
fn document(conn: &mut Conn, core: &Core, id: TicketId) -> Result<Option<ProtocolDocument>, AppError> {
    let waiting =
        protocols::find(conn, id)?.filter(|row| [QUEUED, HANDED_OVER].contains(&row.state.as_str()));
    let (Some(_), Some(record)) = (waiting, tickets::find(conn, id)?) else { return Ok(None) };
    let Some(subject) = record.subject else { return Ok(None) };
    let contact = interactions::of_ticket(conn, id)?
        .into_iter()
        .find(|it| it.direction == Direction::Inbound && it.kind.is_contact());
    let files = match &contact {
        Some(contact) => protocols::files_of(conn, contact.id)?,
        None => vec![],
    };
    let mut sender =
        ProtocolSender { name: contact.as_ref().and_then(|it| it.name.clone()), ..Default::default() };
    if let Some(person) = record.person {
        let everybody = persons::members(conn, person)?;
        for known in persons::identities_of(conn, &everybody)? {
            let value = known.identity.value().to_owned();
            match known.identity.identity_type() {
                IdentityType::Email => sender.email.push(value),
                IdentityType::FiscalCode => sender.fiscal_code.push(value),
                IdentityType::Phone
                | IdentityType::Facebook
                | IdentityType::Instagram
                | IdentityType::Whatsapp => {}
            }
        }
    }
    let file = |(name, media_type, size_bytes, sha256)| ProtocolFile { name, media_type, size_bytes, sha256 };
    Ok(Some(ProtocolDocument {
        ticket_id: id,
        request_number: record.number,
        ipa_code: core.city.profile.ipa_code.clone(),
        channel: record.channel,
        kind: record.kind,
        submitted_at: record.opened_at,
        subject_sha256: sha256_hex(subject.as_bytes()),
        subject,
        text: contact.map(|it| it.body).unwrap_or_default(),
        sender,
        attachments: files.into_iter().map(file).collect(),
    }))
}
