//! The identities of a person one by one: added, verified or not, taken away.
//!
//! **Invariant:** every change counts as a change of the person, whose version is the ETag of each identity too.

use filo_domain::{Instant, PersonId, id::Id, identity::Identity, vocabulary::IdentityType};
use filo_store::{
    Conn, audit,
    identities::{self, Said},
    intake::take_turn,
    persons::{self, Merge},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    App, AppError, Caller, Permission, PersonView,
    joining::{self, Saying},
    persons::person_view,
};

/// An identity to add.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewIdentity {
    /// The type.
    #[serde(rename = "type")]
    pub identity_type: IdentityType,
    /// The identifier as people write it.
    pub value: String,
    /// Whether somebody proved that it is theirs.
    #[serde(default)]
    pub verified: bool,
    /// Whether to record that both use it when another person holds it.
    #[serde(default)]
    pub claim: bool,
}

/// A change of an identity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityChange {
    /// Whether somebody proved that it is theirs.
    pub verified: bool,
}

/// One identity of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityView {
    /// Its id.
    pub id: Uuid,
    /// The type.
    #[serde(rename = "type")]
    pub identity_type: IdentityType,
    /// The normal form.
    pub value: String,
    /// Whether somebody proved that it is theirs.
    pub verified: bool,
    /// Whether another person holds it, whom its contacts join.
    pub claimed: bool,
    /// Since when.
    pub created_at: Instant,
}

impl From<Said> for IdentityView {
    fn from(said: Said) -> Self {
        Self {
            id: said.id,
            identity_type: said.identity.identity_type(),
            value: said.identity.value().to_owned(),
            verified: said.verified,
            claimed: said.claimed,
            created_at: said.created_at,
        }
    }
}

/// An identity, whose it is now, and the merge that its change brought about.
#[derive(Clone, Debug, Serialize)]
pub struct IdentityOutcome {
    /// The identity.
    #[serde(flatten)]
    pub identity: IdentityView,
    /// The person after it.
    pub person: PersonView,
    /// The merge of two persons that followed by itself, by which it is undone.
    pub merge_id: Option<Id<Merge>>,
}

impl App {
    /// Adds an identity to a person.
    ///
    /// # Errors
    /// An identity that cannot be, one of another person, a stale version, not found.
    pub async fn add_identity(
        &self,
        caller: &Caller,
        id: PersonId,
        new: NewIdentity,
        version: Option<i32>,
        now: Instant,
    ) -> Result<IdentityOutcome, AppError> {
        caller.must(Permission::ManagePersons)?;
        let identity = Identity::parse(new.identity_type, &new.value)
            .map_err(|error| AppError::invalid("/value", error))?;
        let saying = Saying { identity, verified: new.verified, claim: new.claim };
        let (core, actor) = (self.core.clone(), caller.actor());
        self.db
            .write(move |conn| {
                let person = changing(conn, id, version)?;
                let added = joining::add(conn, person, saying, &actor, now)?;
                if added.new {
                    let data = json!({ "person": person, "identity": added.id });
                    audit::append(conn, now, &actor, "identity_added", data)?;
                }
                let said = identities::find(conn, added.id)?.ok_or(AppError::NotFound("identity"))?;
                let person = person_view(conn, &core, person)?;
                Ok(IdentityOutcome { identity: said.into(), person, merge_id: added.merge })
            })
            .await
    }

    /// One identity of a person; its ETag is the person's version.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn identity(
        &self,
        caller: &Caller,
        id: PersonId,
        identity: Uuid,
    ) -> Result<(IdentityView, i32), AppError> {
        caller.must(Permission::ReadPersons)?;
        self.db
            .read(move |conn| {
                let (person, said) = of_person(conn, id, identity)?;
                let person = persons::find(conn, person)?.ok_or(AppError::NotFound("person"))?;
                Ok((said.into(), person.version))
            })
            .await
    }

    /// Says whether somebody proved that an identity is theirs; one that is verified on two persons joins them.
    ///
    /// # Errors
    /// A stale version, not found.
    pub async fn change_identity(
        &self,
        caller: &Caller,
        (id, identity): (PersonId, Uuid),
        change: IdentityChange,
        version: i32,
        now: Instant,
    ) -> Result<IdentityOutcome, AppError> {
        caller.must(Permission::ManagePersons)?;
        let (core, actor) = (self.core.clone(), caller.actor());
        self.db
            .write(move |conn| {
                let person = changing(conn, id, Some(version))?;
                let (_, said) = of_person(conn, person, identity)?;
                let mut merge_id = None;
                if said.verified != change.verified {
                    identities::set_verified(conn, &said, change.verified)?;
                    let action = if change.verified { "identity_verified" } else { "identity_unverified" };
                    audit::append(
                        conn,
                        now,
                        &actor,
                        action,
                        json!({ "person": person, "identity": said.id }),
                    )?;
                    merge_id = joining::verified_on_both(conn, &said.identity, now)?;
                }
                let said = Said { verified: change.verified, ..said };
                Ok(IdentityOutcome {
                    identity: said.into(),
                    person: person_view(conn, &core, person)?,
                    merge_id,
                })
            })
            .await
    }

    /// Takes an identity away from a person; contacts stay where they are.
    ///
    /// # Errors
    /// A stale version, not found.
    pub async fn remove_identity(
        &self,
        caller: &Caller,
        (id, identity): (PersonId, Uuid),
        version: i32,
        now: Instant,
    ) -> Result<(), AppError> {
        caller.must(Permission::ManagePersons)?;
        let actor = caller.actor();
        self.db
            .write(move |conn| {
                let person = changing(conn, id, Some(version))?;
                let (_, said) = of_person(conn, person, identity)?;
                identities::remove(conn, &said)?;
                let data = json!({ "person": person, "identity": said.id });
                Ok(audit::append(conn, now, &actor, "identity_removed", data)?)
            })
            .await
    }
}

/// Takes the turn and counts the change; gives who the person is now.
pub(crate) fn changing(conn: &mut Conn, id: PersonId, version: Option<i32>) -> Result<PersonId, AppError> {
    take_turn(conn)?;
    let current = persons::canonical(conn, id)?;
    let person = persons::find(conn, current)?.ok_or(AppError::NotFound("person"))?;
    if !persons::touch(conn, current, version)? {
        return Err(AppError::Stale(person.version));
    }
    Ok(current)
}

/// An identity of this person or of somebody merged into them.
fn of_person(conn: &mut Conn, person: PersonId, identity: Uuid) -> Result<(PersonId, Said), AppError> {
    persons::find(conn, person)?.ok_or(AppError::NotFound("person"))?;
    let everybody = persons::members(conn, person)?;
    let said = identities::find(conn, identity)?.filter(|said| everybody.contains(&said.person));
    let current = everybody.first().copied().unwrap_or(person);
    Ok((current, said.ok_or(AppError::NotFound("identity"))?))
}
