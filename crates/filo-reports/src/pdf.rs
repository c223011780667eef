//! A report as a PDF that is published, read aloud and kept: PDF/UA-1 and PDF/A-3a at once, typeset by Typst.
//!
//! **Invariant:** the typesetter sees what it is given here and nothing else: no disk, no network, no clock, no font but
//! the embedded one. The document's date is the report's own, so the same report gives the same bytes; the report as
//! JSON is attached. Start at [`PdfReport`]; what stands where is `templates/report.typ`.

use std::sync::Arc;

use filo_domain::city::City;
use filo_indicators::render::{Printable, Render, RenderError, Wanted};

use crate::{
    document::{Document, DocumentError},
    json::JsonReport,
    words::{MissingText, Words},
};

mod content;
mod typeset;

use content::Content;
use typeset::TypesetError;

const FORMAT: &str = "pdf";

/// Writes the report as an accessible PDF.
#[derive(Clone, Debug)]
pub struct PdfReport {
    city: Arc<City>,
}

impl PdfReport {
    /// With the city's words.
    pub fn new(city: Arc<City>) -> Self {
        Self { city }
    }
}

impl Render for PdfReport {
    fn format(&self) -> &'static str {
        FORMAT
    }
    fn render(&self, report: Printable<'_>, wanted: &Wanted) -> Result<Vec<u8>, RenderError> {
        let words = Words::wanted(Arc::clone(&self.city), wanted);
        let attached = JsonReport.render(report, wanted)?;
        write(report, &words, attached).map_err(|error| RenderError::new(FORMAT, error))
    }
}

/// Why a PDF could not be written.
#[derive(Debug, thiserror::Error)]
enum PdfError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Text(#[from] MissingText),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Typeset(#[from] TypesetError),
}

fn write(report: Printable<'_>, words: &Words, attached: Vec<u8>) -> Result<Vec<u8>, PdfError> {
    let document = Document::of(report, words)?;
    let content = Content::of(&document, words)?;
    let mut files = vec![
        ("data.json".to_owned(), serde_json::to_vec(&content.data)?),
        (content::ATTACHMENT.to_owned(), attached),
    ];
    files.extend(content.charts);
    // The same report under the same name is the same document, whoever prints it.
    let header = &document.header;
    let facts = header.inputs.clone().unwrap_or_else(|| header.made_at.to_string());
    let identity = format!("{} {} {facts}", header.stem, words.language);
    Ok(typeset::pdf(files, identity)?)
}
