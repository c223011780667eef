//! Mbox files taken apart.
//!
//! A separator is a line beginning with `From ` at the start or after an empty line, and followed by a header
//! field; anything else of that look is text.

use crate::{
    header::{field, next_line},
    message::unescape_from,
};

/// Whether the bytes hold more than one message in mbox form. One message with a separator line before it is a
/// message, which [`crate::message::Mail::parse`] understands.
pub fn looks_like_mbox(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"From ") && separators(bytes).len() > 1
}

/// The messages of an mbox file, without separators and with `>From ` unescaped. Bytes before the first separator
/// are a message of their own when they are not blank, so that nothing is lost.
pub fn split_mbox(bytes: &[u8]) -> Vec<Vec<u8>> {
    let found = separators(bytes);
    let starts = found.iter().map(|(_, body)| *body);
    let ends = found.iter().skip(1).map(|(line, _)| *line).chain([bytes.len()]);
    let first = found.first().map_or(bytes.len(), |(line, _)| *line);
    let before = bytes.get(..first).filter(|before| !before.trim_ascii().is_empty()).map(<[u8]>::to_vec);
    let entries = starts.zip(ends).map(|(start, end)| entry(bytes.get(start..end).unwrap_or_default()));
    before.into_iter().chain(entries).collect()
}

/// The empty line before the next separator is the container's.
fn entry(bytes: &[u8]) -> Vec<u8> {
    let mut message = unescape_from(bytes);
    for end in [b"\n\n".as_slice(), b"\n\r\n"] {
        if message.ends_with(end) {
            message.truncate(message.len() + 1 - end.len());
            break;
        }
    }
    message
}

/// For each separator: where its line starts and where the message after it starts.
fn separators(bytes: &[u8]) -> Vec<(usize, usize)> {
    let (mut found, mut at, mut blank) = (Vec::new(), 0, true);
    let mut rest = bytes;
    while let Some((line, after)) = next_line(rest) {
        let header_follows = || next_line(after).is_some_and(|(next, _)| begins_header(next));
        if blank && line.starts_with(b"From ") && header_follows() {
            found.push((at, at + line.len()));
        }
        blank = line.trim_ascii().is_empty();
        at += line.len();
        rest = after;
    }
    found
}

fn begins_header(line: &[u8]) -> bool {
    line.starts_with(b">From ") || field(line.trim_ascii_end()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MBOX: &str = "From a Thu Feb 22 11:20:31 2007\nSubject: one\n\ntext\nFrom here on\n\n>From there\n\n\
                        From now on: no field before\n\nFrom b Thu Feb 22 11:20:32 2007\nSubject: two\n\nlast\n";

    #[test]
    fn messages_are_separated_where_a_header_follows() {
        for text in [MBOX.to_owned(), MBOX.replace('\n', "\r\n")] {
            assert!(looks_like_mbox(text.as_bytes()));
            let parts: Vec<String> = split_mbox(text.as_bytes())
                .into_iter()
                .map(|part| String::from_utf8_lossy(&part).replace("\r\n", "\n"))
                .collect();
            assert_eq!(parts.len(), 2);
            assert_eq!(
                parts[0],
                "Subject: one\n\ntext\nFrom here on\n\nFrom there\n\nFrom now on: no field before\n"
            );
            assert_eq!(parts[1], "Subject: two\n\nlast\n");
        }
    }

    #[test]
    fn one_message_after_a_separator_is_no_mbox() {
        assert!(!looks_like_mbox(b"From a Thu Feb 22 11:20:31 2007\nSubject: one\n\ntext\n"));
        assert!(!looks_like_mbox(b"Subject: one\n\nFrom a\nX: y\n\nFrom b\nX: y\n"));
        assert!(!looks_like_mbox(b""));
    }

    #[test]
    fn what_stands_before_the_first_separator_is_kept() {
        let parts = split_mbox(b"Subject: zero\n\nx\n\nFrom a\nSubject: one\n\ny\n");
        assert_eq!(parts.len(), 2);
    }
}
