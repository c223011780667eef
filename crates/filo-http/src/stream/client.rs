//! One client's stream: first what it missed, then what happens.

use std::time::Duration;

use actix_web::web::Bytes;
use filo_app::{App, AppError, Ear, News};
use serde_json::json;
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::{MissedTickBehavior, interval, timeout},
};

use super::hub::{Live, PAGE, Seat, event_of_queue, event_with};
use crate::State;

/// How long a client waits before it reconnects, in milliseconds.
const RETRY_MS: u32 = 3_000;

/// A client that is told things.
pub(super) struct Client {
    state: State,
    ear: Ear,
    token: String,
    out: mpsc::Sender<Bytes>,
    /// The number up to which everything was told or is not for this client.
    place: i64,
    /// The number that the client knows.
    told: i64,
    _seat: Seat,
}

/// Why a stream ends.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the client is gone")]
    Gone,
    #[error("the client does not read")]
    Slow,
    #[error("the token is no longer good, or allows other things now")]
    Credentials,
    #[error("the server stops")]
    Stopping,
    #[error(transparent)]
    App(#[from] AppError),
}

impl Client {
    pub(super) fn new(state: State, ear: Ear, token: String, seat: Seat, out: mpsc::Sender<Bytes>) -> Self {
        Self { state, ear, token, out, place: 0, told: 0, _seat: seat }
    }

    /// Tells until one of both ends it.
    pub(super) async fn run(mut self, from: Option<i64>) {
        let Err(ended) = self.tell_all(from).await else { return };
        let reason = match &ended {
            Ended::Gone => return,
            Ended::Slow => "slow",
            Ended::Credentials => "credentials",
            Ended::Stopping => "stopping",
            Ended::App(error) => {
                tracing::warn!(error = %error, "a stream ends");
                "unavailable"
            }
        };
        tracing::debug!(reason, "a stream ends");
        // There is room, or the client does not read anyway.
        let _full =
            self.out.try_send(format!("event: end\ndata: {}\n\n", json!({ "reason": reason })).into());
    }

    async fn tell_all(&mut self, from: Option<i64>) -> Result<(), Ended> {
        let (mut started, mut ending) = (self.state.hub.started(), self.state.hub.ending());
        // Listening comes first: what is numbered after the place was read is heard.
        let mut live = self.state.hub.listen();
        tokio::select! {
            // What is given back holds a lock that the hub needs.
            there = started.wait_for(|started| *started) => drop(there),
            () = self.out.closed() => return Err(Ended::Gone),
        }
        self.begin(from).await?;
        let mut heart = interval(self.state.settings.stream.heartbeat);
        heart.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heart.reset();
        loop {
            tokio::select! {
                heard = live.recv() => match heard {
                    Ok(live) => self.tell(live).await?,
                    Err(RecvError::Lagged(_)) => {
                        self.catch_up().await?;
                        self.tell_queues().await?;
                    }
                    Err(RecvError::Closed) => return Err(Ended::Stopping),
                },
                _ = heart.tick() => self.beat().await?,
                _ = ending.wait_for(|ending| *ending) => return Err(Ended::Stopping),
                () = self.out.closed() => return Err(Ended::Gone),
            }
        }
    }

    /// Says where the stream begins, after what was missed.
    async fn begin(&mut self, from: Option<i64>) -> Result<(), Ended> {
        self.send(format!("retry: {RETRY_MS}\n\n").into()).await?;
        match from {
            Some(place) => {
                (self.place, self.told) = (place, place);
                self.catch_up().await?;
            }
            None => self.begin_now("ready").await?,
        }
        self.tell_queues().await
    }

    async fn begin_now(&mut self, event: &str) -> Result<(), Ended> {
        self.place = self.state.app.last_news().await?;
        self.told = self.place;
        self.send(format!("id: {}\nevent: {event}\ndata: {{}}\n\n", self.place).into()).await
    }

    /// Tells what the feed holds past the place, page by page; `reset` when it no longer holds all of it.
    async fn catch_up(&mut self) -> Result<(), Ended> {
        loop {
            let Some(page) = self.state.app.news_after(self.place, PAGE).await? else {
                return self.begin_now("reset").await;
            };
            let mut events = Vec::new();
            for news in &page {
                self.place = news.seq;
                if self.ear.hears(news) {
                    events.extend_from_slice(&self.event(news).await?);
                    self.told = news.seq;
                }
            }
            if !events.is_empty() {
                self.send(events.into()).await?;
            }
            if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                return Ok(());
            }
        }
    }

    /// The event as this client's caller may see it.
    async fn event(&self, news: &News) -> Result<Bytes, Ended> {
        Ok(event_with(news, &self.state.app.told(self.ear.caller(), news).await?))
    }

    async fn tell_queues(&mut self) -> Result<(), Ended> {
        let units = self.ear.queues();
        if units.as_ref().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        let queues = self.state.app.queue_counts(units).await?;
        let now = self.state.now();
        let events: Vec<u8> = queues.iter().flat_map(|queue| event_of_queue(queue, now).to_vec()).collect();
        if events.is_empty() { Ok(()) } else { self.send(events.into()).await }
    }

    async fn tell(&mut self, live: Live) -> Result<(), Ended> {
        match live {
            // Told while catching up.
            Live::News(news, _) if news.seq <= self.place => Ok(()),
            Live::News(news, event) => {
                self.place = news.seq;
                if !self.ear.hears(&news) {
                    return Ok(());
                }
                self.told = news.seq;
                // Made once for everybody, unless it depends on who is told.
                let event = if App::tells_by_caller(&news) { self.event(&news).await? } else { event };
                self.send(event).await
            }
            Live::Queue(unit, event) if self.ear.hears_queue(&unit) => self.send(event).await,
            Live::Poke(user) if self.ear.caller().user() == user => {
                self.send(": are you there\n\n".into()).await
            }
            Live::Queue(..) | Live::Poke(_) => Ok(()),
        }
    }

    /// A sign of life, after a look whether the caller may still listen. An id alone moves the client's place on
    /// past what is not for it, so that a quiet stream is not told to reset.
    async fn beat(&mut self) -> Result<(), Ended> {
        match self.state.app.authenticate(&self.token, self.state.now()).await {
            Ok(caller) if caller == *self.ear.caller() => {}
            Ok(_) | Err(AppError::Credentials) => return Err(Ended::Credentials),
            Err(error) => tracing::warn!(error = %error, "a stream's caller must be checked again"),
        }
        let mut beat = ": still here\n".to_owned();
        if self.place > self.told {
            self.told = self.place;
            beat.push_str(&format!("id: {}\n", self.place));
        }
        beat.push('\n');
        self.send(beat.into()).await
    }

    async fn send(&self, chunk: Bytes) -> Result<(), Ended> {
        let patience: Duration = self.state.settings.stream.patience;
        match timeout(patience, self.out.send(chunk)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_gone)) => Err(Ended::Gone),
            Err(_elapsed) => Err(Ended::Slow),
        }
    }
}
