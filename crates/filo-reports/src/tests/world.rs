//! Facts by hand: an empty world, and a busy one in which something of everything happens.

use filo_domain::{
    CityZone, Instant, InteractionId, MatterId, Period, PersonId, TicketId,
    clock::History,
    vocabulary::{
        CallOutcome, Channel, Direction, InteractionKind, Kind, Level, NotActionable, Outcome, State,
    },
};
use filo_indicators::{
    facts::{CallFact, Facts, InteractionFact, SeriesFact, TicketFact},
    report::{BySource, MonthlyReport, ReportMeta, ReportState, monthly_report},
};
use uuid::Uuid;

pub(super) fn rome() -> CityZone {
    CityZone::parse("Europe/Rome").unwrap()
}

/// `10-03 09:00:30` of 2026, in UTC.
pub(super) fn at(text: &str) -> Instant {
    let (day, time) = text.split_once(' ').unwrap_or((text, "09:00:00"));
    Instant::parse(&format!("2026-{day}T{time}Z")).unwrap()
}

fn uuid(space: u128, number: u128) -> Uuid {
    Uuid::from_u128(space << 64 | number)
}

/// Facts under construction.
#[derive(Default)]
pub(super) struct World {
    pub(super) facts: Facts,
    minted: u128,
}

impl World {
    fn mint(&mut self) -> (InteractionId, String) {
        self.minted += 1;
        (InteractionId::from_uuid(uuid(3, self.minted)), format!("x{:05}", self.minted))
    }
    pub(super) fn call(
        &mut self,
        occurred_at: Instant,
        outcome: CallOutcome,
        wait_s: Option<i64>,
    ) -> &mut CallFact {
        let (id, external_id) = self.mint();
        let answered = outcome == CallOutcome::Answered;
        self.facts.calls.push(CallFact {
            id,
            source: "pbx-020202".to_owned(),
            external_id,
            queue: None,
            occurred_at,
            outcome,
            wait_s,
            talk_s: answered.then_some(277),
            choice: None,
            differs: false,
            recorded_at: occurred_at,
            answered_at: wait_s.filter(|_| answered).map(|wait| occurred_at.plus_seconds(wait)),
            person: None,
            ticket: None,
        });
        self.facts.calls.last_mut().unwrap()
    }
    pub(super) fn touch(
        &mut self,
        occurred_at: Instant,
        source: &str,
        channel: Channel,
        kind: InteractionKind,
    ) -> &mut InteractionFact {
        let (id, external_id) = self.mint();
        self.facts.interactions.push(InteractionFact {
            id,
            source: source.to_owned(),
            channel,
            kind,
            direction: Direction::Inbound,
            external_id,
            occurred_at,
            recorded_at: occurred_at,
            person: None,
            ticket: None,
            thread: None,
            not_actionable: None,
        });
        self.facts.interactions.last_mut().unwrap()
    }
    /// A contact with the ticket that it opens.
    pub(super) fn opening(
        &mut self,
        occurred_at: Instant,
        source: &str,
        channel: Channel,
        kind: InteractionKind,
    ) -> &mut TicketFact {
        let number = self.facts.tickets.len() as u128 + 1;
        let id = TicketId::from_uuid(uuid(2, number));
        self.touch(occurred_at, source, channel, kind).ticket = Some(id);
        self.facts.tickets.push(TicketFact {
            id,
            number: format!("26-{number:07}"),
            channel,
            source: source.to_owned(),
            theme: None,
            kind: Kind::Information,
            municipio: None,
            person: None,
            matter: None,
            merged_into: None,
            tags: Vec::new(),
            history: History::opened(occurred_at, Level::I, Some("020202".to_owned())),
            flags: Vec::new(),
        });
        self.facts.tickets.last_mut().unwrap()
    }
    pub(super) fn report(&self, month: &str) -> MonthlyReport {
        let as_of = at("12-31");
        let meta = ReportMeta {
            state: ReportState::Open,
            revision: None,
            reason: None,
            as_of,
            generated_at: as_of,
            chain_root: None,
            pending: BySource::default(),
            quarantine: Some(BySource::default()),
        };
        let month = Period::parse_month(month).unwrap();
        monthly_report(&self.facts, &super::definitions(), month, &rome(), meta)
    }
}

const THEMES: [Option<&str>; 6] =
    [Some("anagrafe"), Some("tributi/tari"), Some("polizia-locale"), Some("anagrafe"), None, Some("sociale")];
const OPENINGS: [(&str, Channel, InteractionKind); 6] = [
    ("scrivi", Channel::Scrivi, InteractionKind::Submission),
    ("urp", Channel::Email, InteractionKind::Mail),
    ("pec", Channel::Pec, InteractionKind::Mail),
    ("facebook", Channel::Social, InteractionKind::Comment),
    ("scrivi", Channel::Scrivi, InteractionKind::Submission),
    ("instagram", Channel::Social, InteractionKind::Message),
];

/// September and October, more of everything in the second; the same every time.
pub(super) fn busy() -> World {
    let mut world = World::default();
    for (month, calls, tickets) in [("09", 120, 40), ("10", 260, 90)] {
        let start = at(&format!("{month}-01 07:00:00"));
        (0..calls).for_each(|nth| calling(&mut world, start, nth));
        (0..tickets).for_each(|nth| writing(&mut world, start, nth));
    }
    let day = at("10-11");
    let auto = world.touch(day, "urp", Channel::Email, InteractionKind::Mail);
    auto.not_actionable = Some(NotActionable::AutoReply);
    world.touch(day, "urp", Channel::Email, InteractionKind::Bounce);
    paying(&mut world);
    world
}

/// October's totals of the shipped city's suppliers; September's contractor alone.
fn paying(world: &mut World) {
    world.facts.costs = super::milan().costs.clone();
    for (supplier, month, value) in [
        ("contact-center", "2026-09", 1_234_567),
        ("contact-center", "2026-10", 2_345_678),
        ("personale-area-crm", "2026-10", 456_700),
    ] {
        let month = Period::parse_month(month).unwrap();
        let key = format!("cost:{supplier}");
        let ((at, _), source) = (month.bounds(&rome()), "fattura".to_owned());
        world.facts.series.push(SeriesFact { key, month, at, value, source, note: None, revision: 1 });
    }
}

fn calling(world: &mut World, start: Instant, nth: i64) {
    let outcome = match nth % 11 {
        3 | 7 => CallOutcome::Abandoned,
        9 => CallOutcome::TimedOut,
        10 if nth % 2 == 0 => CallOutcome::Unknown,
        _ => CallOutcome::Answered,
    };
    let wait = (outcome != CallOutcome::Unknown).then_some(2 + (nth * 37) % 240);
    let call = world.call(start.plus_seconds(nth * 9_000), outcome, wait);
    call.queue = (nth % 7 != 0).then(|| ["tari", "anagrafe"][(nth % 2) as usize].to_owned());
    call.person = (nth % 5 != 4).then(|| PersonId::from_uuid(uuid(1, (nth % 60) as u128)));
    call.ticket = (nth % 3 == 0).then(|| TicketId::from_uuid(uuid(2, 1)));
}

fn writing(world: &mut World, start: Instant, nth: i64) {
    let (source, channel, kind) = OPENINGS[(nth % 6) as usize];
    let opened_at = start.plus_seconds(nth * 26_000);
    let ticket = world.opening(opened_at, source, channel, kind);
    ticket.theme = THEMES[((nth * 5 + nth / 7) % 6) as usize].map(str::to_owned);
    ticket.matter = (nth % 9 < 2).then(|| MatterId::from_uuid(uuid(4, (nth / 9) as u128)));
    ticket.flags = if nth % 13 == 0 { vec!["date_guessed".to_owned()] } else { Vec::new() };
    let history = &mut ticket.history;
    if nth % 5 == 1 {
        (history.unit, history.escalated_at) = (Some("servizi-civici-municipi".to_owned()), Some(opened_at));
    }
    let hours = 3 + (nth * nth) % 700;
    if nth % 8 != 5 {
        history.charged_at = Some(opened_at.plus_seconds(hours * 900));
        history.responses.push(opened_at.plus_seconds(hours * 1_800));
    }
    if nth % 8 < 5 {
        let resolved_at = opened_at.plus_seconds(hours * 3_600);
        let round = history.rounds.last_mut().unwrap();
        (round.resolved_at, round.outcome) = (Some(resolved_at), Some(Outcome::Solved));
        round.closed_at = Some(resolved_at.plus_seconds(15 * 86_400));
        history.state = State::Closed;
        history.ratings = if nth % 4 == 0 { vec![(nth % 5) as u8 + 1] } else { Vec::new() };
    }
}
