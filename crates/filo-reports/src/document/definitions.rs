//! What the figures mean, and all of them in one table.

use std::collections::HashSet;

use filo_indicators::{render::Printable, words as definitions};

use super::{
    Column, ColumnKind, Definition, DocumentError, Entry, Group, Row, Table, Writer, tables::STATISTICS,
};
use crate::figures::{Leaf, Part};

impl Writer<'_> {
    /// What the figures of some blocks mean; a duration is defined once for its four statistics.
    pub(super) fn definitions(&self, blocks: &[&str]) -> Vec<Definition> {
        // A mailbox's figures are those of all mail, told there.
        let inside = |pattern: &str| {
            !pattern.contains("/by_mailbox/") && blocks.iter().any(|block| pattern.starts_with(block))
        };
        let own = |leaf: &Leaf| leaf.part == Part::Month && inside(&leaf.pattern);
        let mut places: Vec<String> = Vec::new();
        for leaf in self.figures.leaves().into_iter().filter(own) {
            let place = self.defined_place(leaf.pattern);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let entry = |place: String| {
            let english = if self.words.language == "en" { self.in_english(&place) } else { None };
            let language = if english.is_some() { "en" } else { "it" };
            let (words, formula) = english.unwrap_or_else(|| self.meaning(&place));
            (!words.is_empty()).then_some(Definition { place, words, formula, language })
        };
        places.into_iter().filter_map(entry).collect()
    }

    fn meaning(&self, place: &str) -> (String, String) {
        match self.report {
            Printable::Campaign(_) => definitions::of_campaign(place),
            Printable::Month(_) | Printable::Year(_) => definitions::of(place),
        }
    }

    fn in_english(&self, place: &str) -> Option<(String, String)> {
        match self.report {
            Printable::Campaign(_) => definitions::of_campaign_in_english(place),
            Printable::Month(_) | Printable::Year(_) => definitions::in_english(place),
        }
    }

    /// The place of a duration for one of its statistics.
    fn defined_place(&self, pattern: String) -> String {
        match pattern.rsplit_once('/') {
            Some((parent, last)) if STATISTICS.contains(&last) && !self.meaning(parent).0.is_empty() => {
                parent.to_owned()
            }
            _ => pattern,
        }
    }

    /// Every place of every part, one row each.
    pub(super) fn every_figure(&self) -> Result<Table, DocumentError> {
        let mut seen = HashSet::new();
        let mut rows = Vec::new();
        for leaf in self.figures.leaves().into_iter().filter(Leaf::is_figure) {
            if seen.insert((leaf.pattern.clone(), leaf.keys.clone())) {
                rows.push(self.figure_row(&leaf)?);
            }
        }
        let title = self.text("report.every_figure")?;
        let number = |heading: &str| Column::new(heading.to_owned(), ColumnKind::Figure);
        let name = Column::new(self.text("report.column.figure")?, ColumnKind::Name);
        let mut columns = vec![name, self.own_period()?];
        columns.extend(self.parts().skip(1).map(|part| number(self.periods.name(part))));
        Ok(Table {
            key: "every_figure",
            title,
            when: self.periods.own.clone(),
            groups: vec![Group { heading: None, columns }],
            rows,
            empty: String::new(),
            appendix: true,
            quoted: false,
        })
    }

    fn figure_row(&self, leaf: &Leaf) -> Result<Row, DocumentError> {
        let keys = leaf.keys.iter().map(|key| format!(" {key}")).collect::<String>();
        let mut cells = vec![Entry::Pointer(format!("{}{keys}", leaf.pattern))];
        for part in self.parts() {
            cells.push(self.figure(part, &leaf.pattern, &leaf.keys)?);
        }
        Ok(Row::of(cells))
    }

    /// The month, those it is compared with, the year so far; of a campaign it alone.
    fn parts(&self) -> impl Iterator<Item = Part> {
        let others = self.periods.compared().iter().copied();
        std::iter::once(Part::Month).chain(others).chain(self.periods.year_to_date())
    }
}
