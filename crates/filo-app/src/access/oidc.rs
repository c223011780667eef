//! Log-in of staff at the organisation's identity provider (OpenID Connect, authorisation code with PKCE).
//!
//! **Invariant:** an answer of the provider is taken once, by the browser that asked, within ten minutes. Users are
//! known by issuer and subject, never by name: a name of the provider takes over no account that is here. Who has no
//! group with a role stays out, and what such a person had goes.

mod accounts;

use std::sync::Arc;

use async_trait::async_trait;
use filo_domain::{Instant, UserId, event::Actor};
use filo_store::{
    Conn,
    access::{self, UserRecord},
    audit,
    oidc::{self, LoginCode, UnderWay},
};
use serde_json::json;

use self::accounts::Known;
use super::{Tokens, tokens};
use crate::{App, AppError, Core, Role, mint};

/// How long a log-in may be under way, in seconds.
pub const OIDC_PATIENCE_S: i64 = 600;
/// How long a code of ours may be exchanged, in seconds.
const CODE_S: i64 = 60;
const PURPOSE: &str = "oidc-verifier";

/// Who the provider says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffIdentity {
    /// The provider.
    pub issuer: String,
    /// Who it is there, for ever.
    pub subject: String,
    /// What the person is called in log-ins.
    pub username: Option<String>,
    /// What colleagues call the person.
    pub display_name: Option<String>,
    /// The groups.
    pub groups: Vec<String>,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The provider cannot be reached, does not make sense, or does not know Filo.
    #[error("the identity provider cannot be used: {0}")]
    Away(String),
    /// The provider, or the check of its answer, refuses the person.
    #[error("the identity provider's answer was refused: {0}")]
    Refused(String),
}

/// What one log-in sends to the provider and expects back.
#[derive(Clone)]
pub struct Challenge {
    /// Given back by the browser.
    pub state: String,
    /// Given back in the ID token.
    pub nonce: String,
    /// Proves that who exchanges the code is who asked for it; only its hash leaves at first (S256).
    pub verifier: String,
}

/// The organisation's identity provider.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Where to send the browser.
    async fn authorization_url(&self, challenge: &Challenge, now: Instant) -> Result<String, ProviderError>;
    /// Exchanges a code for an identity whose token's signature, issuer, audience, nonce and time were checked.
    async fn redeem(
        &self,
        code: &str,
        challenge: &Challenge,
        now: Instant,
    ) -> Result<StaffIdentity, ProviderError>;
}

/// What a group of the provider may do here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The group.
    pub group: String,
    /// The role.
    pub role: Role,
    /// The unit.
    pub unit: Option<String>,
}

/// The provider, and what its groups may do here.
#[derive(Clone)]
pub struct Oidc {
    /// The provider.
    pub provider: Arc<dyn IdentityProvider>,
    /// The first group that fits decides.
    pub grants: Vec<Grant>,
    /// The page that is given a code for the tokens; without one the tokens are the answer.
    pub return_to: Option<String>,
    /// Whether a log-in there is complete for roles that must have a second factor.
    pub second_factor: bool,
}

/// A log-in that begins.
pub struct Started {
    /// Where to send the browser.
    pub url: String,
    /// What the browser keeps.
    pub cookie: String,
}

/// How a log-in ends.
pub enum Returned {
    /// With tokens.
    Tokens(Tokens),
    /// At a page, whose address has a code.
    Page(String),
}

/// What the transaction of a log-in decided: a refusal is noted, so it is no error there.
enum Judged<T> {
    In(T),
    Out(AppError),
}

impl<T> Judged<T> {
    fn into_result(self) -> Result<T, AppError> {
        match self {
            Self::In(it) => Ok(it),
            Self::Out(error) => Err(error),
        }
    }
}

impl App {
    fn oidc(&self) -> Result<&Oidc, AppError> {
        self.core.oidc.as_ref().ok_or(AppError::NotFound("identity provider"))
    }

    /// Begins a log-in at the provider.
    ///
    /// # Errors
    /// No provider, a provider that is away, or the store's own.
    pub async fn oidc_start(&self, now: Instant) -> Result<Started, AppError> {
        let oidc = self.oidc()?;
        let challenge =
            Challenge { state: mint::secret()?, nonce: mint::secret()?, verifier: mint::secret()? };
        let url = oidc.provider.authorization_url(&challenge, now).await.map_err(away)?;
        let cookie = mint::secret()?;
        let state_hash = mint::digest(&challenge.state);
        let key = &self.core.signing_key;
        let login = UnderWay {
            verifier: mint::seal(key, PURPOSE, &state_hash, challenge.verifier.as_bytes())?,
            state_hash,
            cookie_hash: mint::digest(&cookie),
            nonce: challenge.nonce,
            created_at: now,
        };
        let forget = now.plus_seconds(-OIDC_PATIENCE_S);
        self.db.write(move |conn| oidc::begin(conn, login, forget)).await.map_err(AppError::Store)?;
        Ok(Started { url, cookie })
    }

    /// Ends a log-in with what the browser brings back from the provider: the state, and a code unless it refused.
    ///
    /// # Errors
    /// [`AppError::Credentials`] for what is not of this browser, too old or refused there, [`AppError::NoGroup`] for
    /// a person none of whose groups may do anything here, a provider that is away, or the store's own.
    pub async fn oidc_return(
        &self,
        (state, code): (&str, Option<&str>),
        cookie: &str,
        now: Instant,
    ) -> Result<Returned, AppError> {
        let oidc = self.oidc()?.clone();
        let challenge = self.taken(state, mint::digest(cookie), now).await?;
        let Some(code) = code else { return self.turned_away("no_code", AppError::Credentials, now).await };
        let identity = match oidc.provider.redeem(code, &challenge, now).await {
            Ok(identity) => identity,
            Err(ProviderError::Refused(why)) => {
                tracing::warn!(why, "an identity provider's answer was refused");
                return self.turned_away("answer_refused", AppError::Credentials, now).await;
            }
            Err(error @ ProviderError::Away(_)) => return Err(away(error)),
        };
        let (core, code, cookie_hash) = (self.core.clone(), mint::secret()?, mint::digest(cookie));
        let judged = self
            .db
            .write(move |conn| match judge(conn, &oidc.grants, &identity, now)? {
                Judged::Out(error) => Ok(Judged::Out(error)),
                Judged::In(user) => {
                    let kept = LoginCode {
                        code_hash: mint::digest(&code),
                        cookie_hash,
                        user: user.id,
                        created_at: now,
                    };
                    let page = oidc.return_to.as_deref().map(|page| with_code(page, &code));
                    let_in(conn, &core, &user, page.map(|page| (page, kept)), now).map(Judged::In)
                }
            })
            .await;
        match judged {
            // An account that cannot be made or changed as the groups say: nothing was.
            Err(error @ AppError::Conflict { code, .. }) => self.turned_away(code, error, now).await,
            judged => judged?.into_result(),
        }
    }

    /// Gives the tokens for a code of ours, once, to the browser that logged in.
    ///
    /// # Errors
    /// [`AppError::Credentials`], or the store's own.
    pub async fn oidc_exchange(&self, code: &str, cookie: &str, now: Instant) -> Result<Tokens, AppError> {
        self.oidc()?;
        let (core, hash, cookie_hash) = (self.core.clone(), mint::digest(code), mint::digest(cookie));
        let judged = self
            .db
            .write(move |conn| {
                let own = |kept: &LoginCode| {
                    mint::same(&kept.cookie_hash, &cookie_hash) && kept.created_at > now.plus_seconds(-CODE_S)
                };
                let Some(kept) = oidc::take_code(conn, &hash)?.filter(own) else {
                    return refuse(conn, None, "code_refused", AppError::Credentials, now);
                };
                match access::find_user(conn, kept.user)?.filter(|user| user.disabled_at.is_none()) {
                    Some(user) => tokens(conn, &core, &user, mint::uuid(now), now).map(Judged::In),
                    None => refuse(conn, Some(kept.user), "disabled", AppError::Credentials, now),
                }
            })
            .await?;
        judged.into_result()
    }

    /// The challenge of a log-in, if it is this browser's and not too old; it is taken in any case.
    async fn taken(&self, state: &str, cookie_hash: String, now: Instant) -> Result<Challenge, AppError> {
        let hash = mint::digest(state);
        let taken = self.db.write(move |conn| oidc::take(conn, &hash)).await.map_err(AppError::Store)?;
        let own = taken.filter(|login| {
            mint::same(&login.cookie_hash, &cookie_hash)
                && login.created_at > now.plus_seconds(-OIDC_PATIENCE_S)
        });
        let Some(login) = own else {
            return self.turned_away("not_begun_here", AppError::Credentials, now).await;
        };
        let verifier = mint::unseal(&self.core.signing_key, PURPOSE, &login.state_hash, &login.verifier)?;
        let verifier =
            String::from_utf8(verifier).map_err(|error| AppError::internal("a verifier of ours", error))?;
        Ok(Challenge { state: state.to_owned(), nonce: login.nonce, verifier })
    }

    async fn turned_away<T: Send + 'static>(
        &self,
        why: &'static str,
        error: AppError,
        now: Instant,
    ) -> Result<T, AppError> {
        self.db.write(move |conn| refuse(conn, None, why, error, now)).await?.into_result()
    }
}

/// Who comes in, by the first of the grants whose group the person has.
fn judge(
    conn: &mut Conn,
    grants: &[Grant],
    identity: &StaffIdentity,
    now: Instant,
) -> Result<Judged<UserRecord>, AppError> {
    let Some(grant) = grants.iter().find(|grant| identity.groups.contains(&grant.group)) else {
        let known = oidc::user_of(conn, &identity.issuer, &identity.subject)?;
        if let Some(user) = known {
            access::revoke_user(conn, user, now)?;
        }
        return refuse(conn, known, "no_group", AppError::NoGroup, now);
    };
    match accounts::known(conn, identity, grant, now)? {
        Known::User(user) => Ok(Judged::In(user)),
        Known::Disabled(user) => refuse(conn, Some(user), "disabled", AppError::Credentials, now),
    }
}

/// Tokens, or a code for the page that wants one.
fn let_in(
    conn: &mut Conn,
    core: &Core,
    user: &UserRecord,
    page: Option<(String, LoginCode)>,
    now: Instant,
) -> Result<Returned, AppError> {
    audit::append(conn, now, &Actor::User(user.id), "login", json!({ "by": "oidc" }))?;
    match page {
        Some((page, code)) => {
            oidc::keep_code(conn, code, now.plus_seconds(-CODE_S))?;
            Ok(Returned::Page(page))
        }
        None => tokens(conn, core, user, mint::uuid(now), now).map(Returned::Tokens),
    }
}

fn with_code(page: &str, code: &str) -> String {
    let sign = if page.contains('?') { '&' } else { '?' };
    format!("{page}{sign}code={code}")
}

/// Notes why somebody did not come in.
fn refuse<T>(
    conn: &mut Conn,
    user: Option<UserId>,
    why: &str,
    error: AppError,
    now: Instant,
) -> Result<Judged<T>, AppError> {
    let data = json!({ "by": "oidc", "why": why, "user": user });
    audit::append(conn, now, &Actor::System, "login_refused", data)?;
    Ok(Judged::Out(error))
}

fn away(error: ProviderError) -> AppError {
    tracing::error!(%error, "a log-in at the identity provider failed");
    AppError::Away("identity provider")
}
