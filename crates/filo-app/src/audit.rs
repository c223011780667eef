//! The audit log as administrators read it, and what other rooms put into it.
//!
//! **Invariant:** entries name users and keys by id and name, routes by their pattern: no citizen, no text, nothing
//! that somebody typed.

use filo_domain::{Instant, event::Actor};
use filo_store::audit::{self, Entry, Filter};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{App, AppError, Caller, ExportKind, Page, Permission, tickets::limit};

/// Which entries to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListAudit {
    /// One action.
    pub action: Option<String>,
    /// Not before.
    pub from: Option<Instant>,
    /// Before.
    pub to: Option<Instant>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// An entry as administrators see it.
#[derive(Clone, Debug, Serialize)]
pub struct AuditView {
    /// 1 for the first, without gaps.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// By whom.
    pub actor: Actor,
    /// What, as a stable word.
    pub action: String,
    /// On what.
    pub data: Value,
    /// The hash of the entry before.
    pub prev_hash: String,
    /// The hash of this entry.
    pub hash: String,
}

impl From<Entry> for AuditView {
    fn from(entry: Entry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            data: entry.data,
            prev_hash: entry.prev_hash.to_string(),
            hash: entry.hash.to_string(),
        }
    }
}

impl App {
    /// The audit log, newest first.
    ///
    /// # Errors
    /// A wrong limit or cursor, or the store's own.
    pub async fn audit_log(&self, caller: &Caller, query: ListAudit) -> Result<Page<AuditView>, AppError> {
        caller.must(Permission::Administer)?;
        let limit = limit(query.limit)?;
        let filter = Filter {
            action: query.action,
            from: query.from,
            to: query.to,
            before: query.cursor.as_deref().map(read_place).transpose()?,
        };
        let read = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let entries =
            self.db.read(move |conn| audit::list(conn, &filter, read)).await.map_err(AppError::Store)?;
        Ok(Page::cut(entries, limit, place).map(AuditView::from))
    }

    /// Notes that a caller was refused a route for want of a permission.
    ///
    /// # Errors
    /// The store's own.
    pub async fn note_refusal(&self, caller: &Caller, route: String, now: Instant) -> Result<(), AppError> {
        self.note(caller, "permission_refused", json!({ "route": route }), now).await
    }

    /// Notes that facts of a span leave Filo as a file.
    ///
    /// # Errors
    /// The store's own.
    pub async fn note_export(
        &self,
        caller: &Caller,
        what: ExportKind,
        (from, to): (Instant, Instant),
        now: Instant,
    ) -> Result<(), AppError> {
        use filo_domain::vocabulary::Word;
        self.note(caller, "exported", json!({ "what": what.word(), "from": from, "to": to }), now).await
    }

    async fn note(
        &self,
        caller: &Caller,
        action: &'static str,
        data: Value,
        now: Instant,
    ) -> Result<(), AppError> {
        let actor = caller.actor();
        self.db
            .write(move |conn| audit::append(conn, now, &actor, action, data))
            .await
            .map_err(AppError::Store)
    }
}

fn place(entry: &Entry) -> String {
    format!("{}.{}", entry.at.micros(), entry.seq)
}

fn read_place(text: &str) -> Result<(Instant, i64), AppError> {
    let refuse = || AppError::invalid("/cursor", "take the cursor from next_cursor of the page before");
    let (micros, seq) = text.split_once('.').ok_or_else(refuse)?;
    let micros = micros.parse().map_err(|_not_a_number| refuse())?;
    let seq = seq.parse().map_err(|_not_a_number| refuse())?;
    Ok((Instant::from_micros(micros), seq))
}
