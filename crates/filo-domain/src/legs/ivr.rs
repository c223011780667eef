//! What callers choose at the machine that answers first.
//!
//! **Invariant:** a choice is the name of a place in a menu, never what somebody typed of themselves: a code or a number
//! of a person is no choice.

use super::Leg;
use crate::vocabulary::CallOutcome;

/// The queue of legs that are with the machine alone.
pub const IVR_QUEUE: &str = "@ivr";
/// Characters of a choice.
const LONGEST: usize = 32;
/// More digits in one part were typed of oneself: a client number, a fiscal code, a telephone.
const MOST_DIGITS: usize = 6;

/// A choice such as `2-1` or `tari`; `None` for what cannot be the name of a place in a menu.
pub fn normal_choice(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "*#._/-".contains(c);
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let digits = text.split(|c: char| !c.is_ascii_alphanumeric()).map(digits).max().unwrap_or(0);
    let fits = !text.is_empty() && text.len() <= LONGEST && digits <= MOST_DIGITS && text.chars().all(plain);
    fits.then(|| text.to_owned())
}

impl Leg {
    /// Whether the machine alone had it.
    pub fn is_self_served(&self) -> bool {
        self.outcome == CallOutcome::SelfServed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_place_in_a_menu_and_nothing_typed_of_oneself() {
        for choice in ["2-1", "1", "tari", "main/2#", "0.3_b"] {
            assert_eq!(normal_choice(&format!(" {choice} ")).as_deref(), Some(choice));
        }
        let long = "x".repeat(33);
        for other in ["", "3471234567", "1-1234567", "RSSMRA80A01F205X", "à", "2 1", long.as_str()] {
            assert_eq!(normal_choice(other), None, "{other}");
        }
    }
}
