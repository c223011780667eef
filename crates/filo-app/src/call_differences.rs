//! Where the phone system's live events and its log do not say the same of a leg, and legs that only one of them knows.
//!
//! **Invariant:** the log counts everywhere; this list only shows how far off live events are. A leg is missing in the log
//! only where a log of its source covers its time: legs were logged before and after it. So it is the other way round.

use filo_domain::{Instant, InteractionId, legs::LiveDifference, vocabulary::Channel};
use filo_store::{
    Conn,
    live_legs::{self, Apart, Span},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    App, AppError, Caller, Page, Permission,
    cursors::Binding,
    tickets::{fetch, limit},
};

/// How the two are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ApartKind {
    /// They say different things.
    Differs,
    /// Live events told of it, and no log that covers its time does.
    MissingInLog,
    /// The log tells of it, and no live event did though there were others before and after.
    MissingLive,
}

/// A leg of which live events and the log do not say the same.
#[derive(Clone, Debug, Serialize)]
pub struct CallDifferenceView {
    /// The leg.
    pub id: Uuid,
    /// The call.
    pub interaction_id: InteractionId,
    /// The source.
    pub source: String,
    /// The phone system's id of the call.
    pub call_id: String,
    /// The queue.
    pub queue: String,
    /// When it entered the queue: by the log where it knows it.
    pub entered_at: Instant,
    /// How the two are apart.
    pub kind: ApartKind,
    /// What is different.
    pub differences: Vec<LiveDifference>,
}

/// Which legs to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListCallDifferences {
    /// Entered at or after.
    pub from: Option<Instant>,
    /// Entered before.
    pub to: Option<Instant>,
    /// Of one source.
    pub source: Option<String>,
    /// 1 to 200, by default 50.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

impl App {
    /// Legs of which live events and the log do not say the same, by entry.
    ///
    /// # Errors
    /// An unknown source, a cursor of another query, or the store's own.
    pub async fn list_call_differences(
        &self,
        caller: &Caller,
        query: ListCallDifferences,
    ) -> Result<Page<CallDifferenceView>, AppError> {
        caller.must(Permission::CompareCalls)?;
        let limit = limit(query.limit)?;
        let phones = self.core.city.sources.iter().filter(|source| source.channel == Some(Channel::Phone));
        let mut sources: Vec<String> = phones.map(|source| source.key.clone()).collect();
        if let Some(asked) = &query.source {
            sources.retain(|source| source == asked);
            if sources.is_empty() {
                return Err(AppError::invalid("/source", format!("there is no phone source {asked:?}")));
            }
        }
        let binding = Binding::of(&query, caller)?;
        let after = query.cursor.as_deref().map(|cursor| binding.read::<Uuid>(cursor)).transpose()?;
        let after = after.map(|(micros, leg)| (Instant::from_micros(micros), leg));
        let span = (query.from.unwrap_or(EARLIEST), query.to.unwrap_or(LATEST));
        self.db
            .read(move |conn| {
                let mut rows = Vec::new();
                for source in &sources {
                    let (from, to) = span;
                    let asked = Span { source, from, to, after, limit: fetch(limit) };
                    rows.extend(apart(conn, &asked)?);
                }
                rows.sort_by_key(|row: &CallDifferenceView| (row.entered_at, row.id));
                Ok(Page::cut(rows, limit, |row| binding.cursor(row.entered_at.micros(), row.id)))
            })
            .await
    }
}

/// Before and after every call.
const EARLIEST: Instant = Instant::from_seconds(0);
const LATEST: Instant = Instant::from_seconds(7_258_118_400);

/// Enough of each kind for one page.
fn apart(conn: &mut Conn, asked: &Span<'_>) -> Result<Vec<CallDifferenceView>, AppError> {
    let mut rows = views(ApartKind::Differs, live_legs::differing(conn, asked)?);
    if let Some(covered) = within(asked, live_legs::logged_span(conn, asked.source)?) {
        rows.extend(views(ApartKind::MissingInLog, live_legs::not_logged(conn, &covered)?));
    }
    if let Some(covered) = within(asked, live_legs::live_span(conn, asked.source)?) {
        rows.extend(views(ApartKind::MissingLive, live_legs::not_live(conn, &covered)?));
    }
    Ok(rows)
}

/// What is asked for, as far as it lies between the first and the last entry that the other side has.
fn within<'a>(asked: &Span<'a>, covered: Option<(Instant, Instant)>) -> Option<Span<'a>> {
    let (first, last) = covered?;
    Some(Span { from: asked.from.max(first), to: asked.to.min(last), ..asked.clone() })
}

fn views(kind: ApartKind, rows: Vec<Apart>) -> Vec<CallDifferenceView> {
    let view = |row: Apart| CallDifferenceView {
        id: row.leg,
        interaction_id: row.interaction,
        source: row.source,
        call_id: row.call_id,
        queue: row.queue,
        entered_at: row.entered_at,
        kind,
        differences: row.differences,
    };
    rows.into_iter().map(view).collect()
}
