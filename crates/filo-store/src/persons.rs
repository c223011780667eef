//! Persons, their identities, and the ledger of merges.
//!
//! **Invariant:** a merge moves nothing: it points one person at another, and undoing it clears the pointer, so
//! that everything is exactly as before. Who a person *is* now is [`canonical`]; who belongs together is
//! [`members`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use filo_domain::{
    Instant, PersonId,
    event::Actor,
    id::Id,
    identity::{Identity, name_key},
    vocabulary::{IdentityType, Word},
};
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    conn::{insert_each, on},
    person_words,
    schema::{identities, person_merges, persons},
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::{json, word},
    ticket_search,
};

/// Values that one question names: SQLite takes 32,766 at most.
const MOST_VALUES: usize = 10_000;

/// Names an entry of the merge ledger.
pub enum Merge {}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id.
    pub id: PersonId,
    /// The name as last given.
    pub name: Option<String>,
    /// The person this one was merged into.
    pub merged_into: Option<PersonId>,
    /// When Filo first met them.
    pub created_at: Instant,
    /// When the identity was deleted.
    pub anonymised_at: Option<Instant>,
    /// Counts changes.
    pub version: i32,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = persons, treat_none_as_default_value = false)]
struct PersonRow {
    id: SqlId,
    name: Option<String>,
    merged_into: Option<SqlId>,
    created_at: SqlInstant,
    anonymised_at: Option<SqlInstant>,
    version: i32,
    name_key: Option<String>,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            merged_into: opt(row.merged_into),
            created_at: row.created_at.into(),
            anonymised_at: opt(row.anonymised_at),
            version: row.version,
        }
    }
}

/// One identity and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownIdentity {
    /// Whose it is.
    pub person: PersonId,
    /// The normalised identity.
    pub identity: Identity,
    /// Whether somebody proved that it is theirs.
    pub verified: bool,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = identities, treat_none_as_default_value = false)]
pub(crate) struct IdentityRow {
    pub(crate) id: SqlId,
    pub(crate) person_id: SqlId,
    pub(crate) identity_type: String,
    pub(crate) value: String,
    pub(crate) verified: bool,
    pub(crate) created_at: SqlInstant,
}

fn known(row: IdentityRow) -> Result<KnownIdentity, StoreError> {
    let identity_type: IdentityType = word("identities", row.id.0, &row.identity_type)?;
    Ok(KnownIdentity {
        person: row.person_id.into(),
        identity: Identity::stored(identity_type, row.value),
        verified: row.verified,
    })
}

pub(crate) fn identity_row(id: Uuid, known: &KnownIdentity, at: Instant) -> IdentityRow {
    IdentityRow {
        id: SqlId(id),
        person_id: known.person.into(),
        identity_type: known.identity.identity_type().word().to_owned(),
        value: known.identity.value().to_owned(),
        verified: known.verified,
        created_at: at.into(),
    }
}

fn person_row(id: PersonId, name: Option<&str>, at: Instant) -> PersonRow {
    PersonRow {
        id: id.into(),
        name: name.map(str::to_owned),
        merged_into: None,
        created_at: at.into(),
        anonymised_at: None,
        version: 1,
        name_key: name.and_then(name_key),
    }
}

/// Records a new person.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, id: PersonId, name: Option<&str>, at: Instant) -> Result<(), StoreError> {
    let row = person_row(id, name, at);
    on!(conn, c => diesel::insert_into(persons::table).values(&row).execute(c))?;
    if name.is_some() { person_words::put(conn, id, name) } else { Ok(()) }
}

/// Reads one person as recorded, merged or not.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: PersonId) -> Result<Option<Person>, StoreError> {
    let row: Option<PersonRow> = on!(conn, c => persons::table.find(SqlId::from(id)).select(PersonRow::as_select()).first(c).optional())?;
    Ok(row.map(Into::into))
}

/// Changes a person's name; `false` when the version is no longer that one.
///
/// # Errors
/// The database's own.
pub fn rename(conn: &mut Conn, id: PersonId, name: Option<&str>, version: i32) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(persons::table.find(SqlId::from(id)))
        .filter(persons::version.eq(version))
        .set((persons::name.eq(name), persons::name_key.eq(name.and_then(name_key)), persons::version.eq(persons::version + 1)))
        .execute(c))?;
    if changed == 1 {
        person_words::put(conn, id, name)?;
        ticket_search::renew_requester(conn, id)?;
    }
    Ok(changed == 1)
}

/// Gives a name to a person who has none.
///
/// # Errors
/// The database's own.
pub fn learn_name(conn: &mut Conn, id: PersonId, name: &str) -> Result<(), StoreError> {
    let learnt = on!(conn, c => diesel::update(persons::table.find(SqlId::from(id)))
        .filter(persons::name.is_null().and(persons::anonymised_at.is_null()))
        .set((persons::name.eq(Some(name)), persons::name_key.eq(name_key(name)), persons::version.eq(persons::version + 1)))
        .execute(c))?;
    if learnt == 1 {
        person_words::put(conn, id, Some(name))?;
        ticket_search::renew_requester(conn, id)?;
    }
    Ok(())
}

/// Who a person is now: the end of the merges.
///
/// # Errors
/// The database's own.
pub fn canonical(conn: &mut Conn, id: PersonId) -> Result<PersonId, StoreError> {
    // A merge into oneself is refused, so the chain ends; what was seen guards against a database changed by hand.
    let (mut current, mut seen) = (id, HashSet::new());
    while seen.insert(current) {
        match find(conn, current)?.and_then(|person| person.merged_into) {
            Some(next) => current = next,
            None => break,
        }
    }
    Ok(current)
}

/// Everybody who is this person now, the person first.
///
/// # Errors
/// The database's own.
pub fn members(conn: &mut Conn, id: PersonId) -> Result<Vec<PersonId>, StoreError> {
    let mut all = vec![canonical(conn, id)?];
    let mut level: Vec<SqlId> = all.iter().copied().map(SqlId::from).collect();
    // One query for each depth of merging, not for each person.
    while !level.is_empty() {
        let children: Vec<SqlId> = on!(conn, c => persons::table
            .filter(persons::merged_into.eq_any(&level))
            .order(persons::id)
            .select(persons::id)
            .load(c))?;
        level = children.into_iter().filter(|child| !all.contains(&PersonId::from(*child))).collect();
        all.extend(level.iter().copied().map(PersonId::from));
    }
    Ok(all)
}

/// Reads several persons as recorded, merged or not.
///
/// # Errors
/// The database's own.
pub fn find_all(conn: &mut Conn, ids: &[PersonId]) -> Result<Vec<Person>, StoreError> {
    let ids: Vec<SqlId> = ids.iter().copied().map(SqlId::from).collect();
    let rows: Vec<PersonRow> = on!(conn, c => persons::table
        .filter(persons::id.eq_any(&ids))
        .select(PersonRow::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Who several persons are now, by their own ids; one query for each depth of merging.
///
/// # Errors
/// The database's own.
pub fn canonical_all(conn: &mut Conn, ids: &[PersonId]) -> Result<HashMap<PersonId, Person>, StoreError> {
    let mut known: HashMap<PersonId, Person> = HashMap::new();
    let mut wanted: Vec<PersonId> = ids.to_vec();
    while !wanted.is_empty() {
        known.extend(find_all(conn, &wanted)?.into_iter().map(|person| (person.id, person)));
        let next: HashSet<PersonId> = wanted
            .iter()
            .filter_map(|id| known.get(id).and_then(|person| person.merged_into))
            .filter(|id| !known.contains_key(id))
            .collect();
        wanted = next.into_iter().collect();
    }
    let end = |id: &PersonId| {
        let (mut current, mut seen) = (known.get(id)?, HashSet::new());
        while let Some(next) = current.merged_into.filter(|_| seen.insert(current.id)) {
            current = known.get(&next)?;
        }
        Some((*id, current.clone()))
    };
    Ok(ids.iter().filter_map(end).collect())
}

/// Whose an identity is, as recorded (not followed through merges).
///
/// # Errors
/// The database's own.
pub fn holder(conn: &mut Conn, identity: &Identity) -> Result<Option<KnownIdentity>, StoreError> {
    let row: Option<IdentityRow> = on!(conn, c => identities::table
        .filter(identities::identity_type.eq(identity.identity_type().word()).and(identities::value.eq(identity.value())))
        .select(IdentityRow::as_select())
        .first(c)
        .optional())?;
    row.map(known).transpose()
}

/// Whose identities are, as recorded; those that nobody holds are left out. One question a type: two lists at once
/// would be probed in every combination.
///
/// # Errors
/// The database's own.
pub fn holders(conn: &mut Conn, wanted: &[&Identity]) -> Result<Vec<KnownIdentity>, StoreError> {
    let mut by_type: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in wanted {
        by_type.entry(one.identity_type().word()).or_default().insert(one.value());
    }
    let mut found = Vec::new();
    for (identity_type, values) in by_type {
        let values: Vec<&str> = values.into_iter().collect();
        for some in values.chunks(MOST_VALUES) {
            let rows: Vec<IdentityRow> = on!(conn, c => identities::table
                .filter(identities::identity_type.eq(identity_type).and(identities::value.eq_any(some)))
                .select(IdentityRow::as_select())
                .load(c))?;
            found.extend(rows.into_iter().map(known).collect::<Result<Vec<_>, _>>()?);
        }
    }
    Ok(found)
}

/// Records new persons without a name, each with the one identity known of them.
///
/// # Errors
/// The database's own.
pub fn insert_strangers(
    conn: &mut Conn,
    new: &[(Uuid, KnownIdentity)],
    at: Instant,
) -> Result<(), StoreError> {
    let persons: Vec<PersonRow> = new.iter().map(|(_, known)| person_row(known.person, None, at)).collect();
    let identities: Vec<IdentityRow> = new.iter().map(|(id, known)| identity_row(*id, known, at)).collect();
    match conn {
        Conn::Postgres(c) => {
            diesel::copy_from(persons::table).from_insertable(&persons).execute(&mut **c)?;
            diesel::insert_into(identities::table)
                .values(&identities)
                .on_conflict_do_nothing()
                .execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            let table = persons::table;
            insert_each(c, &persons, |c, row| diesel::insert_into(table).values(row).execute(c))?;
            let table = identities::table;
            insert_each(c, &identities, |c, row| {
                diesel::insert_into(table).values(row).on_conflict_do_nothing().execute(c)
            })?;
        }
    }
    Ok(())
}

/// Records an identity; `false` when somebody holds it already.
///
/// # Errors
/// The database's own.
pub fn add_identity(
    conn: &mut Conn,
    id: Uuid,
    known: &KnownIdentity,
    at: Instant,
) -> Result<bool, StoreError> {
    let added = put_identity(conn, id, known, at)?;
    if added {
        ticket_search::renew_requester(conn, known.person)?;
    }
    Ok(added)
}

/// The row alone: of somebody who has tickets, the search must learn it, too.
fn put_identity(conn: &mut Conn, id: Uuid, known: &KnownIdentity, at: Instant) -> Result<bool, StoreError> {
    let row = identity_row(id, known, at);
    let added = on!(conn, c => diesel::insert_into(identities::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(added == 1)
}

/// The identities of persons, oldest first.
///
/// # Errors
/// The database's own.
pub fn identities_of(conn: &mut Conn, ids: &[PersonId]) -> Result<Vec<KnownIdentity>, StoreError> {
    let rows: Vec<IdentityRow> = on!(conn, c => identities::table
        .filter(identities::person_id.eq_any(ids.iter().map(|id| SqlId::from(*id))))
        .order((identities::created_at, identities::id))
        .select(IdentityRow::as_select())
        .load(c))?;
    rows.into_iter().map(known).collect()
}

/// Persons with this full name in any writing (case, accents, surname first), not merged away; at most `limit`.
///
/// # Errors
/// The database's own.
pub fn named(conn: &mut Conn, name: &str, limit: i64) -> Result<Vec<Person>, StoreError> {
    // Names recorded before keys were kept are found as they stand.
    let rows: Vec<PersonRow> = on!(conn, c => persons::table
        .filter(persons::name_key.eq(name_key(name)).or(persons::name.eq(name)))
        .filter(persons::merged_into.is_null())
        .order(persons::id)
        .limit(limit)
        .select(PersonRow::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Counts a change of what belongs to a person; `false` when the version is no longer that one.
///
/// # Errors
/// The database's own.
pub fn touch(conn: &mut Conn, id: PersonId, version: Option<i32>) -> Result<bool, StoreError> {
    let changed = on!(conn, c => {
        let mut change = diesel::update(persons::table.find(SqlId::from(id)))
            .set(persons::version.eq(persons::version + 1))
            .into_boxed();
        if let Some(version) = version {
            change = change.filter(persons::version.eq(version));
        }
        change.execute(c)
    })?;
    Ok(changed == 1)
}

/// Points a person at another, by a rule.
///
/// # Errors
/// The database's own.
pub fn merge(
    conn: &mut Conn,
    ledger: Id<Merge>,
    (from, into): (PersonId, PersonId),
    reason: &str,
    at: Instant,
    actor: &Actor,
) -> Result<(), StoreError> {
    point(conn, from, Some(into))?;
    let actor = serde_json::to_value(actor)?;
    on!(conn, c => diesel::insert_into(person_merges::table)
        .values((
            person_merges::id.eq(SqlId::from(ledger)),
            person_merges::from_id.eq(SqlId::from(from)),
            person_merges::into_id.eq(SqlId::from(into)),
            person_merges::at.eq(SqlInstant::from(at)),
            person_merges::actor.eq(actor),
            person_merges::reason.eq(reason),
        ))
        .execute(c))?;
    Ok(())
}

/// An entry of the merge ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeEntry {
    /// The entry.
    pub id: Id<Merge>,
    /// Who was pointed.
    pub from: PersonId,
    /// At whom.
    pub into: PersonId,
    /// When.
    pub at: Instant,
    /// By whom.
    pub actor: Actor,
    /// When it was undone.
    pub undone_at: Option<Instant>,
    /// By which rule.
    pub reason: String,
}

type MergeColumns = (SqlId, SqlId, SqlId, SqlInstant, serde_json::Value, Option<SqlInstant>, String);

fn merge_entry(row: MergeColumns) -> Result<MergeEntry, StoreError> {
    let (id, from, into, at, actor, undone_at, reason) = row;
    Ok(MergeEntry {
        id: id.into(),
        from: from.into(),
        into: into.into(),
        at: at.into(),
        actor: json("person_merges", id.0, actor)?,
        undone_at: opt(undone_at),
        reason,
    })
}

/// Reads one entry of the ledger.
///
/// # Errors
/// The database's own.
pub fn find_merge(conn: &mut Conn, id: Id<Merge>) -> Result<Option<MergeEntry>, StoreError> {
    let row: Option<MergeColumns> =
        on!(conn, c => person_merges::table.find(SqlId::from(id)).first(c).optional())?;
    row.map(merge_entry).transpose()
}

/// The merges in force at an instant.
///
/// # Errors
/// The database's own.
pub fn merges_at(conn: &mut Conn, at: Instant) -> Result<Vec<MergeEntry>, StoreError> {
    let at = SqlInstant::from(at);
    let rows: Vec<MergeColumns> = on!(conn, c => person_merges::table
        .filter(person_merges::at.le(at))
        .filter(person_merges::undone_at.is_null().or(person_merges::undone_at.gt(at)))
        .order((person_merges::at, person_merges::id))
        .load(c))?;
    rows.into_iter().map(merge_entry).collect()
}

/// Undoes a merge; `false` when it was undone before.
///
/// # Errors
/// The database's own.
pub fn undo_merge(conn: &mut Conn, entry: &MergeEntry, at: Instant) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(person_merges::table.find(SqlId::from(entry.id)))
        .filter(person_merges::undone_at.is_null())
        .set(person_merges::undone_at.eq(Some(SqlInstant::from(at))))
        .execute(c))?;
    if changed == 1 {
        point(conn, entry.from, None)?;
    }
    Ok(changed == 1)
}

fn point(conn: &mut Conn, from: PersonId, into: Option<PersonId>) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(persons::table.find(SqlId::from(from)))
        .set((persons::merged_into.eq(opt::<_, SqlId>(into)), persons::version.eq(persons::version + 1)))
        .execute(c))?;
    Ok(())
}

/// The merges in force that point one of these persons at another, oldest first.
///
/// # Errors
/// The database's own.
pub fn merges_of(conn: &mut Conn, from: &[PersonId]) -> Result<Vec<MergeEntry>, StoreError> {
    let from: Vec<SqlId> = from.iter().copied().map(SqlId::from).collect();
    let rows: Vec<MergeColumns> = on!(conn, c => person_merges::table
        .filter(person_merges::from_id.eq_any(&from).and(person_merges::undone_at.is_null()))
        .order((person_merges::at, person_merges::id))
        .load(c))?;
    rows.into_iter().map(merge_entry).collect()
}

/// Whether somebody has undone a merge between persons of two groups.
///
/// # Errors
/// The database's own.
pub fn was_undone(conn: &mut Conn, one: &[PersonId], other: &[PersonId]) -> Result<bool, StoreError> {
    let one: Vec<SqlId> = one.iter().copied().map(SqlId::from).collect();
    let other: Vec<SqlId> = other.iter().copied().map(SqlId::from).collect();
    let between = person_merges::from_id
        .eq_any(&one)
        .and(person_merges::into_id.eq_any(&other))
        .or(person_merges::from_id.eq_any(&other).and(person_merges::into_id.eq_any(&one)));
    let count: i64 = on!(conn, c => person_merges::table
        .filter(person_merges::undone_at.is_not_null())
        .filter(between)
        .count()
        .get_result(c))?;
    Ok(count > 0)
}

/// Persons whose pointer is not what the ledger says.
///
/// # Errors
/// The database's own.
pub fn misdirected(conn: &mut Conn) -> Result<Vec<PersonId>, StoreError> {
    let in_force = person_merges::from_id.eq(persons::id).and(person_merges::undone_at.is_null());
    let rows: Vec<(SqlId, Option<SqlId>, Option<SqlId>)> = on!(conn, c => persons::table
        .left_join(person_merges::table.on(in_force))
        .filter(persons::merged_into.is_not_null().or(person_merges::into_id.is_not_null()))
        .order(persons::id)
        .select((persons::id, persons::merged_into, person_merges::into_id.nullable()))
        .load(c))?;
    Ok(rows.into_iter().filter(|(_, points, ledger)| points != ledger).map(|(id, _, _)| id.into()).collect())
}
