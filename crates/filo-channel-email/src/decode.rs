//! Raw messages of one mailbox to units of the core.
//!
//! Decisions: a message that comes back from ourselves (our Message-ID domain, or one of our addresses as author) is
//! an echo and changes nothing, unless its `Reply-To` names somebody else: then a form or a colleague wrote on that
//! person's behalf, who is the sender. A PEC envelope or receipt in an ordinary mailbox is of channel `pec` and flagged
//! `pec_in_ordinary_mailbox`, because anybody could have written it there.

use filo_channel::{
    ContactHints, Decode, Decoded, DeliveryReport, Effect, Inbound, Raw, RecipientReport, Rejected,
};
use filo_domain::{
    Instant,
    identity::{Identity, normal_email},
    vocabulary::{Channel, Direction, IdentityType, InteractionKind},
};

use crate::{
    key,
    unit::{MailKind, Understood},
    view::{MailView, visible},
};

/// Senders' clocks may be this far ahead of ours, in seconds.
const CLOCK_TOLERANCE_S: i64 = 300;

/// Decodes the messages of one mailbox.
#[derive(Clone, Debug)]
pub struct MailDecoder {
    /// The configured source: the mailbox's name.
    pub source: String,
    /// The mailbox's channel: [`Channel::Email`] or [`Channel::Pec`].
    pub channel: Channel,
    /// The addresses that are ours, in any spelling.
    pub own_addresses: Vec<String>,
    /// The domain of the Message-IDs that we make; empty for none.
    pub message_id_domain: String,
}

impl Decode for MailDecoder {
    fn decode(&self, raw: &Raw) -> Vec<Result<Decoded, Rejected>> {
        let refuse = || Rejected {
            reason: "no_headers",
            detail: "the bytes have no header field, so this is no message".to_owned(),
            raw: raw.bytes.clone(),
        };
        let unit = Understood::read(&raw.bytes).ok_or_else(refuse);
        vec![unit.map(|unit| Decoded::Interaction(Box::new(self.inbound(unit, raw))))]
    }
}

impl MailDecoder {
    fn inbound(&self, mut unit: Understood, raw: &Raw) -> Inbound {
        let (occurred_at, guessed) = occurred_at(&unit, raw);
        if guessed {
            unit.mail.flags.insert("date_guessed");
        }
        if unit.kind.is_pec() && self.channel != Channel::Pec {
            unit.mail.flags.insert("pec_in_ordinary_mailbox");
        }
        let on_behalf = self.on_behalf(&unit);
        let echo = self.is_own(&unit) && on_behalf.is_none();
        let detail = MailView::of(&unit).json();
        let sender = on_behalf.clone().or_else(|| unit.mail.sender_address().map(str::to_owned));
        let name = unit.mail.from.as_ref().filter(|_| on_behalf.is_none()).and_then(|from| from.name.clone());
        Inbound {
            channel: if unit.kind.is_pec() { Channel::Pec } else { self.channel },
            source: self.source.clone(),
            scope: key::SCOPE.to_owned(),
            kind: if echo { InteractionKind::Echo } else { interaction_kind(unit.kind) },
            direction: if echo { Direction::Outbound } else { Direction::Inbound },
            occurred_at,
            identities: if unit.kind.is_contact() && !echo {
                identities(sender.as_deref())
            } else {
                Vec::new()
            },
            name: name.filter(|_| unit.kind.is_contact() && !echo),
            thread: None,
            subject: unit.mail.subject.clone(),
            text: visible(&unit),
            not_actionable: unit.not_actionable.filter(|_| !echo),
            effect: if echo { Effect::Record } else { effect(&unit, on_behalf.is_some()) },
            flags: unit.mail.flags.iter().map(|flag| (*flag).to_owned()).collect(),
            external_id: unit.key,
            attachments: unit.mail.attachments,
            detail,
        }
    }
    /// Whether we wrote it ourselves.
    fn is_own(&self, unit: &Understood) -> bool {
        let domain = |id: &str| {
            id.rsplit('@').next().is_some_and(|domain| domain.eq_ignore_ascii_case(&self.message_id_domain))
        };
        let our_id =
            !self.message_id_domain.is_empty() && unit.mail.message_id.as_deref().is_some_and(domain);
        unit.kind.is_contact()
            && (our_id || unit.mail.sender_address().is_some_and(|address| self.is_own_address(address)))
    }
    /// The stranger for whom one of our addresses wrote.
    fn on_behalf(&self, unit: &Understood) -> Option<String> {
        let own = unit.mail.sender_address().is_some_and(|address| self.is_own_address(address));
        let other = unit.mail.reply_to.clone().filter(|address| !self.is_own_address(address));
        other.filter(|_| own && unit.kind == MailKind::Message)
    }
    fn is_own_address(&self, address: &str) -> bool {
        let address = normal_email(address);
        address.is_some() && self.own_addresses.iter().any(|own| normal_email(own) == address)
    }
}

/// Contract §1, "When a contact happened". The flag tells that nothing usable was found.
fn occurred_at(unit: &Understood, raw: &Raw) -> (Instant, bool) {
    let limit = raw.now.plus_seconds(CLOCK_TOLERANCE_S);
    let certified = unit.pec.as_ref().and_then(|pec| pec.at).filter(|at| *at <= limit);
    let found = certified
        .or(raw.arrived_at)
        .or_else(|| unit.mail.received_at(limit))
        .or_else(|| unit.mail.date.filter(|at| *at <= raw.now));
    (found.unwrap_or(raw.now).min(raw.now.max(raw.arrived_at.unwrap_or(raw.now))), found.is_none())
}

fn interaction_kind(kind: MailKind) -> InteractionKind {
    match kind {
        MailKind::Message | MailKind::AutoReply | MailKind::List | MailKind::PecMessage => {
            InteractionKind::Mail
        }
        MailKind::Bounce => InteractionKind::Bounce,
        MailKind::PecReceipt => InteractionKind::Receipt,
        MailKind::PecAnomaly => InteractionKind::Anomaly,
    }
}

fn identities(address: Option<&str>) -> Vec<Identity> {
    // A sender whose address is none (`root`, a group) stays unknown.
    address.and_then(|address| Identity::parse(IdentityType::Email, address).ok()).into_iter().collect()
}

fn effect(unit: &Understood, on_behalf: bool) -> Effect {
    match (&unit.bounce, &unit.pec) {
        (Some(bounce), _) => {
            let original = bounce.original_message_id.iter().cloned();
            delivery(original.chain(conversation(unit)), bounce.recipient_reports())
        }
        (None, Some(pec)) if unit.kind == MailKind::PecReceipt => {
            delivery(pec.references.iter().cloned().chain(conversation(unit)), pec.recipient_reports())
        }
        _ => Effect::Contact(ContactHints {
            references: conversation(unit),
            ticket_token: unit.mail.subject.as_deref().and_then(ticket_token),
            no_auto_answer: unit.no_auto_answer || on_behalf,
            ..ContactHints::default()
        }),
    }
}

fn delivery(references: impl Iterator<Item = String>, recipients: Vec<RecipientReport>) -> Effect {
    Effect::Delivery(DeliveryReport { references: distinct(references), recipients })
}

/// What the message answers, the likeliest first: In-Reply-To, then References from the last to the first.
fn conversation(unit: &Understood) -> Vec<String> {
    let mail = &unit.mail;
    distinct(mail.in_reply_to.iter().chain(mail.references.iter().rev()).cloned())
}

fn distinct(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = Vec::new();
    for id in ids {
        if !seen.contains(&id) {
            seen.push(id);
        }
    }
    seen
}

/// The ticket number with its check token, such as `26-0012345-abcdef`, from `[#26-0012345-abcdef]` in a subject. A
/// bare number is never one: who knows a number is not therefore part of its conversation.
pub fn ticket_token(subject: &str) -> Option<String> {
    let token = |part: &str| {
        let inside = part.split(']').next()?.trim().to_ascii_lowercase();
        let mut pieces = inside.split('-');
        let (year, number, check) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        let fine = digits(year, 2)
            && digits(number, 7)
            && (4..=64).contains(&check.len())
            && check.bytes().all(|b| b.is_ascii_alphanumeric())
            && pieces.next().is_none();
        fine.then_some(inside)
    };
    subject.split("[#").skip(1).filter(|part| part.contains(']')).find_map(token)
}

#[cfg(test)]
mod tests;
