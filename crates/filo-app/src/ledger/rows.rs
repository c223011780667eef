//! Rows of monthly entries as they come: JSON objects, or lines of CSV, which become the same objects.
//!
//! **Invariant:** a row is understood whole or not at all, and nothing is guessed: a number is written in digits
//! alone (`1.234`: one, or one thousand?), an amount of euros with two decimals or none, and a month that has not begun
//! has no value.

use std::collections::BTreeSet;

use filo_domain::{Instant, Period};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Row, Wrong};
use crate::{AppError, Core};

/// Where cells go that stand under no column.
const BEYOND: &str = "cells beyond the columns";
/// The largest whole number that every reader of JSON takes as it is.
const MOST: i64 = 9_007_199_254_740_991;
const LONGEST_SOURCE: usize = 200;
const LONGEST_NOTE: usize = 500;
const CENTS: i64 = 100;

/// The columns of a sort of rows: those that the head must name, and those that it may.
pub(crate) struct Columns {
    pub(crate) needed: &'static [&'static str],
    pub(crate) further: &'static [&'static str],
}

impl Columns {
    fn all(&self) -> impl Iterator<Item = &'static str> {
        self.needed.iter().chain(self.further).copied()
    }
}

/// Reads CSV in UTF-8 with a head that names the columns, in any order, parted by commas or semicolons.
///
/// # Errors
/// Other bytes than UTF-8, or a head that is another.
pub(crate) fn of_csv(bytes: &[u8], columns: &Columns) -> Result<Vec<Row>, AppError> {
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
    check_head(&head, columns)?;
    let mut items = Vec::new();
    for line in reader.records() {
        let line = line.map_err(|error| AppError::invalid("", error))?;
        // Spreadsheets add lines of separators alone.
        items.extend(Some(item(&head, &line)).filter(|item| !item.is_empty()));
    }
    Ok(items)
}

fn check_head(head: &csv::StringRecord, columns: &Columns) -> Result<(), AppError> {
    let refuse = |what: String| Err(AppError::invalid("", format!("the first line {what}")));
    let mut seen = BTreeSet::new();
    for name in head {
        if !columns.all().any(|column| column == name) {
            let expected: Vec<&str> = columns.all().collect();
            return refuse(format!("names {name:?}: expected {}", expected.join(", ")));
        }
        if !seen.insert(name) {
            return refuse(format!("names {name} twice"));
        }
    }
    match columns.needed.iter().find(|name| !seen.contains(*name)) {
        Some(missing) => refuse(format!("must name the column {missing}")),
        None => Ok(()),
    }
}

fn item(head: &csv::StringRecord, line: &csv::StringRecord) -> Map<String, Value> {
    let names = head.iter().chain(std::iter::repeat(BEYOND));
    let cells = names.zip(line).filter(|(_, cell)| !cell.is_empty());
    cells.map(|(name, cell)| (name.to_owned(), cell.into())).collect()
}

/// A row by its fields.
pub(crate) fn fields<T: DeserializeOwned>(row: &Row) -> Result<T, Wrong> {
    serde_json::from_value(Value::Object(row.clone())).map_err(|error| ("bad_row", error.to_string()))
}

/// A month that has begun.
pub(crate) fn begun(core: &Core, month: &str, now: Instant) -> Result<Period, Wrong> {
    let month = Period::parse_month(month).map_err(|error| ("bad_month", error.to_string()))?;
    if now < month.bounds(&core.city.zone).0 {
        return Err(("month_not_begun", format!("{month} has not begun")));
    }
    Ok(month)
}

/// Whence a value was taken.
pub(crate) fn source(text: &str) -> Result<String, Wrong> {
    line(text, "source", LONGEST_SOURCE)
}

/// What a reader should know.
pub(crate) fn note(text: Option<&str>) -> Result<Option<String>, Wrong> {
    text.map(|text| line(text, "note", LONGEST_NOTE)).transpose()
}

fn line(text: &str, what: &str, longest: usize) -> Result<String, Wrong> {
    let text = text.trim();
    let fits = (1..=longest).contains(&text.chars().count()) && !text.contains(char::is_control);
    fits.then(|| text.to_owned())
        .ok_or_else(|| ("bad_row", format!("{what} must have 1 to {longest} characters on one line")))
}

/// A whole number.
pub(crate) fn volume(given: &Value) -> Result<i64, Wrong> {
    digits(&written(given)).ok_or_else(|| {
        (
            "bad_value",
            format!("{given} is no volume: expected a whole number of at most {MOST}, in digits alone"),
        )
    })
}

/// An amount of euros, in cents: `1234`, `1234.50` or `1234,50`. A number of JSON must be whole, for one with decimals
/// may have been rounded.
pub(crate) fn euros(given: &Value) -> Result<i64, Wrong> {
    let text = written(given);
    let (whole, cents) = match text.split_once(['.', ',']) {
        Some((whole, cents)) => (whole, Some(cents).filter(|cents| cents.len() == 2 && given.is_string())),
        None => (text.as_str(), Some("00")),
    };
    let cents = cents.and_then(digits);
    let amount =
        digits(whole).zip(cents).and_then(|(whole, cents)| whole.checked_mul(CENTS)?.checked_add(cents));
    amount.filter(|amount| *amount <= MOST).ok_or_else(|| {
        let expected = "expected euros such as \"1234\" or \"1234.50\", without a mark between thousands";
        ("bad_value", format!("{given} is no amount: {expected}"))
    })
}

fn written(given: &Value) -> String {
    match given {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn digits(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|value| digits && *value <= MOST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::series::COLUMNS;

    proptest! {
        #[test]
        fn amounts_in_euros_are_read_to_the_cent(cents in 0..=MOST, comma in any::<bool>()) {
            let mark = if comma { ',' } else { '.' };
            let text = format!("{}{mark}{:02}", cents / CENTS, cents % CENTS);
            prop_assert_eq!(euros(&json!(text)), Ok(cents));
        }

        #[test]
        fn volumes_in_digits_are_read_as_they_are(value in 0..=MOST) {
            prop_assert_eq!(volume(&json!(value)), Ok(value));
            prop_assert_eq!(volume(&json!(format!(" {value} "))), Ok(value));
        }

        #[test]
        fn no_bytes_stop_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _rows_or_refusal = of_csv(&bytes, &COLUMNS);
        }

        #[test]
        fn a_line_of_csv_says_what_its_cells_say(source in "[a-z ,;\"]{0,20}[a-z]", value in 0..MOST) {
            let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(vec![]);
            writer.write_record(["value", "key", "source", "month"]).unwrap();
            writer.write_record([&value.to_string(), "post", &source, "2026-10"]).unwrap();
            let rows = of_csv(&writer.into_inner().unwrap(), &COLUMNS).unwrap();
            let row = json!({ "key": "post", "month": "2026-10", "value": value.to_string(), "source": source.trim() });
            prop_assert_eq!(json!(rows), json!([row]));
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
    fn euros_become_cents_and_what_could_be_thousands_is_refused() {
        let cents = |text: &str| euros(&json!(text)).ok();
        assert_eq!(cents("1234"), Some(123_400));
        assert_eq!((cents("1234.50"), cents("1234,05")), (Some(123_450), Some(123_405)));
        assert_eq!((cents("0,00"), cents(" 7,01 ")), (Some(0), Some(701)));
        assert_eq!(euros(&json!(1234)), Ok(123_400));
        let wrong = [
            "1.234",
            "1,5",
            "1.234,50",
            "1234.",
            ".50",
            "-1",
            "1 234",
            "€ 5",
            "",
            "5,0x",
            "99999999999999999",
        ];
        for text in wrong {
            assert_eq!(euros(&json!(text)).unwrap_err().0, "bad_value", "{text}");
        }
        for value in [json!(1.5), json!(12.34), json!(-1), json!(null), json!([1])] {
            assert_eq!(euros(&value).unwrap_err().0, "bad_value", "{value}");
        }
    }

    #[test]
    fn a_head_names_the_columns_each_once() {
        let of = |text: &str| of_csv(text.as_bytes(), &COLUMNS);
        for head in ["", "key,month,value", "key,month,value,source,source", "key,month,value,source,other"] {
            assert!(of(head).is_err(), "{head}");
        }
        assert!(of("\u{feff}key;month;value;source\r\n;;;\r\n").unwrap().is_empty());
        let longer = of("key,month,value,source\na,b,1,c,d\n").unwrap();
        assert_eq!(longer[0][BEYOND], "d");
        assert!(of_csv(b"key,month,value,source\n\xff,b,1,c\n", &COLUMNS).is_err(), "not UTF-8");
    }
}
