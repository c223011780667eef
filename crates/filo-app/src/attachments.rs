//! Files: one door for uploads, mail and the form. A name is made safe, the type is sniffed, metadata are taken out
//! of pictures, the content goes to the blob store under its SHA-256, and then a row describes it.
//!
//! **Invariant:** no row without a durable blob. Nothing leaves that a configured scanner has not found clean, and
//! nothing infected ever. What an operator or a citizen sends can be refused; what came by mail is kept, flagged.
//!
//! Start at [`App::begin_upload`](crate::App::begin_upload); the trait of the store is [`blob::BlobStore`].

pub mod blob;

mod door;
mod name;
mod picture;
mod read;
mod scan;
mod send;
mod sniff;
mod upkeep;
mod upload;
mod verify;

use std::{path::PathBuf, sync::Arc};

use filo_domain::{AttachmentId, Instant, InteractionId, TicketId, UserId};
use filo_store::attachments::{Attachment, ScanState};
use serde::Serialize;

use blob::{BlobStore, Scanner};

pub use door::{PublicRefusal, check_public};
pub use name::clean_name;
pub use read::Opened;
pub use sniff::{EXECUTABLES, served_type};
pub use upload::Upload;

pub(crate) use door::{Door, Incoming, NewFile, Owner};
pub(crate) use read::may_leave;
pub(crate) use scan::{INFECTED, SCAN};
pub(crate) use send::{Held, check_files, files_of};
pub(crate) use verify::verify_files;

/// What files may be.
#[derive(Clone, Debug)]
pub struct FileLimits {
    /// The size of one file.
    pub file_bytes: u64,
    /// The size of all files uploaded to one ticket.
    pub ticket_bytes: u64,
    /// Files uploaded to one ticket.
    pub ticket_files: usize,
    /// The size of all files of one reply.
    pub reply_bytes: u64,
    /// Sniffed types that are refused at upload.
    pub refused: Vec<String>,
}

const MB: u64 = 1_000_000;

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            file_bytes: 50 * MB,
            ticket_bytes: 500 * MB,
            ticket_files: 100,
            reply_bytes: 20 * MB,
            refused: EXECUTABLES.iter().map(|kind| (*kind).to_owned()).collect(),
        }
    }
}

/// Where files are kept, who scans them, what they may be.
#[derive(Clone)]
pub struct Files {
    /// The contents.
    pub blobs: Arc<dyn BlobStore>,
    /// The scanner, where one is configured.
    pub scanner: Option<Arc<dyn Scanner>>,
    /// The limits.
    pub limits: FileLimits,
    /// A folder for what is on its way in: its files have no name, and are gone with the process.
    pub incoming: PathBuf,
}

/// A file as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttachmentView {
    /// Its id.
    pub id: AttachmentId,
    /// The ticket that it was uploaded to; `None` for what came with a contact.
    pub ticket_id: Option<TicketId>,
    /// The contact that it came with.
    pub interaction_id: Option<InteractionId>,
    /// Its name.
    pub name: String,
    /// What it is by its content.
    pub media_type: String,
    /// What its sender called it.
    pub declared_type: Option<String>,
    /// Its size in bytes.
    pub size: i64,
    /// The SHA-256 of what is kept and served.
    pub sha256: String,
    /// The SHA-256 of what was sent, where metadata were taken out.
    pub original_sha256: Option<String>,
    /// Whether the text shows it in place.
    pub inline: bool,
    /// What a reader should know.
    pub flags: Vec<String>,
    /// `not_scanned`, `pending`, `clean`, `infected` or `failed`.
    pub scan: ScanState,
    /// When it was scanned.
    pub scanned_at: Option<Instant>,
    /// The user who uploaded it.
    pub uploaded_by: Option<UserId>,
    /// When it was kept.
    pub created_at: Instant,
}

impl From<Attachment> for AttachmentView {
    fn from(file: Attachment) -> Self {
        Self {
            id: file.id,
            ticket_id: file.ticket,
            interaction_id: file.interaction,
            name: file.name,
            media_type: file.media_type,
            declared_type: Some(file.declared_type).filter(|declared| !declared.is_empty()),
            size: file.size_bytes,
            sha256: file.sha256,
            original_sha256: file.original_sha256,
            inline: file.inline,
            flags: file.flags,
            scan: file.scan,
            scanned_at: file.scanned_at,
            uploaded_by: file.uploaded_by,
            created_at: file.created_at,
        }
    }
}

impl AttachmentView {
    /// A tag of this state of the description: content and verdict are all that changes.
    pub fn tag(&self) -> String {
        use filo_domain::vocabulary::Word;
        format!("{}-{}", self.sha256.get(..32).unwrap_or_default(), self.scan.word())
    }
}

/// A file in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageFile {
    /// Its id.
    pub id: AttachmentId,
    /// Its name.
    pub name: String,
    /// What it is by its content.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// What a scanner said.
    pub scan: ScanState,
}

impl From<Attachment> for MessageFile {
    fn from(file: Attachment) -> Self {
        Self {
            id: file.id,
            name: file.name,
            media_type: file.media_type,
            size: file.size_bytes,
            scan: file.scan,
        }
    }
}
