//! What callers chose before or instead of a queue: how many were offered to a person, how many the machine served.

use std::collections::BTreeSet;

use filo_domain::vocabulary::{Channel, NotActionable};
use serde::{Deserialize, Serialize};

use crate::{
    book::Page,
    view::{Contact, View, Window},
};

/// Calls with one choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IvrRow {
    /// The place in the menu.
    pub choice: String,
    /// Calls that chose it: offered and self-served.
    pub calls: u64,
    /// Those that entered a queue.
    pub offered: u64,
    /// Those that the machine alone had.
    pub self_served: u64,
}

/// One row a choice, in the order of the alphabet.
pub(super) fn rows(view: &View, window: Window, page: &mut Page) -> Vec<IvrRow> {
    let calls = || view.contacts_in(window).iter().filter(|contact| contact.channel == Channel::Phone);
    let choices: BTreeSet<&str> = calls().filter_map(|call| call.choice).collect();
    let row = |(index, choice): (usize, &str)| {
        let mut page = page.at(index);
        let these = || calls().filter(|call| call.choice == Some(choice));
        let offered = these().filter(|call| call.call.is_some());
        let served = these().filter(|call| call.is_reason(NotActionable::SelfServed));
        IvrRow {
            choice: choice.to_owned(),
            calls: page.count("calls", these().map(Contact::item)),
            offered: page.count("offered", offered.map(Contact::item)),
            self_served: page.count("self_served", served.map(Contact::item)),
        }
    };
    choices.into_iter().enumerate().map(row).collect()
}
