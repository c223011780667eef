//! Everything may come more than once, and at the same time.

use std::future::Future;

use filo_app::{
    App, AppError, ErrorKind, Intake, LiveCallEvent, NewMessage, StepRequest, Tally, TicketChange,
};
use filo_channel::Raw;
use filo_domain::form::Submission;
use filo_testkit::{
    at, both,
    mail::Mail,
    phone::{Leg, QueueLog},
    social,
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{PBX, TestApp, operator};

const AT_ONCE: usize = 8;

/// Runs the same work in so many tasks.
async fn at_once<T, W>(city: &TestApp, work: impl Fn(App, usize) -> W) -> Vec<T>
where
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for index in 0..AT_ONCE {
        tasks.spawn(work(city.app.clone(), index));
    }
    tasks.join_all().await
}

async fn delivered(city: &TestApp, source: &'static str, body: impl Fn(usize) -> Vec<u8>) -> Tally {
    let now = city.now();
    let results = at_once(city, |app, index| {
        let raw = Raw { bytes: body(index), arrived_at: None, now };
        async move { app.take_in(vec![Intake::usual(source, raw)], now).await }
    });
    let mut total = Tally::default();
    for result in results.await {
        total.add(&result.unwrap());
    }
    total
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_mail_delivered_by_many_at_once_is_one_contact_and_one_ticket() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let mail = Mail::new("m1@mail.example", "anna@mail.example", at("2026-10-01 09:00"));
        let total = delivered(&city, "urp", |_| mail.bytes()).await;
        assert_eq!((total.accepted, total.duplicates, total.tickets_opened), (1, 7, 1));
        assert_eq!((city.rows("tickets"), city.rows("persons")), (1, 1));
        city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn different_mails_of_a_new_sender_at_once_are_one_person() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let total = delivered(&city, "urp", |index| {
            Mail::new(&format!("m{index}@mail.example"), "anna@mail.example", at("2026-10-01 09:00")).bytes()
        });
        assert_eq!(total.await.tickets_opened, 8);
        assert_eq!((city.rows("persons"), city.rows("identities")), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_webhook_at_once_is_one_contact_and_comments_of_one_thread_are_one_ticket() {
    both(async |database| {
        let city = TestApp::at("2026-10-02 12:00", database).await;
        let comment = |id: usize| {
            let author = format!("50{id}");
            social::comment(
                &format!("77_{id}"),
                "77",
                (&author, "Qualcuno"),
                "Quando riapre?",
                at("2026-10-02 10:00"),
            )
        };
        let total = delivered(&city, "facebook", |_| comment(0)).await;
        assert_eq!((total.accepted, total.duplicates, total.tickets_opened), (1, 7, 1));
        let other = |index: usize| {
            let author = format!("60{index}");
            social::comment(
                &format!("78_{index}"),
                "78",
                (&author, "Qualcuno"),
                "Quando riapre?",
                at("2026-10-02 10:00"),
            )
        };
        let total = delivered(&city, "facebook", other).await;
        assert_eq!((total.accepted, total.tickets_opened), (8, 1));
        city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_submission_at_once_is_one_request_and_the_same_words_again_are_offered_the_open_one() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let body = json!({
            "form": "generale", "privacy_accepted": true,
            "fields": { "name": "Anna", "surname": "Rossi", "email": "anna@mail.example", "theme": "tributi",
                "subject": "TARI", "text": "Quanto devo?" },
        });
        let now = city.now();
        let submit = |id: fn(usize) -> String| {
            at_once(&city, move |app, index| {
                let submission = Submission::of_json(&body.clone(), &id(index), now).unwrap();
                async move { app.submit(None, submission, vec![], true, now).await.unwrap() }
            })
        };
        let confirmed = submit.clone()(|_| "s1".to_owned()).await;
        assert_eq!(confirmed.iter().filter(|it| it.code.is_some()).count(), 1);
        assert!(confirmed.iter().all(|it| it.number == confirmed[0].number));
        assert_eq!((city.rows("tickets"), city.rows("persons")), (1, 1));
        let confirmed = submit(|index| format!("again{index}")).await;
        assert!(confirmed.iter().all(|it| it.repeated), "{confirmed:?}");
        assert_eq!(city.rows("tickets"), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_under_different_ids_at_once_open_one_request() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let body = json!({
            "form": "generale", "privacy_accepted": true,
            "fields": { "name": "Anna", "surname": "Rossi", "email": "anna@mail.example", "theme": "tributi",
                "subject": "TARI", "text": "Quanto devo?" },
        });
        let now = city.now();
        let confirmed = at_once(&city, |app, index| {
            let submission = Submission::of_json(&body, &format!("s{index}"), now).unwrap();
            async move { app.submit(None, submission, vec![], true, now).await.unwrap() }
        });
        assert_eq!(confirmed.await.iter().filter(|it| !it.repeated).count(), 1);
        assert_eq!((city.rows("tickets"), city.rows("persons")), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_log_imported_and_one_call_reported_live_by_many_at_once_are_one_call_each() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let leg = Leg { call_id: "1790000000.1", queue: "tari", caller: "3471234567", entered_at: at("2026-10-01 09:00") };
        let total = delivered(&city, PBX, |_| QueueLog::default().answered(leg, 5, 60).bytes()).await;
        assert_eq!((total.accepted, total.duplicates), (1, 7));

        let now = city.now();
        let live = at_once(&city, |app, _| {
            let event = json!({ "source": PBX, "call_id": "1790000000.2", "event": "offered", "at": "2026-10-01T08:00:00Z",
                "queue": "tari", "caller": "3477654321" });
            let event: LiveCallEvent = serde_json::from_value(event).unwrap();
            async move { app.live_call_event(&filo_app::Caller::console(), event, now).await.unwrap().1 }
        });
        assert_eq!(live.await.into_iter().filter(|new| *new).count(), 1);
        assert_eq!((city.rows("calls"), city.rows("legs"), city.rows("persons")), (2, 2, 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_registered_by_many_at_once_has_one_ticket() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let leg = Leg {
            call_id: "1790000000.1",
            queue: "tari",
            caller: "3471234567",
            entered_at: at("2026-10-01 09:00"),
        };
        city.calls(QueueLog::default().answered(leg, 5, 60)).await;
        let (call, now) = (city.call_log().await.remove(0).id, city.now());
        let results = at_once(&city, |app, _| {
            let request = json!({ "theme": "tributi/tari", "kind": "information", "subject": "TARI" });
            let request = serde_json::from_value(request).unwrap();
            async move { app.register_call(&operator(), call, request, now).await }
        });
        let results = results.await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let refused = |result: &Result<_, AppError>| result.as_ref().err().map(|error| error.kind().0);
        assert!(results.iter().filter_map(refused).all(|kind| kind == ErrorKind::Conflict), "{results:?}");
        assert_eq!(city.rows("tickets"), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_change_one_ticket_at_once_never_lose_a_change() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let mail = Mail::new("m1@mail.example", "anna@mail.example", at("2026-10-01 09:00"));
        city.take_in("urp", mail.bytes()).await;
        let ticket = city.ticket().await;
        let (id, version, now) = (ticket.id, ticket.version, city.now());

        // Without a version everybody's note is kept.
        let notes = at_once(&city, |app, index| {
            let note = NewMessage {
                kind: "note".to_owned(),
                body: format!("nota {index}"),
                channel: None,
                attachments: vec![],
            };
            async move { app.add_message(&operator(), id, note, None, now).await }
        });
        assert!(notes.await.iter().all(Result::is_ok));
        let written = city.ticket().await.version;
        assert_eq!(usize::try_from(written - version).unwrap(), AT_ONCE);

        // With a version one wins and the others are told.
        let changes = at_once(&city, |app, index| {
            let change = TicketChange { tags: Some(vec![format!("t{index}")]), ..TicketChange::default() };
            async move { app.change_ticket(&operator(), id, change, written, now).await }
        });
        let changes = changes.await;
        let won: Vec<_> = changes.iter().filter_map(|change| change.as_ref().ok()).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(city.ticket().await.tags, won[0].tags);
        let refused = changes.iter().filter_map(|change| change.as_ref().err());
        assert!(refused.into_iter().all(|error| error.kind().0 == ErrorKind::Stale));

        // A step that is allowed once is taken once.
        let charged = at_once(&city, |app, _| async move {
            app.step(&operator(), id, StepRequest::TakeCharge, None, now).await
        });
        let charged = charged.await;
        assert_eq!(charged.iter().filter(|step| step.is_ok()).count(), 1);
        city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_once_however_many_workers_look_for_work() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let mail = Mail::new("m1@mail.example", "anna@mail.example", at("2026-10-01 11:00"));
        city.take_in("urp", mail.bytes()).await;
        let now = city.now();
        let tried = at_once(&city, |app, _| async move { app.send_due(now, 10).await.unwrap() });
        assert_eq!(tried.await.into_iter().sum::<usize>(), 1);
        assert_eq!(city.outbox().len(), 1);
    })
    .await;
}
