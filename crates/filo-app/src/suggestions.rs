//! Who may be one person: listed with the reason in words, accepted into a merge that can be undone, or dismissed
//! for good.

use filo_domain::{Instant, PersonId, id::Id};
use filo_store::{
    Conn, audit,
    intake::take_turn,
    persons::{self, Merge},
    suggestions::{self, ACCEPTED, DISMISSED, OPEN, Pair, Suggestion},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    App, AppError, Caller, Core, Page, Permission,
    joining::{Reason, Rule, join, older_first},
    tickets::{fetch, limit},
    views::{cursor, read_cursor},
};

/// One of two persons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuggestedPerson {
    /// Who they are now.
    pub id: PersonId,
    /// Their name.
    pub name: Option<String>,
}

/// Two persons who may be one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairView {
    /// Its id.
    pub id: Id<Pair>,
    /// The two of them.
    pub persons: Vec<SuggestedPerson>,
    /// Why, as a stable word.
    pub reason: String,
    /// Why, in words.
    pub because: String,
    /// `open`, `accepted` or `dismissed`.
    pub state: String,
    /// Since when.
    pub created_at: Instant,
    /// When somebody decided.
    pub decided_at: Option<Instant>,
    /// The merge it was accepted by, by which it is undone.
    pub merge_id: Option<Id<Merge>>,
}

impl App {
    /// Lists suggestions of a state, oldest first; by default the open ones.
    ///
    /// # Errors
    /// No such state, wrong cursor, or the store's own.
    pub async fn list_suggestions(
        &self,
        caller: &Caller,
        state: Option<String>,
        asked: Option<usize>,
        after: Option<String>,
    ) -> Result<Page<PairView>, AppError> {
        caller.must(Permission::ReadPersons)?;
        let state = state.unwrap_or_else(|| OPEN.to_owned());
        if ![OPEN, ACCEPTED, DISMISSED].contains(&state.as_str()) {
            return Err(AppError::invalid("/state", "must be open, accepted or dismissed"));
        }
        let limit = limit(asked)?;
        let after = after.as_deref().map(read_cursor).transpose()?;
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let rows = suggestions::list(conn, &state, after, fetch(limit))?;
                let page = Page::cut(rows, limit, |row| cursor(row.created_at, row.id));
                let mut items = views(conn, &core, page.items)?;
                // What a merge of others has settled meanwhile is no question any more, until that is undone.
                items.retain(|pair| pair.state != OPEN || distinct(pair));
                Ok(Page { items, next_cursor: page.next_cursor })
            })
            .await
    }

    /// Merges the two: the one Filo met later into the other.
    ///
    /// # Errors
    /// Decided before, one person already, not found.
    pub async fn accept_suggestion(
        &self,
        caller: &Caller,
        id: Id<Pair>,
        now: Instant,
    ) -> Result<PairView, AppError> {
        caller.must(Permission::ManagePersons)?;
        let (core, actor) = (self.core.clone(), caller.actor());
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                let pair = open_one(conn, id)?;
                let one = persons::canonical(conn, pair.person)?;
                let other = persons::canonical(conn, pair.other)?;
                if one == other {
                    return Err(AppError::conflict("already-one-person", "these are one person already"));
                }
                let (into, from) = older_first(conn, one, other)?;
                let merge = join(conn, from, into, Rule::Suggestion, &actor, now)?;
                suggestions::decide(conn, id, ACCEPTED, Some(merge), now)?;
                view(conn, &core, id)
            })
            .await
    }

    /// Says that the two are two: this suggestion does not come back.
    ///
    /// # Errors
    /// Decided before, not found.
    pub async fn dismiss_suggestion(
        &self,
        caller: &Caller,
        id: Id<Pair>,
        now: Instant,
    ) -> Result<PairView, AppError> {
        caller.must(Permission::ManagePersons)?;
        let (core, actor) = (self.core.clone(), caller.actor());
        self.db
            .write(move |conn| {
                open_one(conn, id)?;
                if !suggestions::decide(conn, id, DISMISSED, None, now)? {
                    return Err(decided());
                }
                audit::append(conn, now, &actor, "suggestion_dismissed", json!({ "suggestion": id }))?;
                view(conn, &core, id)
            })
            .await
    }
}

fn distinct(pair: &PairView) -> bool {
    pair.persons.first().map(|one| one.id) != pair.persons.last().map(|other| other.id)
}

fn decided() -> AppError {
    AppError::conflict("decided-before", "somebody decided this suggestion already")
}

fn open_one(conn: &mut Conn, id: Id<Pair>) -> Result<Suggestion, AppError> {
    let pair = suggestions::find(conn, id)?.ok_or(AppError::NotFound("suggestion"))?;
    if pair.state == OPEN { Ok(pair) } else { Err(decided()) }
}

fn view(conn: &mut Conn, core: &Core, id: Id<Pair>) -> Result<PairView, AppError> {
    let pair = suggestions::find(conn, id)?.ok_or(AppError::NotFound("suggestion"))?;
    views(conn, core, vec![pair])?.pop().ok_or(AppError::NotFound("suggestion"))
}

fn views(conn: &mut Conn, core: &Core, pairs: Vec<Suggestion>) -> Result<Vec<PairView>, AppError> {
    let ids: Vec<PersonId> = pairs.iter().flat_map(|pair| [pair.person, pair.other]).collect();
    let now = persons::canonical_all(conn, &ids)?;
    let person = |id: PersonId| match now.get(&id) {
        Some(person) => SuggestedPerson { id: person.id, name: person.name.clone() },
        None => SuggestedPerson { id, name: None },
    };
    Ok(pairs
        .into_iter()
        .map(|pair| PairView {
            id: pair.id,
            persons: vec![person(pair.person), person(pair.other)],
            because: words(core, &pair.reason),
            reason: pair.reason,
            state: pair.state,
            created_at: pair.created_at,
            decided_at: pair.decided_at,
            merge_id: pair.merge,
        })
        .collect())
}

/// A reason in the city's own words.
pub(crate) fn words(core: &Core, reason: &str) -> String {
    let known = Reason::ALL.into_iter().find(|known| known.word() == reason);
    let text = known.and_then(|known| core.city.texts.get("it", &format!("suggestions.{}", known.word())));
    text.unwrap_or(reason).to_owned()
}
