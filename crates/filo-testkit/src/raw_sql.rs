//! SQL past the store: tests look behind it, and change rows by hand as no code of Filo does.

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};

/// A connection past the store.
pub struct Session(Engine);

enum Engine {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Listed {
    #[diesel(sql_type = Text)]
    value: String,
}

impl Session {
    /// Connects.
    ///
    /// # Errors
    /// What the database says.
    pub fn open(url: &str) -> Result<Self, String> {
        let engine = match url.strip_prefix("sqlite:") {
            Some(path) => SqliteConnection::establish(path).map(Engine::Sqlite),
            None => PgConnection::establish(url).map(Engine::Postgres),
        };
        let mut session = Self(engine.map_err(|error| error.to_string())?);
        if url.starts_with("sqlite:") {
            session.try_execute("PRAGMA busy_timeout = 5000")?;
        }
        Ok(session)
    }
    /// Runs statements.
    ///
    /// # Errors
    /// What the database says.
    pub fn try_execute(&mut self, sql: &str) -> Result<(), String> {
        match &mut self.0 {
            Engine::Postgres(c) => c.batch_execute(sql),
            Engine::Sqlite(c) => c.batch_execute(sql),
        }
        .map_err(|error| error.to_string())
    }
    /// Runs statements that cannot fail.
    ///
    /// # Panics
    /// When the database refuses.
    pub fn execute(&mut self, sql: &str) {
        self.try_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    /// The number that a query gives under the name `value`.
    ///
    /// # Panics
    /// When the query is refused.
    pub fn count(&mut self, sql: &str) -> i64 {
        let counted: Counted = match &mut self.0 {
            Engine::Postgres(c) => sql_query(sql).get_result(c),
            Engine::Sqlite(c) => sql_query(sql).get_result(c),
        }
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
        counted.value
    }
    /// The texts that a query gives under the name `value`.
    ///
    /// # Panics
    /// When the query is refused.
    pub fn list(&mut self, sql: &str) -> Vec<String> {
        let listed: Vec<Listed> = match &mut self.0 {
            Engine::Postgres(c) => sql_query(sql).load(c),
            Engine::Sqlite(c) => sql_query(sql).load(c),
        }
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
        listed.into_iter().map(|row| row.value).collect()
    }
    /// Runs work under an advisory lock of the server.
    pub(crate) fn locked(&mut self, key: i64, work: impl FnOnce(&mut Self)) {
        self.execute(&format!("SELECT pg_advisory_lock({key})"));
        work(self);
        self.execute(&format!("SELECT pg_advisory_unlock({key})"));
    }
}

/// Runs statements on a connection of their own.
pub(crate) fn execute(url: &str, sql: &str) -> Result<(), String> {
    Session::open(url)?.try_execute(sql)
}
