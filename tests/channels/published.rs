//! Published samples that nobody here wrote: taken in twice, they change nothing the second time.

use std::path::{Path, PathBuf};

use filo_app::Tally;
use filo_testkit::both;

use crate::support::TestApp;

/// The months that the samples fall in.
const MONTHS: [&str; 3] = ["2020-07", "2020-08", "2026-07"];

fn samples() -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures"));
    if !folder.is_dir() {
        eprintln!("not checked: ../shared/fixtures is not here");
        return None;
    }
    Some(folder.to_path_buf())
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(ending));
    files.sort();
    files
}

async fn import(city: &TestApp, samples: &Path) -> Tally {
    let read = |path: &Path| std::fs::read(path).unwrap();
    let mut total = Tally::default();
    total.add(&city.take_in(crate::support::PBX, read(&samples.join("phone/queue_log"))).await);
    total.add(&city.detail_records(read(&samples.join("phone/Master.csv"))).await);
    for (folder, mailbox) in [("email", "urp"), ("pec", "pec")] {
        for file in files(&samples.join(folder), ".eml") {
            total.add(&city.take_in(mailbox, read(&file)).await);
        }
    }
    for file in files(&samples.join("social"), ".json") {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let source = match &name[..2] {
            "fb" => "facebook",
            "ig" => "instagram",
            _ => "whatsapp",
        };
        total.add(&city.take_in(source, read(&file)).await);
    }
    total
}

#[tokio::test]
async fn published_samples_taken_in_twice_are_accepted_once_and_give_the_same_report() {
    let Some(samples) = samples() else { return };
    both(async |database| {
        let city = TestApp::at("2026-10-15 12:00", database).await;
        let first = import(&city, &samples).await;
        assert!(first.accepted > 25 && first.tickets_opened > 5, "{first:?}");
        let mut before = Vec::new();
        for month in MONTHS {
            before.push(city.report(month).await);
        }
        assert!(before.iter().any(|report| report.counts("/phone", &["offered"]) != [0]));

        city.now_is("2026-10-16 12:00");
        let second = import(&city, &samples).await;
        assert_eq!((second.accepted, second.quarantined, second.tickets_opened), (0, 0, 0), "{second:?}");
        assert_eq!(second.duplicates, first.read);
        for (month, before) in MONTHS.into_iter().zip(before) {
            assert_eq!(city.report(month).await.timeless(), before.timeless(), "{month}");
        }
        city.verifies().await;
    })
    .await;
}
