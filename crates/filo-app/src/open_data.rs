//! What anybody may read of the closed months.
//!
//! **Invariant:** only closed revisions, as they were stored when they were published; nothing is computed from
//! contacts here, and small counts are taken out of all revisions of a month together.

use filo_domain::Period;
use filo_indicators::{
    open_data::{OpenMonth, open_months},
    report::MonthlyReport,
};
use filo_store::months;

use crate::{App, AppError};

pub use filo_store::months::Published;

impl App {
    /// Every closed month's revisions, the newest first.
    ///
    /// # Errors
    /// The store's own.
    pub async fn published_months(&self) -> Result<Vec<Published>, AppError> {
        self.db.read(months::all).await.map_err(AppError::Store)
    }

    /// A closed month as anybody may read it: its last revision, or one by number.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a month that is not closed or has no such revision.
    pub async fn open_month(&self, month: Period, revision: Option<u32>) -> Result<OpenMonth, AppError> {
        let name = month.to_string();
        let stored =
            self.db.read(move |conn| months::of_month(conn, &name)).await.map_err(AppError::Store)?;
        let reports: Vec<MonthlyReport> =
            stored.iter().map(|it| serde_json::from_str(&it.report)).collect::<Result<_, _>>()?;
        let mut months = open_months(&reports);
        let found = match revision {
            Some(number) => months.into_iter().find(|it| it.revision == number),
            None => months.pop(),
        };
        found.ok_or(AppError::NotFound("published month"))
    }
}

/// A month as a table: one row a figure, in English, with a header (RFC 4180).
///
/// # Errors
/// When a line cannot be written.
pub fn open_month_csv(month: &OpenMonth) -> Result<Vec<u8>, AppError> {
    let failed = |error: csv::Error| AppError::internal("a table of open data", error);
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
    writer
        .write_record(["month", "revision", "section", "row", "figure", "unit", "value", "status"])
        .map_err(failed)?;
    let revision = month.revision.to_string();
    for section in &month.sections {
        for row in &section.rows {
            for it in &row.figures {
                let value = it.value.map(|value| value.to_string()).unwrap_or_default();
                let cells = [
                    month.month.as_str(),
                    &revision,
                    section.section,
                    &row.row,
                    &it.figure,
                    it.unit.word(),
                    &value,
                    it.status.word(),
                ];
                writer.write_record(cells).map_err(failed)?;
            }
        }
    }
    writer.into_inner().map_err(|error| AppError::internal("a table of open data", error.to_string()))
}
