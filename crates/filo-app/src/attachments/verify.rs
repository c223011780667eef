//! Whether every file's content is there and is the one that was kept.

use filo_domain::{AttachmentId, chain::sha256_hex};
use filo_store::attachments::{self, Attachment, ScanState};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use super::blob::{Area, BlobError, Content};
use crate::{
    App, AppError,
    verify::{Difference, Verified},
};

const PAGE: i64 = 200;

/// Reads all files and compares each content with its digest.
pub(crate) async fn verify_files(app: &App, verified: &mut Verified) -> Result<(), AppError> {
    let mut after: Option<AttachmentId> = None;
    loop {
        let page = app.db.read(move |conn| attachments::walk(conn, after, PAGE)).await;
        let page = page.map_err(AppError::Store)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for file in page {
            verified.attachments += 1;
            if let Some(problem) = problem(app, &file).await? {
                let subject = file.id.to_string();
                verified.differences.push(Difference { check: "attachment", subject, problem });
            }
        }
    }
}

async fn problem(app: &App, file: &Attachment) -> Result<Option<String>, AppError> {
    let id = file.id;
    let kept = app.db.read(move |conn| attachments::bytes(conn, id)).await.map_err(AppError::Store)?;
    let found = match kept {
        Some(bytes) => Ok(sha256_hex(&bytes)),
        None => match content(app, file).await {
            Ok(content) => digest(content).await,
            Err(error) => Err(error),
        },
    };
    match found {
        Ok(found) if found == file.sha256 => Ok(None),
        Ok(_other) => Ok(Some("the content is not the one that arrived".to_owned())),
        Err(BlobError::Missing(_)) if changed(app, file).await? => Ok(None),
        Err(BlobError::Missing(sha256)) => Ok(Some(format!("the content {sha256} is missing"))),
        Err(error @ BlobError::Away(_)) => Err(error.into()),
    }
}

async fn content(app: &App, file: &Attachment) -> Result<Content, BlobError> {
    match file.scan {
        ScanState::Infected => app.core.files.blobs.get(Area::Quarantine, &file.sha256, None).await,
        ScanState::NotScanned | ScanState::Pending | ScanState::Clean | ScanState::Failed => {
            app.live(&file.sha256, None).await
        }
    }
}

/// Whether the row is another one by now: a scan or a move was faster than this reading.
async fn changed(app: &App, file: &Attachment) -> Result<bool, AppError> {
    let id = file.id;
    let now = app.db.read(move |conn| attachments::find(conn, id)).await.map_err(AppError::Store)?;
    Ok(now.as_ref() != Some(file))
}

async fn digest(mut content: Content) -> Result<String, BlobError> {
    let mut hash = Sha256::new();
    while let Some(part) = content.next().await {
        hash.update(&part?);
    }
    Ok(filo_domain::chain::hex(&hash.finalize()))
}
