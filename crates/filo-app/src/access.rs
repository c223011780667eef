//! Who may in: log-in, access and refresh tokens.
//!
//! Access tokens are JWTs of 15 minutes; refresh tokens rotate, and using one twice revokes everything that
//! descends from its log-in. A refused log-in never says what was wrong and takes as long for an unknown name.

mod factor;
mod idempotency;
mod keys;
mod oidc;
mod own;
mod pages;
mod password;
mod policy;
mod throttle;
mod users;

use std::net::IpAddr;

use filo_domain::{Instant, UserId, event::Actor, vocabulary::Word};
use filo_store::{
    Conn, StoreError,
    access::{self, KeyRecord, RefreshToken, UserRecord},
    audit, factors,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

pub use self::{
    factor::{Enrolment, FactorView, RecoveryCodes},
    keys::Issued,
    oidc::{
        Challenge, Grant, IdentityProvider, OIDC_PATIENCE_S, Oidc, ProviderError, Returned, StaffIdentity,
        Started,
    },
    own::Me,
    pages::PageSession,
    policy::AccessPolicy,
    users::{NewUser, UserChange, UserSummary},
};
use self::{
    keys::KEY_PREFIX,
    password::{blocking, verify},
    throttle::{Door, Knock},
};
use crate::{App, AppError, Caller, Core, Role, Scope, caller::Access, mint};

/// How long an access token lives, in seconds.
pub const ACCESS_S: i64 = 15 * 60;
/// How long a refresh token lives, in seconds.
const REFRESH_S: i64 = 12 * 3600;

/// Name and password.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The log-in name.
    pub username: String,
    /// The password.
    pub password: SecretString,
    /// The second factor, where the user has one: the code of the device, or a recovery code.
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
    /// Whether the tokens are good for enrolling the second factor alone, which the user's role must have.
    pub enrolment_only: bool,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    iat: i64,
    exp: i64,
    /// Good for enrolling the second factor alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    enrol: bool,
    /// Good for the pages alone, while this log-in lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<Uuid>,
}

/// How a log-in ended, once the password was looked at.
enum Judged {
    In(Box<Tokens>),
    Refused(AppError),
}

impl App {
    /// Logs a user in from nowhere in particular: tests, and the demo.
    ///
    /// # Errors
    /// As [`Self::login_from`].
    pub async fn login(&self, request: LoginRequest, now: Instant) -> Result<Tokens, AppError> {
        self.login_from(request, None, now).await
    }

    /// Logs a user in who asks from an address.
    ///
    /// # Errors
    /// [`AppError::Credentials`], [`AppError::SecondFactor`] where the password is right, [`AppError::TooMany`]
    /// after failures, or the store's own.
    pub async fn login_from(
        &self,
        request: LoginRequest,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<Tokens, AppError> {
        let door = Door::of(&self.core, &request.username, address);
        let name = request.username.clone();
        let (policy, at_door) = (self.core.access.clone(), door.clone());
        let (knock, user) = self
            .db
            .write(move |conn| {
                let knock = throttle::knock(conn, &policy, &at_door, now)?;
                Ok::<_, AppError>((knock, access::user_named(conn, &name)?))
            })
            .await?;
        if let Knock::Refused { retry_after_s } = knock {
            return Err(AppError::TooMany { retry_after_s });
        }
        let usable = user.filter(|user| user.disabled_at.is_none());
        let stored = usable.as_ref().map(|user| user.password_hash.clone());
        let right = blocking(move || Ok(verify(&request.password, stored.as_deref()))).await?;
        let core = self.core.clone();
        let judged = self
            .db
            .write(move |conn| match usable {
                Some(user) if right => enter(conn, &core, &door, &user, request.otp.as_deref(), now),
                known => {
                    turn_away(conn, &door, known.map(|user| user.id), &knock, now)?;
                    Ok(Judged::Refused(AppError::Credentials))
                }
            })
            .await?;
        match judged {
            Judged::In(tokens) => Ok(*tokens),
            Judged::Refused(error) => Err(error),
        }
    }

    /// Exchanges a refresh token; one that was exchanged before revokes its whole family.
    ///
    /// # Errors
    /// [`AppError::Credentials`], or the store's own.
    pub async fn refresh(&self, refresh_token: &str, now: Instant) -> Result<Tokens, AppError> {
        let (core, hash) = (self.core.clone(), mint::digest(refresh_token));
        self.db
            .write(move |conn| {
                let Some(token) = find_refresh(conn, &hash)? else { return Ok(None) };
                let user = access::find_user(conn, token.user)?.filter(|user| user.disabled_at.is_none());
                let Some(user) = user else { return Ok(None) };
                if token.expires_at <= now || token.revoked_at.is_some() {
                    return Ok(None);
                }
                if !access::use_refresh(conn, token.id, now)? {
                    access::revoke_family(conn, token.family, now)?;
                    audit::append(conn, now, &Actor::User(token.user), "refresh_reused", json!({}))?;
                    return Ok(None);
                }
                tokens(conn, &core, &user, token.family, now).map(Some)
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
                if let Some(token) = find_refresh(conn, &hash)? {
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
            return self.key_caller(bearer, now).await;
        }
        let claims = self.claims(bearer, now)?;
        if claims.page.is_some() {
            return Err(AppError::Credentials);
        }
        let user =
            self.db.read(move |conn| access::find_user(conn, claims.sub)).await.map_err(AppError::Store)?;
        let user = user.filter(|user| user.disabled_at.is_none()).ok_or(AppError::Credentials)?;
        if claims.enrol {
            return Ok(Caller { access: Access::Enrolling { id: user.id } });
        }
        Ok(Caller { access: Access::User { id: user.id, role: role(&user)?, unit: user.unit } })
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

    async fn key_caller(&self, bearer: &str, now: Instant) -> Result<Caller, AppError> {
        let hash = mint::digest(bearer);
        let wanted = hash.clone();
        let key = self.db.read(move |conn| access::find_key(conn, &wanted)).await.map_err(AppError::Store)?;
        let valid = |key: &KeyRecord| {
            mint::same(&key.key_hash, &hash)
                && key.revoked_at.is_none()
                && key.expires_at.is_none_or(|end| end > now)
        };
        let key = key.filter(valid).ok_or(AppError::Credentials)?;
        let scopes: Result<Vec<Scope>, _> = key.scopes.iter().map(|scope| Scope::parse_word(scope)).collect();
        let scopes = scopes.map_err(|error| AppError::internal("a key's scope", error))?;
        self.note_use(&key, now).await?;
        Ok(Caller { access: Access::Key { name: key.name, scopes } })
    }
}

/// Lets in whose password was right, unless the second factor says no.
fn enter(
    conn: &mut Conn,
    core: &Core,
    door: &Door,
    user: &UserRecord,
    otp: Option<&str>,
    now: Instant,
) -> Result<Judged, AppError> {
    let actor = Actor::User(user.id);
    if let Some(factor) = factors::find(conn, user.id)?.filter(|factor| factor.confirmed_at.is_some()) {
        let Some(otp) = otp else {
            throttle::take_back(conn, door, now)?;
            return Ok(Judged::Refused(AppError::SecondFactor("otp-required")));
        };
        if !factor::accepts(conn, core, &factor, otp, now)? {
            audit::append(conn, now, &actor, "otp_refused", json!({}))?;
            return Ok(Judged::Refused(AppError::SecondFactor("otp-refused")));
        }
    }
    throttle::welcome(conn, door, now)?;
    audit::append(conn, now, &actor, "login", json!({}))?;
    Ok(Judged::In(Box::new(tokens(conn, core, user, mint::uuid(now), now)?)))
}

/// Names of log-ins that failed are not kept: people type passwords into the wrong field.
fn turn_away(
    conn: &mut Conn,
    door: &Door,
    known: Option<UserId>,
    knock: &Knock,
    now: Instant,
) -> Result<(), AppError> {
    audit::append(conn, now, &Actor::System, "login_refused", json!({}))?;
    if let Knock::Heard { locks: true } = knock {
        // The account's code tells locks of one name from those of another without telling the name.
        let account = door.account.get(..16).unwrap_or_default();
        audit::append(
            conn,
            now,
            &Actor::System,
            "login_locked",
            json!({ "user": known, "account": account }),
        )?;
    }
    Ok(())
}

fn find_refresh(conn: &mut Conn, hash: &str) -> Result<Option<RefreshToken>, StoreError> {
    Ok(access::find_refresh(conn, hash)?.filter(|token| mint::same(&token.token_hash, hash)))
}

fn role(user: &UserRecord) -> Result<Role, AppError> {
    Role::parse_word(&user.role).map_err(|error| AppError::internal("a user's role", error))
}

/// Whether the user must have a second factor here. Who has no password logs in at the identity provider alone, whose
/// own factors count where the settings say so.
fn needs_factor(core: &Core, user: &UserRecord) -> Result<bool, AppError> {
    let elsewhere =
        user.password_hash.is_empty() && core.oidc.as_ref().is_some_and(|oidc| oidc.second_factor);
    Ok(!elsewhere && core.access.totp_required_for.contains(&role(user)?))
}

/// Until when a refresh token is good. Who has no password goes back to the identity provider after the log-in's own
/// twelve hours, however often tokens were exchanged: it is the provider that knows who has left.
fn session_end(user: &UserRecord, family: Uuid, now: Instant) -> Instant {
    let begun = family.get_timestamp().filter(|_| user.password_hash.is_empty());
    let begun = begun.and_then(|begun| i64::try_from(begun.to_unix().0).ok());
    begun
        .map_or(now, |seconds| Instant::from_micros(seconds.saturating_mul(1_000_000)))
        .plus_seconds(REFRESH_S)
}

/// Tokens of a user's log-in; for enrolment alone while the role must have a second factor and the user has none.
fn tokens(
    conn: &mut Conn,
    core: &Core,
    user: &UserRecord,
    family: Uuid,
    now: Instant,
) -> Result<Tokens, AppError> {
    let enrol = needs_factor(core, user)?
        && factors::find(conn, user.id)?.is_none_or(|factor| factor.confirmed_at.is_none());
    let exp = now.plus_seconds(ACCESS_S).seconds();
    let access_token = signed(core, &Claims { sub: user.id, iat: now.seconds(), exp, enrol, page: None })?;
    let refresh_token = mint::secret()?;
    let stored = RefreshToken {
        id: mint::uuid(now),
        user: user.id,
        family,
        token_hash: mint::digest(&refresh_token),
        expires_at: session_end(user, family, now),
        used_at: None,
        revoked_at: None,
    };
    access::insert_refresh(conn, &stored)?;
    Ok(Tokens { access_token, refresh_token, expires_in_s: ACCESS_S, enrolment_only: enrol })
}

fn signed(core: &Core, claims: &Claims) -> Result<String, AppError> {
    let key = EncodingKey::from_secret(core.signing_key.expose_secret());
    encode(&Header::new(Algorithm::HS256), claims, &key)
        .map_err(|error| AppError::internal("a token could not be signed", error))
}
