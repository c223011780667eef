//! Replies written to a folder, for a source whose access token is not configured.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use filo_channel::{Deliver, DeliverError, Delivered, Outbound};

/// Writes each message as `<external id>.json`, whole or not at all; the same message again replaces itself.
#[derive(Clone, Debug)]
pub struct FileDelivery {
    dir: PathBuf,
}

impl FileDelivery {
    /// Writes into a folder, which is made when the first message leaves.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }
}

#[async_trait]
impl Deliver for FileDelivery {
    async fn deliver(&self, outbound: &Outbound) -> Result<Delivered, DeliverError> {
        let content =
            serde_json::to_vec_pretty(outbound).map_err(|why| DeliverError::Permanent(why.to_string()))?;
        write_whole(&self.dir, &file_name(outbound), &content)
            .map_err(|why| DeliverError::Temporary(format!("{}: {why}", self.dir.display())))?;
        Ok(Delivered { external_id: outbound.external_id.clone() })
    }
}

/// The id without what a file's name must not have; the message's own id where nothing is left.
fn file_name(outbound: &Outbound) -> String {
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@') { c } else { '_' };
    let name: String = outbound.external_id.chars().map(plain).take(200).collect();
    match name.trim_start_matches('.') {
        "" => outbound.message_id.to_string(),
        name => name.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::outbound;

    #[tokio::test]
    async fn a_message_is_one_file_that_can_be_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let delivery = FileDelivery::new(dir.path().join("outbox"));
        let message = outbound("dm:42", "42", None);
        for _again in 0..2 {
            assert_eq!(delivery.deliver(&message).await.unwrap().external_id, message.external_id);
        }
        let files: Vec<_> =
            fs::read_dir(dir.path().join("outbox")).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        let read: Outbound = serde_json::from_slice(&fs::read(&files[0]).unwrap()).unwrap();
        assert_eq!(read.text, message.text);
    }

    #[tokio::test]
    async fn an_id_cannot_lead_out_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let message =
            Outbound { external_id: "../../etc/passwd".to_owned(), ..outbound("dm:42", "42", None) };
        FileDelivery::new(dir.path()).deliver(&message).await.unwrap();
        assert!(dir.path().join("_.._etc_passwd.json").exists());
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_a_temporary_trouble() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("taken"), "").unwrap();
        let refused =
            FileDelivery::new(dir.path().join("taken")).deliver(&outbound("dm:42", "42", None)).await;
        assert!(matches!(refused, Err(DeliverError::Temporary(_))));
    }
}
