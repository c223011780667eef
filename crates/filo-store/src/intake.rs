//! Intake keys, which make every intake idempotent, and the raw bytes behind what was taken in.
//!
//! **Invariant:** the key is the first thing inserted in an intake transaction; who loses the race on it has a
//! duplicate and writes nothing else.

use diesel::prelude::*;
use filo_domain::{Instant, InteractionId, QuarantineId, id::Id};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{intake_keys, raw_inputs},
    sql_types::{SqlId, SqlInstant, opt},
};

/// Names a stored raw input.
pub enum RawInput {}

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The interaction it became.
    pub interaction: Option<InteractionId>,
    /// The quarantined unit it is kept as.
    pub quarantine: Option<QuarantineId>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = intake_keys, treat_none_as_default_value = false)]
struct KeyRow {
    scope: String,
    key: String,
    interaction_id: Option<SqlId>,
    quarantine_id: Option<SqlId>,
    occurred_at: SqlInstant,
}

/// Claims a key; `false` when it was claimed before.
///
/// # Errors
/// The database's own.
pub fn claim(
    conn: &mut Conn,
    scope: &str,
    key: &str,
    as_what: Claimed,
    at: Instant,
) -> Result<bool, StoreError> {
    let row = KeyRow {
        scope: scope.to_owned(),
        key: key.to_owned(),
        interaction_id: opt(as_what.interaction),
        quarantine_id: opt(as_what.quarantine),
        occurred_at: at.into(),
    };
    let inserted = on!(conn, c => diesel::insert_into(intake_keys::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

/// Lets one transaction at a time recognise persons, place contacts and register calls; the others wait until it
/// ends. Taken first in the transaction. Without it two contacts of one new sender, or of one new conversation, that
/// arrive at the same instant would become two persons and two tickets. (SQLite has one writer anyway.)
///
/// # Errors
/// The database's own.
pub fn take_turn(conn: &mut Conn) -> Result<(), StoreError> {
    const TURN: i64 = 0x696e_7461_6b65;
    if let Conn::Postgres(c) = conn {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<diesel::sql_types::BigInt, _>(TURN)
            .execute(&mut **c)?;
    }
    Ok(())
}

/// What a key was claimed for.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
    let row: Option<KeyRow> = on!(conn, c => intake_keys::table.find((scope, key)).first(c).optional())?;
    Ok(row.map(|row| Claimed { interaction: opt(row.interaction_id), quarantine: opt(row.quarantine_id) }))
}

/// Lets the key of a quarantined unit that was understood at last stand for its interaction.
///
/// # Errors
/// The database's own.
pub fn repoint(
    conn: &mut Conn,
    scope: &str,
    key: &str,
    interaction: InteractionId,
) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(intake_keys::table.find((scope, key)))
        .set(intake_keys::interaction_id.eq(Some(SqlId::from(interaction))))
        .execute(c))?;
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = raw_inputs)]
struct RawRow<'a> {
    id: SqlId,
    source: &'a str,
    received_at: SqlInstant,
    sha256: &'a str,
    bytes: &'a [u8],
}

/// Keeps received bytes.
///
/// # Errors
/// The database's own.
pub fn keep_raw(
    conn: &mut Conn,
    id: Id<RawInput>,
    source: &str,
    received_at: Instant,
    sha256: &str,
    bytes: &[u8],
) -> Result<(), StoreError> {
    let row = RawRow { id: id.into(), source, received_at: received_at.into(), sha256, bytes };
    on!(conn, c => diesel::insert_into(raw_inputs::table).values(&row).execute(c))?;
    Ok(())
}
