//! The city's reasons for a resolution: which there are, and whether one fits.

use filo_domain::{
    city::{City, ResolutionReason},
    ticket::Ticket,
    vocabulary::{Kind, Outcome, Word},
};

use serde::Deserialize;

use crate::{App, AppError, Caller, Permission};

/// For what reasons are asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonQuery {
    /// How the ticket ends.
    pub outcome: Option<Outcome>,
    /// What it asks for.
    pub kind: Option<Kind>,
    /// Its theme.
    pub theme: Option<String>,
}

impl App {
    /// The reasons for a resolution, of one outcome, for one kind and theme where they are said.
    ///
    /// # Errors
    /// Not the caller's to read.
    pub fn resolution_reasons(
        &self,
        caller: &Caller,
        query: &ReasonQuery,
    ) -> Result<Vec<&ResolutionReason>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let suits =
            |reason: &&ResolutionReason| reason.suits(query.outcome, query.kind, query.theme.as_deref());
        Ok(self.core.city.resolutions.iter().filter(suits).collect())
    }
}

/// A reason by its key, if the ticket can be resolved in this way for it.
///
/// # Errors
/// An unknown reason, one of another outcome, or one for other tickets.
pub(crate) fn check(
    city: &City,
    ticket: &Ticket,
    outcome: Outcome,
    key: Option<String>,
) -> Result<Option<String>, AppError> {
    let Some(key) = key else { return Ok(None) };
    let refuse = |detail: String| Err(AppError::invalid("/reason", detail));
    match city.resolutions.iter().find(|reason| reason.key == key) {
        None => refuse(format!("there is no reason {key:?}: see GET /resolution-reasons")),
        Some(reason) if reason.outcome != outcome => {
            refuse(format!("the reason {key:?} is for the outcome {}", reason.outcome.word()))
        }
        Some(reason) if !reason.applies(ticket.kind, ticket.theme.as_deref()) => {
            refuse(format!("the reason {key:?} is not for tickets of this kind and theme"))
        }
        Some(reason) => Ok(Some(reason.key.clone())),
    }
}
