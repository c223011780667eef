//! Merging tickets, and the exact undo: a merge points, it moves nothing.
//!
//! The merged ticket is `cancelled` as long as it points: it ended without a resolution of its own, and no reader must
//! take it for resolved. Its further contacts go on in the ticket at the end of the pointers; its conversation is
//! shown there. Undone, it stands where it stood; what came meanwhile stays with the other.

use filo_domain::{Instant, TicketId, event::EventBody, ticket::Step, vocabulary::State};
use filo_store::{Conn, intake, merges};
use serde::Deserialize;
use serde_json::json;

use crate::{
    App, AppError, Caller, Core, Permission, TicketView,
    tickets::{check_text, finish, visible},
    work::Work,
};

/// Into which ticket one is merged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeTicket {
    /// The ticket that speaks for it from here on.
    pub into: TicketId,
    /// Why.
    pub reason: Option<String>,
}

const LONGEST_REASON: usize = 5_000;

impl App {
    /// Merges a ticket into another; gives the merged one.
    ///
    /// # Errors
    /// The same ticket, one that is merged already, or into one that is merged or cancelled; not found.
    pub async fn merge_ticket(
        &self,
        caller: &Caller,
        id: TicketId,
        request: MergeTicket,
        version: Option<i32>,
        now: Instant,
    ) -> Result<TicketView, AppError> {
        caller.must(Permission::WorkTickets)?;
        if let Some(reason) = &request.reason {
            check_text("/reason", reason, LONGEST_REASON)?;
        }
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db.write(move |conn| merge(conn, &core, &caller, id, request, version, now)).await
    }

    /// Undoes a merge; gives the ticket as it stands again.
    ///
    /// # Errors
    /// A ticket that is not merged, with what is allowed instead; stale version; not found.
    pub async fn unmerge_ticket(
        &self,
        caller: &Caller,
        id: TicketId,
        version: Option<i32>,
        now: Instant,
    ) -> Result<TicketView, AppError> {
        caller.must(Permission::WorkTickets)?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db.write(move |conn| unmerge(conn, &core, &caller, id, version, now)).await
    }
}

fn merge(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    id: TicketId,
    request: MergeTicket,
    version: Option<i32>,
    now: Instant,
) -> Result<TicketView, AppError> {
    // With intake waiting, no contact is placed on a ticket that is being merged.
    intake::take_turn(conn)?;
    visible(conn, caller, id)?;
    visible(conn, caller, request.into)?;
    if id == request.into {
        return Err(AppError::conflict("same-ticket", "a ticket cannot be merged into itself"));
    }
    Work::lock_all(conn, &[id, request.into])?;
    let mut work = Work::load(conn, id, now)?;
    work.check_version(version)?;
    work.must_be_whole()?;
    let mut other = Work::load(conn, request.into, now)?;
    check_target(conn, &other)?;
    let reason = work.reason(conn, caller.user(), request.reason)?;
    work.push(conn, now, caller.actor(), EventBody::Merged { into: request.into, reason })?;
    other.push(conn, now, caller.actor(), EventBody::Absorbed { ticket: id })?;
    merges::write(conn, &work.ticket)?;
    other.save(conn, &core.city)?;
    finish(conn, core, work, now)
}

/// A ticket that may speak for others: neither merged nor cancelled.
fn check_target(conn: &mut Conn, other: &Work) -> Result<(), AppError> {
    let number = &other.ticket.opening.number;
    if other.ticket.merged.is_some() {
        let end = merges::end_of(conn, other.ticket.id)?;
        return Err(AppError::Conflict {
            code: "into-merged",
            detail: format!("ticket {number} is merged itself: merge into the one that speaks for it"),
            proposal: Some(json!({ "into": end })),
        });
    }
    if other.ticket.state() == State::Cancelled {
        let detail = format!("ticket {number} is cancelled and cannot speak for another");
        return Err(AppError::conflict("into-cancelled", detail));
    }
    Ok(())
}

fn unmerge(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    id: TicketId,
    version: Option<i32>,
    now: Instant,
) -> Result<TicketView, AppError> {
    intake::take_turn(conn)?;
    visible(conn, caller, id)?;
    let into = merges::pointers(conn, &[id])?.get(&id).copied();
    Work::lock_all(conn, &[vec![id], into.into_iter().collect()].concat())?;
    let mut work = Work::load(conn, id, now)?;
    work.check_version(version)?;
    work.check(Step::Unmerge)?;
    let Some(merge) = work.ticket.merged else {
        return Err(AppError::Internal("a ticket that allows unmerging is not merged".to_owned()));
    };
    let mut other = Work::load(conn, merge.into, now)?;
    work.push(conn, now, caller.actor(), EventBody::Unmerged { from: merge.into })?;
    other.push(conn, now, caller.actor(), EventBody::Released { ticket: id })?;
    merges::write(conn, &work.ticket)?;
    other.save(conn, &core.city)?;
    finish(conn, core, work, now)
}
