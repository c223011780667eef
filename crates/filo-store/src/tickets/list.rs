//! The list of tickets: which, in which order, from which place on.
//!
//! **Invariant:** every order has an index that ends with the id, and a place in the list is a key of it, so that
//! a page begins where the one before ended whatever was written meanwhile.

use diesel::{
    dsl::{exists, not, sql},
    prelude::*,
    sql_types::{Bool, Text},
};
use filo_domain::{
    Instant, MatterId, PersonId, TicketId, UserId,
    policy::ClockName,
    vocabulary::{Channel, Kind, Level, Priority, State, Word},
};

use super::{IS_OPEN, TicketRecord, TicketRow, convert};
use crate::{
    Conn, StoreError,
    conn::on,
    schema::{ticket_clocks, ticket_tags, ticket_watchers, tickets},
    sql_types::{Instant as InstantSql, SqlId, SqlInstant},
    ticket_search::{self, Words},
};

/// In which order to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Oldest first.
    Created,
    /// Newest first.
    #[default]
    NewestCreated,
    /// Changed longest ago first.
    Updated,
    /// Changed last first.
    LastUpdated,
    /// Due soonest first; what has no deadline last.
    Due,
}

impl Sort {
    /// The instant by which a ticket stands in this order.
    pub fn key(self, record: &TicketRecord) -> Instant {
        match self {
            Self::Created | Self::NewestCreated => record.opened_at,
            Self::Updated | Self::LastUpdated => record.updated_at,
            Self::Due => record.due_at.unwrap_or(NEVER),
        }
    }
}

/// Which deadline must lie between two instants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline {
    /// Of this clock while it counts; `None` for the next of the ticket.
    pub clock: Option<ClockName>,
    /// Not before.
    pub from: Option<Instant>,
    /// Before.
    pub to: Option<Instant>,
}

/// Whether clocks ran past their deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// This clock; `None` for any.
    pub clock: Option<ClockName>,
    /// Whether it did.
    pub breached: bool,
    /// The present.
    pub now: Instant,
}

/// Which tickets to list; an empty list does not limit.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In one of these states.
    pub states: Vec<State>,
    /// Of one of these units.
    pub units: Vec<String>,
    /// Of one of these levels.
    pub levels: Vec<Level>,
    /// Of one of these themes, sub-themes included.
    pub themes: Vec<String>,
    /// Opened on one of these channels.
    pub channels: Vec<Channel>,
    /// Of one of these kinds.
    pub kinds: Vec<Kind>,
    /// Of one of these priorities.
    pub priorities: Vec<Priority>,
    /// With one of these tags.
    pub tags: Vec<String>,
    /// Of one of these districts.
    pub municipi: Vec<i32>,
    /// Assigned to one of these users.
    pub users: Vec<UserId>,
    /// Assigned to nobody, or also to nobody where users are given.
    pub unassigned: bool,
    /// Of one of these persons.
    pub persons: Option<Vec<PersonId>>,
    /// Joined in one matter.
    pub matter: Option<MatterId>,
    /// Watched by one user.
    pub watched_by: Option<UserId>,
    /// Opened in `[from, to)`.
    pub opened: (Option<Instant>, Option<Instant>),
    /// Updated in `[from, to)`.
    pub updated: (Option<Instant>, Option<Instant>),
    /// Due between two instants, each of them.
    pub due: Vec<Deadline>,
    /// With or without a clock that ran past its deadline.
    pub breach: Option<Breach>,
    /// With these words.
    pub words: Option<Words>,
    /// The order.
    pub sort: Sort,
    /// Strictly past this place in the list.
    pub after: Option<(Instant, TicketId)>,
}

/// Stands for the deadline of what has none.
const NEVER: Instant = Instant::from_micros(253_402_300_799_999_999);
/// When a ticket is due, or [`NEVER`]: as the index has it.
const DUE_OR_NEVER_SQLITE: &str = "coalesce(tickets.due_at, 253402300799999999)";
const DUE_OR_NEVER_POSTGRES: &str = "coalesce(tickets.due_at, '9999-12-31 23:59:59.999999+00'::timestamptz)";

/// Lists tickets.
///
/// # Errors
/// The database's own.
pub fn list(conn: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<TicketRecord>, StoreError> {
    let due_or_never = match conn {
        Conn::Postgres(_) => DUE_OR_NEVER_POSTGRES,
        Conn::Sqlite(_) => DUE_OR_NEVER_SQLITE,
    };
    let matching = filter.words.as_ref().map(|words| ticket_search::matching(conn, words));
    let due_or_never = || sql::<InstantSql>(due_or_never);
    let rows: Vec<TicketRow> = on!(conn, c => {
        let mut query = tickets::table.into_boxed();
        if !filter.states.is_empty() {
            query = query.filter(tickets::state.eq_any(words(&filter.states)));
            // Said once more in the index's own words, which serve queues of open tickets.
            if filter.states.iter().all(|state| state.is_open()) {
                query = query.filter(sql::<Bool>(IS_OPEN));
            }
        }
        if !filter.units.is_empty() {
            query = query.filter(tickets::unit.eq_any(&filter.units));
        }
        if !filter.levels.is_empty() {
            query = query.filter(tickets::level.eq_any(words(&filter.levels)));
        }
        if let Some((first, more)) = filter.themes.split_first() {
            // Themes are keys of lower-case words: a `/` after the key begins a sub-theme, and `0` follows `/`.
            let mut within: Box<dyn BoxableExpression<tickets::table, _, SqlType = diesel::sql_types::Nullable<Bool>>> =
                Box::new(tickets::theme.eq(first).or(tickets::theme.ge(format!("{first}/")).and(tickets::theme.lt(format!("{first}0")))));
            for theme in more {
                within = Box::new(within.or(tickets::theme.eq(theme).or(tickets::theme.ge(format!("{theme}/")).and(tickets::theme.lt(format!("{theme}0"))))));
            }
            query = query.filter(within);
        }
        if !filter.channels.is_empty() {
            query = query.filter(tickets::channel.eq_any(words(&filter.channels)));
        }
        if !filter.kinds.is_empty() {
            query = query.filter(tickets::kind.eq_any(words(&filter.kinds)));
        }
        if !filter.priorities.is_empty() {
            query = query.filter(tickets::priority.eq_any(words(&filter.priorities)));
        }
        if !filter.tags.is_empty() {
            query = query.filter(tickets::id.eq_any(
                ticket_tags::table.filter(ticket_tags::tag.eq_any(&filter.tags)).select(ticket_tags::ticket_id)));
        }
        if !filter.municipi.is_empty() {
            query = query.filter(tickets::municipio.eq_any(&filter.municipi));
        }
        let users: Vec<SqlId> = filter.users.iter().map(|id| SqlId::from(*id)).collect();
        query = match (filter.unassigned, users.is_empty()) {
            (false, true) => query,
            (false, false) => query.filter(tickets::user_id.eq_any(users)),
            (true, true) => query.filter(tickets::user_id.is_null()),
            (true, false) => query.filter(tickets::user_id.is_null().or(tickets::user_id.eq_any(users))),
        };
        if let Some(persons) = &filter.persons {
            query = query.filter(tickets::person_id.eq_any(persons.iter().map(|id| SqlId::from(*id))));
        }
        if let Some(matter) = filter.matter {
            query = query.filter(tickets::matter_id.eq(SqlId::from(matter)));
        }
        if let Some(user) = filter.watched_by {
            query = query.filter(tickets::id.eq_any(ticket_watchers::table
                .filter(ticket_watchers::user_id.eq(SqlId::from(user)))
                .select(ticket_watchers::ticket_id)));
        }
        if let Some(from) = filter.opened.0 {
            query = query.filter(tickets::opened_at.ge(SqlInstant::from(from)));
        }
        if let Some(to) = filter.opened.1 {
            query = query.filter(tickets::opened_at.lt(SqlInstant::from(to)));
        }
        if let Some(from) = filter.updated.0 {
            query = query.filter(tickets::updated_at.ge(SqlInstant::from(from)));
        }
        if let Some(to) = filter.updated.1 {
            query = query.filter(tickets::updated_at.lt(SqlInstant::from(to)));
        }
        for due in &filter.due {
            let from = SqlInstant::from(due.from.unwrap_or(Instant::from_micros(i64::MIN)));
            let to = SqlInstant::from(due.to.unwrap_or(Instant::from_micros(i64::MAX)));
            query = match due.clock {
                None => query.filter(tickets::due_at.ge(from).and(tickets::due_at.lt(to))),
                Some(clock) => query.filter(exists(ticket_clocks::table
                    .filter(ticket_clocks::ticket_id.eq(tickets::id).and(ticket_clocks::name.eq(clock.word())))
                    .filter(ticket_clocks::counted_until.is_null())
                    .filter(ticket_clocks::due_at.ge(from).and(ticket_clocks::due_at.lt(to))))),
            };
        }
        if let Some(breach) = filter.breach {
            let clocks = breach.clock.map_or_else(|| ClockName::ALL.to_vec(), |clock| vec![clock]);
            let late = ticket_clocks::due_at.lt(ticket_clocks::counted_until)
                .or(ticket_clocks::counted_until.is_null().and(ticket_clocks::due_at.lt(SqlInstant::from(breach.now))));
            let any = exists(ticket_clocks::table
                .filter(ticket_clocks::ticket_id.eq(tickets::id).and(ticket_clocks::name.eq_any(words(&clocks))))
                .filter(late));
            query = if breach.breached { query.filter(any) } else { query.filter(not(any)) };
        }
        if let Some((condition, value)) = &matching {
            query = query.filter(sql::<Bool>(condition).bind::<Text, _>(value).sql("))"));
        }
        if let Some((at, id)) = filter.after {
            let (at, id) = (SqlInstant::from(at), SqlId::from(id));
            // First the bound that the index serves, then the one that tells equal instants apart.
            query = match filter.sort {
                Sort::Created => query.filter(tickets::opened_at.ge(at)).filter(tickets::opened_at.gt(at).or(tickets::id.gt(id))),
                Sort::NewestCreated => query.filter(tickets::opened_at.le(at)).filter(tickets::opened_at.lt(at).or(tickets::id.lt(id))),
                Sort::Updated => query.filter(tickets::updated_at.ge(at)).filter(tickets::updated_at.gt(at).or(tickets::id.gt(id))),
                Sort::LastUpdated => query.filter(tickets::updated_at.le(at)).filter(tickets::updated_at.lt(at).or(tickets::id.lt(id))),
                Sort::Due => query.filter(due_or_never().ge(at)).filter(due_or_never().gt(at).or(tickets::id.gt(id))),
            };
        }
        let ordered = match filter.sort {
            Sort::Created => query.order((tickets::opened_at.asc(), tickets::id.asc())),
            Sort::NewestCreated => query.order((tickets::opened_at.desc(), tickets::id.desc())),
            Sort::Updated => query.order((tickets::updated_at.asc(), tickets::id.asc())),
            Sort::LastUpdated => query.order((tickets::updated_at.desc(), tickets::id.desc())),
            Sort::Due => query.order((due_or_never().asc(), tickets::id.asc())),
        };
        ordered.limit(limit).select(TicketRow::as_select()).load(c)
    })?;
    convert(conn, rows)
}

/// The words of a list as the database has them.
fn words<W: Word>(list: &[W]) -> Vec<&'static str> {
    list.iter().map(|word| word.word()).collect()
}
