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

use crate::{App, AppError, table};

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
    let head = ["month", "revision", "section", "row", "figure", "unit", "value", "status"];
    let rows = month.sections.iter().flat_map(|section| section.rows.iter().map(move |row| (section, row)));
    let figures = rows.flat_map(|(section, row)| row.figures.iter().map(move |it| (section, row, it)));
    let cells = figures.map(|(section, row, it)| {
        [
            month.month.clone(),
            month.revision.to_string(),
            section.section.to_owned(),
            row.row.clone(),
            it.figure.to_string(),
            it.unit.word().to_owned(),
            it.value.map(|value| value.to_string()).unwrap_or_default(),
            it.status.word().to_owned(),
        ]
    });
    table::csv(head, cells)
}
