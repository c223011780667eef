//! Rollups say what the facts say: of every day, of several together, of every interval and to the second.

use std::sync::LazyLock;

use filo_domain::vocabulary::Word;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::{
    intervals::{Asked, By, IntervalTable, table, table_of},
    number,
    rollup::{Group, Histogram, Quarters, Rollup, quarter_start},
};

/// One contact by chance: (second of the span, channel, outcome, wait, queue, ticket).
type Chance = (i64, usize, usize, i64, usize, u128);

/// Read once: there are many days.
static MILAN: LazyLock<Definitions> = LazyLock::new(milan);

/// A day before a month to a day after it.
const SPAN_S: std::ops::Range<i64> = -86_400..33 * 86_400;

fn chances() -> impl Strategy<Value = Vec<Chance>> {
    let channels = 0..2 * Channel::ALL.len();
    let outcomes = 0..CallOutcome::ALL.len();
    prop::collection::vec((SPAN_S, channels, outcomes, -5..7_200i64, 0..4usize, 0..3u128), 0..80)
}

/// Every second contact is a logged call.
fn world(chances: &[Chance], start: Instant) -> World {
    let mut world = World::default();
    for (offset, channel, outcome, wait, queue, ticket) in chances {
        let (occurred_at, ticket) = (start.plus_seconds(*offset), (*ticket > 0).then(|| ticket_id(*ticket)));
        if let Some(channel) = Channel::ALL.get(*channel) {
            let kind = InteractionKind::ALL[*channel as usize % InteractionKind::ALL.len()];
            let touch = world.touch("10-01", *channel, kind);
            (touch.occurred_at, touch.ticket) = (occurred_at, ticket);
            continue;
        }
        let outcome = CallOutcome::ALL[*outcome];
        let call = world.call("10-01", outcome, (wait % 7 > 0).then_some(*wait));
        (call.occurred_at, call.ticket) = (occurred_at, ticket);
        call.answered_at = call.answered_at.map(|_| occurred_at.plus_seconds(*wait));
        call.queue = ["tari", "anagrafe", ""].get(*queue).map(|queue| (*queue).to_owned());
    }
    world
}

fn days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(from), |day| day.tomorrow().ok()).take_while(move |day| *day < to)
}

/// The rollup of one local day out of its facts alone.
fn of_day(facts: &Facts, day: Date) -> Rollup {
    let mut own = facts.clone();
    own.calls.retain(|call| rome().day(call.occurred_at) == day);
    own.interactions.retain(|touch| rome().day(touch.occurred_at) == day);
    Rollup::of(&own, &MILAN, &rome(), day)
}

fn of_days(facts: &Facts, from: Date, to: Date) -> Rollup {
    let mut whole = Rollup::default();
    days(from, to).for_each(|day| whole.merge(of_day(facts, day)));
    whole
}

fn questions(from: Date, to: Date) -> Vec<Asked> {
    let mut questions = vec![];
    for (step_minutes, by) in
        [(15, By::Time), (30, By::Time), (60, By::Time), (15, By::Weekday), (60, By::Weekday)]
    {
        for queue in [None, Some("tari"), Some("no_queue"), Some("")] {
            for theme in [None, Some("not_registered")] {
                let (queue, theme) = (queue.map(str::to_owned), theme.map(str::to_owned));
                questions.push(Asked { from, to, step_minutes, by, queue, theme });
            }
        }
    }
    questions
}

/// Compares tables out of the facts with those out of the rollups of their days; all ask about the same days.
fn tables_agree(facts: &Facts, questions: &[Asked]) {
    let (from, to) = (questions[0].from, questions[0].to);
    let rollup = of_days(facts, from.yesterday().unwrap(), to);
    for asked in questions {
        assert!(asked.is_of_rollups());
        let expected = table(facts, &MILAN, asked, &rome(), at("12-31"));
        let found = table_of(&rollup, &MILAN, asked, &rome(), at("12-31"));
        let json = |table: &IntervalTable| serde_json::to_value(table).unwrap();
        assert_eq!(json(&found), json(&expected), "{asked:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn days_merged_are_the_span_counted_whole(chances in chances()) {
        let start = rome().day_start(date(2026, 10, 1));
        let facts = world(&chances, start).facts;
        let whole = Rollup::of(&facts, &MILAN, &rome(), date(2026, 10, 1));
        prop_assert_eq!(&of_days(&facts, date(2026, 9, 29), date(2026, 11, 4)), &whole);
        let contacts = facts.interactions.iter().filter(|touch| touch.is_contact()).count() + facts.calls.len();
        prop_assert_eq!(whole.contacts(), contacts as u64);
    }

    // A few of all questions to a case: each table out of facts reads the whole month.
    #[test]
    fn tables_from_rollups_are_those_from_facts_in_the_months_in_which_the_clocks_change(
        chances in chances(), picked in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
    ) {
        for month in [3, 10] {
            let facts = world(&chances, rome().day_start(date(2026, month, 1))).facts;
            let questions = questions(date(2026, month, 1), date(2026, month + 1, 1));
            let picked: Vec<Asked> = picked.iter().map(|index| index.get(&questions).clone()).collect();
            tables_agree(&facts, &picked);
        }
    }

    #[test]
    fn histograms_have_the_mean_and_the_percentiles_of_the_list(
        waits in prop::collection::vec(0..400i64, 0..60), cut in 0..60usize,
    ) {
        let (mut histogram, mut rest) = (Histogram::default(), Histogram::default());
        let cut = cut.min(waits.len());
        waits[..cut].iter().for_each(|wait| histogram.add(*wait));
        waits[cut..].iter().for_each(|wait| rest.add(*wait));
        histogram.merge(&rest);
        let mut sorted = waits.clone();
        sorted.sort_unstable();
        prop_assert_eq!(histogram.count(), waits.len() as u64);
        prop_assert_eq!(histogram.mean(), number::mean(&waits));
        for percent in [0, 50, 90, 100] {
            prop_assert_eq!(histogram.percentile(percent), number::percentile(&sorted, percent), "{}", percent);
        }
    }

    #[test]
    fn what_is_kept_reads_back(chances in chances()) {
        let rollup = Rollup::of(&world(&chances, at("10-01")).facts, &MILAN, &rome(), date(2026, 10, 1));
        let read = |(group, quarters): (&Group, &Quarters)| {
            let kept = serde_json::to_value(quarters).unwrap();
            (group.clone(), serde_json::from_value::<Quarters>(kept).unwrap())
        };
        prop_assert_eq!(&rollup.groups().map(read).collect::<Rollup>(), &rollup);
    }
}

#[test]
fn the_days_on_which_the_clocks_change_have_their_own_quarters() {
    let mut world = World::default();
    // 02:30 twice in autumn; 01:59 and, a minute later, 03:00 in spring; a wait past midnight.
    for when in ["10-25 00:30:00", "10-25 01:30:00", "10-25 22:59:00", "03-29 00:59:00", "03-29 01:00:00"] {
        world.call(when, CallOutcome::Answered, Some(120));
    }
    for day in [date(2026, 10, 25), date(2026, 10, 26), date(2026, 3, 29)] {
        tables_agree(&world.facts, &questions(day, day.tomorrow().unwrap()));
    }
    let autumn = of_day(&world.facts, date(2026, 10, 25));
    let quarters: Vec<(Instant, u64)> = autumn
        .groups()
        .flat_map(|(_, quarters)| quarters.iter().map(|(at, quarter)| (at, quarter.contacts)))
        .collect();
    let (first, second) = (quarter_start(at("10-25 00:30:00")), quarter_start(at("10-25 01:44:59")));
    assert_eq!(quarters[..2], [(first, 1), (second, 1)]);
    assert_eq!(quarters[3], (at("10-25 23:00:00"), 0), "the wait alone, in the quarter in which it ended");
}

#[test]
fn a_theme_is_more_than_rollups_know() {
    let mut asked = questions(date(2026, 10, 1), date(2026, 10, 2)).remove(0);
    for theme in ["tributi", "unclassified"] {
        asked.theme = Some(theme.to_owned());
        assert!(!asked.is_of_rollups(), "{theme}");
    }
}
