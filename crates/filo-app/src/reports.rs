//! Figures: the monthly report, indicators and explanations, and the closing of months.

use std::collections::BTreeMap;

use filo_domain::{Instant, Period, city::supplier_of, event::Actor};
use filo_indicators::{
    explain::{self, Explanation},
    report::{self, BySource, MonthlyReport, ReportMeta, ReportState},
    what_if::{self, Hypothesis, WhatIf},
};
use filo_store::{
    Conn, audit, facts as stored_facts,
    months::{self, Revision},
    quarantine, series,
};
use serde_json::json;

use crate::{
    App, AppError, Caller, Core, Permission,
    facts::{self, Known},
    schedule,
};

impl App {
    /// The report of a month: computed while it is open, as published once it is closed. A past revision by number.
    ///
    /// # Errors
    /// No such revision, or the store's own.
    pub async fn monthly_report(
        &self,
        caller: &Caller,
        month: Period,
        revision: Option<i32>,
        now: Instant,
    ) -> Result<MonthlyReport, AppError> {
        caller.must(Permission::ReadReports)?;
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let published = months::of_month(conn, &month.to_string())?;
                let wanted = match revision {
                    Some(number) => Some(
                        published
                            .iter()
                            .find(|it| it.revision == number)
                            .ok_or(AppError::NotFound("revision"))?,
                    ),
                    None => published.last(),
                };
                match wanted {
                    Some(it) => read_published(conn, &core, month, it),
                    None => provisional(conn, &core, month, now),
                }
            })
            .await
    }

    /// Freezes a month that has ended as revision 1.
    ///
    /// # Errors
    /// A month that has not ended or is closed already.
    pub async fn close_month(
        &self,
        caller: &Caller,
        month: Period,
        now: Instant,
    ) -> Result<MonthlyReport, AppError> {
        caller.must(Permission::CloseMonths)?;
        let (core, actor) = (self.core.clone(), caller.actor());
        self.db.write(move |conn| close(conn, &core, month, &actor, now)).await
    }

    /// Publishes the next revision of a closed month: late facts come in, work done after the closing does not.
    ///
    /// # Errors
    /// A month that is not closed, or no reason.
    pub async fn restate_month(
        &self,
        caller: &Caller,
        month: Period,
        reason: &str,
        now: Instant,
    ) -> Result<MonthlyReport, AppError> {
        caller.must(Permission::CloseMonths)?;
        if reason.trim().is_empty() {
            return Err(AppError::invalid("/reason", "say why the month is restated"));
        }
        let (core, actor, reason) = (self.core.clone(), caller.actor(), reason.trim().to_owned());
        self.db
            .write(move |conn| {
                let published = months::of_month(conn, &month.to_string())?;
                let (Some(first), Some(last)) = (published.first(), published.last()) else {
                    return Err(AppError::conflict(
                        "month-open",
                        format!("{month} is not closed: close it first"),
                    ));
                };
                let known = Known { recorded_until: now, worked_until: first.as_of };
                let number = last.revision + 1;
                let report = publish(conn, &core, month, known, number, Some(reason), now)?;
                let data = json!({ "month": month.to_string(), "revision": number });
                audit::append(conn, now, &actor, "month_restated", data)?;
                Ok(report)
            })
            .await
    }

    /// Explains an indicator or a figure of the report, down to the contacts behind it.
    ///
    /// # Errors
    /// An unknown indicator is invalid at `/indicator`.
    pub async fn explain(
        &self,
        caller: &Caller,
        what: &str,
        period: Period,
        now: Instant,
    ) -> Result<Explanation, AppError> {
        caller.must(Permission::ReadReports)?;
        let (core, what) = (self.core.clone(), what.to_owned());
        self.db
            .read(move |conn| {
                let known = known_of(conn, period, now)?;
                let zone = &core.city.zone;
                let facts = facts::load(conn, &core, report::span(period, zone), known)?;
                explain::explain(&facts, &core.definitions, &what, period, zone, known.worked_until)
                    .map_err(|error| AppError::invalid("/indicator", error))
            })
            .await
    }

    /// A past period under other definitions, another calendar or other targets, beside what was published.
    ///
    /// # Errors
    /// A hypothesis that the same configuration would be refused for, with the place.
    pub async fn what_if(
        &self,
        caller: &Caller,
        period: Period,
        hypothesis: Hypothesis,
        now: Instant,
    ) -> Result<WhatIf, AppError> {
        caller.must(Permission::AskWhatIf)?;
        let core = self.core.clone();
        let series: Vec<&str> = core.city.series.iter().map(|series| series.key.as_str()).collect();
        let supposed = hypothesis
            .applied(&core.definitions, period, &series)
            .map_err(|error| AppError::invalid(&error.pointer, error.detail))?;
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let known = known_of(conn, period, now)?;
                let zone = &core.city.zone;
                let wider = supposed.definitions(&core.definitions);
                let facts = facts::load_for(conn, &core, &wider, report::span(period, zone), known)?;
                Ok(what_if::what_if(&facts, &core.definitions, &supposed, zone, known.worked_until))
            })
            .await
    }

    /// The indicators' keys with their values for a period.
    ///
    /// # Errors
    /// The store's own.
    pub async fn indicators(
        &self,
        caller: &Caller,
        period: Period,
        now: Instant,
    ) -> Result<Vec<Explanation>, AppError> {
        caller.must(Permission::ReadReports)?;
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let known = known_of(conn, period, now)?;
                let zone = &core.city.zone;
                let facts = facts::load(conn, &core, report::span(period, zone), known)?;
                let keys =
                    core.definitions.set(period).indicators.iter().map(|indicator| indicator.key.clone());
                keys.map(|key| {
                    explain::explain(&facts, &core.definitions, &key, period, zone, known.worked_until)
                        .map(|explanation| Explanation { items: vec![], ..explanation })
                        .map_err(|error| AppError::internal("a defined indicator is unknown", error))
                })
                .collect()
            })
            .await
    }
}

/// Freezes a month that has ended and is open.
pub(crate) fn close(
    conn: &mut Conn,
    core: &Core,
    month: Period,
    actor: &Actor,
    now: Instant,
) -> Result<MonthlyReport, AppError> {
    let (_, end) = month.bounds(&core.city.zone);
    if now < end {
        return Err(AppError::conflict("month-not-ended", format!("{month} ends at {end}")));
    }
    if !months::of_month(conn, &month.to_string())?.is_empty() {
        let detail = format!("{month} is closed already: a correction is a restatement");
        return Err(AppError::conflict("month-closed", detail));
    }
    let report = publish(conn, core, month, Known::at(now), 1, None, now)?;
    audit::append(conn, now, actor, "month_closed", json!({ "month": month.to_string() }))?;
    Ok(report)
}

/// The report of an open month as known at an instant.
pub(crate) fn provisional(
    conn: &mut Conn,
    core: &Core,
    month: Period,
    at: Instant,
) -> Result<MonthlyReport, AppError> {
    compute(conn, core, month, Known::at(at), open(at))
}

/// An open month knows everything; a closed one what its last revision knew.
fn known_of(conn: &mut Conn, period: Period, now: Instant) -> Result<Known, AppError> {
    let published = months::of_month(conn, &period.to_string())?;
    Ok(match (published.first(), published.last()) {
        (Some(first), Some(last)) => Known { recorded_until: last.recorded_until, worked_until: first.as_of },
        (_, _) => Known::at(now),
    })
}

fn open(now: Instant) -> ReportMeta {
    ReportMeta {
        state: ReportState::Open,
        revision: None,
        reason: None,
        as_of: now,
        generated_at: now,
        chain_root: None,
        pending: BySource::default(),
        quarantine: None,
    }
}

fn compute(
    conn: &mut Conn,
    core: &Core,
    month: Period,
    known: Known,
    meta: ReportMeta,
) -> Result<MonthlyReport, AppError> {
    let zone = &core.city.zone;
    let facts = facts::load(conn, core, report::span(month, zone), known)?;
    let last_root = audit::last_of(conn, schedule::ROOT)?;
    let root =
        last_root.and_then(|entry| entry.data.get("root").and_then(|root| root.as_str().map(str::to_owned)));
    let waiting = counts(quarantine::waiting(conn, known.recorded_until)?);
    let meta = ReportMeta { chain_root: root, quarantine: Some(waiting), ..meta };
    Ok(report::monthly_report(&facts, &core.definitions, month, zone, meta))
}

fn publish(
    conn: &mut Conn,
    core: &Core,
    month: Period,
    known: Known,
    number: i32,
    reason: Option<String>,
    now: Instant,
) -> Result<MonthlyReport, AppError> {
    let meta = ReportMeta {
        state: ReportState::Closed,
        revision: u32::try_from(number).ok(),
        reason: reason.clone(),
        as_of: known.worked_until,
        ..open(now)
    };
    let mut report = compute(conn, core, month, known, meta)?;
    if let Some(last) = months::of_month(conn, &month.to_string())?.last() {
        report.changes = report::changes(&serde_json::from_str(&last.report)?, &report)?;
    }
    let revision = Revision {
        month: month.to_string(),
        revision: number,
        as_of: known.worked_until,
        recorded_until: known.recorded_until,
        published_at: now,
        reason,
        report: serde_json::to_string(&report)?,
    };
    months::insert(conn, &revision)?;
    Ok(report)
}

/// A published report as it was, with what has come late since.
pub(crate) fn read_published(
    conn: &mut Conn,
    core: &Core,
    month: Period,
    revision: &Revision,
) -> Result<MonthlyReport, AppError> {
    let mut report: MonthlyReport = serde_json::from_str(&revision.report)?;
    let (from, to) = month.bounds(&core.city.zone);
    let late = stored_facts::recorded_after(conn, from, to, revision.recorded_until)?;
    let used = core.definitions.series();
    let values = series::imported_after(conn, &month.to_string(), revision.recorded_until)?;
    let late =
        late.into_iter().chain(values.into_iter().filter_map(|(key, count)| match supplier_of(&key) {
            Some(supplier) => core.city.costs.supplier(supplier).map(|_| (key, count)),
            None => used.contains(key.as_str()).then(|| (format!("series:{key}"), count)),
        }));
    report.pending_differences = counts(late);
    Ok(report)
}

fn counts(by_source: impl IntoIterator<Item = (String, i64)>) -> BySource {
    let counted = by_source.into_iter().map(|(source, count)| (source, u64::try_from(count).unwrap_or(0)));
    BySource::from(counted.collect::<BTreeMap<String, u64>>())
}
