//! What one field's value must be.

use std::{collections::BTreeSet, str::FromStr};

use super::{ChoiceSource, Field, FieldProblem, FieldType};
use crate::{
    identity::{Identity, normal_phone},
    vocabulary::IdentityType,
};

/// A number somebody can be called back on has at least so many digits (E.164 allows 15).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 6..=15;

impl Field {
    /// The value to keep; `None` when it was left blank and may be.
    pub(super) fn read(
        &self,
        given: &str,
        themes: &BTreeSet<String>,
    ) -> Result<Option<String>, FieldProblem> {
        let value = given.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned();
        let found = value.chars().count();
        if value.is_empty() {
            return if self.required { Err(FieldProblem::Required) } else { Ok(None) };
        }
        if found > self.limit() {
            return Err(FieldProblem::TooLong { max: self.limit(), found });
        }
        let several_lines = self.field_type == FieldType::LongText;
        if value.chars().any(|c| c.is_control() && !(several_lines && matches!(c, '\n' | '\t'))) {
            return Err(FieldProblem::ControlCharacter);
        }
        match self.field_type {
            FieldType::Number => number(&value).ok_or(FieldProblem::NotANumber).map(Some),
            FieldType::YesNo => yes_or_no(&value).ok_or(FieldProblem::NotYesOrNo).map(Some),
            _ => self.fits(&value, themes).map(|()| Some(value)),
        }
    }

    fn fits(&self, value: &str, themes: &BTreeSet<String>) -> Result<(), FieldProblem> {
        let (fits, problem) = match self.field_type {
            // Numbers and yes or no are read, not only looked at.
            FieldType::Text | FieldType::LongText | FieldType::Number | FieldType::YesNo => return Ok(()),
            FieldType::Email => (is_email(value), FieldProblem::NotAnEmail),
            FieldType::Phone => (is_phone(value), FieldProblem::NotAPhone),
            FieldType::FiscalCode => {
                (Identity::parse(IdentityType::FiscalCode, value).is_ok(), FieldProblem::NotAFiscalCode)
            }
            FieldType::Date => (is_day(value), FieldProblem::NotADate),
            FieldType::Choice => (self.offers(value, themes), FieldProblem::UnknownChoice),
        };
        if fits { Ok(()) } else { Err(problem) }
    }

    fn offers(&self, value: &str, themes: &BTreeSet<String>) -> bool {
        match self.source {
            Some(ChoiceSource::Themes) => themes.contains(value),
            None => self.choices.iter().any(|choice| choice.key == value),
        }
    }
}

/// Stricter than an [`Identity`]: an answer must be able to reach it over the internet.
fn is_email(value: &str) -> bool {
    let parts = value.rsplit_once('@');
    let reachable = parts.is_some_and(|(local, domain)| {
        let labels = domain
            .split('.')
            .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
        domain.contains('.')
            && labels
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
    });
    let strange = |c: char| matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '"' | '\\');
    let at_signs = value.chars().filter(|c| *c == '@').count();
    reachable
        && at_signs == 1
        && !value.contains(strange)
        && Identity::parse(IdentityType::Email, value).is_ok()
}

fn is_phone(value: &str) -> bool {
    normal_phone(value).is_some_and(|number| PHONE_DIGITS.contains(&number.trim_start_matches('+').len()))
}

fn is_day(value: &str) -> bool {
    value.len() == 10 && jiff::civil::Date::from_str(value).is_ok()
}

/// The one way a number is written: an optional minus, no needless zeros, a point before the decimals.
fn number(value: &str) -> Option<String> {
    const MOST_DIGITS: usize = 15;
    let (sign, digits) = value.strip_prefix('-').map_or(("", value), |rest| ("-", rest));
    let point = digits.replace(',', ".");
    let (whole, decimals) = point.split_once('.').unwrap_or((&point, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(decimals) || whole.len() + decimals.len() > MOST_DIGITS + 1 {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    let decimals = decimals.trim_end_matches('0');
    match (whole, decimals) {
        ("0", "") => Some("0".to_owned()),
        (whole, "") => Some(format!("{sign}{whole}")),
        (whole, decimals) => Some(format!("{sign}{whole}.{decimals}")),
    }
}

fn yes_or_no(value: &str) -> Option<String> {
    match value.to_lowercase().as_str() {
        "true" | "yes" | "sì" | "si" | "on" => Some("true".to_owned()),
        "false" | "no" => Some("false".to_owned()),
        _ => None,
    }
}
