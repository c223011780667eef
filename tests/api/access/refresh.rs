//! Refresh tokens rotate, and a stolen one ends the log-in.

use filo_testkit::both;
use reqwest::Method;
use serde_json::{Value, json};

use super::{audited, tokens, with};
use crate::support::{
    TestApp,
    http::{CRM, Reply, Served},
};

async fn exchange(served: &Served, tokens: &Value) -> Reply {
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    served.post("", &format!("{CRM}/auth/refresh"), &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_exchanged_twice_ends_everything_that_came_of_its_log_in() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let (first, other) = (tokens(&served, "analyst").await, tokens(&served, "analyst").await);
        let second = exchange(&served, &first).await.expect(200);
        exchange(&served, &first).await.expect(401);
        exchange(&served, &second).await.expect(401);
        // Another log-in of the same user goes on.
        exchange(&served, &other).await.expect(200);
        assert_eq!(audited(&served, &["refresh_reused"]).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_exchange_one_token_at_once_one_wins_and_the_log_in_ends() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        for _ in 0..5 {
            let first = tokens(&served, "analyst").await;
            let (left, right) = tokio::join!(exchange(&served, &first), exchange(&served, &first));
            let mut statuses = [left.status.as_u16(), right.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 401]);
            let won = if left.status == 200 { left } else { right };
            exchange(&served, &won.json()).await.expect(401);
        }
        assert_eq!(audited(&served, &["refresh_reused"]).await.len(), 5);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_at_the_moment_of_an_exchange_leaves_no_token_alive() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        for _ in 0..5 {
            let first = tokens(&served, "analyst").await;
            let body = json!({ "refresh_token": first["refresh_token"] });
            let path = format!("{CRM}/auth/logout");
            let (exchanged, left) = tokio::join!(exchange(&served, &first), served.post("", &path, &body));
            left.expect(204);
            if exchanged.status == 200 {
                exchange(&served, &exchanged.json()).await.expect(401);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_end_by_themselves() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let first = tokens(&served, "analyst").await;
        let token = first["access_token"].as_str().unwrap();
        served.city.now_is("2026-10-01 12:14:59");
        with(&served, token, Method::GET, "/auth/me", None).await.expect(200);
        served.city.now_is("2026-10-01 12:15");
        with(&served, token, Method::GET, "/auth/me", None).await.expect(401);
        served.city.now_is("2026-10-01 23:59:59");
        let second = exchange(&served, &first).await.expect(200);
        served.city.now_is("2026-10-02 12:00");
        exchange(&served, &second).await.expect(401);
    })
    .await;
}
