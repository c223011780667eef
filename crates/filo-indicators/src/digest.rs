//! A digest of the facts that figures were computed from, the same on every installation and database.
//!
//! **Invariant:** no identifier of ours, no salt and no `recorded_at` enters: persons, tickets and matters are
//! numbered by their first appearance in the sorted facts, instants are floored to the second.

use std::{collections::HashMap, hash::Hash};

use filo_domain::{Instant, chain::hex, vocabulary::Word};
use sha2::{Digest, Sha256};

use crate::facts::{CallFact, CallbackFact, Facts, InteractionFact, ReturnFact, SeriesFact, TicketFact};

/// SHA-256 over the canonical facts of `[from, to)`, sorted by (source, external id, instant, kind); those that began
/// here, without an external id, come last, by the ticket they belong to.
pub(crate) fn inputs(facts: &Facts, (from, to): (Instant, Instant)) -> String {
    let inside = |at: Instant| from <= at.floor() && at.floor() < to;
    let calls = facts.calls.iter().filter(|call| inside(call.occurred_at)).map(Fact::Call);
    let others = facts.interactions.iter().filter(|fact| inside(fact.occurred_at)).map(Fact::Interaction);
    let (mut ours, mut contacts): (Vec<Fact>, Vec<Fact>) = calls.chain(others).partition(Fact::is_ours);
    contacts.sort_by(|a, b| a.key().cmp(&b.key()));
    let mut tickets: Vec<&TicketFact> = facts.tickets.iter().collect();
    let mut names = Names::default();
    let (mut hash, mut line) = (Sha256::new(), Vec::new());
    for fact in &contacts {
        fact.write(&mut names, &mut line);
        update(&mut hash, &mut line);
    }
    ours.sort_by_key(|fact| (fact.key(), fact.ticket().and_then(|ticket| names.tickets.known(&ticket))));
    for fact in &ours {
        fact.write(&mut names, &mut line);
        update(&mut hash, &mut line);
    }
    tickets.sort_by_key(|ticket| {
        let first = names.tickets.known(&ticket.id).unwrap_or(usize::MAX);
        (first, ticket.source.as_str(), ticket.history.opened_at.floor(), ticket.number.as_str())
    });
    for ticket in tickets {
        write_ticket(ticket, &mut names, &mut line);
        update(&mut hash, &mut line);
    }
    let callbacks = facts.callbacks.iter().filter(|fact| inside(fact.promise.window.to));
    let mut callbacks: Vec<Vec<u8>> = callbacks.map(callback).collect();
    callbacks.sort();
    for mut one in callbacks {
        update(&mut hash, &mut one);
    }
    for fact in sorted_series(facts, from, to) {
        let words = ("series", &fact.key, fact.month.to_string(), fact.value, &fact.source, &fact.note);
        always(serde_json::to_writer(&mut line, &words));
        update(&mut hash, &mut line);
    }
    for mut line in after(facts, to, &mut names) {
        update(&mut hash, &mut line);
    }
    hex(&hash.finalize())
}

/// What callers did after the span, as lines; without any the digest is as it was.
fn after(facts: &Facts, to: Instant, names: &mut Names) -> Vec<Vec<u8>> {
    let mut after: Vec<&ReturnFact> =
        facts.after.iter().filter(|fact| to <= fact.occurred_at.floor()).collect();
    let key = |fact: &ReturnFact| (fact.source.clone(), fact.external_id.clone(), fact.occurred_at.floor());
    after.sort_by_cached_key(|fact| key(fact));
    let line = |fact: &ReturnFact| {
        let (at, person) = (fact.occurred_at.seconds(), names.persons.of(Some(fact.person)));
        let mut line = Vec::new();
        let words =
            ("after", &fact.source, &fact.external_id, at, fact.channel.word(), fact.answered, person);
        always(serde_json::to_writer(&mut line, &words));
        line
    };
    after.into_iter().map(line).collect()
}

/// A call-back as a line; those that look alike are alike, so the lines are sorted as they are.
fn callback(fact: &CallbackFact) -> Vec<u8> {
    let promise = &fact.promise;
    let window = (promise.window.from.seconds(), promise.window.to.seconds());
    let attempts = promise.attempts.iter();
    let attempts: Vec<_> =
        attempts.map(|attempt| (attempt.at.seconds(), attempt.reached, &attempt.reason)).collect();
    let cancelled = promise.cancelled_at.map(Instant::seconds);
    let mut line = Vec::new();
    let words = ("callback", promise.booked_at.seconds(), window, &promise.unit, attempts, cancelled);
    always(serde_json::to_writer(&mut line, &words));
    line
}

/// The values of series of the span, by key and month; without any the digest is as it was.
fn sorted_series(facts: &Facts, from: Instant, to: Instant) -> Vec<&SeriesFact> {
    let mut series: Vec<&SeriesFact> =
        facts.series.iter().filter(|fact| from <= fact.at && fact.at < to).collect();
    series.sort_by(|a, b| (&a.key, a.at).cmp(&(&b.key, b.at)));
    series
}

fn update(hash: &mut Sha256, line: &mut Vec<u8>) {
    line.push(b'\n');
    hash.update(&line);
    line.clear();
}

enum Fact<'a> {
    Call(&'a CallFact),
    Interaction(&'a InteractionFact),
}

impl<'a> Fact<'a> {
    fn key(&self) -> (&'a str, &'a str, Instant, &'static str) {
        match self {
            Self::Call(call) => (&call.source, &call.external_id, call.occurred_at.floor(), "call"),
            Self::Interaction(fact) => {
                (&fact.source, &fact.external_id, fact.occurred_at.floor(), fact.kind.word())
            }
        }
    }
    /// Whether it began here (a reply, an addition on our pages, what an operator entered): it has no id but ours.
    fn is_ours(&self) -> bool {
        self.key().1.is_empty()
    }
    fn ticket(&self) -> Option<filo_domain::TicketId> {
        match self {
            Self::Call(call) => call.ticket,
            Self::Interaction(fact) => fact.ticket,
        }
    }
    fn write(&self, names: &mut Names, line: &mut Vec<u8>) {
        let (source, external_id, at, kind) = self.key();
        let head = (source, external_id, at.seconds(), kind);
        let written = match self {
            Self::Call(call) => {
                let person = (names.persons.of(call.person), names.tickets.of(call.ticket));
                let answered = call.answered_at.map(Instant::seconds);
                let measures = (call.outcome.word(), call.wait_s, call.talk_s, answered, &call.queue);
                // Calls without a choice are written as before there were any.
                match &call.choice {
                    Some(choice) => serde_json::to_writer(line, &(head, measures, person, choice)),
                    None => serde_json::to_writer(line, &(head, measures, person)),
                }
            }
            Self::Interaction(fact) => {
                let person = (names.persons.of(fact.person), names.tickets.of(fact.ticket));
                let words = (fact.channel.word(), fact.direction.word(), fact.not_actionable.map(Word::word));
                serde_json::to_writer(line, &(head, words, &fact.thread, person))
            }
        };
        always(written);
    }
}

fn write_ticket(ticket: &TicketFact, names: &mut Names, line: &mut Vec<u8>) {
    let place =
        (names.tickets.of(Some(ticket.id)), names.persons.of(ticket.person), names.matters.of(ticket.matter));
    let about = (ticket.channel, &ticket.source, &ticket.theme, ticket.kind, &ticket.tags, &ticket.flags);
    match ticket.merged_into {
        None => always(serde_json::to_writer(&mut *line, &(place, about, &ticket.history))),
        Some(into) => {
            let into = names.tickets.of(Some(into));
            always(serde_json::to_writer(&mut *line, &(place, about, &ticket.history, into)));
        }
    }
    // Tickets without a district are written as before any had one.
    if let Some(municipio) = ticket.municipio {
        always(serde_json::to_writer(line, &("municipio", municipio)));
    }
}

/// Strings, numbers, lists and nulls always serialize, and writing to memory cannot fail.
fn always(written: Result<(), serde_json::Error>) {
    debug_assert!(written.is_ok(), "{written:?}");
}

#[derive(Default)]
struct Names {
    persons: Ordinals<filo_domain::PersonId>,
    tickets: Ordinals<filo_domain::TicketId>,
    matters: Ordinals<filo_domain::MatterId>,
}

/// Numbers by first appearance.
struct Ordinals<T>(HashMap<T, usize>);

impl<T> Default for Ordinals<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Copy + Eq + Hash> Ordinals<T> {
    fn of(&mut self, id: Option<T>) -> Option<usize> {
        let next = self.0.len();
        id.map(|id| *self.0.entry(id).or_insert(next))
    }
    fn known(&self, id: &T) -> Option<usize> {
        self.0.get(id).copied()
    }
}
