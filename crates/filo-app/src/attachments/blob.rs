//! Where the contents of files are kept: named by their SHA-256, so that the same content is kept once.
//!
//! **Invariant:** a content is durable before a row of the database refers to it. A missing one is an error, never an
//! empty file.

use std::{ops::Range, pin::Pin};

use bytes::Bytes;
use filo_domain::Instant;
use futures_util::{Stream, StreamExt, stream};

/// A content on its way.
pub type Content = Pin<Box<dyn Stream<Item = Result<Bytes, BlobError>> + Send>>;

/// The part of the store that a content is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// What files refer to.
    Live,
    /// What a scanner found infected.
    Quarantine,
    /// What nothing referred to when it was last looked for; gone at the next round.
    Swept,
}

/// Why a content cannot be had or kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlobError {
    /// It is not there.
    #[error("the content {0} is not in the attachments' store")]
    Missing(String),
    /// The store is away; trying again may help.
    #[error("the attachments' store is away: {0}")]
    Away(String),
}

/// A content that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// When it was last put.
    pub put_at: Instant,
}

/// Keeps contents by their SHA-256.
#[async_trait::async_trait]
pub trait BlobStore: Send + Sync {
    /// Keeps a content, durable when this returns. Putting the same one again renews its age.
    async fn put(&self, area: Area, sha256: &str, content: Content) -> Result<(), BlobError>;
    /// A content, or a range of its bytes that lies within it.
    async fn get(&self, area: Area, sha256: &str, range: Option<Range<u64>>) -> Result<Content, BlobError>;
    /// Whether a content is there.
    async fn has(&self, area: Area, sha256: &str) -> Result<bool, BlobError>;
    /// Moves a content; one that was moved before is not missing.
    async fn shift(&self, from: Area, to: Area, sha256: &str) -> Result<(), BlobError>;
    /// Removes a content; one that is not there is not missing.
    async fn remove(&self, area: Area, sha256: &str) -> Result<(), BlobError>;
    /// Everything in an area, in any order.
    async fn list(&self, area: Area) -> Result<Vec<Kept>, BlobError>;
}

/// What a scanner says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// What was found, by the scanner's name for it.
    Infected(String),
}

/// Why a scanner could not tell.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ScanError {
    /// It is away; trying again may help.
    #[error("the scanner is away: {0}")]
    Away(String),
    /// It refuses this content.
    #[error("the scanner refuses it: {0}")]
    Refused(String),
}

/// Looks for viruses.
#[async_trait::async_trait]
pub trait Scanner: Send + Sync {
    /// Looks at a whole content.
    async fn scan(&self, content: Content) -> Result<Verdict, ScanError>;
}

/// A content that is in memory.
pub fn content(bytes: impl Into<Bytes>) -> Content {
    let bytes = bytes.into();
    Box::pin(stream::once(async move { Ok(bytes) }))
}

/// The whole of a content that is known to be small.
///
/// # Errors
/// The store's own.
pub async fn whole(mut content: Content) -> Result<Vec<u8>, BlobError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = content.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}
