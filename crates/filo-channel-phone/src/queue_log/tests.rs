use filo_channel::conformance::check_decoder;

use super::*;

fn log() -> QueueLog {
    QueueLog { zone: CityZone::parse("Europe/Rome").unwrap(), ivr_event: None }
}
fn raw(bytes: &[u8]) -> Raw {
    Raw { bytes: bytes.to_vec(), arrived_at: None, now: Instant::from_seconds(0) }
}
fn events(text: &str) -> Vec<LegEvent> {
    let units = log().decode(&raw(text.as_bytes()));
    units
        .into_iter()
        .map(|unit| match unit.unwrap() {
            Decoded::LegEvent(event) => event,
            other => panic!("{other:?}"),
        })
        .collect()
}
fn only_step(tail: &str) -> LegStep {
    let events = events(&format!("1790000100|1790000000.1|q|SIP/1|{tail}\n"));
    assert_eq!(events.len(), 1, "{tail}");
    events.into_iter().next().unwrap().step
}
fn rejected(bytes: &[u8]) -> Vec<Rejected> {
    log().decode(&raw(bytes)).into_iter().filter_map(Result::err).collect()
}

#[test]
fn every_event_of_a_leg_has_its_parameters_where_its_version_puts_them() {
    use LegStep::*;
    let left = |outcome, wait_s| Left { outcome, wait_s };
    let to = |to: &str, wait_s, talk_s| Transferred { to: Some(to.into()), wait_s, talk_s };
    let completed = Completed { wait_s: Some(6), talk_s: Some(25) };
    for (tail, step) in [
        ("ENTERQUEUE||3471234567|1", Entered { caller: Some("+393471234567".into()) }),
        ("ENTERQUEUE||anonymous|1|Anonimo", Entered { caller: None }),
        ("ENTERQUEUE|||1", Entered { caller: None }),
        ("ENTERQUEUE|http://x|\"Maria\" <7000>|1", Entered { caller: Some("7000".into()) }),
        ("CONNECT|6|1790000099.2|3", Connected { wait_s: Some(6), agent: Some("SIP/1".into()) }),
        ("CONNECT|6", Connected { wait_s: Some(6), agent: Some("SIP/1".into()) }),
        ("CONNECT|", Connected { wait_s: None, agent: Some("SIP/1".into()) }),
        ("COMPLETEAGENT|6|25|1", completed.clone()),
        ("COMPLETECALLER|6|25|1", completed.clone()),
        ("COMPLETECALLER|6,25,1", completed),
        ("COMPLETECALLER", Completed { wait_s: None, talk_s: None }),
        ("ABANDON|1|1|68", left(CallOutcome::Abandoned, Some(68))),
        ("ABANDON|1|1|-68", left(CallOutcome::Abandoned, None)),
        ("ABANDON|1|1|99999999999", left(CallOutcome::Abandoned, None)),
        ("ABANDON|1", left(CallOutcome::Abandoned, None)),
        ("EXITWITHTIMEOUT|1|2|30", left(CallOutcome::TimedOut, Some(30))),
        ("EXITEMPTY|1|2|0", left(CallOutcome::Empty, Some(0))),
        ("EXITWITHKEY|5|1|2|14", left(CallOutcome::KeyExit, Some(14))),
        ("EXITWITHKEY|5|1", left(CallOutcome::KeyExit, None)),
        ("WITHDRAW|1|2|9|by hand", left(CallOutcome::Withdrawn, Some(9))),
        ("BLINDTRANSFER|8005|from-internal|10|30|1", to("8005", Some(10), Some(30))),
        ("TRANSFER|8005|from-internal|10|30|1", to("8005", Some(10), Some(30))),
        ("TRANSFER|8005,from-internal,10,30,1", to("8005", Some(10), Some(30))),
        ("TRANSFER|8005,from-internal|10|30", to("8005", Some(10), Some(30))),
        ("TRANSFER|8005|from-internal", to("8005", None, None)),
        ("ATTENDEDTRANSFER|BRIDGE|6f1c|10|30|1", to("6f1c", Some(10), Some(30))),
        ("ATTENDEDTRANSFER|LINK|PJSIP/1-1|PJSIP/2-1|10|30|1", to("PJSIP/1-1", Some(10), Some(30))),
        ("ATTENDEDTRANSFER|APP|Queue|10|30|1", to("Queue", Some(10), Some(30))),
        ("QUEUESTART|", Restarted),
    ] {
        assert_eq!(only_step(tail), step, "{tail}");
    }
}

#[test]
fn what_agents_do_and_what_the_dialplan_makes_up_gives_no_unit() {
    let names =
        ["RINGNOANSWER", "RINGCANCELED", "ADDMEMBER", "PAUSEALL", "CONFIGRELOAD", "MYEVENT", "QUEUESTARTED"];
    let text: String =
        names.iter().map(|name| format!("1790000100|1790000000.1|q|SIP/1|{name}|1000|a|b\n")).collect();
    assert_eq!(log().decode(&raw(text.as_bytes())), []);
}

#[test]
fn an_event_of_the_dialplan_that_the_source_names_carries_what_was_chosen() {
    let event = IvrEvent { name: "IVRCHOICE".to_owned(), parameter: 1, caller_parameter: Some(2) };
    let log = QueueLog { ivr_event: Some(event), ..log() };
    let read = |line: &str| {
        let raw = Raw { bytes: line.as_bytes().to_vec(), arrived_at: None, now: Instant::from_seconds(0) };
        match log.decode(&raw).remove(0).unwrap() {
            Decoded::LegEvent(event) => (event.call_id, event.step),
            other => panic!("{other:?}"),
        }
    };
    let chose = |choice: Option<&str>, caller: Option<&str>| LegStep::Chose {
        choice: choice.map(Into::into),
        caller: caller.map(Into::into),
        over: false,
    };
    let line = "1790000000|1790000000.1|NONE|NONE|ivrchoice|";
    assert_eq!(
        read(&format!("{line}2-1|3471234567\n")),
        ("1790000000.1".to_owned(), chose(Some("2-1"), Some("+393471234567")))
    );
    assert_eq!(read(&format!("{line}3471234567|\n")).1, chose(None, None), "typed of oneself");
}

#[test]
fn a_restart_has_neither_call_nor_queue_and_a_leg_event_needs_a_call() {
    let restart = events("1596272294|NONE|NONE|NONE|QUEUESTART|\n").remove(0);
    assert_eq!((restart.call_id.as_str(), restart.queue.as_str()), ("", ""));
    let refused = rejected(b"1596272294|NONE|q|NONE|ABANDON|1|1|5\n").remove(0);
    assert_eq!(
        (refused.reason, refused.detail.as_str()),
        ("unreadable_line", "line 1: the event of a call has no call id")
    );
}

#[test]
fn blanks_line_ends_marks_nul_and_encodings_change_nothing() {
    let plain = events("1790000100|1.1|Qualità|NONE|ABANDON|1|1|5\n");
    let spaced = " 1790000100 | 1.1 | Qualità | NONE | ABANDON | 1 | 1 | 5 \r\n\r\n";
    assert_eq!(events(spaced), plain);
    for bytes in [
        b"\xef\xbb\xbf1790000100|1.1|Qualit\xc3\xa0|NONE|ABANDON|1|1|5".as_slice(),
        b"\0\0\n1790000100|1.1|Qualit\xe0|NONE|ABANDON|1|1|5\0\n",
    ] {
        assert_eq!(log().decode(&raw(bytes)), [Ok(Decoded::LegEvent(plain[0].clone()))]);
    }
}

#[test]
fn times_are_epochs_with_or_without_fraction_or_local_ones_of_a_table() {
    let at = |time: &str| events(&format!("{time}|1790000000.1|q|NONE|ABANDON|1|1|5\n")).remove(0).at;
    assert_eq!(at("1790000100.303267"), Instant::from_micros(1_790_000_100_303_267));
    assert_eq!(at("1790000100.5"), Instant::from_micros(1_790_000_100_500_000));
    assert_eq!(at("2026-09-21 15:35:00.250000"), Instant::from_micros(1_789_997_700_250_000));
    for time in ["-1", "0", "17900001000000", "yesterday", "", "1790000100,5"] {
        let line = format!("{time}|1790000000.1|q|NONE|ABANDON|1|1|5\n");
        assert_eq!(rejected(line.as_bytes()).len(), 1, "{time}");
    }
}

#[test]
fn in_the_hour_shown_twice_the_call_id_tells_which_it_was() {
    let created = |text: &str| Instant::parse(text).unwrap().seconds();
    let at = |epoch: i64| {
        events(&format!("2026-10-25 02:30:00|{epoch}.1|q|NONE|ENTERQUEUE||1\n")).remove(0).at.to_string()
    };
    assert_eq!(at(created("2026-10-25T00:29:58Z")), "2026-10-25T00:30:00Z");
    assert_eq!(at(created("2026-10-25T01:29:58Z")), "2026-10-25T01:30:00Z");
}

#[test]
fn a_tables_export_as_csv_is_read_with_or_without_header_and_row_numbers() {
    let expected = events("2026-09-21 15:35:00|1.1|q|NONE|ABANDON|1|1|5\n");
    for text in [
        "time,callid,queuename,agent,event,data1,data2,data3\n2026-09-21 15:35:00,1.1,q,NONE,ABANDON,1,1,5\n",
        "\"id\";\"time\";\"callid\";\"queuename\";\"agent\";\"event\";\"data\"\n\
         \"7\";\"2026-09-21 15:35:00\";\"1.1\";\"q\";\"NONE\";\"ABANDON\";\"1|1|5\"\n",
        "8\t2026-09-21 15:35:00\t1.1\tq\tNONE\tABANDON\t1\t1\t5\t\t\n",
    ] {
        assert_eq!(events(text), expected, "{text}");
    }
}

#[test]
fn an_unreadable_line_is_handed_back_whole_with_its_number_and_the_rest_is_read() {
    let units = log().decode(&raw(b"1790000100|1.1|q|NONE|ABANDON|1|1|5\n\nbr\xf2ken\n1790000100|1.1\n1790000101|1.2|q|NONE|ABANDON|1|1|5\n"));
    let refused: Vec<_> = units.iter().filter_map(|unit| unit.as_ref().err()).collect();
    assert_eq!((units.len(), refused.len()), (4, 2));
    assert_eq!((refused[0].reason, refused[0].raw.as_slice()), ("unreadable_line", b"br\xf2ken".as_slice()));
    assert!(refused[1].detail.starts_with("line 4: "), "{}", refused[1].detail);
}

#[test]
fn a_last_line_cut_short_is_kept_when_it_parses_and_told_when_not() {
    assert_eq!(events("1790000100|1.1|q|NONE|ABANDON|1|1|5").len(), 1);
    for cut in ["1790000100|1.1|q|NONE|ABAN", "1790000100|1.1|q", "17900", "1790000100|1.1|q|NONE|"] {
        assert_eq!(rejected(cut.as_bytes()).remove(0).reason, "line_cut_off", "{cut}");
    }
    assert_eq!(rejected(b"1790000100|1.1|q|NONE|\n").remove(0).reason, "unreadable_line");
}

#[test]
fn the_promises_of_a_decoder_hold() {
    check_decoder(&log(), &[raw(include_bytes!("../../fixtures/queue_log")), raw(b"")]);
}
