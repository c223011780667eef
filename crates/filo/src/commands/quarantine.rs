//! `filo quarantine`.

use filo_domain::QuarantineId;
use serde_json::json;

use super::{Console, print_json, print_line};
use crate::{cli::Quarantine, exit::Failure};

pub(super) async fn run(console: &Console, command: Quarantine, json: bool) -> Result<(), Failure> {
    match command {
        Quarantine::List => list(console, json).await,
        Quarantine::Show { id } => {
            let unit = console.app.quarantined(&console.caller, parse(&id)?).await?;
            print_line(&serde_json::to_string_pretty(&unit)?)
        }
        Quarantine::Retry { ids } => retry(console, ids).await,
        Quarantine::Discard { id, reason } => {
            console.app.discard_quarantined(&console.caller, parse(&id)?, &reason, console.now()).await?;
            print_json(&json!({ "discarded": id }))
        }
    }
}

fn parse(id: &str) -> Result<QuarantineId, Failure> {
    id.parse().map_err(|_not_a_uuid| Failure::Usage(format!("{id:?} is no id of a quarantined unit")))
}

async fn all(console: &Console) -> Result<Vec<filo_app::QuarantineView>, Failure> {
    let (mut units, mut cursor) = (Vec::new(), None);
    loop {
        let page = console.app.list_quarantine(&console.caller, Some(200), cursor).await?;
        units.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(units);
        }
    }
}

async fn list(console: &Console, json: bool) -> Result<(), Failure> {
    let units = all(console).await?;
    if json {
        return print_json(&json!({ "items": units }));
    }
    units.iter().try_for_each(|unit| {
        print_line(&format!(
            "{}\t{}\t{}\t{}\t{}",
            unit.id, unit.created_at, unit.source, unit.reason, unit.detail
        ))
    })
}

async fn retry(console: &Console, ids: Vec<String>) -> Result<(), Failure> {
    let ids: Vec<QuarantineId> = if ids.is_empty() {
        all(console).await?.iter().map(|unit| unit.id).collect()
    } else {
        ids.iter().map(|id| parse(id)).collect::<Result<_, _>>()?
    };
    let (mut released, mut kept) = (0, 0);
    for id in ids {
        let result = console.app.retry_quarantined(&console.caller, id, console.now()).await?;
        *(if result.released { &mut released } else { &mut kept }) += 1;
    }
    print_json(&json!({ "released": released, "kept": kept }))
}
