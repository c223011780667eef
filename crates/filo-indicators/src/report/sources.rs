//! Whether every source was heard: what came of it, on how many days, and how much of it came late.

use std::collections::BTreeMap;

use filo_domain::vocabulary::Channel;
use serde::{Deserialize, Serialize};

use crate::{
    book::Page,
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
    let contacts = || view.contacts_in(window).iter();
    let mut sources: BTreeMap<&str, Channel> =
        view.sources.iter().map(|(source, channel)| (source.as_str(), *channel)).collect();
    for contact in contacts() {
        sources.entry(contact.source).or_insert(contact.channel);
    }
    let row = |(index, (source, channel)): (usize, (&str, Channel))| {
        let mut page = page.at(index);
        let own = || contacts().filter(|contact| contact.source == source);
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
) -> impl Iterator<Item = crate::figure::Item> {
    let mut last = None;
    contacts
        .filter(move |contact| last.replace(view.zone.day(contact.at)) != Some(view.zone.day(contact.at)))
        .map(Contact::item)
}
