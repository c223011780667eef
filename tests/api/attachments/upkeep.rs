//! What verification and maintenance make of files: missing, changed, forgotten, and those of the first schema.

use filo_domain::{AttachmentId, Instant};
use filo_store::attachments::{self, Attachment, ScanState};
use filo_testkit::{Backend, Database, Session, both};

use super::*;

/// Makes a content look as if it was put long ago.
fn aged(blob: &std::path::Path) {
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
    std::fs::File::options().write(true).open(blob).unwrap().set_modified(long_ago).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn verification_finds_a_content_that_is_missing_or_changed() {
    both(async |database| {
        let served = served(database).await;
        let ticket = ticket(&served).await;
        let file = uploaded(&served, &ticket, "a.pdf", PDF).await;
        let verified = served.city.app.verify().await.unwrap();
        assert_eq!((verified.attachments, verified.differences.len()), (1, 0));
        let blob = blobs(&served.city, "sha256").remove(0);
        std::fs::write(&blob, b"%PDF-1.7\naltro").unwrap();
        let changed = served.city.app.verify().await.unwrap().differences;
        assert_eq!(
            (changed[0].check, changed[0].problem.as_str()),
            ("attachment", "the content is not the one that arrived")
        );
        std::fs::remove_file(&blob).unwrap();
        let missing = served.city.app.verify().await.unwrap().differences;
        assert!(missing[0].problem.ends_with("is missing"), "{missing:?}");
        let refused = served.get("operator", &path(&file)).await;
        assert_eq!(refused.expect(500)["type"], "/problems/attachment-missing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_nothing_refers_to_is_swept_in_two_rounds() {
    both(async |database| {
        let served = served(database).await;
        let ticket = ticket(&served).await;
        let kept = uploaded(&served, &ticket, "a.pdf", PDF).await;
        let digest = "ff".repeat(32);
        let lost = served.city.folder().join("attachments/sha256/ff").join(&digest);
        std::fs::create_dir_all(lost.parent().unwrap()).unwrap();
        std::fs::write(&lost, b"a crash came before the commit").unwrap();
        served.city.app.maintain(served.city.now()).await.unwrap();
        assert!(lost.exists(), "its row may still be on its way");
        blobs(&served.city, "sha256").iter().for_each(|blob| aged(blob));

        served.city.now_is("2026-10-02 12:00");
        assert_eq!(served.city.app.maintain(served.city.now()).await.unwrap().swept, 0);
        assert_eq!((blobs(&served.city, "sha256").len(), blobs(&served.city, "swept").len()), (1, 1));
        served.city.now_is("2026-10-03 12:00");
        assert_eq!(served.city.app.maintain(served.city.now()).await.unwrap().swept, 1);
        assert!(blobs(&served.city, "swept").is_empty());

        // What was swept although something refers to it comes back when it is asked for.
        let blob = blobs(&served.city, "sha256").remove(0);
        let aside =
            served.city.folder().join("attachments/swept").join(&kept["sha256"].as_str().unwrap()[..2]);
        std::fs::create_dir_all(&aside).unwrap();
        std::fs::rename(&blob, aside.join(blob.file_name().unwrap())).unwrap();
        served.city.now_is(NOON);
        assert_eq!(served.get("operator", &path(&kept)).await.text.as_bytes(), PDF);
        assert!(blob.exists());
        served.city.verifies().await;
    })
    .await;
}

/// A row of the first schema, with its content in it.
async fn old_row(served: &Served, content: Vec<u8>) -> AttachmentId {
    let ticket = served.city.ticket().await.id;
    let id = AttachmentId::from_uuid(uuid::Uuid::from_u128(7));
    let old = Attachment {
        id,
        interaction: None,
        ticket: Some(ticket),
        name: "foto.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        declared_type: "image/jpeg".to_owned(),
        size_bytes: i64::try_from(content.len()).unwrap(),
        sha256: sha256(&content),
        original_sha256: None,
        inline: false,
        flags: vec![],
        scan: ScanState::NotScanned,
        scanned_at: None,
        scan_detail: None,
        uploaded_by: None,
        created_at: Instant::parse("2026-09-01T10:00:00Z").unwrap(),
    };
    let write = move |conn: &mut filo_store::Conn| {
        attachments::insert(conn, &old)?;
        attachments::put_bytes(conn, id, &content)
    };
    served.city.app.db().write::<_, filo_store::StoreError, _>(write).await.unwrap();
    id
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_in_its_row_is_served_and_then_moved_once() {
    both(async |database| {
        let served = served(database).await;
        ticket(&served).await;
        let id = old_row(&served, photo()).await;
        let place = format!("{CRM}/attachments/{id}");
        let before = served.get("operator", &place).await;
        assert_eq!(before.status, 200);
        assert!(before.text.contains("Piazza Duomo"));
        served.city.verifies().await;

        assert_eq!(served.city.app.maintain(served.city.now()).await.unwrap().moved, 1);
        assert_eq!(served.city.app.maintain(served.city.now()).await.unwrap().moved, 0);
        let after = served.get("operator", &place).await;
        assert!(after.status == 200 && !after.text.contains("Piazza Duomo"));
        let known = served.get("operator", &format!("{place}/metadata")).await.expect(200);
        assert_eq!(known["original_sha256"], sha256(&photo()));
        assert_eq!(blobs(&served.city, "sha256").len(), 1);
        served.city.verifies().await;
    })
    .await;
}

const FIRST: [&str; 2] = [
    include_str!("../../../migrations/sqlite/2026-11-22-000000_create_schema/up.sql"),
    include_str!("../../../migrations/postgres/2026-11-22-000000_create_schema/up.sql"),
];
const MOVE: [&str; 2] = [
    include_str!("../../../migrations/sqlite/2026-11-23-000600_move_attachments_out/up.sql"),
    include_str!("../../../migrations/postgres/2026-11-23-000600_move_attachments_out/up.sql"),
];

#[tokio::test]
async fn the_migration_keeps_the_rows_that_were_there() {
    both(async |database: Database| {
        let folder = tempfile::tempdir().unwrap();
        let (which, mut session, id, at, bytes) = match database.backend {
            Backend::Sqlite => {
                let url = format!("sqlite:{}", folder.path().join("old.db").display());
                (0, Session::open(&url).unwrap(), "x'00000000000000000000000000000001'", "1790841600000000", "x'0102'")
            }
            Backend::Postgres => {
                let mut session = database.session();
                session.execute("CREATE SCHEMA first; SET search_path TO first");
                (1, session, "'00000000-0000-0000-0000-000000000001'", "'2026-10-01T08:00:00Z'", "'\\x0102'")
            }
        };
        session.execute(FIRST[which]);
        session.execute(&format!(
            "INSERT INTO interactions (id, source, channel, kind, direction, external_id, occurred_at, recorded_at, local_day, \
             body, detail, flags) VALUES ({id}, 'urp', 'email', 'mail', 'inbound', 'm1', {at}, {at}, '2026-10-01', '', '{{}}', '[]');
             INSERT INTO attachments VALUES ({id}, {id}, 'a.pdf', 'application/pdf', 2, 'ab', {yes}, {bytes})",
            yes = if which == 0 { "1" } else { "true" },
        ));
        session.execute(MOVE[which]);
        let size = if which == 0 { "length(bytes)" } else { "octet_length(bytes)" };
        let kept = session.count(&format!(
            "SELECT count(*) AS value FROM attachments WHERE declared_type = 'application/pdf' AND scan = 'not_scanned' \
             AND {size} = 2 AND created_at = {at} AND ticket_id IS NULL"
        ));
        assert_eq!(kept, 1);
    })
    .await;
}
