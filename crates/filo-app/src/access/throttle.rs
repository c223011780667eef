//! How often one may try to log in.
//!
//! An attempt is counted before the password is looked at, and taken back when it was right: attempts at the same
//! time, on several servers, are all counted. Each pair of account and address waits longer after each failure and is
//! locked after some; the account has a ceiling over all addresses, which an address from which it logged in before
//! does not mind, so that nobody can lock a user out from elsewhere.
//!
//! **Invariant:** a name that no user has is treated like every other.

use std::net::IpAddr;

use filo_domain::Instant;
use filo_store::{
    Conn, StoreError,
    attempts::{self, Attempts},
};

use super::AccessPolicy;
use crate::{App, AppError, Core, mint};

/// Failures after which one has to wait, twice as long each time.
const PATIENCE: i32 = 3;
/// The longest of these waits, in seconds.
const LONGEST_WAIT_S: i64 = 300;
/// How many times the failures of one address an account bears from all.
const CEILING: u32 = 10;
/// Failures are forgotten after a quiet day, in seconds.
const FORGOTTEN_S: i64 = 86_400;
/// An address is known to an account so long after its last log-in, in seconds.
const KNOWN_S: i64 = 90 * 86_400;

/// Where somebody knocks: an account from an address, both as authentication codes.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) account: String,
    pair: String,
}

impl Door {
    pub(super) fn of(core: &Core, name: &str, address: Option<IpAddr>) -> Self {
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        let pair = format!("{address}\0{name}");
        Self { account: account(core, name), pair: mint::tag(&core.signing_key, "login-pair", &pair, 64) }
    }
}

fn account(core: &Core, name: &str) -> String {
    mint::tag(&core.signing_key, "login-account", name, 64)
}

/// Whether an attempt is heard.
pub(super) enum Knock {
    /// It is; whether it locks the door when it fails.
    Heard { locks: bool },
    /// It is not, whatever the password.
    Refused { retry_after_s: u64 },
}

/// Counts an attempt that is about to be made.
pub(super) fn knock(
    conn: &mut Conn,
    policy: &AccessPolicy,
    door: &Door,
    now: Instant,
) -> Result<Knock, StoreError> {
    let Some(max) = i32::try_from(policy.max_failures).ok().filter(|max| *max > 0) else {
        return Ok(Knock::Heard { locks: false });
    };
    let ceiling = max.saturating_mul(i32::try_from(CEILING).unwrap_or(i32::MAX));
    let mut pair = current(attempts::take(conn, &door.pair, &door.account, now)?, now);
    let mut account = current(attempts::take(conn, &door.account, &door.account, now)?, now);
    let known = is_known(&pair, now);
    let until = opens_at(&pair).into_iter().chain(account.locked_until.filter(|_| !known)).max();
    if let Some(until) = until.filter(|until| *until > now) {
        return Ok(Knock::Refused { retry_after_s: wait_s(now, until) });
    }
    count(&mut pair, max, policy, now);
    let mut locks = pair.locked_until.is_some();
    if !known {
        count(&mut account, ceiling, policy, now);
        locks |= account.locked_until.is_some();
    }
    attempts::put(conn, &door.pair, &pair, now)?;
    attempts::put(conn, &door.account, &account, now)?;
    Ok(Knock::Heard { locks })
}

/// A log-in succeeded: the address is known to the account from now on.
pub(super) fn welcome(conn: &mut Conn, door: &Door, now: Instant) -> Result<(), StoreError> {
    take_from_account(conn, door, now)?;
    let known = Attempts { succeeded_at: Some(now), ..Attempts::default() };
    attempts::put(conn, &door.pair, &known, now)
}

/// The attempt was neither a failure nor a success: the password was right and the second factor is still to come.
pub(super) fn take_back(conn: &mut Conn, door: &Door, now: Instant) -> Result<(), StoreError> {
    let mut pair = attempts::take(conn, &door.pair, &door.account, now)?;
    take_one(&mut pair);
    attempts::put(conn, &door.pair, &pair, now)?;
    take_from_account(conn, door, now)
}

fn take_from_account(conn: &mut Conn, door: &Door, now: Instant) -> Result<(), StoreError> {
    // The pair first, always: two that wait for each other would wait for ever.
    let pair = attempts::take(conn, &door.pair, &door.account, now)?;
    if is_known(&pair, now) {
        return Ok(());
    }
    let mut account = attempts::take(conn, &door.account, &door.account, now)?;
    take_one(&mut account);
    attempts::put(conn, &door.account, &account, now)
}

fn take_one(attempts: &mut Attempts) {
    attempts.failures = attempts.failures.saturating_sub(1).max(0);
    attempts.locked_until = None;
}

fn is_known(pair: &Attempts, now: Instant) -> bool {
    pair.succeeded_at.is_some_and(|at| at > now.plus_seconds(-KNOWN_S))
}

/// What is left of what was counted: a lock that ended and a quiet day forget the failures.
fn current(attempts: Attempts, now: Instant) -> Attempts {
    let unlocked = attempts.locked_until.is_some_and(|until| until <= now);
    let quiet = attempts.failed_at.is_some_and(|at| at < now.plus_seconds(-FORGOTTEN_S));
    if unlocked || (quiet && attempts.locked_until.is_none()) {
        Attempts { succeeded_at: attempts.succeeded_at, ..Attempts::default() }
    } else {
        attempts
    }
}

fn opens_at(pair: &Attempts) -> Option<Instant> {
    let beyond = pair.failures.checked_sub(PATIENCE).filter(|beyond| *beyond >= 0)?;
    let wait_s =
        1_i64.checked_shl(beyond.unsigned_abs()).map_or(LONGEST_WAIT_S, |wait| wait.min(LONGEST_WAIT_S));
    let delayed = pair.failed_at.map(|at| at.plus_seconds(wait_s));
    delayed.into_iter().chain(pair.locked_until).max()
}

fn count(attempts: &mut Attempts, max: i32, policy: &AccessPolicy, now: Instant) {
    attempts.failures = attempts.failures.saturating_add(1);
    attempts.failed_at = Some(now);
    if attempts.failures >= max {
        attempts.locked_until = Some(now.plus_seconds(policy.lock_s));
    }
}

fn wait_s(now: Instant, until: Instant) -> u64 {
    let micros = until.micros().saturating_sub(now.micros()).max(1).unsigned_abs();
    micros.div_ceil(1_000_000)
}

/// Forgets the failures and locks of a name.
pub(super) fn unlock(conn: &mut Conn, core: &Core, name: &str, now: Instant) -> Result<(), StoreError> {
    attempts::unlock(conn, &account(core, name), now)
}

impl App {
    /// Forgets attempts to log in that no longer count.
    ///
    /// # Errors
    /// The store's own.
    pub(crate) async fn forget_attempts(&self, now: Instant) -> Result<(), AppError> {
        let (failed, known) = (now.plus_seconds(-FORGOTTEN_S), now.plus_seconds(-KNOWN_S));
        self.db.write(move |conn| attempts::forget(conn, failed, known)).await.map_err(AppError::Store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(failures: i32) -> Attempts {
        Attempts { failures, failed_at: Some(Instant::from_micros(0)), ..Attempts::default() }
    }

    #[test]
    fn the_wait_doubles_with_each_failure_beyond_the_second() {
        let waits =
            [0, 2, 3, 4, 5, 20, 40, 90].map(|failures| opens_at(&after(failures)).map(Instant::seconds));
        assert_eq!(waits, [None, None, Some(1), Some(2), Some(4), Some(300), Some(300), Some(300)]);
    }

    #[test]
    fn a_quiet_day_or_the_end_of_a_lock_forgets_failures_and_no_address() {
        let known = Attempts { succeeded_at: Some(Instant::from_micros(5)), ..after(4) };
        let day = Instant::from_micros(0).plus_seconds(FORGOTTEN_S);
        assert_eq!(current(known.clone(), day), known);
        let forgotten = current(known.clone(), day.plus_seconds(1));
        assert_eq!((forgotten.failures, forgotten.succeeded_at), (0, known.succeeded_at));
        let locked = Attempts { locked_until: Some(day), ..known };
        assert_eq!(current(locked.clone(), day.plus_seconds(-1)), locked);
        assert_eq!(current(locked, day).failures, 0);
    }
}
