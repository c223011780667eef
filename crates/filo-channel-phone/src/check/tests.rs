use super::*;
use crate::Mapping;

const MAP: &str = include_str!("../../fixtures/centralino.toml");

fn checked(format: Format, map: Option<&str>, rows: usize, bytes: &[u8]) -> Checked {
    let mut settings = Settings::new(CityZone::parse("Europe/Rome").unwrap());
    settings.mapping = map.map(|map| Mapping::parse(map).unwrap());
    let checker = Checker::new(format, settings, "pbx", rows).unwrap();
    let mut file = checker.file();
    // In the smallest pieces: each ends with a line.
    bytes.split_inclusive(|byte| *byte == b'\n').for_each(|piece| file.piece(piece));
    file.finish()
}

#[test]
fn a_vendors_rows_are_shown_as_understood_or_with_what_is_wrong() {
    let file = checked(Format::Csv, Some(MAP), 4, include_bytes!("../../fixtures/centralino.csv"));
    assert!(!file.is_understood());
    let [header, answered, _, refused] = file.rows.as_slice() else { panic!("{:?}", file.rows) };
    assert_eq!((header.line, header.no_unit), (1, Some("the header")));
    assert!(answered.fields.contains(&("entered_at", "1/10/2026 9:00".to_owned())), "{answered:?}");
    let leg = answered.leg.as_ref().unwrap();
    assert_eq!(
        (&leg["outcome"], &leg["wait_s"], &leg["source"]),
        (&"answered".into(), &12.into(), &"pbx".into())
    );
    let why = refused.refused.as_ref().unwrap();
    assert_eq!(
        (why.reason, why.detail.as_str()),
        ("row_refused", "line 4: entered_at is no time: \"31/02/2026 09:05:00\"")
    );
    assert_eq!(refused.raw, "A3;tributi;0288451234;31/02/2026;09:05:00;3;;Abbandonata");
}

#[test]
fn what_the_mapping_does_not_cover_is_counted_over_the_whole_file() {
    let file = checked(Format::Csv, Some(MAP), 1, include_bytes!("../../fixtures/centralino.csv"));
    let Summary { lines, understood, without_unit, refused, .. } = file.summary;
    assert_eq!((file.rows.len(), lines, understood, without_unit, refused), (1, 7, 3, 1, 3));
    assert_eq!(file.summary.outcomes_unknown, [("Persa".to_owned(), 1)].into());
    assert_eq!(file.summary.times_unreadable, [("entered_at: 31/02/2026 09:05:00".to_owned(), 1)].into());
    assert_eq!(
        file.summary.refusals,
        [("row_refused".to_owned(), 2), ("unclosed_quote".to_owned(), 1)].into()
    );
    assert_eq!(file.zone, "Europe/Rome");
}

#[test]
fn columns_that_mapping_and_file_do_not_share_are_named() {
    let map = "zone = \"UTC\"\n[columns]\ncall_id = \"id\"\nentered_at = [\"day\", \"hour\"]\n";
    let file = checked(Format::Csv, Some(map), 10, b"ID,Day,Note\nA,2026-10-01,x\n");
    assert_eq!(file.summary.columns_missing, ["hour"]);
    assert_eq!(file.summary.columns_unmapped, ["Note"]);
    assert!(!file.is_understood());
    assert_eq!(file.zone, "UTC");
    let numbers = "header = false\n[columns]\ncall_id = 1\nentered_at = 3\nqueue = 9\n";
    let file = checked(Format::Csv, Some(numbers), 10, b"A,x,2026-10-01 09:00:00\n");
    assert_eq!(
        (file.summary.columns_missing, file.summary.columns_unmapped),
        (vec!["9".to_owned()], vec!["2".to_owned()])
    );
}

#[test]
fn a_queue_log_shows_events_their_legs_and_what_is_no_business_of_a_leg() {
    let log = b"1790000020|1790000020.1|anagrafe|NONE|ENTERQUEUE||0288451234|1\n\n\
        1790000024|1790000020.1|anagrafe|PJSIP/301|RINGNOANSWER|4000\n\
        1790000030|1790000020.1|anagrafe|PJSIP/302|CONNECT|10|x|2\n\
        1790000031|1790000031.1|NONE|NONE|MENU|2-1\nrubbish\n";
    let file = checked(Format::QueueLog, None, 10, log);
    assert_eq!((file.summary.understood, file.summary.without_unit, file.summary.refused), (2, 2, 1));
    assert_eq!(file.legs.len(), 1);
    assert_eq!((&file.legs[0]["outcome"], &file.legs[0]["wait_s"]), (&"answered".into(), &10.into()));
    let lines: Vec<usize> = file.rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [1, 3, 4, 5, 6]);
    assert!(file.rows[0].fields.contains(&("event", "ENTERQUEUE".to_owned())));
    assert_eq!(
        file.summary.events_without_leg,
        [("MENU".to_owned(), 1), ("RINGNOANSWER".to_owned(), 1)].into()
    );
    assert!(checked(Format::QueueLog, None, 10, b"").is_understood());
}

#[test]
fn records_show_their_fields_and_the_legs_of_the_rows_shown() {
    let file = checked(Format::Cdr, None, 2, include_bytes!("../../fixtures/master.csv"));
    assert_eq!((file.rows.len(), file.legs.len()), (2, 1));
    assert!(file.rows[1].fields.contains(&("queue", "anagrafe".to_owned())), "{:?}", file.rows[1]);
    assert_eq!(file.legs[0]["outcome"], "answered");
    assert_eq!((file.summary.understood, file.summary.refused), (6, 1));
}

#[test]
fn words_past_what_is_told_are_only_counted() {
    let map = "[columns]\ncall_id = 1\nentered_at = 2\noutcome = 3\n[outcomes]\n";
    let rows: String = (0..200).map(|n| format!("A,2026-10-01 09:00:00,word{n}\n")).collect();
    let file = checked(Format::Csv, Some(&format!("header = false\n{map}")), 0, rows.as_bytes());
    assert_eq!(file.summary.outcomes_unknown.len(), 51);
    assert_eq!(file.summary.outcomes_unknown.get("…"), Some(&150));
}
