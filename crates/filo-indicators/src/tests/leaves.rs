//! Every number of a report leads to as many items as it says.

use serde_json::Value;

use super::*;
use crate::figure::{Part, Unit};

/// Numbers that are no figures: bounds and what the caller hands over.
const NO_FIGURES: &[&str] = &[
    "upper_days",
    "threshold_s",
    "window_days",
    "rating",
    "weekday",
    "hour",
    "revision",
    "reason",
    "chain_root",
];

fn leaves(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter().filter(|(key, _)| !NO_FIGURES.contains(&key.as_str())) {
                leaves(value, format!("{pointer}/{key}"), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                leaves(value, format!("{pointer}/{index}"), found);
            }
        }
        Value::Number(_) | Value::Null => found.push(pointer),
        Value::Bool(_) | Value::String(_) => {}
    }
}

/// Explains one figure and compares it with what is printed.
pub(super) fn check(world: &World, report: &Value, pointer: &str) {
    let explained = world.explain(pointer, report["period"]["month"].as_str().unwrap());
    let printed = report.pointer(pointer).unwrap();
    assert_eq!(explained.value.map(|value| value.real()), printed.as_f64(), "{pointer}");
    let part = |part: Part| explained.items.iter().filter(|item| item.counted_in == part).count() as u64;
    assert_eq!(part(Part::Numerator), explained.numerator, "{pointer}");
    assert_eq!(part(Part::Numerator) + part(Part::DenominatorOnly), explained.denominator, "{pointer}");
    assert_eq!(part(Part::Excluded), explained.excluded.iter().map(|excluded| excluded.count).sum::<u64>());
    if let Some(count) = printed.as_u64().filter(|_| explained.unit == Unit::Count) {
        assert_eq!(explained.numerator, count, "{pointer}");
    }
    assert!(!explained.definition.words.is_empty(), "{pointer} has no words");
    assert!(explained.items.iter().all(|item| item.reason.is_some() || item.counted_in != Part::Excluded));
}

/// Explains every number of a month.
pub(super) fn check_all(world: &World, month: &str) {
    let report = serde_json::to_value(world.report(month)).unwrap();
    let mut found = Vec::new();
    leaves(&report, String::new(), &mut found);
    found.retain(|pointer| !crate::report::is_header(pointer));
    assert!(found.len() > 800, "{}", found.len());
    for pointer in &found {
        check(world, &report, pointer);
    }
}

/// A month in which something of everything happens.
pub(super) fn busy() -> World {
    let mut world = World::default();
    for (minute, outcome) in
        [CallOutcome::Answered, CallOutcome::Abandoned, CallOutcome::Unknown].iter().enumerate()
    {
        for who in 1..4 {
            let wait = (*outcome != CallOutcome::Unknown).then_some(3 + who);
            let call = world.call(&format!("10-0{who} 09:0{minute}:00"), *outcome, wait);
            call.person = (who < 3).then(|| person(1));
            call.ticket = (who == 1).then(|| ticket_id(1));
        }
    }
    let openings = [
        (Channel::Scrivi, InteractionKind::Submission),
        (Channel::Email, InteractionKind::Mail),
        (Channel::Pec, InteractionKind::Mail),
        (Channel::Social, InteractionKind::Comment),
        (Channel::Scrivi, InteractionKind::Submission),
    ];
    for (day, (channel, kind)) in openings.into_iter().enumerate() {
        let ticket = world.opening(&format!("10-0{}", day + 1), channel, kind);
        world.facts.interactions.last_mut().unwrap().person = Some(person(1));
        world.facts.tickets[ticket].matter = Some(MatterId::from_uuid(uuid(4, 1)));
        world.facts.tickets[ticket].theme = (day > 1).then(|| "anagrafe".to_owned());
        world.facts.tickets[ticket].flags = vec!["call_missing".to_owned()];
        let history = world.history(ticket);
        (history.charged_at, history.ratings) = (Some(at("10-08")), vec![4]);
        history.responses.push(at("10-09"));
        if day > 0 {
            resolve(history, "10-10");
            history.rounds[0].closed_at = Some(at("10-25"));
        }
    }
    world.touch("10-11", Channel::Email, InteractionKind::Mail).not_actionable =
        Some(NotActionable::AutoReply);
    world.touch("10-11", Channel::Email, InteractionKind::Mail);
    world.touch("10-11", Channel::Email, InteractionKind::Bounce);
    world.touch("10-12", Channel::Phone, InteractionKind::Call).not_actionable =
        Some(NotActionable::SelfServed);
    callbacks::promises(&mut world);
    costs::entered(&mut world);
    world
}

#[test]
fn every_number_of_a_busy_month_is_explained() {
    check_all(&busy(), "2026-10");
}

#[test]
fn every_number_of_an_empty_month_is_explained_and_null_where_nothing_was_measured() {
    let world = World::default();
    check_all(&world, "2026-10");
    let report = world.report("2026-10");
    assert_eq!(report.blocks.channels.len(), 8);
    assert_eq!(row(&report, Channel::Letter).response_rate, None);
    assert_eq!(report.blocks.phone.mean_wait_s, None);
}

#[test]
fn the_report_has_exactly_the_keys_of_the_contract() {
    let report = serde_json::to_value(busy().report("2026-10")).unwrap();
    let keys = |pointer: &str| -> Vec<String> {
        report.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect()
    };
    let holds = |pointer: &str, wanted: &str| {
        let keys = keys(pointer);
        for key in wanted.split_whitespace() {
            assert!(keys.iter().any(|own| own == key), "{pointer} has no {key}");
        }
    };
    holds(
        "",
        "schema period state revision reason as_of generated_at inputs_sha256 chain_root definitions \
         pending_differences channels unification response_rate phone scrivi email social themes levels units backlog \
         callbacks ratings data_quality sources quarantine year_to_date comparison",
    );
    holds("/period", "month from to zone");
    holds(
        "/channels/0",
        "channel inbound registered registered_share actionable answered response_rate response resolution \
         resolution_final resolution_net excluded",
    );
    holds("/channels/0/response", "clock n mean_s median_s p90_s");
    holds("/channels/0/excluded/0", "reason count");
    holds(
        "/unification",
        "unified_channels channels inbound registered share matters matters_on_two_or_more_channels",
    );
    holds("/response_rate", "answered actionable rate never_answered");
    holds(
        "/phone",
        "offered answered abandoned abandoned_short timed_out empty key_exit withdrawn transferred unknown self_served \
         registered_of_answered mean_wait_s mean_wait_answered_s service_level mean_talk_s repeat_callers",
    );
    holds("/phone/service_level/1", "threshold_s share");
    holds(
        "/phone/repeat_callers",
        "window identified more_than_2 more_than_2_share more_than_2_same_theme more_than_2_same_theme_share \
         anonymous_calls",
    );
    holds("/scrivi", "opened resolved resolved_share share_of_all_tickets resolution_buckets unclassified");
    holds("/scrivi/resolution_buckets/4", "label upper_days count share");
    holds("/email", "received messages auto bounces pec by_mailbox");
    holds(
        "/social",
        "inbound_interactions comments messages threads actionable_threads handled_threads never_taken \
         charge_to_closed received_to_closed",
    );
    holds("/themes/0", "theme count share");
    holds("/levels/I", "resolved open cancelled");
    holds("/levels/II", "assigned resolved active active_share");
    holds("/backlog", "open_at_end mean_age_s bands");
    holds("/comparison", "previous_month same_month_last_year");
    for block in report.as_object().unwrap().keys() {
        if keys("/comparison/previous_month").contains(block) {
            assert!(keys("/year_to_date").contains(block), "{block} has no twin");
        }
    }
    assert_eq!(report["channels"][0]["channel"], "phone");
    assert_eq!(report["period"]["from"], "2026-09-30T22:00:00Z");
    assert_eq!(report["year_to_date"]["from"], "2025-12-31T23:00:00Z");
}

#[test]
fn a_stored_report_reads_back_as_it_was() {
    let report = busy().report("2026-10");
    let text = serde_json::to_string(&report).unwrap();
    let again: MonthlyReport = serde_json::from_str(&text).unwrap();
    assert_eq!(again, report);
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
}

#[test]
fn excluded_contacts_say_why_and_reconcile_with_the_requests() {
    let report = busy().report("2026-10");
    let email = row(&report, Channel::Email);
    let reasons: Vec<(&str, u64)> =
        email.excluded.iter().map(|excluded| (excluded.reason.as_str(), excluded.count)).collect();
    assert_eq!(reasons, [("auto_reply", 1), ("no_ticket", 1)]);
    let phone = row(&report, Channel::Phone);
    assert_eq!(
        phone.inbound,
        phone.actionable + phone.excluded.iter().map(|excluded| excluded.count).sum::<u64>()
    );
}

#[test]
fn more_than_twice_means_three_calls_and_one_theme_at_a_time() {
    let report = busy().report("2026-10");
    let callers = report.blocks.phone.repeat_callers.unwrap();
    assert_eq!((callers.identified, callers.more_than_2, callers.anonymous_calls), (1, 1, 3));
    assert_eq!(callers.more_than_2_same_theme, 0, "its ticket has no theme");
    let mut world = busy();
    world.facts.tickets[0].theme = Some("tributi/tari".to_owned());
    let callers = world.report("2026-10").blocks.phone.repeat_callers.unwrap();
    assert_eq!(callers.more_than_2_same_theme_share, Some(1.0));
    assert_eq!(callers.coverage, Some(6.0 / 9.0));
}

#[test]
fn indicators_agree_with_the_report() {
    let world = busy();
    let report = world.report("2026-10");
    let value = |key: &str| world.explain(key, "2026-10").value.map(|value| value.real());
    assert_eq!(value("tasso-risposta"), report.blocks.response_rate.rate);
    assert_eq!(value("contatti-censiti"), report.blocks.unification.share);
    assert_eq!(value("canali-unificati"), Some(report.blocks.unification.unified_channels as f64));
    assert_eq!(value("tempo-risposta-telefono"), report.blocks.phone.mean_wait_answered_s);
    assert_eq!(value("tempo-risposta-scrivi"), row(&report, Channel::Scrivi).response.mean_s);
    assert_eq!(value("tempo-risposta-social"), report.blocks.social.charge_to_closed.mean_s);
    assert_eq!(value("milano-aiuta"), None, "nothing with that tag");
    let rate = world.explain("tasso-risposta", "2026-10");
    assert_eq!((rate.numerator, rate.denominator), (8, 10));
    assert_eq!(rate.text.as_deref(), Some("80 %"));
    assert_eq!(world.explain("tempo-risposta-mail", "2026").text.as_deref(), Some("7,5 giorni"));
}

#[test]
fn a_year_is_explained_like_a_month_and_what_is_unknown_says_what_is_known() {
    let world = busy();
    assert_eq!(world.explain("/phone/offered", "2026").numerator, 9);
    let month = Period::parse("2026-10").unwrap();
    for what in ["tasso", "/phone/nothing", "/channels/0", "/comparison", ""] {
        let error = explain(&world.facts, &milan(), what, month, &rome(), at("12-31")).unwrap_err();
        assert!(error.to_string().contains("tasso-risposta"), "{what}");
    }
}
