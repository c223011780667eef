//! One task reads the feed for all streams of the process and passes it on; seats are counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::web::Bytes;
use filo_app::{AppError, Caller, News, Queue, news_on_the_wire};
use filo_domain::{Instant, UserId};
use serde_json::{Value, json};
use tokio::{
    sync::{broadcast, watch},
    time::sleep,
};

use crate::{State, state::StreamSettings};

/// How often the feed is read when this process commits nothing: others may.
const POLL: Duration = Duration::from_millis(500);
/// What is committed within this time is read together.
const TOGETHER: Duration = Duration::from_millis(40);
/// A unit's queue is counted no more often than this.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// News read at once.
pub(super) const PAGE: i64 = 200;
/// For a seat that a broken connection may still hold a new one waits so often, and so long each time.
const TRIES: usize = 10;
const TRY_EVERY: Duration = Duration::from_millis(100);
/// News that a client may be behind before it must read the feed itself.
const BEHIND: usize = 1024;

/// What goes to the clients.
#[derive(Clone)]
pub(crate) enum Live {
    /// News with their event as it is sent.
    News(Arc<News>, Bytes),
    /// A unit's queue with its event.
    Queue(Arc<str>, Bytes),
    /// The streams of one user show whether anybody is there.
    Poke(Option<UserId>),
}

/// What the streams of a process share.
pub(crate) struct Hub {
    live: broadcast::Sender<Live>,
    started: watch::Sender<bool>,
    ending: watch::Sender<bool>,
    seats: Arc<Mutex<BTreeMap<Option<UserId>, usize>>>,
    settings: StreamSettings,
}

impl Hub {
    pub(crate) fn new(settings: StreamSettings) -> Self {
        Self {
            live: broadcast::channel(BEHIND).0,
            started: watch::channel(false).0,
            ending: watch::channel(false).0,
            seats: Arc::default(),
            settings,
        }
    }
    pub(crate) fn listen(&self) -> broadcast::Receiver<Live> {
        self.live.subscribe()
    }
    pub(super) fn started(&self) -> watch::Receiver<bool> {
        self.started.subscribe()
    }
    pub(crate) fn ending(&self) -> watch::Receiver<bool> {
        self.ending.subscribe()
    }
    /// Ends all streams, so that the server can stop.
    pub(crate) fn end(&self) {
        self.ending.send_replace(true);
    }
    /// Streams that are open.
    pub(crate) fn open(&self) -> usize {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
    /// A place for one more stream of a caller; `None` when there is none left. A connection that broke is noticed
    /// when something is written to it: a client that comes back at once need not wait for the next sign of life.
    pub(crate) async fn seat(&self, caller: &Caller) -> Option<Seat> {
        for _ in 0..TRIES {
            if let Some(seat) = self.free_seat(caller) {
                return Some(seat);
            }
            let _nobody = self.live.send(Live::Poke(caller.user()));
            sleep(TRY_EVERY).await;
        }
        self.free_seat(caller)
    }
    fn free_seat(&self, caller: &Caller) -> Option<Seat> {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let own = seats.get(&caller.user()).copied().unwrap_or_default();
        if own >= self.settings.per_user || seats.values().sum::<usize>() >= self.settings.in_all {
            return None;
        }
        seats.insert(caller.user(), own + 1);
        Some(Seat { user: caller.user(), seats: Arc::clone(&self.seats) })
    }
}

/// One stream's place, given back when it ends.
pub(crate) struct Seat {
    user: Option<UserId>,
    seats: Arc<Mutex<BTreeMap<Option<UserId>, usize>>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        match seats.get(&self.user).copied() {
            Some(own) if own > 1 => seats.insert(self.user, own - 1),
            Some(_) | None => seats.remove(&self.user),
        };
    }
}

/// Reads the feed and passes it on until the streams end.
pub(crate) async fn follow(state: State) {
    let (mut written, mut ending) = (state.app.written(), state.hub.ending());
    let mut reader = Reader { place: None, dirty: BTreeSet::new(), counted: tokio::time::Instant::now() };
    while !*ending.borrow_and_update() {
        if let Err(error) = reader.round(&state).await {
            // The store is away or busy: the next round reads on from the same place.
            tracing::warn!(error = %error, "the feed must be read again");
        }
        tokio::select! {
            _ = written.changed() => sleep(TOGETHER).await,
            () = sleep(POLL) => {}
            _ = ending.changed() => {}
        }
    }
}

struct Reader {
    /// The number read last.
    place: Option<i64>,
    /// Units whose queue may have changed.
    dirty: BTreeSet<String>,
    /// When queues were counted last.
    counted: tokio::time::Instant,
}

impl Reader {
    async fn round(&mut self, state: &State) -> Result<(), AppError> {
        state.app.number_news().await?;
        let place = match self.place {
            Some(place) => place,
            None => state.app.last_news().await?,
        };
        self.place = Some(place);
        state.hub.started.send_if_modified(|started| !std::mem::replace(started, true));
        self.pass_on(state, place).await?;
        self.count(state).await
    }

    async fn pass_on(&mut self, state: &State, mut place: i64) -> Result<(), AppError> {
        loop {
            let Some(page) = state.app.news_after(place, PAGE).await? else {
                // Away for so long that news were pruned meanwhile: the clients find out by themselves.
                self.place = Some(state.app.last_news().await?);
                return Ok(());
            };
            let read = page.len();
            for news in page {
                place = news.seq;
                self.dirty.extend(news.unit.iter().chain(&news.unit_before).cloned());
                let event = event_of(&news);
                // Nobody listens when this fails.
                let _nobody = state.hub.live.send(Live::News(Arc::new(news), event));
            }
            self.place = Some(place);
            if read < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                return Ok(());
            }
        }
    }

    /// Counts the queues that changed: what changes together is counted once.
    async fn count(&mut self, state: &State) -> Result<(), AppError> {
        if state.hub.live.receiver_count() == 0 {
            self.dirty.clear();
        }
        if self.dirty.is_empty() || self.counted.elapsed() < COUNT_EVERY {
            return Ok(());
        }
        let units: Vec<String> = self.dirty.iter().cloned().collect();
        for queue in state.app.queue_counts(Some(units)).await? {
            let event = event_of_queue(&queue, state.now());
            let _nobody = state.hub.live.send(Live::Queue(queue.unit.into(), event));
        }
        self.dirty.clear();
        self.counted = tokio::time::Instant::now();
        Ok(())
    }
}

/// News as an event with its id.
pub(super) fn event_of(news: &News) -> Bytes {
    event_with(news, &news_on_the_wire(news))
}

/// News as an event with its id, told in these words.
pub(super) fn event_with(news: &News, told: &Value) -> Bytes {
    format!("id: {}\nevent: {}\ndata: {told}\n\n", news.seq, news.kind).into()
}

/// A queue as an event. It has no id: it tells how things stand, not what happened.
pub(super) fn event_of_queue(queue: &Queue, now: Instant) -> Bytes {
    let Queue { unit, open, untaken, waiting } = queue;
    let data = json!({ "unit": unit, "open": open, "untaken": untaken, "waiting": waiting });
    let data = json!({ "type": "queue.changed", "timestamp": now, "data": data });
    format!("event: queue.changed\ndata: {data}\n\n").into()
}
