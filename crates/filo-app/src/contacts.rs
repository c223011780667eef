//! Registering one decoded interaction: the intake key, the person, the ticket, the events, in one transaction.
//!
//! Who opens a ticket: a submission always; mail, PEC and
//! social contacts when they ask for something, else they join their thread's; calls are registered by a person.

use filo_channel::{ContactHints, Effect, Inbound};
use filo_domain::{
    Instant, InteractionId, PersonId, TicketId,
    event::{Actor, EventBody, Opening},
    id::Id,
    ticket::Continuation,
    vocabulary::{Channel, Direction, InteractionKind, NotActionable},
};
use filo_store::{
    Conn,
    intake::{self, Claimed, RawInput},
    interactions::{self, Interaction},
    merges, messages, persons, tickets,
};

use crate::{
    AppError, Core,
    attachments::{NewFile, Owner},
    delivery, fields, mint, outbox,
    recognise::recognise,
    work::{Start, Subject, Work},
};

/// What became of an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    /// It is new.
    Accepted { interaction: InteractionId, ticket: Option<TicketId>, opened: bool },
    /// It was there before, or is kept in quarantine.
    Duplicate { interaction: Option<InteractionId> },
}

/// An interaction on its way in.
pub(crate) struct Arrival<'a> {
    pub(crate) core: &'a Core,
    pub(crate) inbound: Inbound,
    /// The files that came with it, kept already.
    pub(crate) files: Vec<NewFile>,
    pub(crate) raw: Option<Id<RawInput>>,
    pub(crate) now: Instant,
    /// By whose act its events are written: the citizen's, unless another system pushed it.
    pub(crate) actor: Actor,
    /// A unit of the quarantine that is being retried: its key is claimed already.
    pub(crate) retried: bool,
    /// Marks the ticket for moderation before its first answer.
    pub(crate) moderated: bool,
    /// The code by which the citizen will follow the request, where it was given out already.
    pub(crate) code: Option<String>,
}

/// The fields of a form that say where something is.
const PLACE_FIELDS: [&str; 3] = ["address", "place", "municipio"];

/// Registers it.
pub(crate) fn register(conn: &mut Conn, arrival: Arrival<'_>) -> Result<Registered, AppError> {
    let id = mint::id(arrival.now);
    register_as(conn, id, arrival)
}

/// Registers what begins here: its intake key is the id that it gets.
pub(crate) fn register_as(
    conn: &mut Conn,
    id: InteractionId,
    mut arrival: Arrival<'_>,
) -> Result<Registered, AppError> {
    if !claim(conn, &arrival, id)? {
        let before = intake::find(conn, &arrival.inbound.scope, &arrival.inbound.external_id)?;
        return Ok(Registered::Duplicate { interaction: before.and_then(|key| key.interaction) });
    }
    let person = if arrival.inbound.direction == Direction::Inbound {
        recognise(conn, &arrival.inbound.identities, arrival.inbound.name.as_deref(), arrival.now)?
    } else {
        None
    };
    let repeated = repeated(conn, &arrival, person)?;
    if repeated.is_some() {
        arrival.inbound.not_actionable = Some(NotActionable::OwnRepeat);
    }
    interactions::insert(conn, &interaction(&arrival, id, person))?;
    for (place, file) in (0..).zip(std::mem::take(&mut arrival.files)) {
        let owner = Owner { interaction: Some(id), place, ..Owner::default() };
        file.record(conn, &arrival.core.files, owner, arrival.now)?;
    }
    let (ticket, opened) = match &arrival.inbound.effect {
        Effect::Contact(hints) => match repeated {
            Some(ticket) => join(conn, &arrival, hints, id, person, ticket)?,
            None => place(conn, &arrival, hints, id, person)?,
        },
        Effect::Delivery(report) => (delivery::apply(conn, &arrival, id, report)?, false),
        Effect::Record => (follow_thread(conn, &arrival, id)?, false),
    };
    Ok(Registered::Accepted { interaction: id, ticket, opened })
}

fn claim(conn: &mut Conn, arrival: &Arrival<'_>, id: InteractionId) -> Result<bool, AppError> {
    let inbound = &arrival.inbound;
    if arrival.retried {
        let before = intake::find(conn, &inbound.scope, &inbound.external_id)?;
        if before.is_some_and(|key| key.interaction.is_some()) {
            return Ok(false);
        }
        if before.is_some() {
            intake::repoint(conn, &inbound.scope, &inbound.external_id, id)?;
            return Ok(true);
        }
    }
    let key = Claimed { interaction: Some(id), quarantine: None };
    Ok(intake::claim(conn, &inbound.scope, &inbound.external_id, key, inbound.occurred_at)?)
}

fn interaction(arrival: &Arrival<'_>, id: InteractionId, person: Option<PersonId>) -> Interaction {
    let inbound = &arrival.inbound;
    Interaction {
        id,
        source: inbound.source.clone(),
        channel: inbound.channel,
        kind: inbound.kind,
        direction: inbound.direction,
        external_id: inbound.external_id.clone(),
        occurred_at: inbound.occurred_at,
        recorded_at: arrival.now,
        local_day: arrival.core.city.zone.day(inbound.occurred_at).to_string(),
        person_id: person,
        ticket_id: None,
        linked_at: None,
        thread: thread(inbound),
        not_actionable: inbound.not_actionable,
        name: inbound.name.clone(),
        subject: inbound.subject.clone(),
        body: inbound.text.clone(),
        raw_id: arrival.raw,
        detail: inbound.detail.clone(),
        flags: inbound.flags.clone(),
    }
}

/// The conversation of a contact; a mail's is its own Message-ID, so that an answer to it finds it.
fn thread(inbound: &Inbound) -> Option<String> {
    inbound.thread.clone().or_else(|| {
        let message_id = inbound.detail.get("message_id").and_then(serde_json::Value::as_str);
        message_id.filter(|_| is_mail(inbound.channel)).map(str::to_owned)
    })
}

fn is_mail(channel: Channel) -> bool {
    matches!(channel, Channel::Email | Channel::Pec)
}

/// Finds the ticket that a contact continues, or opens one. Gives the ticket and whether it is new.
fn place(
    conn: &mut Conn,
    arrival: &Arrival<'_>,
    hints: &ContactHints,
    id: InteractionId,
    person: Option<PersonId>,
) -> Result<(Option<TicketId>, bool), AppError> {
    if let Some(ticket) = continued(conn, arrival, hints, person)? {
        return join(conn, arrival, hints, id, person, ticket);
    }
    if arrival.inbound.not_actionable.is_some() {
        return Ok((None, false));
    }
    let ticket = open(conn, arrival, hints, id, person, None)?;
    Ok((Some(ticket), true))
}

/// The ticket that a contact belongs to by reply token, by what it answers, or by its conversation.
fn continued(
    conn: &mut Conn,
    arrival: &Arrival<'_>,
    hints: &ContactHints,
    person: Option<PersonId>,
) -> Result<Option<TicketId>, AppError> {
    if let Some(token) = &hints.ticket_token
        && let Some(number) = outbox::number_of_token(arrival.core, token)
        && let Some(ticket) = tickets::find_by_number(conn, &number)?
    {
        return Ok(Some(ticket.id));
    }
    if let Some(ticket) = answered(conn, arrival, hints, person)? {
        return Ok(Some(ticket));
    }
    if let Some(thread) = &arrival.inbound.thread {
        return Ok(interactions::ticket_of_thread(conn, &arrival.inbound.source, thread)?);
    }
    Ok(None)
}

/// The ticket of a message of ours that the contact answers (our Message-IDs cannot be guessed), or of an earlier
/// mail of a known participant: a stranger who names somebody else's Message-ID opens a ticket of his own.
fn answered(
    conn: &mut Conn,
    arrival: &Arrival<'_>,
    hints: &ContactHints,
    person: Option<PersonId>,
) -> Result<Option<TicketId>, AppError> {
    if hints.references.is_empty() {
        return Ok(None);
    }
    if let Some(message) = messages::by_external_id(conn, &hints.references)? {
        return Ok(Some(message.ticket));
    }
    let Some(person) = person.filter(|_| is_mail(arrival.inbound.channel)) else {
        return Ok(None);
    };
    let everybody = persons::members(conn, person)?;
    let mailboxes = arrival.core.city.sources.iter().filter(|source| source.channel.is_some_and(is_mail));
    for mailbox in mailboxes {
        for reference in &hints.references {
            let Some(ticket) = interactions::ticket_of_thread(conn, &mailbox.key, reference)? else {
                continue;
            };
            let record = tickets::find(conn, ticket)?;
            if record.and_then(|record| record.person).is_some_and(|owner| everybody.contains(&owner)) {
                return Ok(Some(ticket));
            }
        }
    }
    Ok(None)
}

/// A submission that the same person sent before, word for word, within a day, and that is still open.
fn repeated(
    conn: &mut Conn,
    arrival: &Arrival<'_>,
    person: Option<PersonId>,
) -> Result<Option<TicketId>, AppError> {
    const WINDOW_S: i64 = 86_400;
    let Some(person) = person.filter(|_| arrival.inbound.kind == InteractionKind::Submission) else {
        return Ok(None);
    };
    let filter = interactions::Filter {
        persons: Some(persons::members(conn, person)?),
        channel: Some(Channel::Scrivi),
        from: Some(arrival.inbound.occurred_at.plus_seconds(-WINDOW_S)),
        ..interactions::Filter::default()
    };
    for earlier in interactions::list(conn, &filter, 20)? {
        let same = earlier.kind == InteractionKind::Submission
            && earlier.body == arrival.inbound.text
            && earlier.subject == arrival.inbound.subject;
        if let Some(ticket) = earlier.ticket_id.filter(|_| same)
            && let ticket = merges::end_of(conn, ticket)?
            && tickets::find(conn, ticket)?.is_some_and(|record| record.state.is_open())
        {
            return Ok(Some(ticket));
        }
    }
    Ok(None)
}

/// Adds a contact to a ticket: it may end a wait, open a new round, or come so late that a linked ticket is due.
fn join(
    conn: &mut Conn,
    arrival: &Arrival<'_>,
    hints: &ContactHints,
    id: InteractionId,
    person: Option<PersonId>,
    ticket: TicketId,
) -> Result<(Option<TicketId>, bool), AppError> {
    // A message to a merged ticket goes on in the one that speaks for it.
    let mut work = Work::load_end(conn, ticket, arrival.now)?;
    let ticket = work.ticket.id;
    let at = arrival.inbound.occurred_at;
    let actionable = arrival.inbound.not_actionable.is_none();
    let continuation = work.ticket.continuation(at, actionable, arrival.core.city.profile.reopen_days);
    if continuation == Continuation::TooLate {
        let next = open(conn, arrival, hints, id, person, Some(ticket))?;
        return Ok((Some(next), true));
    }
    work.push(conn, at, arrival.actor.clone(), EventBody::ContactAdded { interaction: id, actionable })?;
    match continuation {
        Continuation::Resumed => work.push(conn, at, arrival.actor.clone(), EventBody::Resumed)?,
        Continuation::Reopened => {
            work.push(conn, at, arrival.actor.clone(), EventBody::Reopened { reason: None })?
        }
        Continuation::Added | Continuation::TooLate => {}
    }
    work.save(conn, &arrival.core.city)?;
    interactions::link(conn, id, ticket, arrival.now)?;
    Ok((Some(ticket), false))
}

/// Opens the ticket of a contact.
fn open(
    conn: &mut Conn,
    arrival: &Arrival<'_>,
    hints: &ContactHints,
    id: InteractionId,
    person: Option<PersonId>,
    follows: Option<TicketId>,
) -> Result<TicketId, AppError> {
    let opening = opening(arrival, hints, id, person, follows);
    let inbound = &arrival.inbound;
    let text = inbound.subject.clone().filter(|subject| !subject.trim().is_empty());
    let subject = Subject {
        text: text.unwrap_or_else(|| inbound.text.lines().next().unwrap_or_default().to_owned()),
        location: location(hints),
        municipio: municipio(arrival, hints),
        words: format!("{}\n{}", inbound.subject.as_deref().unwrap_or_default(), inbound.text),
    };
    let city = &arrival.core.city;
    let work =
        Work::open(conn, city, opening, subject, inbound.occurred_at, arrival.now, arrival.actor.clone())?;
    let ticket = work.ticket.id;
    interactions::link(conn, id, ticket, arrival.now)?;
    let mut work = work;
    fields::take_over(conn, arrival.core, &mut work, &hints.fields, arrival.actor.clone(), arrival.now)?;
    if let Some(thread) = &inbound.thread {
        for earlier in interactions::link_thread(conn, &inbound.source, thread, ticket, arrival.now)? {
            let joined = EventBody::ContactAdded { interaction: earlier, actionable: false };
            work.push(conn, inbound.occurred_at, Actor::System, joined)?;
        }
    }
    if let Some(code) = &arrival.code {
        tickets::set_code(conn, ticket, &mint::digest(code))?;
    }
    outbox::confirm_receipt(conn, arrival, hints, &mut work)?;
    work.save(conn, city)?;
    Ok(ticket)
}

fn opening(
    arrival: &Arrival<'_>,
    hints: &ContactHints,
    id: InteractionId,
    person: Option<PersonId>,
    follows: Option<TicketId>,
) -> Opening {
    let inbound = &arrival.inbound;
    let words = format!("{}\n{}", inbound.subject.as_deref().unwrap_or_default(), inbound.text);
    let start = Start {
        channel: inbound.channel,
        source: &inbound.source,
        interaction: Some(id),
        person,
        theme: hints.theme.as_deref(),
        kind: hints.kind,
        priority: hints.priority,
        tags: vec![],
        municipio: municipio(arrival, hints),
        words: &words,
        follows,
        flags: if arrival.moderated { vec!["moderation".to_owned()] } else { vec![] },
        at: inbound.occurred_at,
    };
    start.opening(&arrival.core.city)
}

/// The district that the citizen named, if the city has it.
fn municipio(arrival: &Arrival<'_>, hints: &ContactHints) -> Option<i32> {
    let number = hints.fields.get("municipio")?.trim().parse().ok()?;
    arrival.core.city.profile.has_district(number).then_some(number)
}

fn location(hints: &ContactHints) -> Option<serde_json::Value> {
    let places: serde_json::Map<String, serde_json::Value> = PLACE_FIELDS
        .into_iter()
        .filter_map(|key| hints.fields.get(key).map(|value| (key.to_owned(), value.clone().into())))
        .collect();
    (!places.is_empty()).then_some(places.into())
}

/// What is only recorded (an edit, a reaction, an echo) is shown with the ticket of its conversation.
fn follow_thread(
    conn: &mut Conn,
    arrival: &Arrival<'_>,
    id: InteractionId,
) -> Result<Option<TicketId>, AppError> {
    let Some(thread) = &arrival.inbound.thread else { return Ok(None) };
    let ticket = interactions::ticket_of_thread(conn, &arrival.inbound.source, thread)?;
    if let Some(ticket) = ticket {
        interactions::link(conn, id, ticket, arrival.now)?;
    }
    Ok(ticket)
}
