//! Rollups of days: marked by whatever changes a day, counted anew when it is over, and read in place of the facts.

use filo_app::Difference;
use filo_domain::vocabulary::Channel;
use filo_testkit::{
    Backend, Database, at, both,
    mail::Mail,
    phone::{Leg, QueueLog},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{TestApp, supervisor};

fn leg<'a>(call_id: &'a str, queue: &'a str, entered: &str) -> Leg<'a> {
    Leg { call_id, queue, caller: "3471234567", entered_at: at(entered) }
}

/// On the Monday after the night in which the clocks go back: calls of three days, one that waits past midnight, and a
/// mail.
async fn lived(database: Database) -> TestApp {
    let city = TestApp::at("2026-10-26 12:00", database).await;
    let night = |id, minute: i64| Leg {
        entered_at: at("2026-10-25 00:00").plus_seconds(minute * 60),
        ..leg(id, "tari", "2026-10-25 00:00")
    };
    let log = QueueLog::default()
        .answered(leg("1.0", "anagrafe", "2026-10-24 23:59:50"), 30, 60)
        // 02:30 before the clocks go back, 02:30 and 02:38 after.
        .answered(night("1.1", 150), 10, 60)
        .answered(night("1.2", 210), 20, 60)
        .abandoned(night("1.3", 218), 30)
        .started(leg("1.4", "tari", "2026-10-25 18:00"))
        .answered(leg("1.5", "anagrafe", "2026-10-26 00:00:20"), 40, 60);
    city.calls(log).await;
    let mail = Mail::new("m1@mail.example", "anna@mail.example", at("2026-10-25 11:00"));
    city.take_in("urp", mail.bytes()).await;
    register(&city, "1.1").await;
    city
}

async fn register(city: &TestApp, call_id: &str) {
    let call = city.call_log().await.into_iter().find(|call| call.call_id == call_id).unwrap();
    let request =
        json!({ "theme": "tributi/tari", "kind": "information", "subject": "TARI", "outcome": "solved" });
    city.register(call.id, request).await.unwrap();
}

async fn table(city: &TestApp, query: Value) -> Value {
    let query = serde_json::from_value(query).unwrap();
    let table = city.app.call_intervals(&supervisor(), query, city.now()).await.unwrap();
    serde_json::to_value(table).unwrap()
}

/// Tables of the three days, and of that on which the clocks change.
async fn tables(city: &TestApp) -> Vec<Value> {
    let (from, to) = ("2026-10-24", "2026-10-27");
    let queries = [
        json!({ "from": from, "to": to, "step": 15 }),
        json!({ "from": from, "to": to, "by": "weekday" }),
        json!({ "from": from, "to": to, "queue": "tari" }),
        json!({ "from": from, "to": to, "theme": "not_registered" }),
        json!({ "from": "2026-10-25", "to": "2026-10-26", "step": 30 }),
    ];
    let mut tables = vec![];
    for query in queries {
        tables.push(table(city, query).await);
    }
    tables
}

/// Lets maintenance work; gives how many days it counted.
async fn counted(city: &TestApp) -> usize {
    city.app.maintain(city.now()).await.unwrap().days
}

fn marked(city: &TestApp) -> Vec<String> {
    city.database.session().list("SELECT DISTINCT local_day AS value FROM rollup_marks ORDER BY 1")
}

async fn wrong_days(city: &TestApp) -> Vec<String> {
    let found = city.app.verify().await.unwrap().differences;
    let day = |it: Difference| {
        assert_eq!(it.check, "rollup", "{it:?}");
        it.subject
    };
    found.into_iter().map(day).collect()
}

#[tokio::test]
async fn tables_are_the_same_from_rollups_and_from_facts() {
    both(async |database| {
        let city = lived(database).await;
        let from_facts = tables(&city).await;
        assert_eq!(from_facts[0]["totals"]["offered"], 6);
        assert_eq!((marked(&city).len(), city.rows("rollups")), (3, 0));
        assert_eq!(counted(&city).await, 2, "today is not over");
        assert_eq!(marked(&city), ["2026-10-26"]);
        assert_eq!(tables(&city).await, from_facts);
        assert_eq!(counted(&city).await, 0);
        let verified = city.app.verify().await.unwrap();
        assert_eq!((verified.differences, verified.rollup_days), (vec![], 2));

        // Tables of themes are made of facts whatever is kept, and add up to the others.
        let mut offered = 0;
        for theme in ["tributi", "unclassified", "not_registered"] {
            let query = json!({ "from": "2026-10-24", "to": "2026-10-27", "theme": theme });
            offered += table(&city, query).await["totals"]["offered"].as_u64().unwrap();
        }
        assert_eq!(offered, 6);
        // And those without a theme are read of what is kept.
        city.database.try_execute("DELETE FROM rollups WHERE outcome = 'abandoned'").unwrap();
        assert_eq!(tables(&city).await[0]["totals"]["offered"], 5);
    })
    .await;
}

#[tokio::test]
async fn whatever_changes_a_day_marks_it_and_figures_are_true_at_once() {
    both(async |database| {
        let city = lived(database).await;
        city.now_is("2026-10-27 12:00");
        assert_eq!(counted(&city).await, 3);
        // An earlier leg moves a call to the day before; an end is heard of; a call is registered; one comes late.
        let log = QueueLog::default();
        let moved = log.clone().abandoned(leg("1.5", "tari", "2026-10-25 23:59:30"), 50);
        let ended = log.clone().ended(leg("1.4", "tari", "2026-10-25 18:00"), 70);
        let late = log.abandoned(leg("2.1", "tari", "2026-10-24 10:00"), 5);
        let mut before = tables(&city).await;
        for (log, days) in [
            (Some(moved), vec!["2026-10-25", "2026-10-26"]),
            (Some(ended), vec!["2026-10-25"]),
            (None, vec!["2026-10-25"]),
            (Some(late), vec!["2026-10-24"]),
        ] {
            match log {
                Some(log) => {
                    city.calls(log).await;
                }
                None => register(&city, "1.3").await,
            }
            assert_eq!(marked(&city), days);
            let from_facts = tables(&city).await;
            assert_ne!(from_facts, before);
            city.verifies().await;
            assert_eq!(counted(&city).await, days.len());
            assert_eq!(tables(&city).await, from_facts);
            city.verifies().await;
            before = from_facts;
        }
        // What is no contact changes nothing.
        let written = city.tickets().await.into_iter().find(|it| it.channel == Channel::Email).unwrap();
        city.reply(written.id, "Ecco.").await;
        city.send().await;
        assert_eq!(marked(&city), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn verify_finds_a_changed_rollup_and_a_rebuild_mends_it() {
    both(async |database| {
        let city = lived(database).await;
        city.now_is("2026-10-27 12:00");
        assert_eq!(counted(&city).await, 3);
        let kept = tables(&city).await;
        let change = "UPDATE rollups SET registered = NOT registered WHERE local_day = '2026-10-25'";
        city.database.try_execute(change).unwrap();
        city.database.try_execute("DELETE FROM rollups WHERE local_day = '2026-10-24'").unwrap();
        let stray =
            "UPDATE rollups SET local_day = '2026-11-03' WHERE local_day = '2026-10-26' AND place = 0";
        city.database.try_execute(stray).unwrap();
        let wrong = ["2026-10-24", "2026-10-25", "2026-10-26", "2026-11-03"];
        assert_eq!(wrong_days(&city).await, wrong);
        let (from, to) = ("2026-10-25".parse().ok(), "2026-10-26".parse().ok());
        assert_eq!(city.app.rebuild_rollups(from, to).await.unwrap(), 1);
        assert_eq!(wrong_days(&city).await, ["2026-10-24", "2026-10-26", "2026-11-03"]);
        assert_eq!(city.app.rebuild_rollups(None, None).await.unwrap(), 11, "from the first to the last day");
        city.verifies().await;
        assert_eq!(tables(&city).await, kept);
        assert_eq!(city.app.verify().await.unwrap().rollup_days, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_counted_while_contacts_come_in_are_true_in_the_end() {
    both(async |database| {
        let city = TestApp::at("2026-10-26 12:00", database).await;
        let (other, now) = (city.again(&[]).await, city.now());
        let mut tasks = JoinSet::new();
        for number in 0..24 {
            let app = [&city.app, &other][number % 2].clone();
            let call_id = format!("{number}.1");
            let entered = format!("2026-10-{} 10:{number:02}", 20 + number % 2);
            let log = QueueLog::default().abandoned(leg(&call_id, "tari", &entered), 5);
            let raw = filo_channel::Raw { bytes: log.bytes(), arrived_at: None, now };
            let came = filo_app::Intake::usual(crate::support::PBX, raw);
            tasks.spawn(async move {
                app.take_in(vec![came], now).await.unwrap();
            });
            let app = [&city.app, &other][number / 2 % 2].clone();
            tasks.spawn(async move {
                app.rebuild_rollups(None, None).await.unwrap();
            });
        }
        tasks.join_all().await;
        city.verifies().await;
        counted(&city).await;
        assert_eq!(marked(&city), Vec::<String>::new());
        city.verifies().await;
        let query = json!({ "from": "2026-10-20", "to": "2026-10-22" });
        assert_eq!(table(&city, query).await["totals"]["offered"], 24);
    })
    .await;
}

#[tokio::test]
async fn the_dashboards_usual_is_the_same_from_rollups_and_from_facts() {
    both(async |database| {
        let city = lived(database).await;
        // The Sunday after, at 02:40: a week ago the clocks showed it twice.
        for now in ["2026-11-01 02:40:10", "2026-11-01 02:45", "2026-11-01 18:00:30"] {
            city.now_is(now);
            city.database.try_execute("DELETE FROM rollups").unwrap();
            let mark =
                "INSERT INTO rollup_marks (local_day) VALUES ('2026-10-24'), ('2026-10-25'), ('2026-10-26')";
            city.database.try_execute(mark).unwrap();
            let dashboard = async || city.app.dashboard(&supervisor(), city.now()).await.unwrap();
            let from_facts = dashboard().await;
            assert_eq!(counted(&city).await, 3);
            assert_eq!(dashboard().await, from_facts, "{now}");
            let usual: f64 = from_facts.volumes.iter().filter_map(|volume| volume.usual).sum();
            assert!((usual - if now.contains(" 02") { 1.0 } else { 5.0 }).abs() < 0.01, "{now}: {usual}");
        }
    })
    .await;
}

#[tokio::test]
async fn after_the_upgrade_every_day_with_data_waits_to_be_counted() {
    both(async |database| {
        let city = lived(database).await;
        let upgrade = match city.database.backend {
            Backend::Sqlite => {
                include_str!("../../migrations/sqlite/2026-11-23-001700_roll_up_days/up.sql")
            }
            Backend::Postgres => {
                include_str!("../../migrations/postgres/2026-11-23-001700_roll_up_days/up.sql")
            }
        };
        let again = format!("DROP TABLE rollups; DROP TABLE rollup_marks; {upgrade}");
        city.database.try_execute(&again).unwrap();
        assert_eq!(marked(&city), ["2026-10-24", "2026-10-25", "2026-10-26"]);
    })
    .await;
}
