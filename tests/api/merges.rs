//! Merges in any order, undone in any order: search, timelines and figures are exactly as before.

use filo_domain::{Period, id::Id};
use filo_testkit::{
    at, both,
    phone::{Leg, QueueLog},
};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
    operator, supervisor,
};

const PERSONS: usize = 7;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// Everything that merging touches, as it looks from outside; versions count changes and are left out.
async fn picture(served: &Served, persons: &[String]) -> Value {
    let mut seen = Vec::new();
    for (index, person) in persons.iter().enumerate() {
        let query = json!({ "email": format!("p{index}@mail.example") });
        let mut found = served.post("operator", &format!("{CRM}/persons/searches"), &query).await.expect(200)
            ["items"]
            .clone();
        let mut timeline =
            served.get("operator", &format!("{CRM}/persons/{person}/timeline?limit=200")).await.expect(200);
        for place in [found.pointer_mut("/0"), timeline.pointer_mut("/person")] {
            place.unwrap().as_object_mut().unwrap().remove("version");
        }
        seen.push(json!({ "found": found, "timeline": timeline }));
    }
    let october = Period::parse_month("2026-09").unwrap();
    let report =
        served.city.app.monthly_report(&supervisor(), october, None, served.city.now()).await.unwrap();
    let mut report = serde_json::to_value(report).unwrap();
    for key in ["as_of", "generated_at"] {
        report.as_object_mut().unwrap().remove(key);
    }
    let open =
        served.get("operator", &format!("{CRM}/person-suggestions?limit=200")).await.expect(200)["items"]
            .clone();
    json!({ "persons": seen, "report": report, "suggestions": open })
}

/// Persons with calls and tickets; two share a name.
async fn town(served: &Served) -> Vec<String> {
    let mut log = QueueLog::default();
    for index in 0..PERSONS {
        for call in 0..=index % 4 {
            let (call_id, caller) = (format!("17900000{index}{call}.1"), format!("34712345{index}0"));
            let entered_at = at(&format!("2026-09-2{call} 1{index}:00"));
            log = log.answered(
                Leg { call_id: &call_id, queue: "anagrafe", caller: &caller, entered_at },
                9,
                60,
            );
        }
    }
    served.city.calls(log).await;
    let mut persons = Vec::new();
    for index in 0..PERSONS {
        let name = if index < 2 { "Zaira Quartapelle".to_owned() } else { format!("Persona Numero{index}") };
        let new = json!({ "channel": "counter", "subject": format!("Domanda {index}"), "kind": "information", "requester": { "name": name,
            "identities": [{ "type": "phone", "value": format!("34712345{index}0") }, { "type": "email", "value": format!("p{index}@mail.example") }] } });
        let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
        persons.push(ticket["person_id"].as_str().unwrap().to_owned());
    }
    persons
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_in_any_order_undone_in_any_order_leave_everything_as_before() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let persons = town(&served).await;
        let before = picture(&served, &persons).await;
        assert_eq!(before["suggestions"].as_array().unwrap().len(), 1);
        for seed in 1..=4 {
            let (mut dice, mut ledger) = (Dice(seed), Vec::<String>::new());
            for _ in 0..12 {
                if !ledger.is_empty() && dice.below(3) == 0 {
                    let merge = ledger.swap_remove(dice.below(ledger.len()));
                    undo(&served, &merge).await;
                    continue;
                }
                let (from, into) = (&persons[dice.below(PERSONS)], &persons[dice.below(PERSONS)]);
                let path = format!("{CRM}/persons/{from}/merge");
                let merged = served.post("operator", &path, &json!({ "into": into })).await;
                match merged.status.as_u16() {
                    200 => ledger.push(merged.json()["merge_id"].as_str().unwrap().to_owned()),
                    _ => assert_eq!(merged.expect(409)["type"], "/problems/already-one-person"),
                }
            }
            served.city.verifies().await;
            while !ledger.is_empty() {
                let merge = ledger.swap_remove(dice.below(ledger.len()));
                undo(&served, &merge).await;
            }
            assert_eq!(picture(&served, &persons).await, before, "seed {seed}");
            served.city.verifies().await;
        }
    })
    .await;
}

async fn undo(served: &Served, merge: &str) {
    let path = format!("{CRM}/person-merges/{merge}/undo");
    served.post("operator", &path, &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_a_hundred_merges_ends_at_one_person() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let mut last = None;
        let mut first = String::new();
        for index in 0..100 {
            let new = json!({ "channel": "counter", "subject": "x", "kind": "information",
                "requester": { "identities": [{ "type": "email", "value": format!("c{index}@mail.example") }] } });
            let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
            let person: String = ticket["person_id"].as_str().unwrap().to_owned();
            if let Some(before) = last {
                let path = format!("{CRM}/persons/{before}/merge");
                served.post("operator", &path, &json!({ "into": person })).await.expect(200);
            } else {
                first.clone_from(&person);
            }
            last = Some(person);
        }
        let id = Id::from_uuid(first.parse().unwrap());
        let whole = served.city.app.timeline(&operator(), id, Some(200), None).await.unwrap();
        assert_eq!((whole.person.merged.len(), whole.page.items.len()), (99, 100));
        assert_eq!(whole.person.id.to_string(), last.unwrap());
    })
    .await;
}
