//! What holds of any facts.

use filo_domain::vocabulary::Word;
use proptest::prelude::*;

use super::*;

/// One contact by chance: (second of the year's last 100 days, channel, kind, person, ticket, thread, reason).
type Chance = (i64, usize, usize, u8, u8, u8, u8);
/// One ticket by chance: (opening, channel, step to each of five instants, theme, unit, end).
type TicketChance = (i64, usize, [i64; 5], u8, u8, u8);

const START: &str = "09-01 00:00:00";
const SPAN_S: i64 = 90 * 86_400;

fn world(contacts: &[Chance], tickets: &[TicketChance]) -> World {
    let mut world = World::default();
    for chance in tickets {
        add_ticket(&mut world, chance);
    }
    for chance in contacts {
        add_contact(&mut world, chance, tickets.len());
    }
    world
}

fn add_ticket(world: &mut World, (offset, channel, steps, theme, unit, end): &TicketChance) {
    let index = world.opening("10-01", Channel::ALL[*channel], InteractionKind::Mail);
    world.facts.interactions.pop();
    let opened = at(START).plus_seconds(*offset);
    let mut history = History::opened(opened, Level::I, (*unit > 0).then(|| format!("u{unit}")));
    let after = |count: usize| opened.plus_seconds(steps.iter().take(count).sum());
    history.charged_at = (*end % 2 == 0).then(|| after(1));
    history.responses = if *end % 3 == 0 { vec![after(1), after(3)] } else { Vec::new() };
    history.escalated_at = (*end % 5 == 0).then(|| after(2));
    history.ratings = if *end % 7 == 0 { vec![1, end % 5 + 1] } else { Vec::new() };
    match end % 6 {
        0 => {}
        1 => (history.cancelled_at, history.state) = (Some(after(3)), State::Cancelled),
        2 => history.state = State::Closed, // resolved without a duration
        more => {
            let round = &mut history.rounds[0];
            round.resolved_at = Some(after(3));
            history.state = State::Resolved;
            if more > 3 {
                history.rounds.push(Round {
                    started_at: after(4),
                    resolved_at: (more == 5).then(|| after(5)),
                    closed_at: (more == 5).then(|| after(5).plus_seconds(60)),
                    outcome: None,
                });
                history.state = if more == 5 { State::Closed } else { State::New };
            }
        }
    }
    let ticket = &mut world.facts.tickets[index];
    ticket.history = history;
    ticket.theme = (*theme > 0).then(|| format!("theme{theme}/below"));
    ticket.matter = (*theme > 2).then(|| MatterId::from_uuid(uuid(4, u128::from(*theme))));
    // Merged tickets point back, so that no chain is a circle.
    let before = ticket_id(index as u128);
    ticket.merged_into = (*unit == 3 && index > 0).then_some(before);
    ticket.flags = if *unit == 1 { vec!["call_missing".to_owned()] } else { Vec::new() };
}

fn add_contact(world: &mut World, chance: &Chance, tickets: usize) {
    let (offset, channel, kind, who, ticket, thread, reason) = *chance;
    let occurred_at = at(START).plus_seconds(offset);
    let person = (who > 0).then(|| person(who.into()));
    let ticket = (tickets > 0 && ticket > 2).then(|| ticket_id(u128::from(ticket) % tickets as u128 + 1));
    if Channel::ALL[channel] == Channel::Phone && reason > 0 {
        let outcome = CallOutcome::ALL[kind % CallOutcome::ALL.len()];
        let call = world.call("10-01", outcome, (reason % 4 > 0).then_some(i64::from(reason)));
        (call.occurred_at, call.person, call.ticket) = (occurred_at, person, ticket);
        call.answered_at = call
            .wait_s
            .filter(|_| outcome == CallOutcome::Answered)
            .map(|wait| occurred_at.plus_seconds(wait));
        return;
    }
    let touch = world.touch("10-01", Channel::ALL[channel], InteractionKind::ALL[kind]);
    (touch.occurred_at, touch.person, touch.ticket) = (occurred_at, person, ticket);
    touch.thread = (thread > 0).then(|| format!("t{thread}"));
    touch.direction = Direction::ALL[usize::from(who % 4 == 3)];
    touch.not_actionable = NotActionable::ALL.get(usize::from(reason)).copied();
}

fn chances() -> impl Strategy<Value = Vec<Chance>> {
    let kinds = InteractionKind::ALL.len();
    prop::collection::vec((0..SPAN_S, 0..8usize, 0..kinds, 0..9u8, 0..12u8, 0..4u8, 0..30u8), 0..60)
}

fn ticket_chances() -> impl Strategy<Value = Vec<TicketChance>> {
    let steps = prop::array::uniform5(0..20 * 86_400i64);
    prop::collection::vec((0..SPAN_S, 0..8usize, steps, 0..5u8, 0..4u8, 0..42u8), 0..12)
}

fn counts_reconcile(report: &MonthlyReport) {
    let blocks = &report.blocks;
    let (phone, channels) = (&blocks.phone, &blocks.channels);
    let outcomes = [
        phone.answered,
        phone.abandoned,
        phone.timed_out,
        phone.empty,
        phone.key_exit,
        phone.withdrawn,
        phone.transferred,
        phone.unknown,
    ];
    assert_eq!(phone.offered, outcomes.iter().sum::<u64>());
    assert!(phone.abandoned_short <= phone.abandoned);
    assert_eq!(row(report, Channel::Phone).inbound, phone.offered + phone.self_served);
    assert_eq!(blocks.unification.inbound, channels.iter().map(|row| row.inbound).sum::<u64>());
    assert_eq!(blocks.unification.registered, channels.iter().map(|row| row.registered).sum::<u64>());
    assert_eq!(blocks.response_rate.actionable, channels.iter().map(|row| row.actionable).sum::<u64>());
    assert_eq!(blocks.response_rate.answered, channels.iter().map(|row| row.answered).sum::<u64>());
    assert_eq!(
        blocks.response_rate.actionable,
        blocks.response_rate.answered + blocks.response_rate.never_answered
    );
    for row in channels {
        assert!(
            row.answered <= row.actionable && row.actionable <= row.inbound && row.registered <= row.inbound
        );
        assert_eq!(row.resolution.n, row.resolution_net.n);
    }
    let email = &blocks.email;
    assert_eq!(email.received, email.messages + email.bounces + email.receipts + email.anomalies);
    assert_eq!(email.received, email.by_mailbox.iter().map(|mailbox| mailbox.received).sum::<u64>());
    let mail = row(report, Channel::Email).inbound + row(report, Channel::Pec).inbound;
    assert_eq!(mail, email.messages + email.anomalies);
    let social = &blocks.social;
    assert_eq!(social.inbound_interactions, social.comments + social.messages);
    assert!(
        social.handled_threads <= social.actionable_threads && social.actionable_threads <= social.threads
    );
    let tickets = blocks.themes.iter().map(|theme| theme.count).sum::<u64>();
    let (i, ii) = (&blocks.levels.i, &blocks.levels.ii);
    assert_eq!(tickets, i.resolved + i.open + i.cancelled + ii.assigned);
    assert_eq!(ii.assigned, ii.resolved + ii.active + ii.cancelled);
    assert_eq!(tickets, blocks.units.iter().map(|unit| unit.tickets).sum::<u64>());
    let scrivi = &blocks.scrivi;
    let classified = scrivi.resolution_buckets.iter().map(|bucket| bucket.count).sum::<u64>();
    assert_eq!(scrivi.resolved, classified + scrivi.unclassified);
    assert_eq!(blocks.backlog.open_at_end, blocks.backlog.bands.iter().map(|band| band.count).sum::<u64>());
    assert_eq!(
        blocks.ratings.count,
        blocks.ratings.distribution.iter().map(|rating| rating.count).sum::<u64>()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_sum_reconciles(contacts in chances(), tickets in ticket_chances()) {
        let world = world(&contacts, &tickets);
        for month in ["2026-09", "2026-10", "2026-11"] {
            counts_reconcile(&world.report(month));
        }
    }

    #[test]
    fn the_order_of_facts_changes_no_byte(contacts in chances(), tickets in ticket_chances(), turn in 0..60usize) {
        let mut world = world(&contacts, &tickets);
        let before = serde_json::to_string(&world.report("2026-10")).unwrap();
        world.facts.calls.reverse();
        world.facts.tickets.reverse();
        let turn = turn.min(world.facts.interactions.len());
        world.facts.interactions.rotate_left(turn);
        prop_assert_eq!(before, serde_json::to_string(&world.report("2026-10")).unwrap());
    }

    #[test]
    fn identifiers_of_ours_do_not_enter_the_digest(contacts in chances(), tickets in ticket_chances()) {
        let mut world = world(&contacts, &tickets);
        let before = world.report("2026-10").inputs_sha256;
        let other = |id: Uuid| Uuid::from_u128(id.as_u128() ^ 0xffff);
        for call in &mut world.facts.calls {
            call.id = InteractionId::from_uuid(other(call.id.uuid()));
            call.person = call.person.map(|id| PersonId::from_uuid(other(id.uuid())));
            call.ticket = call.ticket.map(|id| TicketId::from_uuid(other(id.uuid())));
        }
        for touch in &mut world.facts.interactions {
            touch.person = touch.person.map(|id| PersonId::from_uuid(other(id.uuid())));
            touch.ticket = touch.ticket.map(|id| TicketId::from_uuid(other(id.uuid())));
        }
        for ticket in &mut world.facts.tickets {
            ticket.id = TicketId::from_uuid(other(ticket.id.uuid()));
            ticket.matter = ticket.matter.map(|id| MatterId::from_uuid(other(id.uuid())));
            ticket.merged_into = ticket.merged_into.map(|id| TicketId::from_uuid(other(id.uuid())));
        }
        prop_assert_eq!(before, world.report("2026-10").inputs_sha256);
    }

    #[test]
    fn every_figure_is_explained_by_as_many_items(contacts in chances(), tickets in ticket_chances()) {
        let world = world(&contacts, &tickets);
        let report = serde_json::to_value(world.report("2026-10")).unwrap();
        for pointer in ["/unification/registered", "/phone/offered", "/response_rate/rate", "/levels/II/assigned"] {
            super::leaves::check(&world, &report, pointer);
        }
    }
}

#[test]
fn the_world_of_chance_reaches_what_it_must() {
    let tickets: Vec<TicketChance> =
        (0..12).map(|n| (i64::from(n) * 86_400, 1, [3600; 5], n % 5, n % 4, n)).collect();
    let report = world(&[], &tickets).report("2026-09");
    assert!(report.blocks.scrivi.unclassified > 0 && report.blocks.levels.i.cancelled > 0);
    assert!(report.blocks.backlog.open_at_end > 0 && report.blocks.ratings.count > 0);
    super::leaves::check_all(&world(&[], &tickets), "2026-09");
}
