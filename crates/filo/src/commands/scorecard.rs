//! `filo scorecard`: the table of a year, and rows that are entered by hand.

use std::path::Path;

use filo_domain::{AttachmentId, Period};
use filo_indicators::scorecard::Entered;
use serde::Deserialize;
use tokio::io::AsyncReadExt;

use super::{Console, given::given, print_json, report::write};
use crate::{cli::Scorecard, exit::Failure};

/// How much of a document is in memory at once.
const PART: usize = 256 * 1024;

/// Rows as a file has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    row: Vec<Entered>,
}

pub(super) async fn run(console: &Console, args: Scorecard) -> Result<(), Failure> {
    let Ok(Period::Year(year)) = Period::parse(&args.year) else {
        return Err(Failure::Usage(format!("{:?} is no year such as 2020", args.year)));
    };
    if let Some(file) = &args.enter {
        return enter(console, year, given(file)?, args.document.as_deref()).await;
    }
    let card = console.app.scorecard(&console.caller, year, console.now()).await?;
    write(console, (&card).into(), &args.forms)
}

/// Enters rows, each with the document they are from, and prints what is kept of each.
async fn enter(console: &Console, year: i16, rows: Rows, document: Option<&Path>) -> Result<(), Failure> {
    let attachment_id = match document {
        Some(path) => Some(upload(console, path).await?),
        None => None,
    };
    for row in rows.row {
        let row = Entered { attachment_id: attachment_id.or(row.attachment_id), ..row };
        let (entry, _new) = console.app.enter_score(&console.caller, year, row, console.now()).await?;
        print_json(&entry)?;
    }
    Ok(())
}

async fn upload(console: &Console, path: &Path) -> Result<AttachmentId, Failure> {
    let (app, caller) = (&console.app, &console.caller);
    let unreadable = |error: std::io::Error| Failure::Usage(format!("{}: {error}", path.display()));
    let mut file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut upload = app.begin_score_document(caller).await?;
    let mut part = vec![0; PART];
    loop {
        let size = file.read(&mut part).await.map_err(unreadable)?;
        match part.get(..size) {
            Some([]) | None => break,
            Some(read) => upload.write(read).await?,
        }
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(app.finish_score_document(caller, upload, (&name, ""), console.now()).await?.id)
}
