//! Matters: the tickets of one need, across channels. Each ticket keeps its own clocks; joining is undone by leaving.

use filo_domain::{Instant, MatterId, PersonId, TicketId, event::EventBody};
use filo_store::{
    Conn,
    matters::{self, Matter},
    tickets,
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
        if ids.len() < 2 || ids.len() > 50 {
            return Err(AppError::invalid("/ticket_ids", "a matter joins 2 to 50 different tickets"));
        }
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
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
                matter_view(conn, matter.id)
            })
            .await
    }

    /// One matter.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn matter(&self, caller: &Caller, id: MatterId) -> Result<MatterView, AppError> {
        caller.must(Permission::ReadTickets)?;
        self.db.read(move |conn| matter_view(conn, id)).await
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
        self.db
            .read(move |conn| {
                let rows = matters::list(conn, after, fetch(limit))?;
                let page = Page::cut(rows, limit, |row| row.id.to_string());
                let views: Result<Vec<_>, AppError> =
                    page.items.iter().map(|matter| matter_view(conn, matter.id)).collect();
                Ok(Page { items: views?, next_cursor: page.next_cursor })
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
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                let matter = matters::find(conn, id)?.ok_or(AppError::NotFound("matter"))?;
                let title = change.title.unwrap_or_else(|| matter.title.clone());
                let title: String = title.chars().take(LONGEST_TITLE).collect();
                if !matters::touch(conn, id, &title, version)? {
                    return Err(AppError::Stale(matter.version));
                }
                for ticket in change.remove_ticket_ids {
                    leave(conn, &core, &caller, &matter, ticket, now)?;
                }
                for ticket in change.add_ticket_ids {
                    join(conn, &core, &caller, &matter, ticket, now)?;
                }
                matter_view(conn, id)
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
    let mut work = Work::load(conn, ticket, now)?;
    if work.ticket.matter != Some(matter.id) {
        return Err(AppError::conflict(
            "ticket-not-in-matter",
            format!("ticket {} is not in this matter", record.number),
        ));
    }
    work.push(conn, now, caller.actor(), EventBody::MatterLeft { matter: matter.id })?;
    work.save(conn, &core.city)?;
    Ok(())
}

fn matter_view(conn: &mut Conn, id: MatterId) -> Result<MatterView, AppError> {
    let matter = matters::find(conn, id)?.ok_or(AppError::NotFound("matter"))?;
    let filter =
        tickets::Filter { matter: Some(id), sort: tickets::Sort::Created, ..tickets::Filter::default() };
    let tickets = tickets::list(conn, &filter, 200)?;
    Ok(MatterView {
        id: matter.id,
        title: matter.title,
        person_id: matter.person,
        created_at: matter.created_at,
        tickets: tickets.into_iter().map(TicketView::from).collect(),
        version: matter.version,
    })
}
