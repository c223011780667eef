//! Rollups of days: marked by whatever changes a day, counted anew when it is over, and read in place of the facts.

use filo_app::{Difference, ErrorKind, MergeTicket, StepRequest, TicketChange};
use filo_domain::vocabulary::{Channel, Kind};
use filo_testkit::{
    Backend, Database, at, both,
    mail::Mail,
    phone::{Leg, QueueLog},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{TestApp, operator, supervisor};

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
        json!({ "from": from, "to": to, "theme": "tributi" }),
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

        // Tables of themes add up to the others.
        let mut offered = 0;
        for theme in ["tributi", "unclassified", "not_registered"] {
            let query = json!({ "from": "2026-10-24", "to": "2026-10-27", "theme": theme });
            offered += table(&city, query).await["totals"]["offered"].as_u64().unwrap();
        }
        assert_eq!(offered, 6);
        // And they are read of what is kept.
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
        let (first, second) = match city.database.backend {
            Backend::Sqlite => (
                include_str!("../../migrations/sqlite/2026-11-23-001700_roll_up_days/up.sql"),
                include_str!("../../migrations/sqlite/2026-11-23-001900_file_rollups/up.sql"),
            ),
            Backend::Postgres => (
                include_str!("../../migrations/postgres/2026-11-23-001700_roll_up_days/up.sql"),
                include_str!("../../migrations/postgres/2026-11-23-001900_file_rollups/up.sql"),
            ),
        };
        let again = format!("DROP TABLE rollups; DROP TABLE rollup_marks; {first}; {second}");
        city.database.try_execute(&again).unwrap();
        let days = ["2026-10-24", "2026-10-25", "2026-10-26"];
        assert_eq!(marked(&city), days);
        // What was counted before contacts were counted by their tickets is counted anew.
        city.now_is("2026-10-27 12:00");
        assert_eq!((counted(&city).await, marked(&city).len()), (3, 0));
        city.database.try_execute(second).unwrap();
        assert_eq!((marked(&city), city.rows("rollups")), (days.map(str::to_owned).to_vec(), 0));
    })
    .await;
}

/// Calls offered, by what is asked of them.
async fn offered(city: &TestApp, asked: Value) -> u64 {
    let mut query = json!({ "from": "2026-10-24", "to": "2026-10-27" });
    query.as_object_mut().unwrap().extend(asked.as_object().unwrap().clone());
    table(city, query).await["totals"]["offered"].as_u64().unwrap()
}

/// What is asked of calls, and how many were offered before anything was filed otherwise.
const QUESTIONS: [(&str, &str, u64); 9] = [
    ("theme", "tributi/tari", 2),
    ("theme", "tributi/imu", 0),
    ("theme", "not_registered", 4),
    ("kind", "information", 2),
    ("kind", "complaint", 0),
    ("tag", "bolletta", 0),
    ("level", "I", 2),
    ("level", "II", 0),
    ("unit", "area-crm", 0),
];

async fn answers(city: &TestApp) -> [u64; 9] {
    let mut answers = [0; 9];
    for (answer, (key, value, _)) in answers.iter_mut().zip(QUESTIONS) {
        *answer = offered(city, json!({ key: value })).await;
    }
    answers
}

#[tokio::test]
async fn tables_follow_what_tickets_are_filed_under_and_their_merges() {
    both(async |database| {
        let city = lived(database).await;
        city.now_is("2026-10-27 12:00");
        let call = city.call_log().await.into_iter().find(|call| call.call_id == "1.3").unwrap();
        let request = json!({ "theme": "tributi/tari", "kind": "information", "subject": "TARI" });
        let second = city.register(call.id, request).await.unwrap();
        let first =
            city.tickets().await.into_iter().find(|it| it.channel == Channel::Phone && it.id != second.id);
        let first = first.unwrap();
        // Each day is counted, marked by what follows, and says the same before and after it is counted anew.
        let becomes = async |expected: [u64; 9]| {
            assert_eq!(marked(&city), ["2026-10-25"]);
            assert_eq!(answers(&city).await, expected);
            city.verifies().await;
            assert_eq!(counted(&city).await, 1);
            assert_eq!(answers(&city).await, expected);
            city.verifies().await;
        };
        counted(&city).await;
        assert_eq!(answers(&city).await, QUESTIONS.map(|(_, _, offered)| offered));
        let escalate = StepRequest::Escalate { unit: "area-crm".to_owned(), note: None };
        city.step(second.id, escalate).await;
        becomes([2, 0, 4, 2, 0, 0, 1, 1, 1]).await;
        let change = TicketChange {
            theme: Some("tributi/imu".to_owned()),
            kind: Some(Kind::Complaint),
            tags: Some(vec!["bolletta".to_owned()]),
            ..TicketChange::default()
        };
        city.app.change_ticket(&operator(), first.id, change, first.version, city.now()).await.unwrap();
        becomes([1, 1, 4, 1, 1, 1, 1, 1, 1]).await;
        // What is not counted by changes nothing.
        city.reply(first.id, "Ecco.").await;
        assert_eq!(marked(&city), Vec::<String>::new());
        // The second ticket speaks for the first, and then no more.
        let merge = MergeTicket { into: second.id, reason: None };
        city.app.merge_ticket(&operator(), first.id, merge, None, city.now()).await.unwrap();
        becomes([2, 0, 4, 2, 0, 0, 0, 2, 2]).await;
        let change = TicketChange { tags: Some(vec!["bolletta".to_owned()]), ..TicketChange::default() };
        let version = city.app.ticket(&operator(), second.id, city.now()).await.unwrap().version;
        city.app.change_ticket(&operator(), second.id, change, version, city.now()).await.unwrap();
        becomes([2, 0, 4, 2, 0, 2, 0, 2, 2]).await;
        city.app.unmerge_ticket(&operator(), first.id, None, city.now()).await.unwrap();
        becomes([1, 1, 4, 1, 1, 2, 1, 1, 1]).await;
    })
    .await;
}

#[tokio::test]
async fn a_question_about_what_the_city_does_not_have_is_refused() {
    both(async |database| {
        let city = lived(database).await;
        for (key, value) in [
            ("theme", json!("astrologia")),
            ("kind", json!("gossip")),
            ("unit", json!("nessuna")),
            ("level", json!("III")),
            ("municipio", json!(10)),
        ] {
            let query = json!({ "from": "2026-10-24", "to": "2026-10-27", key: value });
            let query = serde_json::from_value(query).unwrap();
            let error = city.app.call_intervals(&supervisor(), query, city.now()).await.unwrap_err();
            assert_eq!(error.kind().0, ErrorKind::Invalid, "{key}");
        }
    })
    .await;
}
