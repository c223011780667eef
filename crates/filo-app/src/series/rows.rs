//! Rows of monthly series as they come: JSON objects, or lines of CSV, which become the same objects.
//!
//! **Invariant:** a row is understood whole or not at all, and nothing is guessed: a volume is written in digits
//! alone (`1.234`: one, or one thousand?), a month that has not begun has none.

use std::collections::BTreeSet;

use filo_domain::{Instant, Period};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{AppError, Core};

/// What a row may say; the last may be missing.
const COLUMNS: [&str; 5] = ["key", "month", "value", "source", "note"];
/// Where cells go that stand under no column.
const BEYOND: &str = "cells beyond the columns";
/// The largest whole number that every reader of JSON takes as it is.
const MOST: i64 = 9_007_199_254_740_991;
const LONGEST_SOURCE: usize = 200;
const LONGEST_NOTE: usize = 500;

/// Rows to import.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesRows {
    /// Each `{key, month, value, source, note?}`.
    pub items: Vec<Map<String, Value>>,
}

impl SeriesRows {
    /// Reads CSV in UTF-8 with a head: the columns `key, month, value, source` and, if there is one, `note`, in any
    /// order, parted by commas or semicolons.
    ///
    /// # Errors
    /// Other bytes than UTF-8, or a head that is another.
    pub fn of_csv(bytes: &[u8]) -> Result<Self, AppError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| AppError::invalid("", format!("the file is not UTF-8: {error}")))?;
        let text = text.trim_start_matches('\u{feff}');
        let semicolons = text.lines().next().is_some_and(|head| head.contains(';'));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if semicolons { b';' } else { b',' })
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let head = reader.headers().map_err(|error| AppError::invalid("", error))?.clone();
        check_head(&head)?;
        let mut items = Vec::new();
        for line in reader.records() {
            let line = line.map_err(|error| AppError::invalid("", error))?;
            // Spreadsheets add lines of separators alone.
            items.extend(Some(item(&head, &line)).filter(|item| !item.is_empty()));
        }
        Ok(Self { items })
    }
}

fn check_head(head: &csv::StringRecord) -> Result<(), AppError> {
    let refuse = |what: String| Err(AppError::invalid("", format!("the first line {what}")));
    let mut seen = BTreeSet::new();
    for name in head {
        if !COLUMNS.contains(&name) {
            return refuse(format!("names {name:?}: expected {}", COLUMNS.join(", ")));
        }
        if !seen.insert(name) {
            return refuse(format!("names {name} twice"));
        }
    }
    match COLUMNS.iter().find(|name| **name != "note" && !seen.contains(*name)) {
        Some(missing) => refuse(format!("must name the column {missing}")),
        None => Ok(()),
    }
}

fn item(head: &csv::StringRecord, line: &csv::StringRecord) -> Map<String, Value> {
    let names = head.iter().chain(std::iter::repeat(BEYOND));
    let cells = names.zip(line).filter(|(_, cell)| !cell.is_empty());
    cells.map(|(name, cell)| (name.to_owned(), cell.into())).collect()
}

/// A row that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) key: String,
    pub(super) month: String,
    pub(super) value: i64,
    pub(super) source: String,
    pub(super) note: Option<String>,
}

/// The stable word for why a row is not understood, and a sentence.
pub(super) type Wrong = (&'static str, String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    key: String,
    month: String,
    value: Value,
    source: String,
    note: Option<String>,
}

/// Understands a row.
pub(super) fn read(core: &Core, row: &Map<String, Value>, now: Instant) -> Result<Read, Wrong> {
    let row: Row =
        serde_json::from_value(Value::Object(row.clone())).map_err(|error| ("bad_row", error.to_string()))?;
    let known: Vec<&str> = core.city.series.iter().map(|it| it.key.as_str()).collect();
    if !known.contains(&row.key.as_str()) {
        let detail = format!("there is no series {:?}: expected one of {}", row.key, known.join(", "));
        return Err(("unknown_series", detail));
    }
    let month = Period::parse_month(&row.month).map_err(|error| ("bad_month", error.to_string()))?;
    if now < month.bounds(&core.city.zone).0 {
        return Err(("month_not_begun", format!("{month} has not begun")));
    }
    Ok(Read {
        value: volume(&row.value)?,
        key: row.key,
        month: month.to_string(),
        source: text(&row.source, "source", LONGEST_SOURCE)?,
        note: row.note.map(|note| text(&note, "note", LONGEST_NOTE)).transpose()?,
    })
}

fn text(text: &str, what: &str, longest: usize) -> Result<String, Wrong> {
    let text = text.trim();
    let fits = (1..=longest).contains(&text.chars().count()) && !text.contains(char::is_control);
    fits.then(|| text.to_owned())
        .ok_or_else(|| ("bad_row", format!("{what} must have 1 to {longest} characters on one line")))
}

fn volume(given: &Value) -> Result<i64, Wrong> {
    let written = match given {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    let digits = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
    let value = written.parse().ok().filter(|value| digits && *value <= MOST);
    value.ok_or_else(|| {
        (
            "bad_value",
            format!("{given} is no volume: expected a whole number of at most {MOST}, in digits alone"),
        )
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn volumes_in_digits_are_read_as_they_are(value in 0..=MOST) {
            prop_assert_eq!(volume(&json!(value)), Ok(value));
            prop_assert_eq!(volume(&json!(format!(" {value} "))), Ok(value));
        }

        #[test]
        fn no_bytes_stop_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _rows_or_refusal = SeriesRows::of_csv(&bytes);
        }

        #[test]
        fn a_line_of_csv_says_what_its_cells_say(source in "[a-z ,;\"]{0,20}[a-z]", value in 0..MOST) {
            let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(vec![]);
            writer.write_record(["value", "key", "source", "month"]).unwrap();
            writer.write_record([&value.to_string(), "post", &source, "2026-10"]).unwrap();
            let rows = SeriesRows::of_csv(&writer.into_inner().unwrap()).unwrap();
            let row = json!({ "key": "post", "month": "2026-10", "value": value.to_string(), "source": source.trim() });
            prop_assert_eq!(json!(rows.items), json!([row]));
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_volume() {
        let wrong = ["1.234", "1,234", "1.234,5", "-1", "+1", "1e3", "", "12 345", "99999999999999999999"];
        for text in wrong {
            assert_eq!(volume(&json!(text)).unwrap_err().0, "bad_value", "{text}");
        }
        for value in [json!(1.5), json!(-1), json!(null), json!([1]), json!(MOST + 1)] {
            assert_eq!(volume(&value).unwrap_err().0, "bad_value", "{value}");
        }
    }

    #[test]
    fn a_head_names_the_columns_each_once() {
        let of = |text: &str| SeriesRows::of_csv(text.as_bytes());
        for head in ["", "key,month,value", "key,month,value,source,source", "key,month,value,source,other"] {
            assert!(of(head).is_err(), "{head}");
        }
        assert!(of("\u{feff}key;month;value;source\r\n;;;\r\n").unwrap().items.is_empty());
        let longer = of("key,month,value,source\na,b,1,c,d\n").unwrap();
        assert_eq!(longer.items[0][BEYOND], "d");
        assert!(SeriesRows::of_csv(b"key,month,value,source\n\xff,b,1,c\n").is_err(), "not UTF-8");
    }
}
