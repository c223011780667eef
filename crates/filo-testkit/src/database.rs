//! Databases that live as long as a test.
//!
//! On PostgreSQL each is a copy of a template that is migrated once per server, so that a test begins within
//! milliseconds; the template's name carries a digest of the migrations.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::Arc,
};

use filo_store::{Db, DbSettings};
use tempfile::TempDir;
use uuid::Uuid;

use crate::raw_sql::{self, Session};

/// Where the URL of a server's maintenance database stands, for tests on PostgreSQL.
const SERVER: &str = "FILO_TEST_POSTGRES";
/// Tests that start together make one template: the lock is the server's.
const TEMPLATE_LOCK: i64 = 0x7465_7374;

/// The two engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The embedded one.
    Sqlite,
    /// The server.
    Postgres,
}

/// A migrated, empty database of one test; deleted with its last clone.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its engine.
    pub backend: Backend,
    /// As `DATABASE_URL` names it.
    pub url: String,
    place: Arc<Place>,
}

#[derive(Debug)]
enum Place {
    Folder(TempDir),
    Server { maintenance: String, name: String },
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Server { maintenance, name } = self {
            let drop = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
            if let Err(error) = raw_sql::execute(maintenance, &drop) {
                eprintln!("test database {name} stays: {error}");
            }
        }
    }
}

/// A new embedded database.
///
/// # Panics
/// When it cannot be made.
pub fn sqlite() -> Database {
    let folder = tempfile::tempdir().expect("a folder for a test's database");
    let url = format!("sqlite:{}", folder.path().join("filo.db").display());
    migrate(&url);
    Database { backend: Backend::Sqlite, url, place: Arc::new(Place::Folder(folder)) }
}

/// The server's maintenance database, if tests were given one.
#[expect(clippy::disallowed_methods, reason = "the gate hands tests their server through the environment")]
pub fn postgres_url() -> Option<String> {
    std::env::var(SERVER).ok().filter(|url| !url.is_empty())
}

/// A new database on the server.
fn postgres(maintenance: &str) -> Database {
    let name = format!("filo_test_{}", Uuid::now_v7().simple());
    let mut session = Session::open(maintenance).expect("the server of FILO_TEST_POSTGRES");
    session.locked(TEMPLATE_LOCK, |session| {
        let template = template(session, maintenance);
        session.execute(&format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\" STRATEGY file_copy"))
    });
    let place = Place::Server { maintenance: maintenance.to_owned(), name: name.clone() };
    Database { backend: Backend::Postgres, url: beside(maintenance, &name), place: Arc::new(place) }
}

/// The name of the migrated template, made first where it is missing.
fn template(session: &mut Session, maintenance: &str) -> String {
    let name = format!("filo_template_{:016x}", digest_of_migrations());
    let known = session.count(&format!("SELECT count(*) AS value FROM pg_database WHERE datname = '{name}'"));
    if known == 0 {
        let draft = format!("{name}_draft");
        session.execute(&format!("DROP DATABASE IF EXISTS \"{draft}\" WITH (FORCE)"));
        session.execute(&format!("CREATE DATABASE \"{draft}\""));
        migrate(&beside(maintenance, &draft));
        let close = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname =";
        session.execute(&format!("{close} '{draft}'"));
        session.execute(&format!("ALTER DATABASE \"{draft}\" RENAME TO \"{name}\""));
    }
    name
}

/// Another database of the same server.
fn beside(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("a database's name at the end of FILO_TEST_POSTGRES");
    format!("{server}/{name}")
}

fn digest_of_migrations() -> u64 {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres"));
    let mut hasher = DefaultHasher::new();
    let entries = std::fs::read_dir(folder).expect("migrations/postgres");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a migration").path().join("up.sql")).collect();
    files.sort();
    for file in files {
        std::fs::read(&file).expect("a migration's up.sql").hash(&mut hasher);
    }
    hasher.finish()
}

/// Migrates in a runtime of its own: tests set up inside and outside of one.
fn migrate(url: &str) {
    let settings = DbSettings::at(url);
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            Db::open(&settings).expect("the test's database").migrate().await.expect("the migrations");
        });
    };
    std::thread::spawn(work).join().expect("the migrations of a test's database");
}

/// Runs one test on both engines, each time on a database of its own; where no server is given it says so.
pub async fn both(test: impl AsyncFn(Database)) {
    test(sqlite()).await;
    match postgres_url() {
        Some(url) => test(postgres(&url)).await,
        None => eprintln!("not checked: PostgreSQL ({SERVER} is not set; `make test` sets it)"),
    }
}

impl Database {
    /// A second connection, past the store.
    ///
    /// # Panics
    /// When the database is away.
    pub fn session(&self) -> Session {
        Session::open(&self.url).expect("a second connection")
    }
    /// Runs statements past the store; the database's own words when it refuses.
    ///
    /// # Errors
    /// What the database says.
    pub fn try_execute(&self, sql: &str) -> Result<(), String> {
        raw_sql::execute(&self.url, sql)
    }
    /// The number that a query gives under the name `value`.
    ///
    /// # Panics
    /// When the query is refused.
    pub fn count(&self, sql: &str) -> i64 {
        self.session().count(sql)
    }
    /// The folder of an embedded database.
    pub fn folder(&self) -> Option<&Path> {
        match self.place.as_ref() {
            Place::Folder(folder) => Some(folder.path()),
            Place::Server { .. } => None,
        }
    }
    /// Cuts off every connection of a server's database and lets no new one in, or lets them in again.
    ///
    /// # Panics
    /// On the embedded database, which cannot go away.
    pub fn set_away(&self, away: bool) {
        let Place::Server { maintenance, name } = self.place.as_ref() else {
            panic!("an embedded database does not go away")
        };
        let mut session = Session::open(maintenance).expect("the server");
        session.execute(&format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS {}", !away));
        if away {
            let close = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname =";
            session.execute(&format!("{close} '{name}'"));
        }
    }
    /// Another, migrated and empty database of the same kind.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn another(&self) -> Self {
        match self.place.as_ref() {
            Place::Folder(_) => sqlite(),
            Place::Server { maintenance, .. } => postgres(maintenance),
        }
    }
    /// Another, empty database of the same kind, not migrated.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn unmigrated(&self) -> Self {
        match self.place.as_ref() {
            Place::Folder(_) => {
                let folder = tempfile::tempdir().expect("a folder");
                let url = format!("sqlite:{}", folder.path().join("filo.db").display());
                Self { backend: Backend::Sqlite, url, place: Arc::new(Place::Folder(folder)) }
            }
            Place::Server { maintenance, .. } => {
                let name = format!("filo_test_{}", Uuid::now_v7().simple());
                raw_sql::execute(maintenance, &format!("CREATE DATABASE \"{name}\""))
                    .expect("an empty database");
                let place = Place::Server { maintenance: maintenance.clone(), name: name.clone() };
                let url = beside(maintenance, &name);
                Self { backend: Backend::Postgres, url, place: Arc::new(place) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_is_migrated_empty_and_gone_with_its_test() {
        both(async |database| {
            assert_eq!(database.count("SELECT count(*) AS value FROM tickets"), 0);
            let folder = database.folder().map(Path::to_path_buf);
            let url = database.url.clone();
            drop(database);
            assert!(folder.is_none_or(|folder| !folder.exists()));
            assert!(url.starts_with("sqlite:") || Session::open(&url).is_err());
        })
        .await;
    }
}
