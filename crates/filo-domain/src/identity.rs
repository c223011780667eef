//! By what a person is recognised: numbers, addresses, fiscal codes and platform ids in one normal form.
//!
//! **Invariant:** an [`Identity`] is normalised when it is made, so that two spellings of one number or address
//! are one value and the database can keep it unique.

use serde::{Deserialize, Serialize};

use crate::{
    search::folded_words,
    vocabulary::{IdentityType, Word},
};

/// One normalised identifier of a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    #[serde(rename = "type")]
    identity_type: IdentityType,
    value: String,
}

/// Why a text is no identity of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} ({})", .identity_type.word())]
pub struct IdentityError {
    identity_type: IdentityType,
    problem: &'static str,
}

const MAX_LENGTH: usize = 254;

impl Identity {
    /// Normalises an identifier: E.164 for numbers, lower case for addresses, the digit form of a fiscal code.
    ///
    /// # Errors
    /// When the text cannot be an identifier of that type.
    pub fn parse(identity_type: IdentityType, text: &str) -> Result<Self, IdentityError> {
        let refuse = |problem| IdentityError { identity_type, problem };
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_LENGTH || text.contains(char::is_control) {
            return Err(refuse("must have 1 to 254 printable characters"));
        }
        let value = match identity_type {
            IdentityType::Phone => normal_phone(text)
                .ok_or_else(|| refuse("is no telephone number: give digits, with or without +39"))?,
            IdentityType::Email => normal_email(text).ok_or_else(|| refuse("is no mail address"))?,
            IdentityType::FiscalCode => fiscal_code::canonical(text)
                .ok_or_else(|| refuse("is no codice fiscale: check its last character"))?,
            IdentityType::Facebook | IdentityType::Instagram | IdentityType::Whatsapp => text.to_owned(),
        };
        Ok(Self { identity_type, value })
    }
    /// An identity read back from the store, where it was normalised before.
    pub fn stored(identity_type: IdentityType, value: String) -> Self {
        Self { identity_type, value }
    }
    /// The type.
    pub fn identity_type(&self) -> IdentityType {
        self.identity_type
    }
    /// The normal form.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// The E.164 form of a number as people or exchanges write it, read as Italian when it has no prefix; a short
/// internal or service number is kept as its digits. `None` for what is no number at all (`anonymous`, a name).
pub fn normal_phone(text: &str) -> Option<String> {
    let bare: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}')).collect();
    let international = match bare.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => bare,
    };
    common_italian(&international).or_else(|| by_numbering_plan(international))
}

/// Nearly every number that a city hears. The numbering plan says the same, more slowly.
fn common_italian(international: &str) -> Option<String> {
    let national = international.strip_prefix("+39").unwrap_or(international);
    let common =
        national.bytes().all(|b| b.is_ascii_digit()) && (is_mobile(national) || is_landline(national));
    common.then(|| format!("+39{national}"))
}

/// Ten digits from 32 to 38 (39 may be the prefix of the country).
fn is_mobile(digits: &str) -> bool {
    digits.len() == 10 && matches!(digits.as_bytes(), [b'3', b'2'..=b'8', ..])
}

/// Milan, Rome, and the areas that end with 0, 1, 5 or 9 (Monza is 039), in lengths that are no short number.
fn is_landline(digits: &str) -> bool {
    let area = match digits.as_bytes() {
        [b'0', b'2', ..] => true,
        [b'0', b'6', third, ..] => *third != b'6',
        [b'0', b'1' | b'3'..=b'5' | b'7'..=b'9', b'0' | b'1' | b'5' | b'9', ..] => true,
        _ => false,
    };
    area && (8..=11).contains(&digits.len())
}

fn by_numbering_plan(international: String) -> Option<String> {
    let digits = international.strip_prefix('+').unwrap_or(&international);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) || digits.len() > 20 {
        return None;
    }
    let candidates = [international.clone(), format!("+{digits}")];
    let valid = candidates.iter().find_map(|candidate| {
        let number = phonenumber::parse(Some(phonenumber::country::IT), candidate).ok()?;
        phonenumber::is_valid(&number)
            .then(|| number.format().mode(phonenumber::Mode::E164).to_string())
            .filter(|_| !is_short(digits))
    });
    Some(valid.unwrap_or(international))
}

/// Extensions (7000) and service numbers (020202, 112) stay as dialled.
fn is_short(digits: &str) -> bool {
    digits.len() <= 6
}

/// The compared form of a mail address: trimmed, in lower case, one `@` between two parts.
pub fn normal_email(text: &str) -> Option<String> {
    let address = text.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase();
    let (local, domain) = address.rsplit_once('@')?;
    let fine = !local.is_empty()
        && !domain.is_empty()
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !address.contains(char::is_whitespace)
        && address.len() <= MAX_LENGTH;
    fine.then_some(address)
}

/// By what two full names are compared: in lower case, accents folded, words in alphabetical order, so that
/// `Maria Rossi`, `ROSSI MARIA` and `rossi  maria` are one. `None` for a name without a letter.
pub fn name_key(name: &str) -> Option<String> {
    let mut words = folded_words(name);
    words.sort_unstable();
    Some(words.join(" ")).filter(|key| !key.is_empty())
}

/// The codice fiscale: its check character and omocodia (Ministry of Finance decree of 23 December 1976).
pub mod fiscal_code {
    const DIGIT_POSITIONS: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];
    const OMOCODIA: &[u8; 10] = b"LMNPQRSTUV";
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

    /// The form by which two codes are compared: upper case, omocodia undone (and the check character made
    /// anew), or the eleven digits of a provisional code. `None` when the check character or digit is wrong.
    pub fn canonical(text: &str) -> Option<String> {
        let code: Vec<u8> =
            text.bytes().filter(|b| !b.is_ascii_whitespace()).map(|b| b.to_ascii_uppercase()).collect();
        match code.len() {
            11 => provisional(&code),
            16 => personal(code),
            _ => None,
        }
    }

    /// Whether a word in a text is a personal code (used to warn before a reply shows one).
    pub fn is_personal(word: &str) -> bool {
        word.len() == 16 && canonical(word).is_some()
    }

    /// The personal codes that a text shows, in upper case: as one word, or in groups with blanks, points or hyphens
    /// between them.
    pub fn personal_in(text: &str) -> Vec<String> {
        const MOST_GROUPS: usize = 6;
        let words: Vec<&str> =
            text.split(|c: char| c.is_whitespace() || matches!(c, '.' | '-' | '\u{2011}')).collect();
        let mut found = Vec::new();
        for start in 0..words.len() {
            let mut joined = String::new();
            for word in words.iter().skip(start).take(MOST_GROUPS) {
                // A bracket or a comma may stand beside a code, and ends it.
                joined.push_str(word.trim_start_matches(is_mark));
                let ends = joined.ends_with(is_mark);
                let code = joined.trim_end_matches(is_mark);
                if is_personal(code) {
                    found.push(code.to_ascii_uppercase());
                }
                if ends || joined.len() >= CODE_LENGTH {
                    break;
                }
            }
            // A label may be glued to its code (`CF:RSSMRA…`).
            let glued = words.get(start).into_iter().flat_map(|word| word.split(is_mark));
            found.extend(glued.filter(|part| is_personal(part)).map(str::to_ascii_uppercase));
        }
        found.sort();
        found.dedup();
        found
    }

    /// A code that may be shown: its first letter and its last, the rest hidden.
    pub fn masked(code: &str) -> String {
        let (first, last) = (code.chars().next(), code.chars().next_back());
        first.into_iter().chain(std::iter::once('…')).chain(last).collect()
    }

    const CODE_LENGTH: usize = 16;

    fn is_mark(c: char) -> bool {
        !c.is_ascii_alphanumeric()
    }

    fn personal(mut code: Vec<u8>) -> Option<String> {
        let (body, check) = code.split_at(15);
        if check.first() != Some(&check_character(body)?) {
            return None;
        }
        for position in DIGIT_POSITIONS {
            let slot = code.get_mut(position)?;
            if let Some(digit) = OMOCODIA.iter().position(|letter| letter == slot) {
                *slot = b'0' + u8::try_from(digit).ok()?;
            }
        }
        let well_formed = code.iter().take(15).enumerate().all(|(position, byte)| {
            let digit = DIGIT_POSITIONS.contains(&position);
            if digit { byte.is_ascii_digit() } else { byte.is_ascii_uppercase() }
        });
        let check = check_character(code.get(..15)?)?;
        *code.get_mut(15)? = check;
        well_formed.then(|| String::from_utf8(code).ok()).flatten()
    }

    fn check_character(body: &[u8]) -> Option<u8> {
        let mut sum = 0;
        for (index, byte) in body.iter().enumerate() {
            let rank = match byte {
                b'0'..=b'9' => u32::from(byte - b'0'),
                b'A'..=b'Z' => u32::from(byte - b'A'),
                _ => return None,
            };
            // The document counts places from 1: our even indices are its odd places.
            sum += if index % 2 == 0 { *ODD.get(usize::try_from(rank).ok()?)? } else { rank };
        }
        u8::try_from(sum % 26).ok().map(|rest| b'A' + rest)
    }

    fn provisional(code: &[u8]) -> Option<String> {
        let mut sum = 0;
        for (index, byte) in code.iter().enumerate() {
            let digit = u32::from(byte.is_ascii_digit().then(|| byte - b'0')?);
            sum += if index % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit };
        }
        (sum % 10 == 0).then(|| String::from_utf8(code.to_vec()).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_short_way_says_what_the_numbering_plan_says(
            number in "3[2-8][0-9]{8}|0(2[0-9]|6[0-57-9]|[13-57-9][0159])[0-9]{5,8}",
        ) {
            for written in [number.clone(), format!("+39{number}")] {
                prop_assert_eq!(common_italian(&written), by_numbering_plan(written));
            }
        }

        #[test]
        fn the_short_way_takes_no_other_number(number in "(\\+39|\\+)?0?[0-9]{5,12}") {
            if let Some(common) = common_italian(&number) {
                prop_assert_eq!(Some(common), by_numbering_plan(number));
            }
        }
    }

    #[test]
    fn one_number_in_many_spellings_is_one_identity() {
        for text in ["+39 02 8846 7000", "0039 0288467000", "02/88467000", "(02) 884.67000", "390288467000"] {
            assert_eq!(normal_phone(text).as_deref(), Some("+390288467000"), "{text}");
        }
        for text in ["347 1234567", "+393471234567", "00393471234567", "393471234567"] {
            assert_eq!(normal_phone(text).as_deref(), Some("+393471234567"), "{text}");
        }
    }

    #[test]
    fn short_numbers_are_kept_and_words_are_none() {
        assert_eq!(normal_phone("020202").as_deref(), Some("020202"));
        assert_eq!(normal_phone("7000").as_deref(), Some("7000"));
        for text in ["anonymous", "", "Alice", "+", "unknown"] {
            assert_eq!(normal_phone(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_are_compared_in_lower_case() {
        assert_eq!(normal_email(" <Maria.Rossi@Example.IT> ").as_deref(), Some("maria.rossi@example.it"));
        for text in ["maria", "@x.it", "a@", "a b@c.it"] {
            assert_eq!(normal_email(text), None, "{text}");
        }
    }

    #[test]
    fn one_name_in_many_writings_is_one_key() {
        for name in
            ["Niccolò D'Alì", "D'ALÌ NICCOLÒ", " niccolo'  d'ali", "Niccolo\u{300} D\u{2019}Ali\u{300}"]
        {
            assert_eq!(name_key(name).as_deref(), Some("ali d niccolo"), "{name}");
        }
        assert_eq!(name_key("Maria Rossi"), name_key("ROSSI, maria"));
        assert_eq!(name_key(" - "), None);
    }

    #[test]
    fn omocodia_is_the_same_person_and_a_wrong_check_character_is_refused() {
        assert_eq!(fiscal_code::canonical("rssmra85t10a562s").as_deref(), Some("RSSMRA85T10A562S"));
        assert_eq!(fiscal_code::canonical("RSSMRA85T10A56NH").as_deref(), Some("RSSMRA85T10A562S"));
        assert_eq!(fiscal_code::canonical("RSSMRA85T10A562X"), None);
        assert_eq!(fiscal_code::canonical("01199250158").as_deref(), Some("01199250158"));
        assert_eq!(fiscal_code::canonical("01199250159"), None);
    }

    #[test]
    fn a_code_in_a_text_is_found_however_it_is_written() {
        let shown = [
            "Il suo codice RSSMRA85T10A562S risulta attivo",
            "(rssmra85t10a562s), grazie",
            "CF:RSSMRA85T10A562S",
            "cf=RSSMRA85T10A562S.",
            "RSS MRA 85T10 A562S",
            "RSS-MRA-85T10-A562S;",
            "RSSMRA 85T10\nA562S",
        ];
        for text in shown {
            assert_eq!(fiscal_code::personal_in(text), ["RSSMRA85T10A562S"], "{text}");
        }
        assert_eq!(fiscal_code::personal_in("RSSMRA85T10A56NH").len(), 1, "omocodia counts");
        let clean = ["", "RSSMRA85T10A562X", "partita IVA 01199250158", "RSSMRA85T10A562S1", "abc def ghi"];
        for text in clean {
            assert!(fiscal_code::personal_in(text).is_empty(), "{text}");
        }
        assert_eq!(fiscal_code::masked("RSSMRA85T10A562S"), "R…S");
    }
}
