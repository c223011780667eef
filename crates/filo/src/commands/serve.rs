//! `filo serve` and `filo worker`: the server, and what happens in the background.

mod webhooks;

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::Duration,
};

use filo_app::{App, Clock};
use filo_http::{HttpSettings, State, StreamSettings};
use serde_json::json;
use tokio::sync::watch;

use super::{complain, print_json};
use crate::{
    cli::Serve,
    exit::Failure,
    wiring::{Migrating, Program},
};

/// How often due messages are looked for.
const SENDING: Duration = Duration::from_secs(1);
/// How often the schedules run.
const MAINTAINING: Duration = Duration::from_secs(60);
/// Messages sent at once.
const BATCH: i64 = 20;

pub(super) async fn serve(mut program: Program, args: Serve, json: bool) -> Result<(), Failure> {
    let listener = listen(&mut program, args.bind)?;
    let app = program.start(Migrating::Always).await?;
    serve_app(&program, app, listener, Ready { report: None, json }).await
}

/// Binds the address, and lets links name the port that was given for port 0.
///
/// # Errors
/// An address that cannot be bound.
pub(crate) fn listen(program: &mut Program, bind: Option<String>) -> Result<TcpListener, Failure> {
    let bind = bind.unwrap_or_else(|| program.settings.http.bind.clone());
    let cannot =
        |error: std::io::Error| Failure::CannotRun(format!("http.bind: {bind:?} cannot be bound: {error}"));
    let listener = TcpListener::bind(&bind).map_err(cannot)?;
    program.settings.http.bind = listener.local_addr().map_err(cannot)?.to_string();
    Ok(listener)
}

/// What is said when the server is ready.
pub(crate) struct Ready<'a> {
    /// Where a finished report lies.
    pub(crate) report: Option<&'a Path>,
    /// Whether to say it as JSON.
    pub(crate) json: bool,
}

/// Answers until the process is asked to end, with the background work beside it.
///
/// # Errors
/// What keeps it from starting.
pub(crate) async fn serve_app(
    program: &Program,
    app: App,
    listener: TcpListener,
    ready: Ready<'_>,
) -> Result<(), Failure> {
    let cannot =
        |error: &dyn std::fmt::Display| Failure::CannotRun(format!("the server cannot start: {error}"));
    let settings = http_settings(program, &listener)?;
    let address = format!("http://{}", settings.bind);
    let state = State::new(app.clone(), Arc::clone(&program.clock), program.renderers(), settings)
        .map_err(|error| cannot(&error))?;
    let running = filo_http::start(listener, state.clone()).map_err(|error| cannot(&error))?;
    let handle = running.handle();
    let (stop, stopped) = watch::channel(false);
    let behind = tokio::spawn(background(app, Arc::clone(&program.clock), stopped));
    if ready.json {
        print_json(&json!({ "listening": address, "report": ready.report }))?;
    } else {
        complain(&format!("listening on {address}"));
    }
    let ended = tokio::select! {
        ended = running.run() => ended,
        () = asked_to_end() => {
            state.end_streams();
            handle.stop(true).await;
            Ok(())
        }
    };
    // Receivers are gone only when the background has ended already.
    let _ended_before = stop.send(true);
    behind.await.map_err(|error| Failure::Wrong(format!("the background work stopped: {error}")))?;
    Ok(ended?)
}

fn http_settings(program: &Program, listener: &TcpListener) -> Result<HttpSettings, Failure> {
    let settings = &program.settings;
    let bind = listener.local_addr()?;
    let public_url = settings.http.public_url.clone().unwrap_or_else(|| format!("http://{bind}"));
    let metrics_bind = settings.metrics.bind.as_ref().map(|text| {
        let parsed: Result<SocketAddr, _> = text.parse();
        parsed.map_err(|_not_an_address| {
            Failure::CannotRun(format!(
                "metrics.bind: found {text:?}, expected an address such as 127.0.0.1:9090"
            ))
        })
    });
    Ok(HttpSettings {
        metrics_bind: metrics_bind.transpose()?,
        public_per_minute: settings.limits.public_per_minute,
        login_per_minute: settings.limits.login_per_minute,
        api_per_minute: settings.limits.api_per_minute,
        behind_proxy: settings.http.behind_proxy,
        stream: StreamSettings {
            per_user: settings.stream.per_user,
            in_all: settings.stream.in_all,
            ..StreamSettings::default()
        },
        ..HttpSettings::at(bind, public_url)
    })
}

pub(super) async fn worker(program: Program) -> Result<(), Failure> {
    if program.database_url.starts_with("sqlite:") {
        let why =
            "workers beside a server need PostgreSQL: on the embedded database `filo serve` does their work";
        return Err(Failure::CannotRun(why.to_owned()));
    }
    let app = program.start(Migrating::Always).await?;
    let (stop, stopped) = watch::channel(false);
    let behind = tokio::spawn(background(app, Arc::clone(&program.clock), stopped));
    asked_to_end().await;
    let _ended_before = stop.send(true);
    behind.await.map_err(|error| Failure::Wrong(format!("the background work stopped: {error}")))
}

/// Everything that happens behind the server, until told to stop.
async fn background(app: App, clock: Arc<dyn Clock>, stopped: watch::Receiver<bool>) {
    tokio::join!(
        schedules(app.clone(), Arc::clone(&clock), stopped.clone()),
        webhooks::send(app, clock, stopped)
    );
}

/// Sends what is due and runs the schedules until told to stop.
async fn schedules(app: App, clock: Arc<dyn Clock>, mut stopped: watch::Receiver<bool>) {
    let mut sending = tokio::time::interval(SENDING);
    let mut maintaining = tokio::time::interval(MAINTAINING);
    let catching_up = tokio::spawn(catch_up(app.clone(), clock.now()));
    loop {
        let done = tokio::select! {
            _ = sending.tick() => app.send_due(clock.now(), BATCH).await.map(|_sent| ()),
            _ = maintaining.tick() => app.maintain(clock.now()).await.map(|_done| ()),
            _ = stopped.changed() => {
                catching_up.abort();
                return;
            }
        };
        if let Err(error) = done {
            // The store is away or busy: the next tick tries again.
            tracing::warn!(error = %error, "background work must be tried again");
        }
    }
}

/// Writes the projections that an upgrade or a change of the configuration asks for, beside the live work.
async fn catch_up(app: App, now: filo_domain::Instant) {
    match app.catch_up(now).await {
        Ok(written) if written.clocks + written.searches > 0 => {
            tracing::info!(clocks = written.clocks, searches = written.searches, "projections written anew");
        }
        Ok(_nothing_to_do) => {}
        Err(error) => tracing::warn!(error = %error, "projections are written further at the next start"),
    }
}

/// Waits for Ctrl-C or a termination signal.
pub(super) async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(error = %error, "termination signals are not heard");
            // Whatever Ctrl-C gives, the process ends.
            drop(interrupted.await);
        }
    }
}
