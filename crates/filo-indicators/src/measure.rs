//! From a definition to its figure: the same populations and clocks that the report prints.
//!
//! Start at [`measured`].

use std::collections::HashSet;

use filo_domain::{
    CityZone, Instant, Period,
    vocabulary::{CallOutcome, Channel, State},
};

use crate::{
    definition::{
        Anchor, Clock, Condition, Definitions, Distinct, DurationStatistic, Measure, MeasureCalendar, Of,
        Pauses, Population, WhichRound,
    },
    facts::{Facts, TicketFact},
    figure::{Figure, Item, ItemKind, Part, Statistic},
    report::{channels, phone},
    series,
    view::{Contact, TicketClock, View, Window},
};

/// The figure of an indicator in a month or year, without its items; `None` when no such indicator is defined.
/// `facts` cover the period's [`crate::report::span`].
pub fn measured(
    facts: &Facts,
    definitions: &Definitions,
    key: &str,
    period: Period,
    zone: &CityZone,
    as_of: Instant,
) -> Option<Figure> {
    let set = definitions.set(period);
    let indicator = set.indicator(key)?;
    let view = View::new(facts, &set.report, zone, as_of);
    Some(indicator.measure.figure(&view, Window::of(period, zone, as_of), false))
}

impl Measure {
    /// Evaluates the measure; the items are kept only if `keep`.
    pub(crate) fn figure(&self, view: &View, window: Window, keep: bool) -> Figure {
        match self {
            Self::Duration { statistic, within_s, .. } => {
                let items = self.durations(view, window);
                let items = items.into_iter().map(|item| match within_s {
                    Some(_) if item.counted_in == Part::Excluded => item,
                    Some(limit) => item.counted_if(item.seconds.is_some_and(|seconds| seconds <= *limit)),
                    None => item,
                });
                Figure::of(statistic.of_items(), items, keep)
            }
            Self::Ratio { population, counted } => {
                Figure::of(Statistic::Share, population.members(view, window, Some(*counted)), keep)
            }
            Self::Count { population, counted } => {
                Figure::of(Statistic::Count, population.members(view, window, *counted), keep)
            }
            Self::CountDistinct { population, counted, by } => {
                let items = population.distinct(view, window, *counted, *by);
                Figure::of(Statistic::Count, items.into_iter(), keep)
            }
            Self::Repeat { more_than, same_theme } => {
                let callers = phone::callers(view, window.year_to_date());
                let often = |caller: &phone::Caller| match same_theme {
                    true => caller.more_than_on_one_theme(*more_than),
                    false => caller.more_than(*more_than),
                };
                Figure::of(Statistic::Share, phone::persons(&callers, often), keep)
            }
            Self::Quotient { above, below, per } => {
                series::quotient(view, window, (above, below), *per, keep)
            }
        }
    }
    /// The durations of a `duration` measure; of any other none.
    fn durations(&self, view: &View, window: Window) -> Vec<Item> {
        let Self::Duration { population, clock, pauses, round, anchor, calendar, .. } = self else {
            return Vec::new();
        };
        let Some(clock) = ticket_clock(*clock, *pauses, *round) else {
            return queue_waits(view, window, population, *anchor);
        };
        let timed = |ticket: &TicketFact| {
            let elapsed = match anchor {
                Anchor::Stop => ticket.stopped(clock, window)?,
                Anchor::Start => ticket.started(clock, window)?,
            };
            Some(match calendar {
                MeasureCalendar::Elapsed => elapsed,
                MeasureCalendar::OpeningHours => {
                    elapsed.lasting(ticket.open_s(clock, view.zone, view.calendar)?)
                }
            })
        };
        view.measured(|ticket| timed(ticket).filter(|_| population.admits_ticket(ticket))).collect()
    }
}

/// The clock of tickets; `None` for the queue's.
fn ticket_clock(clock: Clock, pauses: Pauses, round: WhichRound) -> Option<TicketClock> {
    match (clock, round, pauses) {
        (Clock::QueueWait, _, _) => None,
        (Clock::OpenedToFirstResponse, _, _) => Some(TicketClock::FirstResponse),
        (Clock::OpenedToResolved, WhichRound::First, Pauses::Counted) => Some(TicketClock::Resolved),
        (Clock::OpenedToResolved, WhichRound::First, Pauses::LeftOut) => Some(TicketClock::ResolvedNet),
        (Clock::OpenedToResolved, WhichRound::Final, _) => Some(TicketClock::ResolvedFinally),
        (Clock::OpenedToClosed | Clock::ReceivedToClosed, _, _) => Some(TicketClock::OpenedToClosed),
        (Clock::ChargeToClosed, _, _) => Some(TicketClock::ChargeToClosed),
    }
}

fn queue_waits(view: &View, window: Window, population: &Population, anchor: Anchor) -> Vec<Item> {
    let admits = |contact: &Contact| population.admits_contact(view, contact);
    match anchor {
        Anchor::Stop => {
            let answered = view.waits(window).filter(|(contact, _)| contact.is(CallOutcome::Answered));
            answered.filter(|(contact, _)| admits(contact)).map(|(_, item)| item).collect()
        }
        Anchor::Start => {
            let answered =
                view.calls_in(window).filter(|call| call.is(CallOutcome::Answered) && admits(call));
            answered.filter_map(|contact| Some(contact.item().lasting(contact.call?.wait_s?))).collect()
        }
    }
}

impl DurationStatistic {
    fn of_items(self) -> Statistic {
        match self {
            Self::Mean => Statistic::Mean,
            Self::Median => Statistic::Median,
            Self::P90 => Statistic::P90,
            Self::Max => Statistic::Max,
            Self::ShareWithin => Statistic::Share,
        }
    }
}

impl Population {
    fn admits_channel(&self, channel: Channel) -> bool {
        self.channel.is_empty() || self.channel.contains(&channel)
    }
    /// Whether what it asks of tickets holds; without a ticket only if it asks nothing.
    fn admits_matter(&self, ticket: Option<&TicketFact>) -> bool {
        let Some(ticket) = ticket else {
            return self.kind.is_empty()
                && self.theme.is_empty()
                && self.unit.is_empty()
                && self.level.is_empty()
                && self.municipio.is_empty()
                && self.tag.is_empty();
        };
        let theme = |wanted: &String| {
            ticket.theme.as_deref() == Some(wanted) || ticket.top_theme() == Some(wanted.as_str())
        };
        let unit = |wanted: &String| ticket.history.unit.as_ref() == Some(wanted);
        (self.kind.is_empty() || self.kind.contains(&ticket.kind))
            && (self.theme.is_empty() || self.theme.iter().any(theme))
            && (self.unit.is_empty() || self.unit.iter().any(unit))
            && (self.level.is_empty() || self.level.contains(&ticket.level()))
            && (self.municipio.is_empty() || ticket.municipio.is_some_and(|it| self.municipio.contains(&it)))
            && (self.tag.is_empty() || self.tag.iter().any(|tag| ticket.tags.contains(tag)))
    }
    fn admits_ticket(&self, ticket: &TicketFact) -> bool {
        self.admits_channel(ticket.channel) && self.admits_matter(Some(ticket))
    }
    fn admits_contact(&self, view: &View, contact: &Contact) -> bool {
        let ticket = || contact.ticket.and_then(|id| view.ticket(id));
        self.admits_channel(contact.channel) && self.admits_matter(ticket())
    }
    /// The members in a window, above the line when they satisfy the condition; of requests also what was left
    /// out of them.
    pub(crate) fn members<'v>(
        &'v self,
        view: &'v View,
        window: Window,
        counted: Option<Condition>,
    ) -> Box<dyn Iterator<Item = Item> + 'v> {
        match self.of {
            Of::Contacts => {
                let contacts = view.contacts_in(window).iter();
                let contacts = contacts.filter(move |contact| self.admits_contact(view, contact));
                Box::new(contacts.map(move |contact| {
                    contact.item().counted_if(counted.is_none() || contact.ticket.is_some())
                }))
            }
            Of::Requests => {
                let requests = view.requests_in(window).iter().filter(move |request| {
                    self.admits_channel(request.channel)
                        && self.admits_matter(request.ticket.and_then(|id| view.ticket(id)))
                });
                let requests = requests
                    .map(move |request| request.item().counted_if(counted.is_none() || request.answered));
                let left_out = view.excluded_in(window);
                let left_out = left_out.filter(move |(contact, _)| self.admits_contact(view, contact));
                Box::new(requests.chain(left_out.map(|(_, item)| item)))
            }
            Of::Tickets => {
                let opened = view.opened_in(window).iter().filter(move |ticket| self.admits_ticket(ticket));
                let merged = view.merged_in(window, move |ticket| self.admits_ticket(ticket));
                let opened = opened.map(move |ticket| ticket.item().counted_if(ticket.satisfies(counted)));
                Box::new(opened.chain(merged))
            }
        }
    }
    /// The first contact of each channel or person in a window.
    fn distinct(&self, view: &View, window: Window, counted: Option<Condition>, by: Distinct) -> Vec<Item> {
        let fits = |contact: &&Contact| {
            self.admits_contact(view, contact) && (counted.is_none() || contact.ticket.is_some())
        };
        let contacts = || view.contacts_in(window).iter().filter(fits);
        match by {
            Distinct::Channel => channels::first_of_each(contacts().map(|contact| contact.item())),
            Distinct::Person => {
                let mut seen = HashSet::new();
                let persons = contacts().filter_map(|contact| Some((contact.person?, contact)));
                persons
                    .filter(|(person, _)| seen.insert(*person))
                    .map(|(person, contact)| {
                        Item::new(person.uuid(), ItemKind::Person, contact.channel, contact.at)
                    })
                    .collect()
            }
        }
    }
}

impl TicketFact {
    fn satisfies(&self, counted: Option<Condition>) -> bool {
        match counted {
            Some(Condition::Closed) => self.history.state == State::Closed,
            Some(Condition::Resolved) => self.is_resolved(),
            Some(Condition::Escalated) => self.ever_escalated(),
            Some(Condition::Registered | Condition::Answered) | None => true,
        }
    }
}
