//! Tickets merged, split, linked, watched, and told of others that may be about the same.

use filo_testkit::{
    at, both,
    mail::Mail,
    phone::{Leg, QueueLog},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Reply, Served},
};

async fn served(database: filo_testkit::Database) -> Served {
    Served::of(TestApp::at("2026-10-01 12:00", database).await).await
}

/// A ticket that an operator opens at the counter; `change` is merged into the request.
async fn opened(served: &Served, subject: &str, change: Value) -> Value {
    let mut new = json!({ "channel": "counter", "subject": subject, "kind": "information" });
    new.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap_or_default());
    served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201)
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

fn path(ticket: &Value, rest: &str) -> String {
    format!("{CRM}/tickets/{}{rest}", id(ticket))
}

async fn merge(served: &Served, ticket: &Value, into: &Value) -> Reply {
    let body = json!({ "into": into["id"], "reason": "la stessa richiesta" });
    served.post("operator", &path(ticket, "/merge"), &body).await
}

async fn read(served: &Served, ticket: &Value) -> Value {
    served.get("operator", &path(ticket, "")).await.expect(200)
}

/// A ticket without what says when it was last touched.
fn still(mut ticket: Value) -> Value {
    for key in ["version", "updated_at"] {
        ticket.as_object_mut().unwrap().remove(key).unwrap();
    }
    ticket
}

/// What happened to a ticket, in order.
async fn log(served: &Served, ticket: &Value) -> Vec<String> {
    let log = served.get("operator", &path(ticket, "/events")).await.expect(200);
    let kinds = log["items"].as_array().unwrap().iter();
    kinds.map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_points_and_undone_the_ticket_stands_where_it_stood() {
    both(async |database| {
        let served = served(database).await;
        let (one, other) =
            (opened(&served, "Buca", json!({})).await, opened(&served, "Buca", json!({})).await);
        served.post("operator", &path(&one, "/take-charge"), &json!({})).await.expect(200);
        let wait = json!({ "for": "citizen", "reason": "manca la via" });
        served.post("operator", &path(&one, "/wait"), &wait).await.expect(200);
        let before = read(&served, &one).await;

        served.city.now_is("2026-10-01 12:10");
        let merged = merge(&served, &one, &other).await;
        let view = merged.expect(200);
        assert_eq!((&view["state"], &view["merged_into_id"]), (&json!("cancelled"), &other["id"]));
        assert_eq!((&view["allowed"], &view["due_at"]), (&json!(["unmerge"]), &Value::Null));
        assert!(view["clocks"].as_array().unwrap().iter().all(|clock| clock["running"] == false));
        let listed = served.get("operator", &format!("{CRM}/tickets?state=cancelled")).await.expect(200);
        assert_eq!(listed["items"][0]["merged_into_id"], other["id"]);
        assert_eq!(log(&served, &one).await.last().unwrap(), "merged");
        assert_eq!(log(&served, &other).await.last().unwrap(), "absorbed");
        served.city.verifies().await;

        let undone = served.post("operator", &path(&one, "/unmerge"), &json!({})).await;
        let undone = undone.expect(200);
        assert_eq!(undone["state"], "waiting_citizen");
        assert_eq!(log(&served, &other).await.last().unwrap(), "released");
        served.city.now_is("2026-10-01 12:00");
        assert_eq!(still(read(&served, &one).await), still(before), "clocks and all");
        let again = served.post("operator", &path(&one, "/unmerge"), &json!({})).await.expect(409);
        assert_eq!((&again["state"], again["allowed"][0].is_string()), (&json!("waiting_citizen"), true));
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_makes_no_sense_is_refused_with_its_reason() {
    both(async |database| {
        let served = served(database).await;
        let mut tickets = Vec::new();
        for _ in 0..4 {
            tickets.push(opened(&served, "Buca", json!({})).await);
        }
        let [a, b, c, d] = tickets.as_slice() else { panic!("four") };
        served.post("operator", &path(d, "/cancel"), &json!({ "reason": "prova" })).await.expect(200);
        let code = |reply: &Reply| reply.expect(409)["type"].as_str().unwrap().to_owned();
        assert_eq!(code(&merge(&served, a, a).await), "/problems/same-ticket");
        assert_eq!(code(&merge(&served, a, d).await), "/problems/into-cancelled");
        merge(&served, a, b).await.expect(200);
        assert_eq!(code(&merge(&served, a, c).await), "/problems/ticket-merged");
        assert_eq!(code(&merge(&served, c, a).await), "/problems/into-merged");
        assert_eq!(code(&merge(&served, b, a).await), "/problems/into-merged", "no circle");
        let stale = served
            .send_with(
                "operator",
                Method::POST,
                &path(c, "/merge"),
                Some(&json!({ "into": b["id"] })),
                &[("If-Match", "\"9\"")],
            )
            .await;
        stale.expect(412);
        // A specialist of another unit sees neither.
        served.post("specialist", &path(b, "/merge"), &json!({ "into": c["id"] })).await.expect(404);
        served
            .post("operator", &path(b, "/merge"), &json!({ "into": c["id"], "colour": 1 }))
            .await
            .expect(422);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_ticket_allows_nothing_but_to_undo_the_merge() {
    both(async |database| {
        let served = served(database).await;
        let (a, b, c) = (
            opened(&served, "Buca", json!({})).await,
            opened(&served, "Buca", json!({})).await,
            opened(&served, "Buca", json!({})).await,
        );
        merge(&served, &a, &b).await.expect(200);
        let acts = [
            ("/take-charge", json!({})),
            ("/cancel", json!({ "reason": "x" })),
            ("/messages", json!({ "kind": "note", "body": "nota" })),
            ("/links", json!({ "ticket_id": c["id"], "kind": "related" })),
            ("/merge", json!({ "into": c["id"] })),
            ("/assign", json!({ "unit": "020202" })),
        ];
        for (act, body) in acts {
            let refused = served.post("operator", &path(&a, act), &body).await.expect(409);
            assert_eq!(refused["allowed"], json!(["unmerge"]), "{act}: {refused}");
            assert_eq!(
                (&refused["merged_into_id"], &refused["state"]),
                (&b["id"], &json!("cancelled")),
                "{act}"
            );
        }
        let version = served.get("operator", &path(&a, "")).await;
        let change = json!({ "priority": "high" });
        served.patch("operator", &path(&a, ""), version.header("etag"), &change).await.expect(409);
        let matter = json!({ "ticket_ids": [a["id"], c["id"]] });
        served.post("operator", &format!("{CRM}/matters"), &matter).await.expect(409);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn further_contacts_of_a_merged_ticket_go_on_in_the_one_at_the_end_of_its_pointers() {
    both(async |database| {
        let mut served = served(database).await;
        let city = &served.city;
        let request =
            city.submit("s1", "Rifiuti", "La raccolta della carta è saltata in via Padova.").await.unwrap();
        let mail = Mail::new("m1@mail.example", "luca@mail.example", at("2026-10-01 11:00"));
        city.take_in("urp", mail.saying("Rifiuti", "Anche da noi.").bytes()).await;
        let tickets = served.get("operator", &format!("{CRM}/tickets?sort=created")).await.expect(200);
        let by = |channel: &str| {
            let all = tickets["items"].as_array().unwrap();
            all.iter().find(|ticket| ticket["channel"] == channel).unwrap().clone()
        };
        let (form, mail) = (by("scrivi"), by("email"));
        let end = opened(&served, "Raccolta saltata", json!({})).await;
        merge(&served, &form, &mail).await.expect(200);
        merge(&served, &mail, &end).await.expect(200);

        served.now_is("2026-10-02 09:00").await;
        let city = &served.city;
        let answer = Mail::new("m2@mail.example", "luca@mail.example", at("2026-10-02 08:00"));
        city.take_in(
            "urp",
            answer.saying("Re: Rifiuti", "Ancora niente.").answering("m1@mail.example").bytes(),
        )
        .await;
        let code = request.code.clone().unwrap();
        city.app.add_to_request(&request.number, &code, "Ancora saltata.", false, city.now()).await.unwrap();
        let leg =
            Leg { call_id: "c.1", queue: "tari", caller: "3471234567", entered_at: at("2026-10-02 08:30") };
        city.calls(QueueLog::default().answered(leg, 5, 60)).await;
        let call = city.call_log().await.remove(0).id;
        let joined = served
            .post("operator", &format!("{CRM}/calls/{call}/ticket"), &json!({ "ticket_id": form["id"] }))
            .await;
        assert_eq!(joined.expect(201)["id"], end["id"]);

        let messages = served.get("operator", &path(&end, "/messages")).await.expect(200);
        let contacts: Vec<(Value, String)> = messages["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["kind"] == "contact")
            .map(|entry| {
                (entry["origin"]["number"].clone(), entry["body"].as_str().unwrap_or_default().to_owned())
            })
            .collect();
        let from = |origin: &Value| contacts.iter().filter(|(number, _)| number == origin).count();
        assert_eq!((from(&form["number"]), from(&mail["number"])), (1, 1), "{contacts:?}");
        assert_eq!(from(&Value::Null), 4, "its own, the answer, the addition and the call: {contacts:?}");

        // The citizen follows the own number, sees the own words, and not those of another person.
        let followed = city.app.follow(&request.number, &code, city.now()).await.unwrap();
        assert_eq!((followed.number.as_str(), followed.state.is_open()), (request.number.as_str(), true));
        let words: Vec<&str> = followed.messages.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(words, ["La raccolta della carta è saltata in via Padova.", "Ancora saltata."]);
        city.verifies().await;

        served.post("operator", &path(&mail, "/unmerge"), &json!({})).await.expect(200);
        let later = Mail::new("m3@mail.example", "luca@mail.example", at("2026-10-02 08:45"));
        city.take_in("urp", later.saying("Re: Rifiuti", "E oggi?").answering("m1@mail.example").bytes())
            .await;
        assert_eq!(log(&served, &mail).await.last().unwrap(), "contact_added", "its own again");
        city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_split_off_are_a_linked_ticket_of_their_own() {
    both(async |database| {
        let served = served(database).await;
        let city = &served.city;
        let leg = |call_id, entered_at| Leg { call_id, queue: "tari", caller: "3471234567", entered_at };
        let calls = QueueLog::default().answered(leg("c.1", at("2026-10-01 09:00")), 5, 60).answered(
            leg("c.2", at("2026-10-01 10:00")),
            5,
            60,
        );
        city.calls(calls).await;
        let mut calls = city.call_log().await;
        calls.sort_by_key(|call| call.entered_at);
        let register = |call: &filo_app::CallView| format!("{CRM}/calls/{}/ticket", call.id);
        let new = json!({ "kind": "information", "subject": "TARI", "theme": "tributi/tari" });
        let old = served.post("operator", &register(&calls[0]), &new).await.expect(201);
        served.post("operator", &register(&calls[1]), &json!({ "ticket_id": old["id"] })).await.expect(201);
        let before = read(&served, &old).await;

        let split = json!({ "interactions": [calls[1].id], "subject": "Passo carraio", "kind": "complaint" });
        let reply = served.post("operator", &path(&old, "/split"), &split).await;
        let new = reply.expect(201);
        assert!(reply.header("location").ends_with(id(&new)) && !reply.header("etag").is_empty());
        assert_eq!((&new["opened_at"], &new["kind"]), (&json!("2026-10-01T08:00:00Z"), &json!("complaint")));
        assert_eq!((&new["theme"], &new["unit"]), (&before["theme"], &before["unit"]));
        // The call's live answer went along; the old ticket keeps the first call's.
        assert_eq!(new["first_response_at"], "2026-10-01T08:00:05Z");
        assert_eq!(read(&served, &old).await["first_response_at"], before["first_response_at"]);
        assert!(log(&served, &old).await.contains(&"contact_removed".to_owned()));
        let links = served.get("operator", &path(&old, "/links")).await.expect(200);
        assert_eq!(
            (&links["items"][0]["kind"], &links["items"][0]["ticket"]["id"]),
            (&json!("split_into"), &new["id"])
        );
        let link = path(&old, &format!("/links/{}", id(&links["items"][0])));
        let kept = served.send_with("operator", Method::DELETE, &link, None, &[("If-Match", "\"1\"")]).await;
        kept.expect(409);

        let wrong = json!({ "interactions": [calls[0].id, calls[1].id], "subject": "x" });
        let refused = served.post("operator", &path(&old, "/split"), &wrong).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/interactions/1");
        city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_seen_from_both_sides_and_taken_away() {
    both(async |database| {
        let served = served(database).await;
        let (a, b, c) = (
            opened(&served, "Buca", json!({})).await,
            opened(&served, "Buca", json!({})).await,
            opened(&served, "Buca", json!({})).await,
        );
        let link = async |from: &Value, to: &Value, kind: &str| {
            let body = json!({ "ticket_id": to["id"], "kind": kind });
            served.post("operator", &path(from, "/links"), &body).await
        };
        let made = link(&a, &b, "duplicate_of").await;
        assert_eq!(made.expect(201)["kind"], "duplicate_of");
        link(&a, &b, "duplicate_of").await.expect(409);
        link(&b, &a, "duplicate_of").await.expect(409);
        link(&a, &a, "related").await.expect(422);
        link(&a, &b, "follows").await.expect(422);
        link(&a, &b, "parent_of").await.expect(201);
        link(&b, &c, "parent_of").await.expect(201);
        let circle = link(&c, &a, "parent_of").await.expect(409);
        assert_eq!(circle["type"], "/problems/circle");

        let seen = served.get("operator", &path(&b, "/links")).await.expect(200);
        let mut kinds: Vec<&str> =
            seen["items"].as_array().unwrap().iter().map(|link| link["kind"].as_str().unwrap()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["child_of", "duplicated_by", "parent_of"]);
        let place = made.header("location").to_owned();
        let one = served.get("operator", &place).await;
        assert_eq!((one.expect(200)["id"].clone(), one.header("etag")), (made.json()["id"].clone(), "\"1\""));
        served.send("operator", Method::DELETE, &place, None).await.expect(428);
        served
            .send_with("operator", Method::DELETE, &place, None, &[("If-Match", "\"1\"")])
            .await
            .expect(204);
        served.get("operator", &place).await.expect(404);
        assert_eq!(log(&served, &a).await, ["opened", "linked", "linked", "unlinked"]);
        assert_eq!(log(&served, &b).await.last().unwrap(), "unlinked");

        merge(&served, &c, &a).await.expect(200);
        let seen = served.get("operator", &path(&c, "/links")).await.expect(200);
        assert_eq!(
            (&seen["items"][1]["kind"], &seen["items"][1]["id"]),
            (&json!("merged_into"), &Value::Null)
        );
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_ticket_of_another_unit_is_not_shown_to_a_specialist() {
    both(async |database| {
        let served = served(database).await;
        let (a, b) =
            (opened(&served, "Strisce blu", json!({})).await, opened(&served, "Buca", json!({})).await);
        let unit = json!({ "unit": "mobilita", "note": "competenza" });
        served.post("operator", &path(&a, "/escalate"), &unit).await.expect(200);
        let body = json!({ "ticket_id": b["id"], "kind": "related" });
        served.post("operator", &path(&a, "/links"), &body).await.expect(201);
        let seen = served.get("specialist", &path(&a, "/links")).await.expect(200);
        assert_eq!(seen["items"], json!([]));
        served.get("specialist", &path(&b, "/links")).await.expect(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_a_ticket_finds_it_in_a_list_of_the_own() {
    both(async |database| {
        let served = served(database).await;
        let (a, b) = (opened(&served, "Buca", json!({})).await, opened(&served, "Strisce", json!({})).await);
        let watch = path(&a, "/watchers");
        let made = served.post("operator", &watch, &json!({})).await;
        let me = made.expect(201);
        assert_eq!(me["name"], "operator");
        served.post("operator", &watch, &json!({})).await.expect(200);
        served.post("supervisor", &path(&b, "/watchers"), &json!({ "user": me["user"] })).await.expect(201);
        served.post("supervisor", &path(&b, "/watchers"), &json!({})).await.expect(201);
        let specialist = served.get("admin", &format!("{CRM}/users/specialist")).await.expect(200);
        let unseen = json!({ "user": specialist["id"] });
        served.post("operator", &watch, &unseen).await.expect(422);

        let watched = async |role: &str| {
            let list =
                served.get(role, &format!("{CRM}/tickets?watched=true&sort=created")).await.expect(200);
            // Both were opened at the same instant.
            let ids = list["items"].as_array().unwrap().iter().map(|it| it["id"].to_string());
            ids.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(watched("operator").await, [a["id"].to_string(), b["id"].to_string()].into());
        assert_eq!(watched("supervisor").await, [b["id"].to_string()].into());
        let place = made.header("location").to_owned();
        assert_eq!(served.get("operator", &place).await.expect(200)["user"], me["user"]);
        served.send("operator", Method::DELETE, &place, None).await.expect(428);
        served
            .send_with("operator", Method::DELETE, &place, None, &[("If-Match", "\"1\"")])
            .await
            .expect(204);
        served
            .send_with("operator", Method::DELETE, &place, None, &[("If-Match", "\"1\"")])
            .await
            .expect(404);
        assert_eq!(watched("operator").await, [b["id"].to_string()].into());
        served.city.verifies().await;
    })
    .await;
}

const HOLE: &str = "Buca pericolosa in via Padova all'altezza del numero 120: da una settimana le auto la evitano \
    spostandosi sulla corsia dei tram e stamattina è caduto un motociclista.";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opens_a_ticket_is_told_of_open_ones_that_may_be_about_the_same() {
    both(async |database| {
        let mut served = served(database).await;
        let anna = json!({ "identities": [{ "type": "email", "value": "anna@mail.example" }] });
        let about = |theme: &str, body: &str| json!({ "theme": theme, "body": body, "requester": anna });
        let hints = |ticket: &Value| ticket["possible_duplicates"].clone();

        let first = opened(&served, "TARI", about("tributi/tari", "Quanto devo?")).await;
        assert_eq!(hints(&first), json!([]));
        assert_eq!(
            hints(&opened(&served, "Carta", about("anagrafe", "Scaduta")).await),
            json!([]),
            "another theme"
        );
        let again = opened(&served, "Tasse", about("tributi", "E quando?")).await;
        let hint = json!([{ "id": first["id"], "number": first["number"], "reason": "same_person_and_theme",
            "opened_at": first["opened_at"] }]);
        assert_eq!(hints(&again), hint);

        let hole = opened(&served, "Buca", json!({ "body": HOLE })).await;
        let same = HOLE.replace("stamattina", "oggi").replace("una settimana", "dieci giorni");
        let alike = opened(&served, "Buca", json!({ "body": same })).await;
        assert_eq!(
            (&hints(&alike)[0]["id"], &hints(&alike)[0]["reason"]),
            (&hole["id"], &json!("similar_text"))
        );
        let later = served.get("operator", &path(&hole, "/duplicates")).await.expect(200);
        assert_eq!(later["items"][0]["id"], alike["id"]);
        assert_eq!(read(&served, &hole).await.get("possible_duplicates"), None);

        // What is no longer open, or was opened long ago, is no hint.
        merge(&served, &hole, &alike).await.expect(200);
        assert_eq!(
            served.get("operator", &path(&alike, "/duplicates")).await.expect(200)["items"],
            json!([])
        );
        served.now_is("2026-12-01 12:00").await;
        assert_eq!(hints(&opened(&served, "Buca", json!({ "body": HOLE })).await), json!([]));
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_call_is_told_of_open_tickets_too_unless_it_joins_one() {
    both(async |database| {
        let served = served(database).await;
        let leg = |call_id, entered_at| Leg { call_id, queue: "tari", caller: "3471234567", entered_at };
        let calls = QueueLog::default()
            .answered(leg("c.1", at("2026-10-01 09:00")), 5, 60)
            .answered(leg("c.2", at("2026-10-01 10:00")), 5, 60)
            .answered(leg("c.3", at("2026-10-01 11:00")), 5, 60);
        served.city.calls(calls).await;
        let mut calls = served.city.call_log().await;
        calls.sort_by_key(|call| call.entered_at);
        let register = async |place: usize, body: Value| {
            served
                .post("operator", &format!("{CRM}/calls/{}/ticket", calls[place].id), &body)
                .await
                .expect(201)
        };
        let tari = json!({ "kind": "information", "subject": "TARI", "theme": "tributi/tari" });
        let first = register(0, tari.clone()).await;
        assert_eq!(first["possible_duplicates"], json!([]));
        assert_eq!(register(1, tari).await["possible_duplicates"][0]["id"], first["id"]);
        assert_eq!(register(2, json!({ "ticket_id": first["id"] })).await["possible_duplicates"], json!([]));
    })
    .await;
}
