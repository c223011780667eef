//! The document as the template reads it: plain values, in letters that the font has.
//!
//! **Invariant:** a table is no wider than a page: what stands under common headings becomes a table of its own, and
//! places in the report are left to the other forms.

use serde_json::{Value, json};

use super::{PdfError, typeset::showable};
use crate::{
    document::{
        Block, Card, Change, Chart, Column, ColumnKind, Definition, Document, Entry, Fact, Group, Row,
        Section, Table,
    },
    svg::svg,
    words::Words,
};

/// The report's JSON, as it is attached.
pub(super) const ATTACHMENT: &str = "filo-report.json";
/// More columns than this do not fit beside each other.
const COLUMNS: usize = 9;
const NO_BREAK: char = '\u{a0}';

/// What the template prints.
pub(super) struct Content {
    pub(super) data: Value,
    /// The drawings, by name.
    pub(super) charts: Vec<(String, Vec<u8>)>,
}

impl Content {
    pub(super) fn of(document: &Document, words: &Words) -> Result<Self, PdfError> {
        let header = &document.header;
        let compared = header.periods.compared_names();
        let compared = compared.map(|name| words.fill("report.from_month", &[("month", name)]));
        let compared: Vec<String> = compared.collect::<Result<_, _>>()?;
        let mut writer = Writer { compared, charts: Vec::new() };
        let sections: Vec<Value> = document.sections.iter().map(|section| writer.section(section)).collect();
        let local = words.city.zone.local(header.made_at);
        let (month, day, hour) = (i16::from(local.month()), i16::from(local.day()), i16::from(local.hour()));
        let date = [local.year(), month, day, hour, local.minute().into(), local.second().into()];
        let pending = header.pending.iter().map(|(source, count)| text(&format!("{source}: {count}")));
        let definitions: Vec<Value> = document.definitions().map(definition).collect();
        let data = json!({
            "language": words.language,
            "quoted_language": words.city.profile.languages.first().unwrap_or(&words.language),
            "city": text(&words.city.profile.name),
            "title": text(&header.title),
            "state": text(&header.state),
            "known_at": text(&words.fill("report.known_at", &[("at", &header.as_of)])?),
            "reason": match &header.reason {
                Some(reason) => Some(text(&words.fill("report.reason_line", &[("reason", reason)])?)),
                None => None,
            },
            "notices": header.notices.iter().map(|notice| text(notice)).chain(pending).collect::<Vec<_>>(),
            "date": date,
            "page": text(words.text("report.page")?),
            // What begins with its main figures has its contents after them.
            "contents": match document.is_summarised() {
                true => Some(text(words.text("report.navigation")?)),
                false => None,
            },
            // Tables of words are wide.
            "landscape": document.is_wordy(),
            "made_with": text(&header.made_with),
            "attached": text(&header.attached),
            "attachment": ATTACHMENT,
            "definitions_title": text(words.text("report.section.definitions")?),
            "sections": sections,
            "definitions": definitions,
        });
        Ok(Self { data, charts: writer.charts })
    }
}

fn text(text: &str) -> Value {
    Value::String(showable(text))
}

/// A number that stays in one piece; a change may break before its share.
fn whole(number: &str) -> Value {
    text(&joined(number))
}

fn joined(number: &str) -> String {
    let joined = number.replace(' ', &NO_BREAK.to_string());
    joined.replace(&format!("{NO_BREAK}("), " (")
}

/// Sections as the template takes them.
struct Writer {
    /// What stands after each change.
    compared: Vec<String>,
    charts: Vec<(String, Vec<u8>)>,
}

impl Writer {
    fn section(&mut self, section: &Section) -> Value {
        let blocks: Vec<Value> = section.blocks.iter().flat_map(|block| self.block(block)).collect();
        json!({ "title": text(&section.title), "blocks": blocks })
    }

    fn block(&mut self, block: &Block) -> Vec<Value> {
        match block {
            Block::Note(note) => vec![json!({ "kind": "note", "text": text(note) })],
            Block::Cards(cards) => {
                let cards: Vec<Value> = cards.iter().map(|it| self.card(it)).collect();
                vec![json!({ "kind": "cards", "cards": cards })]
            }
            // The attachment has them all.
            Block::Table(table) if table.appendix => vec![],
            Block::Table(table) => {
                fitting(table).into_iter().map(|columns| table_of(table, &columns)).collect()
            }
            Block::Chart(chart) => vec![self.chart(chart)],
            // They close the document.
            Block::Definitions(_) => vec![],
            Block::About(facts) => {
                vec![json!({ "kind": "about", "facts": facts.iter().map(fact).collect::<Vec<_>>() })]
            }
        }
    }

    fn card(&self, card: &Card) -> Value {
        let said = |entry: &Entry| match entry {
            Entry::Text(text) => text.clone(),
            Entry::Figure(shown) => shown.text.replace(' ', &NO_BREAK.to_string()),
            _ => String::new(),
        };
        let detail: Vec<String> = card.detail.iter().map(said).collect();
        let change = |(change, from): (&Change, &String)| format!("{} {from}", joined(&change.text));
        let changes: Vec<String> = card.changes.iter().zip(&self.compared).map(change).collect();
        json!({
            "what": text(&card.what),
            "value": whole(&card.figure.text),
            "detail": text(&detail.join(" ")),
            "changes": text(&changes.join(" · ")),
        })
    }

    fn chart(&mut self, chart: &Chart) -> Value {
        let name = format!("chart-{}.svg", self.charts.len());
        self.charts.push((name.clone(), showable(&svg(chart, "")).into_bytes()));
        json!({ "kind": "chart", "title": text(&chart.title), "when": text(&chart.when), "alt": text(&chart.alt), "file": name })
    }
}

fn fact(fact: &Fact) -> Value {
    // A hash may break anywhere.
    let broken =
        |code: &String| showable(code).chars().flat_map(|letter| [letter, '\u{200b}']).collect::<String>();
    json!({ "term": text(&fact.term), "detail": text(&fact.detail), "code": fact.code.as_ref().map(broken) })
}

fn definition(definition: &Definition) -> Value {
    json!({ "place": text(&definition.place), "words": text(&definition.words), "formula": text(&definition.formula), "language": definition.language })
}

/// The columns of each table that a table becomes, so that it fits the page.
fn fitting(table: &Table) -> Vec<Vec<usize>> {
    let printed = |(_, column): &(usize, &Column)| column.kind != ColumnKind::Pointer;
    let all: Vec<usize> = table.columns().enumerate().filter(printed).map(|(nth, _)| nth).collect();
    if all.len() <= COLUMNS {
        return vec![all];
    }
    let grouped = grouped_columns(table);
    let (under, beside): (Vec<usize>, Vec<usize>) = all.into_iter().partition(|nth| grouped.contains(nth));
    let name = beside.first().copied();
    vec![beside, name.into_iter().chain(under).collect()]
}

fn grouped_columns(table: &Table) -> Vec<usize> {
    let mut next = 0_usize;
    let mut grouped = Vec::new();
    for Group { heading, columns } in &table.groups {
        let end = next.saturating_add(columns.len());
        if heading.is_some() {
            grouped.extend(next..end);
        }
        next = end;
    }
    grouped
}

fn table_of(table: &Table, kept: &[usize]) -> Value {
    let columns: Vec<&Column> = table.columns().collect();
    let heads: Vec<Value> =
        kept.iter().filter_map(|nth| columns.get(*nth)).map(|column| head(column)).collect();
    let rows: Vec<Value> = table.rows.iter().map(|row| row_of(row, kept)).collect();
    json!({
        "kind": "table",
        "title": text(&table.title),
        "quoted": table.quoted,
        "when": text(&table.when),
        "groups": groups_of(table, kept),
        "heads": heads,
        "rows": rows,
        "empty": text(&table.empty),
    })
}

/// The common headings over the kept columns, each with how many it covers; empty when there are none.
fn groups_of(table: &Table, kept: &[usize]) -> Vec<Value> {
    let mut next = 0_usize;
    let mut spans = Vec::new();
    for Group { heading, columns } in &table.groups {
        let end = next.saturating_add(columns.len());
        let span = kept.iter().filter(|nth| (next..end).contains(nth)).count();
        if span > 0 {
            spans.push((heading.as_deref().unwrap_or_default(), span));
        }
        next = end;
    }
    if spans.iter().all(|(heading, _)| heading.is_empty()) {
        return vec![];
    }
    spans.into_iter().map(|(heading, span)| json!({ "heading": text(heading), "span": span })).collect()
}

fn head(column: &Column) -> Value {
    let kind = match column.kind {
        ColumnKind::Name => "name",
        ColumnKind::Figure => "number",
        ColumnKind::Change => "change",
        ColumnKind::Bar => "bar",
        ColumnKind::Words | ColumnKind::Pointer => "words",
    };
    json!({ "text": text(&column.heading), "kind": kind })
}

fn row_of(row: &Row, kept: &[usize]) -> Value {
    let cells: Vec<Value> = kept.iter().filter_map(|nth| row.cells.get(*nth)).map(cell).collect();
    json!({ "total": row.total, "cells": cells, "remark": row.remark.as_deref().map(text) })
}

fn cell(entry: &Entry) -> Value {
    match entry {
        Entry::Empty => json!({ "text": "" }),
        Entry::Text(said) | Entry::Pointer(said) | Entry::Name { text: said, .. } => {
            json!({ "text": text(said) })
        }
        Entry::Quoted { text: said, again, .. } => {
            json!({ "text": text(said), "quoted": true, "again": again })
        }
        Entry::Figure(shown) => {
            json!({ "text": whole(&shown.text), "main": shown.main, "unknown": shown.cell.value.is_none() })
        }
        Entry::Change(change) => json!({ "text": whole(&change.text), "unknown": change.value.is_none() }),
        Entry::Bar(share) => json!({ "text": "", "bar": share.clamp(0.0, 1.0) }),
    }
}
