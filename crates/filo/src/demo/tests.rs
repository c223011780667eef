use std::collections::BTreeSet;

use filo_domain::vocabulary::Word;

use super::{
    generator::{Act, Deed, Story},
    *,
};

/// A fraction of the demo.
const SMALL: Size = Size {
    calls: 160.0,
    requests: 40.0,
    mails: 25.0,
    certified: 6.0,
    posts: 3.0,
    direct: 14.0,
    recurring: 2,
};

async fn started(folder: &Path) -> Console {
    let home = Home::make(Some(folder), true).unwrap();
    let program = home.program(None, &Environment::new()).unwrap();
    let app = program.start(Migrating::Always).await.unwrap();
    Console { program, app, caller: Caller::console() }
}

/// One run serves all checks: filling takes seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_small_demo_fills_reports_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let console = started(folder.path()).await;
    let month = Period::parse_month("2026-03").unwrap();
    let Lived { staff, request, report: _ } =
        fill_and_report(&console, month, (SMALL, SEED), folder.path()).await.unwrap();

    let verified = console.app.verify().await.unwrap();
    assert!(verified.differences.is_empty(), "{:?}", verified.differences);
    assert!(verified.tickets > 100, "{verified:?}");

    let roles: BTreeSet<&str> = staff.logins.iter().map(|login| login.role.word()).collect();
    assert_eq!(roles.len(), staff.logins.len());

    let (number, code) = request.unwrap();
    console.app.follow(&number, &code, console.now()).await.unwrap();

    let quarantine = console.app.list_quarantine(&console.caller, None, None).await.unwrap();
    let reasons: BTreeSet<String> = quarantine.items.into_iter().map(|unit| unit.reason).collect();
    let planted = ["leg_without_start", "no_headers", "unreadable_line"];
    assert_eq!(reasons, planted.map(str::to_owned).into());

    let matters = console.app.list_matters(&console.caller, None, None).await.unwrap();
    assert_eq!(matters.items.len(), SMALL.recurring);
    assert!(matters.items.iter().all(|matter| matter.tickets.len() >= 3), "{matters:?}");

    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("filo-2026-03.json")).unwrap()).unwrap();
    let again = console.app.monthly_report(&console.caller, month, None, console.now()).await.unwrap();
    let mut again = serde_json::to_value(&again).unwrap();
    for instant in ["as_of", "generated_at"] {
        again[instant] = written[instant].clone();
    }
    assert_eq!(again, written);
    assert!(folder.path().join("filo-2026-03.html").exists());
    assert!(folder.path().join("filo-2026-03-csv").is_dir());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_needs_in_one_conversation_are_one_ticket_that_is_worked_once() {
    let folder = tempfile::tempdir().unwrap();
    let console = started(folder.path()).await;
    let now = Instant::parse("2026-03-02T09:00:00Z").unwrap();
    let needs = Samples::carried().unwrap().needs;
    let staff = Staff::hire(&console.app, &needs, now).await.unwrap();
    let mail = |story: Story, id: &str, header: &str| {
        let message = format!(
            "From: Anna <anna@example.it>\r\nTo: urp@comune.milano.it\r\nSubject: Lampione\r\n{header}\
             Message-ID: <{id}>\r\n\r\nIl lampione di via Rossi non si accende, potete ripararlo?\r\n"
        );
        let deed = Deed::Mail { source: "urp".to_owned(), message, opens: Some(id.to_owned()) };
        Act { at: now.plus_seconds(story as i64), story, deed }
    };
    let take = |story, s| Act { at: now.plus_seconds(s), story, deed: Deed::TakeCharge { theme: None } };
    let acts = [
        mail(1, "a@example.it", ""),
        take(1, 4_000),
        Act { at: now.plus_seconds(8_000), ..mail(2, "b@example.it", "In-Reply-To: <a@example.it>\r\n") },
        take(2, 12_000),
    ];
    Filler::new(&console.app, &staff).live(&acts, |_| ()).await.unwrap();
    assert_eq!(console.app.verify().await.unwrap().tickets, 1);
}

#[test]
fn a_folder_with_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("filo.db"), "").unwrap();
    let refused = Home::make(Some(folder.path()), false).map(|_home| ()).unwrap_err();
    assert!(refused.to_string().contains("--keep"), "{refused}");
}

#[test]
fn a_demo_never_reaches_the_real_database_or_mail_server() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::make(Some(folder.path()), false).unwrap();
    let real = [
        ("DATABASE_URL", "postgres://real/filo"),
        ("FILO__SMTP__URL", "smtp://real:25"),
        ("FILO__SOURCES__FACEBOOK__ACCESS_TOKEN", "real"),
        ("FILO__DATA_DIR", "/real"),
    ];
    let environment = real.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let program = home.program(None, &environment).unwrap();
    assert!(
        program.database_url.starts_with("sqlite:")
            && program.database_url.contains(&*folder.path().to_string_lossy())
    );
    assert!(program.settings.smtp.url.is_none() && program.settings.sources.is_empty());
}

#[test]
fn a_month_that_has_not_begun_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let program = Home::make(Some(folder.path()), false).unwrap().program(None, &Environment::new()).unwrap();
    assert!(matches!(month(Some("2999-01"), &program), Err(Failure::Usage(_))));
    assert!(matches!(month(Some("May"), &program), Err(Failure::Usage(_))));
    assert_eq!(month(Some("2026-03"), &program).unwrap().to_string(), "2026-03");
}
