//! Many operators at once over the wire: no change is lost, and what they leave behind verifies.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use filo_testkit::{at, both, mail::Mail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{
    TestApp,
    http::{CRM, Reply, Served},
};

const AT_ONCE: usize = 12;
const CLIENTS: u64 = 50;
const TICKETS: usize = 200;
/// All acts together: enough for every client to meet every other on some ticket, and done within the gate's patience.
const ACTS: usize = 2_000;

/// Sends again as long as the database says that it is busy, as the answer asks.
async fn sent(served: &Served, method: Method, path: &str, body: &Value, headers: &[(&str, &str)]) -> Reply {
    for _ in 0..100 {
        let reply = served.send_with("operator", method.clone(), path, Some(body), headers).await;
        if reply.status != StatusCode::SERVICE_UNAVAILABLE {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} is busy for ever");
}

async fn opened(served: &Served, number: usize) -> Value {
    let new =
        json!({ "channel": "counter", "subject": format!("Richiesta {number}"), "kind": "information" });
    served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201)
}

/// The same request by many at once; gives the statuses, counted.
async fn by_many(
    served: &Arc<Served>,
    request: impl Fn(usize) -> (Method, String, Value, Option<String>),
) -> BTreeMap<u16, usize> {
    let mut tasks = JoinSet::new();
    for index in 0..AT_ONCE {
        let (served, (method, path, body, version)) = (Arc::clone(served), request(index));
        tasks.spawn(async move {
            let headers: Vec<(&str, &str)> = version.iter().map(|tag| ("If-Match", tag.as_str())).collect();
            sent(&served, method, &path, &body, &headers).await.status.as_u16()
        });
    }
    let mut statuses = BTreeMap::new();
    for status in tasks.join_all().await {
        *statuses.entry(status).or_insert(0) += 1;
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_change_one_ticket_at_once_never_lose_a_change() {
    both(async |database| {
        let served = Arc::new(Served::of(TestApp::at("2026-10-01 12:00", database).await).await);
        let ticket = opened(&served, 1).await;
        let path = format!("{CRM}/tickets/{}", ticket["id"].as_str().unwrap());
        let tag = served.get("operator", &path).await.header("etag").to_owned();

        // With the version that was read one wins and all others are told.
        let changes = by_many(&served, |index| {
            (Method::PATCH, path.clone(), json!({ "tags": [format!("t{index}")] }), Some(tag.clone()))
        });
        assert_eq!(changes.await, BTreeMap::from([(200, 1), (412, AT_ONCE - 1)]));
        let log = async || served.get("operator", &format!("{path}/events")).await.expect(200);
        let kinds = |log: &Value, kind: &str| {
            log["items"].as_array().unwrap().iter().filter(|event| event["kind"] == kind).count()
        };
        assert_eq!(kinds(&log().await, "classified"), 1);

        // Whoever only adds needs no version, and every note stays.
        let notes = by_many(&served, |index| {
            let note = json!({ "kind": "note", "body": format!("nota {index}") });
            (Method::POST, format!("{path}/messages"), note, None)
        });
        assert_eq!(notes.await, BTreeMap::from([(201, AT_ONCE)]));
        let messages = served.get("operator", &format!("{path}/messages")).await.expect(200);
        assert_eq!(
            messages["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "note").count(),
            AT_ONCE
        );

        // A step that is allowed once is taken once.
        let charged =
            by_many(&served, |_| (Method::POST, format!("{path}/take-charge"), json!({}), None)).await;
        assert_eq!(charged, BTreeMap::from([(200, 1), (409, AT_ONCE - 1)]));
        assert_eq!(kinds(&log().await, "taken_in_charge"), 1);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_merged_into_each_other_by_many_at_once_never_point_in_a_circle() {
    both(async |database| {
        let served = Arc::new(Served::of(TestApp::at("2026-10-01 12:00", database).await).await);
        let mut ids = Vec::new();
        for number in 0..3 {
            ids.push(opened(&served, number).await["id"].as_str().unwrap().to_owned());
        }
        let merged = by_many(&served, |index| {
            let (from, into) = (&ids[index % 3], &ids[(index + 1) % 3]);
            (Method::POST, format!("{CRM}/tickets/{from}/merge"), json!({ "into": into }), None)
        });
        let merged = merged.await;
        assert_eq!(merged.get(&200), Some(&2), "two point to the third: {merged:?}");
        assert_eq!(merged.get(&409), Some(&(AT_ONCE - 2)));
        served.city.verifies().await;
    })
    .await;
}

/// A little generator of chance: the same acts each time, whoever is first.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// What one of the clients does next: method, path, body, and whether it must say a version.
fn act(chance: &mut Chance, tickets: &[String], number: usize) -> (Method, String, Value, bool) {
    let any = |chance: &mut Chance| tickets[chance.below(tickets.len())].clone();
    let id = any(chance);
    let at = |rest: &str| format!("{CRM}/tickets/{id}{rest}");
    let post = |rest: &str, body: Value| (Method::POST, at(rest), body, false);
    match chance.below(20) {
        0 | 1 => (Method::PATCH, at(""), json!({ "tags": [format!("t{number}")], "priority": "high" }), true),
        2 => (Method::PATCH, at(""), json!({ "theme": "anagrafe" }), true),
        3 | 4 => post("/messages", json!({ "kind": "note", "body": format!("nota {number}") })),
        5 => post("/take-charge", json!({})),
        6 => post("/wait", json!({ "for": "citizen", "reason": "manca la via" })),
        7 => post("/resume", json!({})),
        8 => post("/assign", json!({ "unit": "020202" })),
        9 => post("/escalate", json!({ "unit": "mobilita", "note": "competenza" })),
        10 | 11 => post("/resolve", json!({ "outcome": "solved" })),
        12 => post("/close", json!({})),
        13 => post("/reopen", json!({ "reason": "non è così" })),
        14 => post("/merge", json!({ "into": any(chance) })),
        15 | 16 => post("/unmerge", json!({})),
        17 => post("/links", json!({ "ticket_id": any(chance), "kind": "related" })),
        18 => (Method::POST, format!("{CRM}/matters"), json!({ "ticket_ids": [id, any(chance)] }), false),
        _ => post("/watchers", json!({})),
    }
}

/// Works until all acts together are done; gives the statuses that came back.
async fn work(
    served: Arc<Served>,
    tickets: Arc<Vec<String>>,
    done: Arc<AtomicUsize>,
    client: u64,
) -> Vec<u16> {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15 ^ (client + 1).wrapping_mul(0x2545_f491_4f6c_dd1d));
    let mut statuses = Vec::new();
    loop {
        let number = done.fetch_add(1, Ordering::Relaxed);
        if number >= ACTS {
            return statuses;
        }
        let (method, path, body, versioned) = act(&mut chance, &tickets, number);
        let mut tag = String::new();
        if versioned {
            served.get("operator", &path).await.header("etag").clone_into(&mut tag);
        }
        let headers = [("If-Match", tag.as_str())];
        let reply = sent(&served, method.clone(), &path, &body, if versioned { &headers } else { &[] }).await;
        assert!(reply.status.as_u16() < 500, "{method} {path} {body}: {}", reply.text);
        statuses.push(reply.status.as_u16());
        if number.is_multiple_of(100) {
            answered_by_mail(&served, number).await;
        }
    }
}

/// Meanwhile citizens write, always the same two: their mails find the tickets of the mails before, merged or not.
async fn answered_by_mail(served: &Served, number: usize) {
    let from = ["anna@mail.example", "luca@mail.example"][number / 100 % 2];
    let mail = Mail::new(&format!("m{number}@mail.example"), from, at("2026-10-01 11:00"));
    let before = format!("m{}@mail.example", number.saturating_sub(200));
    served.city.take_in("urp", mail.answering(&before).bytes()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_clients_working_the_same_two_hundred_tickets_leave_everything_verified() {
    both(async |database| {
        let served = Arc::new(Served::of(TestApp::at("2026-10-01 12:00", database).await).await);
        let mut tickets = Vec::with_capacity(TICKETS);
        for number in 0..TICKETS {
            tickets.push(opened(&served, number).await["id"].as_str().unwrap().to_owned());
        }
        let (tickets, done) = (Arc::new(tickets), Arc::new(AtomicUsize::new(0)));
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            clients.spawn(work(Arc::clone(&served), Arc::clone(&tickets), Arc::clone(&done), client));
        }
        let statuses: Vec<u16> = clients.join_all().await.concat();
        assert_eq!(statuses.len(), ACTS);
        let counted = |status: u16| statuses.iter().filter(|it| **it == status).count();
        assert!(counted(200) + counted(201) > ACTS / 4, "most acts fit some state: {}", counted(200));
        assert!(counted(409) > ACTS / 20, "and many meet another's: {}", counted(409));
        served.city.verifies().await;
    })
    .await;
}
