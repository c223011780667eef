//! Users, refresh tokens, integration keys and idempotency keys. Secrets are here as hashes alone.

use diesel::prelude::*;
use filo_domain::{Instant, UserId, id::Id};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{api_keys, idempotency_keys, refresh_tokens, users},
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::json,
};

/// Names an integration key.
pub enum Key {}

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
        .set(users::disabled_at.eq(Some(SqlInstant::from(at))))
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
    on!(conn, c => diesel::update(refresh_tokens::table.filter(refresh_tokens::family_id.eq(SqlId(family))))
        .filter(refresh_tokens::revoked_at.is_null())
        .set(refresh_tokens::revoked_at.eq(Some(SqlInstant::from(at))))
        .execute(c))?;
    Ok(())
}

/// Revokes every token of a user.
///
/// # Errors
/// The database's own.
pub fn revoke_user(conn: &mut Conn, user: UserId, at: Instant) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(refresh_tokens::table.filter(refresh_tokens::user_id.eq(SqlId::from(user))))
        .filter(refresh_tokens::revoked_at.is_null())
        .set(refresh_tokens::revoked_at.eq(Some(SqlInstant::from(at))))
        .execute(c))?;
    Ok(())
}

/// An integration key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its id.
    pub id: Id<Key>,
    /// Its name.
    pub name: String,
    /// The hash of the key.
    pub key_hash: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was issued.
    pub created_at: Instant,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
}

type KeyColumns = (SqlId, String, String, Value, SqlInstant, Option<SqlInstant>);

fn key_record(row: KeyColumns) -> Result<KeyRecord, StoreError> {
    let (id, name, key_hash, scopes, created_at, revoked_at) = row;
    let scopes = json("api_keys", id.0, scopes)?;
    Ok(KeyRecord {
        id: id.into(),
        name,
        key_hash,
        scopes,
        created_at: created_at.into(),
        revoked_at: opt(revoked_at),
    })
}

/// Records a key; a name taken is [`StoreError::Conflict`].
///
/// # Errors
/// The database's own.
pub fn insert_key(conn: &mut Conn, key: &KeyRecord) -> Result<(), StoreError> {
    on!(conn, c => diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(SqlId::from(key.id)),
            api_keys::name.eq(&key.name),
            api_keys::key_hash.eq(&key.key_hash),
            api_keys::scopes.eq(Value::from(key.scopes.clone())),
            api_keys::created_at.eq(SqlInstant::from(key.created_at)),
        ))
        .execute(c))?;
    Ok(())
}

/// Reads a key by its hash.
///
/// # Errors
/// The database's own.
pub fn find_key(conn: &mut Conn, key_hash: &str) -> Result<Option<KeyRecord>, StoreError> {
    let row: Option<KeyColumns> =
        on!(conn, c => api_keys::table.filter(api_keys::key_hash.eq(key_hash)).first(c).optional())?;
    row.map(key_record).transpose()
}

/// All keys by name.
///
/// # Errors
/// The database's own.
pub fn keys(conn: &mut Conn) -> Result<Vec<KeyRecord>, StoreError> {
    let rows: Vec<KeyColumns> = on!(conn, c => api_keys::table.order(api_keys::name).load(c))?;
    rows.into_iter().map(key_record).collect()
}

/// Revokes a key by name; `false` when there is none in force.
///
/// # Errors
/// The database's own.
pub fn revoke_key(conn: &mut Conn, name: &str, at: Instant) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(api_keys::table.filter(api_keys::name.eq(name)))
        .filter(api_keys::revoked_at.is_null())
        .set(api_keys::revoked_at.eq(Some(SqlInstant::from(at))))
        .execute(c))?;
    Ok(changed == 1)
}

/// A request remembered by its `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The hash of method, path and body.
    pub request_hash: String,
    /// The status answered; `None` while in flight.
    pub status: Option<u16>,
    /// The headers answered, as JSON object.
    pub headers: Value,
    /// The body answered.
    pub body: Vec<u8>,
}

/// Claims an idempotency key; what was remembered under it when it was claimed before. Keys older than
/// `forget_before` are forgotten first; one still in flight that was claimed before `lost_before` belonged to a process
/// that is gone, and is claimed anew by the same request.
///
/// # Errors
/// The database's own.
pub fn claim_idempotency(
    conn: &mut Conn,
    principal: &str,
    key: &str,
    request_hash: &str,
    now: Instant,
    (forget_before, lost_before): (Instant, Instant),
) -> Result<Option<Remembered>, StoreError> {
    on!(conn, c => diesel::delete(idempotency_keys::table
        .filter(idempotency_keys::created_at.lt(SqlInstant::from(forget_before))))
        .execute(c))?;
    let inserted = on!(conn, c => diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::principal.eq(principal),
            idempotency_keys::key.eq(key),
            idempotency_keys::request_hash.eq(request_hash),
            idempotency_keys::headers.eq(Value::Null),
            idempotency_keys::created_at.eq(SqlInstant::from(now)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    if inserted == 1 || take_over(conn, principal, key, request_hash, now, lost_before)? {
        return Ok(None);
    }
    let row: (String, Option<i32>, Value, Option<Vec<u8>>) = on!(conn, c => idempotency_keys::table
        .find((principal, key))
        .select((idempotency_keys::request_hash, idempotency_keys::status, idempotency_keys::headers, idempotency_keys::body))
        .first(c))?;
    Ok(Some(Remembered {
        request_hash: row.0,
        status: row.1.and_then(|status| u16::try_from(status).ok()),
        headers: row.2,
        body: row.3.unwrap_or_default(),
    }))
}

/// Claims a key anew that has been in flight for too long; of several at once, one does.
fn take_over(
    conn: &mut Conn,
    principal: &str,
    key: &str,
    request_hash: &str,
    now: Instant,
    lost_before: Instant,
) -> Result<bool, StoreError> {
    let taken = on!(conn, c => diesel::update(idempotency_keys::table
        .find((principal, key))
        .filter(idempotency_keys::request_hash.eq(request_hash))
        .filter(idempotency_keys::status.is_null())
        .filter(idempotency_keys::created_at.lt(SqlInstant::from(lost_before))))
        .set(idempotency_keys::created_at.eq(SqlInstant::from(now)))
        .execute(c))?;
    Ok(taken == 1)
}

/// Remembers the answer given under a key, unless the claim made at `claimed_at` was taken over meanwhile.
///
/// # Errors
/// The database's own.
pub fn remember(
    conn: &mut Conn,
    (principal, key): (&str, &str),
    claimed_at: Instant,
    status: u16,
    headers: &Value,
    body: &[u8],
) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(idempotency_keys::table
        .find((principal, key))
        .filter(idempotency_keys::created_at.eq(SqlInstant::from(claimed_at))))
        .set((
            idempotency_keys::status.eq(Some(i32::from(status))),
            idempotency_keys::headers.eq(headers),
            idempotency_keys::body.eq(Some(body)),
        ))
        .execute(c))?;
    Ok(())
}

/// Forgets a key whose request did nothing, so that it can be used again, unless the claim made at `claimed_at` was
/// taken over meanwhile.
///
/// # Errors
/// The database's own.
pub fn forget(
    conn: &mut Conn,
    (principal, key): (&str, &str),
    claimed_at: Instant,
) -> Result<(), StoreError> {
    on!(conn, c => diesel::delete(idempotency_keys::table
        .find((principal, key))
        .filter(idempotency_keys::created_at.eq(SqlInstant::from(claimed_at))))
        .execute(c))?;
    Ok(())
}
