//! Phone logs of any length: one thread decodes, folds and reckons what is to be written while another writes what is
//! settled, so that what is held in memory is a window of the log, never the log.
//!
//! **Invariant:** the outcome is that of taking in the whole log at once, and of taking it in in any pieces.

use std::sync::Arc;

use filo_channel::{Decode, DecodeParts, Decoded, Raw, Rejected};
use filo_domain::{
    Instant,
    legs::{Folded, LegEvent, LegOrigin, Window},
};
use filo_store::followed_files::{self, Place};
use tokio::sync::mpsc::{self, Sender};

use super::{CHUNK, chunks, register::Seen};
use crate::{App, AppError, Core, intake::Tally};

/// Portions that may wait to be written: one in the making, one at hand.
const WAITING: usize = 1;

/// Bytes of a file: a part that ends with a line, or the last one. Of formats that cannot be read in parts
/// ([`Decode::in_parts`]) the whole file.
#[derive(Debug)]
pub struct Piece {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether a file begins with it.
    pub begins: bool,
}

/// What is settled.
#[derive(Default)]
pub(super) struct Portion {
    pub(super) folded: Folded,
    pub(super) rejected: Vec<Rejected>,
}

impl Portion {
    /// Takes whole legs and what was not understood; feeds events to the window.
    fn take(&mut self, units: Vec<Result<Decoded, Rejected>>, window: &mut Window) {
        for unit in units {
            match unit {
                Ok(Decoded::LegEvent(event)) => window.feed(event),
                Ok(Decoded::Leg(leg)) => self.folded.legs.push(*leg),
                Ok(Decoded::Interaction(other)) => self.rejected.push(not_a_call(&other.external_id)),
                Err(refused) => self.rejected.push(refused),
            }
        }
    }

    fn add(&mut self, folded: Folded) {
        let Folded { mut legs, mut orphans, restarts } = folded;
        self.folded.legs.append(&mut legs);
        self.folded.orphans.append(&mut orphans);
        self.folded.restarts = restarts;
    }

    /// Whether it is worth a transaction.
    fn is_enough(&self) -> bool {
        self.folded.legs.len() + self.folded.orphans.len() + self.rejected.len() >= CHUNK
    }
}

/// What is to be written of a portion, as far as that is known without the store.
pub(super) struct Ready {
    pub(super) seen: Vec<Seen>,
    pub(super) orphans: Vec<LegEvent>,
    pub(super) restarts: Vec<Instant>,
    pub(super) rejected: Vec<Rejected>,
}

impl Ready {
    pub(super) fn of(core: &Core, source: &str, portion: Portion, now: Instant) -> Self {
        let Portion { folded: Folded { legs, orphans, restarts }, rejected } = portion;
        let seen = chunks(legs).into_iter().map(|legs| Seen::of(core, source, legs, now)).collect();
        Self { seen, orphans, restarts, rejected }
    }
}

impl App {
    /// Takes in phone logs of one source, in the order of the pieces.
    ///
    /// # Errors
    /// No such source, or the store's own: what was committed before it stays, and taking the same logs in again
    /// completes the run.
    pub async fn import_calls(
        &self,
        source: &str,
        format: (String, Arc<dyn Decode>),
        pieces: impl Iterator<Item = Piece> + Send + 'static,
        now: Instant,
    ) -> Result<Tally, AppError> {
        if !self.core.sources.contains_key(source) {
            return Err(AppError::NotFound("source"));
        }
        let (name, decoder) = format;
        let (out, mut portions) = mpsc::channel(WAITING);
        let (core, of) = (self.core.clone(), source.to_owned());
        let reading = tokio::task::spawn_blocking(move || {
            Reader { decoder: &*decoder, core: &core, source: &of, now, out }.read(pieces);
        });
        let (mut tally, mut restarts) = (Tally::default(), vec![]);
        while let Some(ready) = portions.recv().await {
            restarts.clone_from(&ready.restarts);
            tally.add(&self.put_ready(source, &name, ready, now).await?);
        }
        reading.await.map_err(|error| AppError::internal("a log could not be read", error))?;
        tally.add(&self.end_run(source, restarts, now).await?);
        Ok(tally)
    }

    /// How far a growing log was taken in.
    ///
    /// # Errors
    /// The store's own.
    pub async fn followed(&self, source: &str, path: &str) -> Result<Option<Place>, AppError> {
        let (source, path) = (source.to_owned(), path.to_owned());
        self.db.read(move |conn| followed_files::find(conn, &source, &path)).await.map_err(AppError::Store)
    }

    /// Takes in the next lines of a growing log at once, ends of calls that are still in the making included, and
    /// keeps how far it was read. Lines taken in before a stop in between are known when they come again.
    ///
    /// # Errors
    /// No such source, or the store's own.
    pub async fn take_in_lines(&self, lines: Lines, now: Instant) -> Result<Tally, AppError> {
        let Lines { source, path, format, units, place } = lines;
        if !self.core.sources.contains_key(&source) {
            return Err(AppError::NotFound("source"));
        }
        let mut window = Window::new(LegOrigin::Log);
        let mut portion = Portion::default();
        portion.take(units, &mut window);
        portion.add(window.finish());
        let tally = self.put_run(&source, &format, portion, now).await?;
        self.db
            .write(move |conn| followed_files::keep(conn, &source, &path, &place, now))
            .await
            .map_err(AppError::Store)?;
        Ok(tally)
    }
}

/// Lines of a log that grows.
pub struct Lines {
    /// The source.
    pub source: String,
    /// The log.
    pub path: String,
    /// The name of the format, by which a retry finds its decoder.
    pub format: String,
    /// What the lines say.
    pub units: Vec<Result<Decoded, Rejected>>,
    /// Where the log was read to.
    pub place: Place,
}

/// The thread that decodes, folds and reckons.
struct Reader<'a> {
    decoder: &'a dyn Decode,
    core: &'a Core,
    source: &'a str,
    now: Instant,
    out: Sender<Ready>,
}

impl Reader<'_> {
    /// Ends early when nobody takes the portions any more.
    fn read(self, pieces: impl Iterator<Item = Piece>) {
        let mut window = Window::new(LegOrigin::Log);
        let (mut parts, mut ready) = (None::<Box<dyn DecodeParts + '_>>, Portion::default());
        for piece in pieces {
            if piece.begins {
                ready.take(ended(parts), &mut window);
                parts = self.decoder.in_parts();
            }
            let units = match &mut parts {
                Some(parts) => parts.part(&piece.bytes),
                None => self.decoder.decode(&Raw { bytes: piece.bytes, arrived_at: None, now: self.now }),
            };
            ready.take(units, &mut window);
            ready.add(window.settled());
            if ready.is_enough() && !self.hand_over(std::mem::take(&mut ready)) {
                return;
            }
        }
        ready.take(ended(parts), &mut window);
        ready.add(window.finish());
        // Whoever does not listen any more has its error already.
        let _nobody_listens = self.hand_over(ready);
    }

    /// Whether somebody still takes it.
    fn hand_over(&self, portion: Portion) -> bool {
        self.out.blocking_send(Ready::of(self.core, self.source, portion, self.now)).is_ok()
    }
}

/// What a file held back until its end.
fn ended(parts: Option<Box<dyn DecodeParts + '_>>) -> Vec<Result<Decoded, Rejected>> {
    parts.map(|mut parts| parts.end()).unwrap_or_default()
}

fn not_a_call(id: &str) -> Rejected {
    let raw = id.as_bytes().to_vec();
    Rejected { reason: "not_a_call", detail: "a phone log holds calls alone".to_owned(), raw }
}
