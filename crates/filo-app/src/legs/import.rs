//! Phone logs of any length: one thread decodes, folds and reckons what is to be written while another writes what is
//! settled, so that what is held in memory is a window of the log, never the log.
//!
//! **Invariant:** the outcome is that of taking in the whole log at once, and of taking it in in any pieces.

use std::sync::{Arc, mpsc as std_mpsc};

use filo_channel::{Decode, DecodeParts, Decoded, Raw, Rejected};
use filo_domain::{
    Instant,
    legs::{Folded, LegEvent, LegOrigin, Window},
};
use filo_store::{
    Conn,
    followed_files::{self, Place},
    intake::take_turn,
};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::{CHUNK, chunks, group_orphans, put_orphans, put_rejected, register::Seen};
use crate::{App, AppError, Core, intake::Tally};

/// Chunks that may wait to be written, besides the one in the making: they are made faster than they are written.
const WAITING: usize = 1;
/// Chunks written in one transaction at most: few enough that others get their turn.
const TOGETHER: usize = 12;

/// Bytes of a file: a part that ends with a line, or the last one. Of formats that cannot be read in parts
/// ([`Decode::in_parts`]) the whole file.
#[derive(Debug)]
pub struct Piece {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether a file begins with it.
    pub begins: bool,
}

impl Piece {
    /// Bytes of a part, but for its last line: what is decoded of more of them would not stay near the processor while it
    /// is folded.
    pub const BYTES: usize = 256 << 10;
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

/// What is to be written, as far as that is known without the store: a chunk of legs, before them what was not
/// understood, after them the events whose legs are not among them.
pub(super) struct Ready {
    rejected: Vec<Rejected>,
    seen: Seen,
    orphans: Vec<LegEvent>,
    restarts: Vec<Instant>,
}

impl Ready {
    /// At least one.
    pub(super) fn of(core: &Core, source: &str, portion: Portion, now: Instant) -> Vec<Self> {
        let Portion { folded: Folded { legs, orphans, restarts }, rejected } = portion;
        let mut chunks = chunks(legs);
        let last = chunks.pop().unwrap_or_default();
        let ready = |legs| Self {
            rejected: vec![],
            seen: Seen::of(core, source, legs, now),
            orphans: vec![],
            restarts: restarts.clone(),
        };
        let mut all: Vec<Self> = chunks.into_iter().map(ready).collect();
        all.push(Self { orphans, ..ready(last) });
        if let Some(first) = all.first_mut() {
            first.rejected = rejected;
        }
        all
    }

    /// Writes it, once. What is done with stays, to be dropped where there is time.
    pub(super) fn put(
        &mut self,
        conn: &mut Conn,
        core: &Core,
        (source, format): (&str, &str),
        now: Instant,
    ) -> Result<Tally, AppError> {
        take_turn(conn)?;
        let mut tally = put_rejected(conn, (source, format), std::mem::take(&mut self.rejected), now)?;
        tally.add(&self.seen.put(conn, core, source, now)?);
        for orphans in group_orphans(std::mem::take(&mut self.orphans)) {
            tally.add(&put_orphans(conn, core, source, (&orphans, &self.restarts), now)?);
        }
        Ok(tally)
    }
}

/// An import under way.
struct Run {
    chunks: Receiver<Ready>,
    tally: Tally,
    restarts: Vec<Instant>,
    /// Back to the reader goes what was written: it has the time to drop it, and uses the memory again.
    spent: std_mpsc::Sender<Ready>,
}

impl Run {
    /// Writes a chunk, and those that are ready by then, in one transaction: the more it changes, the fewer pages are
    /// written twice.
    fn put(
        mut self,
        conn: &mut Conn,
        first: Ready,
        core: &Core,
        of: (&str, &str),
        now: Instant,
    ) -> Result<Self, AppError> {
        let mut next = Some(first);
        for _ in 0..TOGETHER {
            let Some(mut chunk) = next.take().or_else(|| self.chunks.try_recv().ok()) else { break };
            self.restarts.clone_from(&chunk.restarts);
            self.tally.add(&chunk.put(conn, core, of, now)?);
            // A reader that is through drops nothing any more; then it happens here.
            let _nobody_listens = self.spent.send(chunk);
        }
        Ok(self)
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
        let (out, chunks) = mpsc::channel(WAITING);
        let (spent, written) = std_mpsc::channel();
        let (core, of) = (self.core.clone(), source.to_owned());
        let reading = tokio::task::spawn_blocking(move || {
            Reader { decoder: &*decoder, core: &core, source: &of, now, out, written }.read(pieces);
        });
        let mut run = Run { chunks, tally: Tally::default(), restarts: vec![], spent };
        while let Some(first) = run.chunks.recv().await {
            let (core, source, format) = (self.core.clone(), source.to_owned(), name.clone());
            let put = self.db.write_much(move |conn| run.put(conn, first, &core, (&source, &format), now));
            run = put.await?;
        }
        reading.await.map_err(|error| AppError::internal("a log could not be read", error))?;
        run.tally.add(&self.end_run(source, run.restarts, now).await?);
        Ok(run.tally)
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
    written: std_mpsc::Receiver<Ready>,
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
        self.written.try_iter().for_each(drop);
        let chunks = Ready::of(self.core, self.source, portion, self.now);
        chunks.into_iter().all(|chunk| self.out.blocking_send(chunk).is_ok())
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
