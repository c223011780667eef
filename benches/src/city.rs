//! A started Filo with the repository's own configuration, on any database.

use std::path::Path;

use anyhow::Context;
use filo::{
    settings::Environment,
    wiring::{Migrating, Program},
};
use filo_app::App;
use tempfile::TempDir;

/// Milan, and the folder for its keys, which is deleted in the end.
pub(crate) struct City {
    pub(crate) program: Program,
    pub(crate) app: App,
    _keys: TempDir,
}

impl City {
    /// Starts it on a database.
    pub(crate) async fn start(url: &str) -> anyhow::Result<Self> {
        let keys = tempfile::tempdir().context("a folder for keys")?;
        let config = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/filo.toml"));
        let environment = Environment::from([
            ("DATABASE_URL".to_owned(), url.to_owned()),
            ("FILO__DATA_DIR".to_owned(), keys.path().display().to_string()),
        ]);
        let program = Program::read(Some(config), &environment)?;
        let app = program.start(Migrating::Always).await?;
        Ok(Self { program, app, _keys: keys })
    }
}
