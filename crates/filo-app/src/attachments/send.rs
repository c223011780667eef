//! Files of a reply: chosen among the ticket's, clean, not too large together, on a channel that carries them.

use std::collections::BTreeMap;

use filo_domain::{AttachmentId, MessageId, TicketId, chain::sha256_hex, vocabulary::Channel};
use filo_store::{
    Conn,
    attachments::{self, Attachment},
};

use super::{
    MessageFile, blob,
    read::{may_leave, visible_file},
};
use crate::{App, AppError, Caller, Core, InvalidField, views::MessageView};

/// Files of one reply.
const MOST: usize = 20;

/// Refuses files that cannot go with a reply.
pub(crate) fn check_files(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    ticket: TicketId,
    channel: Channel,
    files: &[AttachmentId],
) -> Result<(), AppError> {
    if files.is_empty() {
        return Ok(());
    }
    if !matches!(channel, Channel::Email | Channel::Pec | Channel::Scrivi) {
        return Err(AppError::invalid("/attachments", "only replies that leave by mail carry files"));
    }
    if files.len() > MOST {
        return Err(AppError::invalid("/attachments", format!("at most {MOST} files")));
    }
    let mut total = 0_u64;
    for (index, id) in files.iter().enumerate() {
        let pointer = format!("/attachments/{index}");
        if files.iter().take(index).any(|earlier| earlier == id) {
            return Err(AppError::invalid(&pointer, "is named twice"));
        }
        let file = of_ticket(conn, caller, ticket, *id)?;
        let file = file.ok_or_else(|| AppError::invalid(&pointer, "is no file of this ticket"))?;
        may_leave(&core.files, &file)?;
        total = total.saturating_add(u64::try_from(file.size_bytes).unwrap_or(0));
    }
    let limit = core.files.limits.reply_bytes;
    if total > limit {
        let detail = format!("the files have {total} bytes together: at most {limit}");
        return Err(AppError::Invalid(vec![InvalidField { pointer: "/attachments".to_owned(), detail }]));
    }
    Ok(())
}

fn of_ticket(
    conn: &mut Conn,
    caller: &Caller,
    ticket: TicketId,
    id: AttachmentId,
) -> Result<Option<Attachment>, AppError> {
    let file = match visible_file(conn, caller, id) {
        Ok(file) => file,
        Err(AppError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let own = match (file.ticket, file.interaction) {
        (Some(owner), _) => owner == ticket,
        (None, Some(contact)) => {
            filo_store::interactions::find(conn, contact)?.and_then(|it| it.ticket_id) == Some(ticket)
        }
        (None, None) => false,
    };
    Ok(own.then_some(file))
}

/// Puts the files of a conversation to its entries.
pub(crate) fn files_of(
    conn: &mut Conn,
    ticket: TicketId,
    entries: &mut [MessageView],
) -> Result<(), AppError> {
    const ALL: i64 = 10_000;
    let mut files: BTreeMap<MessageId, Vec<MessageFile>> = BTreeMap::new();
    for (message, file) in attachments::sent(conn, ticket)? {
        files.entry(message).or_default().push(file.into());
    }
    for file in attachments::of_tickets(conn, &[ticket], None, ALL)? {
        if let Some(contact) = file.interaction {
            files.entry(MessageId::from_uuid(contact.uuid())).or_default().push(file.into());
        }
    }
    for entry in entries {
        entry.attachments = files.remove(&entry.id).unwrap_or_default();
    }
    Ok(())
}

/// Why the files of a message do not leave.
pub(crate) enum Held {
    /// Trying again may help.
    Now(String),
    /// It never will.
    Ever(String),
}

impl App {
    /// The files of a message with their contents, looked at once more before they leave.
    pub(crate) async fn files_to_send(
        &self,
        message: MessageId,
    ) -> Result<Vec<filo_channel::Attachment>, Held> {
        let rows = self.db.read(move |conn| {
            let rows = attachments::of_message(conn, message)?.into_iter();
            rows.map(|row| Ok((attachments::bytes(conn, row.id)?, row))).collect::<Result<Vec<_>, AppError>>()
        });
        let mut files = Vec::new();
        for (kept, file) in rows.await.map_err(|error| Held::Now(error.to_string()))? {
            may_leave(&self.core.files, &file).map_err(|error| Held::Ever(error.to_string()))?;
            let bytes = match kept {
                Some(bytes) => bytes,
                None => self.bytes_of(&file).await?,
            };
            files.push(filo_channel::Attachment {
                name: file.name,
                media_type: super::served_type(&file.media_type).to_owned(),
                inline: false,
                bytes,
            });
        }
        Ok(files)
    }

    async fn bytes_of(&self, file: &Attachment) -> Result<Vec<u8>, Held> {
        let held = |error: blob::BlobError| match error {
            blob::BlobError::Missing(_) => Held::Ever(error.to_string()),
            blob::BlobError::Away(_) => Held::Now(error.to_string()),
        };
        let content = self.live(&file.sha256, None).await.map_err(held)?;
        let bytes = blob::whole(content).await.map_err(held)?;
        if sha256_hex(&bytes) == file.sha256 {
            Ok(bytes)
        } else {
            Err(Held::Ever(format!("the content of attachment {} is not the one that was kept", file.id)))
        }
    }
}
