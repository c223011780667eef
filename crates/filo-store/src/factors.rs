//! Second factors: an encrypted secret a user, and codes for the day the device is lost.
//!
//! **Invariant:** a step of time and a recovery code are accepted once, whichever server is asked: the row says so in
//! the statement that uses them.

use diesel::prelude::*;
use filo_domain::{Instant, UserId};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{recovery_codes, totp_factors},
    sql_types::{SqlId, SqlInstant, opt},
};

/// A user's second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Whose it is.
    pub user: UserId,
    /// The secret, encrypted.
    pub secret: Vec<u8>,
    /// The last step of time whose code was accepted.
    pub last_step: i64,
    /// When it was begun.
    pub created_at: Instant,
    /// When the user proved to have it; before that it does not count.
    pub confirmed_at: Option<Instant>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = totp_factors, treat_none_as_default_value = false)]
struct FactorRow {
    user_id: SqlId,
    secret: Vec<u8>,
    last_step: i64,
    created_at: SqlInstant,
    confirmed_at: Option<SqlInstant>,
}

/// A user's factor, confirmed or not.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, user: UserId) -> Result<Option<Factor>, StoreError> {
    let row: Option<FactorRow> = on!(conn, c => totp_factors::table
        .find(SqlId::from(user))
        .select(FactorRow::as_select())
        .first(c)
        .optional())?;
    Ok(row.map(|row| Factor {
        user: row.user_id.into(),
        secret: row.secret,
        last_step: row.last_step,
        created_at: row.created_at.into(),
        confirmed_at: opt(row.confirmed_at),
    }))
}

/// Begins a factor in place of one that was not confirmed; `false` when a confirmed one is there.
///
/// # Errors
/// The database's own.
pub fn begin(conn: &mut Conn, user: UserId, secret: Vec<u8>, now: Instant) -> Result<bool, StoreError> {
    on!(conn, c => diesel::delete(totp_factors::table.find(SqlId::from(user)))
        .filter(totp_factors::confirmed_at.is_null())
        .execute(c))?;
    let row =
        FactorRow { user_id: user.into(), secret, last_step: 0, created_at: now.into(), confirmed_at: None };
    let inserted = on!(conn, c => diesel::insert_into(totp_factors::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

/// Confirms a factor and keeps its recovery codes; `false` when it was confirmed before.
///
/// # Errors
/// The database's own.
pub fn confirm(
    conn: &mut Conn,
    user: UserId,
    code_hashes: &[String],
    now: Instant,
) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(totp_factors::table.find(SqlId::from(user)))
        .filter(totp_factors::confirmed_at.is_null())
        .set(totp_factors::confirmed_at.eq(Some(SqlInstant::from(now))))
        .execute(c))?;
    if changed == 0 {
        return Ok(false);
    }
    for hash in code_hashes {
        on!(conn, c => diesel::insert_into(recovery_codes::table)
            .values((recovery_codes::user_id.eq(SqlId::from(user)), recovery_codes::code_hash.eq(hash)))
            .execute(c))?;
    }
    Ok(true)
}

/// Uses a step of time; `false` when it, or a later one, was used before.
///
/// # Errors
/// The database's own.
pub fn use_step(conn: &mut Conn, user: UserId, step: i64) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(totp_factors::table.find(SqlId::from(user)))
        .filter(totp_factors::last_step.lt(step))
        .set(totp_factors::last_step.eq(step))
        .execute(c))?;
    Ok(changed == 1)
}

/// Uses a recovery code; `false` when there is none, or it was used before.
///
/// # Errors
/// The database's own.
pub fn use_code(conn: &mut Conn, user: UserId, code_hash: &str, now: Instant) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(recovery_codes::table.find((SqlId::from(user), code_hash)))
        .filter(recovery_codes::used_at.is_null())
        .set(recovery_codes::used_at.eq(Some(SqlInstant::from(now))))
        .execute(c))?;
    Ok(changed == 1)
}

/// How many recovery codes a user has left.
///
/// # Errors
/// The database's own.
pub fn codes_left(conn: &mut Conn, user: UserId) -> Result<i64, StoreError> {
    let left = on!(conn, c => recovery_codes::table
        .filter(recovery_codes::user_id.eq(SqlId::from(user)))
        .filter(recovery_codes::used_at.is_null())
        .count()
        .get_result(c))?;
    Ok(left)
}

/// Removes a user's factor and recovery codes; `false` when there was none.
///
/// # Errors
/// The database's own.
pub fn remove(conn: &mut Conn, user: UserId) -> Result<bool, StoreError> {
    on!(conn, c => diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(SqlId::from(user))))
        .execute(c))?;
    let removed = on!(conn, c => diesel::delete(totp_factors::table.find(SqlId::from(user))).execute(c))?;
    Ok(removed == 1)
}
