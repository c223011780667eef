//! Who calls, as phone systems write it.

use crate::identity::normal_phone;

/// What exchanges write for a number that the caller withheld.
const WITHHELD: &[&str] = &[
    "anonymous",
    "unknown",
    "withheld",
    "restricted",
    "private",
    "unavailable",
    "none",
    "anonimo",
    "sconosciuto",
    "riservato",
    "privato",
];
const MAX_CHARS: usize = 254;

/// The caller in a field such as `3471234567`, `"Maria Rossi" <3471234567>` or `anonymous`: E.164 where it is a
/// number, other text as written, `None` when it is withheld or empty.
pub fn normal_caller(field: &str) -> Option<String> {
    let clean: String = field.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
    let number = bracketed(&clean).unwrap_or(&clean).trim().trim_matches('"').trim();
    let word = number.split('@').next().unwrap_or_default().to_lowercase();
    if word.is_empty() || WITHHELD.contains(&word.as_str()) {
        return None;
    }
    Some(normal_phone(number).unwrap_or_else(|| number.to_owned()))
}

/// What stands between the last `<` and `>` of `"name" <number>`.
fn bracketed(text: &str) -> Option<&str> {
    let (_, tail) = text.rsplit_once('<')?;
    Some(tail.split_once('>').map_or(tail, |(number, _)| number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_normalised_inside_brackets_too() {
        for field in ["3471234567", "\"Maria Rossi\" <3471234567>", "<347/1234567>", "+39 347 1234567"] {
            assert_eq!(normal_caller(field).as_deref(), Some("+393471234567"), "{field}");
        }
        assert_eq!(normal_caller("7000").as_deref(), Some("7000"));
    }

    #[test]
    fn a_withheld_number_is_nobody() {
        let fields =
            ["", "  ", "<>", "\"Maria\" <>", "anonymous", "Anonymous <anonymous>", "UNKNOWN", "private"];
        for field in fields.into_iter().chain([
            "withheld",
            "Restricted",
            "Riservato",
            "anonymous@anonymous.invalid",
            "\u{0}",
        ]) {
            assert_eq!(normal_caller(field), None, "{field}");
        }
    }

    #[test]
    fn other_text_is_kept_as_written() {
        assert_eq!(normal_caller("alice").as_deref(), Some("alice"));
        assert_eq!(normal_caller("\"x\" <sip-user>").as_deref(), Some("sip-user"));
    }
}
