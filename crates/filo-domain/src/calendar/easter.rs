//! The day of Easter in the Gregorian calendar.

use jiff::civil::Date;

/// Easter Sunday of a year: the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8).
pub(super) fn sunday(year: i16) -> Date {
    let year32 = i32::from(year);
    let (century, rest) = (year32.div_euclid(100), year32.rem_euclid(100));
    let golden = year32.rem_euclid(19);
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - correction + 15).rem_euclid(30);
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4).rem_euclid(7);
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    // Counted from 22 March, the earliest Easter there can be.
    let after_earliest = epact + weekday - 7 * late;
    let earliest = Date::new(year, 3, 22).unwrap_or(Date::ZERO);
    earliest.checked_add(jiff::Span::new().days(after_earliest)).unwrap_or(earliest)
}
