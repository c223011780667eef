use std::collections::BTreeMap;

use filo_channel::{Decoded, Raw};
use jiff::civil::Weekday;

use super::*;
use crate::content;

fn city() -> City {
    let (_, files) = content::shipped().unwrap();
    content::city(&files).unwrap().0
}

fn acts(city: &City, seed: u64) -> Vec<Act> {
    let day = |text: &str| text.parse().unwrap();
    let until = Instant::parse("2026-11-20T12:00:00Z").unwrap();
    let span = Span { from: day("2026-10-01"), to: day("2026-11-01"), until };
    generate(city, &Samples::carried().unwrap(), span, Size::DEMO, seed)
}

/// The bytes of a run as one text.
fn bytes(acts: &[Act]) -> String {
    acts.iter().map(|act| format!("{act:?}\n")).collect()
}

fn calls(acts: &[Act]) -> Vec<Instant> {
    let logs = acts.iter().filter_map(|act| match &act.deed {
        Deed::Log { lines, .. } => Some(lines),
        _ => None,
    });
    let entries = logs.flat_map(|lines| lines.lines()).filter(|line| line.contains("|ENTERQUEUE|"));
    entries.map(|line| Instant::from_seconds(line.split('|').next().unwrap().parse().unwrap())).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let city = city();
    assert_eq!(bytes(&acts(&city, 1)), bytes(&acts(&city, 1)));
    assert_ne!(bytes(&acts(&city, 1)), bytes(&acts(&city, 2)));
}

#[test]
fn acts_come_in_order_and_never_after_the_end() {
    let city = city();
    let acts = acts(&city, 1);
    assert!(acts.is_sorted_by_key(|act| act.at));
    assert!(acts.last().unwrap().at <= Instant::parse("2026-11-20T12:00:00Z").unwrap());
}

#[test]
fn nobody_calls_on_sundays_holidays_or_at_night() {
    let city = city();
    let calls = calls(&acts(&city, 1));
    assert!(calls.len() > 1_000, "{}", calls.len());
    assert!(calls.iter().all(|at| city.calendar.is_open(&city.zone, *at)));
}

#[test]
fn mondays_are_busiest_saturdays_quiet_and_mornings_full() {
    let city = city();
    let (mut by_weekday, mut by_hour) = (BTreeMap::<i8, usize>::new(), BTreeMap::<i8, usize>::new());
    for at in calls(&acts(&city, 1)) {
        let local = city.zone.local(at);
        *by_weekday.entry(local.date().weekday().to_monday_zero_offset()).or_default() += 1;
        *by_hour.entry(local.hour()).or_default() += 1;
    }
    // October 2026 has four Mondays and five Saturdays.
    assert!(by_weekday[&0] > 2 * by_weekday[&5], "{by_weekday:?}");
    assert!(!by_weekday.contains_key(&Weekday::Sunday.to_monday_zero_offset()));
    assert!(by_hour[&9] + by_hour[&10] > 2 * (by_hour[&18] + by_hour[&19]), "{by_hour:?}");
}

#[test]
fn people_write_at_night_and_on_sundays_too() {
    let city = city();
    let written: Vec<Instant> = acts(&city, 1)
        .into_iter()
        .filter(|act| matches!(act.deed, Deed::Submit(_)))
        .map(|act| act.at)
        .collect();
    let outside = written.iter().filter(|at| !city.calendar.is_open(&city.zone, **at)).count();
    assert!(outside * 5 > written.len() && outside * 2 < written.len(), "{outside} of {}", written.len());
}

#[test]
fn the_adapters_understand_everything_but_what_is_planted() {
    let program = program();
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    let mut decoded = 0;
    for act in acts(&program.city, 1) {
        let (source, text) = match act.deed {
            Deed::Log { source, lines: text }
            | Deed::Mail { source, message: text, .. }
            | Deed::Webhook { source, body: text, .. } => (source, text),
            Deed::Submit(submission) => {
                program.city.forms.check(&submission).unwrap();
                continue;
            }
            _ => continue,
        };
        let raw = Raw { bytes: text.into_bytes(), arrived_at: None, now: act.at };
        let adapters = program.adapters().unwrap();
        for unit in adapters[&source].decode.decode(&raw) {
            match unit {
                Ok(Decoded::Interaction(inbound)) => {
                    let s = act.at.seconds_since(inbound.occurred_at);
                    assert!((0..=60).contains(&s), "{s} seconds: {inbound:?}");
                    decoded += 1;
                }
                Ok(_) => decoded += 1,
                Err(rejected) => *refused.entry(rejected.reason).or_default() += 1,
            }
        }
    }
    assert!(decoded > 2_000, "{decoded}");
    assert_eq!(refused, BTreeMap::from([("no_headers", 1), ("unreadable_line", 1)]));
}

fn program() -> crate::wiring::Program {
    let (settings, files) = content::shipped().unwrap();
    let folder = std::path::Path::new(".");
    let none = crate::settings::Environment::new();
    let settings = crate::settings::Settings::of_text(&settings, "filo.toml", folder, &none).unwrap();
    crate::wiring::Program::of(settings, &files, &none).unwrap()
}
