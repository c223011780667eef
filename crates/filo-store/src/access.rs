//! Users, refresh tokens, integration keys and idempotency keys. Secrets are here as hashes alone.

mod idempotency;
mod keys;

use diesel::prelude::*;
use filo_domain::{Instant, UserId};
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{refresh_tokens, users},
    sql_types::{SqlId, SqlInstant, opt},
};

pub use self::{
    idempotency::{Remembered, claim_idempotency, forget, remember},
    keys::{Key, KeyRecord, find_key, insert_key, key_named, keys, note_key_use, revoke_key, rotate_key},
};

/// A user as stored; the role is a word of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// The id.
    pub id: UserId,
    /// The log-in name.
    pub name: String,
    /// The role.
    pub role: String,
    /// The unit, for a specialist or supervisor.
    pub unit: Option<String>,
    /// The argon2id hash in PHC form.
    pub password_hash: String,
    /// When the user was made.
    pub created_at: Instant,
    /// When the user was disabled.
    pub disabled_at: Option<Instant>,
    /// Counts the changes.
    pub version: i32,
    /// The name shown to colleagues.
    pub display_name: Option<String>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
struct UserRow {
    id: SqlId,
    name: String,
    role: String,
    unit: Option<String>,
    password_hash: String,
    created_at: SqlInstant,
    disabled_at: Option<SqlInstant>,
    version: i32,
    display_name: Option<String>,
}

impl From<UserRow> for UserRecord {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            role: row.role,
            unit: row.unit,
            password_hash: row.password_hash,
            created_at: row.created_at.into(),
            disabled_at: opt(row.disabled_at),
            version: row.version,
            display_name: row.display_name,
        }
    }
}

/// Records a user; a name taken is [`StoreError::Conflict`].
///
/// # Errors
/// The database's own.
pub fn insert_user(conn: &mut Conn, user: &UserRecord) -> Result<(), StoreError> {
    let user = user.clone();
    let row = UserRow {
        id: user.id.into(),
        name: user.name,
        role: user.role,
        unit: user.unit,
        password_hash: user.password_hash,
        created_at: user.created_at.into(),
        disabled_at: opt(user.disabled_at),
        version: user.version,
        display_name: user.display_name,
    };
    on!(conn, c => diesel::insert_into(users::table).values(&row).execute(c))?;
    Ok(())
}

/// Reads a user by id.
///
/// # Errors
/// The database's own.
pub fn find_user(conn: &mut Conn, id: UserId) -> Result<Option<UserRecord>, StoreError> {
    let row: Option<UserRow> =
        on!(conn, c => users::table.find(SqlId::from(id)).select(UserRow::as_select()).first(c).optional())?;
    Ok(row.map(Into::into))
}

/// Reads a user by log-in name.
///
/// # Errors
/// The database's own.
pub fn user_named(conn: &mut Conn, name: &str) -> Result<Option<UserRecord>, StoreError> {
    let row: Option<UserRow> = on!(conn, c => users::table
        .filter(users::name.eq(name))
        .select(UserRow::as_select())
        .first(c)
        .optional())?;
    Ok(row.map(Into::into))
}

/// All users by name.
///
/// # Errors
/// The database's own.
pub fn users(conn: &mut Conn) -> Result<Vec<UserRecord>, StoreError> {
    let rows: Vec<UserRow> =
        on!(conn, c => users::table.order(users::name).select(UserRow::as_select()).load(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The users of a unit who are not disabled, oldest first.
///
/// # Errors
/// The database's own.
pub fn users_of_unit(conn: &mut Conn, unit: &str) -> Result<Vec<UserRecord>, StoreError> {
    let rows: Vec<UserRow> = on!(conn, c => users::table
        .filter(users::unit.eq(unit).and(users::disabled_at.is_null()))
        .order((users::created_at, users::id))
        .select(UserRow::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The users of these names who are not disabled.
///
/// # Errors
/// The database's own.
pub fn users_named(conn: &mut Conn, names: &[String]) -> Result<Vec<UserRecord>, StoreError> {
    let rows: Vec<UserRow> = on!(conn, c => users::table
        .filter(users::name.eq_any(names).and(users::disabled_at.is_null()))
        .order(users::name)
        .select(UserRow::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Writes a user's role, unit, shown name and version.
///
/// # Errors
/// The database's own.
pub fn change_user(conn: &mut Conn, user: &UserRecord) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(users::table.find(SqlId::from(user.id)))
        .set((
            users::role.eq(&user.role),
            users::unit.eq(&user.unit),
            users::display_name.eq(&user.display_name),
            users::version.eq(user.version),
        ))
        .execute(c))?;
    Ok(())
}

/// How many users of a role may log in.
///
/// # Errors
/// The database's own.
pub fn enabled_with_role(conn: &mut Conn, role: &str) -> Result<i64, StoreError> {
    let count = on!(conn, c => users::table
        .filter(users::role.eq(role))
        .filter(users::disabled_at.is_null())
        .count()
        .get_result(c))?;
    Ok(count)
}

/// Changes a user's password.
///
/// # Errors
/// The database's own.
pub fn set_password(conn: &mut Conn, id: UserId, password_hash: &str) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(users::table.find(SqlId::from(id)))
        .set(users::password_hash.eq(password_hash))
        .execute(c))?;
    Ok(())
}

/// Disables a user.
///
/// # Errors
/// The database's own.
pub fn disable_user(conn: &mut Conn, id: UserId, at: Instant) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(users::table.find(SqlId::from(id)))
        .filter(users::disabled_at.is_null())
        .set((users::disabled_at.eq(Some(SqlInstant::from(at))), users::version.eq(users::version + 1)))
        .execute(c))?;
    Ok(())
}

/// Takes back that a user was disabled.
///
/// # Errors
/// The database's own.
pub fn enable_user(conn: &mut Conn, id: UserId) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(users::table.find(SqlId::from(id)))
        .filter(users::disabled_at.is_not_null())
        .set((users::disabled_at.eq(None::<SqlInstant>), users::version.eq(users::version + 1)))
        .execute(c))?;
    Ok(())
}

/// A refresh token of a family that began with one log-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// The log-in it descends from.
    pub family: Uuid,
    /// The hash of the token.
    pub token_hash: String,
    /// When it ends.
    pub expires_at: Instant,
    /// When it was exchanged.
    pub used_at: Option<Instant>,
    /// When its family was revoked.
    pub revoked_at: Option<Instant>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_tokens, treat_none_as_default_value = false)]
struct RefreshRow {
    id: SqlId,
    user_id: SqlId,
    family_id: SqlId,
    token_hash: String,
    expires_at: SqlInstant,
    used_at: Option<SqlInstant>,
    revoked_at: Option<SqlInstant>,
}

/// Keeps a refresh token.
///
/// # Errors
/// The database's own.
pub fn insert_refresh(conn: &mut Conn, token: &RefreshToken) -> Result<(), StoreError> {
    let row = RefreshRow {
        id: SqlId(token.id),
        user_id: token.user.into(),
        family_id: SqlId(token.family),
        token_hash: token.token_hash.clone(),
        expires_at: token.expires_at.into(),
        used_at: opt(token.used_at),
        revoked_at: opt(token.revoked_at),
    };
    on!(conn, c => diesel::insert_into(refresh_tokens::table).values(&row).execute(c))?;
    Ok(())
}

/// Reads a refresh token by its hash.
///
/// # Errors
/// The database's own.
pub fn find_refresh(conn: &mut Conn, token_hash: &str) -> Result<Option<RefreshToken>, StoreError> {
    let row: Option<RefreshRow> = on!(conn, c => refresh_tokens::table
        .filter(refresh_tokens::token_hash.eq(token_hash))
        .select(RefreshRow::as_select())
        .first(c)
        .optional())?;
    Ok(row.map(|row| RefreshToken {
        id: row.id.0,
        user: row.user_id.into(),
        family: row.family_id.0,
        token_hash: row.token_hash,
        expires_at: row.expires_at.into(),
        used_at: opt(row.used_at),
        revoked_at: opt(row.revoked_at),
    }))
}

/// Marks a token as exchanged; `false` when it was before (somebody stole it, or asks twice).
///
/// # Errors
/// The database's own.
pub fn use_refresh(conn: &mut Conn, id: Uuid, at: Instant) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(refresh_tokens::table.find(SqlId(id)))
        .filter(refresh_tokens::used_at.is_null().and(refresh_tokens::revoked_at.is_null()))
        .set(refresh_tokens::used_at.eq(Some(SqlInstant::from(at))))
        .execute(c))?;
    Ok(changed == 1)
}

/// Revokes every token that descends from one log-in.
///
/// # Errors
/// The database's own.
pub fn revoke_family(conn: &mut Conn, family: Uuid, at: Instant) -> Result<(), StoreError> {
    if let Conn::Postgres(c) = conn {
        // A token that is being exchanged at this moment has a successor that only a later statement sees.
        let members = refresh_tokens::table.filter(refresh_tokens::family_id.eq(SqlId(family)));
        let _waited: Vec<SqlId> = members.select(refresh_tokens::id).for_update().load(&mut **c)?;
    }
    on!(conn, c => diesel::update(refresh_tokens::table.filter(refresh_tokens::family_id.eq(SqlId(family))))
        .filter(refresh_tokens::revoked_at.is_null())
        .set(refresh_tokens::revoked_at.eq(Some(SqlInstant::from(at))))
        .execute(c))?;
    Ok(())
}

/// Whether a log-in has a token that was neither exchanged nor revoked and is still good.
///
/// # Errors
/// The database's own.
pub fn family_lasts(conn: &mut Conn, family: Uuid, now: Instant) -> Result<bool, StoreError> {
    let good: i64 = on!(conn, c => refresh_tokens::table
        .filter(refresh_tokens::family_id.eq(SqlId(family)))
        .filter(refresh_tokens::used_at.is_null().and(refresh_tokens::revoked_at.is_null()))
        .filter(refresh_tokens::expires_at.gt(SqlInstant::from(now)))
        .count()
        .get_result(c))?;
    Ok(good > 0)
}

/// Revokes every token of a user.
///
/// # Errors
/// The database's own.
pub fn revoke_user(conn: &mut Conn, user: UserId, at: Instant) -> Result<(), StoreError> {
    if let Conn::Postgres(c) = conn {
        // As for a family.
        let members = refresh_tokens::table.filter(refresh_tokens::user_id.eq(SqlId::from(user)));
        let _waited: Vec<SqlId> = members.select(refresh_tokens::id).for_update().load(&mut **c)?;
    }
    on!(conn, c => diesel::update(refresh_tokens::table.filter(refresh_tokens::user_id.eq(SqlId::from(user))))
        .filter(refresh_tokens::revoked_at.is_null())
        .set(refresh_tokens::revoked_at.eq(Some(SqlInstant::from(at))))
        .execute(c))?;
    Ok(())
}
