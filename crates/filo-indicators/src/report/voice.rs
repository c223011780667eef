//! What citizens were promised and what they say: call-backs and ratings.

use serde::{Deserialize, Serialize};

use crate::{
    book::Page,
    figure::Item,
    view::{View, Window},
};

/// Promised call-backs. None are recorded among the facts yet, so every count is of nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callbacks {
    /// Promised for the span.
    pub promised: u64,
    /// Reached within the window.
    pub kept: u64,
    /// Not reached within it.
    pub missed: u64,
    /// Kept ÷ promised.
    pub kept_share: Option<f64>,
}

impl Callbacks {
    pub(super) fn of(page: &mut Page) -> Self {
        let none = std::iter::empty::<Item>;
        Self {
            promised: page.count("promised", none()),
            kept: page.count("kept", none()),
            missed: page.count("missed", none()),
            kept_share: page.share("kept_share", none()),
        }
    }
}

/// The citizens' last rating of each ticket opened in the span.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratings {
    /// Tickets rated.
    pub count: u64,
    /// ÷ tickets opened.
    pub share: Option<f64>,
    /// Mean rating, 1 to 5, half-up to 3 decimals.
    pub mean: Option<f64>,
    /// From 1 to 5.
    pub distribution: Vec<RatingCount>,
}

/// How many gave one rating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatingCount {
    /// The rating.
    pub rating: u8,
    /// Tickets.
    pub count: u64,
}

impl Ratings {
    pub(super) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let opened =
            || view.opened_in(window).iter().map(|ticket| (ticket.item(), ticket.history.ratings.last()));
        let rated = || opened().map(|(item, rating)| item.counted_if(rating.is_some()));
        let points =
            opened().filter_map(|(item, rating)| rating.map(|rating| item.lasting(i64::from(*rating))));
        Self {
            count: page.count("count", rated().chain(view.merged_in(window, |_| true))),
            share: page.share("share", rated().chain(view.merged_in(window, |_| true))),
            mean: page.points("mean", points),
            distribution: distribution(view, window, &mut page.at("distribution")),
        }
    }
}

fn distribution(view: &View, window: Window, page: &mut Page) -> Vec<RatingCount> {
    let row = |(index, rating): (usize, u8)| {
        let opened = view.opened_in(window).iter();
        let given = opened.filter(|ticket| ticket.history.ratings.last() == Some(&rating));
        RatingCount { rating, count: page.at(index).count("count", given.map(|ticket| ticket.item())) }
    };
    (1..=5).enumerate().map(row).collect()
}
