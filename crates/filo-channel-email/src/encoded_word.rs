//! Encoded words of headers (RFC 2047), as mailers really write them: split inside a character, without the blank
//! between, with lower-case letters, inside quotes, in sets nobody knows.

use std::fmt::Write as _;

use crate::{charset, mime::transfer};

const MAX_CHARSET: usize = 40;

enum Piece<'a> {
    Plain(&'a str),
    Word { charset: &'a str, bytes: Vec<u8> },
}

/// The text with every encoded word decoded.
pub(crate) fn decode(text: &str) -> String {
    render(text, |word| word)
}

/// The text with each run of encoded words as one well-formed UTF-8 word, for parsers that read structure first:
/// a decoded comma must not end an address.
pub(crate) fn canonical(text: &str) -> String {
    render(text, |word| {
        let mut quoted = String::from("=?utf-8?Q?");
        for byte in word.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => quoted.push(char::from(byte)),
                _ => _ = write!(quoted, "={byte:02X}"),
            }
        }
        quoted + "?="
    })
}

fn render(text: &str, show: impl Fn(String) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run: Option<(&str, Vec<u8>)> = None;
    let mut blank = "";
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) if run.is_some() && plain.chars().all(char::is_whitespace) => blank = plain,
            Piece::Plain(plain) => {
                flush(&mut out, &mut run, &show);
                out.push_str(std::mem::take(&mut blank));
                out.push_str(plain);
            }
            Piece::Word { charset, bytes } => {
                blank = "";
                match &mut run {
                    Some((same, so_far)) if same.eq_ignore_ascii_case(charset) => so_far.extend(bytes),
                    _ => {
                        flush(&mut out, &mut run, &show);
                        run = Some((charset, bytes));
                    }
                }
            }
        }
    }
    flush(&mut out, &mut run, &show);
    out + blank
}

fn flush(out: &mut String, run: &mut Option<(&str, Vec<u8>)>, show: &impl Fn(String) -> String) {
    if let Some((charset, bytes)) = run.take() {
        let charset = charset.split('*').next();
        out.push_str(&show(charset::decode(&bytes, charset).text));
    }
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut done, mut from) = (0, 0);
    // Beyond the last end there is no word: looking for one again and again would take quadratic time.
    let last_end = text.rfind("?=").unwrap_or(0);
    while let Some(start) = text.get(from..last_end).and_then(|rest| rest.find("=?")).map(|at| from + at) {
        from = start + 2;
        if let Some((piece, rest)) = text.get(start..).and_then(word) {
            found.extend(text.get(done..start).filter(|plain| !plain.is_empty()).map(Piece::Plain));
            found.push(piece);
            from = text.len() - rest.len();
            done = from;
        }
    }
    found.extend(text.get(done..).filter(|plain| !plain.is_empty()).map(Piece::Plain));
    found
}

fn word(text: &str) -> Option<(Piece<'_>, &str)> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    if charset.is_empty() || charset.len() > MAX_CHARSET || charset.contains(char::is_whitespace) {
        return None;
    }
    let (quoted, rest) = match rest.split_at_checked(2)? {
        ("b?" | "B?", rest) => (false, rest),
        ("q?" | "Q?", rest) => (true, rest),
        _ => return None,
    };
    let (payload, rest) = rest.split_once("?=")?;
    let bytes = if quoted {
        transfer::quoted_printable(payload.replace('_', "=20").as_bytes())
    } else {
        transfer::base64(payload.as_bytes())
    };
    Some((Piece::Word { charset, bytes }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_as_mailers_write_them() {
        for (text, expected) in [
            ("=?utf-8?Q?Citt=C3?= =?utf-8?Q?=A0?= bella", "Città bella"),
            ("=?utf8?q?a=20b?==?UTF-8?b?w6g=?= x", "a bè x"),
            ("\"=?iso-8859-1?Q?caff=E8?=\"", "\"caffè\""),
            ("=?unknown-8bit?Q?perch=E9?=", "perché"),
            ("=?iso-8859-1?Q?S=C3=BCd?=", "Süd"),
            ("=?UTF-8*it?Q?ciao_a_tutti?=", "ciao a tutti"),
            ("1 =? 2 =?x", "1 =? 2 =?x"),
            ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
            ("a =?utf-8?Q?b?= c", "a b c"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }

    #[test]
    fn the_canonical_form_reads_the_same() {
        let text = "=?utf-8?Q?Citt=C3?=\t=?utf-8?Q?=A0=2C?= <a@b.it>";
        assert_eq!(canonical(text), "=?utf-8?Q?Citt=C3=A0=2C?= <a@b.it>");
        assert_eq!(decode(&canonical(text)), "Città, <a@b.it>");
    }
}
