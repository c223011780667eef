//! How a message is shown: the JSON of `filo inspect mail` and of a stored unit's detail.

use std::collections::BTreeSet;

use filo_domain::{Instant, chain::sha256_hex};
use serde::Serialize;
use serde_json::Value;

use crate::{container, message::Mailbox, pec::Pec, reply, report::Bounce, unit::Understood};

/// One message as the contract shows it; what is absent is `null`.
#[derive(Clone, Debug, Serialize)]
pub struct MailView {
    /// The word of [`crate::unit::MailKind`], or `unreadable`.
    pub kind: &'static str,
    /// Whether it opens a ticket as a first contact.
    pub opens_ticket: bool,
    /// The sender.
    pub from: Option<Mailbox>,
    /// Where answers should go.
    pub reply_to: Option<String>,
    /// The addresses in `To`.
    pub to: Vec<String>,
    /// The addresses in `Cc`.
    pub cc: Vec<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The date the message gives itself.
    pub date: Option<Instant>,
    /// Its id, without brackets.
    pub message_id: Option<String>,
    /// What it answers.
    pub in_reply_to: Option<String>,
    /// The conversation, oldest first.
    pub references: Vec<String>,
    /// The whole text.
    pub text: String,
    /// What is new in it.
    pub visible_reply: String,
    /// The files.
    pub attachments: Vec<AttachmentView>,
    /// The delivery report.
    pub bounce: Option<Bounce>,
    /// The certified facts.
    pub pec: Option<Pec>,
    /// What a reader should know.
    pub flags: BTreeSet<&'static str>,
}

/// One file.
#[derive(Clone, Debug, Serialize)]
pub struct AttachmentView {
    /// The name; empty when it had none.
    pub name: String,
    /// The declared media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// The size in bytes.
    pub size: usize,
    /// Hexadecimal SHA-256 of the content.
    pub sha256: String,
    /// Whether the text shows it in place.
    pub inline: bool,
}

impl MailView {
    /// Shows a message.
    pub fn of(unit: &Understood) -> Self {
        let mail = &unit.mail;
        let files = mail.attachments.iter().map(|file| AttachmentView {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.bytes.len(),
            sha256: sha256_hex(&file.bytes),
            inline: file.inline,
        });
        Self {
            kind: unit.kind.word(),
            opens_ticket: unit.opens_ticket(),
            from: mail.from.clone(),
            reply_to: mail.reply_to.clone(),
            to: mail.to.clone(),
            cc: mail.cc.clone(),
            subject: mail.subject.clone(),
            date: mail.date,
            message_id: mail.message_id.clone(),
            in_reply_to: mail.in_reply_to.clone(),
            references: mail.references.clone(),
            text: mail.text.clone(),
            visible_reply: visible(unit),
            attachments: files.collect(),
            bounce: unit.bounce.clone(),
            pec: unit.pec.clone(),
            flags: mail.flags.clone(),
        }
    }
    fn unreadable() -> Self {
        Self {
            kind: "unreadable",
            opens_ticket: false,
            from: None,
            reply_to: None,
            to: Vec::new(),
            cc: Vec::new(),
            subject: None,
            date: None,
            message_id: None,
            in_reply_to: None,
            references: Vec::new(),
            text: String::new(),
            visible_reply: String::new(),
            attachments: Vec::new(),
            bounce: None,
            pec: None,
            flags: BTreeSet::from(["no_headers"]),
        }
    }
    /// The view as JSON.
    pub fn json(&self) -> Value {
        // A struct of strings and numbers has no way to fail; should one come, nobody is shown half an object.
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
}

/// What is new: of a forwarded message everything.
pub(crate) fn visible(unit: &Understood) -> String {
    let forwarded = unit.mail.subject.as_deref().is_some_and(reply::is_forward);
    if forwarded { unit.mail.text.clone() } else { reply::visible_reply(&unit.mail.text) }
}

/// Shows how a file is understood, reading no store: one object for a message, and for an mbox one a message with
/// its `index` from 0. What has no header field is `unreadable`.
pub fn inspect(bytes: &[u8], file: &str) -> Vec<Value> {
    if !container::looks_like_mbox(bytes) {
        return vec![one(bytes, file, None)];
    }
    let messages = container::split_mbox(bytes);
    messages.iter().enumerate().map(|(index, message)| one(message, file, Some(index))).collect()
}

fn one(bytes: &[u8], file: &str, index: Option<usize>) -> Value {
    let view = Understood::read(bytes).map_or_else(MailView::unreadable, |unit| MailView::of(&unit));
    let mut object = serde_json::Map::new();
    object.insert("file".to_owned(), file.into());
    if let Some(index) = index {
        object.insert("index".to_owned(), index.into());
    }
    if let Value::Object(fields) = view.json() {
        object.extend(fields);
    }
    Value::Object(object)
}
