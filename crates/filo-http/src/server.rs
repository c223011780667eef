//! The running server: bound, answering, and stopped in peace.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    web::{self, Data},
};

use crate::{HttpSettings, State, metrics, routes, stream};

/// Requests that are being answered have so long to end when the server stops.
const SHUTDOWN_S: u64 = 10;

/// A server that has been bound but must still be polled: [`Running::run`].
pub struct Running {
    server: Server,
    metrics: Option<Server>,
    state: State,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where `/metrics` is, when it is on.
    pub metrics_address: Option<SocketAddr>,
}

impl Running {
    /// Stops the server, letting requests end: `handle.stop(true).await`.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }
    /// Answers until the server is stopped.
    ///
    /// # Errors
    /// The server's own.
    pub async fn run(self) -> io::Result<()> {
        // Ends with this future, however that ends.
        let mut hub = tokio::task::JoinSet::new();
        hub.spawn(stream::follow(self.state.clone()));
        let ended = Self::answer(self.server, self.metrics).await;
        self.state.end_streams();
        ended
    }

    async fn answer(server: Server, metrics: Option<Server>) -> io::Result<()> {
        let Some(metrics) = metrics else { return server.await };
        let beside = metrics.handle();
        let beside_task = tokio::spawn(metrics);
        let ended = server.await;
        beside.stop(true).await;
        let _stopped = beside_task.await;
        ended
    }
}

/// Starts to answer on a listener; poll [`Running::run`]. Signals are the caller's business.
///
/// # Errors
/// An address that cannot be bound.
pub fn start(listener: TcpListener, state: State) -> io::Result<Running> {
    let settings = state.settings.clone();
    let address = listener.local_addr()?;
    let metrics = settings.metrics_bind.map(|bind| start_metrics(bind, state.clone())).transpose()?;
    let (metrics, metrics_address) = metrics.unzip();
    let shared = state.clone();
    let server = HttpServer::new(move || routes::application(shared.clone()))
        .workers(settings.workers.max(1))
        .shutdown_timeout(SHUTDOWN_S)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(Running { server, metrics, state, address, metrics_address })
}

fn start_metrics(bind: SocketAddr, state: State) -> io::Result<(Server, SocketAddr)> {
    let listener = TcpListener::bind(bind)?;
    let address = listener.local_addr()?;
    let app = move || {
        App::new()
            .app_data(Data::new(state.clone()))
            .service(routes::on("/metrics", vec![routes::get(web::get().to(metrics::metrics))]))
            .default_service(web::route().to(routes::not_found))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run();
    Ok((server, address))
}

/// Binds to the configured address.
///
/// # Errors
/// An address that cannot be bound.
pub fn bind(settings: &HttpSettings) -> io::Result<TcpListener> {
    TcpListener::bind(settings.bind)
}

/// Answers on a listener until it is stopped.
///
/// # Errors
/// The server's own, or an address of `/metrics` that cannot be bound.
pub async fn serve(listener: TcpListener, state: State) -> io::Result<()> {
    start(listener, state)?.run().await
}
