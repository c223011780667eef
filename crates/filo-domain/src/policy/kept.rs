//! The clocks of a ticket as they are kept beside it: instants that change with the ticket's events alone.
//!
//! **Invariant:** what is kept is a function of the history, the policy and the calendar, and of no other instant.
//! A clock that counts now is past its deadline when the deadline is before the present; one that does not is past
//! it when the deadline is before the instant until which it counted. So a breach is computed and never polled.

use super::{ClockName, ClockRule, Policy, deadline, ended_at, not_counted};
use crate::{CityZone, Instant, calendar::Calendar, clock::History, vocabulary::Word};

/// One clock as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptClock {
    /// Which clock.
    pub name: ClockName,
    /// The policy that sets its target, with version; `None` when none does.
    pub policy: Option<String>,
    /// When it started.
    pub started_at: Instant,
    /// When its target is reached, as far as is known: a pause that lasts has not moved it yet.
    pub due_at: Option<Instant>,
    /// When it stopped.
    pub stopped_at: Option<Instant>,
    /// Until when it counted: its stop, the ticket's end, or the beginning of the pause that lasts. `None` while it
    /// counts.
    pub counted_until: Option<Instant>,
}

impl KeptClock {
    /// The due instant, once the clock ran past it.
    pub fn breached_at(&self, now: Instant) -> Option<Instant> {
        self.due_at.filter(|due| *due < self.counted_until.unwrap_or(now.floor()))
    }
}

/// The clocks of a ticket as they are kept: the same as [`super::readings`] shows.
pub fn kept(
    policy: Option<&Policy>,
    history: &History,
    zone: &CityZone,
    calendar: &Calendar,
) -> Vec<KeptClock> {
    let shown =
        |name: &ClockName| *name != ClockName::Statutory || policy.is_some_and(|it| it.rule(*name).is_some());
    let names = ClockName::ALL.iter().copied().filter(shown);
    names.map(|name| keep(name, policy, history, (zone, calendar))).collect()
}

fn keep(
    name: ClockName,
    policy: Option<&Policy>,
    history: &History,
    city: (&CityZone, &Calendar),
) -> KeptClock {
    let rule = policy.and_then(|policy| policy.rule(name));
    let pauses = rule.is_some_and(ClockRule::is_paused_by_waiting);
    let stopped_at = name.stop(history);
    let paused_at =
        history.waits.last().filter(|_| pauses && history.state.is_waiting()).map(|wait| wait.from);
    let counted_until = stopped_at.or_else(|| ended_at(history)).or(paused_at).map(Instant::floor);
    // Every gap of a clock that counts is closed, so no instant is needed to end one.
    let out = not_counted(history, pauses, counted_until.unwrap_or(Instant::from_micros(i64::MAX)));
    KeptClock {
        name,
        policy: policy.filter(|_| rule.is_some()).map(Policy::id),
        started_at: history.opened_at,
        due_at: deadline(rule, history.opened_at, &out, city),
        stopped_at,
        counted_until,
    }
}

/// When the next clock of an open ticket is due: of those that count, and of those that ran past their deadline
/// before they were paused. A paused clock has no deadline until it goes on.
pub fn next_due(clocks: &[KeptClock], history: &History) -> Option<Instant> {
    let counts = |clock: &&KeptClock| {
        let late = || clock.counted_until.zip(clock.due_at).is_some_and(|(until, due)| due < until);
        clock.stopped_at.is_none() && (clock.counted_until.is_none() || late())
    };
    let open = history.state.is_open();
    clocks.iter().filter(|_| open).filter(counts).filter_map(|clock| clock.due_at).min()
}
