//! The seven cases that any implementation must get right.

use super::*;

const DAY_S: f64 = 86_400.0;

#[test]
fn one_an_answered_call_is_answered_registered_or_not_and_its_response_is_the_live_answer() {
    let mut world = World::default();
    world.call("10-01 09:00:00", CallOutcome::Answered, Some(30));
    let report = world.report("2026-10");
    let phone = row(&report, Channel::Phone);
    assert_eq!((phone.inbound, phone.actionable, phone.answered, phone.registered), (1, 1, 1, 0));
    assert_eq!((report.blocks.phone.mean_wait_s, phone.response.mean_s), (Some(30.0), Some(30.0)));

    // Registered the next day: the ticket is opened at the call, its response is the live answer.
    let ticket = world.opening("10-01 09:00:00", Channel::Phone, InteractionKind::Call);
    world.facts.interactions.clear();
    world.facts.calls[0].ticket = Some(ticket_id(1));
    world.facts.tickets[ticket].theme = Some("tributi/tari".to_owned());
    world.history(ticket).responses.push(at("10-01 09:00:30"));
    let report = world.report("2026-10");
    let phone = row(&report, Channel::Phone);
    assert_eq!((phone.inbound, phone.actionable, phone.answered, phone.registered), (1, 1, 1, 1));
    assert_eq!((phone.response.n, phone.response.mean_s), (1, Some(30.0)));
    assert_eq!(report.blocks.phone.registered_of_answered, 1);
    assert_eq!((report.blocks.themes[0].theme.as_str(), report.blocks.themes[0].count), ("tributi", 1));
}

#[test]
fn one_a_ticket_whose_answer_comes_before_its_opening_is_never_negative() {
    let mut world = World::default();
    let ticket = world.opening("10-02", Channel::Counter, InteractionKind::Visit);
    world.history(ticket).responses.push(at("10-01"));
    assert_eq!(row(&world.report("2026-10"), Channel::Counter).response.mean_s, Some(0.0));
}

#[test]
fn two_who_gave_up_and_then_wrote_shows_only_once_the_identities_are_linked() {
    let mut world = World::default();
    world.call("10-05 09:00:00", CallOutcome::Abandoned, Some(68)).person = Some(person(1));
    let ticket = world.opening("10-05 11:00:00", Channel::Email, InteractionKind::Mail);
    world.facts.interactions[0].person = Some(person(2));
    world.history(ticket).responses.push(at("10-06"));
    let report = world.report("2026-10");
    let rate = &report.blocks.response_rate;
    assert_eq!((rate.actionable, rate.answered, rate.never_answered), (2, 1, 1));
    assert_eq!(report.blocks.unification.inbound, 2);
    let linked = report.blocks.phone.abandoned_then_wrote.unwrap();
    assert_eq!((linked.count, linked.coverage), (0, Some(1.0)));

    world.facts.interactions[0].person = Some(person(1));
    assert_eq!(world.report("2026-10").blocks.phone.abandoned_then_wrote.unwrap().count, 1);
    world.facts.interactions[0].occurred_at = at("10-12 09:00:01");
    assert_eq!(world.report("2026-10").blocks.phone.abandoned_then_wrote.unwrap().count, 0, "after 7 days");
}

fn contested(when: &str, again: Option<(&str, &str)>) -> World {
    let mut world = World::default();
    let ticket = world.opening("10-01", Channel::Scrivi, InteractionKind::Submission);
    world.history(ticket).responses.push(at("10-03"));
    resolve(world.history(ticket), "10-03");
    world.touch(when, Channel::Scrivi, InteractionKind::Contest).ticket = Some(ticket_id(1));
    reopen(world.history(ticket), when);
    if let Some((reply, resolution)) = again {
        world.history(ticket).responses.push(at(reply));
        resolve(world.history(ticket), resolution);
    }
    world
}

#[test]
fn three_a_contest_in_the_month_adds_no_request_and_lengthens_the_final_resolution() {
    let report = contested("10-05", Some(("10-10", "10-10"))).report("2026-10");
    let scrivi = row(&report, Channel::Scrivi);
    assert_eq!((scrivi.inbound, scrivi.actionable, scrivi.answered), (2, 1, 1));
    assert_eq!(scrivi.response.mean_s, Some(2.0 * DAY_S));
    assert_eq!(scrivi.resolution.mean_s, Some(2.0 * DAY_S));
    assert_eq!(scrivi.resolution_final.mean_s, Some(7.0 * DAY_S));
    let counts: Vec<u64> =
        report.blocks.scrivi.resolution_buckets.iter().map(|bucket| bucket.count).collect();
    assert_eq!(counts, [0, 1, 0, 0, 0], "seven days are in (1,7]");
}

#[test]
fn three_a_contest_in_the_next_month_leaves_this_one_but_for_the_open_bucket() {
    let open = contested("11-01", None);
    let october = open.report("2026-10");
    let scrivi = row(&october, Channel::Scrivi);
    assert_eq!((scrivi.inbound, scrivi.actionable, scrivi.answered), (1, 1, 1));
    assert_eq!((scrivi.response.mean_s, scrivi.resolution.mean_s), (Some(2.0 * DAY_S), Some(2.0 * DAY_S)));
    assert_eq!((october.blocks.scrivi.opened, october.blocks.scrivi.resolved), (1, 0), "open again");
    assert!(october.blocks.scrivi.resolution_buckets.iter().all(|bucket| bucket.count == 0));
    let november = open.report("2026-11");
    let scrivi = row(&november, Channel::Scrivi);
    assert_eq!((scrivi.inbound, scrivi.actionable, scrivi.answered), (1, 1, 0), "a request of its own");

    let again = contested("11-01", Some(("11-04", "11-04")));
    assert_eq!(row(&again.report("2026-11"), Channel::Scrivi).answered, 1);
    let october = again.report("2026-10");
    assert_eq!(october.blocks.scrivi.resolved, 1);
    // 2 days, then 29 closed, then 3.
    assert_eq!(october.blocks.scrivi.resolution_buckets[1].count, 1);
    assert_eq!(october.blocks.backlog.open_at_end, 0, "resolved on 3 October, contested after the month");
}

#[test]
fn four_a_thread_counts_every_interaction_and_one_request() {
    let mut world = World::default();
    let ticket = world.opening("10-02 10:00:00", Channel::Social, InteractionKind::Comment);
    for minute in 1..5 {
        let comment =
            world.touch(&format!("10-02 10:0{minute}:00"), Channel::Social, InteractionKind::Comment);
        comment.ticket = Some(ticket_id(1));
        comment.not_actionable = (minute > 2).then_some(NotActionable::AsksNothing);
    }
    for comment in &mut world.facts.interactions {
        comment.thread = Some("t1".to_owned());
    }
    world.history(ticket).responses.push(at("10-02 12:00:00"));
    let report = world.report("2026-10");
    let (social, line) = (&report.blocks.social, row(&report, Channel::Social));
    assert_eq!((social.inbound_interactions, social.comments, social.threads), (5, 5, 1));
    assert_eq!((social.actionable_threads, social.handled_threads, social.never_taken), (1, 1, 1));
    assert_eq!((line.inbound, line.actionable, line.answered, line.registered), (5, 1, 1, 5));
    assert_eq!((line.excluded[0].reason.as_str(), line.excluded[0].count), ("asks_nothing", 2));
}

#[test]
fn four_a_thread_without_a_ticket_is_a_request_that_a_reply_in_the_thread_answers() {
    let mut world = World::default();
    world.touch("10-02", Channel::Social, InteractionKind::Comment).thread = Some("t1".to_owned());
    assert_eq!(world.report("2026-10").blocks.response_rate.never_answered, 1);
    let reply = world.touch("10-03", Channel::Social, InteractionKind::Reply);
    (reply.direction, reply.thread) = (Direction::Outbound, Some("t1".to_owned()));
    let report = world.report("2026-10");
    assert_eq!((report.blocks.response_rate.answered, report.blocks.social.handled_threads), (1, 1));
}

#[test]
fn five_receipts_are_received_and_counted_nowhere_else() {
    let mut world = World::default();
    let ticket = world.opening("10-02", Channel::Pec, InteractionKind::Mail);
    world.history(ticket).responses.push(at("10-03"));
    world.touch("10-03", Channel::Pec, InteractionKind::Reply).direction = Direction::Outbound;
    for _accettazione_consegna_unmatched in 0..3 {
        world.touch("10-03", Channel::Pec, InteractionKind::Receipt);
    }
    let report = world.report("2026-10");
    let pec = row(&report, Channel::Pec);
    assert_eq!((pec.inbound, pec.registered, pec.actionable, pec.answered), (1, 1, 1, 1));
    let email = &report.blocks.email;
    assert_eq!((email.received, email.messages, email.pec, email.receipts), (4, 1, 1, 3));
    assert_eq!((email.by_mailbox[0].mailbox.as_str(), email.by_mailbox[0].received), ("pec", 4));
    assert_eq!(report.blocks.unification.channels, [Channel::Email], "PEC is merged into e-mail");
    assert_eq!(row(&report, Channel::Email).inbound, 0, "and has a row of its own");
}

#[test]
fn six_a_late_log_changes_an_open_month_and_a_closed_one_shows_it_as_pending() {
    let mut world = World::default();
    let before = world.report_as_of("2026-10", at("11-03"));
    world.call("10-30 09:00:00", CallOutcome::Answered, Some(10));
    let after = world.report_as_of("2026-10", at("11-04"));
    assert_eq!((before.blocks.phone.offered, after.blocks.phone.offered), (0, 1));
    assert_ne!(before.inputs_sha256, after.inputs_sha256);

    // The loader leaves the late call out of a closed month and hands over how many there are.
    let by_source = BTreeMap::from([("pbx".to_owned(), 1)]);
    let pending = BySource { count: 1, by_source };
    let meta = ReportMeta { state: ReportState::Closed, revision: Some(1), pending, ..meta(at("11-03")) };
    let month = Period::parse("2026-10").unwrap();
    let closed = monthly_report(&Facts::default(), &milan(), month, &rome(), meta);
    assert_eq!((closed.blocks.phone.offered, closed.pending_differences.count), (0, 1));
    assert_eq!(closed.inputs_sha256, before.inputs_sha256);
}

#[test]
fn seven_escalated_and_handed_back_stays_level_two() {
    let mut world = World::default();
    let ticket = world.opening("10-02", Channel::Email, InteractionKind::Mail);
    world.history(ticket).escalated_at = Some(at("10-03"));
    resolve(world.history(ticket), "10-05");
    let levels = world.report("2026-10").blocks.levels;
    assert_eq!((levels.ii.assigned, levels.ii.resolved, levels.i.resolved), (1, 1, 0));
}
