//! From a figure back to what it was computed from.
//!
//! **Invariant:** an explanation is the very figure that the report or the scorecard prints, kept with its items:
//! nothing is computed a second time in another way. Start at [`explain`].

use filo_domain::{CityZone, Instant, Period};
use serde::Serialize;

use crate::{
    definition::{Definitions, Indicator},
    facts::Facts,
    figure::{Excluded, Figure, Item, Unit},
    number::Number,
    report,
    series::SeriesItem,
    view::{View, Window},
    words,
};

/// A figure with its definition and everything behind it, in the form of the contract.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The indicator's key or the JSON Pointer.
    pub key: String,
    /// `YYYY-MM` or `YYYY`.
    pub period: String,
    /// The instant as at which everything is known.
    pub as_of: Instant,
    /// What it says.
    pub definition: ExplainedDefinition,
    /// What the value counts in.
    pub unit: Unit,
    /// The value; `None` when there is nothing to compute it from.
    pub value: Option<Number>,
    /// The value as a printed form writes it; `None` for what no definition says how to print.
    pub text: Option<String>,
    /// Items counted.
    pub numerator: u64,
    /// Items counted and below the line.
    pub denominator: u64,
    /// How many the value rests on.
    pub n: u64,
    /// What was left out, by reason.
    pub excluded: Vec<Excluded>,
    /// Everything behind it, in the order of time within each part.
    pub items: Vec<Item>,
    /// The months of imported series behind it: value, source and revision, or why there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<SeriesItem>,
}

/// What a figure says.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedDefinition {
    /// In words for citizens.
    pub words: String,
    /// How it is computed.
    pub formula: String,
    /// The version of the definition, or of the set for the report's own figures.
    pub version: String,
}

/// Neither an indicator nor a figure of the report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown indicator {what:?}: expected one of {known}, or a JSON Pointer to a figure of the report")]
pub struct UnknownIndicator {
    what: String,
    known: String,
}

/// Explains an indicator's key or a JSON Pointer into the monthly report (`/phone/abandoned`,
/// `/year_to_date/channels/0/registered`); for a year the pointer leads into the same blocks over that year.
/// `facts` cover the period's [`report::span`].
///
/// # Errors
/// [`UnknownIndicator`] names what is known.
pub fn explain(
    facts: &Facts,
    definitions: &Definitions,
    what: &str,
    period: Period,
    zone: &CityZone,
    as_of: Instant,
) -> Result<Explanation, UnknownIndicator> {
    let set = definitions.set(period);
    let view = View::new(facts, &set.report, zone, as_of);
    let found = if what.starts_with('/') {
        report::figure(&view, what, period, zone, as_of)
            .map(|figure| (figure, of_report(what, &set.version()), None))
    } else {
        set.indicator(what).map(|indicator| {
            let figure = indicator.measure.figure(&view, Window::of(period, zone, as_of), true);
            let text = indicator.print.text(&figure);
            (figure, of_indicator(indicator), text)
        })
    };
    let (figure, definition, text) = found.ok_or_else(|| unknown(what, &set.indicators))?;
    Ok(Explanation::of(what, period.to_string(), as_of, definition, text, figure))
}

impl Explanation {
    pub(crate) fn of(
        key: &str,
        period: String,
        as_of: Instant,
        definition: ExplainedDefinition,
        text: Option<String>,
        figure: Figure,
    ) -> Self {
        let Figure { value, unit, numerator, denominator, n, excluded, items, series } = figure;
        Self {
            key: key.to_owned(),
            period,
            as_of,
            definition,
            unit,
            value,
            text,
            numerator,
            denominator,
            n,
            excluded,
            items,
            series,
        }
    }
}

fn of_report(pointer: &str, version: &str) -> ExplainedDefinition {
    let (words, formula) = words::of(pointer);
    ExplainedDefinition { words, formula, version: version.to_owned() }
}

fn of_indicator(indicator: &Indicator) -> ExplainedDefinition {
    ExplainedDefinition {
        words: indicator.words.clone(),
        formula: indicator.formula.clone(),
        version: indicator.version.clone(),
    }
}

fn unknown(what: &str, indicators: &[Indicator]) -> UnknownIndicator {
    let known: Vec<&str> = indicators.iter().map(|indicator| indicator.key.as_str()).collect();
    UnknownIndicator { what: what.chars().take(80).collect(), known: known.join(", ") }
}
