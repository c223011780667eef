//! Searching tickets over the wire.

use filo_testkit::both;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

async fn open(served: &mut Served, minute: usize, subject: &str, body: &str, name: &str) -> Value {
    served.now_is(&format!("2026-10-05 09:{minute:02}")).await;
    let body = json!({ "channel": "counter", "kind": "information", "subject": subject, "body": body, "theme": "tributi/tari",
        "requester": { "name": name, "identities": [{ "type": "phone", "value": format!("+39 333 12345{minute:02}") }] } });
    served.post("operator", &format!("{CRM}/tickets"), &body).await.expect(201)
}
async fn found_by(served: &Served, role: &str, body: &Value) -> Vec<String> {
    let page = served.post(role, &format!("{CRM}/tickets/searches"), body).await.expect(200);
    page["items"].as_array().unwrap().iter().map(|it| it["subject"].as_str().unwrap().to_owned()).collect()
}
async fn found(served: &Served, text: &str) -> Vec<String> {
    found_by(served, "operator", &json!({ "text": text })).await
}
async fn clean(served: &Served) {
    assert_eq!(served.city.app.verify().await.unwrap().differences, []);
}

#[tokio::test]
async fn tickets_are_found_by_any_word_of_theirs_without_accents_or_endings() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        let first = open(
            &mut served,
            1,
            "Lampioni spenti in città",
            "Due lampioni non funzionano davanti all'anagrafe.",
            "Niccolò Bianchi",
        )
        .await;
        open(&mut served, 2, "Rinnovo", "La carta di identità è scaduta, vicino a un lampione.", "Ada Verdi")
            .await;
        let path = format!("{CRM}/tickets/{}/messages", first["id"].as_str().unwrap());
        served
            .post(
                "operator",
                &path,
                &json!({ "kind": "note", "body": "Segnalato al gestore dell'illuminazione" }),
            )
            .await
            .expect(201);
        for (text, subjects) in [
            ("citta", vec!["Lampioni spenti in città"]),
            ("LAMPIONE", vec!["Lampioni spenti in città", "Rinnovo"]),
            ("lampione anagrafe", vec!["Lampioni spenti in città"]),
            ("dell'anagrafe", vec!["Lampioni spenti in città"]),
            ("\"carta di identita\"", vec!["Rinnovo"]),
            ("\"identità carta\"", vec![]),
            ("carta identita", vec!["Rinnovo"]),
            ("illumin*", vec!["Lampioni spenti in città"]),
            ("gestore", vec!["Lampioni spenti in città"]),
            ("nicco*", vec!["Lampioni spenti in città"]),
            ("niccolo bianchi", vec!["Lampioni spenti in città"]),
            ("333 1234502", vec!["Rinnovo"]),
            ("26-1", vec!["Lampioni spenti in città"]),
            ("260000002", vec!["Rinnovo"]),
            ("26-0000002", vec!["Rinnovo"]),
            ("di il la", vec![]),
        ] {
            assert_eq!(found(&served, text).await, subjects, "{text}");
        }
        clean(&served).await;
    })
    .await;
}

#[tokio::test]
async fn subject_and_requester_come_before_the_conversation_and_pages_hold_together() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        open(&mut served, 1, "Buche 1", "strada", "Ada").await;
        open(&mut served, 2, "Strada 2", "buche", "Ida").await;
        open(&mut served, 3, "Altro 3", "buche", "Eva").await;
        open(&mut served, 4, "Buche 4", "altro", "Ugo").await;
        let all = ["Buche 4", "Buche 1", "Altro 3", "Strada 2"];
        assert_eq!(found(&served, "buca buche").await, Vec::<String>::new());
        assert_eq!(found(&served, "buche").await, all);
        assert_eq!(
            found_by(&served, "operator", &json!({ "text": "buche", "sort": "created" })).await,
            ["Buche 1", "Strada 2", "Altro 3", "Buche 4"]
        );
        for size in 1..4 {
            let (mut walked, mut body) = (vec![], json!({ "text": "buche", "limit": size }));
            loop {
                let page =
                    served.post("operator", &format!("{CRM}/tickets/searches"), &body).await.expect(200);
                walked.extend(
                    page["items"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|it| it["subject"].as_str().unwrap().to_owned()),
                );
                if page["next_cursor"].is_null() {
                    break;
                }
                body["cursor"] = page["next_cursor"].clone();
                assert!(!page.to_string().contains("text="), "no search in a link");
            }
            assert_eq!(walked, all, "{size}");
            let mut other = body.clone();
            other["text"] = json!("strada");
            let refused =
                served.post("operator", &format!("{CRM}/tickets/searches"), &other).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], "/cursor");
        }
    })
    .await;
}

#[tokio::test]
async fn filters_and_the_own_unit_limit_what_is_found_and_changes_are_found_at_once() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        let first = open(&mut served, 1, "Semaforo guasto", "incrocio", "Ada Neri").await;
        open(&mut served, 2, "Semaforo nuovo", "incrocio", "Ada Neri").await;
        let path = format!("{CRM}/tickets/{}", first["id"].as_str().unwrap());
        served
            .post(
                "operator",
                &format!("{path}/escalate"),
                &json!({ "unit": "mobilita", "note": "competenza vostra" }),
            )
            .await
            .expect(200);
        assert_eq!(
            found_by(&served, "specialist", &json!({ "text": "semaforo" })).await,
            ["Semaforo guasto"]
        );
        assert_eq!(
            found_by(&served, "operator", &json!({ "text": "semaforo", "state": "new" })).await,
            ["Semaforo nuovo"]
        );
        assert_eq!(found(&served, "competenza").await, ["Semaforo guasto"]);
        served
            .post(
                "specialist",
                &format!("{CRM}/tickets/searches"),
                &json!({ "text": "x", "unit": "anagrafe" }),
            )
            .await
            .expect(403);
        let ticket = served.get("operator", &path).await;
        let tag = ticket.header("etag").to_owned();
        served.patch("operator", &path, &tag, &json!({ "subject": "Lanterna" })).await.expect(200);
        assert_eq!(found(&served, "lanterna").await, ["Lanterna"]);
        let person = format!("{CRM}/persons/{}", first["person_id"].as_str().unwrap());
        let tag = served.get("operator", &person).await.header("etag").to_owned();
        served.patch("operator", &person, &tag, &json!({ "name": "Ada Gialli" })).await.expect(200);
        assert_eq!(found(&served, "gialli").await, ["Lanterna"]);
        assert!(found(&served, "neri lanterna").await.is_empty());
        for (body, pointer) in [
            (json!({ "text": " " }), "/text"),
            (json!({ "text": "a", "sort": "x" }), "/sort"),
            (json!({ "text": "a", "colour": 1 }), "/colour"),
            (json!({}), "/text"),
        ] {
            let refused =
                served.post("operator", &format!("{CRM}/tickets/searches"), &body).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
        }
        clean(&served).await;
    })
    .await;
}

#[tokio::test]
async fn nothing_typed_is_syntax_of_a_database() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        open(&mut served, 1, "Prova", "niente", "Ada").await;
        let pieces = [
            "\"", "*", "(", ")", "AND", "OR", "NOT", "NEAR(", "head:", "{", "}", "^", "-", "+", "'", "\\",
            ":*", "<->", "!", "&", "|", "prova", "1e5", "12e", "xqx", "à", "日本", "\u{301}", "%", "_",
            ";--", "\u{202e}", "🙂",
        ];
        let mut random = 7_u32;
        for _ in 0..120 {
            let mut text = String::new();
            for _ in 0..6 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(pieces[(random >> 16) as usize % pieces.len()]);
                if random.is_multiple_of(3) {
                    text.push(' ')
                }
            }
            let reply =
                served.post("operator", &format!("{CRM}/tickets/searches"), &json!({ "text": text })).await;
            assert!(
                reply.status == 200 || (reply.status == 422 && text.trim().is_empty()),
                "{text:?}: {}",
                reply.text
            );
        }
    })
    .await;
}

#[tokio::test]
async fn the_words_of_tickets_from_before_are_written_and_a_wrong_word_is_noticed() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database.clone()).await).await;
        for minute in 1..5 {
            open(&mut served, minute, &format!("Numero {minute}"), "fontanella", "Ada").await;
        }
        database.try_execute("DELETE FROM ticket_search").unwrap();
        assert!(found(&served, "fontanella").await.is_empty());
        assert_eq!(served.city.app.verify().await.unwrap().differences.len(), 4);
        assert_eq!(served.city.app.catch_up(served.city.now()).await.unwrap().searches, 4);
        assert_eq!(found(&served, "fontanelle").await.len(), 4);
        clean(&served).await;
        database.try_execute("UPDATE ticket_search SET body = 'fontan lamp xqx '").unwrap();
        assert_eq!(served.city.app.verify().await.unwrap().differences.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn persons_are_found_by_how_the_words_of_their_names_begin() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database.clone()).await).await;
        let first = open(&mut served, 1, "Uno", "x", "Niccolò D'Angelo").await;
        open(&mut served, 2, "Due", "x", "Nicoletta Angeli").await;
        let path = format!("{CRM}/persons/searches");
        let names = async |served: &Served, name: &str| -> Vec<String> {
            let found = served.post("operator", &path, &json!({ "name": name })).await.expect(200);
            let mut names: Vec<String> = found["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["name"].as_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&served, "nicc").await, ["Niccolò D'Angelo"]);
        assert_eq!(names(&served, "ANGEL nic").await, ["Niccolò D'Angelo", "Nicoletta Angeli"]);
        assert_eq!(names(&served, "angelo niccolo").await, ["Niccolò D'Angelo"]);
        assert!(names(&served, "iccolò").await.is_empty());
        let person = format!("{CRM}/persons/{}", first["person_id"].as_str().unwrap());
        let tag = served.get("operator", &person).await.header("etag").to_owned();
        served.patch("operator", &person, &tag, &json!({ "name": "Nicola Bruni" })).await.expect(200);
        assert_eq!(names(&served, "bru nicol").await, ["Nicola Bruni"]);
        database.try_execute("DELETE FROM person_words").unwrap();
        assert_eq!(served.city.app.verify().await.unwrap().differences.len(), 2);
        assert_eq!(served.city.app.catch_up(served.city.now()).await.unwrap().names, 2);
        clean(&served).await;
    })
    .await;
}
