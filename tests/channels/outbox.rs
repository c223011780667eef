//! What leaves: a reply is a file where no mail server is configured, and what becomes of it is known.

use filo_app::NewMessage;
use filo_domain::vocabulary::DeliveryState;
use filo_testkit::{at, both, mail, mail::Mail, pec, social};

use crate::support::{TestApp, operator};

#[tokio::test]
async fn a_reply_leaves_once_and_a_bounce_takes_the_answer_back() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let question = Mail::new("m1@mail.example", "Anna Rossi <anna@mail.example>", at("2026-10-01 11:00"));
        city.take_in("urp", question.bytes()).await;
        assert_eq!(city.send().await, 1, "the receipt");
        let receipts = city.outbox();
        city.now_is("2026-10-02 09:00");
        let ticket = city.ticket().await.id;
        let reply = city.reply(ticket, "Lo sportello apre alle 8.").await;
        assert_eq!(reply.delivery, Some(DeliveryState::Queued));
        assert_eq!((city.send().await, city.send().await), (1, 0), "once");

        let files: Vec<_> = city.outbox().into_iter().filter(|file| !receipts.contains(file)).collect();
        assert_eq!(files.len(), 1);
        let text = std::fs::read_to_string(&files[0]).unwrap();
        assert!(
            text.contains("To: anna@mail.example") && text.contains("In-Reply-To: <m1@mail.example>"),
            "{text}"
        );
        assert!(text.contains("Lo sportello apre alle 8."), "{text}");
        assert_eq!(delivery(&city).await, Some(DeliveryState::Sent));
        assert_eq!(city.report("2026-10").await.line("email"), [1, 1, 1, 1]);

        let id = files[0].file_stem().unwrap().to_str().unwrap();
        city.now_is("2026-10-02 09:05");
        let bounce = mail::bounce(id, "anna@mail.example", at("2026-10-02 09:01"));
        let tally = city.take_in("urp", bounce.clone()).await;
        assert_eq!((tally.accepted, tally.unmatched, tally.tickets_opened), (1, 0, 0));
        assert_eq!(city.take_in("urp", bounce).await.duplicates, 1);
        assert_eq!(delivery(&city).await, Some(DeliveryState::Failed));
        let october = city.report("2026-10").await;
        assert_eq!(october.line("email"), [1, 1, 1, 0]);
        assert_eq!(october.counts("/email", &["received", "messages", "bounces"]), [2, 1, 1]);
        city.verifies().await;
    })
    .await;
}

/// What became of the last reply.
async fn delivery(city: &TestApp) -> Option<DeliveryState> {
    let messages = city.app.ticket_messages(&operator(), city.ticket().await.id).await.unwrap();
    messages.into_iter().rev().find(|message| message.kind == "reply").unwrap().delivery
}

#[tokio::test]
async fn certified_receipts_move_a_reply_forward_in_whatever_order_they_come() {
    both(async |database| {
        let city = TestApp::at("2026-10-07 12:00", database).await;
        city.take_in(
            "pec",
            pec::message("i1", "studio@pec.example", "Istanza", "Testo.", at("2026-10-07 11:00")),
        )
        .await;
        city.reply(city.ticket().await.id, "Accolta.").await;
        city.send().await;
        let id = city.outbox()[0].file_stem().unwrap().to_str().unwrap().to_owned();
        for kind in ["avvenuta-consegna", "accettazione"] {
            city.take_in("pec", pec::receipt(kind, &id, "studio@pec.example", at("2026-10-07 12:01"))).await;
            assert_eq!(delivery(&city).await, Some(DeliveryState::Delivered), "{kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_to_our_mail_continues_its_ticket_and_a_stranger_who_quotes_the_first_mail_does_not() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let question = Mail::new("m1@mail.example", "anna@mail.example", at("2026-10-01 11:00"));
        city.take_in("urp", question.bytes()).await;
        let ticket = city.ticket().await.id;
        city.reply(ticket, "Quale via?").await;
        city.send().await;
        let ours = std::fs::read_to_string(city.outbox().last().unwrap()).unwrap();
        let id =
            ours.lines().find_map(|line| line.strip_prefix("Message-ID: <")).unwrap().trim_end_matches('>');
        city.now_is("2026-10-02 12:00");
        let answer =
            Mail::new("m2@mail.example", "anna@altrove.example", at("2026-10-02 11:00")).answering(id);
        assert_eq!(city.take_in("urp", answer.bytes()).await.tickets_opened, 0);
        let stranger = Mail::new("m3@mail.example", "luca@mail.example", at("2026-10-02 11:30"))
            .answering("m1@mail.example");
        assert_eq!(city.take_in("urp", stranger.bytes()).await.tickets_opened, 1);
        let contacts = city.app.ticket_messages(&operator(), ticket).await.unwrap();
        assert_eq!(contacts.iter().filter(|message| message.kind == "contact").count(), 2);
    })
    .await;
}

#[tokio::test]
async fn robots_and_old_mail_get_no_receipt() {
    both(async |database| {
        let city = TestApp::at("2026-10-05 12:00", database).await;
        let old = Mail::new("m1@mail.example", "anna@mail.example", at("2026-10-01 11:00"));
        city.take_in("urp", old.bytes()).await;
        let mut robot = String::from_utf8(
            Mail::new("m2@mail.example", "bot@mail.example", at("2026-10-05 11:00")).bytes(),
        )
        .unwrap();
        robot.insert_str(0, "Auto-Submitted: auto-replied\n");
        let tally = city.take_in("urp", robot.into_bytes()).await;
        assert_eq!((tally.accepted, tally.tickets_opened), (1, 0));
        assert_eq!((city.send().await, city.outbox().len()), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_reply_on_a_channel_where_nobody_can_be_reached_is_refused() {
    both(async |database| {
        let city = TestApp::at("2026-10-04 12:00", database).await;
        let comment =
            social::comment("77_1", "77", ("501", "Anna Rossi"), "Dove vado?", at("2026-10-04 09:00"));
        city.take_in("facebook", comment).await;
        let message = NewMessage {
            kind: "reply".to_owned(),
            body: "Qui.".to_owned(),
            channel: Some(filo_domain::vocabulary::Channel::Email),
            attachments: vec![],
        };
        let ticket = city.ticket().await.id;
        let error = city.app.add_message(&operator(), ticket, message, None, city.now()).await.unwrap_err();
        assert_eq!(error.kind().0, filo_app::ErrorKind::Invalid);
        city.reply(ticket, "Allo sportello di via Larga.").await;
        assert_eq!(city.send().await, 1);
        assert_eq!(city.outbox().len(), 1);
    })
    .await;
}
