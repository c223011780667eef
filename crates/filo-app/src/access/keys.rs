//! Integration keys: shown once, stored as hashes, for named scopes.

use filo_domain::{Instant, vocabulary::Word};
use filo_store::{
    access::{self, KeyRecord},
    audit,
};
use serde::Serialize;
use serde_json::json;

use super::users::check_name;
use crate::{App, AppError, Caller, Permission, Scope, mint};

/// With what every key begins.
pub(super) const KEY_PREFIX: &str = "filo_";

/// An integration key, shown once.
#[derive(Clone, Debug, Serialize)]
pub struct Issued {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub scopes: Vec<Scope>,
    /// The key itself, when it was just issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// When it was issued.
    pub created_at: Instant,
    /// When it ends.
    pub expires_at: Option<Instant>,
    /// The local day on which it was last used.
    pub last_used_day: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
    /// Counts the changes.
    #[serde(skip)]
    pub version: i32,
}

impl Issued {
    fn of(record: KeyRecord, key: Option<String>) -> Result<Self, AppError> {
        let scopes: Result<Vec<Scope>, _> =
            record.scopes.iter().map(|scope| Scope::parse_word(scope)).collect();
        Ok(Self {
            name: record.name,
            scopes: scopes.map_err(|error| AppError::internal("a key's scope", error))?,
            key,
            created_at: record.created_at,
            expires_at: record.expires_at,
            last_used_day: record.last_used_day,
            revoked_at: record.revoked_at,
            version: record.version,
        })
    }
}

impl App {
    /// Issues an integration key that does not end by itself; the key is in the answer, this once.
    ///
    /// # Errors
    /// As [`Self::issue_key_until`].
    pub async fn issue_key(
        &self,
        caller: &Caller,
        name: &str,
        scopes: Vec<Scope>,
        now: Instant,
    ) -> Result<Issued, AppError> {
        self.issue_key_until(caller, name, scopes, None, now).await
    }

    /// Issues an integration key; the key is in the answer, this once.
    ///
    /// # Errors
    /// A name taken, no scope, an end in the past, or the store's own.
    pub async fn issue_key_until(
        &self,
        caller: &Caller,
        name: &str,
        scopes: Vec<Scope>,
        expires_at: Option<Instant>,
        now: Instant,
    ) -> Result<Issued, AppError> {
        caller.must(Permission::Administer)?;
        check_name("/name", name)?;
        if scopes.is_empty() {
            return Err(AppError::invalid("/scopes", "give at least one scope"));
        }
        if expires_at.is_some_and(|end| end <= now) {
            return Err(AppError::invalid("/expires_at", "must be in the future"));
        }
        let key = new_key()?;
        let record = KeyRecord {
            id: mint::id(now),
            name: name.to_owned(),
            key_hash: mint::digest(&key),
            scopes: scopes.iter().map(|scope| scope.word().to_owned()).collect(),
            created_at: now,
            revoked_at: None,
            version: 1,
            expires_at,
            last_used_day: None,
        };
        let actor = caller.actor();
        self.db
            .write(move |conn| {
                if access::key_named(conn, &record.name)?.is_some() {
                    let detail = format!("there is a key {:?} already", record.name);
                    return Err(AppError::conflict("name-taken", detail));
                }
                access::insert_key(conn, &record)?;
                let data = json!({ "key": record.name, "scopes": record.scopes });
                audit::append(conn, now, &actor, "key_issued", data)?;
                Issued::of(record, Some(key))
            })
            .await
    }

    /// All keys, without the keys themselves.
    ///
    /// # Errors
    /// The store's own.
    pub async fn keys(&self, caller: &Caller) -> Result<Vec<Issued>, AppError> {
        caller.must(Permission::Administer)?;
        let keys = self.db.read(access::keys).await.map_err(AppError::Store)?;
        keys.into_iter().map(|key| Issued::of(key, None)).collect()
    }

    /// Gives a key in force a new secret, shown this once; the old one is refused from now on.
    ///
    /// # Errors
    /// Not found or revoked, stale, or the store's own.
    pub async fn rotate_key(
        &self,
        caller: &Caller,
        name: &str,
        version: Option<i32>,
        now: Instant,
    ) -> Result<Issued, AppError> {
        caller.must(Permission::Administer)?;
        let (actor, name, key) = (caller.actor(), name.to_owned(), new_key()?);
        self.db
            .write(move |conn| {
                let record = access::key_named(conn, &name)?.ok_or(AppError::NotFound("key"))?;
                must_be(&record, version)?;
                if !access::rotate_key(conn, &name, &mint::digest(&key))? {
                    return Err(AppError::conflict("key-revoked", "the key was revoked: issue another"));
                }
                audit::append(conn, now, &actor, "key_rotated", json!({ "key": name }))?;
                let record = access::key_named(conn, &name)?.ok_or(AppError::NotFound("key"))?;
                Issued::of(record, Some(key))
            })
            .await
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// Not found or revoked before, stale, or the store's own.
    pub async fn revoke_key(
        &self,
        caller: &Caller,
        name: &str,
        version: Option<i32>,
        now: Instant,
    ) -> Result<(), AppError> {
        caller.must(Permission::Administer)?;
        let (actor, name) = (caller.actor(), name.to_owned());
        self.db
            .write(move |conn| {
                let record = access::key_named(conn, &name)?.ok_or(AppError::NotFound("key"))?;
                must_be(&record, version)?;
                if !access::revoke_key(conn, &name, now)? {
                    return Err(AppError::NotFound("key"));
                }
                Ok(audit::append(conn, now, &actor, "key_revoked", json!({ "key": name }))?)
            })
            .await
    }

    /// Notes the day on which a key is used, once a day.
    pub(super) async fn note_use(&self, key: &KeyRecord, now: Instant) -> Result<(), AppError> {
        let day = self.core.city.zone.day(now).to_string();
        if key.last_used_day.as_deref() == Some(day.as_str()) {
            return Ok(());
        }
        let id = key.id;
        self.db.write(move |conn| access::note_key_use(conn, id, &day)).await.map_err(AppError::Store)
    }
}

fn new_key() -> Result<String, AppError> {
    Ok(format!("{KEY_PREFIX}{}", mint::secret()?))
}

fn must_be(record: &KeyRecord, version: Option<i32>) -> Result<(), AppError> {
    match version {
        Some(version) if version != record.version => Err(AppError::Stale(record.version)),
        Some(_) | None => Ok(()),
    }
}
