//! The words by which tickets are found: a projection written where the texts are, in the same transaction.
//!
//! **Invariant:** words come out of [`filo_domain::search`] alone, so that both databases find the same: SQLite keeps
//! them in an FTS5 table over this one, PostgreSQL in a `tsvector` beside it. A message adds its words; nothing is
//! read again for it.
//!
//! Start at [`matching`] for a search.

use diesel::{dsl::sql, prelude::*, sql_types::Bool, upsert::excluded};
use filo_domain::{
    PersonId, TicketId,
    search::{self, BREAK, Phrase, Query},
    vocabulary::Direction,
};

use crate::{
    Conn, StoreError,
    conn::on,
    interactions,
    messages::{self, MessageKind},
    persons,
    schema::{ticket_search, tickets},
    sql_types::SqlId,
    tickets::TicketRecord,
};

/// Raised when words are made in another way: all tickets are then written anew.
pub const VERSION: &str = "1";
/// Words past so many characters are not kept: a `tsvector` holds no more than a megabyte.
const ROOM: usize = 200_000;

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = ticket_search)]
struct WordsRow {
    ticket_id: SqlId,
    head: String,
    requester: String,
    body: String,
}

fn head(record: &TicketRecord) -> String {
    let subject = search::words(record.subject.as_deref().unwrap_or_default());
    format!("{} {BREAK} {subject}", search::number_word(&record.number))
}

/// The words of a person's name and identities, as recorded: not of those merged into them.
fn requester(conn: &mut Conn, person: Option<PersonId>) -> Result<String, StoreError> {
    let Some(id) = person else { return Ok(String::new()) };
    let name = persons::find(conn, id)?.and_then(|person| person.name);
    let mut parts: Vec<String> = name.iter().map(|name| search::words(name)).collect();
    let known = persons::identities_of(conn, &[id])?;
    let mut values: Vec<String> =
        known.iter().map(|it| search::identity_words(it.identity.value())).collect();
    values.sort();
    parts.append(&mut values);
    Ok(parts.join(&format!(" {BREAK} ")))
}

/// Keeps the words of a new ticket: number, subject and requester.
///
/// # Errors
/// The database's own.
pub(crate) fn begin(conn: &mut Conn, record: &TicketRecord) -> Result<(), StoreError> {
    let requester = requester(conn, record.person)?;
    let row = WordsRow { ticket_id: record.id.into(), head: head(record), requester, body: String::new() };
    on!(conn, c => diesel::insert_into(ticket_search::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// Renews the words of a ticket's subject where it changed.
///
/// # Errors
/// The database's own.
pub(crate) fn renew_head(conn: &mut Conn, record: &TicketRecord) -> Result<(), StoreError> {
    let head = head(record);
    on!(conn, c => diesel::update(ticket_search::table)
        .filter(ticket_search::ticket_id.eq(SqlId::from(record.id)).and(ticket_search::head.ne(&head)))
        .set(ticket_search::head.eq(&head))
        .execute(c))?;
    Ok(())
}

/// Renews the words of a person on their tickets, after a name or an identity changed.
///
/// # Errors
/// The database's own.
pub(crate) fn renew_requester(conn: &mut Conn, person: PersonId) -> Result<(), StoreError> {
    let words = requester(conn, Some(person))?;
    let own = tickets::table.filter(tickets::person_id.eq(SqlId::from(person))).select(tickets::id);
    on!(conn, c => diesel::update(ticket_search::table)
        .filter(ticket_search::ticket_id.eq_any(own).and(ticket_search::requester.ne(&words)))
        .set(ticket_search::requester.eq(&words))
        .execute(c))?;
    Ok(())
}

/// Adds the words of texts to a ticket.
///
/// # Errors
/// The database's own.
pub(crate) fn add(conn: &mut Conn, ticket: TicketId, texts: &[&str]) -> Result<(), StoreError> {
    let parts: Vec<String> = texts.iter().map(|text| part(text)).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Ok(());
    }
    let more = format!("{} ", parts.join(" "));
    let room = sql::<Bool>(&format!("length(body) < {ROOM}"));
    on!(conn, c => diesel::update(ticket_search::table)
        .filter(ticket_search::ticket_id.eq(SqlId::from(ticket)).and(room))
        .set(ticket_search::body.eq(ticket_search::body.concat(&more)))
        .execute(c))?;
    Ok(())
}

/// One text's words with the break after them.
fn part(text: &str) -> String {
    let words = search::words(text);
    if words.is_empty() { words } else { format!("{words} {BREAK}") }
}

/// What a ticket's words should be, read from what they come from.
fn expected(conn: &mut Conn, record: &TicketRecord) -> Result<WordsRow, StoreError> {
    let mut parts = Vec::new();
    for contact in interactions::of_ticket(conn, record.id)? {
        if contact.direction == Direction::Inbound {
            parts.push(part(contact.subject.as_deref().unwrap_or_default()));
            parts.push(part(&contact.body));
        }
    }
    for message in messages::of_ticket(conn, record.id)? {
        if message.kind != MessageKind::Receipt {
            parts.push(part(message.body.as_deref().unwrap_or_default()));
        }
    }
    parts.retain(|part| !part.is_empty());
    let mut body = String::new();
    for part in parts {
        if body.len() < ROOM {
            body.push_str(&format!("{part} "));
        }
    }
    let requester = requester(conn, record.person)?;
    Ok(WordsRow { ticket_id: record.id.into(), head: head(record), requester, body })
}

/// Writes the words of a ticket anew.
///
/// # Errors
/// The database's own.
pub fn rebuild(conn: &mut Conn, record: &TicketRecord) -> Result<(), StoreError> {
    let row = expected(conn, record)?;
    on!(conn, c => diesel::insert_into(ticket_search::table)
        .values(&row)
        .on_conflict(ticket_search::ticket_id)
        .do_update()
        .set((
            ticket_search::head.eq(excluded(ticket_search::head)),
            ticket_search::requester.eq(excluded(ticket_search::requester)),
            ticket_search::body.eq(excluded(ticket_search::body)),
        ))
        .execute(c))?;
    Ok(())
}

/// Whether the words kept of a ticket are those of its texts, in whatever order they came.
///
/// # Errors
/// The database's own.
pub fn is_true(conn: &mut Conn, record: &TicketRecord) -> Result<bool, StoreError> {
    let stored: Option<WordsRow> = on!(conn, c => ticket_search::table
        .filter(ticket_search::ticket_id.eq(SqlId::from(record.id)))
        .select(WordsRow::as_select())
        .first(c)
        .optional())?;
    let Some(stored) = stored else { return Ok(false) };
    let expected = expected(conn, record)?;
    let full = expected.body.len() >= ROOM || stored.body.len() >= ROOM;
    let same_body = full || parts_of(&stored.body) == parts_of(&expected.body);
    Ok(stored.head == expected.head && stored.requester == expected.requester && same_body)
}

fn parts_of(body: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = body.split(BREAK).map(str::trim).collect();
    parts.sort_unstable();
    parts
}

/// Where the words must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Anywhere.
    All,
    /// In number, subject and requester.
    Head,
    /// Not all of them in number, subject and requester.
    Rest,
}

/// A search for the words of tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What is searched for; not empty.
    pub query: Query,
    /// Where.
    pub within: Within,
}

/// The condition that a ticket's words match, with the one value it is bound to.
pub(crate) fn matching(conn: &Conn, words: &Words) -> (&'static str, String) {
    match conn {
        Conn::Postgres(_) => (
            "tickets.id IN (SELECT ticket_search.ticket_id FROM ticket_search WHERE ticket_search.vector @@ to_tsquery('simple', ",
            postgres(words),
        ),
        Conn::Sqlite(_) => (
            "tickets.id IN (SELECT ticket_search.ticket_id FROM ticket_search_fts \
             JOIN ticket_search ON ticket_search.docid = ticket_search_fts.rowid WHERE ticket_search_fts MATCH (",
            sqlite(words),
        ),
    }
}

/// Every word stands in quotes and is letters and digits alone, so nothing typed is syntax here.
fn sqlite(words: &Words) -> String {
    let phrase =
        |phrase: &Phrase| format!("\"{}\"{}", phrase.words.join(" "), if phrase.prefix { " *" } else { "" });
    let clause =
        |clause: &Vec<Phrase>| format!("({})", clause.iter().map(phrase).collect::<Vec<_>>().join(" OR "));
    let all = words.query.clauses.iter().map(clause).collect::<Vec<_>>().join(" AND ");
    match words.within {
        Within::All => all,
        Within::Head => format!("{{head requester}} : ({all})"),
        Within::Rest => format!("({all}) NOT ({{head requester}} : ({all}))"),
    }
}

fn postgres(words: &Words) -> String {
    let all = |weight: &str| {
        let word = |phrase: &Phrase, place: usize, word: &String| {
            let prefix = if phrase.prefix && place + 1 == phrase.words.len() { "*" } else { "" };
            let marks = format!("{prefix}{weight}");
            if marks.is_empty() { format!("'{word}'") } else { format!("'{word}':{marks}") }
        };
        let phrase = |phrase: &Phrase| {
            let words = phrase.words.iter().enumerate().map(|(place, it)| word(phrase, place, it));
            format!("({})", words.collect::<Vec<_>>().join(" <-> "))
        };
        let clause =
            |clause: &Vec<Phrase>| format!("({})", clause.iter().map(phrase).collect::<Vec<_>>().join(" | "));
        words.query.clauses.iter().map(clause).collect::<Vec<_>>().join(" & ")
    };
    match words.within {
        Within::All => all(""),
        Within::Head => all("A"),
        Within::Rest => format!("({}) & !({})", all(""), all("A")),
    }
}
