//! A person's history over all channels, a page at a time: contacts with what became of their calls and tickets,
//! answers with their texts.
//!
//! **Invariant:** a fixed number of queries a page, however many contacts there are (a screen pops up while the
//! telephone rings); who may not see a ticket sees that there was a contact, and nothing of what it says.

use std::collections::HashMap;

use filo_domain::{
    Instant, MessageId, PersonId, TicketId,
    city::City,
    vocabulary::{CallOutcome, Direction},
};
use filo_store::{
    Conn,
    interactions::Interaction,
    persons, tickets,
    timeline::{self, CallOfPage, TicketOfPage},
};
use serde::Serialize;

use crate::{
    App, AppError, Caller, InteractionView, IvrView, Page, Permission, PersonView, TicketView,
    persons::person_view,
    tickets::fetch,
    views::{cursor, read_cursor},
};

/// Tickets shown beside the first page.
const TICKETS: i64 = 50;

/// What became of a call.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineCall {
    /// How it ended.
    pub outcome: CallOutcome,
    /// Seconds waited.
    pub wait_s: Option<i64>,
    /// Seconds talked.
    pub talk_s: Option<i64>,
    /// When a person answered.
    pub answered_at: Option<Instant>,
    /// What the caller chose before or instead of a queue.
    pub ivr: Option<IvrView>,
}

/// The ticket of a contact.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineTicket {
    /// Its id.
    pub id: TicketId,
    /// Its number.
    pub number: String,
    /// Its state.
    pub state: String,
    /// Its subject.
    pub subject: Option<String>,
    /// Its theme.
    pub theme: Option<String>,
}

/// A contact or an answer with what belongs to it.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineInteraction {
    /// The contact or answer; an answer's text is that of its message.
    #[serde(flatten)]
    pub interaction: InteractionView,
    /// What became of it, for a call.
    pub call: Option<TimelineCall>,
    /// What became of it, for an answer.
    pub delivery: Option<String>,
    /// Its ticket, where it has one.
    pub ticket: Option<TimelineTicket>,
}

/// One entry of a person's timeline.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TimelineItem {
    /// A contact or an answer.
    Interaction(Box<TimelineInteraction>),
}

/// A person's whole history.
#[derive(Clone, Debug, Serialize)]
pub struct Timeline {
    /// The person.
    pub person: PersonView,
    /// Touches, newest first.
    #[serde(flatten)]
    pub page: Page<TimelineItem>,
    /// The person's tickets, newest first, at most 50; on the first page alone.
    pub tickets: Vec<TicketView>,
}

impl App {
    /// The history of a person over all channels.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn timeline(
        &self,
        caller: &Caller,
        id: PersonId,
        limit: Option<usize>,
        after: Option<String>,
    ) -> Result<Timeline, AppError> {
        caller.must(Permission::ReadPersons)?;
        let limit = crate::tickets::limit(limit)?;
        let after = after.as_deref().map(read_cursor).transpose()?;
        let unit = caller.unit_limit().map(str::to_owned);
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let person = person_view(conn, &core, id)?;
                let everybody = persons::members(conn, id)?;
                let rows = timeline::page(conn, &everybody, after, fetch(limit))?;
                let page = Page::cut(rows, limit, |row| cursor(row.occurred_at, row.id));
                let beside = Beside::load(conn, &page.items)?;
                let page = page.map(|row| beside.item(&core.city, row, unit.as_deref()));
                let tickets = if after.is_none() { own_tickets(conn, everybody, unit)? } else { Vec::new() };
                Ok(Timeline { person, page, tickets })
            })
            .await
    }
}

fn own_tickets(
    conn: &mut Conn,
    everybody: Vec<PersonId>,
    unit: Option<String>,
) -> Result<Vec<TicketView>, AppError> {
    let filter = tickets::Filter {
        persons: Some(everybody),
        units: unit.into_iter().collect(),
        ..tickets::Filter::default()
    };
    Ok(tickets::list(conn, &filter, TICKETS)?.into_iter().map(TicketView::from).collect())
}

/// What belongs to the interactions of a page, read at once.
struct Beside {
    calls: HashMap<filo_domain::InteractionId, CallOfPage>,
    texts: HashMap<MessageId, (Option<String>, Option<String>)>,
    tickets: HashMap<TicketId, TicketOfPage>,
}

impl Beside {
    fn load(conn: &mut Conn, rows: &[Interaction]) -> Result<Self, AppError> {
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let messages: Vec<MessageId> = rows.iter().filter_map(message).collect();
        let mut tickets: Vec<TicketId> = rows.iter().filter_map(|row| row.ticket_id).collect();
        tickets.sort();
        tickets.dedup();
        let texts = timeline::texts_of(conn, &messages)?.into_iter();
        Ok(Self {
            calls: timeline::calls_of(conn, &ids)?.into_iter().map(|call| (call.id, call)).collect(),
            texts: texts.map(|(id, body, delivery)| (id, (body, delivery))).collect(),
            tickets: timeline::tickets_of(conn, &tickets)?.into_iter().map(|it| (it.id, it)).collect(),
        })
    }

    fn item(&self, city: &City, row: Interaction, unit: Option<&str>) -> TimelineItem {
        let ticket = row.ticket_id.and_then(|id| self.tickets.get(&id));
        let hidden = unit.is_some() && ticket.is_some_and(|ticket| ticket.unit.as_deref() != unit);
        let call = self.calls.get(&row.id).map(|call| TimelineCall {
            outcome: call.outcome,
            wait_s: call.wait_s,
            talk_s: call.talk_s,
            answered_at: call.answered_at,
            ivr: IvrView::of(city, &row.source, call.choice.as_deref()),
        });
        let sent = message(&row).and_then(|id| self.texts.get(&id));
        let mut interaction = InteractionView::from(row);
        if let Some((Some(body), _)) = sent {
            interaction.text.clone_from(body);
        }
        if hidden {
            (interaction.subject, interaction.text, interaction.ticket_id) = (None, String::new(), None);
            interaction.thread = None;
        }
        let delivery = sent.and_then(|(_, delivery)| delivery.clone());
        let ticket = ticket.filter(|_| !hidden).map(|ticket| TimelineTicket {
            id: ticket.id,
            number: ticket.number.clone(),
            state: ticket.state.clone(),
            subject: ticket.subject.clone(),
            theme: ticket.theme.clone(),
        });
        TimelineItem::Interaction(Box::new(TimelineInteraction { interaction, call, delivery, ticket }))
    }
}

/// The message whose text an answer is: both have one id.
fn message(row: &Interaction) -> Option<MessageId> {
    (row.direction == Direction::Outbound).then(|| MessageId::from_uuid(row.id.uuid()))
}
