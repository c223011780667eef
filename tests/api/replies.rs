//! What operators write: templates, warnings, reasons for resolutions, mentions in notes.

use filo_testkit::both;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

const CODE: &str = "RSSMRA85T10A562S";

async fn with_ticket(database: filo_testkit::Database) -> (Served, String) {
    let served = Served::of(TestApp::at("2026-10-01 12:00", database).await).await;
    let new = json!({
        "channel": "email", "subject": "Bolletta", "body": "Quanto devo?", "theme": "tributi/tari", "kind": "information",
        "requester": { "name": "Anna Rossi", "identities": [{ "type": "email", "value": "anna@mail.example" }] },
    });
    let ticket = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
    let path = format!("{CRM}/tickets/{}", ticket["id"].as_str().unwrap());
    (served, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_previewed_in_either_language_and_sent() {
    both(async |database| {
        let (served, path) = with_ticket(database).await;
        let offered =
            served.get("operator", &format!("{CRM}/reply-templates?channel=email&theme=tributi/tari")).await;
        assert_eq!(offered.expect(200)["items"][0]["key"], "tari-informazioni");
        let others =
            served.get("operator", &format!("{CRM}/reply-templates?theme=mobilita")).await.expect(200);
        let keys: Vec<&str> =
            others["items"].as_array().unwrap().iter().map(|it| it["key"].as_str().unwrap()).collect();
        assert!(keys.contains(&"risolta") && !keys.contains(&"tari-informazioni"), "{keys:?}");
        let previews = format!("{path}/reply-previews");
        let wanted = json!({ "template": "altre-informazioni" });
        let preview = served.post("operator", &previews, &wanted).await.expect(200);
        let body = preview["body"].as_str().unwrap();
        assert!(body.starts_with("Ciao Anna Rossi,") && body.contains("«Bolletta»"), "{body}");
        assert!(body.contains("ottobre 2026") && body.contains("/scrivi/segui"), "{body}");
        assert_eq!(preview["warnings"], json!([]));
        let wanted = json!({ "template": "altre-informazioni", "language": "en" });
        let english = served.post("operator", &previews, &wanted).await.expect(200);
        assert!(english["body"].as_str().unwrap().starts_with("Hello Anna Rossi,"), "{english}");
        let send = json!({ "kind": "reply", "template": "altre-informazioni" });
        let sent = served.post("operator", &format!("{path}/messages"), &send).await.expect(201);
        assert_eq!((&sent["body"], &sent["warnings"]), (&preview["body"], &json!([])));
        assert_eq!(served.city.send().await, 1);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_a_body_or_a_template_and_a_note_has_no_template() {
    both(async |database| {
        let (served, path) = with_ticket(database).await;
        let messages = format!("{path}/messages");
        let wrong = [
            (json!({ "kind": "reply" }), "/body"),
            (json!({ "kind": "reply", "body": "a", "template": "risolta" }), "/template"),
            (json!({ "kind": "reply", "template": "nessuno" }), "/template"),
            (json!({ "kind": "reply", "template": "risolta", "language": "fr" }), "/language"),
            (json!({ "kind": "reply", "body": "a", "language": "it" }), "/language"),
            (json!({ "kind": "note", "template": "risolta" }), "/template"),
            (json!({ "kind": "note" }), "/body"),
            (json!({ "kind": "reply", "body": " " }), "/body"),
            (json!({ "kind": "letter", "body": "a" }), "/kind"),
        ];
        for (body, pointer) in wrong {
            let refused = served.post("operator", &messages, &body).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
        }
        let refused =
            served.post("operator", &format!("{path}/reply-previews"), &json!({ "template": "no" })).await;
        assert_eq!(refused.expect(422)["errors"][0]["pointer"], "/template");
        assert_eq!(served.city.rows("messages"), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_shows_a_fiscal_code_waits_until_its_warning_is_acknowledged() {
    both(async |database| {
        let (served, path) = with_ticket(database).await;
        let messages = format!("{path}/messages");
        let reply = json!({ "kind": "reply", "body": format!("Il codice {CODE} risulta attivo.") });
        let held = served.post("operator", &messages, &reply).await;
        let problem = held.expect(409);
        assert_eq!(problem["type"], "/problems/reply-needs-confirmation");
        assert_eq!(problem["warnings"][0]["code"], "fiscal_code");
        assert!(!held.text.contains(CODE), "{}", held.text);
        let resolve = json!({ "outcome": "answered", "reply": format!("({CODE})") });
        assert_eq!(served.post("operator", &format!("{path}/resolve"), &resolve).await.status, 409);
        assert_eq!((served.city.rows("messages"), served.city.rows("jobs")), (0, 0));
        assert_eq!(served.get("operator", &path).await.expect(200)["state"], "new");
        let mut sure = reply.clone();
        sure["acknowledge_warnings"] = json!(true);
        let sent = served.post("operator", &messages, &sure).await.expect(201);
        assert_eq!(sent["warnings"][0]["code"], "fiscal_code");
        let harmless =
            json!({ "kind": "reply", "body": "Partita IVA 01199250158, pratica RSSMRA85T10A562X." });
        assert_eq!(served.post("operator", &messages, &harmless).await.expect(201)["warnings"], json!([]));
        let note = json!({ "kind": "note", "body": CODE });
        assert!(served.post("operator", &messages, &note).await.expect(201).get("warnings").is_none());
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_must_fit_the_outcome_and_the_ticket_and_stays_until_it_is_reopened() {
    both(async |database| {
        let (served, path) = with_ticket(database).await;
        let offered = served.get("specialist", &format!("{CRM}/resolution-reasons?outcome=solved&theme=mobilita")).await;
        let offered = offered.expect(200);
        let keys: Vec<&str> = offered["items"].as_array().unwrap().iter().map(|it| it["key"].as_str().unwrap()).collect();
        assert!(keys.contains(&"pratica-conclusa") && !keys.contains(&"tari-posizione-corretta"), "{keys:?}");
        let resolve = format!("{path}/resolve");
        for (outcome, reason) in [("solved", "nessuno"), ("answered", "pratica-conclusa"), ("solved", "intervento-eseguito")] {
            let body = json!({ "outcome": outcome, "reason": reason });
            let refused = served.post("operator", &resolve, &body).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], "/reason", "{reason}");
        }
        let body = json!({ "outcome": "solved", "reason": "tari-posizione-corretta", "note": "corretta la superficie" });
        let resolved = served.post("operator", &resolve, &body).await.expect(200);
        assert_eq!((&resolved["state"], &resolved["resolution_reason"]), (&json!("resolved"), &json!("tari-posizione-corretta")));
        let events = served.get("operator", &format!("{path}/events")).await.expect(200);
        let last = events["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["data"]["reason"], "tari-posizione-corretta");
        let reopened = served.post("operator", &format!("{path}/reopen"), &json!({ "reason": "non è giusta" })).await;
        assert_eq!(reopened.expect(200)["resolution_reason"], Value::Null);
        let plain = served.post("operator", &resolve, &json!({ "outcome": "answered" })).await.expect(200);
        assert_eq!(plain["resolution_reason"], Value::Null);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_calls_the_users_it_names_who_may_see_the_ticket() {
    both(async |database| {
        let (mut served, path) = with_ticket(database).await;
        let text = "@supervisor e @operator: chiedere a @specialist, @analyst, @nessuno o anna@operator.";
        let note = json!({ "kind": "note", "body": text });
        let written = served.post("operator", &format!("{path}/messages"), &note).await.expect(201);
        let named = |message: &Value| {
            let names = message["mentions"].as_array().unwrap().iter();
            names.map(|it| it["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        // The specialist's unit is another one, and an analyst reads no tickets.
        assert_eq!(named(&written), ["operator", "supervisor"]);
        let list = served.get("operator", &format!("{path}/messages")).await.expect(200);
        let shown = list["items"].as_array().unwrap().iter().find(|it| it["kind"] == "note").unwrap();
        assert_eq!(named(shown), ["operator", "supervisor"]);
        let mentions = format!("{CRM}/mentions");
        let own = served.get("supervisor", &mentions).await.expect(200);
        assert_eq!(own["items"].as_array().unwrap().len(), 1);
        assert_eq!(own["items"][0]["message_id"], written["id"]);
        assert_eq!(served.get("specialist", &mentions).await.expect(200)["items"], json!([]));
        assert_eq!(served.get("analyst", &mentions).await.status, 403);
        let read = format!("{mentions}/{}/read", own["items"][0]["id"].as_str().unwrap());
        assert_eq!(served.send("operator", Method::POST, &read, None).await.status, 404);
        let done = served.send("supervisor", Method::POST, &read, None).await;
        assert!(done.expect(200)["read_at"].is_string());
        assert_eq!(done.header("etag"), "\"2\"");
        served.now_is("2026-10-01 13:00").await;
        let again = served.send("supervisor", Method::POST, &read, None).await.expect(200);
        assert_eq!(again["read_at"], done.json()["read_at"]);
        let unread = format!("{mentions}?unread=true");
        assert_eq!(served.get("supervisor", &unread).await.expect(200)["items"], json!([]));
        assert_eq!(served.get("operator", &unread).await.expect(200)["items"].as_array().unwrap().len(), 1);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mentions_go_on_where_a_page_ended_newest_first() {
    both(async |database| {
        let (served, path) = with_ticket(database).await;
        for minute in 1..=5 {
            served.city.now_is(&format!("2026-10-01 12:0{minute}"));
            let note = json!({ "kind": "note", "body": format!("@supervisor {minute}") });
            served.post("operator", &format!("{path}/messages"), &note).await.expect(201);
        }
        let (mut seen, mut next) = (vec![], format!("{CRM}/mentions?limit=2"));
        loop {
            let page = served.get("supervisor", &next).await.expect(200);
            seen.extend(
                page["items"].as_array().unwrap().iter().map(|it| it["at"].as_str().unwrap().to_owned()),
            );
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{CRM}/mentions?limit=2&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{seen:?}");
        assert_eq!(served.get("supervisor", &format!("{CRM}/mentions?limit=0")).await.status, 422);
    })
    .await;
}
