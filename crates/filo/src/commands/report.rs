//! `filo report` and `filo explain`.

use std::path::Path;

use filo_app::{CampaignQuery, NewCampaign, RetryReport};
use filo_domain::Period;
use filo_indicators::render::{Marks, Printable, RenderError, Wanted};
use filo_reports::{CsvReport, explanation_csv};

use super::{Console, print_bytes, print_json, print_line};
use crate::{
    cli::{Explain, Forms, PlanCampaign, Report, ReportCommand},
    exit::Failure,
    wiring::renderers,
};

/// The format whose tables are files.
const CSV: &str = "csv";
/// How many campaigns are read at once.
const MOST_CAMPAIGNS: usize = 200;

fn month(text: &str) -> Result<Period, Failure> {
    Period::parse_month(text).map_err(|error| Failure::Usage(error.to_string()))
}

pub(super) async fn monthly(console: &Console, args: Report) -> Result<(), Failure> {
    let (app, caller, now) = (&console.app, &console.caller, console.now());
    let report = match (&args.command, &args.month) {
        (Some(ReportCommand::Close { month: text }), _) => app.close_month(caller, month(text)?, now).await?,
        (Some(ReportCommand::Restate { month: text, reason }), _) => {
            app.restate_month(caller, month(text)?, reason, now).await?
        }
        (Some(ReportCommand::Campaigns), _) => return campaigns(console).await,
        (Some(ReportCommand::Campaign { id, forms }), _) => {
            let id = id.parse().map_err(|_no_id| Failure::Usage(format!("{id:?} is no id of a campaign")))?;
            let campaign = app.campaign(caller, id, now).await?;
            return write(console, (&campaign.report).into(), forms);
        }
        (Some(ReportCommand::PlanCampaign(plan)), _) => return plan_campaign(console, plan.clone()).await,
        (Some(ReportCommand::Schedules), _) => return schedules(console).await,
        (Some(ReportCommand::Retry { key, month }), _) => {
            let request = RetryReport { month: month.clone() };
            return print_json(&app.retry_report(caller, key, request, now).await?);
        }
        (None, Some(text)) => app.monthly_report(caller, month(text)?, args.revision, now).await?,
        (None, None) => return Err(Failure::Usage("give a month such as 2026-10".to_owned())),
    };
    write(console, (&report).into(), &args.forms)
}

/// Records a campaign and prints how it is listed.
async fn plan_campaign(console: &Console, plan: PlanCampaign) -> Result<(), Failure> {
    let PlanCampaign { label, tag, theme, unit, from, to, step } = plan;
    let new = NewCampaign { label, tag, theme, unit, from, to, step };
    print_json(&console.app.add_campaign(&console.caller, new, console.now()).await?.view)
}

/// One campaign a line, page by page.
async fn campaigns(console: &Console) -> Result<(), Failure> {
    let mut query = CampaignQuery { limit: Some(MOST_CAMPAIGNS), cursor: None };
    loop {
        let page = console.app.list_campaigns(&console.caller, query.clone()).await?;
        page.items.iter().try_for_each(print_json)?;
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => return Ok(()),
        }
    }
}

/// One schedule a line; what was given up must be seen.
async fn schedules(console: &Console) -> Result<(), Failure> {
    let schedules = console.app.report_schedules(&console.caller, console.now()).await?;
    schedules.iter().try_for_each(print_json)?;
    match schedules.iter().find(|schedule| schedule.failing) {
        Some(schedule) => {
            let key = &schedule.key;
            Err(Failure::Wrong(format!(
                "{key}: something was given up; filo report retry {key} MONTH tries again"
            )))
        }
        None => Ok(()),
    }
}

fn wanted(console: &Console, forms: &Forms) -> Result<Wanted, Failure> {
    let (known, language) = (&console.program.city.profile.languages, forms.language.clone());
    if let Some(other) = language.as_ref().filter(|language| !known.contains(language)) {
        let known = known.join(", ");
        return Err(Failure::Usage(format!("unknown language {other:?}: expected one of {known}")));
    }
    let marks = forms.locale.as_deref().map(|locale| Marks::of_locale(locale).ok_or(locale)).transpose();
    let marks =
        marks.map_err(|locale| Failure::Usage(format!("unknown locale {locale:?}: expected it or en")))?;
    Ok(Wanted { language, marks: marks.unwrap_or_default() })
}

/// One format and no folder goes to stdout; else files in the folder.
pub(super) fn write(console: &Console, report: Printable<'_>, forms: &Forms) -> Result<(), Failure> {
    let wanted = wanted(console, forms)?;
    match (forms.format.as_slice(), &forms.out) {
        ([format], None) => print_bytes(&render(console, report, format, &wanted)?),
        (_, None) => Err(Failure::Usage("several formats need --out DIR".to_owned())),
        (formats, Some(folder)) => {
            formats.iter().try_for_each(|format| save(console, report, format, folder, &wanted))
        }
    }
}

/// A report in one format.
pub(crate) fn render(
    console: &Console,
    report: Printable<'_>,
    format: &str,
    wanted: &Wanted,
) -> Result<Vec<u8>, Failure> {
    let all = renderers(&console.program.city);
    let renderer = all.iter().find(|renderer| renderer.format() == format).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|renderer| renderer.format()).collect();
        Failure::Usage(format!("unknown format {format:?}: expected one of {}", known.join(", ")))
    })?;
    renderer.render(report, wanted).map_err(wrong)
}

/// A report as a file of the folder; the tables of one that has several are a folder of their own.
pub(crate) fn save(
    console: &Console,
    report: Printable<'_>,
    format: &str,
    folder: &Path,
    wanted: &Wanted,
) -> Result<(), Failure> {
    let stem = report.file_stem();
    if format != CSV {
        return write_file(folder, &format!("{stem}.{format}"), &render(console, report, format, wanted)?);
    }
    let files = CsvReport.files(report, wanted.marks).map_err(wrong)?;
    match files.as_slice() {
        [(_, only)] => write_file(folder, &format!("{stem}.{CSV}"), only),
        several => {
            let own = folder.join(format!("{stem}-{CSV}"));
            several.iter().try_for_each(|(file, bytes)| write_file(&own, file, bytes))
        }
    }
}

fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let path = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, bytes))
        .map_err(|error| Failure::Wrong(format!("{}: {error}", path.display())))
}

pub(super) async fn explain(console: &Console, args: Explain) -> Result<(), Failure> {
    let (app, caller, now) = (&console.app, &console.caller, console.now());
    let (indicator, period) = match (args.ticket, args.indicator, args.period) {
        (Some(number), _, _) if args.format == "json" => {
            let clocks = app.ticket_clocks_of_number(caller, number, now).await?;
            return print_line(&serde_json::to_string_pretty(&clocks)?);
        }
        (None, Some(indicator), Some(period)) => (indicator, period),
        (_, _, _) => {
            return Err(Failure::Usage("a ticket's clocks are json; an indicator needs --period".to_owned()));
        }
    };
    let period = Period::parse(&period).map_err(|error| Failure::Usage(error.to_string()))?;
    let explanation = app.explain(caller, &indicator, period, now).await?;
    match args.format.as_str() {
        "json" => print_line(&serde_json::to_string_pretty(&explanation)?),
        "csv" => print_bytes(&explanation_csv(&explanation).map_err(wrong)?),
        other => Err(Failure::Usage(format!("unknown format {other:?}: expected json or csv"))),
    }
}

fn wrong(error: RenderError) -> Failure {
    Failure::Wrong(error.to_string())
}
