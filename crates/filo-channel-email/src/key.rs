//! The intake key of a message: what makes two copies of it the same.
//!
//! **Invariant:** trace headers (`Received`, `Return-Path`, `Delivered-To`, `Status`, every `X-…`), line ends and the
//! mbox escape do not change the key; author, date, subject, id, text and files do. Message-IDs alone will not do: in
//! real mail they are missing, repeated and forged.

use filo_domain::chain::hex;
use sha2::{Digest, Sha256};

use crate::{header, message::Mail, mime::Part};

/// The scope of the keys: one mail that reaches several of our mailboxes is one contact.
pub const SCOPE: &str = "email";

/// The key of a parsed message: hexadecimal SHA-256.
pub fn intake_key(mail: &Mail) -> String {
    let mut hash = Sha256::new();
    let headers = mail.headers();
    for name in ["message-id", "from", "date", "subject"] {
        let value = headers.first(name).map(header::clean).unwrap_or_default();
        field(&mut hash, value.as_bytes());
    }
    for part in mail.root.leaves() {
        field(&mut hash, part.media_type.as_bytes());
        field(&mut hash, part.name.as_deref().unwrap_or_default().as_bytes());
        field(&mut hash, &canonical(part));
    }
    hex(&hash.finalize())
}

/// Length first, so that no two sequences of fields run together.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(bytes.len().to_string());
    hash.update(b":");
    hash.update(bytes);
}

/// The bytes without what transport changes: line ends, and blank lines at the end.
fn canonical(part: &Part) -> Vec<u8> {
    if part.encoded && !part.media_type.starts_with("text/") {
        return part.bytes().to_vec();
    }
    part.bytes().trim_ascii_end().iter().copied().filter(|b| *b != b'\r').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "From: Maria <m@b.it>\nTo: urp@comune.example\nSubject: Buca\nDate: Fri, 15 Nov 2024 15:48:22 +0100\n\
                           Message-ID: <1@b.it>\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nFrom qui\nciao\n--a\n\
                           Content-Type: application/pdf; name=x.pdf\nContent-Transfer-Encoding: base64\n\nSGVsbG8=\n--a--\n";

    fn key(text: &str) -> String {
        intake_key(&Mail::parse(text.as_bytes()).expect("header"))
    }

    #[test]
    fn the_way_a_message_took_does_not_change_its_key() {
        let expected = key(MESSAGE);
        assert_eq!(expected.len(), 64);
        let traced = format!(
            "Return-Path: <m@b.it>\nDelivered-To: b@comune.example\nReceived: from x; Fri, 15 Nov 2024 15:48:30 +0100\n\
                              Status: RO\nX-Status: A\nX-Spam-Score: 3\n{MESSAGE}"
        );
        let mbox = format!(
            "From m@b.it Fri Nov 15 15:48:30 2024\n{}\n",
            MESSAGE.replace("\nFrom qui", "\n>From qui")
        );
        for copy in [MESSAGE.replace('\n', "\r\n"), MESSAGE.replace('\n', "\r"), traced, mbox] {
            assert_eq!(key(&copy), expected, "{copy}");
        }
    }

    #[test]
    fn what_it_says_changes_its_key() {
        let expected = key(MESSAGE);
        for (from, to) in [
            ("ciao", "addio"),
            ("Buca", "Buche"),
            ("<1@", "<2@"),
            ("15:48:22", "15:48:23"),
            ("m@b", "n@b"),
            ("SGVsbG8=", "SGVsbA=="),
        ] {
            assert_ne!(key(&MESSAGE.replacen(from, to, 1)), expected, "{from}");
        }
    }
}
