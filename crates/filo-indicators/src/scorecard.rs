//! The yearly table: target, achieved, result, and the year before beside them.
//!
//! **Invariant:** the arithmetic is decimal (639 of 800 is 79.875, printed `79,87`); a target belongs to its year;
//! over-achievement is capped at 100 and the years before stand beside it, each with its own target, so that a relaxed
//! target shows.
//! Start at [`scorecard`]; [`score`] is the result's arithmetic.

use std::collections::BTreeMap;

use filo_domain::{AttachmentId, Instant};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    definition::{DefinitionError, Definitions, Indicator, Print, PrintUnit, Source},
    figure::{Figure, Unit},
    number::{Cut, cut, decimal_as_number, fixed, italian},
};

mod entered;
mod quantity;

pub use entered::{Dimension, Driver, Entered, EntryError, Kept, Origin, Tags};
pub use quantity::{Comparator, Quantity, QuantityUnit, Value};

/// The name and version of the table's form.
pub const SCHEMA: &str = "filo.scorecard/1";

/// How many years before are shown beside a year.
const TREND_YEARS: i16 = 4;

/// How a result is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// More is better: achieved ÷ target.
    Higher,
    /// Less is better: 100 when met, else target ÷ achieved.
    Lower,
    /// Inside a range or not: 100 or 0.
    Range,
    /// By a day or not: 100 or 0.
    Date,
    /// Done or not: 100 or 0.
    YesNo,
    /// A negative target of reduction: 100 when at least as low, else the part of the reduction obtained.
    Reduction,
    /// A deviation to be kept small on both sides: as `lower`, of absolute values.
    Deviation,
}

/// The configured table of one year.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yearly {
    /// The year.
    pub year: i16,
    /// The document whose table this is.
    #[serde(default)]
    pub document: Option<String>,
    /// Its rows, in the document's order.
    #[serde(rename = "row", default)]
    pub rows: Vec<YearlyRow>,
}

/// One configured row.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearlyRow {
    /// The indicator's key; the same key in two years is one indicator.
    pub key: String,
    /// The heading.
    pub area: String,
    /// The document's words.
    pub label: String,
    /// Where in the document.
    #[serde(default)]
    pub section: Option<String>,
    /// How its result is computed.
    pub rule: Rule,
    /// What was to be reached.
    pub target: Quantity,
    /// What was reached; without it the value comes from the measures.
    #[serde(default)]
    pub achieved: Option<Quantity>,
    /// The result as the document prints it: the arithmetic must give the same.
    #[serde(default)]
    pub printed: Option<String>,
    /// What it serves.
    #[serde(default)]
    pub tags: Tags,
}

impl Yearly {
    /// The row of a key.
    pub fn row(&self, key: &str) -> Option<&YearlyRow> {
        self.rows.iter().find(|row| row.key == key)
    }
    /// Refuses a key twice, and a document's result that the arithmetic does not give.
    pub(crate) fn check(&self, source: &Source) -> Result<(), DefinitionError> {
        for (index, row) in self.rows.iter().enumerate() {
            if self.rows.iter().take(index).any(|other| other.key == row.key) {
                return Err(source.refuse(&row.key, "the key twice", "one row a key"));
            }
            let result = Outcome::of(row.rule, Some(&row.target), row.achieved.as_ref());
            if row.printed.is_some() && result.printed != row.printed {
                let found = row.printed.as_deref().unwrap_or_default();
                let expected = result.printed.unwrap_or_else(|| "no result".to_owned());
                return Err(source.refuse(&row.key, &format!("printed = {found:?}"), &expected));
            }
        }
        Ok(())
    }
}

/// A yearly table in the form of the contract.
#[derive(Clone, Debug, Serialize)]
pub struct Scorecard {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The year.
    pub year: i16,
    /// The instant as at which everything measured is known; what was published does not depend on it.
    pub as_of: Instant,
    /// Its rows.
    pub rows: Vec<ScoreRow>,
}

impl Scorecard {
    /// The name of its files without their extension: `filo-scorecard-2020`.
    pub fn file_stem(&self) -> String {
        format!("filo-scorecard-{}", self.year)
    }
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreRow {
    /// The indicator's key.
    pub key: String,
    /// The heading.
    pub area: String,
    /// Its name.
    pub label: String,
    /// How its result is computed; `None` without a target.
    pub rule: Option<Rule>,
    /// What was to be reached; `None` when nobody set a target.
    pub target: Option<Quantity>,
    /// What was reached; `None` when there is no value.
    pub achieved: Option<Quantity>,
    /// What comes of it.
    pub result: Outcome,
    /// Where it was published or entered from; `None` for measured values.
    pub source: Option<RowSource>,
    /// What it serves.
    pub tags: Tags,
    /// What a measured value means; `None` for one that was published or entered.
    pub definition: Option<Meaning>,
    /// The same indicator one year earlier.
    pub previous: Option<Previous>,
    /// The years before in which it had a target or a value, the oldest first, each with its own target.
    pub trend: Vec<Previous>,
}

impl ScoreRow {
    /// The row as a year of a trend.
    pub fn in_year(&self, year: i16) -> Previous {
        let Self { target, achieved, result, .. } = self.clone();
        Previous { year, target, achieved, result }
    }
}

/// Where a row was published or entered from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowSource {
    /// The document: the file name of one that the configuration was written from.
    pub document: String,
    /// Its section.
    pub section: String,
    /// When and how a person entered the value; `None` for what the configuration says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entered: Option<ByHand>,
}

/// How a value was entered by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ByHand {
    /// When.
    pub at: Instant,
    /// Which of the values entered it is, from 1.
    pub revision: i32,
    /// The document itself, where it was handed in.
    pub file: Option<RowFile>,
    /// What a reader should know.
    pub note: Option<String>,
}

/// A document that was handed in with a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowFile {
    /// Under which it is downloaded.
    pub id: AttachmentId,
    /// Its name.
    pub name: String,
    /// Its SHA-256 in hex.
    pub sha256: String,
}

/// What a measured value means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// In words.
    pub words: String,
    /// How it is computed.
    pub formula: String,
    /// The version of the definition.
    pub version: String,
}

impl Meaning {
    fn of(indicator: &Indicator) -> Self {
        let Indicator { words, formula, version, .. } = indicator.clone();
        Self { words, formula, version }
    }
}

/// An indicator in one year.
#[derive(Clone, Debug, Serialize)]
pub struct Previous {
    /// That year.
    pub year: i16,
    /// Its target.
    pub target: Option<Quantity>,
    /// Its value.
    pub achieved: Option<Quantity>,
    /// Its result.
    pub result: Outcome,
}

impl Previous {
    /// Whether it had a target or a value.
    pub fn is_known(&self) -> bool {
        self.target.is_some() || self.achieved.is_some()
    }
}

/// The result of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// 0 to 100; `None` without a target or value, or with a target of 0.
    #[serde(serialize_with = "decimal_as_number")]
    pub percent: Option<Decimal>,
    /// Truncated to two decimals, as the documents print it.
    pub printed: Option<String>,
}

impl Outcome {
    pub(crate) fn of(rule: Rule, target: Option<&Quantity>, achieved: Option<&Quantity>) -> Self {
        let percent = target.zip(achieved).and_then(|(target, achieved)| score(rule, target, achieved));
        Self { percent, printed: percent.map(printed) }
    }
}

/// `79.875` is `79,87`, `100` is `100`.
fn printed(percent: Decimal) -> String {
    let cut = cut(percent, 2, Cut::Truncate);
    italian(if cut.fract().is_zero() { cut.trunc() } else { fixed(cut, 2) })
}

/// The result in per cent, from 0 to 100, unrounded; `None` for a target of 0 or values that do not compare.
pub fn score(rule: Rule, target: &Quantity, achieved: &Quantity) -> Option<Decimal> {
    let met = |met: bool| if met { Decimal::ONE_HUNDRED } else { Decimal::ZERO };
    match (rule, &target.value, &achieved.value) {
        (Rule::Date | Rule::YesNo, _, Value::Bool(done)) => Some(met(*done)),
        (Rule::Date, Value::Date(by), Value::Date(on)) => Some(met(on <= by)),
        (Rule::Higher, Value::Number(target), Value::Number(achieved)) => ratio(*achieved, *target),
        (Rule::Lower, Value::Number(target), Value::Number(achieved)) => lower(*target, *achieved),
        (Rule::Deviation, Value::Number(target), Value::Number(achieved)) => {
            lower(target.abs(), achieved.abs())
        }
        (Rule::Reduction, Value::Number(target), Value::Number(achieved)) => reduction(*target, *achieved),
        (Rule::Range, Value::Number(bound), Value::Number(achieved)) => {
            (!bound.is_zero()).then(|| met(target.comparator.holds(*achieved, *bound)))
        }
        _ => None,
    }
}

/// `part ÷ whole` in per cent, from 0 to 100.
fn ratio(part: Decimal, whole: Decimal) -> Option<Decimal> {
    let percent = part.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(whole)?;
    Some(percent.clamp(Decimal::ZERO, Decimal::ONE_HUNDRED))
}

fn lower(target: Decimal, achieved: Decimal) -> Option<Decimal> {
    match (target.is_zero(), achieved <= target) {
        (true, _) => None,
        (false, true) => Some(Decimal::ONE_HUNDRED),
        (false, false) => ratio(target, achieved),
    }
}

/// A rise where a reduction was promised is 0.
fn reduction(target: Decimal, achieved: Decimal) -> Option<Decimal> {
    match (target.is_zero(), achieved <= target) {
        (true, _) => None,
        (false, true) => Some(Decimal::ONE_HUNDRED),
        (false, false) => ratio(achieved, target),
    }
}

/// What the table of a year is made from, besides the configuration.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    /// What is measured: `measured(year, key)`, see [`crate::measure::measured`].
    pub measured: &'a dyn Fn(i16, &str) -> Option<Figure>,
    /// What was entered by hand: the last revision of each row, by year.
    pub entered: &'a BTreeMap<i16, Vec<Kept>>,
}

/// The table of a year. Where a table is configured, its rows; else, from the year of the first set of
/// definitions on, one row an indicator, without targets. A row without a published value takes the measured
/// one, else the one that was entered; rows that were entered as their own follow.
pub fn scorecard(year: i16, definitions: &Definitions, as_of: Instant, values: Values<'_>) -> Scorecard {
    let before: Vec<(i16, Vec<ScoreRow>)> =
        years_before(year).map(|year| (year, rows(year, definitions, values))).collect();
    let mut rows = rows(year, definitions, values);
    for row in &mut rows {
        let years = before.iter().filter_map(|(year, rows)| {
            rows.iter().find(|other| other.key == row.key).map(|other| other.in_year(*year))
        });
        let years: Vec<Previous> = years.collect();
        row.previous = years.last().filter(|last| last.year == year.saturating_sub(1)).cloned();
        row.trend = years.into_iter().filter(Previous::is_known).collect();
    }
    Scorecard { schema: SCHEMA, year, as_of, rows }
}

/// The years of a table with those of its trend, the oldest first.
pub fn years(year: i16) -> impl Iterator<Item = i16> {
    years_before(year).chain([year])
}

fn years_before(year: i16) -> std::ops::Range<i16> {
    year.saturating_sub(TREND_YEARS)..year
}

/// The years of a table and its trend of which something has to be measured, the oldest first.
pub fn measured_years(year: i16, definitions: &Definitions) -> Vec<i16> {
    let is_measured = |year: &i16| match definitions.scorecard(*year) {
        Some(yearly) => yearly.rows.iter().any(|row| row.achieved.is_none()),
        None => *year >= definitions.measured_from(),
    };
    years(year).filter(is_measured).collect()
}

fn rows(year: i16, definitions: &Definitions, values: Values<'_>) -> Vec<ScoreRow> {
    let set = definitions.set(filo_domain::Period::Year(year));
    let value = |indicator: &Indicator| {
        (values.measured)(year, &indicator.key).and_then(|f| indicator.print.quantity(&f))
    };
    let entered = values.entered.get(&year).map(Vec::as_slice).unwrap_or_default();
    let mut rows: Vec<ScoreRow> = match definitions.scorecard(year) {
        Some(yearly) => yearly
            .rows
            .iter()
            .map(|row| {
                let indicator = set.indicator(&row.key).filter(|_| row.achieved.is_none());
                let measured = indicator.map(|indicator| (Meaning::of(indicator), value(indicator)));
                let entered = entered.iter().find(|entered| entered.row.key == row.key);
                row.with(yearly.document.as_deref(), measured, entered)
            })
            .collect(),
        None if year >= definitions.measured_from() => set
            .indicators
            .iter()
            .map(|indicator| ScoreRow::without_target(indicator, value(indicator)))
            .collect(),
        None => Vec::new(),
    };
    let alone = entered.iter().filter_map(Kept::alone);
    let new: Vec<ScoreRow> = alone.filter(|own| rows.iter().all(|row| row.key != own.key)).collect();
    rows.extend(new);
    rows
}

impl YearlyRow {
    fn with(
        &self,
        document: Option<&str>,
        measured: Option<(Meaning, Option<Quantity>)>,
        entered: Option<&Kept>,
    ) -> ScoreRow {
        let (achieved, source, definition) = match (&self.achieved, measured, entered) {
            (Some(published), _, _) => {
                (Some(published.clone()), document.map(|document| self.published(document)), None)
            }
            (None, Some((meaning, value)), _) => (value, None, Some(meaning)),
            (None, None, Some(entered)) => (Some(entered.row.achieved.clone()), Some(entered.source()), None),
            (None, None, None) => (None, None, None),
        };
        ScoreRow {
            key: self.key.clone(),
            area: self.area.clone(),
            label: self.label.clone(),
            rule: Some(self.rule),
            result: Outcome::of(self.rule, Some(&self.target), achieved.as_ref()),
            target: Some(self.target.clone()),
            achieved,
            source,
            tags: self.tags.clone(),
            definition,
            previous: None,
            trend: vec![],
        }
    }

    fn published(&self, document: &str) -> RowSource {
        RowSource {
            document: document.to_owned(),
            section: self.section.clone().unwrap_or_else(|| self.area.clone()),
            entered: None,
        }
    }
}

impl ScoreRow {
    fn without_target(indicator: &Indicator, achieved: Option<Quantity>) -> Self {
        Self {
            key: indicator.key.clone(),
            area: indicator.area.clone(),
            label: indicator.label.clone(),
            rule: None,
            target: None,
            achieved,
            result: Outcome { percent: None, printed: None },
            source: None,
            tags: indicator.tags.clone(),
            definition: Some(Meaning::of(indicator)),
            previous: None,
            trend: vec![],
        }
    }
}

impl Print {
    /// The value as the documents would write it; `None` without a value.
    pub fn text(&self, figure: &Figure) -> Option<String> {
        let value = figure.decimal()?;
        let (value, unit) = match self.unit {
            PrintUnit::S => (value, " secondi"),
            PrintUnit::Min => (value.checked_div(Decimal::from(60))?, " minuti"),
            PrintUnit::D => (value.checked_div(Decimal::from(86_400))?, " giorni"),
            PrintUnit::Percent => (value.checked_mul(Decimal::ONE_HUNDRED)?, " %"),
            PrintUnit::Count | PrintUnit::Quotient => (value, ""),
        };
        let value = fixed(cut(value, self.decimals, self.rounding), self.decimals);
        Some(format!("{}{unit}", italian(value)))
    }
    pub(crate) fn quantity(&self, figure: &Figure) -> Option<Quantity> {
        let unit = match figure.unit {
            Unit::Share => QuantityUnit::Share,
            Unit::S => QuantityUnit::S,
            Unit::Count | Unit::Points | Unit::Quotient | Unit::Cents => QuantityUnit::Count,
        };
        let value = Value::Number(figure.decimal()?.normalize());
        Some(Quantity { text: self.text(figure)?, value, comparator: Comparator::Equal, unit })
    }
}

#[cfg(test)]
mod tests;
