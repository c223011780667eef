//! Who gave up on the phone, and what they did next: called again, were answered, wrote.
//!
//! **Invariant:** the cohort is the calls abandoned in the span. Of each whose caller is known it is asked what the same
//! person did within the window after it; a withheld number is told apart, and a call whose window is not over and whose
//! caller has not come back yet is left out of the shares as `window_open`: it is not known to be lost.

use std::collections::HashMap;

use filo_domain::{
    Instant, PersonId,
    vocabulary::{CallOutcome, Channel},
};
use serde::{Deserialize, Serialize};

use crate::{
    book::Page,
    figure::Item,
    view::{Contact, View, Window},
};

const DAY_S: i64 = 86_400;
/// Why an abandoned call is left out: nobody knows who called.
const WITHHELD: &str = "withheld";
/// Why it is left out: its caller may still come back.
const WINDOW_OPEN: &str = "window_open";

/// The calls abandoned in the span: abandoned = identified + withheld.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CameBack {
    /// Within how many days of 24 hours somebody comes back.
    pub window_days: i64,
    /// Calls abandoned.
    pub abandoned: u64,
    /// Those whose caller is known.
    pub identified: u64,
    /// Identified ÷ abandoned: of how many the rest speaks.
    pub coverage: Option<f64>,
    /// Those whose number was withheld.
    pub withheld: u64,
    /// Of the identified, those who called again.
    pub called_again: u64,
    /// ÷ identified whose window is over, or who came back.
    pub called_again_share: Option<f64>,
    /// Of those who called again, those who were answered in the window.
    pub answered: u64,
    /// ÷ called again.
    pub answered_share: Option<f64>,
    /// Of the identified, those who wrote or came by another channel.
    pub wrote: u64,
    /// ÷ identified whose window is over, or who came back.
    pub wrote_share: Option<f64>,
    /// Of the identified, those who did neither before their window was over.
    pub never: u64,
    /// ÷ identified whose window is over, or who came back.
    pub never_share: Option<f64>,
    /// Of the identified, those who have done neither yet and whose window is not over.
    pub window_open: u64,
}

/// What somebody did at an instant.
#[derive(Clone, Copy)]
struct Act {
    at: Instant,
    is_call: bool,
    answered: bool,
}

/// What became of an abandoned call.
#[derive(Clone, Copy, Default)]
struct Sequel {
    called: bool,
    answered: bool,
    wrote: bool,
}

impl Sequel {
    fn came_back(self) -> bool {
        self.called || self.wrote
    }
}

impl CameBack {
    pub(super) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let reach_s = view.rules.abandoned_then_wrote_days.saturating_mul(DAY_S);
        let gave_up: Vec<&Contact> =
            view.calls_in(window).filter(|call| call.is(CallOutcome::Abandoned)).collect();
        let acts = acts(view, window, reach_s);
        let told: Vec<(Item, Option<Sequel>, bool)> =
            gave_up.iter().map(|call| sequel_of(view, call, &acts, reach_s)).collect();
        let known = || told.iter().map(|(item, sequel, _)| item.counted_if(sequel.is_some()));
        let due = |counts: fn(Sequel) -> bool| told.iter().map(move |told| shared(told, counts));
        let only = |counts: fn(Sequel) -> bool| {
            told.iter().filter(move |(_, sequel, _)| sequel.is_some_and(counts)).map(|(item, ..)| *item)
        };
        let again = || told.iter().filter(|(_, sequel, _)| sequel.is_some_and(|it| it.called));
        let answered = || again().map(|(item, it, _)| item.counted_if(it.is_some_and(|it| it.answered)));
        let open = told.iter().filter(|told| is_open(told)).map(|(item, ..)| *item);
        let lost = || told.iter().filter(|told| !is_open(told) && told.1.is_some_and(|it| !it.came_back()));
        Self {
            window_days: view.rules.abandoned_then_wrote_days,
            abandoned: page.count("abandoned", told.iter().map(|(item, ..)| *item)),
            identified: page.count("identified", known()),
            coverage: page.share("coverage", known()),
            withheld: page.count("withheld", known().map(super::channels::rest)),
            called_again: page.count("called_again", only(|it| it.called)),
            called_again_share: page.share("called_again_share", due(|it| it.called)),
            answered: page.count("answered", answered()),
            answered_share: page.share("answered_share", answered()),
            wrote: page.count("wrote", only(|it| it.wrote)),
            wrote_share: page.share("wrote_share", due(|it| it.wrote)),
            never: page.count("never", lost().map(|(item, ..)| *item)),
            never_share: page.share("never_share", due(|it| !it.came_back())),
            window_open: page.count("window_open", open),
        }
    }
}

/// Whether somebody may still come back.
fn is_open((_, sequel, over): &(Item, Option<Sequel>, bool)) -> bool {
    !over && sequel.is_some_and(|sequel| !sequel.came_back())
}

/// Of which calls the shares speak.
fn shared(told: &(Item, Option<Sequel>, bool), counts: fn(Sequel) -> bool) -> Item {
    match told {
        (item, None, _) => item.excluded(WITHHELD),
        (item, Some(_), _) if is_open(told) => item.excluded(WINDOW_OPEN),
        (item, Some(sequel), _) => item.counted_if(counts(*sequel)),
    }
}

/// What each person did from a window's beginning until its end and the reach after it, in the order of time.
fn acts(view: &View, window: Window, reach_s: i64) -> HashMap<PersonId, Vec<Act>> {
    let wider = Window { to: window.to.plus_seconds(reach_s.saturating_add(1)), ..window };
    let mut acts: HashMap<PersonId, Vec<Act>> = HashMap::new();
    for contact in view.contacts_in(wider) {
        let act = Act {
            at: contact.at,
            is_call: contact.channel == Channel::Phone,
            answered: contact.is(CallOutcome::Answered),
        };
        if let Some(person) = contact.person {
            acts.entry(person).or_default().push(act);
        }
    }
    for fact in view.after.iter().filter(|fact| wider.holds(fact.occurred_at)) {
        let (at, is_call) = (fact.occurred_at.floor(), fact.channel == Channel::Phone);
        acts.entry(fact.person).or_default().push(Act { at, is_call, answered: fact.answered });
    }
    acts
}

/// An abandoned call with what its caller did next, and whether the window after it is over.
fn sequel_of(
    view: &View,
    call: &Contact,
    acts: &HashMap<PersonId, Vec<Act>>,
    reach_s: i64,
) -> (Item, Option<Sequel>, bool) {
    let end = call.at.plus_seconds(reach_s);
    let within = |act: &&Act| call.at < act.at && act.at <= end;
    let sequel = call.person.map(|person| {
        let next = acts.get(&person).into_iter().flatten().filter(within);
        next.fold(Sequel::default(), |sequel, act| Sequel {
            called: sequel.called || act.is_call,
            answered: sequel.answered || (act.is_call && act.answered),
            wrote: sequel.wrote || !act.is_call,
        })
    });
    (call.item(), sequel, end < view.as_of())
}
