//! What all rows of a file say together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::look::{Remark, Said, Seen};

/// Different words that are told; what comes after them is only counted.
const MOST_WORDS: usize = 50;
/// Under which words past these are counted.
const OTHERS: &str = "…";

/// What a check says of a whole file.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Lines that are not blank.
    pub lines: u64,
    /// Those that give a leg, an event of one, or a record of a call.
    pub understood: u64,
    /// Those that tell of no leg: headers, agents' log-ins, events that the dialplan made up.
    pub without_unit: u64,
    /// Those that would go to the quarantine.
    pub refused: u64,
    /// The reasons for that.
    pub refusals: BTreeMap<String, u64>,
    /// Columns that the mapping names and the file lacks.
    pub columns_missing: Vec<String>,
    /// Columns of the file that have no meaning in the mapping.
    pub columns_unmapped: Vec<String>,
    /// Words for outcomes that the vocabulary of the mapping does not have.
    pub outcomes_unknown: BTreeMap<String, u64>,
    /// Times that none of the formats fits, after the field they are for.
    pub times_unreadable: BTreeMap<String, u64>,
    /// Events that give no unit, by name.
    pub events_without_leg: BTreeMap<String, u64>,
}

/// How the columns of a file and those of its mapping meet.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) missing: Vec<String>,
    pub(crate) unmapped: Vec<String>,
}

impl Summary {
    pub(super) fn count(&mut self, seen: &Seen) {
        self.lines += 1;
        match &seen.said {
            Said::Leg(_) | Said::Event(_) | Said::Record => self.understood += 1,
            Said::Nothing(_) => self.without_unit += 1,
            Said::Refused(why) => {
                self.refused += 1;
                add(&mut self.refusals, why.reason.to_owned());
            }
        }
        for remark in &seen.remarks {
            match remark {
                Remark::UnknownOutcome(word) => add(&mut self.outcomes_unknown, word.clone()),
                Remark::NoTime(field, text) => add(&mut self.times_unreadable, format!("{field}: {text}")),
                Remark::EventWithoutLeg(name) => add(&mut self.events_without_leg, name.clone()),
            }
        }
    }

    pub(super) fn set_columns(&mut self, columns: Columns) {
        self.columns_missing = columns.missing;
        self.columns_unmapped = columns.unmapped;
    }
}

fn add(counts: &mut BTreeMap<String, u64>, word: String) {
    let known = counts.contains_key(&word) || counts.len() < MOST_WORDS;
    *counts.entry(if known { word } else { OTHERS.to_owned() }).or_default() += 1;
}
