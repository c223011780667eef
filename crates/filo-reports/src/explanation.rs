//! What is behind a figure as a table: one row an item.

use filo_indicators::{
    explain::Explanation,
    render::{Marks, RenderError},
};

use crate::table::{Cell, FORMAT, Table, cell_or_empty, text};

const COLUMNS: [&str; 7] = ["id", "kind", "channel", "occurred_at", "counted_in", "reason", "seconds"];

/// The items of an explanation as CSV, each with the figure's key and period; as many rows of a part as its count.
///
/// # Errors
/// When the table cannot be written.
pub fn explanation_csv(explanation: &Explanation) -> Result<Vec<u8>, RenderError> {
    let mut table = Table::new(&["key", "period"]);
    table.header.extend(COLUMNS.map(str::to_owned));
    for item in &explanation.items {
        let item = serde_json::to_value(item).map_err(|error| RenderError::new(FORMAT, error))?;
        let own = COLUMNS.map(|column| cell_or_empty(item.get(column)));
        let figure = [text(&explanation.key), explanation.period.clone()].map(Cell::from);
        table.rows.push(figure.into_iter().chain(own).collect());
    }
    table.bytes(Marks::Plain)
}
