//! A mail server that keeps what it is sent.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// A mail that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Header and body.
    pub text: String,
}

#[derive(Debug)]
struct Shared {
    arrived: Vec<Arrived>,
    /// What is said to every recipient.
    answer: String,
}

/// A mail server on a port of its own.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// `smtp://…`
    pub url: String,
    shared: Arc<Mutex<Shared>>,
}

impl MailServer {
    /// Starts one that takes everything. It ends with the test's process.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("smtp://{}", listener.local_addr().expect("its address"));
        let shared = Arc::new(Mutex::new(Shared { arrived: vec![], answer: "250 ok".to_owned() }));
        let server = Self { url, shared };
        let own = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                // Whoever hangs up in the middle has sent nothing.
                thread::spawn(move || drop(own.converse(stream)));
            }
        });
        server
    }

    /// What it answers to every recipient from now on: `250 ok`, `451 4.3.0 try later`, `550 5.1.1 no such user`.
    pub fn answers(&self, answer: &str) {
        self.lock().answer = answer.to_owned();
    }

    /// What arrived, in order.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.lock().arrived.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn converse(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let mut to: Vec<String> = Vec::new();
        let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes());
        say("220 test")?;
        while let Some(line) = lines.next().transpose()? {
            match line.split([' ', ':']).next().unwrap_or_default() {
                "RCPT" => {
                    let answer = self.lock().answer.clone();
                    if answer.starts_with("250") {
                        to.extend(line.split(['<', '>']).nth(1).map(str::to_owned));
                    }
                    say(&answer)?;
                }
                "DATA" => {
                    say("354 go on")?;
                    let mut text = String::new();
                    while let Some(line) = lines.next().transpose()?.filter(|line| line != ".") {
                        text.push_str(line.strip_prefix('.').unwrap_or(&line));
                        text.push('\n');
                    }
                    self.lock().arrived.push(Arrived { to: std::mem::take(&mut to), text });
                    say("250 queued")?;
                }
                "MAIL" | "RSET" => {
                    to.clear();
                    say("250 ok")?;
                }
                "QUIT" => return say("221 bye"),
                _ => say("250 ok")?,
            }
        }
        Ok(())
    }
}
