//! A year in sections: a table an area, the years before with the target of each beside its value, what each row serves,
//! what it means and where it comes from.
//!
//! **Invariant:** targets and values are printed in the document's own words; a number keeps its exact value beside
//! them, so that a spreadsheet can reckon with it. Start at [`document`].

use filo_domain::vocabulary::Word;
use filo_indicators::scorecard::{
    Outcome, Previous, Quantity, QuantityUnit, ScoreRow, Scorecard, Tags, Value,
};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{
    Block, Column, ColumnKind, Definition, Document, DocumentError, Entry, Fact, Group, Header, Opening,
    Periods, Row, Scale, Section, Shown, Table,
};
use crate::{
    figures::{Cell, Unit},
    scorecard::{Compared, Side},
    words::{MissingText, Words},
};

/// From here on a time is told in days.
const HALF_A_DAY_S: i64 = 43_200;

/// Puts a yearly table into words.
///
/// # Errors
/// When the city lacks a text.
pub(super) fn document(card: &Scorecard, words: &Words) -> Result<Document, DocumentError> {
    let writer = Writer { card, words };
    let mut sections = vec![writer.areas()?];
    sections.extend(writer.trend()?);
    sections.extend(writer.tags()?);
    sections.push(writer.sources()?);
    Ok(Document { header: writer.header()?, sections })
}

struct Writer<'a> {
    card: &'a Scorecard,
    words: &'a Words,
}

impl Writer<'_> {
    fn text(&self, key: &str) -> Result<String, MissingText> {
        self.words.text(&format!("report.scorecard.{key}")).map(str::to_owned)
    }

    fn header(&self) -> Result<Header, DocumentError> {
        let (card, year) = (self.card, self.card.year.to_string());
        let measured = card.rows.iter().any(|row| row.definition.is_some());
        let elsewhere = card.rows.iter().any(|row| row.source.is_some());
        let entered = card.rows.iter().filter_map(|row| row.source.as_ref()).any(|it| it.entered.is_some());
        let state = match (elsewhere, measured, entered) {
            (true, false, false) => "published",
            (true, false, true) => "published_or_entered",
            (true, true, _) => "mixed",
            (false, _, _) => "measured",
        };
        let made_with =
            if elsewhere { self.text("made_with")? } else { self.words.text("report.made_with")?.to_owned() };
        let unfinished = measured && self.words.city.zone.local(card.as_of).year() <= card.year;
        let notice = unfinished.then(|| self.text("unfinished_notice")).transpose()?;
        Ok(Header {
            title: self.words.fill("report.scorecard.title", &[("year", &year)])?,
            periods: Periods::alone(year.clone()),
            state: self.text(state)?,
            reason: None,
            as_of: self.words.instant(card.as_of)?,
            notices: notice.into_iter().collect(),
            pending: vec![],
            opening: Opening::explain(&year, "tasso-risposta"),
            attached: self.text("attached")?,
            made_with,
            made_at: card.as_of,
            inputs: None,
            stem: card.file_stem(),
        })
    }

    fn before(&self) -> i16 {
        self.card.year.saturating_sub(1)
    }

    fn column(&self, key: &str, kind: ColumnKind) -> Result<Column, MissingText> {
        self.text(key).map(|heading| Column::new(heading, kind))
    }

    fn table(
        &self,
        key: &'static str,
        title: String,
        groups: Vec<Group>,
        rows: Vec<Row>,
    ) -> Result<Table, MissingText> {
        let (when, empty) = (self.card.year.to_string(), self.text("empty")?);
        Ok(Table { key, title, when, groups, rows, empty, appendix: false, quoted: false })
    }

    fn areas(&self) -> Result<Section, DocumentError> {
        let mut areas: Vec<&str> = Vec::new();
        for row in &self.card.rows {
            if !areas.contains(&row.area.as_str()) {
                areas.push(&row.area);
            }
        }
        let mut blocks = vec![Block::Note(self.text("intro")?)];
        for area in &areas {
            blocks.push(Block::Table(self.area(area)?));
        }
        if areas.is_empty() {
            blocks.push(Block::Note(self.text("empty")?));
        } else {
            blocks.push(Block::Definitions(self.definitions()?));
        }
        Ok(Section { key: "table", title: self.text("caption")?, blocks })
    }

    /// The rows of a heading: target, value and result of the year, beside the year before where any row has it.
    fn area(&self, area: &str) -> Result<Table, MissingText> {
        let own: Vec<&ScoreRow> = self.card.rows.iter().filter(|row| row.area == area).collect();
        let beside = own.iter().any(|row| row.previous.as_ref().is_some_and(Previous::is_known));
        let name = Group { heading: None, columns: vec![self.column("indicator", ColumnKind::Name)?] };
        let parts =
            [("target", ColumnKind::Words), ("achieved", ColumnKind::Figure), ("result", ColumnKind::Figure)];
        let parts = parts.into_iter().map(|(key, kind)| self.part(key, kind, beside));
        let groups = std::iter::once(Ok(name)).chain(parts).collect::<Result<_, _>>()?;
        let rows = own.into_iter().map(|row| self.row(row, beside)).collect::<Result<_, _>>()?;
        let table = self.table("scorecard", area.to_owned(), groups, rows)?;
        let when = if beside { format!("{}, {}", self.before(), self.card.year) } else { table.when };
        Ok(Table { when, quoted: true, ..table })
    }

    fn part(&self, key: &str, kind: ColumnKind, beside: bool) -> Result<Group, MissingText> {
        if !beside {
            return Ok(Group { heading: None, columns: vec![self.column(key, kind)?] });
        }
        let year = |year: i16| Column::new(year.to_string(), kind);
        let mut columns = vec![year(self.before()), year(self.card.year)];
        if key != "result" {
            columns.push(self.column("change", ColumnKind::Words)?);
        }
        Ok(Group { heading: Some(self.text(key)?), columns })
    }

    fn row(&self, row: &ScoreRow, beside: bool) -> Result<Row, MissingText> {
        let own = row.in_year(self.card.year);
        let name = Entry::Quoted { text: row.label.clone(), key: Some(row.key.clone()), again: false };
        let (target, achieved, result) = self.year(&own, true)?;
        if !beside {
            return Ok(Row::of(vec![name, target, achieved, result]));
        }
        let compared = Compared::of(row.previous.as_ref(), &own, self.words)?;
        let remark = if compared.watch { Some(self.text("watch")?) } else { None };
        let (target_before, achieved_before, result_before) = match &row.previous {
            Some(previous) => self.year(previous, false)?,
            None => [(); 3].map(|()| Entry::Empty).into(),
        };
        let (target_change, achieved_change) =
            (self.change(&compared.target)?, self.change(&compared.achieved)?);
        let cells = vec![
            name,
            target_before,
            target,
            target_change,
            achieved_before,
            achieved,
            achieved_change,
            result_before,
            result,
        ];
        Ok(Row { remark, ..Row::of(cells) })
    }

    /// Target, value and result of one year.
    fn year(&self, year: &Previous, own: bool) -> Result<(Entry, Entry, Entry), MissingText> {
        let target = match &year.target {
            Some(target) => quoted(&target.text),
            None => Entry::Text(self.words.text("report.number.unknown")?.to_owned()),
        };
        Ok((target, self.quantity(year.achieved.as_ref(), own)?, self.result(&year.result, own)?))
    }

    /// `+2 min – meno severo`
    fn change(&self, side: &Side) -> Result<Entry, MissingText> {
        let verdict = side.verdict.map(|verdict| self.text(verdict)).transpose()?;
        let said = [side.change.clone(), verdict].into_iter().flatten().collect::<Vec<_>>();
        Ok(if said.is_empty() { Entry::Empty } else { Entry::Text(said.join(" – ")) })
    }

    /// Every year that has the indicator, with its own target beside its value; `None` when no indicator has another.
    fn trend(&self) -> Result<Option<Section>, DocumentError> {
        let longer: Vec<&ScoreRow> = self.card.rows.iter().filter(|row| !row.trend.is_empty()).collect();
        let Some(first) = longer.iter().flat_map(|row| &row.trend).map(|year| year.year).min() else {
            return Ok(None);
        };
        let columns = vec![
            self.column("indicator", ColumnKind::Name)?,
            self.column("year", ColumnKind::Words)?,
            self.column("target", ColumnKind::Words)?,
            self.column("target_change", ColumnKind::Words)?,
            self.column("achieved", ColumnKind::Figure)?,
            self.column("change", ColumnKind::Words)?,
            self.column("result", ColumnKind::Figure)?,
        ];
        let mut rows = Vec::new();
        for row in longer {
            rows.extend(self.years(row)?);
        }
        let title = self.text("trend_caption")?;
        let table = self.table("trend", title, vec![Group { heading: None, columns }], rows)?;
        let table = Table { when: format!("{first}–{}", self.card.year), ..table };
        let blocks = vec![Block::Note(self.text("trend_intro")?), Block::Table(table)];
        Ok(Some(Section { key: "trend", title: self.text("trend")?, blocks }))
    }

    /// An indicator's years, each compared with the one above it.
    fn years(&self, row: &ScoreRow) -> Result<Vec<Row>, MissingText> {
        let own = row.in_year(self.card.year);
        let mut rows = Vec::new();
        let mut before: Option<&Previous> = None;
        for year in row.trend.iter().chain([&own]) {
            let compared = Compared::of(before, year, self.words)?;
            let (target, achieved, result) = self.year(year, year.year == self.card.year)?;
            let key = before.is_none().then(|| row.key.clone());
            let cells = vec![
                Entry::Quoted { text: row.label.clone(), key, again: before.is_some() },
                Entry::Text(year.year.to_string()),
                target,
                self.change(&compared.target)?,
                achieved,
                self.change(&compared.achieved)?,
                result,
            ];
            let remark = if compared.watch { Some(self.text("watch")?) } else { None };
            rows.push(Row { remark, ..Row::of(cells) });
            before = Some(year);
        }
        Ok(rows)
    }

    /// What each row serves by the city's plan of objectives; `None` when no row says it.
    fn tags(&self) -> Result<Option<Section>, DocumentError> {
        let tagged: Vec<&ScoreRow> = self.card.rows.iter().filter(|row| !row.tags.is_empty()).collect();
        if tagged.is_empty() {
            return Ok(None);
        }
        let columns = vec![
            self.column("indicator", ColumnKind::Name)?,
            self.column("programme", ColumnKind::Words)?,
            self.column("direction", ColumnKind::Words)?,
            self.column("dimension", ColumnKind::Words)?,
            self.column("driver", ColumnKind::Words)?,
        ];
        let rows = tagged.into_iter().map(|row| self.tags_row(row)).collect::<Result<_, _>>()?;
        let table =
            self.table("tags", self.text("tags_caption")?, vec![Group { heading: None, columns }], rows)?;
        Ok(Some(Section { key: "tags", title: self.text("tags")?, blocks: vec![Block::Table(table)] }))
    }

    fn tags_row(&self, row: &ScoreRow) -> Result<Row, MissingText> {
        let Tags { programme, direction, dimension, driver } = &row.tags;
        let said = |text: &Option<String>| text.as_ref().map_or(Entry::Empty, |text| quoted(text));
        let word = |kind: &str, word: &str| self.text(&format!("tag.{kind}.{word}"));
        let dimension = dimension.map(|it| word("dimension", it.word())).transpose()?;
        let drivers = driver.iter().map(|it| word("driver", it.word())).collect::<Result<Vec<_>, _>>()?;
        Ok(Row::of(vec![
            quoted(&row.label),
            said(programme),
            said(direction),
            dimension.map_or(Entry::Empty, Entry::Text),
            if drivers.is_empty() { Entry::Empty } else { Entry::Text(drivers.join(", ")) },
        ]))
    }

    /// How results come about, and what the measured values mean.
    fn definitions(&self) -> Result<Vec<Definition>, MissingText> {
        let result = Definition {
            place: self.text("result")?,
            words: self.text("result_words")?,
            formula: self.text("result_formula")?,
            language: if self.words.language == "en" { "en" } else { "it" },
        };
        let meaning = |row: &ScoreRow| {
            let meaning = row.definition.clone()?;
            // The city's definitions are in its first language.
            Some(Definition {
                place: row.key.clone(),
                words: meaning.words,
                formula: meaning.formula,
                language: "it",
            })
        };
        Ok(std::iter::once(result).chain(self.card.rows.iter().filter_map(meaning)).collect())
    }

    /// Where each row was published or entered from, and as of when the others were measured.
    fn sources(&self) -> Result<Section, DocumentError> {
        let columns =
            vec![self.column("indicator", ColumnKind::Name)?, self.column("source", ColumnKind::Words)?];
        let row = |row: &ScoreRow| Ok(Row::of(vec![quoted(&row.label), self.source(row)?]));
        let rows = self.card.rows.iter().map(row).collect::<Result<_, MissingText>>()?;
        let table = self.table(
            "sources",
            self.text("sources_caption")?,
            vec![Group { heading: None, columns }],
            rows,
        )?;
        let about = vec![
            Fact::of("period", self.card.year.to_string(), self.words)?,
            Fact::of("as_of", self.words.instant(self.card.as_of)?, self.words)?,
        ];
        let blocks = vec![Block::About(about), Block::Table(table)];
        Ok(Section { key: "sources", title: self.text("sources")?, blocks })
    }

    fn source(&self, row: &ScoreRow) -> Result<Entry, MissingText> {
        let Some(source) = &row.source else {
            let measured = row.definition.is_some();
            let said = if measured {
                self.text("measured")
            } else {
                self.words.text("report.number.unknown").map(str::to_owned)
            };
            return said.map(Entry::Text);
        };
        let mut said = vec![source.document.clone()];
        said.extend(Some(source.section.clone()).filter(|section| !section.is_empty()));
        let Some(entered) = &source.entered else { return Ok(quoted(&said.join(", "))) };
        let (at, revision) = (self.words.instant(entered.at)?, entered.revision.to_string());
        let by_hand = [("at", at.as_str()), ("revision", revision.as_str())];
        said.push(self.words.fill("report.scorecard.entered", &by_hand)?);
        if let Some(file) = &entered.file {
            let named = [("name", file.name.as_str()), ("sha256", file.sha256.as_str())];
            said.push(self.words.fill("report.scorecard.file", &named)?);
        }
        said.extend(entered.note.clone());
        Ok(quoted(&said.join(", ")))
    }

    /// A value in its own words with its number; days and yes or no are words alone.
    fn quantity(&self, quantity: Option<&Quantity>, main: bool) -> Result<Entry, MissingText> {
        let Some(quantity) = quantity else { return self.unknown(Unit::Count) };
        let Value::Number(value) = quantity.value else { return Ok(Entry::Text(quantity.text.clone())) };
        let days = value.abs() >= Decimal::from(HALF_A_DAY_S);
        let (unit, scale, value) = match quantity.unit {
            QuantityUnit::Share => (Unit::Share, Scale::Days, value),
            QuantityUnit::S if days => (Unit::Seconds, Scale::Days, value),
            QuantityUnit::S => (Unit::Seconds, Scale::Seconds, value),
            QuantityUnit::Eur => (Unit::Cents, Scale::Days, value.saturating_mul(Decimal::ONE_HUNDRED)),
            QuantityUnit::Count if !value.fract().is_zero() => (Unit::Quotient, Scale::Days, value),
            QuantityUnit::Count | QuantityUnit::Date | QuantityUnit::Bool => {
                (Unit::Count, Scale::Days, value)
            }
        };
        let cell = Cell { value: value.to_f64(), unit, pointer: None };
        Ok(Entry::Figure(Shown { text: quantity.text.clone(), cell, scale, main }))
    }

    /// Truncated, as the documents print it; the mark is the language's own.
    fn result(&self, result: &Outcome, main: bool) -> Result<Entry, MissingText> {
        let (Some(percent), Some(printed)) = (result.percent, &result.printed) else {
            return self.unknown(Unit::Share);
        };
        let value = printed.replace(',', self.words.text("report.number.decimal_mark")?);
        let text = self.words.fill("report.number.percent", &[("value", &value)])?;
        let share = percent.checked_div(Decimal::ONE_HUNDRED).and_then(|share| share.to_f64());
        let cell = Cell { value: share, unit: Unit::Share, pointer: None };
        Ok(Entry::Figure(Shown { text, cell, scale: Scale::Days, main }))
    }

    fn unknown(&self, unit: Unit) -> Result<Entry, MissingText> {
        let text = self.words.text("report.number.unknown")?.to_owned();
        let cell = Cell { value: None, unit, pointer: None };
        Ok(Entry::Figure(Shown { text, cell, scale: Scale::Days, main: false }))
    }
}

/// What others wrote.
fn quoted(text: &str) -> Entry {
    Entry::Quoted { text: text.to_owned(), key: None, again: false }
}
