//! A city's calls as an Asterisk queue_log: daily and weekly shape, several queues, recurring callers.
//!
//! **Invariant:** lines come in order of time and memory does not grow with the number of calls: a line waits only
//! until no later call can begin before it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use fastrand::Rng;
use filo_domain::{CityZone, Instant};
use jiff::{ToSpan, civil::Date};

/// `filo-bench generate-queue-log`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which calls.
    #[command(flatten)]
    pub plan: Plan,
    /// Where to; by default stdout.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Which calls.
#[derive(Clone, Debug, clap::Args)]
pub struct Plan {
    /// How many calls.
    #[arg(long, default_value_t = 20_000)]
    pub calls: u64,
    /// Everything follows from it.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The first local day in Milan.
    #[arg(long, default_value = "2026-10-01")]
    pub from: Date,
    /// Over how many days they are spread.
    #[arg(long, default_value_t = 31)]
    pub days: i32,
    /// Begin in the middle of some calls, as a rotated log does: ends without their start.
    #[arg(long)]
    pub ragged: bool,
}

/// Writes the log where it is asked for.
///
/// # Errors
/// The file's or the stream's own.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match &args.out {
        Some(path) => {
            let file = File::create(path).with_context(|| path.display().to_string())?;
            write_log(&args.plan, &mut BufWriter::new(file))
        }
        None => write_log(&args.plan, &mut BufWriter::new(std::io::stdout())),
    }
}

/// Calls that come in each hour of a day, in proportion.
const HOURS: [u64; 24] =
    [2, 1, 1, 1, 1, 1, 2, 6, 48, 88, 100, 96, 70, 52, 68, 72, 60, 42, 26, 16, 8, 6, 4, 3];
/// Calls that come on each day of a week from Monday, in proportion.
const WEEKDAYS: [u64; 7] = [130, 115, 105, 100, 95, 40, 8];
/// Queues with their share of a hundred calls.
const QUEUES: [(&str, u32); 8] = [
    ("020202", 40),
    ("anagrafe", 20),
    ("tributi", 12),
    ("tari", 8),
    ("polizia-locale", 8),
    ("mobilita", 5),
    ("sociale", 4),
    ("educazione", 3),
];
/// Seconds for which a telephone rings before the next one does.
const RING_S: i64 = 16;
/// Starts that a ragged log lacks.
const LACKING: u64 = 5;

/// Writes the log.
///
/// # Errors
/// The writer's own, and a span of days beyond the calendar.
pub fn write_log(plan: &Plan, out: &mut impl Write) -> anyhow::Result<()> {
    let hours = hours(plan)?;
    let whole: u64 = hours.iter().map(|(_, share)| share).sum();
    let mut exchange = Exchange::new(plan);
    let mut share_so_far = 0;
    for (start, share) in hours {
        share_so_far += share;
        let due = plan.calls * share_so_far / whole.max(1);
        for second in exchange.seconds(due - exchange.made) {
            exchange.call(start.seconds() + second);
            exchange.write_until(start.seconds() + second, out)?;
        }
    }
    exchange.write_until(i64::MAX, out)?;
    Ok(out.flush()?)
}

/// Every hour of the plan with its share of the calls.
fn hours(plan: &Plan) -> anyhow::Result<Vec<(Instant, u64)>> {
    let zone = CityZone::parse("Europe/Rome")?;
    let mut hours = Vec::new();
    for number in 0..plan.days {
        let day = plan.from.checked_add(number.days())?;
        let of_day = WEEKDAYS.into_iter().nth(day.weekday().to_monday_zero_offset().unsigned_abs().into());
        for (hour, share) in (0_i8..).zip(HOURS) {
            hours.push((zone.instant(day.at(hour, 0, 0, 0)), share * of_day.unwrap_or(0)));
        }
    }
    // In the hour that a summer's end repeats, and the one that its begin skips, the order of instants decides.
    hours.sort();
    Ok(hours)
}

/// The phone exchange, with the lines it has not written yet.
struct Exchange {
    rng: Rng,
    callers: u64,
    made: u64,
    lacking: u64,
    lines: u64,
    pending: BTreeMap<(i64, u64), String>,
}

/// A call in a queue.
struct Leg {
    id: String,
    queue: &'static str,
    caller: String,
    at: i64,
}

impl Exchange {
    fn new(plan: &Plan) -> Self {
        Self {
            rng: Rng::with_seed(plan.seed),
            callers: (plan.calls / 3).max(1),
            made: 0,
            lacking: if plan.ragged { LACKING } else { 0 },
            lines: 0,
            pending: BTreeMap::new(),
        }
    }

    /// When calls begin within an hour, in order.
    fn seconds(&mut self, calls: u64) -> Vec<i64> {
        let mut seconds: Vec<i64> = (0..calls).map(|_| self.rng.i64(0..3600)).collect();
        seconds.sort_unstable();
        seconds
    }

    fn call(&mut self, at: i64) {
        self.made += 1;
        let leg = Leg { id: format!("{at}.{}", self.made), queue: self.queue(), caller: self.caller(), at };
        if self.made > self.lacking {
            self.enter(&leg);
        }
        self.live(&leg);
    }

    fn enter(&mut self, leg: &Leg) {
        let place = self.rng.u32(1..9);
        self.line(leg, leg.at, "NONE", &format!("ENTERQUEUE||{}|{place}", leg.caller));
    }

    /// What becomes of a leg: of a thousand calls two have no end in the log.
    fn live(&mut self, leg: &Leg) {
        let wait = self.about(75, 1);
        match self.rng.u32(0..1000) {
            0..780 => self.answer(leg, wait),
            780..910 => self.leave(leg, wait, &format!("ABANDON|1|3|{wait}")),
            910..930 => self.leave(leg, 3, "ABANDON|2|2|3"),
            930..965 => self.leave(leg, 600, "EXITWITHTIMEOUT|1|4|600"),
            965..985 => self.leave(leg, wait, &format!("EXITWITHKEY|9|1|2|{wait}")),
            985..998 => self.leave(leg, wait, &format!("EXITEMPTY|1|1|{wait}")),
            _ => {}
        }
    }

    fn leave(&mut self, leg: &Leg, after: i64, event: &str) {
        self.line(leg, leg.at + after, "NONE", event);
    }

    /// A person answers, now and then at the second ring, and one call of sixteen goes on to another queue.
    fn answer(&mut self, leg: &Leg, wait: i64) {
        let (agent, talk) = (format!("PJSIP/op{}", self.rng.u32(1..60)), self.about(210, 5));
        let (answered, ended) = (leg.at + wait, leg.at + wait + talk);
        let rings = (wait / RING_S).min(self.rng.i64(0..4));
        for ring in 1..=rings {
            self.line(leg, answered - ring * RING_S, "PJSIP/op99", "RINGNOANSWER|15000");
        }
        self.line(leg, answered, &agent, &format!("CONNECT|{wait}|{}.9|3", leg.id));
        match self.rng.u32(0..16) {
            0 => {
                self.line(leg, ended, &agent, &format!("BLINDTRANSFER|7001|interni|{wait}|{talk}|1"));
                let next = Leg {
                    id: leg.id.clone(),
                    queue: self.other(leg.queue),
                    caller: leg.caller.clone(),
                    at: ended,
                };
                self.enter(&next);
                self.live(&next);
            }
            1..5 => self.line(leg, ended, &agent, &format!("COMPLETEAGENT|{wait}|{talk}|1")),
            _ => self.line(leg, ended, &agent, &format!("COMPLETECALLER|{wait}|{talk}|1")),
        }
        self.wrap_up(ended, &agent);
    }

    /// Half of the agents note down what was said before they take the next call.
    fn wrap_up(&mut self, at: i64, agent: &str) {
        if self.rng.bool() {
            let nobody = Leg { id: "NONE".to_owned(), queue: "NONE", caller: String::new(), at };
            self.line(&nobody, at, agent, "PAUSE|dopo-chiamata");
            let back = at + self.rng.i64(10..60);
            self.line(&nobody, back, agent, "UNPAUSE|dopo-chiamata");
        }
    }

    fn queue(&mut self) -> &'static str {
        let mut place = self.rng.u32(0..100);
        for (queue, share) in QUEUES {
            if place < share {
                return queue;
            }
            place -= share;
        }
        "020202"
    }

    /// A leg of one call enters each queue at another second, so that no two legs share a key.
    fn other(&mut self, queue: &str) -> &'static str {
        let others: Vec<&str> =
            QUEUES.into_iter().map(|(name, _)| name).filter(|name| *name != queue).collect();
        self.rng.choice(others).unwrap_or("020202")
    }

    /// Few call often and most rarely; one of fourteen withholds the number.
    fn caller(&mut self) -> String {
        if self.rng.u32(0..14) == 0 {
            return "anonymous".to_owned();
        }
        let place = self.rng.u64(0..self.callers);
        let caller = self.rng.u64(0..=place);
        if caller.is_multiple_of(4) {
            format!("02{}", 48_000_000 + caller * 7_919 % 1_000_000)
        } else {
            format!("3{}{:07}", 20 + caller % 30, caller * 7_654_321 % 10_000_000)
        }
    }

    /// Seconds of an exponential distribution, at most an hour.
    fn about(&mut self, mean: i64, least: i64) -> i64 {
        // Sums of thousandths keep this free of floating point: ln(1/u) as the number of halvings.
        let mut seconds = 0;
        while self.rng.bool() {
            seconds += mean * 7 / 10;
        }
        (least + seconds + self.rng.i64(0..=mean * 6 / 10)).min(3600)
    }

    fn line(&mut self, leg: &Leg, at: i64, member: &str, event: &str) {
        self.lines += 1;
        let line = format!("{at}|{}|{}|{member}|{event}", leg.id, leg.queue);
        self.pending.insert((at, self.lines), line);
    }

    fn write_until(&mut self, at: i64, out: &mut impl Write) -> std::io::Result<()> {
        while let Some(first) = self.pending.first_entry() {
            if first.key().0 > at {
                break;
            }
            writeln!(out, "{}", first.remove())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(calls: u64, seed: u64) -> String {
        let plan = Plan { calls, seed, from: jiff::civil::date(2026, 10, 1), days: 31, ragged: false };
        let mut bytes = Vec::new();
        write_log(&plan, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_log_has_the_calls_asked_for_in_order_of_time_and_follows_from_its_seed() {
        let text = log(3000, 7);
        let times: Vec<i64> =
            text.lines().map(|line| line.split('|').next().unwrap().parse().unwrap()).collect();
        let calls: std::collections::BTreeSet<&str> =
            text.lines().map(|line| line.split('|').nth(1).unwrap()).filter(|id| *id != "NONE").collect();
        assert!(times.is_sorted());
        assert_eq!(calls.len(), 3000);
        assert_eq!(text, log(3000, 7));
        assert_ne!(text, log(3000, 8));
    }

    #[test]
    fn a_call_has_about_five_lines() {
        let lines = log(3000, 7).lines().count();
        assert!((13_500..16_500).contains(&lines), "{lines}");
    }

    #[test]
    fn callers_come_back() {
        let text = log(3000, 7);
        let callers: std::collections::BTreeSet<&str> = text
            .lines()
            .filter(|line| line.contains("ENTERQUEUE"))
            .map(|line| line.split('|').nth(6).unwrap())
            .collect();
        assert!((200..1500).contains(&callers.len()), "{}", callers.len());
    }
}
