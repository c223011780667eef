//! `filo rollups`.

use filo_app::App;

use super::{print_json, print_line};
use crate::{cli::Rollups, exit::Failure};

pub(super) async fn run(app: &App, command: Rollups, json: bool) -> Result<(), Failure> {
    let Rollups::Rebuild { from, to } = command;
    let days = app.rebuild_rollups(from, to).await?;
    if json {
        print_json(&serde_json::json!({ "days": days }))
    } else {
        print_line(&format!("counted {days} days anew"))
    }
}
