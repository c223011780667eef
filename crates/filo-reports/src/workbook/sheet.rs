//! A sheet, written from top to bottom: titles, notes, facts, main figures, definitions.
//!
//! **Invariant:** the next block starts below everything written so far; widths are those of the longest cell.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Format, Worksheet};

use super::{
    WorkbookError,
    format::{Formats, scaled},
};
use crate::{
    document::{Block, Card, Document, Fact, Shown},
    figures::Unit,
    words::Words,
};

/// A4, as the printer's numbers have it.
const A4: u8 = 9;
/// How wide a column may get, and is at least, in letters.
const WIDTHS: (usize, usize) = (9, 46);
/// Over how many columns a paragraph runs, and how many letters of it make a line.
const NOTE_COLUMNS: u16 = 8;
const NOTE_LETTERS: usize = 110;
const LINE_POINTS: f64 = 15.0;

/// A sheet under construction.
pub(super) struct Sheet<'a> {
    pub(super) worksheet: &'a mut Worksheet,
    pub(super) words: &'a Words,
    pub(super) formats: &'a Formats,
    /// The next free row.
    pub(super) row: u32,
    /// What the first table's head ends with, when all tables share it.
    pub(super) heads: Vec<(u32, Vec<String>)>,
    /// Where tables stand, for their charts.
    pub(super) placed: BTreeMap<&'static str, super::tables::Placed>,
    widths: BTreeMap<u16, usize>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(worksheet: &'a mut Worksheet, words: &'a Words, formats: &'a Formats) -> Self {
        let (heads, placed, widths) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { worksheet, words, formats, row: 0, heads, placed, widths }
    }

    /// The section's title and the report's.
    pub(super) fn title(&mut self, title: &str, document: &Document) -> Result<(), WorkbookError> {
        let header = &document.header;
        self.worksheet.write_string_with_format(0, 0, title, &self.formats.title)?;
        let about = format!("{} · {} · {}", self.words.city.profile.name, header.title, header.state);
        self.worksheet.write_string_with_format(1, 0, about, &self.formats.subtitle)?;
        self.row = 3;
        Ok(())
    }

    /// The first sheet's head: what this is, of when, and how far it can be trusted.
    pub(super) fn cover(&mut self, document: &Document) -> Result<(), WorkbookError> {
        let header = &document.header;
        self.worksheet.write_string_with_format(0, 0, &header.title, &self.formats.title)?;
        self.worksheet.write_string_with_format(
            1,
            0,
            &self.words.city.profile.name,
            &self.formats.subtitle,
        )?;
        self.row = 3;
        for notice in &header.notices {
            self.paragraph(notice, &self.formats.notice.clone())?;
        }
        for (source, count) in &header.pending {
            self.paragraph(&format!("{source}: {count}"), &self.formats.note.clone())?;
        }
        let facts =
            document.sections.iter().flat_map(|section| &section.blocks).find_map(|block| match block {
                Block::About(facts) => Some(facts),
                _ => None,
            });
        facts.map_or(Ok(()), |facts| self.facts(facts))
    }

    pub(super) fn note(&mut self, text: &str) -> Result<(), WorkbookError> {
        self.paragraph(text, &self.formats.note.clone())
    }

    fn paragraph(&mut self, text: &str, format: &Format) -> Result<(), WorkbookError> {
        self.worksheet.merge_range(self.row, 0, self.row, NOTE_COLUMNS, text, format)?;
        let lines = u16::try_from(text.chars().count().div_ceil(NOTE_LETTERS).max(1)).unwrap_or(u16::MAX);
        self.worksheet.set_row_height(self.row, LINE_POINTS * f64::from(lines))?;
        self.row = self.row.saturating_add(2);
        Ok(())
    }

    /// Terms and what they stand for.
    pub(super) fn facts(&mut self, facts: &[Fact]) -> Result<(), WorkbookError> {
        for fact in facts {
            self.text(self.row, 0, &fact.term, &self.formats.term.clone())?;
            let detail = [Some(fact.detail.as_str()), fact.code.as_deref()];
            let detail: Vec<&str> = detail.into_iter().flatten().filter(|text| !text.is_empty()).collect();
            self.worksheet.write_string_with_format(self.row, 1, detail.join(" "), &self.formats.text)?;
            self.row = self.row.saturating_add(1);
        }
        self.row = self.row.saturating_add(1);
        Ok(())
    }

    /// The main figures, one a row, with their changes in words.
    pub(super) fn cards(&mut self, cards: &[Card], document: &Document) -> Result<(), WorkbookError> {
        let periods = &document.header.periods;
        let change = |month: &str| self.words.fill("report.column.change", &[("month", month)]);
        let mut heads = vec![
            self.words.text("report.column.figure")?.to_owned(),
            periods.own.clone(),
            self.words.text("report.column.unit_of")?.to_owned(),
        ];
        for name in periods.compared_names() {
            heads.push(change(name)?);
        }
        let last = u16::try_from(heads.len()).unwrap_or(u16::MAX);
        heads.push(self.words.text("report.column.explain")?.to_owned());
        self.head(&heads)?;
        for card in cards {
            let row = self.row;
            self.text(row, 0, &card.what, &self.formats.text.clone())?;
            self.figure(row, 1, &card.figure)?;
            let unit = self.formats.unit(card.figure.cell.unit, card.figure.scale).to_owned();
            self.text(row, 2, &unit, &self.formats.text.clone())?;
            for (column, change) in (3..).zip(&card.changes) {
                self.change(row, column, change)?;
            }
            self.text(row, last, &card.pointer, &self.formats.code.clone())?;
            self.row = row.saturating_add(1);
        }
        self.row = self.row.saturating_add(1);
        Ok(())
    }

    /// A row of heads in the first columns.
    fn head(&mut self, heads: &[String]) -> Result<(), WorkbookError> {
        for (column, head) in (0..).zip(heads) {
            self.text(self.row, column, head, &self.formats.head.clone())?;
        }
        self.row = self.row.saturating_add(1);
        self.heads.push((self.row, heads.to_vec()));
        Ok(())
    }

    /// What every figure means.
    pub(super) fn definitions(&mut self, document: &Document) -> Result<(), WorkbookError> {
        let heads =
            ["figure", "means", "formula"].map(|key| self.words.text(&format!("report.column.{key}")));
        let heads = heads.into_iter().map(|head| head.map(str::to_owned)).collect::<Result<Vec<_>, _>>()?;
        self.head(&heads)?;
        for definition in document.definitions() {
            self.text(self.row, 0, &definition.place, &self.formats.code.clone())?;
            self.text(self.row, 1, &definition.words, &self.formats.wrapped.clone())?;
            self.text(self.row, 2, &definition.formula, &self.formats.wrapped.clone())?;
            self.row = self.row.saturating_add(1);
        }
        Ok(())
    }

    pub(super) fn text(
        &mut self,
        row: u32,
        column: u16,
        text: &str,
        format: &Format,
    ) -> Result<(), WorkbookError> {
        self.worksheet.write_string_with_format(row, column, text, format)?;
        self.widen(column, text.chars().count());
        Ok(())
    }

    pub(super) fn widen(&mut self, column: u16, letters: usize) {
        let width = self.widths.entry(column).or_default();
        *width = letters.max(*width);
    }

    /// A number with its format, or the word for unknown.
    pub(super) fn figure(&mut self, row: u32, column: u16, shown: &Shown) -> Result<(), WorkbookError> {
        let (unit, scale) = (shown.cell.unit, shown.scale);
        match shown.cell.value {
            Some(value) => {
                let format = self.formats.number(unit, scale, shown.main, false);
                self.worksheet.write_number_with_format(row, column, scaled(value, unit, scale), &format)?;
            }
            None => {
                self.worksheet.write_string_with_format(row, column, &shown.text, &self.formats.unknown)?;
            }
        }
        self.widen(column, shown.text.chars().count());
        Ok(())
    }

    /// A change with its sign: of shares in percentage points.
    pub(super) fn change(
        &mut self,
        row: u32,
        column: u16,
        change: &crate::document::Change,
    ) -> Result<(), WorkbookError> {
        let (unit, scale) = (change.unit, change.scale);
        match change.value {
            Some(value) => {
                let value = if unit == Unit::Share { value * 100.0 } else { scaled(value, unit, scale) };
                let format = self.formats.number(unit, scale, false, true);
                self.worksheet.write_number_with_format(row, column, value, &format)?;
            }
            None => {
                self.worksheet.write_string_with_format(row, column, &change.text, &self.formats.unknown)?;
            }
        }
        Ok(())
    }

    /// Widths, the page, and what stays in sight when one scrolls: the head where all tables share it, else the title.
    pub(super) fn finish(mut self) -> Result<(), WorkbookError> {
        for (column, letters) in std::mem::take(&mut self.widths) {
            let letters = letters.clamp(WIDTHS.0, WIDTHS.1).saturating_add(2);
            let width = u16::try_from(letters).map_or(f64::MAX, f64::from);
            self.worksheet.set_column_width(column, width)?;
        }
        let frozen = match self.heads.split_first() {
            Some(((row, head), rest)) if rest.iter().all(|(_, other)| other == head) => *row,
            _ => 2,
        };
        self.worksheet.set_freeze_panes(frozen, 1)?;
        self.worksheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
        self.worksheet.set_footer("&L&A&R&P / &N");
        Ok(())
    }
}
