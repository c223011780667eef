//! The facts in one order, with what every measure asks of them: contacts, requests, tickets.
//!
//! **Invariant:** everything is sorted by (instant, source, external id), instants floored to the second, so that
//! the order in which facts were loaded changes no byte. Rules of what is a contact and a request: the
//! indicators' definitions, section 1. Start at [`View::new`].

use std::collections::{BTreeMap, HashMap, HashSet};

use filo_domain::{
    CityZone, Instant, InteractionId, Period, PersonId, TicketId,
    calendar::Calendar,
    callback::CallbackState,
    city::Costs,
    vocabulary::{CallOutcome, Channel, Direction, InteractionKind, NotActionable, Word},
};
use uuid::Uuid;

use crate::{
    definition::Rules,
    facts::{CallFact, CallbackFact, Facts, InteractionFact, ReturnFact, SeriesFact, TicketFact},
    figure::{Item, ItemKind},
};

mod merged;
mod tickets;

pub(crate) use merged::MERGED;
use merged::Merged;
pub(crate) use tickets::{Standing, TicketClock};

/// A contact that asks for something but belongs to no ticket (nor to a social thread) makes no request.
const NO_TICKET: &str = "no_ticket";
/// The row of what has a ticket but no theme, so that the rows add up.
pub(crate) const UNCLASSIFIED: &str = "unclassified";
/// The row of what nobody has registered.
pub(crate) const NOT_REGISTERED: &str = "not_registered";
/// A call without an end is over after a day, so no clock of a call runs longer.
const DAY_S: i64 = 86_400;

/// A half-open span of time, with what measures that look beyond it need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Its first instant.
    pub(crate) from: Instant,
    /// The first instant after it.
    pub(crate) to: Instant,
    /// The 1 January before, in the city's zone.
    pub(crate) year_from: Instant,
    /// The instant of the backlog: the end, or the present when that comes first.
    pub(crate) at: Instant,
    /// What it is the span of.
    pub(crate) period: Period,
    /// How many months of a year have begun by then.
    pub(crate) begun: i8,
}

impl Window {
    pub(crate) fn of(period: Period, zone: &CityZone, as_of: Instant) -> Self {
        let (from, to) = period.bounds(zone);
        let (year_from, _) = Period::Year(period.year()).bounds(zone);
        let has_begun = |month: &i8| {
            let month = Period::Month { year: period.year(), month: *month };
            month.bounds(zone).0 <= as_of
        };
        let begun = (1..=12).take_while(has_begun).last().unwrap_or(1);
        Self { from, to, year_from, at: to.min(as_of), period, begun }
    }
    /// A span of days, for what looks neither back to 1 January nor at the end's backlog.
    pub(crate) fn between(from: Instant, to: Instant, first: Period) -> Self {
        Self { from, to, year_from: from, at: to, period: first, begun: 1 }
    }
    /// The month, the months from January to it, or those of the year that have begun: the first at least.
    pub(crate) fn months(self) -> Vec<Period> {
        match self.period {
            Period::Month { year, month } if self.from == self.year_from => {
                (1..=month).map(|month| Period::Month { year, month }).collect()
            }
            Period::Month { .. } => vec![self.period],
            Period::Year(year) => (1..=self.begun).map(|month| Period::Month { year, month }).collect(),
        }
    }
    /// From 1 January to the end.
    pub(crate) fn year_to_date(self) -> Self {
        Self { from: self.year_from, ..self }
    }
    pub(crate) fn holds(&self, at: Instant) -> bool {
        self.from <= at.floor() && at.floor() < self.to
    }
}

/// A call's measures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) outcome: CallOutcome,
    pub(crate) wait_s: Option<i64>,
    pub(crate) talk_s: Option<i64>,
    answered_at: Option<Instant>,
}

/// An act of somebody outside.
#[derive(Clone, Debug)]
pub(crate) struct Contact<'a> {
    pub(crate) id: InteractionId,
    pub(crate) source: &'a str,
    external_id: &'a str,
    pub(crate) channel: Channel,
    pub(crate) kind: InteractionKind,
    pub(crate) at: Instant,
    pub(crate) recorded_at: Instant,
    /// The first queue of a call.
    pub(crate) queue: Option<&'a str>,
    pub(crate) person: Option<PersonId>,
    /// The ticket that it counts with: of a merged one, the ticket that speaks for it.
    pub(crate) ticket: Option<TicketId>,
    /// The ticket that it belongs to.
    own_ticket: Option<TicketId>,
    thread: Option<&'a str>,
    reason: Option<NotActionable>,
    /// What the caller chose before or instead of a queue.
    pub(crate) choice: Option<&'a str>,
    /// Whether live events and the log do not say the same of it.
    pub(crate) differs: bool,
    /// The call, when it entered a queue.
    pub(crate) call: Option<Call>,
}

impl<'a> Contact<'a> {
    fn of_call(fact: &'a CallFact, rules: &Rules, merged: &Merged) -> Self {
        let CallFact { outcome, wait_s, talk_s, answered_at, .. } = *fact;
        let short = wait_s.is_some_and(|wait| wait < rules.short_abandon_s);
        let reason = match outcome {
            CallOutcome::Unknown => Some(NotActionable::UnknownOutcome),
            CallOutcome::SelfServed => Some(NotActionable::SelfServed),
            CallOutcome::Abandoned if short => Some(NotActionable::ShortAbandon),
            _ => None,
        };
        Self {
            id: fact.id,
            source: &fact.source,
            external_id: &fact.external_id,
            channel: Channel::Phone,
            kind: InteractionKind::Call,
            at: fact.occurred_at.floor(),
            recorded_at: fact.recorded_at,
            queue: fact.queue.as_deref(),
            person: fact.person,
            ticket: fact.ticket.map(|ticket| merged.end_of(ticket)),
            own_ticket: fact.ticket,
            thread: None,
            reason,
            choice: fact.choice.as_deref(),
            differs: fact.differs,
            // The machine alone had it: it entered no queue.
            call: (outcome != CallOutcome::SelfServed).then_some(Call {
                outcome,
                wait_s,
                talk_s,
                answered_at,
            }),
        }
    }
    /// A phone contact that is neither a logged call nor served by the machine is a call whose end nobody knows.
    fn of_interaction(fact: &'a InteractionFact, merged: &Merged) -> Self {
        let unlogged =
            fact.channel == Channel::Phone && fact.not_actionable != Some(NotActionable::SelfServed);
        let call = Call { outcome: CallOutcome::Unknown, wait_s: None, talk_s: None, answered_at: None };
        Self {
            id: fact.id,
            source: &fact.source,
            external_id: &fact.external_id,
            channel: fact.channel,
            kind: fact.kind,
            at: fact.occurred_at.floor(),
            recorded_at: fact.recorded_at,
            queue: None,
            person: fact.person,
            ticket: fact.ticket.map(|ticket| merged.end_of(ticket)),
            own_ticket: fact.ticket,
            thread: fact.thread.as_deref(),
            reason: fact.not_actionable.or(unlogged.then_some(NotActionable::UnknownOutcome)),
            choice: None,
            differs: false,
            call: unlogged.then_some(call),
        }
    }
    pub(crate) fn item(&self) -> Item {
        Item::new(self.id.uuid(), ItemKind::Contact, self.channel, self.at)
    }
    pub(crate) fn is(&self, outcome: CallOutcome) -> bool {
        self.call.is_some_and(|call| call.outcome == outcome)
    }
    pub(crate) fn is_short(&self) -> bool {
        self.reason == Some(NotActionable::ShortAbandon)
    }
    pub(crate) fn is_reason(&self, reason: NotActionable) -> bool {
        self.reason == Some(reason)
    }
    pub(crate) fn is_actionable(&self) -> bool {
        self.reason.is_none()
    }
    /// When its wait ended and how long it was, of a call whose end is known.
    pub(crate) fn waited(&self) -> Option<(Instant, i64)> {
        let call = self.call?;
        let wait_s = call.wait_s.filter(|_| call.outcome != CallOutcome::Unknown)?;
        Some((call.answered_at.unwrap_or_else(|| self.at.plus_seconds(wait_s)), wait_s))
    }
    /// Why it makes no request of its own kind: it asks for nothing, or nobody can say under which ticket.
    fn exclusion(&self) -> Option<&'static str> {
        let homeless = self.call.is_none() && self.ticket.is_none() && self.channel != Channel::Social;
        self.reason.map(Word::word).or(homeless.then_some(NO_TICKET))
    }
    fn key(&self) -> (Instant, &'a str, &'a str) {
        (self.at, self.source, self.external_id)
    }
    /// What a social contact is handled as: its thread, else its ticket, else itself.
    fn conversation(&self) -> Conversation<'a> {
        self.conversation_under(self.ticket)
    }
    /// What it would be handled as without any merge.
    fn own_conversation(&self) -> Conversation<'a> {
        self.conversation_under(self.own_ticket)
    }
    fn conversation_under(&self, ticket: Option<TicketId>) -> Conversation<'a> {
        match (self.channel, self.thread, ticket) {
            (Channel::Social, Some(thread), _) => Conversation::Thread(self.source, thread),
            (_, _, Some(ticket)) => Conversation::Ticket(ticket),
            (_, _, None) => Conversation::Alone(self.id),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Conversation<'a> {
    Thread(&'a str, &'a str),
    Ticket(TicketId),
    Alone(InteractionId),
}

/// The unit of the response rate.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) at: Instant,
    pub(crate) ticket: Option<TicketId>,
    pub(crate) answered: bool,
    /// How long was talked, of a call.
    pub(crate) talk_s: Option<i64>,
}

impl Request {
    pub(crate) fn item(&self) -> Item {
        Item::new(self.id, ItemKind::Request, self.channel, self.at)
    }
}

/// A social thread in a window.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    /// Its first contact in the window.
    pub(crate) item: Item,
    /// Whether one of its contacts asks for something.
    pub(crate) actionable: bool,
    /// Whether it was answered at or after the first of those.
    pub(crate) handled: bool,
    /// Whether somebody took its ticket in charge.
    pub(crate) taken: bool,
}

/// The facts, sorted and linked.
pub(crate) struct View<'a> {
    pub(crate) contacts: Vec<Contact<'a>>,
    pub(crate) interactions: Vec<&'a InteractionFact>,
    pub(crate) tickets: Vec<&'a TicketFact>,
    pub(crate) requests: Vec<Request>,
    pub(crate) callbacks: Vec<&'a CallbackFact>,
    pub(crate) series: &'a [SeriesFact],
    pub(crate) costs: &'a Costs,
    pub(crate) calendar: &'a Calendar,
    /// The sources that are configured.
    pub(crate) sources: &'a BTreeMap<String, Channel>,
    pub(crate) after: Vec<&'a ReturnFact>,
    pub(crate) rules: &'a Rules,
    pub(crate) zone: &'a CityZone,
    pub(crate) merged: Merged<'a>,
    /// Contacts whose request another one makes since their tickets were merged.
    subsumed: HashSet<InteractionId>,
    by_id: HashMap<TicketId, &'a TicketFact>,
    thread_tickets: HashMap<Conversation<'a>, TicketId>,
    thread_replies: HashMap<Conversation<'a>, Vec<Instant>>,
    as_of: Instant,
}

impl<'a> View<'a> {
    pub(crate) fn new(facts: &'a Facts, rules: &'a Rules, zone: &'a CityZone, as_of: Instant) -> Self {
        let merged = Merged::of(facts);
        let mut view = Self {
            contacts: contacts(facts, rules, &merged),
            interactions: interactions(facts),
            tickets: sorted(facts.tickets.iter().filter(|ticket| ticket.merged_into.is_none())),
            requests: Vec::new(),
            callbacks: callbacks(facts),
            series: &facts.series,
            costs: &facts.costs,
            calendar: &facts.calendar,
            sources: &facts.sources,
            after: after(facts),
            rules,
            zone,
            merged,
            subsumed: HashSet::new(),
            by_id: facts.tickets.iter().map(|ticket| (ticket.id, ticket)).collect(),
            thread_tickets: HashMap::new(),
            thread_replies: HashMap::new(),
            as_of: as_of.floor(),
        };
        view.link_threads();
        (view.requests, view.subsumed) = view.count_requests();
        view
    }
    fn link_threads(&mut self) {
        for contact in &self.contacts {
            if let (Some(ticket), place @ Conversation::Thread(..)) = (contact.ticket, contact.conversation())
            {
                self.thread_tickets.entry(place).or_insert(ticket);
            }
        }
        for reply in &self.interactions {
            let ours = reply.direction == Direction::Outbound && reply.kind == InteractionKind::Reply;
            if let (true, Some(thread)) = (ours, reply.thread.as_deref()) {
                let place = Conversation::Thread(&reply.source, thread);
                self.thread_replies.entry(place).or_default().push(reply.occurred_at.floor());
            }
        }
    }
    /// The requests, and the contacts that would have made one of their own without a merge.
    fn count_requests(&self) -> (Vec<Request>, HashSet<InteractionId>) {
        let (mut seen, mut seen_alone) = (HashSet::new(), HashSet::new());
        let (mut requests, mut subsumed) = (Vec::new(), HashSet::new());
        for contact in self.contacts.iter().filter(|contact| contact.exclusion().is_none()) {
            let month = Period::month_of(self.zone.day(contact.at));
            let alone = contact.call.is_none() && seen_alone.insert((contact.own_conversation(), month));
            if contact.call.is_some() || seen.insert((contact.conversation(), month)) {
                requests.push(self.request(contact));
            } else if alone {
                subsumed.insert(contact.id);
            }
        }
        (requests, subsumed)
    }
    fn request(&self, first: &Contact<'a>) -> Request {
        let answered = match first.call {
            Some(call) => call.outcome == CallOutcome::Answered,
            None => self.is_answered(first),
        };
        let ticket = self.ticket_of(first);
        let id = ticket.filter(|_| first.call.is_none()).map_or(first.id.uuid(), TicketId::uuid);
        let talk_s = first.call.and_then(|call| call.talk_s);
        Request { id, channel: first.channel, at: first.at, ticket, answered, talk_s }
    }
    /// The ticket of a contact, or of its social thread.
    fn ticket_of(&self, contact: &Contact<'a>) -> Option<TicketId> {
        contact.ticket.or_else(|| self.thread_tickets.get(&contact.conversation()).copied())
    }
    /// Whether a human answered visibly at or after this contact, as known at `as_of`. Without a ticket only the
    /// replies in the thread itself can.
    fn is_answered(&self, first: &Contact<'a>) -> bool {
        let counts = |reply: &Instant| reply.floor() >= first.at && reply.floor() <= self.as_of;
        match self.ticket_of(first).and_then(|id| self.ticket(id)) {
            Some(ticket) => self.heard(ticket).any(|it| it.history.responses.iter().any(counts)),
            None => {
                let replies = self.thread_replies.get(&first.conversation());
                replies.is_some_and(|replies| replies.iter().any(counts))
            }
        }
    }
    /// A ticket and those for which it speaks: an answer given in one of them answers all their contacts.
    fn heard(&self, ticket: &'a TicketFact) -> impl Iterator<Item = &'a TicketFact> {
        std::iter::once(ticket).chain(self.merged.spoken_for_by(ticket.id))
    }
    /// The instant as at which everything is known.
    pub(crate) fn as_of(&self) -> Instant {
        self.as_of
    }
    pub(crate) fn ticket(&self, id: TicketId) -> Option<&'a TicketFact> {
        self.by_id.get(&id).copied()
    }
    /// The top-level theme under which something is registered, or the row of what has none.
    pub(crate) fn theme_of(&self, ticket: Option<TicketId>) -> &'a str {
        match ticket {
            Some(ticket) => self.ticket(ticket).and_then(TicketFact::top_theme).unwrap_or(UNCLASSIFIED),
            None => NOT_REGISTERED,
        }
    }
    /// A month's value of a series.
    pub(crate) fn series_of(&self, key: &str, month: Period) -> Option<&'a SeriesFact> {
        self.series.iter().find(|fact| fact.key == key && fact.month == month)
    }
    /// The contacts of a window.
    pub(crate) fn contacts_in(&self, window: Window) -> &[Contact<'a>] {
        let from = self.contacts.partition_point(|contact| contact.at < window.from);
        let to = self.contacts.partition_point(|contact| contact.at < window.to);
        self.contacts.get(from..to).unwrap_or_default()
    }
    /// The requests of a window.
    pub(crate) fn requests_in(&self, window: Window) -> &[Request] {
        let from = self.requests.partition_point(|request| request.at < window.from);
        let to = self.requests.partition_point(|request| request.at < window.to);
        self.requests.get(from..to).unwrap_or_default()
    }
    /// The tickets opened in a window.
    pub(crate) fn opened_in(&self, window: Window) -> &[&'a TicketFact] {
        let opened = |ticket: &TicketFact| ticket.history.opened_at.floor();
        let from = self.tickets.partition_point(|ticket| opened(ticket) < window.from);
        let to = self.tickets.partition_point(|ticket| opened(ticket) < window.to);
        self.tickets.get(from..to).unwrap_or_default()
    }
    /// The tickets opened in a window that are left out because they are merged, as exclusions.
    pub(crate) fn merged_in(
        &self,
        window: Window,
        which: impl Fn(&TicketFact) -> bool,
    ) -> impl Iterator<Item = Item> {
        let opened = self.merged.tickets().filter(move |ticket| window.holds(ticket.history.opened_at));
        opened.filter(move |ticket| which(ticket)).map(|ticket| ticket.item().excluded(MERGED))
    }
    /// What a measure finds of tickets in a window: of a merged one it is an exclusion.
    pub(crate) fn measured(
        &self,
        measure: impl Fn(&'a TicketFact) -> Option<Item>,
    ) -> impl Iterator<Item = Item> {
        let all = self.tickets.iter().copied().chain(self.merged.tickets());
        all.filter_map(move |ticket| {
            let item = measure(ticket)?;
            Some(if ticket.merged_into.is_some() { item.excluded(MERGED) } else { item })
        })
    }
    /// The calls of a window: those that entered a queue.
    pub(crate) fn calls_in(&self, window: Window) -> impl Iterator<Item = &Contact<'a>> {
        self.contacts_in(window).iter().filter(|contact| contact.call.is_some())
    }
    /// The waits that ended in a window, of all calls whose end is known; by stop, as every duration.
    pub(crate) fn waits(&self, window: Window) -> impl Iterator<Item = (&Contact<'a>, Item)> {
        let wider = Window { from: window.from.plus_seconds(-DAY_S), ..window };
        self.calls_in(wider).filter_map(move |contact| {
            let (stop, wait_s) = contact.waited()?;
            window.holds(stop).then(|| (contact, contact.item().lasting(wait_s)))
        })
    }
    /// The call-backs that are due in a window, each with how it stood.
    pub(crate) fn callbacks_in(
        &self,
        window: Window,
    ) -> impl Iterator<Item = (&'a CallbackFact, CallbackState)> {
        let due = self.callbacks.iter().filter(move |fact| window.holds(fact.promise.window.to));
        due.map(|fact| (*fact, fact.promise.state(self.as_of)))
    }
    /// What was left out of the requests: contacts that ask for nothing, or that nobody can place.
    pub(crate) fn excluded_in(&self, window: Window) -> impl Iterator<Item = (&Contact<'a>, Item)> {
        self.contacts_in(window).iter().filter_map(|contact| {
            let subsumed = || self.subsumed.contains(&contact.id).then_some(MERGED);
            contact.exclusion().or_else(subsumed).map(|why| (contact, contact.item().excluded(why)))
        })
    }
    /// The social threads with a contact in a window, in the order of their first one there.
    pub(crate) fn threads_in(&self, window: Window) -> Vec<Thread> {
        let mut places = HashMap::new();
        let mut threads: Vec<Thread> = Vec::new();
        for contact in self.contacts_in(window).iter().filter(|contact| contact.channel == Channel::Social) {
            let place = *places.entry(contact.conversation()).or_insert_with(|| {
                threads.push(self.thread(contact));
                threads.len() - 1
            });
            if let Some(thread) =
                threads.get_mut(place).filter(|thread| !thread.actionable && contact.is_actionable())
            {
                (thread.actionable, thread.handled) = (true, self.is_answered(contact));
            }
        }
        threads
    }
    fn thread(&self, first: &Contact<'a>) -> Thread {
        let ticket = self.ticket_of(first).and_then(|id| self.ticket(id));
        let taken =
            ticket.is_some_and(|ticket| self.heard(ticket).any(|heard| heard.history.charged_at.is_some()));
        Thread { item: first.item(), actionable: false, handled: false, taken }
    }
}

fn contacts<'a>(facts: &'a Facts, rules: &Rules, merged: &Merged) -> Vec<Contact<'a>> {
    let calls = facts.calls.iter().map(|call| Contact::of_call(call, rules, merged));
    let others = facts.interactions.iter().filter(|fact| fact.is_contact());
    let others = others.map(|fact| Contact::of_interaction(fact, merged));
    let mut contacts: Vec<Contact> = calls.chain(others).collect();
    contacts.sort_by(|a, b| a.key().cmp(&b.key()).then_with(|| a.id.cmp(&b.id)));
    contacts
}

fn callbacks(facts: &Facts) -> Vec<&CallbackFact> {
    let mut callbacks: Vec<&CallbackFact> = facts.callbacks.iter().collect();
    callbacks.sort_by_key(|fact| (fact.promise.window.to, fact.promise.booked_at, fact.id));
    callbacks
}

fn after(facts: &Facts) -> Vec<&ReturnFact> {
    let mut after: Vec<&ReturnFact> = facts.after.iter().collect();
    let key = |fact: &ReturnFact| (fact.occurred_at.floor(), fact.source.clone(), fact.external_id.clone());
    after.sort_by_cached_key(|fact| key(fact));
    after
}

fn interactions(facts: &Facts) -> Vec<&InteractionFact> {
    let key = |fact: &InteractionFact| (fact.occurred_at.floor(), fact.kind, fact.id);
    let mut interactions: Vec<&InteractionFact> = facts.interactions.iter().collect();
    interactions.sort_by(|a, b| {
        (a.occurred_at.floor(), &a.source, &a.external_id)
            .cmp(&(b.occurred_at.floor(), &b.source, &b.external_id))
            .then_with(|| key(a).cmp(&key(b)))
    });
    interactions
}

fn sorted<'a>(tickets: impl Iterator<Item = &'a TicketFact>) -> Vec<&'a TicketFact> {
    let mut tickets: Vec<&TicketFact> = tickets.collect();
    tickets.sort_by(|a, b| {
        (a.history.opened_at.floor(), &a.source, &a.number, a.id).cmp(&(
            b.history.opened_at.floor(),
            &b.source,
            &b.number,
            b.id,
        ))
    });
    tickets
}
