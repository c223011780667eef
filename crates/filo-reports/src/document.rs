//! A report in words: sections with their tables, as every printed form but the raw JSON and CSV shows them.
//!
//! **Invariant:** what a section has is said once, in [`crate::outline`] and for a year in [`yearly`]; a printer only
//! decides how a [`Block`] looks. A figure keeps its exact value and its place beside its text, so that a spreadsheet
//! can have the number and a page the command that opens it up. Start at [`Document::of`].

use std::{collections::BTreeMap, ops::Range};

use filo_domain::Instant;
use filo_indicators::{number::decimal, render::Printable};

use crate::{
    figures::{Cell, Figures, Part, Unit},
    outline::{self, SectionSpec, Shape},
    words::{MissingText, Words},
};

mod blocks;
mod campaign;
pub(crate) mod charts;
mod definitions;
mod month;
mod restated;
mod tables;
mod yearly;

/// Why a report could not be put into words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    #[error(transparent)]
    Text(#[from] MissingText),
    #[error("the report could not be read: {0}")]
    Report(#[from] serde_json::Error),
    #[error("the report has no figure {pattern} {keys:?} in {part}")]
    NoFigure { pattern: String, keys: Vec<String>, part: &'static str },
}

/// A report in one language.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) header: Header,
    pub(crate) sections: Vec<Section>,
}

/// What the report says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) title: String,
    pub(crate) periods: Periods,
    /// `Closed – revision 2`
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) as_of: String,
    /// What a reader must know before the figures.
    pub(crate) notices: Vec<String>,
    /// Sources with late data and how many.
    pub(crate) pending: Vec<(String, u64)>,
    pub(crate) opening: Opening,
    /// What the report's JSON has, where it is attached.
    pub(crate) attached: String,
    /// What stands at its foot.
    pub(crate) made_with: String,
    /// When the figures were computed.
    pub(crate) made_at: Instant,
    /// The hash of the facts they rest on.
    pub(crate) inputs: Option<String>,
    /// The name of its files: with the language and the facts it tells the document from all others.
    pub(crate) stem: String,
}

/// How a figure is opened up to what is behind it: what stands before and after its place.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    before: String,
    after: String,
    /// A place to show it with.
    example: &'static str,
}

impl Opening {
    /// `filo explain /phone/abandoned --period 2026-10`
    fn explain(period: &str, example: &'static str) -> Self {
        Self { before: "filo explain ".to_owned(), after: format!(" --period {period}"), example }
    }
    pub(crate) fn of(&self, pointer: &str) -> String {
        format!("{}{pointer}{}", self.before, self.after)
    }
    pub(crate) fn example(&self) -> String {
        self.of(self.example)
    }
}

/// The periods as they stand at the head of columns.
#[derive(Clone, Debug)]
pub(crate) struct Periods {
    /// The report's own.
    pub(crate) own: String,
    /// Of a month, those that it is compared with.
    pub(crate) others: Option<Others>,
}

/// The periods beside a month.
#[derive(Clone, Debug)]
pub(crate) struct Others {
    pub(crate) previous: String,
    pub(crate) last_year: String,
    pub(crate) year_to_date: String,
}

impl Periods {
    fn alone(own: String) -> Self {
        Self { own, others: None }
    }
    fn name(&self, part: Part) -> &str {
        match (part, &self.others) {
            (Part::YearToDate, Some(others)) => &others.year_to_date,
            (Part::PreviousMonth, Some(others)) => &others.previous,
            (Part::SameMonthLastYear, Some(others)) => &others.last_year,
            (_, _) => &self.own,
        }
    }
    /// The parts whose change is told.
    pub(crate) fn compared(&self) -> &'static [Part] {
        if self.others.is_some() { &[Part::PreviousMonth, Part::SameMonthLastYear] } else { &[] }
    }
    /// Their names.
    pub(crate) fn compared_names(&self) -> impl Iterator<Item = &str> {
        self.compared().iter().map(|part| self.name(*part))
    }
    fn year_to_date(&self) -> Option<Part> {
        self.others.as_ref().map(|_others| Part::YearToDate)
    }
}

/// A section: its key is its address in the page.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) key: &'static str,
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

/// What stands in a section.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    Note(String),
    Cards(Vec<Card>),
    Table(Table),
    Chart(Chart),
    Definitions(Vec<Definition>),
    /// Terms and what they stand for.
    About(Vec<Fact>),
}

/// A main figure with what stands under it.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) what: String,
    pub(crate) figure: Shown,
    /// Words and figures in turn.
    pub(crate) detail: Vec<Entry>,
    /// From the periods that it is compared with.
    pub(crate) changes: Vec<Change>,
    pub(crate) pointer: String,
}

/// One thing that the report says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) term: String,
    pub(crate) detail: String,
    /// A name or a hash, to be read letter by letter.
    pub(crate) code: Option<String>,
}

impl Fact {
    /// Under `report.about.<term>`.
    fn of(term: &str, detail: String, words: &Words) -> Result<Self, DocumentError> {
        Ok(Self { term: words.text(&format!("report.about.{term}"))?.to_owned(), detail, code: None })
    }
    fn coded(term: &str, code: &str, words: &Words) -> Result<Self, DocumentError> {
        Ok(Self { code: Some(code.to_owned()), ..Self::of(term, String::new(), words)? })
    }
    /// The definitions in force and the hash of the facts.
    fn of_inputs(
        definitions: &BTreeMap<String, String>,
        inputs: &str,
        words: &Words,
    ) -> Result<Vec<Self>, DocumentError> {
        let set = |(set, version): (&String, &String)| {
            Ok(Self { detail: set.clone(), ..Self::coded("definitions", version, words)? })
        };
        definitions.iter().map(set).chain([Self::coded("inputs", inputs, words)]).collect()
    }
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) key: &'static str,
    pub(crate) title: String,
    /// The period printed with it.
    pub(crate) when: String,
    pub(crate) groups: Vec<Group>,
    pub(crate) rows: Vec<Row>,
    /// What stands there instead of rows.
    pub(crate) empty: String,
    /// A table to look things up in, not to be read through.
    pub(crate) appendix: bool,
    /// Whether the title is in the city's first language, whatever the document's.
    pub(crate) quoted: bool,
}

impl Table {
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.groups.iter().flat_map(|group| &group.columns)
    }
    /// Whether columns stand under common headings.
    pub(crate) fn is_grouped(&self) -> bool {
        self.groups.iter().any(|group| group.heading.is_some())
    }
}

/// A table drawn.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) when: String,
    /// All that can be seen, in words.
    pub(crate) alt: String,
    pub(crate) shape: Shape,
    pub(crate) unit: Unit,
    pub(crate) scale: Scale,
    /// The key of its table, and which of that table's rows and columns are drawn.
    pub(crate) table: &'static str,
    pub(crate) rows: Range<usize>,
    pub(crate) labels: Vec<String>,
    pub(crate) series: Vec<Series>,
}

/// What is drawn in one colour.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) column: usize,
    pub(crate) shown: Vec<Shown>,
}

/// Columns, with a common heading or none.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) heading: Option<String>,
    pub(crate) columns: Vec<Column>,
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) heading: String,
    pub(crate) kind: ColumnKind,
    /// The field of the list that stands in it.
    pub(crate) field: Option<String>,
}

impl Column {
    fn new(heading: String, kind: ColumnKind) -> Self {
        Self { heading, kind, field: None }
    }
    fn of_field(self, field: &str) -> Self {
        Self { field: Some(field.to_owned()), ..self }
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// What the row is about.
    Name,
    Words,
    Figure,
    Change,
    /// The share beside it, drawn.
    Bar,
    Pointer,
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Entry>,
    pub(crate) total: bool,
    /// What must be seen beside its figures.
    pub(crate) remark: Option<String>,
}

impl Row {
    fn of(cells: Vec<Entry>) -> Self {
        Self { cells, total: false, remark: None }
    }
    fn total(cells: Vec<Entry>) -> Self {
        Self { total: true, ..Self::of(cells) }
    }
}

/// What stands in a cell.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Empty,
    Text(String),
    /// A name with its place in the report.
    Name {
        text: String,
        pointer: String,
    },
    /// The city's own words, in its first language.
    Quoted {
        text: String,
        /// What they are the name of.
        key: Option<String>,
        /// Whether the row above has the same: there for whoever hears or sorts the table.
        again: bool,
    },
    Figure(Shown),
    Change(Change),
    /// A share of 1.
    Bar(f64),
    Pointer(String),
}

/// A figure as it is printed.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) cell: Cell,
    pub(crate) scale: Scale,
    /// The one that the row is there for.
    pub(crate) main: bool,
}

/// A figure's change.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) text: String,
    pub(crate) value: Option<f64>,
    pub(crate) unit: Unit,
    pub(crate) scale: Scale,
}

/// How durations are counted where a table has one unit: a caller waits seconds, a ticket days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    Seconds,
    Days,
}

/// What a figure means.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) place: String,
    pub(crate) words: String,
    pub(crate) formula: String,
    /// Which language that is.
    pub(crate) language: &'static str,
}

impl Document {
    /// Puts a report into words.
    ///
    /// # Errors
    /// When the city lacks a text or the report a figure of the outline.
    pub(crate) fn of(report: Printable<'_>, words: &Words) -> Result<Self, DocumentError> {
        let (header, sections): (Header, &[SectionSpec]) = match report {
            Printable::Month(report) => (month::header(report, words)?, outline::SECTIONS),
            Printable::Campaign(report) => (campaign::header(report, words)?, outline::CAMPAIGN),
            Printable::Year(card) => return yearly::document(card, words),
        };
        let writer = Writer { words, figures: Figures::of(&report)?, periods: &header.periods, report };
        let sections = sections.iter().map(|section| writer.section(section)).collect::<Result<_, _>>()?;
        Ok(Self { header, sections })
    }
}

impl Document {
    /// Whether it begins with its main figures.
    pub(crate) fn is_summarised(&self) -> bool {
        let first = self.sections.first().into_iter().flat_map(|section| &section.blocks);
        first.into_iter().any(|block| matches!(block, Block::Cards(_)))
    }

    /// Whether its tables quote what others wrote.
    pub(crate) fn is_wordy(&self) -> bool {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        blocks.into_iter().any(|block| matches!(block, Block::Table(table) if table.quoted))
    }

    /// What the figures mean, in the order of the sections.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.sections
            .iter()
            .flat_map(|section| &section.blocks)
            .filter_map(|block| match block {
                Block::Definitions(definitions) => Some(definitions),
                _ => None,
            })
            .flatten()
    }
}

/// What sections are written from.
struct Writer<'a> {
    words: &'a Words,
    figures: Figures,
    periods: &'a Periods,
    report: Printable<'a>,
}

impl Writer<'_> {
    fn text(&self, key: &str) -> Result<String, DocumentError> {
        Ok(self.words.text(key)?.to_owned())
    }

    fn cell(&self, part: Part, pattern: &str, keys: &[String]) -> Result<Cell, DocumentError> {
        let no_figure = || DocumentError::NoFigure {
            pattern: pattern.to_owned(),
            keys: keys.to_vec(),
            part: part.name(),
        };
        self.figures.cell(part, pattern, keys).ok_or_else(no_figure)
    }

    fn shown(&self, part: Part, pattern: &str, keys: &[String]) -> Result<Shown, DocumentError> {
        let cell = self.cell(part, pattern, keys)?;
        let text = self.words.figure(cell.value, cell.unit)?;
        Ok(Shown { text, cell, scale: self.scale(pattern, keys), main: false })
    }

    fn scale(&self, pattern: &str, keys: &[String]) -> Scale {
        let waiting = self.figures.clock(pattern, keys) == Some("queue_wait");
        if waiting || pattern.starts_with("/phone") { Scale::Seconds } else { Scale::Days }
    }

    fn figure(&self, part: Part, pattern: &str, keys: &[String]) -> Result<Entry, DocumentError> {
        self.shown(part, pattern, keys).map(Entry::Figure)
    }

    fn main(&self, pattern: &str, keys: &[String]) -> Result<Entry, DocumentError> {
        let shown = self.shown(Part::Month, pattern, keys)?;
        Ok(Entry::Figure(Shown { main: true, ..shown }))
    }

    /// The month's change from another part.
    fn change(&self, part: Part, pattern: &str, keys: &[String]) -> Result<Change, DocumentError> {
        let now = self.cell(Part::Month, pattern, keys)?;
        let before = self.cell(part, pattern, keys)?;
        Ok(Change {
            text: self.words.change(now.value, before.value, now.unit)?,
            value: difference(now.value, before.value),
            unit: now.unit,
            scale: self.scale(pattern, keys),
        })
    }

    /// Where the month's figure stands, as `filo explain` takes it; empty for a row that the month does not have.
    fn pointer(&self, pattern: &str, keys: &[String]) -> Result<String, DocumentError> {
        Ok(self.cell(Part::Month, pattern, keys)?.pointer.unwrap_or_default())
    }
}

/// Exact, as the printed change is.
fn difference(now: Option<f64>, before: Option<f64>) -> Option<f64> {
    let (now, before) = now.and_then(decimal).zip(before.and_then(decimal))?;
    f64::try_from(now.saturating_sub(before)).ok()
}
