//! Rollups say what the facts say: of every day, of several together, of every interval and to the second.

use std::{collections::BTreeSet, sync::LazyLock};

use filo_domain::vocabulary::{Level, Word};
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::{
    intervals::{Asked, By, IntervalTable, Part, table},
    number,
    report::CallFigures,
    rollup::{Filed, Files, Group, Histogram, Quarters, Rollup, quarter_start},
    view::{Contact, View},
};

/// One contact by chance: (second of the span, channel, outcome, wait, queue, ticket).
type Chance = (i64, usize, usize, i64, usize, u128);

/// Read once: there are many days.
static MILAN: LazyLock<Definitions> = LazyLock::new(milan);

/// Two tickets: one of which everything is known, one that nobody has classified.
static FILES: LazyLock<Files> = LazyLock::new(|| {
    let classified = Filed {
        theme: Some("tributi/tari".to_owned()),
        kind: Some(Kind::Assistance),
        unit: Some("tributi".to_owned()),
        level: Some(Level::II),
        municipio: Some(7),
        tags: vec!["tari-2026".to_owned(), "urgente".to_owned()],
    };
    let bare = Filed { kind: Some(Kind::Information), level: Some(Level::I), ..Filed::default() };
    Files::from([(ticket_id(1), classified), (ticket_id(2), bare)])
});

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
    Rollup::of(&own, &FILES, &MILAN, &rome(), day)
}

fn of_days(facts: &Facts, from: Date, to: Date) -> Rollup {
    let mut whole = Rollup::default();
    days(from, to).for_each(|day| whole.merge(of_day(facts, day)));
    whole
}

fn questions(from: Date, to: Date) -> Vec<Asked> {
    let theme = |theme: &str| Part { theme: Some(theme.to_owned()), ..Part::default() };
    let queue = |queue: &str| Part { queue: Some(queue.to_owned()), ..Part::default() };
    let tag = |level| Part { tag: Some("tari-2026".to_owned()), level: Some(level), ..Part::default() };
    let parts = [
        Part::default(),
        queue("tari"),
        queue("no_queue"),
        queue(""),
        theme("not_registered"),
        theme("unclassified"),
        theme("tributi"),
        theme("tributi/tari"),
        theme("trib"),
        Part { kind: Some(Kind::Assistance), ..Part::default() },
        Part { unit: Some("tributi".to_owned()), ..Part::default() },
        Part { level: Some(Level::I), ..Part::default() },
        Part { municipio: Some(7), ..Part::default() },
        tag(Level::II),
        tag(Level::I),
    ];
    let cuts = [(15, By::Time), (30, By::Time), (60, By::Time), (15, By::Weekday), (60, By::Weekday)];
    let cut = |(step_minutes, by)| parts.clone().map(|part| Asked { from, to, step_minutes, by, part });
    cuts.into_iter().flat_map(cut).collect()
}

/// Whether a contact is asked for, by the ticket that it belongs to.
fn admits(asked: &Part, contact: &Contact) -> bool {
    let filed = contact.ticket.map(|ticket| &FILES[&ticket]);
    let theme = |wanted: &str| match (wanted, filed) {
        ("not_registered", filed) => filed.is_none(),
        ("unclassified", filed) => filed.is_some_and(|filed| filed.theme.is_none()),
        (wanted, filed) => {
            let own = filed.and_then(|filed| filed.theme.as_deref());
            own.is_some_and(|own| own == wanted || own.starts_with(&format!("{wanted}/")))
        }
    };
    asked.queue.as_deref().is_none_or(|queue| contact.queue.unwrap_or("no_queue") == queue)
        && asked.theme.as_deref().is_none_or(theme)
        && (asked.kind.is_none() || filed.is_some_and(|filed| filed.kind == asked.kind))
        && (asked.unit.is_none() || filed.is_some_and(|filed| filed.unit == asked.unit))
        && (asked.level.is_none() || filed.is_some_and(|filed| filed.level == asked.level))
        && (asked.municipio.is_none() || filed.is_some_and(|filed| filed.municipio == asked.municipio))
        && asked.tag.as_ref().is_none_or(|tag| filed.is_some_and(|filed| filed.tags.contains(tag)))
}

/// What these calls and waits say.
fn counted(offered: &[&Contact], waits: &[i64]) -> CallFigures {
    let ended = |how| offered.iter().filter(|call| call.is(how)).count() as u64;
    CallFigures {
        offered: offered.len() as u64,
        answered: ended(CallOutcome::Answered),
        abandoned: ended(CallOutcome::Abandoned),
        waits: waits.len() as u64,
        mean_wait_s: number::mean(waits),
    }
}

/// The row of an instant of the span, by what the row says of itself.
fn row_of(table: &IntervalTable, step_minutes: i64, at: Instant) -> usize {
    let local = rome().local(at);
    let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
    let place = match table.by {
        By::Time => table.intervals.partition_point(|row| row.from <= Some(at)) - 1,
        By::Weekday => {
            let days = i64::from(local.weekday().to_monday_zero_offset());
            ((days * 1_440 + minute) / step_minutes) as usize
        }
    };
    let (row, begins) = (&table.intervals[place], minute - minute % step_minutes);
    assert!(row.from.is_none_or(|from| from <= at) && row.to.is_none_or(|to| at < to), "{at}: {row:?}");
    assert_eq!(row.weekday, local.weekday().to_monday_one_offset(), "{at}");
    assert_eq!(row.time, format!("{:02}:{:02}", begins / 60, begins % 60), "{at}");
    place
}

/// Compares tables out of the rollups of days with what the contacts themselves say; all ask about the same days.
fn tables_agree(facts: &Facts, questions: &[Asked]) {
    let (from, to) = (questions[0].from, questions[0].to);
    let rollup = of_days(facts, from.yesterday().unwrap(), to);
    let span = rome().day_start(from)..rome().day_start(to);
    let rules = &MILAN.set(Period::month_of(from)).report;
    let (zone, as_of) = (rome(), at("12-31"));
    let view = View::new(facts, rules, &zone, as_of);
    for asked in questions {
        let found = table(&rollup, &MILAN, asked, &zone, as_of);
        whole(&found, asked);
        let calls = || view.contacts.iter().filter(|it| it.call.is_some() && admits(&asked.part, it));
        let offered: Vec<&Contact> = calls().filter(|call| span.contains(&call.at)).collect();
        let waits = calls().filter_map(|call| call.waited()).filter(|(stop, _)| span.contains(stop));
        let waits: Vec<(Instant, i64)> = waits.map(|(stop, wait)| (stop, wait.max(0))).collect();
        let all: Vec<i64> = waits.iter().map(|(_, wait)| *wait).collect();
        assert_eq!(found.totals, counted(&offered, &all), "{asked:?}");
        let mut rows = vec![(vec![], vec![]); found.intervals.len()];
        offered.iter().for_each(|call| rows[row_of(&found, asked.step_minutes, call.at)].0.push(*call));
        waits.iter().for_each(|(at, wait)| rows[row_of(&found, asked.step_minutes, *at)].1.push(*wait));
        for (row, (offered, waits)) in found.intervals.iter().zip(&rows) {
            assert_eq!(row.calls, counted(offered, waits), "{asked:?}: {row:?}");
        }
    }
}

/// The intervals of a table follow upon each other from its first instant to its last; of a week each time is there once.
fn whole(table: &IntervalTable, asked: &Asked) {
    match asked.by {
        By::Time => {
            let ends = table.intervals.iter().map(|row| row.to);
            let starts = table.intervals.iter().map(|row| row.from).chain([Some(table.to)]);
            assert!(starts.eq(std::iter::once(Some(table.from)).chain(ends)), "{asked:?}");
        }
        By::Weekday => {
            let times: BTreeSet<_> = table.intervals.iter().map(|row| (row.weekday, &row.time)).collect();
            assert_eq!(times.len() as i64, 7 * 1_440 / asked.step_minutes, "{asked:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn days_merged_are_the_span_counted_whole(chances in chances()) {
        let start = rome().day_start(date(2026, 10, 1));
        let facts = world(&chances, start).facts;
        let whole = Rollup::of(&facts, &FILES, &MILAN, &rome(), date(2026, 10, 1));
        prop_assert_eq!(&of_days(&facts, date(2026, 9, 29), date(2026, 11, 4)), &whole);
        let contacts = facts.interactions.iter().filter(|touch| touch.is_contact()).count() + facts.calls.len();
        prop_assert_eq!(whole.contacts(), contacts as u64);
    }

    // A few of all questions to a case.
    #[test]
    fn tables_from_rollups_are_those_from_contacts_in_the_months_in_which_the_clocks_change(
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
        let rollup = Rollup::of(&world(&chances, at("10-01")).facts, &FILES, &MILAN, &rome(), date(2026, 10, 1));
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
