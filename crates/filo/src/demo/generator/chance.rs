//! Chance with a seed: the same seed gives the same life. SplitMix64, which is enough for drawing waits and names and
//! keeps the demo's bytes the same whatever a library's next version does.
//!
//! Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014.

/// A stream of chance.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }
    /// A stream of its own for one part of the life, so that drawing more in one part changes no other.
    pub(crate) fn split(&self, part: u64) -> Self {
        let mut own = Self(self.0 ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        own.next();
        own
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// At least 0 and below 1.
    pub(crate) fn share(&mut self) -> f64 {
        // 53 bits are what a double holds.
        let bits = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
    /// Whether something of this probability happens.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }
    /// A whole number, both ends included.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = u64::try_from(most.saturating_sub(least)).unwrap_or(0).saturating_add(1);
        least.saturating_add(i64::try_from(self.next() % width).unwrap_or(0))
    }
    /// An index below `length` (0 for 0).
    pub(crate) fn below(&mut self, length: usize) -> usize {
        let most = i64::try_from(length).unwrap_or(1).saturating_sub(1).max(0);
        usize::try_from(self.between(0, most)).unwrap_or(0)
    }
    /// Seconds with this mean, exponentially distributed: how long until something without a memory happens.
    pub(crate) fn after(&mut self, mean_s: f64) -> i64 {
        whole(-mean_s * (1.0 - self.share()).ln())
    }
    /// One of a list.
    pub(crate) fn one_of<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let index = self.below(list.len());
        list.get(index)
    }
    /// One of a list in which each has a weight.
    pub(crate) fn weighted<'a, T>(&mut self, list: &'a [(T, f64)]) -> Option<&'a T> {
        let mut left = self.share() * list.iter().map(|(_, weight)| weight).sum::<f64>();
        for (thing, weight) in list {
            left -= weight;
            if left < 0.0 {
                return Some(thing);
            }
        }
        list.last().map(|(thing, _)| thing)
    }
}

/// A number without its fraction; what does not fit becomes the nearest bound.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is what is wanted")]
pub(crate) fn whole(number: f64) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream() {
        let draw = |mut chance: Chance| (0..20).map(|_| chance.between(0, 999)).collect::<Vec<_>>();
        assert_eq!(draw(Chance::of(7)), draw(Chance::of(7)));
        assert_ne!(draw(Chance::of(7)), draw(Chance::of(8)));
        assert_ne!(draw(Chance::of(7).split(1)), draw(Chance::of(7).split(2)));
    }

    #[test]
    fn draws_have_the_means_they_promise() {
        let mut chance = Chance::of(1);
        let mean = (0..20_000).map(|_| chance.after(60.0)).sum::<i64>() / 20_000;
        assert!((57..=62).contains(&mean), "{mean}");
        let rare = (0..20_000).filter(|_| chance.happens(0.1)).count();
        assert!((1_850..=2_150).contains(&rare), "{rare}");
        assert!((0..1_000).all(|_| (3..=5).contains(&chance.between(3, 5))));
    }
}
