//! `filo demo`: a month of a city's life on a throw-away database, and its finished report.
//!
//! **Invariant:** the demo touches nothing but its own folder: it ignores the configured database, and no mail and no
//! message leaves the machine, whatever the environment says. What it takes in is generated (see `generator`) and
//! goes through the real adapters and use cases (see `fill`).

mod fill;
mod generator;
mod guide;
mod home;
mod pay;
mod samples;
mod staff;

use std::{path::Path, time::Duration};

use filo_app::{App, Caller};
use filo_domain::{Instant, Period};
use filo_indicators::{render::Wanted, report::MonthlyReport};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use self::{
    fill::Filler,
    generator::{Act, Size, Span},
    guide::Guide,
    home::Home,
    samples::Samples,
    staff::Staff,
};
use crate::{
    cli,
    commands::{self, Console, serve},
    exit::Failure,
    settings::Environment,
    wiring::{Migrating, Program},
};

/// The seed of the demo: its year of birth and the number of the city's line.
const SEED: u64 = 2026_020202;
/// The offices go on so many days after the month, if these have passed.
const AFTERMATH_S: i64 = 21 * 86_400;
const FORMATS: [&str; 4] = ["json", "html", "xlsx", "csv"];

/// Runs it.
///
/// # Errors
/// Whatever keeps it from running.
pub async fn run(
    args: cli::Demo,
    config: Option<&Path>,
    environment: &Environment,
    json: bool,
) -> Result<(), Failure> {
    let home = Home::make(args.keep.as_deref(), args.once)?;
    let mut program = home.program(config, environment)?;
    let month = month(args.month.as_deref(), &program)?;
    let seed = args.seed.unwrap_or(SEED);
    let listener = if args.once { None } else { Some(serve::listen(&mut program, args.bind)?) };
    home.keep_settings(&program)?;
    let app = program.start(Migrating::Always).await?;
    let console = Console { program, app, caller: Caller::console() };
    let lived = tokio::select! {
        filled = fill_and_report(&console, month, (Size::DEMO.times(args.scale), seed), home.folder()) => filled?,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Wrong("the demo was interrupted".to_owned())),
    };
    let report = home.folder().join(format!("filo-{month}.html"));
    if !json {
        let guide = Guide { program: &console.program, home: &home, lived: &lived, file: &report };
        commands::print_line(&guide.text(listener.is_some()))?;
    }
    match listener {
        Some(listener) => {
            let ready = serve::Ready { report: Some(&report), json };
            serve::serve_app(&console.program, console.app.clone(), listener, ready).await
        }
        None if json => commands::print_json(&json!({ "listening": null, "report": report })),
        None => Ok(()),
    }
}

/// What the months left behind.
struct Lived {
    staff: Staff,
    /// Number and code of a request that can be followed.
    request: Option<(String, String)>,
    report: MonthlyReport,
}

/// The month asked for, or the last one that ended.
fn month(asked: Option<&str>, program: &Program) -> Result<Period, Failure> {
    let now = program.clock.now();
    let current = Period::month_of(program.city.zone.day(now));
    let Some(text) = asked else { return Ok(current.previous()) };
    let month = Period::parse_month(text).map_err(|error| Failure::Usage(error.to_string()))?;
    match month.bounds(&program.city.zone).0 {
        begins if begins < now => Ok(month),
        _ => Err(Failure::Usage(format!("{month} has not begun: a month that has"))),
    }
}

/// Lives the month before and the month, then writes the month's report into the folder.
async fn fill_and_report(
    console: &Console,
    month: Period,
    (size, seed): (Size, u64),
    folder: &Path,
) -> Result<Lived, Failure> {
    let (program, app) = (&console.program, &console.app);
    let samples = Samples::carried()?;
    let now = program.clock.now();
    let span = span(program, month, now);
    let acts = generator::generate(&program.city, &samples, span, size, seed);
    let (staff, request) = live(program, app, &samples, span, &acts).await?;
    fill::settle(app, now).await?;
    pay::suppliers(app, [month.previous(), month], now).await?;
    let report = app.monthly_report(&console.caller, month, None, now).await?;
    let wanted = Wanted::default();
    FORMATS
        .iter()
        .try_for_each(|format| commands::report::save(console, (&report).into(), format, folder, &wanted))?;
    Ok(Lived { staff, request, report })
}

async fn live(
    program: &Program,
    app: &App,
    samples: &Samples,
    span: Span,
    acts: &[Act],
) -> Result<(Staff, Option<(String, String)>), Failure> {
    let opening = program.city.zone.day_start(span.from);
    let staff = Staff::hire(app, &samples.needs, opening).await?;
    let bar = bar(acts.len());
    let mut filler = Filler::new(app, &staff);
    filler.live(acts, |done| bar.set_position(u64::try_from(done).unwrap_or(0))).await?;
    bar.finish_and_clear();
    let request = filler.a_request();
    Ok((staff, request))
}

/// The month and the one before it; the offices go on for some weeks, never beyond the present.
fn span(program: &Program, month: Period, now: Instant) -> Span {
    let (_, end) = month.bounds(&program.city.zone);
    Span {
        from: month.previous().first_day(),
        to: month.end_day(),
        until: end.plus_seconds(AFTERMATH_S).min(now),
    }
}

/// On stderr, and only where that is a terminal.
fn bar(length: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(length).unwrap_or(0));
    if let Ok(style) =
        ProgressStyle::with_template("living two months of the city {bar:30} {percent}% {elapsed}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests;
