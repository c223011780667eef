//! The document-protocol system over HTTP, and a folder where none is configured.
//!
//! A document is one `POST` of JSON with the ticket's id as `Idempotency-Key`, so that handing it over again after a
//! crash gives the number it has. 200 or 201 answers `{aoo, register, year, number, date}` at once; 202 and 204 say
//! that the number comes later (`POST /tickets/{id}/protocol`).

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use filo_app::{HandOverError, ProtocolDocument, ProtocolSystem};
use filo_domain::protocol::ProtocolEntry;
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};

const TIMEOUT: Duration = Duration::from_secs(30);

/// The system at an address.
#[derive(Clone, Debug)]
pub struct HttpProtocol {
    url: String,
    secret: Option<SecretString>,
    client: reqwest::Client,
}

impl HttpProtocol {
    /// Hands documents over to an address, with a bearer secret where it asks for one.
    pub fn new(url: String, secret: Option<SecretString>, client: reqwest::Client) -> Self {
        Self { url, secret, client }
    }
}

#[async_trait]
impl ProtocolSystem for HttpProtocol {
    async fn hand_over(&self, document: &ProtocolDocument) -> Result<Option<ProtocolEntry>, HandOverError> {
        let mut request = self
            .client
            .post(&self.url)
            .timeout(TIMEOUT)
            .header("Idempotency-Key", document.ticket_id.to_string())
            .json(document);
        if let Some(secret) = &self.secret {
            request = request.bearer_auth(secret.expose_secret());
        }
        let temporary = |error: reqwest::Error| HandOverError::Temporary(error.without_url().to_string());
        let response = request.send().await.map_err(temporary)?;
        let status = response.status();
        match status {
            StatusCode::ACCEPTED | StatusCode::NO_CONTENT => Ok(None),
            // It may have been registered: the same key again gives the entry.
            _ if status.is_success() => response.json().await.map(Some).map_err(temporary),
            // The document itself is refused; everything else may be mended on either side.
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(HandOverError::Permanent(format!("the protocol system refused it with {status}")))
            }
            _ => Err(HandOverError::Temporary(format!("the protocol system answered {status}"))),
        }
    }
}

/// Writes each document as `<ticket>.json`, whole or not at all; the same again replaces itself.
#[derive(Clone, Debug)]
pub struct FileProtocol {
    dir: PathBuf,
}

impl FileProtocol {
    /// Writes into a folder, which is made when the first document leaves.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }
}

#[async_trait]
impl ProtocolSystem for FileProtocol {
    async fn hand_over(&self, document: &ProtocolDocument) -> Result<Option<ProtocolEntry>, HandOverError> {
        let content = serde_json::to_vec_pretty(document)
            .map_err(|error| HandOverError::Permanent(error.to_string()))?;
        write_whole(&self.dir, &document.ticket_id.to_string(), &content)
            .map_err(|error| HandOverError::Temporary(format!("{}: {error}", self.dir.display())))?;
        Ok(None)
    }
}

fn write_whole(dir: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let unfinished = dir.join(format!(".{name}.part"));
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(unfinished, dir.join(format!("{name}.json")))
}
