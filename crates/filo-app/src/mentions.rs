//! Mentions: `@name` in an internal note calls a user's attention to it.
//!
//! **Invariant:** only users who may see the ticket are called; every other `@name` stays plain text, so that a note
//! tells nobody who exists.

use std::collections::BTreeSet;

use filo_domain::{Instant, MessageId, TicketId, UserId, id::Id, vocabulary::Word};
use filo_store::{
    Conn,
    access::{self, UserRecord},
    feed::{self, News},
    mentions::{self, Mention},
    tickets::{self, TicketRecord},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Access, App, AppError, Caller, Page, Permission, Role, mint,
    tickets::{fetch, limit},
    views::{cursor, read_cursor},
    work::Work,
};

/// Names a mention.
pub type MentionId = Id<Mention>;

/// More names than these in one note are plain text.
const MOST_NAMES: usize = 20;
const LONGEST_NAME: usize = 64;

/// A user named in a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mentioned {
    /// The id.
    pub user_id: UserId,
    /// The log-in name.
    pub name: String,
}

/// A mention of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MentionView {
    /// Its id.
    pub id: MentionId,
    /// When it was written.
    pub at: Instant,
    /// The ticket.
    pub ticket_id: TicketId,
    /// The ticket's number.
    pub ticket_number: String,
    /// The note.
    pub message_id: MessageId,
    /// When the caller said that it was read.
    pub read_at: Option<Instant>,
}

impl MentionView {
    fn of(mention: Mention, ticket: TicketRecord) -> Self {
        Self {
            id: mention.id,
            at: mention.at,
            ticket_id: mention.ticket,
            ticket_number: ticket.number,
            message_id: mention.message,
            read_at: mention.read_at,
        }
    }
    /// 1 until it is read, then 2: the ETag.
    pub fn version(&self) -> i32 {
        1 + i32::from(self.read_at.is_some())
    }
}

/// Which mentions to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListMentions {
    /// Only those that were not read yet, or only those that were.
    pub unread: Option<bool>,
    /// 1 to 200, by default 50.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

impl App {
    /// The caller's own mentions, newest first, of the tickets that the caller may see.
    ///
    /// # Errors
    /// Wrong limit or cursor, or the store's own.
    pub async fn mentions(
        &self,
        caller: &Caller,
        query: ListMentions,
    ) -> Result<Page<MentionView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let limit = limit(query.limit)?;
        let after = query.cursor.as_deref().map(read_cursor).transpose()?;
        let caller = caller.clone();
        self.db
            .read(move |conn| {
                let Some(user) = caller.user() else { return Ok(Page { items: vec![], next_cursor: None }) };
                let rows = mentions::of_user(conn, user, query.unread, after, fetch(limit))?;
                let page = Page::cut(rows, limit, |row| cursor(row.at, row.id));
                let mut items = Vec::with_capacity(page.items.len());
                for mention in page.items {
                    items.extend(view(conn, &caller, mention)?);
                }
                Ok(Page { items, next_cursor: page.next_cursor })
            })
            .await
    }

    /// Says that a mention was read; saying it again changes nothing.
    ///
    /// # Errors
    /// Not found, or not the caller's.
    pub async fn read_mention(
        &self,
        caller: &Caller,
        id: MentionId,
        now: Instant,
    ) -> Result<MentionView, AppError> {
        caller.must(Permission::ReadTickets)?;
        let caller = caller.clone();
        self.db
            .write(move |conn| {
                let own = |mention: &Mention| Some(mention.user) == caller.user();
                mentions::find(conn, id)?.filter(own).ok_or(AppError::NotFound("mention"))?;
                mentions::read(conn, id, now)?;
                let mention = mentions::find(conn, id)?.ok_or(AppError::NotFound("mention"))?;
                view(conn, &caller, mention)?.ok_or(AppError::NotFound("mention"))
            })
            .await
    }
}

/// A mention as its user sees it; `None` once the user may no longer see the ticket.
fn view(conn: &mut Conn, caller: &Caller, mention: Mention) -> Result<Option<MentionView>, AppError> {
    let ticket = tickets::find(conn, mention.ticket)?.ok_or(AppError::NotFound("ticket"))?;
    Ok(caller.must_see(&ticket).is_ok().then(|| MentionView::of(mention, ticket)))
}

/// Keeps who is named in a note.
///
/// # Errors
/// The store's own.
pub(crate) fn keep(
    conn: &mut Conn,
    work: &Work,
    message: MessageId,
    text: &str,
    now: Instant,
) -> Result<(), AppError> {
    let written = names_in(text);
    let candidates: Vec<String> = written.iter().flatten().cloned().collect();
    if candidates.is_empty() {
        return Ok(());
    }
    let ticket = TicketRecord::of(&work.ticket, work.beside.clone());
    let known: Vec<UserRecord> = access::users_named(conn, &candidates)?;
    // The longest reading of each name that is somebody's.
    let meant = |readings: &Vec<String>| {
        readings.iter().find_map(|name| known.iter().find(|user| user.name == *name))
    };
    let users: BTreeSet<UserId> =
        written.iter().filter_map(meant).filter(|user| may_see(user, &ticket)).map(|user| user.id).collect();
    for user in users {
        let mention = Mention { id: mint::id(now), message, ticket: ticket.id, user, at: now, read_at: None };
        mentions::insert(conn, &mention)?;
        feed::tell(conn, call(&mention, &ticket))?;
    }
    Ok(())
}

/// The news of a mention, for the user's own streams alone.
fn call(mention: &Mention, ticket: &TicketRecord) -> News {
    News {
        seq: 0,
        at: mention.at,
        kind: "ticket.mention".to_owned(),
        ticket: Some(mention.ticket),
        unit: ticket.unit.clone(),
        unit_before: None,
        user: Some(mention.user),
        data: json!({ "number": ticket.number, "mention_id": mention.id, "message_id": mention.message }),
    }
}

fn may_see(user: &UserRecord, ticket: &TicketRecord) -> bool {
    Role::parse_word(&user.role).is_ok_and(|role| {
        let caller = Caller { access: Access::User { id: user.id, role, unit: user.unit.clone() } };
        caller.may(Permission::ReadTickets) && caller.must_see(ticket).is_ok()
    })
}

/// What may be a name after each `@` of a text, the longest reading first: a full stop may end a name or a sentence.
fn names_in(text: &str) -> Vec<Vec<String>> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    let mut found = Vec::new();
    let mut before = ' ';
    for (place, c) in text.char_indices() {
        // In `anna@mail.example` the sign stands inside a word.
        if c == '@' && !is_name(before) && found.len() < MOST_NAMES {
            let rest = text.get(place + 1..).unwrap_or_default();
            let run: String = rest.chars().take_while(|c| is_name(*c)).take(LONGEST_NAME).collect();
            found.push(readings(&run));
        }
        before = c;
    }
    found
}

fn readings(run: &str) -> Vec<String> {
    let mut readings = Vec::new();
    let mut rest = run;
    while !rest.is_empty() {
        readings.push(rest.to_owned());
        rest = match rest.char_indices().next_back() {
            Some((place, '.' | '-' | '_' | '@')) => rest.get(..place).unwrap_or_default(),
            Some(_) | None => break,
        };
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_and_without_the_full_stop_that_ends_a_sentence() {
        let first = |text: &str| names_in(text).into_iter().map(|it| it.join("|")).collect::<Vec<_>>();
        assert_eq!(first("@anna.rossi guarda qui, e @ugo."), ["anna.rossi", "ugo.|ugo"]);
        assert_eq!(first("scrivi ad anna@mail.example"), Vec::<String>::new());
        assert_eq!(first("(@anna) @@ @ @è"), ["anna", "@", "", "è"]);
        assert_eq!(names_in(&"@x ".repeat(100)).len(), MOST_NAMES);
    }
}
