//! A report as CSV: every figure in one long table, the lists as tables of their own, and the definitions; of a year the
//! one table.
//!
//! **Invariant:** each number of a JSON report, and each unknown one, has its row in `figures.csv`; headers are the
//! keys of the JSON, nested ones joined by `_`. The zip carries no clock. Start at [`CsvReport`].

use std::{
    collections::{BTreeMap, HashSet},
    io::{Cursor, Write},
};

use filo_indicators::{
    campaign::{Campaign, CampaignReport},
    render::{Marks, Printable, Render, RenderError, Wanted},
    report::{MonthlyReport, row_key},
    words,
};
use serde_json::Value;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    figures::{Figures, Leaf, Part, Unit},
    outline::{self, Field, List, SectionSpec},
    scorecard::scorecard_csv,
    table::{Cell, FORMAT, Table, cell, cell_or_empty, text, word},
};

/// What a duration has in columns.
const DURATION: [&str; 5] = ["clock", "n", "mean_s", "median_s", "p90_s"];

/// Writes the report as a zip of CSV files.
#[derive(Clone, Copy, Debug, Default)]
pub struct CsvReport;

impl CsvReport {
    /// The tables of a report by their files' names: of a month or campaign those of a folder, of a year the one.
    ///
    /// # Errors
    /// When a table cannot be written.
    pub fn files(&self, report: Printable<'_>, marks: Marks) -> Result<Vec<(String, Vec<u8>)>, RenderError> {
        let tables = tables(report).map_err(|error| RenderError::new(FORMAT, error))?;
        tables.into_iter().map(|(name, table)| Ok((name.to_owned(), table.bytes(marks)?))).collect()
    }
}

impl Render for CsvReport {
    fn format(&self) -> &'static str {
        FORMAT
    }
    /// Several tables are a zip, one is itself.
    fn render(&self, report: Printable<'_>, wanted: &Wanted) -> Result<Vec<u8>, RenderError> {
        let mut files = self.files(report, wanted.marks)?;
        match files.pop() {
            Some((_, only)) if files.is_empty() => Ok(only),
            last => {
                files.extend(last);
                zipped(&files).map_err(|error| RenderError::new(FORMAT, error))
            }
        }
    }
}

fn tables(report: Printable<'_>) -> Result<Vec<(&'static str, Table)>, serde_json::Error> {
    let own = match report {
        Printable::Year(card) => return Ok(vec![("scorecard.csv", scorecard_csv(card)?)]),
        Printable::Month(report) => Folder {
            own: Part::Month.name(),
            sections: outline::SECTIONS,
            meaning: words::of,
            definitions: &report.definitions,
        },
        Printable::Campaign(report) => Folder {
            own: "campaign",
            sections: outline::CAMPAIGN,
            meaning: words::of_campaign,
            definitions: &report.definitions,
        },
    };
    let figures = Figures::of(&report)?;
    let leaves = figures.leaves();
    let mut tables = vec![
        ("report.csv", header(report)),
        ("figures.csv", own.every_figure(&leaves)),
        ("definitions.csv", own.definitions(&leaves)),
    ];
    if let Printable::Month(report) = report {
        tables.push(("exclusions.csv", exclusions(&figures)));
        if !report.changes.is_empty() {
            tables.push(("changes.csv", changes(report)));
        }
    }
    let lists = outline::lists(own.sections);
    tables.extend(lists.iter().map(|(list, fields)| (list.file, own.list(&figures, list, fields))));
    Ok(tables)
}

/// What the tables of a folder are written from.
struct Folder<'a> {
    /// What the report's own part is called.
    own: &'static str,
    sections: &'static [SectionSpec],
    /// What a figure means.
    meaning: fn(&str) -> (String, String),
    definitions: &'a BTreeMap<String, String>,
}

/// Every entry carries the format's own first instant: the same tables are the same bytes.
fn zipped(files: &[(String, Vec<u8>)]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .last_modified_time(zip::DateTime::default())
        .compression_method(zip::CompressionMethod::Deflated)
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name.as_str(), options)?;
        writer.write_all(bytes)?;
    }
    writer.finish().map(Cursor::into_inner)
}

impl Folder<'_> {
    fn part(&self, part: Part) -> &'static str {
        if part == Part::Month { self.own } else { part.name() }
    }

    /// A list of the report, every part of it, one field a column.
    fn list(&self, figures: &Figures, list: &List, fields: &[Field]) -> Table {
        let columns = columns(list, fields);
        let mut table = Table::new(&["period_part"]);
        table.header.extend(columns.iter().map(|column| column.replace('/', "_")));
        for part in Part::ALL {
            let rows = figures.rows(part, list.path).iter();
            table.rows.extend(rows.map(|row| list_row(self.part(part), row, &columns)));
        }
        table
    }

    fn every_figure(&self, leaves: &[Leaf]) -> Table {
        let mut table = Table::new(&["pointer", "period_part", "value", "unit", "row", "definition"]);
        table.rows.extend(leaves.iter().map(|leaf| {
            vec![
                text(&leaf.pointer).into(),
                self.part(leaf.part).into(),
                cell(&leaf.value),
                Unit::of(&leaf.pattern).name().into(),
                text(&leaf.keys.join(" / ")).into(),
                text(&leaf.pattern).into(),
            ]
        }));
        table
    }

    /// One row a figure, `*` for its rows; the column `definition` of `figures.csv` leads here.
    fn definitions(&self, leaves: &[Leaf]) -> Table {
        let mut table = Table::new(&["definition", "unit", "words", "formula", "version"]);
        let version: Vec<String> =
            self.definitions.iter().map(|(set, version)| format!("{set} {version}")).collect();
        let mut known = HashSet::new();
        for leaf in leaves {
            let (words, formula) = (self.meaning)(&leaf.pattern);
            if !words.is_empty() && known.insert(leaf.pattern.as_str()) {
                let unit = Unit::of(&leaf.pattern).name();
                let cells = [&leaf.pattern, unit, &words, &formula, &version.join(", ")];
                table.rows.push(cells.map(|cell| text(cell).into()).to_vec());
            }
        }
        table
    }
}

fn columns(list: &List, fields: &[Field]) -> Vec<String> {
    let mut columns: Vec<String> =
        [list.key].iter().chain(list.parameters).map(|name| (*name).to_owned()).collect();
    for field in fields {
        match field {
            Field::Figure(name) => columns.push((*name).to_owned()),
            Field::Duration(name) => columns.extend(DURATION.map(|part| format!("{name}/{part}"))),
        }
    }
    columns
}

fn list_row(part: &str, row: &Value, columns: &[String]) -> Vec<Cell> {
    let value = |column: &String| cell_or_empty(row.pointer(&format!("/{column}")));
    std::iter::once(part.into()).chain(columns.iter().map(value)).collect()
}

/// What the report says of itself, by key.
fn header(report: Printable<'_>) -> Table {
    let (rows, definitions) = match report {
        Printable::Month(report) => (month(report), &report.definitions),
        Printable::Campaign(report) => (campaign(report), &report.definitions),
        Printable::Year(_) => return Table::new(&[]),
    };
    let mut table = Table::new(&["key", "value"]);
    table.rows.extend(rows.into_iter().map(|(key, value)| vec![key.into(), text(&value).into()]));
    for (set, version) in definitions {
        table.rows.push(vec![text(&format!("definitions {set}")).into(), text(version).into()]);
    }
    table
}

fn month(report: &MonthlyReport) -> Vec<(&'static str, String)> {
    vec![
        ("schema", report.schema.clone()),
        ("month", report.period.month.clone()),
        ("from", report.period.from.to_string()),
        ("to", report.period.to.to_string()),
        ("zone", report.period.zone.clone()),
        ("state", word(report.state)),
        ("revision", report.revision.map(|revision| revision.to_string()).unwrap_or_default()),
        ("reason", report.reason.clone().unwrap_or_default()),
        ("as_of", report.as_of.to_string()),
        ("generated_at", report.generated_at.to_string()),
        ("inputs_sha256", report.inputs_sha256.clone()),
        ("chain_root", report.chain_root.clone().unwrap_or_default()),
        ("year_to_date_from", report.year_to_date.from.to_string()),
    ]
}

fn campaign(report: &CampaignReport) -> Vec<(&'static str, String)> {
    let Campaign { label, subject, from, to, step } = &report.campaign;
    vec![
        ("schema", report.schema.clone()),
        ("label", label.clone()),
        (subject.word(), subject.key().to_owned()),
        ("first_day", from.to_string()),
        ("day_after_last", to.to_string()),
        ("step", word(step)),
        ("from", report.from.to_string()),
        ("to", report.to.to_string()),
        ("zone", report.zone.clone()),
        ("as_of", report.as_of.to_string()),
        ("inputs_sha256", report.inputs_sha256.clone()),
    ]
}

/// What a restatement changed.
fn changes(report: &MonthlyReport) -> Table {
    let mut table = Table::new(&["pointer", "period_part", "before", "after", "unit", "row", "definition"]);
    table.rows.extend(report.changes.iter().map(|changed| {
        let (part, pattern) = Part::split(&changed.place);
        vec![
            text(changed.pointer.as_deref().unwrap_or_default()).into(),
            part.name().into(),
            cell(&changed.before),
            cell(&changed.after),
            Unit::of(pattern).name().into(),
            text(&changed.rows.join(" / ")).into(),
            text(pattern).into(),
        ]
    }));
    table
}

/// What was left out of each channel's requests, by reason.
fn exclusions(figures: &Figures) -> Table {
    let mut table = Table::new(&["period_part", "channel", "reason", "count"]);
    for part in Part::ALL {
        for channel in figures.rows(part, "/channels") {
            let excluded = channel.get("excluded").and_then(Value::as_array);
            for row in excluded.into_iter().flatten() {
                let field = |key: &str| cell_or_empty(row.get(key));
                let channel = text(&row_key(channel)).into();
                table.rows.push(vec![part.name().into(), channel, field("reason"), field("count")]);
            }
        }
    }
    table
}
