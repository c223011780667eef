//! The one door to the database: [`Db::read`] and [`Db::write`] run a closure in a transaction.
//!
//! On PostgreSQL, and for reads on SQLite: a permit, then a blocking thread, then a pooled connection, then the
//! transaction. Writes on SQLite go to the one writer thread (see `writer`). A full pool or queue is
//! [`StoreError::Busy`] after a bounded wait and takes no thread.

use std::{num::NonZeroU32, path::Path, sync::Arc, time::Duration};

use diesel::{
    PgConnection, SqliteConnection,
    connection::SimpleConnection,
    r2d2::{ConnectionManager, CustomizeConnection, Pool},
};
use tokio::sync::{Semaphore, watch};

use crate::{
    Conn, StoreError,
    migrate::{self, SchemaState},
    plans::Plans,
    writer::Writer,
};

/// How to open the store.
#[derive(Clone, Debug)]
pub struct DbSettings {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Connections kept, and so the number of queries run at once.
    pub pool_size: NonZeroU32,
    /// How long a caller waits for a free connection before [`StoreError::Busy`].
    pub wait: Duration,
}

impl DbSettings {
    /// The settings of a store at `url`, four connections, two seconds of patience.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), pool_size: NonZeroU32::MIN.saturating_add(3), wait: Duration::from_secs(2) }
    }
    /// Whether the URL names the embedded database.
    pub fn is_embedded(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

/// The store.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    permits: Arc<Semaphore>,
    wait: Duration,
    plans: Option<Plans>,
    written: watch::Sender<u64>,
}

#[derive(Clone)]
enum Pools {
    Postgres(Pool<ConnectionManager<PgConnection>>),
    Sqlite { readers: Pool<ConnectionManager<SqliteConnection>>, writer: Arc<Writer> },
}

impl Db {
    /// Opens the store, makes the embedded database's file when there is none, and checks that a connection works.
    ///
    /// # Errors
    /// [`StoreError::Url`] or [`StoreError::Away`].
    pub fn open(settings: &DbSettings) -> Result<Self, StoreError> {
        let pools = match settings.url.strip_prefix("sqlite:") {
            Some(path) => open_sqlite(path, settings)?,
            None if settings.url.starts_with("postgres://") || settings.url.starts_with("postgresql://") => {
                Pools::Postgres(open_pool(
                    &settings.url,
                    settings.pool_size.get(),
                    settings.wait,
                    PostgresSession,
                )?)
            }
            None => return Err(StoreError::Url),
        };
        let permits = usize::try_from(settings.pool_size.get()).unwrap_or(1);
        let (written, _) = watch::channel(0);
        Ok(Self {
            pools,
            permits: Arc::new(Semaphore::new(permits)),
            wait: settings.wait,
            plans: None,
            written,
        })
    }

    /// The same store, with every query watched for full scans: for tests and benches, at a price.
    pub fn watched(&self, plans: Plans) -> Self {
        Self { plans: Some(plans), ..self.clone() }
    }

    /// Whether this is the embedded database.
    pub fn is_embedded(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    /// Runs work in a transaction of its own and commits it when it succeeds.
    ///
    /// # Errors
    /// The work's own, or the store's.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.commit(false, work).await
    }

    /// The same for work that changes very much: on the embedded database it is committed alone, for together with
    /// others a copy of every page that it changes would be kept.
    ///
    /// # Errors
    /// The work's own, or the store's.
    pub async fn write_much<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.commit(true, work).await
    }

    async fn commit<T, E, F>(&self, alone: bool, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let work = watching(self.plans.clone(), work);
        let done = match &self.pools {
            Pools::Postgres(_) => self.blocking(|conn| conn.transaction(work)).await,
            Pools::Sqlite { writer, .. } => writer.run(self.wait, alone, work).await,
        };
        if done.is_ok() {
            self.written.send_modify(|count| *count = count.wrapping_add(1));
        }
        done
    }

    /// Changes after every commit of this process: who waits for news need not look all the time. What another
    /// process commits is not heard here.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// Runs work that only reads, in one consistent view.
    ///
    /// # Errors
    /// The work's own, or the store's.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let work = watching(self.plans.clone(), work);
        self.blocking(|conn| conn.view(work)).await
    }

    async fn blocking<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permits = Arc::clone(&self.permits).acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout(self.wait, permits).await else {
            return Err(StoreError::Busy.into());
        };
        let (pools, span) = (self.pools.clone(), tracing::Span::current());
        let job = move || {
            let (_permit, _span) = (permit, span.enter());
            work(&mut pools.conn()?)
        };
        tokio::task::spawn_blocking(job).await.unwrap_or_else(|_panicked| Err(StoreError::Panicked.into()))
    }

    /// Applies the embedded migrations that are missing.
    ///
    /// # Errors
    /// [`StoreError::Migration`] or the database's own.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let pools = self.pools.clone();
        let job = move || match &pools {
            Pools::Postgres(pool) => migrate::postgres(&mut *get(pool)?),
            Pools::Sqlite { writer, .. } => migrate::sqlite(&mut *get(writer.pool())?),
        };
        tokio::task::spawn_blocking(job).await.unwrap_or(Err(StoreError::Panicked))
    }

    /// Whether the schema is this program's.
    ///
    /// # Errors
    /// The database's own.
    pub async fn schema_state(&self) -> Result<SchemaState, StoreError> {
        let pools = self.pools.clone();
        let job = move || match &pools {
            Pools::Postgres(pool) => migrate::postgres_state(&mut *get(pool)?),
            // Looking makes diesel's table of migrations where there is none, which a reader may not.
            Pools::Sqlite { writer, .. } => migrate::sqlite_state(&mut *get(writer.pool())?),
        };
        tokio::task::spawn_blocking(job).await.unwrap_or(Err(StoreError::Panicked))
    }
}

/// The work, watched where somebody asked for it.
fn watching<T, E: From<StoreError>>(
    plans: Option<Plans>,
    work: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> impl FnOnce(&mut Conn) -> Result<T, E> {
    move |conn| match plans {
        Some(plans) => plans.watch(conn, work),
        None => work(conn),
    }
}

impl Pools {
    fn conn(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Postgres(pool) => get(pool).map(Conn::Postgres),
            Self::Sqlite { readers, .. } => get(readers).map(Conn::Sqlite),
        }
    }
}

/// Takes a connection; a pool that gives none within its wait means that the database is away.
pub(crate) fn get<M>(
    pool: &Pool<ConnectionManager<M>>,
) -> Result<diesel::r2d2::PooledConnection<ConnectionManager<M>>, StoreError>
where
    M: diesel::r2d2::R2D2Connection + Send + 'static,
{
    pool.get().map_err(|error| StoreError::Away(error.to_string()))
}

/// A pool that checks one connection now, so that a wrong URL is an error at the start and not at the first query.
fn open_pool<M, C>(
    url: &str,
    size: u32,
    wait: Duration,
    session: C,
) -> Result<Pool<ConnectionManager<M>>, StoreError>
where
    M: diesel::r2d2::R2D2Connection + Send + 'static,
    C: CustomizeConnection<M, diesel::r2d2::Error>,
{
    let pool = Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .connection_timeout(wait)
        .test_on_check_out(true)
        .error_handler(Box::new(LogError))
        .connection_customizer(Box::new(session))
        .build_unchecked(ConnectionManager::new(url));
    drop(get(&pool)?);
    Ok(pool)
}

fn open_sqlite(path: &str, settings: &DbSettings) -> Result<Pools, StoreError> {
    if let Some(folder) = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::Away(format!("{}: {error}", folder.display())))?;
    }
    let writer = Writer::start(open_pool(path, 1, settings.wait, SqliteSession { query_only: false })?)?;
    let readers =
        open_pool(path, settings.pool_size.get(), settings.wait, SqliteSession { query_only: true })?;
    Ok(Pools::Sqlite { readers, writer: Arc::new(writer) })
}

/// Reports what r2d2 meets while it makes connections.
#[derive(Debug)]
struct LogError;

impl<E: std::error::Error> r2d2::HandleError<E> for LogError {
    fn handle_error(&self, error: E) {
        tracing::warn!(error = %error, "a database connection could not be made");
    }
}

/// Durable before acknowledged: write-ahead log at `synchronous=FULL`. Only the writer's connection may write. It moves
/// what it wrote from that log into the tables only every 80 MB, and has more memory, so that a page which an import
/// changes again and again is moved once.
#[derive(Debug)]
struct SqliteSession {
    query_only: bool,
}

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for SqliteSession {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(
            "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32000;",
        )
        .and_then(|()| {
            conn.batch_execute(if self.query_only {
                "PRAGMA query_only = ON"
            } else {
                "PRAGMA wal_autocheckpoint = 20000; PRAGMA cache_size = -96000"
            })
        })
        .map_err(diesel::r2d2::Error::QueryError)
    }
}

/// UTC on the wire; a runaway query ends by itself.
#[derive(Debug)]
struct PostgresSession;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for PostgresSession {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(
            "SET TIME ZONE 'UTC'; SET statement_timeout = '120s'; SET client_min_messages = warning;",
        )
        .map_err(diesel::r2d2::Error::QueryError)
    }
}
