//! What an operator sees while the phone rings: who calls, what is open, what came last.
//!
//! **Invariant:** the feed keeps the call's ids alone; what they stand for is read when it is told, for whoever is told
//! it, so that nothing about a citizen is kept twice or shown to somebody who may not see it.

use filo_domain::{InteractionId, vocabulary::State};
use filo_store::{
    Conn,
    feed::{self, News},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    App, AppError, Caller, IvrView, LiveCallEvent, Permission, PersonView, TicketView, TimelineItem,
    calls::call_view, feed::wire,
};

/// The kind of the news that a call is offered.
const OFFERED: &str = "call.offered";
/// Contacts shown.
const CONTACTS: usize = 5;

/// Beside the ids of the call.
#[derive(Debug, Default, Serialize)]
struct ScreenPop {
    /// Who calls, where the number is known.
    person: Option<PersonView>,
    /// The person's open tickets, newest first.
    open_tickets: Vec<TicketView>,
    /// The person's last contacts, newest first, this call among them.
    last_contacts: Vec<TimelineItem>,
    /// What the caller chose before the queue.
    ivr: Option<IvrView>,
    /// The theme that the call seems to be about.
    suggested_theme: Option<String>,
}

/// Tells that a call is offered.
pub(crate) fn tell(conn: &mut Conn, call: InteractionId, event: &LiveCallEvent) -> Result<(), AppError> {
    let news = News {
        seq: 0,
        at: event.at,
        kind: OFFERED.to_owned(),
        ticket: None,
        unit: None,
        unit_before: None,
        user: None,
        data: json!({ "call_id": call, "source": event.source, "queue": event.queue }),
    };
    Ok(feed::tell(conn, news)?)
}

impl App {
    /// Whether news are told to each caller in another way.
    pub fn tells_by_caller(news: &News) -> bool {
        news.kind == OFFERED
    }

    /// News as the caller is told them: of an offered call with who calls.
    ///
    /// # Errors
    /// The store's own.
    pub async fn told(&self, caller: &Caller, news: &News) -> Result<Value, AppError> {
        let mut told = wire(news);
        if Self::tells_by_caller(news)
            && caller.may(Permission::ReadPersons)
            && let Some(Ok(call)) = news.data.get("call_id").map(|id| serde_json::from_value(id.clone()))
        {
            let pop = serde_json::to_value(self.screen_pop(caller, call).await?)?;
            if let (Some(data), Value::Object(pop)) =
                (told.get_mut("data").and_then(Value::as_object_mut), pop)
            {
                data.extend(pop);
            }
        }
        Ok(told)
    }

    async fn screen_pop(&self, caller: &Caller, call: InteractionId) -> Result<ScreenPop, AppError> {
        let core = self.core.clone();
        let found = self.db.read(move |conn| call_view(conn, &core, call)).await?;
        let Some(found) = found else { return Ok(ScreenPop::default()) };
        let (ivr, suggested_theme) = (found.ivr, found.suggested_theme);
        let Some(person) = found.person_id else {
            return Ok(ScreenPop { ivr, suggested_theme, ..ScreenPop::default() });
        };
        let timeline = self.timeline(caller, person, Some(CONTACTS), None).await?;
        let is_open = |ticket: &TicketView| State::is_open(ticket.state);
        Ok(ScreenPop {
            person: Some(timeline.person),
            open_tickets: timeline.tickets.into_iter().filter(is_open).collect(),
            last_contacts: timeline.page.items,
            ivr,
            suggested_theme,
        })
    }
}
