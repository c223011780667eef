//! Tickets merged, split and joined in a matter: what the figures say meanwhile, and that undoing is exact.

use filo_app::{AppError, ErrorKind, MatterChange, MergeTicket, NewMatter, SplitTicket, TicketView};
use filo_domain::{
    TicketId,
    vocabulary::{Channel, State},
};
use filo_testkit::both;
use serde_json::{Value, json};

use super::months::{counts, is_parameter};
use crate::support::{Figures, TestApp, october, operator};

const BLOCKS: [&str; 9] = [
    "channels",
    "unification",
    "response_rate",
    "scrivi",
    "social",
    "themes",
    "levels",
    "backlog",
    "data_quality",
];

/// Of these every count is asked what is behind it: each is computed anew, which takes its time.
const EXPLAINED: [&str; 5] = ["response_rate", "scrivi", "levels", "backlog", "data_quality"];

async fn october(database: filo_testkit::Database) -> TestApp {
    let city = TestApp::at("2026-10-01 08:00", database).await;
    october::live(&city).await;
    city.now_is("2026-11-02 09:00");
    city
}

/// The tickets of a channel, oldest first.
async fn of(city: &TestApp, channel: Channel) -> Vec<TicketView> {
    city.tickets().await.into_iter().filter(|ticket| ticket.channel == channel).collect()
}

async fn merge(city: &TestApp, id: TicketId, into: TicketId) -> Result<TicketView, AppError> {
    let request = MergeTicket { into, reason: Some("la stessa richiesta".to_owned()) };
    city.app.merge_ticket(&operator(), id, request, None, city.now()).await
}

async fn unmerge(city: &TestApp, id: TicketId) -> TicketView {
    city.app.unmerge_ticket(&operator(), id, None, city.now()).await.unwrap()
}

/// A ticket without what says when it was last touched.
async fn still(city: &TestApp, id: TicketId) -> Value {
    let view = city.app.ticket(&operator(), id, city.now()).await.unwrap();
    let mut view = serde_json::to_value(view).unwrap();
    for key in ["version", "updated_at"] {
        view.as_object_mut().unwrap().remove(key).unwrap();
    }
    view
}

#[tokio::test]
async fn a_merge_and_its_undoing_leave_every_figure_and_clock_as_they_were() {
    both(async |database| {
        let city = october(database).await;
        let (mails, forms) = (of(&city, Channel::Email).await, of(&city, Channel::Scrivi).await);
        let before = city.report("2026-10").await.timeless();
        let mut tickets = Vec::new();
        for ticket in &mails {
            tickets.push(still(&city, ticket.id).await);
        }
        // A chain: two mails (one resolved, one answered and waiting for nobody) into the open form.
        merge(&city, mails[0].id, mails[2].id).await.unwrap();
        merge(&city, mails[2].id, forms[1].id).await.unwrap();
        let merged = city.report("2026-10").await;
        assert_ne!(merged.timeless(), before);
        city.verifies().await;

        unmerge(&city, mails[2].id).await;
        unmerge(&city, mails[0].id).await;
        for (ticket, as_before) in mails.iter().zip(&tickets) {
            assert_eq!(&still(&city, ticket.id).await, as_before);
        }
        assert_eq!(city.report("2026-10").await.timeless(), before);
        city.verifies().await;
    })
    .await;
}

#[tokio::test]
async fn contacts_of_a_merged_ticket_stay_registered_and_all_totals_reconcile() {
    both(async |database| {
        let city = october(database).await;
        let (mails, forms) = (of(&city, Channel::Email).await, of(&city, Channel::Scrivi).await);
        let before = city.report("2026-10").await;
        let total = |figures: &Figures| {
            let first = figures.counts("/levels/I", &["resolved", "open", "cancelled"]);
            first.iter().sum::<u64>() + figures.counts("/levels/II", &["assigned"])[0]
        };
        let resolved = city.app.ticket(&operator(), mails[0].id, city.now()).await.unwrap();
        assert!(matches!(resolved.state, State::Resolved | State::Closed), "{resolved:?}");
        merge(&city, mails[0].id, forms[1].id).await.unwrap();
        let after = city.report("2026-10").await;
        assert_eq!(after.at("/unification"), &{
            let mut same = before.at("/unification").clone();
            // The merged mail was one of a matter's two tickets.
            same["matters"] = json!(0);
            same["matters_on_two_or_more_channels"] = json!(0);
            same
        });
        assert_eq!(total(&after) + 1, total(&before));
        assert_eq!(
            after.at("/data_quality").as_array().unwrap().iter().find(|row| row["flag"] == "merged").unwrap()
                ["count"],
            1
        );
        let requests = |figures: &Figures| figures.counts("/response_rate", &["actionable", "answered"]);
        // Of the two requests the answered one is left: the mail came first and had its answer.
        assert_eq!(requests(&after), [requests(&before)[0] - 1, requests(&before)[1]]);
        let email = after.channel("email");
        let (n, before_n) = (after.clock("email", "resolution").0, before.clock("email", "resolution").0);
        assert_eq!(n + 1, before_n);
        let explained = city.explain(&format!("{email}/resolution/n"), "2026-10").await;
        assert_eq!(explained["excluded"], json!([{ "reason": "merged", "count": 1 }]));

        let mut pointers = Vec::new();
        for block in EXPLAINED {
            counts(after.at(&format!("/{block}")), &format!("/{block}"), &mut pointers);
        }
        pointers.retain(|pointer| !is_parameter(pointer) && after.at(pointer) != &json!(0));
        assert!(pointers.len() > 10, "{}", pointers.len());
        for pointer in pointers {
            city.explains(&after, "2026-10", &pointer).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_closed_month_is_not_changed_by_a_later_merge_or_split_nor_is_its_restatement() {
    both(async |database| {
        let city = october(database).await;
        let closed = city.close("2026-10").await;
        let (mails, forms) = (of(&city, Channel::Email).await, of(&city, Channel::Scrivi).await);
        city.now_is("2026-11-03 09:00");
        merge(&city, forms[1].id, mails[2].id).await.unwrap();
        let contacts = contacts(&city, mails[0].id).await;
        let subject = "Un'altra cosa".to_owned();
        let request = SplitTicket { interactions: vec![contacts[1]], subject, theme: None, kind: None };
        city.app.split_ticket(&operator(), mails[0].id, request, None, city.now()).await.unwrap();
        assert_eq!(city.report("2026-10").await, closed);
        let restated = city.restate("2026-10", "per prova").await;
        for block in BLOCKS {
            assert_eq!(restated.at(&format!("/{block}")), closed.at(&format!("/{block}")), "{block}");
        }
        assert_eq!(restated.at("/inputs_sha256"), closed.at("/inputs_sha256"));
        city.verifies().await;
    })
    .await;
}

/// The contacts of a ticket, oldest first.
async fn contacts(city: &TestApp, id: TicketId) -> Vec<filo_domain::InteractionId> {
    let messages = city.app.ticket_messages(&operator(), id).await.unwrap();
    let contacts = messages.into_iter().filter(|message| message.kind == "contact");
    contacts.map(|contact| filo_domain::InteractionId::from_uuid(contact.id.uuid())).collect()
}

#[tokio::test]
async fn a_split_registers_no_contact_twice_and_loses_none() {
    both(async |database| {
        let city = october(database).await;
        let mails = of(&city, Channel::Email).await;
        let before = city.report("2026-10").await;
        let contacts = contacts(&city, mails[0].id).await;
        assert_eq!(contacts.len(), 2);
        let split = async |interactions| {
            let subject = "Un'altra cosa".to_owned();
            let request = SplitTicket { interactions, subject, theme: None, kind: None };
            city.app.split_ticket(&operator(), mails[0].id, request, None, city.now()).await
        };
        assert_eq!(split(contacts.clone()).await.unwrap_err().kind().0, ErrorKind::Invalid, "all of them");
        assert_eq!(split(vec![]).await.unwrap_err().kind().0, ErrorKind::Invalid, "none");
        let new = split(vec![contacts[1]]).await.unwrap();
        assert_eq!(new.opened_at, filo_testkit::at("2026-10-09 08:00"), "its own clocks");
        assert_eq!((new.state, new.unit.clone()), (State::New, mails[0].unit.clone()));
        assert_eq!(split(vec![contacts[1]]).await.unwrap_err().kind().0, ErrorKind::Invalid, "it is gone");
        let after = city.report("2026-10").await;
        assert_eq!(after.at("/unification/registered"), before.at("/unification/registered"));
        assert_eq!(after.line("email")[..2], before.line("email")[..2]);
        let opened = |figures: &Figures| figures.counts("/response_rate", &["actionable", "answered"]);
        assert_eq!(
            opened(&after),
            [opened(&before)[0] + 1, opened(&before)[1]],
            "a request of its own, unanswered"
        );
        city.verifies().await;
    })
    .await;
}

#[tokio::test]
async fn joining_a_matter_and_leaving_it_is_an_exact_undo_for_clocks_and_figures() {
    both(async |database| {
        let city = october(database).await;
        let forms = of(&city, Channel::Scrivi).await;
        let before = city.report("2026-10").await.timeless();
        let mut tickets = Vec::new();
        for ticket in &forms {
            tickets.push(still(&city, ticket.id).await);
        }
        let ids: Vec<TicketId> = forms.iter().map(|ticket| ticket.id).collect();
        let new = NewMatter { title: None, ticket_ids: ids.clone() };
        let matter = city.app.open_matter(&operator(), new, city.now()).await.unwrap();
        assert_ne!(city.report("2026-10").await.timeless(), before);
        // One leaves; the other is alone, and leaves too.
        let change = MatterChange { remove_ticket_ids: vec![ids[0]], ..MatterChange::default() };
        let left = city.app.change_matter(&operator(), matter.id, change, matter.version, city.now()).await;
        assert_eq!(left.unwrap().tickets.len(), 0);
        for (ticket, as_before) in forms.iter().zip(&tickets) {
            assert_eq!(&still(&city, ticket.id).await, as_before);
        }
        assert_eq!(city.report("2026-10").await.timeless(), before);
        city.verifies().await;
    })
    .await;
}
