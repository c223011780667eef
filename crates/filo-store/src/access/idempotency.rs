//! Requests remembered by their `Idempotency-Key`.

use diesel::prelude::*;
use filo_domain::Instant;
use serde_json::Value;

use crate::{Conn, StoreError, conn::on, schema::idempotency_keys, sql_types::SqlInstant};

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
