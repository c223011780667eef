//! Files: what is known of each. The content is a blob elsewhere, named by its SHA-256.
//!
//! **Invariant:** a row is written after its blob is durable. The verdict of a scan belongs to a content: every row
//! of the same SHA-256 has the same one. Rows of the first schema hold their content until it is moved.

use diesel::prelude::*;
use filo_domain::{AttachmentId, Instant, InteractionId, MessageId, TicketId, UserId, vocabulary::Word};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{attachments, interactions, message_attachments, messages},
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::{json, word},
};

/// What a virus scanner said of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanState {
    /// There was no scanner when it came.
    NotScanned,
    /// It waits for the scanner.
    Pending,
    /// Nothing was found.
    Clean,
    /// It is infected and in quarantine.
    Infected,
    /// The scanner could not tell.
    Failed,
}

impl Word for ScanState {
    const NAME: &'static str = "scan state";
    const ALL: &'static [Self] =
        &[Self::NotScanned, Self::Pending, Self::Clean, Self::Infected, Self::Failed];
    fn word(self) -> &'static str {
        match self {
            Self::NotScanned => "not_scanned",
            Self::Pending => "pending",
            Self::Clean => "clean",
            Self::Infected => "infected",
            Self::Failed => "failed",
        }
    }
}

/// A file, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// The contact that it came with.
    pub interaction: Option<InteractionId>,
    /// The ticket that it was uploaded to.
    pub ticket: Option<TicketId>,
    /// Its name, made safe.
    pub name: String,
    /// What it is by its content.
    pub media_type: String,
    /// What its sender called it.
    pub declared_type: String,
    /// Its size.
    pub size_bytes: i64,
    /// Its content's SHA-256 in hex.
    pub sha256: String,
    /// The SHA-256 of what was sent, where metadata were taken out of a picture.
    pub original_sha256: Option<String>,
    /// Whether the text shows it in place.
    pub inline: bool,
    /// What a reader should know, such as `type_mismatch`.
    pub flags: Vec<String>,
    /// What a scanner said.
    pub scan: ScanState,
    /// When.
    pub scanned_at: Option<Instant>,
    /// The scanner's own words.
    pub scan_detail: Option<String>,
    /// The user who uploaded it.
    pub uploaded_by: Option<UserId>,
    /// When it was kept.
    pub created_at: Instant,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = attachments, treat_none_as_default_value = false)]
struct AttachmentRow {
    id: SqlId,
    interaction_id: Option<SqlId>,
    name: String,
    media_type: String,
    size_bytes: i64,
    sha256: String,
    inline: bool,
    ticket_id: Option<SqlId>,
    declared_type: String,
    original_sha256: Option<String>,
    flags: Value,
    scan: String,
    scanned_at: Option<SqlInstant>,
    scan_detail: Option<String>,
    uploaded_by: Option<SqlId>,
    created_at: SqlInstant,
}

const TABLE: &str = "attachments";

impl TryFrom<AttachmentRow> for Attachment {
    type Error = StoreError;
    fn try_from(row: AttachmentRow) -> Result<Self, StoreError> {
        let id = AttachmentId::from(row.id);
        Ok(Self {
            id,
            interaction: opt(row.interaction_id),
            ticket: opt(row.ticket_id),
            name: row.name,
            media_type: row.media_type,
            declared_type: row.declared_type,
            size_bytes: row.size_bytes,
            sha256: row.sha256,
            original_sha256: row.original_sha256,
            inline: row.inline,
            flags: json(TABLE, id, row.flags)?,
            scan: word(TABLE, id, &row.scan)?,
            scanned_at: opt(row.scanned_at),
            scan_detail: row.scan_detail,
            uploaded_by: opt(row.uploaded_by),
            created_at: row.created_at.into(),
        })
    }
}

fn convert(rows: Vec<AttachmentRow>) -> Result<Vec<Attachment>, StoreError> {
    rows.into_iter().map(Attachment::try_from).collect()
}

/// Keeps what is known of a file.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, file: &Attachment) -> Result<(), StoreError> {
    let row = AttachmentRow {
        id: file.id.into(),
        interaction_id: opt(file.interaction),
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        size_bytes: file.size_bytes,
        sha256: file.sha256.clone(),
        inline: file.inline,
        ticket_id: opt(file.ticket),
        declared_type: file.declared_type.clone(),
        original_sha256: file.original_sha256.clone(),
        flags: Value::from(file.flags.clone()),
        scan: file.scan.word().to_owned(),
        scanned_at: opt(file.scanned_at),
        scan_detail: file.scan_detail.clone(),
        uploaded_by: opt(file.uploaded_by),
        created_at: file.created_at.into(),
    };
    on!(conn, c => diesel::insert_into(attachments::table).values(&row).execute(c))?;
    Ok(())
}

/// Reads one file.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: AttachmentId) -> Result<Option<Attachment>, StoreError> {
    let row: Option<AttachmentRow> = on!(conn, c => attachments::table
        .find(SqlId::from(id))
        .select(AttachmentRow::as_select())
        .first(c)
        .optional())?;
    row.map(Attachment::try_from).transpose()
}

/// The content of a file that was not moved yet.
///
/// # Errors
/// The database's own.
pub fn bytes(conn: &mut Conn, id: AttachmentId) -> Result<Option<Vec<u8>>, StoreError> {
    let found: Option<Option<Vec<u8>>> = on!(conn, c => attachments::table
        .find(SqlId::from(id))
        .select(attachments::bytes)
        .first(c)
        .optional())?;
    Ok(found.flatten())
}

/// Keeps a content in the row itself, as the first schema did: for the test of what becomes of such rows.
///
/// # Errors
/// The database's own.
pub fn put_bytes(conn: &mut Conn, id: AttachmentId, content: &[u8]) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(attachments::table.find(SqlId::from(id)))
        .set(attachments::bytes.eq(Some(content)))
        .execute(c))?;
    Ok(())
}

/// The files of tickets, uploaded to them or come with their contacts, oldest first, past a place.
///
/// # Errors
/// The database's own.
pub fn of_tickets(
    conn: &mut Conn,
    tickets: &[TicketId],
    after: Option<(Instant, AttachmentId)>,
    limit: i64,
) -> Result<Vec<Attachment>, StoreError> {
    let ids: Vec<SqlId> = tickets.iter().map(|id| SqlId::from(*id)).collect();
    // Two indexed queries instead of one with an OR over two tables, which no index serves.
    let mut rows: Vec<AttachmentRow> = on!(conn, c => {
        let mut query = attachments::table.filter(attachments::ticket_id.eq_any(&ids)).into_boxed();
        if let Some((at, last)) = after {
            let (at, last) = (SqlInstant::from(at), SqlId::from(last));
            query = query.filter(attachments::created_at.gt(at).or(attachments::created_at.eq(at).and(attachments::id.gt(last))));
        }
        query.order((attachments::created_at, attachments::id)).limit(limit).select(AttachmentRow::as_select()).load(c)
    })?;
    let came: Vec<AttachmentRow> = on!(conn, c => {
        let mut query = attachments::table
            .inner_join(interactions::table.on(attachments::interaction_id.eq(interactions::id.nullable())))
            .filter(interactions::ticket_id.eq_any(&ids))
            .into_boxed();
        if let Some((at, last)) = after {
            let (at, last) = (SqlInstant::from(at), SqlId::from(last));
            query = query.filter(attachments::created_at.gt(at).or(attachments::created_at.eq(at).and(attachments::id.gt(last))));
        }
        query.order((attachments::created_at, attachments::id)).limit(limit).select(AttachmentRow::as_select()).load(c)
    })?;
    rows.extend(came);
    rows.sort_by_key(|row| (row.created_at, row.id));
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    convert(rows)
}

/// The files of a contact.
///
/// # Errors
/// The database's own.
pub fn of_interaction(conn: &mut Conn, id: InteractionId) -> Result<Vec<Attachment>, StoreError> {
    let rows: Vec<AttachmentRow> = on!(conn, c => attachments::table
        .filter(attachments::interaction_id.eq(SqlId::from(id)))
        .order((attachments::created_at, attachments::id))
        .select(AttachmentRow::as_select())
        .load(c))?;
    convert(rows)
}

/// How many files were uploaded to a ticket, and their size.
///
/// # Errors
/// The database's own.
pub fn uploaded(conn: &mut Conn, ticket: TicketId) -> Result<(usize, u64), StoreError> {
    let sizes: Vec<i64> = on!(conn, c => attachments::table
        .filter(attachments::ticket_id.eq(SqlId::from(ticket)))
        .select(attachments::size_bytes)
        .load(c))?;
    Ok((sizes.len(), sizes.iter().map(|size| u64::try_from(*size).unwrap_or(0)).sum()))
}

/// Sends files with a message.
///
/// # Errors
/// The database's own.
pub fn attach(conn: &mut Conn, message: MessageId, files: &[AttachmentId]) -> Result<(), StoreError> {
    for (position, file) in (0_i32..).zip(files) {
        on!(conn, c => diesel::insert_into(message_attachments::table)
            .values((
                message_attachments::message_id.eq(SqlId::from(message)),
                message_attachments::attachment_id.eq(SqlId::from(*file)),
                message_attachments::position.eq(position),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// The files of a message, in order.
///
/// # Errors
/// The database's own.
pub fn of_message(conn: &mut Conn, message: MessageId) -> Result<Vec<Attachment>, StoreError> {
    let rows: Vec<AttachmentRow> = on!(conn, c => attachments::table
        .inner_join(message_attachments::table.on(message_attachments::attachment_id.eq(attachments::id)))
        .filter(message_attachments::message_id.eq(SqlId::from(message)))
        .order(message_attachments::position)
        .select(AttachmentRow::as_select())
        .load(c))?;
    convert(rows)
}

/// The files of all messages of a ticket, each with its message.
///
/// # Errors
/// The database's own.
pub fn sent(conn: &mut Conn, ticket: TicketId) -> Result<Vec<(MessageId, Attachment)>, StoreError> {
    let rows: Vec<(SqlId, AttachmentRow)> = on!(conn, c => attachments::table
        .inner_join(message_attachments::table.on(message_attachments::attachment_id.eq(attachments::id)))
        .inner_join(messages::table.on(messages::id.eq(message_attachments::message_id)))
        .filter(messages::ticket_id.eq(SqlId::from(ticket)))
        .order((messages::id, message_attachments::position))
        .select((messages::id, AttachmentRow::as_select()))
        .load(c))?;
    rows.into_iter().map(|(message, row)| Ok((message.into(), row.try_into()?))).collect()
}

/// All files of one content.
///
/// # Errors
/// The database's own.
pub fn by_digest(conn: &mut Conn, sha256: &str) -> Result<Vec<Attachment>, StoreError> {
    let rows: Vec<AttachmentRow> = on!(conn, c => attachments::table
        .filter(attachments::sha256.eq(sha256))
        .order(attachments::id)
        .select(AttachmentRow::as_select())
        .load(c))?;
    convert(rows)
}

/// Which of these contents some file has.
///
/// # Errors
/// The database's own.
pub fn referenced(conn: &mut Conn, digests: &[String]) -> Result<Vec<String>, StoreError> {
    Ok(on!(conn, c => attachments::table
        .filter(attachments::sha256.eq_any(digests))
        .select(attachments::sha256)
        .distinct()
        .load(c))?)
}

/// Contents in a scan state.
///
/// # Errors
/// The database's own.
pub fn in_state(conn: &mut Conn, state: ScanState, limit: i64) -> Result<Vec<String>, StoreError> {
    Ok(on!(conn, c => attachments::table
        .filter(attachments::scan.eq(state.word()).and(attachments::bytes.is_null()))
        .select(attachments::sha256)
        .distinct()
        .limit(limit)
        .load(c))?)
}

/// Says what a scanner found in a content.
///
/// # Errors
/// The database's own.
pub fn set_scan(
    conn: &mut Conn,
    sha256: &str,
    state: ScanState,
    at: Option<Instant>,
    detail: Option<&str>,
) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(attachments::table.filter(attachments::sha256.eq(sha256)))
        .set((
            attachments::scan.eq(state.word()),
            attachments::scanned_at.eq(opt::<_, SqlInstant>(at)),
            attachments::scan_detail.eq(detail),
        ))
        .execute(c))?;
    Ok(())
}

/// Files whose content is still in their row.
///
/// # Errors
/// The database's own.
pub fn not_moved(conn: &mut Conn, limit: i64) -> Result<Vec<Attachment>, StoreError> {
    let rows: Vec<AttachmentRow> = on!(conn, c => attachments::table
        .filter(attachments::bytes.is_not_null())
        .order(attachments::id)
        .limit(limit)
        .select(AttachmentRow::as_select())
        .load(c))?;
    convert(rows)
}

/// Takes the content out of a row, which then says what is known of the blob.
///
/// # Errors
/// The database's own.
pub fn moved(conn: &mut Conn, file: &Attachment) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(attachments::table.find(SqlId::from(file.id)))
        .set((
            attachments::bytes.eq(None::<Vec<u8>>),
            attachments::media_type.eq(&file.media_type),
            attachments::size_bytes.eq(file.size_bytes),
            attachments::sha256.eq(&file.sha256),
            attachments::original_sha256.eq(&file.original_sha256),
            attachments::flags.eq(Value::from(file.flags.clone())),
            attachments::scan.eq(file.scan.word()),
            attachments::scanned_at.eq(opt::<_, SqlInstant>(file.scanned_at)),
            attachments::scan_detail.eq(&file.scan_detail),
        ))
        .execute(c))?;
    Ok(())
}

/// Files past an id, by id: how `filo verify` walks all of them.
///
/// # Errors
/// The database's own.
pub fn walk(conn: &mut Conn, after: Option<AttachmentId>, limit: i64) -> Result<Vec<Attachment>, StoreError> {
    let rows: Vec<AttachmentRow> = on!(conn, c => {
        let mut query = attachments::table.into_boxed();
        if let Some(id) = after {
            query = query.filter(attachments::id.gt(SqlId::from(id)));
        }
        query.order(attachments::id).limit(limit).select(AttachmentRow::as_select()).load(c)
    })?;
    convert(rows)
}
