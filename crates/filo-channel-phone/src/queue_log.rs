//! Asterisk's `queue_log`: `time|callid|queue|member|EVENT|data…`, and exports of its realtime table.

use std::borrow::Cow;

use filo_channel::{Decode, DecodeParts, Decoded, Raw, Rejected};
use filo_domain::{
    CityZone, Instant,
    legs::{CALL_SPAN_S, LegEvent, LegStep, normal_caller, normal_choice},
    vocabulary::CallOutcome,
};

use crate::{
    IvrEvent,
    local_time::{LocalTime, epoch_of_id},
    text::{Line, Place, fields, likely_delimiter},
};

/// Decodes a queue log of any Asterisk version. Agents' log-ins, pauses and unanswered rings give no unit, and
/// neither do events of unknown name: the dialplan may log what it likes.
pub struct QueueLog {
    /// The zone of the local times that realtime tables have; files have epoch seconds.
    pub zone: CityZone,
    /// The event by which the dialplan logs what a caller chose.
    pub ivr_event: Option<IvrEvent>,
}

impl Decode for QueueLog {
    fn decode(&self, raw: &Raw) -> Vec<Result<Decoded, Rejected>> {
        Parts { log: self, place: Place::default() }.part(&raw.bytes)
    }
    fn in_parts(&self) -> Option<Box<dyn DecodeParts + '_>> {
        Some(Box::new(Parts { log: self, place: Place::default() }))
    }
}

/// A queue log read in parts.
struct Parts<'a> {
    log: &'a QueueLog,
    place: Place,
}

impl DecodeParts for Parts<'_> {
    fn part(&mut self, bytes: &[u8]) -> Vec<Result<Decoded, Rejected>> {
        self.place.each(bytes, |line| self.log.unit(&line))
    }
}

/// What a line says.
enum Told {
    Event(LegEvent),
    /// Known, and no business of a leg.
    Noise,
    /// A name that the dialplan made up, or one cut short.
    Unheard,
}

/// Events about members, which never end or answer a leg.
fn is_noise(name: &str) -> bool {
    matches!(
        name,
        "RINGNOANSWER"
            | "RINGCANCELED"
            | "AGENTDUMP"
            | "SYSCOMPAT"
            | "ADDMEMBER"
            | "REMOVEMEMBER"
            | "PAUSE"
            | "UNPAUSE"
            | "PAUSEALL"
            | "UNPAUSEALL"
            | "PENALTY"
            | "RINGINUSE"
            | "AGENTLOGIN"
            | "AGENTLOGOFF"
            | "AGENTCALLBACKLOGIN"
            | "AGENTCALLBACKLOGOFF"
            | "PAUSEREASON"
            | "CONFIGRELOAD"
            | "OUTCALL"
            | "DID"
            | "INFO"
            | "FULL"
            | "CLOSED"
            | "JOINEMPTY"
            | "LEAVEEMPTY"
            | "WRAPUPSTART"
    )
}

/// What stands where there is no queue, call or member.
const NOBODY: &str = "NONE";

impl QueueLog {
    pub(crate) fn unit(&self, line: &Line<'_>) -> Option<Result<Decoded, Rejected>> {
        match self.read(&line.text) {
            Ok(Told::Event(event)) => Some(Ok(Decoded::LegEvent(event))),
            Ok(Told::Unheard) if !line.ended => {
                Some(Err(line.rejected("line_cut_off", "the name of the event is not whole")))
            }
            Ok(Told::Noise | Told::Unheard) => None,
            Err(why) => Some(Err(line.incomplete("unreadable_line", why))),
        }
    }

    fn read(&self, text: &str) -> Result<Told, &'static str> {
        let mut fields = split(text).ok_or("a quote is left open")?;
        if is_numbered(&fields) {
            fields.remove(0);
        }
        let [time, call_id, queue, member, name, params @ ..] = fields.as_slice() else {
            return Err("expected time|callid|queue|member|event");
        };
        if time.eq_ignore_ascii_case("time") {
            return Ok(Told::Noise);
        }
        let at = self.time(time, call_id).ok_or("the first field is no time")?;
        let step = match upper(name).as_ref() {
            "" => return Err("the event has no name"),
            name if self.is_choice(name) => self.choice(&Params::of(name, params)),
            name => match step(name, member, &Params::of(name, params)) {
                None if is_noise(name) => return Ok(Told::Noise),
                step => step,
            },
        };
        match step {
            None => Ok(Told::Unheard),
            Some(LegStep::Restarted) => Ok(Told::Event(event("", "", at, LegStep::Restarted))),
            Some(_) if somebody(call_id).is_none() => Err("the event of a call has no call id"),
            Some(step) => Ok(Told::Event(event(call_id, somebody(queue).unwrap_or_default(), at, step))),
        }
    }

    fn is_choice(&self, name: &str) -> bool {
        self.ivr_event.as_ref().is_some_and(|event| event.name.eq_ignore_ascii_case(name))
    }

    /// What the dialplan says that a caller chose; a choice that is none of a menu's is left out.
    fn choice(&self, params: &Params<'_>) -> Option<LegStep> {
        let event = self.ivr_event.as_ref()?;
        let text = |place: usize| params.text(place.checked_sub(1)?);
        Some(LegStep::Chose {
            choice: text(event.parameter).and_then(normal_choice),
            caller: event.caller_parameter.and_then(text).and_then(normal_caller),
            over: false,
        })
    }

    /// Epoch seconds with or without a fraction, else a local time; in the hour shown twice the earlier instant
    /// that is not before the call's id was made.
    fn time(&self, text: &str, call_id: &str) -> Option<Instant> {
        epoch(text).or_else(|| {
            let local = LocalTime::parse(text, &self.zone)?;
            Some(local.at_or_after(epoch_of_id(call_id).unwrap_or(Instant::from_seconds(0))))
        })
    }
}

/// Whether a line looks like one of a queue log.
pub(crate) fn looks_like(text: &str) -> bool {
    let fields: Vec<&str> = text.split('|').map(str::trim).collect();
    let upper = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    match fields.as_slice() {
        [time, _, _, _, name, ..] => is_time(time) && upper(name),
        _ => ["callid", "queuename", "event"].iter().all(|column| text.to_ascii_lowercase().contains(column)),
    }
}

fn event(call_id: &str, queue: &str, at: Instant, step: LegStep) -> LegEvent {
    LegEvent { call_id: call_id.to_owned(), queue: queue.to_owned(), at, step }
}

/// In upper case, in which nearly every log has it already.
fn upper(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_lowercase()) {
        Cow::Owned(name.to_ascii_uppercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Fields of a line for which room is made at once: no event of Asterisk has more.
const USUAL_FIELDS: usize = 12;

/// The fields between pipes, or those of a table's export as CSV.
fn split(text: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut between = text.split('|');
    let first = between.next().unwrap_or_default().trim();
    if first.len() < text.len() && is_time(first) {
        let mut all = Vec::with_capacity(USUAL_FIELDS);
        all.push(Cow::Borrowed(first));
        all.extend(between.map(|field| Cow::Borrowed(field.trim())));
        return Some(all);
    }
    Some(fields(text, likely_delimiter(text))?.into_iter().map(Cow::Owned).collect())
}

fn is_time(text: &str) -> bool {
    epoch(text).is_some() || is_date_time(text)
}

fn is_date_time(text: &str) -> bool {
    text.len() >= "2026-10-01 08:30:00".len()
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || "-:. T+Z".contains(c))
}

/// Tables often have a number of the row before the time.
fn is_numbered(fields: &[Cow<'_, str>]) -> bool {
    let [number, time, ..] = fields else { return false };
    (number.bytes().all(|b| b.is_ascii_digit()) && is_date_time(time))
        || (number.eq_ignore_ascii_case("id") && time.eq_ignore_ascii_case("time"))
}

/// Seconds since 1970, at most eleven digits, with an optional fraction cut to microseconds.
fn epoch(text: &str) -> Option<Instant> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if seconds.is_empty() || seconds.len() > 10 || !digits(seconds) || !digits(fraction) {
        return None;
    }
    let micros =
        fraction.bytes().chain(*b"000000").take(6).fold(0, |micros, b| micros * 10 + i64::from(b - b'0'));
    let seconds: i64 = seconds.parse().ok()?;
    (seconds > 0).then(|| Instant::from_micros(seconds * 1_000_000 + micros))
}

fn somebody(name: &str) -> Option<&str> {
    (!name.is_empty() && !name.eq_ignore_ascii_case(NOBODY)).then_some(name)
}

/// The parameters of an event; missing, negative and absurd numbers are `None`, never 0.
struct Params<'a>(Vec<&'a str>);

impl<'a> Params<'a> {
    /// Old tables keep all parameters in one field, with pipes or, for what are numbers and names alone, commas.
    fn of(name: &str, fields: &'a [Cow<'_, str>]) -> Self {
        let commas = name != "ENTERQUEUE" && (fields.len() == 1 || name == "TRANSFER");
        let several = |field: &Cow<'_, str>| field.contains('|') || (commas && field.contains(','));
        let mut params: Vec<&str> = Vec::with_capacity(USUAL_FIELDS);
        if fields.iter().any(several) {
            let between = move |c: char| c == '|' || (commas && c == ',');
            params.extend(fields.iter().flat_map(|field| field.split(between)).map(str::trim));
        } else {
            params.extend(fields.iter().map(AsRef::as_ref));
        }
        while params.last().is_some_and(|param| param.is_empty()) {
            params.pop();
        }
        Self(params)
    }
    fn text(&self, place: usize) -> Option<&'a str> {
        self.0.get(place).copied().filter(|text| !text.is_empty())
    }
    fn seconds(&self, place: usize) -> Option<i64> {
        let text = self.text(place)?;
        let whole = text.split_once('.').map_or(text, |(whole, _fraction)| whole);
        whole.parse().ok().filter(|seconds| (0..CALL_SPAN_S).contains(seconds))
    }
    /// Where the hold time stands behind the target of an attended transfer, which is one name or two.
    fn hold_place(&self) -> usize {
        if self.0.len() > 5 { self.0.len() - 3 } else { 2 }
    }
}

fn step(name: &str, member: &str, params: &Params<'_>) -> Option<LegStep> {
    let left = |outcome, place| LegStep::Left { outcome, wait_s: params.seconds(place) };
    let transferred = |to: Option<&str>, hold| LegStep::Transferred {
        to: to.map(ToOwned::to_owned),
        wait_s: params.seconds(hold),
        talk_s: params.seconds(hold + 1),
    };
    Some(match name {
        "QUEUESTART" => LegStep::Restarted,
        "ENTERQUEUE" => LegStep::Entered { caller: params.text(1).and_then(normal_caller) },
        "CONNECT" => {
            LegStep::Connected { wait_s: params.seconds(0), agent: somebody(member).map(ToOwned::to_owned) }
        }
        "COMPLETEAGENT" | "COMPLETECALLER" => {
            LegStep::Completed { wait_s: params.seconds(0), talk_s: params.seconds(1) }
        }
        "ABANDON" => left(CallOutcome::Abandoned, 2),
        "EXITWITHTIMEOUT" => left(CallOutcome::TimedOut, 2),
        "EXITEMPTY" => left(CallOutcome::Empty, 2),
        "EXITWITHKEY" => left(CallOutcome::KeyExit, 3),
        "WITHDRAW" => left(CallOutcome::Withdrawn, 2),
        "BLINDTRANSFER" | "TRANSFER" => transferred(params.text(0), 2),
        "ATTENDEDTRANSFER" => transferred(params.text(1).or(params.text(0)), params.hold_place()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
