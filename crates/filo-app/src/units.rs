//! The city's units as callers see them, and handing over what an ended one left behind.

use filo_domain::{
    Instant, TicketId,
    city::{Assignment, Unit, UnitKind},
    event::EventBody,
    ticket::Step,
    vocabulary::Level,
};
use filo_store::{Conn, unit_work};
use jiff::civil::Date;
use serde::Serialize;

use crate::{App, AppError, Caller, Core, Permission, tickets::check_unit, work::Work};

/// A unit.
#[derive(Clone, Debug, Serialize)]
pub struct UnitView {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Support level.
    pub level: Level,
    /// What sort it is.
    pub kind: UnitKind,
    /// Its first day; `None` for ever before.
    pub valid_from: Option<String>,
    /// The first day on which it is no more; `None` while it lasts.
    pub valid_to: Option<String>,
    /// Who took its work over.
    pub successor: Option<String>,
    /// Who of it gets a ticket that comes to it.
    pub assignment: Assignment,
    /// Open tickets that are still with it though it ended; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stranded: Option<i64>,
}

impl From<&Unit> for UnitView {
    fn from(unit: &Unit) -> Self {
        Self {
            key: unit.key.clone(),
            name: unit.name.clone(),
            level: unit.level,
            kind: unit.kind,
            valid_from: unit.valid_from.map(|day| day.to_string()),
            valid_to: unit.valid_to.map(|day| day.to_string()),
            successor: unit.successor.clone(),
            assignment: unit.assignment,
            stranded: None,
        }
    }
}

/// What a hand-over did.
#[derive(Clone, Debug, Serialize)]
pub struct HandedOver {
    /// Who has the tickets now.
    pub to: String,
    /// How many were handed over.
    pub handed_over: usize,
    /// The unit after it.
    pub unit: UnitView,
}

/// Tickets looked up at once.
const PAGE: i64 = 200;

impl App {
    /// The units, present and past, or those of one local day.
    ///
    /// # Errors
    /// What is no day.
    pub fn units(&self, caller: &Caller, on: Option<&str>) -> Result<Vec<UnitView>, AppError> {
        caller.must(Permission::ReadConfiguration)?;
        let day: Option<Date> = on
            .map(str::parse)
            .transpose()
            .map_err(|_no_day| AppError::invalid("/on", "must be a day such as 2026-10-01"))?;
        let there = |unit: &&Unit| day.is_none_or(|day| unit.is_valid_on(day));
        Ok(self.core.city.units.all().iter().filter(there).map(UnitView::from).collect())
    }

    /// One unit, with what it left behind.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn unit(&self, caller: &Caller, key: &str, now: Instant) -> Result<UnitView, AppError> {
        caller.must(Permission::ReadConfiguration)?;
        let (core, key) = (self.core.clone(), key.to_owned());
        self.db.read(move |conn| unit_view(conn, &core, &key, now)).await
    }

    /// Hands the open tickets of an ended unit over, by default to its successor; each by an event of its own in a
    /// transaction of its own, so that no other work waits.
    ///
    /// # Errors
    /// A unit that has not ended, or nobody to hand over to; not found.
    pub async fn hand_over(
        &self,
        caller: &Caller,
        key: &str,
        to: Option<&str>,
        now: Instant,
    ) -> Result<HandedOver, AppError> {
        caller.must(Permission::HandOver)?;
        let city = &self.core.city;
        let day = city.zone.day(now);
        let unit = city.units.get(key).ok_or(AppError::NotFound("unit"))?;
        if unit.is_valid_on(day) {
            let detail = format!("unit {key:?} works on {day}: assign its tickets one by one");
            return Err(AppError::conflict("unit-not-ended", detail));
        }
        let to = match to {
            Some(to) => check_unit(&self.core, to, None, now).map_err(|error| moved(error, "/to"))?,
            None => city.units.on(key, day).map(|unit| unit.key.clone()).ok_or_else(|| {
                AppError::invalid("/to", format!("unit {key:?} has no successor: say who takes its tickets"))
            })?,
        };
        let mut handed_over = 0;
        loop {
            let done = self.hand_over_some(caller, key, &to, now).await?;
            handed_over += done;
            if done == 0 {
                break;
            }
        }
        Ok(HandedOver { unit: self.unit(&Caller::console(), key, now).await?, to, handed_over })
    }

    async fn hand_over_some(
        &self,
        caller: &Caller,
        from: &str,
        to: &str,
        now: Instant,
    ) -> Result<usize, AppError> {
        let unit = from.to_owned();
        let found = self.db.read(move |conn| unit_work::open_tickets(conn, &unit, PAGE)).await;
        let mut done = 0;
        for id in found.map_err(AppError::Store)? {
            let (core, caller, from, to) =
                (self.core.clone(), caller.clone(), from.to_owned(), to.to_owned());
            let moved =
                self.db.write(move |conn| hand_on(conn, &core, &caller, id, (&from, &to), now)).await?;
            done += usize::from(moved);
        }
        Ok(done)
    }
}

/// The same refusal at another place.
fn moved(error: AppError, pointer: &str) -> AppError {
    match error {
        AppError::Invalid(fields) => {
            let detail = fields.into_iter().map(|field| field.detail).collect::<Vec<_>>().join("; ");
            AppError::invalid(pointer, detail)
        }
        other => other,
    }
}

fn unit_view(conn: &mut Conn, core: &Core, key: &str, now: Instant) -> Result<UnitView, AppError> {
    let unit = core.city.units.get(key).ok_or(AppError::NotFound("unit"))?;
    let ended = !unit.is_valid_on(core.city.zone.day(now));
    let stranded = if ended { unit_work::count_open(conn, key)? } else { 0 };
    Ok(UnitView { stranded: Some(stranded), ..UnitView::from(unit) })
}

/// Hands one ticket on, unless somebody did so meanwhile.
fn hand_on(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    id: TicketId,
    (from, to): (&str, &str),
    now: Instant,
) -> Result<bool, AppError> {
    let mut work = Work::load(conn, id, now)?;
    if work.ticket.history.unit.as_deref() != Some(from) || work.check(Step::Assign).is_err() {
        return Ok(false);
    }
    let level = core.city.units.get(to).map_or(work.ticket.history.level, |unit| unit.level);
    let handed = EventBody::Assigned { unit: Some(to.to_owned()), user: None, level };
    work.push(conn, now, caller.actor(), handed)?;
    work.save(conn, &core.city)?;
    Ok(true)
}
