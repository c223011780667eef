//! Facts built by hand and by chance, and what the report must say of them.

use std::collections::BTreeMap;

use filo_domain::{
    CallbackId, CityZone, Instant, InteractionId, MatterId, Period, PersonId, TicketId,
    callback::{Callback, Step, Window},
    clock::{History, Round},
    vocabulary::{
        CallOutcome, Channel, Direction, InteractionKind, Kind, Level, NotActionable, Outcome, State,
    },
};
use uuid::Uuid;

use crate::{
    definition::Definitions,
    explain::{Explanation, explain},
    facts::{CallFact, CallbackFact, Facts, InteractionFact, ReturnFact, SeriesFact, TicketFact},
    report::{BySource, ChannelRow, MonthlyReport, ReportMeta, ReportState, monthly_report},
};

mod callbacks;
mod calls;
mod costs;
mod definitions;
mod leaves;
mod merged;
mod open_data;
mod properties;
mod returned;
mod rollups;
mod rules;
mod series;
mod seven;
mod sources;

fn files() -> BTreeMap<String, String> {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    BTreeMap::from([
        file("milano-2021.toml", include_str!("../../../config/cities/milano/indicators/milano-2021.toml")),
        file(
            "scorecard-2019.toml",
            include_str!("../../../config/cities/milano/indicators/scorecard-2019.toml"),
        ),
        file(
            "scorecard-2020.toml",
            include_str!("../../../config/cities/milano/indicators/scorecard-2020.toml"),
        ),
    ])
}

pub(crate) fn milan() -> Definitions {
    Definitions::from_files(&files()).unwrap()
}

pub(crate) fn rome() -> CityZone {
    CityZone::parse("Europe/Rome").unwrap()
}

/// `10-03 09:00:30` of 2026, in UTC.
pub(crate) fn at(text: &str) -> Instant {
    let (day, time) = text.split_once(' ').unwrap_or((text, "09:00:00"));
    Instant::parse(&format!("2026-{day}T{time}Z")).unwrap()
}

fn uuid(space: u128, number: u128) -> Uuid {
    Uuid::from_u128(space << 64 | number)
}
fn person(number: u128) -> PersonId {
    PersonId::from_uuid(uuid(1, number))
}
fn ticket_id(number: u128) -> TicketId {
    TicketId::from_uuid(uuid(2, number))
}

/// Facts under construction.
#[derive(Default)]
struct World {
    facts: Facts,
    minted: u128,
}

impl World {
    fn mint(&mut self) -> (InteractionId, String) {
        self.minted += 1;
        (InteractionId::from_uuid(uuid(3, self.minted)), format!("x{:05}", self.minted))
    }
    fn call(&mut self, when: &str, outcome: CallOutcome, wait_s: Option<i64>) -> &mut CallFact {
        let (id, external_id) = self.mint();
        let occurred_at = at(when);
        let answered = outcome == CallOutcome::Answered;
        self.facts.calls.push(CallFact {
            id,
            source: "pbx".to_owned(),
            external_id,
            queue: None,
            occurred_at,
            outcome,
            wait_s,
            talk_s: answered.then_some(60),
            choice: None,
            differs: false,
            recorded_at: occurred_at,
            answered_at: wait_s.filter(|_| answered).map(|wait| occurred_at.plus_seconds(wait)),
            person: None,
            ticket: None,
        });
        self.facts.calls.last_mut().unwrap()
    }
    fn touch(&mut self, when: &str, channel: Channel, kind: InteractionKind) -> &mut InteractionFact {
        let (id, external_id) = self.mint();
        self.facts.interactions.push(InteractionFact {
            id,
            source: format!("{channel:?}").to_lowercase(),
            channel,
            kind,
            direction: Direction::Inbound,
            external_id,
            occurred_at: at(when),
            recorded_at: at(when),
            person: None,
            ticket: None,
            thread: None,
            not_actionable: None,
        });
        self.facts.interactions.last_mut().unwrap()
    }
    /// A contact with the ticket that it opens.
    fn opening(&mut self, when: &str, channel: Channel, kind: InteractionKind) -> usize {
        let number = self.facts.tickets.len() as u128 + 1;
        let contact = self.touch(when, channel, kind);
        contact.ticket = Some(ticket_id(number));
        let source = contact.source.clone();
        self.facts.tickets.push(TicketFact {
            id: ticket_id(number),
            number: format!("26-{number:07}"),
            channel,
            source,
            theme: None,
            kind: Kind::Information,
            municipio: None,
            person: None,
            matter: None,
            merged_into: None,
            tags: Vec::new(),
            history: History::opened(at(when), Level::I, Some("contact-center".to_owned())),
            flags: Vec::new(),
        });
        self.facts.tickets.len() - 1
    }
    /// A call-back promised a day before its window's end, with what happened to it.
    fn promise(&mut self, to: &str, steps: &[(&str, Step)]) {
        self.minted += 1;
        let window = Window::new(at(to).plus_seconds(-7_200), at(to));
        let booked = (at(to).plus_seconds(-86_400), Step::Booked { window, unit: None });
        let steps: Vec<(Instant, Step)> = steps.iter().map(|(when, step)| (at(when), step.clone())).collect();
        let log = std::iter::once(&booked).chain(&steps).map(|(at, step)| (*at, step));
        let promise = Callback::fold(log).unwrap();
        self.facts.callbacks.push(CallbackFact { id: CallbackId::from_uuid(uuid(5, self.minted)), promise });
    }
    fn history(&mut self, ticket: usize) -> &mut History {
        &mut self.facts.tickets[ticket].history
    }
    fn report(&self, month: &str) -> MonthlyReport {
        self.report_as_of(month, at("12-31"))
    }
    fn report_as_of(&self, month: &str, as_of: Instant) -> MonthlyReport {
        monthly_report(&self.facts, &milan(), Period::parse_month(month).unwrap(), &rome(), meta(as_of))
    }
    fn explain(&self, what: &str, period: &str) -> Explanation {
        explain(&self.facts, &milan(), what, Period::parse(period).unwrap(), &rome(), at("12-31")).unwrap()
    }
}

fn meta(as_of: Instant) -> ReportMeta {
    ReportMeta {
        state: ReportState::Open,
        revision: None,
        reason: None,
        as_of,
        generated_at: as_of,
        chain_root: None,
        pending: BySource::default(),
        quarantine: Some(BySource::default()),
    }
}

/// Resolves the present round.
fn resolve(history: &mut History, when: &str) {
    let round = history.rounds.last_mut().unwrap();
    (round.resolved_at, round.outcome) = (Some(at(when)), Some(Outcome::Solved));
    history.state = State::Resolved;
}

fn reopen(history: &mut History, when: &str) {
    history.rounds.push(Round { started_at: at(when), resolved_at: None, closed_at: None, outcome: None });
    history.state = State::New;
}

fn row(report: &MonthlyReport, channel: Channel) -> &ChannelRow {
    report.blocks.channels.iter().find(|row| row.channel == channel).unwrap()
}
