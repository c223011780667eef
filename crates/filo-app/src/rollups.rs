//! Daily rollups: made of the facts of days that are over, read wherever they are true, made anew when a day changes.
//!
//! **Invariant:** a marked day is read from its facts, by the function that makes the rollup ([`of_day`]), so figures are
//! the same whichever way they come and nobody waits for the upkeep. Today changes all the time and is left to the facts
//! until it is over. What is read here has to be of one snapshot: marks and rollups belong together.

use std::collections::BTreeSet;

use filo_domain::{CityZone, Instant, TicketId, vocabulary::Channel};
use filo_indicators::rollup::{Rollup, quarter_start};
use filo_store::{
    Conn, StoreError,
    dashboard::{self, SourceCount},
    rollups,
};
use jiff::civil::Date;

use crate::{App, AppError, Core, facts};

/// How many days one round of maintenance counts anew: it has other things to do.
const DAYS: usize = 60;

impl App {
    /// Counts marked days before today anew, the latest first; gives how many.
    pub(crate) async fn roll_up(&self, now: Instant) -> Result<usize, AppError> {
        let today = self.core.city.zone.day(now);
        let marked = self.db.read(move |conn| rollups::marked(conn, Date::ZERO, today)).await;
        let mut done = 0;
        for day in marked.map_err(AppError::Store)?.into_iter().rev().take(DAYS) {
            done += usize::from(self.count_anew(day).await?);
        }
        Ok(done)
    }

    /// Counts all days of `[from, to)` anew that have a contact or a rollup; gives how many. `None` sets no bound.
    ///
    /// # Errors
    /// The store's own.
    pub async fn rebuild_rollups(&self, from: Option<Date>, to: Option<Date>) -> Result<usize, AppError> {
        let core = self.core.clone();
        let days = self.db.read(move |conn| days_of_all(conn, &core)).await.map_err(AppError::Store)?;
        let wanted = |day: &Date| from.is_none_or(|from| from <= *day) && to.is_none_or(|to| *day < to);
        let days: Vec<Date> = days.into_iter().filter(wanted).collect();
        let texts: Vec<String> = days.iter().map(Date::to_string).collect();
        self.db
            .write(move |conn| rollups::mark(conn, texts.iter().map(String::as_str)))
            .await
            .map_err(AppError::Store)?;
        for day in &days {
            self.count_anew(*day).await?;
        }
        Ok(days.len())
    }

    /// Counts a marked day; `false` where another process did so meanwhile.
    async fn count_anew(&self, day: Date) -> Result<bool, AppError> {
        let core = self.core.clone();
        self.db
            .write(move |conn| {
                let marked = rollups::unmark(conn, day)?;
                if marked {
                    let rollup = of_day(conn, &core, day)?;
                    rollups::put(conn, day, &rollup)?;
                }
                Ok(marked)
            })
            .await
    }
}

/// A day counted from its facts.
fn of_day(conn: &mut Conn, core: &Core, day: Date) -> Result<Rollup, AppError> {
    let zone = &core.city.zone;
    let next = day.tomorrow().unwrap_or(Date::MAX);
    let facts = facts::contacts_alone(conn, (zone.day_start(day), zone.day_start(next)))?;
    let tickets =
        facts.calls.iter().map(|call| call.ticket).chain(facts.interactions.iter().map(|it| it.ticket));
    let tickets: BTreeSet<TicketId> = tickets.flatten().collect();
    let files = rollups::files(conn, &tickets.into_iter().collect::<Vec<_>>())?;
    Ok(Rollup::of(&facts, &files, &core.definitions, zone, day))
}

/// The days of `[from, to)` together: marked ones from their facts.
pub(crate) fn of_days(conn: &mut Conn, core: &Core, from: Date, to: Date) -> Result<Rollup, AppError> {
    let marked = rollups::marked(conn, from, to)?;
    let kept = rollups::kept(conn, from, to)?;
    let mut whole = Rollup::default();
    for (_, rollup) in kept.into_iter().filter(|(day, _)| !marked.contains(day)) {
        whole.merge(rollup);
    }
    for day in marked {
        whole.merge(of_day(conn, core, day)?);
    }
    Ok(whole)
}

/// Contacts of a local day before an instant of it: of whole quarters from the day's rollup, where it is true.
pub(crate) fn contacts_until(
    conn: &mut Conn,
    zone: &CityZone,
    until: Instant,
) -> Result<Vec<SourceCount>, StoreError> {
    let day = zone.day(until);
    let next = day.tomorrow().unwrap_or(Date::MAX);
    if !rollups::marked(conn, day, next)?.is_empty() {
        return dashboard::contacts(conn, zone.day_start(day), until);
    }
    let quarter = quarter_start(until);
    let mut counts = dashboard::contacts(conn, quarter, until)?;
    for rollup in rollups::kept(conn, day, next)?.into_values() {
        let before = rollup.groups().map(|(group, quarters)| {
            let contacts = quarters.iter().filter(|(at, _)| *at < quarter).map(|(_, it)| it.contacts).sum();
            source_count(&group.source, group.channel, contacts)
        });
        counts.extend(before);
    }
    Ok(counts)
}

fn source_count(source: &str, channel: Channel, contacts: u64) -> SourceCount {
    let contacts = i64::try_from(contacts).unwrap_or(i64::MAX);
    SourceCount { source: source.to_owned(), channel, contacts, last_at: None }
}

/// What `filo verify` found.
pub(crate) struct Checked {
    /// Days whose rollup was counted anew and compared; marked ones are not.
    pub(crate) days: usize,
    /// The days whose rollup is not that of their facts, and what is kept and what would be.
    pub(crate) wrong: Vec<(Date, String)>,
}

/// Counts every day without a mark anew.
pub(crate) fn verify(conn: &mut Conn, core: &Core) -> Result<Checked, AppError> {
    let marked = rollups::marked(conn, Date::ZERO, Date::MAX)?;
    let mut checked = Checked { days: 0, wrong: vec![] };
    for day in days_of_all(conn, core)?.into_iter().filter(|day| !marked.contains(day)) {
        let next = day.tomorrow().unwrap_or(Date::MAX);
        let kept = rollups::kept(conn, day, next)?.remove(&day).unwrap_or_default();
        let counted = of_day(conn, core, day)?;
        checked.days += 1;
        if kept != counted {
            let (kept, counted) = (kept.contacts(), counted.contacts());
            let problem =
                format!("the rollup is not that of the facts: it counts {kept} contacts, they are {counted}");
            checked.wrong.push((day, problem));
        }
    }
    Ok(checked)
}

/// Every day from the first to the last of which there is a contact or a rollup.
fn days_of_all(conn: &mut Conn, core: &Core) -> Result<Vec<Date>, StoreError> {
    let zone = &core.city.zone;
    let facts = rollups::facts_span(conn)?.map(|(first, last)| (zone.day(first), zone.day(last)));
    let kept = rollups::kept_span(conn)?;
    let first = facts.iter().chain(&kept).map(|(first, _)| *first).min();
    let last = facts.iter().chain(&kept).map(|(_, last)| *last).max();
    let days = std::iter::successors(first, |day| day.tomorrow().ok());
    Ok(days.take_while(|day| Some(*day) <= last).collect())
}
