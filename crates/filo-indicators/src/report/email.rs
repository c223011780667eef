//! Institutional mail: what mailboxes received, certified mail included.

use std::collections::BTreeSet;

use filo_domain::vocabulary::{Channel, Direction, InteractionKind, NotActionable};
use serde::{Deserialize, Serialize};

use crate::{
    book::Page,
    facts::InteractionFact,
    figure::{Item, ItemKind},
    view::{View, Window},
};

/// The mail figures: `received` = messages + bounces + receipts + anomalies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Email {
    /// Everything that came in.
    pub received: u64,
    /// Messages of somebody outside.
    pub messages: u64,
    /// Of those, automatic answers.
    pub auto: u64,
    /// Delivery reports.
    pub bounces: u64,
    /// Of the messages, certified ones.
    pub pec: u64,
    /// PEC receipts.
    pub receipts: u64,
    /// Ordinary mail in a PEC anomaly envelope.
    pub anomalies: u64,
    /// The same by mailbox, in alphabetical order.
    pub by_mailbox: Vec<Mailbox>,
}

/// One mailbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The configured source.
    pub mailbox: String,
    /// Everything that came in.
    pub received: u64,
    /// Messages of somebody outside.
    pub messages: u64,
    /// Of those, automatic answers.
    pub auto: u64,
    /// Delivery reports.
    pub bounces: u64,
    /// Of the messages, certified ones.
    pub pec: u64,
    /// PEC receipts.
    pub receipts: u64,
    /// Ordinary mail in a PEC anomaly envelope.
    pub anomalies: u64,
}

impl Email {
    pub(super) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let received = received(view, window);
        let names: BTreeSet<&str> = received.iter().map(|fact| fact.source.as_str()).collect();
        let total = Mailbox::of("", &received, page);
        let mut page = page.at("by_mailbox");
        let row = |(index, name): (usize, &&str)| {
            let own: Vec<&InteractionFact> =
                received.iter().copied().filter(|fact| fact.source == **name).collect();
            Mailbox::of(name, &own, &mut page.at(index))
        };
        let by_mailbox = names.iter().enumerate().map(row).collect();
        let Mailbox { received, messages, auto, bounces, pec, receipts, anomalies, .. } = total;
        Self { received, messages, auto, bounces, pec, receipts, anomalies, by_mailbox }
    }
}

impl Mailbox {
    fn of(name: &str, received: &[&InteractionFact], page: &mut Page) -> Self {
        let items = |holds: fn(&InteractionFact) -> bool| {
            received.iter().filter(move |fact| holds(fact)).map(|fact| item(fact))
        };
        Self {
            mailbox: name.to_owned(),
            received: page.count("received", items(|_| true)),
            messages: page.count("messages", items(is_message)),
            auto: page.count(
                "auto",
                items(|fact| is_message(fact) && fact.not_actionable == Some(NotActionable::AutoReply)),
            ),
            bounces: page.count("bounces", items(|fact| fact.kind == InteractionKind::Bounce)),
            pec: page.count("pec", items(|fact| is_message(fact) && fact.channel == Channel::Pec)),
            receipts: page.count("receipts", items(|fact| fact.kind == InteractionKind::Receipt)),
            anomalies: page.count("anomalies", items(|fact| fact.kind == InteractionKind::Anomaly)),
        }
    }
}

fn received<'a>(view: &View<'a>, window: Window) -> Vec<&'a InteractionFact> {
    let counted = |fact: &InteractionFact| {
        matches!(fact.channel, Channel::Email | Channel::Pec)
            && fact.direction == Direction::Inbound
            && (is_message(fact)
                || matches!(
                    fact.kind,
                    InteractionKind::Bounce | InteractionKind::Receipt | InteractionKind::Anomaly
                ))
    };
    let inside = |fact: &InteractionFact| window.holds(fact.occurred_at) && counted(fact);
    view.interactions.iter().copied().filter(|fact| inside(fact)).collect()
}

/// Any contact but an anomaly, which has a row of its own.
fn is_message(fact: &InteractionFact) -> bool {
    fact.kind.is_contact() && fact.kind != InteractionKind::Anomaly
}

/// Bounces and receipts are no contacts, but each is one stored thing that came in.
fn item(fact: &InteractionFact) -> Item {
    Item::new(fact.id.uuid(), ItemKind::Contact, fact.channel, fact.occurred_at)
}
