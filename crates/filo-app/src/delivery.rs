//! What became of what we sent: receipts, bounces and statuses find their message and its recipients.
//!
//! Reports come in any order and more than once: a state only moves forward, and repeating one changes nothing.

use filo_channel::{DeliveryReport, RecipientReport};
use filo_domain::{
    InteractionId, TicketId,
    event::{Actor, EventBody},
    vocabulary::DeliveryState,
};
use filo_store::{
    Conn, interactions,
    messages::{self, Delivery, Message, MessageKind},
};

use crate::{AppError, contacts::Arrival, work::Work};

/// Applies a report; gives the ticket of the message that it is about, or `None` when we sent no such thing.
pub(crate) fn apply(
    conn: &mut Conn,
    arrival: &Arrival<'_>,
    interaction: InteractionId,
    report: &DeliveryReport,
) -> Result<Option<TicketId>, AppError> {
    let Some(message) = messages::by_external_id(conn, &report.references)? else {
        return Ok(None);
    };
    let mut deliveries = message.deliveries.clone();
    for recipient in &report.recipients {
        note(&mut deliveries, &message, recipient);
    }
    let state = overall(&message, &deliveries);
    messages::set_delivery(conn, message.id, state, &deliveries, None)?;
    if state == DeliveryState::Failed && message.delivery != Some(DeliveryState::Failed) {
        undelivered(conn, arrival, &message)?;
    }
    interactions::link(conn, interaction, message.ticket, arrival.now)?;
    Ok(Some(message.ticket))
}

/// Records one recipient's state; a report without an address speaks of every recipient.
fn note(deliveries: &mut Vec<Delivery>, message: &Message, report: &RecipientReport) {
    let Some(state) = report.state else { return };
    let addresses: Vec<String> = if report.address.is_empty() {
        message.recipients.clone()
    } else {
        vec![report.address.to_lowercase()]
    };
    for address in addresses {
        match deliveries.iter_mut().find(|known| known.address == address) {
            Some(known) if rank(state) > rank(known.state) => {
                known.state = state;
                known.detail.clone_from(&report.detail);
            }
            Some(_) => {}
            None => deliveries.push(Delivery { address, state, detail: report.detail.clone() }),
        }
    }
}

/// States move forward only; a failure is final unless the message arrived after all.
fn rank(state: DeliveryState) -> u8 {
    match state {
        DeliveryState::Queued => 0,
        DeliveryState::Sent => 1,
        DeliveryState::Accepted => 2,
        DeliveryState::Failed => 3,
        DeliveryState::Delivered => 4,
        DeliveryState::Read => 5,
    }
}

/// The state of the whole: failed only when it failed for all, else the furthest that any recipient reached.
fn overall(message: &Message, deliveries: &[Delivery]) -> DeliveryState {
    let failed = deliveries.iter().filter(|delivery| delivery.state == DeliveryState::Failed).count();
    if failed > 0 && failed >= message.recipients.len().max(deliveries.len()) {
        return DeliveryState::Failed;
    }
    let reached =
        deliveries.iter().map(|delivery| delivery.state).filter(|state| *state != DeliveryState::Failed);
    let before = message.delivery.filter(|state| *state != DeliveryState::Failed);
    reached.chain(before).max_by_key(|state| rank(*state)).unwrap_or(DeliveryState::Sent)
}

/// A reply that failed for all recipients never answered anybody.
fn undelivered(conn: &mut Conn, arrival: &Arrival<'_>, message: &Message) -> Result<(), AppError> {
    if message.kind != MessageKind::Reply {
        return Ok(());
    }
    let mut work = Work::load(conn, message.ticket, arrival.now)?;
    work.push(
        conn,
        arrival.inbound.occurred_at,
        Actor::System,
        EventBody::Undelivered { message: message.id },
    )?;
    work.save(conn, &arrival.core.city)?;
    Ok(())
}
