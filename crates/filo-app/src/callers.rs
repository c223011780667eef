//! Who called, when the operator who registers the call says so: the number was withheld, or is somebody else's.
//!
//! **Invariant:** calls of a number that is all that is known of a person end in the timeline of whoever it turns
//! out to be (rule `number_known`, an entry of the ledger that can be undone); a number that another known person
//! holds stays theirs, and the two are only suggested.

use filo_domain::{Instant, PersonId, identity::Identity};
use filo_store::{
    Conn, identities,
    interactions::{self, Interaction},
    persons::{self, KnownIdentity},
    suggestions::suggest,
};

use crate::{
    AppError, Caller, RegisterCall,
    joining::{Reason, number_known},
    mint,
    recognise::recognise,
};

/// Who a registered call is from; the call itself is given to them where nobody was known.
pub(crate) fn identify(
    conn: &mut Conn,
    caller: &Caller,
    contact: &Interaction,
    number: Option<Identity>,
    given: &[Identity],
    request: &RegisterCall,
    now: Instant,
) -> Result<Option<PersonId>, AppError> {
    let name = request.requester.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let said = recognise(conn, given, name, now)?;
    numbers_told(conn, caller, said, given, now)?;
    match (contact.person_id, said) {
        (known, None) => {
            if let (Some(person), Some(name)) = (known, name) {
                persons::learn_name(conn, person, name)?;
            }
            Ok(known)
        }
        (None, Some(said)) => {
            interactions::set_person(conn, contact.id, Some(said))?;
            Ok(Some(said))
        }
        (Some(holder), Some(said)) => {
            called_for(conn, caller, (holder, said), number, now)?;
            Ok(Some(said))
        }
    }
}

/// An operator names numbers with other identities of a person: those that are all that is known of somebody are
/// this person's.
pub(crate) fn numbers_told(
    conn: &mut Conn,
    caller: &Caller,
    person: Option<PersonId>,
    given: &[Identity],
    now: Instant,
) -> Result<(), AppError> {
    let Some(person) = person else { return Ok(()) };
    for identity in given {
        let Some(held) = identities::held(conn, identity)? else { continue };
        let (holder, current) = (persons::canonical(conn, held.person)?, persons::canonical(conn, person)?);
        if holder != current {
            number_known(conn, holder, current, &caller.actor(), now)?;
        }
    }
    Ok(())
}

/// A call from the number of one person was registered for another.
fn called_for(
    conn: &mut Conn,
    caller: &Caller,
    (holder, said): (PersonId, PersonId),
    number: Option<Identity>,
    now: Instant,
) -> Result<(), AppError> {
    let (holder, current) = (persons::canonical(conn, holder)?, persons::canonical(conn, said)?);
    if holder == current || number_known(conn, holder, current, &caller.actor(), now)?.is_some() {
        return Ok(());
    }
    if let Some(identity) = number {
        let claim = KnownIdentity { person: said, identity, verified: false };
        identities::claim(conn, mint::uuid(now), &claim, now)?;
    }
    Ok(suggest(conn, mint::uuid(now), current, holder, Reason::CalledFor.word(), now)?)
}
