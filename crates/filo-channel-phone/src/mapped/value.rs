//! Times and durations as other systems write them.

use filo_domain::CityZone;
use jiff::civil::DateTime;

use super::DurationUnit;
use crate::local_time::LocalTime;

/// What is tried when the mapping names no format; single-digit days and months are read too.
const USUAL: &[&str] = &[
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%Y-%m-%d %H:%M",
];
const S_PER_MINUTE: i64 = 60;

/// A time in one of the formats, local unless it has an offset of its own.
pub(super) fn local_time(text: &str, formats: &[String], zone: &CityZone) -> Option<LocalTime> {
    let read =
        |format: &str| DateTime::strptime(format, text).ok().and_then(|local| LocalTime::of(local, zone));
    if formats.is_empty() {
        return LocalTime::parse(text, zone).or_else(|| USUAL.iter().find_map(|format| read(format)));
    }
    formats.iter().find_map(|format| read(format))
}

/// A duration in whole seconds, half up: `H:M:S`, `M:S`, or a number in the unit, with point or comma.
pub(super) fn seconds(text: &str, unit: Option<DurationUnit>) -> Option<i64> {
    if text.contains(':') {
        return clock(text);
    }
    match unit? {
        DurationUnit::Seconds => decimal(text, 1),
        DurationUnit::Minutes => decimal(text, S_PER_MINUTE),
        DurationUnit::Clock => None,
    }
}

fn clock(text: &str) -> Option<i64> {
    let parts = text.split(':').map(digits).collect::<Option<Vec<i64>>>()?;
    match parts.as_slice() {
        [hours, minutes @ 0..60, seconds @ 0..60] => {
            hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)
        }
        [minutes, seconds @ 0..60] => minutes.checked_mul(60)?.checked_add(*seconds),
        _ => None,
    }
}

/// A decimal number times `factor`, in integers: 2,4 minutes are 144 s and not 143.99….
fn decimal(text: &str, factor: i64) -> Option<i64> {
    let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let fraction = fraction.get(..fraction.len().min(6))?;
    let scale = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let scaled = digits(whole)?.checked_mul(scale)?.checked_add(digits(fraction)?)?.checked_mul(factor)?;
    Some((scaled.checked_mul(2)?.checked_add(scale)?) / (scale * 2))
}

fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_their_unit_and_round_half_up() {
        let minutes = |text| seconds(text, Some(DurationUnit::Minutes));
        assert_eq!((minutes("2,4"), minutes("1.27"), minutes("0")), (Some(144), Some(76), Some(0)));
        let plain = |text| seconds(text, Some(DurationUnit::Seconds));
        assert_eq!(
            (plain("12"), plain("12,5"), plain("12.49"), plain("-3"), plain("")),
            (Some(12), Some(13), Some(12), None, None)
        );
        assert_eq!(
            (plain("00:01:16"), plain("1:16"), plain("25:00:00"), plain("1:99")),
            (Some(76), Some(76), Some(90_000), None)
        );
        assert_eq!((seconds("12", Some(DurationUnit::Clock)), seconds("12", None)), (None, None));
    }

    #[test]
    fn usual_times_are_read_day_first() {
        let zone = CityZone::parse("Europe/Rome").unwrap();
        let expected = local_time("2026-10-03 08:30:00", &[], &zone);
        assert!(expected.is_some());
        for text in [
            "03/10/2026 08:30:00",
            "3/10/2026 8:30",
            "2026/10/3 8:30",
            "2026-10-03T08:30:00+02:00",
            "03-10-2026 08:30:00",
        ] {
            assert_eq!(local_time(text, &[], &zone), expected, "{text}");
        }
        let american = ["%m/%d/%Y %H:%M".to_owned()];
        assert_eq!(local_time("10/03/2026 08:30", &american, &zone), expected);
        assert_eq!(local_time("31/02/2026 08:30", &[], &zone), None);
    }
}
