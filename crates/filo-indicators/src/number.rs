//! Exact arithmetic and Italian printing of figures.
//!
//! **Invariant:** means, medians and percentiles are computed from whole seconds in integers, shares from whole
//! counts; binary floating point is only the last step to a JSON number (the double nearest to the exact
//! decimal, the same on every platform). Start at [`mean`] and [`percentile`].

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize, Serializer};

/// A figure as a JSON number: a whole count, or the double nearest to an exact decimal or fraction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// A count.
    Whole(i64),
    /// A share, or seconds with at most three decimals.
    Real(f64),
}

impl Number {
    /// As a double.
    pub fn real(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }
    /// As the decimal it prints.
    pub fn decimal(self) -> Option<Decimal> {
        match self {
            Self::Whole(whole) => Some(Decimal::from(whole)),
            Self::Real(real) => decimal(real),
        }
    }
}

/// The shortest decimal that reads back as this double: a published 0.825 is exactly 0,825 again, so rounding
/// halves up works on what was printed. `None` for what is no number or beyond 28 digits.
pub fn decimal(real: f64) -> Option<Decimal> {
    let text = real.to_string();
    Decimal::from_str_exact(&text).or_else(|_too_long| text.parse()).ok()
}

/// `numerator ÷ denominator` as the nearest double; `None` of nothing.
pub fn share(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

/// `numerator ÷ denominator` rounded half-up to three decimals; `None` of nothing.
pub fn ratio(numerator: u64, denominator: u64) -> Option<f64> {
    let below = i128::from(denominator);
    (below > 0).then(|| half_up(i128::from(numerator) * 1000, below)).and_then(thousandths)
}

/// The mean of whole seconds, rounded half-up to three decimals; `None` of nothing.
pub fn mean(seconds: &[i64]) -> Option<f64> {
    let count = u64::try_from(seconds.len()).ok()?;
    mean_of(seconds.iter().copied().map(i128::from).sum(), count)
}

/// The same of what they add up to and how many they are.
pub(crate) fn mean_of(sum: i128, count: u64) -> Option<f64> {
    (count > 0).then(|| half_up(sum * 1000, i128::from(count))).and_then(thousandths)
}

/// The `percent`-th percentile (50 is the median) by linear interpolation, type 7, exact (whole
/// seconds and a whole percentage give at most two decimals); `sorted` ascends. `None` of nothing.
pub fn percentile(sorted: &[i64], percent: u64) -> Option<f64> {
    let count = u64::try_from(sorted.len()).ok()?;
    percentile_of(count, percent, |nth| sorted.get(usize::try_from(nth).ok()?).copied())
}

/// The same of so many values, of which `nth` gives each in ascending order, from 0.
pub(crate) fn percentile_of(count: u64, percent: u64, nth: impl Fn(u64) -> Option<i64>) -> Option<f64> {
    let position = count.checked_sub(1)?.checked_mul(percent)?;
    let low = i128::from(nth(position / 100)?);
    let high = nth(position / 100 + 1).map_or(low, i128::from);
    thousandths((low * 100 + (high - low) * i128::from(position % 100)) * 10)
}

/// `numerator ÷ denominator` to the nearest whole, halves upwards.
fn half_up(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator + denominator).div_euclid(2 * denominator)
}

/// The double nearest to so many thousandths.
fn thousandths(value: i128) -> Option<f64> {
    i64::try_from(value).ok().map(|value| value as f64 / 1000.0)
}

/// How a printed form cuts a decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    /// To the nearest, halves upwards: how bucket shares are printed (20,1 %).
    HalfUp,
    /// Towards zero: how the scorecard's result is printed (79,87).
    Truncate,
}

/// Cuts to so many decimals.
pub fn cut(value: Decimal, decimals: u32, how: Cut) -> Decimal {
    match how {
        Cut::HalfUp => value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero),
        Cut::Truncate => value.trunc_with_scale(decimals),
    }
}

/// Italian writing: comma for decimals, dots between thousands, no dot in four digits (`1.234,5`, `1234`
/// is written `1.234` too, as the documents do).
pub fn italian(value: Decimal) -> String {
    let text = value.abs().to_string();
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let sign = if value.is_sign_negative() && !value.is_zero() { "-" } else { "" };
    let grouped = grouped(whole);
    fraction.map_or_else(|| format!("{sign}{grouped}"), |fraction| format!("{sign}{grouped},{fraction}"))
}

/// Dots between thousands.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// A fraction as a percentage rounded half-up to one decimal: `0.2008` is `20,1 %`.
pub fn percent(share: f64) -> Option<String> {
    decimal(share)
        .and_then(|share| share.checked_mul(Decimal::ONE_HUNDRED))
        .map(|value| format!("{} %", italian(fixed(cut(value, 1, Cut::HalfUp), 1))))
}

/// With exactly so many decimals, zeros added.
pub fn fixed(mut value: Decimal, decimals: u32) -> Decimal {
    value.rescale(decimals);
    value
}

/// Reads Italian writing (`1.234,5`, `-3,70`); `None` for anything else.
pub fn parse_italian(text: &str) -> Option<Decimal> {
    let (sign, digits) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (Decimal::NEGATIVE_ONE, rest),
        None => (Decimal::ONE, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once(',').unwrap_or((digits, ""));
    let digit_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split('.');
    let first = groups.next().filter(|first| !first.is_empty() && digit_only(first))?;
    let mut plain = first.to_owned();
    for group in groups {
        if group.len() != 3 || !digit_only(group) || first.len() > 3 {
            return None;
        }
        plain.push_str(group);
    }
    if !digit_only(fraction) || (digits.contains(',') && fraction.is_empty()) {
        return None;
    }
    let value = if fraction.is_empty() { plain } else { format!("{plain}.{fraction}") };
    Decimal::from_str_exact(&value).ok().map(|value| value * sign)
}

/// Serializes a decimal as a JSON number: whole when it is, else the nearest double.
///
/// # Errors
/// Only the serializer's own.
pub fn decimal_as_number<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    value.and_then(json_number).serialize(serializer)
}

/// A decimal as the number that JSON carries.
pub fn json_number(value: Decimal) -> Option<Number> {
    let value = value.normalize();
    match i64::try_from(value) {
        Ok(whole) if value.scale() == 0 => Some(Number::Whole(whole)),
        _fractional => value.to_string().parse().ok().map(Number::Real),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Type 7 as the books write it, in exact decimals.
    fn naive(values: &[i64], percent: usize) -> f64 {
        let mut sorted: Vec<Decimal> = values.iter().map(|value| Decimal::from(*value)).collect();
        sorted.sort();
        let h = Decimal::from(sorted.len() - 1) * Decimal::from(percent) / Decimal::ONE_HUNDRED;
        let floor: usize = h.floor().to_string().parse().unwrap();
        let ceil: usize = h.ceil().to_string().parse().unwrap();
        let value = sorted[floor] + (h - h.floor()) * (sorted[ceil] - sorted[floor]);
        cut(value, 3, Cut::HalfUp).to_string().parse().unwrap()
    }

    proptest! {
        #[test]
        fn percentiles_agree_with_a_naive_implementation(mut values in prop::collection::vec(0..5_000_000i64, 1..60)) {
            let (median, p90) = (naive(&values, 50), naive(&values, 90));
            values.sort_unstable();
            prop_assert_eq!(percentile(&values, 50), Some(median));
            prop_assert_eq!(percentile(&values, 90), Some(p90));
        }

        #[test]
        fn means_agree_with_exact_decimals(values in prop::collection::vec(0..5_000_000i64, 1..60)) {
            let exact = Decimal::from(values.iter().sum::<i64>()) / Decimal::from(values.len());
            let expected: f64 = cut(exact, 3, Cut::HalfUp).to_string().parse().unwrap();
            prop_assert_eq!(mean(&values), Some(expected));
        }

        #[test]
        fn italian_writing_reads_back(value in -10_000_000_000i64..10_000_000_000, scale in 0u32..6) {
            let value = Decimal::new(value, scale);
            prop_assert_eq!(parse_italian(&italian(value)), Some(value));
        }
    }

    #[test]
    fn nothing_has_no_mean_and_no_share() {
        assert_eq!((mean(&[]), percentile(&[], 50), share(0, 0)), (None, None, None));
    }

    #[test]
    fn halves_go_up() {
        assert_eq!(mean(&[0, 0, 0, 0, 0, 0, 0, 1]), Some(0.125));
        let sixteenth: Vec<i64> = (0..16).map(|index| i64::from(index == 0)).collect();
        assert_eq!(mean(&sixteenth), Some(0.063), "0,0625 is rounded half-up");
        assert_eq!(mean(&[1, 2, 2]), Some(1.667));
        assert_eq!(percentile(&[10, 20], 90), Some(19.0));
    }

    #[test]
    fn printed_forms_follow_the_documents() {
        let share = |n, d| percent(super::share(n, d).unwrap()).unwrap();
        let counts = [21_673, 28_991, 29_499, 8_511, 19_271];
        assert_eq!(counts.iter().sum::<u64>(), 107_945);
        let printed: Vec<String> = counts.iter().map(|count| share(*count, 107_945)).collect();
        assert_eq!(printed, ["20,1 %", "26,9 %", "27,3 %", "7,9 %", "17,9 %"]);
        assert_eq!(italian(Decimal::new(12345, 1)), "1.234,5");
        assert_eq!(italian(Decimal::new(-370, 2)), "-3,70");
        assert_eq!(italian(Decimal::from(20_751_299)), "20.751.299");
        assert_eq!(italian(cut(Decimal::new(79_875, 3), 2, Cut::Truncate)), "79,87");
        assert_eq!(share(1, 8), "12,5 %");
        assert_eq!(share(1, 2000), "0,1 %", "0,05 is a half and goes up");
    }

    #[test]
    fn what_is_no_italian_number_is_refused() {
        for text in ["", "1.2", "1,", "1.23,4", "12.34", "1234.567", ",5", "1,5,6", "abc", "1.2345"] {
            assert_eq!(parse_italian(text), None, "{text}");
        }
    }
}
