//! The demo's folder: its database, keys, unsent mail, reports, and settings with which other commands find it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use toml::{Table, Value};

use crate::{
    content::{self, Files},
    exit::Failure,
    settings::{Environment, Settings},
    wiring::Program,
};

/// Where the demo lives.
pub(crate) struct Home {
    folder: PathBuf,
    /// Deleted with the demo.
    passing: Option<TempDir>,
}

const CITY: &str = "config/city";

impl Home {
    /// The folder to keep, or one that is deleted at the end; `kept` keeps that too.
    pub(crate) fn make(keep: Option<&Path>, kept: bool) -> Result<Self, Failure> {
        let cannot =
            |error: std::io::Error| Failure::CannotRun(format!("the demo's folder cannot be made: {error}"));
        let Some(folder) = keep else {
            let passing = tempfile::Builder::new().prefix("filo-demo-").tempdir().map_err(cannot)?;
            let folder = passing.path().to_path_buf();
            let passing = if kept {
                drop(passing.keep());
                None
            } else {
                Some(passing)
            };
            return Ok(Self { folder, passing });
        };
        std::fs::create_dir_all(folder).map_err(cannot)?;
        let folder = folder.canonicalize().map_err(cannot)?;
        if folder.join("filo.db").exists() {
            let why = format!("{} holds a database already: give --keep an empty folder", folder.display());
            return Err(Failure::CannotRun(why));
        }
        Ok(Self { folder, passing: None })
    }
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
    /// Whether it is deleted at the end.
    pub(crate) fn is_passing(&self) -> bool {
        self.passing.is_some()
    }
    /// The settings' file for other commands.
    pub(crate) fn settings_file(&self) -> PathBuf {
        self.folder.join("config/filo.toml")
    }

    /// The program with the configuration that was named, else the one it carries; its data in the folder, and
    /// nothing by which anything would leave the machine.
    pub(crate) fn program(
        &self,
        config: Option<&Path>,
        environment: &Environment,
    ) -> Result<Program, Failure> {
        let (mut settings, files) = if config.is_some() || environment.contains_key("FILO__CONFIG") {
            let settings = Settings::read(config, environment)?;
            let files = content::read(&settings.city_dir)?;
            (settings, files)
        } else {
            let (text, files) = content::shipped()?;
            (Settings::of_text(&text, "filo.toml", Path::new("."), environment)?, files)
        };
        settings.data_dir.clone_from(&self.folder);
        settings.database.url = None;
        settings.smtp.url = None;
        settings.sources.clear();
        self.keep_city(&files)?;
        settings.city_dir = self.folder.join(CITY);
        Program::of(settings, &files, &Environment::new())
    }

    fn keep_city(&self, files: &Files) -> Result<(), Failure> {
        for (name, text) in files {
            write(&self.folder.join(CITY).join(name), text)?;
        }
        Ok(())
    }

    /// Writes settings with which `filo --config` finds the demo's data.
    pub(crate) fn keep_settings(&self, program: &Program) -> Result<(), Failure> {
        let text = |path: &Path| Value::String(path.to_string_lossy().into_owned());
        let http = Table::from_iter([("bind".to_owned(), Value::String(program.settings.http.bind.clone()))]);
        let table = Table::from_iter([
            ("city_dir".to_owned(), Value::String("city".to_owned())),
            ("data_dir".to_owned(), text(&self.folder)),
            ("http".to_owned(), Value::Table(http)),
        ]);
        let written = toml::to_string(&table).map_err(|error| Failure::CannotRun(error.to_string()))?;
        write(&self.settings_file(), &format!("# The settings of this demo.\n{written}"))
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| Failure::CannotRun(format!("{}: {error}", path.display())))
}
