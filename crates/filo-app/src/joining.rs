//! When two persons become one: by an operator's act, by an accepted suggestion, by an identity verified on both,
//! or because the number that one of them only is turns out to be the other's.
//!
//! **Invariant:** every joining is an entry of the ledger that says by which rule, moves nothing and can be undone;
//! what somebody has undone is not done again by itself.

use filo_domain::{
    Instant, PersonId,
    event::Actor,
    id::Id,
    identity::Identity,
    vocabulary::{IdentityType, Word},
};
use filo_store::{
    Conn, audit,
    identities::{self, Said},
    persons::{self, KnownIdentity, Merge},
    suggestions,
};
use serde_json::json;

use crate::{AppError, mint};

/// By which rule persons are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// An operator said so.
    Operator,
    /// An operator accepted a suggestion.
    Suggestion,
    /// An identity is verified on both.
    VerifiedIdentity,
    /// One was known by a number alone, and an operator said whose number it is.
    NumberKnown,
}

impl Rule {
    /// The stable word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Suggestion => "suggestion",
            Self::VerifiedIdentity => "verified_identity",
            Self::NumberKnown => "number_known",
        }
    }
}

/// Why two persons are suggested to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// One full name, rare enough to mean something.
    SameName,
    /// One contact carried identities of both.
    SameContact,
    /// A contact of one named the number of somebody known by that number alone.
    TypedNumber,
    /// One claims what the other holds.
    ClaimedIdentity,
    /// A call from the number of one was registered for the other.
    CalledFor,
}

impl Reason {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::SameName, Self::SameContact, Self::TypedNumber, Self::ClaimedIdentity, Self::CalledFor];
    /// The stable word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::SameName => "same_name",
            Self::SameContact => "same_contact",
            Self::TypedNumber => "typed_number",
            Self::ClaimedIdentity => "claimed_identity",
            Self::CalledFor => "called_for",
        }
    }
}

/// Points one person at another and writes down by which rule.
pub(crate) fn join(
    conn: &mut Conn,
    from: PersonId,
    into: PersonId,
    rule: Rule,
    actor: &Actor,
    now: Instant,
) -> Result<Id<Merge>, AppError> {
    let id = mint::id(now);
    persons::merge(conn, id, (from, into), rule.word(), now, actor)?;
    let data = json!({ "merge": id, "from": from, "into": into, "rule": rule.word() });
    audit::append(conn, now, actor, "persons_merged", data)?;
    Ok(id)
}

/// Two persons, whom Filo met first before the other.
pub(crate) fn older_first(
    conn: &mut Conn,
    one: PersonId,
    other: PersonId,
) -> Result<(PersonId, PersonId), AppError> {
    let mut both = persons::find_all(conn, &[one, other])?;
    both.sort_by_key(|person| (person.created_at, person.id));
    let swapped = both.first().is_some_and(|first| first.id == other);
    Ok(if swapped { (other, one) } else { (one, other) })
}

/// Whether all that is known of a person is one telephone number, which nobody verified.
pub(crate) fn is_number_alone(conn: &mut Conn, person: PersonId) -> Result<bool, AppError> {
    let everybody = persons::members(conn, person)?;
    let named = persons::find_all(conn, &everybody)?
        .iter()
        .any(|one| one.name.is_some() || one.anonymised_at.is_some());
    let said = identities::of_persons(conn, &everybody)?;
    let number = |one: &Said| one.identity.identity_type() == IdentityType::Phone && !one.verified;
    Ok(!named && said.len() == 1 && said.iter().all(number))
}

/// Joins a person known by a number alone with the one whose number an operator says it is, unless somebody took
/// the two apart before.
pub(crate) fn number_known(
    conn: &mut Conn,
    number_alone: PersonId,
    person: PersonId,
    actor: &Actor,
    now: Instant,
) -> Result<Option<Id<Merge>>, AppError> {
    let (one, other) = (persons::members(conn, number_alone)?, persons::members(conn, person)?);
    if !is_number_alone(conn, number_alone)? || persons::was_undone(conn, &one, &other)? {
        return Ok(None);
    }
    join(conn, number_alone, person, Rule::NumberKnown, actor, now).map(Some)
}

/// Joins everybody for whom one identity is verified, unless somebody took them apart before. The older person
/// stays.
pub(crate) fn verified_on_both(
    conn: &mut Conn,
    identity: &Identity,
    now: Instant,
) -> Result<Option<Id<Merge>>, AppError> {
    let Some(held) = identities::held(conn, identity)?.filter(|held| held.verified) else { return Ok(None) };
    let mut last = None;
    for claim in identities::claims_on(conn, identity)?.into_iter().filter(|claim| claim.verified) {
        let (one, other) = (persons::members(conn, held.person)?, persons::members(conn, claim.person)?);
        let (Some(first), Some(second)) = (one.first(), other.first()) else { continue };
        if first == second || persons::was_undone(conn, &one, &other)? {
            continue;
        }
        let (into, from) = older_first(conn, *first, *second)?;
        last = Some(join(conn, from, into, Rule::VerifiedIdentity, &Actor::System, now)?);
    }
    Ok(last)
}

/// What adding an identity gave.
pub(crate) struct Added {
    pub(crate) id: uuid::Uuid,
    pub(crate) new: bool,
    pub(crate) merge: Option<Id<Merge>>,
}

/// What somebody says is a person's.
pub(crate) struct Saying {
    pub(crate) identity: Identity,
    pub(crate) verified: bool,
    /// Whether to record it as a claim when another person holds it.
    pub(crate) claim: bool,
}

/// Adds an identity to a person. What another person holds is a conflict that proposes a merge, unless that person
/// is that number alone, it is verified on both, or a claim was asked for.
pub(crate) fn add(
    conn: &mut Conn,
    person: PersonId,
    saying: Saying,
    actor: &Actor,
    now: Instant,
) -> Result<Added, AppError> {
    let Saying { identity, verified, claim } = saying;
    let Some(held) = identities::held(conn, &identity)? else {
        let id = mint::uuid(now);
        persons::add_identity(conn, id, &KnownIdentity { person, identity, verified }, now)?;
        return Ok(Added { id, new: true, merge: None });
    };
    let other = persons::canonical(conn, held.person)?;
    if other == person {
        return own(conn, &held, verified, now);
    }
    if let Some(merge) = number_known(conn, other, person, actor, now)? {
        if verified {
            identities::set_verified(conn, &held, true)?;
        }
        return Ok(Added { id: held.id, new: true, merge: Some(merge) });
    }
    let proved_on_both = verified && held.verified;
    if !claim && !proved_on_both {
        return Err(clash(person, other, &identity));
    }
    let claimed = claimed(conn, person, other, &identity, verified, now)?;
    let merge = verified_on_both(conn, &identity, now)?;
    Ok(Added { id: claimed, new: true, merge })
}

fn own(conn: &mut Conn, held: &Said, verified: bool, now: Instant) -> Result<Added, AppError> {
    let mut merge = None;
    if verified && !held.verified {
        identities::set_verified(conn, held, true)?;
        merge = verified_on_both(conn, &held.identity, now)?;
    }
    Ok(Added { id: held.id, new: false, merge })
}

/// Records a claim with its suggestion; gives the claim's id, of one made before too.
fn claimed(
    conn: &mut Conn,
    person: PersonId,
    holder: PersonId,
    identity: &Identity,
    verified: bool,
    now: Instant,
) -> Result<uuid::Uuid, AppError> {
    let id = mint::uuid(now);
    let known = KnownIdentity { person, identity: identity.clone(), verified };
    suggestions::suggest(conn, mint::uuid(now), person, holder, Reason::ClaimedIdentity.word(), now)?;
    if identities::claim(conn, id, &known, now)? {
        return Ok(id);
    }
    let mine = identities::claims_on(conn, identity)?.into_iter().find(|claim| claim.person == person);
    let mine = mine.ok_or(AppError::NotFound("identity"))?;
    if verified && !mine.verified {
        identities::set_verified(conn, &mine, true)?;
    }
    Ok(mine.id)
}

fn clash(person: PersonId, other: PersonId, identity: &Identity) -> AppError {
    AppError::Conflict {
        code: "identity-of-another",
        detail: format!(
            "this {} belongs to another person: merge the two if they are one, or send \"claim\": true if both use it",
            identity.identity_type().word()
        ),
        proposal: Some(json!({ "merge": { "from": person, "into": other } })),
    }
}
