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
    fn render(&self, report: &MonthlyReport) -> Result<Vec<u8>, RenderError>;
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
