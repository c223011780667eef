//! Custom fields of a ticket: values of the fields that its theme declares, by the rules of forms.
//!
//! **Invariant:** values are kept as texts in the one form that [`Field`] reads, so that [`CustomFields::text`], which
//! the chain seals, is a function of what they mean. They may be personal: they are in no event.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Field, FieldError, FieldProblem, FieldType};

/// The values of a ticket's custom fields, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomFields(BTreeMap<String, String>);

impl CustomFields {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is sealed: one text for one set of values.
    pub fn text(&self) -> String {
        let members = self.0.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        Value::Object(members.collect()).to_string()
    }

    /// The values as readers get them: numbers as numbers, yes or no as `true` or `false`, the others as texts.
    pub fn shown(&self, declared: &[Field]) -> BTreeMap<String, Value> {
        let show = |(key, value): (&String, &String)| {
            let field = declared.iter().find(|field| field.key == *key);
            let typed = match field.map(|field| field.field_type) {
                // Their one form is that of JSON.
                Some(FieldType::Number | FieldType::YesNo) => serde_json::from_str(value).ok(),
                _ => None,
            };
            (key.clone(), typed.unwrap_or_else(|| Value::from(value.as_str())))
        };
        self.0.iter().map(show).collect()
    }

    /// The values after a change, in which `null` and a blank text remove; a field with `source = "themes"` must be
    /// one of `themes`. A value whose field is no longer declared stays until it is removed.
    ///
    /// # Errors
    /// Every refused field.
    pub fn changed(
        &self,
        declared: &[Field],
        change: &BTreeMap<String, Value>,
        themes: &BTreeSet<String>,
    ) -> Result<Self, Vec<FieldError>> {
        let (mut values, mut errors) = (self.0.clone(), Vec::new());
        for (key, value) in change {
            let field = declared.iter().find(|field| field.key == *key);
            match read(field, value, themes) {
                Ok(Some(value)) => drop(values.insert(key.clone(), value)),
                Ok(None) if field.is_some() || values.contains_key(key) => drop(values.remove(key)),
                Ok(None) => errors.push(FieldError::of_field(key, FieldProblem::UnknownField)),
                Err(problem) => errors.push(FieldError::of_field(key, problem)),
            }
        }
        if errors.is_empty() { Ok(Self(values)) } else { Err(errors) }
    }

    /// Refuses values that lack a required field.
    ///
    /// # Errors
    /// Every field that is missing.
    pub fn complete(&self, declared: &[Field]) -> Result<(), Vec<FieldError>> {
        let lacking = declared.iter().filter(|field| field.required && !self.0.contains_key(&field.key));
        let errors: Vec<_> =
            lacking.map(|field| FieldError::of_field(&field.key, FieldProblem::Required)).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// What of a submission's fields is declared too and fits; the rest stays with the contact alone.
    pub fn of_submission(
        declared: &[Field],
        given: &BTreeMap<String, String>,
        themes: &BTreeSet<String>,
    ) -> Self {
        let taken = declared.iter().filter_map(|field| {
            let value = field.read(given.get(&field.key)?, themes).ok()??;
            Some((field.key.clone(), value))
        });
        Self(taken.collect())
    }
}

/// The value to keep; `None` to remove it.
fn read(
    field: Option<&Field>,
    value: &Value,
    themes: &BTreeSet<String>,
) -> Result<Option<String>, FieldProblem> {
    if value.is_null() {
        return Ok(None);
    }
    let field = field.ok_or(FieldProblem::UnknownField)?;
    let text = match (value, field.field_type) {
        (Value::String(text), _) => text.clone(),
        (Value::Number(number), FieldType::Number) => number.to_string(),
        (Value::Bool(yes), FieldType::YesNo) => yes.to_string(),
        (_, FieldType::Number) => return Err(FieldProblem::WrongType { expected: "a number" }),
        (_, FieldType::YesNo) => return Err(FieldProblem::WrongType { expected: "true or false" }),
        _ => return Err(FieldProblem::WrongType { expected: "a text" }),
    };
    // Blank is removal here; what is required is looked at in the whole.
    if text.trim().is_empty() { Ok(None) } else { field.read(&text, themes) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::form::Localised;

    fn field(key: &str, field_type: FieldType, required: bool) -> Field {
        Field {
            key: key.to_owned(),
            field_type,
            label: Localised { it: key.to_owned(), en: None },
            hint: None,
            required,
            max_length: None,
            choices: vec![],
            source: None,
        }
    }

    fn declared() -> Vec<Field> {
        vec![
            field("plate", FieldType::Text, true),
            field("metres", FieldType::Number, false),
            field("resident", FieldType::YesNo, false),
            field("since", FieldType::Date, false),
        ]
    }

    fn change(value: Value) -> BTreeMap<String, Value> {
        value.as_object().unwrap().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    fn set(value: Value) -> Result<CustomFields, Vec<(String, &'static str)>> {
        let changed = CustomFields::default().changed(&declared(), &change(value), &BTreeSet::new());
        changed.map_err(|errors| errors.into_iter().map(|it| (it.pointer, it.problem.code())).collect())
    }

    #[test]
    fn values_are_shown_in_their_type_however_they_were_written() {
        let json = set(json!({"plate": " AB123CD ", "metres": 7.50, "resident": true})).unwrap();
        let texts = set(json!({"plate": "AB123CD", "metres": "07,5", "resident": "sì"})).unwrap();
        assert_eq!(json, texts);
        let shown = json!(json.shown(&declared()));
        assert_eq!(shown, json!({"plate": "AB123CD", "metres": 7.5, "resident": true}));
        assert_eq!(json.text(), r#"{"metres":"7.5","plate":"AB123CD","resident":"true"}"#);
    }

    #[test]
    fn each_wrong_value_is_refused_at_its_place() {
        let wrong =
            json!({"plate": 7, "metres": "tre", "resident": "forse", "since": "ieri", "colour": "rosso"});
        let mut refused = set(wrong).unwrap_err();
        refused.sort();
        let expected = [
            ("/fields/colour", "unknown_field"),
            ("/fields/metres", "not_a_number"),
            ("/fields/plate", "wrong_type"),
            ("/fields/resident", "not_yes_or_no"),
            ("/fields/since", "not_a_date"),
        ];
        assert_eq!(refused, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn null_removes_also_what_the_theme_no_longer_declares() {
        let full = set(json!({"plate": "AB123CD", "metres": 3})).unwrap();
        let none = BTreeSet::new();
        let gone = full.changed(&[], &change(json!({"metres": null})), &none).unwrap();
        assert_eq!(gone.text(), r#"{"plate":"AB123CD"}"#);
        assert!(full.changed(&[], &change(json!({"metres": 4})), &none).is_err());
        assert!(full.changed(&[], &change(json!({"colour": null})), &none).is_err());
        assert!(gone.complete(&declared()).is_ok());
        let empty = gone.changed(&declared(), &change(json!({"plate": " "})), &none).unwrap();
        assert!(empty.is_empty());
        assert_eq!(empty.complete(&declared()).unwrap_err()[0].pointer, "/fields/plate");
    }

    #[test]
    fn of_a_submission_only_what_is_declared_and_fits_is_taken() {
        let given = [("plate", "AB123CD"), ("metres", "molti"), ("place", "via Roma")];
        let given = given.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let taken = CustomFields::of_submission(&declared(), &given, &BTreeSet::new());
        assert_eq!(taken.text(), r#"{"plate":"AB123CD"}"#);
    }

    proptest! {
        #[test]
        fn any_number_taken_is_read_back_as_the_same_number(number in -1_000_000_000_i64..1_000_000_000, cents in 0..100) {
            let text = format!("{number}.{cents:02}");
            let taken = set(json!({"metres": text})).unwrap();
            let shown = taken.shown(&declared())["metres"].as_f64().unwrap();
            prop_assert!((shown - text.parse::<f64>().unwrap()).abs() < 1e-9);
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,40}") {
            let _any = set(json!({"plate": text, "metres": text, "resident": text, "since": text}));
        }
    }
}
