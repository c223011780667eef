//! What answering cost: what each supplier was paid for a month, allocated to the contacts handled in it.
//!
//! **Invariant:** the rows of each table add up to the total to the cent. A contact handled is a request that a person
//! answered (a call: an answered call); what is not registered, has no theme, or cannot be allocated because nothing was
//! handled, has a row of its own. A total that nobody has entered makes every row null that it would have a part in,
//! and is named among the missing: it is never 0. Each month is allocated by itself, so that the months add up to
//! the year. All amounts are whole cents.

use std::collections::BTreeMap;

use filo_domain::{
    Period,
    city::{Allocation, CURRENCY, Method, Subject, Supplier},
    vocabulary::{Channel, Word},
};
use serde::{Deserialize, Serialize};

use super::calls::residual;
use crate::{
    book::Page,
    cost::shared_out,
    facts::SeriesFact,
    figure::{Item, Part},
    number::{self, Number},
    series::{NO_VALUE, SeriesItem},
    view::{View, Window},
};

/// The row of what nothing was handled for.
const UNALLOCATED: &str = "unallocated";
/// Why a contact has no part in any cost: nobody is paid for its channel.
const NO_SUPPLIER: &str = "no_supplier";

/// What answering cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// `EUR`.
    pub currency: String,
    /// What suppliers were paid; `None` while a total is missing, or nobody is paid.
    pub total_cents: Option<u64>,
    /// Contacts handled through the channels of suppliers.
    pub handled: u64,
    /// How long was talked in those that are calls.
    pub handled_s: u64,
    /// Total ÷ handled, half-up to 3 decimals of a cent.
    pub cost_per_contact_cents: Option<f64>,
    /// Totals that nobody has entered.
    pub missing: Vec<MissingCost>,
    /// By supplier.
    pub suppliers: Vec<SupplierCost>,
    /// By channel, in wire order.
    pub by_channel: Vec<ChannelCost>,
    /// By top-level theme.
    pub by_theme: Vec<ThemeCost>,
    /// By budget line.
    pub by_line: Vec<LineCost>,
}

/// A total that nobody has entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingCost {
    /// The supplier.
    pub supplier: String,
    /// `YYYY-MM`.
    pub month: String,
    /// `no_value`.
    pub reason: String,
}

/// What is told of each row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostFigures {
    /// Its part of the totals; `None` while one of them is missing.
    pub cost_cents: Option<u64>,
    /// Contacts handled.
    pub handled: u64,
    /// How long was talked in those that are calls.
    pub handled_s: u64,
    /// Cost ÷ handled, half-up to 3 decimals of a cent.
    pub cost_per_contact_cents: Option<f64>,
}

/// One supplier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SupplierCost {
    /// Its key.
    pub supplier: String,
    /// How its totals are allocated: method and version, several where it changed in the span.
    pub method: String,
    /// The channels that it is paid for.
    pub channels: Vec<Channel>,
    /// What it was paid, and what was handled through its channels.
    #[serde(flatten)]
    pub figures: CostFigures,
}

/// One channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelCost {
    /// Its word, or `unallocated`: last.
    pub channel: String,
    /// Its part.
    #[serde(flatten)]
    pub figures: CostFigures,
}

/// One top-level theme.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThemeCost {
    /// Its key, or, last, `unclassified` (no theme), `not_registered` (no ticket), `unallocated` (nothing handled).
    pub theme: String,
    /// Its part.
    #[serde(flatten)]
    pub figures: CostFigures,
}

/// One budget line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineCost {
    /// Its key; the default line has what nothing was handled for.
    pub line: String,
    /// Its part.
    #[serde(flatten)]
    pub figures: CostFigures,
}

/// A contact that was handled.
struct Case<'v> {
    month: Period,
    channel: Channel,
    theme: &'v str,
    line: &'v str,
    item: Item,
    talk_s: u64,
}

impl Case<'_> {
    fn weight(&self, method: Method) -> u64 {
        match method {
            Method::HandledMinutes => self.talk_s,
            Method::Contacts => 1,
        }
    }
}

/// What a supplier is paid for a month.
struct Charge<'v> {
    supplier: &'v Supplier,
    allocation: &'v Allocation,
    month: Period,
    fact: Option<&'v SeriesFact>,
}

impl Charge<'_> {
    fn covers(&self, case: &Case) -> bool {
        case.month == self.month && self.supplier.handles(case.channel)
    }
    fn item(&self) -> SeriesItem {
        let key = self.supplier.series_key();
        let method = Some(self.allocation.name());
        SeriesItem { method, ..SeriesItem::of(&key, self.month, self.fact, Part::Numerator) }
    }
}

/// A part of the totals: `None` once a missing one has a part in it.
type Cents = Option<u64>;

/// The charges of a span with the contacts that they are for.
struct Ledger<'v> {
    charges: Vec<Charge<'v>>,
    /// Those through a channel that somebody is paid for.
    cases: Vec<Case<'v>>,
    /// The others.
    uncovered: Vec<Item>,
}

impl<'v> Ledger<'v> {
    fn of(view: &'v View<'v>, window: Window) -> Self {
        let mut ledger = Self { charges: vec![], cases: vec![], uncovered: vec![] };
        for month in window.months() {
            let charges: Vec<Charge> = charges(view, month).collect();
            for case in cases(view, window, month) {
                match charges.iter().any(|charge| charge.covers(&case)) {
                    true => ledger.cases.push(case),
                    false => ledger.uncovered.push(case.item.excluded(NO_SUPPLIER)),
                }
            }
            ledger.charges.extend(charges);
        }
        ledger
    }
    /// Shares the totals out among the rows of one table; `nobody` gets those for which nothing was handled.
    fn split<K: Ord + Clone>(&self, row: impl Fn(&Case<'v>) -> K, nobody: K) -> BTreeMap<K, Cents> {
        let mut rows: BTreeMap<K, Cents> = self.cases.iter().map(|case| (row(case), Some(0))).collect();
        for charge in &self.charges {
            let mut weights: BTreeMap<K, u64> = BTreeMap::new();
            for case in self.cases.iter().filter(|case| charge.covers(case)) {
                *weights.entry(row(case)).or_default() += case.weight(charge.allocation.method);
            }
            weights.retain(|_, weight| *weight > 0);
            // What nobody has entered has its parts in the same rows.
            let amount = charge.fact.map(|fact| fact.value);
            let values: Vec<u64> = weights.values().copied().collect();
            let parts = match shared_out(amount.unwrap_or_default(), &values) {
                Some(parts) => weights.into_keys().zip(parts).collect(),
                None => vec![(nobody.clone(), amount.unwrap_or_default())],
            };
            for (key, part) in parts {
                let sum = rows.entry(key).or_insert(Some(0));
                *sum = sum.filter(|_| amount.is_some()).and_then(|sum| sum.checked_add(part));
            }
        }
        rows
    }
    fn total<'l>(&'l self, charges: impl Iterator<Item = &'l Charge<'v>>) -> Cents {
        let mut charges = charges.map(|charge| charge.fact.map(|fact| fact.value)).peekable();
        charges.peek()?;
        charges.sum()
    }
    fn items(&self, counts: impl Fn(&Case) -> bool) -> impl Iterator<Item = Item> {
        let covered = self.cases.iter().map(move |case| case.item.counted_if(counts(case)));
        covered.chain(self.uncovered.iter().copied())
    }
    /// Enters one row. `named` says what its cost is called, `ours` which contacts are its own, `paid` which charges
    /// have a part in it.
    fn figures(
        &self,
        (named, cost): (&str, Cents),
        ours: impl Fn(&Case) -> bool,
        paid: impl Fn(&Charge) -> bool,
        page: &mut Page,
    ) -> CostFigures {
        let own = || self.cases.iter().filter(|case| ours(case)).map(|case| case.item);
        let handled = page.count("handled", own().chain(self.uncovered.iter().copied()));
        let handled_s = page.sum("handled_s", own().filter(|item| item.seconds.is_some()));
        let each = cost.and_then(|cost| number::ratio(cost, handled));
        let series = || self.charges.iter().filter(|charge| paid(charge)).map(Charge::item).collect();
        let whole = cost.and_then(|cost| i64::try_from(cost).ok()).map(Number::Whole);
        page.cents(named, whole, || self.items(&ours), series);
        page.cents("cost_per_contact_cents", each.map(Number::Real), || self.items(&ours), series);
        CostFigures { cost_cents: cost, handled, handled_s, cost_per_contact_cents: each }
    }
}

/// Who is paid for a month.
fn charges<'v>(view: &'v View<'v>, month: Period) -> impl Iterator<Item = Charge<'v>> {
    view.costs.suppliers.iter().filter_map(move |supplier| {
        let allocation = supplier.allocation(month)?;
        let fact = view.series_of(&supplier.series_key(), month);
        Some(Charge { supplier, allocation, month, fact })
    })
}

/// What was handled in a month of a span.
fn cases<'v>(view: &'v View<'v>, span: Window, month: Period) -> impl Iterator<Item = Case<'v>> {
    let (from, to) = month.bounds(view.zone);
    let window = Window { from: from.max(span.from), to: to.min(span.to), ..span };
    let handled = view.requests_in(window).iter().filter(|request| request.answered);
    handled.map(move |request| {
        let ticket = request.ticket.and_then(|id| view.ticket(id));
        let subject = ticket.map_or_else(Subject::default, |ticket| Subject {
            theme: ticket.theme.as_deref(),
            unit: ticket.history.unit.as_deref(),
            tags: &ticket.tags,
        });
        let talked = request.talk_s.map(|talk_s| talk_s.max(0));
        Case {
            month,
            channel: request.channel,
            theme: view.theme_of(request.ticket),
            line: view.costs.line_of(subject, view.zone.day(request.at)),
            item: talked.map_or(request.item(), |talk_s| request.item().lasting(talk_s)),
            talk_s: talked.and_then(|talk_s| u64::try_from(talk_s).ok()).unwrap_or_default(),
        }
    })
}

impl Costs {
    pub(super) fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let ledger = Ledger::of(view, window);
        let total = ledger.total(ledger.charges.iter());
        let all = ledger.figures(("total_cents", total), |_| true, |_| true, page);
        Self {
            currency: CURRENCY.to_owned(),
            total_cents: total,
            handled: all.handled,
            handled_s: all.handled_s,
            cost_per_contact_cents: all.cost_per_contact_cents,
            missing: ledger.charges.iter().filter(|charge| charge.fact.is_none()).map(missing).collect(),
            suppliers: suppliers(view, &ledger, &mut page.at("suppliers")),
            by_channel: by_channel(&ledger, &mut page.at("by_channel")),
            by_theme: by_theme(&ledger, &mut page.at("by_theme")),
            by_line: by_line(view, &ledger, &mut page.at("by_line")),
        }
    }
}

fn missing(charge: &Charge) -> MissingCost {
    let (supplier, month) = (charge.supplier.key.clone(), charge.month.to_string());
    MissingCost { supplier, month, reason: NO_VALUE.to_owned() }
}

/// Who was paid in the span, in the order of the configuration.
fn suppliers(view: &View, ledger: &Ledger, page: &mut Page) -> Vec<SupplierCost> {
    let paid = view.costs.suppliers.iter();
    let paid = paid.filter(|it| ledger.charges.iter().any(|charge| charge.supplier.key == it.key));
    let row = |(index, supplier): (usize, &Supplier)| {
        let own = |charge: &Charge| charge.supplier.key == supplier.key;
        let charges = || ledger.charges.iter().filter(|charge| own(charge));
        let ours = |case: &Case| charges().any(|charge| charge.covers(case));
        let mut methods: Vec<String> = charges().map(|charge| charge.allocation.name()).collect();
        methods.dedup();
        let cost = ("cost_cents", ledger.total(charges()));
        SupplierCost {
            supplier: supplier.key.clone(),
            method: methods.join(", "),
            channels: supplier.channels.clone(),
            figures: ledger.figures(cost, ours, own, &mut page.at(index)),
        }
    };
    paid.enumerate().map(row).collect()
}

fn by_channel(ledger: &Ledger, page: &mut Page) -> Vec<ChannelCost> {
    // What comes through no channel stands after all of them.
    let rows = ledger.split(|case| (false, Some(case.channel)), (true, None));
    let row = |(index, ((_, channel), cost)): (usize, ((bool, Option<Channel>), Cents))| {
        let ours = |case: &Case| Some(case.channel) == channel;
        let paid = |charge: &Charge| channel.is_none_or(|channel| charge.supplier.handles(channel));
        let figures = ledger.figures(("cost_cents", cost), ours, paid, &mut page.at(index));
        ChannelCost { channel: channel.map_or(UNALLOCATED, Channel::word).to_owned(), figures }
    };
    rows.into_iter().enumerate().map(row).collect()
}

fn by_theme(ledger: &Ledger, page: &mut Page) -> Vec<ThemeCost> {
    let rows = ledger.split(|case| (residual(case.theme), case.theme), (u8::MAX, UNALLOCATED));
    let row = |(index, ((_, theme), cost)): (usize, ((u8, &str), Cents))| {
        let ours = |case: &Case| case.theme == theme;
        let figures = ledger.figures(("cost_cents", cost), ours, |_| true, &mut page.at(index));
        ThemeCost { theme: theme.to_owned(), figures }
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// In the order of the configuration.
fn by_line(view: &View, ledger: &Ledger, page: &mut Page) -> Vec<LineCost> {
    let place = |key: &str| view.costs.lines.iter().position(|line| line.key == key);
    let default = view.costs.default_line.as_str();
    let rows = ledger.split(|case| (place(case.line), case.line), (place(default), default));
    let row = |(index, ((_, line), cost)): (usize, ((Option<usize>, &str), Cents))| {
        let ours = |case: &Case| case.line == line;
        let figures = ledger.figures(("cost_cents", cost), ours, |_| true, &mut page.at(index));
        LineCost { line: line.to_owned(), figures }
    };
    rows.into_iter().enumerate().map(row).collect()
}
