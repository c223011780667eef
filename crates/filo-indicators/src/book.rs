//! The one path from figures to the report and to its explanation: every figure is entered under its JSON Pointer.
//!
//! **Invariant:** the report's values come out of the entries made here, and an explanation is the entry itself,
//! kept with its items, so that the two can never differ. Start at [`Page`].

use std::fmt::Display;

use crate::{
    figure::{Excluded, Figure, Item, Statistic, Unit},
    number::Number,
    report::Duration,
    series::SeriesItem,
};

/// Collects entries; keeps the one that is asked for.
#[derive(Default)]
pub(crate) struct Book {
    wanted: Option<String>,
    found: Option<Figure>,
}

impl Book {
    /// Keeps the figure at a JSON Pointer.
    pub(crate) fn wanting(pointer: &str) -> Self {
        Self { wanted: Some(pointer.to_owned()), found: None }
    }
    /// The figure that was asked for, if the report has it.
    pub(crate) fn found(self) -> Option<Figure> {
        self.found
    }
    /// The page at a pointer; the root is empty.
    pub(crate) fn page(&mut self, path: &str) -> Page<'_> {
        Page { book: self, path: path.to_owned() }
    }
}

/// A place in the report, where figures are entered by key.
pub(crate) struct Page<'b> {
    book: &'b mut Book,
    path: String,
}

impl Page<'_> {
    /// The page below this one.
    pub(crate) fn at(&mut self, key: impl Display) -> Page<'_> {
        Page { path: format!("{}/{key}", self.path), book: self.book }
    }
    /// Enters a count.
    pub(crate) fn count(&mut self, key: impl Display, items: impl Iterator<Item = Item>) -> u64 {
        self.enter(key, Statistic::Count, Unit::Count, items).0.numerator
    }
    /// Enters a share: counted ÷ counted and below the line.
    pub(crate) fn share(&mut self, key: impl Display, items: impl Iterator<Item = Item>) -> Option<f64> {
        self.enter(key, Statistic::Share, Unit::Share, items).1
    }
    /// Enters a statistic of durations, in seconds.
    pub(crate) fn seconds(
        &mut self,
        key: impl Display,
        statistic: Statistic,
        items: impl Iterator<Item = Item>,
    ) -> Option<f64> {
        self.enter(key, statistic, Unit::S, items).1
    }
    /// Enters the sum of durations, in seconds.
    pub(crate) fn sum(&mut self, key: impl Display, items: impl Iterator<Item = Item>) -> u64 {
        let (figure, _) = self.enter(key, Statistic::Sum, Unit::S, items);
        match figure.value {
            Some(Number::Whole(seconds)) => u64::try_from(seconds).unwrap_or_default(),
            Some(Number::Real(_)) | None => 0,
        }
    }
    /// Enters an amount of cents, with the contacts and the entered totals that it comes from; both are looked at only
    /// where they are asked for.
    pub(crate) fn cents<I: Iterator<Item = Item>>(
        &mut self,
        key: impl Display,
        value: Option<Number>,
        items: impl FnOnce() -> I,
        series: impl FnOnce() -> Vec<SeriesItem>,
    ) {
        if self.is_wanted(key) {
            let counted = Figure::of(Statistic::Count, items(), true);
            self.book.found = Some(Figure { value, unit: Unit::Cents, series: series(), ..counted });
        }
    }
    /// Enters a mean of ratings.
    pub(crate) fn points(&mut self, key: impl Display, items: impl Iterator<Item = Item>) -> Option<f64> {
        self.enter(key, Statistic::Mean, Unit::Points, items).1
    }
    /// Enters a duration with its n, mean, median and 90th percentile.
    pub(crate) fn duration(
        &mut self,
        key: impl Display,
        clock: &'static str,
        items: impl Iterator<Item = Item>,
    ) -> Duration {
        let items: Vec<Item> = items.collect();
        let items = || items.iter().copied();
        let mut page = self.at(key);
        Duration {
            clock: clock.to_owned(),
            n: page.count("n", items()),
            mean_s: page.seconds("mean_s", Statistic::Mean, items()),
            median_s: page.seconds("median_s", Statistic::Median, items()),
            p90_s: page.seconds("p90_s", Statistic::P90, items()),
        }
    }
    /// Enters what was left out, by reason.
    pub(crate) fn excluded<I: Iterator<Item = Item>>(&mut self, items: impl Fn() -> I) -> Vec<Excluded> {
        let reasons = Figure::of(Statistic::Count, items(), false).excluded;
        let mut page = self.at("excluded");
        for (index, excluded) in reasons.iter().enumerate() {
            let these = items().filter(|item| item.reason == Some(excluded.reason.as_str()));
            page.at(index).count(
                "count",
                these.map(|item| Item { counted_in: crate::figure::Part::Numerator, ..item }),
            );
        }
        reasons
    }
    fn is_wanted(&self, key: impl Display) -> bool {
        self.book.wanted.as_deref().is_some_and(|wanted| {
            wanted.strip_prefix(self.path.as_str()).and_then(|rest| rest.strip_prefix('/'))
                == Some(key.to_string().as_str())
        })
    }
    fn enter(
        &mut self,
        key: impl Display,
        statistic: Statistic,
        unit: Unit,
        items: impl Iterator<Item = Item>,
    ) -> (Figure, Option<f64>) {
        let keep = self.is_wanted(key);
        let figure = Figure { unit, ..Figure::of(statistic, items, keep) };
        if keep {
            self.book.found = Some(figure.clone());
        }
        let value = figure.value.map(Number::real);
        (figure, value)
    }
}
