//! The yearly table as a page and as CSV: value and target of two years side by side.
//!
//! **Invariant:** targets and values are printed in the document's own words; what is computed here is only their
//! change. A full result that a relaxed target made possible says so. Start at [`scorecard_html`].

use std::sync::Arc;

use filo_domain::city::City;
use filo_indicators::{
    render::{Marks, RenderError},
    scorecard::{Comparator, Outcome, Quantity, QuantityUnit, ScoreRow, Scorecard, Value},
};
use minijinja::{context, value::Serde};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value as Json;

use crate::{
    figures::Unit,
    page::{self, FORMAT},
    table::{self, Cell, Table, text, word},
    words::{MissingText, Words},
};

const TEMPLATE: &str = include_str!("../templates/scorecard.html");

/// The table of a year as a page in one of the city's languages; another is written in the city's first.
///
/// # Errors
/// When the city lacks a text or the template fails.
pub fn scorecard_html(
    scorecard: &Scorecard,
    city: Arc<City>,
    language: &str,
) -> Result<Vec<u8>, RenderError> {
    let words = Arc::new(Words::of(city, language));
    let rows: Result<Vec<Row>, MissingText> = scorecard.rows.iter().map(|row| Row::of(row, &words)).collect();
    let rows = rows.map_err(|error| RenderError::new(FORMAT, error))?;
    let mut environment = page::environment(&words).map_err(|error| RenderError::new(FORMAT, error))?;
    let (year, before) = (scorecard.year, scorecard.year.saturating_sub(1));
    page::render(
        &mut environment,
        TEMPLATE,
        context! { year, before, areas => minijinja::Value::from(Serde(by_area(rows))) },
    )
}

/// A row in words.
#[derive(Serialize)]
struct Row {
    key: String,
    area: String,
    label: String,
    target: Side,
    achieved: Side,
    result: Option<String>,
    result_before: Option<String>,
    source: Option<String>,
    watch: bool,
}

/// A quantity in two years.
#[derive(Serialize)]
struct Side {
    before: Option<String>,
    now: Option<String>,
    change: Option<String>,
    /// `stricter`, `looser`, `better` or `worse`; `None` where the direction cannot be told.
    verdict: Option<&'static str>,
}

impl Row {
    fn of(row: &ScoreRow, words: &Words) -> Result<Self, MissingText> {
        let previous = row.previous.as_ref();
        let target_before = previous.and_then(|previous| previous.target.as_ref());
        let achieved_before = previous.and_then(|previous| previous.achieved.as_ref());
        let direction = Direction::of(row);
        let target = Side::of(
            target_before,
            row.target.as_ref(),
            direction.map(|wanted| (wanted, "stricter", "looser")),
            words,
        )?;
        let achieved = Side::of(
            achieved_before,
            row.achieved.as_ref(),
            direction.map(|wanted| (wanted, "better", "worse")),
            words,
        )?;
        let full = row.result.percent == Some(Decimal::ONE_HUNDRED);
        Ok(Self {
            key: row.key.clone(),
            area: row.area.clone(),
            label: row.label.clone(),
            watch: full && target.verdict == Some("looser") && achieved.verdict == Some("worse"),
            target,
            achieved,
            result: percent(&row.result, words)?,
            result_before: previous.map(|previous| percent(&previous.result, words)).transpose()?.flatten(),
            source: row.source.as_ref().map(|source| format!("{}, {}", source.document, source.section)),
        })
    }
}

/// As the documents print it, truncated; the mark is the language's own.
fn percent(result: &Outcome, words: &Words) -> Result<Option<String>, MissingText> {
    let Some(printed) = &result.printed else { return Ok(None) };
    let value = printed.replace(',', words.text("report.number.decimal_mark")?);
    words.fill("report.number.percent", &[("value", &value)]).map(Some)
}

impl Side {
    fn of(
        before: Option<&Quantity>,
        now: Option<&Quantity>,
        verdicts: Option<(Direction, &'static str, &'static str)>,
        words: &Words,
    ) -> Result<Self, MissingText> {
        let numbers = before.zip(now).and_then(|(before, now)| numbers(before, now));
        let change = numbers.map(|(before, now, unit)| words.exact_change(now, before, unit)).transpose()?;
        let verdict = numbers.zip(verdicts).and_then(|((before, now, _), (wanted, up, down))| {
            let rises = match wanted {
                Direction::Higher => now.cmp(&before),
                Direction::Lower => before.cmp(&now),
            };
            match rises {
                std::cmp::Ordering::Greater => Some(up),
                std::cmp::Ordering::Less => Some(down),
                std::cmp::Ordering::Equal => None,
            }
        });
        let text = |quantity: Option<&Quantity>| quantity.map(|quantity| quantity.text.clone());
        Ok(Self { before: text(before), now: text(now), change, verdict })
    }
}

/// Two quantities that can be compared.
fn numbers(before: &Quantity, now: &Quantity) -> Option<(Decimal, Decimal, Unit)> {
    let unit = match now.unit {
        QuantityUnit::S => Unit::Seconds,
        QuantityUnit::Share => Unit::Share,
        QuantityUnit::Count | QuantityUnit::Eur => Unit::Count,
        QuantityUnit::Date | QuantityUnit::Bool => return None,
    };
    match (&before.value, &now.value) {
        (Value::Number(old), Value::Number(new)) if before.unit == now.unit => Some((*old, *new, unit)),
        _ => None,
    }
}

/// Which way is better.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Higher,
    Lower,
}

impl Direction {
    /// As the target compares; a deviation that may lie on both sides of 0 has none.
    fn of(row: &ScoreRow) -> Option<Self> {
        let target = row.target.as_ref()?;
        let negative = |quantity: Option<&Quantity>| matches!(quantity.map(|quantity| &quantity.value), Some(Value::Number(value)) if value.is_sign_negative());
        let before = row.previous.as_ref().and_then(|previous| previous.achieved.as_ref());
        if !negative(Some(target)) && (negative(row.achieved.as_ref()) || negative(before)) {
            return None;
        }
        match target.comparator {
            Comparator::Less | Comparator::AtMost => Some(Self::Lower),
            Comparator::Greater | Comparator::AtLeast => Some(Self::Higher),
            Comparator::Equal => None,
        }
    }
}

/// The rows of one heading.
#[derive(Serialize)]
struct Area {
    name: String,
    /// Where all of its rows were published; `None` when they differ.
    source: Option<String>,
    rows: Vec<Row>,
}

/// The rows under their headings, in the table's order.
fn by_area(rows: Vec<Row>) -> Vec<Area> {
    let mut areas: Vec<Area> = Vec::new();
    for row in rows {
        match areas.iter_mut().find(|area| area.name == row.area) {
            Some(area) => {
                area.source = area.source.take().filter(|source| row.source.as_ref() == Some(source));
                area.rows.push(row);
            }
            None => areas.push(Area { name: row.area.clone(), source: row.source.clone(), rows: vec![row] }),
        }
    }
    areas
}

/// The table of a year as CSV, the year before in columns of its own.
///
/// # Errors
/// When the table cannot be written.
pub fn scorecard_csv(scorecard: &Scorecard) -> Result<Vec<u8>, RenderError> {
    let mut table = Table::new(&["year", "key", "area", "label"]);
    for name in ["target", "achieved", "previous_target", "previous_achieved"] {
        let fields = ["text", "value", "comparator", "unit"];
        table.header.extend(fields.map(|field| format!("{name}_{field}")));
    }
    let rest = ["result_percent", "result_printed", "previous_year", "previous_result_percent"];
    table.header.extend(rest.map(str::to_owned));
    table.header.extend(["previous_result_printed", "source_document", "source_section"].map(str::to_owned));
    for row in &scorecard.rows {
        table.rows.push(cells(scorecard.year, row).map_err(|error| RenderError::new(table::FORMAT, error))?);
    }
    table.bytes(Marks::Plain)
}

fn cells(year: i16, row: &ScoreRow) -> Result<Vec<Cell>, serde_json::Error> {
    let previous = row.previous.as_ref();
    let mut cells: Vec<Cell> =
        [year.to_string(), text(&row.key), text(&row.area), text(&row.label)].map(Cell::from).to_vec();
    let before = [
        previous.and_then(|previous| previous.target.as_ref()),
        previous.and_then(|previous| previous.achieved.as_ref()),
    ];
    for quantity in [row.target.as_ref(), row.achieved.as_ref()].into_iter().chain(before) {
        cells.extend(quantity_cells(quantity)?);
    }
    cells.extend(result_cells(Some(&row.result)));
    cells.push(previous.map(|previous| previous.year.to_string()).unwrap_or_default().into());
    cells.extend(result_cells(previous.map(|previous| &previous.result)));
    let source = row.source.as_ref();
    cells.push(source.map(|source| text(&source.document)).unwrap_or_default().into());
    cells.push(source.map(|source| text(&source.section)).unwrap_or_default().into());
    Ok(cells)
}

fn quantity_cells(quantity: Option<&Quantity>) -> Result<[Cell; 4], serde_json::Error> {
    let Some(quantity) = quantity else { return Ok([(); 4].map(|()| "".into())) };
    let value: Json = serde_json::to_value(&quantity.value)?;
    let (comparator, unit) = (word(quantity.comparator), word(quantity.unit));
    Ok([text(&quantity.text).into(), table::cell(&value), text(&comparator).into(), unit.into()])
}

fn result_cells(result: Option<&Outcome>) -> [Cell; 2] {
    let percent = result.and_then(|result| result.percent);
    let printed = result.and_then(|result| result.printed.clone());
    let percent = percent.map(|percent| percent.normalize().to_string()).unwrap_or_default();
    [Cell::Number(percent), printed.unwrap_or_default().into()]
}
