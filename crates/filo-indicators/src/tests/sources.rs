//! Whether every source was heard: the silent ones are seen, and what came late.

use super::*;
use crate::report::SourceRow;

fn row(world: &World, month: &str, source: &str) -> SourceRow {
    let rows = world.report(month).blocks.sources;
    rows.into_iter().find(|row| row.source == source).unwrap()
}

#[test]
fn a_source_without_a_contact_is_a_row_of_zeros() {
    let mut world = World::default();
    world.facts.sources.insert("urp".to_owned(), Channel::Email);
    world.call("10-05 08:00:00", CallOutcome::Answered, Some(5));
    let silent = row(&world, "2026-10", "urp");
    assert_eq!((silent.contacts, silent.days_heard, silent.late), (0, 0, 0));
    assert_eq!(
        row(&world, "2026-10", "pbx").contacts,
        1,
        "a source that the city no longer has is a row, too"
    );
}

#[test]
fn days_are_local_and_count_once_and_late_is_after_the_end_of_the_month() {
    let mut world = World::default();
    world.call("10-04 22:30:00", CallOutcome::Answered, Some(5));
    world.call("10-05 09:00:00", CallOutcome::Abandoned, Some(50));
    world.call("10-31 22:59:59", CallOutcome::Answered, Some(5)).recorded_at = at("10-31 23:00:00");
    // In Rome it is November already.
    world.call("10-31 23:00:00", CallOutcome::Answered, Some(5)).recorded_at = at("11-04 08:00:00");
    let october = row(&world, "2026-10", "pbx");
    assert_eq!((october.contacts, october.days_heard, october.late), (3, 2, 1));
    let november = row(&world, "2026-11", "pbx");
    assert_eq!((november.contacts, november.days_heard, november.late), (1, 1, 0));
}
