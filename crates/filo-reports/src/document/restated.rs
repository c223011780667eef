//! What a restatement changed, figure by figure.

use filo_indicators::{render::Printable, report::ChangedFigure};

use super::{Block, ColumnKind, DocumentError, Entry, Group, Row, Shown, Table, Writer};
use crate::figures::{Cell, Part, Unit};

impl Writer<'_> {
    /// What is no longer as the revision before said, of the month and the year so far; nothing of a first revision.
    pub(super) fn restated(&self) -> Result<Vec<Block>, DocumentError> {
        let Printable::Month(report) = self.report else { return Ok(vec![]) };
        if report.revision.is_none_or(|revision| revision < 2) {
            return Ok(vec![]);
        }
        let own = |changed: &&ChangedFigure| {
            [Part::Month, Part::YearToDate].contains(&Part::split(&changed.place).0)
        };
        let changes = report.changes.iter().filter(own);
        let rows: Vec<Row> = changes.map(|it| self.changed_row(it)).collect::<Result<_, _>>()?;
        let reason = report.reason.as_deref().unwrap_or_default();
        let note = self.words.fill("report.note.restated", &[("reason", reason)])?;
        let columns = vec![
            self.column("figure", ColumnKind::Name)?,
            self.column("span", ColumnKind::Words)?,
            self.column("before", ColumnKind::Figure)?,
            self.column("after", ColumnKind::Figure)?,
            self.column("explain", ColumnKind::Pointer)?,
        ];
        let table: Table =
            self.table("restated", Part::Month, vec![Group { heading: None, columns }], rows)?;
        Ok(vec![Block::Note(note), Block::Table(table)])
    }

    fn changed_row(&self, changed: &ChangedFigure) -> Result<Row, DocumentError> {
        let (part, pattern) = Part::split(&changed.place);
        let shown = |value: &serde_json::Value| -> Result<Entry, DocumentError> {
            let cell = Cell { value: value.as_f64(), unit: Unit::of(pattern), pointer: None };
            let text = self.words.figure(cell.value, cell.unit)?;
            let scale = self.scale(pattern, &changed.rows);
            Ok(Entry::Figure(Shown { text, cell, scale, main: false }))
        };
        let cells = vec![
            Entry::Text(self.changed_name(pattern, &changed.rows)),
            Entry::Text(self.periods.name(part).to_owned()),
            shown(&changed.before)?,
            shown(&changed.after)?,
            Entry::Pointer(changed.pointer.clone().unwrap_or_default()),
        ];
        Ok(Row::of(cells))
    }

    /// What the figure is called, with the names of its rows; the place of one that has no name of its own.
    fn changed_name(&self, pattern: &str, rows: &[String]) -> String {
        let key = rows.last().map(String::as_str).unwrap_or_default();
        let lists = pattern.match_indices("/*").filter_map(|(at, _)| pattern.get(..at));
        let names: Vec<String> = lists.zip(rows).map(|(list, key)| self.words.row(list, key)).collect();
        let label = self.words.label(pattern, key).unwrap_or_else(|_no_name_of_its_own| pattern.to_owned());
        if names.is_empty() { label } else { format!("{label}: {}", names.join(", ")) }
    }
}
