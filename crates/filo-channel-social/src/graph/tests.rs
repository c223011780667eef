use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    thread::JoinHandle,
};

use filo_domain::{MessageId, vocabulary::Channel};

use super::*;

pub(crate) fn outbound(thread: &str, to: &str, in_reply_to: Option<&str>) -> Outbound {
    Outbound {
        message_id: "018f6f8e-0000-7000-8000-000000000001".parse::<MessageId>().unwrap(),
        ticket_number: "26-0000001".to_owned(),
        channel: Channel::Social,
        source: "facebook".to_owned(),
        to: if to.is_empty() { Vec::new() } else { vec![to.to_owned()] },
        subject: String::new(),
        text: "L'ufficio è aperto dalle 8.30.".to_owned(),
        external_id: "018f6f8e-0000-7000-8000-000000000001".to_owned(),
        in_reply_to: in_reply_to.map(str::to_owned),
        references: Vec::new(),
        thread: Some(thread.to_owned()),
        automatic: false,
        attachments: vec![],
    }
}

/// What the platform was asked.
struct Asked {
    line: String,
    authorization: String,
    body: Value,
}

/// A platform that takes one request and gives one answer.
fn platform(status: &'static str, answer: &'static str) -> (String, JoinHandle<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/v24.0/", listener.local_addr().unwrap());
    let serve = move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            head.push(line.trim().to_owned());
        }
        let header = |name: &str| {
            let found = head.iter().find_map(|line| {
                line.to_lowercase().starts_with(name).then(|| line.split_once(": ").unwrap().1)
            });
            found.unwrap_or_default().to_owned()
        };
        let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let length = answer.len();
        let text =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}");
        reader.get_mut().write_all(text.as_bytes()).unwrap();
        Asked {
            line: head[0].clone(),
            authorization: header("authorization"),
            body: serde_json::from_slice(&body).unwrap(),
        }
    };
    (base, std::thread::spawn(serve))
}

fn delivery(base: &str, account: Account) -> GraphDelivery {
    GraphDelivery::new(base, "gettone".into(), account, reqwest::Client::new())
}

async fn sent(account: Account, message: Outbound, answer: &'static str) -> (Asked, String) {
    let (base, asked) = platform("200 OK", answer);
    let delivered = delivery(&base, account).deliver(&message).await.unwrap();
    (asked.join().unwrap(), delivered.external_id)
}

async fn refused(status: &'static str, answer: &'static str) -> DeliverError {
    let (base, asked) = platform(status, answer);
    let refused =
        delivery(&base, Account::Facebook).deliver(&outbound("dm:42", "42", None)).await.unwrap_err();
    asked.join().unwrap();
    refused
}

#[tokio::test]
async fn a_comment_is_answered_under_itself() {
    let (asked, id) =
        sent(Account::Facebook, outbound("post:1_2", "42", Some("2_3")), r#"{"id":"2_4"}"#).await;
    assert_eq!(asked.line, "POST /v24.0/2_3/comments HTTP/1.1");
    assert_eq!(asked.authorization, "Bearer gettone");
    assert_eq!(asked.body, json!({ "message": "L'ufficio è aperto dalle 8.30." }));
    assert_eq!(id, "2_4");
    let (asked, _) = sent(Account::Facebook, outbound("post:1_2", "", None), r#"{"id":"2_4"}"#).await;
    assert_eq!(asked.line, "POST /v24.0/1_2/comments HTTP/1.1");
    let (asked, _) = sent(Account::Instagram, outbound("post:17", "", Some("18")), r#"{"id":"19"}"#).await;
    assert_eq!(asked.line, "POST /v24.0/18/replies HTTP/1.1");
}

#[tokio::test]
async fn a_direct_message_goes_to_its_sender() {
    let answer = r#"{"recipient_id":"42","message_id":"m_abc"}"#;
    let (asked, id) = sent(Account::Facebook, outbound("dm:42", "", Some("m_1:2")), answer).await;
    assert_eq!(asked.line, "POST /v24.0/me/messages HTTP/1.1");
    assert_eq!(asked.body["recipient"]["id"], "42");
    assert_eq!(asked.body["messaging_type"], "RESPONSE");
    assert_eq!(id, "m_abc");
}

#[tokio::test]
async fn a_whatsapp_message_leaves_from_the_number_that_was_written_to() {
    let account = || Account::Whatsapp { phone_number_id: None };
    let answer = r#"{"messaging_product":"whatsapp","messages":[{"id":"wamid.x"}]}"#;
    let (asked, id) = sent(account(), outbound("dm:555/IT.77", "+393471234567", None), answer).await;
    assert_eq!(asked.line, "POST /v24.0/555/messages HTTP/1.1");
    assert_eq!(
        (&asked.body["to"], &asked.body["text"]["body"]),
        (&json!("393471234567"), &json!("L'ufficio è aperto dalle 8.30."))
    );
    assert_eq!(id, "wamid.x");
    let (asked, _) = sent(account(), outbound("dm:555/IT.77", "", None), answer).await;
    assert_eq!(asked.body["recipient"], "IT.77");
    assert_eq!(asked.body.get("to"), None);
}

#[tokio::test]
async fn a_refusal_is_final_unless_waiting_or_a_new_token_helps() {
    let window = r#"{"error":{"message":"outside of allowed window","type":"OAuthException","code":10,"error_subcode":2018278}}"#;
    let refusal = refused("400 Bad Request", window).await;
    assert_eq!(refusal.to_string(), "permanent: status 400, code 10/2018278: outside of allowed window");
    for (status, answer) in [
        ("400 Bad Request", r#"{"error":{"message":"token expired","code":190}}"#),
        ("400 Bad Request", r#"{"error":{"message":"too many calls","code":80007}}"#),
        ("400 Bad Request", r#"{"error":{"message":"try later","code":368,"is_transient":true}}"#),
        ("429 Too Many Requests", ""),
        ("503 Service Unavailable", "<html>"),
    ] {
        assert!(matches!(refused(status, answer).await, DeliverError::Temporary(_)), "{status} {answer}");
    }
}

#[tokio::test]
async fn a_platform_that_is_away_is_a_temporary_trouble_and_the_token_stays_secret() {
    let base = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let away = delivery(&base, Account::Facebook).deliver(&outbound("dm:42", "42", None)).await.unwrap_err();
    assert!(matches!(away, DeliverError::Temporary(_)));
    assert!(!format!("{away} {:?}", delivery(&base, Account::Facebook)).contains("gettone"));
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_tried() {
    let nowhere = delivery("http://127.0.0.1:1", Account::Facebook);
    let long = Outbound { text: "è".repeat(2001), ..outbound("dm:42", "42", None) };
    for message in [long, outbound("dm:", "", None), outbound("post:1_2", "", Some("../me"))] {
        assert!(matches!(nowhere.deliver(&message).await, Err(DeliverError::Permanent(_))));
    }
    let whatsapp = delivery("http://127.0.0.1:1", Account::Whatsapp { phone_number_id: None });
    assert!(matches!(
        whatsapp.deliver(&outbound("dm:42", "42", None)).await,
        Err(DeliverError::Permanent(_))
    ));
}

#[tokio::test]
async fn a_message_that_left_without_an_id_keeps_ours() {
    let (_, id) = sent(Account::Facebook, outbound("dm:42", "42", None), "{}").await;
    assert_eq!(id, "018f6f8e-0000-7000-8000-000000000001");
}
