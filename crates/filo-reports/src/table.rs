//! CSV as RFC 4180 has it: UTF-8, a header row, CRLF, `.` for decimals.
//!
//! **Invariant:** no text cell can be taken for a formula by the program that opens the file.

use csv::{Terminator, WriterBuilder};
use filo_indicators::render::RenderError;
use serde_json::Value;

pub(crate) const FORMAT: &str = "csv";

/// A table: its header, then its rows.
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(header: &[&str]) -> Self {
        Self { header: header.iter().map(|&name| name.to_owned()).collect(), rows: Vec::new() }
    }
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, RenderError> {
        let failed = |error: csv::Error| RenderError::new(FORMAT, error);
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        for row in std::iter::once(&self.header).chain(&self.rows) {
            writer.write_record(row).map_err(failed)?;
        }
        writer.into_inner().map_err(|error| RenderError::new(FORMAT, error.to_string()))
    }
}

/// A text cell; what a spreadsheet would take for a formula gets an apostrophe before it.
pub(crate) fn text(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{value}") } else { value.to_owned() }
}

/// A cell of a JSON value; unknown is empty. Numbers are written without an exponent.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(word) => text(word),
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().to_string(),
        other => other.to_string(),
    }
}

/// The name of a word of the wire, such as `closed`.
pub(crate) fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
}
