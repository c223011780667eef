//! Links between tickets: made and taken away by hand, or following from what happened; seen from both ends.
//!
//! **Invariant:** a link and its two events, one at each end, are one transaction. A reader sees a link only when both
//! ends are his to see.

use filo_domain::{
    Instant, LinkId, TicketId,
    event::EventBody,
    link::{Link, Relation},
    vocabulary::{State, Word},
};
use filo_store::{
    Conn,
    links::{self, StoredLink},
    merges,
    tickets::{self, TicketRecord},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{App, AppError, Caller, Permission, mint, tickets::visible, work::Work};

/// A link to be made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// The other ticket.
    pub ticket_id: TicketId,
    /// What this ticket is to the other: `related`, `duplicate_of` or `parent_of`.
    pub kind: String,
}

/// The ticket at the other end.
#[derive(Clone, Debug, Serialize)]
pub struct LinkedTicket {
    /// Its id.
    pub id: TicketId,
    /// Its number.
    pub number: String,
    /// Its subject; `None` once anonymised.
    pub subject: Option<String>,
    /// Where it stands.
    pub state: State,
}

/// A link as seen from one of its ends.
#[derive(Clone, Debug, Serialize)]
pub struct LinkView {
    /// Its id; `None` for what follows from the tickets' history and cannot be taken away.
    pub id: Option<LinkId>,
    /// What this ticket is to the other.
    pub kind: &'static str,
    /// The other ticket.
    pub ticket: LinkedTicket,
    /// Since when.
    pub created_at: Instant,
}

impl LinkView {
    fn of(id: Option<LinkId>, relation: Relation, other: TicketRecord, created_at: Instant) -> Self {
        let TicketRecord { id: ticket, number, subject, state, .. } = other;
        let ticket = LinkedTicket { id: ticket, number, subject, state };
        Self { id, kind: relation.word(), ticket, created_at }
    }
}

/// Chains of links are followed so far, to find a circle.
const LONGEST_CHAIN: usize = 64;

impl App {
    /// The links of a ticket, oldest first; what follows from its history comes last.
    ///
    /// # Errors
    /// Not found, or not the caller's to see.
    pub async fn ticket_links(&self, caller: &Caller, id: TicketId) -> Result<Vec<LinkView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let caller = caller.clone();
        self.db.read(move |conn| all(conn, &caller, id)).await
    }

    /// One link, as seen from a ticket.
    ///
    /// # Errors
    /// Not found, or not the caller's to see.
    pub async fn ticket_link(
        &self,
        caller: &Caller,
        id: TicketId,
        link: LinkId,
    ) -> Result<LinkView, AppError> {
        caller.must(Permission::ReadTickets)?;
        let caller = caller.clone();
        self.db
            .read(move |conn| {
                let (_, link) = find(conn, &caller, id, link)?;
                view(conn, &caller, id, &link)?.ok_or(AppError::NotFound("link"))
            })
            .await
    }

    /// Links a ticket with another.
    ///
    /// # Errors
    /// A kind that is not made by hand, the same ticket, the same link again, or a circle; not found.
    pub async fn link_ticket(
        &self,
        caller: &Caller,
        id: TicketId,
        new: NewLink,
        version: Option<i32>,
        now: Instant,
    ) -> Result<LinkView, AppError> {
        caller.must(Permission::WorkTickets)?;
        let relation = Relation::parse_word(&new.kind).ok().filter(|relation| relation.is_made_by_hand());
        let relation = relation
            .ok_or_else(|| AppError::invalid("/kind", "must be related, duplicate_of or parent_of"))?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                visible(conn, &caller, id)?;
                visible(conn, &caller, new.ticket_id)?;
                if id == new.ticket_id {
                    return Err(AppError::invalid("/ticket_id", "a ticket is not linked with itself"));
                }
                Work::lock_all(conn, &[id, new.ticket_id])?;
                let mut work = Work::load(conn, id, now)?;
                work.check_version(version)?;
                let mut other = Work::load(conn, new.ticket_id, now)?;
                check_new(conn, &work, relation, new.ticket_id)?;
                let link = link_tickets(conn, &caller, (&mut work, relation, &mut other), now)?;
                work.save(conn, &core.city)?;
                other.save(conn, &core.city)?;
                view(conn, &caller, id, &link)?.ok_or(AppError::NotFound("link"))
            })
            .await
    }

    /// Takes a link away.
    ///
    /// # Errors
    /// A link that was not made by hand; not found.
    pub async fn unlink_ticket(
        &self,
        caller: &Caller,
        id: TicketId,
        link: LinkId,
        now: Instant,
    ) -> Result<(), AppError> {
        caller.must(Permission::WorkTickets)?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                let (_, link) = find(conn, &caller, id, link)?;
                if !link.relation.is_made_by_hand() {
                    let detail = "this link follows from what happened and cannot be taken away";
                    return Err(AppError::conflict("link-of-history", detail));
                }
                Work::lock_all(conn, &[link.from, link.to])?;
                // Somebody else may have been first.
                links::find(conn, link.id)?.ok_or(AppError::NotFound("link"))?;
                links::delete(conn, link.id)?;
                for end in [link.from, link.to] {
                    let mut work = Work::load(conn, end, now)?;
                    work.push(conn, now, caller.actor(), EventBody::Unlinked(link.seen_from(end)))?;
                    work.save(conn, &core.city)?;
                }
                Ok(())
            })
            .await
    }
}

/// Keeps a link, with an event at each end; the projections are the caller's to save.
pub(crate) fn link_tickets(
    conn: &mut Conn,
    caller: &Caller,
    (from, relation, to): (&mut Work, Relation, &mut Work),
    now: Instant,
) -> Result<StoredLink, AppError> {
    let link =
        StoredLink { id: mint::id(now), relation, from: from.ticket.id, to: to.ticket.id, created_at: now };
    links::insert(conn, &link)?;
    for work in [from, to] {
        let seen: Link = link.seen_from(work.ticket.id);
        work.push(conn, now, caller.actor(), EventBody::Linked(seen))?;
    }
    Ok(link)
}

/// Refuses the same link again, from either end, and circles of duplicates or parts.
fn check_new(conn: &mut Conn, work: &Work, relation: Relation, other: TicketId) -> Result<(), AppError> {
    let same = |link: &&Link| {
        link.ticket == other && (link.relation == relation || link.relation == relation.reversed())
    };
    if let Some(link) = work.ticket.links.iter().find(same) {
        return Err(AppError::Conflict {
            code: "already-linked",
            detail: format!("the two tickets are linked already: {}", link.relation.word()),
            proposal: Some(json!({ "link_id": link.id })),
        });
    }
    if relation == Relation::Related {
        return Ok(());
    }
    let mut reached = vec![other];
    for _ in 0..LONGEST_CHAIN {
        reached = links::next(conn, &reached, relation)?;
        if reached.contains(&work.ticket.id) {
            return Err(AppError::conflict("circle", "the links would run in a circle"));
        }
        if reached.is_empty() {
            break;
        }
    }
    Ok(())
}

fn find(
    conn: &mut Conn,
    caller: &Caller,
    id: TicketId,
    link: LinkId,
) -> Result<(TicketRecord, StoredLink), AppError> {
    let record = visible(conn, caller, id)?;
    let link = links::find(conn, link)?.filter(|link| link.from == id || link.to == id);
    Ok((record, link.ok_or(AppError::NotFound("link"))?))
}

/// A link with its other end; `None` when that is not the caller's to see.
fn view(
    conn: &mut Conn,
    caller: &Caller,
    id: TicketId,
    link: &StoredLink,
) -> Result<Option<LinkView>, AppError> {
    let seen = link.seen_from(id);
    let other = tickets::find(conn, seen.ticket)?.filter(|other| caller.must_see(other).is_ok());
    Ok(other.map(|other| LinkView::of(Some(link.id), seen.relation, other, link.created_at)))
}

fn all(conn: &mut Conn, caller: &Caller, id: TicketId) -> Result<Vec<LinkView>, AppError> {
    let record = visible(conn, caller, id)?;
    let mut views = Vec::new();
    for link in links::of_tickets(conn, &[id])? {
        views.extend(view(conn, caller, id, &link)?);
    }
    let mut by_history: Vec<(Relation, TicketId, Instant)> = Vec::new();
    by_history.extend(record.follows.map(|before| (Relation::Follows, before, record.opened_at)));
    by_history.extend(merges::since(conn, id)?.map(|(into, at)| (Relation::MergedInto, into, at)));
    by_history.extend(links::by_history(conn, id)?);
    for (relation, other, at) in by_history {
        let other = tickets::find(conn, other)?.filter(|other| caller.must_see(other).is_ok());
        views.extend(other.map(|other| LinkView::of(None, relation, other, at)));
    }
    Ok(views)
}
