//! ClamAV's daemon: a content is streamed to it (INSTREAM) and it says what it found.

use std::{path::PathBuf, time::Duration};

use clamav_client::tokio::{Socket, Tcp, scan_stream};
use filo_app::attachments::blob::{Content, ScanError, Scanner, Verdict};
use futures_util::TryStreamExt;

/// Longer than any scan of a file that is taken.
const TIMEOUT: Duration = Duration::from_secs(100);

/// A daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clamd {
    /// At an address, `host:port`.
    Tcp(String),
    /// At a socket of this machine.
    Unix(PathBuf),
}

/// An address that is none of a daemon.
#[derive(Debug, thiserror::Error)]
#[error("found {0:?}, expected tcp://host:port or unix:/path")]
pub struct AddressError(String);

impl Clamd {
    /// Reads `tcp://host:port` or `unix:/path`; connects to nothing yet.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(address: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError(address.to_owned());
        if let Some(place) = address.strip_prefix("tcp://") {
            let port =
                place.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
            return port
                .filter(|(host, _)| !host.is_empty())
                .map(|_| Self::Tcp(place.to_owned()))
                .ok_or_else(wrong);
        }
        let path = address.strip_prefix("unix:").map(|path| path.strip_prefix("//").unwrap_or(path));
        path.filter(|path| path.starts_with('/')).map(|path| Self::Unix(path.into())).ok_or_else(wrong)
    }
}

#[async_trait::async_trait]
impl Scanner for Clamd {
    async fn scan(&self, content: Content) -> Result<Verdict, ScanError> {
        let content = content.map_err(std::io::Error::other);
        let answer = tokio::time::timeout(TIMEOUT, async {
            match self {
                Self::Tcp(address) => scan_stream(content, Tcp { host_address: address }, None).await,
                Self::Unix(path) => scan_stream(content, Socket { socket_path: path }, None).await,
            }
        });
        let answer = answer.await.map_err(|_elapsed| ScanError::Away("no answer in time".to_owned()))?;
        read(&answer.map_err(|error| ScanError::Away(error.to_string()))?)
    }
}

/// `stream: OK`, `stream: NAME FOUND` or an error.
fn read(answer: &[u8]) -> Result<Verdict, ScanError> {
    let text = String::from_utf8_lossy(answer);
    let text = text.trim_matches(['\0', '\n', ' ']);
    let said = text.strip_prefix("stream: ").unwrap_or(text);
    match said.strip_suffix(" FOUND") {
        Some(name) => Ok(Verdict::Infected(name.to_owned())),
        None if said == "OK" => Ok(Verdict::Clean),
        None if said.contains("size limit") => Err(ScanError::Refused(said.to_owned())),
        None => Err(ScanError::Away(format!("it says {said:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use filo_app::attachments::blob::content;

    use super::*;

    #[test]
    fn what_a_daemon_says_is_understood() {
        assert_eq!(read(b"stream: OK\0").unwrap(), Verdict::Clean);
        assert_eq!(
            read(b"stream: Eicar.UNOFFICIAL FOUND\0").unwrap(),
            Verdict::Infected("Eicar.UNOFFICIAL".to_owned())
        );
        assert!(matches!(read(b"INSTREAM size limit exceeded. ERROR\0"), Err(ScanError::Refused(_))));
        assert!(matches!(read(b""), Err(ScanError::Away(_))));
        assert!(matches!(read(b"stream: BOOK.OK ERROR\0"), Err(ScanError::Away(_))));
    }

    #[test]
    fn addresses_are_read_or_refused() {
        assert_eq!(Clamd::parse("tcp://127.0.0.1:3310").unwrap(), Clamd::Tcp("127.0.0.1:3310".to_owned()));
        assert_eq!(Clamd::parse("unix:/run/clamd.ctl").unwrap(), Clamd::Unix("/run/clamd.ctl".into()));
        for wrong in ["", "127.0.0.1:3310", "tcp://x", "tcp://:1", "unix:clamd.ctl"] {
            assert!(Clamd::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_daemon_that_is_away_is_asked_again_later() {
        let nowhere = Clamd::Unix("/nonexistent/clamd.ctl".into());
        assert!(matches!(nowhere.scan(content("x")).await, Err(ScanError::Away(_))));
    }
}
