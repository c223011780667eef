//! What the document-protocol system gives back: the register entry of a document. Filo never makes a number.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

/// An entry in a protocol register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolEntry {
    /// The homogeneous organisational area (AOO) whose register it is.
    pub aoo: String,
    /// The register.
    pub register: String,
    /// The year of the numbering.
    pub year: i16,
    /// The number, as the register writes it.
    #[serde(deserialize_with = "text_or_number")]
    pub number: String,
    /// The date of the registration.
    pub date: Date,
}

/// What is wrong with an entry: the field, and what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected} ({field})")]
pub struct ProtocolError {
    /// The field.
    pub field: &'static str,
    /// What is expected.
    pub expected: &'static str,
}

impl ProtocolEntry {
    /// Checks what was received, blanks around texts taken away.
    ///
    /// # Errors
    /// The first field that cannot be.
    pub fn checked(self) -> Result<Self, ProtocolError> {
        const EXPECTED: &str = "must have 1 to 60 printable characters";
        let trim = |text: String| text.trim().to_owned();
        let entry =
            Self { aoo: trim(self.aoo), register: trim(self.register), number: trim(self.number), ..self };
        let texts = [("aoo", &entry.aoo), ("register", &entry.register), ("number", &entry.number)];
        for (field, text) in texts {
            if text.is_empty() || text.chars().count() > 60 || text.contains(char::is_control) {
                return Err(ProtocolError { field, expected: EXPECTED });
            }
        }
        if !(1900..=9999).contains(&entry.year) {
            return Err(ProtocolError { field: "year", expected: "must be a year of four digits" });
        }
        Ok(entry)
    }
}

/// Registers write their numbers with leading zeros or without: both are taken as they are.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        Number(u64),
    }
    Ok(match Given::deserialize(from)? {
        Given::Text(text) => text,
        Given::Number(number) => number.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(number: &str) -> Result<ProtocolEntry, serde_json::Error> {
        serde_json::from_str(&format!(
            r#"{{"aoo":"COMI","register":"generale","year":2026,"number":{number},"date":"2026-10-05"}}"#
        ))
    }

    #[test]
    fn a_number_is_taken_as_text_or_as_number() {
        assert_eq!(read("\"0012345\"").unwrap().number, "0012345");
        assert_eq!(read("12345").unwrap().number, "12345");
        assert!(read("null").is_err());
    }

    #[test]
    fn an_entry_says_something_in_every_field() {
        let entry = read("\" 7 \"").unwrap();
        assert_eq!(entry.clone().checked().unwrap().number, "7");
        assert_eq!(
            ProtocolEntry { aoo: " ".to_owned(), ..entry.clone() }.checked().unwrap_err().field,
            "aoo"
        );
        assert_eq!(ProtocolEntry { year: 26, ..entry }.checked().unwrap_err().field, "year");
    }
}
