//! What citizens were promised and what they say: call-backs and ratings.

use filo_domain::{Instant, callback::CallbackState, vocabulary::Channel};
use serde::{Deserialize, Serialize};

use crate::{
    book::Page,
    facts::CallbackFact,
    figure::{Item, ItemKind},
    view::{View, Window},
};

/// Promised call-backs whose window ends in the span: promised = kept + missed + pending + cancelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callbacks {
    /// Promised for the span.
    pub promised: u64,
    /// Reached before the window ended.
    pub kept: u64,
    /// The window ended, and the citizen had not been reached.
    pub missed: u64,
    /// Kept ÷ (kept and missed).
    pub kept_share: Option<f64>,
    /// Their window has not ended, as known at the report's instant.
    #[serde(default)]
    pub pending: u64,
    /// Cancelled before the window ended.
    #[serde(default)]
    pub cancelled: u64,
    /// What was tried, over all of them.
    #[serde(default)]
    pub attempts: u64,
    /// Of the missed, those who were reached later.
    #[serde(default)]
    pub reached_late: u64,
}

impl Callbacks {
    pub(super) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let due = || view.callbacks_in(window);
        let all = || due().map(|(fact, state)| (item(fact, fact.promise.window.to), state));
        let only = |wanted| all().filter(move |(_, state)| *state == wanted).map(|(item, _)| item);
        let tried = due().flat_map(|(fact, _)| fact.promise.attempts.iter().map(|it| item(fact, it.at)));
        let late = due().filter(|(_, state)| *state == CallbackState::Missed);
        let late = late.filter(|(fact, _)| fact.promise.reached_late());
        Self {
            promised: page.count("promised", all().map(|(item, _)| item)),
            kept: page.count("kept", only(CallbackState::Kept)),
            missed: page.count("missed", only(CallbackState::Missed)),
            kept_share: page.share("kept_share", all().map(|(item, state)| shared(item, state))),
            pending: page.count("pending", only(CallbackState::Booked)),
            cancelled: page.count("cancelled", only(CallbackState::Cancelled)),
            attempts: page.count("attempts", tried),
            reached_late: page
                .count("reached_late", late.map(|(fact, _)| item(fact, fact.promise.window.to))),
        }
    }
}

fn item(fact: &CallbackFact, at: Instant) -> Item {
    Item::new(fact.id.uuid(), ItemKind::Callback, Channel::Phone, at)
}

/// Of which promises the share speaks: those whose time has come and that the citizen did not take back.
fn shared(item: Item, state: CallbackState) -> Item {
    match state {
        CallbackState::Kept => item,
        CallbackState::Missed => item.counted_if(false),
        CallbackState::Booked => item.excluded("pending"),
        CallbackState::Cancelled => item.excluded("cancelled"),
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
