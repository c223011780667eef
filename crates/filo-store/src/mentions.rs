//! Who was named in an internal note, and whether they have read it.

use diesel::prelude::*;
use filo_domain::{Instant, MessageId, TicketId, UserId, id::Id};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{mentions, users},
    sql_types::{SqlId, SqlInstant, opt},
};

/// A mention of a user in a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Its id.
    pub id: Id<Mention>,
    /// The note.
    pub message: MessageId,
    /// The note's ticket.
    pub ticket: TicketId,
    /// Who is named.
    pub user: UserId,
    /// When.
    pub at: Instant,
    /// When the named user said that it was read.
    pub read_at: Option<Instant>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = mentions, treat_none_as_default_value = false)]
struct MentionRow {
    id: SqlId,
    message_id: SqlId,
    ticket_id: SqlId,
    user_id: SqlId,
    at: SqlInstant,
    read_at: Option<SqlInstant>,
}

impl From<MentionRow> for Mention {
    fn from(row: MentionRow) -> Self {
        Self {
            id: row.id.into(),
            message: row.message_id.into(),
            ticket: row.ticket_id.into(),
            user: row.user_id.into(),
            at: row.at.into(),
            read_at: opt(row.read_at),
        }
    }
}

/// Keeps a mention.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, mention: &Mention) -> Result<(), StoreError> {
    let row = MentionRow {
        id: mention.id.into(),
        message_id: mention.message.into(),
        ticket_id: mention.ticket.into(),
        user_id: mention.user.into(),
        at: mention.at.into(),
        read_at: opt(mention.read_at),
    };
    on!(conn, c => diesel::insert_into(mentions::table).values(&row).execute(c))?;
    Ok(())
}

/// Reads one mention.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: Id<Mention>) -> Result<Option<Mention>, StoreError> {
    let row: Option<MentionRow> = on!(conn, c => mentions::table
        .find(SqlId::from(id))
        .select(MentionRow::as_select())
        .first(c)
        .optional())?;
    Ok(row.map(Into::into))
}

/// The mentions of a user, newest first, past a place in the list.
///
/// # Errors
/// The database's own.
pub fn of_user(
    conn: &mut Conn,
    user: UserId,
    unread: Option<bool>,
    after: Option<(Instant, Id<Mention>)>,
    limit: i64,
) -> Result<Vec<Mention>, StoreError> {
    let rows: Vec<MentionRow> = on!(conn, c => {
        let mut query = mentions::table.filter(mentions::user_id.eq(SqlId::from(user))).into_boxed();
        match unread {
            Some(true) => query = query.filter(mentions::read_at.is_null()),
            Some(false) => query = query.filter(mentions::read_at.is_not_null()),
            None => {}
        }
        if let Some((at, id)) = after {
            let (at, id) = (SqlInstant::from(at), SqlId::from(id));
            query = query.filter(mentions::at.lt(at).or(mentions::at.eq(at).and(mentions::id.lt(id))));
        }
        query.order((mentions::at.desc(), mentions::id.desc())).limit(limit).select(MentionRow::as_select()).load(c)
    })?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Who is named in the notes of a ticket: the note, the user and the user's name.
///
/// # Errors
/// The database's own.
pub fn of_ticket(conn: &mut Conn, ticket: TicketId) -> Result<Vec<(MessageId, UserId, String)>, StoreError> {
    let rows: Vec<(SqlId, SqlId, String)> = on!(conn, c => mentions::table
        .inner_join(users::table.on(users::id.eq(mentions::user_id)))
        .filter(mentions::ticket_id.eq(SqlId::from(ticket)))
        .order((mentions::at, users::name))
        .select((mentions::message_id, mentions::user_id, users::name))
        .load(c))?;
    Ok(rows.into_iter().map(|(message, user, name)| (message.into(), user.into(), name)).collect())
}

/// Notes that a mention was read; one that was read before keeps its instant.
///
/// # Errors
/// The database's own.
pub fn read(conn: &mut Conn, id: Id<Mention>, at: Instant) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(mentions::table
            .filter(mentions::id.eq(SqlId::from(id)).and(mentions::read_at.is_null())))
        .set(mentions::read_at.eq(Some(SqlInstant::from(at))))
        .execute(c))?;
    Ok(())
}
