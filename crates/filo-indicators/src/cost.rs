//! Sharing out an amount of cents: by largest remainder, so that the parts are the amount to the cent.
//!
//! **Invariant:** the parts of an amount add up to it exactly, and each is its exact share rounded down or up.

/// Shares an amount out by weights; `None` where nothing weighs anything. Of equal remainders the first gets the cent.
pub(crate) fn shared_out(amount: u64, weights: &[u64]) -> Option<Vec<u64>> {
    let whole: u128 = weights.iter().copied().map(u128::from).sum();
    if whole == 0 {
        return None;
    }
    let exact = |weight: &u64| u128::from(amount).checked_mul(u128::from(*weight));
    let mut parts = Vec::with_capacity(weights.len());
    for (place, weight) in weights.iter().enumerate() {
        let product = exact(weight)?;
        let (part, rest) = (product.checked_div(whole)?, product.checked_rem(whole)?);
        parts.push((place, u64::try_from(part).ok()?, rest));
    }
    let given: u64 = parts.iter().map(|(_, part, _)| part).sum();
    let left = usize::try_from(amount.checked_sub(given)?).ok()?;
    parts.sort_by(|(a_place, _, a), (b_place, _, b)| b.cmp(a).then(a_place.cmp(b_place)));
    parts.iter_mut().take(left).for_each(|(_, part, _)| *part += 1);
    parts.sort_by_key(|(place, ..)| *place);
    Some(parts.into_iter().map(|(_, part, _)| part).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_parts_are_the_amount_and_each_is_within_a_cent_of_its_share(
            amount in 0..10_000_000_000u64,
            weights in prop::collection::vec(0..2_000_000_000u64, 1..40),
        ) {
            let whole: u128 = weights.iter().copied().map(u128::from).sum();
            let Some(parts) = shared_out(amount, &weights) else {
                prop_assert_eq!(whole, 0);
                return Ok(());
            };
            prop_assert_eq!(parts.iter().sum::<u64>(), amount);
            for (part, weight) in parts.iter().zip(&weights) {
                let floor = u64::try_from(u128::from(amount) * u128::from(*weight) / whole).unwrap();
                prop_assert!(*part == floor || *part == floor + 1);
                prop_assert!(*weight > 0 || *part == 0, "nothing costs nothing");
            }
        }

        #[test]
        fn who_weighs_more_never_gets_less(amount in 0..1_000_000u64, weights in prop::collection::vec(1..1_000u64, 1..12)) {
            let parts = shared_out(amount, &weights).unwrap();
            for (a, b) in parts.iter().zip(&weights).flat_map(|a| parts.iter().zip(&weights).map(move |b| (a, b))) {
                prop_assert!(a.1 <= b.1 || a.0 >= b.0);
            }
        }
    }

    #[test]
    fn the_cents_left_go_to_the_largest_remainders() {
        assert_eq!(shared_out(100, &[1, 1, 1]), Some(vec![34, 33, 33]));
        assert_eq!(shared_out(100, &[2, 3, 2]), Some(vec![29, 43, 28]));
        assert_eq!(shared_out(5, &[0, 7]), Some(vec![0, 5]));
        assert_eq!((shared_out(5, &[0, 0]), shared_out(5, &[])), (None, None));
    }
}
