//! A person's history as pages: what an operator sees before the call is answered, so every query is one walk down
//! an index.
//!
//! **Invariant:** the number of queries depends on neither the number of contacts nor of the merged persons.

use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Uuid as SqlUuid},
};
use filo_domain::{Instant, InteractionId, MessageId, PersonId, TicketId, vocabulary::CallOutcome};
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    conn::on,
    interactions::{self, Interaction},
    schema::{calls, interactions as rows, messages, tickets},
    sql_types::{Id, Instant as InstantType, SqlId, SqlInstant, opt},
    sql_words::word,
};

/// Strictly older than this place.
pub type Place = (Instant, InteractionId);

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Id)]
    id: SqlId,
}

/// The contacts and answers of these persons, newest first.
///
/// # Errors
/// The database's own.
pub fn page(
    conn: &mut Conn,
    persons: &[PersonId],
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Interaction>, StoreError> {
    let (at, id) = match after {
        Some((at, id)) => (SqlInstant::from(at), SqlId::from(id)),
        None => (SqlInstant(i64::MAX), SqlId(Uuid::max())),
    };
    let ids: Vec<InteractionId> = match conn {
        // Each person's newest by the index, then the newest of those: an `= ANY` would read and sort all of them.
        Conn::Postgres(c) => diesel::sql_query(
            "SELECT newest.id FROM unnest($1) AS person (id) CROSS JOIN LATERAL (\
             SELECT i.id, i.occurred_at FROM interactions i WHERE i.person_id = person.id \
             AND (i.occurred_at, i.id) < ($2, $3) ORDER BY i.occurred_at DESC, i.id DESC LIMIT $4) AS newest \
             ORDER BY newest.occurred_at DESC, newest.id DESC LIMIT $4",
        )
        .bind::<Array<SqlUuid>, _>(persons.iter().map(|person| person.uuid()).collect::<Vec<_>>())
        .bind::<InstantType, _>(at)
        .bind::<Id, _>(id)
        .bind::<BigInt, _>(limit)
        .load::<Named>(&mut **c)?
        .into_iter()
        .map(|row| row.id.into())
        .collect(),
        Conn::Sqlite(c) => {
            let mut keys: Vec<(SqlInstant, SqlId)> = Vec::new();
            for person in persons {
                keys.extend::<Vec<(SqlInstant, SqlId)>>(
                    rows::table
                        .filter(rows::person_id.eq(SqlId::from(*person)))
                        .filter(rows::occurred_at.le(at))
                        .filter(rows::occurred_at.lt(at).or(rows::id.lt(id)))
                        .order((rows::occurred_at.desc(), rows::id.desc()))
                        .limit(limit)
                        .select((rows::occurred_at, rows::id))
                        .load(&mut **c)?,
                );
            }
            keys.sort_by_key(|(at, id)| std::cmp::Reverse((*at, id.0)));
            keys.truncate(usize::try_from(limit).unwrap_or(0));
            keys.into_iter().map(|(_, id)| id.into()).collect()
        }
    };
    let mut found = interactions::find_all(conn, &ids)?;
    found.sort_by_key(|it| std::cmp::Reverse((it.occurred_at, it.id)));
    Ok(found)
}

/// What a timeline says of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOfPage {
    /// The call's interaction.
    pub id: InteractionId,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Seconds waited.
    pub wait_s: Option<i64>,
    /// Seconds talked.
    pub talk_s: Option<i64>,
    /// When a person answered.
    pub answered_at: Option<Instant>,
    /// What the caller chose before or instead of a queue.
    pub choice: Option<String>,
}

type CallColumns = (SqlId, String, Option<i64>, Option<i64>, Option<SqlInstant>, Option<String>);

/// The calls among these interactions.
///
/// # Errors
/// The database's own.
pub fn calls_of(conn: &mut Conn, ids: &[InteractionId]) -> Result<Vec<CallOfPage>, StoreError> {
    let ids: Vec<SqlId> = ids.iter().copied().map(SqlId::from).collect();
    let found: Vec<CallColumns> = on!(conn, c => calls::table
        .filter(calls::interaction_id.eq_any(&ids))
        .select((calls::interaction_id, calls::outcome, calls::wait_s, calls::talk_s, calls::answered_at, calls::ivr_choice))
        .load(c))?;
    found
        .into_iter()
        .map(|(id, outcome, wait_s, talk_s, answered_at, choice)| {
            let outcome = word("calls", id.0, &outcome)?;
            Ok(CallOfPage { id: id.into(), outcome, wait_s, talk_s, answered_at: opt(answered_at), choice })
        })
        .collect()
}

/// A message of a page: its text, where it is still kept, and what became of it.
pub type TextOfPage = (MessageId, Option<String>, Option<String>);

/// The texts of these messages, where they are still kept, with what became of them.
///
/// # Errors
/// The database's own.
pub fn texts_of(conn: &mut Conn, ids: &[MessageId]) -> Result<Vec<TextOfPage>, StoreError> {
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<SqlId> = ids.iter().copied().map(SqlId::from).collect();
    let found: Vec<(SqlId, Option<String>, Option<String>)> = on!(conn, c => messages::table
        .filter(messages::id.eq_any(&ids))
        .select((messages::id, messages::body, messages::delivery))
        .load(c))?;
    Ok(found.into_iter().map(|(id, body, delivery)| (id.into(), body, delivery)).collect())
}

/// What a timeline says of a contact's ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketOfPage {
    /// Its id.
    pub id: TicketId,
    /// Its number.
    pub number: String,
    /// Its state, as the word that is stored.
    pub state: String,
    /// Its subject.
    pub subject: Option<String>,
    /// Its theme.
    pub theme: Option<String>,
    /// Its unit.
    pub unit: Option<String>,
}

type TicketColumns = (SqlId, String, String, Option<String>, Option<String>, Option<String>);

/// These tickets.
///
/// # Errors
/// The database's own.
pub fn tickets_of(conn: &mut Conn, ids: &[TicketId]) -> Result<Vec<TicketOfPage>, StoreError> {
    let ids: Vec<SqlId> = ids.iter().copied().map(SqlId::from).collect();
    let columns =
        (tickets::id, tickets::number, tickets::state, tickets::subject, tickets::theme, tickets::unit);
    let found: Vec<TicketColumns> =
        on!(conn, c => tickets::table.filter(tickets::id.eq_any(&ids)).select(columns).load(c))?;
    let of = |(id, number, state, subject, theme, unit): TicketColumns| TicketOfPage {
        id: id.into(),
        number,
        state,
        subject,
        theme,
        unit,
    };
    Ok(found.into_iter().map(of).collect())
}
