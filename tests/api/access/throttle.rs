//! Guessing passwords, and keeping others out by guessing.

use filo_testkit::both;
use serde_json::json;

use super::{OFFICE, audited, log_in, log_in_from};
use crate::support::{
    TestApp,
    http::{CRM, PASSWORD, Reply, Served},
};

const WRONG: &str = "non è questa";

async fn served(database: filo_testkit::Database) -> Served {
    let city = TestApp::at("2026-10-01 12:00", database).await;
    Served::with(city, |settings| settings.behind_proxy = true).await
}

fn told(reply: &Reply) -> (u16, String, String) {
    let detail = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
    (reply.status.as_u16(), reply.header("retry-after").to_owned(), detail)
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_wait_longer_and_longer_and_then_lock_known_and_unknown_names_alike() {
    both(async |database| {
        let served = served(database).await;
        let mut told_of = vec![];
        for name in ["analyst", "chi è costui"] {
            let mut steps = vec![];
            for second in [0, 0, 0, 0, 1, 1, 3, 4] {
                served.city.now_is(&format!("2026-10-01 12:00:0{second}"));
                steps.push(told(&log_in(&served, name, WRONG, None).await));
            }
            let statuses: Vec<u16> = steps.iter().map(|(status, _, _)| *status).collect();
            assert_eq!(statuses, [401, 401, 401, 429, 401, 429, 401, 429], "{name}: {steps:?}");
            assert_eq!((steps[3].1.as_str(), steps[5].1.as_str(), steps[7].1.as_str()), ("1", "2", "899"));
            told_of.push(steps);
        }
        assert_eq!(told_of[0], told_of[1]);
        // The right password is not even looked at.
        log_in(&served, "analyst", PASSWORD, None).await.expect(429);
        assert_eq!(audited(&served, &["login_locked"]).await.len(), 2);
        served.city.now_is("2026-10-01 12:16");
        log_in(&served, "analyst", PASSWORD, None).await.expect(200);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_from_one_address_does_not_keep_the_user_out_elsewhere_and_an_administrator_undoes_it() {
    both(async |database| {
        let served = served(database).await;
        lock(&served, "203.0.113.9", "analyst").await;
        log_in(&served, "analyst", PASSWORD, None).await.expect(200);
        log_in_from(&served, "203.0.113.9", "analyst", PASSWORD, None).await.expect(429);
        served.post("supervisor", &format!("{CRM}/users/analyst/unlock"), &json!({})).await.expect(404);
        served.post("admin", &format!("{CRM}/users/analyst/unlock"), &json!({})).await.expect(200);
        log_in_from(&served, "203.0.113.9", "analyst", PASSWORD, None).await.expect(200);
        assert_eq!(
            audited(&served, &["login_locked", "user_unlocked"]).await,
            ["login_locked", "user_unlocked"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_from_everywhere_lock_the_account_but_not_for_an_address_it_came_from_before() {
    both(async |database| {
        let served = served(database).await;
        log_in(&served, "analyst", PASSWORD, None).await.expect(200);
        for address in 0..25 {
            for _ in 0..2 {
                log_in_from(&served, &format!("203.0.113.{address}"), "analyst", WRONG, None)
                    .await
                    .expect(401);
            }
        }
        log_in_from(&served, "198.51.100.1", "analyst", PASSWORD, None).await.expect(429);
        log_in_from(&served, OFFICE, "analyst", PASSWORD, None).await.expect(200);
        served.city.now_is("2026-10-01 12:15:01");
        log_in_from(&served, "198.51.100.1", "analyst", PASSWORD, None).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_at_the_same_time_are_all_counted() {
    both(async |database| {
        let served = std::sync::Arc::new(served(database).await);
        let attempts = (0..20).map(|_| {
            let served = std::sync::Arc::clone(&served);
            tokio::spawn(async move { log_in(&served, "analyst", WRONG, None).await.status.as_u16() })
        });
        let mut statuses = vec![];
        for attempt in attempts.collect::<Vec<_>>() {
            statuses.push(attempt.await.unwrap());
        }
        let tried = statuses.iter().filter(|status| **status == 401).count();
        assert!((1..=3).contains(&tried) && tried + limited(&statuses) == 20, "{statuses:?}");
    })
    .await;
}

fn limited(statuses: &[u16]) -> usize {
    statuses.iter().filter(|status| **status == 429).count()
}

/// Fails from an address until it is locked, waiting as long as asked.
async fn lock(served: &Served, address: &str, name: &str) {
    for at in ["12:00:00", "12:00:01", "12:00:02", "12:00:10", "12:00:20"] {
        served.city.now_is(&format!("2026-10-01 {at}"));
        log_in_from(served, address, name, WRONG, None).await.expect(401);
    }
}
