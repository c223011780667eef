//! What the machine that answers first lets callers choose, and where its choices are found in a phone system's logs.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The `ivr` table of a phone source.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ivr {
    /// The event by which the dialplan logs a choice in the queue log.
    pub event: Option<String>,
    /// Which of that event's parameters is the choice, from 1.
    pub parameter: Option<usize>,
    /// Which of them is the caller's number, where it is among them.
    pub caller_parameter: Option<usize>,
    /// The column of call detail records that has the choice, such as `userfield`.
    pub cdr_column: Option<String>,
    /// What each choice is about.
    #[serde(default)]
    pub choices: BTreeMap<String, IvrChoice>,
}

/// A place in the menu.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IvrChoice {
    /// What the caller hears there.
    pub label: String,
    /// The theme that it suggests.
    pub theme: Option<String>,
}

impl Ivr {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.event.is_none() && self.cdr_column.is_none() && self.choices.is_empty()
    }
    /// What a choice is about; of a place in the menu that is not listed, what the nearest listed one above it is.
    pub fn choice(&self, choice: &str) -> Option<&IvrChoice> {
        fn above<'p>(path: &&'p str) -> Option<&'p str> {
            path.rfind(['-', '.', '/']).and_then(|end| path.get(..end))
        }
        std::iter::successors(Some(choice), above).find_map(|path| self.choices.get(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_that_is_not_listed_is_about_what_the_one_above_it_is() {
        let listed = IvrChoice { label: "Tributi".to_owned(), theme: Some("tributi".to_owned()) };
        let ivr = Ivr { choices: [("2".to_owned(), listed.clone())].into(), ..Ivr::default() };
        assert_eq!(ivr.choice("2-1-4"), Some(&listed));
        assert_eq!((ivr.choice("2"), ivr.choice("21"), ivr.choice("")), (Some(&listed), None, None));
    }
}
