//! A change of clock policies: shown first, then left or applied.

use filo::wiring::Migrating;
use filo_app::{Access, BreachChange, Caller, ChangePolicies, PolicyMode, Role};
use filo_domain::UserId;
use filo_testkit::both;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

async fn open(served: &Served, channel: &str) -> Value {
    let body = json!({ "channel": channel, "kind": "information", "subject": channel, "requester": { "name": "Ada", "identities": [{ "type": "email", "value": "ada@mail.example" }] } });
    served.post("operator", &format!("{CRM}/tickets"), &body).await.expect(201)
}
fn supervisor() -> Caller {
    let id = UserId::from_uuid(uuid::Uuid::nil());
    Caller { access: Access::User { id, role: Role::Supervisor, unit: None } }
}
fn asked(mode: PolicyMode) -> ChangePolicies {
    ChangePolicies { mode, limit: Some(1), cursor: None }
}

#[tokio::test]
async fn a_change_of_policies_is_shown_first_and_applied_once_and_a_retired_version_stays_readable() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        let form = open(&served, "scrivi").await;
        let done = open(&served, "scrivi").await;
        let _other = open(&served, "counter").await;
        let path = |ticket: &Value| format!("{CRM}/tickets/{}", ticket["id"].as_str().unwrap());
        served
            .post("operator", &format!("{}/resolve", path(&done)), &json!({ "outcome": "solved" }))
            .await
            .expect(200);
        // The charter gives 2 days instead of 15 from now on; the old version stays in the file, retired.
        let policies = &mut served.city.program.city.policies;
        let place = policies.iter().position(|policy| policy.key == "carta-scrivi").unwrap();
        let mut old = policies[place].clone();
        (old.retired, policies[place].version) = (true, 2);
        for clock in &mut policies[place].clocks {
            clock.target =
                clock.target.map(|_| serde_json::from_value(json!({ "elapsed_s": 172_800 })).unwrap());
        }
        policies.push(old);
        served.now_is("2026-10-08 09:00").await;
        let now = served.city.now();
        let app = served.city.program.start(Migrating::EmbeddedOnly).await.unwrap();
        let shown = app.change_policies(&supervisor(), asked(PolicyMode::Preview), now).await.unwrap();
        assert_eq!((shown.affected, shown.breaches_begin, shown.breaches_end, shown.changed), (1, 1, 0, 0));
        let change = &shown.items[0];
        assert_eq!(
            (change.policy.as_deref(), change.new_policy.as_deref()),
            (Some("carta-scrivi@1"), Some("carta-scrivi@2"))
        );
        assert_eq!(
            (change.due_at.unwrap().to_string(), change.new_due_at.unwrap().to_string()),
            ("2026-10-20T07:00:00Z".to_owned(), "2026-10-07T07:00:00Z".to_owned())
        );
        assert!(change.known && change.breach == BreachChange::Begins);
        // From now on: nothing moves, and the audit log says so.
        let kept = app.change_policies(&supervisor(), asked(PolicyMode::FromNow), now).await.unwrap();
        assert_eq!((kept.affected, kept.changed), (1, 0));
        assert_eq!(
            app.change_policies(&supervisor(), asked(PolicyMode::Preview), now).await.unwrap().affected,
            1
        );
        let before = served.get("operator", &path(&form)).await.expect(200);
        assert_eq!(
            (&before["policy"], &before["due_at"]),
            (&json!("carta-scrivi@1"), &json!("2026-10-20T07:00:00Z"))
        );
        // Recomputed: an event of the ticket, once.
        let applied = app.change_policies(&supervisor(), asked(PolicyMode::Recompute), now).await.unwrap();
        assert_eq!((applied.changed, applied.remaining), (1, 0));
        let again = app.change_policies(&supervisor(), asked(PolicyMode::Recompute), now).await.unwrap();
        assert_eq!((again.affected, again.changed), (0, 0));
        let log = served.get("operator", &format!("{}/events", path(&form))).await.expect(200);
        assert_eq!(log["items"][1]["kind"], "policy_chosen");
        assert_eq!(log["items"][1]["data"], json!({ "policy": "carta-scrivi@2" }));
        let ticket =
            app.ticket(&supervisor(), form["id"].as_str().unwrap().parse().unwrap(), now).await.unwrap();
        assert_eq!(ticket.policy.as_deref(), Some("carta-scrivi@2"));
        assert!(ticket.clocks.unwrap().iter().any(|clock| clock.breached_at.is_some()));
        app.catch_up(now).await.unwrap();
        assert_eq!(app.verify().await.unwrap().differences, []);
    })
    .await;
}

#[tokio::test]
async fn a_version_that_left_the_configuration_is_named() {
    both(async |database| {
        let mut served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        open(&served, "scrivi").await;
        served.city.program.city.policies.retain(|policy| policy.key != "carta-scrivi");
        let app = served.city.program.start(Migrating::EmbeddedOnly).await.unwrap();
        let shown =
            app.change_policies(&supervisor(), asked(PolicyMode::Preview), served.city.now()).await.unwrap();
        assert_eq!(shown.affected, 1);
        assert!(!shown.items[0].known && shown.items[0].due_at.is_none());
        assert_eq!(shown.items[0].new_policy.as_deref(), Some("generale@1"));
    })
    .await;
}

#[tokio::test]
async fn policies_are_listed_and_only_who_may_changes_them() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-10-05 09:00", database).await).await;
        let policies = served.get("analyst", &format!("{CRM}/policies")).await.expect(200);
        let gdpr = policies["items"].as_array().unwrap().iter().find(|it| it["id"] == "gdpr@1").unwrap();
        assert_eq!(gdpr["applies"]["kind"], json!(["data_subject_request"]));
        assert_eq!(gdpr["clocks"][2], json!({ "name": "statutory", "target": { "days": 28 }, "pauses": [] }));
        let path = format!("{CRM}/policies/changes");
        let shown = served.post("admin", &path, &json!({ "mode": "preview" })).await.expect(200);
        assert_eq!(
            (&shown["affected"], &shown["items"], &shown["next_cursor"]),
            (&json!(0), &json!([]), &Value::Null)
        );
        served.post("operator", &path, &json!({ "mode": "preview" })).await.expect(403);
        let refused = served.post("supervisor", &path, &json!({ "mode": "undo" })).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/mode");
    })
    .await;
}
