//! What all requests share.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use filo_app::{App, Clock};
use filo_domain::Instant;
use filo_indicators::render::Render;
use minijinja::Environment;

use crate::{limits::Limiter, metrics::Metrics, pages::templates, stream::Hub};

/// How the server listens and what it lets through.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The address of `/metrics`; `None` leaves it out.
    pub metrics_bind: Option<SocketAddr>,
    /// Where citizens reach the pages: scheme, host and port, without a slash at the end.
    pub public_url: String,
    /// Requests a minute from one address on the public paths; 0 for no limit.
    pub public_per_minute: u32,
    /// Attempts to log in a minute from one address; 0 for no limit.
    pub login_per_minute: u32,
    /// Requests a minute of one user or key behind the log-in; 0 for no limit.
    pub api_per_minute: u32,
    /// Whether a proxy stands in front, whose last `X-Forwarded-For` entry is the caller's address.
    pub behind_proxy: bool,
    /// Server threads.
    pub workers: usize,
    /// Server-sent events.
    pub stream: StreamSettings,
}

/// Server-sent events.
#[derive(Clone, Debug)]
pub struct StreamSettings {
    /// Streams that one user may have open.
    pub per_user: usize,
    /// Streams open in all.
    pub in_all: usize,
    /// How often a sign of life is sent, and the caller checked again.
    pub heartbeat: Duration,
    /// How long a client may not read before it is let go.
    pub patience: Duration,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self {
            per_user: 5,
            in_all: 1000,
            heartbeat: Duration::from_secs(15),
            patience: Duration::from_secs(30),
        }
    }
}

impl HttpSettings {
    /// The shipped settings for a server that citizens reach at `public_url`.
    pub fn at(bind: SocketAddr, public_url: impl Into<String>) -> Self {
        Self {
            bind,
            metrics_bind: None,
            public_url: public_url.into(),
            public_per_minute: 30,
            login_per_minute: 10,
            api_per_minute: 600,
            behind_proxy: false,
            workers: 2,
            stream: StreamSettings::default(),
        }
    }
}

/// What all requests share; cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Shared>);

/// The parts of [`State`].
pub struct Shared {
    /// The use cases.
    pub app: App,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Who writes reports, by format.
    pub renderers: Vec<Arc<dyn Render>>,
    /// How the server listens.
    pub settings: HttpSettings,
    pub(crate) metrics: Metrics,
    pub(crate) public: Limiter<IpAddr>,
    pub(crate) login: Limiter<IpAddr>,
    pub(crate) callers: Limiter<String>,
    /// Keeps one caller's repeated refusals from filling the audit log.
    pub(crate) refusals: Limiter<(String, String)>,
    pub(crate) pages: Environment<'static>,
    pub(crate) hub: Hub,
}

impl State {
    /// Puts together what requests need.
    ///
    /// # Errors
    /// A page template that does not parse.
    pub fn new(
        app: App,
        clock: Arc<dyn Clock>,
        renderers: Vec<Arc<dyn Render>>,
        settings: HttpSettings,
    ) -> Result<Self, minijinja::Error> {
        Ok(Self(Arc::new(Shared {
            pages: templates::environment(&app)?,
            public: Limiter::per_minute(settings.public_per_minute),
            login: Limiter::per_minute(settings.login_per_minute),
            callers: Limiter::per_minute(settings.api_per_minute),
            refusals: Limiter::per_minute(1),
            metrics: Metrics::default(),
            hub: Hub::new(settings.stream.clone()),
            app,
            clock,
            renderers,
            settings,
        })))
    }
    /// The present.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }
    /// Ends all streams: a server that stops in peace waits for no answer that never ends.
    pub fn end_streams(&self) {
        self.hub.end();
    }
    /// Streams that are open.
    pub fn streams(&self) -> usize {
        self.hub.open()
    }
}

impl std::ops::Deref for State {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}
