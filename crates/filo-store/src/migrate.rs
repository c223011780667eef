//! The migrations of both databases, embedded in the program, forward only.

use diesel::{PgConnection, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::BigInt};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::StoreError;

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Two processes that start together on PostgreSQL migrate one after the other.
const ADVISORY_LOCK: i64 = 0x66_69_6c_6f;

/// How long a process waits for another one that migrates an embedded database.
const PATIENCE_MS: u32 = 60_000;

/// How the schema found compares with this program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// It is this program's.
    Current,
    /// Migrations are missing.
    Behind,
}

pub(crate) fn postgres(conn: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    conn.batch_execute(&format!("SELECT pg_advisory_lock({ADVISORY_LOCK})"))?;
    let done = run(conn, POSTGRES);
    conn.batch_execute(&format!("SELECT pg_advisory_unlock({ADVISORY_LOCK})"))?;
    done
}

/// Two processes that start together on a new database migrate one after the other here, too: what is missing is asked
/// again under the write lock. Who finds nothing missing takes no lock.
pub(crate) fn sqlite(conn: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let timeout = diesel::dsl::sql::<BigInt>("timeout FROM pragma_busy_timeout");
    let usual: i64 = diesel::select(timeout).get_result(conn)?;
    conn.batch_execute(&format!("PRAGMA busy_timeout = {PATIENCE_MS}"))?;
    let done = match sqlite_state(conn)? {
        SchemaState::Current => vec![],
        SchemaState::Behind => conn.immediate_transaction(|conn| run(conn, SQLITE))?,
    };
    conn.batch_execute(&format!("PRAGMA busy_timeout = {usual}"))?;
    Ok(done)
}

pub(crate) fn postgres_state(conn: &mut PgConnection) -> Result<SchemaState, StoreError> {
    state(conn, POSTGRES)
}

pub(crate) fn sqlite_state(conn: &mut SqliteConnection) -> Result<SchemaState, StoreError> {
    state(conn, SQLITE)
}

fn run<DB: diesel::backend::Backend>(
    conn: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>, StoreError> {
    let done =
        conn.run_pending_migrations(migrations).map_err(|error| StoreError::Migration(error.to_string()))?;
    Ok(done.iter().map(ToString::to_string).collect())
}

fn state<DB: diesel::backend::Backend>(
    conn: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<SchemaState, StoreError> {
    let pending =
        conn.has_pending_migration(migrations).map_err(|error| StoreError::Migration(error.to_string()))?;
    Ok(if pending { SchemaState::Behind } else { SchemaState::Current })
}
