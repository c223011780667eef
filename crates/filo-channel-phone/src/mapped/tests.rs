use filo_channel::conformance::check_decoder;
use filo_domain::Instant;

use super::*;

const MAP: &str = include_str!("../../fixtures/centralino.toml");

fn mapped(map: &str) -> Mapped {
    Mapped::new(Mapping::parse(map).unwrap(), CityZone::parse("UTC").unwrap()).unwrap()
}
fn raw(bytes: &[u8]) -> Raw {
    Raw { bytes: bytes.to_vec(), arrived_at: None, now: Instant::from_seconds(0) }
}
fn leg(map: &str, text: &str) -> Leg {
    match mapped(map).decode(&raw(text.as_bytes())).remove(0).unwrap() {
        Decoded::Leg(leg) => *leg,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_vendors_file_is_read_row_by_row_and_what_does_not_fit_is_refused_by_line() {
    let units = mapped(MAP).decode(&raw(include_bytes!("../../fixtures/centralino.csv")));
    let refused: Vec<_> = units
        .iter()
        .filter_map(|unit| unit.as_ref().err())
        .map(|unit| (unit.reason, unit.detail.as_str()))
        .collect();
    assert_eq!(refused.len(), 3);
    assert_eq!(refused[0], ("row_refused", "line 4: entered_at is no time: \"31/02/2026 09:05:00\""));
    assert_eq!(refused[1], ("unclosed_quote", "line 5: a quote is left open"));
    assert!(refused[2].1.starts_with("line 6: unknown call outcome \"Persa\""), "{}", refused[2].1);
    let told: Vec<_> = units
        .iter()
        .flatten()
        .map(|unit| match unit {
            Decoded::Leg(leg) => {
                (leg.outcome, leg.wait_s, leg.talk_s, leg.caller.as_deref(), leg.entered_at.to_string())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let entered = |clock: &str| format!("2026-10-01T{clock}Z");
    assert_eq!(
        told,
        [
            (CallOutcome::Answered, Some(12), Some(60), Some("+393471234567"), entered("07:00:00")),
            (CallOutcome::Abandoned, Some(32), None, None, entered("07:05:00")),
            (CallOutcome::TimedOut, Some(90), None, None, entered("07:08:00")),
        ]
    );
}

#[test]
fn columns_by_number_need_no_header_and_instants_stand_in_for_durations() {
    let map = "header = false\nzone = \"Europe/Rome\"\n[columns]\ncall_id = 1\nentered_at = 2\nanswered_at = 3\nended_at = 4\n[constants]\nqueue = \"020202\"\n";
    let answered = leg(map, "A,2026-10-01 09:00:00,2026-10-01 09:00:12,2026-10-01 09:01:00\n");
    assert_eq!(
        (answered.queue.as_str(), answered.outcome, answered.wait_s),
        ("020202", CallOutcome::Answered, Some(12))
    );
    assert_eq!((answered.talk_s, answered.flags.len()), (Some(48), 2));
    let unknown = leg(map, "A,2026-10-01 09:00:00,,2026-10-01 09:01:00\n");
    assert_eq!((unknown.outcome, unknown.wait_s, unknown.ended_at), (CallOutcome::Unknown, None, None));
    let over_the_change = leg(map, "A,2026-10-25 01:59:00,2026-10-25 02:00:00,2026-10-25 03:00:00\n");
    assert_eq!((over_the_change.wait_s, over_the_change.talk_s), (Some(60), Some(7200)));
}

#[test]
fn a_call_that_the_machine_alone_had_has_a_word_of_its_own_and_its_choice() {
    let map = "header = false\n[columns]\ncall_id = 1\nentered_at = 2\nended_at = 3\noutcome = 4\nivr_choice = 5\n\
               [outcomes]\nAutomatico = \"self_served\"\n";
    let served = leg(map, "A,2026-10-01 09:00:00,2026-10-01 09:01:00,automatico,2-1\n");
    assert_eq!((served.outcome, served.choice.as_deref()), (CallOutcome::SelfServed, Some("2-1")));
    assert_eq!((served.wait_s, served.talk_s, served.flags.len()), (None, None, 0));
    assert_eq!(served.ended_at.map(|at| at.seconds_since(served.entered_at)), Some(60));
}

#[test]
fn a_column_that_the_file_lacks_refuses_its_rows_and_loses_none() {
    let map = "[columns]\ncall_id = \"id\"\nentered_at = \"when\"\n";
    let units = mapped(map).decode(&raw(b"id,time\nA,2026-10-01 09:00:00\n"));
    let refused = units.into_iter().next().unwrap().unwrap_err();
    assert_eq!(refused.raw, b"A,2026-10-01 09:00:00");
    assert!(refused.detail.contains("when"), "{}", refused.detail);
}

#[test]
fn a_mapping_that_cannot_work_is_refused_with_its_key() {
    let columns = "[columns]\ncall_id = 1\nentered_at = 2\n";
    for (map, word) in [
        ("[columns]\ncall_id = 1\n", "entered_at"),
        ("[columns]\ncall_id = 1\nentered_at = 2\nwait = 3\n", "durations"),
        ("[columns]\ncall_id = 1\nentered_at = 2\nmood = 3\n", "mood"),
        (&format!("delimiter = \"x\"\n{columns}"), "delimiter"),
        (&format!("colour = 1\n{columns}"), "colour"),
        (&format!("{columns}[outcomes]\nPersa = \"lost\"\n"), "lost"),
    ] {
        let why = Mapping::parse(map).unwrap_err().to_string();
        assert!(why.contains(word), "{why}");
    }
    let zone = Mapping::parse(&format!("zone = \"Europe/Milano\"\n{columns}")).unwrap();
    let why = Mapped::new(zone, CityZone::parse("UTC").unwrap()).map(|_| ()).unwrap_err();
    assert!(why.to_string().contains("Europe/Milano"));
}

#[test]
fn the_promises_of_a_decoder_hold() {
    check_decoder(&mapped(MAP), &[raw(include_bytes!("../../fixtures/centralino.csv")), raw(b"")]);
}
