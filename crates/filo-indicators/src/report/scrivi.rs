//! The written web form: the cohort opened in the span, as known at `as_of`.

use filo_domain::vocabulary::Channel;
use serde::{Deserialize, Serialize};

use super::channels::all;
use crate::{
    book::Page,
    facts::TicketFact,
    figure::Item,
    view::{View, Window},
};

const DAY_S: i64 = 86_400;

/// The figures of Scrivi.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scrivi {
    /// Tickets opened.
    pub opened: u64,
    /// Of those, resolved at `as_of`.
    pub resolved: u64,
    /// Resolved ÷ opened.
    pub resolved_share: Option<f64>,
    /// Opened ÷ tickets opened on all channels.
    pub share_of_all_tickets: Option<f64>,
    /// The resolved by days to the final resolution.
    pub resolution_buckets: Vec<Bucket>,
    /// Resolved without a duration: `resolved` is the sum of the buckets and this.
    pub unclassified: u64,
}

/// A range of days: above the bound of the row before, up to this one included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// `≤7d`, `>90d`.
    pub label: String,
    /// The bound in days of 86,400 s; `None` for the last.
    pub upper_days: Option<i64>,
    /// How many.
    pub count: u64,
    /// ÷ the sum of the counts.
    pub share: Option<f64>,
}

impl Scrivi {
    pub(super) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let opened =
            || view.opened_in(window).iter().filter(|ticket| ticket.channel == Channel::Scrivi).copied();
        let merged = || view.merged_in(window, |ticket| ticket.channel == Channel::Scrivi);
        let resolved = || opened().map(|ticket| ticket.item().counted_if(ticket.is_resolved()));
        let every = || view.opened_in(window).iter();
        let timed: Vec<(i64, Item)> = opened().filter_map(timed).collect();
        let untimed = opened().filter(|ticket| ticket.is_resolved() && ticket.final_s().is_none());
        Self {
            opened: page.count("opened", resolved().map(all).chain(merged())),
            resolved: page.count("resolved", resolved().chain(merged())),
            resolved_share: page.share("resolved_share", resolved().chain(merged())),
            share_of_all_tickets: page.share(
                "share_of_all_tickets",
                every()
                    .map(|ticket| ticket.item().counted_if(ticket.channel == Channel::Scrivi))
                    .chain(view.merged_in(window, |_| true)),
            ),
            resolution_buckets: buckets(&timed, &view.rules.bucket_days, &mut page.at("resolution_buckets")),
            unclassified: page.count("unclassified", untimed.map(TicketFact::item)),
        }
    }
}

fn timed(ticket: &TicketFact) -> Option<(i64, Item)> {
    let seconds = ticket.final_s().filter(|_| ticket.is_resolved())?;
    Some((seconds, ticket.item().lasting(seconds)))
}

/// Cuts durations at bounds of days; each row excludes the bound of the row before.
pub(super) fn buckets(timed: &[(i64, Item)], bounds: &[i64], page: &mut Page) -> Vec<Bucket> {
    let uppers = bounds.iter().copied().map(Some).chain([None]);
    let lowers = [None].into_iter().chain(bounds.iter().copied().map(Some));
    let row = |(index, (lower, upper)): (usize, (Option<i64>, Option<i64>))| {
        let mut page = page.at(index);
        let inside = move |seconds: i64| {
            lower.is_none_or(|days| seconds > days * DAY_S)
                && upper.is_none_or(|days| seconds <= days * DAY_S)
        };
        let items = || timed.iter().map(move |(seconds, item)| item.counted_if(inside(*seconds)));
        Bucket {
            label: label(lower, upper),
            upper_days: upper,
            count: page.count("count", items()),
            share: page.share("share", items()),
        }
    };
    lowers.zip(uppers).enumerate().map(row).collect()
}

fn label(lower: Option<i64>, upper: Option<i64>) -> String {
    match (lower, upper) {
        (_, Some(days)) => format!("≤{days}d"),
        (Some(days), None) => format!(">{days}d"),
        (None, None) => "all".to_owned(),
    }
}
