//! What operators write on a ticket: a reply, by hand or from a template, or a note.

use filo_domain::{Instant, TicketId, vocabulary::Channel};
use filo_store::{Conn, mentions, tickets::TicketRecord};

use crate::{
    AppError, Core, Mentioned, MessageView, NewMessage, PreviewRequest, reply_templates,
    tickets::{LONGEST_BODY, check_text},
    work::Work,
};

/// A person's answer to the citizen.
pub(crate) struct Answer {
    /// The channel it leaves on.
    pub(crate) channel: Channel,
    /// The text.
    pub(crate) body: String,
    /// Whether its warnings were read.
    pub(crate) acknowledged: bool,
}

/// The messages with who is named in them.
pub(crate) fn with_mentions(
    conn: &mut Conn,
    id: TicketId,
    mut views: Vec<MessageView>,
) -> Result<Vec<MessageView>, AppError> {
    for (message, user_id, name) in mentions::of_ticket(conn, id)? {
        if let Some(view) = views.iter_mut().find(|view| view.id == message) {
            view.mentions.push(Mentioned { user_id, name });
        }
    }
    Ok(views)
}

/// What a message must have, whatever its ticket: a text, or for a reply a template instead.
pub(crate) fn check_message(new: &NewMessage) -> Result<(), AppError> {
    match (new.kind.as_str(), &new.body, &new.template) {
        ("note" | "reply", Some(body), None) => check_text("/body", body, LONGEST_BODY),
        ("reply", None, Some(_)) => Ok(()),
        ("reply", None, None) => Err(AppError::invalid("/body", "give a body or a template")),
        ("reply", Some(_), Some(_)) => {
            Err(AppError::invalid("/template", "give a body or a template, not both"))
        }
        ("note", None, None) => Err(AppError::invalid("/body", "give a body")),
        ("note", _, Some(_)) => Err(AppError::invalid("/template", "is for replies")),
        (_, _, _) => Err(AppError::invalid("/kind", "must be reply or note")),
    }?;
    if new.kind == "note" && !new.attachments.is_empty() {
        return Err(AppError::invalid("/attachments", "only a reply carries files"));
    }
    match &new.language {
        Some(_) if new.template.is_none() => Err(AppError::invalid("/language", "goes with a template")),
        Some(_) | None => Ok(()),
    }
}

/// The text of a message: as given, or its template filled in.
pub(crate) fn text_of(
    conn: &mut Conn,
    core: &Core,
    work: &Work,
    new: &NewMessage,
    now: Instant,
) -> Result<String, AppError> {
    let Some(template) = new.template.clone() else { return Ok(new.body.clone().unwrap_or_default()) };
    let record = TicketRecord::of(&work.ticket, work.beside.clone());
    let request = PreviewRequest { template, language: new.language.clone() };
    reply_templates::filled(conn, core, &work.ticket, &record, &request, now)
}
