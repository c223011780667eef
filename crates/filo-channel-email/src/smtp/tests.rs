use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use super::*;
use crate::compose::tests::{outbound, sender};

/// A mail server for one connection that gives `answer` to the recipient; its thread returns what it was sent.
fn server(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let url = format!("smtp://{}", listener.local_addr().expect("address"));
    let run = move || {
        let (stream, _) = listener.accept().expect("connection");
        converse(stream, answer)
    };
    (url, thread::spawn(run))
}

fn converse(mut stream: TcpStream, answer: &str) -> String {
    let mut lines = BufReader::new(stream.try_clone().expect("stream")).lines();
    let mut data = String::new();
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).expect("answer");
    say("220 test");
    while let Some(Ok(line)) = lines.next() {
        match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => say("250 test"),
            "RCPT" => say(answer),
            "DATA" => {
                say("354 go on");
                while let Some(Ok(line)) = lines.next() {
                    if line == "." {
                        break;
                    }
                    data += &format!("{line}\n");
                }
                say("250 queued");
                return data;
            }
            "QUIT" => say("221 bye"),
            _ => say("250 ok"),
        }
    }
    data
}

async fn deliver(answer: &'static str) -> (Result<Delivered, DeliverError>, String) {
    let (url, server) = server(answer);
    let delivery = SmtpDelivery::new(&url, sender()).expect("URL");
    let result = delivery.deliver(&outbound()).await;
    drop(delivery);
    (result, server.join().expect("server"))
}

#[tokio::test]
async fn a_message_arrives_whole() {
    let (result, data) = deliver("250 ok").await;
    assert_eq!(result.expect("delivered").external_id, "m1.abc@filo.example");
    let mail = crate::message::Mail::parse(data.as_bytes()).expect("header");
    assert_eq!(mail.message_id.as_deref(), Some("m1.abc@filo.example"));
    assert_eq!(mail.text, "Gentile Maria,\nperché no?");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let (unknown, _) = deliver("550 5.1.1 no such user").await;
    assert!(matches!(unknown, Err(DeliverError::Permanent(_))), "{unknown:?}");
    let (busy, _) = deliver("451 4.3.0 try later").await;
    assert!(matches!(busy, Err(DeliverError::Temporary(_))), "{busy:?}");
    let (login, _) = deliver("530 5.7.0 authentication required").await;
    assert!(matches!(login, Err(DeliverError::Temporary(_))), "{login:?}");
}

#[tokio::test]
async fn an_absent_server_is_temporary_and_the_password_is_not_told() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("port").local_addr().expect("address");
    let delivery = SmtpDelivery::new(&format!("smtp://user:geheim@{closed}"), sender()).expect("URL");
    let error = delivery.deliver(&outbound()).await.expect_err("nobody is there");
    assert!(matches!(error, DeliverError::Temporary(_)), "{error:?}");
    assert!(!error.to_string().contains("geheim"));
}

#[test]
fn a_wrong_url_is_refused_without_repeating_it() {
    for url in ["http://user:geheim@host", "host:25", "", "smtp://user:geheim@host?tls=maybe"] {
        let error = SmtpDelivery::new(url, sender()).err().expect("refused");
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
}
