//! Links between tickets, one row each: what the first end is to the second. The tickets' events hold them too.

use diesel::prelude::*;
use filo_domain::{
    Instant, LinkId, TicketId,
    link::{Link, Relation},
    vocabulary::Word,
};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{merged_tickets, ticket_links, tickets},
    sql_types::{SqlId, SqlInstant},
    sql_words::word,
};

/// A link as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredLink {
    /// Its id.
    pub id: LinkId,
    /// What the first end is to the second.
    pub relation: Relation,
    /// The first end.
    pub from: TicketId,
    /// The second end.
    pub to: TicketId,
    /// When it was made.
    pub created_at: Instant,
}

impl StoredLink {
    /// The link as seen from one of its ends.
    pub fn seen_from(&self, end: TicketId) -> Link {
        if end == self.from {
            Link { id: self.id, relation: self.relation, ticket: self.to }
        } else {
            Link { id: self.id, relation: self.relation.reversed(), ticket: self.from }
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = ticket_links)]
struct LinkRow {
    id: SqlId,
    relation: String,
    from_id: SqlId,
    to_id: SqlId,
    created_at: SqlInstant,
}

impl TryFrom<LinkRow> for StoredLink {
    type Error = StoreError;
    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        let id = LinkId::from(row.id);
        Ok(Self {
            id,
            relation: word("ticket_links", id, &row.relation)?,
            from: row.from_id.into(),
            to: row.to_id.into(),
            created_at: row.created_at.into(),
        })
    }
}

/// Keeps a link.
///
/// # Errors
/// [`StoreError::Conflict`] when there is the same already; the database's own.
pub fn insert(conn: &mut Conn, link: &StoredLink) -> Result<(), StoreError> {
    let row = LinkRow {
        id: link.id.into(),
        relation: link.relation.word().to_owned(),
        from_id: link.from.into(),
        to_id: link.to.into(),
        created_at: link.created_at.into(),
    };
    on!(conn, c => diesel::insert_into(ticket_links::table).values(&row).execute(c))?;
    Ok(())
}

/// Reads one link.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: LinkId) -> Result<Option<StoredLink>, StoreError> {
    let row: Option<LinkRow> = on!(conn, c => ticket_links::table
        .find(SqlId::from(id))
        .select(LinkRow::as_select())
        .first(c)
        .optional())?;
    row.map(StoredLink::try_from).transpose()
}

/// Takes a link away.
///
/// # Errors
/// The database's own.
pub fn delete(conn: &mut Conn, id: LinkId) -> Result<(), StoreError> {
    on!(conn, c => diesel::delete(ticket_links::table.find(SqlId::from(id))).execute(c))?;
    Ok(())
}

/// The links that have one of these tickets at an end, oldest first.
///
/// # Errors
/// The database's own.
pub fn of_tickets(conn: &mut Conn, ids: &[TicketId]) -> Result<Vec<StoredLink>, StoreError> {
    let ends: Vec<SqlId> = ids.iter().map(|id| SqlId::from(*id)).collect();
    let mut rows: Vec<LinkRow> = on!(conn, c => ticket_links::table
        .filter(ticket_links::from_id.eq_any(&ends))
        .select(LinkRow::as_select())
        .load(c))?;
    let others: Vec<LinkRow> = on!(conn, c => ticket_links::table
        .filter(ticket_links::to_id.eq_any(&ends).and(ticket_links::from_id.ne_all(&ends)))
        .select(LinkRow::as_select())
        .load(c))?;
    rows.extend(others);
    rows.sort_by_key(|row| LinkId::from(row.id));
    rows.into_iter().map(StoredLink::try_from).collect()
}

/// The tickets to which one leads directly by links of a kind.
///
/// # Errors
/// The database's own.
pub fn next(conn: &mut Conn, from: &[TicketId], relation: Relation) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<SqlId> = on!(conn, c => ticket_links::table
        .filter(ticket_links::from_id.eq_any(from.iter().map(|id| SqlId::from(*id))))
        .filter(ticket_links::relation.eq(relation.word()))
        .select(ticket_links::to_id)
        .load(c))?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// What a ticket is to others by what happened to them, with since when: what follows it, and what was merged into
/// it.
///
/// # Errors
/// The database's own.
pub fn by_history(conn: &mut Conn, id: TicketId) -> Result<Vec<(Relation, TicketId, Instant)>, StoreError> {
    let id = SqlId::from(id);
    let followers: Vec<(SqlId, SqlInstant)> = on!(conn, c => tickets::table
        .filter(tickets::follows_id.eq(id))
        .order((tickets::opened_at, tickets::id))
        .select((tickets::id, tickets::opened_at))
        .load(c))?;
    let absorbed: Vec<(SqlId, SqlInstant)> = on!(conn, c => merged_tickets::table
        .filter(merged_tickets::into_id.eq(id))
        .order((merged_tickets::merged_at, merged_tickets::ticket_id))
        .select((merged_tickets::ticket_id, merged_tickets::merged_at))
        .load(c))?;
    let followers = followers.into_iter().map(|(id, at)| (Relation::FollowedBy, id.into(), at.into()));
    let absorbed = absorbed.into_iter().map(|(id, at)| (Relation::Absorbed, id.into(), at.into()));
    Ok(followers.chain(absorbed).collect())
}
