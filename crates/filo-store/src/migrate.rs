//! The migrations of both databases, embedded in the program, forward only.

use diesel::{PgConnection, SqliteConnection, connection::SimpleConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::StoreError;

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Two processes that start together on PostgreSQL migrate one after the other.
const ADVISORY_LOCK: i64 = 0x66_69_6c_6f;

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

pub(crate) fn sqlite(conn: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    run(conn, SQLITE)
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
