//! Mail as a mailbox holds it: messages of citizens and the reports of other servers.

use filo_domain::Instant;

/// A plain message under construction.
#[derive(Clone, Debug)]
pub struct Mail {
    /// `From`, as the sender writes it.
    pub from: String,
    /// `To`.
    pub to: String,
    /// `Subject`.
    pub subject: String,
    /// When it was sent and received.
    pub at: Instant,
    /// `Message-ID`, without brackets.
    pub id: String,
    /// `In-Reply-To`, without brackets.
    pub in_reply_to: Option<String>,
    /// The text.
    pub text: String,
}

impl Mail {
    /// A message from `from` to the city's mailbox.
    pub fn new(id: &str, from: &str, at: Instant) -> Self {
        Self {
            from: from.to_owned(),
            to: "urp@comune.milano.it".to_owned(),
            subject: "Richiesta".to_owned(),
            at,
            id: id.to_owned(),
            in_reply_to: None,
            text: "Buongiorno, vorrei un'informazione.".to_owned(),
        }
    }
    /// With this subject and text.
    #[must_use]
    pub fn saying(mut self, subject: &str, text: &str) -> Self {
        (self.subject, self.text) = (subject.to_owned(), text.to_owned());
        self
    }
    /// As an answer to a Message-ID.
    #[must_use]
    pub fn answering(mut self, id: &str) -> Self {
        self.in_reply_to = Some(id.to_owned());
        self
    }
    /// The message's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let answer = self
            .in_reply_to
            .as_ref()
            .map(|id| format!("In-Reply-To: <{id}>\nReferences: <{id}>\n"))
            .unwrap_or_default();
        let date = date(self.at);
        format!(
            "Received: from mx.example by mail.comune.milano.it; {date}\nFrom: {}\nTo: {}\nSubject: {}\nDate: {date}\n\
             Message-ID: <{}>\n{answer}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{}\n",
            self.from, self.to, self.subject, self.id, self.text
        )
        .into_bytes()
    }
}

/// An instant as mail writes it.
pub fn date(at: Instant) -> String {
    at.timestamp().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// The report of a server that could not deliver our message `original` to `recipient`.
pub fn bounce(original: &str, recipient: &str, at: Instant) -> Vec<u8> {
    let date = date(at);
    format!(
        "Return-Path: <>\nReceived: from mx.example by mail.comune.milano.it; {date}\nFrom: MAILER-DAEMON@mx.example\n\
         To: urp@comune.milano.it\nSubject: Undelivered Mail Returned to Sender\nDate: {date}\n\
         Message-ID: <bounce.{original}>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nNo such user.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
         Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n\
         --b\nContent-Type: message/rfc822\n\nMessage-ID: <{original}>\nSubject: Re\n\ntext\n--b--\n"
    )
    .into_bytes()
}
