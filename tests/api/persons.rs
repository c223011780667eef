//! Citizens over the wire: by what they are known, who else they may be, and their whole history.

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

impl Served {
    /// A ticket opened at the counter; gives its person.
    async fn met(&self, name: &str, identities: Value) -> String {
        let new = json!({ "channel": "counter", "subject": "Carta d'identità", "kind": "information",
            "requester": { "name": name, "identities": identities } });
        let ticket = self.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
        ticket["person_id"].as_str().unwrap().to_owned()
    }
    async fn person(&self, id: &str) -> Value {
        self.get("operator", &format!("{CRM}/persons/{id}")).await.expect(200)
    }
    async fn say(&self, person: &str, identity: &Value) -> Reply {
        self.post("operator", &format!("{CRM}/persons/{person}/identities"), identity).await
    }
    async fn act(&self, path: &str) -> Reply {
        self.post("operator", &format!("{CRM}{path}"), &json!({})).await
    }
    /// The ids found, the holder first.
    async fn found(&self, query: Value) -> Vec<String> {
        let found = self.post("operator", &format!("{CRM}/persons/searches"), &query).await.expect(200);
        found["items"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    }
    async fn suggested(&self, state: &str) -> Vec<Value> {
        let list = self.get("operator", &format!("{CRM}/person-suggestions?state={state}")).await.expect(200);
        list["items"].as_array().unwrap().clone()
    }
    async fn timeline(&self, role: &str, person: &str, query: &str) -> Value {
        self.get(role, &format!("{CRM}/persons/{person}/timeline{query}")).await.expect(200)
    }
    async fn three_calls(&self, number: &str) {
        let mut log = QueueLog::default();
        let entered = ["2026-09-28 09:00", "2026-09-29 09:00", "2026-09-30 09:00"];
        for (index, entered_at) in entered.into_iter().enumerate() {
            let call_id = format!("179000000{index}.{}", number.len());
            let leg =
                Leg { call_id: &call_id, queue: "anagrafe", caller: number, entered_at: at(entered_at) };
            log = log.answered(leg, 20, 90);
        }
        self.city.calls(log).await;
    }
}

fn email(value: &str) -> Value {
    json!([{ "type": "email", "value": value }])
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_are_added_verified_and_taken_away_one_by_one() {
    both(async |database| {
        let served = served(database).await;
        let anna = served.met("Anna Rossi", email("anna@mail.example")).await;
        let added = served.say(&anna, &json!({ "type": "phone", "value": "0039 347 12 34 567" })).await;
        let identity = added.expect(201);
        assert_eq!((&identity["value"], &identity["verified"]), (&json!("+393471234567"), &json!(false)));
        assert_eq!(identity["person"]["identities"].as_array().unwrap().len(), 2);
        let path = added.header("location").to_owned();
        let read = served.get("operator", &path).await;
        assert_eq!(
            (read.expect(200)["value"].clone(), read.header("etag")),
            (identity["value"].clone(), added.header("etag"))
        );

        let change = json!({ "verified": true });
        served.send("operator", Method::PATCH, &path, Some(&change)).await.expect(428);
        let verified = served.patch("operator", &path, read.header("etag"), &change).await;
        assert_eq!(verified.expect(200)["verified"], true);
        served.patch("operator", &path, read.header("etag"), &change).await.expect(412);
        served
            .patch("operator", &path, verified.header("etag"), &json!({ "verified": true, "value": "x" }))
            .await
            .expect(422);
        let undone =
            served.patch("operator", &path, verified.header("etag"), &json!({ "verified": false })).await;
        assert_eq!(undone.expect(200)["verified"], false);

        served.send("operator", Method::DELETE, &path, None).await.expect(428);
        let tag = [("If-Match", undone.header("etag"))];
        served.send_with("operator", Method::DELETE, &path, None, &tag).await.expect(204);
        served.get("operator", &path).await.expect(404);
        assert_eq!(served.found(json!({ "phone": "347 1234567" })).await, Vec::<String>::new());
        assert_eq!(served.person(&anna).await["identities"].as_array().unwrap().len(), 1);

        let wrong = served.say(&anna, &json!({ "type": "fiscal_code", "value": "RSSMRA85T10A562X" })).await;
        assert_eq!(wrong.expect(422)["errors"][0]["pointer"], "/value");
        served
            .say("00000000-0000-7000-8000-000000000000", &json!({ "type": "phone", "value": "0288467000" }))
            .await
            .expect(404);
        let other = served.met("Bruno Verdi", email("bruno@mail.example")).await;
        let foreign = format!(
            "{CRM}/persons/{other}/identities/{}",
            served.person(&anna).await["identities"][0]["id"].as_str().unwrap()
        );
        served.get("operator", &foreign).await.expect(404);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_by_each_identity_in_any_writing_and_by_name() {
    both(async |database| {
        let served = served(database).await;
        let anna = served.met("Niccolò D'Alì", email("Nic@Mail.example")).await;
        for (kind, value) in [
            ("phone", "02 8846.7000"),
            ("fiscal_code", "RSSMRA85T10A56NH"),
            ("facebook", "10158"),
            ("instagram", "17841400"),
            ("whatsapp", "393471234567"),
        ] {
            served.say(&anna, &json!({ "type": kind, "value": value })).await.expect(201);
        }
        for query in [
            json!({ "phone": "+390288467000" }),
            json!({ "phone": "(02) 88467000" }),
            json!({ "email": "NIC@mail.EXAMPLE" }),
            json!({ "fiscal_code": "rssmra85t10a562s" }),
            json!({ "fiscal_code": "RSSMRA85T10A56NH" }),
            json!({ "facebook": "10158" }),
            json!({ "instagram": "17841400" }),
            json!({ "whatsapp": "393471234567" }),
            json!({ "name": "Niccolò D'Alì" }),
            json!({ "name": "d'alì NICCOLO" }),
        ] {
            assert_eq!(served.found(query.clone()).await, std::slice::from_ref(&anna), "{query}");
        }
        assert_eq!(
            served.found(json!({ "name": "nicc" })).await,
            std::slice::from_ref(&anna),
            "words may be begun only"
        );
        assert_eq!(served.found(json!({ "name": "Nicola" })).await, Vec::<String>::new());
        let nothing = served.post("operator", &format!("{CRM}/persons/searches"), &json!({})).await;
        nothing.expect(422);
        let wrong = json!({ "fiscal_code": "RSSMRA85T10A562X" });
        let wrong = served.post("operator", &format!("{CRM}/persons/searches"), &wrong).await.expect(422);
        assert_eq!(wrong["errors"][0]["pointer"], "/fiscal_code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_joins_the_holder_of_its_identity_verified_or_not() {
    both(async |database| {
        let served = served(database).await;
        let anna = served.met("Anna Rossi", email("anna@mail.example")).await;
        let verified = json!({ "type": "email", "value": "anna.certa@mail.example", "verified": true });
        served.say(&anna, &verified).await.expect(201);
        for address in ["ANNA@mail.example", "anna.certa@MAIL.example"] {
            let mail =
                Mail::new(&format!("{address}.1"), &format!("Chiunque <{address}>"), at("2026-10-01 11:00"));
            served.city.take_in("urp", mail.saying("Tari", "Quanto devo?").bytes()).await;
        }
        let items = served.timeline("operator", &anna, "").await["items"].as_array().unwrap().clone();
        let mails = items.iter().filter(|it| it["kind"] == "mail").count();
        assert_eq!(mails, 2, "{items:?}");
        assert_eq!(served.person(&anna).await["name"], "Anna Rossi", "a name once known is not overwritten");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_of_another_is_a_conflict_with_a_proposal_or_a_claim() {
    both(async |database| {
        let served = served(database).await;
        let anna = served.met("Anna Rossi", email("famiglia@mail.example")).await;
        served.city.now_is("2026-10-01 12:01");
        let bruno = served.met("Bruno Verdi", email("bruno@mail.example")).await;
        let shared = json!({ "type": "email", "value": "famiglia@mail.example" });
        let clash = served.say(&bruno, &shared).await.expect(409);
        assert_eq!(clash["proposal"], json!({ "merge": { "from": bruno, "into": anna } }));
        let tag = format!("\"{}\"", served.person(&bruno).await["version"]);
        let patched = json!({ "add_identities": [shared] });
        let clash =
            served.patch("operator", &format!("{CRM}/persons/{bruno}"), &tag, &patched).await.expect(409);
        assert_eq!(clash["proposal"]["merge"]["into"], json!(anna));

        let mut claim = shared.clone();
        claim["claim"] = true.into();
        let claimed = served.say(&bruno, &claim).await.expect(201);
        assert_eq!((&claimed["claimed"], &claimed["merge_id"]), (&json!(true), &Value::Null));
        assert_eq!(
            served.found(json!({ "email": "famiglia@mail.example" })).await,
            [anna.clone(), bruno.clone()]
        );
        let open = served.suggested("open").await;
        assert_eq!((open.len(), &open[0]["reason"]), (1, &json!("claimed_identity")));
        assert!(open[0]["because"].as_str().unwrap().contains("recapito"), "{open:?}");

        let claim_path = format!("{CRM}/persons/{bruno}/identities/{}", claimed["id"].as_str().unwrap());
        let held = served.person(&anna).await["identities"][0]["id"].as_str().unwrap().to_owned();
        let held_path = format!("{CRM}/persons/{anna}/identities/{held}");
        let verify = async |path: &str| {
            let tag = served.get("operator", path).await.header("etag").to_owned();
            served.patch("operator", path, &tag, &json!({ "verified": true })).await.expect(200)
        };
        assert_eq!(verify(&claim_path).await["merge_id"], Value::Null, "verified on one alone");
        assert_ne!(served.person(&bruno).await["id"], json!(anna));
        let merge = verify(&held_path).await["merge_id"].as_str().unwrap().to_owned();
        let both_of_them = served.person(&bruno).await;
        assert_eq!(
            (&both_of_them["id"], &both_of_them["merges"][0]["rule"]),
            (&json!(anna), &json!("verified_identity"))
        );
        assert_eq!(served.suggested("open").await, Vec::<Value>::new(), "settled");

        served.act(&format!("/person-merges/{merge}/undo")).await.expect(200);
        assert_eq!(served.person(&bruno).await["id"], json!(bruno));
        assert_eq!(served.suggested("open").await.len(), 1, "as before");
        let tag = served.get("operator", &held_path).await.header("etag").to_owned();
        let unverified = served.patch("operator", &held_path, &tag, &json!({ "verified": false })).await;
        unverified.expect(200);
        assert_eq!(
            verify(&held_path).await["merge_id"],
            Value::Null,
            "who was taken apart is not joined by itself"
        );

        // The holder gives it up: it is the claimant's.
        let tag = served.get("operator", &held_path).await.header("etag").to_owned();
        served
            .send_with("operator", Method::DELETE, &held_path, None, &[("If-Match", &tag)])
            .await
            .expect(204);
        assert_eq!(served.get("operator", &claim_path).await.expect(200)["claimed"], false);
        assert_eq!(served.found(json!({ "email": "famiglia@mail.example" })).await, [bruno]);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suggestions_are_accepted_or_dismissed_and_a_dismissed_one_does_not_come_back() {
    both(async |database| {
        let served = served(database).await;
        let one = served.met("Zaira Quartapelle", email("zaira@uno.example")).await;
        served.city.now_is("2026-10-01 12:01");
        served.met("QUARTAPELLE Zaira", email("zaira@due.example")).await;
        let open = served.suggested("open").await;
        assert_eq!((open.len(), &open[0]["reason"]), (1, &json!("same_name")));
        let id = open[0]["id"].as_str().unwrap().to_owned();
        served.act(&format!("/person-suggestions/{id}/dismiss")).await.expect(200);
        served.act(&format!("/person-suggestions/{id}/dismiss")).await.expect(409);
        served.act(&format!("/person-suggestions/{id}/accept")).await.expect(409);
        served.met("Zaira Quartapelle", email("zaira@due.example")).await;
        assert_eq!(served.suggested("open").await, Vec::<Value>::new());
        assert_eq!(served.person(&one).await["suggestions"], json!([]));
        assert_eq!(served.suggested("dismissed").await.len(), 1);

        served.city.now_is("2026-10-01 12:02");
        let three = served.met("Zaira Quartapelle", email("zaira@tre.example")).await;
        let pair = served
            .suggested("open")
            .await
            .into_iter()
            .find(|pair| pair["persons"][0]["id"] == json!(one))
            .unwrap();
        let accepted = served
            .act(&format!("/person-suggestions/{}/accept", pair["id"].as_str().unwrap()))
            .await
            .expect(200);
        assert_eq!(
            (&accepted["state"], &served.person(&three).await["id"]),
            (&json!("accepted"), &json!(one))
        );
        let undo = format!("/person-merges/{}/undo", accepted["merge_id"].as_str().unwrap());
        served.act(&undo).await.expect(200);
        assert_eq!(served.person(&three).await["id"], json!(three));
        assert_eq!(served.suggested("accepted").await, Vec::<Value>::new(), "open again, as before");
        served.get("operator", &format!("{CRM}/person-suggestions?state=lost")).await.expect(422);
        served.act("/person-suggestions/00000000-0000-7000-8000-000000000000/accept").await.expect(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_calls_of_a_number_end_in_the_timeline_of_whose_number_it_is() {
    both(async |database| {
        let served = served(database).await;
        served.three_calls("3471234567").await;
        let number = served.found(json!({ "phone": "347 1234567" })).await.remove(0);
        assert_eq!(served.person(&number).await["number_only"], true);
        let anna = served.met("Anna Rossi", email("anna@mail.example")).await;
        let added = served.say(&anna, &json!({ "type": "phone", "value": "347 1234567" })).await.expect(201);
        let calls = async |person: &str| {
            let items = served.timeline("operator", person, "").await["items"].as_array().unwrap().clone();
            items.into_iter().filter(|it| it["kind"] == "call").collect::<Vec<Value>>()
        };
        let mine = calls(&anna).await;
        assert_eq!(
            (mine.len(), &mine[0]["call"]["outcome"], &mine[0]["call"]["wait_s"]),
            (3, &json!("answered"), &json!(20))
        );
        let merges = served.person(&anna).await["merges"].clone();
        assert_eq!(
            (&merges[0]["rule"], &merges[0]["merge_id"]),
            (&json!("number_known"), &added["merge_id"])
        );
        let undo = format!("/person-merges/{}/undo", added["merge_id"].as_str().unwrap());
        served.act(&undo).await.expect(200);
        assert_eq!((calls(&anna).await.len(), calls(&number).await.len()), (0, 3));
        // Who took them apart is not contradicted: the number is another person's now.
        served.say(&anna, &json!({ "type": "phone", "value": "347 1234567" })).await.expect(409);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_call_says_who_called_from_a_withheld_or_another_number() {
    both(async |database| {
        let served = served(database).await;
        served.three_calls("3471234567").await;
        let entered_at = at("2026-10-01 09:00");
        let withheld = Leg { call_id: "1790009999.1", queue: "anagrafe", caller: "anonymous", entered_at };
        served.city.calls(QueueLog::default().answered(withheld, 5, 60)).await;
        let anna = served.met("Anna Rossi", email("anna@mail.example")).await;
        let log = served.get("operator", &format!("{CRM}/calls")).await.expect(200)["items"].clone();
        let requester = json!({ "identities": email("anna@mail.example") });
        let register = async |call: &Value, requester: &Value| {
            let body = json!({ "kind": "information", "subject": "Orari", "outcome": "answered", "requester": requester });
            let path = format!("{CRM}/calls/{}/ticket", call["id"].as_str().unwrap());
            served.post("operator", &path, &body).await
        };
        let ticket = register(&log[0], &requester).await.expect(201);
        assert_eq!(ticket["person_id"], json!(anna), "the withheld one");
        let seen = served.timeline("operator", &anna, "").await;
        assert!(seen["items"].as_array().unwrap().iter().any(|it| it["id"] == log[0]["id"]), "{seen}");

        register(&log[1], &requester).await.expect(201);
        let person = served.person(&anna).await;
        assert_eq!(person["merges"][0]["rule"], "number_known");
        let seen = served.timeline("operator", &anna, "").await;
        let calls = seen["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "call").count();
        assert_eq!(calls, 4, "all calls of the number and the withheld one");

        // The number of a known person stays theirs; the two are suggested.
        let carla = json!({ "name": "Carla Bianchi", "identities": email("carla@mail.example") });
        let ticket = register(&log[2], &carla).await.expect(201);
        let carla = ticket["person_id"].as_str().unwrap().to_owned();
        assert_ne!(carla, anna);
        let open = served.suggested("open").await;
        assert_eq!((open.len(), &open[0]["reason"]), (1, &json!("called_for")));
        assert_eq!(served.found(json!({ "phone": "3471234567" })).await, [anna, carla]);
        let wrong = json!({ "identities": [{ "type": "email", "value": "no" }] });
        let refused = register(&log[3], &wrong).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/requester/identities/0/value");
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_at_the_counter_says_whose_a_number_is() {
    both(async |database| {
        let served = served(database).await;
        served.three_calls("3471234567").await;
        let anna = served.met("Anna Rossi", email("anna@mail.example")).await;
        let both_known = json!([{ "type": "phone", "value": "347 1234567" }, { "type": "email", "value": "anna@mail.example" }]);
        assert_eq!(served.met("Anna Rossi", both_known).await, anna, "not the number's");
        assert_eq!(served.person(&anna).await["merges"][0]["rule"], "number_known");
        let items = served.timeline("operator", &anna, "").await["items"].as_array().unwrap().len();
        assert_eq!(items, 5);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_typed_in_a_form_is_suggested_not_believed() {
    both(async |database| {
        let served = served(database).await;
        served.three_calls("3471234567").await;
        let number = served.found(json!({ "phone": "3471234567" })).await.remove(0);
        let anna = served.met("Anna Rossi", email("anna@mail.example")).await;
        let form = json!({ "form": "generale", "privacy_accepted": true,
            "fields": { "name": "Anna", "surname": "Rossi", "email": "anna@mail.example", "phone": "347 123 4567",
                "theme": "anagrafe", "subject": "Carta", "text": "Quando la ricevo?" } });
        served.city.submit_json("s1", &form).await.unwrap();
        let open = served.suggested("open").await;
        assert_eq!((open.len(), &open[0]["reason"]), (1, &json!("typed_number")));
        assert_ne!(served.person(&number).await["id"], served.person(&anna).await["id"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_is_walked_page_by_page_and_shows_replies_and_tickets() {
    both(async |database| {
        let served = served(database).await;
        served.three_calls("3471234567").await;
        let anna = served.met("Anna Rossi", email("anna@mail.example")).await;
        served.say(&anna, &json!({ "type": "phone", "value": "3471234567" })).await.expect(201);
        // Several at one instant: the order is whole all the same.
        for index in 0..5 {
            let mail = Mail::new(
                &format!("m{index}@mail.example"),
                "Anna <anna@mail.example>",
                at("2026-09-30 09:00"),
            );
            served.city.take_in("urp", mail.saying("Tari", &format!("Domanda {index}")).bytes()).await;
        }
        let ticket = served
            .city
            .tickets()
            .await
            .into_iter()
            .find(|ticket| ticket.channel == filo_domain::vocabulary::Channel::Email)
            .unwrap();
        served.city.reply(ticket.id, "Sono dieci euro.").await;
        let whole = served.timeline("operator", &anna, "?limit=200").await;
        let all: Vec<Value> = whole["items"].as_array().unwrap().clone();
        let reply = all.iter().find(|it| it["kind"] == "reply" && it["flags"] == json!([])).unwrap();
        assert_eq!(
            (&reply["text"], &reply["ticket"]["number"]),
            (&json!("Sono dieci euro."), &json!(ticket.number))
        );
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = served.timeline("operator", &anna, &format!("?limit=2{cursor}")).await;
            walked.extend(page["items"].as_array().unwrap().clone());
            assert_eq!(page["tickets"].as_array().unwrap().is_empty(), !cursor.is_empty(), "tickets once");
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(walked, all);
        assert!(
            all.windows(2).all(|pair| pair[0]["occurred_at"].as_str() >= pair[1]["occurred_at"].as_str())
        );

        // A specialist of another unit sees that there was a contact, not what it says.
        let masked = served.timeline("specialist", &anna, "").await;
        assert_eq!(masked["tickets"], json!([]));
        let mails: Vec<&Value> =
            masked["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "mail").collect();
        assert_eq!(mails.len(), 5);
        assert!(
            mails.iter().all(|it| it["text"] == "" && it["subject"].is_null() && it["ticket"].is_null()),
            "{mails:?}"
        );
    })
    .await;
}
