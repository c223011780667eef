//! `GET /stream`: server-sent events of what the caller may see, resumed where a connection broke.
//!
//! **Invariant:** a client that comes back with the id it had last hears everything that it may hear since, in order
//! and once; where that is impossible it is told so by the event `reset`. One task of the process reads the feed
//! (`hub`), each client has a task of its own that writes (`client`); what is kept for a client is bounded, and a
//! client that does not read is let go.

mod client;
mod hub;

use std::convert::Infallible;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName},
    rt,
    web::{Bytes, Data},
};
use filo_app::{Caller, Hearing, Topic};
use filo_domain::{TicketId, vocabulary::Word};
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::{
    State,
    auth::{Allowed, ReadStream, bearer},
    body::QueryOf,
    problem::Problem,
    schema,
};

pub(crate) use hub::{Hub, Seat, follow};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// A proxy that gathers answers before it passes them on would hold the events back.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Chunks that may wait for a client.
const WAITING: usize = 16;

/// What a stream is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamQuery {
    topics: Option<String>,
    unit: Option<String>,
    ticket_id: Option<TicketId>,
    last_event_id: Option<String>,
}

/// Follows tickets, queues, calls and mentions as server-sent events. `id:` is a place in one order of everything;
/// reconnect with it in `Last-Event-ID` to go on exactly there. The event `ready` (or `reset`, when what was missed
/// is no longer kept: read again what is on the screen) gives the place at the start.
#[utoipa::path(get, path = "/rest/crm/v1/stream", tag = "stream", params(schema::stream::StreamQuery),
    responses((status = 200, body = schema::stream::StreamEvent, content_type = "text/event-stream")))]
pub(crate) async fn stream(
    caller: Allowed<ReadStream>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<StreamQuery>,
) -> Result<HttpResponse, Problem> {
    let from = place(&request, query.0.last_event_id.as_deref())?;
    let hearing =
        Hearing { topics: topics(query.0.topics.as_deref())?, unit: query.0.unit, ticket: query.0.ticket_id };
    let ear = state.app.ear(&caller, hearing).await?;
    let seat = seat(&state, &caller).await?;
    let token = bearer(request.headers()).unwrap_or_default().to_owned();
    let (out, chunks) = mpsc::channel(WAITING);
    rt::spawn(client::Client::new(State::clone(&state), ear, token, seat, out).run(from));
    Ok(events(chunks))
}

/// Server-sent events, as somebody writes them.
pub(crate) fn events(chunks: mpsc::Receiver<Bytes>) -> HttpResponse {
    let body = unfold(chunks, |mut chunks| async move {
        chunks.recv().await.map(|chunk| (Ok::<_, Infallible>(chunk), chunks))
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // A compressor would hold the events back, too.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header((UNBUFFERED, "no"))
        .streaming(body)
}

/// A place for one more stream of a caller.
///
/// # Errors
/// The caller has as many as anybody may.
pub(crate) async fn seat(state: &State, caller: &Caller) -> Result<Seat, Problem> {
    let seat = state.hub.seat(caller).await;
    seat.ok_or_else(|| Problem::too_many(state.settings.stream.heartbeat.as_secs()))
}

/// Where the client was: the header is newer than the address.
fn place(request: &HttpRequest, asked: Option<&str>) -> Result<Option<i64>, Problem> {
    let header = request.headers().get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("?"));
    let read = |text: &str| {
        let place = text.trim().parse::<i64>().ok().filter(|place| *place >= 0);
        place.ok_or_else(|| Problem::invalid("/last_event_id", "must be the id of an event of this stream"))
    };
    header.or(asked).filter(|text| !text.trim().is_empty()).map(read).transpose()
}

fn topics(asked: Option<&str>) -> Result<Vec<Topic>, Problem> {
    let words = asked.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| Topic::parse_word(word).map_err(|error| Problem::invalid("/topics", error.to_string())))
        .collect()
}
