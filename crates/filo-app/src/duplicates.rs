//! Hints at open tickets that may be about the same: of the same person on the same theme, or of nearly the same words.
//!
//! **Invariant:** both are found by an index within a window of days, never by a scan over history; a hint shows only
//! what the caller may see.

use filo_domain::{Instant, TicketId, policy::is_within};
use filo_store::{
    Conn, persons, signatures,
    tickets::{self, TicketRecord},
};
use serde::Serialize;

use crate::{
    App, AppError, Caller, Core, Permission, TicketView,
    tickets::{current_person, visible},
};

/// Why two tickets may be about the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateReason {
    /// The same citizen asks about the same theme, or about a part of it.
    SamePersonAndTheme,
    /// They say nearly the same.
    SimilarText,
}

/// An open ticket that may be about the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DuplicateView {
    /// Its id.
    pub id: TicketId,
    /// Its number.
    pub number: String,
    /// Why.
    pub reason: DuplicateReason,
    /// When it was opened.
    pub opened_at: Instant,
}

/// Hints are to be read: more than these nobody looks at.
const MOST_HINTS: usize = 10;
/// Of a person or of similar words so many are looked at, before those that are not open are left out.
const LOOKED_AT: usize = 100;

impl App {
    /// Open tickets that may be about the same as this one.
    ///
    /// # Errors
    /// Not found, or not the caller's to see.
    pub async fn duplicates(&self, caller: &Caller, id: TicketId) -> Result<Vec<DuplicateView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .read(move |conn| {
                let record = visible(conn, &caller, id)?;
                hints(conn, &core, &caller, &record)
            })
            .await
    }
}

/// A ticket just opened, with its hints.
pub(crate) fn with_hints(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    opened: TicketView,
) -> Result<TicketView, AppError> {
    let record = tickets::find(conn, opened.id)?.ok_or(AppError::NotFound("ticket"))?;
    let hints = hints(conn, core, caller, &record)?;
    Ok(TicketView { possible_duplicates: Some(hints), ..opened })
}

fn hints(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    of: &TicketRecord,
) -> Result<Vec<DuplicateView>, AppError> {
    let window_s = core.city.profile.duplicate_days * 86_400;
    let window = (of.opened_at.plus_seconds(-window_s), of.opened_at.plus_seconds(window_s));
    let mut found: Vec<DuplicateView> = Vec::new();
    let mut add = |record: TicketRecord, reason| {
        let fits = record.id != of.id && record.state.is_open() && caller.must_see(&record).is_ok();
        if fits && found.iter().all(|known| known.id != record.id) {
            let TicketRecord { id, number, opened_at, .. } = record;
            found.push(DuplicateView { id, number, reason, opened_at });
        }
    };
    for record in same_person_and_theme(conn, of, window)? {
        add(record, DuplicateReason::SamePersonAndTheme);
    }
    for record in similar_text(conn, of, window)? {
        add(record, DuplicateReason::SimilarText);
    }
    found.truncate(MOST_HINTS);
    Ok(found)
}

fn same_person_and_theme(
    conn: &mut Conn,
    of: &TicketRecord,
    (from, to): (Instant, Instant),
) -> Result<Vec<TicketRecord>, AppError> {
    let (Some(person), Some(theme)) = (current_person(conn, of)?, of.theme.as_deref()) else {
        return Ok(vec![]);
    };
    let filter = tickets::Filter {
        persons: Some(persons::members(conn, person)?),
        opened: (Some(from), Some(to.plus_seconds(1))),
        ..tickets::Filter::default()
    };
    let same = |other: &TicketRecord| {
        other.theme.as_deref().is_some_and(|other| is_within(other, theme) || is_within(theme, other))
    };
    let of_person = tickets::list(conn, &filter, i64::try_from(LOOKED_AT).unwrap_or(i64::MAX))?;
    Ok(of_person.into_iter().filter(same).collect())
}

fn similar_text(
    conn: &mut Conn,
    of: &TicketRecord,
    window: (Instant, Instant),
) -> Result<Vec<TicketRecord>, AppError> {
    let Some(signature) = signatures::find(conn, of.id)? else { return Ok(vec![]) };
    let mut records = Vec::new();
    for id in signatures::similar(conn, signature, window, LOOKED_AT)? {
        records.extend(tickets::find(conn, id)?);
    }
    Ok(records)
}
