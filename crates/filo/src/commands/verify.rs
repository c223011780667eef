//! `filo verify`.

use filo_app::App;

use super::{print_json, print_line};
use crate::exit::Failure;

pub(super) async fn run(app: &App, json: bool) -> Result<(), Failure> {
    let verified = app.verify().await?;
    if json {
        print_json(&verified)?;
    } else {
        print_line(&format!(
            "checked {} tickets, {} events, {} files, {} audit entries, {} days",
            verified.tickets,
            verified.events,
            verified.attachments,
            verified.audit_entries,
            verified.rollup_days
        ))?;
        for it in &verified.differences {
            print_line(&format!("{}\t{}\t{}", it.check, it.subject, it.problem))?;
        }
    }
    match verified.differences.len() {
        0 => Ok(()),
        count => Err(Failure::Wrong(format!("{count} differences"))),
    }
}
