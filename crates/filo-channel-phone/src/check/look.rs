//! One line at a time, by the rules of its format, with what a person wants to know of it.

use filo_channel::{Decoded, Rejected};
use filo_domain::legs::{Leg, LegEvent};

use super::summary::Columns;
use crate::{
    Cdr, Mapped, QueueLog,
    cdr::CdrLook,
    mapped::MappedLook,
    text::{Line, fields, likely_delimiter},
};

/// A line and what it says.
pub(crate) struct Seen {
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) said: Said,
    pub(crate) remarks: Vec<Remark>,
}

/// What a line says.
pub(crate) enum Said {
    /// The whole of a leg.
    Leg(Box<Leg>),
    /// An event of a leg.
    Event(LegEvent),
    /// One of the records that make up a call.
    Record,
    /// Nothing about a leg, and why.
    Nothing(&'static str),
    /// It is not understood.
    Refused(Rejected),
}

/// What the vocabulary or the formats of the settings do not cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remark {
    /// A word for an outcome.
    UnknownOutcome(String),
    /// A time, with the field it is for.
    NoTime(&'static str, String),
    /// The name of an event that gives no unit.
    EventWithoutLeg(String),
}

/// The reader of a format.
pub(super) enum Looks {
    QueueLog(QueueLog),
    Cdr(Cdr),
    Mapped(Box<Mapped>),
}

/// The reader of one file.
pub(super) enum Look<'a> {
    QueueLog(&'a QueueLog),
    Cdr(Box<CdrLook<'a>>),
    Mapped(Box<MappedLook<'a>>),
}

impl Looks {
    pub(super) fn look(&self) -> Look<'_> {
        match self {
            Self::QueueLog(log) => Look::QueueLog(log),
            Self::Cdr(cdr) => Look::Cdr(Box::new(CdrLook::new(cdr))),
            Self::Mapped(mapped) => Look::Mapped(Box::new(MappedLook::new(mapped))),
        }
    }
}

impl Look<'_> {
    /// Reads the next line; `wanted` when it will be shown.
    pub(super) fn at(&mut self, line: &Line<'_>, wanted: bool) -> Seen {
        match self {
            Self::QueueLog(log) => queue_log(log, line, wanted),
            Self::Cdr(look) => look.at(line, wanted),
            Self::Mapped(look) => look.at(line, wanted),
        }
    }

    /// What the columns were, and the legs of the records that were shown.
    pub(super) fn finish(self) -> (Columns, Vec<Leg>) {
        match self {
            Self::QueueLog(_) => (Columns::default(), vec![]),
            Self::Cdr(look) => look.finish(),
            Self::Mapped(look) => (look.columns(), vec![]),
        }
    }
}

/// What a queue log calls its first fields.
const QUEUE_LOG: [&str; 5] = ["time", "callid", "queuename", "agent", "event"];
/// And all of them after these.
const DATA: &str = "data";

fn queue_log(log: &QueueLog, line: &Line<'_>, wanted: bool) -> Seen {
    let parts = if line.text.contains('|') {
        line.text.split('|').map(|field| field.trim().to_owned()).collect()
    } else {
        fields(&line.text, likely_delimiter(&line.text)).unwrap_or_default()
    };
    let mut remarks = vec![];
    let said = match log.unit(line) {
        Some(Ok(Decoded::LegEvent(event))) => Said::Event(event),
        Some(Ok(Decoded::Leg(leg))) => Said::Leg(leg),
        Some(Err(rejected)) => Said::Refused(rejected),
        Some(Ok(Decoded::Interaction(_))) | None => {
            remarks.extend(parts.get(4).cloned().map(Remark::EventWithoutLeg));
            Said::Nothing("no business of a leg")
        }
    };
    let names = QUEUE_LOG.into_iter().chain(std::iter::repeat(DATA));
    let named = names.zip(parts).filter(|(_, text)| !text.is_empty());
    Seen { fields: if wanted { named.collect() } else { vec![] }, said, remarks }
}
