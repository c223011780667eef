//! A file of records read in parts: rows wait for the other rows of their call, never for the whole file.
//!
//! **Invariant:** what comes out, all of it together, is what the whole file gives, as long as its rows begin less than
//! a day out of order. What waits is bounded, whatever the file says.

use std::collections::BTreeMap;

use filo_channel::{DecodeParts, Decoded, Rejected};
use filo_domain::{Instant, legs::CALL_SPAN_S};

use super::{
    Cdr, call,
    row::{Columns, Row},
};
use crate::text::{Line, Place, Splitter, likely_delimiter};

/// Rows that wait at most: a city has some thousands in a day. A file whose times jump about gives its legs in pieces
/// of this size.
const MOST_WAITING: usize = 100_000;

/// A unit, and the line on which it began.
type Unit = (usize, Result<Decoded, Rejected>);

/// A file being read.
pub(super) struct Reading<'a> {
    cdr: &'a Cdr,
    place: Place,
    splitter: Option<Splitter>,
    header: Option<Columns>,
    by_id: BTreeMap<String, Vec<Row>>,
    waiting: usize,
    /// When the row read last began.
    present: Option<Instant>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(cdr: &'a Cdr) -> Self {
        Self {
            cdr,
            place: Place::default(),
            splitter: None,
            header: None,
            by_id: BTreeMap::new(),
            waiting: 0,
            present: None,
        }
    }

    /// What the next part settles: rows that are refused, and calls to which nothing can be added.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Vec<Unit> {
        let mut place = std::mem::take(&mut self.place);
        let mut units = place.each(bytes, |line| self.line(&line));
        self.place = place;
        units.extend(self.settled());
        units
    }

    /// The calls that wait.
    pub(super) fn rest(&mut self) -> Vec<Unit> {
        self.give(|_| true)
    }

    /// Keeps the row of a line; gives the line when it is refused.
    fn line(&mut self, line: &Line<'_>) -> Option<Unit> {
        let splitter = self.splitter.get_or_insert_with(|| Splitter::new(likely_delimiter(&line.text)));
        match self.cdr.row(line, splitter, &mut self.header) {
            Ok(Some(row)) => {
                self.present = Some(row.start);
                self.waiting += 1;
                self.by_id.entry(row.call_id.clone()).or_default().push(row);
                None
            }
            Ok(None) => None,
            Err(rejected) => Some((line.number, Err(rejected))),
        }
    }

    fn settled(&mut self) -> Vec<Unit> {
        let everything = self.waiting > MOST_WAITING;
        // A row of the call begins within a day of its last one, and comes within a day of its turn.
        let until = self.present.map(|at| at.plus_seconds(-2 * CALL_SPAN_S));
        self.give(|last| everything || until.is_some_and(|until| last < until))
    }

    /// The legs of the calls whose last row began as asked.
    fn give(&mut self, asked: impl Fn(Instant) -> bool) -> Vec<Unit> {
        let done = |rows: &[Row]| rows.iter().map(|row| row.start).max().is_none_or(&asked);
        let rows: Vec<Row> =
            self.by_id.extract_if(.., |_, rows| done(rows)).flat_map(|(_, rows)| rows).collect();
        self.waiting -= rows.len();
        let legs = call::legs(rows, &self.cdr.agent_channels);
        legs.into_iter().map(|(line, leg)| (line, Ok(Decoded::Leg(Box::new(leg))))).collect()
    }
}

impl DecodeParts for Reading<'_> {
    fn part(&mut self, bytes: &[u8]) -> Vec<Result<Decoded, Rejected>> {
        in_order(self.next(bytes))
    }
    fn end(&mut self) -> Vec<Result<Decoded, Rejected>> {
        in_order(self.rest())
    }
    fn holds_back(&self) -> bool {
        true
    }
}

/// The units by the line on which they began.
pub(super) fn in_order(mut units: Vec<Unit>) -> Vec<Result<Decoded, Rejected>> {
    units.sort_by_key(|(line, _)| *line);
    units.into_iter().map(|(_, unit)| unit).collect()
}
