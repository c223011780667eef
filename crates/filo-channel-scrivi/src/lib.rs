//! Scrivi, the written web form: a submission becomes one contact.
//!
//! **Invariant:** nothing passes that the form's definition refuses, whether it comes from the page, from a key or
//! out of the store; what a refusal says never repeats what the citizen wrote.
//!
//! The receiver of the request reads the citizen's JSON with [`Submission::of_json`], which adds the intake key and
//! the instant, and hands the [`Submission`] over as JSON. Start at [`ScriviDecoder`].

use std::collections::BTreeMap;

use filo_channel::{ContactHints, Decode, Decoded, Effect, Inbound, Raw, Rejected};
use filo_domain::{
    form::{FieldError, Form, Forms, Valid},
    identity::Identity,
    vocabulary::{Channel, Direction, IdentityType, InteractionKind, Kind, Word},
};
use serde_json::json;

pub use filo_domain::form::Submission;

#[cfg(test)]
mod tests;

/// An envelope longer than this is refused unread, in bytes; the longest form a city may define is shorter.
pub const MAX_BYTES: usize = 1_000_000;

/// The fields with a meaning of their own; all others travel with the ticket as they are.
const KNOWN: [&str; 9] =
    ["name", "surname", "email", "phone", "fiscal_code", "theme", "kind", "subject", "text"];

/// Decodes the submissions of one source.
#[derive(Clone, Debug)]
pub struct ScriviDecoder {
    source: String,
    forms: Forms,
}

impl ScriviDecoder {
    /// A decoder for a configured source and the city's forms.
    pub fn new(source: impl Into<String>, forms: Forms) -> Self {
        Self { source: source.into(), forms }
    }
    /// The contact that a submission is.
    ///
    /// # Errors
    /// Everything the form refuses, with JSON pointers into the submission.
    pub fn check(&self, submission: &Submission) -> Result<Inbound, Vec<FieldError>> {
        let (form, valid) = self.forms.check(submission)?;
        Ok(Inbound {
            channel: Channel::Scrivi,
            source: self.source.clone(),
            scope: self.source.clone(),
            external_id: submission.submission_id.clone(),
            kind: InteractionKind::Submission,
            direction: Direction::Inbound,
            occurred_at: submission.received_at,
            identities: identities(&valid),
            name: name(&valid),
            thread: None,
            subject: owned(&valid, "subject"),
            text: owned(&valid, "text").unwrap_or_default(),
            not_actionable: None,
            attachments: Vec::new(),
            effect: Effect::Contact(hints(form, &valid)),
            detail: detail(&self.source, submission, &valid),
            flags: Vec::new(),
        })
    }
    fn read(&self, bytes: &[u8]) -> Result<Inbound, (&'static str, String)> {
        if bytes.len() > MAX_BYTES {
            return Err(("too_large", format!("{} bytes, at most {MAX_BYTES} are read", bytes.len())));
        }
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|why| ("unreadable_json", place(&why)))?;
        let submission: Submission =
            serde_json::from_value(value).map_err(|why| ("unknown_structure", place(&why)))?;
        self.check(&submission).map_err(|errors| ("refused_by_form", listed(&errors)))
    }
}

impl Decode for ScriviDecoder {
    fn decode(&self, raw: &Raw) -> Vec<Result<Decoded, Rejected>> {
        let read = self.read(&raw.bytes);
        vec![match read {
            Ok(inbound) => Ok(Decoded::Interaction(Box::new(inbound))),
            Err((reason, detail)) => Err(Rejected { reason, detail, raw: raw.bytes.clone() }),
        }]
    }
}

/// Where reading stopped and which sort of trouble it was; serde's own words would quote the citizen's.
fn place(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => "not the envelope of a submission".to_owned(),
        serde_json::error::Category::Syntax => {
            format!("no JSON at line {} column {}", error.line(), error.column())
        }
        serde_json::error::Category::Eof | serde_json::error::Category::Io => {
            "the JSON ends early".to_owned()
        }
    }
}

fn listed(errors: &[FieldError]) -> String {
    errors.iter().map(|error| format!("{} {}", error.pointer, error.problem)).collect::<Vec<_>>().join("; ")
}

fn owned(valid: &Valid, key: &str) -> Option<String> {
    valid.get(key).map(str::to_owned)
}

fn identities(valid: &Valid) -> Vec<Identity> {
    let keys = [
        ("email", IdentityType::Email),
        ("phone", IdentityType::Phone),
        ("fiscal_code", IdentityType::FiscalCode),
    ];
    // A field of that name which the form declares as plain text may hold anything: it is then no identity.
    let parse =
        |(key, identity_type)| valid.get(key).and_then(|value| Identity::parse(identity_type, value).ok());
    keys.into_iter().filter_map(parse).collect()
}

fn name(valid: &Valid) -> Option<String> {
    let parts: Vec<_> = [valid.get("name"), valid.get("surname")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn hints(form: &Form, valid: &Valid) -> ContactHints {
    let chosen = valid.get("kind").and_then(|word| Kind::parse_word(word).ok());
    let further = valid.values().iter().filter(|(key, _)| !KNOWN.contains(&key.as_str()));
    ContactHints {
        theme: owned(valid, "theme"),
        kind: chosen.or(form.kind),
        form: Some(form.key.clone()),
        fields: further.map(|(key, value)| (key.clone(), value.clone())).collect::<BTreeMap<_, _>>(),
        ..ContactHints::default()
    }
}

fn detail(source: &str, submission: &Submission, valid: &Valid) -> serde_json::Value {
    json!({
        "source": source,
        "external_id": submission.submission_id,
        "kind": InteractionKind::Submission.word(),
        "form": submission.form,
        "at": submission.received_at,
        "fields": valid.values(),
        "opens_ticket": true,
    })
}
