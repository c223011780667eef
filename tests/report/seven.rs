//! The seven cases that any implementation must get right, through the real adapters and use cases.

use filo_app::{Assign, Resolution, StepRequest};
use filo_domain::vocabulary::Outcome;
use filo_testkit::{
    at, both,
    mail::Mail,
    pec,
    phone::{Leg, QueueLog},
    social,
};
use serde_json::{Value, json};

use crate::support::{TestApp, operator};

const DAY_S: f64 = 86_400.0;

fn leg(local: &str) -> Leg<'static> {
    Leg { call_id: "1790000000.1", queue: "tari", caller: "3471234567", entered_at: at(local) }
}

#[tokio::test]
async fn one_an_answered_call_is_answered_registered_or_not_and_its_response_is_the_live_answer() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        let tally = city.calls(QueueLog::default().answered(leg("2026-10-01 09:00"), 30, 120)).await;
        assert_eq!((tally.accepted, tally.tickets_opened), (1, 0));

        let october = city.report("2026-10").await;
        assert_eq!(october.line("phone"), [1, 0, 1, 1]);
        assert_eq!(october.clock("phone", "response"), (1, Some(30.0)));
        assert_eq!(october.at("/phone/mean_wait_s"), 30.0);

        city.now_is("2026-10-02 10:00");
        let call = city.call_log().await.remove(0);
        let request =
            json!({ "theme": "tributi/tari", "kind": "information", "subject": "TARI", "outcome": "solved" });
        let ticket = city.register(call.id, request).await.unwrap();
        assert_eq!(ticket.opened_at, at("2026-10-01 09:00"));
        assert_eq!(ticket.first_response_at, Some(at("2026-10-01 09:00:30")));

        let october = city.report("2026-10").await;
        assert_eq!(october.line("phone"), [1, 1, 1, 1]);
        assert_eq!(october.clock("phone", "response"), (1, Some(30.0)));
        assert_eq!(october.at("/themes/0"), &json!({ "theme": "tributi", "count": 1, "share": 1.0 }));
        assert_eq!(october.at("/phone/registered_of_answered"), 1);
        let phone = october.channel("phone");
        for figure in ["inbound", "registered", "actionable", "answered"] {
            city.explains(&october, "2026-10", &format!("{phone}/{figure}")).await;
        }
        city.verifies().await;
    })
    .await;
}

#[tokio::test]
async fn two_who_gave_up_and_then_wrote_shows_only_once_the_identities_are_linked() {
    both(async |database| {
        let city = TestApp::at("2026-10-05 12:00", database).await;
        city.calls(QueueLog::default().abandoned(leg("2026-10-05 09:00"), 68)).await;
        let mail = Mail::new("m1@mail.example", "ignota@mail.example", at("2026-10-05 11:00"));
        assert_eq!(city.take_in("urp", mail.bytes()).await.tickets_opened, 1);
        assert_eq!(city.rows("persons"), 2);
        city.now_is("2026-10-06 09:00");
        city.reply(city.ticket().await.id, "Ecco l'informazione.").await;

        let october = city.report("2026-10").await;
        let keys = ["actionable", "answered", "never_answered"];
        assert_eq!(october.counts("/response_rate", &keys), [2, 1, 1]);
        assert_eq!(october.counts("/unification", &["inbound", "registered"]), [2, 1]);
        assert_eq!(october.counts("/phone/abandoned_then_wrote", &["count"]), [0]);
        assert_eq!(october.at("/phone/abandoned_then_wrote/coverage"), 1.0);

        let caller = city.call_log().await.remove(0).person_id.unwrap();
        let writer = city.ticket().await.person_id.unwrap();
        let merged = city.app.merge_person(&operator(), caller, writer, city.now()).await.unwrap();
        assert_eq!(merged.person.merged, [caller]);
        let october = city.report("2026-10").await;
        assert_eq!(october.counts("/phone/abandoned_then_wrote", &["count"]), [1]);
        assert_eq!(october.counts("/response_rate", &keys), [2, 1, 1]);
        for figure in ["/response_rate/answered", "/response_rate/rate", "/phone/abandoned_then_wrote/count"]
        {
            city.explains(&october, "2026-10", figure).await;
        }

        city.app.undo_merge(&operator(), merged.merge_id, city.now()).await.unwrap();
        city.now_is("2026-10-06 09:01");
        assert_eq!(city.report("2026-10").await.counts("/phone/abandoned_then_wrote", &["count"]), [0]);
    })
    .await;
}

/// Sent on 1 October at 10, answered and resolved on the 3rd.
async fn resolved_request(database: filo_testkit::Database) -> (TestApp, filo_app::Confirmed) {
    let city = TestApp::at("2026-10-01 10:00", database).await;
    let request = city.submit("s1", "Rifiuti", "La raccolta è saltata.").await.unwrap();
    city.now_is("2026-10-03 10:00");
    city.answer(city.ticket().await.id, "Passeranno domani.").await;
    (city, request)
}

#[tokio::test]
async fn three_a_contest_in_the_month_adds_no_request_and_lengthens_the_final_resolution() {
    both(async |database| {
        let (city, request) = resolved_request(database).await;
        city.now_is("2026-10-05 10:00");
        city.contest(&request, "Non sono passati.").await;
        city.now_is("2026-10-10 10:00");
        let ticket = city.answer(city.ticket().await.id, "Ora sì.").await;
        assert_eq!(ticket.reopened, 1);

        let october = city.report("2026-10").await;
        assert_eq!(october.line("scrivi"), [2, 2, 1, 1]);
        assert_eq!(october.clock("scrivi", "response"), (1, Some(2.0 * DAY_S)));
        assert_eq!(october.clock("scrivi", "resolution"), (1, Some(2.0 * DAY_S)));
        assert_eq!(october.clock("scrivi", "resolution_final"), (1, Some(7.0 * DAY_S)));
        let buckets = october.at("/scrivi/resolution_buckets").as_array().unwrap();
        assert_eq!(
            buckets.iter().map(|bucket| bucket["count"].as_u64().unwrap()).collect::<Vec<_>>(),
            [0, 1, 0, 0, 0]
        );
        for figure in ["/scrivi/opened", "/scrivi/resolved", "/scrivi/resolution_buckets/1/count"] {
            city.explains(&october, "2026-10", figure).await;
        }
        city.verifies().await;
    })
    .await;
}

#[tokio::test]
async fn three_a_contest_in_the_next_month_leaves_this_one_but_for_the_open_bucket() {
    both(async |database| {
        let (city, request) = resolved_request(database).await;
        city.now_is("2026-10-31 12:00");
        let before = city.report("2026-10").await;
        city.now_is("2026-11-01 09:00");
        city.contest(&request, "Non sono passati.").await;
        city.now_is("2026-11-02 09:00");

        let october = city.report("2026-10").await;
        assert_eq!(october.line("scrivi"), [1, 1, 1, 1]);
        for clock in ["response", "resolution"] {
            assert_eq!(october.clock("scrivi", clock), before.clock("scrivi", clock));
            assert_eq!(october.clock("scrivi", clock), (1, Some(2.0 * DAY_S)));
        }
        assert_eq!(before.counts("/scrivi", &["opened", "resolved"]), [1, 1]);
        assert_eq!(october.counts("/scrivi", &["opened", "resolved"]), [1, 0]);
        assert_eq!(october.counts("/scrivi/resolution_buckets/1", &["count"]), [0]);
        assert_eq!(city.report("2026-11").await.line("scrivi"), [1, 1, 1, 0]);

        city.now_is("2026-11-04 10:00");
        city.answer(city.ticket().await.id, "Ora sì.").await;
        assert_eq!(city.report("2026-11").await.line("scrivi"), [1, 1, 1, 1]);
        let october = city.report("2026-10").await;
        assert_eq!(october.counts("/scrivi", &["opened", "resolved"]), [1, 1]);
        assert_eq!(october.counts("/scrivi/resolution_buckets/1", &["count"]), [1]);
    })
    .await;
}

#[tokio::test]
async fn three_a_contest_after_the_closing_leaves_the_closed_month_as_it_was() {
    both(async |database| {
        let (city, request) = resolved_request(database).await;
        city.now_is("2026-11-01 00:30");
        let closed = city.close("2026-10").await;
        city.now_is("2026-11-01 09:00");
        city.contest(&request, "Non sono passati.").await;
        assert_eq!(city.report("2026-10").await, closed);
        assert_eq!(closed.counts("/scrivi", &["opened", "resolved"]), [1, 1]);
        assert_eq!(city.report("2026-11").await.line("scrivi"), [1, 1, 1, 0]);
    })
    .await;
}

#[tokio::test]
async fn four_a_thread_counts_every_interaction_and_one_request() {
    both(async |database| {
        let city = TestApp::at("2026-10-02 11:00", database).await;
        for (minute, text) in [
            "Quando riapre l'ufficio di via Larga?",
            "Il sito non funziona da ieri",
            "Anche io vorrei saperlo",
            "Grazie mille!",
            "@Luca Bianchi guarda",
        ]
        .into_iter()
        .enumerate()
        {
            let at = at("2026-10-02 10:00").plus_seconds(60 * i64::try_from(minute).unwrap());
            let author = format!("50{minute}");
            let body = social::comment(&format!("77_{minute}"), "77", (&author, "Qualcuno Qui"), text, at);
            let tally = city.take_in("facebook", body).await;
            assert_eq!((tally.accepted, tally.tickets_opened), (1, u64::from(minute == 0)), "{text}");
        }
        city.now_is("2026-10-02 12:00");
        city.reply(city.ticket().await.id, "Riapre lunedì.").await;
        city.send().await;

        let october = city.report("2026-10").await;
        assert_eq!(october.counts("/social", &["inbound_interactions", "comments", "messages"]), [5, 5, 0]);
        assert_eq!(
            october.counts("/social", &["threads", "actionable_threads", "handled_threads"]),
            [1, 1, 1]
        );
        assert_eq!(october.line("social"), [5, 5, 1, 1]);
        let row = october.channel("social");
        assert_eq!(
            october.at(&format!("{row}/excluded")),
            &json!([{ "reason": "asks_nothing", "count": 2 }])
        );
        for figure in ["inbound", "registered", "actionable", "answered"] {
            city.explains(&october, "2026-10", &format!("{row}/{figure}")).await;
        }
        city.verifies().await;
    })
    .await;
}

#[tokio::test]
async fn five_a_certified_mail_its_answer_and_two_receipts_are_one_contact_and_a_delivered_reply() {
    both(async |database| {
        let city = TestApp::at("2026-10-07 12:00", database).await;
        let envelope = pec::message(
            "istanza1",
            "studio@pec.example",
            "Istanza",
            "Si chiede l'accesso.",
            at("2026-10-07 11:00"),
        );
        let mut accepted = city.take_in("pec", envelope).await.accepted;
        city.now_is("2026-10-08 09:00");
        let ticket = city.ticket().await.id;
        city.reply(ticket, "In allegato gli atti.").await;
        // The answer, and the certified mail for the protocol.
        assert_eq!(city.send().await, 2);
        let id = city.outbox()[0].file_stem().unwrap().to_str().unwrap().to_owned();

        for (kind, local) in [("accettazione", "2026-10-08 09:01"), ("avvenuta-consegna", "2026-10-08 09:02")]
        {
            city.now_is(local);
            let tally = city.take_in("pec", pec::receipt(kind, &id, "studio@pec.example", at(local))).await;
            assert_eq!((tally.tickets_opened, tally.unmatched), (0, 0), "{kind}");
            accepted += tally.accepted;
        }
        assert_eq!(accepted, 3);
        let reply = city.app.ticket_messages(&operator(), ticket).await.unwrap().pop().unwrap();
        assert_eq!(serde_json::to_value(reply.delivery).unwrap(), "delivered");
        assert_eq!(city.ticket().await.id, ticket, "one ticket");

        let stranger =
            pec::receipt("accettazione", "mai@spedito.example", "x@pec.example", at("2026-10-08 09:03"));
        let tally = city.take_in("pec", stranger).await;
        assert_eq!((tally.accepted, tally.unmatched, tally.tickets_opened), (1, 1, 0));

        let october = city.report("2026-10").await;
        assert_eq!(october.line("pec"), [1, 1, 1, 1]);
        assert_eq!(october.counts("/email", &["received", "messages", "pec", "receipts"]), [4, 1, 1, 3]);
        assert_eq!(october.line("email"), [0, 0, 0, 0]);
        city.explains(&october, "2026-10", "/email/receipts").await;
        city.verifies().await;
    })
    .await;
}

#[tokio::test]
async fn six_a_late_log_changes_an_open_month_and_a_closed_one_shows_it_as_pending() {
    both(async |database| {
        let city = TestApp::at("2026-11-01 08:00", database).await;
        let september = QueueLog::default().answered(leg("2026-09-30 09:00"), 10, 60);
        city.calls(september).await;
        let closed = city.close("2026-09").await;
        assert_eq!(city.report("2026-10").await.counts("/phone", &["offered"]), [0]);

        city.now_is("2026-11-04 08:00");
        let late = Leg { call_id: "1790000000.2", ..leg("2026-09-30 18:00") };
        let october = Leg { call_id: "1790000000.3", ..leg("2026-10-30 09:00") };
        city.calls(QueueLog::default().answered(late, 20, 60).answered(october, 10, 60)).await;
        let open = city.report("2026-10").await;
        assert_eq!((open.at("/state"), open.counts("/phone", &["offered"])), (&json!("open"), vec![1]));
        let sources = open.at("/sources").as_array().unwrap();
        let place = sources.iter().position(|row| row["source"] == "pbx-020202").unwrap();
        let row = format!("/sources/{place}");
        assert_eq!(open.counts(&row, &["contacts", "days_heard", "late"]), [1, 1, 1]);
        city.explains(&open, "2026-10", &format!("{row}/days_heard")).await;
        let silent = |row: &&Value| row["contacts"] == 0;
        assert!(sources.iter().filter(silent).any(|row| row["source"] == "urp"), "a silent source is seen");

        let september = city.report("2026-09").await;
        assert_eq!(
            (september.at("/state"), september.counts("/phone", &["offered"])),
            (&json!("closed"), vec![1])
        );
        let pending = json!({ "count": 1, "by_source": { "pbx-020202": 1 } });
        assert_eq!(september.at("/pending_differences"), &pending);
        assert_eq!(september.at("/inputs_sha256"), closed.at("/inputs_sha256"));
    })
    .await;
}

#[tokio::test]
async fn seven_escalated_handed_back_and_resolved_by_level_one_stays_level_two() {
    both(async |database| {
        let city = TestApp::at("2026-10-02 10:00", database).await;
        let mail = Mail::new("m1@mail.example", "anna@mail.example", at("2026-10-02 09:00"));
        city.take_in("urp", mail.bytes()).await;
        let id = city.ticket().await.id;
        city.step(id, StepRequest::TakeCharge).await;
        city.now_is("2026-10-03 10:00");
        let escalated =
            city.step(id, StepRequest::Escalate { unit: "area-crm".to_owned(), note: None }).await;
        assert_eq!(serde_json::to_value(escalated.level).unwrap(), "II");
        city.now_is("2026-10-04 10:00");
        let back = Assign { unit: Some("020202".to_owned()), user: None };
        let back = city.step(id, StepRequest::Assign(back)).await;
        assert_eq!(serde_json::to_value(back.level).unwrap(), "I");
        city.now_is("2026-10-05 10:00");
        city.step(id, StepRequest::Resolve(Resolution::of(Outcome::Solved))).await;

        let october = city.report("2026-10").await;
        assert_eq!(october.counts("/levels/II", &["assigned", "resolved", "active"]), [1, 1, 0]);
        assert_eq!(october.counts("/levels/I", &["resolved", "open", "cancelled"]), [0, 0, 0]);
        city.explains(&october, "2026-10", "/levels/II/assigned").await;
        city.verifies().await;
    })
    .await;
}
