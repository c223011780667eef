//! Transfer encodings, read forgivingly: what is damaged yields what can be read of it.

use mail_parser::decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode};

use crate::uu;

/// How the bytes of a part were made fit for transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As they are (7bit, 8bit, binary, and every unknown word).
    Identity,
    /// Base64.
    Base64,
    /// Quoted-printable.
    QuotedPrintable,
    /// Uuencode.
    Uu,
}

impl Encoding {
    /// Reads the header's value; `base64;` and the like are understood.
    pub(crate) fn of(value: &str) -> Self {
        let word = value.trim().trim_start_matches(['"', '\'']);
        let end =
            word.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(word.len());
        match word.get(..end).unwrap_or_default().to_ascii_lowercase().as_str() {
            "base64" | "base-64" | "b64" => Self::Base64,
            "quoted-printable" | "quoted_printable" | "quotedprintable" | "qp" => Self::QuotedPrintable,
            "x-uuencode" | "x-uue" | "uuencode" | "uue" => Self::Uu,
            _ => Self::Identity,
        }
    }
    /// Whether line ends of the decoded bytes are content, not transport.
    pub(crate) fn is_binary(self) -> bool {
        matches!(self, Self::Base64 | Self::Uu)
    }
    /// Undoes the encoding.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Identity => bytes.to_vec(),
            Self::Base64 => base64(bytes),
            Self::QuotedPrintable => quoted_printable(bytes),
            Self::Uu => uu::first_file(bytes).unwrap_or_else(|| bytes.to_vec()),
        }
    }
}

/// Base64; foreign characters are skipped and a last incomplete group is dropped.
pub(crate) fn base64(bytes: &[u8]) -> Vec<u8> {
    let letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let letters: Vec<u8> = bytes.iter().copied().filter(letter).collect();
    let mut decoded = Vec::with_capacity(letters.len() / 4 * 3);
    // Mailers join several padded pieces: each is decoded by itself.
    for piece in letters.split_inclusive(|b| *b == b'=') {
        let body: Vec<u8> = piece.iter().copied().filter(|b| *b != b'=').collect();
        let whole = if body.len() % 4 == 1 { body.len() - 1 } else { body.len() };
        let mut group = body.get(..whole).unwrap_or_default().to_vec();
        let wanted = group.len() / 4 * 3 + [0, 0, 1, 2].get(group.len() % 4).copied().unwrap_or(0);
        group.resize(group.len().next_multiple_of(4), b'=');
        let mut part = base64_decode(&group).unwrap_or_default();
        part.truncate(wanted);
        decoded.extend(part);
    }
    decoded
}

/// Quoted-printable; an equals sign that starts no escape stands for itself.
pub(crate) fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut repaired = Vec::with_capacity(bytes.len() + 16);
    for (at, byte) in bytes.iter().enumerate() {
        repaired.push(*byte);
        if *byte == b'=' && !escape_follows(bytes.get(at + 1..).unwrap_or_default()) {
            repaired.extend_from_slice(b"3D");
        }
    }
    quoted_printable_decode(&repaired).unwrap_or_else(|| bytes.to_vec())
}

fn escape_follows(rest: &[u8]) -> bool {
    match rest {
        [] => true,
        [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => true,
        _ => {
            let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
            rest.get(blanks).is_none_or(|b| *b == b'\n')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_recognised_in_their_wrong_spellings() {
        assert_eq!(Encoding::of("BASE64;"), Encoding::Base64);
        assert_eq!(Encoding::of(" Quoted-Printable (x)"), Encoding::QuotedPrintable);
        assert_eq!(Encoding::of("x-uuencode"), Encoding::Uu);
        for word in ["7-bit", "8bits", "plain", "", "foo"] {
            assert_eq!(Encoding::of(word), Encoding::Identity, "{word}");
        }
    }

    #[test]
    fn damaged_base64_gives_what_can_be_read() {
        assert_eq!(base64(b"SGVs\r\nbG8="), b"Hello");
        assert_eq!(base64(b"SGVs!bG8"), b"Hello");
        assert_eq!(base64(b"SGk=SGk="), b"HiHi");
        assert_eq!(base64(b"SGVsb"), b"Hel");
        assert_eq!(base64(b""), b"");
    }

    #[test]
    fn a_lone_equals_sign_stands_for_itself() {
        assert_eq!(quoted_printable(b"a=3Db =E8 c=\r\nd"), b"a=b \xe8 cd");
        assert_eq!(quoted_printable(b"?x=yes&z=="), b"?x=yes&z=");
        assert_eq!(quoted_printable("a=\u{e8}".as_bytes()), "a=\u{e8}".as_bytes());
        assert_eq!(quoted_printable(b"x= \n\n=20\n"), b"x\n \n");
    }
}
