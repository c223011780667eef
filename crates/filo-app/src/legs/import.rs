//! Phone logs of any length: one thread decodes and folds while another writes what is settled, so that what is held
//! in memory is a window of the log, never the log.
//!
//! **Invariant:** the outcome is that of taking in the whole log at once, and of taking it in in any pieces.

use std::sync::Arc;

use filo_channel::{Decode, DecodeParts, Decoded, Raw, Rejected};
use filo_domain::{
    Instant,
    legs::{Folded, Leg, LegOrigin, Window},
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
    fn add(&mut self, folded: Folded, mut rejected: Vec<Rejected>) {
        let Folded { mut legs, mut orphans, restarts } = folded;
        self.folded.legs.append(&mut legs);
        self.folded.orphans.append(&mut orphans);
        self.folded.restarts = restarts;
        self.rejected.append(&mut rejected);
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
        let (whole, rejected) = sort(units, &mut window);
        let mut folded = window.finish();
        folded.legs.extend(whole);
        let tally = self.put_run(&source, &format, Portion { folded, rejected }, now).await?;
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
        let (mut parts, mut ready) = (None, Portion::default());
        for piece in pieces {
            if piece.begins {
                parts = self.decoder.in_parts();
            }
            let (whole, rejected) = self.decode(parts.as_deref_mut(), piece.bytes, &mut window);
            let mut folded = window.settled();
            folded.legs.extend(whole);
            ready.add(folded, rejected);
            if ready.is_enough() && self.out.blocking_send(std::mem::take(&mut ready)).is_err() {
                return;
            }
        }
        ready.add(window.finish(), vec![]);
        // Whoever does not listen any more has its error already.
        let _nobody_listens = self.out.blocking_send(ready);
    }

    fn decode(
        &self,
        parts: Option<&mut (dyn DecodeParts + '_)>,
        bytes: Vec<u8>,
        window: &mut Window,
    ) -> (Vec<Leg>, Vec<Rejected>) {
        let units = match parts {
            Some(parts) => parts.part(&bytes),
            None => self.decoder.decode(&Raw { bytes, arrived_at: None, now: self.now }),
        };
        sort(units, window)
    }
}

/// Feeds events to the window; gives whole legs and what was not understood.
fn sort(units: Vec<Result<Decoded, Rejected>>, window: &mut Window) -> (Vec<Leg>, Vec<Rejected>) {
    let (mut whole, mut rejected) = (vec![], vec![]);
    for unit in units {
        match unit {
            Ok(Decoded::LegEvent(event)) => window.feed(event),
            Ok(Decoded::Leg(leg)) => whole.push(*leg),
            Ok(Decoded::Interaction(other)) => rejected.push(not_a_call(&other.external_id)),
            Err(refused) => rejected.push(refused),
        }
    }
    (whole, rejected)
}

fn not_a_call(id: &str) -> Rejected {
    let raw = id.as_bytes().to_vec();
    Rejected { reason: "not_a_call", detail: "a phone log holds calls alone".to_owned(), raw }
}
