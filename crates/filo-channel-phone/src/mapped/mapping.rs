//! The mapping file: which column is what, and how times, durations and outcomes are written.

use std::collections::BTreeMap;

use filo_domain::{
    instant::ZoneError,
    vocabulary::{CallOutcome, Word, WordError},
};
use serde::Deserialize;

/// What a column can be; only `call_id` and `entered_at` are needed.
pub(super) const NAMES: &[&str] = &[
    "call_id",
    "queue",
    "caller",
    "entered_at",
    "answered_at",
    "ended_at",
    "wait",
    "talk",
    "outcome",
    "transferred_to",
    "agent",
    "ivr_choice",
];

/// A mapping file (`--map FILE`), in TOML:
///
/// ```toml
/// zone = "Europe/Rome"                  # of local times; default: the city's
/// delimiter = ";"                       # "," ";" or "tab"; default: found in the first line
/// header = true                         # the first row names the columns (default)
/// times = ["%d/%m/%Y %H:%M:%S"]         # strftime; default: ISO and day/month/year, with or without seconds
/// durations = "seconds"                 # or "minutes", "clock" (H:M:S); needed with wait or talk
/// [columns]                             # by name, or by number from 1; several are joined by a blank
/// call_id = "ID"
/// entered_at = ["Data", "Ora"]
/// wait = "Attesa"
/// outcome = "Esito"
/// [outcomes]                            # the file's words for outcomes; self_served: the machine alone had the call
/// "Risposta" = "answered"
/// [constants]
/// queue = "020202"                      # where no column has it
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The IANA zone of local times; the city's when absent.
    pub zone: Option<String>,
    /// `,`, `;` or `tab`; found in the first line when absent.
    pub delimiter: Option<String>,
    /// Whether the first row names the columns.
    #[serde(default = "yes")]
    pub header: bool,
    /// How times are written (strftime), the likeliest first.
    #[serde(default)]
    pub times: Vec<String>,
    /// The unit of durations that are plain numbers.
    pub durations: Option<DurationUnit>,
    /// What stands in which column.
    pub columns: BTreeMap<String, Column>,
    /// The file's words for outcomes.
    #[serde(default)]
    pub outcomes: BTreeMap<String, String>,
    /// Values that no column has.
    #[serde(default)]
    pub constants: Constants,
}

/// Values that hold for the whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constants {
    /// The queue of rows that name none.
    pub queue: Option<String>,
}

/// Where a value stands: in one column or in several, each by name or by number from 1.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// By name.
    Name(String),
    /// By number from 1.
    Number(usize),
    /// In several, joined by a blank.
    Several(Vec<Self>),
}

/// The unit of durations: a number never goes without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DurationUnit {
    /// Seconds.
    Seconds,
    /// Minutes, with decimals.
    Minutes,
    /// `H:M:S` or `M:S` alone.
    Clock,
}

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// No mapping was given.
    #[error("format csv needs a mapping file (--map)")]
    Missing,
    /// It is no TOML, or has an unknown or missing key.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// It names an unknown zone.
    #[error("zone: {0}")]
    Zone(#[from] ZoneError),
    /// An outcome is none of the contract's.
    #[error("outcomes: {0}")]
    Outcome(#[from] WordError),
    /// Keys contradict each other or lack something.
    #[error("{key}: {problem}")]
    Key {
        /// The key.
        key: String,
        /// What is wrong and what is expected.
        problem: &'static str,
    },
}

impl Mapping {
    /// Reads a mapping file and checks that it can be used.
    ///
    /// # Errors
    /// Says which key is wrong and what is expected.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let mapping: Self = toml::from_str(text)?;
        let refuse = |key: &str, problem| Err(MappingError::Key { key: key.to_owned(), problem });
        if let Some(name) = mapping.columns.keys().find(|name| !NAMES.contains(&name.as_str())) {
            return refuse(name, "is no column of a leg");
        }
        if let Some(name) =
            ["call_id", "entered_at"].into_iter().find(|name| !mapping.columns.contains_key(*name))
        {
            return refuse(name, "must be mapped");
        }
        let timed = ["wait", "talk"].iter().any(|name| mapping.columns.contains_key(*name));
        if timed && mapping.durations.is_none() {
            return refuse("durations", "must be seconds, minutes or clock when wait or talk is mapped");
        }
        if mapping.delimiter.is_some() && mapping.delimiter_byte().is_none() {
            return refuse("delimiter", "must be \",\", \";\" or \"tab\"");
        }
        mapping.outcomes.values().try_for_each(|word| CallOutcome::parse_word(word).map(|_| ()))?;
        Ok(mapping)
    }

    pub(super) fn delimiter_byte(&self) -> Option<u8> {
        match self.delimiter.as_deref()? {
            "," => Some(b','),
            ";" => Some(b';'),
            "tab" | "\t" => Some(b'\t'),
            _ => None,
        }
    }
}

fn yes() -> bool {
    true
}
