//! Sending into a folder, where no SMTP server is configured: one `.eml` a message.
//!
//! **Invariant:** a file of the final name is whole and on disk; sending the same message again replaces it.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use filo_channel::{Deliver, DeliverError, Delivered, Outbound};
use filo_domain::chain::sha256_hex;

use crate::compose::{self, Sender};

const MAX_NAME: usize = 120;

/// Writes messages into a folder.
pub struct FileDelivery {
    dir: PathBuf,
    from: Sender,
}

impl FileDelivery {
    /// Writes into `dir`, which is made when the first message leaves.
    pub fn new(dir: PathBuf, from: Sender) -> Self {
        Self { dir, from }
    }
}

#[async_trait]
impl Deliver for FileDelivery {
    async fn deliver(&self, outbound: &Outbound) -> Result<Delivered, DeliverError> {
        let bytes = compose::message(&self.from, outbound)?.formatted();
        let (dir, name) = (self.dir.clone(), file_name(&outbound.external_id));
        let written = tokio::task::spawn_blocking(move || write(&dir, &name, &bytes)).await;
        let shown = |error: &dyn std::fmt::Display| {
            DeliverError::Temporary(format!("{}: {error}", self.dir.display()))
        };
        written.map_err(|stopped| shown(&stopped))?.map_err(|error| shown(&error))?;
        Ok(Delivered { external_id: outbound.external_id.clone() })
    }
}

/// The id where it is safe as a file name; otherwise its safe characters and a digest.
fn file_name(id: &str) -> String {
    let safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '-' | '_' | '+' | '=');
    let kept: String = id.chars().filter(safe).take(MAX_NAME).collect();
    if kept == id && !id.starts_with('.') {
        return format!("{id}.eml");
    }
    let digest: String = sha256_hex(id.as_bytes()).chars().take(16).collect();
    format!("{}-{digest}.eml", kept.trim_start_matches('.'))
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    // Hidden, so that a reader of the folder never sees half a message.
    let part = dir.join(format!(".{name}.part"));
    let mut file = fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, dir.join(name))?;
    fs::File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::tests::{outbound, sender};

    #[tokio::test]
    async fn a_message_is_one_file_however_often_it_is_sent() {
        let home = tempfile::tempdir().expect("folder");
        let dir = home.path().join("outbox");
        let delivery = FileDelivery::new(dir.clone(), sender());
        for _ in 0..2 {
            let delivered = delivery.deliver(&outbound()).await.expect("delivered");
            assert_eq!(delivered.external_id, "m1.abc@filo.example");
        }
        let names: Vec<_> =
            fs::read_dir(&dir).expect("folder").map(|entry| entry.expect("entry").file_name()).collect();
        assert_eq!(names, ["m1.abc@filo.example.eml"]);
        assert!(fs::read(dir.join("m1.abc@filo.example.eml")).expect("file").starts_with(b"From: "));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_a_temporary_error() {
        let home = tempfile::NamedTempFile::new().expect("file");
        let delivery = FileDelivery::new(home.path().join("outbox"), sender());
        assert!(matches!(delivery.deliver(&outbound()).await, Err(DeliverError::Temporary(_))));
    }

    #[test]
    fn file_names_are_safe_and_distinct() {
        assert_eq!(file_name("a.b@c.it"), "a.b@c.it.eml");
        for id in ["../../etc/x@y", "a/b@c", ".hidden@x", "a b@c", &"x".repeat(500)] {
            let name = file_name(id);
            assert!(!name.contains('/') && !name.starts_with('.') && name.len() < 200, "{name}");
        }
        assert_ne!(file_name("a/b@c"), file_name("a\\b@c"));
    }
}
