//! Facts streamed out, complete: interactions, tickets, events, calls, messages and persons of a span of local days.

use filo_domain::{
    CallbackId, Instant, InteractionId, TicketId,
    legs::{self, Leg},
    vocabulary::{Direction, Word},
};
use filo_store::{
    Conn, callbacks, calls,
    export::{self, Place},
    interactions::{self, Interaction},
    messages, persons, tickets,
};
use serde_json::{Map, Value, json};

use crate::{App, AppError, CallbackView, callbacks::views as views_of_callbacks, views::EventView};

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facts {
    /// Every touch.
    Interactions,
    /// Tickets, by opening.
    Tickets,
    /// The events of these tickets.
    Events,
    /// Call legs.
    Calls,
    /// What was written on these tickets.
    Messages,
    /// Persons, by first contact.
    Persons,
    /// Promised call-backs, by when they are due.
    Callbacks,
}

impl Word for Facts {
    const NAME: &'static str = "export";
    const ALL: &'static [Self] = &[
        Self::Interactions,
        Self::Tickets,
        Self::Events,
        Self::Calls,
        Self::Messages,
        Self::Persons,
        Self::Callbacks,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::Interactions => "interactions",
            Self::Tickets => "tickets",
            Self::Events => "events",
            Self::Calls => "calls",
            Self::Messages => "messages",
            Self::Persons => "persons",
            Self::Callbacks => "callbacks",
        }
    }
}

impl Facts {
    /// The columns, in order.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Interactions => &[
                "id",
                "source",
                "channel",
                "kind",
                "direction",
                "external_id",
                "occurred_at",
                "recorded_at",
                "local_day",
                "person_id",
                "ticket_id",
                "thread",
                "actionable",
                "reason",
            ],
            Self::Tickets => &[
                "id",
                "number",
                "channel",
                "source",
                "theme",
                "kind",
                "priority",
                "level",
                "unit",
                "state",
                "outcome",
                "opened_at",
                "charged_at",
                "first_response_at",
                "first_resolved_at",
                "final_resolved_at",
                "closed_at",
                "reopened",
                "escalated_at",
                "person_id",
                "matter_id",
                "tags",
                "due_at",
                "updated_at",
                "merged_into_id",
            ],
            Self::Events => &["ticket_id", "seq", "kind", "at", "recorded_at", "hash", "prev_hash", "data"],
            Self::Calls => &[
                "source",
                "external_id",
                "leg",
                "queue",
                "caller",
                "entered_at",
                "answered_at",
                "ended_at",
                "wait_s",
                "talk_s",
                "outcome",
                "transferred_to",
                "flags",
                "call_id",
                "interaction_id",
                "registered_ticket_id",
                "ivr_choice",
            ],
            Self::Messages => {
                &["id", "ticket_id", "kind", "at", "channel", "body", "delivery", "recipients", "external_id"]
            }
            Self::Callbacks => &[
                "id",
                "ticket_id",
                "call_id",
                "person_id",
                "theme",
                "unit",
                "window_from",
                "window_to",
                "booked_at",
                "state",
                "attempts",
                "reached_at",
                "reached_late",
                "cancelled_at",
            ],
            Self::Persons => &["id", "name", "merged_into", "created_at", "anonymised_at", "identities"],
        }
    }
}

/// One page of an export.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// Rows: objects with the columns as keys.
    pub rows: Vec<Map<String, Value>>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Place>,
}

const PAGE: i64 = 500;

impl App {
    /// One page of an export of `[from, to)`.
    ///
    /// # Errors
    /// The store's own.
    pub async fn export(
        &self,
        what: Facts,
        span: (Instant, Instant),
        after: Option<Place>,
        now: Instant,
    ) -> Result<Exported, AppError> {
        self.db
            .read(move |conn| match what {
                Facts::Interactions => {
                    page_of_interactions(conn, span, after, |_, it| Ok(vec![interaction_row(&it)]))
                }
                Facts::Calls => page_of_interactions(conn, span, after, leg_rows),
                Facts::Tickets => page_of_tickets(conn, span, after, ticket_rows),
                Facts::Events => page_of_tickets(conn, span, after, event_rows),
                Facts::Messages => page_of_tickets(conn, span, after, message_rows),
                Facts::Persons => page_of_persons(conn, span, after),
                Facts::Callbacks => page_of_callbacks(conn, span, after, now),
            })
            .await
    }
}

type Rows = Vec<Map<String, Value>>;

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn page_of_interactions(
    conn: &mut Conn,
    (from, to): (Instant, Instant),
    after: Option<Place>,
    rows: impl Fn(&mut Conn, Interaction) -> Result<Rows, AppError>,
) -> Result<Exported, AppError> {
    let filter = interactions::Filter {
        from: Some(from),
        to: Some(to),
        ascending: true,
        after: after.map(|place| (place.at, InteractionId::from_uuid(place.id))),
        ..interactions::Filter::default()
    };
    let page = interactions::list(conn, &filter, PAGE)?;
    let next = next(page.len(), page.last().map(|it| Place { at: it.occurred_at, id: it.id.uuid() }));
    let mut exported = Exported { rows: vec![], next };
    for interaction in page {
        exported.rows.extend(rows(conn, interaction)?);
    }
    Ok(exported)
}

fn next(read: usize, last: Option<Place>) -> Option<Place> {
    last.filter(|_| i64::try_from(read).is_ok_and(|read| read == PAGE))
}

fn interaction_row(it: &Interaction) -> Map<String, Value> {
    let contact = it.direction == Direction::Inbound && it.kind.is_contact();
    object(json!({
        "id": it.id, "source": it.source, "channel": it.channel, "kind": it.kind, "direction": it.direction,
        "external_id": it.external_id, "occurred_at": it.occurred_at, "recorded_at": it.recorded_at,
        "local_day": it.local_day, "person_id": it.person_id, "ticket_id": it.ticket_id, "thread": it.thread,
        "actionable": contact && it.not_actionable.is_none(), "reason": it.not_actionable,
    }))
}

fn leg_rows(conn: &mut Conn, it: Interaction) -> Result<Rows, AppError> {
    let own: Vec<Leg> = calls::legs_of_calls(conn, &[it.id])?.into_iter().map(|stored| stored.leg).collect();
    let folded = legs::calls(own);
    let mut rows = Rows::new();
    for view in legs::leg_views(&it.source, &folded) {
        let mut row = object(serde_json::to_value(view)?);
        row.insert("call_id".to_owned(), row.get("external_id").cloned().unwrap_or_default());
        row.insert("interaction_id".to_owned(), json!(it.id));
        row.insert("registered_ticket_id".to_owned(), json!(it.ticket_id));
        row.entry("ivr_choice").or_insert(Value::Null);
        rows.push(row);
    }
    Ok(rows)
}

fn page_of_callbacks(
    conn: &mut Conn,
    (from, to): (Instant, Instant),
    after: Option<Place>,
    now: Instant,
) -> Result<Exported, AppError> {
    let after = after.map(|place| (place.at, CallbackId::from_uuid(place.id)));
    let filter = callbacks::Filter { from: Some(from), to: Some(to), after, ..callbacks::Filter::default() };
    let page = callbacks::list(conn, &filter, PAGE)?;
    let next = next(page.len(), page.last().map(|it| Place { at: it.window.to, id: it.id.uuid() }));
    let row = |it: CallbackView| {
        object(json!({
            "id": it.id, "ticket_id": it.ticket_id, "call_id": it.call_id, "person_id": it.person_id,
            "theme": it.theme, "unit": it.unit, "window_from": it.window.from, "window_to": it.window.to,
            "booked_at": it.booked_at, "state": it.state, "attempts": it.attempts.len(),
            "reached_at": it.reached_at, "reached_late": it.reached_late, "cancelled_at": it.cancelled_at,
        }))
    };
    Ok(Exported { rows: views_of_callbacks(conn, page, now)?.into_iter().map(row).collect(), next })
}

fn page_of_tickets(
    conn: &mut Conn,
    (from, to): (Instant, Instant),
    after: Option<Place>,
    rows: impl Fn(&mut Conn, TicketId) -> Result<Rows, AppError>,
) -> Result<Exported, AppError> {
    let page = export::tickets(conn, from, to, after, PAGE)?;
    let next = next(page.len(), page.last().copied());
    let mut exported = Exported { rows: vec![], next };
    for place in page {
        exported.rows.extend(rows(conn, TicketId::from_uuid(place.id))?);
    }
    Ok(exported)
}

fn ticket_rows(conn: &mut Conn, id: TicketId) -> Result<Rows, AppError> {
    let Some(t) = tickets::find(conn, id)? else { return Ok(vec![]) };
    Ok(vec![object(json!({
        "id": t.id, "number": t.number, "channel": t.channel, "source": t.source, "theme": t.theme, "kind": t.kind,
        "priority": t.priority, "level": t.level, "unit": t.unit, "state": t.state, "outcome": t.outcome,
        "opened_at": t.opened_at, "charged_at": t.charged_at, "first_response_at": t.first_response_at,
        "first_resolved_at": t.first_resolved_at, "final_resolved_at": t.final_resolved_at, "closed_at": t.closed_at,
        "reopened": t.reopened, "escalated_at": t.escalated_at, "person_id": t.person, "matter_id": t.matter,
        "tags": t.tags, "due_at": t.due_at, "updated_at": t.updated_at,
        "merged_into_id": t.merged_into,
    }))])
}

fn event_rows(conn: &mut Conn, id: TicketId) -> Result<Rows, AppError> {
    let views: Result<Vec<EventView>, AppError> =
        tickets::events(conn, id)?.into_iter().map(EventView::of).collect();
    let row = |view: EventView| {
        object(json!({
            "ticket_id": id, "seq": view.seq, "kind": view.kind, "at": view.at, "recorded_at": view.recorded_at,
            "hash": view.hash, "prev_hash": view.prev_hash, "data": view.data,
        }))
    };
    Ok(views?.into_iter().map(row).collect())
}

fn message_rows(conn: &mut Conn, id: TicketId) -> Result<Rows, AppError> {
    let row = |message: messages::Message| {
        object(json!({
            "id": message.id, "ticket_id": message.ticket, "kind": message.kind, "at": message.at,
            "channel": message.channel, "body": message.body, "delivery": message.delivery,
            "recipients": message.recipients, "external_id": message.external_id,
        }))
    };
    Ok(messages::of_ticket(conn, id)?.into_iter().map(row).collect())
}

fn page_of_persons(
    conn: &mut Conn,
    (from, to): (Instant, Instant),
    after: Option<Place>,
) -> Result<Exported, AppError> {
    let page = export::persons(conn, from, to, after, PAGE)?;
    let next =
        next(page.len(), page.last().map(|person| Place { at: person.created_at, id: person.id.uuid() }));
    let mut exported = Exported { rows: vec![], next };
    for person in page {
        let identities = persons::identities_of(conn, &[person.id])?;
        let identities: Vec<Value> = identities
            .iter()
            .map(|known| json!({ "type": known.identity.identity_type(), "value": known.identity.value(), "verified": known.verified }))
            .collect();
        exported.rows.push(object(json!({
            "id": person.id, "name": person.name, "merged_into": person.merged_into, "created_at": person.created_at,
            "anonymised_at": person.anonymised_at, "identities": identities,
        })));
    }
    Ok(exported)
}
