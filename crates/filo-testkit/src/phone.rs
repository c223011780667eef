//! Asterisk's `queue_log`, line by line.

use std::fmt::Write;

use filo_domain::Instant;

/// A log under construction.
#[derive(Clone, Debug, Default)]
pub struct QueueLog(String);

/// One leg: a call in one queue.
#[derive(Clone, Copy, Debug)]
pub struct Leg<'a> {
    /// The phone system's id of the call.
    pub call_id: &'a str,
    /// The queue.
    pub queue: &'a str,
    /// The caller's number as the log writes it; empty when withheld.
    pub caller: &'a str,
    /// When it entered the queue.
    pub entered_at: Instant,
}

impl QueueLog {
    /// A leg that a person answered after `wait_s` and spoke on for `talk_s`.
    #[must_use]
    pub fn answered(mut self, leg: Leg<'_>, wait_s: i64, talk_s: i64) -> Self {
        self.entered(&leg);
        self.line(&leg, wait_s, "SIP/op7", &format!("CONNECT|{wait_s}|{}.9|3", leg.call_id));
        self.line(&leg, wait_s + talk_s, "SIP/op7", &format!("COMPLETECALLER|{wait_s}|{talk_s}|1"));
        self
    }
    /// A leg whose caller gave up after `wait_s`.
    #[must_use]
    pub fn abandoned(mut self, leg: Leg<'_>, wait_s: i64) -> Self {
        self.entered(&leg);
        self.line(&leg, wait_s, "NONE", &format!("ABANDON|1|1|{wait_s}"));
        self
    }
    /// A leg's start alone: how it ended is not in this log.
    #[must_use]
    pub fn started(mut self, leg: Leg<'_>) -> Self {
        self.entered(&leg);
        self
    }
    /// The end alone of a leg that was abandoned after `wait_s`.
    #[must_use]
    pub fn ended(mut self, leg: Leg<'_>, wait_s: i64) -> Self {
        self.line(&leg, wait_s, "NONE", &format!("ABANDON|1|1|{wait_s}"));
        self
    }
    /// A line as it stands.
    #[must_use]
    pub fn raw(mut self, line: &str) -> Self {
        self.0.push_str(line);
        self.0.push('\n');
        self
    }
    /// The log's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn entered(&mut self, leg: &Leg<'_>) {
        self.line(leg, 0, "NONE", &format!("ENTERQUEUE||{}|1", leg.caller));
    }
    fn line(&mut self, leg: &Leg<'_>, after_s: i64, agent: &str, event: &str) {
        let at = leg.entered_at.plus_seconds(after_s).seconds();
        writeln!(self.0, "{at}|{}|{}|{agent}|{event}", leg.call_id, leg.queue).expect("writing to a text");
    }
}
