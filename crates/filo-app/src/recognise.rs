//! Recognising the citizen: an exact identity joins the person who holds it; everything less is a suggestion.

use filo_domain::{Instant, PersonId, identity::Identity};
use filo_store::{
    Conn, StoreError,
    persons::{self, KnownIdentity},
};

use crate::mint;

/// Names shared by more persons than this suggest nothing.
const NAMESAKES: i64 = 5;

/// Finds or makes the person of a contact, teaches Filo the identities nobody holds yet, and suggests who else it
/// may be. `None` for an unknown sender.
pub(crate) fn recognise(
    conn: &mut Conn,
    identities: &[Identity],
    name: Option<&str>,
    now: Instant,
) -> Result<Option<PersonId>, StoreError> {
    if identities.is_empty() {
        return Ok(None);
    }
    let mut holders = Vec::new();
    let mut unknown = Vec::new();
    for identity in identities {
        match persons::holder(conn, identity)? {
            Some(known) => holders.push(known.person),
            None => unknown.push(identity.clone()),
        }
    }
    let person = match holders.first() {
        Some(person) => *person,
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
    let current = persons::canonical(conn, person)?;
    if let Some(name) = name {
        persons::learn_name(conn, current, name)?;
    }
    suggest_holders(conn, current, &holders, now)?;
    suggest_namesakes(conn, current, name, now)?;
    Ok(Some(person))
}

/// One contact carried identities of several persons.
fn suggest_holders(
    conn: &mut Conn,
    person: PersonId,
    holders: &[PersonId],
    now: Instant,
) -> Result<(), StoreError> {
    for other in holders.iter().skip(1) {
        let other = persons::canonical(conn, *other)?;
        if other != person {
            persons::suggest(conn, mint::uuid(now), person, other, "same_contact", now)?;
        }
    }
    Ok(())
}

/// Another person has the same full name (of two words at least).
fn suggest_namesakes(
    conn: &mut Conn,
    person: PersonId,
    name: Option<&str>,
    now: Instant,
) -> Result<(), StoreError> {
    let Some(name) = name.map(str::trim).filter(|name| name.split_whitespace().count() >= 2) else {
        return Ok(());
    };
    let namesakes = persons::named(conn, name, NAMESAKES + 1)?;
    if i64::try_from(namesakes.len()).unwrap_or(i64::MAX) > NAMESAKES {
        return Ok(());
    }
    for other in namesakes.into_iter().filter(|other| other.id != person) {
        persons::suggest(conn, mint::uuid(now), person, other.id, "same_name", now)?;
    }
    Ok(())
}
