//! How the database finds what it is asked for: tests and benches watch the queries of a whole use case for full
//! scans of tables, without a query written twice.
//!
//! **Invariant:** what is watched is what runs. On SQLite every statement is planned once more by `EXPLAIN QUERY PLAN`;
//! on PostgreSQL the server counts the sequential scans that the transaction really made.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::{
    PgConnection, SqliteConnection,
    connection::{Connection, Instrumentation, InstrumentationEvent},
    prelude::*,
    sql_query,
    sql_types::{BigInt, Text},
};

use crate::{Conn, StoreError};

/// A table that was read from one end to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullScan {
    /// The table.
    pub table: String,
    /// The statement on SQLite, those of the transaction on PostgreSQL.
    pub statements: Vec<String>,
}

/// Collects the full scans of a store that is watched: see [`crate::Db::watched`].
#[derive(Clone, Debug, Default)]
pub struct Plans(Arc<Mutex<Vec<FullScan>>>);

impl Plans {
    /// The full scans found since the last time.
    pub fn take(&self) -> Vec<FullScan> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs work and keeps the full scans it made.
    pub(crate) fn watch<T, E: From<StoreError>>(
        &self,
        conn: &mut Conn,
        work: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let told = Arc::new(Mutex::new(Vec::new()));
        let before = match conn {
            Conn::Postgres(c) => {
                c.set_instrumentation(Listening(Arc::clone(&told)));
                sequential(c)?
            }
            Conn::Sqlite(c) => {
                c.set_instrumentation(Listening(Arc::clone(&told)));
                vec![]
            }
        };
        let done = work(conn)?;
        let statements = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
        let found = match conn {
            Conn::Postgres(c) => {
                c.set_instrumentation(deaf);
                scanned(&before, &sequential(c)?, &statements)
            }
            Conn::Sqlite(c) => {
                c.set_instrumentation(deaf);
                planned(c, &statements)?
            }
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
        Ok(done)
    }
}

fn deaf(_: InstrumentationEvent<'_>) {}

/// Keeps the texts of statements, without their values.
struct Listening(Arc<Mutex<Vec<String>>>);

impl Instrumentation for Listening {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let bare = text.split(" -- binds:").next().unwrap_or_default().trim().to_owned();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(bare);
        }
    }
}

#[derive(QueryableByName)]
struct Scans {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    scans: i64,
}

/// The sequential scans of each table that are not yet told to the statistics.
fn sequential(c: &mut PgConnection) -> Result<Vec<Scans>, StoreError> {
    Ok(sql_query("SELECT relname::text AS name, seq_scan AS scans FROM pg_stat_xact_user_tables").load(c)?)
}

fn scanned(before: &[Scans], after: &[Scans], statements: &[String]) -> Vec<FullScan> {
    let earlier = |name: &str| before.iter().find(|it| it.name == name).map_or(0, |it| it.scans);
    let more = after.iter().filter(|it| it.scans > earlier(&it.name));
    more.map(|it| FullScan { table: it.name.clone(), statements: statements.to_vec() }).collect()
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

fn planned(c: &mut SqliteConnection, statements: &[String]) -> Result<Vec<FullScan>, StoreError> {
    const PLANNED: [&str; 4] = ["SELECT", "UPDATE", "DELETE", "INSERT"];
    let mut found = vec![];
    for statement in statements.iter().filter(|text| PLANNED.iter().any(|verb| text.starts_with(verb))) {
        let steps: Vec<Step> = sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(c)?;
        let tables = steps.iter().filter_map(|step| scanned_table(&step.detail, statement));
        found.extend(tables.map(|table| FullScan { table, statements: vec![statement.clone()] }));
    }
    Ok(found)
}

/// The table that a step of SQLite's plan reads whole: without an index, or all of an index with nothing to end it. An
/// index of open tickets holds no others, so reading it whole is no full scan.
fn scanned_table(step: &str, statement: &str) -> Option<String> {
    let rest = step.strip_prefix("SCAN ")?;
    let table = rest.split(' ').next().filter(|name| !name.starts_with('(') && *name != "CONSTANT")?;
    let ends = statement.contains(" LIMIT ") || rest.contains("_open_");
    let served = rest.contains(" USING ") && ends;
    let searched = rest.contains("VIRTUAL TABLE INDEX") && rest.contains(":M");
    (!served && !searched).then(|| table.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_without_an_index_or_without_an_end_is_a_full_scan() {
        let of = |step: &str, statement: &str| scanned_table(step, statement);
        assert_eq!(of("SCAN tickets", "SELECT 1 FROM tickets LIMIT ?"), Some("tickets".to_owned()));
        assert_eq!(of("SCAN tickets USING INDEX by_id", "SELECT 1 FROM tickets"), Some("tickets".to_owned()));
        assert_eq!(of("SCAN tickets USING INDEX by_id", "SELECT 1 FROM tickets LIMIT ?"), None);
        assert_eq!(of("SCAN tickets USING INDEX tickets_open_by_id", "SELECT 1 FROM tickets"), None);
        assert_eq!(of("SEARCH tickets USING INDEX by_id (id=?)", "SELECT 1 FROM tickets"), None);
        assert_eq!(of("SCAN fts VIRTUAL TABLE INDEX 0:M2", "SELECT 1"), None);
        assert_eq!(of("SCAN fts VIRTUAL TABLE INDEX 0:", "SELECT 1"), Some("fts".to_owned()));
    }
}
