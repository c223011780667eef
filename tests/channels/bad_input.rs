//! Bad input: each unit is accounted for, told clearly, and stops nothing else.

use std::time::{Duration, Instant};

use filo::{content, exit::Failure, settings::Settings, wiring::Program};
use filo_app::{AppError, ErrorKind, Intake, Tally};
use filo_channel::Raw;
use filo_store::{Db, DbSettings, StoreError};
use filo_testkit::{
    Backend, at, both,
    mail::Mail,
    phone::{Leg, QueueLog},
    social,
};
use serde_json::json;

use crate::support::{PBX, TestApp, environment, supervisor};

fn counts(tally: &Tally) -> (u64, u64, u64, u64) {
    (tally.read, tally.accepted, tally.duplicates, tally.quarantined)
}

fn leg(local: &str) -> Leg<'static> {
    Leg { call_id: "1790000000.1", queue: "tari", caller: "3471234567", entered_at: at(local) }
}

async fn reasons(city: &TestApp) -> Vec<String> {
    let page = city.app.list_quarantine(&supervisor(), None, None).await.unwrap();
    let mut reasons: Vec<String> = page.items.into_iter().map(|unit| unit.reason).collect();
    reasons.sort();
    reasons
}

#[tokio::test]
async fn a_malformed_line_is_kept_and_the_calls_around_it_are_taken_in() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let other = Leg { call_id: "1790000000.2", ..leg("2026-10-01 10:00") };
        let log = || {
            QueueLog::default()
                .answered(leg("2026-10-01 09:00"), 5, 60)
                .raw("yesterday|1790000000.3|tari|NONE|ENTERQUEUE||347|1")
                .raw("\u{fffd}\u{1}garbage")
                .abandoned(other, 30)
        };
        assert_eq!(counts(&city.calls(log()).await), (4, 2, 0, 2));
        assert_eq!(counts(&city.calls(log()).await), (4, 0, 4, 0), "kept units are duplicates");
        assert_eq!(city.report("2026-10").await.counts("/phone", &["offered"]), [2]);
    })
    .await;
}

#[tokio::test]
async fn the_end_of_a_leg_waits_in_quarantine_for_its_start() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let end = QueueLog::default().ended(leg("2026-10-01 09:00"), 30);
        assert_eq!(counts(&city.calls(end).await), (1, 0, 0, 1));
        assert_eq!(reasons(&city).await, ["leg_without_start"]);
        let tally = city.calls(QueueLog::default().started(leg("2026-10-01 09:00"))).await;
        assert_eq!((tally.accepted, tally.released), (1, 1));
        assert_eq!(reasons(&city).await, Vec::<String>::new());
        assert_eq!(
            city.report("2026-10").await.counts("/phone", &["offered", "abandoned", "unknown"]),
            [1, 1, 0]
        );
    })
    .await;
}

#[tokio::test]
async fn mail_without_headers_is_kept_and_broken_mime_is_read_as_far_as_it_goes() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        assert_eq!(counts(&city.take_in("urp", b"\n\nnothing but a body\n".to_vec()).await), (1, 0, 0, 1));
        assert_eq!(counts(&city.take_in("urp", Vec::new()).await), (1, 0, 0, 1));
        assert_eq!(reasons(&city).await, ["no_headers", "no_headers"]);
        let broken =
            b"From: anna@mail.example\nSubject: =?utf-8?B?!!!?=\nDate: Thu, 1 Oct 2026 09:00:00 +0200\n\
            Content-Type: multipart/mixed; boundary=\"a\nContent-Transfer-Encoding: base64\n\n--a\n\
            Content-Type: text/plain; charset=klingon\n\nciao \xff\xfe\n"
                .to_vec();
        let tally = city.take_in("urp", broken).await;
        assert_eq!((counts(&tally), tally.tickets_opened), ((1, 1, 0, 0), 1));
    })
    .await;
}

#[tokio::test]
async fn a_wrong_webhook_body_is_kept_and_one_with_a_wrong_signature_is_refused_at_the_door() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        for body in [&b"{\"object\":\"page\",\"entry\":"[..], b"[1,2]", b"\xff\xfe"] {
            assert_eq!(counts(&city.take_in("facebook", body.to_vec()).await), (1, 0, 0, 1));
        }
        assert_eq!(reasons(&city).await.len(), 3);
        let door = city.app.core().sources["facebook"].webhook.as_ref().unwrap();
        let body = social::comment("1", "2", ("3", "Qualcuno"), "Quando riapre?", city.now());
        assert!(!door.verify(None, &body) && !door.verify(Some("sha256=00"), &body));
    })
    .await;
}

#[tokio::test]
async fn a_form_with_missing_fields_names_each_and_stores_nothing() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let body = json!({ "form": "generale", "privacy_accepted": false, "fields": { "name": "Anna", "age": "7" } });
        let Err(AppError::Invalid(fields)) = city.submit_json("s1", &body).await else { panic!("refused") };
        let pointers: Vec<&str> = fields.iter().map(|field| field.pointer.as_str()).collect();
        for pointer in ["/fields/surname", "/fields/email", "/fields/text", "/fields/age", "/privacy_accepted"] {
            assert!(pointers.contains(&pointer), "{pointer} not in {pointers:?}");
        }
        assert_eq!((city.rows("interactions"), city.rows("tickets"), city.rows("intake_keys")), (0, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn an_unknown_source_is_refused_and_nothing_is_stored() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let mail = Mail::new("m1@mail.example", "anna@mail.example", at("2026-10-01 09:00"));
        let raw = Raw { bytes: mail.bytes(), arrived_at: None, now: city.now() };
        let error = city.app.take_in(vec![Intake::usual("elsewhere", raw)], city.now()).await.unwrap_err();
        assert_eq!(error.kind().0, ErrorKind::NotFound);
        assert_eq!(city.rows("raw_inputs"), 0);
    })
    .await;
}

#[test]
fn an_unknown_zone_stops_the_start_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let environment = environment("sqlite::memory:", &folder);
    let (settings, mut files) = content::shipped().unwrap();
    let settings = Settings::of_text(&settings, "filo.toml", folder.path(), &environment).unwrap();
    let city = files.get_mut("city.toml").unwrap();
    *city = city.replace("Europe/Rome", "Europe/Atlantis");
    let Err(Failure::CannotRun(why)) = Program::of(settings, &files, &environment) else { panic!("refused") };
    assert!(why.contains("city.toml") && why.contains("Europe/Atlantis"), "{why}");
}

#[test]
fn a_database_that_is_away_at_the_start_says_so_within_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let urls = [
        format!("sqlite:{}/filo.db", file.display()),
        format!("sqlite:{}", folder.path().display()),
        "postgres://nobody@127.0.0.1:1/filo".to_owned(),
    ];
    for url in urls {
        let started = Instant::now();
        let Err(error) = Db::open(&DbSettings::at(&url)) else { panic!("{url} opened") };
        assert!(matches!(error, StoreError::Away(_)), "{url}: {error:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{url}");
    }
    assert!(matches!(Db::open(&DbSettings::at("mysql://here")), Err(StoreError::Url)));
}

#[tokio::test]
async fn a_database_that_goes_away_during_work_is_told_as_such_and_work_goes_on_when_it_is_back() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let before = Mail::new("m1@mail.example", "anna@mail.example", at("2026-10-01 09:00"));
        city.take_in("urp", before.bytes()).await;
        let mail = Mail::new("m2@mail.example", "anna@mail.example", at("2026-10-01 10:00")).bytes();
        let intake = || Intake::usual("urp", Raw { bytes: mail.clone(), arrived_at: None, now: city.now() });
        let mut locked = city.database.session();
        match city.database.backend {
            // An embedded database is away while another process holds it.
            Backend::Sqlite => locked.execute("BEGIN EXCLUSIVE"),
            Backend::Postgres => city.database.set_away(true),
        }
        let started = Instant::now();
        let error = city.app.take_in(vec![intake()], city.now()).await.unwrap_err();
        assert_eq!(error.kind().0, ErrorKind::Unavailable, "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(9));
        match city.database.backend {
            Backend::Sqlite => locked.execute("ROLLBACK"),
            Backend::Postgres => city.database.set_away(false),
        }
        let tally = city.app.take_in(vec![intake()], city.now()).await.unwrap();
        assert_eq!((tally.accepted, tally.duplicates), (1, 0));
        assert_eq!(city.rows("interactions"), 2 + city.rows("messages"));
        city.verifies().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_can_be_retried_or_put_aside_with_a_reason() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        city.take_in("urp", b"\n\nbody\n".to_vec()).await;
        city.take_in(PBX, b"garbage\n".to_vec()).await;
        let units = city.app.list_quarantine(&supervisor(), None, None).await.unwrap().items;
        let retried = city.app.retry_quarantined(&supervisor(), units[0].id, city.now()).await.unwrap();
        assert_eq!((retried.released, retried.reason.is_some()), (false, true));
        let (id, now) = (units[1].id, city.now());
        let refused = city.app.discard_quarantined(&supervisor(), id, " ", now).await.unwrap_err();
        assert_eq!(refused.kind().0, ErrorKind::Invalid);
        city.app.discard_quarantined(&supervisor(), id, "riga di prova", now).await.unwrap();
        assert_eq!(
            city.app.discard_quarantined(&supervisor(), id, "di nuovo", now).await.unwrap_err().kind().0,
            ErrorKind::Conflict
        );
        assert_eq!(reasons(&city).await.len(), 1);
    })
    .await;
}
