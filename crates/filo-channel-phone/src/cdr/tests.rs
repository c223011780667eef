use filo_channel::conformance::check_decoder;
use filo_domain::{Instant, legs::Leg, vocabulary::CallOutcome};

use super::*;

fn cdr() -> Cdr {
    let agent_channels = DEFAULT_AGENT_CHANNELS.iter().map(ToString::to_string).collect();
    Cdr {
        zone: CityZone::parse("Europe/Rome").unwrap(),
        agent_channels,
        layout: Layout::CdrCsv,
        ivr_column: None,
    }
}
fn raw(text: &str) -> Raw {
    Raw { bytes: text.as_bytes().to_vec(), arrived_at: None, now: Instant::from_seconds(0) }
}
fn legs(text: &str) -> Vec<Leg> {
    let units = cdr().decode(&raw(text)).into_iter();
    units
        .map(|unit| match unit.unwrap() {
            Decoded::Leg(leg) => *leg,
            other => panic!("{other:?}"),
        })
        .collect()
}
/// A row of 18 columns: a call to 7001 by Dial.
fn row(
    dstchannel: &str,
    start: &str,
    answer: &str,
    end: &str,
    seconds: &str,
    disposition: &str,
    id: &str,
) -> String {
    format!(
        "\"\",\"3391234567\",\"7001\",\"in\",\"\"\"x\"\" <1>\",\"SIP/trunk-1\",\"{dstchannel}\",\"Dial\",\"x\",\
         \"{start}\",\"{answer}\",\"{end}\",{seconds},\"{disposition}\",\"DOCUMENTATION\",\"{id}\",\"\"\n"
    )
}

const MASTER: &str = include_str!("../../fixtures/master.csv");

#[test]
fn rows_of_one_call_are_one_leg_a_queue_and_the_file_is_read_past_an_open_quote() {
    let units = cdr().decode(&raw(MASTER));
    let refused: Vec<_> = units.iter().filter_map(|unit| unit.as_ref().err()).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(
        (refused[0].reason, refused[0].detail.as_str()),
        ("unclosed_quote", "line 5: a quote is left open")
    );
    let legs: Vec<&Leg> = units
        .iter()
        .flatten()
        .map(|unit| match unit {
            Decoded::Leg(leg) => leg.as_ref(),
            other => panic!("{other:?}"),
        })
        .collect();
    let told: Vec<_> =
        legs.iter().map(|leg| (leg.queue.as_str(), leg.outcome, leg.wait_s, leg.talk_s)).collect();
    assert_eq!(
        told,
        [
            ("anagrafe", CallOutcome::Answered, Some(25), Some(120)),
            ("tributi", CallOutcome::Abandoned, Some(46), None),
            ("ivr", CallOutcome::SelfServed, None, None),
            ("7001", CallOutcome::Abandoned, Some(7), None),
            ("7001", CallOutcome::Unknown, None, None),
        ]
    );
    assert_eq!(
        (legs[0].caller.as_deref(), legs[0].agent.as_deref()),
        (Some("+390288451234"), Some("PJSIP/302"))
    );
    assert_eq!(
        (legs[1].caller.as_deref(), legs[2].flags.as_slice()),
        (None, ["answered_by_machine".to_owned()].as_slice())
    );
    assert_eq!(legs[0].entered_at.to_string(), "2026-10-01T07:00:00Z");
}

#[test]
fn all_widths_of_the_layout_are_read_and_a_header_row_names_other_orders() {
    let base = "\"\",\"339\",\"7001\",\"in\",\"c\",\"SIP/t-1\",\"SIP/1-2\",\"Dial\",\"x\",\"2026-10-01 09:00:00\",\
                \"2026-10-01 09:00:05\",\"2026-10-01 09:00:15\",15,10,\"ANSWERED\",\"DOCUMENTATION\"";
    let ids: Vec<String> = [
        "",
        ",\"179.1\"",
        ",\"note\"",
        ",\"179.1\",\"note\"",
        ",\"\",\"179.0\",1",
        ",\"179.1\",\"\",\"179.0\",1",
        ",\"179.1\",\"note\",\"\",\"179.0\",1",
    ]
    .iter()
    .map(|tail| legs(&format!("{base}{tail}\n")).remove(0).call_id)
    .collect();
    assert_eq!(ids, ["SIP/t-1", "179.1", "SIP/t-1", "179.1", "179.0", "179.0", "179.0"]);
    let header = "calldate;clid;src;dst;channel;dstchannel;lastapp;lastdata;duration;billsec;disposition;uniqueid\n\
                  2026-10-01 09:00:00;x;339;7001;SIP/t-1;SIP/1-2;Dial;x;15;10;ANSWERED;179.1\n";
    let leg = legs(header).remove(0);
    assert_eq!((leg.outcome, leg.wait_s, leg.talk_s), (CallOutcome::Answered, Some(5), Some(10)));
}

#[test]
fn cdr_custom_is_known_by_where_its_times_stand() {
    let custom = "\"\"\"x\"\" <339>\",\"339\",\"7001\",\"in\",\"SIP/t-1\",\"SIP/1-2\",\"Dial\",\"x\",\"2026-10-01 09:00:00\",\
        \"2026-10-01 09:00:05\",\"2026-10-01 09:00:15\",\"15\",\"10\",\"ANSWERED\",\"DOCUMENTATION\",\"\",\"179.1\",\"\",\"7\"\n";
    let leg = legs(custom).remove(0);
    assert_eq!((leg.call_id.as_str(), leg.wait_s, leg.talk_s), ("179.1", Some(5), Some(10)));
    let refused = cdr().decode(&raw("a,b,c\n")).remove(0).unwrap_err();
    assert_eq!((refused.reason, refused.raw.as_slice()), ("row_not_in_layout", b"a,b,c".as_slice()));
}

#[test]
fn only_a_persons_channel_answers() {
    let answered = |channel| {
        let times = ("2026-10-01 09:00:00", "2026-10-01 09:00:05", "2026-10-01 09:00:15");
        legs(&row(channel, times.0, times.1, times.2, "15,10", "ANSWERED", "179.1")).remove(0).outcome
    };
    assert_eq!(
        (answered("SIP/bob-1"), answered("pjsip/bob-1")),
        (CallOutcome::Answered, CallOutcome::Answered)
    );
    assert_eq!((answered("Local/s@ivr-1"), answered("")), (CallOutcome::Unknown, CallOutcome::Unknown));
}

#[test]
fn a_call_that_the_machine_alone_had_is_self_served_with_what_was_chosen() {
    let machine = |app: &str, channel: &str, field: &str| {
        format!(
            "\"\",\"3391234567\",\"2\",\"ivr\",\"x\",\"SIP/trunk-1\",\"{channel}\",\"{app}\",\"x\",\
             \"2026-10-01 09:00:00\",\"2026-10-01 09:00:00\",\"2026-10-01 09:00:30\",30,30,\"ANSWERED\",\
             \"DOCUMENTATION\",\"179.1\",\"{field}\"\n"
        )
    };
    let only = |text: &str| {
        let cdr = Cdr { ivr_column: Some("userfield".to_owned()), ..cdr() };
        match cdr.decode(&raw(text)).remove(0).unwrap() {
            Decoded::Leg(leg) => *leg,
            other => panic!("{other:?}"),
        }
    };
    let served = only(&machine("Playback", "", "2-1"));
    assert_eq!((served.outcome, served.choice.as_deref()), (CallOutcome::SelfServed, Some("2-1")));
    assert_eq!((served.wait_s, served.talk_s), (None, None));
    assert_eq!(served.ended_at.map(|at| at.seconds_since(served.entered_at)), Some(30));
    for (app, channel) in [("Dial", ""), ("BackGround", "Local/s@x-1"), ("VoiceMail", "")] {
        assert_eq!(only(&machine(app, channel, "")).outcome, CallOutcome::Unknown, "{app}");
    }
    // What somebody typed of themselves is no choice.
    assert_eq!(only(&machine("Playback", "", "3471234567")).choice, None);
    let queue = only(&machine("Queue", "", "2-1"));
    assert_eq!((queue.outcome, queue.choice.as_deref()), (CallOutcome::Abandoned, Some("2-1")));
}

#[test]
fn parallel_dials_rows_written_twice_and_any_order_are_one_leg() {
    let rows = [
        row("SIP/a-1", "2026-10-01 09:00:00", "", "2026-10-01 09:00:09", "9,0", "NO ANSWER", "179.1"),
        row(
            "SIP/b-1",
            "2026-10-01 09:00:00",
            "2026-10-01 09:00:09",
            "2026-10-01 09:01:09",
            "69,60",
            "ANSWERED",
            "179.1",
        ),
    ];
    let forwards = legs(&[rows.concat(), rows.concat()].concat());
    let backwards = legs(&[rows[1].clone(), rows[0].clone()].concat());
    assert_eq!((forwards.len(), forwards[0].wait_s, forwards[0].talk_s), (1, Some(9), Some(60)));
    assert_eq!(forwards, backwards);
}

#[test]
fn an_id_that_comes_back_after_a_day_is_another_call() {
    let text: String = ["01", "03"]
        .iter()
        .map(|day| {
            let time = |clock: &str| format!("2026-10-{day} {clock}");
            row("SIP/a-1", &time("09:00:00"), "", &time("09:00:09"), "9,0", "NO ANSWER", "179.1")
        })
        .collect();
    assert_eq!(legs(&text).len(), 2);
}

#[test]
fn waits_over_both_clock_changes_are_right() {
    let spring = row(
        "SIP/a-1",
        "2026-03-29 01:59:50",
        "2026-03-29 03:00:10",
        "2026-03-29 03:01:10",
        "80,60",
        "ANSWERED",
        "x",
    );
    let leg = legs(&spring).remove(0);
    assert_eq!(
        (leg.wait_s, leg.talk_s, leg.entered_at.to_string().as_str()),
        (Some(20), Some(60), "2026-03-29T00:59:50Z")
    );
    let autumn = row(
        "SIP/a-1",
        "2026-10-25 02:59:50",
        "2026-10-25 02:00:10",
        "2026-10-25 02:01:10",
        "80,60",
        "ANSWERED",
        "x",
    );
    let leg = legs(&autumn).remove(0);
    assert_eq!((leg.wait_s, leg.entered_at.to_string().as_str()), (Some(20), "2026-10-25T00:59:50Z"));
    assert!(leg.flags.is_empty(), "{:?}", leg.flags);
    let unclear = row("SIP/a-1", "2026-10-25 02:30:00", "", "2026-10-25 02:30:09", "9,0", "NO ANSWER", "x");
    assert_eq!(legs(&unclear).remove(0).flags, ["local_time_ambiguous"]);
    let by_id =
        row("SIP/a-1", "2026-10-25 02:30:00", "", "2026-10-25 02:30:09", "9,0", "NO ANSWER", "1792891800.1");
    assert_eq!(legs(&by_id).remove(0).entered_at.to_string(), "2026-10-25T01:30:00Z");
}

#[test]
fn the_promises_of_a_decoder_hold() {
    check_decoder(&cdr(), &[raw(MASTER), raw("")]);
}

#[test]
fn rows_wait_for_their_call_and_not_for_the_whole_file() {
    let day = |day: u32, id: &str| {
        let (start, end) = (format!("2026-10-{day:02} 10:00:00"), format!("2026-10-{day:02} 10:01:00"));
        row("SIP/100-1", &start, &start, &end, "60,60", "ANSWERED", id)
    };
    let file: Vec<String> =
        (1..=28).flat_map(|n| [day(n, &format!("a{n}")), day(n, &format!("b{n}"))]).collect();
    let (cdr, mut given) = (cdr(), vec![]);
    let mut reader = cdr.in_parts().unwrap();
    assert!(reader.holds_back());
    for (read, line) in file.iter().enumerate() {
        given.extend(reader.part(line.as_bytes()));
        assert!(read + 1 - given.len() <= 6, "{} of {} rows wait", read + 1 - given.len(), read + 1);
    }
    given.extend(reader.end());
    assert_eq!(given, cdr.decode(&raw(&file.concat())));
}
