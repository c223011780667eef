//! Reports that are made and mailed by themselves: when they fall due, what became of them, and trying again.
//!
//! **Invariant:** a schedule and month are begun once, whichever worker looks first and however often: the row that
//! says so and the job that does it are one transaction. Start at [`App::begin_reports`], which each round of
//! maintenance calls; [`crate::report_mails`] does the jobs.

use filo_domain::{Instant, Period, city::ReportSchedule};
use filo_store::{
    Conn, audit, jobs,
    report_runs::{self, MailState, Run},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    App, AppError, Caller, Core, Permission, mint,
    report_mails::{self, MAIL, MAKE},
};

/// How many months a schedule shows.
const SHOWN: i64 = 24;

/// A schedule with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportScheduleView {
    /// Its key.
    pub key: String,
    /// The day of the month after.
    pub day: i8,
    /// The local time.
    pub at: String,
    /// The addresses.
    pub people: Vec<String>,
    /// A mail in each.
    pub languages: Vec<String>,
    /// What is attached.
    pub formats: Vec<String>,
    /// Whether the month is closed first.
    pub close: bool,
    /// The mailbox from which it leaves.
    pub source: Option<String>,
    /// When it is due next, and of which month.
    pub next_due_at: Instant,
    /// `YYYY-MM`.
    pub next_month: String,
    /// Whether something was given up.
    pub failing: bool,
    /// The months that were begun, the newest first.
    pub runs: Vec<ReportRunView>,
}

/// A month's report that was made by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportRunView {
    /// `YYYY-MM`.
    pub month: String,
    /// When it was due.
    pub due_at: Instant,
    /// When it was made; `None` while it is not.
    pub made_at: Option<Instant>,
    /// The revision that was mailed; `None` of a month that was open.
    pub revision: Option<i32>,
    /// Why it was given up.
    pub last_error: Option<String>,
    /// To whom it went.
    pub mails: Vec<ReportMailView>,
}

/// A mail with a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportMailView {
    /// To whom.
    pub recipient: String,
    /// In which language.
    pub language: String,
    /// `queued`, `sent` or `failed`.
    pub state: &'static str,
    /// When it left.
    pub sent_at: Option<Instant>,
    /// Why it was given up.
    pub last_error: Option<String>,
}

/// Which month's report to try again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryReport {
    /// `YYYY-MM`.
    pub month: String,
}

impl App {
    /// Begins the reports whose day has come, those that an outage missed included; gives how many.
    pub(crate) async fn begin_reports(&self, now: Instant) -> Result<usize, AppError> {
        if self.core.city.reports.is_empty() {
            return Ok(0);
        }
        let core = self.core.clone();
        let due = self.db.read(move |conn| due(conn, &core, now)).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let core = self.core.clone();
        self.db
            .write(move |conn| {
                let mut begun = 0;
                for (schedule, month) in due {
                    begun += usize::from(begin(conn, &core, &schedule, month, now)?);
                }
                Ok(begun)
            })
            .await
    }

    /// The schedules with what became of them.
    ///
    /// # Errors
    /// The store's own.
    pub async fn report_schedules(
        &self,
        caller: &Caller,
        now: Instant,
    ) -> Result<Vec<ReportScheduleView>, AppError> {
        caller.must(Permission::WatchReports)?;
        let core = self.core.clone();
        self.db
            .read(move |conn| core.city.reports.iter().map(|it| view(conn, &core, it, now)).collect())
            .await
    }

    /// Tries again what was given up of a month's report.
    ///
    /// # Errors
    /// No such schedule; a month that was not begun, or of which nothing was given up.
    pub async fn retry_report(
        &self,
        caller: &Caller,
        key: &str,
        request: RetryReport,
        now: Instant,
    ) -> Result<ReportScheduleView, AppError> {
        caller.must(Permission::WatchReports)?;
        let month = Period::parse_month(&request.month)
            .map_err(|error| AppError::invalid("/month", error.to_string()))?;
        let (core, key, actor) = (self.core.clone(), key.to_owned(), caller.actor());
        self.db
            .write(move |conn| {
                let schedule = named(&core, &key).ok_or(AppError::NotFound("report schedule"))?;
                let month = month.to_string();
                if retry(conn, &key, &month, now)? == 0 {
                    let detail = format!("nothing of {key} {month} was given up");
                    return Err(AppError::conflict("report-not-failed", detail));
                }
                audit::append(
                    conn,
                    now,
                    &actor,
                    "report_retried",
                    json!({ "schedule": key, "month": month }),
                )?;
                view(conn, &core, schedule, now)
            })
            .await
    }
}

/// The schedule of a key.
pub(crate) fn named<'a>(core: &'a Core, key: &str) -> Option<&'a ReportSchedule> {
    core.city.reports.iter().find(|schedule| schedule.key == key)
}

/// The month of a run.
pub(crate) fn month_of(run: &Run) -> Result<Period, AppError> {
    Period::parse_month(&run.month)
        .map_err(|error| AppError::internal("a stored month cannot be read", error))
}

/// What is due and not begun.
fn due(conn: &mut Conn, core: &Core, now: Instant) -> Result<Vec<(ReportSchedule, Period)>, AppError> {
    let mut due = Vec::new();
    for schedule in &core.city.reports {
        let last = report_runs::of_schedule(conn, &schedule.key, 1)?;
        let last = last.first().map(month_of).transpose()?;
        let missed = schedule.missed(last, &core.city.zone, now);
        due.extend(missed.into_iter().map(|month| (schedule.clone(), month)));
    }
    Ok(due)
}

/// Begins one, unless another worker was first.
fn begin(
    conn: &mut Conn,
    core: &Core,
    schedule: &ReportSchedule,
    month: Period,
    now: Instant,
) -> Result<bool, AppError> {
    let (key, due_at) = (schedule.key.as_str(), schedule.due_at(month, &core.city.zone));
    let first = report_runs::begin(conn, key, &month.to_string(), due_at, now)?;
    if first {
        let payload = json!({ "schedule": key, "month": month.to_string() });
        jobs::enqueue(conn, mint::id(now), MAKE, &payload, now, now)?;
    }
    Ok(first)
}

/// Queues what was given up anew; gives how much that was.
fn retry(conn: &mut Conn, key: &str, month: &str, now: Instant) -> Result<usize, AppError> {
    let run = report_runs::find(conn, key, month)?.ok_or(AppError::NotFound("report of that month"))?;
    if run.made_at.is_none() && run.last_error.is_some() {
        report_runs::set_error(conn, key, month, None)?;
        let payload = json!({ "schedule": key, "month": month });
        jobs::enqueue(conn, mint::id(now), MAKE, &payload, now, now)?;
        return Ok(1);
    }
    let mails = report_runs::mails(conn, key, month)?;
    let failed: Vec<_> = mails.into_iter().filter(|mail| mail.state == MailState::Failed).collect();
    for mail in &failed {
        let queued = report_runs::ReportMail { state: MailState::Queued, last_error: None, ..mail.clone() };
        report_runs::set_mail(conn, &queued)?;
        jobs::enqueue(conn, mint::id(now), MAIL, &report_mails::payload_of(mail), now, now)?;
    }
    Ok(failed.len())
}

fn view(
    conn: &mut Conn,
    core: &Core,
    schedule: &ReportSchedule,
    now: Instant,
) -> Result<ReportScheduleView, AppError> {
    let zone = &core.city.zone;
    let last = schedule.last_due(zone, now);
    let next = Period::month_of(last.end_day());
    let mut runs = Vec::new();
    for run in report_runs::of_schedule(conn, &schedule.key, SHOWN)? {
        let mails = report_runs::mails(conn, &schedule.key, &run.month)?;
        runs.push(run_view(run, mails));
    }
    let gave_up = |run: &ReportRunView| {
        run.last_error.is_some() || run.mails.iter().any(|mail| mail.state == MailState::Failed.word())
    };
    let ReportSchedule { key, day, at, people, languages, formats, close, source } = schedule.clone();
    Ok(ReportScheduleView {
        key,
        day,
        at: at.strftime("%H:%M").to_string(),
        people,
        languages,
        formats,
        close,
        source,
        next_due_at: schedule.due_at(next, zone),
        next_month: next.to_string(),
        failing: runs.iter().any(gave_up),
        runs,
    })
}

fn run_view(run: Run, mails: Vec<report_runs::ReportMail>) -> ReportRunView {
    let mail = |mail: report_runs::ReportMail| ReportMailView {
        recipient: mail.recipient,
        language: mail.language,
        state: mail.state.word(),
        sent_at: mail.sent_at,
        last_error: mail.last_error,
    };
    ReportRunView {
        month: run.month,
        due_at: run.due_at,
        made_at: run.made_at,
        revision: run.revision,
        last_error: run.last_error,
        mails: mails.into_iter().map(mail).collect(),
    }
}
