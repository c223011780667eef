//! Uploads: put aside while they come, hashed on the way, and kept once whole.

use std::io::SeekFrom;

use bytes::Bytes;
use filo_domain::{Instant, TicketId, event::EventBody};
use filo_store::attachments;
use futures_util::stream;
use sha2::{Digest, Sha256};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use super::{
    AttachmentView, Door, Incoming, NewFile,
    blob::{BlobError, Content},
    door::Owner,
    sniff,
};
use crate::{App, AppError, Caller, Permission, tickets::visible, work::Work};

/// How much of a file is in memory at once.
const CHUNK: usize = 256 * 1024;

/// A file that is coming in. Dropped before its end, it was never there.
pub struct Upload {
    file: File,
    head: Vec<u8>,
    size: u64,
    limit: u64,
    hash: Sha256,
}

impl Upload {
    /// Takes the next part.
    ///
    /// # Errors
    /// Larger than a file may be, or no place to put it.
    pub async fn write(&mut self, part: &[u8]) -> Result<(), AppError> {
        self.size = self.size.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        if self.size > self.limit {
            return Err(AppError::TooLarge { limit: self.limit });
        }
        let missing = sniff::HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(part.get(..missing).unwrap_or(part));
        self.hash.update(part);
        self.file.write_all(part).await.map_err(no_place)
    }

    async fn whole(mut self) -> Result<Incoming, AppError> {
        self.file.flush().await.map_err(no_place)?;
        let sha256 = filo_domain::chain::hex(&self.hash.finalize());
        Ok(Incoming::File { head: self.head, size: self.size, sha256, file: self.file })
    }
}

fn no_place(error: std::io::Error) -> AppError {
    AppError::internal("a file cannot be put aside", error)
}

/// What was put aside, from its beginning.
pub(super) fn read_back(file: File) -> Content {
    Box::pin(stream::try_unfold((file, false), |(mut file, begun)| async move {
        let away = |error: std::io::Error| BlobError::Away(error.to_string());
        if !begun {
            file.seek(SeekFrom::Start(0)).await.map_err(away)?;
        }
        let mut part = Vec::with_capacity(CHUNK);
        let limit = u64::try_from(CHUNK).unwrap_or(u64::MAX);
        (&mut file).take(limit).read_to_end(&mut part).await.map_err(away)?;
        Ok(if part.is_empty() { None } else { Some((Bytes::from(part), (file, true))) })
    }))
}

impl App {
    /// Begins an upload to a ticket.
    ///
    /// # Errors
    /// A ticket that is not there or not the caller's, or has as many files as it may.
    pub async fn begin_upload(&self, caller: &Caller, ticket: TicketId) -> Result<Upload, AppError> {
        caller.must(Permission::WorkTickets)?;
        let (caller, most) = (caller.clone(), self.core.files.limits.ticket_files);
        let (count, _) = self
            .db
            .read(move |conn| {
                visible(conn, &caller, ticket)?;
                Ok::<_, AppError>(attachments::uploaded(conn, ticket)?)
            })
            .await?;
        check_count(count, most)?;
        self.put_aside().await
    }

    /// A place for a file that comes in.
    pub(crate) async fn put_aside(&self) -> Result<Upload, AppError> {
        let folder = self.core.files.incoming.clone();
        let aside = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder)?;
            tempfile::tempfile_in(&folder)
        });
        let file = aside.await.map_err(|error| AppError::internal("a file cannot be put aside", error))?;
        Ok(Upload {
            file: File::from_std(file.map_err(no_place)?),
            head: Vec::new(),
            size: 0,
            limit: self.core.files.limits.file_bytes,
            hash: Sha256::new(),
        })
    }

    /// Keeps the content of a whole upload.
    pub(crate) async fn take_upload(
        &self,
        upload: Upload,
        (name, declared): (&str, &str),
    ) -> Result<NewFile, AppError> {
        if upload.size == 0 {
            return Err(AppError::invalid("/file", "must not be empty"));
        }
        self.keep_file(upload.whole().await?, name, declared, false, Door::Operator).await
    }

    /// Keeps a whole upload, under its name and the type that its sender calls it, as a file of a ticket.
    ///
    /// # Errors
    /// An empty file, a type that is not taken, more than a ticket may have.
    pub async fn finish_upload(
        &self,
        caller: &Caller,
        ticket: TicketId,
        upload: Upload,
        named: (&str, &str),
        now: Instant,
    ) -> Result<AttachmentView, AppError> {
        caller.must(Permission::WorkTickets)?;
        let new = self.take_upload(upload, named).await?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                visible(conn, &caller, ticket)?;
                // The lock keeps two uploads from passing the limit together.
                let mut work = Work::load(conn, ticket, now)?;
                let limits = &core.files.limits;
                let (count, size) = attachments::uploaded(conn, ticket)?;
                check_count(count, limits.ticket_files)?;
                if size.saturating_add(new.size) > limits.ticket_bytes {
                    return Err(AppError::TooLarge { limit: limits.ticket_bytes });
                }
                let owner = Owner { ticket: Some(ticket), user: caller.user(), ..Owner::default() };
                let file = new.record(conn, &core.files, owner, now)?;
                let added = EventBody::AttachmentAdded { attachment: file.id, sha256: file.sha256.clone() };
                work.push(conn, now, caller.actor(), added)?;
                work.save(conn, &core.city)?;
                Ok(file.into())
            })
            .await
    }
}

fn check_count(count: usize, most: usize) -> Result<(), AppError> {
    if count >= most {
        return Err(AppError::conflict("too-many-attachments", format!("a ticket has at most {most} files")));
    }
    Ok(())
}
