//! Projections beside the tickets: written with each ticket, written anew for all when what they follow from changes.
//!
//! **Invariant:** writing a projection again changes nothing that was right, and goes on where it was interrupted;
//! tickets worked meanwhile are written by their own transactions.

use filo_domain::{
    Instant, PersonId, TicketId,
    policy::{self, KeptClock},
    ticket::Ticket,
    vocabulary::Word,
};
use filo_store::{
    Conn, person_words,
    projections::{self, State},
    ticket_clocks, ticket_search,
    tickets::{self, TicketRecord},
};

use crate::{App, AppError, Core, mint, work::kept_clocks};

/// The clocks of tickets.
const CLOCKS: &str = "ticket_clocks";
/// The words of persons' names.
const NAMES: &str = "person_words";
/// The words by which tickets are found.
const SEARCH: &str = "ticket_search";
/// Tickets written in one transaction: the embedded database has one writer, which nobody may hold for long.
const CHUNK: i64 = 20;

/// How many tickets were written anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// For their clocks.
    pub clocks: usize,
    /// For the words by which they are found.
    pub searches: usize,
    /// Persons, for the words of their names.
    pub names: usize,
}

/// Writes one ticket's part of a projection.
type Write = fn(&mut Conn, &Core, &TicketRecord) -> Result<(), AppError>;

impl App {
    /// Writes the projections that are missing, or that follow from a configuration that has changed since.
    ///
    /// # Errors
    /// The store's own; what was written until then stays, and the next time goes on there.
    pub async fn catch_up(&self, now: Instant) -> Result<CaughtUp, AppError> {
        let clocks = self.write_anew(CLOCKS, clocks_follow_from(&self.core), write_clocks, now).await?;
        let searches = self.write_anew(SEARCH, ticket_search::VERSION.to_owned(), write_words, now).await?;
        let names = self.write_names(now).await?;
        Ok(CaughtUp { clocks, searches, names })
    }

    async fn write_names(&self, now: Instant) -> Result<usize, AppError> {
        let mut written = 0;
        while let Some(count) = self.db.write(move |conn| write_names(conn, now)).await? {
            written += count;
        }
        Ok(written)
    }

    async fn write_anew(
        &self,
        name: &'static str,
        fingerprint: String,
        write: Write,
        now: Instant,
    ) -> Result<usize, AppError> {
        let mut written = 0;
        loop {
            let (core, fingerprint) = (self.core.clone(), fingerprint.clone());
            let chunk =
                self.db.write(move |conn| write_chunk(conn, &core, name, fingerprint, write, now)).await?;
            match chunk {
                None => return Ok(written),
                Some(count) => written += count,
            }
        }
    }
}

/// Writes the next tickets; `None` when all are written.
fn write_chunk(
    conn: &mut Conn,
    core: &Core,
    name: &str,
    fingerprint: String,
    write: Write,
    now: Instant,
) -> Result<Option<usize>, AppError> {
    let before = projections::state(conn, name)?.filter(|state| state.fingerprint == fingerprint);
    if before.as_ref().is_some_and(|state| state.done_at.is_some()) {
        return Ok(None);
    }
    let position = before.and_then(|state| state.position);
    let page = tickets::walk(conn, position, CHUNK)?;
    for record in &page {
        tickets::lock(conn, record.id)?;
        write(conn, core, record)?;
    }
    let done_at = page.is_empty().then_some(now);
    let position = page.last().map(|record| record.id).or(position);
    projections::put(conn, name, &State { fingerprint, position, done_at })?;
    Ok(Some(page.len()))
}

/// Writes the words of the next persons' names; `None` when all are written.
fn write_names(conn: &mut Conn, now: Instant) -> Result<Option<usize>, AppError> {
    let version = person_words::VERSION;
    let before = projections::state(conn, NAMES)?.filter(|state| state.fingerprint == version);
    if before.as_ref().is_some_and(|state| state.done_at.is_some()) {
        return Ok(None);
    }
    // The state knows its position as an id, whatever it is of.
    let position = before.and_then(|state| state.position).map(|id| PersonId::from_uuid(id.uuid()));
    let page = person_words::walk(conn, position, CHUNK)?;
    for (person, name) in &page {
        person_words::put(conn, *person, name.as_deref())?;
    }
    let last = page.last().map(|(person, _)| *person).or(position);
    let position = last.map(|person| TicketId::from_uuid(person.uuid()));
    let done_at = page.is_empty().then_some(now);
    projections::put(conn, NAMES, &State { fingerprint: version.to_owned(), position, done_at })?;
    Ok(Some(page.len()))
}

/// The persons whose names are not found by their words.
pub(crate) fn wrong_names(conn: &mut Conn) -> Result<Vec<PersonId>, AppError> {
    const PAGE: i64 = 500;
    let (mut wrong, mut after) = (Vec::new(), None);
    loop {
        let page = person_words::walk(conn, after, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(wrong) };
        after = Some(*last);
        for (person, name) in page {
            if !person_words::is_true(conn, person, name.as_deref())? {
                wrong.push(person);
            }
        }
    }
}

/// What clocks follow from besides events: policies, calendar and zone.
fn clocks_follow_from(core: &Core) -> String {
    let city = &core.city;
    mint::digest(&format!("{:?} {:?} {:?}", city.policies, city.calendar, city.zone))
}

fn write_clocks(conn: &mut Conn, core: &Core, record: &TicketRecord) -> Result<(), AppError> {
    let ticket = Ticket::fold(&tickets::events(conn, record.id)?)
        .map_err(|error| AppError::internal("a ticket's log does not fold", error))?;
    let clocks = kept_clocks(&ticket, &core.city);
    ticket_clocks::put(conn, record.id, &clocks)?;
    Ok(tickets::set_due(conn, record.id, policy::next_due(&clocks, &ticket.life()))?)
}

fn write_words(conn: &mut Conn, _: &Core, record: &TicketRecord) -> Result<(), AppError> {
    Ok(ticket_search::rebuild(conn, record)?)
}

/// Whether a ticket is found by the words that are in it.
pub(crate) fn word_problems(conn: &mut Conn, record: &TicketRecord) -> Result<Vec<String>, AppError> {
    let fine = ticket_search::is_true(conn, record)?;
    let problem = || "the words of the search are not those of the ticket's texts".to_owned();
    Ok(if fine { vec![] } else { vec![problem()] })
}

/// The stored projections of a page of tickets, to be compared with what they should be.
pub(crate) struct Stored {
    clocks: Vec<(TicketId, KeptClock)>,
}

impl Stored {
    /// Reads them.
    pub(crate) fn of(conn: &mut Conn, ids: &[TicketId]) -> Result<Self, AppError> {
        Ok(Self { clocks: ticket_clocks::of(conn, ids)? })
    }

    /// Where they are not what the events and the present configuration give.
    pub(crate) fn problems(&self, core: &Core, ticket: &Ticket, record: &TicketRecord) -> Vec<String> {
        let mut expected = kept_clocks(ticket, &core.city);
        let due_at = policy::next_due(&expected, &ticket.life());
        expected.sort_by_key(|clock| clock.name.word());
        let stored = self.clocks.iter().filter(|(id, _)| *id == ticket.id).map(|(_, clock)| clock);
        let mut problems = vec![];
        if !stored.eq(&expected) || record.due_at != due_at {
            problems.push("the clocks are not what the events give; after a change of the calendar or of a policy, filo migrate writes them anew".to_owned());
        }
        problems
    }
}
