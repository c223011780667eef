//! A connection to either database, and the one macro that runs a query on whichever it is.

use diesel::{
    PgConnection, QueryResult, SqliteConnection,
    connection::{AnsiTransactionManager, TransactionManager},
    r2d2::{ConnectionManager, PooledConnection},
};

use crate::StoreError;

/// A pooled connection inside a transaction.
pub enum Conn {
    /// PostgreSQL.
    Postgres(PooledConnection<ConnectionManager<PgConnection>>),
    /// Embedded SQLite.
    Sqlite(PooledConnection<ConnectionManager<SqliteConnection>>),
}

/// Runs one query on whichever database is behind the connection: the body is compiled once for each.
macro_rules! on {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::Conn::Postgres(pooled) => {
                let $c: &mut diesel::PgConnection = pooled;
                $body
            }
            $crate::Conn::Sqlite(pooled) => {
                let $c: &mut diesel::SqliteConnection = pooled;
                $body
            }
        }
    };
}
pub(crate) use on;

/// Writes rows into a table of SQLite, one prepared statement a row: one that writes many rows is a savepoint of its
/// own, which keeps a copy of every page that it changes.
pub(crate) fn insert_each<R>(
    c: &mut SqliteConnection,
    rows: &[R],
    insert: impl Fn(&mut SqliteConnection, &R) -> QueryResult<usize>,
) -> QueryResult<()> {
    rows.iter().try_for_each(|row| insert(c, row).map(drop))
}

impl Conn {
    /// Runs work in a transaction, or in a savepoint when one is open: an error undoes what the work did.
    ///
    /// # Errors
    /// The work's own, or the database's.
    pub fn transaction<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin().map_err(StoreError::from)?;
        self.finish(work)
    }

    /// Runs work in an outer transaction of the one writer.
    pub(crate) fn write_alone<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin_writing().map_err(StoreError::from)?;
        self.finish(work)
    }

    /// Runs work that only reads, all of it in one snapshot.
    pub(crate) fn view<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin_viewing().map_err(StoreError::from)?;
        self.finish(work)
    }

    fn finish<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        match work(self) {
            Ok(value) => {
                self.commit().map_err(StoreError::from)?;
                Ok(value)
            }
            Err(error) => {
                self.rollback().map_err(StoreError::from)?;
                Err(error)
            }
        }
    }

    /// Opens a transaction, or a savepoint inside one.
    fn begin(&mut self) -> QueryResult<()> {
        on!(self, c => AnsiTransactionManager::begin_transaction(c))
    }
    /// Opens the outer transaction of the one writer: SQLite takes its write lock at once, so that no later
    /// statement finds it taken.
    pub(crate) fn begin_writing(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => AnsiTransactionManager::begin_transaction(&mut **c),
            Self::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(&mut **c, "BEGIN IMMEDIATE"),
        }
    }
    fn begin_viewing(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(
                &mut **c,
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            ),
            Self::Sqlite(c) => AnsiTransactionManager::begin_transaction(&mut **c),
        }
    }
    pub(crate) fn commit(&mut self) -> QueryResult<()> {
        on!(self, c => AnsiTransactionManager::commit_transaction(c))
    }
    fn rollback(&mut self) -> QueryResult<()> {
        on!(self, c => AnsiTransactionManager::rollback_transaction(c))
    }
}
