//! Tables drawn: which of their figures, and the same in words for those who do not see them.
//!
//! **Invariant:** a chart has no figure of its own, it shows columns of the table before it; its alternative text says
//! every figure that is drawn, of a long series its sums and peaks.

use super::{Block, Chart, Column, DocumentError, Entry, Row, Scale, Series, Shown, Table, Writer};
use crate::{
    figures::Unit,
    outline::{ChartSpec, Shape},
};

/// Up to how many steps of a series are drawn, and told, one by one.
pub(crate) const FEW_STEPS: usize = 8;

impl Writer<'_> {
    /// Draws a table of this section; `None` when there is nothing to see.
    pub(super) fn chart(&self, spec: &ChartSpec, before: &[Block]) -> Result<Option<Chart>, DocumentError> {
        let tables = before.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        });
        let Some(table) = tables.into_iter().find(|table| table.key == spec.table) else { return Ok(None) };
        let drawn = drawn_columns(table, spec);
        let Some((first, _)) = drawn.first() else { return Ok(None) };
        let rows = rows_of_one_scale(table, *first);
        let some = |shown: &Shown| shown.cell.value.is_some_and(|value| value > 0.0);
        let series: Vec<Series> =
            drawn.iter().map(|(column, head)| series(table, &rows, *column, head)).collect();
        if !series.iter().flat_map(|series| &series.shown).any(some) {
            return Ok(None);
        }
        let example = series.iter().flat_map(|series| &series.shown).next();
        let labels: Vec<String> =
            table.rows.get(rows.clone()).unwrap_or_default().iter().map(label).collect();
        let title = self.text(&format!("report.chart.{}", spec.key))?;
        Ok(Some(Chart {
            alt: format!("{title}, {}. {}", table.when, self.seen(spec.shape, &labels, &series)?),
            title,
            when: table.when.clone(),
            shape: spec.shape,
            unit: example.map_or(Unit::Count, |shown| shown.cell.unit),
            scale: example.map_or(Scale::Days, |shown| shown.scale),
            table: table.key,
            rows,
            labels,
            series,
        }))
    }
}

impl Writer<'_> {
    /// What there is to see.
    fn seen(&self, shape: Shape, labels: &[String], series: &[Series]) -> Result<String, DocumentError> {
        if shape != Shape::Series || labels.len() <= FEW_STEPS {
            return Ok(in_words(labels, series));
        }
        let told = series.iter().map(|series| self.course(labels, series)).collect::<Result<Vec<_>, _>>()?;
        Ok(told.join(" "))
    }

    /// The sum of a series, and when it was highest.
    fn course(&self, labels: &[String], series: &Series) -> Result<String, DocumentError> {
        let values = || series.shown.iter().map(|shown| shown.cell.value.unwrap_or_default());
        let most = values().fold(0.0, f64::max);
        let at = values().position(|value| value >= most).and_then(|nth| labels.get(nth));
        let total = self.words.figure(Some(values().sum()), Unit::Count)?;
        let most = self.words.figure(Some(most), Unit::Count)?;
        let at = at.map(String::as_str).unwrap_or_default();
        let values = [("name", series.name.as_str()), ("total", &total), ("most", &most), ("at", at)];
        Ok(self.words.fill("report.chart.course", &values)?)
    }
}

fn drawn_columns<'a>(table: &'a Table, spec: &ChartSpec) -> Vec<(usize, &'a Column)> {
    let wanted = |column: &Column| column.field.as_deref().is_some_and(|field| spec.fields.contains(&field));
    table.columns().enumerate().filter(|(_, column)| wanted(column)).collect()
}

/// The rows that can stand beside each other: no totals, and of durations the last ones counted alike.
fn rows_of_one_scale(table: &Table, column: usize) -> std::ops::Range<usize> {
    let end = table.rows.iter().take_while(|row| !row.total).count();
    let scale = |row: &Row| match row.cells.get(column) {
        Some(Entry::Figure(shown)) => Some(shown.scale),
        _ => None,
    };
    let rows = table.rows.get(..end).unwrap_or_default();
    let last = rows.last().and_then(scale);
    let start = rows.iter().rposition(|row| scale(row) != last).map_or(0, |other| other.saturating_add(1));
    start..end
}

fn series(table: &Table, rows: &std::ops::Range<usize>, column: usize, head: &Column) -> Series {
    let shown = |row: &Row| match row.cells.get(column) {
        Some(Entry::Figure(shown)) => Some(shown.clone()),
        _ => None,
    };
    let rows = table.rows.get(rows.clone()).unwrap_or_default();
    Series { name: head.heading.clone(), column, shown: rows.iter().filter_map(shown).collect() }
}

fn label(row: &Row) -> String {
    match row.cells.first() {
        Some(Entry::Text(text) | Entry::Name { text, .. }) => text.clone(),
        _ => String::new(),
    }
}

/// `Phone: inbound 12, registered 7; …`
fn in_words(labels: &[String], series: &[Series]) -> String {
    let named = series.len() > 1;
    let said = |nth: usize| {
        let figures = series.iter().filter_map(|series| {
            let shown = series.shown.get(nth)?;
            Some(if named { format!("{} {}", series.name, shown.text) } else { shown.text.clone() })
        });
        figures.collect::<Vec<_>>().join(", ")
    };
    let rows = labels.iter().enumerate().map(|(nth, label)| format!("{label}: {}", said(nth)));
    rows.collect::<Vec<_>>().join("; ") + "."
}
