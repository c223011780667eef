//! Promised call-backs: what of them is counted, and in which month.

use super::*;
use crate::figure::{ItemKind, Part};

fn attempt(reached: bool) -> Step {
    Step::Attempted { reached, reason: None }
}

/// Two kept, one missed, one reached late, one cancelled, one whose window ends in the next month.
pub(super) fn promises(world: &mut World) {
    world.promise("10-05 10:00:00", &[("10-05 08:30:00", attempt(false)), ("10-05 09:59:59", attempt(true))]);
    world.promise("10-06 10:00:00", &[("10-06 07:00:00", attempt(true))]);
    world.promise("10-07 10:00:00", &[("10-07 09:00:00", attempt(false))]);
    world.promise("10-08 10:00:00", &[("10-08 10:00:00", attempt(true))]);
    world.promise("10-09 10:00:00", &[("10-08 15:00:00", Step::Cancelled)]);
    // 23:30 of 31 October in UTC is November in Rome.
    world.promise("10-31 23:30:00", &[("10-31 23:00:00", attempt(true))]);
}

#[test]
fn promises_count_in_the_month_in_which_their_window_ends() {
    let mut world = World::default();
    promises(&mut world);
    let october = world.report("2026-10").blocks.callbacks;
    assert_eq!((october.promised, october.kept, october.missed), (5, 2, 2));
    assert_eq!((october.pending, october.cancelled, october.attempts, october.reached_late), (0, 1, 5, 1));
    assert_eq!(october.kept_share, Some(0.5));
    let november = world.report("2026-11").blocks.callbacks;
    assert_eq!((november.promised, november.kept, november.kept_share), (1, 1, Some(1.0)));
    assert_eq!(world.report("2026-11").comparison.previous_month.blocks.callbacks, october);
    assert_eq!(world.report("2026-11").year_to_date.blocks.callbacks.promised, 6);
}

#[test]
fn what_is_not_due_yet_is_pending_and_no_part_of_the_share() {
    let mut world = World::default();
    promises(&mut world);
    let early = world.report_as_of("2026-10", at("10-07 09:30:00")).blocks.callbacks;
    assert_eq!((early.promised, early.missed, early.kept), (5, 0, 2));
    assert_eq!((early.pending, early.cancelled, early.kept_share), (2, 1, Some(1.0)));
    let none = World::default().report("2026-10").blocks.callbacks;
    assert_eq!((none.promised, none.kept_share), (0, None));
}

#[test]
fn the_share_leads_to_the_call_backs_behind_it() {
    let mut world = World::default();
    promises(&mut world);
    let share = world.explain("/callbacks/kept_share", "2026-10");
    let part = |part: Part| share.items.iter().filter(|item| item.counted_in == part).count();
    assert_eq!((part(Part::Numerator), part(Part::DenominatorOnly), part(Part::Excluded)), (2, 2, 1));
    assert!(share.items.iter().all(|item| item.kind == ItemKind::Callback && item.channel == Channel::Phone));
    assert_eq!(share.excluded[0].reason, "cancelled");
    assert_eq!(world.explain("/callbacks/attempts", "2026-10").items.len(), 5);
    leaves::check_all(&world, "2026-10");
}

#[test]
fn the_inputs_are_others_when_a_promise_is_and_the_same_in_any_order() {
    let mut world = World::default();
    let without = world.report("2026-10").inputs_sha256;
    promises(&mut world);
    let with = world.report("2026-10").inputs_sha256;
    assert_ne!(with, without);
    world.facts.callbacks.reverse();
    assert_eq!(world.report("2026-10").inputs_sha256, with);
}

#[test]
fn a_report_from_before_call_backs_were_counted_reads_back() {
    let mut report = serde_json::to_value(World::default().report("2026-10")).unwrap();
    let block = report["callbacks"].as_object_mut().unwrap();
    block.retain(|key, _| ["promised", "kept", "missed", "kept_share"].contains(&key.as_str()));
    let read: MonthlyReport = serde_json::from_value(report).unwrap();
    assert_eq!((read.blocks.callbacks.promised, read.blocks.callbacks.attempts), (0, 0));
}
