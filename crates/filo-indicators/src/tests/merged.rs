//! Merged tickets: their contacts count with the ticket that speaks for them, and nothing is lost from sight.

use filo_domain::vocabulary::{Channel, InteractionKind, Word};

use super::*;

/// A mail answered in its own ticket, and a submission that nobody answered; then the mail's ticket is merged.
fn world(merged: bool) -> World {
    let mut world = World::default();
    let mail = world.opening("10-05", Channel::Email, InteractionKind::Mail);
    let form = world.opening("10-06", Channel::Scrivi, InteractionKind::Submission);
    world.history(mail).responses.push(at("10-07"));
    resolve(world.history(mail), "10-08");
    if merged {
        let into = world.facts.tickets[form].id;
        world.facts.tickets[mail].merged_into = Some(into);
    }
    world
}

fn excluded(explanation: &Explanation) -> Vec<(&str, u64)> {
    explanation.excluded.iter().map(|it| (it.reason.as_str(), it.count)).collect()
}

#[test]
fn contacts_of_a_merged_ticket_count_with_the_one_that_speaks_for_it_and_totals_reconcile() {
    let (before, after) = (world(false).report("2026-10").blocks, world(true).report("2026-10").blocks);
    assert_eq!((before.unification.inbound, after.unification.inbound), (2, 2));
    assert_eq!((before.unification.registered, after.unification.registered), (2, 2));
    assert_eq!((before.response_rate.actionable, before.response_rate.answered), (2, 1));
    assert_eq!(
        (after.response_rate.actionable, after.response_rate.answered),
        (1, 1),
        "one request, answered"
    );
    let explained = world(true).explain("/response_rate/actionable", "2026-10");
    assert_eq!(excluded(&explained), [("merged", 1)], "1 request and 1 merged are the 2 of before");
    assert_eq!(explained.items.len(), 2);
    let form = row(&world(true).report("2026-10"), Channel::Scrivi).excluded.clone();
    assert_eq!((form[0].reason.as_str(), form[0].count), ("merged", 1));
}

#[test]
fn a_merged_ticket_is_left_out_of_counts_clocks_levels_and_backlog_and_stands_among_the_exclusions() {
    let report = world(true).report("2026-10");
    let mail = row(&report, Channel::Email);
    assert_eq!((mail.resolution.n, mail.response.n, mail.registered), (0, 0, 1));
    let levels = &report.blocks.levels;
    assert_eq!((levels.i.resolved, levels.i.open, levels.i.cancelled), (0, 1, 0));
    assert_eq!(report.blocks.backlog.open_at_end, 1);
    let flags: Vec<(&str, u64)> =
        report.blocks.data_quality.iter().map(|row| (row.flag.as_str(), row.count)).collect();
    assert_eq!(flags, [("merged", 1)]);
    let position = Channel::ALL.iter().position(|channel| *channel == Channel::Email).unwrap();
    for pointer in
        ["/levels/I/resolved", &format!("/channels/{position}/resolution/n"), "/scrivi/share_of_all_tickets"]
    {
        let explained = world(true).explain(pointer, "2026-10");
        assert_eq!(excluded(&explained), [("merged", 1)], "{pointer}");
        assert_eq!(
            explained.items.iter().filter(|item| item.reason == Some("merged")).count(),
            1,
            "{pointer}"
        );
    }
}

#[test]
fn a_chain_of_merges_counts_with_its_end_and_an_older_month_keeps_its_own_request() {
    let mut world = World::default();
    let first = world.opening("09-20", Channel::Email, InteractionKind::Mail);
    let second = world.opening("10-02", Channel::Email, InteractionKind::Mail);
    let third = world.opening("10-03", Channel::Email, InteractionKind::Mail);
    let ids: Vec<TicketId> = world.facts.tickets.iter().map(|ticket| ticket.id).collect();
    world.facts.tickets[first].merged_into = Some(ids[second]);
    world.facts.tickets[second].merged_into = Some(ids[third]);
    world.history(third).responses.push(at("10-04"));
    let rate = |month: &str| {
        let rate = world.report(month).blocks.response_rate;
        (rate.actionable, rate.answered)
    };
    assert_eq!(rate("2026-09"), (1, 1), "in September there was no other request to count with");
    assert_eq!(rate("2026-10"), (1, 1));
    assert_eq!(world.report("2026-10").blocks.backlog.open_at_end, 1);
}
