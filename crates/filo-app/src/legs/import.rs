//! Phone logs of any length: one thread decodes and folds while another writes what is settled, so that what is held
//! in memory is a window of the log, never the log.
//!
//! **Invariant:** the outcome is that of taking in the whole log at once, and of taking it in in any pieces.

use std::sync::Arc;

use filo_channel::{Decode, DecodeParts, Decoded, Raw, Rejected};
use filo_domain::{
    Instant,
    legs::{Folded, LegOrigin, Window},
};
use filo_store::followed_files::{self, Place};
use tokio::sync::mpsc::{self, Sender};

use super::CHUNK;
use crate::{App, AppError, intake::Tally};

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

/// What is ready to be written.
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
        let reading =
            tokio::task::spawn_blocking(move || Reader { decoder: &*decoder, now, out }.read(pieces));
        let (mut tally, mut restarts) = (Tally::default(), vec![]);
        while let Some(portion) = portions.recv().await {
            restarts.clone_from(&portion.folded.restarts);
            tally.add(&self.put_portion(source, &name, portion, now).await?);
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

/// The thread that decodes and folds.
struct Reader<'a> {
    decoder: &'a dyn Decode,
    now: Instant,
    out: Sender<Portion>,
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
            if ready.is_enough() && self.out.blocking_send(std::mem::take(&mut ready)).is_err() {
                return;
            }
        }
        ready.take(ended(parts), &mut window);
        ready.add(window.finish());
        // Whoever does not listen any more has its error already.
        let _nobody_listens = self.out.blocking_send(ready);
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
