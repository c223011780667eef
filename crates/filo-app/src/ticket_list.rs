//! The list of tickets: what can be asked of it, in the words of the interface.
//!
//! **Invariant:** whatever is asked, a caller who is limited to units gets tickets of these alone.

use filo_domain::{
    Instant, MatterId, PersonId, UserId,
    policy::ClockName,
    vocabulary::{State, Word},
};
use filo_store::{
    Conn, persons,
    tickets::{self, Breach, Deadline, Filter, Sort},
};
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    App, AppError, Caller, Core, Page, Permission, TicketView,
    cursors::Binding,
    tickets::{fetch, limit},
};

/// Which tickets to list. Of words and names several can be given, separated by commas.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListTickets {
    /// States.
    pub state: Option<String>,
    /// Units.
    pub unit: Option<String>,
    /// `I`, `II`.
    pub level: Option<String>,
    /// Themes, sub-themes included.
    pub theme: Option<String>,
    /// Channels.
    pub channel: Option<String>,
    /// Kinds.
    pub kind: Option<String>,
    /// Priorities.
    pub priority: Option<String>,
    /// Tags, any of them.
    pub tag: Option<String>,
    /// Districts.
    pub municipio: Option<String>,
    /// `me`, `none`, or ids of users.
    pub assigned_to: Option<String>,
    /// A person, with everybody merged into them.
    pub person_id: Option<PersonId>,
    /// A matter.
    pub matter_id: Option<MatterId>,
    /// Opened not before.
    pub created_from: Option<Instant>,
    /// Opened before.
    pub created_to: Option<Instant>,
    /// Updated not before.
    pub updated_from: Option<Instant>,
    /// Updated before.
    pub updated_to: Option<Instant>,
    /// Due not before.
    pub due_from: Option<Instant>,
    /// Due before.
    pub due_to: Option<Instant>,
    /// `overdue`, `today` or `week` (today and the six days after it), in the city's local days.
    pub due: Option<String>,
    /// Whether a clock ran past its deadline.
    pub breached: Option<bool>,
    /// Of which clock `due…` and `breached` speak: `first_response`, `resolution` or `statutory`.
    pub clock: Option<String>,
    /// `true`: only those that the caller watches.
    pub watched: Option<bool>,
    /// `created`, `-created` (the default), `updated`, `-updated` or `due`.
    pub sort: Option<String>,
    /// 1 to 200, by default 50.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// The most values of one filter.
const MOST: usize = 50;

/// Reads the words of a list separated by commas.
fn words<W: Word>(name: &str, text: Option<&str>) -> Result<Vec<W>, AppError> {
    let parse =
        |word: String| W::parse_word(&word).map_err(|error| AppError::invalid(&format!("/{name}"), error));
    texts(name, text)?.into_iter().map(parse).collect()
}

/// Reads the texts of a list separated by commas.
fn texts(name: &str, text: Option<&str>) -> Result<Vec<String>, AppError> {
    let list: Vec<String> = text.map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default();
    if list.len() > MOST || list.iter().any(String::is_empty) {
        let detail = format!("must have 1 to {MOST} values, separated by commas");
        return Err(AppError::invalid(&format!("/{name}"), detail));
    }
    Ok(list)
}

/// Reads values of a list separated by commas.
fn values<T: std::str::FromStr>(name: &str, text: Option<&str>, expected: &str) -> Result<Vec<T>, AppError> {
    let parse = |value: String| {
        value
            .parse()
            .map_err(|_not_one| AppError::invalid(&format!("/{name}"), format!("must be {expected}")))
    };
    texts(name, text)?.into_iter().map(parse).collect()
}

impl ListTickets {
    /// The filter of the store, without the place to begin from; persons are those asked for, without who was merged
    /// into them.
    pub(crate) fn filter(&self, caller: &Caller, core: &Core, now: Instant) -> Result<Filter, AppError> {
        let clock: Option<ClockName> = words("clock", self.clock.as_deref())?.pop();
        let (users, unassigned) = self.assigned(caller)?;
        Ok(Filter {
            states: words::<State>("state", self.state.as_deref())?,
            units: self.units(caller)?,
            levels: words("level", self.level.as_deref())?,
            themes: texts("theme", self.theme.as_deref())?,
            channels: words("channel", self.channel.as_deref())?,
            kinds: words("kind", self.kind.as_deref())?,
            priorities: words("priority", self.priority.as_deref())?,
            tags: texts("tag", self.tag.as_deref())?,
            municipi: values("municipio", self.municipio.as_deref(), "numbers of districts")?,
            users,
            unassigned,
            persons: self.person_id.map(|person| vec![person]),
            matter: self.matter_id,
            watched_by: self.watched_by(caller)?,
            opened: (self.created_from, self.created_to),
            updated: (self.updated_from, self.updated_to),
            due: self.due(clock, core, now)?,
            breach: self.breach(clock, now)?,
            words: None,
            sort: self.sort()?,
            after: None,
        })
    }

    fn sort(&self) -> Result<Sort, AppError> {
        match self.sort.as_deref() {
            None | Some("-created") => Ok(Sort::NewestCreated),
            Some("created") => Ok(Sort::Created),
            Some("-updated") => Ok(Sort::LastUpdated),
            Some("updated") => Ok(Sort::Updated),
            Some("due") => Ok(Sort::Due),
            Some(_) => Err(AppError::invalid("/sort", "must be created, -created, updated, -updated or due")),
        }
    }

    fn units(&self, caller: &Caller) -> Result<Vec<String>, AppError> {
        let asked = texts("unit", self.unit.as_deref())?;
        match caller.unit_limit() {
            Some(own) if asked.iter().any(|unit| unit != own) => {
                Err(AppError::Forbidden("read another unit's tickets"))
            }
            Some(own) => Ok(vec![own.to_owned()]),
            None => Ok(asked),
        }
    }

    fn watched_by(&self, caller: &Caller) -> Result<Option<UserId>, AppError> {
        match (self.watched, caller.user()) {
            (Some(true), None) => Err(AppError::invalid("/watched", "only users watch tickets")),
            (Some(true), user) => Ok(user),
            (Some(false) | None, _) => Ok(None),
        }
    }

    /// The users asked for, and whether tickets of nobody are too.
    fn assigned(&self, caller: &Caller) -> Result<(Vec<UserId>, bool), AppError> {
        let (mut users, mut nobody) = (Vec::new(), false);
        for asked in texts("assigned_to", self.assigned_to.as_deref())? {
            let refuse = |what: &str| AppError::invalid("/assigned_to", what);
            match asked.as_str() {
                "none" => nobody = true,
                "me" => users.push(caller.user().ok_or_else(|| refuse("a key is assigned nothing"))?),
                id => users.push(id.parse().map_err(|_no_id| refuse("must be me, none or ids of users"))?),
            }
        }
        Ok((users, nobody))
    }

    fn due(&self, clock: Option<ClockName>, core: &Core, now: Instant) -> Result<Vec<Deadline>, AppError> {
        let mut due = Vec::new();
        if self.due_from.is_some() || self.due_to.is_some() {
            due.push(Deadline { clock, from: self.due_from, to: self.due_to });
        }
        let zone = &core.city.zone;
        let today = zone.day(now);
        let until = |days: i64| zone.day_start(today.checked_add(days.days()).unwrap_or(Date::MAX));
        let from = Some(zone.day_start(today));
        match self.due.as_deref() {
            None => {}
            Some("overdue") => due.push(Deadline { clock, from: None, to: Some(now.floor()) }),
            Some("today") => due.push(Deadline { clock, from, to: Some(until(1)) }),
            Some("week") => due.push(Deadline { clock, from, to: Some(until(7)) }),
            Some(_) => return Err(AppError::invalid("/due", "must be overdue, today or week")),
        }
        Ok(due)
    }

    fn breach(&self, clock: Option<ClockName>, now: Instant) -> Result<Option<Breach>, AppError> {
        let says_when = self.due.is_some() || self.due_from.is_some() || self.due_to.is_some();
        if clock.is_some() && self.breached.is_none() && !says_when {
            return Err(AppError::invalid("/clock", "goes with due, due_from, due_to or breached"));
        }
        Ok(self.breached.map(|breached| Breach { clock, breached, now: now.floor() }))
    }
}

/// Lets the persons of a filter take in everybody merged into them.
pub(crate) fn with_members(conn: &mut Conn, mut filter: Filter) -> Result<Filter, AppError> {
    if let Some(person) = filter.persons.as_ref().and_then(|persons| persons.first()) {
        filter.persons = Some(persons::members(conn, *person)?);
    }
    Ok(filter)
}

impl App {
    /// Lists the tickets that the caller may see.
    ///
    /// # Errors
    /// Wrong filters, a cursor of another query, or the store's own.
    pub async fn list_tickets(
        &self,
        caller: &Caller,
        query: ListTickets,
        now: Instant,
    ) -> Result<Page<TicketView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let mut filter = query.filter(caller, &self.core, now)?;
        let limit = limit(query.limit)?;
        let binding = Binding::of(&query, caller)?;
        filter.after = query.cursor.as_deref().map(|cursor| binding.read_at(cursor)).transpose()?;
        let sort = filter.sort;
        let rows = self
            .db
            .read(move |conn| {
                let filter = with_members(conn, filter)?;
                tickets::list(conn, &filter, fetch(limit)).map_err(AppError::Store)
            })
            .await?;
        let page = Page::cut(rows, limit, |row| binding.cursor(sort.key(row).micros(), row.id));
        Ok(page.map(TicketView::from))
    }
}
