//! The seam to the printed forms: who renders a report implements [`Render`].

use std::error::Error;

use crate::report::MonthlyReport;

/// Writes a report in one format.
pub trait Render: Send + Sync {
    /// The format's name, which is also its file extension: `json`, `csv`, `xlsx`, `pdf`, `html`.
    fn format(&self) -> &'static str;
    /// The bytes of the report; the same report gives the same bytes.
    ///
    /// # Errors
    /// When the format's writer fails.
    fn render(&self, report: &MonthlyReport, wanted: &Wanted) -> Result<Vec<u8>, RenderError>;
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
