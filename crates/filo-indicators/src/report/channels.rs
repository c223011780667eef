//! One row per channel, the unification of channels, and the overall response rate.

use std::collections::{BTreeMap, BTreeSet};

use filo_domain::{
    MatterId,
    vocabulary::{CallOutcome, Channel, Word},
};
use serde::{Deserialize, Serialize};

use super::Duration;
use crate::{
    book::Page,
    figure::{Excluded, Item},
    view::{Request, TicketClock, View, Window},
};

/// What came through one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelRow {
    /// The channel.
    pub channel: Channel,
    /// Contacts.
    pub inbound: u64,
    /// Contacts with a ticket at `as_of`.
    pub registered: u64,
    /// Registered ÷ inbound.
    pub registered_share: Option<f64>,
    /// Requests.
    pub actionable: u64,
    /// Requests answered by `as_of`.
    pub answered: u64,
    /// Answered ÷ actionable.
    pub response_rate: Option<f64>,
    /// The channel's own response clock.
    pub response: Duration,
    /// To the first resolution.
    pub resolution: Duration,
    /// To the last resolution, time closed between rounds left out.
    pub resolution_final: Duration,
    /// To the first resolution, waiting left out.
    pub resolution_net: Duration,
    /// Contacts that make no request, by reason.
    pub excluded: Vec<Excluded>,
}

/// Every wire channel, also at 0, in wire order.
pub(super) fn rows(view: &View, window: Window, page: &mut Page) -> Vec<ChannelRow> {
    let mut contacts = by_channel(registered(view, window));
    let mut requests = by_channel(asked(view, window));
    let mut excluded = by_channel(left_out(view, window));
    let row = |(index, channel): (usize, &Channel)| {
        let of = |items: &mut BTreeMap<Channel, Vec<Item>>| items.remove(channel).unwrap_or_default();
        let own = Own {
            channel: *channel,
            contacts: of(&mut contacts),
            requests: of(&mut requests),
            excluded: of(&mut excluded),
        };
        ChannelRow::of(view, window, &own, &mut page.at(index))
    };
    Channel::ALL.iter().enumerate().map(row).collect()
}

/// What came through one channel, as items.
struct Own {
    channel: Channel,
    contacts: Vec<Item>,
    requests: Vec<Item>,
    excluded: Vec<Item>,
}

fn by_channel(items: impl Iterator<Item = Item>) -> BTreeMap<Channel, Vec<Item>> {
    let mut groups: BTreeMap<Channel, Vec<Item>> = BTreeMap::new();
    for item in items {
        groups.entry(item.channel).or_default().push(item);
    }
    groups
}

impl ChannelRow {
    fn of(view: &View, window: Window, own: &Own, page: &mut Page) -> Self {
        let channel = own.channel;
        let contacts = || own.contacts.iter().copied();
        let requests = || own.requests.iter().copied();
        let excluded = || own.excluded.iter().copied();
        let clock = |clock| {
            view.measured(move |ticket| ticket.stopped(clock, window).filter(|_| ticket.channel == channel))
        };
        Self {
            channel,
            inbound: page.count("inbound", contacts().map(all)),
            registered: page.count("registered", contacts()),
            registered_share: page.share("registered_share", contacts()),
            actionable: page.count("actionable", requests().map(all).chain(excluded())),
            answered: page.count("answered", requests().chain(excluded())),
            response_rate: page.share("response_rate", requests().chain(excluded())),
            response: response(view, window, channel, page),
            resolution: page.duration("resolution", "opened_to_resolved", clock(TicketClock::Resolved)),
            resolution_final: page.duration(
                "resolution_final",
                "opened_to_resolved",
                clock(TicketClock::ResolvedFinally),
            ),
            resolution_net: page.duration(
                "resolution_net",
                "opened_to_resolved",
                clock(TicketClock::ResolvedNet),
            ),
            excluded: page.excluded(excluded),
        }
    }
}

/// The response clock of a channel: the wait of answered calls, else opening to the first response.
fn response(view: &View, window: Window, channel: Channel, page: &mut Page) -> Duration {
    if channel == Channel::Phone {
        return page.duration("response", "queue_wait", answered_waits(view, window));
    }
    let clock = TicketClock::FirstResponse;
    let responses =
        view.measured(|ticket| ticket.stopped(clock, window).filter(|_| ticket.channel == channel));
    page.duration("response", "opened_to_first_response", responses)
}

/// The waits of answered calls that ended in a window.
pub(crate) fn answered_waits(view: &View, window: Window) -> impl Iterator<Item = Item> {
    view.waits(window).filter(|(contact, _)| contact.is(CallOutcome::Answered)).map(|(_, item)| item)
}

/// The requests of a window: above the line when answered.
pub(crate) fn asked(view: &View, window: Window) -> impl Iterator<Item = Item> {
    view.requests_in(window).iter().map(|request: &Request| request.item().counted_if(request.answered))
}

/// The contacts of a window that make no request, with the reason.
pub(crate) fn left_out(view: &View, window: Window) -> impl Iterator<Item = Item> {
    view.excluded_in(window).map(|(_, item)| item)
}

/// Counted, whatever stood below the line.
pub(super) fn all(item: Item) -> Item {
    item.counted_if(true)
}

/// Counted if it stood below the line only.
pub(super) fn rest(item: Item) -> Item {
    item.counted_if(item.counted_in == crate::figure::Part::DenominatorOnly)
}

/// How far the channels are one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unification {
    /// Channels of the named set with at least one registered contact; PEC counts with e-mail.
    pub unified_channels: u64,
    /// Which ones.
    pub channels: Vec<Channel>,
    /// Contacts over all channels.
    pub inbound: u64,
    /// Contacts with a ticket at `as_of`.
    pub registered: u64,
    /// Registered ÷ inbound.
    pub share: Option<f64>,
    /// Matters of two or more tickets with a contact in the span.
    pub matters: u64,
    /// Those whose tickets came through two or more channels.
    pub matters_on_two_or_more_channels: u64,
}

impl Unification {
    pub(super) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let contacts = || registered(view, window);
        let unified = unified(view, window);
        let matters = matters(view, window);
        let several = matters.iter().filter(|(_, on_several)| *on_several);
        Self {
            unified_channels: page.count("unified_channels", unified.iter().copied()),
            channels: unified.iter().map(|item| merged(item.channel)).collect(),
            inbound: page.count("inbound", contacts().map(all)),
            registered: page.count("registered", contacts()),
            share: page.share("share", contacts()),
            matters: page.count("matters", matters.iter().map(|(item, _)| *item)),
            matters_on_two_or_more_channels: page
                .count("matters_on_two_or_more_channels", several.map(|(item, _)| *item)),
        }
    }
}

/// The contacts of a window: above the line when registered.
pub(crate) fn registered(view: &View, window: Window) -> impl Iterator<Item = Item> {
    view.contacts_in(window).iter().map(|contact| contact.item().counted_if(contact.ticket.is_some()))
}

/// The unified channels of a window, each with its first registered contact, in wire order.
fn unified(view: &View, window: Window) -> Vec<Item> {
    let registered = view.contacts_in(window).iter().filter(|contact| contact.ticket.is_some());
    let named = registered.filter(|contact| view.rules.unified_channels.contains(&merged(contact.channel)));
    first_of_each(named.map(|contact| contact.item()))
}

/// The first item of each channel, PEC counted with e-mail, in wire order.
pub(crate) fn first_of_each(items: impl Iterator<Item = Item>) -> Vec<Item> {
    let mut first = BTreeMap::new();
    for item in items {
        first.entry(merged(item.channel)).or_insert(item);
    }
    first.into_values().collect()
}

/// Indicators count PEC with e-mail.
fn merged(channel: Channel) -> Channel {
    if channel == Channel::Pec { Channel::Email } else { channel }
}

/// Matters of two or more tickets with a contact in the window, in the order of that contact, each shown as its
/// oldest ticket, with whether its tickets came through two or more channels.
fn matters(view: &View, window: Window) -> Vec<(Item, bool)> {
    let mut tickets: BTreeMap<MatterId, (u32, BTreeSet<Channel>, Item)> = BTreeMap::new();
    for ticket in &view.tickets {
        if let Some(matter) = ticket.matter {
            let (count, channels, _) = tickets.entry(matter).or_insert((0, BTreeSet::new(), ticket.item()));
            *count += 1;
            channels.insert(merged(ticket.channel));
        }
    }
    let mut seen = BTreeSet::new();
    let touched = view.contacts_in(window).iter();
    touched
        .filter_map(|contact| contact.ticket.and_then(|id| view.ticket(id))?.matter)
        .filter(|matter| seen.insert(*matter))
        .filter_map(|matter| tickets.get(&matter))
        .filter(|(count, _, _)| *count >= 2)
        .map(|(_, channels, item)| (*item, channels.len() >= 2))
        .collect()
}

/// The overall response rate: sums, never a mean of rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResponseRate {
    /// Requests answered by `as_of`.
    pub answered: u64,
    /// Requests.
    pub actionable: u64,
    /// Answered ÷ actionable.
    pub rate: Option<f64>,
    /// Requests not answered.
    pub never_answered: u64,
}

impl ResponseRate {
    pub(super) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let requests = || asked(view, window);
        let excluded = || left_out(view, window);
        Self {
            answered: page.count("answered", requests().chain(excluded())),
            actionable: page.count("actionable", requests().map(all).chain(excluded())),
            rate: page.share("rate", requests().chain(excluded())),
            never_answered: page.count("never_answered", requests().map(rest)),
        }
    }
}
