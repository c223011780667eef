//! The one door: what is done to a file before it is kept, whoever sent it.

use bytes::Bytes;
use filo_domain::{AttachmentId, Instant, InteractionId, TicketId, UserId, chain::sha256_hex};
use filo_store::{
    Conn, StoreError,
    attachments::{self, Attachment, ScanState},
};

use super::{
    Files,
    blob::{self, Area, Content},
    clean_name, picture,
    sniff::{self, bare, contradicts},
};
use crate::{App, AppError, mint};

/// The largest picture whose metadata are taken out: it is held in memory while that is done.
const LARGEST_PICTURE: u64 = 32_000_000;
/// The flag of a file that is not what it was declared as.
const MISMATCH: &str = "type_mismatch";
/// The flag of a picture that may still say where it was taken.
const METADATA: &str = "metadata_not_removed";
/// The flag of what a machine could run.
const EXECUTABLE: &str = "executable";

/// Through which door a file comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// The form: what is not known to be harmless is refused.
    Public,
    /// An operator: what machines run is refused.
    Operator,
    /// Mail and what was kept before: nothing is refused, since it is here already.
    Mail,
}

/// A content on its way in: in memory, or read from what was put aside.
pub(crate) enum Incoming {
    /// All of it.
    Bytes(Bytes),
    /// What an upload put aside.
    File {
        /// The first bytes.
        head: Vec<u8>,
        /// How long it is.
        size: u64,
        /// Its SHA-256 in hex.
        sha256: String,
        /// The file.
        file: tokio::fs::File,
    },
}

/// A file whose content is durable, before its row.
#[derive(Clone, Debug)]
pub(crate) struct NewFile {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) declared_type: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) original_sha256: Option<String>,
    pub(crate) inline: bool,
    pub(crate) flags: Vec<String>,
}

/// Why the form does not take a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicRefusal {
    /// It is of a type that is not taken.
    Type,
    /// It is a picture that cannot be read, so that its metadata cannot be taken out.
    Damaged,
}

/// What a file sent by the form is.
///
/// # Errors
/// A type that is not taken, a damaged picture.
pub fn check_public(bytes: &Bytes) -> Result<&'static str, PublicRefusal> {
    let media_type = sniff::sniff(bytes.get(..sniff::HEAD).unwrap_or(bytes));
    if !sniff::is_public(media_type) {
        return Err(PublicRefusal::Type);
    }
    if picture::is_known(media_type) && picture::stripped(media_type, bytes).is_err() {
        return Err(PublicRefusal::Damaged);
    }
    Ok(media_type)
}

/// A content as it will be kept.
struct Prepared {
    content: Content,
    size: u64,
    sha256: String,
    original_sha256: Option<String>,
    flags: Vec<String>,
}

impl App {
    /// Keeps a content and says what is to be written of it; durable when this returns.
    pub(crate) async fn keep_file(
        &self,
        incoming: Incoming,
        name: &str,
        declared: &str,
        inline: bool,
        door: Door,
    ) -> Result<NewFile, AppError> {
        let files = &self.core.files;
        let (declared, media_type) = (bare(declared), incoming.sniffed());
        let executable = files.limits.refused.iter().any(|refused| refused == media_type);
        if executable && door != Door::Mail {
            return Err(AppError::Unsupported(format!("files of type {media_type} are not taken")));
        }
        let mut prepared = prepare(incoming, media_type, door).await?;
        prepared.flags.extend(executable.then(|| EXECUTABLE.to_owned()));
        prepared.flags.extend(contradicts(&declared, media_type).then(|| MISMATCH.to_owned()));
        let area = self.area_of(&prepared.sha256).await?;
        files.blobs.put(area, &prepared.sha256, prepared.content).await?;
        Ok(NewFile {
            name: clean_name(name),
            media_type: media_type.to_owned(),
            declared_type: declared,
            size: prepared.size,
            sha256: prepared.sha256,
            original_sha256: prepared.original_sha256,
            inline,
            flags: prepared.flags,
        })
    }

    /// What is known to be infected is never put among the others.
    async fn area_of(&self, sha256: &str) -> Result<Area, AppError> {
        let sha256 = sha256.to_owned();
        let known = self.db.read(move |conn| known_scan(conn, &sha256)).await?;
        Ok(match known {
            Some(file) if file.scan == ScanState::Infected => Area::Quarantine,
            Some(_) | None => Area::Live,
        })
    }

    /// Keeps the files of a contact.
    pub(crate) async fn keep_all(
        &self,
        files: &mut [filo_channel::Attachment],
        door: Door,
    ) -> Result<Vec<NewFile>, AppError> {
        let mut kept = Vec::with_capacity(files.len());
        for (index, file) in files.iter_mut().enumerate() {
            let bytes = Bytes::from(std::mem::take(&mut file.bytes));
            let done =
                self.keep_file(Incoming::Bytes(bytes), &file.name, &file.media_type, file.inline, door);
            kept.push(done.await.map_err(|error| at(&format!("/files/{index}"), error))?);
        }
        Ok(kept)
    }
}

/// A refusal of one file among several.
fn at(pointer: &str, error: AppError) -> AppError {
    match error {
        AppError::Unsupported(detail) => AppError::invalid(pointer, detail),
        AppError::Invalid(fields) => {
            let detail = fields.into_iter().map(|field| field.detail).collect::<Vec<_>>().join("; ");
            AppError::invalid(pointer, detail)
        }
        other => other,
    }
}

impl Incoming {
    fn sniffed(&self) -> &'static str {
        match self {
            Self::Bytes(bytes) => sniff::sniff(bytes.get(..sniff::HEAD).unwrap_or(bytes)),
            Self::File { head, .. } => sniff::sniff(head),
        }
    }
    fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::File { size, .. } => *size,
        }
    }
    fn digest(&self) -> String {
        match self {
            Self::Bytes(bytes) => sha256_hex(bytes),
            Self::File { sha256, .. } => sha256.clone(),
        }
    }
    async fn bytes(self) -> Result<Bytes, AppError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::File { .. } => Ok(blob::whole(self.content()).await?.into()),
        }
    }
    fn content(self) -> Content {
        match self {
            Self::Bytes(bytes) => blob::content(bytes),
            Self::File { file, .. } => super::upload::read_back(file),
        }
    }
}

/// Takes the metadata out of a picture; everything else stays as it came.
async fn prepare(incoming: Incoming, media_type: &'static str, door: Door) -> Result<Prepared, AppError> {
    let (size, sha256) = (incoming.size(), incoming.digest());
    if !picture::is_known(media_type) || size > LARGEST_PICTURE {
        let metadata = picture::is_known(media_type) || picture::keeps_metadata(media_type);
        let flags = if metadata { vec![METADATA.to_owned()] } else { vec![] };
        return Ok(Prepared { content: incoming.content(), size, sha256, original_sha256: None, flags });
    }
    let bytes = incoming.bytes().await?;
    let given = bytes.clone();
    let stripped = tokio::task::spawn_blocking(move || picture::stripped(media_type, &given)).await;
    match stripped.map_err(|error| AppError::internal("a picture could not be read", error))? {
        Ok(stripped) if stripped == bytes => Ok(Prepared::of(bytes, None, vec![])),
        Ok(stripped) => Ok(Prepared::of(stripped, Some(sha256), vec![])),
        Err(damaged) if door == Door::Public => Err(AppError::invalid("/file", damaged)),
        Err(_damaged) => Ok(Prepared::of(bytes, None, vec!["damaged".to_owned(), METADATA.to_owned()])),
    }
}

impl Prepared {
    fn of(bytes: Bytes, original_sha256: Option<String>, flags: Vec<String>) -> Self {
        Self {
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: sha256_hex(&bytes),
            content: blob::content(bytes),
            original_sha256,
            flags,
        }
    }
}

/// A file of the same content about which a scanner has said something.
pub(super) fn known_scan(conn: &mut Conn, sha256: &str) -> Result<Option<Attachment>, StoreError> {
    let same = attachments::by_digest(conn, sha256)?;
    Ok(same.into_iter().find(|file| file.scan != ScanState::NotScanned))
}

/// To what a file belongs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Owner {
    pub(crate) interaction: Option<InteractionId>,
    pub(crate) ticket: Option<TicketId>,
    pub(crate) user: Option<UserId>,
    /// Which of several that came together: it stands in the list where it stood in the mail.
    pub(crate) place: i64,
}

impl NewFile {
    /// Writes the row, and has the content scanned where there is a scanner.
    pub(crate) fn record(
        self,
        conn: &mut Conn,
        files: &Files,
        owner: Owner,
        now: Instant,
    ) -> Result<Attachment, AppError> {
        let known = known_scan(conn, &self.sha256)?;
        let first = known.is_none() && files.scanner.is_some();
        let state = if first { ScanState::Pending } else { ScanState::NotScanned };
        let id: AttachmentId = mint::id(now);
        let file = Attachment {
            id,
            interaction: owner.interaction,
            ticket: owner.ticket,
            name: self.name,
            media_type: self.media_type,
            declared_type: self.declared_type,
            size_bytes: i64::try_from(self.size).unwrap_or(i64::MAX),
            sha256: self.sha256,
            original_sha256: self.original_sha256,
            inline: self.inline,
            flags: self.flags,
            scan: known.as_ref().map_or(state, |known| known.scan),
            scanned_at: known.as_ref().and_then(|known| known.scanned_at),
            scan_detail: known.and_then(|known| known.scan_detail),
            uploaded_by: owner.user,
            created_at: Instant::from_micros(now.micros().saturating_add(owner.place)),
        };
        attachments::insert(conn, &file)?;
        if first {
            super::scan::ask(conn, &file.sha256, now)?;
        }
        Ok(file)
    }
}
