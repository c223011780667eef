//! Tables as CSV: RFC 4180, UTF-8, a header first.

use csv::{Terminator, WriterBuilder};

use crate::AppError;

/// A header and its rows, as many cells in each.
///
/// # Errors
/// When a line cannot be written.
pub(crate) fn csv<const N: usize>(
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, AppError> {
    let failed = |error: csv::Error| AppError::internal("a table", error);
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(vec![]);
    writer.write_record(header).map_err(failed)?;
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| AppError::internal("a table", error.to_string()))
}
