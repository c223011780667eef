//! A report as one page that stands alone: no script, no request, readable on screen, on paper and aloud.
//!
//! **Invariant:** the page prints what the report holds and marks each figure with the command that opens it up.
//! What stands where is the [`Document`]; how a cell looks is here, how a section does in `templates/report.html`.
//! Start at [`HtmlReport`].

use std::sync::Arc;

use filo_domain::city::City;
use filo_indicators::render::{Printable, Render, RenderError, Wanted};
use minijinja::{Value, context};

use crate::{
    document::{Block, Card, Change, Column, ColumnKind, Document, Entry, Row, Section, Shown, Table},
    page::{self, FORMAT, escaped},
    svg::svg,
    words::Words,
};

const TEMPLATE: &str = include_str!("../templates/report.html");

/// Writes the report as a page in one of the city's languages.
#[derive(Clone, Debug)]
pub struct HtmlReport {
    city: Arc<City>,
}

impl HtmlReport {
    /// With the city's words.
    pub fn new(city: Arc<City>) -> Self {
        Self { city }
    }
}

impl Render for HtmlReport {
    fn format(&self) -> &'static str {
        FORMAT
    }
    fn render(&self, report: Printable<'_>, wanted: &Wanted) -> Result<Vec<u8>, RenderError> {
        let words = Arc::new(Words::wanted(Arc::clone(&self.city), wanted));
        let document = Document::of(report, &words).map_err(failed)?;
        let mut environment = page::environment(&words).map_err(failed)?;
        let quoted = words.city.profile.languages.first().filter(|first| **first != words.language);
        let page = Page { document: &document, quoted: quoted.map(String::as_str) };
        page::render(&mut environment, TEMPLATE, page.context())
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> RenderError {
    RenderError::new(FORMAT, error)
}

/// A document as the template sees it.
struct Page<'a> {
    document: &'a Document,
    /// The language of what is quoted, where it is not the page's.
    quoted: Option<&'a str>,
}

impl Page<'_> {
    fn context(&self) -> Value {
        let header = &self.document.header;
        let pending = |(source, count): &(String, u64)| format!("{source}: {count}");
        context! {
            title => &header.title,
            example => header.opening.example(),
            state => &header.state,
            reason => &header.reason,
            as_of => &header.as_of,
            made_with => &header.made_with,
            notices => &header.notices,
            pending => header.pending.iter().map(pending).collect::<Vec<_>>().join("; "),
            sections => self.document.sections.iter().map(|section| self.section(section)).collect::<Vec<_>>(),
        }
    }

    fn section(&self, section: &Section) -> Value {
        let blocks: Vec<Value> = section.blocks.iter().map(|block| self.block(block)).collect();
        context! { key => section.key, title => &section.title, blocks }
    }

    fn block(&self, block: &Block) -> Value {
        match block {
            Block::Note(text) => context! { kind => "note", text },
            Block::Cards(cards) => {
                context! { kind => "cards", cards => cards.iter().map(|card| self.card(card)).collect::<Vec<_>>() }
            }
            Block::Table(table) => self.table(table),
            Block::Chart(chart) => {
                let attributes = format!(" role=\"img\" aria-label=\"{}\"", escaped(&chart.alt));
                let drawing = Value::from_safe_string(svg(chart, &attributes));
                context! { kind => "chart", title => &chart.title, when => &chart.when, drawing }
            }
            Block::Definitions(entries) => {
                let entry = |it: &crate::document::Definition| {
                    context! { place => &it.place, words => &it.words, formula => &it.formula, language => it.language }
                };
                context! { kind => "definitions", entries => entries.iter().map(entry).collect::<Vec<_>>() }
            }
            Block::About(facts) => {
                let fact = |it: &crate::document::Fact| {
                    context! { term => &it.term, detail => &it.detail, code => &it.code }
                };
                context! { kind => "about", facts => facts.iter().map(fact).collect::<Vec<_>>() }
            }
        }
    }

    fn card(&self, card: &Card) -> Value {
        let piece = |entry: &Entry| match entry {
            Entry::Figure(shown) => self.data(shown),
            Entry::Text(text) => escaped(text),
            _ => String::new(),
        };
        let periods = &self.document.header.periods;
        let changes = card.changes.iter().map(|it| &it.text).zip(periods.compared_names());
        let detail: Vec<String> = card.detail.iter().map(piece).collect();
        context! {
            what => &card.what,
            value => Value::from_safe_string(self.data(&card.figure)),
            detail => Value::from_safe_string(detail.join(" ")),
            changes => changes.map(|(text, month)| context! { text, month }).collect::<Vec<_>>(),
            pointer => &card.pointer,
        }
    }

    fn table(&self, table: &Table) -> Value {
        let columns: Vec<&Column> = table.columns().collect();
        let one_figure_a_row = columns.first().is_some_and(|first| first.kind == ColumnKind::Name)
            && !table.appendix
            && columns.len() == FIGURE_COLUMNS
            && columns.last().is_some_and(|last| last.kind == ColumnKind::Pointer);
        context! {
            kind => if table.appendix { "appendix" } else { "table" },
            title => &table.title,
            language => self.quoted.filter(|_language| table.quoted),
            when => &table.when,
            class => one_figure_a_row.then_some("figures"),
            width => columns.len(),
            heads => heads(table).into_iter().map(Value::from_safe_string).collect::<Vec<_>>(),
            rows => table.rows.iter().map(|row| self.row(row, table)).collect::<Vec<_>>(),
            empty => &table.empty,
        }
    }

    fn row(&self, row: &Row, table: &Table) -> Value {
        let starts = group_starts(table);
        let columns: Vec<&Column> = table.columns().collect();
        let mut cells = String::new();
        for (nth, entry) in row.cells.iter().enumerate() {
            let kind = columns.get(nth).map_or(ColumnKind::Words, |column| column.kind);
            let remark = row.remark.as_ref().filter(|_remark| kind == ColumnKind::Name);
            cells.push_str(&self.cell(entry, remark, kind, starts.contains(&nth)));
        }
        context! { total => row.total, cells => Value::from_safe_string(cells) }
    }

    fn cell(&self, entry: &Entry, remark: Option<&String>, kind: ColumnKind, starts_group: bool) -> String {
        let tag = if kind == ColumnKind::Name { ("<th scope=\"row\"", "</th>") } else { ("<td", "</td>") };
        let mut classes: Vec<&str> = Vec::new();
        match kind {
            ColumnKind::Figure | ColumnKind::Change => classes.push("n"),
            ColumnKind::Bar if matches!(entry, Entry::Bar(_)) => classes.push("bar"),
            ColumnKind::Words if matches!(entry, Entry::Quoted { .. }) => classes.push("words"),
            ColumnKind::Bar | ColumnKind::Name | ColumnKind::Words | ColumnKind::Pointer => {}
        }
        if matches!(entry, Entry::Figure(shown) if shown.main) {
            classes.push("main");
        }
        if starts_group {
            classes.push("first");
        }
        let class =
            if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.join(" ")) };
        let remark = remark.map(|it| format!(" <span class=\"watch\">{}</span>", escaped(it)));
        format!("{}{class}>{}{}{}\n", tag.0, self.inside(entry), remark.unwrap_or_default(), tag.1)
    }

    fn inside(&self, entry: &Entry) -> String {
        match entry {
            Entry::Empty => String::new(),
            Entry::Text(text) | Entry::Change(Change { text, .. }) => escaped(text),
            Entry::Name { text, pointer } => format!("{} <code>{}</code>", escaped(text), escaped(pointer)),
            Entry::Quoted { text, key, again } => self.quoted(text, key.as_deref(), *again),
            Entry::Figure(shown) => self.data(shown),
            Entry::Pointer(pointer) => format!("<code>{}</code>", escaped(pointer)),
            Entry::Bar(share) => {
                let width = (share * 100.0).clamp(0.0, 100.0);
                format!(
                    "<svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\" \
                     xmlns=\"http://www.w3.org/2000/svg\"><rect class=\"track\" width=\"100\" height=\"10\"/>\
                     <rect class=\"fill\" width=\"{width:.1}\" height=\"10\"/></svg>"
                )
            }
        }
    }

    /// The city's own words, in their language.
    fn quoted(&self, text: &str, key: Option<&str>, again: bool) -> String {
        let language = self.quoted.map(|language| format!(" lang=\"{language}\"")).unwrap_or_default();
        let class = if again { " class=\"again\"" } else { "" };
        let key = key.map(|key| format!(" <code>{}</code>", escaped(key))).unwrap_or_default();
        match (language.as_str(), class) {
            ("", "") => format!("{}{key}", escaped(text)),
            _ => format!("<span{language}{class}>{}</span>{key}", escaped(text)),
        }
    }

    /// A figure with how it is opened.
    fn data(&self, shown: &Shown) -> String {
        let opening = &self.document.header.opening;
        let explain = |pointer: &String| format!(" title=\"{}\"", escaped(&opening.of(pointer)));
        let title = shown.cell.pointer.as_ref().map(explain).unwrap_or_default();
        let text = escaped(&shown.text);
        match shown.cell.value {
            Some(value) => format!("<data value=\"{value}\"{title}>{text}</data>"),
            None => format!("<span class=\"unknown\"{title}>{text}</span>"),
        }
    }
}

/// How many columns a table has that shows one figure a row: they share their widths.
const FIGURE_COLUMNS: usize = 6;

/// The columns with which a common heading starts.
fn group_starts(table: &Table) -> Vec<usize> {
    let mut next = 0_usize;
    let mut starts = Vec::new();
    for group in &table.groups {
        if group.heading.is_some() {
            starts.push(next);
        }
        next = next.saturating_add(group.columns.len());
    }
    starts
}

/// The rows of the head: one, or two when columns stand under common headings.
fn heads(table: &Table) -> Vec<String> {
    let (mut upper, mut lower) = (String::new(), String::new());
    for group in &table.groups {
        let span = group.columns.len();
        match &group.heading {
            Some(heading) => {
                let heading = escaped(heading);
                upper.push_str(&format!(
                    "<th scope=\"colgroup\" colspan=\"{span}\" class=\"first\">{heading}</th>\n"
                ));
                let head = |(nth, column): (usize, &Column)| head(column, "", nth == 0);
                lower.extend(group.columns.iter().enumerate().map(head));
            }
            None if table.is_grouped() => {
                upper.extend(group.columns.iter().map(|column| head(column, " rowspan=\"2\"", false)));
            }
            None => upper.extend(group.columns.iter().map(|column| head(column, "", false))),
        }
    }
    [upper, lower].into_iter().filter(|row| !row.is_empty()).collect()
}

fn head(column: &Column, span: &str, first: bool) -> String {
    let class = match column.kind {
        ColumnKind::Bar => return "<td class=\"bar\"></td>\n".to_owned(),
        ColumnKind::Figure if first => " class=\"n first\"",
        ColumnKind::Figure => " class=\"n\"",
        ColumnKind::Change => " class=\"n c-change\"",
        ColumnKind::Pointer => " class=\"c-explain\"",
        ColumnKind::Name => " class=\"c-name\"",
        ColumnKind::Words => "",
    };
    format!("<th scope=\"col\"{span}{class}>{}</th>\n", escaped(&column.heading))
}
