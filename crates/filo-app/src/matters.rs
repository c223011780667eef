//! Matters: the tickets of one need, across channels. Each ticket keeps its own clocks; joining is undone by leaving.
//!
//! **Invariant:** no ticket is alone in a matter: where one is left, it leaves too. A reader sees a matter when one of
//! its tickets is his to see, and of it those alone.

use filo_domain::{Instant, MatterId, PersonId, TicketId, event::EventBody};
use filo_store::{
    Conn,
    matters::{self, Matter},
    tickets::{self, TicketRecord},
};
use serde::{Deserialize, Serialize};

use crate::{
    App, AppError, Caller, Core, Page, Permission, TicketView, mint,
    tickets::{current_person, fetch, limit, visible},
    work::Work,
};

/// A matter to be made of tickets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMatter {
    /// What it is about; by default the first ticket's subject.
    pub title: Option<String>,
    /// The tickets, two or more.
    pub ticket_ids: Vec<TicketId>,
}

/// A change of a matter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatterChange {
    /// A new title.
    pub title: Option<String>,
    /// Tickets to join.
    #[serde(default)]
    pub add_ticket_ids: Vec<TicketId>,
    /// Tickets to take out.
    #[serde(default)]
    pub remove_ticket_ids: Vec<TicketId>,
}

/// A matter as readers see it.
#[derive(Clone, Debug, Serialize)]
pub struct MatterView {
    /// Its id.
    pub id: MatterId,
    /// What it is about.
    pub title: String,
    /// Whose need it is.
    pub person_id: Option<PersonId>,
    /// When it was made.
    pub created_at: Instant,
    /// Its tickets, oldest first.
    pub tickets: Vec<TicketView>,
    /// The version: the ETag.
    pub version: i32,
}

const LONGEST_TITLE: usize = 200;
const MOST_TICKETS: usize = 50;

impl App {
    /// Joins tickets of one person into a matter.
    ///
    /// # Errors
    /// Fewer than two tickets, tickets of different persons, or in another matter.
    pub async fn open_matter(
        &self,
        caller: &Caller,
        new: NewMatter,
        now: Instant,
    ) -> Result<MatterView, AppError> {
        caller.must(Permission::WorkTickets)?;
        let mut ids = new.ticket_ids;
        ids.sort();
        ids.dedup();
        if ids.len() < 2 || ids.len() > MOST_TICKETS {
            let detail = format!("a matter joins 2 to {MOST_TICKETS} different tickets");
            return Err(AppError::invalid("/ticket_ids", detail));
        }
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                Work::lock_all(conn, &ids)?;
                let mut person = None;
                let mut title = new.title;
                for id in &ids {
                    let record = visible(conn, &caller, *id)?;
                    person = person.or(current_person(conn, &record)?);
                    title = title.or(record.subject);
                }
                let title: String = title.unwrap_or_default().chars().take(LONGEST_TITLE).collect();
                let matter = Matter { id: mint::id(now), title, person, created_at: now, version: 1 };
                matters::insert(conn, &matter)?;
                for id in ids {
                    join(conn, &core, &caller, &matter, id, now)?;
                }
                matter_view(conn, &caller, matter.id)
            })
            .await
    }

    /// One matter.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn matter(&self, caller: &Caller, id: MatterId) -> Result<MatterView, AppError> {
        caller.must(Permission::ReadTickets)?;
        let caller = caller.clone();
        self.db.read(move |conn| matter_view(conn, &caller, id)).await
    }

    /// Lists matters, newest first.
    ///
    /// # Errors
    /// Wrong cursor, or the store's own.
    pub async fn list_matters(
        &self,
        caller: &Caller,
        asked: Option<usize>,
        after: Option<String>,
    ) -> Result<Page<MatterView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let limit = limit(asked)?;
        let after = after
            .map(|text| {
                text.parse().map_err(|_not_a_uuid| AppError::invalid("/cursor", "take it from next_cursor"))
            })
            .transpose()?;
        let caller = caller.clone();
        self.db
            .read(move |conn| {
                let rows = matters::list(conn, after, fetch(limit))?;
                let page = Page::cut(rows, limit, |row| row.id.to_string());
                let mut items = Vec::with_capacity(page.items.len());
                for matter in page.items {
                    match matter_view(conn, &caller, matter.id) {
                        Ok(view) => items.push(view),
                        Err(AppError::NotFound(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(Page { items, next_cursor: page.next_cursor })
            })
            .await
    }

    /// Renames a matter, joins tickets or takes them out.
    ///
    /// # Errors
    /// Stale version, tickets of another person or matter.
    pub async fn change_matter(
        &self,
        caller: &Caller,
        id: MatterId,
        change: MatterChange,
        version: i32,
        now: Instant,
    ) -> Result<MatterView, AppError> {
        caller.must(Permission::WorkTickets)?;
        for (pointer, ids) in
            [("/add_ticket_ids", &change.add_ticket_ids), ("/remove_ticket_ids", &change.remove_ticket_ids)]
        {
            if ids.len() > MOST_TICKETS {
                return Err(AppError::invalid(pointer, format!("at most {MOST_TICKETS} tickets at once")));
            }
        }
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                matter_view(conn, &caller, id)?;
                let matter = matters::find(conn, id)?.ok_or(AppError::NotFound("matter"))?;
                let title = change.title.unwrap_or_else(|| matter.title.clone());
                let title: String = title.chars().take(LONGEST_TITLE).collect();
                if !matters::touch(conn, id, &title, version)? {
                    return Err(AppError::Stale(matter.version));
                }
                let joined = tickets_of(conn, id)?.into_iter().map(|ticket| ticket.id);
                let all: Vec<TicketId> = joined.chain(change.add_ticket_ids.iter().copied()).collect();
                Work::lock_all(conn, &all)?;
                for ticket in change.remove_ticket_ids {
                    leave(conn, &core, &caller, &matter, ticket, now)?;
                }
                for ticket in change.add_ticket_ids {
                    join(conn, &core, &caller, &matter, ticket, now)?;
                }
                dissolve(conn, &core, &caller, &matter, now)?;
                matter_view(conn, &caller, id)
            })
            .await
    }
}

fn join(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    matter: &Matter,
    ticket: TicketId,
    now: Instant,
) -> Result<(), AppError> {
    let record = visible(conn, caller, ticket)?;
    let mut work = Work::load(conn, ticket, now)?;
    if work.ticket.matter == Some(matter.id) {
        return Ok(());
    }
    if work.ticket.matter.is_some() {
        let detail = format!("ticket {} is in another matter: take it out first", record.number);
        return Err(AppError::conflict("ticket-in-another-matter", detail));
    }
    let person = current_person(conn, &record)?;
    if person.is_some() && matter.person.is_some() && person != matter.person {
        let detail = format!("ticket {} is another person's: merge the two if they are one", record.number);
        return Err(AppError::conflict("ticket-of-another-person", detail));
    }
    work.push(conn, now, caller.actor(), EventBody::MatterJoined { matter: matter.id })?;
    work.save(conn, &core.city)?;
    Ok(())
}

fn leave(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    matter: &Matter,
    ticket: TicketId,
    now: Instant,
) -> Result<(), AppError> {
    let record = visible(conn, caller, ticket)?;
    let work = Work::load(conn, ticket, now)?;
    if work.ticket.matter != Some(matter.id) {
        return Err(AppError::conflict(
            "ticket-not-in-matter",
            format!("ticket {} is not in this matter", record.number),
        ));
    }
    taken_out(conn, core, caller, work, now)
}

fn taken_out(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    mut work: Work,
    now: Instant,
) -> Result<(), AppError> {
    if let Some(matter) = work.ticket.matter {
        work.push(conn, now, caller.actor(), EventBody::MatterLeft { matter })?;
        work.save(conn, &core.city)?;
    }
    Ok(())
}

/// Where one ticket alone is left, it leaves too: joining two and taking one out is undone for both.
fn dissolve(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    matter: &Matter,
    now: Instant,
) -> Result<(), AppError> {
    if let [alone] = tickets_of(conn, matter.id)?.as_slice() {
        let work = Work::load(conn, alone.id, now)?;
        taken_out(conn, core, caller, work, now)?;
    }
    Ok(())
}

fn tickets_of(conn: &mut Conn, id: MatterId) -> Result<Vec<TicketRecord>, AppError> {
    let filter =
        tickets::Filter { matter: Some(id), sort: tickets::Sort::Created, ..tickets::Filter::default() };
    Ok(tickets::list(conn, &filter, 200)?)
}

fn matter_view(conn: &mut Conn, caller: &Caller, id: MatterId) -> Result<MatterView, AppError> {
    let matter = matters::find(conn, id)?.ok_or(AppError::NotFound("matter"))?;
    let mut tickets = tickets_of(conn, id)?;
    tickets.retain(|ticket| caller.must_see(ticket).is_ok());
    if tickets.is_empty() && caller.unit_limit().is_some() {
        return Err(AppError::NotFound("matter"));
    }
    Ok(MatterView {
        id: matter.id,
        title: matter.title,
        person_id: matter.person,
        created_at: matter.created_at,
        tickets: tickets.into_iter().map(TicketView::from).collect(),
        version: matter.version,
    })
}
