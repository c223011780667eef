//! A raw message as values: who, to whom, when, what, and which files.
//!
//! **Invariant:** [`Mail::parse`] refuses only what has no header field at all.

use std::{borrow::Cow, collections::BTreeSet};

use filo_channel::Attachment;
use filo_domain::Instant;
use serde::Serialize;

use crate::{
    body::Body,
    header::{self, Headers},
    mime::{self, Part},
};

/// A name and an address, either of which may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mailbox {
    /// The display name.
    pub name: Option<String>,
    /// The address as written.
    pub address: Option<String>,
}

/// A parsed message. All text is valid UTF-8 without NUL; identifiers stand without angle brackets.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Who wrote it; the first author with an address when there are several.
    pub from: Option<Mailbox>,
    /// Where answers should go, when the message says so.
    pub reply_to: Option<String>,
    /// The addresses it names in `To`.
    pub to: Vec<String>,
    /// The addresses it names in `Cc`.
    pub cc: Vec<String>,
    /// The subject, decoded, on one line.
    pub subject: Option<String>,
    /// The date it gives itself.
    pub date: Option<Instant>,
    /// Its own id.
    pub message_id: Option<String>,
    /// The message it answers.
    pub in_reply_to: Option<String>,
    /// The conversation so far, oldest first.
    pub references: Vec<String>,
    /// The whole text: plain, or HTML made plain; lines end with LF.
    pub text: String,
    /// The files.
    pub attachments: Vec<Attachment>,
    /// What a reader should know: `charset_guessed`, `mime_broken`, `from_missing`, `uuencoded`, `tnef`,
    /// `smime_not_opened`.
    pub flags: BTreeSet<&'static str>,
    pub(crate) root: Part,
}

impl Mail {
    /// Parses raw bytes; `None` when there is no header field at all.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = prepare(bytes);
        let root = mime::parse(&bytes);
        (!root.headers.is_empty()).then(|| Self::of(root))
    }
    fn of(root: Part) -> Self {
        let body = Body::of(&root);
        let headers = &root.headers;
        let from = pick(headers.mailboxes("from")).or_else(|| pick(headers.mailboxes("sender")));
        let mut flags = body.flags.clone();
        let mut flag = |wanted: bool, word| wanted.then(|| flags.insert(word));
        flag(root.headers_guessed(), "charset_guessed");
        flag(root.is_broken(), "mime_broken");
        flag(from.as_ref().is_none_or(|from| from.address.is_none()), "from_missing");
        Self {
            reply_to: addresses(headers, "reply-to").into_iter().next(),
            to: addresses(headers, "to"),
            cc: addresses(headers, "cc"),
            subject: headers.text("subject"),
            date: headers.first("date").and_then(header::date),
            message_id: headers.ids("message-id").into_iter().next(),
            in_reply_to: headers.ids("in-reply-to").into_iter().next(),
            references: headers.ids("references"),
            text: body.text(),
            attachments: body.attachments,
            from,
            flags,
            root,
        }
    }
    /// The address of the sender.
    pub fn sender_address(&self) -> Option<&str> {
        self.from.as_ref()?.address.as_deref()
    }
    pub(crate) fn headers(&self) -> &Headers {
        &self.root.headers
    }
    /// The newest date among the `Received` lines that is not after `limit`.
    pub(crate) fn received_at(&self, limit: Instant) -> Option<Instant> {
        let dates = self.headers().all("received").filter_map(|line| header::date(line.rsplit(';').next()?));
        dates.filter(|at| *at <= limit).max()
    }
}

fn pick(list: Vec<Mailbox>) -> Option<Mailbox> {
    let with_address = list.iter().position(|one| one.address.is_some()).unwrap_or(0);
    list.into_iter().nth(with_address).filter(|one| one.address.is_some() || one.name.is_some())
}

fn addresses(headers: &Headers, name: &str) -> Vec<String> {
    headers.mailboxes(name).into_iter().filter_map(|one| one.address).collect()
}

/// Drops what stands before the header and turns bare CR line ends into LF.
pub(crate) fn prepare(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bytes = with_line_feeds(bytes);
    match &bytes {
        Cow::Borrowed(borrowed) => without_mbox_line(borrowed),
        Cow::Owned(owned) => Cow::Owned(without_mbox_line(owned).into_owned()),
    }
}

fn with_line_feeds(bytes: &[u8]) -> Cow<'_, [u8]> {
    let feeds = bytes.iter().filter(|b| **b == b'\n').count();
    let returns = bytes.iter().filter(|b| **b == b'\r').count();
    if returns <= feeds.saturating_mul(2) {
        return Cow::Borrowed(bytes);
    }
    let mut previous = 0;
    let unified = bytes.iter().filter_map(|byte| {
        let after_return = std::mem::replace(&mut previous, *byte) == b'\r';
        match byte {
            b'\n' if after_return => None,
            b'\r' => Some(b'\n'),
            other => Some(*other),
        }
    });
    Cow::Owned(unified.collect())
}

/// An mbox separator and blank lines may stand before the header; with a separator, `>From ` lines are its escapes.
fn without_mbox_line(bytes: &[u8]) -> Cow<'_, [u8]> {
    let blank = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let start = bytes.get(blank..).unwrap_or_default();
    match header::next_line(start) {
        Some((line, rest)) if line.starts_with(b"From ") => Cow::Owned(unescape_from(rest)),
        Some((line, rest)) if line.starts_with(b">From ") => Cow::Borrowed(rest),
        _ => Cow::Borrowed(start),
    }
}

/// Undoes the mbox escape: one `>` less before `From ` at the start of a line.
pub(crate) fn unescape_from(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((line, after)) = header::next_line(rest) {
        let marks = line.iter().take_while(|b| **b == b'>').count();
        let escaped = marks > 0 && line.get(marks..).is_some_and(|text| text.starts_with(b"From "));
        out.extend_from_slice(line.get(usize::from(escaped)..).unwrap_or_default());
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(text: &str) -> Mail {
        Mail::parse(text.as_bytes()).expect("has a header")
    }

    #[test]
    fn only_what_has_no_header_at_all_is_refused() {
        for text in
            ["", "\n\n", "Just a text.\nIn data 11 ottobre 2017 21:11 ha scritto:\n", "From x\n\nbody"]
        {
            assert!(Mail::parse(text.as_bytes()).is_none(), "{text:?}");
        }
        assert!(Mail::parse(b"X-Any: 1").is_some());
    }

    #[test]
    fn bare_carriage_returns_are_line_ends() {
        let mail = mail("Subject: ciao\rFrom: Maria <m@b.it>\r\rriga uno\rriga due\r");
        assert_eq!((mail.subject.as_deref(), mail.text.as_str()), (Some("ciao"), "riga uno\nriga due"));
        assert_eq!(mail.sender_address(), Some("m@b.it"));
    }

    #[test]
    fn an_mbox_line_before_the_header_is_dropped_with_its_escapes() {
        let mail = mail("From m@b.it Thu Feb 22 11:20:31 2007\nSubject: x\n\n>From qui\n>>From la\n");
        assert_eq!((mail.subject.as_deref(), mail.text.as_str()), (Some("x"), "From qui\n>From la"));
    }

    #[test]
    fn a_missing_or_empty_sender_is_flagged_and_kept() {
        for text in ["Subject: x\n\ny", "From:\nSubject: x\n\ny", "From: <>\n\ny", "From: undisclosed:;\n\ny"]
        {
            let mail = mail(text);
            assert_eq!(mail.sender_address(), None, "{text}");
            assert!(mail.flags.contains("from_missing"), "{text}");
        }
        assert_eq!(mail("From:\nSender: a@b.it\n\nx").sender_address(), Some("a@b.it"));
        assert_eq!(mail("From: nobody, Maria <m@b.it>\n\nx").sender_address(), Some("m@b.it"));
    }

    #[test]
    fn nul_and_raw_eight_bit_headers_are_cleaned() {
        let mail = Mail::parse(b"Subject: perch\xe9\0\nFrom: caff\xe8 <a@b.it>\n\na\0b").expect("header");
        assert_eq!((mail.subject.as_deref(), mail.text.as_str()), (Some("perché"), "ab"));
        assert!(mail.flags.contains("charset_guessed"));
    }

    #[test]
    fn the_newest_received_that_is_not_in_the_future_counts() {
        let mail = mail(
            "Received: from a by b; Wed, 01 Jan 2098 00:00:00 +0000\nReceived: from c by d with e;\n Fri, 15 Nov 2024 \
             15:48:22 +0100 (CET)\nReceived: nonsense\nReceived: x; Fri, 15 Nov 2024 15:00:00 +0100\n\nx",
        );
        let limit = Instant::parse("2026-01-01T00:00:00Z").expect("literal");
        assert_eq!(mail.received_at(limit).map(|at| at.to_string()).as_deref(), Some("2024-11-15T14:48:22Z"));
    }
}
