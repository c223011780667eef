//! Where files are kept, who scans them and what they may be, as the settings say.

use std::sync::Arc;

use filo_app::{
    FileLimits, Files,
    attachments::blob::{BlobStore, Scanner},
};
use filo_outward::{
    blobs::{Blobs, Bucket},
    clamd::Clamd,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{exit::Failure, settings::Settings};

const MB: u64 = 1_000_000;

/// The stores and limits of files.
///
/// # Errors
/// A folder that cannot be made, an address that is none.
pub(super) fn files(settings: &Settings) -> Result<Files, Failure> {
    let folder = settings.data_dir.join("attachments");
    Ok(Files {
        blobs: Arc::new(blobs(settings)?) as Arc<dyn BlobStore>,
        scanner: scanner(settings)?,
        limits: limits(settings),
        incoming: folder.join("incoming"),
    })
}

fn blobs(settings: &Settings) -> Result<Blobs, Failure> {
    let wanted = &settings.attachments;
    let secret = |it: &Option<SecretString>| it.as_ref().map(|it| it.expose_secret().to_owned());
    let opened = match &wanted.url {
        None => Blobs::folder(&settings.data_dir.join("attachments")),
        Some(url) => Blobs::bucket(&Bucket {
            url: url.clone(),
            endpoint: wanted.endpoint.clone(),
            region: wanted.region.clone(),
            access_key_id: secret(&wanted.access_key_id),
            secret_access_key: secret(&wanted.secret_access_key),
        }),
    };
    opened.map_err(|error| Failure::CannotRun(format!("attachments.url: {error}")))
}

fn scanner(settings: &Settings) -> Result<Option<Arc<dyn Scanner>>, Failure> {
    let Some(address) = &settings.attachments.clamd else { return Ok(None) };
    let clamd =
        Clamd::parse(address).map_err(|error| Failure::CannotRun(format!("attachments.clamd: {error}")))?;
    Ok(Some(Arc::new(clamd)))
}

fn limits(settings: &Settings) -> FileLimits {
    let wanted = &settings.attachments;
    let usual = FileLimits::default();
    FileLimits {
        file_bytes: u64::from(wanted.max_file_mb) * MB,
        ticket_bytes: u64::from(wanted.max_ticket_mb) * MB,
        ticket_files: usize::try_from(wanted.max_ticket_files).unwrap_or(usual.ticket_files),
        reply_bytes: u64::from(wanted.max_reply_mb) * MB,
        refused: wanted.refused_types.clone().unwrap_or(usual.refused),
    }
}
