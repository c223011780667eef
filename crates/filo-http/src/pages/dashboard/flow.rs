//! `/cruscotto/flusso`: server-sent events with the newest fragment, for as long as the session lasts.
//!
//! **Invariant:** before every fragment the session is looked at again and the figures are taken for that caller; what
//! has not changed is not sent, and a client that does not read is let go.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse, rt,
    web::{Bytes, Data},
};
use serde_json::json;
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::{sleep, timeout},
};

use super::{now, session};
use crate::{
    State,
    auth::{Allowed, SeeDashboard},
    pages::language_of,
    problem::Problem,
    stream::{self, Seat},
};

/// What happens together is counted once.
const TOGETHER: Duration = Duration::from_secs(3);
/// Time alone changes figures too.
const AT_LEAST_EVERY: Duration = Duration::from_secs(30);

/// Follows the dashboard.
pub(crate) async fn flow(
    caller: Allowed<SeeDashboard>,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let seat = stream::seat(&state, &caller).await?;
    let language = language_of(&state, &request).to_owned();
    let (out, chunks) = mpsc::channel(2);
    let token = session::token(&request).unwrap_or_default();
    let client =
        Client { state: State::clone(&state), token, language, out, told: String::new(), _seat: seat };
    rt::spawn(client.run());
    Ok(stream::events(chunks))
}

struct Client {
    state: State,
    token: String,
    language: String,
    out: mpsc::Sender<Bytes>,
    told: String,
    _seat: Seat,
}

impl Client {
    async fn run(mut self) {
        let (mut live, mut ending) = (self.state.hub.listen(), self.state.hub.ending());
        while self.tell().await {
            tokio::select! {
                heard = live.recv() => {
                    if matches!(heard, Err(RecvError::Closed)) {
                        return;
                    }
                    sleep(TOGETHER).await;
                    // What came meanwhile is in the next fragment.
                    live = live.resubscribe();
                }
                () = sleep(AT_LEAST_EVERY) => {}
                _ = ending.wait_for(|ending| *ending) => return,
                () = self.out.closed() => return,
            }
        }
    }

    /// Sends how things stand, or a sign of life; whether the client is still there and may still see it.
    async fn tell(&mut self) -> bool {
        let caller = self.state.app.page_caller(&self.token, self.state.now()).await;
        let fragment = match caller {
            Ok(caller) => now::fragment(&self.state, &caller, &self.language).await,
            Err(error) => Err(Problem::from(error)),
        };
        let event = match fragment {
            Ok(html) if html == self.told => ": still here\n\n".to_owned(),
            Ok(html) => {
                let event = format!("event: now\ndata: {}\n\n", json!({ "html": html }));
                self.told = html;
                event
            }
            // The store is busy: the client keeps what it has.
            Err(problem) if problem.status().is_server_error() => ": later\n\n".to_owned(),
            Err(_not_any_more) => {
                // There is room, or the client does not read anyway.
                let _full = self.out.try_send("event: end\ndata: {}\n\n".into());
                return false;
            }
        };
        timeout(self.state.settings.stream.patience, self.out.send(event.into()))
            .await
            .is_ok_and(|sent| sent.is_ok())
    }
}
