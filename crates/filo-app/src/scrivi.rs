//! What citizens do without a login: send a request, follow it by number and code, add to it, contest, rate.
//!
//! **Invariant:** a wrong pair of number and code is refused the same way whichever was wrong; what a citizen sees
//! holds no internal note, no name of an operator and no personal data of anybody else.

use std::collections::BTreeMap;

use filo_channel::{Attachment, ContactHints, Decoded, Effect, Inbound, Raw};
use filo_domain::{
    Instant, InteractionId, PersonId, TicketId,
    event::{Actor, EventBody},
    form::Submission,
    vocabulary::{Channel, Direction, InteractionKind, NotActionable, Outcome, State},
};
use filo_store::{
    Conn,
    intake::take_turn,
    interactions, merges,
    messages::{self, MessageKind},
    persons,
    tickets::{self, TicketRecord},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    App, AppError, Caller, Core, Permission,
    attachments::Door,
    intake::{OneContact, Receipt},
    mint, outbox,
    tickets::current_person,
    work::{Draft, Work},
};

/// The source of submissions.
const SOURCE: &str = "scrivi";
const LONGEST_ADDITION: usize = 5_000;

/// What a citizen gets for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confirmed {
    /// The number people read aloud.
    pub number: String,
    /// The code by which it is followed; `None` when the same request is open already (the code was given then).
    pub code: Option<String>,
    /// When it was received.
    pub received_at: Instant,
    /// When an answer may be expected.
    pub expected_by: Option<Instant>,
    /// Where it is followed.
    pub receipt_url: String,
    /// Whether the same request was open already.
    pub repeated: bool,
}

/// A public reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicMessage {
    /// `citizen` or `city`.
    pub from: &'static str,
    /// When.
    pub at: Instant,
    /// The text.
    pub text: String,
}

/// A request as its citizen sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Followed {
    /// The number.
    pub number: String,
    /// Where it stands.
    pub state: State,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The subject.
    pub subject: Option<String>,
    /// When it was received.
    pub received_at: Instant,
    /// When a person accepted it.
    pub charged_at: Option<Instant>,
    /// When it was first answered.
    pub first_response_at: Option<Instant>,
    /// When it was resolved.
    pub resolved_at: Option<Instant>,
    /// When an answer may be expected.
    pub expected_by: Option<Instant>,
    /// Until when it can be contested.
    pub contest_until: Option<Instant>,
    /// What was written on both sides.
    pub messages: Vec<PublicMessage>,
    /// Whether it can be rated now.
    pub can_rate: bool,
}

impl App {
    /// Takes in a submission; with a key for Scrivi it is not moderated.
    ///
    /// # Errors
    /// Everything the form refuses, with pointers, or the store's own.
    pub async fn submit(
        &self,
        caller: Option<&Caller>,
        submission: Submission,
        files: Vec<Attachment>,
        moderated: bool,
        now: Instant,
    ) -> Result<Confirmed, AppError> {
        let forms = &self.core.city.forms;
        forms.check(&submission).map_err(AppError::from)?;
        let trusted = caller.is_some_and(|caller| caller.may(Permission::PushContacts));
        let bytes = serde_json::to_vec(&submission)?;
        let inbound = self.decode_submission(&bytes, now)?;
        let mut inbound = Inbound { attachments: files, ..inbound };
        let code = mint::code()?;
        let files = self.keep_all(&mut inbound.attachments, Door::Public).await?;
        let one = OneContact {
            inbound,
            files,
            raw: Some(bytes),
            actor: caller.map_or(Actor::Citizen, Caller::actor),
            moderated: moderated && !trusted,
            code: Some(code.clone()),
        };
        let receipt = self.accept_one(one, now).await?;
        self.confirmation(receipt, code, now).await
    }

    fn decode_submission(&self, bytes: &[u8], now: Instant) -> Result<Inbound, AppError> {
        let adapter = self.core.sources.get(SOURCE).ok_or(AppError::NotFound("source"))?;
        let raw = Raw { bytes: bytes.to_vec(), arrived_at: None, now };
        match adapter.decode.decode(&raw).into_iter().next() {
            Some(Ok(Decoded::Interaction(inbound))) => Ok(*inbound),
            Some(Err(rejected)) => Err(AppError::invalid("", rejected.detail)),
            Some(Ok(_)) | None => Err(AppError::Internal("a submission decoded to nothing".to_owned())),
        }
    }

    async fn confirmation(
        &self,
        receipt: Receipt,
        code: String,
        now: Instant,
    ) -> Result<Confirmed, AppError> {
        let (interaction, opened) = match receipt {
            Receipt::Accepted { interaction, opened, .. } => (Some(interaction), opened),
            Receipt::Duplicate { interaction } => (interaction, false),
            Receipt::Quarantined { .. } => (None, false),
        };
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let id = interaction.ok_or(AppError::NotFound("request"))?;
                let contact = interactions::find(conn, id)?.ok_or(AppError::NotFound("request"))?;
                let ticket = contact.ticket_id.ok_or(AppError::NotFound("request"))?;
                let record = tickets::find(conn, ticket)?.ok_or(AppError::NotFound("request"))?;
                Ok(Confirmed {
                    number: record.number,
                    code: opened.then_some(code),
                    received_at: contact.occurred_at,
                    expected_by: expected_by(conn, &core, ticket, now)?,
                    receipt_url: format!("{}/scrivi/segui", core.public_url),
                    repeated: !opened,
                })
            })
            .await
    }

    /// A request by number and code.
    ///
    /// # Errors
    /// Not found, whichever was wrong.
    pub async fn follow(&self, number: &str, code: &str, now: Instant) -> Result<Followed, AppError> {
        let (core, number, code) = (self.core.clone(), number.to_owned(), code.to_owned());
        self.db
            .read(move |conn| {
                let record = opened_by(conn, &number, &code)?;
                followed(conn, &core, record, now)
            })
            .await
    }

    /// Adds to a request, or contests its resolution.
    ///
    /// # Errors
    /// Not found; an empty text; a contest of what is not resolved, or too late.
    pub async fn add_to_request(
        &self,
        number: &str,
        code: &str,
        text: &str,
        contest: bool,
        now: Instant,
    ) -> Result<Followed, AppError> {
        let length = text.chars().count();
        if text.trim().is_empty() || length > LONGEST_ADDITION || text.contains('\0') {
            return Err(AppError::invalid(
                "/text",
                format!("must have 1 to {LONGEST_ADDITION} characters, has {length}"),
            ));
        }
        let (core, number, code, text) =
            (self.core.clone(), number.to_owned(), code.to_owned(), text.to_owned());
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                let record = opened_by(conn, &number, &code)?;
                let end = speaking_for(conn, &record)?;
                if contest && !matches!(end.state, State::Resolved | State::Closed) {
                    return Err(AppError::conflict(
                        "not-resolved",
                        "only a resolved request can be contested",
                    ));
                }
                add(conn, &core, &record, text, contest, now)?;
                let record = opened_by(conn, &number, &code)?;
                followed(conn, &core, record, now)
            })
            .await
    }

    /// Rates a request that was answered.
    ///
    /// # Errors
    /// Not found; a score outside 1 to 5; a request that is still open.
    pub async fn rate(
        &self,
        number: &str,
        code: &str,
        score: u8,
        comment: Option<String>,
        now: Instant,
    ) -> Result<Followed, AppError> {
        if !(1..=5).contains(&score) {
            return Err(AppError::invalid("/score", "must be 1 to 5"));
        }
        let (core, number, code) = (self.core.clone(), number.to_owned(), code.to_owned());
        self.db
            .write(move |conn| {
                let record = opened_by(conn, &number, &code)?;
                let mut work = Work::load_end(conn, record.id, now)?;
                if work.ticket.state().is_open() {
                    return Err(AppError::conflict("not-resolved", "a request is rated once it is resolved"));
                }
                let comment = comment.filter(|comment| !comment.trim().is_empty()).map(|comment| {
                    let body = comment.chars().take(LONGEST_ADDITION).filter(|c| *c != '\0').collect();
                    work.text(conn, Draft::inside(MessageKind::Reason, None, body))
                });
                let comment = comment.transpose()?;
                work.push(conn, now, Actor::Citizen, EventBody::Rated { score, comment })?;
                work.save(conn, &core.city)?;
                let record = opened_by(conn, &number, &code)?;
                followed(conn, &core, record, now)
            })
            .await
    }

    /// Takes a contact that another system pushed.
    ///
    /// # Errors
    /// An unknown source, or the store's own.
    pub async fn push_interaction(
        &self,
        caller: &Caller,
        pushed: PushedInteraction,
        now: Instant,
    ) -> Result<(Receipt, Option<InteractionId>), AppError> {
        caller.must(Permission::PushContacts)?;
        let inbound = pushed.inbound(&self.core, now)?;
        let files = vec![];
        let one =
            OneContact { inbound, files, raw: None, actor: caller.actor(), moderated: false, code: None };
        let receipt = self.accept_one(one, now).await?;
        let id = match receipt {
            Receipt::Accepted { interaction, .. } => Some(interaction),
            Receipt::Duplicate { interaction } => interaction,
            Receipt::Quarantined { .. } => None,
        };
        Ok((receipt, id))
    }
}

/// A contact that another system pushes.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushedInteraction {
    /// The configured source.
    pub source: String,
    /// The id within the source: the same one again is a duplicate.
    pub external_id: String,
    /// The channel; by default the source's.
    pub channel: Option<Channel>,
    /// What sort of touch it is.
    pub kind: InteractionKind,
    /// When it happened; by default now, never in the future.
    pub occurred_at: Option<Instant>,
    /// The sender's name.
    pub name: Option<String>,
    /// By what the sender is recognised.
    #[serde(default)]
    pub identities: Vec<crate::persons::IdentityInput>,
    /// The conversation within the source.
    pub thread: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The text.
    #[serde(default)]
    pub text: String,
    /// The theme key.
    pub theme: Option<String>,
    /// Why it asks for nothing; absent when it is actionable.
    pub reason: Option<NotActionable>,
}

impl PushedInteraction {
    fn inbound(self, core: &Core, now: Instant) -> Result<Inbound, AppError> {
        let source = core.city.source(&self.source);
        let source = source
            .ok_or_else(|| AppError::invalid("/source", format!("there is no source {:?}", self.source)))?;
        if self.external_id.trim().is_empty() || self.external_id.len() > 256 {
            return Err(AppError::invalid("/external_id", "must have 1 to 256 characters"));
        }
        let Some(channel) = source.channel.or(self.channel) else {
            return Err(AppError::invalid("/channel", "this source has no channel of its own: give one"));
        };
        let occurred_at = self.occurred_at.unwrap_or(now);
        if occurred_at > now {
            return Err(AppError::invalid("/occurred_at", "must not lie in the future"));
        }
        let texts = [self.subject.as_deref(), Some(&self.text), self.name.as_deref(), self.thread.as_deref()];
        if self.text.len() > 1_000_000 || texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return Err(AppError::invalid("/text", "must have at most 1 MB and no character NUL"));
        }
        crate::tickets::check_theme(core, self.theme.as_deref())?;
        let identities = crate::persons::parse_identities("/identities", &self.identities)?;
        let contact = self.kind.is_contact();
        let hints = ContactHints { theme: self.theme, no_auto_answer: true, ..ContactHints::default() };
        Ok(Inbound {
            channel,
            scope: self.source.clone(),
            source: self.source,
            external_id: self.external_id,
            kind: self.kind,
            direction: if self.kind == InteractionKind::Reply {
                Direction::Outbound
            } else {
                Direction::Inbound
            },
            occurred_at,
            identities,
            name: self.name,
            thread: self.thread,
            subject: self.subject,
            text: self.text,
            not_actionable: self.reason,
            attachments: vec![],
            effect: if contact { Effect::Contact(hints) } else { Effect::Record },
            detail: json!({}),
            flags: vec![],
        })
    }
}

/// The ticket that a number and its code open; refused the same way whichever was wrong.
fn opened_by(conn: &mut Conn, number: &str, code: &str) -> Result<TicketRecord, AppError> {
    let number = number.trim();
    let code = code.trim().to_uppercase();
    let record = tickets::find_by_number(conn, number)?;
    let stored = match &record {
        Some(record) => tickets::code_hash(conn, record.id)?,
        None => None,
    };
    let right = mint::same(&mint::digest(&code), stored.as_deref().unwrap_or_default());
    record.filter(|_| right).ok_or(AppError::NotFound("request with this number and code"))
}

fn expected_by(
    conn: &mut Conn,
    core: &Core,
    id: TicketId,
    now: Instant,
) -> Result<Option<Instant>, AppError> {
    let log = tickets::events(conn, id)?;
    let ticket = filo_domain::ticket::Ticket::fold(&log)
        .map_err(|error| AppError::internal("a ticket's log does not fold", error))?;
    Ok(outbox::expected_answer(core, &ticket, now))
}

/// The ticket that speaks for a request: of one that is not merged, its own.
fn speaking_for(conn: &mut Conn, record: &TicketRecord) -> Result<TicketRecord, AppError> {
    let end = merges::end_of(conn, record.id)?;
    tickets::find(conn, end)?.ok_or(AppError::NotFound("request with this number and code"))
}

/// A request as its citizen sees it: number, subject and words are its own; where it stands is said by the ticket
/// that speaks for it.
fn followed(conn: &mut Conn, core: &Core, record: TicketRecord, now: Instant) -> Result<Followed, AppError> {
    let end = speaking_for(conn, &record)?;
    let expected_by = expected_by(conn, core, end.id, now)?;
    let contest_days = core.city.profile.reopen_days;
    let resolved = matches!(end.state, State::Resolved | State::Closed);
    let contest_until = end
        .final_resolved_at
        .map(|at| at.plus_seconds(contest_days * 86_400))
        .filter(|until| resolved && *until >= now);
    Ok(Followed {
        messages: public_conversation(conn, &record, &end)?,
        number: record.number,
        state: end.state,
        outcome: end.outcome,
        subject: record.subject,
        received_at: record.opened_at,
        charged_at: end.charged_at,
        first_response_at: end.first_response_at,
        resolved_at: end.final_resolved_at,
        expected_by: expected_by.filter(|_| end.first_response_at.is_none()),
        contest_until,
        can_rate: resolved,
    })
}

/// The public side of a request; of a merged one also what is said in the ticket that speaks for it, unless that is
/// another person's: then only the citizen's own words there.
fn public_conversation(
    conn: &mut Conn,
    record: &TicketRecord,
    end: &TicketRecord,
) -> Result<Vec<PublicMessage>, AppError> {
    let mut all = public_messages(conn, record.id, None)?;
    if end.id != record.id {
        let citizen = current_person(conn, record)?;
        let same = citizen.is_some() && citizen == current_person(conn, end)?;
        let everybody = citizen.map(|citizen| persons::members(conn, citizen)).transpose()?;
        let only = everybody.unwrap_or_default();
        all.extend(public_messages(conn, end.id, Some(only.as_slice()).filter(|_| !same))?);
        all.sort_by_key(|message| message.at);
    }
    Ok(all)
}

/// What the citizen wrote and what we answered; notes, reasons and receipts are not shown. With `only`, what these
/// persons wrote and nothing else.
fn public_messages(
    conn: &mut Conn,
    id: TicketId,
    only: Option<&[PersonId]>,
) -> Result<Vec<PublicMessage>, AppError> {
    let contacts = interactions::of_ticket(conn, id)?.into_iter();
    let contacts = contacts
        .filter(|it| only.is_none_or(|only| it.person_id.is_some_and(|person| only.contains(&person))));
    let mut all: Vec<PublicMessage> = contacts
        .filter(|it| it.direction == Direction::Inbound && it.kind.is_contact())
        .map(|it| PublicMessage { from: "citizen", at: it.occurred_at, text: it.body })
        .collect();
    let replies = messages::of_ticket(conn, id)?.into_iter();
    let replies = replies.filter(|message| message.kind == MessageKind::Reply && only.is_none());
    all.extend(
        replies.filter_map(|reply| Some(PublicMessage { from: "city", at: reply.at, text: reply.body? })),
    );
    all.sort_by_key(|message| message.at);
    Ok(all)
}

fn add(
    conn: &mut Conn,
    core: &Core,
    record: &TicketRecord,
    text: String,
    contest: bool,
    now: Instant,
) -> Result<(), AppError> {
    let id: InteractionId = mint::id(now);
    let inbound = Inbound {
        channel: record.channel,
        source: SOURCE.to_owned(),
        scope: SOURCE.to_owned(),
        external_id: id.to_string(),
        kind: if contest { InteractionKind::Contest } else { InteractionKind::Addition },
        direction: Direction::Inbound,
        occurred_at: now,
        identities: vec![],
        name: None,
        thread: None,
        subject: None,
        text,
        not_actionable: None,
        attachments: vec![],
        effect: Effect::Contact(ContactHints {
            ticket_token: Some(outbox::token(core, &record.number)),
            fields: BTreeMap::new(),
            no_auto_answer: true,
            ..ContactHints::default()
        }),
        detail: json!({}),
        flags: vec![],
    };
    let arrival = crate::contacts::Arrival {
        core,
        inbound,
        files: vec![],
        raw: None,
        now,
        actor: Actor::Citizen,
        retried: false,
        moderated: false,
        code: None,
    };
    let registered = crate::contacts::register_as(conn, id, arrival)?;
    if let (crate::contacts::Registered::Accepted { interaction, .. }, Some(person)) =
        (registered, record.person)
    {
        interactions::set_person(conn, interaction, Some(person))?;
    }
    Ok(())
}
