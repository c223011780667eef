//! Identities one by one: verified, taken away, and claimed by somebody who does not hold them.
//!
//! **Invariant:** an identity has one holder, whom every contact with it joins. A *claim* says that another person
//! uses it too; it moves no contact. When the holder gives it up the oldest claim takes its place.

use diesel::prelude::*;
use filo_domain::{
    Instant, PersonId,
    identity::Identity,
    vocabulary::{IdentityType, Word},
};
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    conn::on,
    persons::{IdentityRow, KnownIdentity, identity_row},
    schema::{identities, identity_claims},
    sql_types::SqlId,
    sql_words::word,
};

/// An identity that a person holds or claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its id, the same before and after a claim takes the place of what was held.
    pub id: Uuid,
    /// Of whom it was said.
    pub person: PersonId,
    /// The normalised identity.
    pub identity: Identity,
    /// Whether somebody proved it.
    pub verified: bool,
    /// Whether another person holds it.
    pub claimed: bool,
    /// Since when.
    pub created_at: Instant,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = identity_claims, treat_none_as_default_value = false)]
struct ClaimRow {
    id: SqlId,
    person_id: SqlId,
    identity_type: String,
    value: String,
    verified: bool,
    created_at: crate::sql_types::SqlInstant,
}

impl From<IdentityRow> for ClaimRow {
    fn from(row: IdentityRow) -> Self {
        Self {
            id: row.id,
            person_id: row.person_id,
            identity_type: row.identity_type,
            value: row.value,
            verified: row.verified,
            created_at: row.created_at,
        }
    }
}

fn said(row: ClaimRow, claimed: bool) -> Result<Said, StoreError> {
    let identity_type: IdentityType = word("identities", row.id.0, &row.identity_type)?;
    Ok(Said {
        id: row.id.0,
        person: row.person_id.into(),
        identity: Identity::stored(identity_type, row.value),
        verified: row.verified,
        claimed,
        created_at: row.created_at.into(),
    })
}

/// What these persons hold and claim, oldest first.
///
/// # Errors
/// The database's own.
pub fn of_persons(conn: &mut Conn, ids: &[PersonId]) -> Result<Vec<Said>, StoreError> {
    let ids: Vec<SqlId> = ids.iter().copied().map(SqlId::from).collect();
    let held: Vec<IdentityRow> = on!(conn, c => identities::table
        .filter(identities::person_id.eq_any(&ids))
        .select(IdentityRow::as_select())
        .load(c))?;
    let claimed: Vec<ClaimRow> = on!(conn, c => identity_claims::table
        .filter(identity_claims::person_id.eq_any(&ids))
        .select(ClaimRow::as_select())
        .load(c))?;
    let held = held.into_iter().map(|row| said(row.into(), false));
    let mut all: Vec<Said> =
        held.chain(claimed.into_iter().map(|row| said(row, true))).collect::<Result<_, _>>()?;
    all.sort_by_key(|one| (one.created_at, one.id));
    Ok(all)
}

/// One, held or claimed.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Said>, StoreError> {
    let held: Option<IdentityRow> = on!(conn, c => identities::table
        .find(SqlId(id))
        .select(IdentityRow::as_select())
        .first(c)
        .optional())?;
    if let Some(row) = held {
        return said(row.into(), false).map(Some);
    }
    let claimed: Option<ClaimRow> = on!(conn, c => identity_claims::table
        .find(SqlId(id))
        .select(ClaimRow::as_select())
        .first(c)
        .optional())?;
    claimed.map(|row| said(row, true)).transpose()
}

/// The one that its holder has.
///
/// # Errors
/// The database's own.
pub fn held(conn: &mut Conn, identity: &Identity) -> Result<Option<Said>, StoreError> {
    let row: Option<IdentityRow> = on!(conn, c => identities::table
        .filter(identities::identity_type.eq(identity.identity_type().word()).and(identities::value.eq(identity.value())))
        .select(IdentityRow::as_select())
        .first(c)
        .optional())?;
    row.map(|row| said(row.into(), false)).transpose()
}

/// Who claims an identity, oldest first.
///
/// # Errors
/// The database's own.
pub fn claims_on(conn: &mut Conn, identity: &Identity) -> Result<Vec<Said>, StoreError> {
    let rows: Vec<ClaimRow> = on!(conn, c => identity_claims::table
        .filter(identity_claims::identity_type.eq(identity.identity_type().word()).and(identity_claims::value.eq(identity.value())))
        .order((identity_claims::created_at, identity_claims::id))
        .select(ClaimRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| said(row, true)).collect()
}

/// Says that a person uses what another holds; `false` when it was said before.
///
/// # Errors
/// The database's own.
pub fn claim(conn: &mut Conn, id: Uuid, claimed: &KnownIdentity, at: Instant) -> Result<bool, StoreError> {
    let row = ClaimRow::from(identity_row(id, claimed, at));
    let added = on!(conn, c => diesel::insert_into(identity_claims::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(added == 1)
}

/// Says whether somebody proved it.
///
/// # Errors
/// The database's own.
pub fn set_verified(conn: &mut Conn, one: &Said, verified: bool) -> Result<(), StoreError> {
    if one.claimed {
        on!(conn, c => diesel::update(identity_claims::table.find(SqlId(one.id)))
            .set(identity_claims::verified.eq(verified))
            .execute(c))?;
    } else {
        on!(conn, c => diesel::update(identities::table.find(SqlId(one.id)))
            .set(identities::verified.eq(verified))
            .execute(c))?;
    }
    Ok(())
}

/// Takes it away; of what was held the oldest claim becomes the holder's.
///
/// # Errors
/// The database's own.
pub fn remove(conn: &mut Conn, one: &Said) -> Result<(), StoreError> {
    if one.claimed {
        on!(conn, c => diesel::delete(identity_claims::table.find(SqlId(one.id))).execute(c))?;
        return Ok(());
    }
    on!(conn, c => diesel::delete(identities::table.find(SqlId(one.id))).execute(c))?;
    crate::ticket_search::renew_requester(conn, one.person)?;
    let Some(heir) = claims_on(conn, &one.identity)?.into_iter().next() else { return Ok(()) };
    on!(conn, c => diesel::delete(identity_claims::table.find(SqlId(heir.id))).execute(c))?;
    let known = KnownIdentity { person: heir.person, identity: heir.identity, verified: heir.verified };
    crate::persons::add_identity(conn, heir.id, &known, heir.created_at)?;
    Ok(())
}
