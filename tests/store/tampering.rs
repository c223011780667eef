//! What was written cannot be changed, and if somebody changes it all the same, `verify` tells.

use filo_testkit::{Backend, Database, at, both, mail::Mail};

use crate::support::TestApp;

const WITH_FILE: &[u8] = b"From: luca@mail.example\nSubject: Foto\nDate: Thu, 1 Oct 2026 08:00:00 +0200\nMessage-ID: <f@mail.example>\n\
    Content-Type: multipart/mixed; boundary=a\n\n--a\n\nEcco.\n--a\nContent-Type: text/csv; name=foto.csv\n\
    Content-Disposition: attachment; filename=foto.csv\n\n1,2\n--a--\n";

async fn worked(database: Database) -> TestApp {
    let city = TestApp::at("2026-10-01 12:00", database).await;
    for index in 0..3 {
        let mail = Mail::new(&format!("m{index}@mail.example"), "anna@mail.example", at("2026-10-01 11:00"));
        city.take_in("urp", mail.bytes()).await;
    }
    city.take_in("urp", WITH_FILE.into()).await;
    city.now_is("2026-10-02 12:00");
    let ticket = city.tickets().await.remove(0).id;
    city.answer(ticket, "Ecco.").await;
    city.now_is("2026-10-03 03:00");
    assert!(city.app.maintain(city.now()).await.unwrap().rooted);
    city.verifies().await;
    city
}

/// Takes away what protects a table, as only somebody with the database in hand can.
fn unprotect(database: &Database) {
    let statements = match database.backend {
        Backend::Sqlite => {
            "DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete; DROP TRIGGER audit_log_no_update; \
             DROP TRIGGER audit_log_no_delete"
        }
        Backend::Postgres => {
            "DROP TRIGGER events_append_only ON events; DROP TRIGGER audit_log_append_only ON audit_log"
        }
    };
    database.try_execute(statements).unwrap();
}

#[tokio::test]
async fn events_and_the_audit_log_refuse_to_be_changed_or_deleted() {
    both(async |database| {
        let city = worked(database).await;
        for statement in [
            "UPDATE events SET kind = 'closed'",
            "DELETE FROM events",
            "UPDATE audit_log SET action = 'x'",
            "DELETE FROM audit_log",
        ] {
            let error = city.database.try_execute(statement).unwrap_err();
            assert!(error.contains("append-only"), "{statement}: {error}");
        }
        city.verifies().await;
    })
    .await;
}

#[tokio::test]
async fn each_change_by_hand_is_found() {
    both(async |database| {
        let hour = match database.backend {
            Backend::Sqlite => "3600000000",
            Backend::Postgres => "interval '1 hour'",
        };
        let shifted = format!("UPDATE events SET at = at + {hour} WHERE kind = 'resolved'");
        let one = "(SELECT id FROM tickets WHERE state = 'resolved')";
        for (check, statement) in [
            ("chain", shifted),
            ("chain", format!("DELETE FROM events WHERE seq = 2 AND ticket_id = {one}")),
            ("projection", format!("DELETE FROM events WHERE kind = 'resolved' AND ticket_id = {one}")),
            ("projection", "UPDATE tickets SET state = 'closed' WHERE state = 'resolved'".to_owned()),
            ("seal", "UPDATE messages SET body = 'Altro.' WHERE kind = 'reply'".to_owned()),
            ("seal", "UPDATE tickets SET subject = 'Altro' WHERE state = 'resolved'".to_owned()),
            ("attachment", "UPDATE attachments SET sha256 = 'x'".to_owned()),
            ("audit", "UPDATE audit_log SET action = 'altro' WHERE seq = 1".to_owned()),
        ] {
            let city = worked(database.another()).await;
            unprotect(&city.database);
            city.database.try_execute(&statement).unwrap();
            let found = city.app.verify().await.unwrap().differences;
            assert!(found.iter().any(|difference| difference.check == check), "{statement}: {found:#?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_ticket_that_vanished_whole_is_missed_by_the_nightly_root() {
    both(async |database| {
        let city = worked(database).await;
        unprotect(&city.database);
        let gone = "(SELECT min(ticket_id) FROM interactions WHERE ticket_id IN (SELECT id FROM tickets WHERE state = 'new'))";
        let gone = match city.database.backend {
            Backend::Sqlite => gone.to_owned(),
            Backend::Postgres => gone.replace("min(ticket_id)", "min(ticket_id::text)::uuid"),
        };
        let mut session = city.database.session();
        match city.database.backend {
            Backend::Sqlite => session.execute("PRAGMA foreign_keys = OFF"),
            Backend::Postgres => session.execute("SET session_replication_role = replica"),
        }
        for table in ["events", "messages", "request_codes"] {
            session.execute(&format!("DELETE FROM {table} WHERE ticket_id = {gone}"));
        }
        session.execute(&format!("DELETE FROM tickets WHERE id = {gone}"));
        let found = city.app.verify().await.unwrap().differences;
        assert!(found.iter().any(|difference| difference.check == "root"), "{found:#?}");
    })
    .await;
}
