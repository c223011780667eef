//! Sends webhooks: each subscription has a task of its own while it has something to do, so that a slow receiver keeps
//! no other waiting.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use filo_app::{App, Clock, HookId};
use tokio::{sync::watch, task::JoinSet, time::interval};

/// How often due messages are looked for.
const LOOKING: Duration = Duration::from_secs(1);

/// Sends what is due until told to stop; attempts that are on their way are recorded before it ends.
pub(super) async fn send(app: App, clock: Arc<dyn Clock>, mut stopped: watch::Receiver<bool>) {
    let mut looking = interval(LOOKING);
    let mut busy = BTreeSet::new();
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            _ = looking.tick() => match app.hooks_due(clock.now()).await {
                Ok(due) => for id in due {
                    if busy.insert(id) {
                        tasks.spawn(serve(app.clone(), Arc::clone(&clock), id, stopped.clone()));
                    }
                },
                // The store is away or busy: the next tick tries again.
                Err(error) => tracing::warn!(error = %error, "webhooks must be looked at again"),
            },
            Some(done) = tasks.join_next() => match done {
                Ok(id) => { busy.remove(&id); }
                Err(error) => {
                    tracing::error!(error = %error, "a webhook's task stopped");
                    tasks.shutdown().await;
                    busy.clear();
                }
            },
            _ = stopped.changed() => break,
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// Serves one subscription as long as it has something to do.
async fn serve(app: App, clock: Arc<dyn Clock>, id: HookId, stopped: watch::Receiver<bool>) -> HookId {
    while !*stopped.borrow() {
        match app.serve_hook(id, clock.now()).await {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                tracing::warn!(error = %error, "a webhook must be tried again");
                break;
            }
        }
    }
    id
}
