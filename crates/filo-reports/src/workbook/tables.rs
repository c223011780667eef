//! Tables of the document as ranges of cells.
//!
//! **Invariant:** a column of numbers has one unit, which its head says; where rows differ in it the unit stands in a
//! column of its own before them.

use rust_xlsxwriter::Formula;

use super::{WorkbookError, sheet::Sheet};
use crate::{
    document::{Column, ColumnKind, Entry, Group, Row, Scale, Shown, Table},
    figures::Unit,
};

/// Where a table stands.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// The row of its first line.
    pub(super) first: u32,
    /// The sheet's column of each of the table's.
    pub(super) columns: Vec<Option<u16>>,
}

/// A column of the sheet.
enum Slot {
    /// The unit of the table's column with this number, row by row.
    UnitOf(usize),
    Own(usize),
}

impl Sheet<'_> {
    /// A table under its title; of a table that is printed twice, the month's is the one that charts draw.
    pub(super) fn table(&mut self, table: &Table) -> Result<(), WorkbookError> {
        let caption = format!("{} – {}", table.title, table.when);
        self.worksheet.write_string_with_format(self.row, 0, caption, &self.formats.caption)?;
        self.row = self.row.saturating_add(1);
        let slots = slots(table);
        self.table_head(table, &slots)?;
        let first = self.row;
        for row in &table.rows {
            self.table_row(row, table, &slots, first)?;
        }
        if table.rows.is_empty() {
            self.worksheet.write_string_with_format(self.row, 0, &table.empty, &self.formats.subtitle)?;
            self.row = self.row.saturating_add(1);
        }
        let columns = (0..table.columns().count()).map(|nth| position(&slots, nth)).collect();
        self.placed.entry(table.key).or_insert(Placed { first, columns });
        self.row = self.row.saturating_add(1);
        Ok(())
    }

    /// The heads, below common headings where there are some.
    fn table_head(&mut self, table: &Table, slots: &[Slot]) -> Result<(), WorkbookError> {
        if table.is_grouped() {
            self.group_heads(table, slots)?;
            self.row = self.row.saturating_add(1);
        }
        let columns: Vec<&Column> = table.columns().collect();
        let mut heads = Vec::new();
        for (column, slot) in (0..).zip(slots) {
            let head = match slot {
                Slot::UnitOf(_) => self.words.text("report.column.unit_of")?.to_owned(),
                Slot::Own(nth) => self.heading(table, &columns, slots, *nth),
            };
            let numbers = matches!(slot, Slot::Own(nth) if columns.get(*nth).is_some_and(|column| {
                matches!(column.kind, ColumnKind::Figure | ColumnKind::Change)
            }));
            let format = if numbers { &self.formats.head_of_numbers } else { &self.formats.head };
            self.text(self.row, column, &head, &format.clone())?;
            heads.push(head);
        }
        self.row = self.row.saturating_add(1);
        self.heads.push((self.row, heads));
        Ok(())
    }

    /// A column's heading with its unit, unless the unit stands beside it.
    fn heading(&self, table: &Table, columns: &[&Column], slots: &[Slot], nth: usize) -> String {
        let heading = columns.get(nth).map(|column| column.heading.clone()).unwrap_or_default();
        let beside = slots.iter().any(|slot| matches!(slot, Slot::UnitOf(_)));
        let unit = table.rows.iter().find_map(|row| shown(row, nth)).map(|it| (it.cell.unit, it.scale));
        match unit {
            Some((unit, scale)) if !(beside && mixed(table, nth)) && unit != Unit::Share => {
                let unit = self.formats.unit(unit, scale);
                if unit.is_empty() { heading } else { format!("{heading} ({unit})") }
            }
            _ => heading,
        }
    }

    fn group_heads(&mut self, table: &Table, slots: &[Slot]) -> Result<(), WorkbookError> {
        let mut next = 0_usize;
        for Group { heading, columns } in &table.groups {
            let own: Vec<usize> = (next..next.saturating_add(columns.len())).collect();
            next = next.saturating_add(columns.len());
            let Some(heading) = heading else { continue };
            let (from, to) = (
                own.first().and_then(|nth| position(slots, *nth)),
                own.last().and_then(|nth| position(slots, *nth)),
            );
            if let (Some(from), Some(to)) = (from, to) {
                self.worksheet.merge_range(self.row, from, self.row, to, heading, &self.formats.group)?;
            }
        }
        Ok(())
    }

    fn table_row(
        &mut self,
        row: &Row,
        table: &Table,
        slots: &[Slot],
        first: u32,
    ) -> Result<(), WorkbookError> {
        for (column, slot) in (0..).zip(slots) {
            match slot {
                Slot::UnitOf(nth) => {
                    let unit =
                        shown(row, *nth).map(|it| self.formats.unit(it.cell.unit, it.scale).to_owned());
                    self.text(self.row, column, &unit.unwrap_or_default(), &self.formats.code.clone())?;
                }
                Slot::Own(nth) => match row.cells.get(*nth) {
                    Some(Entry::Figure(shown)) if row.total && shown.cell.pointer.is_none() => {
                        self.sum(column, shown, first)?;
                    }
                    Some(Entry::Quoted { text, .. }) => {
                        self.quoted(column, text, row.remark.as_ref().filter(|_remark| *nth == 0))?
                    }
                    Some(entry) => self.entry(column, entry, row.total, table)?,
                    None => {}
                },
            }
        }
        self.row = self.row.saturating_add(1);
        Ok(())
    }

    /// A total that stands nowhere in the report adds up what is above it.
    fn sum(&mut self, column: u16, shown: &Shown, first: u32) -> Result<(), WorkbookError> {
        let letter = rust_xlsxwriter::column_number_to_name(column);
        let formula = format!("=SUM({letter}{}:{letter}{})", first.saturating_add(1), self.row);
        let formula = Formula::new(formula).set_result(shown.cell.value.unwrap_or_default().to_string());
        let format = self.formats.number(shown.cell.unit, shown.scale, true, false);
        self.worksheet.write_formula_with_format(self.row, column, formula, &format)?;
        Ok(())
    }

    /// What others wrote, on as many lines as it takes, with what must be seen beside it.
    fn quoted(&mut self, column: u16, text: &str, remark: Option<&String>) -> Result<(), WorkbookError> {
        let text = remark.map_or_else(|| text.to_owned(), |remark| format!("{text} – {remark}"));
        self.text(self.row, column, &text, &self.formats.wrapped.clone())
    }

    fn entry(&mut self, column: u16, entry: &Entry, total: bool, table: &Table) -> Result<(), WorkbookError> {
        let row = self.row;
        match entry {
            Entry::Empty | Entry::Bar(_) => {
                Ok(self.worksheet.write_blank(row, column, &self.formats.text).map(|_sheet| ())?)
            }
            Entry::Text(text) | Entry::Name { text, .. } | Entry::Quoted { text, .. } => {
                let format =
                    if total { self.formats.text.clone().set_bold() } else { self.formats.text.clone() };
                self.text(row, column, text, &format)
            }
            Entry::Pointer(pointer) => self.text(row, column, pointer, &self.formats.code.clone()),
            Entry::Change(change) => self.change(row, column, change),
            Entry::Figure(shown) => {
                let emphasised = Shown { main: shown.main || (total && !table.appendix), ..shown.clone() };
                self.figure(row, column, &emphasised)
            }
        }
    }
}

fn shown(row: &Row, nth: usize) -> Option<&Shown> {
    match row.cells.get(nth) {
        Some(Entry::Figure(shown)) => Some(shown),
        _ => None,
    }
}

/// Whether the rows of a column differ in what they count.
fn mixed(table: &Table, nth: usize) -> bool {
    let mut units =
        table.rows.iter().filter_map(|row| shown(row, nth)).map(|it| counted(it.cell.unit, it.scale));
    units.next().is_some_and(|first| units.any(|other| other != first))
}

fn counted(unit: Unit, scale: Scale) -> (Unit, Option<Scale>) {
    (unit, (unit == Unit::Seconds).then_some(scale))
}

/// The sheet's columns: bars are left to the charts, and the unit of what is mixed goes before it.
fn slots(table: &Table) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut next = 0_usize;
    for group in &table.groups {
        let mut told = false;
        for column in &group.columns {
            if !told && column.kind == ColumnKind::Figure && mixed(table, next) {
                slots.push(Slot::UnitOf(next));
                told = true;
            }
            if column.kind != ColumnKind::Bar {
                slots.push(Slot::Own(next));
            }
            next = next.saturating_add(1);
        }
    }
    slots
}

fn position(slots: &[Slot], nth: usize) -> Option<u16> {
    let found = slots.iter().position(|slot| matches!(slot, Slot::Own(own) if *own == nth))?;
    u16::try_from(found).ok()
}
