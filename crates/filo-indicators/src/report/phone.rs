//! The contact-centre line: calls that entered a queue, their waits, who calls again.

use std::collections::HashMap;

use filo_domain::{
    Instant, PersonId,
    vocabulary::{CallOutcome, Channel, NotActionable},
};
use serde::{Deserialize, Serialize};

use super::{
    CallThemeRow, CameBack, HourRow, IvrRow, Looking, QueueRow,
    calls::{self, CallFigures, Calls},
    channels::answered_waits,
};
use crate::{
    book::Page,
    figure::{Item, ItemKind, Statistic},
    view::{Contact, View, Window},
};

/// The phone figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phone {
    /// Calls that entered a queue: the sum of the eight outcomes.
    pub offered: u64,
    /// A person answered.
    pub answered: u64,
    /// The caller gave up.
    pub abandoned: u64,
    /// Of those, the ones before the short-abandon limit.
    pub abandoned_short: u64,
    /// Left the queue by timeout.
    pub timed_out: u64,
    /// The queue had no members.
    pub empty: u64,
    /// Left by pressing a key.
    pub key_exit: u64,
    /// Taken out by the system.
    pub withdrawn: u64,
    /// Transferred away unanswered.
    pub transferred: u64,
    /// The end is not known.
    pub unknown: u64,
    /// Waits that ended in the span, of all calls whose end is known.
    #[serde(default)]
    pub waits: u64,
    /// Served by the machine, never in a queue.
    pub self_served: u64,
    /// Answered calls with a ticket.
    pub registered_of_answered: u64,
    /// Those ÷ answered.
    pub registered_of_answered_share: Option<f64>,
    /// Mean wait of all calls whose end is known.
    pub mean_wait_s: Option<f64>,
    /// Mean wait of answered calls.
    pub mean_wait_answered_s: Option<f64>,
    /// Answered within T ÷ (offered − short abandonments).
    pub service_level: Vec<ServiceLevel>,
    /// Mean talk of answered calls.
    pub mean_talk_s: Option<f64>,
    /// Persons who call again and again; absent from compared months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_callers: Option<RepeatCallers>,
    /// What callers chose before or instead of a queue; absent where nothing is known of that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ivr: Vec<IvrRow>,
    /// Callers who gave up and then wrote; absent from compared months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned_then_wrote: Option<AbandonedThenWrote>,
    /// What became of those who gave up.
    #[serde(default)]
    pub abandoned_came_back: CameBack,
    /// By the first queue.
    #[serde(default)]
    pub by_queue: Vec<QueueRow>,
    /// By the top-level theme under which the call is registered.
    #[serde(default)]
    pub by_theme: Vec<CallThemeRow>,
    /// By hour and weekday of local time, those with a call; absent from compared months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Vec<HourRow>>,
}

/// The share answered within a threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceLevel {
    /// Seconds, included.
    pub threshold_s: i64,
    /// The share.
    pub share: Option<f64>,
}

/// Persons with several offered calls from 1 January to the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepeatCallers {
    /// `year-to-date`.
    pub window: String,
    /// Persons (a number alone is one) with at least one offered call.
    pub identified: u64,
    /// Those with three or more.
    pub more_than_2: u64,
    /// ÷ identified.
    pub more_than_2_share: Option<f64>,
    /// Those with three or more registered under one top-level theme.
    pub more_than_2_same_theme: u64,
    /// ÷ identified.
    pub more_than_2_same_theme_share: Option<f64>,
    /// Calls with a withheld number, in the same window.
    pub anonymous_calls: u64,
    /// Calls of identified persons ÷ offered, in the same window.
    pub coverage: Option<f64>,
}

/// Written contacts of persons who had abandoned a call shortly before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AbandonedThenWrote {
    /// How many days before the contact the call may lie.
    pub window_days: i64,
    /// The written contacts.
    pub count: u64,
    /// Abandoned calls of known persons ÷ abandoned calls.
    pub coverage: Option<f64>,
}

impl Phone {
    pub(super) fn of(view: &View, window: Window, page: &mut Page, looking: Looking) -> Self {
        let all = Calls::of(view, window);
        let CallFigures { offered, answered, abandoned, waits, mean_wait_s } = all.figures(page);
        let calls = || all.calls.iter().copied();
        let outcome = |outcome| all.ended(outcome);
        let of_answered = || registered_of_answered(view, window);
        Self {
            offered,
            answered,
            abandoned,
            abandoned_short: page
                .count("abandoned_short", calls().filter(|call| call.is_short()).map(Contact::item)),
            timed_out: page.count("timed_out", outcome(CallOutcome::TimedOut)),
            empty: page.count("empty", outcome(CallOutcome::Empty)),
            key_exit: page.count("key_exit", outcome(CallOutcome::KeyExit)),
            withdrawn: page.count("withdrawn", outcome(CallOutcome::Withdrawn)),
            transferred: page.count("transferred", outcome(CallOutcome::Transferred)),
            unknown: page.count("unknown", outcome(CallOutcome::Unknown)),
            waits,
            self_served: page.count("self_served", self_served(view, window)),
            registered_of_answered: page.count("registered_of_answered", of_answered()),
            registered_of_answered_share: page.share("registered_of_answered_share", of_answered()),
            mean_wait_s,
            mean_wait_answered_s: page.seconds(
                "mean_wait_answered_s",
                Statistic::Mean,
                answered_waits(view, window),
            ),
            service_level: service_levels(view, window, &mut page.at("service_level")),
            mean_talk_s: page.seconds("mean_talk_s", Statistic::Mean, talks(view, window)),
            repeat_callers: (looking == Looking::Back)
                .then(|| RepeatCallers::of(view, window, &mut page.at("repeat_callers"))),
            ivr: super::ivr::rows(view, window, &mut page.at("ivr")),
            abandoned_then_wrote: (looking == Looking::Back)
                .then(|| AbandonedThenWrote::of(view, window, &mut page.at("abandoned_then_wrote"))),
            abandoned_came_back: CameBack::of(view, window, &mut page.at("abandoned_came_back")),
            by_queue: calls::by_queue(view, window, &mut page.at("by_queue")),
            by_theme: calls::by_theme(view, window, &mut page.at("by_theme")),
            intervals: (looking == Looking::Back)
                .then(|| calls::by_hour(view, window, &mut page.at("intervals"))),
        }
    }
}

fn self_served(view: &View, window: Window) -> impl Iterator<Item = Item> {
    let phone = view.contacts_in(window).iter().filter(|contact| contact.channel == Channel::Phone);
    phone.filter(|contact| contact.is_reason(NotActionable::SelfServed)).map(Contact::item)
}

fn registered_of_answered(view: &View, window: Window) -> impl Iterator<Item = Item> {
    let answered = view.calls_in(window).filter(|call| call.is(CallOutcome::Answered));
    answered.map(|call| call.item().counted_if(call.ticket.is_some()))
}

/// Talk belongs to the calls of the span: its end is not among the facts.
fn talks(view: &View, window: Window) -> impl Iterator<Item = Item> {
    let answered = view.calls_in(window).filter(|call| call.is(CallOutcome::Answered));
    answered.filter_map(|contact| Some(contact.item().lasting(contact.call?.talk_s?)))
}

fn service_levels(view: &View, window: Window, page: &mut Page) -> Vec<ServiceLevel> {
    let level = |(index, threshold): (usize, &i64)| {
        let calls = view.calls_in(window).map(|contact| {
            let within = contact.call.and_then(|call| call.wait_s).is_some_and(|wait| wait <= *threshold);
            let item = contact.item().counted_if(within && contact.is(CallOutcome::Answered));
            if contact.is_short() { item.excluded("short_abandon") } else { item }
        });
        ServiceLevel { threshold_s: *threshold, share: page.at(index).share("share", calls) }
    };
    view.rules.service_level_s.iter().enumerate().map(level).collect()
}

/// "More than twice" is strict: three calls or more. The keys of the report say 2, so it is no setting.
const MORE_THAN: u64 = 2;

/// One person's offered calls.
#[derive(Default)]
pub(crate) struct Caller<'a> {
    calls: u64,
    by_theme: HashMap<&'a str, u64>,
}

impl<'a> Caller<'a> {
    fn called(&mut self, theme: Option<&'a str>) {
        self.calls += 1;
        if let Some(theme) = theme {
            *self.by_theme.entry(theme).or_default() += 1;
        }
    }
    pub(crate) fn more_than(&self, limit: u64) -> bool {
        self.calls > limit
    }
    pub(crate) fn more_than_on_one_theme(&self, limit: u64) -> bool {
        self.by_theme.values().any(|calls| *calls > limit)
    }
}

/// Callers as items, above the line when they count.
pub(crate) fn persons<'v>(
    callers: &'v [(Instant, PersonId, Caller<'v>)],
    counts: impl Fn(&Caller) -> bool + 'v,
) -> impl Iterator<Item = Item> + 'v {
    callers.iter().map(move |(at, person, caller)| {
        Item::new(person.uuid(), ItemKind::Person, Channel::Phone, *at).counted_if(counts(caller))
    })
}

impl RepeatCallers {
    fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let window = window.year_to_date();
        let callers = callers(view, window);
        let often = || persons(&callers, |caller| caller.more_than(MORE_THAN));
        let one_theme = || persons(&callers, |caller| caller.more_than_on_one_theme(MORE_THAN));
        let known = || view.calls_in(window).map(|call| call.item().counted_if(call.person.is_some()));
        Self {
            window: "year-to-date".to_owned(),
            identified: page.count("identified", persons(&callers, |_| true)),
            more_than_2: page.count("more_than_2", often()),
            more_than_2_share: page.share("more_than_2_share", often()),
            more_than_2_same_theme: page.count("more_than_2_same_theme", one_theme()),
            more_than_2_same_theme_share: page.share("more_than_2_same_theme_share", one_theme()),
            anonymous_calls: page.count("anonymous_calls", known().map(super::channels::rest)),
            coverage: page.share("coverage", known()),
        }
    }
}

/// The identified callers of a window, in the order of their first call.
pub(crate) fn callers<'v>(view: &'v View, window: Window) -> Vec<(Instant, PersonId, Caller<'v>)> {
    let mut places: HashMap<PersonId, usize> = HashMap::new();
    let mut callers: Vec<(Instant, PersonId, Caller)> = Vec::new();
    for contact in view.calls_in(window) {
        let Some(person) = contact.person else { continue };
        let place = *places.entry(person).or_insert_with(|| {
            callers.push((contact.at, person, Caller::default()));
            callers.len() - 1
        });
        let theme = contact.ticket.and_then(|id| view.ticket(id)).and_then(|ticket| ticket.top_theme());
        if let Some((_, _, caller)) = callers.get_mut(place) {
            caller.called(theme);
        }
    }
    callers
}

impl AbandonedThenWrote {
    fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let days = view.rules.abandoned_then_wrote_days;
        let abandoned = view.calls_in(window).filter(|call| call.is(CallOutcome::Abandoned));
        let known = abandoned.map(|call| call.item().counted_if(call.person.is_some()));
        Self {
            window_days: days,
            count: page.count("count", wrote_after(view, window, days).into_iter()),
            coverage: page.share("coverage", known),
        }
    }
}

fn wrote_after(view: &View, window: Window, days: i64) -> Vec<Item> {
    let reach = days.saturating_mul(86_400);
    let wider = Window { from: window.from.plus_seconds(-reach), ..window };
    let mut gave_up: HashMap<PersonId, Instant> = HashMap::new();
    let mut wrote = Vec::new();
    for contact in view.contacts_in(wider) {
        let Some(person) = contact.person else { continue };
        if contact.is(CallOutcome::Abandoned) {
            gave_up.insert(person, contact.at);
        } else if contact.channel != Channel::Phone && window.holds(contact.at) {
            let recent = gave_up.get(&person).is_some_and(|at| contact.at.seconds_since(*at) <= reach);
            wrote.extend(recent.then(|| contact.item()));
        }
    }
    wrote
}
