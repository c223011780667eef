use proptest::prelude::*;

use super::*;
use crate::{
    clock::Round,
    vocabulary::{Level, State},
};

fn rome() -> CityZone {
    CityZone::parse("Europe/Rome").unwrap()
}
fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}
fn office() -> Calendar {
    let week = ["mon", "tue", "wed", "thu", "fri"].map(|day| format!("{day} = [\"08:00-20:00\"]")).join("\n");
    toml::from_str(&format!("[weekly]\n{week}\nsat = []\nsun = []")).unwrap()
}

#[derive(Deserialize)]
struct File {
    policies: Vec<Policy>,
}
fn policies(toml: &str) -> Vec<Policy> {
    toml::from_str::<File>(toml).unwrap().policies
}
fn refusal(toml: &str) -> String {
    toml::from_str::<File>(toml).err().unwrap().message().to_owned()
}
/// One policy for everything, with one clock.
fn policy(clock: &str) -> Policy {
    let text =
        format!("[[policies]]\nkey = \"carta\"\nversion = 2\npriority = 1\n[[policies.clocks]]\n{clock}");
    policies(&text).remove(0)
}
fn traits(channel: Channel, theme: Option<&str>) -> TicketTraits<'_> {
    TicketTraits { channel, theme, kind: Kind::Information, priority: Priority::Normal }
}
fn history(opened: &str) -> History {
    History::opened(at(opened), Level::I, None)
}
fn wait(from: &str, to: Option<&str>) -> Interval {
    Interval { from: at(from), to: to.map(at) }
}
fn resolution(policy: &Policy, history: &History, now: &str) -> ClockReading {
    readings(Some(policy), history, &rome(), &office(), at(now)).remove(1)
}
fn text(instant: Option<Instant>) -> Option<String> {
    instant.map(|instant| instant.to_string())
}

const BOTH: &str = "pauses = [\"citizen\", \"third_party\"]";

#[test]
fn a_retired_version_stays_readable_and_is_chosen_for_no_ticket() {
    let list = |retired: u32, priority: i32| {
        policies(&format!(
            "[[policies]]\nkey = \"carta\"\nversion = 2\npriority = 1\nclocks = []\n\
             [[policies]]\nkey = \"carta\"\nversion = {retired}\npriority = {priority}\nretired = true\nclocks = []"
        ))
    };
    assert_eq!(check(&list(1, 1)), Ok(()));
    let chosen = list(1, 9);
    assert_eq!(choose(&chosen, &traits(Channel::Email, None)).map(Policy::id).as_deref(), Some("carta@2"));
    assert_eq!(check(&list(2, 1)), Err((1, PolicyError::Key("carta".to_owned()))));
    assert_eq!(check(&list(3, 1)), Err((1, PolicyError::Version { key: "carta".to_owned(), version: 3 })));
}

#[test]
fn a_priority_can_be_a_condition() {
    let list = policies(
        "[[policies]]\nkey = \"urgente\"\nversion = 1\npriority = 5\napplies = { priority = [\"urgent\"] }\nclocks = []\n\
         [[policies]]\nkey = \"generale\"\nversion = 1\npriority = 0\nclocks = []",
    );
    let of = |priority| TicketTraits { priority, ..traits(Channel::Email, None) };
    assert_eq!(choose(&list, &of(Priority::Urgent)).map(|it| it.key.as_str()), Some("urgente"));
    assert_eq!(choose(&list, &of(Priority::High)).map(|it| it.key.as_str()), Some("generale"));
}

#[test]
fn the_highest_priority_among_those_that_apply_is_chosen() {
    let list = policies(
        r#"
        [[policies]]
        key = "generale"
        version = 1
        priority = 0
        clocks = []
        [[policies]]
        key = "tributi"
        version = 1
        priority = 20
        applies = { theme = ["tributi"] }
        clocks = []
        [[policies]]
        key = "scritti"
        version = 1
        priority = 10
        applies = { channel = ["scrivi", "email"] }
        clocks = []
    "#,
    );
    let key = |channel, theme| choose(&list, &traits(channel, theme)).map(|policy| policy.key.as_str());
    assert_eq!(key(Channel::Scrivi, Some("tributi/tari")), Some("tributi"));
    assert_eq!(key(Channel::Scrivi, Some("tributifici")), Some("scritti"));
    assert_eq!(key(Channel::Email, None), Some("scritti"));
    assert_eq!(key(Channel::Phone, None), Some("generale"));
    assert!(choose(&list[1..], &traits(Channel::Phone, None)).is_none());
}

#[test]
fn a_tie_a_doubled_key_and_a_doubled_clock_are_refused() {
    let one = policy("name = \"resolution\"");
    let mut other = Policy { key: "altra".into(), ..one.clone() };
    assert!(matches!(check(&[one.clone(), other.clone()]), Err((1, PolicyError::Tie { priority: 1, .. }))));
    other.priority = 2;
    assert_eq!(check(&[one.clone(), other.clone()]), Ok(()));
    other.clocks.extend(other.clocks.clone());
    assert_eq!(check(&[one.clone(), other]), Err((1, PolicyError::Clock("altra".into()))));
    assert_eq!(check(&[one.clone(), one]), Err((1, PolicyError::Key("carta".into()))));
}

#[test]
fn a_clock_names_one_target_and_pauses_for_both_kinds_of_waiting_or_none() {
    let head =
        "[[policies]]\nkey = \"k\"\nversion = 1\npriority = 1\n[[policies.clocks]]\nname = \"resolution\"\n";
    let cases = [
        ("target = { elapsed_s = 60, days = 1 }", "more than 1"),
        ("target = { elapsed_s = 0 }", "0"),
        ("target = { minutes = 3 }", "minutes"),
        ("pauses = [\"citizen\"]", "one kind of waiting"),
        ("pauses = [\"cittadino\"]", "cittadino"),
        ("target_min = 3", "target_min"),
    ];
    for (line, found) in cases {
        let message = refusal(&format!("{head}{line}"));
        assert!(message.contains(found), "{message}");
    }
}

#[test]
fn without_a_policy_two_clocks_are_measured_and_nothing_is_due() {
    let mut ticket = history("2026-03-02T09:00:00Z");
    ticket.responses = vec![at("2026-03-02T10:00:00Z")];
    let clocks = readings(None, &ticket, &rome(), &office(), at("2026-03-03T09:00:00Z"));
    let shape: Vec<_> =
        clocks.iter().map(|it| (it.name, it.elapsed_s, it.running, it.due_at, it.policy.clone())).collect();
    assert_eq!(
        shape,
        [
            (ClockName::FirstResponse, 3600, false, None, None),
            (ClockName::Resolution, 86_400, true, None, None)
        ]
    );
}

#[test]
fn a_reading_has_the_keys_of_the_contract() {
    let clock = resolution(
        &policy("name = \"resolution\"\ntarget = { elapsed_s = 60 }"),
        &history("2026-03-02T09:00:00Z"),
        "2026-03-02T09:05:00Z",
    );
    assert_eq!(
        serde_json::to_value(&clock).unwrap(),
        serde_json::json!({"name": "resolution", "policy": "carta@2", "started_at": "2026-03-02T09:00:00Z", "stopped_at": null,
            "due_at": "2026-03-02T09:01:00Z", "breached_at": "2026-03-02T09:01:00Z", "elapsed_s": 300, "business_s": 300, "running": true})
    );
}

#[test]
fn the_statutory_clock_is_shown_only_when_the_policy_has_it() {
    let statutory = policy("name = \"statutory\"\ntarget = { days = 30 }");
    let ticket = history("2026-03-02T09:00:00Z");
    let clocks = readings(Some(&statutory), &ticket, &rome(), &office(), at("2026-03-02T10:00:00Z"));
    assert_eq!(clocks.len(), 3);
    // 30 days after 2 March is 1 April, which ends at 22:00 in UTC.
    assert_eq!(text(clocks[2].due_at).as_deref(), Some("2026-04-01T22:00:00Z"));
    assert_eq!((clocks[0].policy.as_ref(), clocks[0].due_at), (None, None));
}

#[test]
fn a_term_in_days_that_ends_on_a_day_of_rest_moves_to_the_next_working_day() {
    let term = policy("name = \"resolution\"\ntarget = { days = 5 }");
    // Monday + 5 = Saturday, moved to the end of Monday 9 March.
    let due = resolution(&term, &history("2026-03-02T09:00:00Z"), "2026-03-02T10:00:00Z").due_at;
    assert_eq!(text(due).as_deref(), Some("2026-03-09T23:00:00Z"));
}

#[test]
fn working_days_skip_the_weekend_and_days_that_close_while_it_waits() {
    let three = policy(&format!("name = \"resolution\"\ntarget = {{ working_days = 3 }}\n{BOTH}"));
    let mut ticket = history("2026-03-26T09:00:00Z");
    let due = |ticket: &History| text(resolution(&three, ticket, "2026-03-26T10:00:00Z").due_at);
    // Thursday: Friday, Monday, Tuesday 31 March at 20:00 in summer time.
    assert_eq!(due(&ticket).as_deref(), Some("2026-03-31T18:00:00Z"));
    ticket.waits = vec![wait("2026-03-26T15:00:00Z", Some("2026-03-30T09:00:00Z"))];
    let later = text(resolution(&three, &ticket, "2026-03-30T10:00:00Z").due_at);
    assert_eq!(later.as_deref(), Some("2026-04-01T18:00:00Z"), "the closing of Friday fell into the wait");
}

#[test]
fn due_moves_while_the_ticket_waits_and_the_clock_stands() {
    let hour = policy(&format!("name = \"resolution\"\ntarget = {{ elapsed_s = 3600 }}\n{BOTH}"));
    let mut ticket = history("2026-03-02T09:00:00Z");
    ticket.waits = vec![wait("2026-03-02T09:30:00Z", None)];
    ticket.state = State::WaitingCitizen;
    let clock = resolution(&hour, &ticket, "2026-03-02T12:00:00Z");
    assert_eq!((clock.elapsed_s, clock.running, clock.breached_at), (1800, false, None));
    assert_eq!(text(clock.due_at).as_deref(), Some("2026-03-02T12:30:00Z"));
}

#[test]
fn a_clock_without_pauses_runs_on_while_the_ticket_waits() {
    let hour = policy("name = \"resolution\"\ntarget = { elapsed_s = 3600 }");
    let mut ticket = history("2026-03-02T09:00:00Z");
    ticket.waits = vec![wait("2026-03-02T09:30:00Z", None)];
    ticket.state = State::WaitingCitizen;
    let clock = resolution(&hour, &ticket, "2026-03-02T12:00:00Z");
    assert_eq!((clock.elapsed_s, clock.running), (10_800, true));
    assert_eq!(text(clock.breached_at).as_deref(), Some("2026-03-02T10:00:00Z"));
}

#[test]
fn stopping_exactly_when_due_is_in_time() {
    let hour = policy("name = \"resolution\"\ntarget = { elapsed_s = 3600 }");
    let mut ticket = history("2026-03-02T09:00:00Z");
    ticket.state = State::Resolved;
    for (resolved, late) in [("2026-03-02T10:00:00.9Z", false), ("2026-03-02T10:00:01Z", true)] {
        ticket.rounds[0].resolved_at = Some(at(resolved));
        assert_eq!(
            resolution(&hour, &ticket, "2026-05-02T09:00:00Z").breached_at.is_some(),
            late,
            "{resolved}"
        );
    }
}

#[test]
fn time_closed_between_rounds_counts_for_no_clock() {
    let days = policy("name = \"resolution\"\ntarget = { elapsed_s = 691200 }"); // 8 d
    let mut ticket = history("2026-10-01T08:00:00Z");
    let round =
        |from: &str, to| Round { started_at: at(from), resolved_at: to, closed_at: None, outcome: None };
    ticket.rounds = vec![
        round("2026-10-01T08:00:00Z", Some(at("2026-10-03T08:00:00Z"))),
        round("2026-10-05T08:00:00Z", Some(at("2026-10-10T08:00:00Z"))),
    ];
    ticket.state = State::Resolved;
    let clock = resolution(&days, &ticket, "2026-12-01T08:00:00Z");
    assert_eq!(clock.elapsed_s, 7 * 86_400);
    assert_eq!(text(clock.due_at).as_deref(), Some("2026-10-11T08:00:00Z"));
    let unanswered = readings(Some(&days), &ticket, &rome(), &office(), at("2026-12-01T08:00:00Z")).remove(0);
    assert_eq!((unanswered.elapsed_s, unanswered.stopped_at, unanswered.running), (7 * 86_400, None, false));
}

#[test]
fn cancelling_stops_every_clock() {
    let mut ticket = history("2026-03-02T09:00:00Z");
    ticket.cancelled_at = Some(at("2026-03-02T10:00:00Z"));
    ticket.state = State::Cancelled;
    for clock in readings(None, &ticket, &rome(), &office(), at("2026-03-03T09:00:00Z")) {
        assert_eq!((clock.elapsed_s, clock.running, clock.stopped_at), (3600, false, ticket.cancelled_at));
    }
}

/// Waits in minutes after the opening, overlapping as they like; the opening is near a clock change.
fn waits() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((0i64..4000, 0i64..1500).prop_map(|(from, length)| (from, from + length)), 0..5)
}
fn opening() -> impl Strategy<Value = Instant> {
    let changes = vec![at("2026-03-29T01:00:00Z"), at("2026-10-25T01:00:00Z")];
    (prop::sample::select(changes), -3000i64..1000)
        .prop_map(|(change, minutes)| change.plus_seconds(minutes * 60))
}
fn ticket_with(opened: Instant, waits: &[(i64, i64)]) -> History {
    let mut ticket = History::opened(opened, Level::I, None);
    let minute = |minutes: i64| opened.plus_seconds(minutes * 60);
    ticket.waits =
        waits.iter().map(|(from, to)| Interval { from: minute(*from), to: Some(minute(*to)) }).collect();
    ticket
}
/// The second implementation: looks at every minute from the opening on; which of them count.
fn counted(opened: Instant, waits: &[(i64, i64)], open_only: bool) -> impl Fn(&i64) -> bool {
    let (zone, calendar, waits) = (rome(), office(), waits.to_vec());
    move |minute| {
        let waiting = waits.iter().any(|(from, to)| from <= minute && minute < to);
        !waiting && (!open_only || calendar.is_open(&zone, opened.plus_seconds(minute * 60)))
    }
}
fn seconds_counted(opened: Instant, waits: &[(i64, i64)], until: i64, open_only: bool) -> i64 {
    60 * i64::try_from((0..until).filter(counted(opened, waits, open_only)).count()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn clocks_agree_with_counting_minutes_outside_the_union_of_waits(opened in opening(), waits in waits(), until in 0i64..6000) {
        let policy = policy(&format!("name = \"resolution\"\n{BOTH}"));
        let now = opened.plus_seconds(until * 60);
        let clock = readings(Some(&policy), &ticket_with(opened, &waits), &rome(), &office(), now).remove(1);
        prop_assert_eq!(clock.elapsed_s, seconds_counted(opened, &waits, until, false));
        prop_assert_eq!(clock.business_s, seconds_counted(opened, &waits, until, true));
    }

    #[test]
    fn a_target_in_seconds_is_due_when_that_much_has_been_counted(opened in opening(), waits in waits(), target in 1i64..4000, open_only: bool) {
        let measure = if open_only { "open_s" } else { "elapsed_s" };
        let policy = policy(&format!("name = \"resolution\"\ntarget = {{ {measure} = {} }}\n{BOTH}", target * 60));
        // Long after everything, so that the due instant is known whatever the waits were.
        let now = opened.plus_seconds(60 * 86_400);
        let clock = readings(Some(&policy), &ticket_with(opened, &waits), &rome(), &office(), now).remove(1);
        let due = clock.due_at.unwrap();
        let nth = (0..).filter(counted(opened, &waits, open_only)).nth(usize::try_from(target - 1).unwrap());
        prop_assert_eq!(due, opened.plus_seconds(60 * (nth.unwrap() + 1)));
        prop_assert_eq!(clock.breached_at, Some(due));
    }

    #[test]
    fn what_is_kept_of_a_clock_tells_the_same_breach_as_reading_it_at_any_later_moment(opened in opening(), waits in waits(), target in 1i64..4000, paused: bool, later in 0i64..9000) {
        let policy = policy(&format!("name = \"resolution\"\ntarget = {{ elapsed_s = {} }}\n{BOTH}", target * 60));
        let mut ticket = ticket_with(opened, &waits);
        let last = waits.iter().map(|(_, to)| *to).max().unwrap_or(0);
        if paused {
            ticket.waits.push(Interval { from: opened.plus_seconds(last * 60), to: None });
            ticket.state = State::WaitingCitizen;
        }
        let now = opened.plus_seconds((last + later) * 60);
        let read = readings(Some(&policy), &ticket, &rome(), &office(), now).remove(1);
        let stored = kept(Some(&policy), &ticket, &rome(), &office()).remove(1);
        prop_assert_eq!(stored.breached_at(now).is_some(), read.breached_at.is_some());
        if !paused {
            prop_assert_eq!(stored.due_at, read.due_at);
            prop_assert_eq!(next_due(&[stored], &ticket), read.due_at);
        } else if read.breached_at.is_none() {
            prop_assert_eq!(next_due(&[stored], &ticket), None);
        }
    }

    #[test]
    fn waiting_longer_never_makes_a_ticket_due_earlier(opened in opening(), waits in waits(), extra in 1i64..2000, days in 1u32..8) {
        let now = opened.plus_seconds(60 * 86_400);
        let longer: Vec<_> = waits.iter().map(|(from, to)| (*from, to + extra)).collect();
        for target in [format!("target = {{ working_days = {days} }}"), format!("target = {{ days = {days} }}"), format!("target = {{ elapsed_s = {} }}", days * 40_000)] {
            let policy = policy(&format!("name = \"resolution\"\n{target}\n{BOTH}"));
            let due = |waits: &[(i64, i64)]| {
                readings(Some(&policy), &ticket_with(opened, waits), &rome(), &office(), now).remove(1).due_at
            };
            prop_assert!(due(&waits) <= due(&longer));
        }
    }
}
