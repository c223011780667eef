//! Lists by clock, assignment and order, and the queues.

use filo_testkit::both;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

async fn open(served: &Served, channel: &str, kind: &str, subject: &str) -> Value {
    let body = json!({ "channel": channel, "kind": kind, "subject": subject, "theme": "tributi/tari",
        "requester": { "name": "Ada Bianchi", "identities": [{ "type": "email", "value": "ada@mail.example" }] } });
    served.post("operator", &format!("{CRM}/tickets"), &body).await.expect(201)
}
async fn step(served: &Served, ticket: &Value, action: &str, body: &Value) -> Value {
    let path = format!("{CRM}/tickets/{}/{action}", ticket["id"].as_str().unwrap());
    served.post("operator", &path, body).await.expect(200)
}
async fn list(served: &Served, query: &str) -> Vec<String> {
    let page = served.get("operator", &format!("{CRM}/tickets?{query}")).await.expect(200);
    page["items"].as_array().unwrap().iter().map(|it| it["subject"].as_str().unwrap().to_owned()).collect()
}
async fn clean(served: &Served) {
    assert_eq!(served.city.app.verify().await.unwrap().differences, []);
}

#[tokio::test]
async fn tickets_are_listed_by_what_is_due_and_by_what_was_late_and_a_breach_is_known_without_anybody_looking()
 {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        // 20 days for mail, 15 for Scrivi's first answer, 28 for a data subject by law.
        let mail = open(&served, "email", "information", "posta").await;
        served.now_is("2026-10-05 09:01").await;
        let law = open(&served, "email", "data_subject_request", "privacy").await;
        served.now_is("2026-10-05 09:02").await;
        let form = open(&served, "scrivi", "information", "modulo").await;
        served.now_is("2026-10-05 09:03").await;
        let _counter = open(&served, "counter", "information", "sportello").await;
        assert_eq!(list(&served, "sort=due").await, ["privacy", "modulo", "posta", "sportello"]);
        assert_eq!(list(&served, "clock=statutory&due_to=2027-01-01T00:00:00Z").await, ["privacy"]);
        assert!(
            list(&served, "due=today").await.is_empty() && list(&served, "breached=true").await.is_empty()
        );
        served.now_is("2026-10-20 08:00").await;
        assert_eq!(list(&served, "due=today&sort=created").await, ["privacy", "modulo"]);
        assert_eq!(list(&served, "due=week&sort=due").await, ["privacy", "modulo", "posta"]);
        served.now_is("2026-10-20 10:00").await;
        assert_eq!(list(&served, "due=overdue&sort=created").await, ["privacy", "modulo"]);
        assert_eq!(
            list(&served, "breached=true&clock=first_response&sort=created").await,
            ["privacy", "modulo"]
        );
        assert_eq!(list(&served, "breached=true&clock=statutory").await, [""; 0]);
        assert_eq!(list(&served, "breached=false&sort=created").await, ["posta", "sportello"]);
        // Waiting pauses the clock of mails: it has no deadline until it goes on, and is never late meanwhile.
        step(&served, &mail, "take-charge", &json!({})).await;
        step(&served, &mail, "wait", &json!({ "for": "citizen", "reason": "documenti" })).await;
        served.now_is("2026-11-20 10:00").await;
        assert_eq!(list(&served, "breached=true&sort=created").await, ["privacy", "modulo"]);
        assert_eq!(list(&served, "breached=true&clock=statutory").await, ["privacy"]);
        let resumed = step(&served, &mail, "resume", &json!({})).await;
        assert_eq!(resumed["due_at"], "2026-11-25T08:00:00Z");
        // What ended late stays late, and is no longer due.
        step(&served, &form, "resolve", &json!({ "outcome": "solved" })).await;
        step(&served, &law, "resolve", &json!({ "outcome": "solved" })).await;
        assert_eq!(list(&served, "breached=true&state=resolved&sort=created").await, ["privacy", "modulo"]);
        assert!(list(&served, "due=overdue").await.is_empty());
        clean(&served).await;
    })
    .await;
}

#[tokio::test]
async fn a_cursor_goes_on_in_every_order_and_is_refused_by_another_query() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        for (number, channel) in ["email", "scrivi", "counter", "letter", "email"].iter().enumerate() {
            served.now_is(&format!("2026-10-05 09:0{}", number / 2)).await;
            open(&served, channel, "information", &number.to_string()).await;
        }
        for sort in ["created", "-created", "updated", "-updated", "due"] {
            let whole = list(&served, &format!("sort={sort}")).await;
            let (mut walked, mut query) = (vec![], format!("sort={sort}&limit=2"));
            loop {
                let page = served.get("operator", &format!("{CRM}/tickets?{query}")).await.expect(200);
                walked.extend(
                    page["items"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|it| it["subject"].as_str().unwrap().to_owned()),
                );
                let Some(cursor) = page["next_cursor"].as_str() else { break };
                query = format!("sort={sort}&limit=2&cursor={cursor}");
            }
            assert_eq!((whole.len(), &walked), (5, &whole), "{sort}");
        }
        let page = served.get("operator", &format!("{CRM}/tickets?sort=due&limit=1")).await.expect(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        for other in ["sort=created", "sort=due&state=new", ""] {
            let refused =
                served.get("operator", &format!("{CRM}/tickets?{other}&cursor={cursor}")).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], "/cursor");
        }
        for (wrong, pointer) in [
            ("due=tomorrow", "/due"),
            ("clock=resolution", "/clock"),
            ("sort=name", "/sort"),
            ("assigned_to=x", "/assigned_to"),
            ("state=new,,", "/state"),
            ("kind=x", "/kind"),
        ] {
            let refused = served.get("operator", &format!("{CRM}/tickets?{wrong}")).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn several_values_of_a_filter_are_or_and_several_filters_are_and() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        let first = open(&served, "email", "information", "uno").await;
        served.now_is("2026-10-05 09:01").await;
        let second = open(&served, "counter", "complaint", "due").await;
        served.now_is("2026-10-05 09:02").await;
        open(&served, "letter", "information", "tre").await;
        step(&served, &first, "take-charge", &json!({})).await;
        assert_eq!(list(&served, "channel=email,counter&sort=created").await, ["uno", "due"]);
        assert_eq!(list(&served, "channel=email,counter&kind=complaint").await, ["due"]);
        assert_eq!(list(&served, "state=new,assigned&sort=created").await, ["due", "tre"]);
        assert_eq!(list(&served, "theme=scuola,tributi&sort=created").await, ["uno", "due", "tre"]);
        assert_eq!(list(&served, "assigned_to=me").await, ["uno"]);
        assert_eq!(list(&served, "assigned_to=none&sort=created").await, ["due", "tre"]);
        assert_eq!(list(&served, "assigned_to=me,none&sort=created").await, ["uno", "due", "tre"]);
        let person = first["person_id"].as_str().unwrap();
        assert_eq!(
            list(&served, &format!("person_id={person}&kind=complaint,praise_suggestion")).await,
            ["due"]
        );
        let matter = json!({ "title": "TARI", "ticket_ids": [first["id"], second["id"]] });
        let made = served.post("operator", &format!("{CRM}/matters"), &matter).await;
        let made = made.expect(201);
        assert_eq!(
            list(&served, &format!("matter_id={}&sort=created", made["id"].as_str().unwrap())).await,
            ["uno", "due"]
        );
    })
    .await;
}

#[tokio::test]
async fn queues_count_open_tickets_by_unit_and_state_and_a_specialist_sees_the_own() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        let one = open(&served, "email", "information", "uno").await;
        let two = open(&served, "email", "information", "due").await;
        step(&served, &one, "escalate", &json!({ "unit": "mobilita", "note": "a voi" })).await;
        step(&served, &two, "resolve", &json!({ "outcome": "solved" })).await;
        served.now_is("2026-10-05 10:00").await;
        let three = open(&served, "email", "information", "tre").await;
        let taken = step(&served, &three, "take-charge", &json!({})).await;
        step(&served, &taken, "wait", &json!({ "for": "citizen", "reason": "x" })).await;
        served.now_is("2026-10-26 10:00").await;
        let queues = served.get("supervisor", &format!("{CRM}/queues")).await.expect(200);
        let of = |unit: &str| {
            queues["items"].as_array().unwrap().iter().find(|it| it["unit"] == unit).unwrap().clone()
        };
        let mobility = of("mobilita");
        assert_eq!(
            (&mobility["open"], &mobility["unassigned"], &mobility["overdue"]),
            (&json!(1), &json!(1), &json!(1))
        );
        assert_eq!(mobility["states"][0]["state"], "assigned");
        assert_eq!(mobility["oldest_opened_at"], "2026-10-05T07:00:00Z");
        let first = of(three["unit"].as_str().unwrap());
        assert_eq!(
            (&first["open"], &first["waiting"], &first["unassigned"], &first["overdue"]),
            (&json!(1), &json!(1), &json!(0), &json!(0))
        );
        assert!(!queues.to_string().contains("user"), "never by operator");
        let own = served.get("specialist", &format!("{CRM}/queues")).await.expect(200);
        assert_eq!(own["items"].as_array().unwrap().len(), 1);
        assert_eq!(own["items"][0], mobility);
        served.get("analyst", &format!("{CRM}/queues")).await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn a_ticket_shows_the_charters_clocks_and_the_laws_side_by_side() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        let ticket = open(&served, "email", "formal_request", "accesso agli atti").await;
        let clocks = ticket["clocks"].as_array().unwrap();
        let names: Vec<&str> = clocks.iter().map(|clock| clock["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["first_response", "resolution", "statutory"]);
        assert!(clocks.iter().all(|clock| clock["policy"] == "procedimento@1"));
        assert_eq!(clocks[2]["due_at"], "2026-11-04T23:00:00Z");
        assert_eq!(ticket["policy"], "procedimento@1");
    })
    .await;
}

#[tokio::test]
async fn clocks_of_tickets_from_before_are_written_once_and_again_after_an_interruption() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-05 09:00", database.clone()).await).await;
        for number in 0..45 {
            open(&served, "email", "information", &number.to_string()).await;
        }
        let app = &served.city.app;
        // As after an upgrade: no clocks, and the deadline as another version computed it.
        database.try_execute("DELETE FROM ticket_clocks; UPDATE tickets SET due_at = NULL").unwrap();
        assert_eq!(app.verify().await.unwrap().differences.len(), 45);
        assert_eq!(app.catch_up(served.city.now()).await.unwrap().clocks, 45);
        clean(&served).await;
        assert_eq!(app.catch_up(served.city.now()).await.unwrap().clocks, 0);
        // Interrupted after some: it goes on there.
        let half = "UPDATE projection_states SET done_at = NULL, position = (SELECT id FROM tickets ORDER BY id LIMIT 1 OFFSET 24)";
        database.try_execute(half).unwrap();
        assert_eq!(app.catch_up(served.city.now()).await.unwrap().clocks, 20);
        clean(&served).await;
    })
    .await;
}
