//! The audit log: sign-ins, permissions, configuration and nightly roots, with a hash chain of its own.

use diesel::prelude::*;
use filo_domain::{Instant, chain::Hash, event::Actor};
use serde_json::{Value, json};

use crate::{
    Conn, StoreError, conn::on, schema::audit_log, sql_types::SqlInstant, sql_words::json as read_json,
};

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// 1 for the first, without gaps.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// By whom.
    pub actor: Actor,
    /// What, as a stable word.
    pub action: String,
    /// On what; no personal data.
    pub data: Value,
    /// The hash of the entry before.
    pub prev_hash: Hash,
    /// The hash of this entry.
    pub hash: Hash,
}

impl Entry {
    /// The hash that this content should have.
    pub fn computed_hash(&self) -> Hash {
        let content = json!({
            "seq": self.seq, "at_us": self.at.micros(), "actor": self.actor, "action": self.action, "data": self.data,
        });
        Hash::link(&self.prev_hash, &content)
    }
}

type Columns = (i64, SqlInstant, Value, String, Value, String, String);

fn entry(row: Columns) -> Result<Entry, StoreError> {
    let (seq, at, actor, action, data, prev_hash, hash) = row;
    Ok(Entry {
        seq,
        at: at.into(),
        actor: read_json("audit_log", seq, actor)?,
        action,
        data,
        prev_hash: Hash::stored(prev_hash),
        hash: Hash::stored(hash),
    })
}

/// Appends an entry.
///
/// # Errors
/// The database's own.
pub fn append(
    conn: &mut Conn,
    at: Instant,
    actor: &Actor,
    action: &str,
    data: Value,
) -> Result<(), StoreError> {
    if let Conn::Postgres(c) = conn {
        // Two writers would compute the same number: the second waits here until the first has committed.
        diesel::sql_query("LOCK TABLE audit_log IN SHARE ROW EXCLUSIVE MODE").execute(&mut **c)?;
    }
    let last: Option<(i64, String)> = on!(conn, c => audit_log::table
        .order(audit_log::seq.desc())
        .select((audit_log::seq, audit_log::hash))
        .first(c)
        .optional())?;
    let (seq, prev_hash) = last.map_or((1, Hash::genesis()), |(seq, hash)| (seq + 1, Hash::stored(hash)));
    let mut entry = Entry {
        seq,
        at,
        actor: actor.clone(),
        action: action.to_owned(),
        data,
        prev_hash,
        hash: Hash::genesis(),
    };
    entry.hash = entry.computed_hash();
    on!(conn, c => diesel::insert_into(audit_log::table)
        .values((
            audit_log::seq.eq(entry.seq),
            audit_log::at.eq(SqlInstant::from(entry.at)),
            audit_log::actor.eq(serde_json::to_value(&entry.actor)?),
            audit_log::action.eq(&entry.action),
            audit_log::data.eq(&entry.data),
            audit_log::prev_hash.eq(entry.prev_hash.as_str()),
            audit_log::hash.eq(entry.hash.as_str()),
        ))
        .execute(c))?;
    Ok(())
}

/// Entries past a number, in order.
///
/// # Errors
/// The database's own.
pub fn after(conn: &mut Conn, seq: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Columns> = on!(conn, c => audit_log::table
        .filter(audit_log::seq.gt(seq))
        .order(audit_log::seq)
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(entry).collect()
}

/// Which entries to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What happened.
    pub action: Option<String>,
    /// Not before.
    pub from: Option<Instant>,
    /// Before.
    pub to: Option<Instant>,
    /// Older than this entry: its instant and number.
    pub before: Option<(Instant, i64)>,
}

/// Entries newest first.
///
/// # Errors
/// The database's own.
pub fn list(conn: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Columns> = on!(conn, c => {
        let mut query = audit_log::table.into_boxed();
        if let Some(action) = &filter.action {
            query = query.filter(audit_log::action.eq(action));
        }
        if let Some(from) = filter.from {
            query = query.filter(audit_log::at.ge(SqlInstant::from(from)));
        }
        if let Some(to) = filter.to {
            query = query.filter(audit_log::at.lt(SqlInstant::from(to)));
        }
        if let Some((at, seq)) = filter.before {
            let at = SqlInstant::from(at);
            // The first half lets the index begin where the page does.
            query = query
                .filter(audit_log::at.le(at))
                .filter(audit_log::at.lt(at).or(audit_log::seq.lt(seq)));
        }
        query.order((audit_log::at.desc(), audit_log::seq.desc())).limit(limit).load(c)
    })?;
    rows.into_iter().map(entry).collect()
}

/// The last entry with an action.
///
/// # Errors
/// The database's own.
pub fn last_of(conn: &mut Conn, action: &str) -> Result<Option<Entry>, StoreError> {
    let row: Option<Columns> = on!(conn, c => audit_log::table
        .filter(audit_log::action.eq(action))
        .order(audit_log::seq.desc())
        .first(c)
        .optional())?;
    row.map(entry).transpose()
}
