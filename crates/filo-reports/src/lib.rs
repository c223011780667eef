//! The printed forms of the monthly report, the yearly scorecard, campaign reports and explanations: JSON, CSV, XLSX, PDF
//! and HTML.
//!
//! **Invariant:** a printed form computes no indicator: it writes the figures of the value it is given, all of
//! them, with their definitions. Unknown is never written as 0, the same value gives the same bytes, and nothing
//! here reads a clock, a disk or the network.
//!
//! Start at [`JsonReport`], [`CsvReport`], [`XlsxReport`], `PdfReport` (feature `pdf`) and
//! [`HtmlReport`], which implement [`filo_indicators::render::Render`];
//! [`explanation_csv`] prints the rest. [`Printable::file_stem`](filo_indicators::render::Printable::file_stem) names
//! the files.

mod document;
mod explanation;
mod figures;
mod html;
mod json;
mod outline;
mod page;
#[cfg(feature = "pdf")]
mod pdf;
mod print;
mod scorecard;
mod sheets;
mod svg;
mod table;
mod words;
mod workbook;

pub use explanation::explanation_csv;
pub use html::HtmlReport;
pub use json::JsonReport;
#[cfg(feature = "pdf")]
pub use pdf::PdfReport;
pub use sheets::CsvReport;
pub use workbook::XlsxReport;

#[cfg(test)]
mod tests;
