//! How each clock of one ticket was reckoned: from when to when, what was left out and why, which parts remain and what
//! they add up to, in words and numbers.
//!
//! **Invariant:** the bounds, the gaps and the seconds are those that the report counts; nothing is reckoned a second
//! time in another way. Start at [`clocks`].

use filo_domain::{
    CityZone, Instant, Period, TicketId,
    clock::{History, Interval, remaining},
};
use serde::Serialize;

use crate::{
    facts::TicketFact,
    view::TicketClock::{
        self, ChargeToClosed, FirstResponse, OpenedToClosed, Resolved, ResolvedFinally, ResolvedNet,
    },
    words,
};

/// The clocks of a ticket.
#[derive(Clone, Debug, Serialize)]
pub struct TicketArithmetic {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its number.
    pub number: String,
    /// The zone of the local times in the texts.
    pub zone: String,
    /// The instant as at which everything is known.
    pub as_of: Instant,
    /// Its clocks, in the order of a ticket's life.
    pub clocks: Vec<ClockArithmetic>,
}

/// How one clock was reckoned. Bounds are floored to the second, as every measure's.
#[derive(Clone, Debug, Serialize)]
pub struct ClockArithmetic {
    /// Which clock.
    pub clock: &'static str,
    /// What it measures.
    pub words: Told,
    /// When it started; `None` when it has not.
    pub started_at: Option<Instant>,
    /// When it stopped; `None` while it has not.
    pub stopped_at: Option<Instant>,
    /// The month in whose figures it counts.
    pub counted_in: Option<String>,
    /// What lies between and is not counted. Gaps may overlap: their union is left out.
    pub left_out: Vec<LeftOut>,
    /// What remains and is counted.
    pub parts: Vec<Part>,
    /// The sum of the parts, in seconds; `None` while it has not stopped.
    pub seconds: Option<i64>,
    /// All of it as a sentence.
    pub text: Told,
}

/// In both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Italian.
    pub it: String,
    /// English.
    pub en: String,
}

/// A gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Why it is not counted.
    pub reason: Reason,
    /// Its first instant.
    pub from: Instant,
    /// The first instant after it.
    pub to: Instant,
    /// Its length in seconds.
    pub seconds: i64,
}

/// Why time is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was resolved, until it was reopened.
    Closed,
    /// It waited for the citizen or somebody else.
    Waiting,
}

/// A part that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its first instant.
    pub from: Instant,
    /// The first instant after it.
    pub to: Instant,
    /// Its length in seconds.
    pub seconds: i64,
}

/// The clocks, by the names of the indicators' definitions, and where the report prints them.
const CLOCKS: [(TicketClock, &str, &str); 6] = [
    (FirstResponse, "opened_to_first_response", "/channels/0/response"),
    (Resolved, "opened_to_resolved", "/channels/0/resolution"),
    (ResolvedFinally, "opened_to_resolved_final", "/channels/0/resolution_final"),
    (ResolvedNet, "opened_to_resolved_net", "/channels/0/resolution_net"),
    (OpenedToClosed, "received_to_closed", "/social/received_to_closed"),
    (ChargeToClosed, "charge_to_closed", "/social/charge_to_closed"),
];

/// How the clocks of a ticket were reckoned, as known at an instant.
pub fn clocks(ticket: &TicketFact, zone: &CityZone, as_of: Instant) -> TicketArithmetic {
    TicketArithmetic {
        ticket_id: ticket.id,
        number: ticket.number.clone(),
        zone: zone.name().to_owned(),
        as_of,
        clocks: CLOCKS.iter().map(|clock| reckoned(*clock, ticket, zone)).collect(),
    }
}

fn reckoned(
    (clock, name, place): (TicketClock, &'static str, &str),
    ticket: &TicketFact,
    zone: &CityZone,
) -> ClockArithmetic {
    let (it, en) = (words::of(place).0, words::in_english(place).unwrap_or_default().0);
    let mut told = ClockArithmetic {
        clock: name,
        words: Told { it, en },
        started_at: ticket.start(clock).map(Instant::floor),
        stopped_at: None,
        counted_in: None,
        left_out: vec![],
        parts: vec![],
        seconds: None,
        text: Told::default(),
    };
    if let Some((from, to)) = ticket.bounds(clock) {
        let (from, to) = (from.floor(), to.floor());
        told.stopped_at = Some(to);
        told.counted_in = Some(Period::month_of(zone.day(to)).to_string());
        told.left_out = left_out(&ticket.history, clock, from, to);
        told.parts = parts(&told.left_out, from, to);
        told.seconds = Some(ticket.counted_s(clock, from, to));
    }
    told.text = Told { it: ITALIAN.sentence(&told, zone), en: ENGLISH.sentence(&told, zone) };
    told
}

/// The gaps within the bounds.
fn left_out(history: &History, clock: TicketClock, from: Instant, to: Instant) -> Vec<LeftOut> {
    let waits = if clock == ResolvedNet { history.waits.as_slice() } else { &[] };
    let closed = history.closed_gaps();
    let gaps =
        closed.iter().map(|gap| (Reason::Closed, gap)).chain(waits.iter().map(|gap| (Reason::Waiting, gap)));
    let within = |(reason, gap): (Reason, &Interval)| {
        let (start, end) = (gap.from.floor().max(from), gap.to.map_or(to, Instant::floor).min(to));
        (start < end).then(|| LeftOut { reason, from: start, to: end, seconds: end.seconds_since(start) })
    };
    gaps.filter_map(within).collect()
}

fn parts(left_out: &[LeftOut], from: Instant, to: Instant) -> Vec<Part> {
    let gaps: Vec<Interval> =
        left_out.iter().map(|gap| Interval { from: gap.from, to: Some(gap.to) }).collect();
    let part = |(from, to): (Instant, Instant)| Part { from, to, seconds: to.seconds_since(from) };
    remaining(from, to, &gaps).into_iter().map(part).collect()
}

/// The words of a sentence.
struct Voice {
    not_started: &'static str,
    runs_since: &'static str,
    from: &'static str,
    to: &'static str,
    without: &'static str,
    closed: &'static str,
    waiting: &'static str,
    counts_in: &'static str,
    days: &'static str,
}

const ITALIAN: Voice = Voice {
    not_started: "non è mai partito",
    runs_since: "non si è fermato; partito il",
    from: "dal",
    to: "al",
    without: "senza",
    closed: "chiuso",
    waiting: "in attesa",
    counts_in: "conta nel mese",
    days: "g",
};
const ENGLISH: Voice = Voice {
    not_started: "never started",
    runs_since: "has not stopped; started on",
    from: "from",
    to: "to",
    without: "without",
    closed: "closed",
    waiting: "waiting",
    counts_in: "counts in the month",
    days: "d",
};

impl Voice {
    fn sentence(&self, told: &ClockArithmetic, zone: &CityZone) -> String {
        let Some(from) = told.started_at else { return self.not_started.to_owned() };
        let Some((to, seconds)) = told.stopped_at.zip(told.seconds) else {
            return format!("{} {}", self.runs_since, zone.told(from));
        };
        let mut text = self.span(from, to, zone);
        for gap in &told.left_out {
            let why = match gap.reason {
                Reason::Closed => self.closed,
                Reason::Waiting => self.waiting,
            };
            text +=
                &format!(", {} {} s {why} {}", self.without, gap.seconds, self.span(gap.from, gap.to, zone));
        }
        let sum: Vec<String> = told.parts.iter().map(|part| format!("{} s", part.seconds)).collect();
        let sum = if sum.len() > 1 { format!("{} = ", sum.join(" + ")) } else { String::new() };
        let month = told.counted_in.as_deref().unwrap_or_default();
        format!("{text}: {sum}{seconds} s = {}; {} {month}", self.length(seconds), self.counts_in)
    }

    fn span(&self, from: Instant, to: Instant, zone: &CityZone) -> String {
        format!("{} {} {} {}", self.from, zone.told(from), self.to, zone.told(to))
    }

    /// A day is 86,400 seconds.
    fn length(&self, seconds: i64) -> String {
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        format!("{days} {} {hours} h {minutes} min {} s", self.days, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use filo_domain::{
        MatterId,
        clock::Round,
        vocabulary::{Channel, Kind, Level, Outcome},
    };
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }
    fn rome() -> CityZone {
        CityZone::parse("Europe/Rome").unwrap()
    }
    fn ticket(history: History) -> TicketFact {
        TicketFact {
            id: TicketId::from_uuid(uuid::Uuid::from_u128(1)),
            number: "26-0000001".to_owned(),
            channel: Channel::Scrivi,
            source: "scrivi".to_owned(),
            theme: None,
            kind: Kind::Information,
            municipio: None,
            person: None,
            matter: None::<MatterId>,
            merged_into: None,
            tags: vec![],
            history,
            flags: vec![],
        }
    }
    fn round(from: Instant, to: Option<Instant>) -> Round {
        Round { started_at: from, resolved_at: to, closed_at: None, outcome: to.map(|_| Outcome::Solved) }
    }
    fn clock<'a>(all: &'a TicketArithmetic, name: &str) -> &'a ClockArithmetic {
        all.clocks.iter().find(|clock| clock.clock == name).unwrap()
    }

    #[test]
    fn a_contested_ticket_is_reckoned_without_the_days_for_which_it_was_closed() {
        let opened = at("2026-10-01T08:00:00.7Z");
        let mut history = History::opened(opened, Level::I, None);
        history.responses = vec![at("2026-10-03T08:00:00Z")];
        history.rounds = vec![
            round(opened, Some(at("2026-10-03T08:00:00Z"))),
            round(at("2026-10-05T08:00:00Z"), Some(at("2026-10-10T08:00:00Z"))),
        ];
        let all = clocks(&ticket(history), &rome(), at("2026-11-01T00:00:00Z"));
        let last = clock(&all, "opened_to_resolved_final");
        assert_eq!(last.seconds, Some(7 * 86_400));
        assert_eq!(
            last.text.it,
            "dal 2026-10-01T10:00:00+02:00 al 2026-10-10T10:00:00+02:00, senza 172800 s chiuso dal \
             2026-10-03T10:00:00+02:00 al 2026-10-05T10:00:00+02:00: 172800 s + 432000 s = 604800 s = \
             7 g 0 h 0 min 0 s; conta nel mese 2026-10"
        );
        let first = clock(&all, "opened_to_resolved");
        assert_eq!(
            (first.seconds, first.left_out.len(), first.counted_in.as_deref()),
            (Some(172_800), 0, Some("2026-10"))
        );
        assert_eq!(clock(&all, "charge_to_closed").text.en, "never started");
        assert_eq!(
            clock(&all, "received_to_closed").text.it,
            "non si è fermato; partito il 2026-10-01T10:00:00+02:00"
        );
        assert!(all.clocks.iter().all(|clock| !clock.words.it.is_empty() && !clock.words.en.is_empty()));
    }

    #[test]
    fn the_hour_that_the_clocks_show_twice_is_told_by_its_offset() {
        let mut history = History::opened(at("2026-10-25T00:30:00Z"), Level::I, None);
        history.responses = vec![at("2026-10-25T01:30:00Z")];
        let all = clocks(&ticket(history), &rome(), at("2026-11-01T00:00:00Z"));
        let text = &clock(&all, "opened_to_first_response").text.en;
        let expected =
            "from 2026-10-25T02:30:00+02:00 to 2026-10-25T02:30:00+01:00: 3600 s = 0 d 1 h 0 min 0 s";
        assert!(text.starts_with(expected), "{text}");
    }

    proptest! {
        #[test]
        fn the_parts_of_every_clock_add_up_to_what_the_report_counts(
            spans in prop::collection::vec((0_i64..90_000_000, 0_i64..90_000_000), 1..5),
            waits in prop::collection::vec((0_i64..400_000_000, 0_i64..90_000_000), 0..4),
            micros in 0_i64..1_000_000,
        ) {
            let instant = |second: i64| Instant::from_micros(second * 1_000_000 + micros);
            let (mut rounds, mut now) = (vec![], 0);
            for (open, closed) in spans {
                rounds.push(round(instant(now), Some(instant(now + open))));
                now += open + closed;
            }
            let mut history = History::opened(instant(0), Level::I, None);
            history.rounds = rounds;
            history.waits =
                waits.iter().map(|(from, long)| Interval { from: instant(*from), to: Some(instant(from + long)) }).collect();
            for clock in clocks(&ticket(history), &rome(), instant(now)).clocks {
                let sum: i64 = clock.parts.iter().map(|part| part.seconds).sum();
                prop_assert_eq!(clock.seconds.unwrap_or(0), sum, "{}", clock.clock);
            }
        }
    }
}
