//! Social pages: every interaction of a thread counts inbound, a thread counts once when handled.

use filo_domain::vocabulary::{Channel, InteractionKind};
use serde::{Deserialize, Serialize};

use super::Duration;
use crate::{
    book::Page,
    view::{Contact, TicketClock, View, Window},
};

/// The figures of channel `social` alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Social {
    /// Contacts: comments + messages.
    pub inbound_interactions: u64,
    /// Comments.
    pub comments: u64,
    /// Direct messages and posts on our page, as the documents count them.
    pub messages: u64,
    /// Threads with a contact in the span.
    pub threads: u64,
    /// Those of them that ask for something there.
    pub actionable_threads: u64,
    /// Those of them answered at or after that contact.
    pub handled_threads: u64,
    /// Actionable threads that nobody took in charge: the clock from taking in charge hides them.
    pub never_taken: u64,
    /// Taken in charge to the resolution that the closing confirmed.
    pub charge_to_closed: Duration,
    /// Received to the same.
    pub received_to_closed: Duration,
}

impl Social {
    pub(super) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let contacts =
            || view.contacts_in(window).iter().filter(|contact| contact.channel == Channel::Social);
        let is_comment = |contact: &&Contact| contact.kind == InteractionKind::Comment;
        let threads = view.threads_in(window);
        let asking = || threads.iter().filter(|thread| thread.actionable);
        let clock = |clock| {
            view.measured(move |ticket| {
                ticket.stopped(clock, window).filter(|_| ticket.channel == Channel::Social)
            })
        };
        Self {
            inbound_interactions: page.count("inbound_interactions", contacts().map(Contact::item)),
            comments: page.count("comments", contacts().filter(is_comment).map(Contact::item)),
            messages: page.count("messages", contacts().filter(|c| !is_comment(c)).map(Contact::item)),
            threads: page.count("threads", threads.iter().map(|thread| thread.item)),
            actionable_threads: page.count("actionable_threads", asking().map(|thread| thread.item)),
            handled_threads: page
                .count("handled_threads", asking().map(|thread| thread.item.counted_if(thread.handled))),
            never_taken: page
                .count("never_taken", asking().filter(|thread| !thread.taken).map(|thread| thread.item)),
            charge_to_closed: page.duration(
                "charge_to_closed",
                "charge_to_closed",
                clock(TicketClock::ChargeToClosed),
            ),
            received_to_closed: page.duration(
                "received_to_closed",
                "received_to_closed",
                clock(TicketClock::OpenedToClosed),
            ),
        }
    }
}
