//! Clock policies: which targets a ticket has, what pauses its clocks, and the clocks as a reader sees them.
//!
//! **Invariant:** of the policies that apply to a ticket the one with the highest priority is chosen; two policies
//! of the same priority are refused at load, so the choice never depends on their order in the file. A reading is
//! computed from the history alone; time between a resolution and the reopening after it counts for no clock.
//!
//! Start at [`choose`] and [`readings`].

use serde::{Deserialize, Serialize};

use crate::{
    CityZone, Instant,
    calendar::Calendar,
    clock::{self, History, Interval},
    vocabulary::{Channel, Kind, Priority, Word},
};

mod due;
mod kept;
mod rule;

pub use kept::{KeptClock, kept, next_due};
pub use rule::{ClockName, ClockRule, Pause, Target};

/// Targets for the tickets that it applies to. Read from `policies.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its name, stable over versions.
    pub key: String,
    /// Raised with every change of a target; a ticket keeps the policy it was opened under by [`Policy::id`].
    pub version: u32,
    /// The highest among those that apply is chosen.
    pub priority: i32,
    /// Whether it is kept for the tickets that have it alone, and chosen for none.
    #[serde(default)]
    pub retired: bool,
    /// Which tickets it applies to; without conditions, to all.
    #[serde(default)]
    pub applies: Conditions,
    /// Its clocks, each name once.
    pub clocks: Vec<ClockRule>,
}

/// What a ticket must be for a policy to apply: one of the words of each list that is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conditions {
    /// Channels.
    pub channel: Vec<Channel>,
    /// Theme keys; `tributi` takes in `tributi/tari`.
    pub theme: Vec<String>,
    /// Kinds.
    pub kind: Vec<Kind>,
    /// Priorities.
    pub priority: Vec<Priority>,
}

/// What of a ticket decides on its policy.
#[derive(Clone, Copy, Debug)]
pub struct TicketTraits<'a> {
    /// The channel it was opened on.
    pub channel: Channel,
    /// The theme key.
    pub theme: Option<&'a str>,
    /// What it asks for.
    pub kind: Kind,
    /// How urgent it is.
    pub priority: Priority,
}

/// Why policies cannot stand side by side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Two have the same priority.
    #[error("policies {first:?} and {second:?} have the same priority {priority}")]
    Tie {
        /// The first in the file.
        first: String,
        /// The second.
        second: String,
        /// Their priority.
        priority: i32,
    },
    /// Two have the same key and version, or two of a key are in force.
    #[error("policy {0:?} is defined twice")]
    Key(String),
    /// A retired version is not older than the one in force.
    #[error("the retired version {version} of policy {key:?} is not older than the one in force")]
    Version {
        /// The policy.
        key: String,
        /// The retired version.
        version: u32,
    },
    /// One has two clocks of a name.
    #[error("policy {0:?} has the same clock twice")]
    Clock(String),
}

/// Checks that no two policies in force tie or share a key, that retired versions are older than the one in force
/// and each there once, and that no policy has a clock twice.
///
/// # Errors
/// The first that does, by its place in the list.
pub fn check(policies: &[Policy]) -> Result<(), (usize, PolicyError)> {
    for (place, policy) in policies.iter().enumerate() {
        let before = policies.iter().take(place);
        let both_in_force = |other: &Policy| !other.retired && !policy.retired;
        let again = |other: &Policy| other.version == policy.version || both_in_force(other);
        if before.clone().any(|other| other.key == policy.key && again(other)) {
            return Err((place, PolicyError::Key(policy.key.clone())));
        }
        let newer =
            |other: &Policy| !other.retired && other.key == policy.key && other.version < policy.version;
        if policy.retired && policies.iter().any(newer) {
            let (key, version) = (policy.key.clone(), policy.version);
            return Err((place, PolicyError::Version { key, version }));
        }
        let ties = |other: &&Policy| other.priority == policy.priority && both_in_force(other);
        if let Some(first) = before.clone().find(ties) {
            let (first, second) = (first.key.clone(), policy.key.clone());
            return Err((place, PolicyError::Tie { first, second, priority: policy.priority }));
        }
        let names: std::collections::BTreeSet<_> = policy.clocks.iter().map(|clock| clock.name).collect();
        if names.len() != policy.clocks.len() {
            return Err((place, PolicyError::Clock(policy.key.clone())));
        }
    }
    Ok(())
}

/// The policy of a ticket: of those in force that apply, the one with the highest priority.
pub fn choose<'p>(policies: &'p [Policy], ticket: &TicketTraits<'_>) -> Option<&'p Policy> {
    let applying = policies.iter().filter(|policy| !policy.retired && policy.applies.to(ticket));
    applying.max_by_key(|policy| policy.priority)
}

impl Policy {
    /// Key and version, as tickets remember it: `carta-scrivi@2`.
    pub fn id(&self) -> String {
        format!("{}@{}", self.key, self.version)
    }
    fn rule(&self, name: ClockName) -> Option<&ClockRule> {
        self.clocks.iter().find(|clock| clock.name == name)
    }
}

impl Conditions {
    /// Whether a ticket meets them.
    pub fn to(&self, ticket: &TicketTraits<'_>) -> bool {
        any_or(&self.channel, |channel| *channel == ticket.channel)
            && any_or(&self.kind, |kind| *kind == ticket.kind)
            && any_or(&self.priority, |priority| *priority == ticket.priority)
            && any_or(&self.theme, |theme| ticket.theme.is_some_and(|found| is_within(found, theme)))
    }
}

fn any_or<T>(list: &[T], meets: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(meets)
}

/// Whether a theme key is `theme` or a part of it (`tributi/tari` is within `tributi`).
pub fn is_within(key: &str, theme: &str) -> bool {
    key.strip_prefix(theme).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One clock of a ticket as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClockReading {
    /// Which clock.
    pub name: ClockName,
    /// The policy that sets its target, with version; `None` when none does.
    pub policy: Option<String>,
    /// When it started: the opening of the ticket.
    pub started_at: Instant,
    /// When it stopped.
    pub stopped_at: Option<Instant>,
    /// When its target is reached, moved by what has been paused so far; `None` without a target.
    pub due_at: Option<Instant>,
    /// The due instant, once the clock ran past it.
    pub breached_at: Option<Instant>,
    /// Seconds counted: closed gaps and the policy's pauses are out.
    pub elapsed_s: i64,
    /// As `elapsed_s`, within opening hours only.
    pub business_s: i64,
    /// Whether it counts at this moment.
    pub running: bool,
}

/// The clocks of a ticket at `now`: first response, resolution, and the statutory one when the policy has it.
/// Without a policy they are measured all the same.
pub fn readings(
    policy: Option<&Policy>,
    history: &History,
    zone: &CityZone,
    calendar: &Calendar,
    now: Instant,
) -> Vec<ClockReading> {
    let shown =
        |name: &ClockName| *name != ClockName::Statutory || policy.is_some_and(|it| it.rule(*name).is_some());
    let names = ClockName::ALL.iter().copied().filter(shown);
    names.map(|name| read(name, policy, history, (zone, calendar), now)).collect()
}

fn read(
    name: ClockName,
    policy: Option<&Policy>,
    history: &History,
    (zone, calendar): (&CityZone, &Calendar),
    now: Instant,
) -> ClockReading {
    let rule = policy.and_then(|policy| policy.rule(name));
    let pauses = rule.is_some_and(ClockRule::is_paused_by_waiting);
    let started_at = history.opened_at;
    let stopped_at = name.stop(history);
    let until = stopped_at.or_else(|| ended_at(history)).unwrap_or(now);
    let out = not_counted(history, pauses, until);
    let due_at = deadline(rule, started_at, &out, (zone, calendar));
    ClockReading {
        name,
        policy: policy.filter(|_| rule.is_some()).map(Policy::id),
        started_at,
        stopped_at,
        due_at,
        breached_at: due_at.filter(|due| until.floor() > *due),
        elapsed_s: clock::counted_s(started_at, until, &out),
        business_s: clock::business_s(zone, calendar, started_at, until, &out),
        running: stopped_at.is_none() && history.state.is_open() && !(pauses && history.state.is_waiting()),
    }
}

/// When a clock's target is reached, given what it does not count.
fn deadline(
    rule: Option<&ClockRule>,
    from: Instant,
    out: &[Interval],
    (zone, calendar): (&CityZone, &Calendar),
) -> Option<Instant> {
    rule.and_then(|rule| due::due_at(rule.target?, from, out, zone, calendar))
}

/// When a ticket that is no longer open ended; its clocks count no further.
fn ended_at(history: &History) -> Option<Instant> {
    if history.state.is_open() { None } else { history.cancelled_at.or(history.final_resolved_at()) }
}

/// What the clock does not count before `until`; a pause that still lasts is taken to end there.
fn not_counted(history: &History, pauses: bool, until: Instant) -> Vec<Interval> {
    let mut out = history.closed_gaps();
    out.extend(history.waits.iter().filter(|_| pauses));
    out.retain(|gap| gap.from < until);
    out.iter()
        .map(|gap| Interval { from: gap.from, to: Some(gap.to.map_or(until, |to| to.min(until))) })
        .collect()
}

#[cfg(test)]
mod tests;
