//! Contents of files in a folder or in an S3-compatible bucket.
//!
//! **Invariant:** an object is whole or absent: a folder's file is written under another name, flushed to the disk
//! and then renamed, a bucket's is uploaded in parts and completed at the end.

use std::{ops::Range, path::Path as FilePath, sync::Arc};

use bytes::Bytes;
use filo_app::attachments::blob::{Area, BlobError, BlobStore, Content, Kept};
use filo_domain::Instant;
use futures_util::{StreamExt, TryStreamExt};
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload,
    WriteMultipart, aws::AmazonS3Builder, local::LocalFileSystem, path::Path,
};

/// A content up to this size is put in one request; a larger one in parts of this size.
const PART: usize = 5 * 1024 * 1024;
/// Parts on their way at once.
const AT_ONCE: usize = 2;

/// Where a bucket is and how it is entered.
#[derive(Clone)]
pub struct Bucket {
    /// `s3://bucket/prefix`.
    pub url: String,
    /// Another address than Amazon's.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The key's id.
    pub access_key_id: Option<String>,
    /// The key.
    pub secret_access_key: Option<String>,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(String);

/// Contents in an object store.
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Blobs {
    /// A folder, made where it is missing.
    ///
    /// # Errors
    /// A folder that cannot be made or read.
    pub fn folder(folder: &FilePath) -> Result<Self, OpenError> {
        let cannot = |error: &dyn std::fmt::Display| OpenError(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(|error| cannot(&error))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| cannot(&error))?;
        Ok(Self { store: Arc::new(store.with_fsync(true)), prefix: Path::default() })
    }

    /// A bucket; nothing is connected to yet.
    ///
    /// # Errors
    /// An address that is none of a bucket.
    pub fn bucket(bucket: &Bucket) -> Result<Self, OpenError> {
        let wrong = || OpenError(format!("found {:?}, expected s3://bucket/prefix", bucket.url));
        let place = bucket.url.strip_prefix("s3://").ok_or_else(wrong)?;
        let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
        if name.is_empty() {
            return Err(wrong());
        }
        let mut builder = AmazonS3Builder::new().with_bucket_name(name);
        builder = builder.with_region(bucket.region.clone().unwrap_or_else(|| "us-east-1".to_owned()));
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        if let (Some(id), Some(key)) = (&bucket.access_key_id, &bucket.secret_access_key) {
            builder = builder.with_access_key_id(id).with_secret_access_key(key);
        }
        let store = builder.build().map_err(|error| OpenError(error.to_string()))?;
        let prefix = Path::parse(prefix.trim_matches('/')).map_err(|error| OpenError(error.to_string()))?;
        Ok(Self { store: Arc::new(store), prefix })
    }

    fn area(&self, area: Area) -> Path {
        let name = match area {
            Area::Live => "sha256",
            Area::Quarantine => "quarantine",
            Area::Swept => "swept",
        };
        self.prefix.clone().join(name)
    }

    /// `sha256/ab/abcdef…`: few entries to a folder.
    fn place(&self, area: Area, sha256: &str) -> Path {
        self.area(area).join(sha256.get(..2).unwrap_or("__")).join(sha256)
    }

    async fn put_parts(&self, place: &Path, first: Vec<Bytes>, rest: Content) -> Result<(), BlobError> {
        let upload = self.store.put_multipart(place).await.map_err(away)?;
        write(upload, first, rest).await
    }
}

/// Writes the parts, and leaves nothing behind when one does not come.
async fn write(
    upload: Box<dyn MultipartUpload>,
    first: Vec<Bytes>,
    mut rest: Content,
) -> Result<(), BlobError> {
    let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
    for part in first {
        parts.put(part);
    }
    while let Some(part) = rest.next().await {
        let part = match part {
            Ok(part) => part,
            Err(error) => {
                parts.abort().await.map_err(away)?;
                return Err(error);
            }
        };
        parts.wait_for_capacity(AT_ONCE).await.map_err(away)?;
        parts.put(part);
    }
    parts.finish().await.map_err(away)?;
    Ok(())
}

fn away(error: object_store::Error) -> BlobError {
    BlobError::Away(error.to_string())
}

fn missing(sha256: &str) -> impl Fn(object_store::Error) -> BlobError + '_ {
    move |error| match error {
        object_store::Error::NotFound { .. } => BlobError::Missing(sha256.to_owned()),
        other => away(other),
    }
}

fn kept(meta: &ObjectMeta) -> Option<Kept> {
    let sha256 = meta.location.filename()?.to_owned();
    // What is no digest (a part of a write that was cut off) is not ours to touch.
    let digest = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    digest.then(|| Kept { sha256, put_at: Instant::from_micros(meta.last_modified.timestamp_micros()) })
}

#[async_trait::async_trait]
impl BlobStore for Blobs {
    async fn put(&self, area: Area, sha256: &str, mut content: Content) -> Result<(), BlobError> {
        let place = self.place(area, sha256);
        let (mut first, mut size) = (Vec::new(), 0);
        while size <= PART {
            let Some(part) = content.next().await else {
                let whole: PutPayload = first.into_iter().collect();
                return self.store.put(&place, whole).await.map(drop).map_err(away);
            };
            let part = part?;
            size += part.len();
            first.push(part);
        }
        self.put_parts(&place, first, content).await
    }

    async fn get(&self, area: Area, sha256: &str, range: Option<Range<u64>>) -> Result<Content, BlobError> {
        if range.as_ref().is_some_and(Range::is_empty) {
            return Ok(Box::pin(futures_util::stream::empty()));
        }
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.store.get_opts(&self.place(area, sha256), options).await.map_err(missing(sha256))?;
        Ok(Box::pin(found.into_stream().map_err(away)))
    }

    async fn has(&self, area: Area, sha256: &str) -> Result<bool, BlobError> {
        match self.store.head(&self.place(area, sha256)).await {
            Ok(_meta) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(away(error)),
        }
    }

    async fn shift(&self, from: Area, to: Area, sha256: &str) -> Result<(), BlobError> {
        let moved = self.store.rename(&self.place(from, sha256), &self.place(to, sha256)).await;
        match moved {
            Err(object_store::Error::NotFound { .. }) if self.has(to, sha256).await? => Ok(()),
            other => other.map_err(missing(sha256)),
        }
    }

    async fn remove(&self, area: Area, sha256: &str) -> Result<(), BlobError> {
        match self.store.delete(&self.place(area, sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(away(error)),
        }
    }

    async fn list(&self, area: Area) -> Result<Vec<Kept>, BlobError> {
        let prefix = self.area(area);
        let all = self.store.list(Some(&prefix)).try_filter_map(|meta| async move { Ok(kept(&meta)) });
        all.try_collect().await.map_err(away)
    }
}

#[cfg(test)]
mod tests;
