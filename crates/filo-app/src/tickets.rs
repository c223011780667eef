//! Working tickets: list, open, read with clocks, and every step of the state machine.

use std::collections::BTreeMap;

use filo_domain::{
    AttachmentId, Instant, InteractionId, MatterId, PersonId, TicketId, UserId,
    chain::Seal,
    city::Unit,
    event::{Classification, EventBody, Opening, WaitFor},
    policy::{self, ClockReading},
    ticket::{Step, Ticket, allowed_steps},
    vocabulary::{Channel, Direction, InteractionKind, Kind, Level, Outcome, Priority, State, Word},
};
use filo_store::{
    Conn,
    intake::{self, Claimed},
    interactions::{self, Interaction},
    merges,
    messages::{self, MessageKind},
    persons,
    tickets::{self, TicketRecord},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    App, AppError, Caller, Core, EventView, MessageView, Permission, ProtocolView, Warning,
    answers::{Answer, check_message, text_of, with_mentions},
    attachments::{check_files, files_of},
    desk::{self, Place},
    duplicates::{self, DuplicateView},
    fields, mentions, mint,
    outbox::{self, Sending},
    persons::{IdentityInput, parse_identities},
    protocol,
    recognise::recognise,
    resolutions,
    views::Origin,
    warnings,
    work::{Draft, Start, Subject, Work, policy_of},
};

/// A ticket as readers see it.
#[derive(Clone, Debug, Serialize)]
pub struct TicketView {
    /// Its id.
    pub id: TicketId,
    /// The number people read aloud.
    pub number: String,
    /// Where it stands.
    pub state: State,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The channel it was opened on.
    pub channel: Channel,
    /// The source of its first contact.
    pub source: String,
    /// The subject; `None` once anonymised.
    pub subject: Option<String>,
    /// The theme key.
    pub theme: Option<String>,
    /// What it asks for.
    pub kind: Kind,
    /// How urgent it is.
    pub priority: Priority,
    /// Support level.
    pub level: Level,
    /// The unit.
    pub unit: Option<String>,
    /// The person it is assigned to.
    pub user: Option<UserId>,
    /// The citizen.
    pub person_id: Option<PersonId>,
    /// The matter.
    pub matter_id: Option<MatterId>,
    /// The ticket this one follows.
    pub follows_id: Option<TicketId>,
    /// The ticket that speaks for this one, while it is merged; its state is `cancelled` then.
    pub merged_into_id: Option<TicketId>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Where, as the citizen gave it.
    pub location: Option<Value>,
    /// The district.
    pub municipio: Option<i32>,
    /// When it was opened.
    pub opened_at: Instant,
    /// When the last event was recorded.
    pub updated_at: Instant,
    /// When a person first accepted it.
    pub charged_at: Option<Instant>,
    /// When it was first answered.
    pub first_response_at: Option<Instant>,
    /// When it was first resolved.
    pub first_resolved_at: Option<Instant>,
    /// When its last round was resolved.
    pub final_resolved_at: Option<Instant>,
    /// When its last round was closed.
    pub closed_at: Option<Instant>,
    /// When it was first escalated.
    pub escalated_at: Option<Instant>,
    /// How often it was reopened.
    pub reopened: i32,
    /// When the next clock is due.
    pub due_at: Option<Instant>,
    /// The clock policy chosen, with its version.
    pub policy: Option<String>,
    /// The number of the last event: the ETag.
    pub version: i32,
    /// The clocks; `None` in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clocks: Option<Vec<ClockReading>>,
    /// What the state allows.
    pub allowed: Vec<&'static str>,
    /// Open tickets that may be about the same; only where a ticket was just opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possible_duplicates: Option<Vec<DuplicateView>>,
    /// The custom fields of its theme; `None` in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<BTreeMap<String, Value>>,
    /// The city's reason for the resolution: outer `None` in lists, inner `None` where none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution_reason: Option<Option<String>>,
    /// How it stands in the protocol: absent in lists, null where it is not to be registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Option<ProtocolView>>,
}

fn allowed_words(t: &TicketRecord) -> Vec<&'static str> {
    match t.merged_into {
        Some(_) => vec![Step::Unmerge.word()],
        None => allowed_steps(t.state).into_iter().map(Step::word).collect(),
    }
}

impl From<TicketRecord> for TicketView {
    fn from(t: TicketRecord) -> Self {
        Self {
            allowed: allowed_words(&t),
            id: t.id,
            number: t.number,
            state: t.state,
            outcome: t.outcome,
            channel: t.channel,
            source: t.source,
            subject: t.subject,
            theme: t.theme,
            kind: t.kind,
            priority: t.priority,
            level: t.level,
            unit: t.unit,
            user: t.user,
            person_id: t.person,
            matter_id: t.matter,
            follows_id: t.follows,
            merged_into_id: t.merged_into,
            tags: t.tags,
            location: t.location,
            municipio: t.municipio,
            opened_at: t.opened_at,
            updated_at: t.updated_at,
            charged_at: t.charged_at,
            first_response_at: t.first_response_at,
            first_resolved_at: t.first_resolved_at,
            final_resolved_at: t.final_resolved_at,
            closed_at: t.closed_at,
            escalated_at: t.escalated_at,
            reopened: t.reopened,
            due_at: t.due_at,
            policy: t.policy,
            version: t.seq,
            clocks: None,
            possible_duplicates: None,
            fields: None,
            resolution_reason: None,
            protocol: None,
        }
    }
}

/// A limit of a list as asked, by default 50.
///
/// # Errors
/// Outside 1 to 200.
pub(crate) fn limit(asked: Option<usize>) -> Result<usize, AppError> {
    match asked.unwrap_or(50) {
        limit @ 1..=200 => Ok(limit),
        _ => Err(AppError::invalid("/limit", "must be 1 to 200")),
    }
}

/// The citizen of a new ticket.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requester {
    /// The name.
    pub name: Option<String>,
    /// By what the citizen is recognised.
    #[serde(default)]
    pub identities: Vec<IdentityInput>,
}

/// A contact registered and its ticket opened in one step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTicket {
    /// The channel.
    pub channel: Channel,
    /// Under which of the desk's sources it is entered; `desk` where it is not said.
    pub source: Option<String>,
    /// The subject, 1 to 200 characters.
    pub subject: String,
    /// What the citizen asks.
    #[serde(default)]
    pub body: String,
    /// The theme key.
    pub theme: Option<String>,
    /// What it asks for.
    pub kind: Kind,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// The citizen.
    #[serde(default)]
    pub requester: Requester,
    /// The contact, where it is recorded already.
    pub interaction_id: Option<InteractionId>,
    /// Where.
    pub location: Option<Value>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Custom fields of the theme.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
}

/// A change of a ticket's classification.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketChange {
    /// A new subject.
    pub subject: Option<String>,
    /// The theme key.
    pub theme: Option<String>,
    /// What it asks for.
    pub kind: Option<Kind>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// All tags.
    pub tags: Option<Vec<String>>,
    /// Custom fields to set; `null` removes one.
    pub fields: Option<BTreeMap<String, Value>>,
}

/// To whom a ticket is given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// The unit.
    pub unit: Option<String>,
    /// The person.
    pub user: Option<UserId>,
}

/// How a ticket is resolved.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    /// How it ended.
    pub outcome: Outcome,
    /// The key of the city's reason.
    pub reason: Option<String>,
    /// Internal note.
    pub note: Option<String>,
    /// An answer sent with it.
    pub reply: Option<String>,
    /// Whether the answer's warnings were read.
    #[serde(default)]
    pub acknowledge_warnings: bool,
}

impl Resolution {
    /// Without a reason, a note or an answer.
    pub fn of(outcome: Outcome) -> Self {
        Self { outcome, reason: None, note: None, reply: None, acknowledge_warnings: false }
    }
}

/// A step of the state machine with what it needs.
#[derive(Clone, Debug)]
pub enum StepRequest {
    /// Accept it.
    TakeCharge,
    /// Give it to a unit or person.
    Assign(Assign),
    /// Hand it to level II.
    Escalate {
        /// The unit.
        unit: String,
        /// Why.
        note: Option<String>,
    },
    /// Wait.
    Wait {
        /// For whom.
        waits_for: WaitFor,
        /// Why.
        reason: Option<String>,
    },
    /// Wait no longer.
    Resume,
    /// Resolve it.
    Resolve(Resolution),
    /// Confirm the resolution.
    Close,
    /// Open a new round.
    Reopen {
        /// Why.
        reason: Option<String>,
    },
    /// Cancel it.
    Cancel {
        /// Why.
        reason: Option<String>,
    },
}

impl StepRequest {
    fn step(&self) -> Step {
        match self {
            Self::TakeCharge => Step::TakeCharge,
            Self::Assign(_) => Step::Assign,
            Self::Escalate { .. } => Step::Escalate,
            Self::Wait { .. } => Step::Wait,
            Self::Resume => Step::Resume,
            Self::Resolve(_) => Step::Resolve,
            Self::Close => Step::Close,
            Self::Reopen { .. } => Step::Reopen,
            Self::Cancel { .. } => Step::Cancel,
        }
    }
}

/// A reply or a note.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// `reply` or `note`.
    pub kind: String,
    /// The text; a reply may have a template instead.
    pub body: Option<String>,
    /// The template whose text is sent.
    pub template: Option<String>,
    /// The language of the template; the city's first where it is not said.
    pub language: Option<String>,
    /// The channel, when it is not the ticket's.
    pub channel: Option<Channel>,
    /// Whether the reply's warnings were read.
    #[serde(default)]
    pub acknowledge_warnings: bool,
    /// Files of the ticket that go with a reply.
    #[serde(default)]
    pub attachments: Vec<AttachmentId>,
}

pub(crate) const LONGEST_BODY: usize = 50_000;
pub(crate) const LONGEST_SUBJECT: usize = 200;
const MOST_TAGS: usize = 20;

pub(crate) fn check_text(pointer: &str, text: &str, longest: usize) -> Result<(), AppError> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > longest {
        return Err(AppError::invalid(pointer, format!("must have 1 to {longest} characters, has {length}")));
    }
    if text.contains('\0') {
        return Err(AppError::invalid(pointer, "must not hold the character NUL"));
    }
    Ok(())
}

pub(crate) fn check_theme(core: &Core, theme: Option<&str>) -> Result<(), AppError> {
    match theme {
        Some(key) if core.city.themes.get(key).is_none() => {
            Err(AppError::invalid("/theme", format!("there is no theme {key:?}: see GET /themes")))
        }
        Some(_) | None => Ok(()),
    }
}

/// Tags in lower case, sorted, each once.
pub(crate) fn check_tags(tags: Vec<String>) -> Result<Vec<String>, AppError> {
    let mut clean: Vec<String> = tags.into_iter().map(|tag| tag.trim().to_lowercase()).collect();
    let fine = |tag: &String| {
        !tag.is_empty() && tag.len() <= 50 && !tag.contains(|c: char| c.is_control() || c == ',')
    };
    if clean.len() > MOST_TAGS || !clean.iter().all(fine) {
        return Err(AppError::invalid(
            "/tags",
            format!("at most {MOST_TAGS} tags of 1 to 50 characters, without commas"),
        ));
    }
    clean.sort();
    clean.dedup();
    Ok(clean)
}

impl App {
    /// One ticket with its clocks.
    ///
    /// # Errors
    /// Not found, or not the caller's to see.
    pub async fn ticket(&self, caller: &Caller, id: TicketId, now: Instant) -> Result<TicketView, AppError> {
        caller.must(Permission::ReadTickets)?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .read(move |conn| {
                let record = visible(conn, &caller, id)?;
                let ticket = folded(conn, id)?;
                whole(conn, record, &ticket, &core, now)
            })
            .await
    }

    /// The log of a ticket.
    ///
    /// # Errors
    /// Not found, or not the caller's to see.
    pub async fn ticket_events(&self, caller: &Caller, id: TicketId) -> Result<Vec<EventView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let caller = caller.clone();
        self.db
            .read(move |conn| {
                visible(conn, &caller, id)?;
                tickets::events(conn, id)?.into_iter().map(EventView::of).collect()
            })
            .await
    }

    /// The conversation of a ticket: contacts, replies and notes, oldest first.
    ///
    /// # Errors
    /// Not found, or not the caller's to see.
    pub async fn ticket_messages(&self, caller: &Caller, id: TicketId) -> Result<Vec<MessageView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let caller = caller.clone();
        self.db
            .read(move |conn| {
                visible(conn, &caller, id)?;
                conversation(conn, id)
            })
            .await
    }

    /// Registers a contact and opens its ticket.
    ///
    /// # Errors
    /// Invalid fields, a contact that has a ticket already, or the store's own.
    pub async fn open_ticket(
        &self,
        caller: &Caller,
        new: NewTicket,
        now: Instant,
    ) -> Result<TicketView, AppError> {
        caller.must(Permission::WorkTickets)?;
        check_text("/subject", &new.subject, LONGEST_SUBJECT)?;
        if new.body.chars().count() > LONGEST_BODY || new.body.contains('\0') {
            return Err(AppError::invalid("/body", format!("must have at most {LONGEST_BODY} characters")));
        }
        check_theme(&self.core, new.theme.as_deref())?;
        let new = NewTicket { tags: check_tags(new.tags.clone())?, ..new };
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db.write(move |conn| open_ticket(conn, &core, &caller, new, now)).await
    }

    /// Changes a ticket's classification.
    ///
    /// # Errors
    /// Stale version, invalid fields, not found.
    pub async fn change_ticket(
        &self,
        caller: &Caller,
        id: TicketId,
        change: TicketChange,
        version: i32,
        now: Instant,
    ) -> Result<TicketView, AppError> {
        caller.must(Permission::WorkTickets)?;
        check_theme(&self.core, change.theme.as_deref())?;
        if let Some(subject) = &change.subject {
            check_text("/subject", subject, LONGEST_SUBJECT)?;
        }
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                visible(conn, &caller, id)?;
                let mut work = Work::load(conn, id, now)?;
                work.check_version(Some(version))?;
                let seal = changed_fields(conn, &core, &work, &change)?;
                let mut classification = Classification {
                    subject: None,
                    fields: seal,
                    theme: change.theme,
                    kind: change.kind,
                    priority: change.priority,
                    tags: change.tags.map(check_tags).transpose()?,
                };
                if let Some(subject) = change.subject {
                    let salt = mint::random::<32>()?;
                    classification.subject = Some(Seal::of(&salt, &subject));
                    (work.beside.subject, work.beside.subject_salt) = (Some(subject), Some(salt.to_vec()));
                }
                work.push(conn, now, caller.actor(), EventBody::Classified(classification))?;
                finish(conn, &core, work, now)
            })
            .await
    }

    /// Takes one step.
    ///
    /// # Errors
    /// A step that the state forbids lists the allowed ones; stale version; invalid unit.
    pub async fn step(
        &self,
        caller: &Caller,
        id: TicketId,
        request: StepRequest,
        version: Option<i32>,
        now: Instant,
    ) -> Result<TicketView, AppError> {
        caller.must(Permission::WorkTickets)?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                visible(conn, &caller, id)?;
                let mut work = Work::load(conn, id, now)?;
                work.check_version(version)?;
                work.check(request.step())?;
                take_step(conn, &core, &caller, &mut work, request, now)?;
                finish(conn, &core, work, now)
            })
            .await
    }

    /// Writes a reply or a note; gives the message and the ticket after it.
    ///
    /// # Errors
    /// Nobody to reply to on that channel, invalid text, not found.
    pub async fn add_message(
        &self,
        caller: &Caller,
        id: TicketId,
        new: NewMessage,
        version: Option<i32>,
        now: Instant,
    ) -> Result<MessageView, AppError> {
        caller.must(Permission::WorkTickets)?;
        check_message(&new)?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                visible(conn, &caller, id)?;
                let mut work = Work::load(conn, id, now)?;
                work.check_version(version)?;
                work.must_be_whole()?;
                let body = text_of(conn, &core, &work, &new, now)?;
                let (id, warnings) = if new.kind == "note" {
                    (note(conn, &caller, &mut work, body, now)?, None)
                } else {
                    let channel = new.channel.unwrap_or(work.ticket.channel());
                    let answer = Answer { channel, body, acknowledged: new.acknowledge_warnings };
                    check_files(conn, &core, &caller, work.ticket.id, channel, &new.attachments)?;
                    let (id, warnings) = reply(conn, &core, &caller, &mut work, answer, now)?;
                    filo_store::attachments::attach(conn, id, &new.attachments)?;
                    (id, Some(warnings))
                };
                let ticket = work.ticket.id;
                work.save(conn, &core.city)?;
                let message = messages::find(conn, id)?.ok_or(AppError::NotFound("message"))?;
                let view = MessageView { warnings, ..MessageView::from(message) };
                let mut shown = with_mentions(conn, ticket, vec![view])?;
                files_of(conn, ticket, &mut shown)?;
                shown.pop().ok_or(AppError::NotFound("message"))
            })
            .await
    }
}

/// One more than shown, to know whether there is a next page.
pub(crate) fn fetch(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// Reads a ticket that the caller may see.
pub(crate) fn visible(conn: &mut Conn, caller: &Caller, id: TicketId) -> Result<TicketRecord, AppError> {
    let record = tickets::find(conn, id)?.ok_or(AppError::NotFound("ticket"))?;
    caller.must_see(&record)?;
    Ok(record)
}

/// A ticket folded from its log.
pub(crate) fn folded(conn: &mut Conn, id: TicketId) -> Result<Ticket, AppError> {
    let log = tickets::events(conn, id)?;
    Ticket::fold(&log).map_err(|error| AppError::internal("a ticket's log does not fold", error))
}

/// A ticket with all that lists leave out.
fn whole(
    conn: &mut Conn,
    record: TicketRecord,
    ticket: &Ticket,
    core: &Core,
    now: Instant,
) -> Result<TicketView, AppError> {
    let city = &core.city;
    let clocks = policy::readings(policy_of(ticket, city), &ticket.life(), &city.zone, &city.calendar, now);
    let fields = fields::shown(conn, core, ticket.id, ticket.theme.as_deref())?;
    let protocol = protocol::view(conn, record.id, record.opened_at)?;
    Ok(TicketView {
        protocol: Some(protocol),
        clocks: Some(clocks),
        fields: Some(fields),
        resolution_reason: Some(ticket.resolution.clone()),
        ..TicketView::from(record)
    })
}

/// The seal of the fields after a change; a new theme is asked for its required fields too.
fn changed_fields(
    conn: &mut Conn,
    core: &Core,
    work: &Work,
    change: &TicketChange,
) -> Result<Option<Seal>, AppError> {
    if change.fields.is_none() && change.theme.is_none() {
        return Ok(None);
    }
    let theme = change.theme.as_deref().or(work.ticket.theme.as_deref());
    let given = change.fields.clone().unwrap_or_default();
    fields::changed(conn, core, work.ticket.id, theme, &given)
}

/// Saves the work and shows the ticket.
pub(crate) fn finish(
    conn: &mut Conn,
    core: &Core,
    mut work: Work,
    now: Instant,
) -> Result<TicketView, AppError> {
    work.settle(conn, &core.city)?;
    let ticket = work.ticket.clone();
    let record = work.save(conn, &core.city)?;
    whole(conn, record, &ticket, core, now)
}

/// The conversation of a ticket, with those of the tickets for which it speaks, each entry with its origin.
pub(crate) fn conversation(conn: &mut Conn, id: TicketId) -> Result<Vec<MessageView>, AppError> {
    let mut all = own_conversation(conn, id)?;
    for merged in merges::absorbed(conn, id)? {
        let number = tickets::find(conn, merged)?.map(|record| record.number).unwrap_or_default();
        let origin = Some(Origin { ticket_id: merged, number });
        let theirs = own_conversation(conn, merged)?;
        all.extend(theirs.into_iter().map(|message| MessageView { origin: origin.clone(), ..message }));
    }
    all.sort_by_key(|message| (message.at, message.id));
    Ok(all)
}

fn own_conversation(conn: &mut Conn, id: TicketId) -> Result<Vec<MessageView>, AppError> {
    let contacts = interactions::of_ticket(conn, id)?;
    let inbound =
        contacts.into_iter().filter(|it| it.direction == Direction::Inbound && it.kind.is_contact());
    let mut all: Vec<MessageView> = inbound.map(MessageView::of_contact).collect();
    all.extend(messages::of_ticket(conn, id)?.into_iter().map(MessageView::from));
    files_of(conn, id, &mut all)?;
    with_mentions(conn, id, all)
}

fn open_ticket(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    new: NewTicket,
    now: Instant,
) -> Result<TicketView, AppError> {
    intake::take_turn(conn)?;
    let contact = match new.interaction_id {
        Some(id) => Some(free_contact(conn, id)?),
        None => None,
    };
    let identities = parse_identities("/requester/identities", &new.requester.identities)?;
    let known = recognise(conn, &identities, new.requester.name.as_deref(), now)?;
    crate::callers::numbers_told(conn, caller, known, &identities, now)?;
    let person = contact.as_ref().and_then(|contact| contact.person_id).or(known);
    let at = contact.as_ref().map_or(now, |contact| contact.occurred_at);
    let source = desk::source(core, &new)?;
    let (interaction, flags) = match (&contact, new.channel) {
        (Some(contact), _) => (Some(contact.id), vec![]),
        // The call is counted from the phone system's log, once. Another line's calls are in no log of ours.
        (None, Channel::Phone) if source == desk::DESK => (None, vec!["call_missing".to_owned()]),
        (None, _) => (Some(desk_contact(conn, core, &new, source, person, now)?), vec![]),
    };
    let municipio = desk::district(core, new.location.as_ref())?;
    let place = Place { contact: contact.as_ref(), source, municipio, at };
    let opening = desk_opening(core, &new, place, interaction, person, flags);
    let words = match &contact {
        Some(contact) => format!("{}\n{}\n{}", new.subject, contact.body, new.body),
        None => format!("{}\n{}", new.subject, new.body),
    };
    let subject = Subject { text: new.subject, location: new.location, municipio, words };
    let mut work = Work::open(conn, &core.city, opening, subject, at, now, caller.actor())?;
    fields::set_at_opening(conn, core, &mut work, &new.fields, caller.actor(), now)?;
    if let Some(interaction) = interaction {
        interactions::link(conn, interaction, work.ticket.id, now)?;
    }
    if let Some(contact) = &contact {
        crate::calls::answered_live(conn, contact, &mut work, caller)?;
    }
    if contact.is_some() && !new.body.trim().is_empty() {
        note(conn, caller, &mut work, new.body, now)?;
    }
    let opened = finish(conn, core, work, now)?;
    duplicates::with_hints(conn, core, caller, opened)
}

/// A recorded contact that has no ticket yet.
pub(crate) fn free_contact(conn: &mut Conn, id: InteractionId) -> Result<Interaction, AppError> {
    let contact = interactions::find(conn, id)?.ok_or(AppError::NotFound("interaction"))?;
    match contact.ticket_id {
        Some(ticket) => Err(AppError::Conflict {
            code: "contact-registered",
            detail: "this contact is registered under a ticket already".to_owned(),
            proposal: Some(json!({ "ticket_id": ticket })),
        }),
        None => Ok(contact),
    }
}

/// The contact that an operator enters by hand.
fn desk_contact(
    conn: &mut Conn,
    core: &Core,
    new: &NewTicket,
    source: &str,
    person: Option<PersonId>,
    now: Instant,
) -> Result<InteractionId, AppError> {
    let id: InteractionId = mint::id(now);
    let kind = match new.channel {
        Channel::Phone => InteractionKind::Call,
        Channel::Scrivi => InteractionKind::Submission,
        Channel::Email | Channel::Pec => InteractionKind::Mail,
        Channel::Social | Channel::Chat => InteractionKind::Message,
        Channel::Counter => InteractionKind::Visit,
        Channel::Letter => InteractionKind::Letter,
    };
    let key = Claimed { interaction: Some(id), quarantine: None };
    intake::claim(conn, source, &id.to_string(), key, now)?;
    let contact = Interaction {
        id,
        source: source.to_owned(),
        channel: new.channel,
        kind,
        direction: Direction::Inbound,
        external_id: id.to_string(),
        occurred_at: now,
        recorded_at: now,
        local_day: core.city.zone.day(now).to_string(),
        person_id: person,
        ticket_id: None,
        linked_at: None,
        thread: None,
        not_actionable: None,
        name: new.requester.name.clone(),
        subject: Some(new.subject.clone()),
        body: new.body.clone(),
        raw_id: None,
        detail: Value::Null,
        flags: vec![],
    };
    interactions::insert(conn, &contact)?;
    Ok(id)
}

fn desk_opening(
    core: &Core,
    new: &NewTicket,
    place: Place<'_>,
    interaction: Option<InteractionId>,
    person: Option<PersonId>,
    flags: Vec<String>,
) -> Opening {
    let words = format!("{}\n{}", new.subject, new.body);
    let start = Start {
        channel: new.channel,
        source: place.contact.map_or(place.source, |contact| contact.source.as_str()),
        interaction,
        person,
        theme: new.theme.as_deref(),
        kind: Some(new.kind),
        priority: new.priority,
        tags: new.tags.clone(),
        municipio: place.municipio,
        words: &words,
        follows: None,
        flags,
        at: place.at,
    };
    start.opening(&core.city)
}

/// Writes an internal note; who is named in it is told.
pub(crate) fn note(
    conn: &mut Conn,
    caller: &Caller,
    work: &mut Work,
    body: String,
    now: Instant,
) -> Result<filo_domain::MessageId, AppError> {
    let text = work.text(conn, Draft::inside(MessageKind::Note, caller.user(), body.clone()))?;
    let id = text.message;
    work.push(conn, now, caller.actor(), EventBody::Noted { text })?;
    mentions::keep(conn, work, id, &body, now)?;
    Ok(id)
}

/// Sends an answer on a channel, unless it has warnings that nobody acknowledged; gives the message and its warnings.
pub(crate) fn reply(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    work: &mut Work,
    answer: Answer,
    now: Instant,
) -> Result<(filo_domain::MessageId, Vec<Warning>), AppError> {
    if work.ticket.state() == State::Cancelled {
        return Err(AppError::conflict("ticket-cancelled", "a cancelled ticket cannot be answered"));
    }
    let Answer { channel, body, acknowledged } = answer;
    let warnings = warnings::of_answer(&body);
    let address = outbox::address(conn, core, work, channel)?;
    if outbox::is_sent(channel) && address.to.is_empty() {
        let detail = format!(
            "nobody can be reached by {}: add an identity to the person, or choose another channel",
            channel.word()
        );
        return Err(AppError::invalid("/channel", detail));
    }
    warnings::confirm(&warnings, acknowledged)?;
    let sending = Sending { kind: MessageKind::Reply, body, channel, author: caller.user(), address };
    let text = outbox::send(conn, core, work, sending, now)?;
    let id = text.message;
    work.push(conn, now, caller.actor(), EventBody::Replied { text, channel })?;
    Ok((id, warnings))
}

fn take_step(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    work: &mut Work,
    request: StepRequest,
    now: Instant,
) -> Result<(), AppError> {
    let author = caller.user();
    let body = match request {
        StepRequest::TakeCharge => EventBody::TakenInCharge { user: author },
        StepRequest::Assign(to) => assigned(conn, core, work, to, now)?,
        StepRequest::Escalate { unit, note } => {
            let unit = check_unit(core, &unit, Some(Level::II), now)?;
            EventBody::Escalated { unit, note: work.reason(conn, author, note)? }
        }
        StepRequest::Wait { waits_for, reason } => {
            EventBody::Waiting { waits_for, reason: work.reason(conn, author, reason)? }
        }
        StepRequest::Resume => EventBody::Resumed,
        StepRequest::Resolve(resolution) => resolved(conn, core, caller, work, resolution, now)?,
        StepRequest::Close => EventBody::Closed { automatic: false },
        StepRequest::Reopen { reason } => EventBody::Reopened { reason: work.reason(conn, author, reason)? },
        StepRequest::Cancel { reason } => EventBody::Cancelled { reason: work.reason(conn, author, reason)? },
    };
    work.push(conn, now, caller.actor(), body)
}

/// Answers where an answer comes with the resolution.
fn resolved(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    work: &mut Work,
    resolution: Resolution,
    now: Instant,
) -> Result<EventBody, AppError> {
    let Resolution { outcome, reason, note, reply: answer, acknowledge_warnings } = resolution;
    let reason = resolutions::check(&core.city, &work.ticket, outcome, reason)?;
    if let Some(body) = answer {
        check_text("/reply", &body, LONGEST_BODY)?;
        let answer = Answer { channel: work.ticket.channel(), body, acknowledged: acknowledge_warnings };
        reply(conn, core, caller, work, answer, now)?;
    }
    Ok(EventBody::Resolved { outcome, note: work.reason(conn, caller.user(), note)?, reason })
}

fn assigned(
    conn: &mut Conn,
    core: &Core,
    work: &Work,
    to: Assign,
    now: Instant,
) -> Result<EventBody, AppError> {
    if to.unit.is_none() && to.user.is_none() {
        return Err(AppError::invalid("", "give a unit, a user or both"));
    }
    if let Some(user) = to.user
        && filo_store::access::find_user(conn, user)?.is_none_or(|user| user.disabled_at.is_some())
    {
        return Err(AppError::invalid("/user", "there is no such user, or the user is disabled"));
    }
    let unit = to.unit.map(|unit| check_unit(core, &unit, None, now)).transpose()?;
    let level = match &unit {
        Some(unit) => core.city.units.get(unit).map_or(work.ticket.history.level, |unit| unit.level),
        None => work.ticket.history.level,
    };
    Ok(EventBody::Assigned { unit, user: to.user, level })
}

/// A unit that works today, of the level asked for.
pub(crate) fn check_unit(
    core: &Core,
    key: &str,
    level: Option<Level>,
    now: Instant,
) -> Result<String, AppError> {
    let day = core.city.zone.day(now);
    let known = core.city.units.get(key);
    match known.filter(|unit| unit.is_valid_on(day)) {
        None => Err(AppError::invalid("/unit", absent(core, key, known, day))),
        Some(unit) if level.is_some_and(|level| level != unit.level) => {
            Err(AppError::invalid("/unit", format!("unit {key:?} is of level {}", unit.level.word())))
        }
        Some(unit) => Ok(unit.key.clone()),
    }
}

/// Why a unit gets no work on a day, and who does it instead.
fn absent(core: &Core, key: &str, unit: Option<&Unit>, day: Date) -> String {
    let Some(unit) = unit else { return format!("there is no unit {key:?}: see GET /units") };
    let ended = unit.valid_to.filter(|to| *to <= day);
    match (ended, core.city.units.on(key, day)) {
        (Some(to), Some(successor)) => {
            format!("unit {key:?} ended on {to}: its work is done by {:?}", successor.key)
        }
        (Some(to), None) => format!("unit {key:?} ended on {to} and has no successor"),
        (None, _) => format!("unit {key:?} does not work yet on {day}"),
    }
}

/// Who a ticket's person is now.
pub(crate) fn current_person(conn: &mut Conn, record: &TicketRecord) -> Result<Option<PersonId>, AppError> {
    record.person.map(|person| persons::canonical(conn, person)).transpose().map_err(AppError::Store)
}
