//! Streams facts out, complete: pages by (instant, id), so that an export never stops at a limit.

use diesel::prelude::*;
use filo_domain::Instant;
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    conn::on,
    persons::Person,
    schema::{persons, tickets},
    sql_types::{SqlId, SqlInstant},
};

/// A place in a stream ordered by (instant, id).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The instant.
    pub at: Instant,
    /// The id.
    pub id: Uuid,
}

/// Tickets opened in `[from, to)` past a place, by (opening, id).
///
/// # Errors
/// The database's own.
pub fn tickets(
    conn: &mut Conn,
    from: Instant,
    to: Instant,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Place>, StoreError> {
    let rows: Vec<(SqlInstant, SqlId)> = on!(conn, c => {
        let mut query = tickets::table
            .filter(tickets::opened_at.ge(SqlInstant::from(from)).and(tickets::opened_at.lt(SqlInstant::from(to))))
            .into_boxed();
        if let Some(place) = after {
            let (at, id) = (SqlInstant::from(place.at), SqlId(place.id));
            query = query.filter(tickets::opened_at.gt(at).or(tickets::opened_at.eq(at).and(tickets::id.gt(id))));
        }
        query.order((tickets::opened_at, tickets::id)).limit(limit).select((tickets::opened_at, tickets::id)).load(c)
    })?;
    Ok(rows.into_iter().map(|(at, id)| Place { at: at.into(), id: id.0 }).collect())
}

/// Persons first met in `[from, to)` past a place, by (first contact, id).
///
/// # Errors
/// The database's own.
pub fn persons(
    conn: &mut Conn,
    from: Instant,
    to: Instant,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Person>, StoreError> {
    let ids: Vec<SqlId> = on!(conn, c => {
        let mut query = persons::table
            .filter(persons::created_at.ge(SqlInstant::from(from)).and(persons::created_at.lt(SqlInstant::from(to))))
            .into_boxed();
        if let Some(place) = after {
            let (at, id) = (SqlInstant::from(place.at), SqlId(place.id));
            query = query.filter(persons::created_at.gt(at).or(persons::created_at.eq(at).and(persons::id.gt(id))));
        }
        query.order((persons::created_at, persons::id)).limit(limit).select(persons::id).load(c)
    })?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(crate::persons::find(conn, id.into())?);
    }
    Ok(found)
}
