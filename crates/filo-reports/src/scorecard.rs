//! Two years of an indicator compared, and the table of a year as CSV.
//!
//! **Invariant:** targets and values are printed in the document's own words; what is computed here is only their
//! change. A full result that a relaxed target made possible says so. Start at [`Compared::of`] and [`scorecard_csv`].

use std::collections::BTreeSet;

use filo_domain::vocabulary::Word;
use filo_indicators::scorecard::{
    Comparator, Outcome, Previous, Quantity, QuantityUnit, ScoreRow, Scorecard, Value,
};
use rust_decimal::Decimal;
use serde_json::Value as Json;

use crate::{
    figures::Unit,
    table::{self, Cell, Table, text, word},
    words::{MissingText, Words},
};

/// A year beside an earlier one.
pub(crate) struct Compared {
    pub(crate) target: Side,
    pub(crate) achieved: Side,
    /// Whether a full result stands on a relaxed target and a worse value.
    pub(crate) watch: bool,
}

/// How a quantity changed.
pub(crate) struct Side {
    /// With its sign; `None` where the two do not compare.
    pub(crate) change: Option<String>,
    /// `stricter`, `looser`, `better` or `worse`; `None` where the direction cannot be told.
    pub(crate) verdict: Option<&'static str>,
}

impl Compared {
    pub(crate) fn of(before: Option<&Previous>, now: &Previous, words: &Words) -> Result<Self, MissingText> {
        let target_before = before.and_then(|before| before.target.as_ref());
        let achieved_before = before.and_then(|before| before.achieved.as_ref());
        let direction = Direction::of(achieved_before, now);
        let target = Side::of(
            target_before,
            now.target.as_ref(),
            direction.map(|wanted| (wanted, "stricter", "looser")),
            words,
        )?;
        let achieved = Side::of(
            achieved_before,
            now.achieved.as_ref(),
            direction.map(|wanted| (wanted, "better", "worse")),
            words,
        )?;
        let full = now.result.percent == Some(Decimal::ONE_HUNDRED);
        let watch = full && target.verdict == Some("looser") && achieved.verdict == Some("worse");
        Ok(Self { target, achieved, watch })
    }
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
        Ok(Self { change, verdict })
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
    fn of(before: Option<&Quantity>, now: &Previous) -> Option<Self> {
        let target = now.target.as_ref()?;
        let negative =
            |quantity: &Quantity| matches!(&quantity.value, Value::Number(value) if value.is_sign_negative());
        let values = [before, now.achieved.as_ref()];
        if !negative(target) && values.into_iter().flatten().any(negative) {
            return None;
        }
        match target.comparator {
            Comparator::Less | Comparator::AtMost => Some(Self::Lower),
            Comparator::Greater | Comparator::AtLeast => Some(Self::Higher),
            Comparator::Equal => None,
        }
    }
}

/// How the result comes about, how the value was entered, what the row serves, and what it means.
const FURTHER: [&str; 13] = [
    "rule",
    "entered_at",
    "entered_revision",
    "entered_file",
    "entered_file_sha256",
    "entered_note",
    "programme",
    "direction",
    "dimension",
    "driver",
    "definition_words",
    "definition_formula",
    "definition_version",
];

const QUANTITY: [&str; 4] = ["text", "value", "comparator", "unit"];

/// The table of a year, the year before in columns of its own, then those of the trend.
pub(crate) fn scorecard_csv(scorecard: &Scorecard) -> Result<Table, serde_json::Error> {
    let mut table = Table::new(&["year", "key", "area", "label"]);
    for name in ["target", "achieved", "previous_target", "previous_achieved"] {
        table.header.extend(QUANTITY.map(|field| format!("{name}_{field}")));
    }
    let rest = ["result_percent", "result_printed", "previous_year", "previous_result_percent"];
    table.header.extend(rest.map(str::to_owned));
    table.header.extend(["previous_result_printed", "source_document", "source_section"].map(str::to_owned));
    table.header.extend(FURTHER.map(str::to_owned));
    let years: BTreeSet<i16> =
        scorecard.rows.iter().flat_map(|row| &row.trend).map(|year| year.year).collect();
    for year in &years {
        for name in ["target", "achieved"] {
            table.header.extend(QUANTITY.map(|field| format!("trend_{year}_{name}_{field}")));
        }
        table.header.extend(["percent", "printed"].map(|field| format!("trend_{year}_result_{field}")));
    }
    for row in &scorecard.rows {
        let mut cells = cells(scorecard.year, row)?;
        for year in &years {
            let own = row.trend.iter().find(|own| own.year == *year);
            for quantity in
                [own.and_then(|own| own.target.as_ref()), own.and_then(|own| own.achieved.as_ref())]
            {
                cells.extend(quantity_cells(quantity)?);
            }
            cells.extend(result_cells(own.map(|own| &own.result)));
        }
        table.rows.push(cells);
    }
    Ok(table)
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
    cells.extend(further_cells(row));
    Ok(cells)
}

fn further_cells(row: &ScoreRow) -> Vec<Cell> {
    let entered = row.source.as_ref().and_then(|source| source.entered.as_ref());
    let (file, tags, meaning) = (entered.and_then(|it| it.file.as_ref()), &row.tags, row.definition.as_ref());
    let said = |said: Option<&String>| said.map(|it| text(it)).unwrap_or_default();
    let drivers: Vec<&str> = tags.driver.iter().map(|driver| driver.word()).collect();
    let cells: [String; FURTHER.len()] = [
        row.rule.map(word).unwrap_or_default(),
        entered.map(|it| it.at.to_string()).unwrap_or_default(),
        entered.map(|it| it.revision.to_string()).unwrap_or_default(),
        said(file.map(|file| &file.name)),
        said(file.map(|file| &file.sha256)),
        said(entered.and_then(|it| it.note.as_ref())),
        said(tags.programme.as_ref()),
        said(tags.direction.as_ref()),
        tags.dimension.map(|it| it.word().to_owned()).unwrap_or_default(),
        drivers.join(" "),
        said(meaning.map(|it| &it.words)),
        said(meaning.map(|it| &it.formula)),
        said(meaning.map(|it| &it.version)),
    ];
    cells.map(Cell::from).into()
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
