//! Where a contact goes: each condition of a rule, the desk's sources, and hand-overs that lose no clock.

use filo_testkit::{at, both};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

const RULES: &str = r#"
[default]
unit = "020202"
priority = "normal"

[[rules]]
when = { municipio = [7], words = ["buca"] }
then = { unit = "infrastrutture-territorio", theme = "mobilita/cantieri", priority = "urgent", tags = ["buche", "baggio"] }

[[rules]]
when = { municipio = [7, 8] }
then = { unit = "quartieri-municipi", tags = ["decentramento"] }

[[rules]]
when = { source = ["ufficio-sindaco"] }
then = { unit = "supporto-sindaco", priority = "high" }

[[rules]]
when = { channel = ["letter"], kind = ["complaint"] }
then = { unit = "direzione-generale" }

[[rules]]
when = { theme = ["tributi"] }
then = { tags = ["tributi"] }

[[rules]]
when = { words = ["asilo nido"] }
then = { theme = "educazione/nidi" }
"#;

fn routed(ticket: &Value) -> [&str; 4] {
    let text = |key: &str| ticket[key].as_str().unwrap_or("-");
    [text("unit"), text("level"), text("theme"), text("priority")]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_condition_of_a_rule_decides_and_the_first_rule_wins() {
    both(async |database| {
        let city = TestApp::of_city("2026-10-01 12:00", database, |files| {
            files.insert("routing.toml".to_owned(), RULES.to_owned());
        });
        let served = Served::of(city.await).await;
        let seven = json!({ "municipio": 7, "address": "via Forze Armate" });
        let cases: [(Value, [&str; 4], &[&str]); 9] = [
            (
                json!({ "subject": "Una BUCA, grande", "location": seven }),
                ["infrastrutture-territorio", "II", "mobilita/cantieri", "urgent"],
                &["baggio", "buche"],
            ),
            // The unit of 2021 does its work under another name now.
            (
                json!({ "subject": "Panchina", "location": { "municipio": "8" } }),
                ["servizi-civici-municipi", "II", "-", "normal"],
                &["decentramento"],
            ),
            (json!({ "subject": "Buca", "location": { "municipio": 9 } }), ["020202", "I", "-", "normal"], &[]),
            (
                json!({ "subject": "Al Sindaco", "channel": "letter", "source": "ufficio-sindaco", "kind": "complaint" }),
                ["supporto-sindaco", "II", "-", "high"],
                &[],
            ),
            (json!({ "subject": "Reclamo", "channel": "letter", "kind": "complaint" }), ["direzione-generale", "II", "-", "normal"], &[]),
            (json!({ "subject": "Reclamo", "kind": "complaint" }), ["020202", "I", "-", "normal"], &[]),
            (json!({ "subject": "Rate", "theme": "tributi/imu", "priority": "low" }), ["020202", "I", "tributi/imu", "low"], &["tributi"]),
            (json!({ "subject": "Iscrizione", "body": "per l'asilo-nido" }), ["020202", "I", "educazione/nidi", "normal"], &[]),
            (json!({ "subject": "Imbucare" }), ["020202", "I", "-", "normal"], &[]),
        ];
        for (given, expected, tags) in cases {
            let mut new = json!({ "channel": "counter", "kind": "information" });
            new.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
            let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
            assert_eq!(routed(&ticket), expected, "{new}");
            assert_eq!(ticket["tags"], json!(tags), "{new}");
        }
        let seventh = served.get("operator", &format!("{CRM}/tickets?municipio=7")).await.expect(200);
        assert_eq!(seventh["items"].as_array().unwrap().len(), 1);
        for wrong in [json!(10), json!("centro"), json!(7.5), json!([7])] {
            let new = json!({ "channel": "counter", "subject": "x", "kind": "information", "location": { "municipio": wrong } });
            let refused = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], "/location/municipio", "{new}");
        }
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_goes_by_the_municipio_that_its_form_asks_for() {
    both(async |database| {
        let city = TestApp::of_city("2026-10-01 12:00", database, |files| {
            files.insert("routing.toml".to_owned(), RULES.to_owned());
            let form = files.get_mut("forms/generale.toml").unwrap();
            form.push_str("\n[[fields]]\nkey = \"municipio\"\ntype = \"text\"\nlabel = { it = \"Municipio\" }\n");
        })
        .await;
        for (id, municipio) in [("s1", "7"), ("s2", "77")] {
            let body = json!({
                "form": "generale", "privacy_accepted": true,
                "fields": { "name": "Anna", "surname": "Rossi", "email": format!("{id}@mail.example"), "theme": "altro",
                    "subject": "Buca", "text": "C'è una buca.", "municipio": municipio },
            });
            city.submit_json(id, &body).await.unwrap();
        }
        let tickets = city.tickets().await;
        let mut found: Vec<_> = tickets.iter().map(|it| (it.unit.as_deref().unwrap(), it.municipio)).collect();
        found.sort_unstable();
        assert_eq!(found, [("020202", None), ("infrastrutture-territorio", Some(7))]);
        city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_enter_counts_under_its_channel_whatever_desk_it_came_to() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let entered = [
            ("letter", None),
            ("letter", Some("ufficio-sindaco")),
            ("counter", Some("desk")),
            ("counter", Some("ufficio-sindaco")),
            ("phone", Some("infoline")),
            ("phone", None),
        ];
        for (channel, source) in entered {
            let new = json!({ "channel": channel, "source": source, "subject": "x", "kind": "information" });
            let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
            assert_eq!(ticket["source"], source.unwrap_or("desk"), "{new}");
        }
        for (channel, source) in
            [("counter", "infoline"), ("letter", "scrivi"), ("email", "urp"), ("letter", "nessuna")]
        {
            let new = json!({ "channel": channel, "source": source, "subject": "x", "kind": "information" });
            let refused = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], "/source", "{new}");
        }
        served.city.now_is("2026-11-01 12:00");
        let report = served.city.report("2026-10").await;
        // Nobody saw the last call in a log: its ticket waits for it.
        assert_eq!(report.line("letter")[..2], [2, 2]);
        assert_eq!(report.line("counter")[..2], [2, 2]);
        assert_eq!(report.line("phone")[..2], [1, 1]);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handing_up_and_back_loses_no_clock() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-01 09:00", database).await).await;
        let new = json!({
            "channel": "email", "subject": "Accesso agli atti", "kind": "formal_request",
            "requester": { "identities": [{ "type": "email", "value": "anna@mail.example" }] },
        });
        let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
        let path = format!("{CRM}/tickets/{}", ticket["id"].as_str().unwrap());
        let steps = [
            ("2026-10-01 10:00", "take-charge", json!({})),
            ("2026-10-01 11:00", "wait", json!({ "for": "third_party", "reason": "parere" })),
            // Handing over ends the wait: one hour and thirty minutes of it.
            ("2026-10-01 12:30", "escalate", json!({ "unit": "segreteria-generale", "note": "competenza" })),
            ("2026-10-02 10:00", "assign", json!({ "unit": "020202" })),
            ("2026-10-02 15:00", "escalate", json!({ "unit": "avvocatura", "note": "parere" })),
            ("2026-10-05 09:00", "assign", json!({ "unit": "020202" })),
        ];
        for (when, step, body) in steps {
            served.now_is(when).await;
            served.post("operator", &format!("{path}/{step}"), &body).await.expect(200);
        }
        served.now_is("2026-10-05 10:00").await;
        let reply = json!({ "kind": "reply", "body": "Ecco gli atti." });
        served.post("operator", &format!("{path}/messages"), &reply).await.expect(201);
        served.now_is("2026-10-06 11:00").await;
        let resolved =
            served.post("operator", &format!("{path}/resolve"), &json!({ "outcome": "solved" })).await;
        let resolved = resolved.expect(200);
        assert_eq!((&resolved["level"], &resolved["unit"]), (&json!("I"), &json!("020202")));
        let seconds = |from: &str, to: &str| at(to).seconds_since(at(from));
        let waited = seconds("2026-10-01 11:00", "2026-10-01 12:30");
        let (opened, ended) = ("2026-10-01 09:00", "2026-10-06 11:00");
        let clocks = resolved["clocks"].as_array().unwrap();
        let names: Vec<&str> = clocks.iter().map(|clock| clock["name"].as_str().unwrap()).collect();
        assert!(
            ["first_response", "resolution", "statutory"].iter().all(|name| names.contains(name)),
            "{names:?}"
        );
        for clock in clocks {
            let naive = match clock["name"].as_str().unwrap() {
                "first_response" => seconds(opened, "2026-10-05 10:00"),
                "resolution" | "statutory" => seconds(opened, ended) - waited,
                other => panic!("{other}"),
            };
            assert_eq!(clock["elapsed_s"].as_i64(), Some(naive), "{clock}");
            assert_eq!(clock["running"], false, "{clock}");
        }
        assert_eq!(resolved["charged_at"], json!(at("2026-10-01 10:00")));
        assert_eq!(resolved["escalated_at"], json!(at("2026-10-01 12:30")));
        served.city.verifies().await;
    })
    .await;
}
