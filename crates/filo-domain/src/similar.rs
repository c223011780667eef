//! Whether two texts say nearly the same: a SimHash of 64 bits over normalised Italian words.
//!
//! Texts that share most of their words differ in few bits. **Invariant:** a signature is a function of the set of
//! words alone, the same on every machine; a text of fewer than [`FEWEST_WORDS`] words that mean something has none,
//! because two short subjects are alike by chance.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::search::folded_words;

/// Fewer words than these say too little to compare.
pub const FEWEST_WORDS: usize = 4;
/// Bits by which the signatures of texts that are nearly the same may differ; two texts that have nothing in common
/// differ in 32 bits, give or take 4.
pub const FEW_BITS: u32 = 12;
/// Bands of a signature: what differs in few bits is the same in one band at least, nearly always.
pub const BANDS: usize = 8;

/// The SimHash of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(u64);

impl Signature {
    /// The signature of a text; `None` when it says too little.
    pub fn of(text: &str) -> Option<Self> {
        let words = words(text);
        if words.len() < FEWEST_WORDS {
            return None;
        }
        let mut votes = [0_i32; 64];
        for word in &words {
            let bits = bits_of(word);
            for (place, vote) in votes.iter_mut().enumerate() {
                *vote += if bits >> place & 1 == 1 { 1 } else { -1 };
            }
        }
        let set = votes.iter().enumerate().filter(|(_, vote)| **vote > 0);
        Some(Self(set.fold(0, |bits, (place, _)| bits | 1 << place)))
    }
    /// A signature read back from the store.
    pub fn stored(bits: i64) -> Self {
        Self(u64::from_le_bytes(bits.to_le_bytes()))
    }
    /// The bits, for the store.
    pub fn bits(self) -> i64 {
        i64::from_le_bytes(self.0.to_le_bytes())
    }
    /// In how many bits two signatures differ.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
    /// Its bands, each told apart by its place: what an index is asked for.
    pub fn bands(self) -> [i32; BANDS] {
        let mut place = 0;
        self.0.to_le_bytes().map(|byte| {
            let band = place * 256 + i32::from(byte);
            place += 1;
            band
        })
    }
}

fn bits_of(word: &str) -> u64 {
    let digest = Sha256::digest(word.as_bytes());
    digest.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// Words that are in every text.
const COMMON: [&str; 62] = [
    "a", "ad", "ai", "al", "alla", "alle", "allo", "anche", "c", "che", "chi", "ci", "come", "con", "cui",
    "d", "da", "dal", "dalla", "dei", "del", "della", "delle", "dello", "di", "e", "ed", "essere", "ha",
    "ho", "i", "il", "in", "io", "l", "la", "le", "lo", "ma", "mi", "mia", "mio", "nei", "nel", "nella",
    "non", "o", "per", "piu", "quando", "questa", "questo", "se", "si", "sono", "su", "sul", "sulla", "un",
    "una", "uno", "vi",
];

/// The words of a text that mean something: small letters, accents folded, the ending that says number and gender
/// cut off (*buca* and *buche*, *lampione* and *lampioni* are one).
fn words(text: &str) -> BTreeSet<String> {
    let words = folded_words(text).into_iter();
    words.filter(|word| COMMON.binary_search(&word.as_str()).is_err()).map(|word| stem(&word)).collect()
}

fn stem(word: &str) -> String {
    if word.chars().count() <= 3 {
        return word.to_owned();
    }
    let cut = word.trim_end_matches(['a', 'e', 'i', 'o']);
    let cut = cut.strip_suffix('h').unwrap_or(cut);
    if cut.is_empty() { word.to_owned() } else { cut.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOLE: &str = "Buca pericolosa in via Padova all'altezza del numero 120: da una settimana le auto la evitano \
        spostandosi sulla corsia dei tram e stamattina è caduto un motociclista.";

    fn distance(a: &str, b: &str) -> u32 {
        Signature::of(a).unwrap().distance(Signature::of(b).unwrap())
    }

    #[test]
    fn the_same_words_in_another_order_number_case_and_accent_are_the_same_text() {
        assert_eq!(
            distance("Lampioni spenti da giovedì in città", "in CITTA': lampione spento da GIOVEDI"),
            0
        );
    }

    #[test]
    fn a_text_with_a_word_or_two_changed_is_similar_and_another_is_not() {
        let again = HOLE.replace("stamattina", "oggi").replace("una settimana", "dieci giorni");
        assert!(distance(HOLE, &again) <= FEW_BITS, "{}", distance(HOLE, &again));
        let other =
            "Vorrei sapere come si rinnova la carta d'identità di mio padre che è ricoverato in ospedale";
        assert!(distance(HOLE, other) > FEW_BITS, "{}", distance(HOLE, other));
    }

    #[test]
    fn a_few_words_say_too_little_to_compare() {
        assert_eq!(Signature::of("Carta d'identità"), None);
        assert_eq!(Signature::of(""), None);
    }

    #[test]
    fn the_common_words_are_in_order_so_that_they_are_found() {
        assert!(COMMON.is_sorted());
    }

    proptest! {
        #[test]
        fn any_text_has_a_signature_that_survives_the_store(text in ".{0,200}") {
            if let Some(signature) = Signature::of(&text) {
                prop_assert_eq!(Signature::stored(signature.bits()), signature);
                prop_assert!(signature.bands().is_sorted());
            }
        }

        #[test]
        fn what_differs_in_fewer_bits_than_there_are_bands_shares_a_band(bits: i64, places in prop::collection::vec(0_u32..64, 0..BANDS)) {
            let one = Signature::stored(bits);
            let other = Signature::stored(places.iter().take(BANDS - 1).fold(bits, |bits, place| bits ^ 1 << place));
            prop_assert!(one.bands().iter().any(|band| other.bands().contains(band)));
        }
    }
}
