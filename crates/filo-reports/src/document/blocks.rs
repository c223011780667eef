//! Sections, main figures and what the report says of itself.

use filo_indicators::render::Printable;

use super::{Block, Card, DocumentError, Entry, Fact, Section, Table, Writer, campaign, month};
use crate::{
    figures::Part,
    outline::{CardSpec, Detail, Item, Place, SectionSpec},
};

impl Writer<'_> {
    pub(super) fn section(&self, spec: &SectionSpec) -> Result<Section, DocumentError> {
        let mut blocks = Vec::new();
        for item in spec.items {
            match item {
                Item::Chart(chart) => blocks.extend(self.chart(chart, &blocks)?.map(Block::Chart)),
                item => blocks.extend(self.blocks(item)?),
            }
        }
        let title = self.text(&format!("report.section.{}", spec.key))?;
        Ok(Section { key: spec.key, title, blocks })
    }

    fn blocks(&self, item: &Item) -> Result<Vec<Block>, DocumentError> {
        let table = |table| Ok(vec![Block::Table(table)]);
        match item {
            Item::Note(key) => Ok(vec![Block::Note(self.text(&format!("report.note.{key}"))?)]),
            Item::Cards(cards) => {
                let cards: Result<Vec<Card>, _> = cards.iter().map(|card| self.card(card)).collect();
                Ok(vec![Block::Cards(cards?)])
            }
            Item::Figures { table: key, places } => table(self.figures_table(key, places)?),
            Item::Changes { table: key, places } => table(self.changes_table(key, places)?),
            Item::Counted { table: key, list, shares, total } => {
                if list.optional && self.keys(list.path, &[]).is_empty() {
                    return Ok(vec![]);
                }
                table(self.counted_table(key, list, *shares, *total)?)
            }
            Item::Grid { table: key, list, columns, total } => {
                let grid = |part| self.grid_table(part, key, list, columns, total.as_ref());
                let grids = [Part::Month].into_iter().chain(self.periods.year_to_date()).map(grid);
                let grids: Vec<Table> = grids.collect::<Result<_, _>>()?;
                let shown = |table: &Table| !(list.optional && table.rows.is_empty());
                Ok(grids.into_iter().filter(shown).map(Block::Table).collect())
            }
            // Drawn from the tables before it.
            Item::Chart(_) => Ok(vec![]),
            Item::Restated => self.restated(),
            Item::Exclusions => table(self.exclusions_table()?),
            Item::Definitions(places) => {
                let definitions = self.definitions(places);
                Ok(if definitions.is_empty() { vec![] } else { vec![Block::Definitions(definitions)] })
            }
            Item::About => Ok(vec![Block::About(self.about()?)]),
            Item::EveryFigure => table(self.every_figure()?),
        }
    }

    /// The keys of a place that names a row.
    pub(super) fn keys_of(place: &Place) -> Vec<String> {
        place.key.iter().map(|&key| key.to_owned()).collect()
    }

    fn card(&self, spec: &CardSpec) -> Result<Card, DocumentError> {
        let (pattern, keys) = (spec.place.pattern, Self::keys_of(&spec.place));
        let key = keys.first().map(String::as_str).unwrap_or_default();
        let what = match spec.what {
            Some(text) => self.text(text)?,
            None => self.words.label(pattern, key)?,
        };
        let changes = self.periods.compared().iter().map(|part| self.change(*part, pattern, &keys));
        Ok(Card {
            what,
            figure: self.shown(Part::Month, pattern, &keys)?,
            detail: self.detail(&spec.detail, &keys)?,
            changes: changes.collect::<Result<_, _>>()?,
            pointer: self.pointer(pattern, &keys)?,
        })
    }

    fn detail(&self, detail: &Detail, keys: &[String]) -> Result<Vec<Entry>, DocumentError> {
        let text = |key: &str| self.text(key).map(Entry::Text);
        let figure = |pattern: &str, keys: &[String]| self.figure(Part::Month, pattern, keys);
        match detail {
            Detail::Text(key) => Ok(vec![text(key)?]),
            Detail::Also(key, place) => Ok(vec![text(key)?, figure(place, &[])?]),
            Detail::Of { part, whole, rest } => {
                let mut pieces = vec![figure(part, &[])?, text("report.card.of")?, figure(whole, &[])?];
                if let Some((key, place)) = rest {
                    pieces.extend([Entry::Text(format!("· {}", self.text(key)?)), figure(place, &[])?]);
                }
                Ok(pieces)
            }
            Detail::Statistics(place) => {
                let statistic = |name: &str| figure(&format!("{place}/{name}"), keys);
                let label = |key: &str| Ok::<_, DocumentError>(Entry::Text(format!("· {}", self.text(key)?)));
                Ok(vec![
                    Entry::Text("n".to_owned()),
                    statistic("n")?,
                    label("report.column.median")?,
                    statistic("median_s")?,
                    label("report.column.p90")?,
                    statistic("p90_s")?,
                ])
            }
        }
    }

    fn about(&self) -> Result<Vec<Fact>, DocumentError> {
        match self.report {
            Printable::Month(report) => month::about(report, self.words),
            Printable::Campaign(report) => campaign::about(report, self.words),
            Printable::Year(_) => Ok(vec![]),
        }
    }
}
