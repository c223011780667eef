//! What maintenance does to files: contents leave the rows of the first schema, and what nothing refers to is swept.

use std::collections::BTreeSet;

use bytes::Bytes;
use filo_domain::Instant;
use filo_store::{
    StoreError,
    attachments::{self, Attachment, ScanState},
};

use super::{
    Door, Incoming,
    blob::{Area, Kept},
};
use crate::{App, AppError};

/// Rows whose content is moved in one round.
const ROUND: i64 = 20;
/// Contents looked up at once.
const PAGE: usize = 200;
/// How old a content must be before nothing need refer to it: an upload's row follows within minutes.
const AGE_S: i64 = 86_400;

impl App {
    /// Moves contents out of rows, and asks the scanner for what it has not seen; gives how many were moved.
    pub(crate) async fn tend_files(&self, now: Instant) -> Result<usize, AppError> {
        let moved = self.move_out(now).await?;
        self.ask_for_all(now).await?;
        Ok(moved)
    }

    async fn move_out(&self, now: Instant) -> Result<usize, AppError> {
        let waiting = self.db.read(|conn| attachments::not_moved(conn, ROUND)).await;
        let waiting = waiting.map_err(AppError::Store)?;
        let count = waiting.len();
        for file in waiting {
            self.move_one(file, now).await?;
        }
        Ok(count)
    }

    async fn move_one(&self, mut file: Attachment, now: Instant) -> Result<(), AppError> {
        let id = file.id;
        let content =
            self.db.read(move |conn| attachments::bytes(conn, id)).await.map_err(AppError::Store)?;
        // Another worker may have been faster.
        let Some(content) = content else { return Ok(()) };
        let incoming = Incoming::Bytes(Bytes::from(content));
        let declared = file.declared_type.clone();
        let new = self.keep_file(incoming, &file.name, &declared, file.inline, Door::Mail).await?;
        // The name stays as it was shown until now.
        file.media_type = new.media_type;
        file.size_bytes = i64::try_from(new.size).unwrap_or(i64::MAX);
        file.sha256 = new.sha256;
        file.original_sha256 = new.original_sha256;
        file.flags = new.flags;
        let scans = self.core.files.scanner.is_some();
        self.db
            .write(move |conn| {
                let known = super::door::known_scan(conn, &file.sha256)?;
                match known {
                    Some(known) => {
                        (file.scan, file.scanned_at) = (known.scan, known.scanned_at);
                        file.scan_detail = known.scan_detail;
                    }
                    None if scans => {
                        file.scan = ScanState::Pending;
                        super::scan::ask(conn, &file.sha256, now)?;
                    }
                    None => {}
                }
                attachments::moved(conn, &file)
            })
            .await
            .map_err(AppError::Store)
    }

    /// Puts aside what nothing refers to, and removes what was put aside the round before; gives how many went.
    ///
    /// Two rounds, because a row may be on its way to a content that is old: what was put aside comes back when
    /// somebody asks for it, or here.
    pub(crate) async fn sweep(&self, now: Instant) -> Result<usize, AppError> {
        let blobs = &self.core.files.blobs;
        let mut gone = 0;
        for (kept, wanted) in self.looked_up(blobs.list(Area::Swept).await?).await? {
            if wanted {
                blobs.shift(Area::Swept, Area::Live, &kept.sha256).await?;
            } else {
                blobs.remove(Area::Swept, &kept.sha256).await?;
                gone += 1;
            }
        }
        let old = |kept: &Kept| kept.put_at < now.plus_seconds(-AGE_S);
        let live = blobs.list(Area::Live).await?.into_iter().filter(old).collect();
        for (kept, wanted) in self.looked_up(live).await? {
            if !wanted {
                blobs.shift(Area::Live, Area::Swept, &kept.sha256).await?;
            }
        }
        Ok(gone)
    }

    /// Which of these contents some file has.
    async fn looked_up(&self, kept: Vec<Kept>) -> Result<Vec<(Kept, bool)>, AppError> {
        let mut all = Vec::with_capacity(kept.len());
        for page in kept.chunks(PAGE) {
            let digests: Vec<String> = page.iter().map(|kept| kept.sha256.clone()).collect();
            let wanted = self.db.read(move |conn| attachments::referenced(conn, &digests)).await;
            let wanted: BTreeSet<String> =
                wanted.map_err(|error: StoreError| AppError::Store(error))?.into_iter().collect();
            all.extend(page.iter().map(|kept| (kept.clone(), wanted.contains(&kept.sha256))));
        }
        Ok(all)
    }
}
