//! Bytes to text when the declared character set may be absent, unknown or wrong.
//!
//! **Invariant:** the result is valid UTF-8 without NUL; whenever the declaration was not simply followed, the
//! caller is told that it was guessed.

use encoding_rs::{Encoding, GB18030, ISO_2022_JP, UTF_8, WINDOWS_1252};

/// A text and whether its character set had to be guessed.
pub(crate) struct Text {
    /// The text, without NUL.
    pub(crate) text: String,
    /// Whether the declaration was missing, unknown or contradicted by the bytes.
    pub(crate) guessed: bool,
}

/// Decodes by the declared label, or by what the bytes show when there is none or it does not fit.
pub(crate) fn decode(bytes: &[u8], label: Option<&str>) -> Text {
    let label = label.map(normal_label).filter(|label| !label.is_empty());
    let (text, guessed) = match label.as_deref() {
        None | Some("us-ascii" | "ascii" | "ansi_x3.4-1968" | "utf-8" | "utf8" | "unicode-1-1-utf-8") => {
            plain(bytes)
        }
        Some("utf-7" | "unicode-1-1-utf-7") => {
            (foreign(bytes, "utf-7").unwrap_or_else(|| guess(bytes)), false)
        }
        Some(label) => declared(bytes, label),
    };
    Text { text: text.replace('\0', ""), guessed }
}

fn normal_label(label: &str) -> String {
    label.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';')).to_ascii_lowercase()
}

/// Nothing declared, or UTF-8 or ASCII, which senders write without looking.
fn plain(bytes: &[u8]) -> (String, bool) {
    if let Ok(text) = str::from_utf8(bytes) {
        let escapes = bytes.windows(3).any(|three| matches!(three, b"\x1b$B" | b"\x1b$@" | b"\x1b(J"));
        if !escapes {
            return (text.trim_start_matches('\u{feff}').to_owned(), false);
        }
    }
    (guess(bytes), true)
}

fn declared(bytes: &[u8], label: &str) -> (String, bool) {
    let Some(encoding) = encoding(label) else {
        return foreign(bytes, label).map_or_else(|| (guess(bytes), !bytes.is_ascii()), |text| (text, false));
    };
    let latin = encoding == WINDOWS_1252;
    // Valid multi-byte UTF-8 under a Latin label is UTF-8: as Latin it would be a row of accents and signs.
    if latin && !bytes.is_ascii() && str::from_utf8(bytes).is_ok() {
        return (guess(bytes), true);
    }
    let (text, _, wrong) = encoding.decode(bytes);
    if wrong && str::from_utf8(bytes).is_ok() { (guess(bytes), true) } else { (text.into_owned(), wrong) }
}

fn encoding(label: &str) -> Option<&'static Encoding> {
    match label {
        // What calls itself gb2312 uses characters that only its successor has.
        "gb2312" | "gb_2312-80" | "gbk" | "x-gbk" => Some(GB18030),
        _ => Encoding::for_label_no_replacement(label.as_bytes()),
    }
}

/// Sets outside the WHATWG list (IBM code pages, UTF-7), by the mail library's tables.
fn foreign(bytes: &[u8], label: &str) -> Option<String> {
    mail_parser::decoders::charsets::map::charset_decoder(label.as_bytes()).map(|decoder| decoder(bytes))
}

fn guess(bytes: &[u8]) -> String {
    let escapes = bytes.windows(3).any(|three| matches!(three, b"\x1b$B" | b"\x1b$@" | b"\x1b(J"));
    let encoding = match str::from_utf8(bytes) {
        _ if escapes => ISO_2022_JP,
        Ok(_) => UTF_8,
        Err(_) => WINDOWS_1252,
    };
    encoding.decode(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], label: Option<&str>, expected: &str, guessed: bool) {
        let found = decode(bytes, label);
        assert_eq!((found.text.as_str(), found.guessed), (expected, guessed), "{label:?}");
    }

    #[test]
    fn a_true_declaration_is_followed() {
        check(b"perch\xe9", Some("iso-8859-1"), "perché", false);
        check("perché".as_bytes(), Some("\"UTF8\""), "perché", false);
        check(b"\xa42,50", Some("iso-8859-15"), "€2,50", false);
        check(b"\x1b$B$9$_$^$;$s\x1b(B", Some("iso-2022-jp"), "すみません", false);
        check(b"\xb0\xa1", Some("ks_c_5601-1987"), "가", false);
        check(b"Hi +AOg-", Some("unicode-1-1-utf-7"), "Hi è", false);
        check(b"\x8a", Some("cp850"), "è", false);
    }

    #[test]
    fn gb2312_is_read_as_its_successor() {
        check(b"\x81\x30\x81\x30", Some("gb2312"), "\u{80}", false);
    }

    #[test]
    fn a_wrong_or_missing_declaration_is_guessed_and_said_so() {
        check(b"perch\xe9", Some("utf-8"), "perché", true);
        check(b"perch\xe9", None, "perché", true);
        check("perché".as_bytes(), Some("iso-8859-1"), "perché", true);
        check(b"perch\xe9", Some("unknown-8bit"), "perché", true);
        check("perché".as_bytes(), Some("8bit"), "perché", true);
        check(b"abc", Some("x-no-such-thing"), "abc", false);
    }

    #[test]
    fn nul_never_comes_out() {
        check(b"a\0b", None, "ab", false);
        check(b"a\0b\0", Some("utf-16le"), "ab", false);
    }
}
