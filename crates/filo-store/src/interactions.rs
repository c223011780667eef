//! Interactions: every inbound and outbound touch, with the ticket and person it belongs to.

use diesel::prelude::*;
use filo_domain::{
    Instant, InteractionId, PersonId, TicketId,
    id::Id,
    vocabulary::{Channel, Direction, InteractionKind, NotActionable, Word},
};
use serde_json::Value;

use crate::{
    Conn, StoreError,
    conn::{insert_each, on},
    intake::RawInput,
    rollups,
    schema::interactions,
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::{json, optional_word, word},
    ticket_search, tickets,
};

/// One touch.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// Its id.
    pub id: InteractionId,
    /// The configured source.
    pub source: String,
    /// The channel.
    pub channel: Channel,
    /// What sort of touch it is.
    pub kind: InteractionKind,
    /// Who touched whom.
    pub direction: Direction,
    /// The intake key.
    pub external_id: String,
    /// When it happened.
    pub occurred_at: Instant,
    /// When it was committed.
    pub recorded_at: Instant,
    /// The city's local day of [`Self::occurred_at`], `YYYY-MM-DD`.
    pub local_day: String,
    /// The sender.
    pub person_id: Option<PersonId>,
    /// The ticket it belongs to.
    pub ticket_id: Option<TicketId>,
    /// When it was tied to that ticket.
    pub linked_at: Option<Instant>,
    /// The conversation within the source.
    pub thread: Option<String>,
    /// Why it asks for nothing.
    pub not_actionable: Option<NotActionable>,
    /// The sender's name as given.
    pub name: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// What is new in it.
    pub body: String,
    /// The bytes it was read from.
    pub raw_id: Option<Id<RawInput>>,
    /// The unit as `filo inspect` prints it.
    pub detail: Value,
    /// What a reader should know.
    pub flags: Vec<String>,
}

/// An interaction as it is written: made beforehand where there are many, for the one writer has no time.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = interactions, treat_none_as_default_value = false)]
pub struct InteractionRow {
    id: SqlId,
    source: String,
    channel: String,
    kind: String,
    direction: String,
    external_id: String,
    occurred_at: SqlInstant,
    recorded_at: SqlInstant,
    local_day: String,
    person_id: Option<SqlId>,
    ticket_id: Option<SqlId>,
    linked_at: Option<SqlInstant>,
    thread: Option<String>,
    not_actionable: Option<String>,
    name: Option<String>,
    subject: Option<String>,
    body: String,
    raw_id: Option<SqlId>,
    detail: Value,
    flags: Value,
}

const TABLE: &str = "interactions";

impl InteractionRow {
    /// Its id.
    pub fn id(&self) -> InteractionId {
        self.id.into()
    }
    /// Its sender.
    pub fn person(&self) -> Option<PersonId> {
        opt(self.person_id)
    }
    /// Says who sent it.
    pub fn set_person(&mut self, person: Option<PersonId>) {
        self.person_id = opt(person);
    }
}

impl Interaction {
    /// Whether it is an act of somebody outside that counts as a contact.
    fn is_contact(&self) -> bool {
        self.direction == Direction::Inbound && self.kind.is_contact()
    }
}

impl TryFrom<InteractionRow> for Interaction {
    type Error = StoreError;
    fn try_from(row: InteractionRow) -> Result<Self, StoreError> {
        let id = InteractionId::from(row.id);
        Ok(Self {
            id,
            source: row.source,
            channel: word(TABLE, id, &row.channel)?,
            kind: word(TABLE, id, &row.kind)?,
            direction: word(TABLE, id, &row.direction)?,
            external_id: row.external_id,
            occurred_at: row.occurred_at.into(),
            recorded_at: row.recorded_at.into(),
            local_day: row.local_day,
            person_id: opt(row.person_id),
            ticket_id: opt(row.ticket_id),
            linked_at: opt(row.linked_at),
            thread: row.thread,
            not_actionable: optional_word(TABLE, id, row.not_actionable.as_deref())?,
            name: row.name,
            subject: row.subject,
            body: row.body,
            raw_id: opt(row.raw_id),
            detail: row.detail,
            flags: json(TABLE, id, row.flags)?,
        })
    }
}

impl From<Interaction> for InteractionRow {
    fn from(value: Interaction) -> Self {
        Self {
            id: value.id.into(),
            source: value.source,
            channel: value.channel.word().to_owned(),
            kind: value.kind.word().to_owned(),
            direction: value.direction.word().to_owned(),
            external_id: value.external_id,
            occurred_at: value.occurred_at.into(),
            recorded_at: value.recorded_at.into(),
            local_day: value.local_day,
            person_id: opt(value.person_id),
            ticket_id: opt(value.ticket_id),
            linked_at: opt(value.linked_at),
            thread: value.thread,
            not_actionable: value.not_actionable.map(|reason| reason.word().to_owned()),
            name: value.name,
            subject: value.subject,
            body: value.body,
            raw_id: opt(value.raw_id),
            detail: value.detail,
            flags: Value::from(value.flags),
        }
    }
}

fn convert(rows: Vec<InteractionRow>) -> Result<Vec<Interaction>, StoreError> {
    rows.into_iter().map(Interaction::try_from).collect()
}

/// Records an interaction.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, interaction: &Interaction) -> Result<(), StoreError> {
    let row = InteractionRow::from(interaction.clone());
    on!(conn, c => diesel::insert_into(interactions::table).values(&row).execute(c))?;
    mark_days(conn, [interaction])?;
    match interaction.ticket_id.filter(|_| interaction.direction == Direction::Inbound) {
        Some(ticket) => add_words(conn, ticket, interaction),
        None => Ok(()),
    }
}

/// Records many interactions that belong to no ticket yet. PostgreSQL copies them in.
///
/// # Errors
/// The database's own.
pub fn insert_all(conn: &mut Conn, rows: &[InteractionRow]) -> Result<(), StoreError> {
    // Calls, all of them contacts; a mark too many would do no harm.
    rollups::mark(conn, rows.iter().map(|row| row.local_day.as_str()))?;
    match conn {
        Conn::Postgres(c) => {
            diesel::copy_from(interactions::table).from_insertable(rows).execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            insert_each(c, rows, |c, row| diesel::insert_into(interactions::table).values(row).execute(c))?
        }
    }
    Ok(())
}

/// The days on which contacts occurred count otherwise from now on.
fn mark_days<'i>(
    conn: &mut Conn,
    touched: impl IntoIterator<Item = &'i Interaction>,
) -> Result<(), StoreError> {
    let contacts = touched.into_iter().filter(|it| it.is_contact());
    rollups::mark(conn, contacts.map(|it| it.local_day.as_str()))
}

/// Reads one interaction.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: InteractionId) -> Result<Option<Interaction>, StoreError> {
    let row: Option<InteractionRow> = on!(conn, c => interactions::table
        .find(SqlId::from(id))
        .select(InteractionRow::as_select())
        .first(c)
        .optional())?;
    row.map(Interaction::try_from).transpose()
}

/// Reads several, in no order.
///
/// # Errors
/// The database's own.
pub fn find_all(conn: &mut Conn, ids: &[InteractionId]) -> Result<Vec<Interaction>, StoreError> {
    let ids: Vec<SqlId> = ids.iter().copied().map(SqlId::from).collect();
    let rows: Vec<InteractionRow> = on!(conn, c => interactions::table
        .filter(interactions::id.eq_any(&ids))
        .select(InteractionRow::as_select())
        .load(c))?;
    convert(rows)
}

/// Which interactions to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of one channel.
    pub channel: Option<Channel>,
    /// Of one source.
    pub source: Option<String>,
    /// Of one ticket.
    pub ticket: Option<TicketId>,
    /// Of one of these persons.
    pub persons: Option<Vec<PersonId>>,
    /// Not before.
    pub from: Option<Instant>,
    /// Before.
    pub to: Option<Instant>,
    /// Oldest first instead of newest first.
    pub ascending: bool,
    /// Strictly past this place in the list.
    pub after: Option<(Instant, InteractionId)>,
}

/// Lists interactions by when they happened.
///
/// # Errors
/// The database's own.
pub fn list(conn: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Interaction>, StoreError> {
    let rows: Vec<InteractionRow> = on!(conn, c => {
        let mut query = interactions::table.into_boxed();
        if let Some(channel) = filter.channel {
            query = query.filter(interactions::channel.eq(channel.word()));
        }
        if let Some(source) = &filter.source {
            query = query.filter(interactions::source.eq(source));
        }
        if let Some(ticket) = filter.ticket {
            query = query.filter(interactions::ticket_id.eq(SqlId::from(ticket)));
        }
        if let Some(persons) = &filter.persons {
            query = query.filter(interactions::person_id.eq_any(persons.iter().map(|id| SqlId::from(*id))));
        }
        if let Some(from) = filter.from {
            query = query.filter(interactions::occurred_at.ge(SqlInstant::from(from)));
        }
        if let Some(to) = filter.to {
            query = query.filter(interactions::occurred_at.lt(SqlInstant::from(to)));
        }
        if let Some((at, id)) = filter.after {
            let (at, id) = (SqlInstant::from(at), SqlId::from(id));
            query = if filter.ascending {
                query.filter(interactions::occurred_at.ge(at)).filter(interactions::occurred_at.gt(at).or(interactions::id.gt(id)))
            } else {
                query.filter(interactions::occurred_at.le(at)).filter(interactions::occurred_at.lt(at).or(interactions::id.lt(id)))
            };
        }
        let ordered = if filter.ascending {
            query.order((interactions::occurred_at.asc(), interactions::id.asc()))
        } else {
            query.order((interactions::occurred_at.desc(), interactions::id.desc()))
        };
        ordered
            .limit(limit)
            .select(InteractionRow::as_select())
            .load(c)
    })?;
    convert(rows)
}

/// All interactions of a ticket, oldest first.
///
/// # Errors
/// The database's own.
pub fn of_ticket(conn: &mut Conn, ticket: TicketId) -> Result<Vec<Interaction>, StoreError> {
    let rows: Vec<InteractionRow> = on!(conn, c => interactions::table
        .filter(interactions::ticket_id.eq(SqlId::from(ticket)))
        .order((interactions::occurred_at, interactions::id))
        .select(InteractionRow::as_select())
        .load(c))?;
    convert(rows)
}

/// The ticket that a conversation of a source belongs to: of its latest contact that has one.
///
/// # Errors
/// The database's own.
pub fn ticket_of_thread(conn: &mut Conn, source: &str, thread: &str) -> Result<Option<TicketId>, StoreError> {
    let found: Option<Option<SqlId>> = on!(conn, c => interactions::table
        .filter(interactions::source.eq(source).and(interactions::thread.eq(thread)).and(interactions::ticket_id.is_not_null()))
        .order((interactions::occurred_at.desc(), interactions::id.desc()))
        .select(interactions::ticket_id)
        .first(c)
        .optional())?;
    Ok(opt(found.flatten()))
}

/// Ties every contact of a conversation that has no ticket yet to one; gives their ids, oldest first.
///
/// # Errors
/// The database's own.
pub fn link_thread(
    conn: &mut Conn,
    source: &str,
    thread: &str,
    ticket: TicketId,
    at: Instant,
) -> Result<Vec<InteractionId>, StoreError> {
    let loose: Vec<SqlId> = on!(conn, c => interactions::table
        .filter(interactions::source.eq(source).and(interactions::thread.eq(thread)).and(interactions::ticket_id.is_null()))
        .order((interactions::occurred_at, interactions::id))
        .select(interactions::id)
        .load(c))?;
    for id in &loose {
        link(conn, (*id).into(), ticket, at)?;
    }
    Ok(loose.into_iter().map(Into::into).collect())
}

/// Ties one interaction to a ticket.
///
/// # Errors
/// The database's own.
pub fn link(conn: &mut Conn, id: InteractionId, ticket: TicketId, at: Instant) -> Result<(), StoreError> {
    let before = find(conn, id)?;
    on!(conn, c => diesel::update(interactions::table.find(SqlId::from(id)))
        .set((interactions::ticket_id.eq(Some(SqlId::from(ticket))), interactions::linked_at.eq(Some(SqlInstant::from(at)))))
        .execute(c))?;
    let Some(before) = before.filter(|it| it.direction == Direction::Inbound && it.ticket_id != Some(ticket))
    else {
        return Ok(());
    };
    if before.ticket_id.is_none() {
        mark_days(conn, [&before])?;
    }
    add_words(conn, ticket, &before)?;
    match before.ticket_id.map(|other| tickets::find(conn, other)).transpose()?.flatten() {
        Some(other) => ticket_search::rebuild(conn, &other),
        None => Ok(()),
    }
}

/// A contact's texts are found under its ticket.
fn add_words(conn: &mut Conn, ticket: TicketId, contact: &Interaction) -> Result<(), StoreError> {
    ticket_search::add(conn, ticket, &[contact.subject.as_deref().unwrap_or_default(), &contact.body])
}

/// Says who sent an interaction.
///
/// # Errors
/// The database's own.
pub fn set_person(conn: &mut Conn, id: InteractionId, person: Option<PersonId>) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(interactions::table.find(SqlId::from(id)))
        .set(interactions::person_id.eq(opt::<_, SqlId>(person)))
        .execute(c))?;
    Ok(())
}

/// Moves a call to an earlier entry that became known, and renews why it asks for nothing. It goes with every renewal of
/// the call's own row and legs, so it marks both days for these, too.
///
/// # Errors
/// The database's own.
pub fn update_call(
    conn: &mut Conn,
    id: InteractionId,
    occurred_at: Instant,
    local_day: &str,
    not_actionable: Option<NotActionable>,
    detail: &Value,
) -> Result<(), StoreError> {
    let before: Option<String> = on!(conn, c => interactions::table
        .find(SqlId::from(id))
        .select(interactions::local_day)
        .first(c)
        .optional())?;
    rollups::mark(conn, before.as_deref().into_iter().chain([local_day]))?;
    on!(conn, c => diesel::update(interactions::table.find(SqlId::from(id)))
        .set((
            interactions::occurred_at.eq(SqlInstant::from(occurred_at)),
            interactions::local_day.eq(local_day),
            interactions::not_actionable.eq(not_actionable.map(Word::word)),
            interactions::detail.eq(detail),
        ))
        .execute(c))?;
    Ok(())
}
