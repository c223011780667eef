//! The citizens: each has a name, a mobile number, a mail address and accounts, and uses what the channel needs, so
//! that the same person is met on several channels.

use super::chance::{Chance, whole};
use crate::demo::samples::Names;

/// A citizen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) surname: String,
}

impl Person {
    /// The citizen of a number: always the same one.
    pub(crate) fn of(index: usize, names: &Names) -> Self {
        let mut chance = Chance::of(u64::try_from(index).unwrap_or(0)).split(17);
        let pick = |chance: &mut Chance, list: &[String]| chance.one_of(list).cloned().unwrap_or_default();
        Self { index, name: pick(&mut chance, &names.first), surname: pick(&mut chance, &names.last) }
    }
    /// Somebody who writes on every channel, with a surname that nobody else has.
    pub(crate) fn recurring(nth: usize, names: &Names) -> Option<Self> {
        let surname = names.recurring.get(nth)?.clone();
        Some(Self { surname, ..Self::of(RECURRING + nth, names) })
    }
    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.name, self.surname)
    }
    /// Ten digits, as a phone system logs them.
    pub(crate) fn mobile(&self) -> String {
        format!("3500{:06}", 100_000 + self.index)
    }
    pub(crate) fn email(&self) -> String {
        self.address("posta.example")
    }
    /// Another address of the same person, by which nobody recognises them.
    pub(crate) fn work_email(&self) -> String {
        self.address("lavoro.example")
    }
    pub(crate) fn certified_email(&self) -> String {
        self.address("pec.example")
    }
    fn address(&self, domain: &str) -> String {
        let plain = |text: &str| -> String {
            let lower = text.to_lowercase().replace('ò', "o");
            lower.chars().filter(char::is_ascii_alphanumeric).collect()
        };
        format!("{}.{}{}@{domain}", plain(&self.name), plain(&self.surname), self.index)
    }
    /// The id of an account on a platform.
    pub(crate) fn account(&self) -> String {
        format!("77000{:07}", self.index)
    }
}

/// Where the numbers of recurring citizens start.
const RECURRING: usize = 800_000;

/// Draws citizens such that some call again and again and most do not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    /// How many there are.
    pub(crate) size: usize,
}

impl Crowd {
    /// The number of a citizen; low numbers come more often.
    pub(crate) fn draw(self, chance: &mut Chance) -> usize {
        let size = f64::from(u32::try_from(self.size).unwrap_or(u32::MAX));
        usize::try_from(whole(size * chance.share().powf(SKEW))).unwrap_or(0)
    }
}

/// Chosen so that about a quarter of the callers call more than twice a year, as the city measured in 2021.
const SKEW: f64 = 1.35;

#[cfg(test)]
mod tests {
    use filo_domain::{identity::Identity, vocabulary::IdentityType};

    use super::*;
    use crate::demo::samples::Samples;

    #[test]
    fn a_citizen_is_always_the_same_and_can_be_recognised() {
        let names = Samples::carried().unwrap().names;
        for index in [0, 1, 77, 9_999, RECURRING + 3] {
            let person = Person::of(index, &names);
            assert_eq!(person, Person::of(index, &names));
            Identity::parse(IdentityType::Phone, &person.mobile()).unwrap();
            Identity::parse(IdentityType::Email, &person.email()).unwrap();
        }
        assert_ne!(Person::of(1, &names).mobile(), Person::of(2, &names).mobile());
    }
}
