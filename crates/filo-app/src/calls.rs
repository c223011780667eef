//! The call log: live events from the phone system, and registering a call.

use std::collections::BTreeMap;

use filo_domain::{
    Instant, InteractionId, TicketId,
    event::EventBody,
    identity::Identity,
    legs::{LegEvent, LegStep, normal_choice},
    vocabulary::{CallOutcome, Channel, IdentityType, Kind, Level, Outcome},
};
use filo_store::{
    Conn,
    calls::{self, StoredCall},
    intake::take_turn,
    interactions::{self, Interaction},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    App, AppError, CallView, Caller, Core, Page, Permission, TicketView, callers, duplicates, fields, ivr,
    legs,
    persons::parse_identities,
    resolutions, screen_pop,
    tickets::{Requester, check_theme, check_unit, fetch, finish, free_contact, limit, visible},
    views::{cursor, read_cursor},
    work::{Start, Subject, Work},
};

/// How a call is registered: a new ticket, resolved at once or escalated, or an existing one joined.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterCall {
    /// The theme key.
    pub theme: Option<String>,
    /// What the citizen asks for.
    pub kind: Option<Kind>,
    /// The subject.
    pub subject: Option<String>,
    /// Resolved at level I at once, in this way.
    pub outcome: Option<Outcome>,
    /// Escalated to this unit.
    pub unit: Option<String>,
    /// The city's reason for the resolution.
    pub reason: Option<String>,
    /// Custom fields of the theme.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
    /// Internal note.
    pub note: Option<String>,
    /// The ticket to join.
    pub ticket_id: Option<TicketId>,
    /// Who called, where the number does not say it: from a withheld or somebody else's number.
    #[serde(default)]
    pub requester: Requester,
}

/// What the phone system reports while a call goes on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveCallEvent {
    /// The configured source.
    pub source: String,
    /// The phone system's id of the call.
    pub call_id: String,
    /// `ivr`, `self_served`, `offered`, `queued`, `answered`, `ended` or `abandoned`.
    pub event: String,
    /// When.
    pub at: Instant,
    /// The caller's number.
    pub caller: Option<String>,
    /// The queue.
    pub queue: Option<String>,
    /// Who answered; kept for the audit trail alone.
    pub agent: Option<String>,
    /// What the caller chose before or instead of a queue, such as `2-1`: needed with `ivr`, may come with
    /// `self_served`, `offered` and `queued`.
    pub ivr: Option<String>,
}

impl LiveCallEvent {
    /// What it says of legs: of the one it names, and of what was chosen before.
    fn leg_events(&self) -> Result<Vec<LegEvent>, AppError> {
        let choice = match self.ivr.as_deref().map(normal_choice) {
            Some(None) => {
                let detail = "must be a place in a menu such as 2-1: 1 to 32 letters, digits or * # . _ / -";
                return Err(AppError::invalid("/ivr", detail));
            }
            other => other.flatten(),
        };
        let main = self.leg_event(choice.clone())?;
        let chosen = choice.filter(|_| matches!(main.step, LegStep::Entered { .. })).map(|choice| {
            let step = LegStep::Chose { choice: Some(choice), caller: None, over: false };
            LegEvent { step, ..main.clone() }
        });
        Ok(std::iter::once(main).chain(chosen).collect())
    }

    fn leg_event(&self, choice: Option<String>) -> Result<LegEvent, AppError> {
        let caller = self.caller.as_deref().and_then(filo_domain::legs::normal_caller);
        let step = match self.event.as_str() {
            "offered" | "queued" => LegStep::Entered { caller },
            "ivr" if choice.is_none() => {
                return Err(AppError::invalid("/ivr", "say what was chosen"));
            }
            "ivr" => LegStep::Chose { choice, caller, over: false },
            "self_served" => LegStep::Chose { choice, caller, over: true },
            _ if choice.is_some() && !matches!(self.event.as_str(), "offered" | "queued") => {
                return Err(AppError::invalid("/ivr", "goes with ivr, self_served, offered or queued"));
            }
            "answered" => LegStep::Connected { wait_s: None, agent: self.agent.clone() },
            // Ends an answered leg; one that nobody answered stays unknown until the log tells how it ended.
            "ended" => LegStep::Left { outcome: CallOutcome::Unknown, wait_s: None },
            "abandoned" => LegStep::Left { outcome: CallOutcome::Abandoned, wait_s: None },
            _ => {
                return Err(AppError::invalid(
                    "/event",
                    "must be ivr, self_served, offered, queued, answered, ended or abandoned",
                ));
            }
        };
        let queue = self.queue.clone().unwrap_or_default();
        Ok(LegEvent { call_id: self.call_id.clone(), queue, at: self.at, step })
    }
}

impl App {
    /// The call log, newest first.
    ///
    /// # Errors
    /// Wrong cursor, or the store's own.
    pub async fn list_calls(
        &self,
        caller: &Caller,
        span: (Option<Instant>, Option<Instant>),
        asked: Option<usize>,
        after: Option<String>,
    ) -> Result<Page<CallView>, AppError> {
        caller.must(Permission::ReadContacts)?;
        let limit = limit(asked)?;
        let after: Option<(Instant, InteractionId)> = after.as_deref().map(read_cursor).transpose()?;
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let rows = calls::list(conn, span.0, span.1, after, fetch(limit))?;
                let page = Page::cut(rows, limit, |row| cursor(row.entered_at, row.id));
                let ids: Vec<InteractionId> = page.items.iter().map(|call| call.id).collect();
                let beside = interactions::find_all(conn, &ids)?;
                let of = |call: StoredCall| {
                    let interaction = beside.iter().find(|it| it.id == call.id);
                    CallView::of(&core.city, call, interaction)
                };
                Ok(page.map(of))
            })
            .await
    }

    /// Takes a live event, in any order and more than once; gives the call and whether anything was new. `None`
    /// for the end of a call whose start has not come yet: it waits for it.
    ///
    /// # Errors
    /// An unknown source or event, or the store's own.
    pub async fn live_call_event(
        &self,
        caller: &Caller,
        event: LiveCallEvent,
        now: Instant,
    ) -> Result<(Option<CallView>, bool), AppError> {
        caller.must(Permission::PushCalls)?;
        let source = self.core.city.source(&event.source);
        if source.is_none_or(|source| source.channel != Some(Channel::Phone)) {
            return Err(AppError::invalid("/source", format!("there is no phone source {:?}", event.source)));
        }
        if event.call_id.is_empty() || event.call_id.len() > 128 {
            return Err(AppError::invalid("/call_id", "must have 1 to 128 characters"));
        }
        if event.at > now.plus_seconds(60) {
            return Err(AppError::invalid("/at", "must not lie in the future"));
        }
        let leg_events = event.leg_events()?;
        let core = self.core.clone();
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                let (mut call, mut told, mut any_new) = (None, false, false);
                for leg_event in leg_events {
                    let entered = matches!(leg_event.step, LegStep::Entered { .. });
                    match legs::put_live(conn, &core, &event.source, &leg_event, now)? {
                        Some((id, new)) => {
                            told |= new && entered;
                            any_new |= new;
                            call = Some(id);
                        }
                        None => any_new |= legs::keep_live(conn, &event.source, leg_event, now)?,
                    }
                }
                let Some(id) = call else { return Ok((None, any_new)) };
                if told && event.event == "offered" {
                    screen_pop::tell(conn, id, &event)?;
                }
                Ok((call_view(conn, &core, id)?, any_new))
            })
            .await
    }

    /// Registers a call: opens its ticket, or joins one.
    ///
    /// # Errors
    /// A call registered before, an unknown theme or unit, not found.
    pub async fn register_call(
        &self,
        caller: &Caller,
        id: InteractionId,
        request: RegisterCall,
        now: Instant,
    ) -> Result<TicketView, AppError> {
        caller.must(Permission::WorkTickets)?;
        check_theme(&self.core, request.theme.as_deref())?;
        if request.reason.is_some() && request.outcome.is_none() {
            return Err(AppError::invalid("/reason", "goes with an outcome"));
        }
        if request.ticket_id.is_some() && !request.fields.is_empty() {
            return Err(AppError::invalid("/fields", "belong to a new ticket: PATCH the one that is joined"));
        }
        if request.outcome.is_some() && request.unit.is_some() {
            return Err(AppError::invalid(
                "/unit",
                "a call is either resolved at once or escalated, not both",
            ));
        }
        let identities = parse_identities("/requester/identities", &request.requester.identities)?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db.write(move |conn| register(conn, &core, &caller, id, (request, identities), now)).await
    }
}

pub(crate) fn call_view(
    conn: &mut Conn,
    core: &Core,
    id: InteractionId,
) -> Result<Option<CallView>, AppError> {
    let interaction = interactions::find(conn, id)?;
    Ok(calls::find(conn, id)?.map(|call| CallView::of(&core.city, call, interaction.as_ref())))
}

fn register(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    id: InteractionId,
    (request, identities): (RegisterCall, Vec<Identity>),
    now: Instant,
) -> Result<TicketView, AppError> {
    take_turn(conn)?;
    let call = calls::find(conn, id)?.ok_or(AppError::NotFound("call"))?;
    let mut contact = free_contact(conn, id)?;
    let number = call.caller.as_deref().and_then(|caller| Identity::parse(IdentityType::Phone, caller).ok());
    contact.person_id = callers::identify(conn, caller, &contact, number, &identities, &request, now)?;
    let mut work = match request.ticket_id {
        Some(ticket) => joined(conn, core, caller, &contact, ticket, now)?,
        None => opened(conn, core, caller, &contact, &request, now)?,
    };
    interactions::link(conn, id, work.ticket.id, now)?;
    answered_live(conn, &contact, &mut work, caller)?;
    if let Some(note) = request.note.clone().filter(|_| request.outcome.is_none() && request.unit.is_none()) {
        crate::tickets::note(conn, caller, &mut work, note, now)?;
    }
    if let Some(outcome) = request.outcome {
        work.check(filo_domain::ticket::Step::Resolve)?;
        work.push(conn, now, caller.actor(), EventBody::TakenInCharge { user: caller.user() })?;
        let note = work.reason(conn, caller.user(), request.note)?;
        let reason = resolutions::check(&core.city, &work.ticket, outcome, request.reason)?;
        work.push(conn, now, caller.actor(), EventBody::Resolved { outcome, note, reason })?;
    } else if let Some(unit) = request.unit {
        work.check(filo_domain::ticket::Step::Escalate)?;
        let unit = check_unit(core, &unit, Some(Level::II), now)?;
        let note = work.reason(conn, caller.user(), request.note)?;
        work.push(conn, now, caller.actor(), EventBody::Escalated { unit, note })?;
    }
    let registered = finish(conn, core, work, now)?;
    if request.ticket_id.is_some() {
        return Ok(TicketView { possible_duplicates: Some(vec![]), ..registered });
    }
    duplicates::with_hints(conn, core, caller, registered)
}

fn joined(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    contact: &Interaction,
    ticket: TicketId,
    now: Instant,
) -> Result<Work, AppError> {
    use filo_domain::ticket::Continuation;
    visible(conn, caller, ticket)?;
    let mut work = Work::load_end(conn, ticket, now)?;
    visible(conn, caller, work.ticket.id)?;
    let actionable = contact.not_actionable.is_none();
    let joined = EventBody::ContactAdded { interaction: contact.id, actionable };
    let at = contact.occurred_at;
    match work.ticket.continuation(at, actionable, core.city.profile.reopen_days) {
        Continuation::TooLate => {
            return Err(AppError::conflict(
                "ticket-too-old",
                "this ticket ended too long before the call: register the call under a new one",
            ));
        }
        Continuation::Added => work.push(conn, at, caller.actor(), joined)?,
        Continuation::Resumed => {
            work.push(conn, at, caller.actor(), joined)?;
            work.push(conn, at, caller.actor(), EventBody::Resumed)?;
        }
        Continuation::Reopened => {
            work.push(conn, at, caller.actor(), joined)?;
            work.push(conn, at, caller.actor(), EventBody::Reopened { reason: None })?;
        }
    }
    Ok(work)
}

fn opened(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    contact: &Interaction,
    request: &RegisterCall,
    now: Instant,
) -> Result<Work, AppError> {
    let city = &core.city;
    let Some(kind) = request.kind else {
        return Err(AppError::invalid("/kind", "give what the citizen asks for, or a ticket_id to join"));
    };
    let text = request.subject.clone().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(AppError::invalid("/subject", "give a subject, or a ticket_id to join"));
    }
    let queue = calls::legs_of_calls(conn, &[contact.id])?.into_iter().next().map(|leg| leg.leg.queue);
    let choice = calls::find(conn, contact.id)?.and_then(|call| call.choice);
    let suggested = ivr::suggested_theme(city, &contact.source, choice.as_deref(), queue.as_deref());
    let theme = request.theme.as_deref().or(suggested);
    let start = Start {
        channel: Channel::Phone,
        source: &contact.source,
        interaction: Some(contact.id),
        person: contact.person_id,
        theme,
        kind: Some(kind),
        priority: None,
        tags: vec![],
        municipio: None,
        words: &text,
        follows: None,
        flags: vec![],
        at: contact.occurred_at,
    };
    let opening = start.opening(city);
    let words = format!("{text}\n{}", request.note.as_deref().unwrap_or_default());
    let subject = Subject { text, location: None, municipio: None, words };
    let mut work = Work::open(conn, city, opening, subject, contact.occurred_at, now, caller.actor())?;
    fields::set_at_opening(conn, core, &mut work, &request.fields, caller.actor(), now)?;
    Ok(work)
}

/// The live answer of a registered call is its first response, at the instant it was given.
pub(crate) fn answered_live(
    conn: &mut Conn,
    contact: &Interaction,
    work: &mut Work,
    caller: &Caller,
) -> Result<(), AppError> {
    let answered = calls::find(conn, contact.id)?.and_then(|call| call.answered_at);
    match answered {
        Some(at) => work.push(conn, at, caller.actor(), EventBody::LiveAnswered { interaction: contact.id }),
        None => Ok(()),
    }
}
