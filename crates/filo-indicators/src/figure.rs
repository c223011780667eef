//! A figure and what is behind it: the one form in which everything that is printed is computed.
//!
//! **Invariant:** a figure's counts are the lengths of its parts: `numerator` items counted, `denominator` those
//! plus the ones that only count below the line, each exclusion with its reason. The two sides of a quotient count
//! apart, and what a series brings to one is the sum of its listed values. Start at [`Figure`].

use std::collections::BTreeMap;

use filo_domain::{Instant, vocabulary::Channel};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    number::{self, Number},
    series::SeriesItem,
};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A contact; `id` is the interaction's.
    Contact,
    /// The unit of response rates; `id` is the call's, the ticket's or, of a thread without one, the id of
    /// its first contact.
    Request,
    /// A ticket.
    Ticket,
    /// A person.
    Person,
    /// A promised call-back.
    Callback,
}

/// Where an item counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Above the line (and below it); for a count or a duration: counted.
    Numerator,
    /// Below the line only.
    DenominatorOnly,
    /// Left out, with a reason.
    Excluded,
}

/// One thing behind a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: ItemKind,
    /// The channel it came through.
    pub channel: Channel,
    /// When it happened (a ticket: opened; a request: its first actionable contact in the month; a call-back: the end
    /// of its window, or an attempt).
    pub occurred_at: Instant,
    /// Where it counts.
    pub counted_in: Part,
    /// Why it is left out.
    pub reason: Option<&'static str>,
    /// What a duration measured of it.
    pub seconds: Option<i64>,
}

impl Item {
    /// Counted.
    pub(crate) fn new(id: Uuid, kind: ItemKind, channel: Channel, occurred_at: Instant) -> Self {
        let occurred_at = occurred_at.floor();
        Self { id, kind, channel, occurred_at, counted_in: Part::Numerator, reason: None, seconds: None }
    }
    /// Counted above the line only if so.
    pub(crate) fn counted_if(self, counted: bool) -> Self {
        Self { counted_in: if counted { Part::Numerator } else { Part::DenominatorOnly }, ..self }
    }
    /// Left out for a reason.
    pub(crate) fn excluded(self, reason: &'static str) -> Self {
        Self { counted_in: Part::Excluded, reason: Some(reason), ..self }
    }
    /// With a measured duration; never negative.
    pub(crate) fn lasting(self, seconds: i64) -> Self {
        Self { seconds: Some(seconds.max(0)), ..self }
    }
}

/// How items become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// How many are counted.
    Count,
    /// Counted ÷ counted and below the line.
    Share,
    /// Arithmetic mean of the seconds.
    Mean,
    /// 50th percentile of the seconds, type 7.
    Median,
    /// 90th percentile of the seconds, type 7.
    P90,
    /// The longest.
    Max,
    /// All the seconds.
    Sum,
}

/// What the value counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Things.
    Count,
    /// A fraction of 1.
    Share,
    /// Seconds.
    S,
    /// Points of a rating, 1 to 5.
    Points,
    /// So much of one thing to one (or `per`) of another.
    Quotient,
    /// Euro cents: what the listed amounts bring to the contacts counted.
    Cents,
}

/// How many were left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// The reason.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// A value with all that it was computed from.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The value; `None` when there is nothing to compute it from.
    pub value: Option<Number>,
    /// What the value counts in.
    pub unit: Unit,
    /// How many are counted.
    pub numerator: u64,
    /// How many could have been; of counts and durations the same as `numerator`; of quotients what is below.
    pub denominator: u64,
    /// How many the value rests on: the denominator.
    pub n: u64,
    /// What was left out, by reason in alphabetical order.
    pub excluded: Vec<Excluded>,
    /// What is behind it, in the order of time; empty unless it was asked for.
    pub items: Vec<Item>,
    /// The months of series behind it, those without a value too.
    pub series: Vec<SeriesItem>,
}

impl Figure {
    /// Computes a statistic of items; they are kept only if `keep`.
    pub(crate) fn of(statistic: Statistic, items: impl Iterator<Item = Item>, keep: bool) -> Self {
        let mut tally = Tally::default();
        let mut kept = Vec::new();
        for item in items {
            tally.add(&item);
            if keep {
                kept.push(item);
            }
        }
        tally.figure(statistic, kept)
    }
    /// The value as an exact decimal: a share from its counts, else as printed.
    pub fn decimal(&self) -> Option<Decimal> {
        match self.unit {
            Unit::Share => Decimal::from(self.numerator).checked_div(Decimal::from(self.denominator)),
            Unit::Count | Unit::S | Unit::Points | Unit::Quotient | Unit::Cents => {
                self.value.and_then(Number::decimal)
            }
        }
    }
}

#[derive(Default)]
struct Tally {
    counted: u64,
    below: u64,
    excluded: BTreeMap<&'static str, u64>,
    seconds: Vec<i64>,
}

impl Tally {
    fn add(&mut self, item: &Item) {
        match item.counted_in {
            Part::Numerator => {
                self.counted += 1;
                self.seconds.extend(item.seconds);
            }
            Part::DenominatorOnly => self.below += 1,
            Part::Excluded => *self.excluded.entry(item.reason.unwrap_or("other")).or_default() += 1,
        }
    }
    fn figure(mut self, statistic: Statistic, items: Vec<Item>) -> Figure {
        let denominator = self.counted + self.below;
        let value = match statistic {
            Statistic::Count => i64::try_from(self.counted).ok().map(Number::Whole),
            Statistic::Share => number::share(self.counted, denominator).map(Number::Real),
            Statistic::Mean => number::mean(&self.seconds).map(Number::Real),
            Statistic::Median => self.percentile(50),
            Statistic::P90 => self.percentile(90),
            Statistic::Max => self.percentile(100),
            Statistic::Sum => Some(Number::Whole(self.seconds.iter().sum())),
        };
        let unit = match statistic {
            Statistic::Count => Unit::Count,
            Statistic::Share => Unit::Share,
            Statistic::Mean | Statistic::Median | Statistic::P90 | Statistic::Max | Statistic::Sum => Unit::S,
        };
        let excluded = self
            .excluded
            .into_iter()
            .map(|(reason, count)| Excluded { reason: reason.to_owned(), count })
            .collect();
        let series = vec![];
        Figure { value, unit, numerator: self.counted, denominator, n: denominator, excluded, items, series }
    }
    fn percentile(&mut self, percent: u64) -> Option<Number> {
        self.seconds.sort_unstable();
        number::percentile(&self.seconds, percent).map(Number::Real)
    }
}
