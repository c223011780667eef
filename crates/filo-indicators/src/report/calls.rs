//! Calls counted in one way, whatever they are parted by: queue, theme, hour and weekday, or not at all.
//!
//! **Invariant:** every call of a span and every wait that ended in it stand in exactly one row, so that each column of
//! a table adds up to the phone's own figure. No row is of an agent.

use std::collections::BTreeMap;

use filo_domain::{Instant, vocabulary::CallOutcome};
use serde::{Deserialize, Serialize};

use crate::{
    book::Page,
    figure::{Item, Statistic},
    view::{Contact, NOT_REGISTERED, UNCLASSIFIED, View, Window},
};

/// The row of calls whose queue the phone system did not tell.
const NO_QUEUE: &str = "no_queue";

/// What is told of any set of calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallFigures {
    /// Calls that entered a queue.
    pub offered: u64,
    /// A person answered.
    pub answered: u64,
    /// The caller gave up.
    pub abandoned: u64,
    /// Waits that ended here, of all calls whose end is known.
    pub waits: u64,
    /// Their mean.
    pub mean_wait_s: Option<f64>,
}

/// Calls that entered a queue, and the waits that ended.
#[derive(Default)]
pub(crate) struct Calls<'v> {
    pub(crate) calls: Vec<&'v Contact<'v>>,
    waits: Vec<Item>,
}

impl<'v> Calls<'v> {
    /// Those of a window.
    pub(super) fn of(view: &'v View<'v>, window: Window) -> Self {
        parted(view, window, |_, _| Some(())).remove(&()).unwrap_or_default()
    }
    /// Those that ended so.
    pub(super) fn ended(&self, outcome: CallOutcome) -> impl Iterator<Item = Item> {
        self.calls.iter().filter(move |call| call.is(outcome)).map(|call| call.item())
    }
    /// The figures, entered in the book.
    pub(crate) fn figures(&self, page: &mut Page) -> CallFigures {
        let waits = || self.waits.iter().copied();
        CallFigures {
            offered: page.count("offered", self.calls.iter().map(|call| call.item())),
            answered: page.count("answered", self.ended(CallOutcome::Answered)),
            abandoned: page.count("abandoned", self.ended(CallOutcome::Abandoned)),
            waits: page.count("waits", waits()),
            mean_wait_s: page.seconds("mean_wait_s", Statistic::Mean, waits()),
        }
    }
}

/// The calls of a window and the waits that ended in it, each under its key: a call by when it entered its first queue,
/// a wait by when it ended. What has no key is left out.
pub(crate) fn parted<'v, K: Ord>(
    view: &'v View<'v>,
    window: Window,
    key: impl Fn(&Contact<'v>, Instant) -> Option<K>,
) -> BTreeMap<K, Calls<'v>> {
    let mut parts: BTreeMap<K, Calls> = BTreeMap::new();
    for call in view.calls_in(window) {
        if let Some(key) = key(call, call.at) {
            parts.entry(key).or_default().calls.push(call);
        }
    }
    for (call, item) in view.waits(window) {
        let stop = call.waited().map(|(stop, _)| stop);
        if let Some(key) = stop.and_then(|stop| key(call, stop)) {
            parts.entry(key).or_default().waits.push(item);
        }
    }
    parts
}

/// The queue under which a call that entered this one first stands.
pub(crate) fn queue_row(queue: Option<&str>) -> &str {
    queue.unwrap_or(NO_QUEUE)
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueRow {
    /// Its name in the phone system; `no_queue` for calls of which it is not known, last.
    pub queue: String,
    /// Its calls: those that entered it first.
    #[serde(flatten)]
    pub calls: CallFigures,
}

/// Every queue with a call or a wait, by name.
pub(super) fn by_queue(view: &View, window: Window, page: &mut Page) -> Vec<QueueRow> {
    let parts = parted(view, window, |call, _| Some((call.queue.is_none(), queue_row(call.queue))));
    let row = |(index, ((_, queue), part)): (usize, ((bool, &str), Calls))| QueueRow {
        queue: queue.to_owned(),
        calls: part.figures(&mut page.at(index)),
    };
    parts.into_iter().enumerate().map(row).collect()
}

/// One top-level theme.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallThemeRow {
    /// Its key; `unclassified` for tickets without one, `not_registered` for calls without a ticket, both last.
    pub theme: String,
    /// The calls registered under it.
    #[serde(flatten)]
    pub calls: CallFigures,
}

/// Every top-level theme with a call or a wait, by key, then the residuals.
pub(super) fn by_theme(view: &View, window: Window, page: &mut Page) -> Vec<CallThemeRow> {
    let parts = parted(view, window, |call, _| {
        let theme = view.theme_of(call.ticket);
        Some((residual(theme), theme))
    });
    let row = |(index, ((_, theme), part)): (usize, ((u8, &str), Calls))| CallThemeRow {
        theme: theme.to_owned(),
        calls: part.figures(&mut page.at(index)),
    };
    parts.into_iter().enumerate().map(row).collect()
}

/// Where the row of a theme stands: what has none comes last.
pub(super) fn residual(theme: &str) -> u8 {
    match theme {
        UNCLASSIFIED => 1,
        NOT_REGISTERED => 2,
        _ => 0,
    }
}

/// One hour of one weekday, in local time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HourRow {
    /// `1-08`: Monday from 8 to 9.
    pub interval: String,
    /// 1 is Monday.
    pub weekday: i8,
    /// 0 to 23.
    pub hour: i8,
    /// The calls of it, over all weeks of the span.
    #[serde(flatten)]
    pub calls: CallFigures,
}

/// Every hour of a weekday with a call or a wait, from Monday on. An hour that the clocks show twice is one here.
pub(super) fn by_hour(view: &View, window: Window, page: &mut Page) -> Vec<HourRow> {
    let parts = parted(view, window, |_, at| {
        let local = view.zone.local(at);
        Some((local.weekday().to_monday_one_offset(), local.hour()))
    });
    let row = |(index, ((weekday, hour), part)): (usize, ((i8, i8), Calls))| HourRow {
        interval: format!("{weekday}-{hour:02}"),
        weekday,
        hour,
        calls: part.figures(&mut page.at(index)),
    };
    parts.into_iter().enumerate().map(row).collect()
}
