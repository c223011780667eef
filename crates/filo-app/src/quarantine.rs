//! The quarantine: what could not be understood is listed, retried with the present decoder, or put aside.

use filo_channel::{Decoded, Raw};
use filo_domain::{Instant, QuarantineId, event::Actor};
use filo_jobs::JobError;
use filo_store::{
    Conn, audit, intake,
    quarantine::{self, Quarantined},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    App, AppError, Caller, Core, Page, Permission,
    attachments::{
        INFECTED,
        blob::{BlobError, Verdict},
    },
    contacts::{self, Arrival, Registered},
    intake::{USUAL, WithFiles},
    ledger::{self, Sort},
    legs,
    tickets::{fetch, limit},
    views::{cursor, read_cursor},
};

/// A quarantined unit as readers see it.
#[derive(Clone, Debug, Serialize)]
pub struct QuarantineView {
    /// Its id.
    pub id: QuarantineId,
    /// The source.
    pub source: String,
    /// The stable word for why.
    pub reason: String,
    /// A sentence.
    pub detail: String,
    /// `open`, `retried` or `discarded`.
    pub state: String,
    /// When it was kept.
    pub created_at: Instant,
    /// When it was settled.
    pub decided_at: Option<Instant>,
    /// Why it was discarded.
    pub note: Option<String>,
    /// How many bytes it has.
    pub size: usize,
    /// The bytes as text, with replacement characters; `None` in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl From<Quarantined> for QuarantineView {
    fn from(unit: Quarantined) -> Self {
        Self {
            id: unit.id,
            source: unit.source,
            reason: unit.reason,
            detail: unit.detail,
            state: unit.state,
            created_at: unit.created_at,
            decided_at: unit.decided_at,
            note: unit.note,
            size: unit.raw.len(),
            raw: None,
        }
    }
}

/// What a retry gave.
#[derive(Clone, Debug, Serialize)]
pub struct RetryResult {
    /// The unit.
    pub id: QuarantineId,
    /// Whether it is understood now.
    pub released: bool,
    /// The reason it is still kept for.
    pub reason: Option<String>,
}

impl App {
    /// The units that wait for somebody, oldest first.
    ///
    /// # Errors
    /// Wrong cursor, or the store's own.
    pub async fn list_quarantine(
        &self,
        caller: &Caller,
        asked: Option<usize>,
        after: Option<String>,
    ) -> Result<Page<QuarantineView>, AppError> {
        caller.must(Permission::ManageQuarantine)?;
        let limit = limit(asked)?;
        let after = after.as_deref().map(read_cursor).transpose()?;
        let rows = self
            .db
            .read(move |conn| quarantine::list(conn, quarantine::OPEN, after, fetch(limit)))
            .await
            .map_err(AppError::Store)?;
        Ok(Page::cut(rows, limit, |row| cursor(row.created_at, row.id)).map(QuarantineView::from))
    }

    /// One unit with its bytes.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn quarantined(&self, caller: &Caller, id: QuarantineId) -> Result<QuarantineView, AppError> {
        caller.must(Permission::ManageQuarantine)?;
        let unit = self.db.read(move |conn| quarantine::find(conn, id)).await.map_err(AppError::Store)?;
        let unit = unit.ok_or(AppError::NotFound("quarantined unit"))?;
        let raw = Some(String::from_utf8_lossy(&unit.raw).into_owned());
        Ok(QuarantineView { raw, ..unit.into() })
    }

    /// Tries a unit again with the present decoder and configuration.
    ///
    /// # Errors
    /// Not found, settled before, or the store's own.
    pub async fn retry_quarantined(
        &self,
        caller: &Caller,
        id: QuarantineId,
        now: Instant,
    ) -> Result<RetryResult, AppError> {
        caller.must(Permission::ManageQuarantine)?;
        let (core, actor) = (self.core.clone(), caller.actor());
        let unit = self.db.read(move |conn| open_unit(conn, id)).await?;
        let again = if unit.reason == INFECTED {
            Again::Scanned(self.scan_again(&unit, now).await?)
        } else if let Some(sort) = ledger::sort_of(&unit) {
            Again::Row(sort)
        } else {
            Again::Decoded(self.decode_again(&unit).await?)
        };
        self.db
            .write(move |conn| {
                intake::take_turn(conn)?;
                let unit = open_unit(conn, id)?;
                let still = match again {
                    Again::Scanned(clean) => (!clean).then(|| unit.reason.clone()),
                    Again::Row(sort) => ledger::retry(conn, &core, sort, &unit, &actor, now)?,
                    Again::Decoded(decoded) => retry(conn, &core, &unit, decoded, now)?,
                };
                if still.is_none() {
                    quarantine::decide(conn, id, quarantine::RETRIED, now, None)?;
                    audit::append(conn, now, &actor, "quarantine_retried", json!({ "unit": id }))?;
                }
                Ok(RetryResult { id, released: still.is_none(), reason: still })
            })
            .await
    }

    /// Puts a unit aside for good; its bytes stay.
    ///
    /// # Errors
    /// No reason, not found, settled before, or the store's own.
    pub async fn discard_quarantined(
        &self,
        caller: &Caller,
        id: QuarantineId,
        reason: &str,
        now: Instant,
    ) -> Result<(), AppError> {
        caller.must(Permission::ManageQuarantine)?;
        if reason.trim().is_empty() {
            return Err(AppError::invalid("/reason", "say why"));
        }
        let (actor, reason) = (caller.actor(), reason.to_owned());
        self.db
            .write(move |conn| {
                quarantine::find(conn, id)?.ok_or(AppError::NotFound("quarantined unit"))?;
                if !quarantine::decide(conn, id, quarantine::DISCARDED, now, Some(&reason))? {
                    return Err(AppError::conflict("settled-before", "this unit was settled already"));
                }
                Ok(audit::append(conn, now, &actor, "quarantine_discarded", json!({ "unit": id }))?)
            })
            .await
    }
}

/// A unit that waits for somebody.
fn open_unit(conn: &mut Conn, id: QuarantineId) -> Result<Quarantined, AppError> {
    let unit = quarantine::find(conn, id)?.ok_or(AppError::NotFound("quarantined unit"))?;
    if unit.state != quarantine::OPEN {
        return Err(AppError::conflict("settled-before", format!("this unit is {} already", unit.state)));
    }
    Ok(unit)
}

/// What a retry found out before its transaction.
enum Again {
    /// Whether the scanner finds the file clean now.
    Scanned(bool),
    /// It is a row of what is entered by month, read in the transaction.
    Row(&'static Sort),
    /// What the present decoder makes of it, files kept already; `None` where no decoder fits.
    Decoded(Option<Vec<Unit>>),
}

enum Unit {
    Contact(WithFiles),
    Other(Decoded),
    Refused(String),
}

impl App {
    /// Has an infected file looked at again, with the scanner's present signatures.
    async fn scan_again(&self, unit: &Quarantined, now: Instant) -> Result<bool, AppError> {
        let verdict = self.verdict(&unit.key).await.map_err(|error| match error {
            JobError::Again(why) => AppError::Blob(BlobError::Away(why)),
            JobError::Dead(why) => AppError::conflict("not-scanned", why),
        })?;
        let clean = verdict == Verdict::Clean;
        if clean {
            self.settle_scan(unit.key.clone(), verdict, now).await?;
        }
        Ok(clean)
    }

    async fn decode_again(&self, unit: &Quarantined) -> Result<Option<Vec<Unit>>, AppError> {
        if unit.reason == legs::WITHOUT_START {
            return Ok(Some(vec![]));
        }
        let adapter = self.core.sources.get(&unit.source).ok_or(AppError::NotFound("source"))?;
        let decoder =
            if unit.format == USUAL { Some(&adapter.decode) } else { adapter.formats.get(&unit.format) };
        // A decoder of one import alone (a vendor's file with its mapping): importing the mended file again is the way.
        let Some(decoder) = decoder else { return Ok(None) };
        let arrived_at = unit.context.get("arrived_at").and_then(|at| at.as_str());
        let arrived_at = arrived_at.and_then(|at| Instant::parse(at).ok());
        let raw = Raw { bytes: unit.raw.clone(), arrived_at, now: unit.created_at };
        let mut units = Vec::new();
        for decoded in decoder.decode(&raw) {
            units.push(match decoded {
                Err(rejected) => Unit::Refused(rejected.reason.to_owned()),
                Ok(Decoded::Interaction(inbound)) => Unit::Contact(self.with_own_files(inbound).await?),
                Ok(other) => Unit::Other(other),
            });
        }
        Ok(Some(units))
    }
}

/// Gives the reason it is still not understood.
fn retry(
    conn: &mut Conn,
    core: &Core,
    unit: &Quarantined,
    decoded: Option<Vec<Unit>>,
    now: Instant,
) -> Result<Option<String>, AppError> {
    if unit.reason == legs::WITHOUT_START {
        let found = legs::retry(conn, core, unit)?;
        return Ok((!found).then(|| unit.reason.clone()));
    }
    let Some(decoded) = decoded else { return Ok(Some(unit.reason.clone())) };
    let mut still = None;
    for one in decoded {
        match one {
            Unit::Refused(reason) => still = Some(reason),
            Unit::Contact((inbound, files)) => {
                let arrival = Arrival {
                    core,
                    inbound: *inbound,
                    files,
                    raw: None,
                    now,
                    actor: Actor::Citizen,
                    retried: true,
                    moderated: false,
                    code: None,
                };
                let _known_or_new: Registered = contacts::register(conn, arrival)?;
            }
            Unit::Other(Decoded::LegEvent(event)) => {
                legs::place(conn, core, &unit.source, &event, now)?;
            }
            Unit::Other(Decoded::Leg(leg)) => legs::put_whole(conn, core, &unit.source, &leg, now)?,
            // Taken apart as a contact above.
            Unit::Other(Decoded::Interaction(_)) => {}
        }
    }
    Ok(still)
}
