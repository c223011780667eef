use proptest::prelude::*;

use super::*;

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
    day = "12-08"
    label = "Immacolata"
"#;

fn rome() -> CityZone {
    CityZone::parse("Europe/Rome").unwrap()
}
fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}
fn milan() -> Calendar {
    toml::from_str(MILAN).unwrap()
}
fn offered(calendar: &Calendar, from: &str, count: usize) -> Vec<String> {
    let (rules, zone) = (CallbackRules::default(), rome());
    let windows = rules.offered((calendar, &zone), at(from), at(from));
    windows.take(count).map(|window| format!("{} {}", window.from, window.to)).collect()
}
fn check(calendar: &Calendar, from: &str, to: &str, now: &str) -> Result<(), WindowError> {
    CallbackRules::default().check((calendar, &rome()), Window::new(at(from), at(to)), at(now))
}

#[test]
fn windows_are_cut_from_each_opening_and_none_has_begun() {
    // Monday in winter time, with an hour of pause.
    assert_eq!(
        offered(&milan(), "2026-11-23T08:00:00Z", 4),
        [
            "2026-11-23T09:00:00Z 2026-11-23T11:00:00Z",
            "2026-11-23T13:00:00Z 2026-11-23T15:00:00Z",
            "2026-11-23T15:00:00Z 2026-11-23T17:00:00Z",
            "2026-11-23T17:00:00Z 2026-11-23T19:00:00Z",
        ]
    );
}

#[test]
fn sundays_and_holidays_offer_nothing() {
    // After Saturday's last window: Sunday, the patron on Monday, a holiday on Tuesday.
    assert_eq!(offered(&milan(), "2026-12-05T18:30:00Z", 1), ["2026-12-09T07:00:00Z 2026-12-09T09:00:00Z"]);
    let closed = check(&milan(), "2026-12-07T09:00:00Z", "2026-12-07T11:00:00Z", "2026-12-05T09:00:00Z");
    assert_eq!(closed, Err(WindowError::Closed));
}

#[test]
fn a_day_on_which_the_clocks_change_has_windows_as_long_as_any_other() {
    let always = Calendar::always();
    let spring = offered(&always, "2026-03-28T23:00:00Z", 3);
    assert_eq!(spring[0], "2026-03-28T23:00:00Z 2026-03-29T01:00:00Z");
    assert_eq!(spring[1], "2026-03-29T01:00:00Z 2026-03-29T03:00:00Z");
    let autumn = offered(&always, "2026-10-24T22:00:00Z", 13);
    assert_eq!(autumn[1], "2026-10-25T00:00:00Z 2026-10-25T02:00:00Z", "over the hour that comes twice");
    assert_eq!(autumn[12], "2026-10-25T23:00:00Z 2026-10-26T01:00:00Z", "12 windows, and an hour left over");
    // The opening hours are local: eight o'clock is another instant after the change.
    assert_eq!(offered(&milan(), "2026-10-24T20:00:00Z", 1), ["2026-10-26T07:00:00Z 2026-10-26T09:00:00Z"]);
    assert_eq!(offered(&milan(), "2026-10-23T20:00:00Z", 1), ["2026-10-24T06:00:00Z 2026-10-24T08:00:00Z"]);
}

#[test]
fn a_window_lies_within_one_opening_ahead_of_now() {
    let now = "2026-11-23T08:30:00Z";
    let checked = |from: &str, to: &str| {
        check(&milan(), &format!("2026-11-23T{from}:00Z"), &format!("2026-11-23T{to}:00Z"), now)
    };
    assert_eq!(checked("09:00", "11:00"), Ok(()));
    assert_eq!(checked("08:30", "12:00"), Ok(()), "from now on, to the very closing");
    assert_eq!(checked("11:00", "14:00"), Err(WindowError::Closed), "over the pause");
    assert_eq!(checked("18:00", "19:01"), Err(WindowError::Closed));
    assert_eq!(checked("07:30", "09:30"), Err(WindowError::Past));
    assert_eq!(checked("11:00", "11:00"), Err(WindowError::Length));
    assert_eq!(checked("11:00", "10:00"), Err(WindowError::Length));
    let far = check(&milan(), "2026-12-10T09:00:00Z", "2026-12-10T10:00:00Z", now);
    assert_eq!(far, Err(WindowError::TooFar(14)));
    let long = check(&Calendar::always(), "2026-11-24T09:00:00Z", "2026-11-25T09:01:00Z", now);
    assert_eq!(long, Err(WindowError::Length));
}

#[test]
fn rules_that_make_no_sense_are_refused_with_their_place() {
    let read = |text: &str| read(&BTreeMap::from([("callbacks.toml".to_owned(), text.to_owned())]));
    assert_eq!(super::read(&BTreeMap::new()).unwrap(), CallbackRules::default());
    assert_eq!(read("window_minutes = 60").unwrap().window_s(), 3_600);
    for text in [
        "window_minutes = 0",
        "window_minutes = 1441",
        "days_ahead = -1",
        "days_ahead = 400",
        "capacity = 0",
        "windows = 3",
        "[[reasons]]\nkey = \"No answer\"\nlabel = { it = \"a\" }",
        "[[reasons]]\nkey = \"busy\"\nlabel = { it = \"a\" }\n[[reasons]]\nkey = \"busy\"\nlabel = { it = \"a\" }",
    ] {
        assert!(read(text).unwrap_err().to_string().contains("callbacks.toml"), "{text}");
    }
}

proptest! {
    #[test]
    fn every_offered_window_can_be_promised(now in 1_700_000_000i64..1_900_000_000, minutes in 5i64..600) {
        let (calendar, zone) = (milan(), rome());
        let rules = CallbackRules { window_minutes: minutes, ..CallbackRules::default() };
        let now = Instant::from_seconds(now);
        let mut before = now;
        for window in rules.offered((&calendar, &zone), now, now).take(40) {
            prop_assert_eq!(rules.check((&calendar, &zone), window, now), Ok(()));
            prop_assert!(window.from >= before);
            before = window.to;
        }
    }
}
