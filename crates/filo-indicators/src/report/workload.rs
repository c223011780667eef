//! Who works what: themes, levels and units of the tickets opened in the span, and the backlog at its end.
//!
//! A unit is an office, never a person: nothing here counts single workers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Duration,
    scrivi::{Bucket, buckets},
};
use crate::{
    book::Page,
    facts::TicketFact,
    figure::{Item, Part, Statistic},
    view::{MERGED, Standing, TicketClock, UNCLASSIFIED, View, Window},
};

/// The row of tickets without a unit.
const UNASSIGNED: &str = "unassigned";

/// One top-level theme.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThemeRow {
    /// Its key; the residual of tickets without one is `unclassified` and stands last.
    pub theme: String,
    /// Tickets.
    pub count: u64,
    /// ÷ tickets opened.
    pub share: Option<f64>,
}

/// Every top-level theme with a ticket, the most frequent first, then the residual.
pub(super) fn themes(view: &View, window: Window, page: &mut Page) -> Vec<ThemeRow> {
    let opened = view.opened_in(window);
    let theme = |ticket: &TicketFact| ticket.top_theme().unwrap_or(UNCLASSIFIED).to_owned();
    let mut order: Vec<(String, Vec<Item>)> = grouped(opened, theme).into_iter().collect();
    order.sort_by(|(a, of_a), (b, of_b)| {
        (a == UNCLASSIFIED, of_b.len(), a).cmp(&(b == UNCLASSIFIED, of_a.len(), b))
    });
    let row = |(index, (name, own)): (usize, (String, Vec<Item>))| {
        let mut page = page.at(index);
        let rest = opened.iter().filter(|ticket| ticket.top_theme().unwrap_or(UNCLASSIFIED) != name);
        let merged = view.merged_in(window, |it| it.top_theme().unwrap_or(UNCLASSIFIED) == name);
        let count = page.count("count", own.iter().copied().chain(merged));
        let every = own.iter().copied().chain(rest.map(below)).chain(view.merged_in(window, |_| true));
        let share = page.share("share", every);
        ThemeRow { theme: name, count, share }
    };
    order.into_iter().enumerate().map(row).collect()
}

/// A ticket that only counts below the line.
fn below(ticket: &&TicketFact) -> Item {
    ticket.item().counted_if(false)
}

pub(crate) fn grouped<K: Ord>(
    tickets: &[&TicketFact],
    key: impl Fn(&TicketFact) -> K,
) -> BTreeMap<K, Vec<Item>> {
    let mut groups: BTreeMap<K, Vec<Item>> = BTreeMap::new();
    for ticket in tickets {
        groups.entry(key(ticket)).or_default().push(ticket.item());
    }
    groups
}

/// The two levels: I.resolved + I.open + I.cancelled + II.assigned = tickets opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// Never escalated.
    #[serde(rename = "I")]
    pub i: LevelI,
    /// Ever escalated, also if handed back.
    #[serde(rename = "II")]
    pub ii: LevelII,
}

/// Tickets never escalated; this is not first-contact resolution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelI {
    /// Resolved or closed.
    pub resolved: u64,
    /// Still open.
    pub open: u64,
    /// Cancelled.
    pub cancelled: u64,
}

/// Tickets ever escalated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelII {
    /// All of them.
    pub assigned: u64,
    /// Resolved or closed.
    pub resolved: u64,
    /// Still open.
    pub active: u64,
    /// Active ÷ assigned.
    pub active_share: Option<f64>,
    /// Cancelled.
    pub cancelled: u64,
}

impl Levels {
    pub(crate) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let tickets = |escalated: bool, standing: Standing| {
            let level =
                view.opened_in(window).iter().filter(move |ticket| ticket.ever_escalated() == escalated);
            let merged = view.merged_in(window, move |ticket| ticket.ever_escalated() == escalated);
            level.map(move |ticket| ticket.item().counted_if(ticket.standing() == standing)).chain(merged)
        };
        let mut first = page.at("I");
        let i = LevelI {
            resolved: first.count("resolved", tickets(false, Standing::Resolved)),
            open: first.count("open", tickets(false, Standing::Open)),
            cancelled: first.count("cancelled", tickets(false, Standing::Cancelled)),
        };
        let mut second = page.at("II");
        let ii = LevelII {
            assigned: second.count("assigned", tickets(true, Standing::Open).map(unless_left_out)),
            resolved: second.count("resolved", tickets(true, Standing::Resolved)),
            active: second.count("active", tickets(true, Standing::Open)),
            active_share: second.share("active_share", tickets(true, Standing::Open)),
            cancelled: second.count("cancelled", tickets(true, Standing::Cancelled)),
        };
        Self { i, ii }
    }
}

/// Counted, whatever stood below the line; what is left out stays left out.
fn unless_left_out(item: Item) -> Item {
    if item.counted_in == Part::Excluded { item } else { item.counted_if(true) }
}

/// One unit: the unit at the resolution, or now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitRow {
    /// Its key, under the name of its time; tickets without one are `unassigned`, last.
    pub unit: String,
    /// Tickets opened in the span.
    pub tickets: u64,
    /// ÷ tickets opened.
    pub share: Option<f64>,
    /// Resolved or closed.
    pub resolved: u64,
    /// Still open.
    pub active: u64,
    /// Active ÷ tickets.
    pub active_share: Option<f64>,
    /// Cancelled.
    pub cancelled: u64,
    /// First resolutions in the span.
    pub resolution: Duration,
}

/// Every unit with a ticket opened in the span, in alphabetical order.
pub(crate) fn units(view: &View, window: Window, page: &mut Page) -> Vec<UnitRow> {
    let mut units: BTreeMap<(bool, &str), Vec<&TicketFact>> = BTreeMap::new();
    for ticket in view.opened_in(window) {
        units.entry((ticket.history.unit.is_none(), unit(ticket))).or_default().push(ticket);
    }
    let mut resolved: BTreeMap<&str, Vec<Item>> = BTreeMap::new();
    for ticket in &view.tickets {
        resolved.entry(unit(ticket)).or_default().extend(ticket.stopped(TicketClock::Resolved, window));
    }
    for ticket in view.merged.tickets() {
        let stopped = ticket.stopped(TicketClock::Resolved, window).map(|item| item.excluded(MERGED));
        resolved.entry(unit(ticket)).or_default().extend(stopped);
    }
    let row = |(index, ((_, name), own)): (usize, ((bool, &str), Vec<&TicketFact>))| {
        let resolved = resolved.remove(name).unwrap_or_default();
        let merged: Vec<Item> = view.merged_in(window, |ticket| unit(ticket) == name).collect();
        let opened = view.opened_in(window);
        UnitRow::of(name, &own, opened, &merged, resolved, &mut page.at(index))
    };
    units.into_iter().enumerate().map(row).collect()
}

fn unit(ticket: &TicketFact) -> &str {
    ticket.history.unit.as_deref().unwrap_or(UNASSIGNED)
}

impl UnitRow {
    fn of(
        name: &str,
        own: &[&TicketFact],
        opened: &[&TicketFact],
        merged: &[Item],
        resolved: Vec<Item>,
        page: &mut Page,
    ) -> Self {
        let merged = || merged.iter().copied();
        let items = || own.iter().map(|ticket| ticket.item()).chain(merged());
        let rest = opened.iter().filter(|ticket| unit(ticket) != name).map(below);
        let standing = |standing: Standing| {
            let own = own.iter();
            own.map(move |ticket| ticket.item().counted_if(ticket.standing() == standing)).chain(merged())
        };
        Self {
            unit: name.to_owned(),
            tickets: page.count("tickets", items()),
            share: page.share("share", items().chain(rest)),
            resolved: page.count("resolved", standing(Standing::Resolved)),
            active: page.count("active", standing(Standing::Open)),
            active_share: page.share("active_share", standing(Standing::Open)),
            cancelled: page.count("cancelled", standing(Standing::Cancelled)),
            resolution: page.duration("resolution", "opened_to_resolved", resolved.into_iter()),
        }
    }
}

/// What is open at the end of the span, or at `as_of` when that comes first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backlog {
    /// Tickets neither resolved nor cancelled at that instant.
    pub open_at_end: u64,
    /// Mean age: opening to that instant, time closed between rounds left out.
    pub mean_age_s: Option<f64>,
    /// Median age.
    pub median_age_s: Option<f64>,
    /// 90th percentile of the age.
    pub p90_age_s: Option<f64>,
    /// By age.
    pub bands: Vec<Bucket>,
}

impl Backlog {
    pub(crate) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let at = window.at;
        let aged = |ticket: &TicketFact| {
            let age = ticket.history.elapsed_s(ticket.history.opened_at, at);
            (age, ticket.item().lasting(age))
        };
        let open = view.tickets.iter().filter(|ticket| ticket.history.open_at(at));
        let merged = view.merged.tickets().filter(|ticket| ticket.history.open_at(at));
        let merged: Vec<Item> = merged.map(|ticket| aged(ticket).1.excluded(MERGED)).collect();
        let aged: Vec<(i64, Item)> = open.map(|ticket| aged(ticket)).collect();
        let items = || aged.iter().map(|(_, item)| *item).chain(merged.iter().copied());
        Self {
            open_at_end: page.count("open_at_end", items()),
            mean_age_s: page.seconds("mean_age_s", Statistic::Mean, items()),
            median_age_s: page.seconds("median_age_s", Statistic::Median, items()),
            p90_age_s: page.seconds("p90_age_s", Statistic::P90, items()),
            bands: buckets(&aged, &view.rules.backlog_days, &mut page.at("bands")),
        }
    }
}

/// Tickets that carry a flag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFlag {
    /// The flag, such as `call_missing`.
    pub flag: String,
    /// Tickets opened in the span that carry it; for `call_differs` the span's calls.
    pub count: u64,
}

/// Of a call live events and the log do not say the same; the log counts.
const CALL_DIFFERS: &str = "call_differs";

/// The flags of the tickets opened in the span, in alphabetical order; `merged` are those left out of all counts
/// of tickets, because another speaks for them.
pub(super) fn data_quality(view: &View, window: Window, page: &mut Page) -> Vec<DataFlag> {
    let opened = view.opened_in(window);
    let flags: BTreeSet<&str> = opened.iter().flat_map(|ticket| &ticket.flags).map(String::as_str).collect();
    let mut rows: Vec<(&str, Vec<Item>)> = Vec::new();
    for flag in flags {
        let flagged = opened.iter().filter(|ticket| ticket.flags.iter().any(|own| own == flag));
        rows.push((flag, flagged.map(|ticket| ticket.item()).collect()));
    }
    let merged: Vec<Item> = view.merged_in(window, |_| true).map(super::channels::all).collect();
    rows.extend(Some((MERGED, merged)).filter(|(_, items)| !items.is_empty()));
    let differing = view.contacts_in(window).iter().filter(|contact| contact.differs);
    let differing: Vec<Item> = differing.map(|contact| contact.item()).collect();
    rows.extend(Some((CALL_DIFFERS, differing)).filter(|(_, items)| !items.is_empty()));
    rows.sort_by_key(|(flag, _)| *flag);
    let row = |(index, (flag, items)): (usize, (&str, Vec<Item>))| {
        let items = items.into_iter().map(|item| Item { reason: None, ..item });
        DataFlag { flag: flag.to_owned(), count: page.at(index).count("count", items) }
    };
    rows.into_iter().enumerate().map(row).collect()
}
