//! The one door: what is acknowledged is durable, what fails undoes nothing else, and nobody waits for ever.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use filo_store::{Db, DbSettings, StoreError, tickets};
use filo_testkit::{both, sqlite};
use tokio::task::JoinSet;

fn open(url: &str) -> Db {
    Db::open(&DbSettings::at(url)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_write_at_once_is_all_there_the_moment_each_is_told_so() {
    both(async |database| {
        let db = open(&database.url);
        let mut tasks = JoinSet::new();
        for index in 0..100 {
            let (db, database) = (db.clone(), database.clone());
            tasks.spawn(async move {
                let name = format!("count-{index}");
                let written = name.clone();
                db.write(move |conn| tickets::next_count(conn, &written)).await.unwrap();
                // Another connection sees it: it was committed before the answer.
                let seen = move || {
                    database.count(&format!("SELECT count(*) AS value FROM counters WHERE name = '{name}'"))
                };
                assert_eq!(tokio::task::spawn_blocking(seen).await.unwrap(), 1);
            });
        }
        tasks.join_all().await;
        assert_eq!(database.count("SELECT count(*) AS value FROM counters WHERE name NOT LIKE 'feed%'"), 100);
    })
    .await;
}

/// What becomes of one of many requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Written,
    Failed,
    Panicked,
}

/// So many requests that wait together behind one that takes its time; gives how many were told they are written.
async fn together(db: &Db, fate: impl Fn(usize) -> Fate) -> usize {
    let mut tasks = JoinSet::new();
    let slow = db.clone();
    tasks.spawn(async move {
        slow.write(|_| {
            std::thread::sleep(Duration::from_millis(40));
            Ok::<_, StoreError>(0)
        })
        .await
    });
    tokio::time::sleep(Duration::from_millis(10)).await;
    for index in 0..30 {
        let (db, fate) = (db.clone(), fate(index));
        tasks.spawn(async move {
            db.write(move |conn| {
                tickets::next_count(conn, &format!("count-{index}"))?;
                match fate {
                    Fate::Written => Ok(1),
                    Fate::Failed => {
                        Err(StoreError::Corrupt { table: "x", id: "y".to_owned(), problem: "z".to_owned() })
                    }
                    Fate::Panicked => panic!("a request that panics, as this test wants it to"),
                }
            })
            .await
        });
    }
    tasks.join_all().await.into_iter().flatten().sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_request_undoes_only_itself() {
    both(async |database| {
        let db = open(&database.url);
        let told = together(&db, |index| if index % 3 == 0 { Fate::Failed } else { Fate::Written }).await;
        assert_eq!(told, 20);
        assert_eq!(database.count("SELECT count(*) AS value FROM counters WHERE name NOT LIKE 'feed%'"), 20);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_panicking_request_what_was_told_is_there_and_nothing_else_and_the_store_works_on() {
    both(async |database| {
        let db = open(&database.url);
        let told = together(&db, |index| if index == 7 { Fate::Panicked } else { Fate::Written }).await;
        let there = database.count("SELECT count(*) AS value FROM counters WHERE name NOT LIKE 'feed%'");
        assert_eq!(i64::try_from(told).unwrap(), there, "told and there");
        assert_eq!(database.count("SELECT count(*) AS value FROM counters WHERE name = 'count-7'"), 0);
        db.write(|conn| tickets::next_count(conn, "after")).await.unwrap();
        assert_eq!(
            db.read(|conn| tickets::code_hash(conn, filo_domain::id::Id::from_uuid(uuid::Uuid::nil())))
                .await
                .unwrap(),
            None
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_pool_says_so_in_time() {
    both(async |database| {
        let settings = DbSettings {
            pool_size: NonZeroU32::MIN,
            wait: Duration::from_millis(200),
            ..DbSettings::at(&database.url)
        };
        let db = Db::open(&settings).unwrap();
        let holder = db.clone();
        let held = tokio::spawn(async move {
            holder
                .read(|_| {
                    std::thread::sleep(Duration::from_millis(1200));
                    Ok::<_, StoreError>(())
                })
                .await
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        let error = db.read(|conn| tickets::walk(conn, None, 1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Busy), "{error:?}");
        assert!(started.elapsed() < Duration::from_millis(900), "{:?}", started.elapsed());
        held.await.unwrap().unwrap();
        db.read(|conn| tickets::walk(conn, None, 1)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_reader_cannot_write() {
    both(async |database| {
        let db = open(&database.url);
        let error = db.read(|conn| tickets::next_count(conn, "x")).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
        assert_eq!(database.count("SELECT count(*) AS value FROM counters WHERE name NOT LIKE 'feed%'"), 0);
    })
    .await;
}

#[tokio::test]
async fn the_embedded_database_is_durable_before_it_answers() {
    let database = sqlite();
    let db = open(&database.url);
    db.write(|conn| tickets::next_count(conn, "x")).await.unwrap();
    // The write-ahead log is on disk, beside the file.
    let log = std::fs::metadata(database.folder().unwrap().join("filo.db-wal")).unwrap();
    assert!(log.len() > 0);
}
