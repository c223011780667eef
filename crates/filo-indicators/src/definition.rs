//! Indicators as configuration: sets of definitions, versioned and dated, and the yearly tables.
//!
//! **Invariant:** an unknown key, a measure that makes no sense or a mean across channels that was not asked for
//! by name is refused with file and line; the version of a set is a digest of what it says, so that a changed
//! definition always shows. Start at [`Definitions::from_files`].

use std::collections::{BTreeMap, BTreeSet};

use filo_domain::{Period, chain::sha256_hex, vocabulary::Channel};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    number::Cut,
    scorecard::{Tags, Yearly},
};

mod parameters;

pub use parameters::{
    Anchor, Clock, Condition, Distinct, DurationStatistic, Measure, MeasureCalendar, Of, Pauses, Population,
    Term, WhichRound,
};

/// One set of definitions, in force from a day until the next set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Its name, such as `milano-2021`.
    pub set: String,
    /// Its first day.
    pub valid_from: Date,
    /// The parameters of the monthly report.
    pub report: Rules,
    /// The indicators.
    #[serde(rename = "indicator", default)]
    pub indicators: Vec<Indicator>,
}

impl Set {
    /// SHA-256 over what the set says (comments and layout do not count), in hexadecimal.
    pub fn version(&self) -> String {
        // Plain data of strings, numbers and lists: it always serializes.
        sha256_hex(&serde_json::to_vec(self).unwrap_or_default())
    }
    /// The indicator of a key.
    pub fn indicator(&self, key: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|indicator| indicator.key == key)
    }
}

/// The parameters of the monthly report.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The channels that "unified channels" counts; `email` includes PEC.
    pub unified_channels: Vec<Channel>,
    /// An abandonment with a shorter wait, in seconds, is a short one.
    pub short_abandon_s: i64,
    /// Thresholds of the service level, in seconds.
    pub service_level_s: Vec<i64>,
    /// Bounds of the resolution buckets in days of 86,400 s, ascending.
    pub bucket_days: Vec<i64>,
    /// Bounds of the backlog's age bands in days, ascending.
    pub backlog_days: Vec<i64>,
    /// How many days after an abandoned call another call or a written contact is linked to it.
    pub abandoned_then_wrote_days: i64,
}

/// One indicator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Its stable key.
    pub key: String,
    /// The heading under which the yearly table lists it.
    pub area: String,
    /// Its name on screen.
    pub label: String,
    /// Its version.
    pub version: String,
    /// What it says, in words for citizens.
    pub words: String,
    /// How it is computed.
    pub formula: String,
    /// What is measured.
    pub measure: Measure,
    /// How the value is printed.
    pub print: Print,
    /// What it serves.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// How a value is printed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Print {
    /// In which unit.
    pub unit: PrintUnit,
    /// With how many decimals.
    pub decimals: u32,
    /// Cut how.
    pub rounding: Cut,
}

/// Units for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintUnit {
    /// Seconds.
    S,
    /// Minutes.
    Min,
    /// Days of 86,400 s.
    D,
    /// Per cent.
    Percent,
    /// Things.
    Count,
    /// So much to one.
    Quotient,
}

/// Why the definitions cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {key}: found {found}, expected {expected}")]
pub struct DefinitionError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key or indicator.
    pub key: String,
    /// What stands there.
    pub found: String,
    /// What is expected.
    pub expected: String,
}

/// All sets, by the day from which they hold, and the yearly tables.
#[derive(Clone, Debug)]
pub struct Definitions {
    earliest: Set,
    later: Vec<Set>,
    scorecards: BTreeMap<i16, Yearly>,
}

impl Definitions {
    /// Reads the files of a city's `indicators/` folder: name → content. `scorecard-YYYY.toml` is a yearly table,
    /// every other `.toml` a set of definitions.
    ///
    /// # Errors
    /// The first thing that cannot be used, with file and line.
    pub fn from_files(files: &BTreeMap<String, String>) -> Result<Self, DefinitionError> {
        let (mut sets, mut scorecards) = (Vec::new(), BTreeMap::new());
        for (file, text) in files.iter().filter(|(file, _)| file.ends_with(".toml")) {
            let source = Source { file, text };
            let name = file.rsplit_once('/').map_or(file.as_str(), |(_, name)| name);
            if name.starts_with("scorecard-") {
                let yearly: Yearly = source.parse()?;
                yearly.check(&source)?;
                if let Some(twice) = scorecards.insert(yearly.year, yearly) {
                    return Err(source.refuse("year", &twice.year.to_string(), "one table a year"));
                }
            } else {
                let set: Set = source.parse()?;
                set.check(&source)?;
                sets.push(set);
            }
        }
        sets.sort_by(|a, b| (a.valid_from, &a.set).cmp(&(b.valid_from, &b.set)));
        let mut sets = sets.into_iter();
        let earliest = sets.next().ok_or_else(|| {
            Source { file: "indicators/", text: "" }.refuse(
                "set",
                "no definitions",
                "at least one file with a set of definitions",
            )
        })?;
        Ok(Self { earliest, later: sets.collect(), scorecards })
    }
    /// The set in force on the first day of a period; before the earliest set, that one.
    pub fn set(&self, period: Period) -> &Set {
        let in_force = |set: &&Set| set.valid_from <= period.first_day();
        self.later.iter().rev().find(in_force).unwrap_or(&self.earliest)
    }
    /// The indicator of a key as defined for a period.
    pub fn indicator(&self, key: &str, period: Period) -> Option<&Indicator> {
        self.set(period).indicator(key)
    }
    /// The keys of the series that any indicator uses.
    pub fn series(&self) -> BTreeSet<&str> {
        let sets = std::iter::once(&self.earliest).chain(&self.later);
        sets.flat_map(|set| &set.indicators).flat_map(|indicator| indicator.measure.series()).collect()
    }
    /// The longest time after an abandoned call, in days, within which any set asks who came back.
    pub fn longest_return_days(&self) -> i64 {
        let sets = std::iter::once(&self.earliest).chain(&self.later);
        sets.map(|set| set.report.abandoned_then_wrote_days).max().unwrap_or_default()
    }
    /// The same with another set in place of the one of its name.
    pub fn supposing(&self, set: Set) -> Self {
        let mut supposed = self.clone();
        let own = std::iter::once(&mut supposed.earliest).chain(&mut supposed.later);
        own.filter(|own| own.set == set.set && own.valid_from == set.valid_from)
            .for_each(|own| own.clone_from(&set));
        supposed
    }
    /// The yearly table of a year, when one is configured.
    pub fn scorecard(&self, year: i16) -> Option<&Yearly> {
        self.scorecards.get(&year)
    }
    /// From which year on values come from the measures: the year of the earliest set.
    pub fn measured_from(&self) -> i16 {
        self.earliest.valid_from.year()
    }
}

/// A file being read.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    fn parse<T: for<'de> Deserialize<'de>>(&self) -> Result<T, DefinitionError> {
        toml::from_str(self.text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let before = self.text.get(..span.start).unwrap_or_default();
            let line = self.text.lines().nth(before.matches('\n').count()).unwrap_or_default();
            DefinitionError {
                file: self.file.to_owned(),
                line: before.matches('\n').count() + 1,
                key: line.split('=').next().unwrap_or_default().trim().to_owned(),
                found: self.text.get(span).unwrap_or_default().chars().take(60).collect(),
                expected: error.message().to_owned(),
            }
        })
    }
    /// An error at the first line that holds `key`.
    pub(crate) fn refuse(&self, key: &str, found: &str, expected: &str) -> DefinitionError {
        let line = self.text.lines().position(|line| line.contains(&format!("\"{key}\"")));
        let line =
            line.or_else(|| self.text.lines().position(|line| line.starts_with(key))).unwrap_or_default();
        DefinitionError {
            file: self.file.to_owned(),
            line: line + 1,
            key: key.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

impl Set {
    /// Refuses what a file of it would be refused for.
    pub(crate) fn checked(&self) -> Result<(), DefinitionError> {
        self.check(&Source { file: "definitions", text: "" })
    }
    fn check(&self, source: &Source) -> Result<(), DefinitionError> {
        let ascending = |days: &[i64]| {
            days.first().is_some_and(|first| *first > 0)
                && days.iter().zip(days.iter().skip(1)).all(|(a, b)| a < b)
        };
        for (key, days) in
            [("bucket_days", &self.report.bucket_days), ("backlog_days", &self.report.backlog_days)]
        {
            if !ascending(days) {
                return Err(source.refuse(key, &format!("{days:?}"), "positive days in ascending order"));
            }
        }
        for (index, indicator) in self.indicators.iter().enumerate() {
            if self.indicators.iter().take(index).any(|other| other.key == indicator.key) {
                return Err(source.refuse(&indicator.key, "the key twice", "one indicator a key"));
            }
            indicator.measure.check(source, &indicator.key)?;
            if !indicator.measure.prints_as(indicator.print.unit) {
                let found = format!("print.unit = {:?}", indicator.print.unit);
                return Err(source.refuse(&indicator.key, &found, "a unit of what is measured"));
            }
        }
        Ok(())
    }
}
