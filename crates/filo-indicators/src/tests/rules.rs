//! Single rules, each with the smallest facts that show it.

use filo_domain::clock::Interval;

use super::*;

const DAY_S: f64 = 86_400.0;

#[test]
fn buckets_include_their_bound() {
    let mut world = World::default();
    for end in ["10-02 09:00:00", "10-02 09:00:01", "10-08 09:00:00", "10-08 09:00:01"] {
        let ticket = world.opening("10-01 09:00:00", Channel::Scrivi, InteractionKind::Submission);
        resolve(world.history(ticket), end);
    }
    let buckets = world.report("2026-10").blocks.scrivi.resolution_buckets;
    let counts: Vec<u64> = buckets.iter().map(|bucket| bucket.count).collect();
    assert_eq!(counts, [1, 2, 1, 0, 0]);
    let labels: Vec<&str> = buckets.iter().map(|bucket| bucket.label.as_str()).collect();
    assert_eq!(labels, ["≤1d", "≤7d", "≤30d", "≤90d", ">90d"]);
    assert_eq!((buckets[0].share, buckets[4].upper_days), (Some(0.25), None));
}

#[test]
fn waiting_counts_in_the_resolution_and_not_in_the_net_one() {
    let mut world = World::default();
    let ticket = world.opening("10-01", Channel::Email, InteractionKind::Mail);
    let history = world.history(ticket);
    history.waits = vec![Interval { from: at("10-02"), to: Some(at("10-04")) }];
    resolve(history, "10-11");
    let report = world.report("2026-10");
    let email = row(&report, Channel::Email);
    assert_eq!(email.resolution.mean_s, Some(10.0 * DAY_S));
    assert_eq!(email.resolution_net.mean_s, Some(8.0 * DAY_S));
}

#[test]
fn a_duration_belongs_to_the_month_in_which_its_clock_stopped() {
    let mut world = World::default();
    let ticket = world.opening("10-30", Channel::Email, InteractionKind::Mail);
    world.history(ticket).responses.push(at("11-02"));
    world.call("10-31 22:59:50", CallOutcome::Answered, Some(20));
    let (october, november) = (world.report("2026-10"), world.report("2026-11"));
    assert_eq!((row(&october, Channel::Email).response.n, row(&november, Channel::Email).response.n), (0, 1));
    assert_eq!((row(&october, Channel::Email).answered, row(&november, Channel::Email).answered), (1, 0));
    // Entered at 23:59:50 in Rome, answered in November: a call of October, a wait of November.
    assert_eq!((october.blocks.phone.answered, november.blocks.phone.answered), (1, 0));
    assert_eq!((row(&october, Channel::Phone).response.n, row(&november, Channel::Phone).response.n), (0, 1));
}

#[test]
fn an_answer_after_as_of_or_before_the_contact_answers_nothing() {
    let mut world = World::default();
    let ticket = world.opening("10-10", Channel::Scrivi, InteractionKind::Submission);
    world.history(ticket).responses.push(at("10-20"));
    let answered =
        |world: &World, day: &str| world.report_as_of("2026-10", at(day)).blocks.response_rate.answered;
    assert_eq!((answered(&world, "10-19"), answered(&world, "10-20")), (0, 1));
    world.history(ticket).responses = vec![at("10-09")];
    assert_eq!(answered(&world, "12-31"), 0);
}

#[test]
fn closing_confirms_a_resolution_and_adds_nothing_to_it() {
    let mut world = World::default();
    let ticket = world.opening("10-01", Channel::Social, InteractionKind::Message);
    let history = world.history(ticket);
    history.charged_at = Some(at("10-02"));
    resolve(history, "10-04");
    assert_eq!(world.report("2026-10").blocks.social.received_to_closed.n, 0, "not confirmed yet");
    world.history(ticket).rounds[0].closed_at = Some(at("10-19"));
    let social = world.report("2026-10").blocks.social;
    assert_eq!(social.received_to_closed.mean_s, Some(3.0 * DAY_S));
    assert_eq!(social.charge_to_closed.mean_s, Some(2.0 * DAY_S));
}

#[test]
fn a_matter_counts_from_two_tickets_on_and_mail_with_pec_is_one_channel() {
    let mut world = World::default();
    for channel in [Channel::Email, Channel::Pec, Channel::Scrivi] {
        let ticket = world.opening("10-01", channel, InteractionKind::Mail);
        let matter = u128::from(channel == Channel::Scrivi);
        world.facts.tickets[ticket].matter = Some(MatterId::from_uuid(uuid(4, matter)));
    }
    let unification = world.report("2026-10").blocks.unification;
    assert_eq!((unification.matters, unification.matters_on_two_or_more_channels), (1, 0));
    world.facts.tickets[2].matter = world.facts.tickets[0].matter;
    let unification = world.report("2026-10").blocks.unification;
    assert_eq!((unification.matters, unification.matters_on_two_or_more_channels), (1, 1));
    assert_eq!(world.report("2026-11").blocks.unification.matters, 0, "no contact there");
}

#[test]
fn a_request_is_one_per_ticket_and_month_on_the_channel_of_its_first_contact_there() {
    let mut world = World::default();
    world.opening("10-01", Channel::Scrivi, InteractionKind::Submission);
    world.touch("10-02", Channel::Email, InteractionKind::Mail).ticket = Some(ticket_id(1));
    world.touch("11-02", Channel::Email, InteractionKind::Mail).ticket = Some(ticket_id(1));
    let (october, november) = (world.report("2026-10"), world.report("2026-11"));
    assert_eq!((row(&october, Channel::Scrivi).actionable, row(&october, Channel::Email).actionable), (1, 0));
    assert_eq!(row(&november, Channel::Email).actionable, 1);
    assert_eq!(november.year_to_date.blocks.response_rate.actionable, 2);
}

#[test]
fn the_service_level_leaves_short_abandonments_out() {
    let mut world = World::default();
    world.call("10-01 09:00:00", CallOutcome::Answered, Some(20));
    world.call("10-01 09:01:00", CallOutcome::Answered, Some(30));
    world.call("10-01 09:02:00", CallOutcome::Abandoned, Some(4));
    world.call("10-01 09:03:00", CallOutcome::Abandoned, Some(5));
    world.call("10-01 09:04:00", CallOutcome::Unknown, None);
    let phone = world.report("2026-10").blocks.phone;
    let shares: Vec<Option<f64>> = phone.service_level.iter().map(|level| level.share).collect();
    assert_eq!(shares, [Some(0.25), Some(0.5)]);
    assert_eq!((phone.abandoned, phone.abandoned_short), (2, 1));
    assert_eq!((phone.mean_wait_s, phone.mean_wait_answered_s), (Some(14.75), Some(25.0)));
}

#[test]
fn the_residual_of_the_themes_stands_last_and_the_shares_add_up() {
    let mut world = World::default();
    for theme in [None, None, Some("tributi/tari"), Some("anagrafe"), Some("tributi")] {
        let ticket = world.opening("10-01", Channel::Email, InteractionKind::Mail);
        world.facts.tickets[ticket].theme = theme.map(str::to_owned);
    }
    let themes = world.report("2026-10").blocks.themes;
    let rows: Vec<(&str, u64)> = themes.iter().map(|theme| (theme.theme.as_str(), theme.count)).collect();
    assert_eq!(rows, [("tributi", 2), ("anagrafe", 1), ("unclassified", 2)]);
    assert_eq!(themes.iter().filter_map(|theme| theme.share).sum::<f64>(), 1.0);
}

#[test]
fn the_facts_of_a_month_reach_back_one_year() {
    let (from, to) = crate::report::span(Period::parse("2026-10").unwrap(), &rome());
    assert_eq!(
        (from.to_string(), to.to_string()),
        ("2025-09-30T22:00:00Z".into(), "2026-10-31T23:00:00Z".into())
    );
    let (from, _) = crate::report::span(Period::parse("2026").unwrap(), &rome());
    assert_eq!(from.to_string(), "2025-11-30T23:00:00Z");
}
