//! `filo export`: facts as CSV or JSON lines, complete, with the row count at the end on stderr.

use std::{
    fs::File,
    io::{BufWriter, Write},
};

use filo_app::{App, ExportKind};
use filo_domain::Instant;
use serde_json::{Map, Value};

use super::Console;
use crate::{
    cli::{Export, ExportFormat},
    exit::Failure,
};

pub(super) async fn run(console: &Console, args: Export) -> Result<(), Failure> {
    let (app, caller, now) = (&console.app, &console.caller, console.now());
    let span = (day(app, &args.from, "--from")?, day(app, &args.to, "--to")?);
    let out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(
            File::create(path).map_err(|error| Failure::Wrong(format!("{}: {error}", path.display())))?,
        ),
        None => Box::new(std::io::stdout()),
    };
    app.note_export(caller, args.what, span, now).await?;
    let mut sheet = Sheet::new(BufWriter::new(out), args.what, args.format)?;
    let (mut rows, mut after) = (0_u64, None);
    loop {
        let page = app.export(args.what, span, after, now).await?;
        for row in &page.rows {
            sheet.write(row)?;
            rows += 1;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    sheet.finish()?;
    super::complain(&format!("{rows} rows"));
    Ok(())
}

/// The first instant of a local day.
fn day(app: &App, text: &str, flag: &str) -> Result<Instant, Failure> {
    let date: jiff::civil::Date = text
        .parse()
        .map_err(|_not_a_date| Failure::Usage(format!("{flag}: {text:?} is no day such as 2026-10-01")))?;
    Ok(app.city().zone.day_start(date))
}

enum Sheet<W: Write> {
    Csv { out: Box<csv::Writer<W>>, columns: &'static [&'static str] },
    Jsonl(W),
}

impl<W: Write> Sheet<W> {
    fn new(out: W, what: ExportKind, format: ExportFormat) -> Result<Self, Failure> {
        match format {
            ExportFormat::Jsonl => Ok(Self::Jsonl(out)),
            ExportFormat::Csv => {
                let columns = what.columns();
                let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
                out.write_record(columns).map_err(csv_error)?;
                Ok(Self::Csv { out: Box::new(out), columns })
            }
        }
    }
    fn write(&mut self, row: &Map<String, Value>) -> Result<(), Failure> {
        match self {
            Self::Csv { out, columns } => {
                let cells = columns.iter().map(|column| cell(row.get(*column).unwrap_or(&Value::Null)));
                out.write_record(cells).map_err(csv_error)
            }
            Self::Jsonl(out) => Ok(writeln!(out, "{}", serde_json::to_string(row)?)?),
        }
    }
    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Csv { mut out, .. } => Ok(out.flush()?),
            Self::Jsonl(mut out) => Ok(out.flush()?),
        }
    }
}

fn csv_error(error: csv::Error) -> Failure {
    Failure::Wrong(format!("the export cannot be written: {error}"))
}

/// Unknown is empty; lists of words are joined by `|`; a text that a spreadsheet would compute is defused.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '@', '\t', '\r']) => format!("'{text}"),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|")
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
