//! Loads the facts behind the figures as they were known at an instant.
//!
//! **Invariant:** what came later is left out here and nowhere else: contacts recorded after one limit, work done
//! to tickets after another. A restatement moves only the first limit, so only late data change its figures. A
//! contact that was split off later is what it was then: of its old ticket.

use std::collections::{BTreeMap, HashMap, HashSet};

use filo_domain::{
    CallbackId, Instant, InteractionId, Period, PersonId, TicketId,
    callback::Callback,
    city::Supplier,
    event::{Actor, Event, EventBody},
    ticket::Ticket,
    vocabulary::{CallOutcome, Channel, Direction},
};
use filo_indicators::{
    definition::Definitions,
    facts::{CallFact, CallbackFact, Facts, InteractionFact, ReturnFact, SeriesFact, TicketFact},
};
use filo_store::{
    Conn, callbacks,
    facts::{self, InteractionRow},
    moves::{self, ContactMove},
    persons, series, tickets,
};

use crate::{AppError, Core, tickets::fetch};

/// Up to when facts and work count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Contacts recorded later are late.
    pub(crate) recorded_until: Instant,
    /// Work done to tickets later does not count.
    pub(crate) worked_until: Instant,
}

impl Known {
    /// Everything known at an instant.
    pub(crate) fn at(now: Instant) -> Self {
        Self { recorded_until: now, worked_until: now }
    }
    /// Whether an event counts: work by its own limit; what the citizen's late contact did, by the contact's.
    fn counts(&self, event: &Event) -> bool {
        let intake = matches!(
            event.body,
            EventBody::Opened(_) | EventBody::ContactAdded { .. } | EventBody::Reopened { .. }
        );
        let by_itself = intake && !matches!(event.actor, Actor::User(_));
        event.recorded_at <= if by_itself { self.recorded_until } else { self.worked_until }
    }
}

/// Tickets whose logs are read at once.
const PAGE: usize = 500;

/// Loads the facts of `[from, to)`.
pub(crate) fn load(
    conn: &mut Conn,
    core: &Core,
    span: (Instant, Instant),
    known: Known,
) -> Result<Facts, AppError> {
    load_for(conn, core, &core.definitions, span, known)
}

/// The same for other definitions: which series they use, and how far they look.
pub(crate) fn load_for(
    conn: &mut Conn,
    core: &Core,
    definitions: &Definitions,
    (from, to): (Instant, Instant),
    known: Known,
) -> Result<Facts, AppError> {
    let merged = merges(conn, known.worked_until)?;
    let moved = moved_later(conn, known.worked_until)?;
    let rows = facts::interactions(conn, from, to)?;
    let mut loaded = Facts::default();
    for mut row in rows.into_iter().filter(|row| row.recorded_at <= known.recorded_until) {
        if let Some(before) = moved.get(&row.id) {
            row.ticket = before.linked_at.map(|at| (before.from, at));
        }
        add(&mut loaded, row, &merged, known);
    }
    loaded.sources =
        core.city.sources.iter().filter_map(|source| Some((source.key.clone(), source.channel?))).collect();
    loaded.costs = core.city.costs.clone();
    loaded.callbacks = callbacks_of(conn, (from, to), known.worked_until)?;
    loaded.calendar = core.city.calendar.clone();
    loaded.series = series_of(conn, core, definitions, (from, to), known.recorded_until)?;
    loaded.after = acts_after(conn, definitions.longest_return_days(), to, &merged, known)?;
    let ids = facts::tickets(conn, from, to)?;
    for page in ids.chunks(PAGE) {
        add_tickets(conn, &mut loaded, page, &merged, known)?;
    }
    Ok(loaded)
}

/// The contacts of `[from, to)` as they are stored now, by themselves: neither their tickets nor who merged into whom.
pub(crate) fn contacts_alone(conn: &mut Conn, (from, to): (Instant, Instant)) -> Result<Facts, AppError> {
    let (merged, known) = (Merges::new(), Known::at(Instant::from_micros(i64::MAX)));
    let mut loaded = Facts::default();
    for row in facts::interactions(conn, from, to)? {
        add(&mut loaded, row, &merged, known);
    }
    Ok(loaded)
}

/// What identified persons did shortly after a span: who gave up at its end may come back only then. Of a closed month,
/// what happened until it was closed.
fn acts_after(
    conn: &mut Conn,
    reach_days: i64,
    from: Instant,
    merged: &Merges,
    known: Known,
) -> Result<Vec<ReturnFact>, AppError> {
    let reach_s = reach_days.saturating_mul(86_400);
    // The last second of the window counts.
    let to = from.plus_seconds(reach_s.saturating_add(1));
    let counts = |row: &InteractionRow| {
        row.recorded_at <= known.recorded_until
            && row.occurred_at <= known.worked_until
            && row.direction == Direction::Inbound
            && row.kind.is_contact()
    };
    let rows = facts::interactions(conn, from, to)?.into_iter().filter(counts);
    Ok(rows.filter_map(|row| return_fact(row, merged, known)).collect())
}

/// What somebody known did; `None` of a number that was withheld, or of an unknown writer.
fn return_fact(row: InteractionRow, merged: &Merges, known: Known) -> Option<ReturnFact> {
    let mut one = Facts::default();
    add(&mut one, row, merged, known);
    let call = one.calls.pop().and_then(|call| {
        let CallFact { source, external_id, occurred_at, person, outcome, .. } = call;
        let answered = outcome == CallOutcome::Answered;
        Some(ReturnFact {
            source,
            external_id,
            occurred_at,
            person: person?,
            channel: Channel::Phone,
            answered,
        })
    });
    call.or_else(|| {
        let InteractionFact { source, external_id, occurred_at, person, channel, .. } =
            one.interactions.pop()?;
        Some(ReturnFact { source, external_id, occurred_at, person: person?, channel, answered: false })
    })
}

/// What contacts that were split off after an instant belonged to at that instant.
fn moved_later(conn: &mut Conn, at: Instant) -> Result<HashMap<InteractionId, ContactMove>, AppError> {
    // The latest comes first: of a contact that moved more than once the first move after the instant stays.
    Ok(moves::after(conn, at)?.into_iter().map(|moved| (moved.interaction, moved)).collect())
}

/// The call-backs whose window ends in `[from, to)`, as far as their steps had gone by an instant. A window that has
/// ended moves no more, so those of a closed month are the same ones ever after.
fn callbacks_of(
    conn: &mut Conn,
    (from, to): (Instant, Instant),
    until: Instant,
) -> Result<Vec<CallbackFact>, AppError> {
    let mut filter = callbacks::Filter { from: Some(from), to: Some(to), ..callbacks::Filter::default() };
    let mut loaded = Vec::new();
    loop {
        let page = callbacks::list(conn, &filter, fetch(PAGE))?;
        let Some(last) = page.last() else { return Ok(loaded) };
        filter.after = Some((last.window.to, last.id));
        let ids: Vec<CallbackId> = page.iter().map(|row| row.id).collect();
        let steps = callbacks::steps_of(conn, &ids)?;
        for log in steps.chunk_by(|a, b| a.callback == b.callback) {
            let known = log.iter().filter(|step| step.at <= until).map(|step| (step.at, &step.step));
            let id = log.first().map(|step| step.callback);
            loaded.extend(id.zip(Callback::fold(known)).map(|(id, promise)| CallbackFact { id, promise }));
        }
    }
}

/// The values of the series that definitions use, and what suppliers cost, each as last corrected by then.
fn series_of(
    conn: &mut Conn,
    core: &Core,
    definitions: &Definitions,
    (from, to): (Instant, Instant),
    until: Instant,
) -> Result<Vec<SeriesFact>, AppError> {
    let costs: Vec<String> = core.city.costs.suppliers.iter().map(Supplier::series_key).collect();
    let keys: Vec<&str> = definitions.series().into_iter().chain(costs.iter().map(String::as_str)).collect();
    if keys.is_empty() {
        return Ok(vec![]);
    }
    let mut latest = BTreeMap::new();
    for value in series::known(conn, &keys, until)? {
        latest.insert((value.key.clone(), value.month.clone()), value);
    }
    let facts = latest.into_values().map(|value| series_fact(core, value)).collect::<Result<Vec<_>, _>>()?;
    Ok(facts.into_iter().filter(|fact| from <= fact.at && fact.at < to).collect())
}

fn series_fact(core: &Core, value: series::Stored) -> Result<SeriesFact, AppError> {
    let month = Period::parse_month(&value.month);
    let month = month.map_err(|error| AppError::internal("a stored month cannot be read", error))?;
    let volume = u64::try_from(value.value);
    let volume = volume.map_err(|error| AppError::internal("a stored volume is negative", error))?;
    let (at, _) = month.bounds(&core.city.zone);
    let series::Stored { key, source, note, revision, .. } = value;
    Ok(SeriesFact { key, month, at, value: volume, source, note, revision })
}

/// Who each merged person is.
type Merges = HashMap<PersonId, PersonId>;

fn merges(conn: &mut Conn, at: Instant) -> Result<Merges, AppError> {
    Ok(persons::merges_at(conn, at)?.into_iter().map(|entry| (entry.from, entry.into)).collect())
}

fn current(merged: &Merges, person: PersonId) -> PersonId {
    // Merges point one way; what was seen guards against a ledger changed by hand.
    let (mut person, mut seen) = (person, HashSet::new());
    while let Some(next) = merged.get(&person).filter(|_| seen.insert(person)) {
        person = *next;
    }
    person
}

fn add(loaded: &mut Facts, row: InteractionRow, merged: &Merges, known: Known) {
    let person = row.person.map(|person| current(merged, person));
    let by_itself = |at: Instant| at <= known.worked_until || at <= row.recorded_at;
    let ticket = row.ticket.filter(|(_, at)| by_itself(*at)).map(|(ticket, _)| ticket);
    // Who called without showing a number was said when the call was registered: it is known from then on.
    let withheld = row.call.as_ref().is_some_and(|call| !call.caller_known);
    let person = person.filter(|_| !withheld || ticket.is_some());
    match row.call {
        Some(call) => loaded.calls.push(CallFact {
            id: row.id,
            source: row.source,
            // By its own first entry, not by the leg that was seen first: the order of files changes no fact.
            external_id: format!("{}@{}", call.call_id, row.occurred_at.seconds()),
            queue: call.queue,
            occurred_at: row.occurred_at,
            recorded_at: row.recorded_at,
            outcome: call.outcome,
            wait_s: call.wait_s,
            talk_s: call.talk_s,
            answered_at: call.answered_at,
            choice: call.choice,
            differs: call.differs,
            person,
            ticket,
        }),
        None => loaded.interactions.push(InteractionFact {
            id: row.id,
            source: row.source,
            channel: row.channel,
            kind: row.kind,
            direction: row.direction,
            // What began here is known by no other id than ours, which says nothing elsewhere.
            external_id: if row.external_id == row.id.to_string() { String::new() } else { row.external_id },
            occurred_at: row.occurred_at,
            recorded_at: row.recorded_at,
            person,
            ticket,
            thread: row.thread,
            not_actionable: row.not_actionable,
        }),
    }
}

fn add_tickets(
    conn: &mut Conn,
    loaded: &mut Facts,
    ids: &[TicketId],
    merged: &Merges,
    known: Known,
) -> Result<(), AppError> {
    let (log, districts) = (tickets::events_of(conn, ids)?, tickets::districts(conn, ids)?);
    for log in log.chunk_by(|a, b| a.ticket == b.ticket) {
        let counted: Vec<&Event> = log.iter().filter(|event| known.counts(event)).collect();
        // A ticket opened by hand after the limit: not known then.
        if !counted.first().is_some_and(|event| matches!(event.body, EventBody::Opened(_))) {
            continue;
        }
        let ticket = Ticket::fold(counted)
            .map_err(|error| AppError::internal("a ticket's log does not fold", error))?;
        let municipio = districts.get(&ticket.id).copied();
        loaded.tickets.push(TicketFact { municipio, ..fact(ticket, merged) });
    }
    Ok(())
}

/// A ticket by itself, whatever became of its person and wherever it is about.
pub(crate) fn unmerged(ticket: Ticket) -> TicketFact {
    fact(ticket, &Merges::new())
}

fn fact(ticket: Ticket, merged: &Merges) -> TicketFact {
    TicketFact {
        id: ticket.id,
        number: ticket.opening.number.clone(),
        channel: ticket.opening.channel,
        source: ticket.opening.source.clone(),
        theme: ticket.theme,
        kind: ticket.kind,
        municipio: None,
        person: ticket.opening.person.map(|person| current(merged, person)),
        matter: ticket.matter,
        merged_into: ticket.merged.map(|merge| merge.into),
        tags: ticket.tags,
        history: ticket.history,
        flags: ticket.opening.flags,
    }
}
