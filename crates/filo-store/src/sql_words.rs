//! Words and JSON lists on their way from the database: a value that this version does not write is
//! [`StoreError::Corrupt`], never a default.

use filo_domain::vocabulary::Word;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// Reads a word of a closed list.
pub(crate) fn word<W: Word>(table: &'static str, id: impl ToString, text: &str) -> Result<W, StoreError> {
    W::parse_word(text).map_err(|error| corrupt(table, id, error))
}

/// Reads an optional word.
pub(crate) fn optional_word<W: Word>(
    table: &'static str,
    id: impl ToString,
    text: Option<&str>,
) -> Result<Option<W>, StoreError> {
    text.map(|text| word(table, id, text)).transpose()
}

/// Reads a JSON column.
pub(crate) fn json<T: DeserializeOwned>(
    table: &'static str,
    id: impl ToString,
    value: serde_json::Value,
) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|error| corrupt(table, id, error))
}

/// A value that this version does not write.
pub(crate) fn corrupt(table: &'static str, id: impl ToString, problem: impl ToString) -> StoreError {
    StoreError::Corrupt { table, id: id.to_string(), problem: problem.to_string() }
}
