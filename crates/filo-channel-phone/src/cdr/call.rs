//! Rows of one call become legs: one a queue, or one for a call that no queue handled.

use std::collections::BTreeMap;

use filo_domain::{
    Instant,
    legs::{CALL_SPAN_S, Leg, LegOrigin, normal_caller},
    vocabulary::CallOutcome,
};

use super::row::{Disposition, Row};
use crate::local_time::AMBIGUOUS;

/// Flag: the exchange itself picked up (an IVR or an announcement), and no person.
const ANSWERED_BY_MACHINE: &str = "answered_by_machine";

/// The legs of all rows, each with the line of its first row.
pub(super) fn legs(rows: Vec<Row>, agent_channels: &[String]) -> Vec<(usize, Leg)> {
    let mut by_id: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        by_id.entry(row.call_id.clone()).or_default().push(row);
    }
    by_id
        .into_values()
        .flat_map(calls)
        .flat_map(|call| {
            visits(&call)
                .iter()
                .filter_map(|(queue, rows)| leg(queue, rows, agent_channels))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Rows of one id, cut where a day lies between: ids repeat after restarts.
fn calls(mut rows: Vec<Row>) -> Vec<Vec<Row>> {
    rows.sort_by(|a, b| (a.start, &a.key, a.line).cmp(&(b.start, &b.key, b.line)));
    rows.dedup_by(|a, b| (a.start, a.end, a.disposition, &a.key) == (b.start, b.end, b.disposition, &b.key));
    let mut calls: Vec<Vec<Row>> = Vec::new();
    for row in rows {
        match calls.last_mut() {
            Some(call)
                if call.last().is_some_and(|last| row.start.seconds_since(last.start) < CALL_SPAN_S) =>
            {
                call.push(row);
            }
            _ => calls.push(vec![row]),
        }
    }
    calls
}

/// The rows by queue; all rows under the dialled number when no queue was entered.
fn visits(call: &[Row]) -> Vec<(String, Vec<&Row>)> {
    let mut queues: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in call {
        if let Some(queue) = &row.queue {
            queues.entry(queue.clone()).or_default().push(row);
        }
    }
    match call.first() {
        Some(first) if queues.is_empty() => vec![(first.dst.clone(), call.iter().collect())],
        _ => queues.into_iter().collect(),
    }
}

fn leg(queue: &str, rows: &[&Row], agent_channels: &[String]) -> Option<(usize, Leg)> {
    let first = rows.first()?;
    let line = rows.iter().map(|row| row.line).min()?;
    let entered_at = rows.iter().map(|row| row.start).min()?;
    let answered: Vec<&Row> = rows.iter().copied().filter(|row| is_answered(row, agent_channels)).collect();
    let bare = Leg::new(&first.call_id, queue, entered_at, LegOrigin::Cdr);
    let leg = match answers(&answered) {
        Some(answer) => answer.on(bare),
        None => unanswered(rows, bare),
    };
    let flags = rows.iter().any(|row| row.ambiguous).then(|| AMBIGUOUS.to_owned());
    let caller = normal_caller(&first.src).or_else(|| normal_caller(&first.clid));
    let choice = rows.iter().rev().find_map(|row| row.choice.clone());
    Some((
        line,
        Leg { caller, choice, flags: leg.flags.iter().cloned().chain(flags).collect(), ..leg }.whole(),
    ))
}

/// Whether a person's channel was bridged.
fn is_answered(row: &Row, agent_channels: &[String]) -> bool {
    let channel = row.dstchannel.to_ascii_lowercase();
    row.disposition == Disposition::Answered
        && row.answer.is_some()
        && agent_channels.iter().any(|prefix| channel.starts_with(&prefix.to_ascii_lowercase()))
}

struct Answer {
    at: Instant,
    ended_at: Instant,
    talk_s: i64,
    agent: String,
}

/// The first answer, and the talk with all who answered: never more than the time there was.
fn answers(answered: &[&Row]) -> Option<Answer> {
    let first = answered.iter().min_by_key(|row| row.answer)?;
    let at = first.answer?;
    let ended_at = answered.iter().map(|row| row.end).max()?;
    let talks =
        answered.iter().map(|row| row.billsec.or(row.answer.map(|answer| row.end.seconds_since(answer))));
    let talk_s = talks.flatten().map(|talk| talk.max(0)).sum();
    let most = ended_at.seconds_since(at).max(0);
    let talk_s = if answered.len() > 1 { most.min(talk_s) } else { talk_s };
    let agent = first.dstchannel.rsplit_once('-').map_or(first.dstchannel.as_str(), |(name, _)| name);
    Some(Answer { at, ended_at, talk_s, agent: agent.to_owned() })
}

impl Answer {
    fn on(self, leg: Leg) -> Leg {
        Leg {
            outcome: CallOutcome::Answered,
            wait_s: Some(self.at.seconds_since(leg.entered_at).max(0)),
            talk_s: Some(self.talk_s),
            ended_at: Some(self.ended_at),
            agent: Some(self.agent),
            ..leg
        }
    }
}

fn unanswered(rows: &[&Row], leg: Leg) -> Leg {
    let waited = rows.iter().any(|row| match row.disposition {
        Disposition::NoAnswer | Disposition::Busy => true,
        Disposition::Answered => row.queue.is_some(),
        Disposition::Failed => false,
    });
    let ended_at = rows.iter().map(|row| row.end).max();
    let by_machine = !waited && rows.iter().any(|row| row.disposition == Disposition::Answered);
    let beyond = rows.iter().any(|row| row.beyond_machine);
    let outcome = match (waited, by_machine) {
        (true, _) => CallOutcome::Abandoned,
        (false, true) if !beyond => CallOutcome::SelfServed,
        (false, _) => CallOutcome::Unknown,
    };
    Leg {
        outcome,
        wait_s: ended_at.map(|end| end.seconds_since(leg.entered_at).max(0)).filter(|_| waited),
        ended_at: ended_at.filter(|_| outcome != CallOutcome::Unknown),
        flags: by_machine.then(|| ANSWERED_BY_MACHINE.to_owned()).into_iter().collect(),
        ..leg
    }
}
