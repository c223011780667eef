//! Listing files and handing them out.

use std::ops::Range;

use filo_domain::{AttachmentId, InteractionId, TicketId, vocabulary::Word};
use filo_store::{
    Conn,
    attachments::{self, Attachment, ScanState},
    interactions, merges,
};

use super::{
    AttachmentView, Files,
    blob::{self, Area, BlobError, Content},
};
use crate::{
    App, AppError, Caller, Page, Permission,
    tickets::{fetch, limit, visible},
    views::{cursor, read_cursor},
};

/// A file that may be handed out.
pub struct Opened {
    /// What is known of it.
    pub file: AttachmentView,
    kept: Option<Vec<u8>>,
}

impl Opened {
    /// A file whose content is in the blob store.
    pub(crate) fn stored(file: Attachment) -> Self {
        Self { file: file.into(), kept: None }
    }
    /// Its size.
    pub fn size(&self) -> u64 {
        match &self.kept {
            Some(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            None => u64::try_from(self.file.size).unwrap_or(0),
        }
    }
}

impl App {
    /// The files of a ticket and of those merged into it, uploaded or come with contacts, oldest first.
    ///
    /// # Errors
    /// Not found, wrong cursor, or the store's own.
    pub async fn list_attachments(
        &self,
        caller: &Caller,
        ticket: TicketId,
        asked: Option<usize>,
        after: Option<String>,
    ) -> Result<Page<AttachmentView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let limit = limit(asked)?;
        let after = after.as_deref().map(read_cursor).transpose()?;
        let caller = caller.clone();
        let rows = self
            .db
            .read(move |conn| {
                visible(conn, &caller, ticket)?;
                let mut speaking = vec![ticket];
                speaking.extend(merges::absorbed(conn, ticket)?);
                Ok::<_, AppError>(attachments::of_tickets(conn, &speaking, after, fetch(limit))?)
            })
            .await?;
        Ok(Page::cut(rows, limit, |row| cursor(row.created_at, row.id)).map(AttachmentView::from))
    }

    /// What is known of a file.
    ///
    /// # Errors
    /// Not found, also for what the caller may not see.
    pub async fn attachment(&self, caller: &Caller, id: AttachmentId) -> Result<AttachmentView, AppError> {
        caller.must(Permission::ReadTickets)?;
        let caller = caller.clone();
        self.db.read(move |conn| Ok(visible_file(conn, &caller, id)?.into())).await
    }

    /// A file that may leave.
    ///
    /// # Errors
    /// Not found; infected; not yet found clean by the scanner.
    pub async fn open_attachment(&self, caller: &Caller, id: AttachmentId) -> Result<Opened, AppError> {
        caller.must(Permission::ReadTickets)?;
        let (caller, core) = (caller.clone(), self.core.clone());
        self.db
            .read(move |conn| {
                let file = visible_file(conn, &caller, id)?;
                may_leave(&core.files, &file)?;
                let kept = attachments::bytes(conn, id)?;
                Ok(Opened { file: file.into(), kept })
            })
            .await
    }

    /// The content of a file, or a range of it.
    ///
    /// # Errors
    /// A content that is missing, or a store that is away.
    pub async fn content(&self, opened: &Opened, range: Option<Range<u64>>) -> Result<Content, AppError> {
        match &opened.kept {
            Some(bytes) => {
                let size = bytes.len();
                let place = |at: u64| usize::try_from(at).unwrap_or(size).min(size);
                let range = range.map_or(0..size, |range| place(range.start)..place(range.end));
                Ok(blob::content(bytes.get(range).unwrap_or_default().to_vec()))
            }
            None => Ok(self.live(&opened.file.sha256, range).await?),
        }
    }

    /// A content that is referred to; one that was swept away by mistake comes back.
    pub(super) async fn live(&self, sha256: &str, range: Option<Range<u64>>) -> Result<Content, BlobError> {
        let blobs = &self.core.files.blobs;
        match blobs.get(Area::Live, sha256, range.clone()).await {
            Err(BlobError::Missing(_)) if blobs.has(Area::Swept, sha256).await? => {
                blobs.shift(Area::Swept, Area::Live, sha256).await?;
                blobs.get(Area::Live, sha256, range).await
            }
            other => other,
        }
    }
}

/// Refuses what a scanner has not found clean, where there is one, and what is infected.
pub(crate) fn may_leave(files: &Files, file: &Attachment) -> Result<(), AppError> {
    let refuse = |code, why: &str| {
        let detail = format!("{why}: its scan state is {}", file.scan.word());
        Err(AppError::conflict(code, detail))
    };
    match (file.scan, files.scanner.is_some()) {
        (ScanState::Infected, _) => refuse("attachment-infected", "the file is infected and in quarantine"),
        (ScanState::Clean, true) | (_, false) => Ok(()),
        (ScanState::NotScanned | ScanState::Pending, true) => {
            refuse("attachment-not-scanned", "the file was not scanned yet")
        }
        (ScanState::Failed, true) => refuse("attachment-not-scanned", "the scanner could not read the file"),
    }
}

/// A file of a ticket that the caller may see. What came with a contact without a ticket is for who sees all.
pub(super) fn visible_file(
    conn: &mut Conn,
    caller: &Caller,
    id: AttachmentId,
) -> Result<Attachment, AppError> {
    const NONE: AppError = AppError::NotFound("attachment");
    let file = attachments::find(conn, id)?.ok_or(NONE)?;
    let ticket = match (file.ticket, file.interaction) {
        (Some(ticket), _) => Some(ticket),
        (None, Some(contact)) => ticket_of(conn, contact)?,
        (None, None) => None,
    };
    match ticket {
        Some(ticket) => match visible(conn, caller, ticket) {
            Err(AppError::NotFound(_)) => Err(NONE),
            Err(error) => Err(error),
            Ok(_ticket) => Ok(file),
        },
        None if caller.unit_limit().is_none() => Ok(file),
        None => Err(NONE),
    }
}

fn ticket_of(conn: &mut Conn, contact: InteractionId) -> Result<Option<TicketId>, AppError> {
    Ok(interactions::find(conn, contact)?.and_then(|contact| contact.ticket_id))
}
