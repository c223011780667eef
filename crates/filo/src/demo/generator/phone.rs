//! Calls: the lines that an Asterisk queue log has of them, and what operators register.
//!
//! A caller waits until somebody is free or patience ends, whichever comes first; so the waits, the calls given up
//! and the service level hang together as they do on a real line.

use std::collections::HashMap;

use filo_app::RegisterCall;
use filo_domain::{
    Instant,
    city::Source,
    vocabulary::{Channel, Kind, Outcome},
};

use super::{Deed, Life, Story, chance::Chance, days, people::Person, work::Opened};

/// How often the log is read, in seconds: calls are registered from then on.
const READ_EVERY_S: i64 = 1_800;
/// Callers' patience: mean seconds.
const PATIENCE_S: f64 = 460.0;
/// Nobody waits longer: the queue's own limit.
const LONGEST_WAIT_S: i64 = 900;
/// Of the answered calls, those that are registered.
const REGISTERED: f64 = 0.74;
const WITHHELD: f64 = 0.07;
/// Answered at once; the others wait, longer when it is busy.
const AT_ONCE: f64 = 0.34;
const BUSY_WAIT_S: f64 = 125.0;
/// The city's mean call was 4 minutes 37.
const TALK_S: f64 = 240.0;

/// A call that the life of a recurring citizen needs.
pub(super) struct Extra {
    pub(super) story: Story,
    pub(super) at: Instant,
    pub(super) person: Person,
    pub(super) theme: String,
    pub(super) subject: String,
    pub(super) kind: Kind,
}

/// What a call is about, and by whom.
struct Call {
    id: String,
    at: Instant,
    caller: String,
    queue: String,
    /// Of a recurring citizen: registered for certain, under this story.
    about: Option<(Story, RegisterCall)>,
    theme: String,
    subject: String,
    kind: Kind,
}

/// The lines with their instants, and what was answered when.
#[derive(Default)]
struct Log {
    lines: Vec<(Instant, String)>,
    registrations: Vec<(Instant, Story, String, RegisterCall)>,
}

pub(super) fn live(life: &mut Life<'_>, extra: Vec<Extra>) {
    let Some(source) = life.source(Channel::Phone, None) else { return };
    let mut chance = life.chance.split(6);
    let mut log = Log::default();
    let mut calls = calls(life, &mut chance, source);
    calls.extend(extra.into_iter().map(|extra| asked_for(source, extra)));
    calls.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    let mut interests = HashMap::new();
    for call in calls {
        run(life, &mut chance, &mut log, call, &mut interests);
    }
    let forgotten = noise(life, &mut log);
    life.acts.retain(|act| !forgotten.contains(&act.story));
    read(life, &source.key, log);
}

/// Each open day's calls.
fn calls(life: &Life<'_>, chance: &mut Chance, source: &Source) -> Vec<Call> {
    let mut calls = Vec::new();
    for day in days::days(life.span.from, life.span.to) {
        let weight = life.days.call_weight(day);
        for _ in 0..if weight > 0.0 { life.count(chance, life.size.calls, weight) } else { 0 } {
            let (Some(at), Some(need)) = (life.days.call(chance, day), life.need(chance)) else { continue };
            let caller =
                if chance.happens(WITHHELD) { "anonymous".to_owned() } else { life.person(chance).mobile() };
            calls.push(Call {
                id: format!("{}.{}", at.seconds(), calls.len()),
                at,
                caller,
                queue: queue(source, &need.theme),
                about: None,
                theme: need.theme.clone(),
                subject: need.subject.clone(),
                kind: need.kind,
            });
        }
    }
    calls
}

fn asked_for(source: &Source, extra: Extra) -> Call {
    let request = registration(&extra.theme, &extra.subject, extra.kind);
    Call {
        id: format!("{}.r{}", extra.at.seconds(), extra.story),
        at: extra.at,
        caller: extra.person.mobile(),
        queue: queue(source, &extra.theme),
        about: Some((extra.story, request)),
        theme: extra.theme,
        subject: extra.subject,
        kind: extra.kind,
    }
}

/// The queue of a theme: its own, its first level's, or the one for everything else.
fn queue(source: &Source, theme: &str) -> String {
    let top = theme.split('/').next().unwrap_or_default();
    let of = |wanted: &str| {
        source.queues.iter().find(|(_, theme)| theme.as_str() == wanted).map(|(queue, _)| queue.clone())
    };
    of(theme).or_else(|| of(top)).unwrap_or_else(|| "centralino".to_owned())
}

fn registration(theme: &str, subject: &str, kind: Kind) -> RegisterCall {
    RegisterCall {
        theme: Some(theme.to_owned()),
        kind: Some(kind),
        subject: Some(subject.to_owned()),
        ..RegisterCall::default()
    }
}

/// How a wait ends.
enum End {
    Answered(i64),
    Abandoned(i64),
    TimedOut,
    Key(i64),
    Empty(i64),
}

fn end(chance: &mut Chance, rush: f64) -> End {
    let needed = if chance.happens(AT_ONCE) {
        chance.between(3, 19)
    } else {
        chance.between(12, 24) + chance.after(BUSY_WAIT_S * rush)
    };
    let patience = if chance.happens(0.02) { chance.between(1, 4) } else { 6 + chance.after(PATIENCE_S) };
    match chance.share() {
        drawn if drawn < 0.004 => End::Empty(chance.between(1, 5)),
        drawn if drawn < 0.012 && needed > 40 => End::Key(chance.between(20, 40)),
        _ if patience < needed => End::Abandoned(patience),
        _ if needed > LONGEST_WAIT_S => End::TimedOut,
        _ => End::Answered(needed),
    }
}

fn run(
    life: &mut Life<'_>,
    chance: &mut Chance,
    log: &mut Log,
    call: Call,
    interests: &mut HashMap<String, Interest>,
) {
    let call = returning(chance, call, interests);
    let position = chance.between(1, 6);
    log.line(call.at, &call, "NONE", &format!("ENTERQUEUE||{}|{position}", call.caller));
    let end = if call.about.is_some() {
        End::Answered(chance.between(15, 90))
    } else {
        end(chance, life.days.rush(call.at))
    };
    match end {
        End::Abandoned(wait) => {
            log.line(call.at.plus_seconds(wait), &call, "NONE", &format!("ABANDON|1|{position}|{wait}"))
        }
        End::TimedOut => {
            let at = call.at.plus_seconds(LONGEST_WAIT_S);
            log.line(at, &call, "NONE", &format!("EXITWITHTIMEOUT|1|{position}|{LONGEST_WAIT_S}"));
        }
        End::Key(wait) => {
            log.line(call.at.plus_seconds(wait), &call, "NONE", &format!("EXITWITHKEY|9|1|{position}|{wait}"))
        }
        End::Empty(wait) => {
            log.line(call.at.plus_seconds(wait), &call, "NONE", &format!("EXITEMPTY|1|{position}|{wait}"))
        }
        End::Answered(wait) => answered(life, chance, log, &call, wait, position),
    }
}

/// What the last call from a number was about.
struct Interest {
    theme: String,
    queue: String,
    subject: String,
    kind: Kind,
}

/// Whoever calls again often calls about the same need.
fn returning(chance: &mut Chance, call: Call, interests: &mut HashMap<String, Interest>) -> Call {
    if call.caller == "anonymous" || call.about.is_some() {
        return call;
    }
    let call = match interests.get(&call.caller).filter(|_| chance.happens(0.9)) {
        Some(last) => Call {
            theme: last.theme.clone(),
            queue: last.queue.clone(),
            subject: last.subject.clone(),
            kind: last.kind,
            ..call
        },
        None => call,
    };
    let interest = Interest {
        theme: call.theme.clone(),
        queue: call.queue.clone(),
        subject: call.subject.clone(),
        kind: call.kind,
    };
    interests.insert(call.caller.clone(), interest);
    call
}

fn answered(life: &mut Life<'_>, chance: &mut Chance, log: &mut Log, call: &Call, wait: i64, position: i64) {
    let agent = format!("PJSIP/op{:02}", chance.between(1, 24));
    let at = call.at.plus_seconds(wait);
    if wait > 20 && chance.happens(0.12) {
        log.line(at.plus_seconds(-8), call, "PJSIP/op99", "RINGNOANSWER|8000");
    }
    let ring = chance.between(1, wait.min(8));
    log.line(at, call, &agent, &format!("CONNECT|{wait}|{}.b|{ring}", at.seconds()));
    let talk = 25 + chance.after(TALK_S);
    let ended = at.plus_seconds(talk);
    if chance.happens(0.03) && call.about.is_none() {
        log.line(ended, call, &agent, &format!("BLINDTRANSFER|8020|from-internal|{wait}|{talk}|{position}"));
    } else {
        let by = if chance.happens(0.6) { "COMPLETECALLER" } else { "COMPLETEAGENT" };
        log.line(ended, call, &agent, &format!("{by}|{wait}|{talk}|{position}"));
    }
    if call.about.is_some() || chance.happens(REGISTERED) {
        register(life, chance, log, call, ended);
    }
}

/// Most are resolved while they talk; some go to the competent unit, some stay open.
fn register(life: &mut Life<'_>, chance: &mut Chance, log: &mut Log, call: &Call, ended: Instant) {
    let (story, request) = match &call.about {
        Some((story, request)) => (*story, request.clone()),
        None => (life.story(), registration(&call.theme, &call.subject, call.kind)),
    };
    let now = next_reading(ended).plus_seconds(chance.between(20, 400));
    let unit = life.city.unit_of_theme(&call.theme, life.city.zone.day(now));
    let unit =
        unit.filter(|unit| unit.level == filo_domain::vocabulary::Level::II).map(|unit| unit.key.clone());
    let drawn = chance.share();
    let request = if drawn < 0.83 {
        let outcomes = [
            (Outcome::Answered, 0.72),
            (Outcome::Solved, 0.2),
            (Outcome::NotOurs, 0.06),
            (Outcome::Withdrawn, 0.02),
        ];
        RegisterCall { outcome: chance.weighted(&outcomes).copied(), ..request }
    } else if drawn < 0.96 {
        RegisterCall { unit, ..request }
    } else {
        request
    };
    let resolved_at_once = request.outcome.is_some();
    let escalated = request.unit.is_some();
    log.registrations.push((now, story, call.id.clone(), request));
    if resolved_at_once {
        return;
    }
    let reply = "la sua richiesta è stata risolta: l'abbiamo avvisata al numero da cui ha chiamato.";
    if escalated {
        if chance.happens(0.93) {
            let from = now.plus_seconds(chance.between(3_600, 12 * 86_400));
            life.again(chance, story, from, Some(reply));
        }
    } else {
        let citizen = (String::new(), String::new());
        let ticket = Opened {
            story,
            at: now,
            channel: Channel::Phone,
            theme: &call.theme,
            classify: false,
            citizen,
            reply,
        };
        let _worked = life.work(chance, &ticket);
    }
}

impl Log {
    fn line(&mut self, at: Instant, call: &Call, member: &str, event: &str) {
        self.lines.push((at, format!("{}|{}|{}|{member}|{event}", at.seconds(), call.id, call.queue)));
    }
    fn other(&mut self, at: Instant, text: &str) {
        self.lines.push((at, format!("{}|{text}", at.seconds())));
    }
}

/// The next instant at which the log is read.
fn next_reading(at: Instant) -> Instant {
    Instant::from_seconds((at.seconds().div_euclid(READ_EVERY_S) + 1) * READ_EVERY_S)
}

/// What else a log has: agents' days, a restart that loses the calls it meets, a line that a crash left, and the end
/// of a call from before the log's beginning. Gives the stories of the calls that nobody can register any more.
fn noise(life: &Life<'_>, log: &mut Log) -> Vec<Story> {
    let open: Vec<_> =
        days::days(life.span.from, life.span.to).filter(|day| life.days.call_weight(*day) > 0.0).collect();
    for day in &open {
        let Some(closing) = life.days.calendar.closing(life.days.zone, *day) else { continue };
        for agent in 1..=6 {
            let member = format!("PJSIP/op{agent:02}");
            log.other(
                closing.plus_seconds(-43_200 + agent * 7),
                &format!("MANAGER|anagrafe|{member}|ADDMEMBER|"),
            );
            log.other(
                closing.plus_seconds(-21_600 + agent * 600),
                &format!("NONE|anagrafe|{member}|PAUSE|pausa"),
            );
            log.other(
                closing.plus_seconds(-20_700 + agent * 600),
                &format!("NONE|anagrafe|{member}|UNPAUSE|"),
            );
        }
    }
    let crash_day =
        open.get(open.len() * 3 / 4).and_then(|day| life.days.calendar.closing(life.days.zone, *day));
    let crash = crash_day.and_then(|closing| waiting_at(log, closing.plus_seconds(-9 * 3_600)));
    let forgotten = crash.map(|at| restart(log, at)).unwrap_or_default();
    if let Some(first) = log.lines.iter().map(|(at, _)| *at).min() {
        log.lines
            .push((first, format!("{}|1.1|anagrafe|PJSIP/op01|COMPLETEAGENT|12|180|1", first.seconds())));
    }
    if let Some((at, _)) = log.lines.get(log.lines.len() / 3) {
        log.lines.push((*at, "Segmentation fault (core dumped)".to_owned()));
    }
    forgotten
}

/// An instant not before this one at which somebody waits.
fn waiting_at(log: &Log, from: Instant) -> Option<Instant> {
    let entries = log.lines.iter().filter(|(at, line)| *at >= from && line.contains("|ENTERQUEUE|"));
    entries.map(|(at, _)| at.plus_seconds(2)).min()
}

/// Whatever the calls that were open then did afterwards, the phone system has forgotten.
fn restart(log: &mut Log, at: Instant) -> Vec<Story> {
    let id = |line: &str| line.split('|').nth(1).unwrap_or_default().to_owned();
    let mut entered: Vec<String> = Vec::new();
    for (when, line) in &log.lines {
        if *when < at && at.seconds_since(*when) < 7_200 && line.contains("|ENTERQUEUE|") {
            entered.push(id(line));
        }
    }
    log.lines.retain(|(when, line)| *when < at || !entered.contains(&id(line)));
    let ended = |call: &String| {
        let over = ["|COMPLETE", "|ABANDON", "|EXIT", "|BLINDTRANSFER"];
        log.lines.iter().any(|(_, line)| id(line) == *call && over.iter().any(|end| line.contains(end)))
    };
    let lost: Vec<String> = entered.into_iter().filter(|call| !ended(call)).collect();
    let unanswered =
        |call: &String| !log.lines.iter().any(|(_, line)| id(line) == *call && line.contains("|CONNECT|"));
    let unknown: Vec<String> = lost.into_iter().filter(unanswered).collect();
    let forgotten = log
        .registrations
        .iter()
        .filter(|(_, _, call, _)| unknown.contains(call))
        .map(|(_, story, ..)| *story);
    let forgotten = forgotten.collect();
    log.registrations.retain(|(_, _, call, _)| !unknown.contains(call));
    log.lines.push((at, format!("{}|NONE|NONE|NONE|QUEUESTART|", at.seconds())));
    forgotten
}

/// The log as it is read, every half hour, and the registrations after that.
fn read(life: &mut Life<'_>, source: &str, log: Log) {
    let Log { mut lines, registrations } = log;
    lines.sort_by_key(|(at, _)| *at);
    for part in lines.chunk_by(|(a, _), (b, _)| next_reading(*a) == next_reading(*b)) {
        let Some((first, _)) = part.first() else { continue };
        let text: String = part.iter().map(|(_, line)| format!("{line}\n")).collect();
        life.push(next_reading(*first), 0, Deed::Log { source: source.to_owned(), lines: text });
    }
    for (at, story, call_id, request) in registrations {
        let deed = Deed::Register { source: source.to_owned(), call_id, request: Box::new(request) };
        life.push(at, story, deed);
    }
}
