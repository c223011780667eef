//! A report as the contract's JSON, indented for people.

use filo_indicators::render::{Printable, Render, RenderError, Wanted};

const FORMAT: &str = "json";

/// Writes the report as JSON in UTF-8, one trailing newline.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonReport;

impl Render for JsonReport {
    fn format(&self) -> &'static str {
        FORMAT
    }
    fn render(&self, report: Printable<'_>, _wanted: &Wanted) -> Result<Vec<u8>, RenderError> {
        let mut bytes =
            serde_json::to_vec_pretty(&report).map_err(|error| RenderError::new(FORMAT, error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
