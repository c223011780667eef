//! Who gave up on the phone and came back.

use proptest::prelude::*;

use super::*;
use crate::{figure::Part, report::CameBack};

fn gave_up(world: &mut World, when: &str, who: u128) {
    world.call(when, CallOutcome::Abandoned, Some(40)).person = (who > 0).then(|| person(who));
}

fn came_back(world: &World) -> CameBack {
    world.report("2026-10").blocks.phone.abandoned_came_back
}

/// One calls again and is answered, one calls again and gives up again, one writes, one does nothing, one hides.
fn five() -> World {
    let mut world = World::default();
    for who in 0..5 {
        gave_up(&mut world, &format!("10-05 09:0{who}:00"), who);
    }
    world.call("10-12 09:01:00", CallOutcome::Answered, Some(3)).person = Some(person(1));
    gave_up(&mut world, "10-06 09:00:00", 2);
    world.touch("10-07 09:00:00", Channel::Email, InteractionKind::Mail).person = Some(person(3));
    world
}

#[test]
fn who_gave_up_called_again_was_answered_wrote_or_never_came_back() {
    let world = five();
    let found = came_back(&world);
    assert_eq!((found.abandoned, found.identified, found.withheld), (6, 5, 1));
    assert_eq!(found.coverage, Some(5.0 / 6.0));
    assert_eq!((found.called_again, found.answered, found.wrote), (2, 1, 1));
    assert_eq!((found.called_again_share, found.answered_share), (Some(0.4), Some(0.5)));
    // The second call of who gave up twice has no sequel of its own.
    assert_eq!((found.never, found.never_share, found.window_open), (2, Some(0.4), 0));
    leaves::check_all(&world, "2026-10");
}

#[test]
fn the_window_ends_with_its_last_second() {
    let mut world = World::default();
    gave_up(&mut world, "10-05 09:00:00", 1);
    world.call("10-12 09:00:00", CallOutcome::Answered, Some(3)).person = Some(person(1));
    assert_eq!(came_back(&world).called_again, 1);
    world.facts.calls[1].occurred_at = at("10-12 09:00:01");
    assert_eq!((came_back(&world).called_again, came_back(&world).never), (0, 1));
}

#[test]
fn somebody_may_come_back_after_the_month_and_is_not_lost_while_the_window_is_open() {
    let mut world = World::default();
    gave_up(&mut world, "10-31 09:00:00", 1);
    gave_up(&mut world, "10-31 10:00:00", 2);
    let early = world.report_as_of("2026-10", at("11-02")).blocks.phone.abandoned_came_back;
    assert_eq!((early.window_open, early.never, early.called_again_share), (2, 0, None));
    let back = |number: u128, channel| ReturnFact {
        source: "urp".to_owned(),
        external_id: format!("x{number}"),
        occurred_at: at("11-03"),
        person: person(number),
        channel,
        answered: channel == Channel::Phone,
    };
    let before = world.report("2026-10").inputs_sha256;
    world.facts.after = vec![back(1, Channel::Phone), back(2, Channel::Email)];
    let later = world.report_as_of("2026-10", at("11-04")).blocks.phone.abandoned_came_back;
    assert_eq!((later.window_open, later.called_again, later.answered, later.wrote), (0, 1, 1, 1));
    assert_ne!(world.report("2026-10").inputs_sha256, before, "what comes after is an input too");
    world.facts.after.reverse();
    assert_eq!(world.report_as_of("2026-10", at("11-04")).blocks.phone.abandoned_came_back, later);
}

#[test]
fn the_share_leads_to_every_part_of_its_denominator() {
    let world = five();
    let share = world.explain("/phone/abandoned_came_back/called_again_share", "2026-10");
    let part = |part: Part| share.items.iter().filter(|item| item.counted_in == part).count();
    assert_eq!((part(Part::Numerator), part(Part::DenominatorOnly), part(Part::Excluded)), (2, 3, 1));
    assert_eq!((share.excluded[0].reason.as_str(), share.numerator, share.denominator), ("withheld", 2, 5));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_abandoned_call_is_in_one_place(
        calls in prop::collection::vec((0..45 * 86_400i64, any::<bool>(), 0..4u128), 0..40),
        mails in prop::collection::vec((0..45 * 86_400i64, 1..4u128), 0..10),
        known_s in 0..60 * 86_400i64,
    ) {
        let mut world = World::default();
        let (start, end) = Period::parse_month("2026-10").unwrap().bounds(&rome());
        for (offset, answered, who) in calls {
            let outcome = if answered { CallOutcome::Answered } else { CallOutcome::Abandoned };
            let call = world.call("10-01", outcome, Some(9));
            (call.occurred_at, call.person) = (start.plus_seconds(offset), (who > 0).then(|| person(who)));
        }
        for (offset, who) in mails {
            let mail = world.touch("10-01", Channel::Email, InteractionKind::Mail);
            (mail.occurred_at, mail.person) = (start.plus_seconds(offset), Some(person(who)));
        }
        let whole = world.report_as_of("2026-10", start.plus_seconds(known_s)).blocks.phone.abandoned_came_back;
        prop_assert_eq!(whole.abandoned, whole.identified + whole.withheld);
        prop_assert!(whole.answered <= whole.called_again);
        prop_assert!(whole.called_again + whole.wrote + whole.never + whole.window_open >= whole.identified);
        prop_assert!(whole.never + whole.window_open <= whole.identified);
        // The same, with what lies behind the month handed over apart, as the loader does.
        let mut split = World { facts: world.facts.clone(), ..World::default() };
        split.facts.calls.retain(|call| call.occurred_at < end);
        split.facts.interactions.retain(|mail| mail.occurred_at < end);
        let late = world.facts.calls.iter().filter(|call| call.occurred_at >= end);
        let late = late.filter_map(|call| Some(ReturnFact {
            source: call.source.clone(),
            external_id: call.external_id.clone(),
            occurred_at: call.occurred_at,
            person: call.person?,
            channel: Channel::Phone,
            answered: call.outcome == CallOutcome::Answered,
        }));
        split.facts.after.extend(late);
        let late = world.facts.interactions.iter().filter(|mail| mail.occurred_at >= end);
        let late = late.filter_map(|mail| Some(ReturnFact {
            source: mail.source.clone(),
            external_id: mail.external_id.clone(),
            occurred_at: mail.occurred_at,
            person: mail.person?,
            channel: mail.channel,
            answered: false,
        }));
        split.facts.after.extend(late);
        let apart = split.report_as_of("2026-10", start.plus_seconds(known_s)).blocks.phone.abandoned_came_back;
        prop_assert_eq!(apart, whole);
    }
}
