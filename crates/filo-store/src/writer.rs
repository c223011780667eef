//! SQLite's one writer: a thread that commits several waiting requests together.
//!
//! Each request runs in a savepoint of its own, so one failure does not undo another; answers go out only after
//! the commit that makes them durable. Group commit makes `synchronous=FULL` nearly free. A request that changes very
//! much is committed alone: a savepoint keeps a copy of every page that is changed in it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    time::{Duration, Instant},
};

use diesel::{
    SqliteConnection,
    r2d2::{ConnectionManager, Pool},
};
use tokio::sync::oneshot;

use crate::{Conn, StoreError, db::get};

/// Requests that may wait.
const QUEUE: usize = 1024;
/// Requests committed together at most.
const GROUP: usize = 64;
/// A group takes no further request after this long: readers of other processes wait for the lock.
const GROUP_TIME: Duration = Duration::from_millis(50);

/// Answers a caller once it is known whether the group was committed.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Runs one request in a savepoint or, alone, in a transaction; or hears why there is no connection.
type Run = Box<dyn FnOnce(Result<&mut Conn, StoreError>) -> Answer + Send>;
type SqlitePool = Pool<ConnectionManager<SqliteConnection>>;

/// Work that waits for its turn.
struct Request {
    run: Run,
    alone: bool,
}

/// The queue to the writer thread. The thread ends when the last sender is gone.
pub(crate) struct Writer {
    queue: SyncSender<Request>,
    pool: SqlitePool,
}

impl Writer {
    /// Starts the thread on a pool of one connection.
    pub(crate) fn start(pool: SqlitePool) -> Result<Self, StoreError> {
        let (queue, requests) = sync_channel(QUEUE);
        let own = pool.clone();
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || work(&own, &requests))
            .map_err(|error| StoreError::Away(format!("the writer thread cannot start: {error}")))?;
        Ok(Self { queue, pool })
    }

    /// The writer's pool, for migrations before any request.
    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Queues work and waits for its commit, with that of others or `alone`; [`StoreError::Busy`] when the queue stays
    /// full for `wait`.
    pub(crate) async fn run<T, E, F>(&self, wait: Duration, alone: bool, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let span = tracing::Span::current();
        let run: Run = Box::new(move |conn| {
            let _span = span.enter();
            let result = conn.map_err(E::from).and_then(|conn| match alone {
                true => conn.write_alone(work),
                false => conn.transaction(work),
            });
            Box::new(move |committed| {
                // The caller may have gone away; the work is committed all the same.
                let _gone = answer.send(match (result, committed) {
                    (Ok(value), Ok(())) => Ok(value),
                    (Err(error), _) => Err(error),
                    (Ok(_), Err(error)) => Err(error.into()),
                });
            })
        });
        self.enqueue(wait, Request { run, alone }).await.map_err(E::from)?;
        answered.await.unwrap_or_else(|_dropped| Err(StoreError::Panicked.into()))
    }

    async fn enqueue(&self, wait: Duration, mut request: Request) -> Result<(), StoreError> {
        let give_up = tokio::time::Instant::now() + wait;
        loop {
            match self.queue.try_send(request) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => {
                    return Err(StoreError::Away("the writer thread ended".to_owned()));
                }
                Err(TrySendError::Full(_)) if tokio::time::Instant::now() >= give_up => {
                    return Err(StoreError::Busy);
                }
                Err(TrySendError::Full(back)) => request = back,
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn work(pool: &SqlitePool, requests: &Receiver<Request>) {
    let mut next = None;
    while let Some(request) = next.take().or_else(|| requests.recv().ok()) {
        let conn = get(pool).map(Conn::Sqlite);
        match conn.and_then(|conn| if request.alone { Ok(conn) } else { opened(conn) }) {
            Ok(conn) if request.alone => commit_alone(conn, request.run),
            Ok(conn) => next = commit_group(conn, request.run, requests),
            // The answer is already an error: what became of the commit cannot matter.
            Err(error) => (request.run)(Err(error))(Ok(())),
        }
    }
}

fn opened(mut conn: Conn) -> Result<Conn, StoreError> {
    conn.begin_writing()?;
    Ok(conn)
}

/// Runs a request in a transaction of its own; its answer knows already whether that was committed.
fn commit_alone(mut conn: Conn, run: Run) {
    let answer = catch_unwind(AssertUnwindSafe(|| run(Ok(&mut conn))));
    drop(conn);
    // The channel of a caller that panicked is gone and tells it so.
    if let Ok(answer) = answer {
        answer(Ok(()));
    }
}

/// Runs `first` and whatever waits behind it, commits, then answers all; gives back a request that wants to be alone.
fn commit_group(mut conn: Conn, first: Run, requests: &Receiver<Request>) -> Option<Request> {
    let started = Instant::now();
    let (mut answers, mut alone) = (Vec::new(), None);
    let mut next = Some(first);
    while let Some(run) = next.take() {
        match catch_unwind(AssertUnwindSafe(|| run(Ok(&mut conn)))) {
            Ok(answer) => answers.push(answer),
            Err(_panic) => {
                // The panicking caller's channel is gone and tells it so. Diesel's count of savepoints is spoiled:
                // dropping the connection rolls everything back, and the others hear that nothing was committed.
                drop(conn);
                answers.into_iter().for_each(|answer: Answer| answer(Err(StoreError::Panicked)));
                return None;
            }
        }
        if answers.len() < GROUP && started.elapsed() < GROUP_TIME {
            match requests.try_recv() {
                Ok(request) if request.alone => alone = Some(request),
                Ok(request) => next = Some(request.run),
                Err(_nobody_waits) => {}
            }
        }
    }
    let committed = conn.commit().map_err(StoreError::from);
    drop(conn);
    for answer in answers {
        answer(match &committed {
            Ok(()) => Ok(()),
            Err(error) => Err(StoreError::Refused(format!("the commit failed: {error}"))),
        });
    }
    alone
}
