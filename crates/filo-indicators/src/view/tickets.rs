//! What the measures ask of one ticket: where it stands, and the clocks of its history.

use filo_domain::{
    CityZone, Instant,
    calendar::Calendar,
    clock::business_s,
    vocabulary::{Level, State},
};

use super::Window;
use crate::{
    facts::TicketFact,
    figure::{Item, ItemKind},
};

/// Where a ticket stands for the counts: closed counts as resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Open,
    Resolved,
    Cancelled,
}

impl TicketFact {
    pub(crate) fn standing(&self) -> Standing {
        match self.history.state {
            State::Resolved | State::Closed => Standing::Resolved,
            State::Cancelled => Standing::Cancelled,
            State::New
            | State::Assigned
            | State::InCharge
            | State::WaitingCitizen
            | State::WaitingThirdParty => Standing::Open,
        }
    }
    pub(crate) fn is_resolved(&self) -> bool {
        self.standing() == Standing::Resolved
    }
    /// Whether it ever was at level II, also if handed back.
    pub(crate) fn ever_escalated(&self) -> bool {
        self.history.escalated_at.is_some() || self.history.level == Level::II
    }
    /// What is told of its level.
    pub(crate) fn level(&self) -> Level {
        if self.ever_escalated() { Level::II } else { Level::I }
    }
    /// The theme's first level.
    pub(crate) fn top_theme(&self) -> Option<&str> {
        self.theme.as_deref().map(|theme| theme.split_once('/').map_or(theme, |(top, _)| top))
    }
    pub(crate) fn item(&self) -> Item {
        Item::new(self.id.uuid(), ItemKind::Ticket, self.channel, self.history.opened_at)
    }
}

/// A clock of tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TicketClock {
    /// Opening to the first response.
    FirstResponse,
    /// Opening to the first resolution.
    Resolved,
    /// Opening to the last resolution, time closed between rounds left out.
    ResolvedFinally,
    /// Opening to the first resolution, waiting left out.
    ResolvedNet,
    /// Opening (which is when its first contact was received) to the resolution that the closing confirmed.
    OpenedToClosed,
    /// Taken in charge to the same.
    ChargeToClosed,
}

impl TicketFact {
    /// When a clock started.
    pub(crate) fn start(&self, clock: TicketClock) -> Option<Instant> {
        match clock {
            TicketClock::ChargeToClosed => self.history.charged_at,
            TicketClock::FirstResponse
            | TicketClock::Resolved
            | TicketClock::ResolvedFinally
            | TicketClock::ResolvedNet
            | TicketClock::OpenedToClosed => Some(self.history.opened_at),
        }
    }
    /// When a clock started and stopped; `None` while it runs.
    pub(crate) fn bounds(&self, clock: TicketClock) -> Option<(Instant, Instant)> {
        let history = &self.history;
        let stop = match clock {
            TicketClock::FirstResponse => history.first_response_at(),
            TicketClock::Resolved | TicketClock::ResolvedNet => history.first_resolved_at(),
            TicketClock::ResolvedFinally => history.final_resolved_at(),
            TicketClock::OpenedToClosed | TicketClock::ChargeToClosed => history.confirmed_at(),
        };
        self.start(clock).zip(stop)
    }
    /// The seconds that a clock counted.
    pub(crate) fn counted_s(&self, clock: TicketClock, start: Instant, stop: Instant) -> i64 {
        match clock {
            TicketClock::ResolvedNet => self.history.net_s(start, stop),
            _ => self.history.elapsed_s(start, stop),
        }
    }
    /// The seconds of the opening hours that a clock counted; `None` while it runs.
    pub(crate) fn open_s(&self, clock: TicketClock, zone: &CityZone, calendar: &Calendar) -> Option<i64> {
        let (start, stop) = self.bounds(clock)?;
        let mut out = self.history.closed_gaps();
        if clock == TicketClock::ResolvedNet {
            out.extend(&self.history.waits);
        }
        Some(business_s(zone, calendar, start, stop, &out))
    }
    /// The item of a clock that stopped in a window.
    pub(crate) fn stopped(&self, clock: TicketClock, window: Window) -> Option<Item> {
        let (start, stop) = self.bounds(clock).filter(|(_, stop)| window.holds(*stop))?;
        Some(self.item().lasting(self.counted_s(clock, start, stop)))
    }
    /// The item of a clock that started in a window and has stopped.
    pub(crate) fn started(&self, clock: TicketClock, window: Window) -> Option<Item> {
        let (start, stop) = self.bounds(clock).filter(|(start, _)| window.holds(*start))?;
        Some(self.item().lasting(self.counted_s(clock, start, stop)))
    }
    /// Seconds to the final resolution.
    pub(crate) fn final_s(&self) -> Option<i64> {
        let (start, stop) = self.bounds(TicketClock::ResolvedFinally)?;
        Some(self.counted_s(TicketClock::ResolvedFinally, start, stop))
    }
}
