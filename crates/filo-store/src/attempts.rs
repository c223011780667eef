//! Attempts to log in, counted for a pair of account and address and for the account alone; what the numbers mean is
//! the app's matter.
//!
//! **Invariant:** a row that was taken is locked until the transaction ends, so that servers asked at the same time
//! count every attempt.

use diesel::prelude::*;
use filo_domain::Instant;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::login_attempts,
    sql_types::{SqlInstant, opt},
};

/// What is known of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Failures in a row, attempts under way included.
    pub failures: i32,
    /// When the last one began.
    pub failed_at: Option<Instant>,
    /// Until when nothing is tried.
    pub locked_until: Option<Instant>,
    /// When one last succeeded.
    pub succeeded_at: Option<Instant>,
}

type Columns = (i32, Option<SqlInstant>, Option<SqlInstant>, Option<SqlInstant>);

/// Reads what is known of a key of an account and locks it, making it where there is none.
///
/// # Errors
/// The database's own.
pub fn take(conn: &mut Conn, key: &str, account: &str, now: Instant) -> Result<Attempts, StoreError> {
    on!(conn, c => diesel::insert_into(login_attempts::table)
        .values((
            login_attempts::key.eq(key),
            login_attempts::account.eq(account),
            login_attempts::failures.eq(0),
            login_attempts::updated_at.eq(SqlInstant::from(now)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    let wanted = login_attempts::table.find(key).select((
        login_attempts::failures,
        login_attempts::failed_at,
        login_attempts::locked_until,
        login_attempts::succeeded_at,
    ));
    let (failures, failed_at, locked_until, succeeded_at): Columns = match conn {
        Conn::Postgres(c) => wanted.for_update().first(&mut **c)?,
        // The one writer has the database to itself.
        Conn::Sqlite(c) => wanted.first(&mut **c)?,
    };
    Ok(Attempts {
        failures,
        failed_at: opt(failed_at),
        locked_until: opt(locked_until),
        succeeded_at: opt(succeeded_at),
    })
}

/// Writes back what was taken.
///
/// # Errors
/// The database's own.
pub fn put(conn: &mut Conn, key: &str, attempts: &Attempts, now: Instant) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(login_attempts::table.find(key))
        .set((
            login_attempts::failures.eq(attempts.failures),
            login_attempts::failed_at.eq(attempts.failed_at.map(SqlInstant::from)),
            login_attempts::locked_until.eq(attempts.locked_until.map(SqlInstant::from)),
            login_attempts::succeeded_at.eq(attempts.succeeded_at.map(SqlInstant::from)),
            login_attempts::updated_at.eq(SqlInstant::from(now)),
        ))
        .execute(c))?;
    Ok(())
}

/// Forgets the failures and locks of an account, from every address.
///
/// # Errors
/// The database's own.
pub fn unlock(conn: &mut Conn, account: &str, now: Instant) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(login_attempts::table.filter(login_attempts::account.eq(account)))
        .set((
            login_attempts::failures.eq(0),
            login_attempts::failed_at.eq(None::<SqlInstant>),
            login_attempts::locked_until.eq(None::<SqlInstant>),
            login_attempts::updated_at.eq(SqlInstant::from(now)),
        ))
        .execute(c))?;
    Ok(())
}

/// Forgets failures older than `failed_before`, and addresses that succeeded once but not since `known_before`.
///
/// # Errors
/// The database's own.
pub fn forget(conn: &mut Conn, failed_before: Instant, known_before: Instant) -> Result<(), StoreError> {
    let old = login_attempts::updated_at.lt(SqlInstant::from(failed_before));
    let unknown = login_attempts::succeeded_at
        .is_null()
        .or(login_attempts::updated_at.lt(SqlInstant::from(known_before)));
    on!(conn, c => diesel::delete(login_attempts::table.filter(old).filter(unknown)).execute(c))?;
    Ok(())
}
