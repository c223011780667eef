//! A whole submission: a form's key, its fields and the acceptance of the privacy notice.
//!
//! A submission is read twice by the same rules: when it arrives, to tell the citizen what is wrong, and when its
//! envelope is decoded, because stored bytes are trusted no more than any others.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{FieldError, FieldProblem, Form, FormError, Valid};
use crate::Instant;

/// More refusals than these are not listed.
const MOST_ERRORS: usize = 50;
const MAX_ID_LENGTH: usize = 200;

/// The forms of a city with the themes its citizens may choose.
#[derive(Clone, Debug, Default)]
pub struct Forms {
    forms: Vec<Form>,
    themes: BTreeSet<String>,
}

/// A filled-in form as it is handed to the adapter and kept: what the citizen sent, and what the receiver adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The form's key.
    pub form: String,
    /// The fields by key.
    pub fields: BTreeMap<String, String>,
    /// Whether the privacy notice was accepted.
    #[serde(default)]
    pub privacy_accepted: bool,
    /// The intake key: the same request sent twice has the same one.
    pub submission_id: String,
    /// When it was received, in UTC.
    pub received_at: Instant,
}

impl Submission {
    /// Reads what a citizen sent, `{"form":…,"fields":{…},"privacy_accepted":true}`; a field that is `null` counts
    /// as left blank.
    ///
    /// # Errors
    /// Every part that is not of the expected type or not known, with its pointer. Whether the fields satisfy the
    /// form is for [`Forms::check`].
    pub fn of_json(body: &Value, submission_id: &str, received_at: Instant) -> Result<Self, Vec<FieldError>> {
        let Value::Object(members) = body else {
            return Err(vec![wrong("", "an object")]);
        };
        let mut errors = unknown_members(members);
        let form = take(members.get("form").map(Value::as_str), "/form", "a text", &mut errors);
        let accepted = members.get("privacy_accepted").map(Value::as_bool);
        let privacy_accepted = take(accepted, "/privacy_accepted", "true or false", &mut errors);
        let fields = take(members.get("fields").map(Value::as_object), "/fields", "an object", &mut errors);
        let fields = fields.map(|fields| texts(fields, &mut errors)).unwrap_or_default();
        errors.truncate(MOST_ERRORS);
        match (form, privacy_accepted) {
            (Some(form), Some(privacy_accepted)) if errors.is_empty() => Ok(Self {
                form: form.to_owned(),
                fields,
                privacy_accepted,
                submission_id: submission_id.to_owned(),
                received_at,
            }),
            _ => Err(errors),
        }
    }
}

fn wrong(pointer: &str, expected: &'static str) -> FieldError {
    FieldError::at(pointer, FieldProblem::WrongType { expected })
}

fn unknown_members(members: &Map<String, Value>) -> Vec<FieldError> {
    let unknown =
        members.keys().filter(|key| !matches!(key.as_str(), "form" | "fields" | "privacy_accepted"));
    let refuse = |key: &String| {
        let mut error = FieldError::of_field(key, FieldProblem::UnknownField);
        error.pointer = error.pointer.replacen("/fields", "", 1);
        error
    };
    unknown.map(refuse).collect()
}

/// A member of the right type; a missing or wrong one is noted among the errors.
fn take<T>(
    found: Option<Option<T>>,
    pointer: &str,
    expected: &'static str,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    match found {
        Some(Some(value)) => return Some(value),
        Some(None) => errors.push(wrong(pointer, expected)),
        None => errors.push(FieldError::at(pointer, FieldProblem::Required)),
    }
    None
}

fn texts(fields: &Map<String, Value>, errors: &mut Vec<FieldError>) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (key, value) in fields {
        match value {
            Value::String(text) => drop(texts.insert(key.clone(), text.clone())),
            Value::Null => {}
            _ => errors.push(FieldError::of_field(key, FieldProblem::WrongType { expected: "a text" })),
        }
    }
    texts
}

impl Forms {
    /// Puts a city's forms together, with the theme keys that citizens may choose.
    ///
    /// # Errors
    /// When a form's definition is wrong or two forms share a key.
    pub fn new(forms: Vec<Form>, themes: BTreeSet<String>) -> Result<Self, FormError> {
        let mut keys = BTreeSet::new();
        for form in &forms {
            form.check()?;
            if !keys.insert(form.key.clone()) {
                return Err(FormError::Twice { form: form.key.clone(), key: form.key.clone() });
            }
        }
        Ok(Self { forms, themes })
    }
    /// All forms, in the order they were given.
    pub fn all(&self) -> &[Form] {
        &self.forms
    }
    /// The theme keys that citizens may choose.
    pub fn themes(&self) -> &BTreeSet<String> {
        &self.themes
    }
    /// A form by its key.
    pub fn get(&self, key: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.key == key)
    }
    /// Checks a whole submission: the form exists, its fields satisfy it, the privacy notice was accepted.
    ///
    /// # Errors
    /// Everything that is wrong, with JSON pointers into the submission.
    pub fn check(&self, submission: &Submission) -> Result<(&Form, Valid), Vec<FieldError>> {
        let Some(form) = self.get(&submission.form) else {
            return Err(vec![FieldError::at("/form", FieldProblem::UnknownForm)]);
        };
        let validated = form.validate(&submission.fields, &self.themes);
        let mut errors: Vec<_> = validated.as_ref().err().cloned().unwrap_or_default();
        if !submission.privacy_accepted {
            errors.push(FieldError::at("/privacy_accepted", FieldProblem::NotAccepted));
        }
        errors.extend(id_problem(&submission.submission_id));
        errors.truncate(MOST_ERRORS);
        match validated {
            Ok(valid) if errors.is_empty() => Ok((form, valid)),
            _ => Err(errors),
        }
    }
}

fn id_problem(id: &str) -> Option<FieldError> {
    let found = id.chars().count();
    let problem = if id.trim().is_empty() {
        FieldProblem::Required
    } else if found > MAX_ID_LENGTH {
        FieldProblem::TooLong { max: MAX_ID_LENGTH, found }
    } else if id.contains(char::is_control) {
        FieldProblem::ControlCharacter
    } else {
        return None;
    };
    Some(FieldError::at("/submission_id", problem))
}
