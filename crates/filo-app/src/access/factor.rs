//! The second factor: codes of an authenticator app (RFC 6238), and recovery codes for the day it is lost.
//!
//! **Invariant:** a code is accepted once. The secret is shown once, and stored encrypted with a key that is derived
//! from the signing key; recovery codes are stored as authentication codes.

use std::net::IpAddr;

use filo_domain::{Instant, UserId};
use filo_store::{
    Conn,
    access::{self, UserRecord},
    audit,
    factors::{self, Factor},
};
use serde::Serialize;
use serde_json::json;
use totp_rs::{Algorithm, Builder, Totp};

use super::throttle::{self, Door, Knock};
use crate::{App, AppError, Caller, Core, Permission, mint};

/// How many recovery codes there are.
const CODES: usize = 10;
const PURPOSE: &str = "totp-secret";

/// A factor that was begun: shown this once.
#[derive(Clone, Debug, Serialize)]
pub struct Enrolment {
    /// The secret in base 32, to be typed into an authenticator app.
    pub secret: String,
    /// The same with name and issuer, to be shown as a QR code.
    pub otpauth_uri: String,
}

/// The recovery codes, shown this once.
#[derive(Clone, Debug, Serialize)]
pub struct RecoveryCodes {
    /// Each is good for one log-in in place of a code of the app.
    pub recovery_codes: Vec<String>,
}

/// What a user has of a second factor.
#[derive(Clone, Debug, Serialize)]
pub struct FactorView {
    /// Whether log-ins ask for it.
    pub enrolled: bool,
    /// Since when.
    pub enrolled_at: Option<Instant>,
    /// How many recovery codes were not used.
    pub recovery_codes_left: i64,
    /// Whether the user's role must have one.
    pub required: bool,
    /// Changes when the factor does.
    #[serde(skip)]
    pub version: i32,
}

impl App {
    /// Begins the caller's own factor, in place of one that was never confirmed.
    ///
    /// # Errors
    /// A factor that is confirmed already, or the store's own.
    pub async fn begin_factor(&self, caller: &Caller, now: Instant) -> Result<Enrolment, AppError> {
        let (id, core) = (enroller(caller)?, self.core.clone());
        let secret = mint::random::<20>()?;
        self.db
            .write(move |conn| {
                let user = access::find_user(conn, id)?.ok_or(AppError::Credentials)?;
                let totp = totp(&core, &secret, &user.name)?;
                let sealed = mint::seal(&core.signing_key, PURPOSE, &id.to_string(), &secret)?;
                if !factors::begin(conn, id, sealed, now)? {
                    let detail = "there is a second factor already: remove it first";
                    return Err(AppError::conflict("totp-enrolled", detail));
                }
                let uri = totp.to_url().map_err(|error| AppError::internal("an otpauth URI", error))?;
                Ok(Enrolment { secret: totp.secret().to_base32(), otpauth_uri: uri })
            })
            .await
    }

    /// Confirms the caller's own factor by a code of the app; gives the recovery codes, this once.
    ///
    /// # Errors
    /// No factor begun, a wrong code, too many of them, or the store's own.
    pub async fn confirm_factor(
        &self,
        caller: &Caller,
        otp: &str,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<RecoveryCodes, AppError> {
        let (id, core, otp) = (enroller(caller)?, self.core.clone(), otp.to_owned());
        let codes = (0..CODES).map(|_| mint::code()).collect::<Result<Vec<_>, _>>()?;
        let door = self.heard(id, address, now).await?;
        self.db
            .write(move |conn| {
                let factor = factors::find(conn, id)?.filter(|factor| factor.confirmed_at.is_none());
                let Some(factor) = factor else {
                    throttle::take_back(conn, &door, now)?;
                    let detail = "no second factor was begun: POST /auth/totp";
                    return Ok(Err(AppError::conflict("totp-not-begun", detail)));
                };
                if !accepts_code(conn, &core, &factor, otp.trim(), now)? {
                    return Ok(Err(AppError::invalid("/otp", "is not the code of this moment")));
                }
                throttle::take_back(conn, &door, now)?;
                let hashes: Vec<String> = codes.iter().map(|code| code_hash(&core, id, code)).collect();
                factors::confirm(conn, id, &hashes, now)?;
                audit::append(conn, now, &filo_domain::event::Actor::User(id), "totp_enrolled", json!({}))?;
                Ok::<_, AppError>(Ok(RecoveryCodes { recovery_codes: codes }))
            })
            .await?
    }

    /// What the caller has of a second factor.
    ///
    /// # Errors
    /// The store's own.
    pub async fn factor(&self, caller: &Caller) -> Result<FactorView, AppError> {
        let (id, core) = (enroller(caller)?, self.core.clone());
        self.db
            .read(move |conn| {
                let user = access::find_user(conn, id)?.ok_or(AppError::Credentials)?;
                view(conn, &core, &user)
            })
            .await
    }

    /// Takes the caller's own factor away, by a code of it.
    ///
    /// # Errors
    /// No factor, a wrong code, too many of them, or the store's own.
    pub async fn remove_factor(
        &self,
        caller: &Caller,
        version: i32,
        otp: &str,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<(), AppError> {
        caller.must(Permission::OwnAccount)?;
        let (id, core, otp) = (enroller(caller)?, self.core.clone(), otp.to_owned());
        let door = self.heard(id, address, now).await?;
        let actor = caller.actor();
        self.db
            .write(move |conn| {
                let user = access::find_user(conn, id)?.ok_or(AppError::Credentials)?;
                let present = view(conn, &core, &user)?.version;
                let factor = factors::find(conn, id)?.filter(|factor| factor.confirmed_at.is_some());
                let Some(factor) = factor.filter(|_| present == version) else {
                    throttle::take_back(conn, &door, now)?;
                    return Ok(Err(AppError::Stale(present)));
                };
                if !accepts(conn, &core, &factor, &otp, now)? {
                    audit::append(conn, now, &actor, "otp_refused", json!({}))?;
                    return Ok(Err(AppError::SecondFactor("otp-refused")));
                }
                throttle::take_back(conn, &door, now)?;
                factors::remove(conn, id)?;
                audit::append(conn, now, &actor, "totp_removed", json!({ "user": id }))?;
                Ok::<_, AppError>(Ok(()))
            })
            .await?
    }

    /// Takes a user's factor away, whose device and codes are lost, and ends the user's log-ins.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn reset_factor(&self, caller: &Caller, name: &str, now: Instant) -> Result<(), AppError> {
        caller.must(Permission::Administer)?;
        self.with_user(caller, name, move |conn, caller, user| {
            factors::remove(conn, user.id)?;
            access::revoke_user(conn, user.id, now)?;
            Ok(audit::append(conn, now, &caller.actor(), "totp_reset", json!({ "user": user.id }))?)
        })
        .await
    }

    /// Counts an attempt of somebody who is logged in, whose token may be stolen.
    pub(super) async fn heard(
        &self,
        id: UserId,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<Door, AppError> {
        let core = self.core.clone();
        self.db
            .write(move |conn| {
                let user = access::find_user(conn, id)?.ok_or(AppError::Credentials)?;
                let door = Door::of(&core, &user.name, address);
                match throttle::knock(conn, &core.access, &door, now)? {
                    Knock::Heard { .. } => Ok(door),
                    Knock::Refused { retry_after_s } => Err(AppError::TooMany { retry_after_s }),
                }
            })
            .await
    }
}

/// The user who may have a factor of the own.
fn enroller(caller: &Caller) -> Result<UserId, AppError> {
    caller.must(Permission::EnrolFactor)?;
    caller.user().ok_or(AppError::Forbidden(Permission::EnrolFactor.words()))
}

pub(super) fn view(conn: &mut Conn, core: &Core, user: &UserRecord) -> Result<FactorView, AppError> {
    let factor = factors::find(conn, user.id)?;
    let enrolled_at = factor.as_ref().and_then(|factor| factor.confirmed_at);
    let since = factor.map_or(0, |factor| factor.created_at.seconds());
    Ok(FactorView {
        enrolled: enrolled_at.is_some(),
        enrolled_at,
        recovery_codes_left: factors::codes_left(conn, user.id)?,
        required: super::needs_factor(core, user)?,
        // Any number that another factor does not have.
        version: i32::try_from(since.rem_euclid(1 << 29) * 2 + i64::from(enrolled_at.is_some())).unwrap_or(0),
    })
}

/// Whether a code of the app or a recovery code is good, and was not used; it is used now.
pub(super) fn accepts(
    conn: &mut Conn,
    core: &Core,
    factor: &Factor,
    otp: &str,
    now: Instant,
) -> Result<bool, AppError> {
    let typed: String = otp.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if typed.chars().all(|c| c.is_ascii_digit()) {
        return accepts_code(conn, core, factor, &typed, now);
    }
    let hash = code_hash(core, factor.user, &typed.to_uppercase());
    let used = factors::use_code(conn, factor.user, &hash, now)?;
    if used {
        let actor = filo_domain::event::Actor::User(factor.user);
        audit::append(conn, now, &actor, "recovery_code_used", json!({}))?;
    }
    Ok(used)
}

fn accepts_code(
    conn: &mut Conn,
    core: &Core,
    factor: &Factor,
    otp: &str,
    now: Instant,
) -> Result<bool, AppError> {
    let secret = mint::unseal(&core.signing_key, PURPOSE, &factor.user.to_string(), &factor.secret)?;
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let Some(step) = totp(core, &secret, "")?.check(otp, seconds) else { return Ok(false) };
    Ok(factors::use_step(conn, factor.user, i64::try_from(step).unwrap_or(i64::MAX))?)
}

/// Six digits, steps of 30 s, one step of tolerance, SHA-1: what every authenticator app speaks.
fn totp(core: &Core, secret: &[u8], account: &str) -> Result<Totp, AppError> {
    let plain = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(secret)
        .with_account_name(plain(account))
        .with_issuer(Some(plain(&core.access.issuer)))
        .build()
        .map_err(|error| AppError::internal("a second factor", error))
}

/// Fast to compute: codes have 50 random bits, and the key that they are stored under is not in the database.
fn code_hash(core: &Core, user: UserId, code: &str) -> String {
    mint::tag(&core.signing_key, "recovery-code", &format!("{user} {code}"), 64)
}

#[cfg(test)]
mod tests {
    use totp_rs::{Algorithm, Builder};

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, SHA-1.
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(8)
            .with_secret(b"12345678901234567890".as_slice())
            .build()
            .unwrap();
        for (at, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(totp.generate(at).to_string(), code);
        }
    }
}
