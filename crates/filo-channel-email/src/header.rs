//! The header block of a message or part: where it ends, its fields, and the structured values in them.
//!
//! Fields are kept unfolded and as UTF-8; raw 8-bit bytes are read by [`crate::charset`]. The values' grammar
//! (addresses, dates, parameters) is the mail library's.

use filo_domain::Instant;
use mail_parser::{Addr, ContentType, DateTime, HeaderValue, parsers::MessageStream};

use crate::{charset, encoded_word, message::Mailbox};

const MAX_NAME: usize = 80;
const MAX_IDS: usize = 200;
const MAX_ID_LENGTH: usize = 998;
/// Fields by which a block is known to be a header although other lines stand between.
const KNOWN: [&str; 10] = [
    "from",
    "to",
    "subject",
    "date",
    "received",
    "message-id",
    "mime-version",
    "content-type",
    "return-path",
    "delivered-to",
];

/// The fields of a header block in order; names in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    fields: Vec<(String, String)>,
    /// Whether raw 8-bit bytes had to be guessed.
    pub(crate) guessed: bool,
}

impl Headers {
    /// Whether no field was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
    /// The first field of that name which is not blank.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).find(|value| !value.is_empty())
    }
    /// Every field of that name, blank ones too.
    pub(crate) fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim())
    }
    /// The first field of that name as text, encoded words decoded; `None` when blank.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.first(name).map(|value| clean(&encoded_word::decode(value))).filter(|text| !text.is_empty())
    }
    /// Every mailbox of the fields of that name; groups are opened.
    pub(crate) fn mailboxes(&self, name: &str) -> Vec<Mailbox> {
        self.all(name).flat_map(mailboxes).collect()
    }
    /// Message identifiers in the fields of that name, without brackets and blanks.
    pub(crate) fn ids(&self, name: &str) -> Vec<String> {
        self.all(name).flat_map(ids).take(MAX_IDS).collect()
    }
    /// A field with parameters, such as `Content-Type`.
    pub(crate) fn parameters(&self, name: &str) -> Option<ContentType<'static>> {
        let line = format!("{}\n", self.first(name)?);
        match MessageStream::new(line.as_bytes()).parse_content_type() {
            HeaderValue::ContentType(value) => {
                HeaderValue::ContentType(value).into_owned().into_content_type()
            }
            _ => None,
        }
    }
    fn push(&mut self, name: &[u8], value: &[u8]) {
        let value = charset::decode(value, None);
        self.guessed |= value.guessed;
        self.fields.push((String::from_utf8_lossy(name).to_ascii_lowercase(), value.text));
    }
    fn unfold(&mut self, line: &[u8]) {
        let line = charset::decode(line, None);
        if let Some((_, value)) = self.fields.last_mut() {
            self.guessed |= line.guessed;
            value.push(' ');
            value.push_str(line.text.trim());
        }
    }
}

/// Splits a message or part into its fields and its body. Lines that are no fields are skipped while known fields
/// follow; otherwise the body begins there, because its empty line is missing.
pub(crate) fn split(bytes: &[u8]) -> (Headers, &[u8]) {
    let mut headers = Headers::default();
    let mut rest = bytes;
    // How many bytes remain after the last known field; looked up once, at the first line that is no field.
    let mut known_until = None;
    while let Some((line, after)) = next_line(rest) {
        let bare = line.trim_ascii_end();
        match field(bare) {
            _ if line.iter().all(|b| matches!(b, b'\r' | b'\n')) => return (headers, after),
            _ if bare.len() != bare.trim_ascii_start().len() || bare.is_empty() => headers.unfold(bare),
            Some((name, value)) => headers.push(name, value),
            None if rest.len() <= *known_until.get_or_insert_with(|| last_known_field(rest)) => {
                return (headers, rest);
            }
            None => {}
        }
        rest = after;
    }
    (headers, rest)
}

/// The first line with its end, and what follows.
pub(crate) fn next_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if bytes.is_empty() {
        return None;
    }
    let end = bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1);
    bytes.split_at_checked(end)
}

/// The name and value of a header field; blanks before the colon are forgiven.
pub(crate) fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().take(MAX_NAME).position(|b| *b == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = name.trim_ascii_end();
    let value = value.strip_prefix(b":")?;
    let fine = name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && name.first().is_some_and(u8::is_ascii_alphabetic)
        && !value.starts_with(b"//");
    fine.then_some((name, value.trim_ascii_start()))
}

/// The number of bytes after the last known field before the next empty line; all of them without one.
fn last_known_field(mut rest: &[u8]) -> usize {
    let mut remaining = rest.len();
    while let Some((line, after)) = next_line(rest) {
        let bare = line.trim_ascii_end();
        if bare.is_empty() {
            break;
        }
        if field(bare)
            .is_some_and(|(name, _)| KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())))
        {
            remaining = after.len();
        }
        rest = after;
    }
    remaining
}

/// The mailboxes of an address field, however broken.
pub(crate) fn mailboxes(value: &str) -> Vec<Mailbox> {
    let line = format!("{}\n", encoded_word::canonical(value));
    let parsed = MessageStream::new(line.as_bytes()).parse_address();
    let list =
        parsed.as_address().map(|list| list.iter().map(mailbox).collect::<Vec<_>>()).unwrap_or_default();
    if list.iter().any(|one| one.address.is_some()) {
        list
    } else {
        bare_address(value).map_or(list, |one| vec![one])
    }
}

fn mailbox(addr: &Addr<'_>) -> Mailbox {
    let text = |part: Option<&str>| {
        part.map(|text| clean(&encoded_word::decode(text))).filter(|text| !text.is_empty())
    };
    let address = text(addr.address()).map(|address| address.trim_matches(['<', '>', ' ']).to_owned());
    Mailbox { name: text(addr.name()), address: address.filter(|address| !address.is_empty()) }
}

/// The first word with an `@`, where the grammar found no address.
fn bare_address(value: &str) -> Option<Mailbox> {
    value
        .split(|c: char| c.is_whitespace() || "<>,;\"()[]".contains(c))
        .find(|word| {
            word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        })
        .map(|word| Mailbox { name: None, address: Some(clean(word)) })
}

/// Message identifiers of a field: what stands in brackets, else every word with an `@`, else the whole.
pub(crate) fn ids(value: &str) -> Vec<String> {
    let squeeze =
        |text: &str| text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>();
    let bracketed: Vec<String> =
        value.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(id, _)| squeeze(id)).collect();
    let found = if bracketed.is_empty() {
        let words: Vec<String> =
            value.split_whitespace().map(|word| squeeze(word.trim_matches(['<', '>']))).collect();
        if words.len() > 1 && words.iter().all(|word| word.len() > 2 && word.contains('@')) {
            words
        } else {
            vec![squeeze(value.trim().trim_matches(['<', '>']))]
        }
    } else {
        bracketed
    };
    found.into_iter().filter(|id| !id.is_empty() && id.len() <= MAX_ID_LENGTH).collect()
}

/// A date of RFC 5322 in the years 1970 to 9998; one without a zone is read as UTC.
pub(crate) fn date(value: &str) -> Option<Instant> {
    let read = |text: String| DateTime::parse_rfc822(&text).filter(DateTime::is_valid);
    let date = read(format!("{value}\n")).or_else(|| read(format!("{} +0000\n", value.trim())))?;
    (1970..=9998).contains(&date.year).then(|| Instant::from_seconds(date.to_timestamp()))
}

/// A text on one line without control characters.
pub(crate) fn clean(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ends_at_the_empty_line_or_where_fields_end() {
        for (text, fields, body) in [
            ("A: 1\r\nB : 2\r\n 3\r\n\r\nbody", 2, "body"),
            ("A: 1\nno field here\nmore", 1, "no field here\nmore"),
            ("junk\nFrom: a@b.it\n\nbody", 1, "body"),
            ("\nbody", 0, "body"),
            ("just text\nhttp://x.it: no\n", 0, "just text\nhttp://x.it: no\n"),
            ("{\"a\": 1}", 0, "{\"a\": 1}"),
            ("A: 1", 1, ""),
        ] {
            let (headers, rest) = split(text.as_bytes());
            assert_eq!((headers.fields.len(), rest), (fields, body.as_bytes()), "{text}");
        }
    }

    #[test]
    fn addresses_survive_what_senders_write() {
        let all = |value: &str| {
            let list = mailboxes(value).into_iter();
            list.map(|one| (one.name.unwrap_or_default(), one.address.unwrap_or_default()))
                .collect::<Vec<_>>()
        };
        let one = |name: &str, address: &str| vec![(name.to_owned(), address.to_owned())];
        assert_eq!(all("Maria <m@b.it>"), one("Maria", "m@b.it"));
        assert_eq!(all("\"=?utf-8?Q?Rossi=2C_Maria?=\" <m@b.it>"), one("Rossi, Maria", "m@b.it"));
        assert_eq!(all("=?utf-8?Q?Rossi=2C_Maria?= <m@b.it>"), one("Rossi, Maria", "m@b.it"));
        assert_eq!(all("m@b.it (Maria)"), one("Maria", "m@b.it"));
        assert_eq!(all("caffè <m@b.it>"), one("caffè", "m@b.it"));
        assert_eq!(all("<<m@b.it>>").iter().filter(|one| one.1 == "m@b.it").count(), 1);
        assert!(all("").is_empty());
        assert!(all("undisclosed-recipients:;").iter().all(|one| one.1.is_empty()));
        assert_eq!(all("squad: a@x.it, b@x.it;").len(), 2);
    }

    #[test]
    fn ids_lose_brackets_and_blanks() {
        assert_eq!(ids("<a@b> <c @ d>"), ["a@b", "c@d"]);
        assert_eq!(ids("a @ b"), ["a@b"]);
        assert_eq!(ids("a@b c@d"), ["a@b", "c@d"]);
        assert_eq!(ids("message of Monday <x@y>"), ["x@y"]);
        assert!(ids(" <> ").is_empty());
    }

    #[test]
    fn dates_need_a_valid_day_and_forgive_a_missing_zone() {
        let at = |text: &str| date(text).map(|at| at.to_string());
        assert_eq!(at("Fri, 15 Nov 2024 15:48:22 +0100").as_deref(), Some("2024-11-15T14:48:22Z"));
        assert_eq!(at("15 Nov 2024 15:48:22").as_deref(), Some("2024-11-15T15:48:22Z"));
        assert_eq!(at("Fri, 15 Nov 2024 15:48 GMT").as_deref(), Some("2024-11-15T15:48:00Z"));
        assert_eq!(at("yesterday"), None);
        assert_eq!(at(""), None);
        assert_eq!(at("Fri, 99 Foo 2024 15:48:22 +0100"), None);
    }
}
