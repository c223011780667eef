//! Closing a month, what comes late, and restating it.

use filo_app::{AppError, ErrorKind, Resolution, StepRequest};
use filo_domain::{Period, vocabulary::Outcome};
use filo_testkit::{
    at, both,
    phone::{Leg, QueueLog},
};
use serde_json::{Value, json};

use crate::support::{Figures, TestApp, october, operator, supervisor};

const BLOCKS: [&str; 13] = [
    "channels",
    "unification",
    "response_rate",
    "phone",
    "scrivi",
    "email",
    "social",
    "themes",
    "levels",
    "units",
    "backlog",
    "ratings",
    "costs",
];

/// The pointers to all counts below a place.
pub(super) fn counts(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(number) if number.is_u64() => found.push(place.to_owned()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                counts(item, &format!("{place}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                counts(member, &format!("{place}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// What is a parameter of the report and no figure of it.
pub(super) fn is_parameter(pointer: &str) -> bool {
    ["threshold_s", "upper_days", "window_days", "/rating", "/weekday", "/hour"]
        .iter()
        .any(|key| pointer.ends_with(key))
}

/// The closed October, and a late call of it that was abandoned.
async fn closed(database: filo_testkit::Database) -> (TestApp, Figures) {
    let city = TestApp::at("2026-10-01 08:00", database).await;
    october::live(&city).await;
    city.now_is("2026-11-02 09:00");
    let closed = city.close("2026-10").await;
    (city, closed)
}

fn late_call() -> QueueLog {
    let leg = Leg { call_id: "late.1", queue: "tari", caller: "", entered_at: at("2026-10-30 09:00") };
    QueueLog::default().abandoned(leg, 40)
}

#[tokio::test]
async fn every_count_of_a_closed_month_is_explained_by_as_many_items() {
    both(async |database| {
        let (city, closed) = closed(database).await;
        city.now_is("2026-11-05 09:00");
        let mut pointers = Vec::new();
        for block in BLOCKS {
            counts(closed.at(&format!("/{block}")), &format!("/{block}"), &mut pointers);
        }
        pointers.retain(|pointer| !is_parameter(pointer));
        assert!(pointers.len() > 150, "{}", pointers.len());
        for pointer in pointers.iter().filter(|pointer| closed.at(pointer) != &json!(0)) {
            city.explains(&closed, "2026-10", pointer).await;
        }
    })
    .await;
}

/// A revision names each figure that is not as before, with what it was, and no other.
fn changes_are_told(before: &Figures, after: &Figures) {
    assert!(before.0.get("changes").is_none(), "a first revision changes nothing");
    let changes = after.0["changes"].as_array().unwrap();
    let offered = changes.iter().find(|change| change["pointer"] == "/phone/offered").unwrap();
    assert_eq!(
        (&offered["before"], &offered["after"]),
        (before.at("/phone/offered"), after.at("/phone/offered"))
    );
    assert!(changes.iter().any(|change| change["place"] == "/year_to_date/channels/*/inbound"));
    for change in changes {
        assert_ne!(change["before"], change["after"]);
        assert_eq!(&change["after"], after.at(change["pointer"].as_str().unwrap()));
    }
    for block in ["/scrivi", "/email", "/social", "/levels", "/themes", "/units", "/backlog", "/ratings"] {
        assert!(
            changes.iter().all(|change| !change["place"].as_str().unwrap().starts_with(block)),
            "{block}"
        );
    }
}

#[tokio::test]
async fn late_data_is_pending_until_a_restatement_which_changes_nothing_else() {
    both(async |database| {
        let (city, first) = closed(database).await;
        assert_eq!((first.at("/state"), first.at("/revision")), (&json!("closed"), &json!(1)));
        assert_eq!(city.report("2026-10").await, first);

        city.now_is("2026-11-10 09:00");
        city.calls(late_call()).await;
        // Work on old tickets is done after the closing, and stays out of the closed month for good.
        let open = city
            .tickets()
            .await
            .into_iter()
            .find(|ticket| ticket.outcome.is_none() && ticket.charged_at.is_none());
        let outcome = Outcome::Solved;
        city.step(open.unwrap().id, StepRequest::Resolve(Resolution::of(outcome))).await;
        let mut pending = city.report("2026-10").await;
        let by_source = json!({ "count": 1, "by_source": { "pbx-020202": 1 } });
        assert_eq!(pending.at("/pending_differences"), &by_source);
        pending.0["pending_differences"] = first.at("/pending_differences").clone();
        assert_eq!(pending, first, "nothing else");

        city.now_is("2026-11-11 09:00");
        let second = city.restate("2026-10", "il tabulato è arrivato tardi").await;
        assert_eq!((second.at("/revision"), second.at("/as_of")), (&json!(2), first.at("/as_of")));
        assert_eq!(second.at("/reason"), "il tabulato è arrivato tardi");
        let offered = |figures: &Figures| figures.counts("/phone", &["offered", "abandoned"]);
        assert_eq!(offered(&second), offered(&first).iter().map(|count| count + 1).collect::<Vec<_>>());
        for block in ["/scrivi", "/email", "/social", "/levels", "/themes", "/units", "/backlog", "/ratings"]
        {
            assert_eq!(second.at(block), first.at(block), "{block}");
        }
        assert_ne!(second.at("/inputs_sha256"), first.at("/inputs_sha256"));
        changes_are_told(&first, &second);
        assert_eq!(city.report("2026-10").await, second);
        city.explains(&second, "2026-10", "/phone/offered").await;
        city.explains(&second, "2026-10", "/levels/I/open").await;

        let october = Period::parse_month("2026-10").unwrap();
        let old = city.app.monthly_report(&supervisor(), october, Some(1), city.now()).await.unwrap();
        assert_eq!(
            serde_json::to_value(old).unwrap()["phone"],
            first.0["phone"],
            "revision 1 is still there"
        );
        city.verifies().await;
    })
    .await;
}

#[tokio::test]
async fn a_month_is_closed_once_after_its_end_by_who_may() {
    both(async |database| {
        let city = TestApp::at("2026-10-31 23:59", database).await;
        let october = Period::parse_month("2026-10").unwrap();
        let kind = |result: Result<_, AppError>| result.unwrap_err().kind();
        let close = async |caller| city.app.close_month(&caller, october, city.now()).await;
        assert_eq!(kind(close(supervisor()).await), (ErrorKind::Conflict, "month-not-ended"));
        let restated = city.app.restate_month(&supervisor(), october, "perché", city.now()).await;
        assert_eq!(kind(restated), (ErrorKind::Conflict, "month-open"));
        city.now_is("2026-11-01 00:00");
        assert_eq!(kind(close(operator()).await).0, ErrorKind::Forbidden);
        close(supervisor()).await.unwrap();
        assert_eq!(kind(close(supervisor()).await), (ErrorKind::Conflict, "month-closed"));
        let restated = city.app.restate_month(&supervisor(), october, "  ", city.now()).await;
        assert_eq!(kind(restated).0, ErrorKind::Invalid);
    })
    .await;
}

#[tokio::test]
async fn a_month_without_data_has_counts_of_zero_and_no_statistics() {
    both(async |database| {
        let city = TestApp::at("2026-10-15 12:00", database).await;
        let empty = city.report("2026-09").await;
        for row in empty.at("/channels").as_array().unwrap() {
            assert_eq!((&row["inbound"], &row["response_rate"]), (&json!(0), &Value::Null));
            assert_eq!((&row["response"]["n"], &row["response"]["p90_s"]), (&json!(0), &Value::Null));
        }
        assert_eq!(empty.at("/phone/mean_wait_s"), &Value::Null);
    })
    .await;
}
