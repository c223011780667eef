//! Splitting a ticket: some of its contacts ask for something else, and go on in a ticket of their own.
//!
//! **Invariant:** a contact is registered under exactly one ticket before and after. The clocks of the new ticket start
//! at its first contact; the old one keeps its own. What was known before the split is remembered, so that a month
//! closed before it does not change.

use filo_domain::{
    Instant, InteractionId, TicketId,
    event::EventBody,
    link::Relation,
    vocabulary::{Direction, Kind, State},
};
use filo_store::{
    Conn, intake,
    interactions::{self, Interaction},
    moves::{self, ContactMove},
};
use serde::Deserialize;

use crate::{
    App, AppError, Caller, Core, Permission, TicketView, calls, mint,
    ticket_links::link_tickets,
    tickets::{LONGEST_SUBJECT, check_text, check_theme, finish, visible},
    work::{Start, Subject, Work},
};

/// Which contacts go, and what they are about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitTicket {
    /// The contacts: at least one, not all.
    pub interactions: Vec<InteractionId>,
    /// The subject of the new ticket.
    pub subject: String,
    /// Its theme key; by default the old ticket's.
    pub theme: Option<String>,
    /// What it asks for; by default what the old ticket does.
    pub kind: Option<Kind>,
}

const MOST_CONTACTS: usize = 200;

impl App {
    /// Splits contacts off a ticket; gives the new one, which stays in the same unit and is linked to the old one.
    ///
    /// # Errors
    /// No contact, all of them, or one of another ticket; a ticket that is merged or cancelled; not found.
    pub async fn split_ticket(
        &self,
        caller: &Caller,
        id: TicketId,
        request: SplitTicket,
        version: Option<i32>,
        now: Instant,
    ) -> Result<TicketView, AppError> {
        caller.must(Permission::WorkTickets)?;
        check_text("/subject", &request.subject, LONGEST_SUBJECT)?;
        check_theme(&self.core, request.theme.as_deref())?;
        if request.interactions.is_empty() || request.interactions.len() > MOST_CONTACTS {
            return Err(AppError::invalid("/interactions", format!("give 1 to {MOST_CONTACTS} contacts")));
        }
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db.write(move |conn| split(conn, &core, &caller, id, request, version, now)).await
    }
}

fn split(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    id: TicketId,
    request: SplitTicket,
    version: Option<i32>,
    now: Instant,
) -> Result<TicketView, AppError> {
    intake::take_turn(conn)?;
    visible(conn, caller, id)?;
    let mut old = Work::load(conn, id, now)?;
    old.check_version(version)?;
    old.must_be_whole()?;
    if old.ticket.state() == State::Cancelled {
        return Err(AppError::conflict("ticket-cancelled", "a cancelled ticket cannot be split"));
    }
    let going = chosen(conn, id, &request.interactions)?;
    let mut new = opened(conn, core, caller, &old, &going, request, now)?;
    for contact in &going {
        let before = ContactMove { interaction: contact.id, from: id, linked_at: contact.linked_at };
        moves::insert(conn, mint::id(now), before, now)?;
        interactions::link(conn, contact.id, new.ticket.id, now)?;
        let gone = EventBody::ContactRemoved { interaction: contact.id, to: new.ticket.id };
        old.push(conn, now, caller.actor(), gone)?;
    }
    link_tickets(conn, caller, (&mut new, Relation::SplitFrom, &mut old), now)?;
    old.save(conn, &core.city)?;
    finish(conn, core, new, now)
}

/// The contacts that go, oldest first.
fn chosen(conn: &mut Conn, id: TicketId, ids: &[InteractionId]) -> Result<Vec<Interaction>, AppError> {
    let all: Vec<Interaction> = interactions::of_ticket(conn, id)?
        .into_iter()
        .filter(|it| it.direction == Direction::Inbound && it.kind.is_contact())
        .collect();
    for (place, chosen) in ids.iter().enumerate() {
        let pointer = format!("/interactions/{place}");
        if !all.iter().any(|contact| contact.id == *chosen) {
            return Err(AppError::invalid(&pointer, "this is no contact of the ticket"));
        }
        if ids.iter().take(place).any(|before| before == chosen) {
            return Err(AppError::invalid(&pointer, "this contact is given twice"));
        }
    }
    if ids.len() == all.len() {
        return Err(AppError::invalid("/interactions", "at least one contact must stay with the ticket"));
    }
    Ok(all.into_iter().filter(|contact| ids.contains(&contact.id)).collect())
}

/// The new ticket with its contacts, in the old one's unit.
fn opened(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    old: &Work,
    going: &[Interaction],
    request: SplitTicket,
    now: Instant,
) -> Result<Work, AppError> {
    let Some((first, rest)) = going.split_first() else {
        return Err(AppError::invalid("/interactions", "give at least one contact"));
    };
    let words = format!("{}\n{}", request.subject, first.body);
    let start = Start {
        channel: first.channel,
        source: &first.source,
        interaction: Some(first.id),
        person: first.person_id.or(old.ticket.opening.person),
        theme: request.theme.as_deref().or(old.ticket.theme.as_deref()),
        kind: Some(request.kind.unwrap_or(old.ticket.kind)),
        priority: Some(old.ticket.priority),
        tags: vec![],
        municipio: None,
        words: &words,
        follows: None,
        flags: vec![],
        at: first.occurred_at,
    };
    let mut opening = start.opening(&core.city);
    opening.unit.clone_from(&old.ticket.history.unit);
    opening.level = old.ticket.history.level;
    let subject = Subject { text: request.subject, location: None, municipio: None, words };
    let mut new = Work::open(conn, &core.city, opening, subject, first.occurred_at, now, caller.actor())?;
    for contact in rest {
        let actionable = contact.not_actionable.is_none();
        let joined = EventBody::ContactAdded { interaction: contact.id, actionable };
        new.push(conn, contact.occurred_at, caller.actor(), joined)?;
    }
    for contact in going {
        calls::answered_live(conn, contact, &mut new, caller)?;
    }
    Ok(new)
}
