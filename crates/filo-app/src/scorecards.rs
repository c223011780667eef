//! The yearly table, and its rows that people enter by hand.
//!
//! **Invariant:** what is entered is never changed: a correction is a further revision, the same again is none. A row
//! that Filo measures, or that the configuration has a value of, is refused ([`Entered::check`]).

use std::collections::BTreeMap;

use filo_domain::{AttachmentId, Instant, Period};
use filo_indicators::{
    measure,
    report::span,
    scorecard::{self, Entered, EntryError, Kept, RowFile, Scorecard, Values},
};
use filo_store::{
    Conn, attachments as files, audit,
    score_entries::{self as stored, Stored, Wanted},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    App, AppError, AttachmentView, Caller, Opened, Page, Permission, Upload,
    attachments::{Owner, may_leave},
    cursors::Binding,
    facts::{self, Known},
    tickets::{fetch, limit},
    verify::Difference,
};

/// A revision of an entered row.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreEntryView {
    /// The year of the table.
    pub year: i16,
    /// Which of the row's values it is, from 1; every further one is a correction.
    pub revision: i32,
    /// When it was entered.
    pub entered_at: Instant,
    /// The row.
    #[serde(flatten)]
    pub row: Entered,
}

/// Which entered rows to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreEntryQuery {
    /// Of one row.
    pub key: Option<String>,
    /// Whether values that were corrected since are listed too.
    pub superseded: Option<bool>,
    /// 1 to 200, by default 50.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

#[derive(Serialize)]
struct OfYear<'q> {
    year: i16,
    #[serde(flatten)]
    query: &'q ScoreEntryQuery,
}

impl App {
    /// The yearly table.
    ///
    /// # Errors
    /// The store's own.
    pub async fn scorecard(&self, caller: &Caller, year: i16, now: Instant) -> Result<Scorecard, AppError> {
        caller.must(Permission::ReadReports)?;
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let zone = &core.city.zone;
                // The figures of a year are kept, not its facts: five years of them at once are many.
                let mut figures = BTreeMap::new();
                for measured in scorecard::measured_years(year, &core.definitions) {
                    let period = Period::Year(measured);
                    let facts = facts::load(conn, &core, span(period, zone), Known::at(now))?;
                    if facts.is_empty() && measured != year {
                        // Nobody counted then: unknown, not 0.
                        continue;
                    }
                    for indicator in &core.definitions.set(period).indicators {
                        let key = indicator.key.as_str();
                        let figure = measure::measured(&facts, &core.definitions, key, period, zone, now);
                        figures.insert((measured, key), figure);
                    }
                }
                let measured = |year: i16, key: &str| figures.get(&(year, key)).cloned().flatten();
                let entered = entered(conn, year)?;
                let values = Values { measured: &measured, entered: &entered };
                Ok(scorecard::scorecard(year, &core.definitions, now, values))
            })
            .await
    }

    /// Enters a row of a year's table by hand: a value for a configured row that has none, or a row of its own. `false`
    /// where the last revision says the same.
    ///
    /// # Errors
    /// A row that is measured or published, one that does not hold together, a document that is not there.
    pub async fn enter_score(
        &self,
        caller: &Caller,
        year: i16,
        row: Entered,
        now: Instant,
    ) -> Result<(ScoreEntryView, bool), AppError> {
        caller.must(Permission::EnterScores)?;
        row.check(year, &self.core.definitions).map_err(refused)?;
        let content = row.kept().map_err(|error| AppError::internal("a row cannot be kept", error))?;
        let actor = caller.actor();
        self.db
            .write(move |conn| {
                if let Some(id) = row.attachment_id {
                    own_document(conn, id)?.ok_or_else(|| {
                        AppError::invalid("/attachment_id", "no document of the scorecard has this id")
                    })?;
                }
                let last = stored::last(conn, year, &row.key)?;
                if let Some(same) = last.as_ref().filter(|last| last.content == content) {
                    return Ok((view(same.clone())?, false));
                }
                let new = Stored {
                    year,
                    key: row.key.clone(),
                    revision: last.map_or(1, |last| last.revision.saturating_add(1)),
                    content,
                    attachment: row.attachment_id,
                    entered_at: now,
                    entered_by: actor.clone(),
                };
                stored::insert(conn, &new)?;
                let data = json!({ "year": year, "key": new.key, "revision": new.revision });
                audit::append(conn, now, &actor, "score_entered", data)?;
                Ok((view(new)?, true))
            })
            .await
    }

    /// Lists the rows entered for a year by key: the last revision of each, or those that were corrected since, too.
    ///
    /// # Errors
    /// A wrong cursor, or the store's own.
    pub async fn list_score_entries(
        &self,
        caller: &Caller,
        year: i16,
        query: ScoreEntryQuery,
    ) -> Result<Page<ScoreEntryView>, AppError> {
        caller.must(Permission::ReadReports)?;
        let binding = Binding::of(&OfYear { year, query: &query }, caller)?;
        let ScoreEntryQuery { key, superseded, limit: most, cursor } = query;
        let limit = limit(most)?;
        let after = cursor.as_deref().map(|text| place(&binding, text)).transpose()?;
        let wanted = Wanted { year, superseded: superseded.unwrap_or_default(), key, after };
        let rows = self.db.read(move |conn| stored::page(conn, &wanted, fetch(limit))).await;
        let cursor = |row: &Stored| binding.cursor(row.revision.into(), row.key.clone());
        let Page { items, next_cursor } = Page::cut(rows.map_err(AppError::Store)?, limit, cursor);
        let items = items.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor })
    }

    /// Begins the upload of a document from which rows are entered.
    ///
    /// # Errors
    /// No place to put it aside.
    pub async fn begin_score_document(&self, caller: &Caller) -> Result<Upload, AppError> {
        caller.must(Permission::EnterScores)?;
        self.put_aside().await
    }

    /// Keeps a whole document, to be named by the rows that are entered from it.
    ///
    /// # Errors
    /// An empty file, or a type that is not taken.
    pub async fn finish_score_document(
        &self,
        caller: &Caller,
        upload: Upload,
        (name, declared): (&str, &str),
        now: Instant,
    ) -> Result<AttachmentView, AppError> {
        caller.must(Permission::EnterScores)?;
        let new = self.take_upload(upload, (name, declared)).await?;
        let (core, actor, user) = (self.core.clone(), caller.actor(), caller.user());
        self.db
            .write(move |conn| {
                let file = new.record(conn, &core.files, Owner { user, ..Owner::default() }, now)?;
                audit::append(conn, now, &actor, "score_document_kept", json!({ "attachment": file.id }))?;
                Ok(file.into())
            })
            .await
    }

    /// A document that rows of a year were entered from; one that no row names yet, for who may enter it.
    ///
    /// # Errors
    /// Not found; infected; not yet found clean by the scanner.
    pub async fn open_score_document(
        &self,
        caller: &Caller,
        year: i16,
        id: AttachmentId,
    ) -> Result<Opened, AppError> {
        caller.must(Permission::ReadReports)?;
        let (core, may_enter) = (self.core.clone(), caller.may(Permission::EnterScores));
        self.db
            .read(move |conn| {
                let years = stored::years_of_document(conn, id)?;
                let is_new = may_enter && years.is_empty();
                let known = is_new || years.contains(&i32::from(year));
                let file = if known { own_document(conn, id)? } else { None };
                let file = file.ok_or(AppError::NotFound("document"))?;
                may_leave(&core.files, &file)?;
                Ok(Opened::stored(file))
            })
            .await
    }
}

/// A file that was uploaded for the table, and belongs to nobody's ticket or contact.
fn own_document(conn: &mut Conn, id: AttachmentId) -> Result<Option<files::Attachment>, AppError> {
    Ok(files::find(conn, id)?.filter(|file| file.ticket.is_none() && file.interaction.is_none()))
}

/// What was entered for a year and those of its trend.
fn entered(conn: &mut Conn, year: i16) -> Result<BTreeMap<i16, Vec<Kept>>, AppError> {
    let mut by_year: BTreeMap<i16, Vec<Kept>> = BTreeMap::new();
    for year in scorecard::years(year) {
        for stored in stored::last_of_year(conn, year)? {
            let file = match stored.attachment {
                Some(id) => files::find(conn, id)?,
                None => None,
            };
            let file = file.map(|file| RowFile { id: file.id, name: file.name, sha256: file.sha256 });
            let (revision, entered_at) = (stored.revision, stored.entered_at);
            let kept = Kept { row: row(stored)?, revision, entered_at, file };
            by_year.entry(year).or_default().push(kept);
        }
    }
    Ok(by_year)
}

fn row(stored: Stored) -> Result<Entered, AppError> {
    serde_json::from_value(stored.content)
        .map_err(|error| AppError::internal("an entered row cannot be read", error))
}

fn view(stored: Stored) -> Result<ScoreEntryView, AppError> {
    let (year, revision, entered_at) = (stored.year, stored.revision, stored.entered_at);
    Ok(ScoreEntryView { year, revision, entered_at, row: row(stored)? })
}

fn refused(error: EntryError) -> AppError {
    match error {
        EntryError::Field { pointer, detail } => AppError::invalid(pointer, detail),
        EntryError::Measured(..) => AppError::conflict("score-measured", error),
        EntryError::Published(..) => AppError::conflict("score-published", error),
    }
}

/// Revisions that are missing, and rows that cannot be read.
pub(crate) fn verify(conn: &mut Conn) -> Result<Vec<Difference>, AppError> {
    let mut differences = vec![];
    let mut before: Option<(i16, String, i32)> = None;
    for stored in stored::all(conn)? {
        let Stored { year, key, revision, content, .. } = stored;
        let last = before.take().filter(|(y, k, _)| (*y, k) == (year, &key)).map_or(0, |(.., last)| last);
        let subject = format!("{year} {key}");
        let mut found = |problem: String| {
            differences.push(Difference { check: "score", subject: subject.clone(), problem });
        };
        if revision != last.saturating_add(1) {
            found(format!("revision {revision} follows {last}"));
        }
        if let Err(error) = serde_json::from_value::<Entered>(content) {
            found(format!("revision {revision} cannot be read: {error}"));
        }
        before = Some((year, key, revision));
    }
    Ok(differences)
}

/// The key and revision of a cursor.
fn place(binding: &Binding, text: &str) -> Result<(String, i32), AppError> {
    let (revision, key): (i64, String) = binding.read(text)?;
    let revision = i32::try_from(revision);
    revision
        .map(|revision| (key, revision))
        .map_err(|_too_large| AppError::invalid("/cursor", "not a cursor of ours"))
}
