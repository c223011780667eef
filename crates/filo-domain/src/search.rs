//! Full text: which words of a text are searched for, and what a person who types a search means.
//!
//! **Invariant:** texts and searches go through the same steps (accents folded, split, stop words out, stemmed), so
//! that both databases, which get finished words, find the same. Whatever is typed is a search: nothing in it is
//! syntax of a database, and nothing is an error.
//!
//! Start at [`words`] for what is kept and at [`Query::parse`] for what is asked.

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Stands between the parts of what is kept of a ticket, so that no phrase runs from one into the next. No word.
pub const BREAK: &str = "xqx";
/// The most words that are kept of one text.
const MOST_WORDS: usize = 10_000;
/// The longest word; what is longer is cut.
const LONGEST_WORD: usize = 40;
/// The most words of a search.
const MOST_ASKED: usize = 30;

/// What is in nearly every text, without accents; parts before an apostrophe are among them.
const STOP_WORDS: [&str; 112] = [
    "ad", "agli", "ai", "al", "all", "alla", "alle", "allo", "anche", "avere", "che", "chi", "ci", "coi",
    "col", "come", "con", "cui", "da", "dagli", "dai", "dal", "dall", "dalla", "dalle", "dallo", "degli",
    "dei", "del", "dell", "della", "delle", "dello", "di", "dov", "dove", "ed", "era", "essere", "fa", "fra",
    "gli", "ha", "hai", "hanno", "ho", "il", "in", "io", "la", "le", "lei", "li", "lo", "loro", "lui", "ma",
    "me", "mi", "mia", "mie", "miei", "mio", "ne", "negli", "nei", "nel", "nell", "nella", "nelle", "nello",
    "noi", "non", "nostra", "nostro", "od", "per", "perche", "piu", "poi", "quale", "quando", "quell",
    "quella", "quello", "quest", "questa", "queste", "questi", "questo", "qui", "se", "sei", "si", "sia",
    "siamo", "siete", "sono", "sta", "stato", "su", "sua", "sui", "sul", "sull", "sulla", "sulle", "suo",
    "te", "tra", "un", "una",
];

/// Lower case, without accents and other marks.
pub fn fold(text: &str) -> String {
    text.to_lowercase().nfkd().filter(|letter| !is_combining_mark(*letter)).collect()
}

/// The folded words of a text, all of them.
pub fn folded_words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let words = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.chars().take(LONGEST_WORD).collect()).collect()
}

/// Whether a folded word is not searched for: a stop word, a single letter, or the break between parts.
fn is_empty_word(word: &str) -> bool {
    let single = word.chars().nth(1).is_none() && !word.chars().any(char::is_numeric);
    single || word == BREAK || STOP_WORDS.contains(&word)
}

fn stem(word: &str) -> String {
    if word.len() < 4 || !word.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let stemmed = Stemmer::create(Algorithm::Italian).stem(word);
    if is_empty_word(&stemmed) { word.to_owned() } else { stemmed.into_owned() }
}

fn stems(folded: &[String]) -> Vec<String> {
    folded.iter().filter(|word| !is_empty_word(word)).map(|word| stem(word)).collect()
}

/// What is kept of a text: its words as they are searched for, with a blank between each.
pub fn words(text: &str) -> String {
    let mut folded = folded_words(text);
    folded.truncate(MOST_WORDS);
    stems(&folded).join(" ")
}

/// What is kept of an identity: its words, and a telephone number also without the country's prefix.
pub fn identity_words(value: &str) -> String {
    match value.strip_prefix("+39") {
        Some(national) => format!("39{national} {national}"),
        None => words(value),
    }
}

/// What is kept of a ticket's number: its digits.
pub fn number_word(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// Words that follow each other; of the last one only the beginning where it was typed with an asterisk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The words, one at least.
    pub words: Vec<String>,
    /// Whether the last word may go on.
    pub prefix: bool,
}

/// What a person searches for: of each clause one phrase must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The clauses, all of which must hold.
    pub clauses: Vec<Vec<Phrase>>,
}

impl Query {
    /// Reads a search as it is typed: words that must all be there, "phrases in quotes", beginnings with `*`, and
    /// numbers of tickets and telephones however they are written.
    pub fn parse(text: &str) -> Self {
        if let Some(clause) = all_digits(text) {
            return Self { clauses: vec![clause] };
        }
        let mut clauses = Vec::new();
        for (place, part) in text.split(['"', '“', '”', '«', '»']).enumerate() {
            if place % 2 == 1 {
                clauses.push(phrase(stems(&folded_words(part)), false));
            } else {
                clauses.extend(part.split_whitespace().map(chunk));
            }
        }
        clauses.retain(|clause| !clause.is_empty());
        clauses.truncate(MOST_ASKED);
        Self { clauses }
    }

    /// Whether nothing that could be searched for was typed.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }
}

fn phrase(mut words: Vec<String>, prefix: bool) -> Vec<Phrase> {
    words.truncate(MOST_ASKED);
    if words.is_empty() { vec![] } else { vec![Phrase { words, prefix }] }
}

/// One typed word; what punctuation joins (a mail address, an elision) stands together.
fn chunk(text: &str) -> Vec<Phrase> {
    let mut folded = folded_words(text);
    let mut clause = match folded.pop() {
        Some(last) if text.ends_with('*') && last.chars().nth(1).is_some() => {
            // A beginning that goes on past the stem finds the stem.
            let with = |word: String| stems(&folded).into_iter().chain([word]).collect::<Vec<_>>();
            let (begun, whole) = (with(last.clone()), with(stem(&last)));
            let mut both = phrase(begun.clone(), true);
            both.extend(phrase(whole, false).into_iter().filter(|whole| whole.words != begun));
            both
        }
        Some(last) => {
            folded.push(last);
            phrase(stems(&folded), false)
        }
        None => vec![],
    };
    clause.extend(ticket_number(text).map(|number| Phrase { words: vec![number], prefix: false }));
    clause
}

fn digit_groups(text: &str) -> Vec<&str> {
    text.split(|letter: char| !letter.is_ascii_digit()).filter(|group| !group.is_empty()).collect()
}

/// The digits of a ticket's number, with the zeros that nobody types: `26-12` is `260000012`.
fn ticket_number(text: &str) -> Option<String> {
    if text.chars().any(char::is_alphabetic) {
        return None;
    }
    match digit_groups(text).as_slice() {
        [year, count] if year.len() == 2 && count.len() <= 7 => Some(format!("{year}{count:0>7}")),
        _ => None,
    }
}

/// A search of digits alone is a number in one piece, however it is grouped, or its groups.
fn all_digits(text: &str) -> Option<Vec<Phrase>> {
    let joining =
        |letter: char| letter.is_ascii_digit() || letter.is_whitespace() || "+-/.#()".contains(letter);
    if !text.chars().all(joining) {
        return None;
    }
    let groups: Vec<String> = digit_groups(text)
        .into_iter()
        .take(MOST_ASKED)
        .map(|group| group.chars().take(LONGEST_WORD).collect())
        .collect();
    let whole: String = groups.concat().chars().take(LONGEST_WORD).collect();
    let mut clause = phrase(groups, false);
    let others = [Some(whole), ticket_number(text)].into_iter().flatten().filter(|word| !word.is_empty());
    for word in others {
        let other = Phrase { words: vec![word], prefix: false };
        if !clause.contains(&other) {
            clause.push(other);
        }
    }
    (!clause.is_empty()).then_some(clause)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(text: &str) -> String {
        let phrase =
            |phrase: &Phrase| format!("{}{}", phrase.words.join("+"), if phrase.prefix { "*" } else { "" });
        let clause = |clause: &Vec<Phrase>| clause.iter().map(phrase).collect::<Vec<_>>().join("|");
        Query::parse(text).clauses.iter().map(clause).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn accents_elisions_stop_words_and_endings_do_not_matter() {
        assert_eq!(words("Le segnalazioni dell'anagrafe: perché?"), words("LA SEGNALAZIONE all’Anagrafe"));
        assert_eq!(words("città, Città, citta'"), words("citta citta citta"));
        assert_eq!(words("c'è un po' di tutto"), words("po tutto"));
        assert_eq!(words("via Roma 3"), "via rom 3");
    }

    #[test]
    fn words_phrases_and_beginnings_are_told_apart() {
        assert_eq!(asked("lampioni spenti"), "lampion spent");
        assert_eq!(asked("\"carta di identità\" rinnovo"), "cart+ident rinnov");
        assert_eq!(asked("anagr*"), "anagr*");
        assert_eq!(asked("anagrafe*"), "anagrafe*|anagraf");
        assert_eq!(asked("anna.rossi@mail.example"), "anna+ross+mail+exampl");
        assert_eq!(asked("\"mai chiusa"), "mai+chius");
        assert!(Query::parse("di il * \" ' - : ( ) a*").is_empty());
    }

    #[test]
    fn a_number_is_found_however_it_is_typed() {
        for typed in ["26-12", "26-0000012", "260000012", "26/12", "26 12", "#26-12"] {
            let clause = Query::parse(typed).clauses.remove(0);
            assert!(clause.iter().any(|phrase| phrase.words == ["260000012"]), "{typed}: {clause:?}");
        }
        assert_eq!(asked("pratica 26-12"), "pratic 26+12|260000012");
        assert_eq!(asked("333 123 4567"), "333+123+4567|3331234567");
        assert_eq!(identity_words("+393331234567"), "393331234567 3331234567");
        assert_eq!(number_word("26-0000012"), "260000012");
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_search_of_plain_words(text in "\\PC{0,60}") {
            for phrase in Query::parse(&text).clauses.iter().flatten() {
                prop_assert!(!phrase.words.is_empty());
                for word in &phrase.words {
                    prop_assert!(!word.is_empty() && word.chars().all(char::is_alphanumeric), "{word:?}");
                    prop_assert!(word.chars().count() <= LONGEST_WORD);
                }
            }
        }

        #[test]
        fn a_text_is_found_by_each_of_its_own_words(text in "[a-zàèéìòùA-Z' ]{1,60}") {
            let kept: Vec<String> = words(&text).split(' ').map(str::to_owned).collect();
            for clause in Query::parse(&text.replace('\'', " ")).clauses {
                prop_assert!(clause.iter().any(|phrase| phrase.words.iter().all(|word| kept.contains(word))));
            }
        }
    }
}
