//! `filo demo`.
use std::path::Path;

use crate::{cli::Demo, exit::Failure, settings::Environment};

/// Runs it.
///
/// # Errors
/// Whatever keeps it from running.
pub async fn run(_args: Demo, _config: Option<&Path>, _environment: &Environment, _json: bool) -> Result<(), Failure> {
    Err(Failure::CannotRun("the demo is being written".to_owned()))
}
