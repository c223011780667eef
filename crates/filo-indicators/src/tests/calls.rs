//! Calls by queue, theme and interval: one way of counting, and nothing lost between the rows.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    intervals::{Asked, By, IntervalTable, Part, table},
    report::CallFigures,
    rollup::{Filed, Rollup},
};

fn asked(from: (i8, i8), to: (i8, i8), step_minutes: i64) -> Asked {
    let day = |(month, day)| date(2026, month, day);
    Asked { from: day(from), to: day(to), step_minutes, by: By::Time, part: Part::default() }
}

fn intervals(world: &World, asked: &Asked) -> IntervalTable {
    let files = world.facts.tickets.iter().map(|ticket| (ticket.id, filed(ticket))).collect();
    let rollup = Rollup::of(&world.facts, &files, &milan(), &rome(), asked.from);
    table(&rollup, &milan(), asked, &rome(), at("12-31"))
}

fn filed(ticket: &TicketFact) -> Filed {
    Filed { theme: ticket.theme.clone(), kind: Some(ticket.kind), ..Filed::default() }
}

/// Offered, answered, abandoned, waits and the seconds waited, over rows.
fn sums<'a>(rows: impl Iterator<Item = &'a CallFigures>) -> (u64, u64, u64, u64, i64) {
    rows.fold((0, 0, 0, 0, 0), |sum, row| {
        let waited = row.mean_wait_s.unwrap_or_default() * row.waits as f64;
        let waited = waited.round() as i64;
        (sum.0 + row.offered, sum.1 + row.answered, sum.2 + row.abandoned, sum.3 + row.waits, sum.4 + waited)
    })
}

#[test]
fn the_hour_shown_twice_is_two_intervals_and_the_skipped_one_is_none() {
    let mut world = World::default();
    // 02:30 in summer time and, an hour later, 02:30 in winter time.
    for when in ["10-25 00:30:00", "10-25 01:30:00", "10-25 01:31:00"] {
        world.call(when, CallOutcome::Answered, Some(5));
    }
    let autumn = intervals(&world, &asked((10, 25), (10, 26), 60));
    assert_eq!(autumn.intervals.len(), 25);
    let twice: Vec<(String, u64)> = autumn
        .intervals
        .iter()
        .filter(|row| row.time == "02:00")
        .map(|row| (row.from.unwrap().to_string(), row.calls.offered))
        .collect();
    assert_eq!(twice, [("2026-10-25T00:00:00Z".to_owned(), 1), ("2026-10-25T01:00:00Z".to_owned(), 2)]);
    assert_eq!(autumn.totals.offered, 3);

    let spring = intervals(&World::default(), &asked((3, 29), (3, 30), 30));
    let times: Vec<&str> = spring.intervals.iter().map(|row| row.time.as_str()).collect();
    assert_eq!((times.len(), &times[3..5]), (46, &["01:30", "03:00"][..]));
    assert_eq!(intervals(&World::default(), &asked((10, 1), (10, 2), 15)).intervals.len(), 96);
}

#[test]
fn a_call_stands_where_it_came_and_a_wait_where_it_ended() {
    let mut world = World::default();
    world.call("10-01 07:59:50", CallOutcome::Answered, Some(20));
    world.call("10-01 21:59:50", CallOutcome::Abandoned, Some(30));
    let day = intervals(&world, &asked((10, 1), (10, 2), 60));
    let row = |time: &str| day.intervals.iter().find(|row| row.time == time).unwrap().calls.clone();
    assert_eq!((row("09:00").offered, row("09:00").waits, row("09:00").mean_wait_s), (1, 0, None));
    assert_eq!((row("10:00").offered, row("10:00").waits, row("10:00").mean_wait_s), (0, 1, Some(20.0)));
    assert_eq!(
        (day.totals.offered, day.totals.abandoned, day.totals.waits),
        (2, 1, 1),
        "the other ends tomorrow"
    );
    let next = intervals(&world, &asked((10, 2), (10, 3), 60));
    assert_eq!((next.totals.offered, next.totals.waits, next.totals.mean_wait_s), (0, 1, Some(30.0)));
}

#[test]
fn a_queue_or_a_theme_alone_has_the_same_calls_as_its_row_in_the_report() {
    let mut world = World::default();
    for (when, queue, ticket) in [
        ("10-05 08:00:00", Some("tari"), Some(1)),
        ("10-05 08:10:00", Some("tari"), None),
        ("10-06 08:00:00", Some("anagrafe"), Some(1)),
        ("10-07 08:00:00", None, Some(2)),
    ] {
        let call = world.call(when, CallOutcome::Answered, Some(7));
        (call.queue, call.ticket) = (queue.map(str::to_owned), ticket.map(ticket_id));
    }
    let tari = world.opening("10-05", Channel::Phone, InteractionKind::Call);
    world.facts.tickets[tari].theme = Some("tributi/tari".to_owned());
    world.opening("10-07", Channel::Phone, InteractionKind::Call);
    world.facts.interactions.clear();
    let phone = world.report("2026-10").blocks.phone;
    let queues: Vec<_> = phone.by_queue.iter().map(|row| (row.queue.as_str(), row.calls.offered)).collect();
    assert_eq!(queues, [("anagrafe", 1), ("tari", 2), ("no_queue", 1)]);
    let themes: Vec<_> = phone.by_theme.iter().map(|row| (row.theme.as_str(), row.calls.offered)).collect();
    assert_eq!(themes, [("tributi", 2), ("unclassified", 1), ("not_registered", 1)]);
    let month = |part| Asked { part, ..asked((10, 1), (11, 1), 60) };
    for row in &phone.by_queue {
        let one = intervals(&world, &month(Part { queue: Some(row.queue.clone()), ..Part::default() }));
        assert_eq!(one.totals, row.calls, "{}", row.queue);
    }
    for row in &phone.by_theme {
        let one = intervals(&world, &month(Part { theme: Some(row.theme.clone()), ..Part::default() }));
        assert_eq!(one.totals, row.calls, "{}", row.theme);
    }
    let part = intervals(&world, &month(Part { theme: Some("tributi/tari".to_owned()), ..Part::default() }));
    assert_eq!(part.totals.offered, 2);
    leaves::check_all(&world, "2026-10");
}

#[test]
fn hours_and_weekdays_are_those_of_the_city() {
    let mut world = World::default();
    // Monday 5 October, 00:30 in Rome, is Sunday in UTC.
    world.call("10-04 22:30:00", CallOutcome::Answered, Some(5));
    let phone = world.report("2026-10").blocks.phone;
    let hours = phone.intervals.unwrap();
    assert_eq!((hours.len(), hours[0].interval.as_str(), hours[0].weekday, hours[0].hour), (1, "1-00", 1, 0));
    assert_eq!(world.report("2026-11").comparison.previous_month.blocks.phone.intervals, None);
    let folded = intervals(&world, &Asked { by: By::Weekday, ..asked((10, 1), (11, 1), 30) });
    assert_eq!((folded.intervals.len(), &folded.intervals[1].calls.offered), (7 * 48, &1));
    assert_eq!((folded.intervals[1].weekday, folded.intervals[1].time.as_str()), (1, "00:30"));
    assert!(folded.definitions.iter().all(|it| !it.words.is_empty() && !it.formula.is_empty()));
}

const OUTCOMES: [CallOutcome; 4] =
    [CallOutcome::Answered, CallOutcome::Abandoned, CallOutcome::TimedOut, CallOutcome::Unknown];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_rows_of_every_table_add_up_to_the_phones_figures(
        // A day before the month to a day after it, with the night of the change of the clocks.
        calls in prop::collection::vec((-86_400..33 * 86_400i64, 0..4usize, 0..7_200i64, 0..4usize, 0..4u128), 0..60),
    ) {
        let mut world = World::default();
        let month = Period::parse_month("2026-10").unwrap();
        let (start, _) = month.bounds(&rome());
        for (offset, outcome, wait, queue, ticket) in calls {
            let outcome = OUTCOMES[outcome];
            let call = world.call("10-01", outcome, (outcome != CallOutcome::Unknown).then_some(wait));
            call.occurred_at = start.plus_seconds(offset);
            call.answered_at = (outcome == CallOutcome::Answered).then(|| call.occurred_at.plus_seconds(wait));
            call.queue = ["tari", "anagrafe", "sociale"].get(queue).map(|queue| (*queue).to_owned());
            call.ticket = (ticket > 0).then(|| ticket_id(ticket));
        }
        for theme in [Some("tributi/tari"), None] {
            let ticket = world.opening("10-01", Channel::Phone, InteractionKind::Call);
            world.facts.tickets[ticket].theme = theme.map(str::to_owned);
        }
        world.facts.interactions.clear();
        let phone = world.report("2026-10").blocks.phone;
        let whole = CallFigures {
            offered: phone.offered,
            answered: phone.answered,
            abandoned: phone.abandoned,
            waits: phone.waits,
            mean_wait_s: phone.mean_wait_s,
        };
        let expected = sums([&whole].into_iter());
        prop_assert_eq!(sums(phone.by_queue.iter().map(|row| &row.calls)), expected);
        prop_assert_eq!(sums(phone.by_theme.iter().map(|row| &row.calls)), expected);
        prop_assert_eq!(sums(phone.intervals.iter().flatten().map(|row| &row.calls)), expected);
        for step in [15, 30, 60] {
            for by in [By::Time, By::Weekday] {
                let cut = intervals(&world, &Asked { by, ..asked((10, 1), (11, 1), step) });
                prop_assert_eq!(&cut.totals, &whole);
                prop_assert_eq!(sums(cut.intervals.iter().map(|row| &row.calls)), expected);
            }
        }
    }
}
