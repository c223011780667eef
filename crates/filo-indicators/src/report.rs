//! The monthly report: one value from which every printed form is rendered.
//!
//! **Invariant:** each figure is entered under its JSON Pointer while the value is built (`Page`), so that
//! [`crate::explain`] shows exactly what was printed. A month without data has counts 0 and statistics `None`.
//! Start at [`monthly_report`]; [`span`] says which facts it needs.

use std::collections::BTreeMap;

use filo_domain::{CityZone, Instant, Period};
use serde::{Deserialize, Serialize};

use crate::{
    book::{Book, Page},
    definition::Definitions,
    digest,
    facts::Facts,
    figure::Figure,
    view::{View, Window},
};

pub(crate) mod calls;
pub(crate) mod channels;
mod costs;
mod email;
mod ivr;
mod leaves;
pub(crate) mod phone;
mod restated;
mod returned;
mod scrivi;
mod social;
mod sources;
mod voice;
pub(crate) mod workload;

pub use calls::{CallFigures, CallThemeRow, HourRow, QueueRow};
pub use channels::{ChannelRow, ResponseRate, Unification};
pub use costs::{ChannelCost, CostFigures, Costs, LineCost, MissingCost, SupplierCost, ThemeCost};
pub use email::{Email, Mailbox};
pub use ivr::IvrRow;
pub use leaves::{Leaf, is_header, leaves, row_key};
pub use phone::{AbandonedThenWrote, Phone, RepeatCallers, ServiceLevel};
pub use restated::{ChangedFigure, changes};
pub use returned::CameBack;
pub use scrivi::{Bucket, Scrivi};
pub use social::Social;
pub use sources::SourceRow;
pub use voice::{Callbacks, RatingCount, Ratings};
pub use workload::{Backlog, DataFlag, LevelI, LevelII, Levels, ThemeRow, UnitRow};

/// The name and version of the report's form.
pub const SCHEMA: &str = "filo.monthly-report/1";

/// A monthly report in the form of the contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonthlyReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// What it is about.
    pub period: ReportPeriod,
    /// Whether the month is closed.
    pub state: ReportState,
    /// The revision of a closed month, from 1.
    pub revision: Option<u32>,
    /// Why it was restated.
    pub reason: Option<String>,
    /// The instant as at which everything is known.
    pub as_of: Instant,
    /// When it was computed.
    pub generated_at: Instant,
    /// SHA-256 over the canonical facts, in hexadecimal.
    pub inputs_sha256: String,
    /// The root over the tickets' event chains.
    pub chain_root: Option<String>,
    /// The set of definitions in force and its version.
    pub definitions: BTreeMap<String, String>,
    /// What a restatement changed from the revision before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangedFigure>,
    /// Late data that a closed month does not show.
    pub pending_differences: BySource,
    /// What could not be understood and waited for a person at that instant; reports that were published before it was
    /// counted do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<BySource>,
    /// The month's figures.
    #[serde(flatten)]
    pub blocks: Blocks,
    /// The same from 1 January to the month's end.
    pub year_to_date: Twin,
    /// The same for the months one compares with.
    pub comparison: Comparison,
}

impl MonthlyReport {
    /// The name of its files without their extension: `filo-2026-10`, of a closed month `filo-2026-10-r2`. The folder
    /// of the CSV files is this and `-csv`.
    pub fn file_stem(&self) -> String {
        let revision = self.revision.map(|revision| format!("-r{revision}")).unwrap_or_default();
        format!("filo-{}{revision}", self.period.month)
    }
}

/// The month of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportPeriod {
    /// `YYYY-MM`.
    pub month: String,
    /// Its first instant.
    pub from: Instant,
    /// The first instant after it.
    pub to: Instant,
    /// The city's zone by its IANA name.
    pub zone: String,
}

/// Whether a month is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportState {
    /// Figures still move.
    Open,
    /// Frozen.
    Closed,
}

/// What is no figure of the month, but a reader should know: late data of a closed month (facts that occurred before
/// its end and were recorded after `as_of`), or what waits in the quarantine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BySource {
    /// How many.
    pub count: u64,
    /// The same by source.
    pub by_source: BTreeMap<String, u64>,
}

impl From<BTreeMap<String, u64>> for BySource {
    fn from(by_source: BTreeMap<String, u64>) -> Self {
        Self { count: by_source.values().sum(), by_source }
    }
}

/// All figures of one span of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blocks {
    /// One row per wire channel, in wire order.
    pub channels: Vec<ChannelRow>,
    /// How far the channels are one.
    pub unification: Unification,
    /// Over all channels: sum ÷ sum.
    pub response_rate: ResponseRate,
    /// The contact-centre line.
    pub phone: Phone,
    /// The written web form.
    pub scrivi: Scrivi,
    /// Institutional mail, PEC included.
    pub email: Email,
    /// Social pages.
    pub social: Social,
    /// What tickets opened in the span are about.
    pub themes: Vec<ThemeRow>,
    /// Who works them.
    pub levels: Levels,
    /// The same by unit.
    pub units: Vec<UnitRow>,
    /// What is open at the end.
    pub backlog: Backlog,
    /// Promised call-backs.
    pub callbacks: Callbacks,
    /// The citizens' ratings.
    pub ratings: Ratings,
    /// What answering cost.
    #[serde(default)]
    pub costs: Costs,
    /// What somebody who checks the data should know.
    pub data_quality: Vec<DataFlag>,
    /// Whether every source was heard; reports that were published before it was counted do not have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceRow>,
}

/// The same blocks for another span.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Twin {
    /// `YYYY-MM` of a compared month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Its first instant.
    pub from: Instant,
    /// The first instant after it.
    pub to: Instant,
    /// Its figures.
    #[serde(flatten)]
    pub blocks: Blocks,
}

/// The months one compares with, as known at the same `as_of`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The month before.
    pub previous_month: Twin,
    /// The same month one year earlier.
    pub same_month_last_year: Twin,
}

/// A duration: its clock, n, mean, median and 90th percentile in elapsed seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Duration {
    /// The clock's name.
    pub clock: String,
    /// How many clocks stopped.
    pub n: u64,
    /// Mean, half-up to 3 decimals.
    pub mean_s: Option<f64>,
    /// Median.
    pub median_s: Option<f64>,
    /// 90th percentile, type 7.
    pub p90_s: Option<f64>,
}

/// What a report says about itself, known to the caller.
#[derive(Clone, Debug)]
pub struct ReportMeta {
    /// Whether the month is closed.
    pub state: ReportState,
    /// The revision of a closed month.
    pub revision: Option<u32>,
    /// Why it was restated.
    pub reason: Option<String>,
    /// The instant as at which everything is known.
    pub as_of: Instant,
    /// Now.
    pub generated_at: Instant,
    /// The root over the tickets' event chains.
    pub chain_root: Option<String>,
    /// Late data of a closed month.
    pub pending: BySource,
    /// What waits in the quarantine.
    pub quarantine: Option<BySource>,
}

/// Which facts a report or explanation of this period needs: contacts that occurred in `[from, to)`, and the
/// tickets opened before `to` that were open, touched or worked in it.
///
/// A month needs everything from the same month of last year on (which holds 1 January, the previous month and
/// the days before it); a year needs itself and the December before it.
pub fn span(period: Period, zone: &CityZone) -> (Instant, Instant) {
    let before = match period {
        Period::Month { .. } => period.year_before(),
        Period::Year(year) => Period::Month { year, month: 1 }.previous(),
    };
    (before.bounds(zone).0, period.bounds(zone).1)
}

/// The report of a month: a pure function of the facts of its [`span`], the definitions in force and `meta`.
pub fn monthly_report(
    facts: &Facts,
    definitions: &Definitions,
    month: Period,
    zone: &CityZone,
    meta: ReportMeta,
) -> MonthlyReport {
    let set = definitions.set(month);
    let view = View::new(facts, &set.report, zone, meta.as_of);
    let part = |which| part(&view, which, month, zone, meta.as_of, &mut Book::default());
    let Twin { from, to, blocks, .. } = part(Part::Own);
    let year_to_date = part(Part::YearToDate);
    let comparison = Comparison {
        previous_month: part(Part::PreviousMonth),
        same_month_last_year: part(Part::SameMonthLastYear),
    };
    MonthlyReport {
        schema: SCHEMA.to_owned(),
        period: ReportPeriod { month: month.to_string(), from, to, zone: zone.name().to_owned() },
        state: meta.state,
        revision: meta.revision,
        reason: meta.reason,
        as_of: meta.as_of,
        generated_at: meta.generated_at,
        inputs_sha256: digest::inputs(facts, span(month, zone)),
        chain_root: meta.chain_root,
        definitions: BTreeMap::from([(set.set.clone(), set.version())]),
        changes: vec![],
        pending_differences: meta.pending,
        quarantine: meta.quarantine,
        blocks,
        year_to_date,
        comparison,
    }
}

/// The spans of a report.
#[derive(Clone, Copy)]
enum Part {
    /// The month, or the year, itself.
    Own,
    YearToDate,
    PreviousMonth,
    SameMonthLastYear,
}

impl Part {
    /// Where its blocks stand.
    fn path(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::YearToDate => "/year_to_date",
            Self::PreviousMonth => "/comparison/previous_month",
            Self::SameMonthLastYear => "/comparison/same_month_last_year",
        }
    }
    /// The part that a pointer leads into: of a year there is only one.
    fn of(pointer: &str, period: Period) -> Self {
        let twins = [Self::YearToDate, Self::PreviousMonth, Self::SameMonthLastYear];
        let month = matches!(period, Period::Month { .. });
        let leads = |twin: &Self| month && pointer.starts_with(twin.path());
        twins.into_iter().find(leads).unwrap_or(Self::Own)
    }
    fn period(self, period: Period) -> Period {
        match self {
            Self::Own | Self::YearToDate => period,
            Self::PreviousMonth => period.previous(),
            Self::SameMonthLastYear => period.year_before(),
        }
    }
}

/// The figures of one part, entered in the book.
fn part(view: &View, part: Part, period: Period, zone: &CityZone, as_of: Instant, book: &mut Book) -> Twin {
    let own = Window::of(part.period(period), zone, as_of);
    let (window, looking, month) = match part {
        Part::Own => (own, Looking::Back, None),
        Part::YearToDate => (own.year_to_date(), Looking::Back, None),
        Part::PreviousMonth | Part::SameMonthLastYear => {
            (own, Looking::Inside, Some(part.period(period).to_string()))
        }
    };
    let blocks = Blocks::of(view, window, &mut book.page(part.path()), looking);
    Twin { month, from: window.from, to: window.to, blocks }
}

/// The figure at a JSON Pointer, with its items.
pub(crate) fn figure(
    view: &View,
    pointer: &str,
    period: Period,
    zone: &CityZone,
    as_of: Instant,
) -> Option<Figure> {
    let mut book = Book::wanting(pointer);
    let _printed = part(view, Part::of(pointer, period), period, zone, as_of, &mut book);
    book.found()
}

/// Whether figures may look before their span: for a compared month those facts are not at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looking {
    Back,
    Inside,
}

impl Blocks {
    fn of(view: &View, window: Window, page: &mut Page, looking: Looking) -> Self {
        Self {
            channels: channels::rows(view, window, &mut page.at("channels")),
            unification: Unification::of(view, window, &mut page.at("unification")),
            response_rate: ResponseRate::of(view, window, &mut page.at("response_rate")),
            phone: Phone::of(view, window, &mut page.at("phone"), looking),
            scrivi: Scrivi::of(view, window, &mut page.at("scrivi")),
            email: Email::of(view, window, &mut page.at("email")),
            social: Social::of(view, window, &mut page.at("social")),
            themes: workload::themes(view, window, &mut page.at("themes")),
            levels: Levels::of(view, window, &mut page.at("levels")),
            units: workload::units(view, window, &mut page.at("units")),
            backlog: Backlog::of(view, window, &mut page.at("backlog")),
            callbacks: Callbacks::of(view, window, &mut page.at("callbacks")),
            ratings: Ratings::of(view, window, &mut page.at("ratings")),
            costs: Costs::of(view, window, &mut page.at("costs")),
            data_quality: workload::data_quality(view, window, &mut page.at("data_quality")),
            sources: sources::rows(view, window, &mut page.at("sources")),
        }
    }
}
