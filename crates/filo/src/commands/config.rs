//! `filo config check`: reads and checks everything without the store.

use std::path::Path;

use secrecy::SecretString;
use serde_json::json;

use super::{print_json, print_line};
use crate::{cli::ConfigCommand, exit::Failure, settings::Environment, wiring::Program};

pub(super) fn run(
    command: ConfigCommand,
    config: Option<&Path>,
    environment: &Environment,
    json: bool,
) -> Result<(), Failure> {
    let ConfigCommand::Check = command;
    let program = Program::read(config, environment)?;
    let effective = effective(&program);
    if json { print_json(&effective) } else { print_line(&serde_json::to_string_pretty(&effective)?) }
}

/// The effective settings; what is secret shows only whether it is set.
fn effective(program: &Program) -> serde_json::Value {
    let settings = &program.settings;
    let secret = |value: &Option<SecretString>| value.as_ref().map(|_| "[REDACTED]");
    let scheme = program.database_url.split(':').next().unwrap_or_default();
    let database =
        if scheme == "sqlite" { program.database_url.clone() } else { format!("{scheme}://[REDACTED]") };
    let sources = settings.sources.iter().map(|(key, secrets)| {
        let shown = json!({
            "imap_url": secret(&secrets.imap_url), "app_secret": secret(&secrets.app_secret),
            "verify_token": secret(&secrets.verify_token), "access_token": secret(&secrets.access_token),
            "api_base": secrets.api_base,
        });
        (key.clone(), shown)
    });
    json!({
        "city_dir": settings.city_dir, "data_dir": settings.data_dir,
        "city": { "name": program.city.profile.name, "zone": program.city.zone.name(),
            "sources": program.city.sources.iter().map(|source| source.key.as_str()).collect::<Vec<_>>() },
        "http": { "bind": settings.http.bind, "public_url": settings.http.public_url },
        "metrics": { "bind": settings.metrics.bind },
        "database": { "url": database, "pool_size": settings.database.pool_size },
        "smtp": { "url": secret(&settings.smtp.url) },
        "limits": { "public_per_minute": settings.limits.public_per_minute, "login_per_minute": settings.limits.login_per_minute },
        "sources": sources.collect::<serde_json::Map<_, _>>(),
    })
}
