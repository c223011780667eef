//! Scanning: a job for each content. What is infected goes to quarantine, where a person finds it.

use filo_domain::{Instant, vocabulary::Word};
use filo_jobs::JobError;
use filo_store::{
    Conn, StoreError,
    attachments::{self, ScanState},
    jobs::{self, Job},
    quarantine::{self, Quarantined},
};
use serde_json::json;

use super::blob::{Area, BlobError, Content, ScanError, Verdict};
use crate::{App, AppError, mint};

/// The kind of the jobs that scan a content.
pub(crate) const SCAN: &str = "scan_attachment";
/// The reason under which an infected file is in quarantine.
pub(crate) const INFECTED: &str = "infected";
const FORMAT: &str = "attachment";
/// Contents asked for at once when a scanner was configured after they came.
const BATCH: i64 = 100;

/// Has a content scanned.
pub(super) fn ask(conn: &mut Conn, sha256: &str, now: Instant) -> Result<(), StoreError> {
    jobs::enqueue(conn, mint::id(now), SCAN, &json!({ "sha256": sha256 }), now, now)
}

fn digest_of(job: &Job) -> Result<String, JobError> {
    let digest = job.payload.get("sha256").and_then(|it| it.as_str());
    digest.map(str::to_owned).ok_or_else(|| JobError::Dead("the job names no content".to_owned()))
}

fn again(error: impl ToString) -> JobError {
    JobError::Again(error.to_string())
}

impl App {
    /// Does a job of kind [`SCAN`].
    pub(crate) async fn scan_job(&self, job: &Job, now: Instant) -> Result<(), JobError> {
        let sha256 = digest_of(job)?;
        let verdict = self.verdict(&sha256).await?;
        self.settle_scan(sha256, verdict, now).await.map_err(again)
    }

    /// A content that could not be scanned.
    pub(crate) async fn scan_failed(&self, job: &Job, why: &str, now: Instant) -> Result<(), JobError> {
        let (sha256, why) = (digest_of(job)?, why.to_owned());
        // A scanner that is taken away leaves no verdict: the next one is asked again.
        let scans = self.core.files.scanner.is_some();
        let state = if scans { ScanState::Failed } else { ScanState::NotScanned };
        self.db
            .write(move |conn| attachments::set_scan(conn, &sha256, state, Some(now), Some(&why)))
            .await
            .map_err(again)
    }

    /// What the scanner says of a content, wherever that is.
    pub(crate) async fn verdict(&self, sha256: &str) -> Result<Verdict, JobError> {
        let scanner = self.core.files.scanner.as_ref();
        let scanner =
            scanner.ok_or_else(|| JobError::Dead("no scanner is configured any more".to_owned()))?;
        let content = self.anywhere(sha256).await.map_err(|error| match error {
            BlobError::Missing(_) => JobError::Dead(error.to_string()),
            BlobError::Away(_) => again(error),
        })?;
        scanner.scan(content).await.map_err(|error| match error {
            ScanError::Away(_) => again(error),
            ScanError::Refused(_) => JobError::Dead(error.to_string()),
        })
    }

    async fn anywhere(&self, sha256: &str) -> Result<Content, BlobError> {
        match self.live(sha256, None).await {
            Err(BlobError::Missing(_)) => self.core.files.blobs.get(Area::Quarantine, sha256, None).await,
            other => other,
        }
    }

    /// Moves the content to where it belongs, then says so: done twice it is the same.
    pub(crate) async fn settle_scan(
        &self,
        sha256: String,
        verdict: Verdict,
        now: Instant,
    ) -> Result<(), AppError> {
        let blobs = &self.core.files.blobs;
        match verdict {
            Verdict::Clean => {
                if blobs.has(Area::Quarantine, &sha256).await? {
                    blobs.shift(Area::Quarantine, Area::Live, &sha256).await?;
                }
                let clean = move |conn: &mut Conn| {
                    attachments::set_scan(conn, &sha256, ScanState::Clean, Some(now), None)
                };
                Ok(self.db.write(clean).await?)
            }
            Verdict::Infected(found) => {
                blobs.shift(Area::Live, Area::Quarantine, &sha256).await?;
                self.db.write(move |conn| quarantined(conn, &sha256, &found, now)).await
            }
        }
    }

    /// Asks for what came before there was a scanner.
    pub(super) async fn ask_for_all(&self, now: Instant) -> Result<(), AppError> {
        if self.core.files.scanner.is_none() {
            return Ok(());
        }
        let waiting = |conn: &mut Conn| attachments::in_state(conn, ScanState::NotScanned, BATCH);
        let waiting = self.db.read(waiting).await.map_err(AppError::Store)?;
        if waiting.is_empty() {
            return Ok(());
        }
        self.db
            .write(move |conn| {
                for sha256 in &waiting {
                    attachments::set_scan(conn, sha256, ScanState::Pending, None, None)?;
                    ask(conn, sha256, now)?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        Ok(())
    }
}

/// Says that a content is infected, and puts it among what waits for a person, once.
fn quarantined(conn: &mut Conn, sha256: &str, found: &str, now: Instant) -> Result<(), AppError> {
    attachments::set_scan(conn, sha256, ScanState::Infected, Some(now), Some(found))?;
    let known = quarantine::open_of(conn, FORMAT, INFECTED)?;
    if known.iter().any(|unit| unit.key == sha256) {
        return Ok(());
    }
    let files = attachments::by_digest(conn, sha256)?;
    let shown: Vec<_> = files
        .iter()
        .map(|file| {
            json!({ "attachment": file.id, "name": file.name, "media_type": file.media_type,
            "size": file.size_bytes, "scan": file.scan.word() })
        })
        .collect();
    let raw = serde_json::to_vec(&json!({ "sha256": sha256, "found": found, "files": shown }))?;
    let unit = Quarantined {
        id: mint::id(now),
        scope: FORMAT.to_owned(),
        key: sha256.to_owned(),
        source: FORMAT.to_owned(),
        format: FORMAT.to_owned(),
        reason: INFECTED.to_owned(),
        detail: format!("the scanner found {found} in an attachment: its content is kept apart"),
        raw,
        context: json!({ "sha256": sha256 }),
        state: quarantine::OPEN.to_owned(),
        created_at: now,
        decided_at: None,
        note: None,
    };
    Ok(quarantine::insert(conn, &unit)?)
}
