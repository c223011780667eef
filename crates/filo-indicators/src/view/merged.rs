//! Merged tickets: whose contacts count with another ticket, and which are left out themselves.
//!
//! **The inclusion rule**, the one there is: as at `as_of`, the contacts of a merged ticket count with the ticket at
//! the end of its pointers (registered, requests, and who answered or took a thread in charge); the merged ticket
//! itself is left out of everything that counts tickets or measures their clocks, and stands there among the
//! exclusions with the reason [`MERGED`], so that counted and left out together are what there was before.

use std::collections::HashMap;

use filo_domain::TicketId;

use super::sorted;
use crate::facts::{Facts, TicketFact};

/// Why a merged ticket is left out.
pub(crate) const MERGED: &str = "merged";

/// Merges point one way; the bound guards against facts that do not.
const LONGEST_CHAIN: usize = 64;

/// The merged tickets, sorted as all tickets are.
#[derive(Default)]
pub(crate) struct Merged<'a> {
    tickets: Vec<&'a TicketFact>,
    pointers: HashMap<TicketId, TicketId>,
    by_end: HashMap<TicketId, Vec<&'a TicketFact>>,
}

impl<'a> Merged<'a> {
    pub(super) fn of(facts: &'a Facts) -> Self {
        let tickets = sorted(facts.tickets.iter().filter(|ticket| ticket.merged_into.is_some()));
        let pointers = tickets.iter().filter_map(|ticket| Some((ticket.id, ticket.merged_into?))).collect();
        let mut merged = Self { tickets, pointers, by_end: HashMap::new() };
        for ticket in &merged.tickets {
            merged.by_end.entry(merged.end_of(ticket.id)).or_default().push(ticket);
        }
        merged
    }
    /// The ticket that speaks for one; of one that is not merged, itself.
    pub(super) fn end_of(&self, ticket: TicketId) -> TicketId {
        let mut end = ticket;
        for _ in 0..LONGEST_CHAIN {
            match self.pointers.get(&end) {
                Some(next) => end = *next,
                None => break,
            }
        }
        end
    }
    pub(crate) fn tickets(&self) -> impl Iterator<Item = &'a TicketFact> {
        self.tickets.iter().copied()
    }
    /// The tickets for which one speaks.
    pub(super) fn spoken_for_by(&self, end: TicketId) -> impl Iterator<Item = &'a TicketFact> {
        self.by_end.get(&end).into_iter().flatten().copied()
    }
}
