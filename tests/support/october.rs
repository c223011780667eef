//! An October with something of everything, the same each time.

use filo_app::{Assign, NewMatter, Resolution, StepRequest};
use filo_domain::{event::WaitFor, vocabulary::Outcome};
use filo_testkit::{
    at, mail,
    mail::Mail,
    pec,
    phone::{Leg, QueueLog},
    social,
};
use serde_json::json;

use super::{TestApp, operator};

/// Lives through October 2026; the clock ends on the 31st.
pub(crate) async fn live(city: &TestApp) {
    phone(city).await;
    by_mail(city).await;
    certified(city).await;
    scrivi(city).await;
    on_platforms(city).await;
    joined(city).await;
    city.now_is("2026-10-31 20:00");
    city.app.maintain(city.now()).await.unwrap();
}

fn leg(number: usize, caller: &'static str, local: &str) -> Leg<'static> {
    const IDS: [&str; 8] = ["c.0", "c.1", "c.2", "c.3", "c.4", "c.5", "c.6", "c.7"];
    Leg { call_id: IDS[number], queue: "tari", caller, entered_at: at(local) }
}

async fn phone(city: &TestApp) {
    city.now_is("2026-10-05 20:00");
    let log = QueueLog::default()
        .answered(leg(0, "3471111111", "2026-10-05 09:00"), 12, 200)
        .answered(leg(1, "3472222222", "2026-10-05 09:10"), 95, 61)
        .abandoned(leg(2, "3471111111", "2026-10-05 09:20"), 68)
        .abandoned(leg(3, "", "2026-10-05 09:30"), 3)
        .answered(leg(4, "3471111111", "2026-10-05 10:00"), 25, 300)
        .started(leg(5, "3473333333", "2026-10-05 11:00"))
        .raw("not a line");
    city.calls(log).await;
    let mut calls = city.call_log().await;
    calls.sort_by_key(|call| call.entered_at);
    let solved =
        json!({ "theme": "tributi/tari", "kind": "information", "subject": "TARI", "outcome": "solved" });
    city.register(calls[0].id, solved).await.unwrap();
    let escalated = json!({ "kind": "complaint", "subject": "Cartella doppia", "unit": "area-crm", "note": "verificare" });
    city.register(calls[1].id, escalated).await.unwrap();
}

async fn by_mail(city: &TestApp) {
    city.now_is("2026-10-06 12:00");
    let senders =
        [("a", "Anna Rossi <anna@mail.example>"), ("b", "luca@mail.example"), ("c", "gone@mail.example")];
    for (minute, (id, from)) in (1..).zip(senders) {
        let sent = at("2026-10-06 11:00").plus_seconds(60 * minute);
        let question = Mail::new(&format!("{id}@mail.example"), from, sent);
        city.take_in("urp", question.saying(&format!("Domanda {id}"), "Vorrei sapere.").bytes()).await;
    }
    city.take_in("urp", b"\n\nno header\n".to_vec()).await;
    city.send().await;
    let tickets = city.tickets().await;
    let [.., a, b, c] = tickets.as_slice() else { panic!("three tickets of mails") };
    city.now_is("2026-10-08 09:00");
    city.step(a.id, StepRequest::TakeCharge).await;
    city.step(
        a.id,
        StepRequest::Wait { waits_for: WaitFor::Citizen, reason: Some("manca la via".to_owned()) },
    )
    .await;
    city.now_is("2026-10-09 09:00");
    let more = Mail::new("a2@mail.example", "Anna Rossi <anna@mail.example>", at("2026-10-09 08:00"));
    city.take_in("urp", more.answering("a@mail.example").bytes()).await;
    city.now_is("2026-10-10 09:00");
    city.answer(a.id, "Ecco.").await;
    let unit = Some("020202".to_owned());
    city.step(b.id, StepRequest::Assign(Assign { unit, user: None })).await;
    city.step(b.id, StepRequest::Cancel { reason: None }).await;
    city.reply(c.id, "Ecco anche a lei.").await;
    city.now_is("2026-10-10 09:01");
    city.send().await;
    // A report about a mail of somebody else: one about ours names an id that no two installations share.
    let foreign = mail::bounce("x@elsewhere.example", "y@elsewhere.example", at("2026-10-10 09:02"));
    city.take_in("urp", foreign).await;
}

async fn certified(city: &TestApp) {
    city.now_is("2026-10-12 12:00");
    city.take_in(
        "pec",
        pec::message("i1", "studio@pec.example", "Istanza", "Testo.", at("2026-10-12 11:00")),
    )
    .await;
    city.take_in("pec", pec::receipt("accettazione", "x@y.example", "z@pec.example", at("2026-10-12 11:30")))
        .await;
    city.now_is("2026-10-14 12:00");
    let ticket = city.tickets().await.pop().unwrap().id;
    city.answer(ticket, "Accolta.").await;
}

async fn scrivi(city: &TestApp) {
    city.now_is("2026-10-15 10:00");
    let request = city.submit("s1", "Rifiuti", "La raccolta è saltata.").await.unwrap();
    let ticket = city.tickets().await.pop().unwrap().id;
    city.now_is("2026-10-17 10:00");
    city.answer(ticket, "Passeranno.").await;
    city.now_is("2026-10-18 10:00");
    city.contest(&request, "Non sono passati.").await;
    city.now_is("2026-10-20 10:00");
    let outcome = Outcome::Solved;
    city.step(
        ticket,
        StepRequest::Resolve(Resolution { note: Some("verificato".to_owned()), ..Resolution::of(outcome) }),
    )
    .await;
    let code = request.code.unwrap();
    city.app.rate(&request.number, &code, 4, None, city.now()).await.unwrap();
    city.submit("s2", "Altro", "Quando aprite?").await.unwrap();
}

async fn on_platforms(city: &TestApp) {
    for (minute, text) in ["Quando riapre?", "Grazie mille!", "Il sito non va"].into_iter().enumerate() {
        let when = at("2026-10-21 10:00").plus_seconds(60 * i64::try_from(minute).unwrap());
        let author = format!("50{minute}");
        city.now_is("2026-10-21 11:00");
        city.take_in(
            "facebook",
            social::comment(&format!("77_{minute}"), "77", (&author, "Qualcuno"), text, when),
        )
        .await;
    }
    let ticket = city.tickets().await.pop().unwrap().id;
    city.step(ticket, StepRequest::TakeCharge).await;
    city.now_is("2026-10-22 11:00");
    city.answer(ticket, "Lunedì.").await;
    city.take_in(
        "facebook",
        social::direct_message("m_1", "601", "Posso pagare qui?", at("2026-10-22 10:00")),
    )
    .await;
    let text =
        social::whatsapp("wamid.1", "393471111111", "Anna Rossi", "Avete ricevuto?", at("2026-10-22 10:30"));
    city.take_in("whatsapp", text).await;
}

/// The caller of the first call is the Anna of the mails; two of her tickets are one matter.
async fn joined(city: &TestApp) {
    city.now_is("2026-10-23 09:00");
    let tickets = city.tickets().await;
    let by = |channel: &str| {
        let word = |ticket: &&filo_app::TicketView| serde_json::to_value(ticket.channel).unwrap() == channel;
        tickets.iter().find(word).unwrap()
    };
    let (call, mail) = (by("phone"), by("email"));
    city.app
        .merge_person(&operator(), call.person_id.unwrap(), mail.person_id.unwrap(), city.now())
        .await
        .unwrap();
    let new = NewMatter { title: None, ticket_ids: vec![call.id, mail.id] };
    city.app.open_matter(&operator(), new, city.now()).await.unwrap();
}
