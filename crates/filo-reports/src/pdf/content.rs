//! The document as the template reads it: plain values, in letters that the font has.
//!
//! **Invariant:** a table is no wider than a page: what stands under common headings becomes a table of its own, and
//! places in the report are left to the other forms.

use filo_indicators::report::MonthlyReport;
use serde_json::{Value, json};

use super::{PdfError, typeset::showable};
use crate::{
    document::{
        Block, Card, Chart, Column, ColumnKind, Definition, Document, Entry, Fact, Group, Row, Section, Table,
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
    pub(super) fn of(document: &Document, report: &MonthlyReport, words: &Words) -> Result<Self, PdfError> {
        let mut charts = Vec::new();
        let sections: Vec<Value> =
            document.sections.iter().map(|section| section_of(section, &mut charts)).collect();
        let header = &document.header;
        let local = words.city.zone.local(report.generated_at);
        let (month, day, hour) = (i16::from(local.month()), i16::from(local.day()), i16::from(local.hour()));
        let date = [local.year(), month, day, hour, local.minute().into(), local.second().into()];
        let pending = header.pending.iter().map(|(source, count)| text(&format!("{source}: {count}")));
        let definitions: Vec<Value> = document.definitions().map(definition).collect();
        let data = json!({
            "language": words.language,
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
            "contents": text(words.text("report.navigation")?),
            "made_with": text(words.text("report.made_with")?),
            "attached": text(words.text("report.attached")?),
            "attachment": ATTACHMENT,
            "definitions_title": text(words.text("report.section.definitions")?),
            "from_previous": text(&words.fill("report.from_month", &[("month", &header.periods.previous)])?),
            "from_last_year": text(&words.fill("report.from_month", &[("month", &header.periods.last_year)])?),
            "sections": sections,
            "definitions": definitions,
        });
        Ok(Self { data, charts })
    }
}

fn text(text: &str) -> Value {
    Value::String(showable(text))
}

/// A number that stays in one piece; a change may break before its share.
fn whole(number: &str) -> Value {
    let joined = number.replace(' ', &NO_BREAK.to_string());
    text(&joined.replace(&format!("{NO_BREAK}("), " ("))
}

fn section_of(section: &Section, charts: &mut Vec<(String, Vec<u8>)>) -> Value {
    let blocks: Vec<Value> = section.blocks.iter().flat_map(|block| block_of(block, charts)).collect();
    json!({ "title": text(&section.title), "blocks": blocks })
}

fn block_of(block: &Block, charts: &mut Vec<(String, Vec<u8>)>) -> Vec<Value> {
    match block {
        Block::Note(note) => vec![json!({ "kind": "note", "text": text(note) })],
        Block::Cards(cards) => {
            vec![json!({ "kind": "cards", "cards": cards.iter().map(card).collect::<Vec<_>>() })]
        }
        // The attachment has them all.
        Block::Table(table) if table.appendix => vec![],
        Block::Table(table) => fitting(table).into_iter().map(|columns| table_of(table, &columns)).collect(),
        Block::Chart(chart) => vec![chart_of(chart, charts)],
        // They close the document.
        Block::Definitions(_) => vec![],
        Block::About(facts) => {
            vec![json!({ "kind": "about", "facts": facts.iter().map(fact).collect::<Vec<_>>() })]
        }
    }
}

fn card(card: &Card) -> Value {
    let said = |entry: &Entry| match entry {
        Entry::Text(text) => text.clone(),
        Entry::Figure(shown) => shown.text.replace(' ', &NO_BREAK.to_string()),
        _ => String::new(),
    };
    let detail: Vec<String> = card.detail.iter().map(said).collect();
    json!({
        "what": text(&card.what),
        "value": whole(&card.figure.text),
        "detail": text(&detail.join(" ")),
        "changes": card.changes.iter().map(|change| whole(&change.text)).collect::<Vec<_>>(),
    })
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

fn chart_of(chart: &Chart, charts: &mut Vec<(String, Vec<u8>)>) -> Value {
    let name = format!("chart-{}.svg", charts.len());
    charts.push((name.clone(), showable(&svg(chart, "")).into_bytes()));
    json!({ "kind": "chart", "title": text(&chart.title), "when": text(&chart.when), "alt": text(&chart.alt), "file": name })
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
    json!({ "total": row.total, "cells": cells })
}

fn cell(entry: &Entry) -> Value {
    match entry {
        Entry::Empty => json!({ "text": "" }),
        Entry::Text(said) | Entry::Pointer(said) | Entry::Name { text: said, .. } => {
            json!({ "text": text(said) })
        }
        Entry::Figure(shown) => {
            json!({ "text": whole(&shown.text), "main": shown.main, "unknown": shown.cell.value.is_none() })
        }
        Entry::Change(change) => json!({ "text": whole(&change.text), "unknown": change.value.is_none() }),
        Entry::Bar(share) => json!({ "text": "", "bar": share.clamp(0.0, 1.0) }),
    }
}
