//! Integration keys, as hashes alone.

use diesel::prelude::*;
use filo_domain::{Instant, id::Id};
use serde_json::Value;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::api_keys,
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::json,
};

/// Names an integration key.
pub enum Key {}

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
    /// Counts the changes.
    pub version: i32,
    /// When it ends by itself.
    pub expires_at: Option<Instant>,
    /// The local day on which it was last used.
    pub last_used_day: Option<String>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
struct KeyRow {
    id: SqlId,
    name: String,
    key_hash: String,
    scopes: Value,
    created_at: SqlInstant,
    revoked_at: Option<SqlInstant>,
    version: i32,
    expires_at: Option<SqlInstant>,
    last_used_day: Option<String>,
}

fn record(row: KeyRow) -> Result<KeyRecord, StoreError> {
    Ok(KeyRecord {
        id: row.id.into(),
        name: row.name,
        key_hash: row.key_hash,
        scopes: json("api_keys", row.id.0, row.scopes)?,
        created_at: row.created_at.into(),
        revoked_at: opt(row.revoked_at),
        version: row.version,
        expires_at: opt(row.expires_at),
        last_used_day: row.last_used_day,
    })
}

/// Records a key; a name taken is [`StoreError::Conflict`].
///
/// # Errors
/// The database's own.
pub fn insert_key(conn: &mut Conn, key: &KeyRecord) -> Result<(), StoreError> {
    let row = KeyRow {
        id: key.id.into(),
        name: key.name.clone(),
        key_hash: key.key_hash.clone(),
        scopes: Value::from(key.scopes.clone()),
        created_at: key.created_at.into(),
        revoked_at: opt(key.revoked_at),
        version: key.version,
        expires_at: opt(key.expires_at),
        last_used_day: key.last_used_day.clone(),
    };
    on!(conn, c => diesel::insert_into(api_keys::table).values(&row).execute(c))?;
    Ok(())
}

/// Reads a key by its hash.
///
/// # Errors
/// The database's own.
pub fn find_key(conn: &mut Conn, key_hash: &str) -> Result<Option<KeyRecord>, StoreError> {
    let row: Option<KeyRow> = on!(conn, c => api_keys::table
        .filter(api_keys::key_hash.eq(key_hash))
        .select(KeyRow::as_select())
        .first(c)
        .optional())?;
    row.map(record).transpose()
}

/// Reads a key by its name.
///
/// # Errors
/// The database's own.
pub fn key_named(conn: &mut Conn, name: &str) -> Result<Option<KeyRecord>, StoreError> {
    let row: Option<KeyRow> = on!(conn, c => api_keys::table
        .filter(api_keys::name.eq(name))
        .select(KeyRow::as_select())
        .first(c)
        .optional())?;
    row.map(record).transpose()
}

/// All keys by name.
///
/// # Errors
/// The database's own.
pub fn keys(conn: &mut Conn) -> Result<Vec<KeyRecord>, StoreError> {
    let rows: Vec<KeyRow> =
        on!(conn, c => api_keys::table.order(api_keys::name).select(KeyRow::as_select()).load(c))?;
    rows.into_iter().map(record).collect()
}

/// Gives a key in force another hash; `false` when it was revoked.
///
/// # Errors
/// The database's own.
pub fn rotate_key(conn: &mut Conn, name: &str, key_hash: &str) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(api_keys::table.filter(api_keys::name.eq(name)))
        .filter(api_keys::revoked_at.is_null())
        .set((api_keys::key_hash.eq(key_hash), api_keys::version.eq(api_keys::version + 1)))
        .execute(c))?;
    Ok(changed == 1)
}

/// Revokes a key by name; `false` when there is none in force.
///
/// # Errors
/// The database's own.
pub fn revoke_key(conn: &mut Conn, name: &str, at: Instant) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(api_keys::table.filter(api_keys::name.eq(name)))
        .filter(api_keys::revoked_at.is_null())
        .set((
            api_keys::revoked_at.eq(Some(SqlInstant::from(at))),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .execute(c))?;
    Ok(changed == 1)
}

/// Notes the day on which a key was used.
///
/// # Errors
/// The database's own.
pub fn note_key_use(conn: &mut Conn, id: Id<Key>, day: &str) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(api_keys::table.find(SqlId::from(id)))
        .set(api_keys::last_used_day.eq(Some(day)))
        .execute(c))?;
    Ok(())
}
