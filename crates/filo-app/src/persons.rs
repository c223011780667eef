//! Persons over all channels: look-ups, names, merges and their undoing.

use std::collections::HashSet;

use filo_domain::{Instant, InteractionId, PersonId, id::Id, identity::Identity, vocabulary::IdentityType};
use filo_store::{
    Conn, audit, identities,
    intake::take_turn,
    interactions, person_words,
    persons::{self, Merge},
    suggestions::{self, Pair, Suggestion},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    App, AppError, Caller, Core, InteractionView, Page, Permission,
    error::InvalidField,
    identities::IdentityView,
    joining::{self, Rule, Saying},
    suggestions::words,
    tickets::fetch,
    views::{cursor, read_cursor},
};

/// The longest name of a person.
const LONGEST_NAME: usize = 200;

/// An identity as given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityInput {
    /// The type.
    #[serde(rename = "type")]
    pub identity_type: IdentityType,
    /// The identifier as people write it.
    pub value: String,
}

/// Reads identities; every wrong one is told with its pointer.
pub(crate) fn parse_identities(pointer: &str, given: &[IdentityInput]) -> Result<Vec<Identity>, AppError> {
    const MOST: usize = 20;
    if given.len() > MOST {
        return Err(AppError::invalid(pointer, format!("at most {MOST} identities")));
    }
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (index, input) in given.iter().enumerate() {
        match Identity::parse(input.identity_type, &input.value) {
            Ok(identity) => good.push(identity),
            Err(error) => {
                bad.push(InvalidField {
                    pointer: format!("{pointer}/{index}/value"),
                    detail: error.to_string(),
                });
            }
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(AppError::Invalid(bad)) }
}

/// By what persons are looked up: one of the fields.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonQuery {
    /// A telephone number.
    pub phone: Option<String>,
    /// A mail address.
    pub email: Option<String>,
    /// A fiscal code.
    pub fiscal_code: Option<String>,
    /// A Facebook id.
    pub facebook: Option<String>,
    /// An Instagram id.
    pub instagram: Option<String>,
    /// A WhatsApp id.
    pub whatsapp: Option<String>,
    /// Beginnings of the words of a name, without accents.
    pub name: Option<String>,
}

impl PersonQuery {
    fn identities(&self) -> Result<Vec<Identity>, AppError> {
        let given = [
            ("/phone", IdentityType::Phone, &self.phone),
            ("/email", IdentityType::Email, &self.email),
            ("/fiscal_code", IdentityType::FiscalCode, &self.fiscal_code),
            ("/facebook", IdentityType::Facebook, &self.facebook),
            ("/instagram", IdentityType::Instagram, &self.instagram),
            ("/whatsapp", IdentityType::Whatsapp, &self.whatsapp),
        ];
        given
            .into_iter()
            .filter_map(|(pointer, kind, value)| value.as_ref().map(|value| (pointer, kind, value)))
            .map(|(pointer, kind, value)| {
                Identity::parse(kind, value).map_err(|error| AppError::invalid(pointer, error))
            })
            .collect()
    }
}

/// Who else a person may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuggestionView {
    /// By which it is accepted or dismissed.
    pub id: Id<Pair>,
    /// The other person.
    pub person_id: PersonId,
    /// The other's name.
    pub name: Option<String>,
    /// Why, as a stable word.
    pub reason: String,
    /// Why, in words.
    pub because: String,
}

/// A merge in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MergeView {
    /// By which it is undone.
    pub merge_id: Id<Merge>,
    /// Who was merged.
    pub from: PersonId,
    /// Into whom.
    pub into: PersonId,
    /// When.
    pub at: Instant,
    /// By which rule: `operator`, `suggestion`, `verified_identity` or `number_known`.
    pub rule: String,
}

/// A person as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonView {
    /// The id.
    pub id: PersonId,
    /// The name.
    pub name: Option<String>,
    /// The identities, of everybody merged into this person too.
    pub identities: Vec<IdentityView>,
    /// Who was merged into this person.
    pub merged: Vec<PersonId>,
    /// By which merges, oldest first.
    pub merges: Vec<MergeView>,
    /// Whether all that is known is one telephone number, which nobody verified.
    pub number_only: bool,
    /// Who else this may be.
    pub suggestions: Vec<SuggestionView>,
    /// When Filo first met them.
    pub created_at: Instant,
    /// The version: the ETag.
    pub version: i32,
}

/// What a merge gave.
#[derive(Clone, Debug, Serialize)]
pub struct Merged {
    /// The ledger entry, by which it is undone.
    pub merge_id: Id<Merge>,
    /// The person after it.
    pub person: PersonView,
}

/// A change of a person.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    /// A new name.
    pub name: Option<String>,
    /// Further identities.
    #[serde(default)]
    pub add_identities: Vec<IdentityInput>,
}

impl App {
    /// Looks persons up by exact identity or by how the words of their names begin.
    ///
    /// # Errors
    /// No field given, an identity that cannot be, or the store's own.
    pub async fn find_persons(
        &self,
        caller: &Caller,
        query: PersonQuery,
    ) -> Result<Vec<PersonView>, AppError> {
        caller.must(Permission::ReadPersons)?;
        let identities = query.identities()?;
        if identities.is_empty() && query.name.is_none() {
            return Err(AppError::invalid(
                "",
                "give a phone, email, fiscal_code, facebook, instagram, whatsapp or name",
            ));
        }
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let mut found = Vec::new();
                for identity in &identities {
                    let claims = identities::claims_on(conn, identity)?;
                    for said in identities::held(conn, identity)?.into_iter().chain(claims) {
                        found.push(persons::canonical(conn, said.person)?);
                    }
                }
                if let Some(name) = &query.name {
                    for person in person_words::find(conn, name, 50)? {
                        found.push(persons::canonical(conn, person)?);
                    }
                }
                // The holder of an identity comes first: every contact with it is theirs.
                let mut seen = HashSet::new();
                found.retain(|id| seen.insert(*id));
                found.into_iter().map(|id| person_view(conn, &core, id)).collect()
            })
            .await
    }

    /// One person; a merged one shows who they are now.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn person(&self, caller: &Caller, id: PersonId) -> Result<PersonView, AppError> {
        caller.must(Permission::ReadPersons)?;
        let core = self.core.clone();
        self.db.read(move |conn| person_view(conn, &core, id)).await
    }

    /// Changes a name or adds identities; an identity of somebody else is a conflict that proposes a merge.
    ///
    /// # Errors
    /// Stale version, clash, not found.
    pub async fn change_person(
        &self,
        caller: &Caller,
        id: PersonId,
        change: PersonChange,
        version: i32,
        now: Instant,
    ) -> Result<PersonView, AppError> {
        caller.must(Permission::ManagePersons)?;
        let identities = parse_identities("/add_identities", &change.add_identities)?;
        if let Some(name) = &change.name {
            crate::tickets::check_text("/name", name, LONGEST_NAME)?;
        }
        let (core, actor) = (self.core.clone(), caller.actor());
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                let current = persons::canonical(conn, id)?;
                let person = persons::find(conn, current)?.ok_or(AppError::NotFound("person"))?;
                let name = change.name.map(|name| name.trim().to_owned()).or(person.name);
                if !persons::rename(conn, current, name.as_deref(), version)? {
                    return Err(AppError::Stale(person.version));
                }
                for identity in identities {
                    let saying = Saying { identity, verified: false, claim: false };
                    joining::add(conn, current, saying, &actor, now)?;
                }
                person_view(conn, &core, current)
            })
            .await
    }

    /// Merges one person into another; nothing is moved, so it can be undone exactly.
    ///
    /// # Errors
    /// Into oneself, not found.
    pub async fn merge_person(
        &self,
        caller: &Caller,
        id: PersonId,
        into: PersonId,
        now: Instant,
    ) -> Result<Merged, AppError> {
        caller.must(Permission::ManagePersons)?;
        let (core, actor) = (self.core.clone(), caller.actor());
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                for person in [id, into] {
                    persons::find(conn, person)?.ok_or(AppError::NotFound("person"))?;
                }
                let (from, into) = (persons::canonical(conn, id)?, persons::canonical(conn, into)?);
                if from == into {
                    return Err(AppError::conflict("already-one-person", "these are one person already"));
                }
                let merge_id = joining::join(conn, from, into, Rule::Operator, &actor, now)?;
                Ok(Merged { merge_id, person: person_view(conn, &core, into)? })
            })
            .await
    }

    /// Undoes a merge: both persons are exactly as before.
    ///
    /// # Errors
    /// Undone before, or not found.
    pub async fn undo_merge(
        &self,
        caller: &Caller,
        id: Id<Merge>,
        now: Instant,
    ) -> Result<PersonView, AppError> {
        caller.must(Permission::ManagePersons)?;
        let (core, actor) = (self.core.clone(), caller.actor());
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                let entry = persons::find_merge(conn, id)?.ok_or(AppError::NotFound("merge"))?;
                if !persons::undo_merge(conn, &entry, now)? {
                    return Err(AppError::conflict("merge-undone", "this merge was undone before"));
                }
                suggestions::reopen(conn, id)?;
                audit::append(conn, now, &actor, "merge_undone", json!({ "merge": id }))?;
                person_view(conn, &core, entry.from)
            })
            .await
    }

    /// Lists contacts and answers.
    ///
    /// # Errors
    /// Wrong filters, or the store's own.
    pub async fn list_interactions(
        &self,
        caller: &Caller,
        filter: interactions::Filter,
        limit: Option<usize>,
        after: Option<String>,
    ) -> Result<Page<InteractionView>, AppError> {
        caller.must(Permission::ReadContacts)?;
        let limit = crate::tickets::limit(limit)?;
        let after: Option<(Instant, InteractionId)> = after.as_deref().map(read_cursor).transpose()?;
        let filter = interactions::Filter { after, ..filter };
        let rows = self
            .db
            .read(move |conn| interactions::list(conn, &filter, fetch(limit)))
            .await
            .map_err(AppError::Store)?;
        Ok(Page::cut(rows, limit, |row| cursor(row.occurred_at, row.id)).map(InteractionView::from))
    }
}

/// A person as they are now, with everybody merged into them.
pub(crate) fn person_view(conn: &mut Conn, core: &Core, id: PersonId) -> Result<PersonView, AppError> {
    let everybody = persons::members(conn, id)?;
    let current = everybody.first().copied().unwrap_or(id);
    let recorded = persons::find_all(conn, &everybody)?;
    let one = |id: PersonId| recorded.iter().find(|person| person.id == id);
    let person = one(current).ok_or(AppError::NotFound("person"))?;
    // What was said of those merged stays theirs: the merge can be undone exactly.
    let name = everybody.iter().find_map(|id| one(*id).and_then(|person| person.name.clone()));
    let said = identities::of_persons(conn, &everybody)?;
    let held: HashSet<Identity> =
        said.iter().filter(|one| !one.claimed).map(|one| one.identity.clone()).collect();
    let shown = said.into_iter().filter(|one| !one.claimed || !held.contains(&one.identity));
    let identities: Vec<IdentityView> = shown.map(IdentityView::from).collect();
    let merges = persons::merges_of(conn, &everybody)?.into_iter().map(|entry| MergeView {
        merge_id: entry.id,
        from: entry.from,
        into: entry.into,
        at: entry.at,
        rule: entry.reason,
    });
    Ok(PersonView {
        id: person.id,
        number_only: name.is_none() && is_number(&identities),
        name,
        identities,
        merged: everybody.iter().copied().skip(1).collect(),
        merges: merges.collect(),
        suggestions: suggested(conn, core, &everybody)?,
        created_at: person.created_at,
        version: person.version,
    })
}

fn is_number(identities: &[IdentityView]) -> bool {
    matches!(identities, [one] if one.identity_type == IdentityType::Phone && !one.verified)
}

fn suggested(conn: &mut Conn, core: &Core, everybody: &[PersonId]) -> Result<Vec<SuggestionView>, AppError> {
    let pairs = suggestions::of_persons(conn, everybody)?;
    let other = |pair: &Suggestion| if everybody.contains(&pair.person) { pair.other } else { pair.person };
    let others: Vec<PersonId> = pairs.iter().map(other).collect();
    let now = persons::canonical_all(conn, &others)?;
    let mut views: Vec<SuggestionView> = Vec::new();
    for pair in &pairs {
        let Some(other) = now.get(&other(pair)) else { continue };
        if everybody.contains(&other.id) || views.iter().any(|view| view.person_id == other.id) {
            continue;
        }
        views.push(SuggestionView {
            id: pair.id,
            person_id: other.id,
            name: other.name.clone(),
            reason: pair.reason.clone(),
            because: words(core, &pair.reason),
        });
    }
    Ok(views)
}
