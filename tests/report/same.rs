//! The same inputs give the same figures, whichever the database.

use std::cell::RefCell;

use filo_testkit::both;
use serde_json::Value;

use crate::support::{TestApp, october};

/// Where two values differ, and how.
fn differences(place: &str, left: &Value, right: &Value, found: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter()
                .zip(b)
                .for_each(|((key, a), (_, b))| differences(&format!("{place}/{key}"), a, b, found));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter()
                .zip(b)
                .enumerate()
                .for_each(|(i, (a, b))| differences(&format!("{place}/{i}"), a, b, found));
        }
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{place}: {a} and {b}")),
    }
}

#[tokio::test]
async fn the_same_inputs_give_byte_identical_figures_on_both_databases() {
    let seen: RefCell<Vec<Value>> = RefCell::new(Vec::new());
    both(async |database| {
        let city = TestApp::at("2026-10-01 08:00", database).await;
        october::live(&city).await;
        city.now_is("2026-11-03 09:00");
        let mut figures = Vec::new();
        for month in ["2026-09", "2026-10", "2026-11"] {
            let report = city.report(month).await.timeless();
            assert!(report["inputs_sha256"].is_string());
            figures.push(report);
        }
        for what in ["tasso-risposta", "contatti-censiti", "tempo-risposta-mail", "tempo-risposta-social"] {
            for period in ["2026-10", "2026"] {
                let mut explained = city.explain(what, period).await;
                explained.as_object_mut().unwrap().remove("items");
                figures.push(explained);
            }
        }
        city.verifies().await;
        seen.borrow_mut().push(Value::from(figures));
    })
    .await;
    let seen = seen.into_inner();
    let mut found = Vec::new();
    for pair in seen.windows(2) {
        differences("", &pair[0], &pair[1], &mut found);
        assert!(found.is_empty(), "{found:#?}");
        let [left, right] = [0, 1].map(|index: usize| pair[index].to_string());
        assert_eq!(left, right);
    }
}
