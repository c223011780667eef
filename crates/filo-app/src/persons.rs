//! Persons over all channels: look-ups, one timeline, identities, merges and their undoing.

use filo_domain::{
    Instant, InteractionId, PersonId,
    id::Id,
    identity::Identity,
    vocabulary::{IdentityType, Word},
};
use filo_store::{
    Conn,
    intake::take_turn,
    interactions, person_words,
    persons::{self, KnownIdentity, Merge},
    tickets,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    App, AppError, Caller, InteractionView, Page, Permission, TicketView,
    error::InvalidField,
    mint,
    tickets::fetch,
    views::{cursor, read_cursor},
};

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

/// One identity of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityView {
    /// The type.
    #[serde(rename = "type")]
    pub identity_type: IdentityType,
    /// The normal form.
    pub value: String,
    /// Whether somebody proved that it is theirs.
    pub verified: bool,
}

/// Who else a person may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuggestionView {
    /// The other person.
    pub person_id: PersonId,
    /// The other's name.
    pub name: Option<String>,
    /// Why: `same_name`, `same_contact`.
    pub reason: String,
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
    /// Who else this may be.
    pub suggestions: Vec<SuggestionView>,
    /// When Filo first met them.
    pub created_at: Instant,
    /// The version: the ETag.
    pub version: i32,
}

/// One entry of a person's timeline.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TimelineItem {
    /// A contact or an answer.
    Interaction(Box<InteractionView>),
}

/// A person's whole history.
#[derive(Clone, Debug, Serialize)]
pub struct Timeline {
    /// The person.
    pub person: PersonView,
    /// Touches, newest first.
    #[serde(flatten)]
    pub page: Page<TimelineItem>,
    /// The person's tickets, newest first, at most 200.
    pub tickets: Vec<TicketView>,
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
        self.db
            .read(move |conn| {
                let mut found = Vec::new();
                for identity in &identities {
                    if let Some(known) = persons::holder(conn, identity)? {
                        found.push(persons::canonical(conn, known.person)?);
                    }
                }
                if let Some(name) = &query.name {
                    for person in person_words::find(conn, name, 50)? {
                        found.push(persons::canonical(conn, person)?);
                    }
                }
                found.sort();
                found.dedup();
                found.into_iter().map(|id| person_view(conn, id)).collect()
            })
            .await
    }

    /// One person; a merged one shows who they are now.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn person(&self, caller: &Caller, id: PersonId) -> Result<PersonView, AppError> {
        caller.must(Permission::ReadPersons)?;
        self.db.read(move |conn| person_view(conn, id)).await
    }

    /// The history of a person over all channels.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn timeline(
        &self,
        caller: &Caller,
        id: PersonId,
        limit: Option<usize>,
        after: Option<String>,
    ) -> Result<Timeline, AppError> {
        caller.must(Permission::ReadPersons)?;
        let limit = crate::tickets::limit(limit)?;
        let after = after.as_deref().map(read_cursor).transpose()?;
        let unit = caller.unit_limit().map(str::to_owned);
        self.db
            .read(move |conn| {
                let person = person_view(conn, id)?;
                let everybody = persons::members(conn, id)?;
                let own = tickets::Filter { persons: Some(everybody.clone()), ..tickets::Filter::default() };
                let filter = interactions::Filter {
                    persons: Some(everybody),
                    after,
                    ..interactions::Filter::default()
                };
                let rows = interactions::list(conn, &filter, fetch(limit))?;
                let place = |row: &interactions::Interaction| cursor(row.occurred_at, row.id);
                let page = Page::cut(rows, limit, place)
                    .map(|row| TimelineItem::Interaction(Box::new(InteractionView::from(row))));
                let tickets = tickets::list(conn, &own, 200)?;
                let seen = |record: &tickets::TicketRecord| unit.is_none() || record.unit == unit;
                let tickets = tickets.into_iter().filter(seen).map(TicketView::from).collect();
                Ok(Timeline { person, page, tickets })
            })
            .await
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
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                let current = persons::canonical(conn, id)?;
                let person = persons::find(conn, current)?.ok_or(AppError::NotFound("person"))?;
                let name = change.name.or(person.name);
                if !persons::rename(conn, current, name.as_deref(), version)? {
                    return Err(AppError::Stale(person.version));
                }
                for identity in identities {
                    add_identity(conn, current, identity, now)?;
                }
                person_view(conn, current)
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
        let actor = caller.actor();
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
                let merge_id = mint::id(now);
                persons::merge(conn, merge_id, from, into, now, &actor)?;
                Ok(Merged { merge_id, person: person_view(conn, into)? })
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
        self.db
            .write(move |conn| {
                let entry = persons::find_merge(conn, id)?.ok_or(AppError::NotFound("merge"))?;
                if !persons::undo_merge(conn, &entry, now)? {
                    return Err(AppError::conflict("merge-undone", "this merge was undone before"));
                }
                person_view(conn, entry.from)
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

fn add_identity(conn: &mut Conn, person: PersonId, identity: Identity, now: Instant) -> Result<(), AppError> {
    if let Some(known) = persons::holder(conn, &identity)? {
        let other = persons::canonical(conn, known.person)?;
        if other == person {
            return Ok(());
        }
        return Err(AppError::Conflict {
            code: "identity-of-another",
            detail: format!(
                "this {} belongs to another person: merge the two if they are one",
                identity.identity_type().word()
            ),
            proposal: Some(json!({ "merge": { "person_id": person, "into": other } })),
        });
    }
    let known = KnownIdentity { person, identity, verified: false };
    persons::add_identity(conn, mint::uuid(now), &known, now)?;
    Ok(())
}

/// A person as they are now, with everybody merged into them.
pub(crate) fn person_view(conn: &mut Conn, id: PersonId) -> Result<PersonView, AppError> {
    persons::find(conn, id)?.ok_or(AppError::NotFound("person"))?;
    let everybody = persons::members(conn, id)?;
    let current = everybody.first().copied().unwrap_or(id);
    let person = persons::find(conn, current)?.ok_or(AppError::NotFound("person"))?;
    let identities = persons::identities_of(conn, &everybody)?.into_iter().map(|known| IdentityView {
        identity_type: known.identity.identity_type(),
        value: known.identity.value().to_owned(),
        verified: known.verified,
    });
    let identities = identities.collect();
    let suggestions = suggestions(conn, &everybody)?;
    Ok(PersonView {
        id: person.id,
        name: person.name,
        identities,
        merged: everybody.into_iter().skip(1).collect(),
        suggestions,
        created_at: person.created_at,
        version: person.version,
    })
}

fn suggestions(conn: &mut Conn, everybody: &[PersonId]) -> Result<Vec<SuggestionView>, AppError> {
    let mut views: Vec<SuggestionView> = Vec::new();
    for (other, reason) in persons::suggestions_of(conn, everybody)? {
        let other = persons::canonical(conn, other)?;
        if everybody.contains(&other) || views.iter().any(|view| view.person_id == other) {
            continue;
        }
        let name = persons::find(conn, other)?.and_then(|person| person.name);
        views.push(SuggestionView { person_id: other, name, reason });
    }
    Ok(views)
}
