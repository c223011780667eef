//! A report as a workbook: one sheet a section, real numbers with their formats, native charts, no macro.
//!
//! **Invariant:** every figure is a number in the unit that its head (or the cell beside it) says; unknown is a word,
//! never 0. The file carries no clock but the report's own, so the same report gives the same bytes.
//! Start at [`XlsxReport`].

use std::sync::Arc;

use filo_domain::city::City;
use filo_indicators::render::{Printable, Render, RenderError, Wanted};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::{
    document::{Block, Document, DocumentError, Section},
    words::{MissingText, Words},
};

mod charts;
mod format;
mod sheet;
mod tables;

use format::Formats;
use sheet::Sheet;

const FORMAT: &str = "xlsx";
/// What a sheet's name may be long.
const NAME_LETTERS: usize = 31;

/// Writes the report as a workbook for spreadsheets.
#[derive(Clone, Debug)]
pub struct XlsxReport {
    city: Arc<City>,
}

impl XlsxReport {
    /// With the city's words.
    pub fn new(city: Arc<City>) -> Self {
        Self { city }
    }
}

impl Render for XlsxReport {
    fn format(&self) -> &'static str {
        FORMAT
    }
    fn render(&self, report: Printable<'_>, wanted: &Wanted) -> Result<Vec<u8>, RenderError> {
        let words = Words::wanted(Arc::clone(&self.city), wanted);
        write(report, &words).map_err(|error| RenderError::new(FORMAT, error))
    }
}

/// Why a workbook could not be written.
#[derive(Debug, thiserror::Error)]
enum WorkbookError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Text(#[from] MissingText),
    #[error(transparent)]
    Writer(#[from] XlsxError),
}

fn write(report: Printable<'_>, words: &Words) -> Result<Vec<u8>, WorkbookError> {
    let document = Document::of(report, words)?;
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(&document, words)?);
    let formats = Formats::new(words)?;
    for (nth, section) in document.sections.iter().enumerate() {
        write_section(&mut workbook, section, &document, words, &formats, nth == 0)?;
    }
    if document.definitions().next().is_some() {
        write_definitions(&mut workbook, &document, words, &formats)?;
    }
    Ok(workbook.save_to_buffer()?)
}

/// Who wrote what, and when the figures were computed.
fn properties(document: &Document, words: &Words) -> Result<DocProperties, WorkbookError> {
    let header = &document.header;
    let created = ExcelDateTime::parse_from_str(&header.made_at.floor().to_string())?;
    let facts = header.inputs.as_ref().map(|inputs| format!("inputs_sha256 {inputs}")).unwrap_or_default();
    Ok(DocProperties::new()
        .set_title(&header.title)
        .set_subject(&header.state)
        .set_author(&words.city.profile.name)
        .set_company(&words.city.profile.name)
        .set_keywords("Filo")
        .set_comment(facts)
        .set_creation_datetime(&created))
}

fn write_section(
    workbook: &mut Workbook,
    section: &Section,
    document: &Document,
    words: &Words,
    formats: &Formats,
    first: bool,
) -> Result<(), WorkbookError> {
    let worksheet = workbook.add_worksheet();
    worksheet.set_name(sheet_name(&section.title))?;
    let mut sheet = Sheet::new(worksheet, words, formats);
    if first {
        sheet.cover(document)?;
    } else {
        sheet.title(&section.title, document)?;
    }
    for block in &section.blocks {
        match block {
            Block::Note(text) => sheet.note(text)?,
            Block::Cards(cards) => sheet.cards(cards, document)?,
            Block::Table(table) => sheet.table(table)?,
            Block::Chart(chart) => sheet.chart(chart)?,
            // They have a sheet of their own.
            Block::Definitions(_) => {}
            Block::About(facts) => sheet.facts(facts)?,
        }
    }
    sheet.finish()
}

/// What the figures mean, one row each.
fn write_definitions(
    workbook: &mut Workbook,
    document: &Document,
    words: &Words,
    formats: &Formats,
) -> Result<(), WorkbookError> {
    let title = words.text("report.section.definitions")?.to_owned();
    let worksheet = workbook.add_worksheet();
    worksheet.set_name(sheet_name(&title))?;
    let mut sheet = Sheet::new(worksheet, words, formats);
    sheet.title(&title, document)?;
    sheet.definitions(document)?;
    sheet.finish()
}

/// A title without what a sheet's name must not have.
fn sheet_name(title: &str) -> String {
    let allowed = |letter: &char| !['[', ']', ':', '*', '?', '/', '\\'].contains(letter);
    title.chars().filter(allowed).take(NAME_LETTERS).collect()
}
