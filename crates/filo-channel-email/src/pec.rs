//! PEC, Italian certified mail: transport envelopes, receipts and anomalies of the providers (gestori).
//!
//! **Invariant:** the role is read from TOP-LEVEL headers alone. Everything in a PEC mailbox was written by a
//! provider, so a forged receipt can only sit inside an envelope, where it is not looked for. The provider's
//! signature is not verified: that takes AgID's list of certification authorities.

use filo_channel::RecipientReport;
use filo_domain::{Instant, vocabulary::DeliveryState};
use serde::Serialize;

use crate::{
    daticert::{self, Daticert},
    header::Headers,
    message::{Mail, Mailbox},
    mime::Part,
};

/// What a message of a provider is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PecRole {
    /// A transport envelope around a certified message.
    Message,
    /// A receipt or notice, by the provider's word for it.
    Receipt(String),
    /// An envelope around ordinary mail that reached a PEC mailbox; without legal value.
    Anomaly,
}

/// The certified facts, as the contract shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pec {
    /// `posta-certificata`, the word of the receipt, or `errore` for an anomaly.
    pub kind: String,
    /// The provider that wrote it.
    pub provider: Option<String>,
    /// The provider's id of the transaction.
    pub id: Option<String>,
    /// The Message-ID of the submitted message, without brackets.
    pub reference: Option<String>,
    /// The certified instant.
    pub at: Option<Instant>,
    /// The certified sender.
    pub sender: Option<String>,
    /// The recipients and whether each is a certified mailbox.
    pub recipients: Vec<PecRecipient>,
    /// The subject of the submitted message.
    pub subject: Option<String>,
    /// `nessuno`, or the provider's word for what is wrong.
    pub error: Option<String>,
    /// The provider's words about the error.
    pub error_detail: Option<String>,
    /// Always `not_verified`.
    pub signature: &'static str,
    /// Every id by which the message it speaks of may be known.
    #[serde(skip)]
    pub references: Vec<String>,
    /// The mailbox a delivery receipt speaks of.
    #[serde(skip)]
    pub delivery: Option<String>,
}

/// A recipient of a certified message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PecRecipient {
    /// The address in lower case.
    pub address: String,
    /// Whether it is a PEC mailbox; others never give a delivery receipt.
    pub certified: bool,
}

/// A provider's message taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) role: PecRole,
    pub(crate) facts: Pec,
    /// The mail inside an envelope or anomaly.
    pub(crate) inner: Option<Mail>,
    pub(crate) flags: Vec<&'static str>,
}

/// Opens a provider's message; `None` for ordinary mail.
pub(crate) fn open(mail: &Mail) -> Option<Opened> {
    let role = role(mail.headers())?;
    let mut flags = Vec::new();
    let data = match find(&mail.root, is_daticert).map(|part| daticert::parse(part.bytes())) {
        Some((data, true)) => data,
        damaged => {
            // Providers need not certify anything about ordinary mail.
            if role != PecRole::Anomaly || damaged.is_some() {
                flags.push("daticert_unparsed");
            }
            damaged.map(|(data, _)| data).unwrap_or_default()
        }
    };
    let inner = match role {
        PecRole::Receipt(_) => None,
        PecRole::Message | PecRole::Anomaly => {
            original(&mail.root).and_then(|part| Mail::parse(part.bytes()))
        }
    };
    if inner.is_none() && !matches!(role, PecRole::Receipt(_)) {
        flags.push("postacert_missing");
    }
    Some(Opened { facts: facts(mail.headers(), &role, data), role, inner, flags })
}

/// The role by the top-level headers.
fn role(headers: &Headers) -> Option<PecRole> {
    let word = |name: &str| headers.first(name).map(str::to_lowercase);
    match word("x-trasporto").as_deref() {
        Some("posta-certificata") => return Some(PecRole::Message),
        Some("errore") => return Some(PecRole::Anomaly),
        _ => {}
    }
    let virus = || {
        word("x-verificasicurezza").filter(|word| word == "errore").map(|_| "rilevazione-virus".to_owned())
    };
    word("x-ricevuta").or_else(virus).map(PecRole::Receipt)
}

fn facts(headers: &Headers, role: &PecRole, data: Daticert) -> Pec {
    let kind = match role {
        PecRole::Message => "posta-certificata".to_owned(),
        PecRole::Receipt(word) => word.clone(),
        PecRole::Anomaly => "errore".to_owned(),
    };
    let mut references = headers.ids("x-riferimento-message-id");
    references.extend(data.message_id);
    references.dedup();
    Pec {
        kind,
        provider: data.provider,
        id: data.id,
        reference: references.first().cloned(),
        at: data.at,
        sender: data.sender,
        recipients: data
            .recipients
            .into_iter()
            .map(|(address, certified)| PecRecipient { address, certified })
            .collect(),
        subject: data.subject,
        error: data.error,
        error_detail: data.error_detail,
        signature: "not_verified",
        references,
        delivery: data.delivery,
    }
}

/// The author of what an envelope carries: the certified sender, else Reply-To, else the inner From, else the address
/// after `Per conto di:`. Reply-To comes second because its author chooses it; on an ordinary envelope they agree.
pub(crate) fn real_sender(mail: &Mail, opened: &Opened) -> Option<Mailbox> {
    let inner = opened.inner.as_ref().and_then(|inner| inner.from.clone());
    let behalf = || {
        let name = mail.from.as_ref()?.name.as_deref()?;
        name.rsplit(' ').next().filter(|word| word.contains('@')).map(str::to_owned)
    };
    let certified = opened.facts.sender.clone().filter(|sender| sender.contains('@'));
    let address = certified
        .or_else(|| mail.reply_to.clone())
        .or_else(|| inner.as_ref().and_then(|one| one.address.clone()))
        .or_else(behalf)?;
    let same =
        inner.filter(|one| one.address.as_deref().is_some_and(|other| other.eq_ignore_ascii_case(&address)));
    Some(Mailbox { name: same.and_then(|one| one.name), address: Some(address) })
}

impl Pec {
    /// What a receipt means for each recipient; an empty address means all of them. Notices of delay, of acceptance
    /// between providers and unknown words change nothing.
    pub fn recipient_reports(&self) -> Vec<RecipientReport> {
        let (state, all) = match self.kind.as_str() {
            "accettazione" => (Some(DeliveryState::Accepted), true),
            "non-accettazione" => (Some(DeliveryState::Failed), true),
            "avvenuta-consegna" => (Some(DeliveryState::Delivered), false),
            "errore-consegna" => (Some(DeliveryState::Failed), false),
            _ => (None, false),
        };
        let addresses = if all { self.every_address() } else { vec![self.concerned()] };
        let detail =
            self.error_detail.clone().or_else(|| self.error.clone().filter(|error| error != "nessuno"));
        let report = |address| RecipientReport { address, state, detail: detail.clone() };
        addresses.into_iter().map(report).collect()
    }
    fn every_address(&self) -> Vec<String> {
        let all: Vec<String> = self.recipients.iter().map(|one| one.address.clone()).collect();
        if all.is_empty() { vec![String::new()] } else { all }
    }
    /// The recipient as we wrote it: the mailbox named, or the only recipient, whose alias it may be.
    fn concerned(&self) -> String {
        let named = self.delivery.clone();
        let known = |address: &String| self.recipients.iter().any(|one| one.address == *address);
        match (named, self.recipients.as_slice()) {
            (Some(address), _) if known(&address) => address,
            (_, [only]) => only.address.clone(),
            (named, _) => named.unwrap_or_default(),
        }
    }
}

fn find(root: &Part, wanted: fn(&Part) -> bool) -> Option<&Part> {
    root.leaves().into_iter().find(|part| wanted(part))
}

fn is_daticert(part: &Part) -> bool {
    let named = part.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("daticert.xml"));
    let xml = matches!(part.media_type.as_str(), "application/xml" | "text/xml");
    named || (xml && part.bytes().windows(10).any(|ten| ten == b"<postacert"))
}

/// The original: by its name, else the first attached message. Webmails rename it after its subject.
fn original(root: &Part) -> Option<&Part> {
    find(root, |part| part.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("postacert.eml")))
        .or_else(|| find(root, |part| part.media_type == "message/rfc822"))
}

#[cfg(test)]
mod tests;
