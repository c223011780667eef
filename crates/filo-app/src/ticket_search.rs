//! Searching tickets by their words: what is listed, limited to what matches, the best places first.
//!
//! **Invariant:** a search obeys the same filters, limits and cursors as the list; what is typed never fails and
//! never reaches a log.

use filo_domain::{Instant, search::Query};
use filo_store::{
    Conn,
    ticket_search::{Within, Words},
    tickets::{self, Filter, Sort, TicketRecord},
};

use crate::{
    App, AppError, Caller, ListTickets, Page, Permission, TicketView,
    cursors::Binding,
    ticket_list::with_members,
    tickets::{fetch, limit},
};

/// The longest search, in characters.
const LONGEST: usize = 200;

/// One part of the results, with the cursors that stand in it.
struct Tier {
    within: Within,
    binding: Binding,
}

/// Number, subject and requester come before the conversation; any other order takes all as one.
fn tiers(text: &str, query: &ListTickets, caller: &Caller) -> Result<Vec<Tier>, AppError> {
    let by_relevance = query.sort.as_deref().is_none_or(|sort| sort == "relevance");
    let parts = if by_relevance { vec![Within::Head, Within::Rest] } else { vec![Within::All] };
    let tier = |within: Within| {
        let binding =
            Binding::of(&serde_json::json!([text, query_key(query)?, format!("{within:?}")]), caller)?;
        Ok(Tier { within, binding })
    };
    parts.into_iter().map(tier).collect()
}

/// What of the query binds a cursor: all but where to begin and how much.
fn query_key(query: &ListTickets) -> Result<serde_json::Value, AppError> {
    Ok(serde_json::to_value(ListTickets { cursor: None, limit: None, ..query.clone() })?)
}

impl App {
    /// Searches the tickets that the caller may see.
    ///
    /// # Errors
    /// A text that is blank or too long, wrong filters, a cursor of another search, or the store's own.
    pub async fn search_tickets(
        &self,
        caller: &Caller,
        text: &str,
        query: ListTickets,
        now: Instant,
    ) -> Result<Page<TicketView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let length = text.chars().count();
        if text.trim().is_empty() || length > LONGEST {
            return Err(AppError::invalid(
                "/text",
                format!("must have 1 to {LONGEST} characters, has {length}"),
            ));
        }
        let tiers = tiers(text, &query, caller)?;
        let sort = query.sort.clone().filter(|sort| sort != "relevance");
        let filter = ListTickets { sort, ..query.clone() }.filter(caller, &self.core, now)?;
        let limit = limit(query.limit)?;
        let (first, after) = begin(&tiers, query.cursor.as_deref())?;
        let words = Query::parse(text);
        if words.is_empty() {
            return Ok(Page { items: vec![], next_cursor: None });
        }
        let (sort, within) = (filter.sort, tiers.iter().map(|tier| tier.within).collect::<Vec<_>>());
        let rows = self
            .db
            .read(move |conn| {
                let filter = Filter { after, ..with_members(conn, filter)? };
                search(conn, filter, &words, within.iter().copied().enumerate().skip(first), fetch(limit))
            })
            .await?;
        let place = |(tier, row): &(usize, TicketRecord)| cursor(&tiers, *tier, sort, row);
        Ok(Page::cut(rows, limit, place).map(|(_, row)| TicketView::from(row)))
    }
}

fn cursor(tiers: &[Tier], tier: usize, sort: Sort, row: &TicketRecord) -> String {
    tiers.get(tier).map(|tier| tier.binding.cursor(sort.key(row).micros(), row.id)).unwrap_or_default()
}

type Beginning = (usize, Option<(Instant, filo_domain::TicketId)>);

/// In which part a page begins, and past which place.
fn begin(tiers: &[Tier], cursor: Option<&str>) -> Result<Beginning, AppError> {
    let Some(cursor) = cursor else { return Ok((0, None)) };
    let mut refused = None;
    for (place, tier) in tiers.iter().enumerate() {
        match tier.binding.read_at(cursor) {
            Ok(after) => return Ok((place, Some(after))),
            Err(error) => refused = Some(error),
        }
    }
    refused.map_or(Ok((0, None)), Err)
}

/// The matches of each part in turn, with the part's place.
fn search(
    conn: &mut Conn,
    mut filter: Filter,
    query: &Query,
    parts: impl Iterator<Item = (usize, Within)>,
    most: i64,
) -> Result<Vec<(usize, TicketRecord)>, AppError> {
    let mut rows: Vec<(usize, TicketRecord)> = Vec::new();
    for (place, within) in parts {
        let wanted = most.saturating_sub(i64::try_from(rows.len()).unwrap_or(most));
        if wanted <= 0 {
            break;
        }
        filter.words = Some(Words { query: query.clone(), within });
        rows.extend(tickets::list(conn, &filter, wanted)?.into_iter().map(|row| (place, row)));
        filter.after = None;
    }
    Ok(rows)
}
