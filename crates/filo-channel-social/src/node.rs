//! A body read leniently: a member that is missing or of another type is simply not there.
//!
//! **Invariant:** texts and ids that leave this module have no NUL, and ids have no control characters.

use filo_domain::Instant;
use serde_json::Value;
use sha2::{Digest, Sha256};

static NOTHING: Value = Value::Null;

/// Numbers up to here are seconds (the year 5138), up to a thousand times more milliseconds, and so on.
const MOST_SECONDS: i64 = 100_000_000_000;

/// A part of a body.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a>(&'a Value);

impl<'a> Node<'a> {
    pub(crate) fn of(value: &'a Value) -> Self {
        Self(value)
    }
    pub(crate) fn get(self, key: &str) -> Self {
        Self(self.0.get(key).unwrap_or(&NOTHING))
    }
    pub(crate) fn is_object(self) -> bool {
        self.0.is_object()
    }
    pub(crate) fn has(self, key: &str) -> bool {
        !self.get(key).0.is_null()
    }
    /// The elements of a list; nothing when it is no list.
    pub(crate) fn list(self, key: &str) -> impl Iterator<Item = Self> {
        self.get(key).elements()
    }
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        self.0.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(Self)
    }
    /// The members' values of an object, one level deeper where they are lists.
    pub(crate) fn members(self) -> impl Iterator<Item = Self> {
        self.0.as_object().into_iter().flat_map(|object| object.values().map(Self))
    }
    pub(crate) fn is_true(self, key: &str) -> bool {
        self.get(key).0.as_bool() == Some(true)
    }
    /// A text that is not empty.
    pub(crate) fn text(self, key: &str) -> Option<String> {
        self.get(key).own_text()
    }
    /// The node itself as a text that is not empty.
    pub(crate) fn own_text(self) -> Option<String> {
        let text = self.0.as_str()?.replace('\0', "");
        (!text.trim().is_empty()).then_some(text)
    }
    /// An id, written as a text or as a number.
    pub(crate) fn id(self, key: &str) -> Option<String> {
        let id = match self.get(key).0 {
            Value::String(text) => text.chars().filter(|c| !c.is_control()).collect(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let id = id.trim();
        (!id.is_empty()).then(|| id.to_owned())
    }
    /// An instant: seconds, milliseconds or microseconds since 1970 as a number or a text, or an ISO 8601 text.
    pub(crate) fn instant(self, key: &str) -> Option<Instant> {
        let text = self.id(key)?;
        match text.parse::<i64>() {
            Ok(number) if number <= 0 => None,
            Ok(number) if number <= MOST_SECONDS => Some(Instant::from_seconds(number)),
            Ok(number) if number <= MOST_SECONDS * 1_000 => Some(Instant::from_micros(number * 1_000)),
            Ok(number) if number <= MOST_SECONDS * 1_000_000 => Some(Instant::from_micros(number)),
            Ok(_) => None,
            // What is no instant counts as missing, like everything here that has another type.
            Err(_no_number) => Instant::parse(&text).ok(),
        }
    }
    /// Thirty-two hexadecimal digits that stand for the content.
    pub(crate) fn digest(self) -> String {
        digest(&self.0.to_string())
    }
}

/// Thirty-two hexadecimal digits that stand for a text.
pub(crate) fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
