//! What of a closed month anybody may read: counts, shares, times and costs, with no small count to be found in them.
//!
//! **Invariant:** everything here is taken from a published report and nothing is computed anew from contacts. A share,
//! mean or cost is given only where every count that it rests on is read ([`crate::disclosure`]). The year to date is
//! never published: two months' would give the second month's own figures. What one revision of a month withholds, all
//! of them do, for two revisions differ by a few late contacts.
//!
//! Start at [`open_months`].

mod sections;

use std::{borrow::Cow, collections::BTreeSet};

use filo_domain::Instant;
use serde::{Serialize, Serializer};

use crate::{
    disclosure::{CellId, Mark, Marks, Tables},
    report::MonthlyReport,
};

/// The name and version of the open data's form.
pub const SCHEMA: &str = "filo.open-month/1";

/// A revision of a closed month as anybody may read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenMonth {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// `YYYY-MM`.
    pub month: String,
    /// The revision, from 1.
    pub revision: u32,
    /// Why it was restated.
    pub reason: Option<String>,
    /// The instant as at which everything is known.
    pub as_of: Instant,
    /// When it was published.
    pub published_at: Instant,
    /// The figures, by section.
    pub sections: Vec<OpenSection>,
}

/// Figures that stand together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenSection {
    /// `summary`, `channels`, `phone`, `scrivi`, `scrivi_times`, `themes`, `costs`, `costs_by_channel`,
    /// `costs_by_theme`.
    pub section: &'static str,
    /// Its rows, a total last.
    pub rows: Vec<OpenRow>,
}

/// One row of a section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenRow {
    /// Its key: a channel, a theme, a range of days; `total`.
    pub row: String,
    /// Its figures, the same in all rows of a section that are no total.
    pub figures: Vec<OpenFigure>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenFigure {
    /// Its key.
    pub figure: Cow<'static, str>,
    /// What it is in.
    pub unit: Unit,
    /// The figure, where it is told.
    pub value: Option<f64>,
    /// Whether it is told.
    pub status: Status,
}

/// What a figure is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A part of one.
    Share,
    /// Seconds.
    Seconds,
    /// Euros.
    Euros,
}

/// Whether a figure is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is.
    Told,
    /// A count of one to four.
    Small,
    /// It would tell a count of one to four, or rests on a count that is not told.
    Withheld,
    /// Nobody knows it: nothing was measured, or an amount is missing.
    Unknown,
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Status {
    /// The word of the data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Told => "ok",
            Self::Small => "<5",
            Self::Withheld => "withheld",
            Self::Unknown => "unknown",
        }
    }
}

impl Unit {
    /// The word of the data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Share => "share",
            Self::Seconds => "seconds",
            Self::Euros => "euros",
        }
    }
}

/// All revisions of one month, in the order given, each without what would tell a small count.
pub fn open_months(revisions: &[MonthlyReport]) -> Vec<OpenMonth> {
    let drafts: Vec<Draft> = revisions.iter().map(Draft::of).collect();
    let marks = jointly(&drafts);
    let written = revisions.iter().zip(&drafts).zip(&marks);
    written
        .map(|((report, draft), marks)| OpenMonth {
            schema: SCHEMA,
            month: report.period.month.clone(),
            revision: report.revision.unwrap_or_default(),
            reason: report.reason.clone(),
            as_of: report.as_of,
            published_at: report.generated_at,
            sections: draft.sections.iter().map(|section| section.open(marks)).collect(),
        })
        .collect()
}

/// The marks of every revision, once none needs to withhold what another does not.
fn jointly(drafts: &[Draft]) -> Vec<Marks> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    loop {
        let marks: Vec<Marks> = drafts.iter().map(|draft| draft.tables.marks(&draft.named(&names))).collect();
        let before = names.len();
        for (draft, marks) in drafts.iter().zip(&marks) {
            names.extend(draft.names_of(marks).map(str::to_owned));
        }
        if names.len() == before {
            return marks;
        }
    }
}

/// A report's figures before anything is withheld.
struct Draft {
    tables: Tables,
    /// What cells are called in every revision.
    names: Vec<(CellId, String)>,
    sections: Vec<DraftSection>,
}

struct DraftSection {
    key: &'static str,
    rows: Vec<(String, Vec<DraftFigure>)>,
}

#[derive(Clone)]
struct DraftFigure {
    key: Cow<'static, str>,
    unit: Unit,
    value: Option<f64>,
    /// The counts that must be read for it to be told: its own, if it is one.
    rests_on: Vec<CellId>,
}

impl Draft {
    fn named(&self, names: &BTreeSet<String>) -> BTreeSet<CellId> {
        self.names.iter().filter(|(_, name)| names.contains(name)).map(|(cell, _)| *cell).collect()
    }
    fn names_of<'a>(&'a self, marks: &'a Marks) -> impl Iterator<Item = &'a str> {
        self.names.iter().filter(|(cell, _)| marks.contains_key(cell)).map(|(_, name)| name.as_str())
    }
}

impl DraftSection {
    fn open(&self, marks: &Marks) -> OpenSection {
        let row = |(key, figures): &(String, Vec<DraftFigure>)| OpenRow {
            row: key.clone(),
            figures: figures.iter().map(|figure| figure.open(marks)).collect(),
        };
        OpenSection { section: self.key, rows: self.rows.iter().map(row).collect() }
    }
}

impl DraftFigure {
    fn open(&self, marks: &Marks) -> OpenFigure {
        let mut found = self.rests_on.iter().filter_map(|cell| marks.get(cell));
        let status = match (found.next(), self.value) {
            (Some(Mark::Small), _) if self.unit == Unit::Count => Status::Small,
            (Some(_), _) => Status::Withheld,
            (None, Some(_)) => Status::Told,
            (None, None) => Status::Unknown,
        };
        let value = self.value.filter(|_| status == Status::Told);
        OpenFigure { figure: self.key.clone(), unit: self.unit, value, status }
    }
}
