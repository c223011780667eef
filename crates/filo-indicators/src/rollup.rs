//! Daily rollups: the contacts of a local day counted by quarter of an hour, with how long their callers waited.
//!
//! **Invariant:** a rollup is a function of a day's contacts, by the rules by which the report counts them, and the
//! rollups of days merge into that of their span: nothing in it is rounded. Waits are whole seconds, so a histogram
//! with one count a second loses nothing: means, medians and percentiles out of it are exact, and no sketch with an
//! error is needed. A contact belongs to the day on which it occurred, its wait to the quarter in which it ended, be
//! that after midnight. The offset of a zone is a whole number of quarters, so intervals of local time are, too. What a
//! contact's ticket is filed under is what it is filed under now. Start at [`Rollup::of`].

use std::collections::{BTreeMap, HashMap};

use filo_domain::{
    CityZone, Instant, Period, TicketId,
    vocabulary::{CallOutcome, Channel, Kind, Level},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    definition::Definitions,
    facts::Facts,
    number,
    view::{Contact, View},
};

/// How long a quarter of an hour is.
pub const QUARTER_S: i64 = 900;

/// What contacts are counted by of the ticket that speaks for them; nothing of those that nobody has registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filed {
    /// The theme; `None` until it is classified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// What it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The unit now, or at the resolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// II of what was ever handed to level II.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The district.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub municipio: Option<i32>,
    /// Tags, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What tickets are filed under; of a merged one, what the ticket that speaks for it is.
pub type Files = HashMap<TicketId, Filed>;

/// What contacts that are counted together share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The source.
    pub source: String,
    /// The channel.
    pub channel: Channel,
    /// The queue that a call entered first.
    pub queue: Option<String>,
    /// How a call that entered a queue ended; `None` of all other contacts.
    pub outcome: Option<CallOutcome>,
    /// Whether there is a ticket for it.
    pub registered: bool,
    /// What that ticket is filed under.
    pub filed: Filed,
}

impl Group {
    fn of(contact: &Contact, files: &Files) -> Self {
        let filed = contact.ticket.and_then(|ticket| files.get(&ticket));
        Self {
            source: contact.source.to_owned(),
            channel: contact.channel,
            queue: contact.queue.map(str::to_owned),
            outcome: contact.call.map(|call| call.outcome),
            registered: contact.ticket.is_some(),
            filed: filed.cloned().unwrap_or_default(),
        }
    }
}

/// How often each number of whole seconds was waited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<i64, u64>);

impl Histogram {
    /// Counts one more; never negative, as in every figure.
    pub fn add(&mut self, seconds: i64) {
        *self.0.entry(seconds.max(0)).or_default() += 1;
    }
    /// Counts all of another one, too.
    pub fn merge(&mut self, other: &Self) {
        for (seconds, count) in &other.0 {
            *self.0.entry(*seconds).or_default() += count;
        }
    }
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }
    /// All the seconds.
    pub fn sum(&self) -> i128 {
        self.0.iter().map(|(seconds, count)| i128::from(*seconds) * i128::from(*count)).sum()
    }
    /// Their mean, as [`number::mean`] has it.
    pub fn mean(&self) -> Option<f64> {
        number::mean_of(self.sum(), self.count())
    }
    /// A percentile (50 is the median), as [`number::percentile`] has it.
    pub fn percentile(&self, percent: u64) -> Option<f64> {
        number::percentile_of(self.count(), percent, |nth| self.nth(nth))
    }
    /// The value at a place of the ascending list, from 0.
    fn nth(&self, nth: u64) -> Option<i64> {
        let mut before = 0;
        let reached = |(_, count): &(&i64, &u64)| {
            before += **count;
            before > nth
        };
        self.0.iter().find(reached).map(|(seconds, _)| *seconds)
    }
}

/// What of a group falls into one quarter of an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quarter {
    /// Contacts that occurred in it.
    #[serde(skip_serializing_if = "is_zero")]
    pub contacts: u64,
    /// Waits that ended in it, of calls whose end is known.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub waits: Histogram,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The quarters of a group in which something happened, by their number since 1970 in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quarters(BTreeMap<i64, Quarter>);

impl Quarters {
    fn at(&mut self, at: Instant) -> &mut Quarter {
        self.0.entry(at.seconds().div_euclid(QUARTER_S)).or_default()
    }
    fn merge(&mut self, other: Self) {
        for (number, quarter) in other.0 {
            let own = self.0.entry(number).or_default();
            own.contacts += quarter.contacts;
            own.waits.merge(&quarter.waits);
        }
    }
    /// Each with its first instant.
    pub fn iter(&self) -> impl Iterator<Item = (Instant, &Quarter)> {
        self.0.iter().map(|(number, quarter)| (Instant::from_seconds(number * QUARTER_S), quarter))
    }
}

/// The first instant of the quarter that an instant is in.
pub fn quarter_start(at: Instant) -> Instant {
    Instant::from_seconds(at.seconds().div_euclid(QUARTER_S) * QUARTER_S)
}

/// The contacts of a day, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollup(BTreeMap<Group, Quarters>);

impl Rollup {
    /// Counts the contacts of a local day, whose facts these are and whose tickets are filed so. Of the definitions
    /// nothing enters that could change what is counted here.
    pub fn of(facts: &Facts, files: &Files, definitions: &Definitions, zone: &CityZone, day: Date) -> Self {
        let rules = &definitions.set(Period::month_of(day)).report;
        let mut rollup = Self::default();
        for contact in &View::new(facts, rules, zone, zone.day_start(day)).contacts {
            let quarters = rollup.0.entry(Group::of(contact, files)).or_default();
            quarters.at(contact.at).contacts += 1;
            if let Some((stop, wait_s)) = contact.waited() {
                quarters.at(stop).waits.add(wait_s);
            }
        }
        rollup
    }
    /// Counts a group's quarters, too.
    pub fn add(&mut self, group: Group, quarters: Quarters) {
        self.0.entry(group).or_default().merge(quarters);
    }
    /// Counts all of another one, too.
    pub fn merge(&mut self, other: Self) {
        for (group, quarters) in other.0 {
            self.add(group, quarters);
        }
    }
    /// Each group with its quarters, in order.
    pub fn groups(&self) -> impl Iterator<Item = (&Group, &Quarters)> {
        self.0.iter()
    }
    /// How many contacts there are.
    pub fn contacts(&self) -> u64 {
        self.0.values().flat_map(Quarters::iter).map(|(_, quarter)| quarter.contacts).sum()
    }
}

impl FromIterator<(Group, Quarters)> for Rollup {
    fn from_iter<I: IntoIterator<Item = (Group, Quarters)>>(groups: I) -> Self {
        let mut rollup = Self::default();
        groups.into_iter().for_each(|(group, quarters)| rollup.add(group, quarters));
        rollup
    }
}
