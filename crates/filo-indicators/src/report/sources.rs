//! Whether every source was heard: what came of it, on how many days, and how much of it came late.

use std::collections::BTreeMap;

use filo_domain::vocabulary::Channel;
use serde::{Deserialize, Serialize};

use crate::{
    book::Page,
    figure::Item,
    view::{Contact, View, Window},
};

/// What one source told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRow {
    /// The source.
    pub source: String,
    /// Its channel.
    pub channel: Channel,
    /// Its contacts: 0 of a source that was silent.
    pub contacts: u64,
    /// Local days with a contact of it.
    pub days_heard: u64,
    /// Its contacts that were recorded after the span had ended.
    pub late: u64,
}

/// One row a source, those without a contact too, in the order of the alphabet.
pub(super) fn rows(view: &View, window: Window, page: &mut Page) -> Vec<SourceRow> {
    let configured = view.sources.iter();
    let mut sources: BTreeMap<&str, (Channel, Vec<&Contact>)> =
        configured.map(|(source, channel)| (source.as_str(), (*channel, vec![]))).collect();
    for contact in view.contacts_in(window) {
        sources.entry(contact.source).or_insert((contact.channel, vec![])).1.push(contact);
    }
    let row = |(index, (source, (channel, contacts))): (usize, (&str, (Channel, Vec<&Contact>)))| {
        let mut page = page.at(index);
        let own = || contacts.iter().copied();
        let late = own().filter(|contact| contact.recorded_at >= window.to);
        SourceRow {
            source: source.to_owned(),
            channel,
            contacts: page.count("contacts", own().map(Contact::item)),
            days_heard: page.count("days_heard", first_of_each_day(view, own())),
            late: page.count("late", late.map(Contact::item)),
        }
    };
    sources.into_iter().enumerate().map(row).collect()
}

/// The first contact of each local day, of contacts in the order of time.
fn first_of_each_day<'v>(
    view: &View,
    contacts: impl Iterator<Item = &'v Contact<'v>>,
) -> impl Iterator<Item = Item> {
    let mut last = None;
    let begins = move |contact: &&Contact| {
        let day = Some(view.zone.day(contact.at));
        std::mem::replace(&mut last, day) != day
    };
    contacts.filter(begins).map(Contact::item)
}
