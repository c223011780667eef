//! One citizen on four channels.

use filo_app::{NewMatter, PersonQuery};
use filo_domain::TicketId;
use filo_testkit::{
    at, both,
    mail::Mail,
    phone::{Leg, QueueLog},
    social,
};
use serde_json::json;

use crate::support::{TestApp, operator};

/// She calls, then writes by form, by mail and under a post.
async fn four_contacts(city: &TestApp) {
    let entered_at = at("2026-10-01 09:00");
    let leg = Leg { call_id: "1790000000.1", queue: "anagrafe", caller: "3471234567", entered_at };
    city.calls(QueueLog::default().answered(leg, 20, 90)).await;
    city.now_is("2026-10-02 10:00");
    let form = json!({
        "form": "generale", "privacy_accepted": true,
        "fields": { "name": "Anna", "surname": "Rossi", "email": "anna.rossi@mail.example", "phone": "347 123 4567",
            "theme": "anagrafe", "subject": "Carta d'identità", "text": "Quando la ricevo?" },
    });
    city.submit_json("s1", &form).await.unwrap();
    city.now_is("2026-10-03 10:00");
    let mail = Mail::new("m1@altro.example", "Anna Rossi <anna@altro.example>", at("2026-10-03 09:00"));
    city.take_in("urp", mail.saying("Carta d'identità", "Non è ancora arrivata.").bytes()).await;
    city.now_is("2026-10-04 10:00");
    let comment =
        social::comment("77_1", "77", ("501", "Anna Rossi"), "La mia carta dov'è?", at("2026-10-04 09:00"));
    city.take_in("facebook", comment).await;
}

#[tokio::test]
async fn the_contacts_of_one_citizen_end_in_one_timeline_and_one_matter_each_ticket_with_its_own_clock() {
    both(async |database| {
        let city = TestApp::at("2026-10-01 12:00", database).await;
        four_contacts(&city).await;
        let call = city.call_log().await.remove(0);
        let request = json!({ "kind": "information", "subject": "Carta d'identità", "theme": "anagrafe" });
        city.register(call.id, request).await.unwrap();
        let tickets = city.tickets().await;
        let ids: Vec<TicketId> = tickets.iter().map(|ticket| ticket.id).collect();
        assert_eq!(ids.len(), 4);

        let join = async || {
            let new = NewMatter { title: None, ticket_ids: ids.clone() };
            city.app.open_matter(&operator(), new, city.now()).await
        };
        assert!(join().await.is_err(), "three persons so far");

        // The form named the caller's number: those two are one already. The others are suggested.
        let query = PersonQuery { phone: Some("+39 347 1234567".to_owned()), ..PersonQuery::default() };
        let anna = city.app.find_persons(&operator(), query).await.unwrap().remove(0);
        assert_eq!(anna.name.as_deref(), Some("Anna Rossi"));
        assert_eq!(anna.suggestions.len(), 2, "{anna:?}");
        for other in &anna.suggestions {
            assert_eq!(other.reason, "same_name");
            city.app.merge_person(&operator(), other.person_id, anna.id, city.now()).await.unwrap();
        }
        let matter = join().await.unwrap();
        assert_eq!((matter.tickets.len(), matter.person_id), (4, Some(anna.id)));

        city.now_is("2026-10-05 10:00");
        for (day, ticket) in (1..).zip(&tickets) {
            city.now_is(&format!("2026-10-0{} 12:00", 5 + day));
            city.reply(ticket.id, "È in viaggio.").await;
        }
        let timeline = city.app.timeline(&operator(), anna.id, None, None).await.unwrap();
        let shown = serde_json::to_value(&timeline).unwrap();
        let items = shown["items"].as_array().unwrap();
        let inbound: Vec<&str> = items
            .iter()
            .filter(|it| it["direction"] == "inbound")
            .map(|it| it["channel"].as_str().unwrap())
            .collect();
        assert_eq!(inbound, ["social", "email", "scrivi", "phone"], "newest first");
        assert_eq!(timeline.person.identities.len(), 4);
        assert_eq!(timeline.tickets.len(), 4);

        for (ticket, answered) in tickets.iter().zip([
            "2026-10-01 09:00:20",
            "2026-10-07 12:00",
            "2026-10-08 12:00",
            "2026-10-09 12:00",
        ]) {
            let now = city.app.ticket(&operator(), ticket.id, city.now()).await.unwrap();
            let clocks = serde_json::to_value(now.clocks.unwrap()).unwrap();
            assert_eq!(clocks[0]["started_at"], json!(ticket.opened_at));
            assert_eq!(clocks[0]["stopped_at"], json!(at(answered)), "{}", ticket.number);
            assert_eq!(now.matter_id, Some(matter.id));
        }
        let october = city.report("2026-10").await;
        assert_eq!(october.counts("/unification", &["matters", "matters_on_two_or_more_channels"]), [1, 1]);
        assert_eq!(october.counts("/unification", &["unified_channels", "inbound", "registered"]), [4, 4, 4]);
        city.verifies().await;
    })
    .await;
}
