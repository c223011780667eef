//! What a definition may measure: populations, clocks, statistics, and which combinations make sense.

use std::collections::BTreeSet;

use filo_domain::vocabulary::{Channel, Kind, Level};
use serde::{Deserialize, Serialize};

use super::{DefinitionError, PrintUnit, Source};

/// What an indicator measures.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Measure {
    /// A statistic of a clock.
    Duration {
        /// Whose clocks.
        population: Population,
        /// Which clock.
        clock: Clock,
        /// Which statistic.
        statistic: DurationStatistic,
        /// The threshold of `share_within`, in seconds, included.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within_s: Option<i64>,
        /// In which calendar seconds are counted.
        #[serde(default)]
        calendar: MeasureCalendar,
        /// Whether waiting is counted.
        #[serde(default)]
        pauses: Pauses,
        /// Which round's resolution stops `opened_to_resolved`.
        #[serde(default)]
        round: WhichRound,
        /// To which period a duration belongs.
        #[serde(default)]
        anchor: Anchor,
        /// Asks by name for one statistic over channels with different clocks.
        #[serde(default)]
        across_channels: bool,
    },
    /// The part of a population that satisfies a condition.
    Ratio {
        /// Below the line.
        population: Population,
        /// Above it.
        counted: Condition,
    },
    /// How many.
    Count {
        /// Of what.
        population: Population,
        /// Only those that satisfy it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counted: Option<Condition>,
    },
    /// How many different ones.
    CountDistinct {
        /// Of what: contacts.
        population: Population,
        /// Only those that satisfy it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counted: Option<Condition>,
        /// Different in what.
        by: Distinct,
    },
    /// Persons with more than so many offered calls since 1 January ÷ identified persons.
    Repeat {
        /// Strictly more than this.
        more_than: u64,
        /// Only calls registered under one top-level theme.
        #[serde(default)]
        same_theme: bool,
    },
    /// One thing ÷ another × `per`: things counted here, or a monthly series from elsewhere.
    Quotient {
        /// Above the line.
        above: Term,
        /// Below it.
        below: Term,
        /// To how many of what is below.
        #[serde(default = "one")]
        per: u32,
    },
}

fn one() -> u32 {
    1
}

/// One side of a quotient: a series or things counted here, never both.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// A series, by its key in `series.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Things counted here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub things: Option<Box<Population>>,
    /// Only those things that satisfy it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Condition>,
}

/// A population of contacts, requests or tickets; an empty list admits all.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Of what.
    pub of: Of,
    /// Through which channels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel: Vec<Channel>,
    /// Of tickets of which kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<Kind>,
    /// Of tickets of which themes; a top-level theme includes those below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub theme: Vec<String>,
    /// Of tickets of which units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unit: Vec<String>,
    /// Of tickets of which levels: II of those that were ever handed there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub level: Vec<Level>,
    /// Of tickets of which districts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub municipio: Vec<i32>,
    /// Of tickets with one of which tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<String>,
}

/// What a population consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Acts of somebody outside, in the period.
    Contacts,
    /// The units of the response rate, in the period.
    Requests,
    /// Tickets opened in the period; of a duration: whose clock belongs to it.
    Tickets,
}

/// What a member of a population may satisfy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// A contact with a ticket.
    Registered,
    /// A request answered.
    Answered,
    /// A ticket resolved; closed counts as resolved.
    Resolved,
    /// A ticket closed.
    Closed,
    /// A ticket ever at level II.
    Escalated,
}

impl Condition {
    fn fits(self, of: Of) -> bool {
        match self {
            Self::Registered => of == Of::Contacts,
            Self::Answered => of == Of::Requests,
            Self::Resolved | Self::Closed | Self::Escalated => of == Of::Tickets,
        }
    }
}

/// In what things are different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distinct {
    /// The channel; PEC counts with e-mail.
    Channel,
    /// The person, where known.
    Person,
}

/// The clocks of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Entered the queue to answered by a person; answered calls only.
    QueueWait,
    /// Opened to the first human, outbound, citizen-visible act.
    OpenedToFirstResponse,
    /// Opened to resolved.
    OpenedToResolved,
    /// Opened to the resolution that the closing confirmed.
    OpenedToClosed,
    /// Taken in charge to the same.
    ChargeToClosed,
    /// Received to the same.
    ReceivedToClosed,
}

/// Statistics of durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DurationStatistic {
    /// Arithmetic mean.
    Mean,
    /// Median.
    Median,
    /// 90th percentile.
    P90,
    /// Maximum.
    Max,
    /// The share within `within_s`.
    ShareWithin,
}

/// The calendar of a duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureCalendar {
    /// Elapsed time, as the documents publish.
    #[default]
    Elapsed,
    /// The hours in which the service is open, by the city's calendar.
    OpeningHours,
}

/// Whether waiting is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pauses {
    /// Waiting included, as the documents publish.
    #[default]
    Counted,
    /// Waiting left out.
    LeftOut,
}

/// Which round's resolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhichRound {
    /// The first: stable.
    #[default]
    First,
    /// The last, time closed between rounds left out.
    Final,
}

/// To which period a duration belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// Where its clock stopped.
    #[default]
    Stop,
    /// Where it started.
    Start,
}

impl Measure {
    pub(super) fn check(&self, source: &Source, key: &str) -> Result<(), DefinitionError> {
        let refuse = |found: &str, expected: &str| Err(source.refuse(key, found, expected));
        match self {
            Self::Duration {
                population,
                clock,
                statistic,
                within_s,
                pauses,
                round,
                across_channels,
                calendar,
                ..
            } => {
                if population.of != Of::Tickets && *clock != Clock::QueueWait {
                    return refuse("a ticket's clock of something else", "population.of = \"tickets\"");
                }
                if *clock == Clock::QueueWait && population.channel != [Channel::Phone] {
                    return refuse("queue_wait beyond the phone", "population.channel = [\"phone\"]");
                }
                if *clock == Clock::QueueWait && *calendar == MeasureCalendar::OpeningHours {
                    return refuse("queue_wait in opening hours", "calendar = \"elapsed\"");
                }
                if population.clock_groups() != 1 && !across_channels {
                    return refuse(
                        "one statistic over channels with clocks of their own",
                        "one channel (email and pec are one), or across_channels = true",
                    );
                }
                let resolved_first = *clock == Clock::OpenedToResolved && *round == WhichRound::First;
                if *pauses == Pauses::LeftOut && !resolved_first {
                    return refuse("pauses = \"left_out\"", "it with the first opened_to_resolved only");
                }
                if (*statistic == DurationStatistic::ShareWithin) != within_s.is_some() {
                    return refuse("within_s or share_within alone", "both together");
                }
                Ok(())
            }
            Self::Ratio { population, counted } if !counted.fits(population.of) => {
                refuse(&format!("{counted:?} of {:?}", population.of), "a condition of that population")
            }
            Self::Count { population, counted: Some(counted) } if !counted.fits(population.of) => {
                refuse(&format!("{counted:?} of {:?}", population.of), "a condition of that population")
            }
            Self::CountDistinct { population, counted, .. }
                if population.of != Of::Contacts
                    || counted.is_some_and(|counted| !counted.fits(Of::Contacts)) =>
            {
                refuse("distinct things of no contacts", "population.of = \"contacts\"")
            }
            Self::Quotient { above, below, .. } if !above.is_sound() || !below.is_sound() => refuse(
                "a side of a quotient that cannot be counted",
                "above and below each with a series, or with things and a condition of them",
            ),
            Self::Quotient { per: 0, .. } => refuse("per = 0", "1 or more"),
            Self::Quotient { .. } => Ok(()),
            Self::Ratio { .. } | Self::Count { .. } | Self::CountDistinct { .. } | Self::Repeat { .. } => {
                Ok(())
            }
        }
    }
}

impl Term {
    fn is_sound(&self) -> bool {
        match (&self.series, &self.things, self.counted) {
            (Some(_), None, None) | (None, Some(_), None) => true,
            (None, Some(things), Some(counted)) => counted.fits(things.of),
            _ => false,
        }
    }
}

impl Population {
    /// How many channels with clocks of their own it admits; PEC counts with e-mail. 0 means all.
    fn clock_groups(&self) -> usize {
        let merge = |channel: &Channel| if *channel == Channel::Pec { Channel::Email } else { *channel };
        self.channel.iter().map(merge).collect::<BTreeSet<_>>().len()
    }
}

impl Measure {
    /// Whether its value can be printed so.
    pub(super) fn prints_as(&self, unit: PrintUnit) -> bool {
        match self {
            Self::Duration { statistic, .. } if *statistic != DurationStatistic::ShareWithin => {
                matches!(unit, PrintUnit::S | PrintUnit::Min | PrintUnit::D)
            }
            Self::Duration { .. } | Self::Ratio { .. } | Self::Repeat { .. } => unit == PrintUnit::Percent,
            Self::Count { .. } | Self::CountDistinct { .. } => unit == PrintUnit::Count,
            Self::Quotient { .. } => unit == PrintUnit::Quotient,
        }
    }
    /// The keys of the series it uses.
    pub(crate) fn series(&self) -> Vec<&str> {
        let Self::Quotient { above, below, .. } = self else { return vec![] };
        [above, below].into_iter().filter_map(|term| term.series.as_deref()).collect()
    }
}
