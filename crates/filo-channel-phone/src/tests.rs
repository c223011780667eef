//! Whole files: the crate's own fixtures and, where they are at hand, the shared ones.

use filo_channel::Raw;
use filo_domain::{Instant, legs::LegView, vocabulary::CallOutcome};

use super::*;

fn settings() -> Settings {
    Settings::new(CityZone::parse("Europe/Rome").unwrap())
}
fn raw(bytes: &[u8]) -> Raw {
    Raw { bytes: bytes.to_vec(), arrived_at: None, now: Instant::from_seconds(0) }
}
fn inspected(format: Format, files: &[&[u8]]) -> Inspected {
    let files: Vec<Raw> = files.iter().map(|bytes| raw(bytes)).collect();
    inspect(decoder(format, settings()).unwrap().as_ref(), &files)
}
fn told(inspected: &Inspected) -> Vec<(&str, CallOutcome, Option<i64>, Option<i64>)> {
    let view = |view: LegView<'_>| (view.outcome, view.wait_s, view.talk_s);
    let queues = inspected.calls.iter().flat_map(|call| call.legs.iter().map(|leg| leg.queue.as_str()));
    queues
        .zip(inspected.views("x").map(view))
        .map(|(queue, (outcome, wait, talk))| (queue, outcome, wait, talk))
        .collect()
}
fn shared(file: &str) -> Option<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/phone");
    let bytes = std::fs::read(format!("{folder}/{file}")).ok();
    if bytes.is_none() {
        eprintln!("not checked: ../shared/fixtures is not here");
    }
    bytes
}

const LOG: &[u8] = include_bytes!("../fixtures/queue_log");

#[test]
fn a_queue_log_gives_calls_legs_orphans_and_refusals() {
    let seen = inspected(Format::QueueLog, &[LOG]);
    assert_eq!(
        told(&seen),
        [
            ("anagrafe", CallOutcome::Answered, Some(12), Some(60)),
            ("tributi", CallOutcome::Abandoned, Some(3), None),
            ("tributi", CallOutcome::TimedOut, Some(30), None),
            ("anagrafe", CallOutcome::Answered, Some(10), Some(30)),
            ("anagrafe", CallOutcome::Unknown, None, None),
            ("anagrafe", CallOutcome::Withdrawn, Some(5), None),
        ]
    );
    assert_eq!((seen.calls.len(), seen.orphans.len(), seen.rejected.len()), (5, 1, 1));
    let transferred = &seen.calls[2];
    assert_eq!(
        (transferred.wait_s, transferred.talk_s, transferred.transferred_to.as_deref()),
        (Some(40), Some(30), Some("8005"))
    );
}

#[test]
fn a_log_cut_anywhere_into_two_files_in_either_order_is_the_same() {
    let whole = inspected(Format::QueueLog, &[LOG]).calls;
    for (index, _) in LOG.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let (first, second) = LOG.split_at(index + 1);
        assert_eq!(inspected(Format::QueueLog, &[first, second, second]).calls, whole);
        assert_eq!(inspected(Format::QueueLog, &[second, first]).calls, whole);
    }
}

#[test]
fn a_leg_is_printed_as_the_contract_says() {
    let seen = inspected(Format::QueueLog, &[LOG]);
    let printed: Vec<_> =
        seen.views("pbx-020202").map(|view| serde_json::to_string(&view).unwrap()).collect();
    assert_eq!(
        printed[3],
        "{\"source\":\"pbx-020202\",\"external_id\":\"1790000110.4\",\"leg\":2,\"queue\":\"anagrafe\",\
         \"caller\":\"+393471234567\",\"entered_at\":\"2026-09-21T14:15:40Z\",\"answered_at\":\"2026-09-21T14:15:50Z\",\
         \"ended_at\":\"2026-09-21T14:16:20Z\",\"wait_s\":10,\"talk_s\":30,\"outcome\":\"answered\",\
         \"transferred_to\":\"8005\",\"flags\":[]}"
    );
    assert!(printed[4].contains("\"ended_at\":null,\"wait_s\":null,\"talk_s\":null,\"outcome\":\"unknown\""));
}

#[test]
fn the_format_is_guessed_from_the_first_lines() {
    assert_eq!(guess(LOG), Some(Format::QueueLog));
    assert_eq!(guess(b"time,callid,queuename,agent,event,data1\n"), Some(Format::QueueLog));
    assert_eq!(guess(include_bytes!("../fixtures/master.csv")), Some(Format::Cdr));
    assert_eq!(guess(b"calldate,src,dst,duration,billsec,disposition\n"), Some(Format::Cdr));
    assert_eq!(guess(include_bytes!("../fixtures/centralino.csv")), None);
    assert_eq!(guess(b""), None);
}

#[test]
fn a_csv_without_mapping_is_refused_and_formats_have_one_spelling() {
    assert!(matches!(decoder(Format::Csv, settings()), Err(MappingError::Missing)));
    for format in Format::ALL {
        assert_eq!(Format::parse_word(format.word()), Ok(*format));
    }
}

#[test]
fn the_shared_queue_log_is_five_calls() {
    let Some(bytes) = shared("queue_log") else { return };
    assert_eq!(guess(&bytes), Some(Format::QueueLog));
    let seen = inspected(Format::QueueLog, &[&bytes]);
    assert_eq!(
        told(&seen),
        [
            ("support", CallOutcome::Abandoned, Some(68), None),
            ("sales", CallOutcome::Unknown, None, None),
            ("8000", CallOutcome::Answered, Some(6), Some(25)),
            ("700", CallOutcome::Answered, Some(10), Some(120)),
            ("700", CallOutcome::Abandoned, Some(90), None),
        ]
    );
    assert_eq!((seen.calls.len(), seen.orphans.len(), seen.rejected.len()), (5, 0, 0));
    assert!(seen.calls.iter().flat_map(|call| &call.legs).all(|leg| leg.flags.is_empty()));
}

#[test]
fn the_shared_call_detail_records_are_four_calls_in_six_rows() {
    let Some(bytes) = shared("Master.csv") else { return };
    assert_eq!(guess(&bytes), Some(Format::Cdr));
    let seen = inspected(Format::Cdr, &[&bytes]);
    let mut told = told(&seen);
    told.sort_by_key(|leg| (leg.0, leg.2));
    assert_eq!(
        told,
        [
            ("200", CallOutcome::Answered, Some(8), Some(112)),
            ("200", CallOutcome::Answered, Some(10), Some(60)),
            ("500", CallOutcome::Abandoned, Some(2), None),
            ("complaints", CallOutcome::Answered, Some(60), Some(120)),
        ]
    );
    assert_eq!((seen.calls.len(), seen.rejected.len()), (4, 0));
}
