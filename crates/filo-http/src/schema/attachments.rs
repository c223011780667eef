//! Files of tickets.

use filo_app::ScanState;
use utoipa::{IntoResponses, ToSchema};
use uuid::Uuid;

use super::{At, Problem, one_of};

/// A file as it is.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Bytes(pub Vec<u8>);

/// The answers of a route that hands out a file.
#[derive(IntoResponses)]
pub enum HandedOut {
    /// The whole file.
    #[response(status = 200, content_type = "*/*")]
    Whole(Bytes),
    /// A range of it.
    #[response(status = 206, content_type = "*/*")]
    Range(Bytes),
    /// It is the one that the caller has.
    #[response(status = 304)]
    Same,
    /// The file is infected, or a scanner has not found it clean yet.
    #[response(status = 409, content_type = "application/problem+json")]
    NotClean(Problem),
    /// The file has no such range.
    #[response(status = 416, content_type = "application/problem+json")]
    NoRange(Problem),
}

/// A form with one file.
#[derive(ToSchema)]
pub struct Upload {
    /// The file, with its name.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
}

/// What is known of a file.
#[derive(ToSchema)]
pub struct Attachment {
    /// Its id.
    pub id: Uuid,
    /// The ticket that it was uploaded to; null for what came with a contact.
    pub ticket_id: Option<Uuid>,
    /// The contact that it came with.
    pub interaction_id: Option<Uuid>,
    /// Its name, made safe.
    #[schema(max_length = 120)]
    pub name: String,
    /// What it is by its content.
    #[schema(max_length = 127, example = "image/jpeg")]
    pub media_type: String,
    /// What its sender called it.
    #[schema(max_length = 127)]
    pub declared_type: Option<String>,
    /// Its size in bytes.
    pub size: i64,
    /// The SHA-256 of what is kept and served, in hex.
    #[schema(min_length = 64, max_length = 64)]
    pub sha256: String,
    /// The SHA-256 of what was sent, where metadata were taken out of a picture.
    #[schema(min_length = 64, max_length = 64)]
    pub original_sha256: Option<String>,
    /// Whether the text shows it in place.
    pub inline: bool,
    /// What a reader should know: `type_mismatch`, `metadata_not_removed`, `damaged`, `executable`.
    #[schema(max_items = 10)]
    pub flags: Vec<String>,
    /// What a virus scanner said.
    #[schema(schema_with = one_of::<ScanState>)]
    pub scan: String,
    /// When it was scanned.
    pub scanned_at: Option<At>,
    /// The user who uploaded it.
    pub uploaded_by: Option<Uuid>,
    /// When it was kept.
    pub created_at: At,
}

/// A file in a conversation.
#[derive(ToSchema)]
pub struct MessageFile {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    #[schema(max_length = 120)]
    pub name: String,
    /// What it is by its content.
    #[schema(max_length = 127)]
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// What a virus scanner said.
    #[schema(schema_with = one_of::<ScanState>)]
    pub scan: String,
}
