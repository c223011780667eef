use proptest::prelude::*;

use super::*;

const START: i64 = 1_774_700_000; // 2026-03-28T12:13:20Z, the day before the clocks change in Rome

fn second(seconds: i64) -> Instant {
    Instant::from_seconds(START + seconds)
}
/// With a fraction, to see that every bound is floored.
fn instant(seconds: i64, micros: i64) -> Instant {
    Instant::from_micros(second(seconds).micros() + micros)
}

fn history() -> History {
    History::opened(second(0), Level::I, None)
}
fn round(from: i64, to: Option<i64>) -> Round {
    Round { started_at: second(from), resolved_at: to.map(second), closed_at: None, outcome: None }
}

#[test]
fn a_reopened_ticket_has_two_rounds_and_a_gap_that_is_nobodys() {
    let mut ticket = history();
    ticket.rounds = vec![round(0, Some(100)), round(150, None)];
    assert_eq!(
        (ticket.reopened(), ticket.first_resolved_at(), ticket.final_resolved_at()),
        (1, Some(second(100)), None)
    );
    assert_eq!(ticket.closed_gaps(), [Interval { from: second(100), to: Some(second(150)) }]);
    assert_eq!(ticket.elapsed_s(second(0), second(200)), 150);
    assert_eq!([0, 99, 100, 149, 150].map(|at| ticket.open_at(second(at))), [true, true, false, false, true]);
}

#[test]
fn a_cancelled_ticket_is_open_until_then() {
    let mut ticket = history();
    ticket.cancelled_at = Some(second(60));
    assert_eq!([-1, 0, 59, 60].map(|at| ticket.open_at(second(at))), [false, true, true, false]);
}

#[test]
fn only_a_closed_last_round_confirms_a_resolution() {
    let mut ticket = history();
    ticket.rounds = vec![round(0, Some(100))];
    assert_eq!((ticket.confirmed_at(), ticket.closed_at()), (None, None));
    ticket.rounds[0].closed_at = Some(second(500));
    assert_eq!((ticket.confirmed_at(), ticket.closed_at()), (Some(second(100)), Some(second(500))));
    ticket.rounds.push(round(600, None));
    assert_eq!((ticket.confirmed_at(), ticket.closed_at()), (None, None));
}

/// Intervals in seconds after [`START`], overlapping, empty and backward ones included; some still last.
fn gaps() -> impl Strategy<Value = Vec<(i64, Option<i64>)>> {
    prop::collection::vec((-300i64..900, prop::option::weighted(0.8, -300i64..900)), 0..6)
}
fn intervals(gaps: &[(i64, Option<i64>)], micros: i64) -> Vec<Interval> {
    gaps.iter()
        .map(|(from, to)| Interval { from: instant(*from, micros), to: to.map(|to| instant(to, micros)) })
        .collect()
}
fn is_out(gaps: &[(i64, Option<i64>)], at: i64) -> bool {
    gaps.iter().any(|(from, to)| *from <= at && to.is_none_or(|to| at < to))
}
/// The second implementation: asks every second whether it lies in a gap.
fn seconds_outside(gaps: &[(i64, Option<i64>)], from: i64, to: i64) -> i64 {
    i64::try_from((from..to).filter(|at| !is_out(gaps, *at)).count()).unwrap()
}

/// Resolutions and reopenings in order: lengths of being open and being closed by turns.
fn lives() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(0i64..120, 0..8)
}
fn ticket_of(lives: &[i64]) -> History {
    let mut ticket = history();
    let mut at = 0;
    for (turn, length) in lives.iter().enumerate() {
        at += length;
        if turn % 2 == 0 {
            ticket.rounds.last_mut().unwrap().resolved_at = Some(second(at));
        } else {
            ticket.rounds.push(round(at, None));
        }
    }
    ticket
}
/// Whether a ticket of these lives is open in a second, by walking them.
fn is_open(lives: &[i64], at: i64) -> bool {
    let changes = lives.iter().scan(0, |sum, length| {
        *sum += length;
        Some(*sum)
    });
    at >= 0 && changes.filter(|change| *change <= at).count() % 2 == 0
}

proptest! {
    #[test]
    fn counted_seconds_agree_with_asking_every_second(gaps in gaps(), from in -200i64..400, span in -50i64..700, micros in 0i64..1_000_000) {
        let measured = counted_s(instant(from, micros), instant(from + span, micros), &intervals(&gaps, micros));
        prop_assert_eq!(measured, seconds_outside(&gaps, from, from + span));
    }

    #[test]
    fn the_remaining_parts_are_in_order_apart_and_outside_every_gap(gaps in gaps(), from in -200i64..400, span in 0i64..700) {
        let parts = remaining(second(from), second(from + span), &intervals(&gaps, 0));
        prop_assert!(parts.iter().all(|(start, end)| start < end));
        prop_assert!(parts.iter().zip(parts.iter().skip(1)).all(|(before, after)| before.1 < after.0));
        for at in from..from + span {
            let inside = parts.iter().any(|(start, end)| *start <= second(at) && second(at) < *end);
            prop_assert_eq!(inside, !is_out(&gaps, at));
        }
    }

    #[test]
    fn being_open_agrees_with_walking_the_rounds(lives in lives(), at in -10i64..1000) {
        prop_assert_eq!(ticket_of(&lives).open_at(second(at)), is_open(&lives, at));
    }

    #[test]
    fn elapsed_seconds_are_those_in_which_the_ticket_was_open(lives in lives(), to in 0i64..1000) {
        // After the last resolution the clock is not asked: it has stopped.
        let ticket = ticket_of(&lives);
        let to = ticket.final_resolved_at().map_or(to, |end| to.min(end.seconds() - START));
        let open = (0..to).filter(|at| is_open(&lives, *at)).count();
        prop_assert_eq!(ticket.elapsed_s(second(0), second(to)), i64::try_from(open).unwrap());
    }

    #[test]
    fn net_seconds_leave_out_the_union_of_waits_and_closed_time(lives in lives(), gaps in gaps(), to in 0i64..900) {
        let mut ticket = ticket_of(&lives);
        ticket.waits = intervals(&gaps, 0);
        let to = ticket.final_resolved_at().map_or(to, |end| to.min(end.seconds() - START));
        let net = (0..to).filter(|at| is_open(&lives, *at) && !is_out(&gaps, *at)).count();
        prop_assert_eq!(ticket.net_s(second(0), second(to)), i64::try_from(net).unwrap());
    }

    #[test]
    fn business_seconds_agree_with_asking_every_minute_over_the_clock_change(
        gaps in prop::collection::vec((0i64..3000, 0i64..600), 0..4), from in 0i64..2000, span in 0i64..3000
    ) {
        // Minutes around the night of 29 March 2026, whose hour from 2 to 3 does not exist in Rome.
        let zone = CityZone::parse("Europe/Rome").unwrap();
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| format!("{day} = [\"01:30-03:30\", \"08:00-20:00\"]"));
        let calendar: Calendar = toml::from_str(&format!("[weekly]\n{}", days.join("\n"))).unwrap();
        let minute = |minute: i64| Instant::from_seconds(START - START % 60 + minute * 60);
        let out: Vec<_> = gaps.iter().map(|(at, length)| Interval { from: minute(*at), to: Some(minute(at + length)) }).collect();
        let counts = |at: &i64| {
            let waiting = gaps.iter().any(|(from, length)| from <= at && *at < from + length);
            !waiting && calendar.is_open(&zone, minute(*at))
        };
        let expected = 60 * i64::try_from((from..from + span).filter(counts).count()).unwrap();
        prop_assert_eq!(business_s(&zone, &calendar, minute(from), minute(from + span), &out), expected);
    }
}
