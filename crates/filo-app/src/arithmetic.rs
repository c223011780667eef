//! How the clocks of one ticket were reckoned, for whoever may see it.

use filo_domain::{Instant, TicketId, ticket::Ticket};
use filo_indicators::arithmetic::{self, TicketArithmetic};
use filo_store::tickets;

use crate::{App, AppError, Caller, Permission, facts, tickets::visible};

impl App {
    /// From when to when each clock of a ticket ran, what was left out and what that adds up to.
    ///
    /// # Errors
    /// Not found, or not the caller's to see.
    pub async fn ticket_clocks(
        &self,
        caller: &Caller,
        id: TicketId,
        now: Instant,
    ) -> Result<TicketArithmetic, AppError> {
        caller.must(Permission::ReadTickets)?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .read(move |conn| {
                visible(conn, &caller, id)?;
                let events = tickets::events(conn, id)?;
                let ticket = Ticket::fold(&events)
                    .map_err(|error| AppError::internal("a ticket's log does not fold", error))?;
                let fact = facts::unmerged(ticket);
                Ok(arithmetic::clocks(&fact, &core.city.zone, now))
            })
            .await
    }

    /// The same of the ticket with a number.
    ///
    /// # Errors
    /// As [`Self::ticket_clocks`].
    pub async fn ticket_clocks_of_number(
        &self,
        caller: &Caller,
        number: String,
        now: Instant,
    ) -> Result<TicketArithmetic, AppError> {
        let found = self.db.read(move |conn| tickets::find_by_number(conn, &number)).await;
        let found = found.map_err(AppError::Store)?.ok_or(AppError::NotFound("ticket"))?;
        self.ticket_clocks(caller, found.id, now).await
    }
}
