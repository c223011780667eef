use std::fmt::Write;

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};
use proptest::prelude::*;

use super::*;

const ROME: &str = "Europe/Rome";
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn rome() -> CityZone {
    CityZone::parse(ROME).unwrap()
}
fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}
fn calendar(toml: &str) -> Calendar {
    toml::from_str(toml).unwrap()
}
fn refusal(toml: &str) -> String {
    toml::from_str::<Calendar>(toml).unwrap_err().message().to_owned()
}

/// A weekly table with the same hours every day.
fn weekly(hours: &str) -> String {
    let days: Vec<String> = WEEKDAYS.iter().map(|day| format!("{day} = {hours}")).collect();
    format!("[weekly]\n{}\n", days.join("\n"))
}

const MILAN: &str = r#"
    [weekly]
    mon = ["08:00-13:00", "14:00-20:00"]
    tue = ["08:00-20:00"]
    wed = ["08:00-20:00"]
    thu = ["08:00-20:00"]
    fri = ["08:00-20:00"]
    sat = ["08:00-20:00"]
    sun = []
    [patron]
    day = "12-07"
    label = "Sant'Ambrogio"
    [[holidays]]
    day = "easter+1"
    label = "Lunedì dell'Angelo"
    [[holidays]]
    day = "10-04"
    from_year = 2026
    label = "San Francesco"
    [[holidays]]
    day = "12-25"
    label = "Natale"
    [[exceptions]]
    day = "2026-12-24"
    hours = ["08:00-14:00"]
    label = "Vigilia"
    [[exceptions]]
    day = "2026-11-08"
    hours = ["09:00-12:00"]
    label = "Domenica straordinaria"
"#;

#[test]
fn a_day_has_the_hours_of_its_exception_else_of_its_holiday_else_of_its_weekday() {
    let milan = calendar(MILAN);
    let hours =
        |day: Date| milan.intervals_of(day).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(hours(date(2026, 11, 9)), "08:00-13:00 14:00-20:00", "a Monday");
    assert_eq!(hours(date(2026, 11, 15)), "", "a Sunday");
    assert_eq!(hours(date(2026, 11, 8)), "09:00-12:00", "an extraordinary Sunday");
    assert_eq!(hours(date(2026, 12, 24)), "08:00-14:00");
    assert_eq!(hours(date(2026, 12, 7)), "", "the patron's day, a Monday");
    assert_eq!(milan.holiday(date(2026, 12, 7)), Some("Sant'Ambrogio"));
    assert_eq!(hours(date(2027, 12, 24)), "08:00-20:00", "an exception is for its year alone");
}

#[test]
fn the_fourth_of_october_is_a_holiday_only_from_2026() {
    let milan = calendar(MILAN);
    for year in 2019..=2030 {
        assert_eq!(milan.is_holiday(date(year, 10, 4)), year >= 2026, "{year}");
    }
    assert!(milan.is_working_day(date(2024, 10, 4)), "a Friday");
}

#[test]
fn easter_falls_on_the_published_days() {
    let published = [
        (2019, 4, 21),
        (2020, 4, 12),
        (2021, 4, 4),
        (2022, 4, 17),
        (2023, 4, 9),
        (2024, 3, 31),
        (2025, 4, 20),
        (2026, 4, 5),
        (2027, 3, 28),
        (2028, 4, 16),
        (2029, 4, 1),
        (2030, 4, 21),
        // The ends of the range, and the rule's two corrections.
        (1818, 3, 22),
        (1943, 4, 25),
        (1954, 4, 18),
        (1981, 4, 19),
        (2285, 3, 22),
    ];
    let milan = calendar(MILAN);
    for (year, month, day) in published {
        let sunday = date(year, month, day);
        assert_eq!(easter::sunday(year), sunday);
        let monday = sunday.tomorrow().unwrap();
        assert!(milan.is_holiday(monday) && !milan.is_holiday(sunday), "{year}");
    }
}

#[test]
fn a_second_of_opening_is_inside_and_the_second_of_closing_is_not() {
    let (milan, zone) = (calendar(MILAN), rome());
    let states = [
        ("06:59:59", false),
        ("07:00:00", true),
        ("11:59:59", true),
        ("12:00:00", false),
        ("13:00:00", true),
    ];
    for (utc, open) in states {
        assert_eq!(milan.is_open(&zone, at(&format!("2026-11-09T{utc}Z"))), open, "{utc}");
    }
}

#[test]
fn a_service_that_never_closes_measures_elapsed_time_also_over_clock_changes() {
    let zone = rome();
    let (from, to) = (at("2026-03-28T12:00:00Z"), at("2026-11-01T12:00:00Z"));
    for always in [Calendar::always(), calendar(&weekly(r#"["00:00-24:00"]"#))] {
        assert_eq!(always.open_seconds(&zone, from, to), to.seconds_since(from));
        assert!(always.is_working_day(date(2026, 12, 25)));
    }
}

#[test]
fn the_hour_shown_twice_counts_twice_and_the_skipped_one_not_at_all() {
    let (night, zone) = (calendar(&weekly(r#"["02:00-03:00"]"#)), rome());
    let day = |text: &str| (at(&format!("{text}T00:00:00+00:00")), at(&format!("{text}T20:00:00+00:00")));
    let open = |(from, to)| night.open_seconds(&zone, from, to);
    assert_eq!(open(day("2026-10-25")), 7200);
    assert_eq!(open(day("2026-03-29")), 0);
    assert_eq!(open(day("2026-06-01")), 3600);
}

#[test]
fn a_holiday_may_keep_hours_of_its_own() {
    let text = format!(
        "open_on_holidays = true\n{}[[holidays]]\nday = \"01-01\"\nlabel = \"Capodanno\"",
        weekly("[\"08:00-20:00\"]")
    );
    assert!(calendar(&text).is_working_day(date(2026, 1, 1)) && calendar(&text).is_holiday(date(2026, 1, 1)));
    let short = format!(
        "{}[[holidays]]\nday = \"01-01\"\nhours = [\"10:00-12:00\"]\nlabel = \"Capodanno\"",
        weekly("[]")
    );
    assert_eq!(calendar(&short).intervals_of(date(2026, 1, 1)).len(), 1);
}

#[test]
fn a_deadline_that_never_comes_is_none() {
    let closed = calendar(&weekly("[]"));
    assert_eq!(closed.add_open_seconds(&rome(), at("2026-01-01T00:00:00Z"), 1), None);
    assert_eq!(closed.closing(&rome(), date(2026, 1, 1)), None);
}

#[test]
fn instants_at_the_ends_of_time_are_measured_without_a_panic() {
    let never = calendar(&weekly("[]"));
    let (first, last) = (Instant::from_micros(i64::MIN), Instant::from_micros(i64::MAX));
    assert_eq!(never.open_seconds(&rome(), last, first), 0);
    assert!(!never.is_open(&rome(), first) && !never.is_open(&rome(), last));
    assert_eq!(never.add_open_seconds(&rome(), last, 60), None);
}

#[test]
fn wrong_values_are_refused_with_what_was_found_and_what_is_expected() {
    let patron = |line: &str| format!("{}[patron]\nlabel = \"P\"\n{line}", weekly("[]"));
    let exception = "[[exceptions]]\nday = \"2026-02-30\"\nhours = []\nlabel = \"x\"\n";
    let cases = [
        (weekly("[\"08:00-20\"]"), "08:00-20", "HH:MM-HH:MM"),
        (weekly("[\"20:00-08:00\"]"), "20:00-08:00", "ends after it starts"),
        (weekly("[\"08:00-24:01\"]"), "24:01", "24:00"),
        (weekly("[\"08:00-13:00\", \"12:00-20:00\"]"), "08:00-13:00, 12:00-20:00", "do not overlap"),
        (weekly("[]").replace("mon", "lun"), "lun", "expected one of `mon`"),
        (patron("day = \"02-30\""), "02-30", "MM-DD"),
        (patron("day = \"easter+400\""), "easter+400", "easter+1"),
        (patron("day = \"easter1\""), "easter1", "easter+1"),
        (patron(""), "missing", "field `day`"),
        (format!("{}{exception}", weekly("[]")), "2026-02-30", "YYYY-MM-DD"),
        (
            format!("{}{exception}{exception}", weekly("[]")).replace("02-30", "02-28"),
            "2026-02-28",
            "one exception",
        ),
    ];
    for (toml, found, expected) in cases {
        let message = refusal(&toml);
        assert!(message.contains(found) && message.contains(expected), "{message}");
    }
}

/// The second implementation: asks of every minute what its wall clock shows and whether that is in the table.
#[derive(Debug)]
struct Naive {
    zone: TimeZone,
    /// Open minutes of the day by weekday, Monday first.
    weekly: Vec<Vec<(i16, i16)>>,
    closed: Vec<Date>,
}

impl Naive {
    fn is_open(&self, minute: i64) -> bool {
        let local = self.zone.to_datetime(Timestamp::from_second(minute * 60).unwrap());
        let of_day = i16::from(local.hour()) * 60 + i16::from(local.minute());
        let weekday = local.date().weekday().to_monday_zero_offset();
        let hours = &self.weekly[usize::try_from(weekday).unwrap()];
        !self.closed.contains(&local.date()) && hours.iter().any(|(from, to)| *from <= of_day && of_day < *to)
    }
    fn open_seconds(&self, from_minute: i64, to_minute: i64) -> i64 {
        60 * i64::try_from((from_minute..to_minute).filter(|minute| self.is_open(*minute)).count()).unwrap()
    }
    fn to_calendar(&self) -> Calendar {
        let clock = |minute: &i16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let mut toml = "[weekly]\n".to_owned();
        for (day, hours) in WEEKDAYS.iter().zip(&self.weekly) {
            let hours: Vec<String> =
                hours.iter().map(|(from, to)| format!("{}-{}", clock(from), clock(to))).collect();
            writeln!(toml, "{day} = {hours:?}").unwrap();
        }
        for day in &self.closed {
            writeln!(toml, "[[exceptions]]\nday = \"{day}\"\nhours = []\nlabel = \"chiuso\"").unwrap();
        }
        calendar(&toml)
    }
}

/// Up to three intervals of one day, apart or touching.
fn day_hours() -> impl Strategy<Value = Vec<(i16, i16)>> {
    prop::collection::btree_set(0i16..=1440, 0..=6).prop_map(|bounds| {
        let bounds: Vec<i16> = bounds.into_iter().collect();
        bounds.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    })
}

fn naive() -> impl Strategy<Value = Naive> {
    let closed = prop::collection::btree_set(20i8..=31, 0..4);
    (prop::collection::vec(day_hours(), 7), closed, prop::sample::select(vec![3i8, 10])).prop_map(
        |(weekly, closed, month)| Naive {
            zone: TimeZone::get(ROME).unwrap(),
            weekly,
            closed: closed.into_iter().map(|day| date(2026, month, day)).collect(),
        },
    )
}

/// A minute (since 1970) within four days of a clock change of 2026 in Rome.
fn minute_near_a_change() -> impl Strategy<Value = i64> {
    let changes = vec![at("2026-03-29T01:00:00Z"), at("2026-10-25T01:00:00Z")];
    (prop::sample::select(changes), -5760i64..5760)
        .prop_map(|(change, minutes)| change.seconds() / 60 + minutes)
}

fn minute(minute: i64) -> Instant {
    Instant::from_seconds(minute * 60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn open_seconds_agree_with_asking_every_minute(naive in naive(), from in minute_near_a_change(), span in 0i64..9000) {
        let calendar = naive.to_calendar();
        let measured = calendar.open_seconds(&rome(), minute(from), minute(from + span));
        prop_assert_eq!(measured, naive.open_seconds(from, from + span));
    }

    #[test]
    fn being_open_agrees_with_asking_the_minute(naive in naive(), at in minute_near_a_change()) {
        prop_assert_eq!(naive.to_calendar().is_open(&rome(), minute(at)), naive.is_open(at));
    }

    #[test]
    fn open_seconds_add_up(naive in naive(), start in minute_near_a_change(), mut cuts in prop::array::uniform3(0i64..900_000)) {
        let (calendar, zone) = (naive.to_calendar(), rome());
        cuts.sort_unstable();
        let [a, b, c] = cuts.map(|s| minute(start).plus_seconds(s));
        let whole = calendar.open_seconds(&zone, a, c);
        prop_assert_eq!(calendar.open_seconds(&zone, a, b) + calendar.open_seconds(&zone, b, c), whole);
    }

    #[test]
    fn a_deadline_is_the_first_instant_with_that_many_open_seconds(
        naive in naive(), start in minute_near_a_change(), micros in 0i64..1_000_000, seconds in 0i64..400_000
    ) {
        let (calendar, zone) = (naive.to_calendar(), rome());
        let from = Instant::from_micros(minute(start).micros() + micros);
        match calendar.add_open_seconds(&zone, from, seconds) {
            Some(due) => {
                prop_assert_eq!(calendar.open_seconds(&zone, from, due), seconds);
                let before = calendar.open_seconds(&zone, from, due.plus_seconds(-1));
                prop_assert!(seconds == 0 || before < seconds);
            }
            None => prop_assert!(naive.weekly.iter().all(Vec::is_empty)),
        }
    }
}
