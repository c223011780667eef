//! What a message means: a contact, a report, a robot, a list, or one of the kinds of PEC.
//!
//! Decided in this order: PEC by top-level headers, delivery report, answering machine or list by
//! the table of `auto.rs`, else a message of a person.

use filo_domain::vocabulary::NotActionable;

use crate::{
    auto::{self, Signs},
    message::Mail,
    pec::{self, Opened, Pec, PecRole},
    report::{self, Bounce},
};

/// The kinds of messages, as `filo inspect` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// Somebody wrote.
    Message,
    /// A delivery report.
    Bounce,
    /// An answering machine or another automatic notice.
    AutoReply,
    /// A list or newsletter.
    List,
    /// A certified message from somebody.
    PecMessage,
    /// A provider's receipt or notice.
    PecReceipt,
    /// Ordinary mail that reached a PEC mailbox.
    PecAnomaly,
}

impl MailKind {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Bounce => "bounce",
            Self::AutoReply => "auto_reply",
            Self::List => "list",
            Self::PecMessage => "pec_message",
            Self::PecReceipt => "pec_receipt",
            Self::PecAnomaly => "pec_anomaly",
        }
    }
    /// Whether somebody outside wrote it to us; reports and receipts are no contacts.
    pub fn is_contact(self) -> bool {
        !matches!(self, Self::Bounce | Self::PecReceipt)
    }
    /// Whether a PEC provider wrote the outermost message.
    pub fn is_pec(self) -> bool {
        matches!(self, Self::PecMessage | Self::PecReceipt | Self::PecAnomaly)
    }
}

/// A message understood.
#[derive(Clone, Debug)]
pub struct Understood {
    /// What it is.
    pub kind: MailKind,
    /// The mail to show: for envelopes the inner subject, text and files under the real sender, with the envelope's
    /// Message-ID and headers.
    pub mail: Mail,
    /// The report, for a [`MailKind::Bounce`].
    pub bounce: Option<Bounce>,
    /// The certified facts, for the kinds of PEC.
    pub pec: Option<Pec>,
    /// Why it asks for nothing.
    pub not_actionable: Option<NotActionable>,
    /// Whether it must get no automatic answer.
    pub no_auto_answer: bool,
    /// The key under which it is taken in once.
    pub key: String,
}

impl Understood {
    /// Reads raw bytes; `None` when there is no header field at all.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mail = Mail::parse(bytes)?;
        let key = crate::key::intake_key(&mail);
        Some(match pec::open(&mail) {
            Some(opened) => Self::certified(mail, opened, key),
            None => Self::ordinary(mail, key),
        })
    }
    /// Whether it opens a ticket when it belongs to no conversation yet.
    pub fn opens_ticket(&self) -> bool {
        self.kind.is_contact() && self.not_actionable.is_none()
    }
    fn ordinary(mail: Mail, key: String) -> Self {
        let bounce = report::bounce(&mail);
        let Signs { reason, quiet } = auto::signs(mail.headers());
        let kind = match (&bounce, reason) {
            (Some(_), _) => MailKind::Bounce,
            (None, Some(NotActionable::List)) => MailKind::List,
            (None, Some(_)) => MailKind::AutoReply,
            (None, None) => MailKind::Message,
        };
        let not_actionable = reason.filter(|_| bounce.is_none());
        let no_auto_answer = quiet || bounce.is_some() || mail.sender_address().is_none();
        Self { kind, mail, bounce, pec: None, not_actionable, no_auto_answer, key }
    }
    fn certified(outer: Mail, opened: Opened, key: String) -> Self {
        let kind = match opened.role {
            PecRole::Message => MailKind::PecMessage,
            PecRole::Receipt(_) => MailKind::PecReceipt,
            PecRole::Anomaly => MailKind::PecAnomaly,
        };
        // The envelope is a machine's; whether a person wrote is said by the mail inside.
        let signs = opened.inner.as_ref().map(|inner| auto::signs(inner.headers())).unwrap_or_default();
        let sender = if kind.is_contact() { pec::real_sender(&outer, &opened) } else { outer.from.clone() };
        let mut mail = shown(outer, opened.inner);
        mail.from = sender;
        mail.flags.extend(opened.flags);
        let no_auto_answer = !kind.is_contact() || signs.quiet || mail.sender_address().is_none();
        Self {
            kind,
            mail,
            bounce: None,
            pec: Some(opened.facts),
            not_actionable: signs.reason,
            no_auto_answer,
            key,
        }
    }
}

/// The inner mail in the envelope's place; the envelope's id is the one that answers refer to.
fn shown(outer: Mail, inner: Option<Mail>) -> Mail {
    let Some(inner) = inner else { return outer };
    let mut references = inner.references;
    let new = outer.references.iter().filter(|id| !references.contains(id)).cloned().collect::<Vec<_>>();
    references.extend(new);
    Mail {
        subject: inner.subject.or(outer.subject),
        text: inner.text,
        attachments: inner.attachments,
        in_reply_to: inner.in_reply_to.or(outer.in_reply_to),
        references,
        to: if inner.to.is_empty() { outer.to } else { inner.to },
        cc: if inner.cc.is_empty() { outer.cc } else { inner.cc },
        flags: outer.flags.union(&inner.flags).copied().filter(|flag| *flag != "from_missing").collect(),
        ..outer
    }
}
