//! The plans of every list, on the size of a city's year: none reads a table of the history whole.

use filo_testkit::{both, bulk, lists};

use crate::support::TestApp;

#[tokio::test]
async fn no_list_reads_the_history_whole_on_fifty_thousand_tickets() {
    both(async |database| {
        let city = TestApp::at("2026-10-31 13:00", database.clone()).await;
        bulk::fill(&database, 50_000);
        let asked = lists::ask_all(&city.app, city.now()).await.unwrap();
        assert!(asked.len() > 200, "{}", asked.len());
        let whole: Vec<_> = asked.into_iter().filter(|(_, scans)| !scans.is_empty()).collect();
        assert!(whole.is_empty(), "{} lists: {whole:#?}", whole.len());
    })
    .await;
}
