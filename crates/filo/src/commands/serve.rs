//! `filo serve` and `filo worker`: the server, and what happens in the background.

use std::{sync::Arc, time::Duration};

use filo_app::{App, Clock};

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

pub(super) async fn serve(program: Program, args: Serve, _json: bool) -> Result<(), Failure> {
    let _bind = args.bind.unwrap_or_else(|| program.settings.http.bind.clone());
    Err(Failure::CannotRun("serving is wired with the HTTP crate".to_owned()))
}

pub(super) async fn worker(program: Program) -> Result<(), Failure> {
    if program.database_url.starts_with("sqlite:") {
        let why = "workers beside a server need PostgreSQL: on the embedded database `filo serve` does their work";
        return Err(Failure::CannotRun(why.to_owned()));
    }
    let app = program.start(Migrating::Always).await?;
    background(app, Arc::clone(&program.clock)).await;
    Ok(())
}

/// Sends what is due and runs the schedules until the process is asked to end.
pub(crate) async fn background(app: App, clock: Arc<dyn Clock>) {
    let mut sending = tokio::time::interval(SENDING);
    let mut maintaining = tokio::time::interval(MAINTAINING);
    loop {
        let done = tokio::select! {
            _ = sending.tick() => app.send_due(clock.now(), BATCH).await.map(|_sent| ()),
            _ = maintaining.tick() => app.maintain(clock.now()).await.map(|_done| ()),
            _ = tokio::signal::ctrl_c() => return,
        };
        if let Err(error) = done {
            // The store is away or busy: the next tick tries again.
            tracing::warn!(error = %error, "background work must be tried again");
        }
    }
}
