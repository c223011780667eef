//! The jobs behind scheduled reports: making one, and sending it to one person in one language.
//!
//! **Invariant:** every step can be done again. Making closes a month that is open, or notes the instant as at which
//! a provisional report is known, once; a mail that left is not sent again, and one that a crash made leave twice has
//! the same Message-ID and the same figures. Nothing is written or sent inside a transaction.

use std::sync::Arc;

use filo_channel::{Attachment, DeliverError, Outbound};
use filo_domain::{Instant, MessageId, city::City, event::Actor, vocabulary::Channel};
use filo_indicators::{
    render::{FileKind, Render, Wanted},
    report::MonthlyReport,
};
use filo_jobs::JobError;
use filo_store::{
    Conn,
    jobs::{self, Job},
    months,
    report_runs::{self, MailState, ReportMail, Run},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    App, AppError, Core, mint,
    report_schedules::{month_of, named},
    reports,
};

/// The kind of the jobs that make a report.
pub(crate) const MAKE: &str = "make_report";
/// The kind of the jobs that send it to somebody.
pub(crate) const MAIL: &str = "mail_report";

/// What a job is about; of a mail also to whom.
#[derive(Deserialize)]
struct Payload {
    schedule: String,
    month: String,
    #[serde(default)]
    recipient: String,
    #[serde(default)]
    language: String,
}

fn payload(job: &Job) -> Result<Payload, JobError> {
    serde_json::from_value(job.payload.clone()).map_err(|error| JobError::Dead(error.to_string()))
}

/// What the job of a mail is about.
pub(crate) fn payload_of(mail: &ReportMail) -> Value {
    let ReportMail { schedule, month, recipient, language, .. } = mail;
    json!({ "schedule": schedule, "month": month, "recipient": recipient, "language": language })
}

/// The store was away: the job stays.
fn again(error: AppError) -> JobError {
    JobError::Again(error.to_string())
}

impl App {
    /// Closes the month where that is wanted, notes what is to be mailed, and queues the mails.
    pub(crate) async fn make_report(&self, job: &Job, now: Instant) -> Result<(), JobError> {
        let (core, payload) = (self.core.clone(), payload(job)?);
        if named(&core, &payload.schedule).is_none() {
            return Err(JobError::Dead(format!("{:?} is configured no more", payload.schedule)));
        }
        self.db.write(move |conn| make(conn, &core, &payload, now)).await.map_err(again)
    }

    /// Writes the report and sends it to one person.
    pub(crate) async fn mail_report(&self, job: &Job, now: Instant) -> Result<(), JobError> {
        let (core, wanted) = (self.core.clone(), payload(job)?);
        let found = self.db.read(move |conn| to_send(conn, &core, &wanted)).await.map_err(again)?;
        let Some((mail, report)) = found else { return Ok(()) };
        let Some(schedule) = named(&self.core, &mail.schedule).cloned() else {
            return Err(JobError::Dead(format!("{:?} is configured no more", mail.schedule)));
        };
        let source = schedule.source.clone().unwrap_or_default();
        let deliverer = self.core.deliverers.get(&source).cloned();
        let deliverer =
            deliverer.ok_or_else(|| JobError::Dead(format!("nobody sends for source {source:?}")))?;
        let core = self.core.clone();
        let written = tokio::task::spawn_blocking(move || {
            let files = attachments(&core.renderers, &report, &mail.language, &schedule.formats)?;
            let outbound = outbound(&core, &mail, &report, source, files)?;
            Ok::<_, JobError>((mail, outbound))
        });
        let (mail, outbound) = written.await.map_err(|error| JobError::Again(error.to_string()))??;
        deliverer.deliver(&outbound).await.map_err(|error| match error {
            DeliverError::Temporary(why) => JobError::Again(why),
            DeliverError::Permanent(why) => JobError::Dead(why),
        })?;
        let sent = ReportMail { state: MailState::Sent, sent_at: Some(now), last_error: None, ..mail };
        self.db.write(move |conn| Ok::<_, AppError>(report_runs::set_mail(conn, &sent)?)).await.map_err(again)
    }

    /// Records that a report was not made, or a mail did not leave, for good.
    pub(crate) async fn report_failed(&self, job: &Job, why: &str) -> Result<(), JobError> {
        let Ok(payload) = payload(job) else { return Ok(()) };
        tracing::error!(
            schedule = payload.schedule,
            month = payload.month,
            kind = job.kind,
            "a scheduled report was given up"
        );
        let (why, makes) = (why.to_owned(), job.kind == MAKE);
        self.db
            .write(move |conn| {
                if makes {
                    return Ok(report_runs::set_error(conn, &payload.schedule, &payload.month, Some(&why))?);
                }
                match queued(conn, &payload)? {
                    Some(mail) => {
                        let failed = ReportMail { state: MailState::Failed, last_error: Some(why), ..mail };
                        Ok::<_, AppError>(report_runs::set_mail(conn, &failed)?)
                    }
                    None => Ok(()),
                }
            })
            .await
            .map_err(again)
    }
}

fn make(conn: &mut Conn, core: &Core, payload: &Payload, now: Instant) -> Result<(), AppError> {
    let (Some(schedule), Some(run)) =
        (named(core, &payload.schedule), report_runs::find(conn, &payload.schedule, &payload.month)?)
    else {
        return Ok(());
    };
    if run.made_at.is_some() {
        return Ok(());
    }
    let month = month_of(&run)?;
    let published = months::of_month(conn, &run.month)?.last().map(|last| last.revision);
    let revision = match published {
        None if schedule.close => {
            reports::close(conn, core, month, &Actor::System, now)?;
            Some(1)
        }
        published => published,
    };
    report_runs::made(conn, &run.schedule, &run.month, revision, now)?;
    for recipient in &schedule.people {
        for language in &schedule.languages {
            let mail = report_runs::add_mail(conn, &run.schedule, &run.month, recipient, language)?;
            jobs::enqueue(conn, mint::id(now), MAIL, &payload_of(&mail), now, now)?;
        }
    }
    Ok(())
}

/// The mail of a job, while it waits.
fn queued(conn: &mut Conn, wanted: &Payload) -> Result<Option<ReportMail>, AppError> {
    let mails = report_runs::mails(conn, &wanted.schedule, &wanted.month)?;
    let own = |mail: &ReportMail| mail.recipient == wanted.recipient && mail.language == wanted.language;
    Ok(mails.into_iter().find(|mail| own(mail) && mail.state == MailState::Queued))
}

/// A mail that waits, with its report: the revision, or the month as it was known when the report was made.
fn to_send(
    conn: &mut Conn,
    core: &Core,
    wanted: &Payload,
) -> Result<Option<(ReportMail, MonthlyReport)>, AppError> {
    let run = report_runs::find(conn, &wanted.schedule, &wanted.month)?;
    let Some((mail, run)) = queued(conn, wanted)?.zip(run) else { return Ok(None) };
    let report = report_of(conn, core, &run)?;
    Ok(report.map(|report| (mail, report)))
}

fn report_of(conn: &mut Conn, core: &Core, run: &Run) -> Result<Option<MonthlyReport>, AppError> {
    let month = month_of(run)?;
    match (run.revision, run.made_at) {
        (Some(number), _) => {
            let published = months::of_month(conn, &run.month)?;
            let own = published.iter().find(|it| it.revision == number);
            own.map(|it| reports::read_published(conn, core, month, it)).transpose()
        }
        (None, Some(at)) => reports::provisional(conn, core, month, at).map(Some),
        (None, None) => Ok(None),
    }
}

fn attachments(
    renderers: &[Arc<dyn Render>],
    report: &MonthlyReport,
    language: &str,
    formats: &[String],
) -> Result<Vec<Attachment>, JobError> {
    let wanted = Wanted { language: Some(language.to_owned()), ..Wanted::default() };
    let stem = report.file_stem();
    let attachment = |format: &String| {
        let renderer = renderers.iter().find(|it| it.format() == format);
        let renderer = renderer.ok_or_else(|| JobError::Dead(format!("nobody writes {format:?}")))?;
        let bytes = renderer.render(report.into(), &wanted);
        let bytes = bytes.map_err(|error| JobError::Again(error.to_string()))?;
        let kind = FileKind::of(format, &bytes);
        let kind = kind.ok_or_else(|| JobError::Dead(format!("nobody knows files of {format:?}")))?;
        let name = format!("{stem}.{}", kind.suffix);
        Ok(Attachment { name, media_type: kind.media_type.to_owned(), inline: false, bytes })
    };
    formats.iter().map(attachment).collect()
}

/// The mail. Its Message-ID follows from what it is, so that it is the same when it is sent again.
fn outbound(
    core: &Core,
    mail: &ReportMail,
    report: &MonthlyReport,
    source: String,
    attachments: Vec<Attachment>,
) -> Result<Outbound, JobError> {
    let (subject, text) = words(&core.city, &mail.language, report, &attachments).ok_or_else(|| {
        JobError::Dead(format!("the city has no texts for report mails in {:?}", mail.language))
    })?;
    let about = format!("{}/{}/{}/{}", mail.schedule, mail.month, mail.recipient, mail.language);
    let tag = mint::tag(&core.signing_key, "report-mail", &about, 24);
    Ok(Outbound {
        // No ticket's message: nothing refers to it.
        message_id: MessageId::from_uuid(uuid::Uuid::nil()),
        ticket_number: String::new(),
        channel: Channel::Email,
        source,
        to: vec![mail.recipient.clone()],
        subject,
        text,
        external_id: format!("report-{}.{tag}@{}", mail.month, core.city.profile.mail.domain),
        in_reply_to: None,
        references: vec![],
        thread: None,
        automatic: true,
        attachments,
    })
}

/// Subject and text in one language; `None` when the city has no words for them.
fn words(
    city: &City,
    language: &str,
    report: &MonthlyReport,
    attachments: &[Attachment],
) -> Option<(String, String)> {
    let (year, month) = report.period.month.split_once('-')?;
    let name = city.texts.get(language, &format!("months.{}", month.trim_start_matches('0')))?;
    let period = format!("{name} {year}");
    let local = city.zone.local(report.as_of);
    let as_of = local.strftime("%d/%m/%Y, %H:%M").to_string();
    let revision = report.revision.unwrap_or_default().to_string();
    let files: Vec<String> = attachments.iter().map(|file| format!("- {}", file.name)).collect();
    let (files, pending) = (files.join("\n"), report.pending_differences.count.to_string());
    let values = [
        ("period", period.as_str()),
        ("as_of", as_of.as_str()),
        ("revision", revision.as_str()),
        ("files", files.as_str()),
        ("pending", pending.as_str()),
        ("sender", city.profile.mail.sender_name.as_str()),
    ];
    let state = if report.revision.is_some() { "closed" } else { "open" };
    let mut text = city.texts.fill(language, &format!("report.mail.{state}.body"), &values)?;
    if report.pending_differences.count > 0 {
        text.push_str(&city.texts.fill(language, "report.mail.pending", &values)?);
    }
    Some((city.texts.fill(language, &format!("report.mail.{state}.subject"), &values)?, text))
}
