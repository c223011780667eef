//! Custom fields of tickets: typed, inherited by sub-themes, sealed in the log.

use filo_testkit::{
    at, both,
    phone::{Leg, QueueLog},
};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

fn ticket(theme: &str, fields: Value) -> Value {
    json!({ "channel": "counter", "subject": "Pass", "theme": theme, "kind": "assistance", "fields": fields })
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_set_changed_and_removed_and_are_in_no_event() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let given = ticket("mobilita/pass-sosta", json!({ "plate": "AB123CD", "resident": true }));
        let opened = served.post("operator", &format!("{CRM}/tickets"), &given).await;
        let made = opened.expect(201);
        assert_eq!(made["fields"], json!({ "plate": "AB123CD", "resident": true }));
        let path = format!("{CRM}/tickets/{}", made["id"].as_str().unwrap());
        let change = json!({ "fields": { "resident": null, "plate": "ZZ999ZZ" } });
        let changed = served.patch("operator", &path, opened.header("etag"), &change).await;
        assert_eq!(changed.expect(200)["fields"], json!({ "plate": "ZZ999ZZ" }));
        assert_eq!(served.get("operator", &path).await.expect(200)["fields"], json!({ "plate": "ZZ999ZZ" }));
        let events = served.get("operator", &format!("{path}/events")).await;
        assert!(!events.text.contains("ZZ999ZZ") && !events.text.contains("AB123CD"), "{}", events.text);
        let seals: Vec<_> = events.json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["data"]["fields"].is_string())
            .cloned()
            .collect();
        assert_eq!(seals.len(), 2);
        let list = served.get("operator", &format!("{CRM}/tickets")).await.expect(200);
        assert!(list["items"][0].get("fields").is_none());
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_field_is_refused_at_its_place_and_nothing_is_written() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
        let wrong =
            ticket("mobilita/pass-sosta", json!({ "resident": "forse", "colour": "rosso", "plate": 7 }));
        let refused = served.post("operator", &format!("{CRM}/tickets"), &wrong).await.expect(422);
        let mut found = pointers(&refused);
        found.sort_unstable();
        assert_eq!(found, ["/fields/colour", "/fields/plate", "/fields/resident"]);
        let untold = ticket("mobilita", json!({ "plate": "AB123CD" }));
        let refused = served.post("operator", &format!("{CRM}/tickets"), &untold).await.expect(422);
        assert_eq!(pointers(&refused), ["/fields/plate"]);
        assert_eq!((served.city.rows("tickets"), served.city.rows("ticket_fields")), (0, 0));
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_has_its_themes_fields_and_a_required_one_is_asked_for() {
    both(async |database| {
        let city = TestApp::of_city("2026-10-01 12:00", database, |files| {
            let themes = files.get_mut("themes.toml").unwrap();
            let declared = "key = \"mobilita\"\nfields = [{ key = \"street\", type = \"text\", required = true, label = { it = \"Via\" } }]";
            *themes = themes.replacen("key = \"mobilita\"", declared, 1);
        });
        let served = Served::of(city.await).await;
        let themes = served.get("analyst", &format!("{CRM}/themes?")).await.expect(200);
        let of = |key: &str| {
            let items = themes["items"].as_array().unwrap();
            let theme = items.iter().find(|theme| theme["key"] == key).unwrap();
            let fields = theme["fields"].as_array().unwrap();
            fields.iter().map(|field| field["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of("mobilita"), ["street"]);
        assert_eq!(of("mobilita/pass-sosta"), ["street", "plate", "resident"]);
        let tickets = format!("{CRM}/tickets");
        let without = served.post("operator", &tickets, &ticket("mobilita/pass-sosta", json!({}))).await;
        assert_eq!(pointers(&without.expect(422)), ["/fields/street"]);
        let other = served.post("operator", &tickets, &ticket("tributi/tari", json!({ "square_metres": "82,50" }))).await;
        assert_eq!(other.expect(201)["fields"], json!({ "square_metres": 82.5 }));
        // A ticket that is moved there is asked too; what its old theme declared stays until it is removed.
        let path = format!("{tickets}/{}", other.json()["id"].as_str().unwrap());
        let moved = json!({ "theme": "mobilita" });
        let refused = served.patch("operator", &path, other.header("etag"), &moved).await.expect(422);
        assert_eq!(pointers(&refused), ["/fields/street"]);
        let moved = json!({ "theme": "mobilita", "fields": { "street": "via Larga" } });
        let changed = served.patch("operator", &path, other.header("etag"), &moved).await.expect(200);
        assert_eq!(changed["fields"], json!({ "square_metres": "82.5", "street": "via Larga" }));
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forms_field_that_the_theme_declares_lands_in_the_ticket() {
    both(async |database| {
        let city = TestApp::of_city("2026-10-01 12:00", database, |files| {
            let form = files.get_mut("forms/generale.toml").unwrap();
            form.push_str("\n[[fields]]\nkey = \"plate\"\ntype = \"text\"\nlabel = { it = \"Targa\" }\n");
            form.push_str("\n[[fields]]\nkey = \"resident\"\ntype = \"yes_no\"\nlabel = { it = \"Residente\" }\n");
        })
        .await;
        let body = json!({
            "form": "generale", "privacy_accepted": true,
            "fields": { "name": "Anna", "surname": "Rossi", "email": "anna.rossi@mail.example", "resident": "sì",
                "theme": "mobilita/pass-sosta", "subject": "Pass", "text": "Vorrei un pass", "plate": "AB123CD" },
        });
        city.submit_json("s1", &body).await.unwrap();
        let fields = json!({ "plate": "AB123CD", "resident": true });
        assert_eq!(json!(city.ticket().await.fields), fields);
        city.verifies().await;
        city.database.try_execute("UPDATE ticket_fields SET salt = NULL").unwrap();
        let found = city.app.verify().await.unwrap().differences;
        assert!(found.len() == 1 && found[0].problem.contains("custom fields"), "{found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_registered_with_the_fields_of_its_queues_theme_and_a_reason() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let leg = Leg { call_id: "c.1", queue: "tari", caller: "3471234567", entered_at: at("2026-10-01 11:00") };
        city.calls(QueueLog::default().answered(leg, 10, 120)).await;
        let served = Served::of(city).await;
        let calls = served.get("operator", &format!("{CRM}/calls")).await.expect(200);
        let path = format!("{CRM}/calls/{}/ticket", calls["items"][0]["id"].as_str().unwrap());
        let mut call = json!({
            "subject": "Superficie", "kind": "assistance", "outcome": "solved", "reason": "tari-posizione-corretta",
            "fields": { "square_metres": 82, "home": "forse" }, "note": "@supervisor corretta",
        });
        let refused = served.post("operator", &path, &call).await.expect(422);
        assert_eq!(pointers(&refused), ["/fields/home"]);
        call["fields"]["home"] = json!(true);
        call["reason"] = json!("gia-segnalato");
        assert_eq!(pointers(&served.post("operator", &path, &call).await.expect(422)), ["/reason"]);
        call["reason"] = json!("tari-posizione-corretta");
        let ticket = served.post("operator", &path, &call).await.expect(201);
        assert_eq!(ticket["fields"], json!({ "square_metres": 82, "home": true }));
        let told = (&ticket["theme"], &ticket["state"], &ticket["resolution_reason"]);
        assert_eq!(told, (&json!("tributi/tari"), &json!("resolved"), &json!("tari-posizione-corretta")));
        served.city.verifies().await;
    })
    .await;
}
