//! Recognising the citizen: an exact identity joins the person who holds it; everything less is a suggestion.

use filo_domain::{Instant, PersonId, identity::Identity};
use filo_store::{
    Conn, identities,
    persons::{self, KnownIdentity},
    suggestions::suggest,
};

use crate::{
    AppError,
    joining::{Reason, is_number_alone},
    mint,
};

/// Names shared by more persons than this suggest nothing.
const NAMESAKES: i64 = 5;

/// Finds or makes the person of a contact, teaches Filo the identities nobody holds yet, and suggests who else it
/// may be. `None` for an unknown sender.
pub(crate) fn recognise(
    conn: &mut Conn,
    identities: &[Identity],
    name: Option<&str>,
    now: Instant,
) -> Result<Option<PersonId>, AppError> {
    if identities.is_empty() {
        return Ok(None);
    }
    let mut holders = Vec::new();
    let mut unknown = Vec::new();
    for identity in identities {
        match persons::holder(conn, identity)? {
            Some(known) => holders.push(known),
            None => unknown.push(identity.clone()),
        }
    }
    if holders.len() > 1 {
        known_first(conn, &mut holders)?;
    }
    let person = match holders.first() {
        Some(known) => known.person,
        None => {
            let id = mint::id(now);
            persons::insert(conn, id, name, now)?;
            id
        }
    };
    for identity in unknown {
        let known = KnownIdentity { person, identity, verified: false };
        persons::add_identity(conn, mint::uuid(now), &known, now)?;
    }
    // A name is learned of the person who was met, not of whom they were merged into: undoing takes it along.
    if let Some(name) = name {
        persons::learn_name(conn, person, name)?;
    }
    let current = persons::canonical(conn, person)?;
    suggest_holders(conn, person, current, &holders, now)?;
    suggest_namesakes(conn, current, name, now)?;
    Ok(Some(person))
}

/// Of several holders the contact joins one of whom more is known than a number.
fn known_first(conn: &mut Conn, holders: &mut [KnownIdentity]) -> Result<(), AppError> {
    for place in 0..holders.len() {
        let Some(holder) = holders.get(place).map(|known| known.person) else { break };
        let holder = persons::canonical(conn, holder)?;
        if !is_number_alone(conn, holder)? {
            holders.swap(0, place);
            break;
        }
    }
    Ok(())
}

/// One contact carried identities of several persons: it joins the first, who claims what the others hold.
fn suggest_holders(
    conn: &mut Conn,
    person: PersonId,
    current: PersonId,
    holders: &[KnownIdentity],
    now: Instant,
) -> Result<(), AppError> {
    for known in holders.iter().skip(1) {
        let other = persons::canonical(conn, known.person)?;
        if other == current {
            continue;
        }
        let typed = is_number_alone(conn, other)?;
        let reason = if typed { Reason::TypedNumber } else { Reason::SameContact };
        let claim = KnownIdentity { person, identity: known.identity.clone(), verified: false };
        identities::claim(conn, mint::uuid(now), &claim, now)?;
        suggest(conn, mint::uuid(now), current, other, reason.word(), now)?;
    }
    Ok(())
}

/// Another person has the same full name (of two words at least).
fn suggest_namesakes(
    conn: &mut Conn,
    person: PersonId,
    name: Option<&str>,
    now: Instant,
) -> Result<(), AppError> {
    let Some(name) = name.map(str::trim).filter(|name| name.split_whitespace().count() >= 2) else {
        return Ok(());
    };
    let namesakes = persons::named(conn, name, NAMESAKES + 1)?;
    if i64::try_from(namesakes.len()).unwrap_or(i64::MAX) > NAMESAKES {
        return Ok(());
    }
    for other in namesakes.into_iter().filter(|other| other.id != person) {
        suggest(conn, mint::uuid(now), person, other.id, Reason::SameName.word(), now)?;
    }
    Ok(())
}
