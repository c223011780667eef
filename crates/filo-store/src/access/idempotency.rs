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
/// `forget_before` are forgotten first.
///
/// # Errors
/// The database's own.
pub fn claim_idempotency(
    conn: &mut Conn,
    principal: &str,
    key: &str,
    request_hash: &str,
    now: Instant,
    forget_before: Instant,
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
    if inserted == 1 {
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

/// Remembers the answer given under a key.
///
/// # Errors
/// The database's own.
pub fn remember(
    conn: &mut Conn,
    principal: &str,
    key: &str,
    status: u16,
    headers: &Value,
    body: &[u8],
) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(idempotency_keys::table.find((principal, key)))
        .set((
            idempotency_keys::status.eq(Some(i32::from(status))),
            idempotency_keys::headers.eq(headers),
            idempotency_keys::body.eq(Some(body)),
        ))
        .execute(c))?;
    Ok(())
}

/// Forgets a key whose request failed on our side, so that it can be tried again.
///
/// # Errors
/// The database's own.
pub fn forget(conn: &mut Conn, principal: &str, key: &str) -> Result<(), StoreError> {
    on!(conn, c => diesel::delete(idempotency_keys::table.find((principal, key))).execute(c))?;
    Ok(())
}
