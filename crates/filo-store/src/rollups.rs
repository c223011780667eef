//! Daily rollups as they are kept, and the marks on the days that changed since.
//!
//! **Invariant:** whatever changes what a day counts marks the day in the same transaction, so the rollup of a day
//! without a mark is that of its facts. Each transaction writes a mark of its own: on one row a day, all that happens
//! today would stand in one line. Who counts a day anew takes its marks away ([`unmark`]) and reads the facts
//! afterwards: what commits in between leaves its mark, and of two who count the same day the second waits for the
//! first, for both take away a mark that both saw.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    dsl::{max, min},
    prelude::*,
};
use filo_domain::{
    Instant, TicketId,
    vocabulary::{Direction, Word},
};
use filo_indicators::rollup::{Files, Group, Quarters, Rollup};
use jiff::civil::Date;
use serde_json::Value;

use crate::{
    Conn, StoreError,
    conn::{insert_each, on},
    merges,
    schema::{interactions, rollup_marks, rollups},
    sql_types::{SqlId, SqlInstant, opt},
    sql_words::{corrupt, json, optional_word, word},
    tickets,
};

const TABLE: &str = "rollups";
/// Tickets asked for at once.
const PAGE: usize = 500;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = rollups, treat_none_as_default_value = false)]
struct Row {
    local_day: String,
    place: i32,
    source: String,
    channel: String,
    queue: Option<String>,
    outcome: Option<String>,
    registered: bool,
    filed: Value,
    quarters: Value,
}

impl Row {
    fn of(day: &str, place: i32, (group, quarters): (&Group, &Quarters)) -> Result<Self, StoreError> {
        Ok(Self {
            local_day: day.to_owned(),
            place,
            source: group.source.clone(),
            channel: group.channel.word().to_owned(),
            queue: group.queue.clone(),
            outcome: group.outcome.map(|outcome| outcome.word().to_owned()),
            registered: group.registered,
            filed: serde_json::to_value(&group.filed)?,
            quarters: serde_json::to_value(quarters)?,
        })
    }
    fn read(self) -> Result<(Date, Group, Quarters), StoreError> {
        let id = format!("{} {}", self.local_day, self.place);
        let group = Group {
            channel: word(TABLE, &id, &self.channel)?,
            outcome: optional_word(TABLE, &id, self.outcome.as_deref())?,
            source: self.source,
            queue: self.queue,
            registered: self.registered,
            filed: json(TABLE, &id, self.filed)?,
        };
        Ok((parse(TABLE, &self.local_day)?, group, json(TABLE, &id, self.quarters)?))
    }
}

fn parse(table: &'static str, day: &str) -> Result<Date, StoreError> {
    day.parse().map_err(|error| corrupt(table, day, error))
}

/// Says that what these local days count may have changed.
///
/// # Errors
/// The database's own.
pub fn mark<'d>(conn: &mut Conn, days: impl IntoIterator<Item = &'d str>) -> Result<(), StoreError> {
    for day in days.into_iter().collect::<BTreeSet<&str>>() {
        on!(conn, c => diesel::insert_into(rollup_marks::table).values(rollup_marks::local_day.eq(day)).execute(c))?;
    }
    Ok(())
}

/// Says that the contacts of a ticket, and of those merged into it, may be filed otherwise now.
///
/// # Errors
/// The database's own.
pub(crate) fn mark_contacts_of(conn: &mut Conn, ticket: TicketId) -> Result<(), StoreError> {
    let absorbed = merges::absorbed(conn, ticket)?;
    let ids: Vec<SqlId> = absorbed.into_iter().chain([ticket]).map(SqlId::from).collect();
    let days: Vec<String> = on!(conn, c => interactions::table
        .filter(interactions::ticket_id.eq_any(&ids))
        .filter(interactions::direction.eq(Direction::Inbound.word()))
        .select(interactions::local_day)
        .distinct()
        .load(c))?;
    mark(conn, days.iter().map(String::as_str))
}

/// What tickets are filed under; of a merged one, what the ticket that speaks for it is.
///
/// # Errors
/// The database's own.
pub fn files(conn: &mut Conn, ids: &[TicketId]) -> Result<Files, StoreError> {
    let mut files = Files::new();
    for page in ids.chunks(PAGE) {
        let ends = merges::ends_of(conn, page)?;
        let speaking: Vec<TicketId> = ends.values().copied().collect();
        let filed = tickets::filed(conn, &speaking)?;
        files.extend(ends.into_iter().filter_map(|(id, end)| Some((id, filed.get(&end)?.clone()))));
    }
    Ok(files)
}

/// The marked days of `[from, to)`.
///
/// # Errors
/// The database's own.
pub fn marked(conn: &mut Conn, from: Date, to: Date) -> Result<BTreeSet<Date>, StoreError> {
    let days: Vec<String> = on!(conn, c => rollup_marks::table
        .filter(rollup_marks::local_day.ge(from.to_string()).and(rollup_marks::local_day.lt(to.to_string())))
        .select(rollup_marks::local_day)
        .distinct()
        .load(c))?;
    days.iter().map(|day| parse("rollup_marks", day)).collect()
}

/// Takes a day's marks away, before its facts are read; whether there were any.
///
/// # Errors
/// The database's own.
pub fn unmark(conn: &mut Conn, day: Date) -> Result<bool, StoreError> {
    let marks = on!(conn, c => diesel::delete(rollup_marks::table.filter(rollup_marks::local_day.eq(day.to_string())))
        .execute(c))?;
    Ok(marks > 0)
}

/// What is kept of the days of `[from, to)`; those without a contact have nothing. Of marked days it is out of date.
///
/// # Errors
/// The database's own.
pub fn kept(conn: &mut Conn, from: Date, to: Date) -> Result<BTreeMap<Date, Rollup>, StoreError> {
    let rows: Vec<Row> = on!(conn, c => rollups::table
        .filter(rollups::local_day.ge(from.to_string()).and(rollups::local_day.lt(to.to_string())))
        .select(Row::as_select())
        .load(c))?;
    let mut days: BTreeMap<Date, Rollup> = BTreeMap::new();
    for row in rows {
        let (day, group, quarters) = row.read()?;
        days.entry(day).or_default().add(group, quarters);
    }
    Ok(days)
}

/// Keeps a day's rollup in place of what was kept.
///
/// # Errors
/// The database's own.
pub fn put(conn: &mut Conn, day: Date, rollup: &Rollup) -> Result<(), StoreError> {
    let day = day.to_string();
    let rows: Vec<Row> = (0..)
        .zip(rollup.groups())
        .map(|(place, group)| Row::of(&day, place, group))
        .collect::<Result<_, _>>()?;
    on!(conn, c => diesel::delete(rollups::table.filter(rollups::local_day.eq(&day))).execute(c))?;
    match conn {
        Conn::Postgres(c) => {
            diesel::copy_from(rollups::table).from_insertable(&rows).execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            insert_each(c, &rows, |c, row| diesel::insert_into(rollups::table).values(row).execute(c))?
        }
    }
    Ok(())
}

/// When the first and the last interaction of all occurred.
///
/// # Errors
/// The database's own.
pub fn facts_span(conn: &mut Conn) -> Result<Option<(Instant, Instant)>, StoreError> {
    // One at a time: for both together SQLite would read the whole index.
    let first: Option<SqlInstant> =
        on!(conn, c => interactions::table.select(min(interactions::occurred_at)).get_result(c))?;
    let last: Option<SqlInstant> =
        on!(conn, c => interactions::table.select(max(interactions::occurred_at)).get_result(c))?;
    Ok(opt(first).zip(opt(last)))
}

/// The first and the last day of which something is kept.
///
/// # Errors
/// The database's own.
pub fn kept_span(conn: &mut Conn) -> Result<Option<(Date, Date)>, StoreError> {
    let first: Option<String> = on!(conn, c => rollups::table.select(min(rollups::local_day)).get_result(c))?;
    let last: Option<String> = on!(conn, c => rollups::table.select(max(rollups::local_day)).get_result(c))?;
    first.zip(last).map(|(first, last)| Ok((parse(TABLE, &first)?, parse(TABLE, &last)?))).transpose()
}
