//! Monthly series that come from elsewhere (appointments, portal visits, posts) and the quotients made with them.
//!
//! **Invariant:** a quotient is exact decimal arithmetic over what is listed behind it: the things counted are its
//! items, the months of a series its `series`. A month without a value makes the quotient null, never smaller, and is
//! named as what is missing.

use filo_domain::Period;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::{
    definition::Term,
    facts::SeriesFact,
    figure::{Excluded, Figure, Item, Part, Statistic, Unit},
    number::{self, Number},
    view::{View, Window},
};

/// Why a month of a series counts nowhere: nobody has imported it.
pub(crate) const NO_VALUE: &str = "no_value";
/// As many digits as a JSON number carries exactly.
const DIGITS: u32 = 15;

/// A month of a series behind a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeriesItem {
    /// The series.
    pub key: String,
    /// `YYYY-MM`.
    pub month: String,
    /// The value; `None` while nobody has imported it.
    pub value: Option<u64>,
    /// Whence it was taken.
    pub source: Option<String>,
    /// What a reader should know.
    pub note: Option<String>,
    /// Which of its corrections, from 1.
    pub revision: Option<i32>,
    /// Above or below the line, or left out.
    pub counted_in: Part,
    /// Why it is left out.
    pub reason: Option<&'static str>,
    /// Of what a supplier cost: how it is allocated, with the method's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

impl SeriesItem {
    pub(crate) fn of(key: &str, month: Period, fact: Option<&SeriesFact>, part: Part) -> Self {
        Self {
            key: key.to_owned(),
            month: month.to_string(),
            value: fact.map(|fact| fact.value),
            source: fact.map(|fact| fact.source.clone()),
            note: fact.and_then(|fact| fact.note.clone()),
            revision: fact.map(|fact| fact.revision),
            counted_in: if fact.is_some() { part } else { Part::Excluded },
            reason: fact.is_none().then_some(NO_VALUE),
            method: None,
        }
    }
}

/// What is above the line ÷ what is below it × `per`.
pub(crate) fn quotient(
    view: &View,
    window: Window,
    (above, below): (&Term, &Term),
    per: u32,
    keep: bool,
) -> Figure {
    let parts = [(above, Part::Numerator), (below, Part::DenominatorOnly)];
    let items = parts.iter().flat_map(|(term, part)| things(view, window, term, *part));
    let counted = Figure::of(Statistic::Count, items, keep);
    let series: Vec<SeriesItem> =
        parts.iter().flat_map(|(term, part)| months(view, window, term, *part)).collect();
    let sum = |wanted: Part| -> u64 {
        series.iter().filter(|it| it.counted_in == wanted).filter_map(|it| it.value).sum()
    };
    let numerator = counted.numerator + sum(Part::Numerator);
    let denominator = counted.denominator - counted.numerator + sum(Part::DenominatorOnly);
    let missing = series.iter().filter(|it| it.reason.is_some()).count();
    let mut excluded = counted.excluded;
    if missing > 0 {
        let count = u64::try_from(missing).unwrap_or(u64::MAX);
        excluded.push(Excluded { reason: NO_VALUE.to_owned(), count });
        excluded.sort_by(|a, b| a.reason.cmp(&b.reason));
    }
    let value = if missing == 0 { divided(numerator, denominator, per) } else { None };
    let items = counted.items;
    Figure { value, unit: Unit::Quotient, numerator, denominator, n: denominator, excluded, items, series }
}

fn divided(above: u64, below: u64, per: u32) -> Option<Number> {
    let quotient = Decimal::from(above).checked_mul(Decimal::from(per))?.checked_div(Decimal::from(below))?;
    number::json_number(quotient.round_sf(DIGITS)?)
}

/// The things of one side; what satisfies no condition is of no side, what is left out is told with its reason.
fn things<'v>(
    view: &'v View<'v>,
    window: Window,
    term: &'v Term,
    part: Part,
) -> impl Iterator<Item = Item> + 'v {
    let members = term.things.iter().flat_map(move |things| things.members(view, window, term.counted));
    members.filter_map(move |item| match item.counted_in {
        Part::Numerator => Some(Item { counted_in: part, ..item }),
        Part::DenominatorOnly => None,
        Part::Excluded => Some(item),
    })
}

/// The months of the series of one side.
fn months(view: &View, window: Window, term: &Term, part: Part) -> Vec<SeriesItem> {
    let Some(key) = &term.series else { return vec![] };
    let of = |month: Period| SeriesItem::of(key, month, view.series_of(key, month), part);
    window.months().into_iter().map(of).collect()
}
