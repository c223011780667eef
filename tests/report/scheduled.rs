//! Reports that are made and mailed by themselves: once, whoever looks first, and in spite of what goes wrong.

use base64::{Engine, engine::general_purpose::STANDARD};
use filo_app::App;
use filo_store::{Db, DbSettings, jobs};
use filo_testkit::{Database, both, smtp::MailServer};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
    supervisor,
};

const SCHEDULES: &str = "/rest/crm/v1/reports/schedules";

/// A city that mails October's report on 3 November at 7:30 to two people.
async fn city(local: &str, database: Database, server: &MailServer, further: &str) -> TestApp {
    let schedule = format!(
        "[[schedules]]\nkey = \"direzione\"\nday = 3\nat = \"07:30\"\npeople = [\"sindaco@comune.example\", \"area@comune.example\"]\n{further}\n"
    );
    let add = |files: &mut filo::content::Files| drop(files.insert("reports.toml".to_owned(), schedule));
    TestApp::arranged(local, database, &[("FILO__SMTP__URL", &server.url)], add).await
}

/// Another worker on the same database.
fn worker(city: &TestApp) -> App {
    city.app.with_db(Db::open(&DbSettings::at(&city.database.url)).unwrap())
}

async fn schedule(city: &TestApp) -> Value {
    let mut all = city.app.report_schedules(&supervisor(), city.now()).await.unwrap();
    serde_json::to_value(all.remove(0)).unwrap()
}

/// Looks once what is due and does it.
async fn round(city: &TestApp) -> usize {
    let begun = city.app.maintain(city.now()).await.unwrap().reports;
    while city.send().await > 0 {}
    begun
}

/// The content of a mail's attachment.
fn attached(mail: &str, name: &str) -> Vec<u8> {
    let (_, part) =
        mail.split_once(&format!("filename=\"{name}\"")).unwrap_or_else(|| panic!("{name} in {mail}"));
    let body: String =
        part.split_once("\n\n").unwrap().1.lines().take_while(|line| !line.starts_with("--")).collect();
    STANDARD.decode(body.trim()).unwrap()
}

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    mail.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_at_the_scheduled_minute_make_and_mail_a_report_once() {
    both(async |database| {
        let server = MailServer::start();
        let city =
            city("2026-11-03 07:29", database, &server, "formats = [\"json\"]\nlanguages = [\"it\", \"en\"]")
                .await;
        // A schedule that is new begins with the month whose day has passed: September's, here.
        assert_eq!((round(&city).await, round(&city).await), (1, 0));
        assert_eq!(server.arrived().len(), 4);

        city.now_is("2026-11-03 07:30");
        let (other, now) = (worker(&city), city.now());
        let rounds = (0..8).map(|nth| {
            let app = if nth % 2 == 0 { city.app.clone() } else { other.clone() };
            tokio::spawn(async move {
                let begun = app.maintain(now).await.unwrap().reports;
                while app.send_due(now, 3).await.unwrap() > 0 {}
                begun
            })
        });
        let begun = futures_util::future::join_all(rounds).await;
        assert_eq!(begun.into_iter().map(Result::unwrap).sum::<usize>(), 1);
        while city.send().await > 0 {}
        city.wait(3_600);
        assert_eq!(round(&city).await, 0);

        let october: Vec<_> =
            server.arrived().into_iter().filter(|mail| mail.text.contains("filo-2026-10")).collect();
        let mut to: Vec<&str> = october.iter().map(|mail| mail.to[0].as_str()).collect();
        to.sort_unstable();
        assert_eq!(
            to,
            [
                "area@comune.example",
                "area@comune.example",
                "sindaco@comune.example",
                "sindaco@comune.example"
            ]
        );
        for mail in &october {
            let report: Value = serde_json::from_slice(&attached(&mail.text, "filo-2026-10.json")).unwrap();
            assert_eq!(
                (&report["state"], &report["as_of"]),
                (&json!("open"), &json!("2026-11-03T06:30:00Z"))
            );
        }
        assert!(october.iter().any(|mail| header(&mail.text, "Subject").contains("provisional")));
        assert_eq!(header(&october[0].text, "Auto-Submitted"), "auto-generated");
        let shown = schedule(&city).await;
        assert_eq!(
            (&shown["next_due_at"], &shown["failing"]),
            (&json!("2026-12-03T06:30:00Z"), &json!(false))
        );
        assert_eq!(shown["runs"][0]["mails"][3]["state"], "sent");
        assert_eq!(city.rows("report_runs"), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_may_close_the_month_and_its_forms_go_with_the_mail() {
    both(async |database| {
        let server = MailServer::start();
        let city =
            city("2026-11-03 08:00", database, &server, "formats = [\"pdf\", \"csv\"]\nclose = true").await;
        assert_eq!(round(&city).await, 1);
        let october = city.report("2026-10").await;
        assert_eq!((october.at("/state"), october.at("/revision")), (&json!("closed"), &json!(1)));
        let mails = server.arrived();
        assert_eq!(mails.len(), 2);
        assert!(attached(&mails[0].text, "filo-2026-10-r1.pdf").starts_with(b"%PDF-1.7"));
        assert!(attached(&mails[0].text, "filo-2026-10-r1.csv.zip").starts_with(b"PK"));
        assert!(header(&mails[0].text, "Subject").contains("revisione 1"), "{}", mails[0].text);

        // Whoever closed the month before: its last revision goes out, and nothing is closed twice.
        city.now_is("2026-12-01 09:00");
        city.close("2026-11").await;
        city.restate("2026-11", "prova").await;
        city.now_is("2026-12-03 07:30");
        assert_eq!(round(&city).await, 1);
        assert_eq!(schedule(&city).await["runs"][0]["revision"], 2);
        assert_eq!(city.rows("report_revisions"), 3);
        city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_outage_missed_is_made_up_for_once() {
    both(async |database| {
        let server = MailServer::start();
        let city = city("2026-08-05 08:00", database, &server, "formats = [\"json\"]").await;
        assert_eq!(round(&city).await, 1);
        // Nobody looked from August to the middle of November.
        city.now_is("2026-11-14 15:00");
        assert_eq!((round(&city).await, round(&city).await), (3, 0));
        let shown = schedule(&city).await;
        let months: Vec<&str> =
            shown["runs"].as_array().unwrap().iter().map(|run| run["month"].as_str().unwrap()).collect();
        assert_eq!(months, ["2026-10", "2026-09", "2026-08", "2026-07"]);
        assert_eq!(server.arrived().len(), 8);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_in_the_middle_leaves_its_work_to_the_next_and_nothing_is_mailed_twice() {
    both(async |database| {
        let server = MailServer::start();
        let city = city("2026-11-03 07:30", database, &server, "formats = [\"json\"]").await;
        assert_eq!(city.app.maintain(city.now()).await.unwrap().reports, 1);
        // It takes the making, and dies; then somebody else makes the report, and dies with the mails in hand.
        for left in [1, 2] {
            let now = city.now();
            let taken: Result<_, filo_store::StoreError> =
                city.app.db().write(move |conn| jobs::claim(conn, now, now.plus_seconds(120), 10)).await;
            assert_eq!(taken.unwrap().len(), left);
            assert_eq!((city.send().await, server.arrived().len()), (0, 0), "the lease holds");
            city.wait(121);
            if left == 1 {
                assert_eq!(city.send().await, 1, "the report is made");
            }
        }
        while city.send().await > 0 {}
        assert_eq!(server.arrived().len(), 2);

        // One that dies after the server took a mail and before it wrote that down: the same mail goes out again,
        // under the same id and with the same figures, though time went on.
        let first = server.arrived().remove(0);
        let undone = format!("UPDATE report_mails SET state = 'queued', sent_at = NULL WHERE recipient = '{}'; UPDATE jobs SET state = 'queued' WHERE kind = 'mail_report'", first.to[0]);
        city.database.session().execute(&undone);
        city.wait(86_400);
        while city.send().await > 0 {}
        let mails = server.arrived();
        assert_eq!(mails.len(), 3, "and the other one, which was written down, does not");
        assert_eq!(header(&mails[2].text, "Message-ID"), header(&first.text, "Message-ID"));
        let file = |text: &str| attached(text, "filo-2026-10.json");
        assert_eq!(file(&mails[2].text), file(&first.text));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_is_tried_again_and_what_it_refuses_is_seen_and_can_be_repeated() {
    both(async |database| {
        let server = MailServer::start();
        let city = city("2026-11-03 07:30", database, &server, "formats = [\"json\"]").await;
        server.answers("451 4.3.0 try later");
        round(&city).await;
        assert_eq!(server.arrived().len(), 0);
        assert_eq!(schedule(&city).await["runs"][0]["mails"][0]["state"], "queued");
        server.answers("550 5.1.1 no such user");
        city.wait(120);
        round(&city).await;

        let served = Served::of(city).await;
        for role in ["operator", "specialist", "analyst"] {
            served.get(role, SCHEDULES).await.expect(403);
        }
        let shown = served.get("admin", SCHEDULES).await.expect(200)["items"][0].clone();
        assert_eq!(shown["failing"], true);
        let failed = &shown["runs"][0]["mails"][0];
        assert_eq!(
            (&failed["state"], &failed["recipient"]),
            (&json!("failed"), &json!("area@comune.example"))
        );
        assert!(failed["last_error"].as_str().unwrap().contains("no such user"), "{failed}");

        server.answers("250 ok");
        let retry = format!("{CRM}/reports/schedules/direzione/retry");
        let again = json!({ "month": "2026-10" });
        assert_eq!(served.post("supervisor", &retry, &again).await.expect(200)["failing"], false);
        while served.city.send().await > 0 {}
        assert_eq!(server.arrived().len(), 2);
        served.post("supervisor", &retry, &again).await.expect(409);
        served.post("supervisor", &retry, &json!({ "month": "2026-09" })).await.expect(404);
        served.post("supervisor", &retry, &json!({ "month": "ottobre" })).await.expect(422);
        served.post("supervisor", &retry, &json!({ "month": "2026-10", "force": true })).await.expect(422);
        served.post("supervisor", &retry.replace("direzione", "nessuna"), &again).await.expect(404);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test]
async fn a_schedule_in_a_form_that_nobody_writes_stops_the_start() {
    let (text, mut files) = filo::content::shipped().unwrap();
    let schedule = "[[schedules]]\nkey = \"x\"\nday = 1\nat = \"08:00\"\npeople = [\"a@b.example\"]\nformats = [\"docx\"]\n";
    files.insert("reports.toml".to_owned(), schedule.to_owned());
    let nothing = std::collections::BTreeMap::new();
    let settings =
        filo::settings::Settings::of_text(&text, "filo.toml", std::path::Path::new("."), &nothing).unwrap();
    let refused = filo::wiring::Program::of(settings, &files, &nothing).err().unwrap().to_string();
    assert!(refused.starts_with("reports.toml") && refused.contains("docx"), "{refused}");
}
