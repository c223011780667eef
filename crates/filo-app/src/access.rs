//! Who may in: log-in, access and refresh tokens, users and integration keys.
//!
//! Access tokens are JWTs of 15 minutes; refresh tokens rotate, and using one twice revokes everything that
//! descends from its log-in. A refused log-in never says what was wrong and takes as long for an unknown name.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use filo_domain::{Instant, UserId, event::Actor, vocabulary::Word};
use filo_store::{
    Conn, StoreError,
    access::{self, KeyRecord, RefreshToken, UserRecord},
    audit,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{App, AppError, Caller, Permission, Role, Scope, caller::Access, mint};

/// How long an access token lives, in seconds.
pub const ACCESS_S: i64 = 15 * 60;
/// How long a refresh token lives, in seconds.
const REFRESH_S: i64 = 12 * 3600;
const SHORTEST_PASSWORD: usize = 12;
const KEY_PREFIX: &str = "filo_";

/// Name and password.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The log-in name.
    pub username: String,
    /// The password.
    pub password: SecretString,
    /// The second factor, where the user has one.
    pub otp: Option<String>,
}

/// What a log-in gives.
#[derive(Clone, Debug, Serialize)]
pub struct Tokens {
    /// For the `Authorization: Bearer` header.
    pub access_token: String,
    /// To be exchanged for new tokens, once.
    pub refresh_token: String,
    /// How long the access token lives.
    pub expires_in_s: i64,
}

/// A user to be made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The log-in name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The unit of a specialist or supervisor.
    pub unit: Option<String>,
    /// The password, 12 characters at least.
    pub password: SecretString,
}

/// A user as administrators see it.
#[derive(Clone, Debug, Serialize)]
pub struct UserSummary {
    /// The id.
    pub id: UserId,
    /// The log-in name.
    pub name: String,
    /// The role.
    pub role: String,
    /// The unit.
    pub unit: Option<String>,
    /// When the user was made.
    pub created_at: Instant,
    /// When the user was disabled.
    pub disabled_at: Option<Instant>,
}

impl From<UserRecord> for UserSummary {
    fn from(user: UserRecord) -> Self {
        Self {
            id: user.id,
            name: user.name,
            role: user.role,
            unit: user.unit,
            created_at: user.created_at,
            disabled_at: user.disabled_at,
        }
    }
}

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
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    iat: i64,
    exp: i64,
}

impl App {
    /// Logs a user in.
    ///
    /// # Errors
    /// [`AppError::Credentials`], or the store's own.
    pub async fn login(&self, request: LoginRequest, now: Instant) -> Result<Tokens, AppError> {
        let name = request.username.clone();
        let user =
            self.db.read(move |conn| access::user_named(conn, &name)).await.map_err(AppError::Store)?;
        let usable = user.filter(|user| user.disabled_at.is_none());
        let stored = usable.as_ref().map(|user| user.password_hash.clone());
        let right = blocking(move || Ok(verify_password(&request.password, stored.as_deref()))).await?;
        let signing = self.core.clone();
        self.db
            .write(move |conn| {
                // Names of log-ins that failed are not kept: people type passwords into the wrong field.
                let Some(user) = usable.filter(|_| right) else {
                    audit::append(conn, now, &Actor::System, "login_refused", json!({}))?;
                    return Ok(None);
                };
                audit::append(conn, now, &Actor::User(user.id), "login", json!({}))?;
                tokens(conn, &signing.signing_key, user.id, mint::uuid(now), now).map(Some)
            })
            .await?
            .ok_or(AppError::Credentials)
    }

    /// Exchanges a refresh token; one that was exchanged before revokes its whole family.
    ///
    /// # Errors
    /// [`AppError::Credentials`], or the store's own.
    pub async fn refresh(&self, refresh_token: &str, now: Instant) -> Result<Tokens, AppError> {
        let (core, hash) = (self.core.clone(), mint::digest(refresh_token));
        self.db
            .write(move |conn| {
                let Some(token) = access::find_refresh(conn, &hash)? else { return Ok(None) };
                let usable =
                    access::find_user(conn, token.user)?.is_some_and(|user| user.disabled_at.is_none());
                if token.expires_at <= now || token.revoked_at.is_some() || !usable {
                    return Ok(None);
                }
                if !access::use_refresh(conn, token.id, now)? {
                    access::revoke_family(conn, token.family, now)?;
                    audit::append(conn, now, &Actor::User(token.user), "refresh_reused", json!({}))?;
                    return Ok(None);
                }
                tokens(conn, &core.signing_key, token.user, token.family, now).map(Some)
            })
            .await?
            .ok_or(AppError::Credentials)
    }

    /// Ends a log-in: every token that descends from it.
    ///
    /// # Errors
    /// The store's own; an unknown token is no error.
    pub async fn logout(&self, refresh_token: &str, now: Instant) -> Result<(), AppError> {
        let hash = mint::digest(refresh_token);
        self.db
            .write(move |conn| {
                if let Some(token) = access::find_refresh(conn, &hash)? {
                    access::revoke_family(conn, token.family, now)?;
                    audit::append(conn, now, &Actor::User(token.user), "logout", json!({}))?;
                }
                Ok::<_, StoreError>(())
            })
            .await
            .map_err(AppError::Store)
    }

    /// Who a bearer token or integration key is.
    ///
    /// # Errors
    /// [`AppError::Credentials`], or the store's own.
    pub async fn authenticate(&self, bearer: &str, now: Instant) -> Result<Caller, AppError> {
        if bearer.starts_with(KEY_PREFIX) {
            return self.key_caller(bearer).await;
        }
        let claims = self.claims(bearer, now)?;
        let user =
            self.db.read(move |conn| access::find_user(conn, claims.sub)).await.map_err(AppError::Store)?;
        let user = user.filter(|user| user.disabled_at.is_none()).ok_or(AppError::Credentials)?;
        let role =
            Role::parse_word(&user.role).map_err(|error| AppError::internal("a user's role", error))?;
        Ok(Caller { access: Access::User { id: user.id, role, unit: user.unit } })
    }

    fn claims(&self, bearer: &str, now: Instant) -> Result<Claims, AppError> {
        let key = DecodingKey::from_secret(self.core.signing_key.expose_secret());
        let mut validation = Validation::new(Algorithm::HS256);
        // The present is the caller's, not the library's.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let token = decode::<Claims>(bearer, &key, &validation).map_err(|_not_ours| AppError::Credentials)?;
        if token.claims.exp <= now.seconds() { Err(AppError::Credentials) } else { Ok(token.claims) }
    }

    async fn key_caller(&self, bearer: &str) -> Result<Caller, AppError> {
        let hash = mint::digest(bearer);
        let key = self.db.read(move |conn| access::find_key(conn, &hash)).await.map_err(AppError::Store)?;
        let key = key.filter(|key| key.revoked_at.is_none()).ok_or(AppError::Credentials)?;
        let scopes: Result<Vec<Scope>, _> = key.scopes.iter().map(|scope| Scope::parse_word(scope)).collect();
        let scopes = scopes.map_err(|error| AppError::internal("a key's scope", error))?;
        Ok(Caller { access: Access::Key { name: key.name, scopes } })
    }

    /// Makes a user.
    ///
    /// # Errors
    /// A name taken, an unknown unit, a short password.
    pub async fn add_user(
        &self,
        caller: &Caller,
        new: NewUser,
        now: Instant,
    ) -> Result<UserSummary, AppError> {
        caller.must(Permission::Administer)?;
        check_user(self, &new)?;
        let actor = caller.actor();
        let password = new.password.clone();
        let password_hash = blocking(move || hash_password(&password)).await?;
        let user = UserRecord {
            id: mint::id(now),
            name: new.name,
            role: new.role.word().to_owned(),
            unit: new.unit,
            password_hash,
            created_at: now,
            disabled_at: None,
        };
        self.db
            .write(move |conn| {
                if access::user_named(conn, &user.name)?.is_some() {
                    return Err(AppError::conflict(
                        "name-taken",
                        format!("there is a user {:?} already", user.name),
                    ));
                }
                access::insert_user(conn, &user)?;
                audit::append(
                    conn,
                    now,
                    &actor,
                    "user_added",
                    json!({ "user": user.id, "role": user.role }),
                )?;
                Ok(user.into())
            })
            .await
    }

    /// All users.
    ///
    /// # Errors
    /// The store's own.
    pub async fn users(&self, caller: &Caller) -> Result<Vec<UserSummary>, AppError> {
        caller.must(Permission::Administer)?;
        let users = self.db.read(access::users).await.map_err(AppError::Store)?;
        Ok(users.into_iter().map(Into::into).collect())
    }

    /// Disables a user and ends the user's log-ins.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn disable_user(&self, caller: &Caller, name: &str, now: Instant) -> Result<(), AppError> {
        caller.must(Permission::Administer)?;
        let (actor, name) = (caller.actor(), name.to_owned());
        self.db
            .write(move |conn| {
                let user = access::user_named(conn, &name)?.ok_or(AppError::NotFound("user"))?;
                access::disable_user(conn, user.id, now)?;
                access::revoke_user(conn, user.id, now)?;
                Ok(audit::append(conn, now, &actor, "user_disabled", json!({ "user": user.id }))?)
            })
            .await
    }

    /// Sets a user's password and ends the user's log-ins.
    ///
    /// # Errors
    /// Not found, a short password, or the store's own.
    pub async fn set_password(
        &self,
        caller: &Caller,
        name: &str,
        password: SecretString,
        now: Instant,
    ) -> Result<(), AppError> {
        caller.must(Permission::Administer)?;
        check_password(&password)?;
        let hash = blocking(move || hash_password(&password)).await?;
        let (actor, name) = (caller.actor(), name.to_owned());
        self.db
            .write(move |conn| {
                let user = access::user_named(conn, &name)?.ok_or(AppError::NotFound("user"))?;
                access::set_password(conn, user.id, &hash)?;
                access::revoke_user(conn, user.id, now)?;
                Ok(audit::append(conn, now, &actor, "password_set", json!({ "user": user.id }))?)
            })
            .await
    }

    /// Issues an integration key; the key is in the answer, this once.
    ///
    /// # Errors
    /// A name taken, no scope, or the store's own.
    pub async fn issue_key(
        &self,
        caller: &Caller,
        name: &str,
        scopes: Vec<Scope>,
        now: Instant,
    ) -> Result<Issued, AppError> {
        caller.must(Permission::Administer)?;
        check_name("/name", name)?;
        if scopes.is_empty() {
            return Err(AppError::invalid("/scopes", "give at least one scope"));
        }
        let key = format!("{KEY_PREFIX}{}", mint::secret()?);
        let record = KeyRecord {
            id: mint::id(now),
            name: name.to_owned(),
            key_hash: mint::digest(&key),
            scopes: scopes.iter().map(|scope| scope.word().to_owned()).collect(),
            created_at: now,
            revoked_at: None,
        };
        let actor = caller.actor();
        self.db
            .write(move |conn| {
                if access::keys(conn)?.iter().any(|known| known.name == record.name) {
                    return Err(AppError::conflict(
                        "name-taken",
                        format!("there is a key {:?} already", record.name),
                    ));
                }
                access::insert_key(conn, &record)?;
                audit::append(
                    conn,
                    now,
                    &actor,
                    "key_issued",
                    json!({ "key": record.name, "scopes": record.scopes }),
                )?;
                Ok(Issued { name: record.name, scopes, key: Some(key), created_at: now, revoked_at: None })
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
        let issued = |key: KeyRecord| {
            let scopes: Result<Vec<Scope>, _> =
                key.scopes.iter().map(|scope| Scope::parse_word(scope)).collect();
            let scopes = scopes.map_err(|error| AppError::internal("a key's scope", error))?;
            Ok(Issued {
                name: key.name,
                scopes,
                key: None,
                created_at: key.created_at,
                revoked_at: key.revoked_at,
            })
        };
        keys.into_iter().map(issued).collect()
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn revoke_key(&self, caller: &Caller, name: &str, now: Instant) -> Result<(), AppError> {
        caller.must(Permission::Administer)?;
        let (actor, name) = (caller.actor(), name.to_owned());
        self.db
            .write(move |conn| {
                if !access::revoke_key(conn, &name, now)? {
                    return Err(AppError::NotFound("key"));
                }
                Ok(audit::append(conn, now, &actor, "key_revoked", json!({ "key": name }))?)
            })
            .await
    }

    /// Claims an `Idempotency-Key`; what was answered under it when it was claimed before. A request that is in flight
    /// for longer than any takes was lost with its process, and may be made again.
    ///
    /// # Errors
    /// The store's own.
    pub async fn claim_idempotency(
        &self,
        principal: String,
        key: String,
        request_hash: String,
        now: Instant,
    ) -> Result<Option<access::Remembered>, AppError> {
        const KEPT_S: i64 = 86_400;
        const LONGEST_REQUEST_S: i64 = 300;
        self.db
            .write(move |conn| {
                access::claim_idempotency(
                    conn,
                    &principal,
                    &key,
                    &request_hash,
                    now,
                    (now.plus_seconds(-KEPT_S), now.plus_seconds(-LONGEST_REQUEST_S)),
                )
            })
            .await
            .map_err(AppError::Store)
    }

    /// Remembers the answer under an `Idempotency-Key`, or forgets the key when the answer is our failure.
    ///
    /// # Errors
    /// The store's own.
    pub async fn settle_idempotency(
        &self,
        (principal, key): (String, String),
        claimed_at: Instant,
        answer: Option<(u16, serde_json::Value, Vec<u8>)>,
    ) -> Result<(), AppError> {
        self.db
            .write(move |conn| match answer {
                Some((status, headers, body)) => {
                    access::remember(conn, (&principal, &key), claimed_at, status, &headers, &body)
                }
                None => access::forget(conn, (&principal, &key), claimed_at),
            })
            .await
            .map_err(AppError::Store)
    }
}

fn tokens(
    conn: &mut Conn,
    signing_key: &secrecy::SecretSlice<u8>,
    user: UserId,
    family: Uuid,
    now: Instant,
) -> Result<Tokens, AppError> {
    let claims = Claims { sub: user, iat: now.seconds(), exp: now.plus_seconds(ACCESS_S).seconds() };
    let key = EncodingKey::from_secret(signing_key.expose_secret());
    let access_token = encode(&Header::new(Algorithm::HS256), &claims, &key)
        .map_err(|error| AppError::internal("an access token could not be signed", error))?;
    let refresh_token = mint::secret()?;
    let stored = RefreshToken {
        id: mint::uuid(now),
        user,
        family,
        token_hash: mint::digest(&refresh_token),
        expires_at: now.plus_seconds(REFRESH_S),
        used_at: None,
        revoked_at: None,
    };
    access::insert_refresh(conn, &stored)?;
    Ok(Tokens { access_token, refresh_token, expires_in_s: ACCESS_S })
}

/// Slow hashes run where they block nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| AppError::internal("a password check stopped", error))?
}

fn hash_password(password: &SecretString) -> Result<String, AppError> {
    Argon2::default()
        .hash_password(password.expose_secret().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| AppError::internal("a password could not be hashed", error))
}

/// An unknown name costs the same time: its password is checked against a hash that nothing fits.
fn verify_password(password: &SecretString, stored: Option<&str>) -> bool {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let verified = PasswordHash::new(stored.unwrap_or(NOBODY)).is_ok_and(|hash| {
        Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
    });
    verified && stored.is_some()
}

fn check_user(app: &App, new: &NewUser) -> Result<(), AppError> {
    check_name("/name", &new.name)?;
    check_password(&new.password)?;
    if new.role == Role::Specialist && new.unit.is_none() {
        return Err(AppError::invalid("/unit", "a specialist belongs to a unit"));
    }
    match &new.unit {
        Some(unit) if app.core.city.units.get(unit).is_none() => {
            Err(AppError::invalid("/unit", format!("there is no unit {unit:?}: see GET /units")))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_name(pointer: &str, name: &str) -> Result<(), AppError> {
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fine) {
        return Err(AppError::invalid(
            pointer,
            "must have 1 to 64 letters, digits, dots, hyphens or underscores",
        ));
    }
    Ok(())
}

fn check_password(password: &SecretString) -> Result<(), AppError> {
    let length = password.expose_secret().chars().count();
    if !(SHORTEST_PASSWORD..=1024).contains(&length) {
        return Err(AppError::invalid(
            "/password",
            format!("must have {SHORTEST_PASSWORD} to 1024 characters"),
        ));
    }
    Ok(())
}
