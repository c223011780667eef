//! `filo report`, `filo scorecard` and `filo explain`.

use std::{path::Path, sync::Arc};

use filo_app::RetryReport;
use filo_domain::Period;
use filo_indicators::{
    render::{Marks, RenderError, Wanted},
    report::MonthlyReport,
};
use filo_reports::{CsvReport, explanation_csv, scorecard_csv, scorecard_html};

use super::{Console, print_bytes, print_json, print_line};
use crate::{
    cli::{Explain, Report, ReportCommand, Scorecard},
    exit::Failure,
    wiring::{LANGUAGE, renderers},
};

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
        (Some(ReportCommand::Schedules), _) => return schedules(console).await,
        (Some(ReportCommand::Retry { key, month }), _) => {
            let request = RetryReport { month: month.clone() };
            return print_json(&app.retry_report(caller, key, request, now).await?);
        }
        (None, Some(text)) => app.monthly_report(caller, month(text)?, args.revision, now).await?,
        (None, None) => return Err(Failure::Usage("give a month such as 2026-10".to_owned())),
    };
    let wanted = wanted(console, args.language, args.locale.as_deref())?;
    write(console, &report, &args.format, args.out.as_deref(), &wanted)
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

fn wanted(console: &Console, language: Option<String>, locale: Option<&str>) -> Result<Wanted, Failure> {
    let known = &console.program.city.profile.languages;
    if let Some(other) = language.as_ref().filter(|language| !known.contains(language)) {
        let known = known.join(", ");
        return Err(Failure::Usage(format!("unknown language {other:?}: expected one of {known}")));
    }
    let marks = locale.map(|locale| Marks::of_locale(locale).ok_or(locale)).transpose();
    let marks =
        marks.map_err(|locale| Failure::Usage(format!("unknown locale {locale:?}: expected it or en")))?;
    Ok(Wanted { language, marks: marks.unwrap_or_default() })
}

/// One format and no folder goes to stdout; else files in the folder.
fn write(
    console: &Console,
    report: &MonthlyReport,
    formats: &[String],
    out: Option<&Path>,
    wanted: &Wanted,
) -> Result<(), Failure> {
    match (formats, out) {
        ([format], None) => print_bytes(&render(console, report, format, wanted)?),
        (_, None) => Err(Failure::Usage("several formats need --out DIR".to_owned())),
        (formats, Some(folder)) => {
            formats.iter().try_for_each(|format| save(console, report, format, folder, wanted))
        }
    }
}

/// A report in one format.
pub(crate) fn render(
    console: &Console,
    report: &MonthlyReport,
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

pub(crate) fn save(
    console: &Console,
    report: &MonthlyReport,
    format: &str,
    folder: &Path,
    wanted: &Wanted,
) -> Result<(), Failure> {
    let cannot = |path: &Path, error: std::io::Error| Failure::Wrong(format!("{}: {error}", path.display()));
    let name = report.file_stem();
    if format == "csv" {
        let folder = folder.join(format!("{name}-csv"));
        std::fs::create_dir_all(&folder).map_err(|error| cannot(&folder, error))?;
        for (file, bytes) in CsvReport.files(report, wanted.marks).map_err(wrong)? {
            let path = folder.join(file);
            std::fs::write(&path, bytes).map_err(|error| cannot(&path, error))?;
        }
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(|error| cannot(folder, error))?;
    let path = folder.join(format!("{name}.{format}"));
    std::fs::write(&path, render(console, report, format, wanted)?).map_err(|error| cannot(&path, error))
}

pub(super) async fn scorecard(console: &Console, args: Scorecard) -> Result<(), Failure> {
    let Ok(Period::Year(year)) = Period::parse(&args.year) else {
        return Err(Failure::Usage(format!("{:?} is no year such as 2020", args.year)));
    };
    let table = console.app.scorecard(&console.caller, year, console.now()).await?;
    match args.format.as_str() {
        "json" => print_line(&serde_json::to_string_pretty(&table)?),
        "csv" => print_bytes(&scorecard_csv(&table).map_err(wrong)?),
        "html" => {
            let city = Arc::new(console.program.city.clone());
            print_bytes(&scorecard_html(&table, city, LANGUAGE).map_err(wrong)?)
        }
        other => Err(Failure::Usage(format!("unknown format {other:?}: expected json, csv or html"))),
    }
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
