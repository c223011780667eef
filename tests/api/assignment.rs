//! Who of a unit gets a ticket that comes to it.

use std::collections::BTreeMap;

use filo::content::Files;
use filo_app::{Caller, NewUser, Role};
use filo_testkit::{Database, both};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, PASSWORD, Served},
};

fn assigning(files: &mut Files, unit: &str, how: &str) {
    let units = files.get_mut("units.toml").unwrap();
    let found = format!("key = \"{unit}\"\n");
    *units = units.replacen(&found, &format!("{found}assignment = \"{how}\"\n"), 1);
}

/// A city where the contact centre and one Directorate give their tickets out in a way, each with users.
async fn city(database: Database, how: &str) -> Served {
    let city = TestApp::of_city("2026-10-01 12:00", database, |files| {
        assigning(files, "020202", how);
        assigning(files, "mobilita", how);
    })
    .await;
    for (minute, name) in ["ada", "bea", "carlo"].into_iter().enumerate() {
        city.now_is(&format!("2026-10-01 12:1{minute}"));
        add(&city, name, Role::Operator, "020202").await;
    }
    // Who may not work tickets gets none, nor does who is disabled.
    add(&city, "dora", Role::Analyst, "020202").await;
    add(&city, "elio", Role::Operator, "020202").await;
    city.app.disable_user(&Caller::console(), "elio", city.now()).await.unwrap();
    Served::of(city).await
}

async fn add(city: &TestApp, name: &str, role: Role, unit: &str) {
    let new = NewUser {
        name: name.to_owned(),
        role,
        unit: Some(unit.to_owned()),
        password: PASSWORD.to_owned().into(),
    };
    city.app.add_user(&Caller::console(), new, city.now()).await.unwrap();
}

async fn names(served: &Served) -> BTreeMap<String, String> {
    let users = served.get("admin", &format!("{CRM}/users")).await.expect(200);
    let pair =
        |user: &Value| (user["id"].as_str().unwrap().to_owned(), user["name"].as_str().unwrap().to_owned());
    users["items"].as_array().unwrap().iter().map(pair).collect()
}

async fn open(served: &Served, subject: &str) -> Value {
    let new = json!({ "channel": "counter", "subject": subject, "kind": "information" });
    served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201)
}

fn user<'n>(names: &'n BTreeMap<String, String>, ticket: &Value) -> &'n str {
    &names[ticket["user"].as_str().unwrap()]
}

#[tokio::test(flavor = "multi_thread")]
async fn by_turns_everybody_of_the_unit_gets_one_after_the_other_and_the_log_says_so() {
    both(async |database| {
        let served = city(database, "round_robin").await;
        let names = names(&served).await;
        let mut order = vec![];
        for index in 0..5 {
            order.push(user(&names, &open(&served, &format!("n. {index}")).await).to_owned());
        }
        assert_eq!(order, ["ada", "bea", "carlo", "ada", "bea"]);
        let ticket = open(&served, "n. 5").await;
        let path = format!("{CRM}/tickets/{}", ticket["id"].as_str().unwrap());
        let events = served.get("operator", &format!("{path}/events")).await.expect(200);
        let last = events["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["kind"], &last["actor"]), (&json!("assigned"), &json!("system")));
        assert_eq!(last["data"]["user"], ticket["user"]);
        assert_eq!((&ticket["state"], &ticket["unit"]), (&json!("new"), &json!("020202")));
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escalation_and_handing_back_come_to_the_unit_too_and_a_named_user_is_kept() {
    both(async |database| {
        let served = city(database, "round_robin").await;
        let names = names(&served).await;
        let ticket = open(&served, "sosta").await;
        let path = format!("{CRM}/tickets/{}", ticket["id"].as_str().unwrap());
        let up = json!({ "unit": "mobilita", "note": "di competenza" });
        let up = served.post("operator", &format!("{path}/escalate"), &up).await.expect(200);
        // The unit has a specialist and a supervisor, made at the same instant.
        assert!(["specialist", "supervisor"].contains(&user(&names, &up)) && up["state"] == "assigned");
        let back = served
            .post("operator", &format!("{path}/assign"), &json!({ "unit": "020202" }))
            .await
            .expect(200);
        assert_eq!((user(&names, &back), &back["level"]), ("bea", &json!("I")));
        let carlo = names.iter().find(|(_, name)| *name == "carlo").unwrap().0;
        let named = json!({ "unit": "mobilita", "user": carlo });
        let named = served.post("operator", &format!("{path}/assign"), &named).await.expect(200);
        assert_eq!(named["user"], json!(carlo));
        // To the same unit it does not come again.
        let same = served
            .post("operator", &format!("{path}/assign"), &json!({ "unit": "mobilita" }))
            .await
            .expect(200);
        assert_eq!(same["user"], json!(carlo));
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_loaded_gets_the_next_and_equals_take_turns() {
    both(async |database| {
        let served = city(database, "least_loaded").await;
        let names = names(&served).await;
        let mut tickets = vec![];
        for index in 0..6 {
            tickets.push(open(&served, &format!("n. {index}")).await);
        }
        let order: Vec<&str> = tickets.iter().map(|ticket| user(&names, ticket)).collect();
        assert_eq!(order, ["ada", "bea", "carlo", "ada", "bea", "carlo"]);
        // Both of Bea's are resolved: the next two are hers, whoever's turn it is.
        for ticket in tickets.iter().filter(|ticket| user(&names, ticket) == "bea") {
            let path = format!("{CRM}/tickets/{}/resolve", ticket["id"].as_str().unwrap());
            served.post("operator", &path, &json!({ "outcome": "answered" })).await.expect(200);
        }
        let mut order = vec![];
        for index in 6..9 {
            order.push(user(&names, &open(&served, &format!("n. {index}")).await).to_owned());
        }
        assert_eq!(order, ["bea", "bea", "carlo"]);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_tickets_at_once_are_given_out_as_evenly_as_one_after_the_other() {
    for how in ["round_robin", "least_loaded"] {
        both(async |database| {
            let served = city(database, how).await;
            let names = names(&served).await;
            let subjects: Vec<String> = (0..8).map(|index| format!("n. {index}")).collect();
            let opened =
                futures_util::future::join_all(subjects.iter().map(|subject| open(&served, subject))).await;
            let mut each: BTreeMap<&str, usize> = BTreeMap::new();
            for ticket in &opened {
                *each.entry(user(&names, ticket)).or_default() += 1;
            }
            let mut counts: Vec<usize> = each.into_values().collect();
            counts.sort_unstable();
            assert_eq!(counts, [2, 3, 3], "{how}");
            served.city.verifies().await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_hand_overs_at_once_to_one_unit_go_by_eight_turns() {
    both(async |database| {
        let served = city(database, "round_robin").await;
        let names = names(&served).await;
        let mut paths = vec![];
        for index in 0..8 {
            let new = json!({ "channel": "social", "subject": format!("n. {index}"), "kind": "information" });
            let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
            assert_eq!((&ticket["unit"], &ticket["user"]), (&json!("social-desk"), &Value::Null));
            paths.push(format!("{CRM}/tickets/{}/assign", ticket["id"].as_str().unwrap()));
        }
        let to = json!({ "unit": "020202" });
        let moves = paths.iter().map(|path| async { served.post("operator", path, &to).await.expect(200) });
        let moved = futures_util::future::join_all(moves).await;
        let mut each: BTreeMap<&str, usize> = BTreeMap::new();
        for ticket in &moved {
            *each.entry(user(&names, ticket)).or_default() += 1;
        }
        let mut counts: Vec<usize> = each.into_values().collect();
        counts.sort_unstable();
        assert_eq!(counts, [2, 3, 3]);
        served.city.verifies().await;
    })
    .await;
}
