//! The seam to the printed forms: what is printed, as which kinds of files, and who writes one implements [`Render`].
//!
//! **Invariant:** a form that one report has, all have; media types and suffixes stand in [`FILE_KINDS`] and nowhere
//! else.

use std::{borrow::Cow, error::Error};

use serde::Serialize;

use crate::{campaign::CampaignReport, report::MonthlyReport, scorecard::Scorecard};

/// What is printed.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Printable<'a> {
    /// The report of a month.
    Month(&'a MonthlyReport),
    /// The table of a year.
    Year(&'a Scorecard),
    /// The report of a campaign.
    Campaign(&'a CampaignReport),
}

impl Printable<'_> {
    /// The name of its files without their extension; the folder of its CSV files is this and `-csv`.
    pub fn file_stem(&self) -> String {
        match self {
            Self::Month(report) => report.file_stem(),
            Self::Year(card) => card.file_stem(),
            Self::Campaign(report) => report.file_stem(),
        }
    }
}

impl<'a> From<&'a MonthlyReport> for Printable<'a> {
    fn from(report: &'a MonthlyReport) -> Self {
        Self::Month(report)
    }
}

impl<'a> From<&'a Scorecard> for Printable<'a> {
    fn from(card: &'a Scorecard) -> Self {
        Self::Year(card)
    }
}

impl<'a> From<&'a CampaignReport> for Printable<'a> {
    fn from(report: &'a CampaignReport) -> Self {
        Self::Campaign(report)
    }
}

/// Writes reports in one format.
pub trait Render: Send + Sync {
    /// The format's name, which is also its file extension: `json`, `csv`, `xlsx`, `pdf`, `html`.
    fn format(&self) -> &'static str;
    /// The bytes of the report; the same report gives the same bytes.
    ///
    /// # Errors
    /// When the format's writer fails.
    fn render(&self, report: Printable<'_>, wanted: &Wanted) -> Result<Vec<u8>, RenderError>;
}

/// A kind of file in which reports are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKind {
    /// The format's name.
    pub format: &'static str,
    /// What follows the file's stem and a dot.
    pub suffix: &'static str,
    /// Its media type, without parameters.
    pub media_type: &'static str,
}

const fn kind(format: &'static str, suffix: &'static str, media_type: &'static str) -> FileKind {
    FileKind { format, suffix, media_type }
}

const ZIP: FileKind = kind("csv", "csv.zip", "application/zip");

/// All kinds, what a program takes first.
pub const FILE_KINDS: [FileKind; 6] = [
    kind("json", "json", "application/json"),
    kind("csv", "csv", "text/csv"),
    ZIP,
    kind("xlsx", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    kind("pdf", "pdf", "application/pdf"),
    kind("html", "html", "text/html"),
];

impl FileKind {
    /// What the bytes of a format are: CSV of more than one table is a zip. `None` for an unknown format.
    pub fn of(format: &str, bytes: &[u8]) -> Option<Self> {
        if format == ZIP.format && bytes.starts_with(b"PK") {
            return Some(ZIP);
        }
        FILE_KINDS.into_iter().find(|kind| kind.format == format)
    }
    /// Its media type with the charset of what is text.
    pub fn content_type(&self) -> Cow<'static, str> {
        match self.media_type.starts_with("text/") {
            true => Cow::Owned(format!("{}; charset=utf-8", self.media_type)),
            false => Cow::Borrowed(self.media_type),
        }
    }
}

/// How a report is wanted, where its format leaves a choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A language of the city's texts (`it`, `en`); `None`, and one that it does not have, is the city's first.
    pub language: Option<String>,
    /// How tables of plain text write numbers.
    pub marks: Marks,
}

/// How tables of plain text write numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marks {
    /// `1234.5`, cells apart by commas: for programs.
    #[default]
    Plain,
    /// `1234,5`, cells apart by semicolons: for the spreadsheets of an Italian office.
    Italian,
}

impl Marks {
    /// By the name of a locale: `it`, and anything else that begins so; `en` and none are plain.
    pub fn of_locale(locale: &str) -> Option<Self> {
        match locale.split(['-', '_']).next().unwrap_or_default() {
            "it" => Some(Self::Italian),
            "en" | "c" | "C" => Some(Self::Plain),
            _ => None,
        }
    }
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the report could not be written as {format}")]
pub struct RenderError {
    format: &'static str,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

impl RenderError {
    /// Wraps the writer's own error.
    pub fn new(format: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { format, cause: cause.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_of_its_formats_kind_and_csv_of_several_tables_is_a_zip() {
        let told = |format: &str, bytes: &[u8]| {
            FileKind::of(format, bytes).map(|kind| (kind.suffix, kind.content_type().into_owned()))
        };
        assert_eq!(told("csv", b"a,b"), Some(("csv", "text/csv; charset=utf-8".to_owned())));
        assert_eq!(told("csv", b"PK\x03\x04"), Some(("csv.zip", "application/zip".to_owned())));
        assert_eq!(told("pdf", b"%PDF-1.7"), Some(("pdf", "application/pdf".to_owned())));
        assert_eq!(told("html", b"<!DOCTYPE"), Some(("html", "text/html; charset=utf-8".to_owned())));
        assert_eq!(told("docx", b"PK"), None);
    }
}
