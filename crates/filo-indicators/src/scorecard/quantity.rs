//! Targets and values of the yearly table: the document's wording and the value it stands for.
//!
//! **Invariant:** where the wording can be read, it and the value agree; where it leaves its unit out (`9,9`,
//! `1,16'`), the definition must say how to read it.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};

use crate::number::{json_number, parse_italian};

/// A quantity with its wording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Quantity {
    /// The document's own words.
    pub text: String,
    /// What they stand for, in `unit`.
    pub value: Value,
    /// How a value compares with it.
    pub comparator: Comparator,
    /// What the value counts in.
    pub unit: QuantityUnit,
}

/// A number, a day or yes and no.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An exact decimal.
    Number(Decimal),
    /// A day.
    Date(Date),
    /// Yes or no.
    Bool(bool),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => json_number(*number).serialize(serializer),
            Self::Date(day) => day.serialize(serializer),
            Self::Bool(yes) => yes.serialize(serializer),
        }
    }
}

/// How a value compares with a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparator {
    /// `=`
    #[default]
    #[serde(rename = "=")]
    Equal,
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    AtMost,
    /// `>`
    #[serde(rename = ">")]
    Greater,
    /// `>=`
    #[serde(rename = ">=")]
    AtLeast,
}

impl Comparator {
    /// Whether `value` compares so with `bound`.
    pub fn holds(self, value: Decimal, bound: Decimal) -> bool {
        match self {
            Self::Equal => value == bound,
            Self::Less => value < bound,
            Self::AtMost => value <= bound,
            Self::Greater => value > bound,
            Self::AtLeast => value >= bound,
        }
    }
}

/// What a value counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityUnit {
    /// Seconds.
    S,
    /// A fraction of 1.
    Share,
    /// Things.
    Count,
    /// Euro.
    Eur,
    /// A day.
    Date,
    /// Yes or no.
    Bool,
}

/// How to read a wording that leaves its unit out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reading {
    /// Days.
    D,
    /// Minutes and seconds with a comma between: `1,16'` is 76 s.
    MinSec,
    /// Per cent.
    Percent,
    /// Not a number: the value stands for the words.
    Words,
}

/// As a definition writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    text: String,
    value: Given,
    #[serde(default)]
    comparator: Comparator,
    unit: QuantityUnit,
    #[serde(default)]
    reading: Option<Reading>,
}

/// A value as it is written: in quotes, so that no reader makes a binary fraction of it, or as JSON has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Text(String),
    Bool(bool),
    Number(serde_json::Number),
}

impl std::fmt::Display for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Bool(yes) => yes.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl Quantity {
    /// As a definition writes it, to be read again: what the words stand for is known.
    pub(super) fn written(&self) -> serde_json::Value {
        let value = match &self.value {
            Value::Number(number) => number.to_string(),
            Value::Date(day) => day.to_string(),
            Value::Bool(yes) => yes.to_string(),
        };
        serde_json::json!({
            "text": self.text, "value": value, "comparator": self.comparator, "unit": self.unit, "reading": "words",
        })
    }
}

impl TryFrom<Written> for Quantity {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        let Written { text, value, comparator, unit, reading } = written;
        let value = value.to_string();
        let value = parse_value(&value, unit).ok_or_else(|| format!("{value:?} is no value in {unit:?}"))?;
        let read =
            if reading == Some(Reading::Words) { Some(value.clone()) } else { read(&text, unit, reading) };
        match read {
            Some(read) if read == value => Ok(Self { text, value, comparator, unit }),
            Some(read) => Err(format!("{text:?} reads as {read:?}, not as the value {value:?}")),
            None => Err(format!(
                "{text:?} cannot be read in {unit:?}: say its reading (d, min_sec, percent, words)"
            )),
        }
    }
}

fn parse_value(text: &str, unit: QuantityUnit) -> Option<Value> {
    match unit {
        QuantityUnit::Date => text.parse().ok().map(Value::Date),
        QuantityUnit::Bool => text.parse().ok().map(Value::Bool),
        QuantityUnit::S | QuantityUnit::Share | QuantityUnit::Count | QuantityUnit::Eur => {
            Decimal::from_str_exact(text).ok().map(|number| Value::Number(number.normalize()))
        }
    }
}

/// What a wording stands for.
fn read(text: &str, unit: QuantityUnit, reading: Option<Reading>) -> Option<Value> {
    let lower = text.to_lowercase();
    match unit {
        QuantityUnit::Date => lower.split_whitespace().find_map(italian_day).map(Value::Date),
        QuantityUnit::Bool => match lower.trim_start_matches("target raggiunto:").trim() {
            "si" | "sì" => Some(Value::Bool(true)),
            "no" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => read_number(&lower, unit, reading).map(|number| Value::Number(number.normalize())),
    }
}

fn read_number(lower: &str, unit: QuantityUnit, reading: Option<Reading>) -> Option<Decimal> {
    let of_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '−' | '+');
    let start = lower.find(|c: char| c.is_ascii_digit() || matches!(c, '-' | '−' | '+'))?;
    let rest = lower.get(start..)?;
    let end = rest.find(|c: char| !of_number(c)).unwrap_or(rest.len());
    let (digits, after) = rest.split_at_checked(end)?;
    let before = lower.get(..start)?.trim().trim_start_matches(['<', '>', '≥', '≤', '=']).trim();
    if reading == Some(Reading::MinSec) {
        return min_sec(digits);
    }
    let number = parse_italian(digits)?;
    let factor = match (unit, format!("{before} {}", after.trim()).trim(), reading) {
        (QuantityUnit::S, "", Some(Reading::D)) => Decimal::from(86_400),
        (QuantityUnit::S, "giorni" | "giorno" | "gg.", None) => Decimal::from(86_400),
        (QuantityUnit::S, "minuti" | "minuto", None) => Decimal::from(60),
        (QuantityUnit::S, "secondi" | "secondo", None) => Decimal::ONE,
        (QuantityUnit::Share, "%", None) | (QuantityUnit::Share, "", Some(Reading::Percent)) => {
            Decimal::new(1, 2)
        }
        (QuantityUnit::Eur, "€", None) | (QuantityUnit::Count, "", None) => Decimal::ONE,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// `1,16` is one minute and sixteen seconds.
fn min_sec(digits: &str) -> Option<Decimal> {
    let (minutes, seconds) = digits.split_once(',')?;
    let (minutes, seconds): (u32, u32) = (minutes.parse().ok()?, seconds.parse().ok()?);
    (seconds < 60).then(|| Decimal::from(minutes * 60 + seconds))
}

/// `31/12/2020`.
fn italian_day(word: &str) -> Option<Date> {
    let mut parts = word.splitn(3, '/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str, reading: Option<Reading>) -> Option<Value> {
        read(text, QuantityUnit::S, reading)
    }
    fn number(value: i64) -> Option<Value> {
        Some(Value::Number(Decimal::from(value).normalize()))
    }

    #[test]
    fn the_documents_wordings_are_read() {
        assert_eq!(seconds("15,3 giorni", None), number(1_321_920));
        assert_eq!(seconds("2,4 minuti", None), number(144));
        assert_eq!(seconds("gg. 6", None), number(518_400));
        assert_eq!(seconds("1,16'", Some(Reading::MinSec)), number(76));
        assert_eq!(seconds("9,9", Some(Reading::D)), number(855_360));
        assert_eq!(read("€ 20.751.299", QuantityUnit::Eur, None), number(20_751_299));
        assert_eq!(read("≥ € 13.000.000", QuantityUnit::Eur, None), number(13_000_000));
        assert_eq!(read("-3,70%", QuantityUnit::Share, None), Some(Value::Number(Decimal::new(-37, 3))));
        assert_eq!(read("SÌ", QuantityUnit::Bool, None), Some(Value::Bool(true)));
        assert_eq!(
            read("Entro il 31/12/2020", QuantityUnit::Date, None),
            Some(Value::Date(jiff::civil::date(2020, 12, 31)))
        );
    }

    #[test]
    fn a_wording_without_its_unit_is_refused() {
        for text in ["9,9", "1,16'", "2,46"] {
            assert_eq!(seconds(text, None), None, "{text}");
        }
    }

    #[test]
    fn a_value_that_contradicts_its_wording_is_refused() {
        let toml = "text = \"15,3 giorni\"\nvalue = \"1321921\"\nunit = \"s\"";
        assert!(toml::from_str::<Quantity>(toml).unwrap_err().to_string().contains("reads as"));
    }
}
