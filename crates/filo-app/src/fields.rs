//! The custom fields of a ticket: which its theme declares is the city's content, what they hold is kept beside the
//! chain and sealed in it.

use std::collections::BTreeMap;

use filo_domain::{
    Instant, TicketId,
    chain::Seal,
    event::{Actor, Classification, EventBody},
    form::CustomFields,
};
use filo_store::{Conn, ticket_fields};
use serde_json::Value;

use crate::{AppError, Core, mint, work::Work};

/// Fields as a request names them; `null` removes.
pub(crate) type Given = BTreeMap<String, Value>;

/// Sets what an operator gave for a new ticket; the theme's required fields must be among it.
///
/// # Errors
/// Every refused field, with its pointer.
pub(crate) fn set_at_opening(
    conn: &mut Conn,
    core: &Core,
    work: &mut Work,
    given: &Given,
    actor: Actor,
    now: Instant,
) -> Result<(), AppError> {
    let theme = work.ticket.theme.clone();
    match changed(conn, core, work.ticket.id, theme.as_deref(), given)? {
        Some(seal) => record(conn, work, seal, actor, now),
        None => Ok(()),
    }
}

/// Takes over what of a submission's fields the ticket's theme declares too.
///
/// # Errors
/// The store's own: what does not fit stays with the contact alone.
pub(crate) fn take_over(
    conn: &mut Conn,
    core: &Core,
    work: &mut Work,
    given: &BTreeMap<String, String>,
    actor: Actor,
    now: Instant,
) -> Result<(), AppError> {
    let declared = core.city.fields_of(work.ticket.theme.as_deref());
    let values = CustomFields::of_submission(declared, given, core.city.forms.themes());
    if values.is_empty() {
        return Ok(());
    }
    let seal = keep(conn, work.ticket.id, &values)?;
    record(conn, work, seal, actor, now)
}

fn record(conn: &mut Conn, work: &mut Work, seal: Seal, actor: Actor, now: Instant) -> Result<(), AppError> {
    let fields = Classification { fields: Some(seal), ..Classification::default() };
    work.push(conn, now, actor, EventBody::Classified(fields))
}

/// Changes the fields of a ticket that has or gets this theme; gives the seal of what they are now, `None` when
/// nothing changed.
///
/// # Errors
/// Every refused field, with its pointer; a required one that is missing afterwards.
pub(crate) fn changed(
    conn: &mut Conn,
    core: &Core,
    ticket: TicketId,
    theme: Option<&str>,
    given: &Given,
) -> Result<Option<Seal>, AppError> {
    let declared = core.city.fields_of(theme);
    let before = ticket_fields::find(conn, ticket)?.and_then(|kept| kept.values).unwrap_or_default();
    let after = before.changed(declared, given, core.city.forms.themes())?;
    after.complete(declared)?;
    if after == before { Ok(None) } else { keep(conn, ticket, &after).map(Some) }
}

fn keep(conn: &mut Conn, ticket: TicketId, values: &CustomFields) -> Result<Seal, AppError> {
    let salt = mint::random::<32>()?;
    ticket_fields::put(conn, ticket, values, &salt)?;
    Ok(Seal::of(&salt, &values.text()))
}

/// The fields as readers of the ticket get them.
///
/// # Errors
/// The store's own.
pub(crate) fn shown(
    conn: &mut Conn,
    core: &Core,
    ticket: TicketId,
    theme: Option<&str>,
) -> Result<BTreeMap<String, Value>, AppError> {
    let values = ticket_fields::find(conn, ticket)?.and_then(|kept| kept.values).unwrap_or_default();
    Ok(values.shown(core.city.fields_of(theme)))
}
