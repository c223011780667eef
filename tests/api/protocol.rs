//! Formal requests and the document-protocol system: a real server at the other end, which may be away, slow with its
//! numbers, or die after it has registered and before it has answered.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use filo_app::{Caller, Scope};
use filo_testkit::{Database, at, both, mail::Mail};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

/// How the other system behaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Answers,
    Away,
    Later,
    DiesAfterRegistering,
    Refuses,
}

/// A register: one number a key, whatever is sent again.
struct Register {
    mood: Mutex<Mood>,
    /// Key, authorization and document of every request.
    asked: Mutex<Vec<(String, String, Value)>>,
    keys: Mutex<Vec<String>>,
    url: String,
}

impl Register {
    fn open() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/documents", listener.local_addr().unwrap());
        let register = Arc::new(Self {
            mood: Mutex::new(Mood::Answers),
            asked: Mutex::default(),
            keys: Mutex::default(),
            url,
        });
        let own = Arc::clone(&register);
        std::thread::spawn(move || listener.incoming().for_each(|stream| own.answer(stream.unwrap())));
        register
    }
    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
    fn asked(&self) -> Vec<(String, String, Value)> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut key, mut authorization, mut length) = (String::new(), String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap() == 0 {
                return;
            }
            let Some((name, value)) = line.trim().split_once(':') else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_lowercase().as_str() {
                "idempotency-key" => key = value.trim().to_owned(),
                "authorization" => authorization = value.trim().to_owned(),
                "content-length" => length = value.trim().parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        self.asked.lock().unwrap().push((key.clone(), authorization, serde_json::from_slice(&body).unwrap()));
        let mood = *self.mood.lock().unwrap();
        let (status, body) = match mood {
            Mood::Away => ("503 Service Unavailable", String::new()),
            Mood::Refuses => ("422 Unprocessable Content", String::new()),
            Mood::Later => ("202 Accepted", String::new()),
            Mood::Answers | Mood::DiesAfterRegistering => ("201 Created", self.number(&key).to_string()),
        };
        if mood != Mood::DiesAfterRegistering {
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n");
            write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    }

    fn number(&self, key: &str) -> Value {
        let mut keys = self.keys.lock().unwrap();
        let place = keys.iter().position(|known| known == key).unwrap_or_else(|| {
            keys.push(key.to_owned());
            keys.len() - 1
        });
        json!({ "aoo": "COMI", "register": "generale", "year": 2026, "number": format!("{:07}", place + 1), "date": "2026-10-01" })
    }
}

async fn city(database: Database, register: Option<&Register>) -> Served {
    let mut city = TestApp::at("2026-10-01 12:00", database).await;
    if let Some(register) = register {
        city.program.settings.protocol.url = Some(register.url.clone());
        city.program.settings.protocol.secret = Some("parola d'ordine".to_owned().into());
        city.app = city.program.start(filo::wiring::Migrating::EmbeddedOnly).await.unwrap();
    }
    Served::of(city).await
}

impl Served {
    async fn opened(&self, kind: &str) -> Value {
        let new = json!({ "channel": "counter", "subject": "Accesso agli atti", "body": "Chiedo copia.", "kind": kind,
            "requester": { "name": "Anna Rossi", "identities": [{ "type": "email", "value": "anna@mail.example" }] } });
        self.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201)
    }
    async fn protocol_of(&self, ticket: &Value) -> Value {
        let path = format!("{CRM}/tickets/{}", ticket["id"].as_str().unwrap());
        self.get("operator", &path).await.expect(200)["protocol"].clone()
    }
    async fn hand_overs(&self, state: &str) -> Vec<Value> {
        let list =
            self.get("operator", &format!("{CRM}/protocol-hand-overs?state={state}")).await.expect(200);
        list["items"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_formal_request_is_handed_over_once_and_keeps_the_number_it_is_given() {
    both(async |database| {
        let register = Register::open();
        let served = city(database, Some(&register)).await;
        let ticket = served.opened("formal_request").await;
        assert_eq!(
            (&ticket["protocol"]["state"], &ticket["protocol"]["number"]),
            (&json!("queued"), &Value::Null)
        );
        served.city.now_is("2026-10-01 12:05");
        assert_eq!(served.city.send().await, 1);
        let asked = register.asked();
        let (key, authorization, document) = &asked[0];
        assert_eq!(
            (key.as_str(), authorization.as_str()),
            (ticket["id"].as_str().unwrap(), "Bearer parola d'ordine")
        );
        assert_eq!(document["submitted_at"], ticket["opened_at"]);
        assert_eq!(
            (&document["subject"], &document["text"]),
            (&json!("Accesso agli atti"), &json!("Chiedo copia."))
        );
        assert_eq!(
            document["sender"],
            json!({ "name": "Anna Rossi", "email": ["anna@mail.example"], "fiscal_code": [] })
        );
        let protocol = served.protocol_of(&ticket).await;
        assert_eq!(
            (&protocol["state"], &protocol["number"], &protocol["aoo"]),
            (&json!("protocolled"), &json!("0000001"), &json!("COMI"))
        );
        assert_eq!(
            (&protocol["subject_sha256"], &protocol["date"]),
            (&document["subject_sha256"], &json!("2026-10-01"))
        );
        assert_eq!(document["subject_sha256"].as_str().unwrap().len(), 64);

        // Transfers rewrite nothing.
        served.city.now_is("2026-10-01 12:14");
        let path = format!("{CRM}/tickets/{}", ticket["id"].as_str().unwrap());
        let escalate = json!({ "unit": "mobilita", "note": "Vostro." });
        served.post("operator", &format!("{path}/escalate"), &escalate).await.expect(200);
        assert_eq!(served.protocol_of(&ticket).await, protocol);
        let events = served.get("operator", &format!("{path}/events")).await.expect(200)["items"].clone();
        let kinds: Vec<&str> =
            events.as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "protocolled").count(), 1, "{kinds:?}");
        assert_eq!(served.city.send().await, 0);
        assert_eq!(register.asked().len(), 1);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_under_the_same_key_and_gets_one_number() {
    both(async |database| {
        let register = Register::open();
        let served = city(database, Some(&register)).await;
        let ticket = served.opened("formal_request").await;
        register.is(Mood::Away);
        assert_eq!(served.city.send().await, 1);
        assert_eq!(served.protocol_of(&ticket).await["state"], "queued");
        assert!(served.hand_overs("queued").await[0]["last_error"].as_str().unwrap().contains("503"));
        assert_eq!(served.city.send().await, 0, "not before its pause");
        // It registers and dies before it answers.
        register.is(Mood::DiesAfterRegistering);
        served.city.now_is("2026-10-01 12:10");
        assert_eq!(served.city.send().await, 1);
        assert_eq!(served.protocol_of(&ticket).await["number"], Value::Null);
        // We die with the job in our hands: its lease ends.
        register.is(Mood::Answers);
        served.city.now_is("2026-10-01 12:12:30");
        let now = served.city.now();
        let claimed = served
            .city
            .app
            .db()
            .write(move |conn| filo_store::jobs::claim(conn, now, now.plus_seconds(120), 10));
        assert_eq!(claimed.await.unwrap().len(), 1);
        assert_eq!(served.city.send().await, 0, "somebody holds it");
        served.city.now_is("2026-10-01 12:14:40");
        assert_eq!(served.city.send().await, 1);
        assert_eq!(served.protocol_of(&ticket).await["number"], "0000001");
        let keys: Vec<String> = register.asked().into_iter().map(|(key, _, _)| key).collect();
        assert_eq!(keys, vec![ticket["id"].as_str().unwrap(); 3]);
        assert_eq!(register.keys.lock().unwrap().len(), 1, "one registration");
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_comes_later_is_told_once_and_never_changed() {
    both(async |database| {
        let register = Register::open();
        register.is(Mood::Later);
        let served = city(database, Some(&register)).await;
        let ticket = served.opened("formal_request").await;
        served.city.send().await;
        assert_eq!(served.protocol_of(&ticket).await["state"], "handed_over");
        assert_eq!(served.hand_overs("handed_over").await[0]["ticket_id"], ticket["id"]);
        let key = served.city.app.issue_key(&Caller::console(), "protocollo", vec![Scope::Protocol], served.city.now()).await.unwrap();
        let key = key.key.unwrap();
        let path = format!("{CRM}/tickets/{}/protocol", ticket["id"].as_str().unwrap());
        let tell = async |entry: Value| {
            let request = served.client.post(format!("{}{path}", served.base)).bearer_auth(&key);
            let response = request.header("Content-Type", "application/json").body(entry.to_string()).send().await.unwrap();
            (response.status().as_u16(), response.json::<Value>().await.unwrap())
        };
        let entry = json!({ "aoo": "COMI", "register": "generale", "year": 2026, "number": 4711, "date": "2026-10-02" });
        served.post("operator", &path, &entry).await.expect(403);
        let (status, told) = tell(entry.clone()).await;
        assert_eq!((status, &told["number"], &told["state"]), (200, &json!("4711"), &json!("protocolled")));
        assert_eq!(tell(entry.clone()).await.0, 200, "the same again");
        let mut other = entry.clone();
        other["number"] = json!("4712");
        let (status, refused) = tell(other).await;
        assert_eq!((status, &refused["proposal"]["protocol"]["number"]), (409, &json!("4711")));
        let mut wrong = entry.clone();
        wrong["aoo"] = json!(" ");
        let (status, refused) = tell(wrong).await;
        assert_eq!((status, &refused["errors"][0]["pointer"]), (422, &json!("/aoo")));
        let nowhere = path.replace(ticket["id"].as_str().unwrap(), "00000000-0000-7000-8000-000000000000");
        served.post("supervisor", &nowhere, &entry).await.expect(404);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_seen_and_handed_over_again_when_somebody_says_so() {
    both(async |database| {
        let register = Register::open();
        register.is(Mood::Refuses);
        let served = city(database, Some(&register)).await;
        let ticket = served.opened("formal_request").await;
        served.city.send().await;
        let failed = served.hand_overs("failed").await;
        assert_eq!((failed.len(), &failed[0]["number"]), (1, &ticket["number"]));
        assert!(failed[0]["last_error"].as_str().unwrap().contains("422"), "{failed:?}");
        served.get("operator", &format!("{CRM}/protocol-hand-overs?state=lost")).await.expect(422);
        let retry = format!("{CRM}/protocol-hand-overs/{}/retry", ticket["id"].as_str().unwrap());
        served.post("operator", &retry, &json!({})).await.expect(403);
        register.is(Mood::Answers);
        served.post("supervisor", &retry, &json!({})).await.expect(200);
        served.post("supervisor", &retry, &json!({})).await.expect(409);
        served.city.send().await;
        assert_eq!(served.protocol_of(&ticket).await["number"], "0000001");
        assert_eq!(served.hand_overs("failed").await, Vec::<Value>::new());
        served.post("supervisor", &retry, &json!({})).await.expect(409);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_says_what_is_formal_and_without_an_address_documents_are_files() {
    both(async |database| {
        let served = city(database, None).await;
        let plain = served.opened("information").await;
        assert_eq!(plain["protocol"], Value::Null);
        assert_eq!(served.city.send().await, 0);
        let path = format!("{CRM}/tickets/{}", plain["id"].as_str().unwrap());
        let tag = served.get("operator", &path).await.header("etag").to_owned();
        let change = json!({ "kind": "formal_request" });
        let changed =
            served.send_with("operator", Method::PATCH, &path, Some(&change), &[("If-Match", &tag)]).await;
        assert_eq!(changed.expect(200)["protocol"]["state"], "queued");
        assert_eq!(served.city.send().await, 1);
        assert_eq!(served.protocol_of(&plain).await["state"], "handed_over");
        let file = served
            .city
            .program
            .settings
            .data_dir
            .join(format!("protocol/{}.json", plain["id"].as_str().unwrap()));
        let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        assert_eq!(document["request_number"], plain["number"]);

        // What is old came from an archive and has its number.
        for (id, sent, expected) in
            [("alt", "2026-08-01 09:00", Value::Null), ("neu", "2026-09-30 09:00", json!("queued"))]
        {
            let pec = Mail::new(&format!("{id}@pec.example"), "Anna <anna@pec.example>", at(sent));
            served.city.take_in("pec", pec.saying("Istanza", "Chiedo copia.").bytes()).await;
            let ticket =
                served.city.tickets().await.into_iter().find(|ticket| ticket.opened_at == at(sent)).unwrap();
            let ticket = json!({ "id": ticket.id });
            let protocol = served.protocol_of(&ticket).await;
            assert_eq!(protocol.get("state").cloned().unwrap_or(Value::Null), expected, "{id}");
        }
        served.city.verifies().await;
    })
    .await;
}
