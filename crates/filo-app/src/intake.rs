//! Taking in: bytes from a channel become interactions, legs or quarantined units, and every unit is accounted for.
//!
//! **Invariant:** read = accepted + duplicates + quarantined; the answer comes after the commit; one bad unit never
//! stops the good ones.

use std::sync::Arc;

use filo_channel::{Decode, Decoded, Inbound, Raw, Rejected};
use filo_domain::{
    Instant, InteractionId, QuarantineId, TicketId,
    chain::sha256_hex,
    event::Actor,
    id::Id,
    legs::{Leg, LegEvent},
};
use filo_store::{
    Conn,
    intake::{self, Claimed, RawInput},
    quarantine::{self, Quarantined},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    App, AppError, Core,
    attachments::{Door, NewFile},
    contacts::{self, Arrival, Registered},
    legs, mint,
};

/// Units registered in one transaction: small enough not to hold SQLite's write lock for long.
const CHUNK: usize = 40;

/// Bytes for one source.
#[derive(Clone)]
pub struct Intake {
    /// The configured source.
    pub source: String,
    /// The bytes.
    pub raw: Raw,
    /// What reads them, when it is not the source's usual decoder, and under which name a retry finds it.
    pub format: Option<(String, Arc<dyn Decode>)>,
}

impl Intake {
    /// Bytes in the source's usual form.
    pub fn usual(source: impl Into<String>, raw: Raw) -> Self {
        Self { source: source.into(), raw, format: None }
    }
}

/// What became of a whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Units met.
    pub read: u64,
    /// New, or completed by this run.
    pub accepted: u64,
    /// Known before.
    pub duplicates: u64,
    /// Kept for a person to look at.
    pub quarantined: u64,
    /// Tickets opened.
    pub tickets_opened: u64,
    /// Reports about something that we did not send.
    pub unmatched: u64,
    /// Quarantined units that this run completed.
    pub released: u64,
}

impl Tally {
    /// Adds another run.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.quarantined += other.quarantined;
        self.tickets_opened += other.tickets_opened;
        self.unmatched += other.unmatched;
        self.released += other.released;
    }
}

/// What became of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// New.
    Accepted {
        /// The interaction.
        interaction: InteractionId,
        /// The ticket it belongs to.
        ticket: Option<TicketId>,
        /// Whether it opened that ticket.
        opened: bool,
    },
    /// Known before.
    Duplicate {
        /// The interaction it was; `None` when it is in quarantine.
        interaction: Option<InteractionId>,
    },
    /// Kept in quarantine.
    Quarantined {
        /// Where.
        id: QuarantineId,
    },
}

impl App {
    /// Takes in what a source received. Units are registered in chunks, each one transaction.
    ///
    /// # Errors
    /// An unknown source, or the store's own: what was committed before it stays, and taking the same bytes in
    /// again completes the run.
    pub async fn take_in(&self, batch: Vec<Intake>, now: Instant) -> Result<Tally, AppError> {
        let mut tally = Tally::default();
        let mut phone = PhoneUnits::default();
        let mut chunk = Vec::new();
        for intake in batch {
            let adapter = self.core.sources.get(&intake.source).ok_or(AppError::NotFound("source"))?;
            let decoder = intake.format.as_ref().map_or(&adapter.decode, |(_, decoder)| decoder);
            let decoded = decoder.decode(&intake.raw);
            let (calls, others) = split(decoded);
            phone.add(&intake.source, calls);
            let others = self.with_files(others).await?;
            chunk.push(Unit::all(intake, others));
            if chunk.iter().map(|units| units.results.len()).sum::<usize>() >= CHUNK {
                tally.add(&self.commit(std::mem::take(&mut chunk), now).await?);
            }
        }
        tally.add(&self.commit(chunk, now).await?);
        tally.add(&self.take_in_legs(phone, now).await?);
        Ok(tally)
    }

    /// Keeps the files of contacts that are not known yet, before the transaction that refers to them.
    async fn with_files(&self, others: Vec<Other>) -> Result<Vec<Taken>, AppError> {
        let mut all = Vec::with_capacity(others.len());
        for other in others {
            all.push(match other {
                Ok(inbound) if inbound.attachments.is_empty() => Ok((inbound, vec![])),
                Ok(inbound) => Ok(self.with_own_files(inbound).await?),
                Err(rejected) => Err(rejected),
            });
        }
        Ok(all)
    }

    /// Keeps the files of one contact.
    pub(crate) async fn with_own_files(&self, mut inbound: Box<Inbound>) -> Result<WithFiles, AppError> {
        let (scope, key) = (inbound.scope.clone(), inbound.external_id.clone());
        let known =
            self.db.read(move |conn| intake::find(conn, &scope, &key)).await.map_err(AppError::Store)?;
        if known.is_some_and(|known| known.interaction.is_some()) {
            return Ok((inbound, vec![]));
        }
        let files = self.keep_all(&mut inbound.attachments, Door::Mail).await?;
        Ok((inbound, files))
    }

    async fn commit(&self, chunk: Vec<Unit>, now: Instant) -> Result<Tally, AppError> {
        if chunk.is_empty() {
            return Ok(Tally::default());
        }
        let core = self.core.clone();
        self.db
            .write(move |conn| {
                intake::take_turn(conn)?;
                let mut tally = Tally::default();
                for unit in chunk {
                    unit.register(conn, &core, now, &mut tally)?;
                }
                Ok(tally)
            })
            .await
    }

    /// Registers one interaction that another system pushed or a page took in; gives what became of it.
    ///
    /// # Errors
    /// The store's own.
    pub(crate) async fn accept_one(&self, one: OneContact, now: Instant) -> Result<Receipt, AppError> {
        let core = self.core.clone();
        self.db.write(move |conn| one.register(conn, &core, now)).await
    }
}

/// One interaction that was decoded by its caller.
pub(crate) struct OneContact {
    pub(crate) inbound: Inbound,
    /// Its files, kept already.
    pub(crate) files: Vec<NewFile>,
    pub(crate) raw: Option<Vec<u8>>,
    pub(crate) actor: Actor,
    pub(crate) moderated: bool,
    pub(crate) code: Option<String>,
}

impl OneContact {
    fn register(self, conn: &mut Conn, core: &Core, now: Instant) -> Result<Receipt, AppError> {
        intake::take_turn(conn)?;
        let raw = match &self.raw {
            Some(bytes) => Some(keep_raw(conn, &self.inbound.source, bytes, now)?),
            None => None,
        };
        let arrival = Arrival {
            core,
            inbound: self.inbound,
            files: self.files,
            raw,
            now,
            actor: self.actor,
            retried: false,
            moderated: self.moderated,
            code: self.code,
        };
        Ok(contacts::register(conn, arrival)?.into())
    }
}

impl From<Registered> for Receipt {
    fn from(registered: Registered) -> Self {
        match registered {
            Registered::Accepted { interaction, ticket, opened } => {
                Self::Accepted { interaction, ticket, opened }
            }
            Registered::Duplicate { interaction } => Self::Duplicate { interaction },
        }
    }
}

/// What a phone source's bytes held.
#[derive(Default)]
pub(crate) struct PhoneUnits {
    pub(crate) by_source: std::collections::BTreeMap<String, legs::Batch>,
}

impl PhoneUnits {
    fn add(&mut self, source: &str, (events, whole): (Vec<LegEvent>, Vec<Leg>)) {
        if !events.is_empty() || !whole.is_empty() {
            let batch = self.by_source.entry(source.to_owned()).or_default();
            batch.events.extend(events);
            batch.whole.extend(whole);
        }
    }
}

type Calls = (Vec<LegEvent>, Vec<Leg>);
type Other = Result<Box<Inbound>, Rejected>;
/// A contact with its files, kept already.
pub(crate) type WithFiles = (Box<Inbound>, Vec<NewFile>);
type Taken = Result<WithFiles, Rejected>;

/// Legs are folded over the whole run; everything else is registered one by one.
fn split(decoded: Vec<Result<Decoded, Rejected>>) -> (Calls, Vec<Other>) {
    let (mut events, mut whole, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for unit in decoded {
        match unit {
            Ok(Decoded::LegEvent(event)) => events.push(event),
            Ok(Decoded::Leg(leg)) => whole.push(*leg),
            Ok(Decoded::Interaction(inbound)) => others.push(Ok(inbound)),
            Err(rejected) => others.push(Err(rejected)),
        }
    }
    ((events, whole), others)
}

/// The units of one raw input.
struct Unit {
    source: String,
    format: String,
    raw: Raw,
    results: Vec<Taken>,
}

impl Unit {
    fn all(intake: Intake, results: Vec<Taken>) -> Self {
        let format = intake.format.map_or_else(|| USUAL.to_owned(), |(name, _)| name);
        Self { source: intake.source, format, raw: intake.raw, results }
    }

    fn register(self, conn: &mut Conn, core: &Core, now: Instant, tally: &mut Tally) -> Result<(), AppError> {
        let mut raw_id = None;
        for result in self.results {
            tally.read += 1;
            match result {
                Err(rejected) => {
                    let context = json!({ "arrived_at": self.raw.arrived_at });
                    let kept = Kept { source: &self.source, format: &self.format, context };
                    quarantine_unit(conn, kept, rejected, now, tally)?;
                }
                Ok((inbound, files)) => {
                    let known = intake::find(conn, &inbound.scope, &inbound.external_id)?.is_some();
                    if !known && raw_id.is_none() {
                        raw_id = Some(keep_raw(conn, &self.source, &self.raw.bytes, now)?);
                    }
                    let arrival = Arrival {
                        core,
                        inbound: *inbound,
                        files,
                        raw: raw_id,
                        now,
                        actor: Actor::Citizen,
                        retried: false,
                        moderated: false,
                        code: None,
                    };
                    count(tally, &arrival.inbound.effect.clone(), contacts::register(conn, arrival)?);
                }
            }
        }
        Ok(())
    }
}

fn count(tally: &mut Tally, effect: &filo_channel::Effect, registered: Registered) {
    match registered {
        Registered::Accepted { ticket, opened, .. } => {
            tally.accepted += 1;
            tally.tickets_opened += u64::from(opened);
            let unmatched = matches!(effect, filo_channel::Effect::Delivery(_)) && ticket.is_none();
            tally.unmatched += u64::from(unmatched);
        }
        Registered::Duplicate { .. } => tally.duplicates += 1,
    }
}

fn keep_raw(conn: &mut Conn, source: &str, bytes: &[u8], now: Instant) -> Result<Id<RawInput>, AppError> {
    let id = mint::id(now);
    intake::keep_raw(conn, id, source, now, &sha256_hex(bytes), bytes)?;
    Ok(id)
}

/// The name of a source's usual decoder in the quarantine.
pub(crate) const USUAL: &str = "usual";

/// Where a quarantined unit came from, and what a retry needs besides its bytes.
pub(crate) struct Kept<'a> {
    pub(crate) source: &'a str,
    pub(crate) format: &'a str,
    pub(crate) context: Value,
}

/// Keeps a unit that could not be understood, once.
pub(crate) fn quarantine_unit(
    conn: &mut Conn,
    kept: Kept<'_>,
    rejected: Rejected,
    now: Instant,
    tally: &mut Tally,
) -> Result<(), AppError> {
    let unit = Quarantined {
        id: mint::id(now),
        scope: kept.source.to_owned(),
        key: format!("quarantine:{}:{}", rejected.reason, sha256_hex(&rejected.raw)),
        source: kept.source.to_owned(),
        format: kept.format.to_owned(),
        reason: rejected.reason.to_owned(),
        detail: rejected.detail,
        raw: rejected.raw,
        context: kept.context,
        state: quarantine::OPEN.to_owned(),
        created_at: now,
        decided_at: None,
        note: None,
    };
    let key = Claimed { interaction: None, quarantine: Some(unit.id) };
    if intake::claim(conn, &unit.scope, &unit.key, key, now)? {
        quarantine::insert(conn, &unit)?;
        tally.quarantined += 1;
    } else {
        tally.duplicates += 1;
    }
    Ok(())
}
