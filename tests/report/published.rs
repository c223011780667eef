//! A year that is made up so that its facts give what the city published for 2020.
//!
//! A hundred contacts are the fewest that give both 69 % and 82 % with one denominator: 70 calls (60 answered, 39
//! of them registered) and 10 requests each by form, institutional mail and social page, of which people answered
//! 22. Each time varies from contact to contact in pairs around the published mean.

use std::collections::BTreeMap;

use filo_app::StepRequest;
use filo_domain::{Instant, Period, TicketId};
use filo_testkit::{
    at, both,
    mail::Mail,
    pec,
    phone::{Leg, QueueLog},
    social,
};
use serde_json::{Value, json};

use crate::support::{TestApp, supervisor};

const DAY_S: i64 = 86_400;
/// Key, the document's words for what was reached, the exact value, and how many things it rests on.
const PUBLISHED: [(&str, &str, f64, u64); 7] = [
    ("canali-unificati", "4", 4.0, 4),
    ("contatti-censiti", "69%", 0.69, 100),
    ("tempo-risposta-telefono", "2,4 minuti", 144.0, 60),
    ("tempo-risposta-scrivi", "13,1 giorni", 1_131_840.0, 8),
    ("tempo-risposta-mail", "15,3 giorni", 1_321_920.0, 8),
    ("tempo-risposta-social", "1,6 giorni", 138_240.0, 6),
    ("tasso-risposta", "82%", 0.82, 100),
];

/// By which way a written contact comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Form,
    Mail,
    Certified,
    Page,
}

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Act {
    Written(Way, i64),
    TakenInCharge(Way, i64),
    Answered(Way, i64),
    Closed(Way, i64),
    /// The log of a month comes, and what of it is registered is.
    Calls(i64),
}

/// The k-th of a number of times whose mean is `mean`: one longer, the next as much shorter.
fn around(mean: i64, step: i64, k: i64) -> i64 {
    let off = (k / 2 + 1) * step;
    if k % 2 == 0 { mean + off } else { mean - off }
}

/// The 30 written contacts and what is done with 22 of them.
fn written(agenda: &mut Vec<(Instant, Act)>) {
    let first = at("2020-01-07 10:00");
    for nth in 0..30 {
        let (arrives, k) = (first.plus_seconds(nth * 21 * DAY_S / 2), nth / 3);
        let way = match (nth % 3, k) {
            (0, _) => Way::Form,
            (1, 6 | 7) => Way::Certified,
            (1, _) => Way::Mail,
            _ => Way::Page,
        };
        agenda.push((arrives, Act::Written(way, k)));
        let (charged, took) = match (way, k) {
            (Way::Form, 0..8) => (3_600, around(1_131_840, DAY_S / 2, k)),
            (Way::Mail, 0..6) => (7_200, around(1_321_920, DAY_S, k)),
            (Way::Certified, _) => (7_200, around(1_321_920, DAY_S, k)),
            // Of what came by the pages the clock runs from taking in charge, however late that was.
            (Way::Page, 0..6) => (40_000 * (k + 1), around(138_240, DAY_S / 5, k)),
            _ => continue,
        };
        let answered = if way == Way::Page { charged + took } else { took };
        agenda.push((arrives.plus_seconds(charged), Act::TakenInCharge(way, k)));
        agenda.push((arrives.plus_seconds(answered), Act::Answered(way, k)));
        agenda.push((arrives.plus_seconds(answered + 5 * DAY_S), Act::Closed(way, k)));
    }
}

/// 70 calls, six a month: of seven one gave up; of thirteen answered ones nine are registered.
fn log_of(month: i64) -> QueueLog {
    let first = at("2020-01-08 09:30");
    (0..70).filter(|nth| nth / 6 == month).fold(QueueLog::default(), |log, nth| {
        let id = format!("1578400000.{nth}");
        let caller = format!("34700000{nth:02}");
        let entered_at = first.plus_seconds(month * 30 * DAY_S + nth % 6 * 3 * DAY_S);
        let leg = Leg { call_id: &id, queue: "tari", caller: &caller, entered_at };
        if nth % 7 == 6 {
            log.abandoned(leg, 60)
        } else {
            log.answered(leg, around(144, 2, nth - nth / 7), 240)
        }
    })
}

async fn take_in(city: &TestApp, way: Way, k: i64) {
    let sent = city.now();
    let tally = match way {
        Way::Form => {
            let text = format!("La segnalazione numero {k} di quest'anno.");
            city.submit(&format!("scrivi-{k}"), &format!("Domanda {k}"), &text).await.unwrap();
            return;
        }
        Way::Mail => {
            let mail = Mail::new(&format!("m{k}@mail.example"), &format!("persona{k}@mail.example"), sent);
            city.take_in("urp", mail.saying(&format!("Questione {k}"), "Vorrei sapere.").bytes()).await
        }
        Way::Certified => {
            let from = format!("studio{k}@pec.example");
            city.take_in("pec", pec::message(&format!("istanza{k}"), &from, "Istanza", "Testo.", sent)).await
        }
        Way::Page => {
            let author = format!("50{k}");
            let text = format!("Quando riapre l'ufficio numero {k}?");
            let comment =
                social::comment(&format!("77{k}_1"), &format!("77{k}"), (&author, "Qualcuno"), &text, sent);
            city.take_in("facebook", comment).await
        }
    };
    assert_eq!(tally.tickets_opened, 1, "{way:?} {k}");
}

/// Imports a month's log, and registers of its answered calls those that are to be.
async fn calls(city: &TestApp, month: i64, registered: &mut usize) {
    let log = city.call_log().await.len();
    city.calls(log_of(month)).await;
    let mut calls = city.call_log().await;
    calls.sort_by_key(|call| call.entered_at);
    for call in calls.into_iter().skip(log).filter(|call| call.answered_at.is_some()) {
        if *registered < 39 {
            *registered += 1;
            let request = json!({ "theme": "tributi/tari", "kind": "information", "subject": "TARI", "outcome": "solved" });
            city.register(call.id, request).await.unwrap();
        }
    }
}

/// Lives through 2020; the clock ends on 31 January 2021.
async fn live(city: &TestApp) {
    let mut agenda = Vec::new();
    written(&mut agenda);
    let first = at("2020-01-30 06:00");
    agenda.extend((0..12).map(|month| (first.plus_seconds(month * 30 * DAY_S), Act::Calls(month))));
    agenda.sort_by_key(|(when, _)| *when);
    let (mut tickets, mut registered) = (BTreeMap::<(Way, i64), TicketId>::new(), 0);
    for (when, act) in agenda {
        city.now_is_at(when);
        match act {
            Act::Written(way, k) => {
                take_in(city, way, k).await;
                tickets.insert((way, k), city.tickets().await.pop().unwrap().id);
            }
            Act::TakenInCharge(way, k) => {
                city.step(tickets[&(way, k)], StepRequest::TakeCharge).await;
            }
            Act::Answered(way, k) => {
                city.answer(tickets[&(way, k)], "Ecco la risposta.").await;
                city.send().await;
            }
            Act::Closed(way, k) => {
                city.step(tickets[&(way, k)], StepRequest::Close).await;
            }
            Act::Calls(month) => calls(city, month, &mut registered).await,
        }
    }
    assert_eq!(registered, 39);
    city.now_is("2021-01-31 09:00");
}

/// The shipped table of 2020 without what was reached: it must come from the measures.
fn unfinished(files: &mut filo::content::Files) {
    let table = files.get_mut("indicators/scorecard-2020.toml").unwrap();
    let rows = table.split("[[row]]").map(|row| {
        let ours = PUBLISHED.iter().any(|(key, ..)| row.contains(&format!("key = \"{key}\"")));
        let kept = |line: &&str| !ours || !(line.starts_with("achieved") || line.starts_with("printed"));
        row.lines().filter(kept).collect::<Vec<_>>().join("\n")
    });
    *table = rows.collect::<Vec<_>>().join("\n[[row]]");
}

fn texts(card: &Value) -> BTreeMap<&str, (String, &str)> {
    let rows = card["rows"].as_array().unwrap().iter();
    let text = |row: &Value| row["achieved"]["text"].as_str().unwrap().replace(' ', "");
    rows.map(|row| (row["key"].as_str().unwrap(), (text(row), row["result"]["printed"].as_str().unwrap())))
        .collect()
}

async fn scorecard(city: &TestApp) -> Value {
    serde_json::to_value(city.app.scorecard(&supervisor(), 2020, city.now()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_year_made_up_for_it_gives_the_figures_that_were_published_for_2020() {
    both(async |database| {
        let city = TestApp::of_city("2020-01-01 08:00", database, unfinished).await;
        live(&city).await;

        // Each indicator of the year: the value, its words, and as many things behind it as it counts.
        let values = city.app.indicators(&supervisor(), Period::Year(2020), city.now()).await.unwrap();
        for (key, words, value, n) in PUBLISHED {
            let listed = serde_json::to_value(values.iter().find(|it| it.key == key)).unwrap();
            let explained = city.explain(key, "2020").await;
            assert_eq!(listed["value"], explained["value"], "{key}");
            assert_eq!(explained["value"].as_f64(), Some(value), "{key}");
            assert_eq!(explained["text"].as_str().unwrap().replace(' ', ""), words.replace(' ', ""), "{key}");
            assert_eq!(explained["n"], n, "{key}");
            let parts = explained["items"].as_array().unwrap().iter().map(|item| &item["counted_in"]);
            let (mut above, mut below) = (0, 0);
            for part in parts {
                above += u64::from(part == "numerator");
                below += u64::from(part == "denominator_only");
            }
            assert_eq!(explained["numerator"], above, "{key}");
            assert_eq!(above + below, n, "{key}");
            if explained["items"][0]["seconds"].is_number() {
                let items = explained["items"].as_array().unwrap();
                let sum: f64 = items.iter().map(|item| item["seconds"].as_f64().unwrap()).sum();
                let count = f64::from(u32::try_from(n).unwrap());
                assert!((sum / count - value).abs() < 1e-9, "{key}: the mean of what is behind it");
            }
        }

        // The scorecard prints of the measures what the shipped one has from the document.
        let measured = scorecard(&city).await;
        let shipped = TestApp::at("2021-01-31 09:00", filo_testkit::sqlite()).await;
        let published = scorecard(&shipped).await;
        for (key, ..) in PUBLISHED {
            assert_eq!(texts(&measured)[key], texts(&published)[key], "{key}");
        }

        // The report of December has the year beside the month, and prints it.
        let december = city.close("2020-12").await;
        let year = |pointer: &str| december.at(&format!("/year_to_date{pointer}")).as_f64();
        assert_eq!(year("/unification/share"), Some(0.69));
        assert_eq!(year("/unification/unified_channels"), Some(4.0));
        assert_eq!(year("/response_rate/rate"), Some(0.82));
        assert_eq!(year("/phone/mean_wait_answered_s"), Some(144.0));
        assert_eq!(year("/social/charge_to_closed/mean_s"), Some(138_240.0));
        for (channel, clock, mean) in [
            ("scrivi", "response", 1_131_840.0),
            ("email", "resolution", 1_321_920.0),
            ("pec", "resolution", 1_321_920.0),
        ] {
            assert_eq!(year(&format!("{}/{clock}/mean_s", december.channel(channel))), Some(mean));
        }
        for pointer in ["/unification/registered", "/response_rate/answered", "/phone/answered"] {
            city.explains(&december, "2020-12", &format!("/year_to_date{pointer}")).await;
        }
        let page = city.printed("2020-12", "html").await;
        for printed in ["69,0 %", "82,0 %", "2 min 24 s", "13,1 giorni", "15,3 giorni", "1,6 giorni"] {
            assert!(page.contains(printed), "{printed}");
        }
        city.verifies().await;
    })
    .await;
}
