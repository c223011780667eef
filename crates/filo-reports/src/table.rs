//! CSV as RFC 4180 has it: UTF-8, a header row, CRLF; commas and `.` for decimals, or as Italian spreadsheets want it.
//!
//! **Invariant:** no text cell can be taken for a formula by the program that opens the file.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use filo_indicators::render::{Marks, RenderError};
use serde_json::Value;

pub(crate) const FORMAT: &str = "csv";

/// A table: its header, then its rows.
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A cell as it is written with plain marks.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Text(String),
    /// Its decimal point is the reader's.
    Number(String),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Cell {
    fn written(&self, marks: Marks) -> Cow<'_, str> {
        match (self, marks) {
            (Self::Number(number), Marks::Italian) => Cow::Owned(number.replace('.', ",")),
            (Self::Text(text) | Self::Number(text), _) => Cow::Borrowed(text),
        }
    }
}

impl Table {
    pub(crate) fn new(header: &[&str]) -> Self {
        Self { header: header.iter().map(|&name| name.to_owned()).collect(), rows: Vec::new() }
    }
    pub(crate) fn bytes(&self, marks: Marks) -> Result<Vec<u8>, RenderError> {
        let failed = |error: csv::Error| RenderError::new(FORMAT, error);
        let delimiter = if marks == Marks::Italian { b';' } else { b',' };
        let mut builder = WriterBuilder::new();
        let mut writer = builder.terminator(Terminator::CRLF).delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(&self.header).map_err(failed)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| cell.written(marks).into_owned())).map_err(failed)?;
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
pub(crate) fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Text(String::new()),
        Value::String(word) => Cell::Text(text(word)),
        Value::Number(number) if number.is_f64() => {
            Cell::Number(number.as_f64().unwrap_or_default().to_string())
        }
        Value::Number(number) => Cell::Number(number.to_string()),
        other => Cell::Text(other.to_string()),
    }
}

/// The cell of a field that may be missing.
pub(crate) fn cell_or_empty(value: Option<&Value>) -> Cell {
    value.map_or(Cell::Text(String::new()), cell)
}

/// The name of a word of the wire, such as `closed`.
pub(crate) fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
}
