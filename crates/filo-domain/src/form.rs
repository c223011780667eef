//! Forms as plain values: their fields, and what a filled-in form must satisfy.
//!
//! **Invariant:** a form speaks no language of its own. Labels come from the city's configuration in each of its
//! languages, and a refusal is a stable code with parameters, so that whoever shows it finds the words.
//!
//! A few field keys have a meaning of their own, whatever the city calls them on the page: `name`, `surname`,
//! `email`, `phone` and `fiscal_code` tell who writes, `theme`, `kind`, `subject` and `text` tell about what. Every
//! other field travels with the ticket as it is. Start at [`Form::validate`]; a whole submission is read and
//! checked in [`submission`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::vocabulary::Kind;

pub mod custom;
pub mod submission;
mod value;

#[cfg(test)]
mod tests;

pub use custom::CustomFields;
pub use submission::{Forms, Submission};

/// A text in the city's languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Localised {
    /// Italian.
    pub it: String,
    /// English; Italian is shown where it is missing.
    #[serde(default)]
    pub en: Option<String>,
}

impl Localised {
    /// The text in a language (`it`, `en`), in Italian where there is none.
    pub fn in_language(&self, language: &str) -> &str {
        match (language, &self.en) {
            ("en", Some(en)) => en,
            _ => &self.it,
        }
    }
}

/// A form of the city.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The stable key, as in `{"form":"generale"}`.
    pub key: String,
    /// The title of the page.
    pub title: Localised,
    /// A sentence under the title.
    #[serde(default)]
    pub intro: Option<Localised>,
    /// What a ticket from this form asks for, where the form itself decides it.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// The fields, in the order of the page.
    pub fields: Vec<Field>,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The stable key, as in `{"fields":{"email":…}}`.
    pub key: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// The label.
    pub label: Localised,
    /// Help under the label.
    #[serde(default)]
    pub hint: Option<Localised>,
    /// Whether it must be filled in.
    #[serde(default)]
    pub required: bool,
    /// The most characters it may have; [`FieldType::max_length`] where the form says nothing.
    #[serde(default)]
    pub max_length: Option<usize>,
    /// The choices of a `choice` field.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// Where a `choice` field takes its choices from, instead of [`Self::choices`].
    #[serde(default)]
    pub source: Option<ChoiceSource>,
}

impl Field {
    /// The most characters it may have; a line end counts as one.
    pub fn limit(&self) -> usize {
        self.max_length.unwrap_or(self.field_type.max_length())
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// One line.
    Text,
    /// Several lines.
    LongText,
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A codice fiscale.
    FiscalCode,
    /// A day, as `2026-10-01`.
    Date,
    /// One of a list.
    Choice,
    /// A number, kept with a point before its decimals.
    Number,
    /// Yes or no, kept as `true` or `false`.
    YesNo,
}

impl FieldType {
    /// The most characters where the form sets no limit of its own.
    pub fn max_length(self) -> usize {
        match self {
            Self::Text => 200,
            Self::LongText => 4000,
            Self::Email => 254,
            Self::Phone => 30,
            Self::FiscalCode => 20,
            Self::Date => 10,
            Self::Choice => 100,
            Self::Number => 20,
            Self::YesNo => 5,
        }
    }
}

/// One choice of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The stable key that is sent.
    pub key: String,
    /// The label.
    pub label: Localised,
}

/// A list that lives elsewhere in the city's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceSource {
    /// The theme keys.
    Themes,
}

/// Why a definition is no form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A key is empty or has other characters than small letters, digits, `_` and `-`.
    #[error("form {form:?}: the key {key:?} must be of small letters, digits, `_` and `-`")]
    Key {
        /// The form.
        form: String,
        /// The key.
        key: String,
    },
    /// Two forms, fields or choices share a key.
    #[error("form {form:?}: {key:?} is there twice")]
    Twice {
        /// The form.
        form: String,
        /// The key.
        key: String,
    },
    /// A choice without a list, or a list on what is no choice.
    #[error(
        "form {form:?}: the field {field:?} needs either choices or a source if it is a choice, and neither if not"
    )]
    Choices {
        /// The form.
        form: String,
        /// The field.
        field: String,
    },
    /// A limit that makes no sense.
    #[error("form {form:?}: max_length of {field:?} must be between 1 and {MAX_LENGTH}")]
    Limit {
        /// The form.
        form: String,
        /// The field.
        field: String,
    },
}

/// The most that any field may allow, in characters.
pub const MAX_LENGTH: usize = 20_000;

/// One refused part of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where: a JSON Pointer into the submission, such as `/fields/email`.
    pub pointer: String,
    /// What is wrong with it.
    pub problem: FieldProblem,
}

impl FieldError {
    /// A problem of one field.
    pub fn of_field(key: &str, problem: FieldProblem) -> Self {
        let shown: String = key.chars().filter(|c| !c.is_control()).take(60).collect();
        Self { pointer: format!("/fields/{}", shown.replace('~', "~0").replace('/', "~1")), problem }
    }
    /// A problem of the submission outside its fields.
    pub fn at(pointer: &str, problem: FieldProblem) -> Self {
        Self { pointer: pointer.to_owned(), problem }
    }
    /// The field's key, when it is about a field.
    pub fn field(&self) -> Option<String> {
        self.pointer.strip_prefix("/fields/").map(|key| key.replace("~1", "/").replace("~0", "~"))
    }
}

/// What is wrong with a part of a submission. Its text is the English one for programs; pages look theirs up by
/// [`Self::code`] and fill [`Self::params`] in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// Nothing is there.
    #[error("is required")]
    Required,
    /// Too many characters.
    #[error("has {found} characters, at most {max} are allowed")]
    TooLong {
        /// The limit.
        max: usize,
        /// How many there are.
        found: usize,
    },
    /// Control characters, NUL among them.
    #[error("has a control character")]
    ControlCharacter,
    /// No mail address.
    #[error("is no mail address such as nome@example.it")]
    NotAnEmail,
    /// No telephone number.
    #[error("is no telephone number: give its digits, with or without +39")]
    NotAPhone,
    /// No codice fiscale.
    #[error("is no codice fiscale: check its last character")]
    NotAFiscalCode,
    /// No day.
    #[error("is no day such as 2026-10-01")]
    NotADate,
    /// No number.
    #[error("is no number such as 12 or 12.5, of at most 15 digits")]
    NotANumber,
    /// Neither yes nor no.
    #[error("is neither true nor false")]
    NotYesOrNo,
    /// None of the list.
    #[error("is none of the choices")]
    UnknownChoice,
    /// The form has no such field, or the submission no such member.
    #[error("is not known here")]
    UnknownField,
    /// The city has no such form.
    #[error("is no form of the city")]
    UnknownForm,
    /// The privacy notice was not accepted.
    #[error("must be true: the privacy notice has to be read and accepted")]
    NotAccepted,
    /// Not of the type that is expected.
    #[error("must be {expected}")]
    WrongType {
        /// What it must be: `a text`, `an object`, `true or false`.
        expected: &'static str,
    },
}

impl FieldProblem {
    /// The stable word under which the city's texts have the message.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong { .. } => "too_long",
            Self::ControlCharacter => "control_character",
            Self::NotAnEmail => "not_an_email",
            Self::NotAPhone => "not_a_phone",
            Self::NotAFiscalCode => "not_a_fiscal_code",
            Self::NotADate => "not_a_date",
            Self::NotANumber => "not_a_number",
            Self::NotYesOrNo => "not_yes_or_no",
            Self::UnknownChoice => "unknown_choice",
            Self::UnknownField => "unknown_field",
            Self::UnknownForm => "unknown_form",
            Self::NotAccepted => "not_accepted",
            Self::WrongType { .. } => "wrong_type",
        }
    }
    /// What the message names, by the name it has there.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TooLong { max, found } => vec![("max", max.to_string()), ("found", found.to_string())],
            Self::WrongType { expected } => vec![("expected", (*expected).to_owned())],
            Self::Required
            | Self::ControlCharacter
            | Self::NotAnEmail
            | Self::NotAPhone
            | Self::NotAFiscalCode
            | Self::NotADate
            | Self::NotANumber
            | Self::NotYesOrNo
            | Self::UnknownChoice
            | Self::UnknownField
            | Self::UnknownForm
            | Self::NotAccepted => Vec::new(),
        }
    }
}

/// The values of a form that satisfies it: trimmed, line ends as `\n`, blank fields left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Valid(BTreeMap<String, String>);

impl Valid {
    /// One field's value; `None` when it was left blank.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
    /// All values by key.
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl Form {
    /// Checks filled-in fields; a field with `source = "themes"` must be one of `themes`.
    ///
    /// # Errors
    /// Every refused field, those of the form first and in its order, then those it does not have.
    pub fn validate(
        &self,
        given: &BTreeMap<String, String>,
        themes: &BTreeSet<String>,
    ) -> Result<Valid, Vec<FieldError>> {
        let (mut valid, mut errors) = (BTreeMap::new(), Vec::new());
        for field in &self.fields {
            match field.read(given.get(&field.key).map_or("", String::as_str), themes) {
                Ok(Some(value)) => drop(valid.insert(field.key.clone(), value)),
                Ok(None) => {}
                Err(problem) => errors.push(FieldError::of_field(&field.key, problem)),
            }
        }
        let unknown = given.keys().filter(|key| self.field(key).is_none());
        errors.extend(unknown.map(|key| FieldError::of_field(key, FieldProblem::UnknownField)));
        if errors.is_empty() { Ok(Valid(valid)) } else { Err(errors) }
    }
    /// A field by its key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }
    /// Checks the definition itself, as the configuration's loader does.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), FormError> {
        check_keys(&self.key, std::iter::once(self.key.as_str()))?;
        check_fields(&self.key, &self.fields)
    }
}

/// Checks the definitions of a list of fields; `form` names what declares them.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_fields(form: &str, fields: &[Field]) -> Result<(), FormError> {
    check_keys(form, fields.iter().map(|field| field.key.as_str()))?;
    fields.iter().try_for_each(|field| check_field(form, field))
}

fn check_field(form: &str, field: &Field) -> Result<(), FormError> {
    let (form_key, key) = (form.to_owned(), field.key.clone());
    let lists = usize::from(!field.choices.is_empty()) + usize::from(field.source.is_some());
    if lists != usize::from(field.field_type == FieldType::Choice) {
        return Err(FormError::Choices { form: form_key, field: key });
    }
    if !(1..=MAX_LENGTH).contains(&field.limit()) {
        return Err(FormError::Limit { form: form_key, field: key });
    }
    check_keys(form, field.choices.iter().map(|choice| choice.key.as_str()))
}

fn check_keys<'a>(form: &str, keys: impl Iterator<Item = &'a str>) -> Result<(), FormError> {
    let mut seen = BTreeSet::new();
    for key in keys {
        let (form, owned) = (form.to_owned(), key.to_owned());
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        if key.is_empty() || !key.chars().all(plain) {
            return Err(FormError::Key { form, key: owned });
        }
        if !seen.insert(key) {
            return Err(FormError::Twice { form, key: owned });
        }
    }
    Ok(())
}
