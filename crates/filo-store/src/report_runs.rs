//! Reports that were made by themselves: one run for each schedule and month, and its mails.
//!
//! **Invariant:** a run is begun once, whoever tries: [`begin`] says who did.

use diesel::prelude::*;
use filo_domain::Instant;

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{report_mails, report_runs},
    sql_types::SqlInstant,
};

/// A report that was made by itself, or is being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The schedule's key.
    pub schedule: String,
    /// `YYYY-MM`.
    pub month: String,
    /// When it was due.
    pub due_at: Instant,
    /// When it was begun.
    pub begun_at: Instant,
    /// When the report was made: that of an open month is as known then.
    pub made_at: Option<Instant>,
    /// The revision of a closed month.
    pub revision: Option<i32>,
    /// Why it was not made.
    pub last_error: Option<String>,
}

/// A mail with a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportMail {
    /// The schedule's key.
    pub schedule: String,
    /// `YYYY-MM`.
    pub month: String,
    /// To whom.
    pub recipient: String,
    /// In which language.
    pub language: String,
    /// What became of it.
    pub state: MailState,
    /// When it left.
    pub sent_at: Option<Instant>,
    /// Why it has not left.
    pub last_error: Option<String>,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// It is on its way out.
    Queued,
    /// It left.
    Sent,
    /// It was given up.
    Failed,
}

impl MailState {
    const ALL: [Self; 3] = [Self::Queued, Self::Sent, Self::Failed];
    /// The word it is stored and shown as.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

type RunColumns = (String, String, SqlInstant, SqlInstant, Option<SqlInstant>, Option<i32>, Option<String>);
type MailColumns = (String, String, String, String, String, Option<SqlInstant>, Option<String>);

fn run(row: RunColumns) -> Run {
    let (schedule, month, due_at, begun_at, made_at, revision, last_error) = row;
    Run {
        schedule,
        month,
        due_at: due_at.into(),
        begun_at: begun_at.into(),
        made_at: made_at.map(Instant::from),
        revision,
        last_error,
    }
}

fn mail(row: MailColumns) -> Result<ReportMail, StoreError> {
    let (schedule, month, recipient, language, state, sent_at, last_error) = row;
    let known = MailState::ALL.into_iter().find(|known| known.word() == state);
    let state = known.ok_or_else(|| StoreError::Corrupt {
        table: "report_mails",
        id: format!("{schedule} {month}"),
        problem: format!("unknown state {state:?}"),
    })?;
    let sent_at = sent_at.map(Instant::from);
    Ok(ReportMail { schedule, month, recipient, language, state, sent_at, last_error })
}

/// Begins the run of a schedule and month; `false` when somebody has begun it.
///
/// # Errors
/// The database's own.
pub fn begin(
    conn: &mut Conn,
    schedule: &str,
    month: &str,
    due_at: Instant,
    now: Instant,
) -> Result<bool, StoreError> {
    let begun = on!(conn, c => diesel::insert_into(report_runs::table)
        .values((
            report_runs::schedule.eq(schedule),
            report_runs::month.eq(month),
            report_runs::due_at.eq(SqlInstant::from(due_at)),
            report_runs::begun_at.eq(SqlInstant::from(now)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(begun == 1)
}

/// The runs of a schedule, the newest month first.
///
/// # Errors
/// The database's own.
pub fn of_schedule(conn: &mut Conn, schedule: &str, limit: i64) -> Result<Vec<Run>, StoreError> {
    let rows: Vec<RunColumns> = on!(conn, c => report_runs::table
        .filter(report_runs::schedule.eq(schedule))
        .order(report_runs::month.desc())
        .limit(limit)
        .load(c))?;
    Ok(rows.into_iter().map(run).collect())
}

/// The run of a schedule and month.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, schedule: &str, month: &str) -> Result<Option<Run>, StoreError> {
    let row: Option<RunColumns> =
        on!(conn, c => report_runs::table.find((schedule, month)).first(c).optional())?;
    Ok(row.map(run))
}

/// Records that the report was made: of a closed month which revision it is.
///
/// # Errors
/// The database's own.
pub fn made(
    conn: &mut Conn,
    schedule: &str,
    month: &str,
    revision: Option<i32>,
    now: Instant,
) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(report_runs::table.find((schedule, month)))
        .set((
            report_runs::made_at.eq(Some(SqlInstant::from(now))),
            report_runs::revision.eq(revision),
            report_runs::last_error.eq(None::<String>),
        ))
        .execute(c))?;
    Ok(())
}

/// Records why the report is not made, or that it is tried again.
///
/// # Errors
/// The database's own.
pub fn set_error(
    conn: &mut Conn,
    schedule: &str,
    month: &str,
    error: Option<&str>,
) -> Result<(), StoreError> {
    on!(conn, c => diesel::update(report_runs::table.find((schedule, month)))
        .set(report_runs::last_error.eq(error))
        .execute(c))?;
    Ok(())
}

/// Records a mail that is to leave, and gives it.
///
/// # Errors
/// The database's own.
pub fn add_mail(
    conn: &mut Conn,
    schedule: &str,
    month: &str,
    recipient: &str,
    language: &str,
) -> Result<ReportMail, StoreError> {
    let state = MailState::Queued;
    on!(conn, c => diesel::insert_into(report_mails::table)
        .values((
            report_mails::schedule.eq(schedule),
            report_mails::month.eq(month),
            report_mails::recipient.eq(recipient),
            report_mails::language.eq(language),
            report_mails::state.eq(state.word()),
        ))
        .execute(c))?;
    let [schedule, month, recipient, language] = [schedule, month, recipient, language].map(str::to_owned);
    Ok(ReportMail { schedule, month, recipient, language, state, sent_at: None, last_error: None })
}

/// The mails of a run, by recipient and language.
///
/// # Errors
/// The database's own.
pub fn mails(conn: &mut Conn, schedule: &str, month: &str) -> Result<Vec<ReportMail>, StoreError> {
    let rows: Vec<MailColumns> = on!(conn, c => report_mails::table
        .filter(report_mails::schedule.eq(schedule).and(report_mails::month.eq(month)))
        .order((report_mails::recipient, report_mails::language))
        .load(c))?;
    rows.into_iter().map(mail).collect()
}

/// Records what became of a mail.
///
/// # Errors
/// The database's own.
pub fn set_mail(conn: &mut Conn, mail: &ReportMail) -> Result<(), StoreError> {
    let ReportMail { schedule, month, recipient, language, state, sent_at, last_error } = mail;
    on!(conn, c => diesel::update(report_mails::table.find((schedule, month, recipient, language)))
        .set((
            report_mails::state.eq(state.word()),
            report_mails::sent_at.eq(sent_at.map(SqlInstant::from)),
            report_mails::last_error.eq(last_error.as_deref()),
        ))
        .execute(c))?;
    Ok(())
}
