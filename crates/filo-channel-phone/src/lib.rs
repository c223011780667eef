//! The phone channel: Asterisk's queue log and call detail records, and other systems' CSV files.
//!
//! **Invariant:** every line is decoded for itself, so files may be cut, joined and read again anywhere: what
//! belongs together is decided by `filo_domain::legs` alone. (Call detail records are the exception: the rows of
//! one call must be in one payload.) A line that is not understood is handed back whole, never dropped.
//!
//! Start at [`decoder`]; [`QueueLog`] has the events, [`Cdr`] the records, [`Mapped`] the files that a mapping
//! describes, [`inspect`](inspect()) what `filo inspect calls` prints, [`Checker`] what `filo import calls --check` does.

mod cdr;
mod check;
mod inspect;
mod local_time;
mod mapped;
mod queue_log;
mod text;

use filo_channel::Decode;
use filo_domain::{CityZone, vocabulary::Word};

pub use crate::{
    cdr::{Cdr, DEFAULT_AGENT_CHANNELS, Layout},
    check::{Checked, CheckedRow, Checker, FileCheck, Refused, Summary},
    inspect::{Inspected, inspect},
    mapped::{Column, DurationUnit, Mapped, Mapping, MappingError},
    queue_log::QueueLog,
    text::{is_wide, whole_lines},
};

/// A file format that `filo import calls --format` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Asterisk's `queue_log`, or an export of its realtime table.
    QueueLog,
    /// Asterisk's call detail records as CSV.
    Cdr,
    /// Any CSV that a [`Mapping`] describes.
    Csv,
}

impl Word for Format {
    const NAME: &'static str = "format of phone logs";
    const ALL: &'static [Self] = &[Self::QueueLog, Self::Cdr, Self::Csv];
    fn word(self) -> &'static str {
        match self {
            Self::QueueLog => "asterisk-queue-log",
            Self::Cdr => "asterisk-cdr",
            Self::Csv => "csv",
        }
    }
}

/// What decoding needs to know of the source.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The zone of local times.
    pub zone: CityZone,
    /// Beginnings of channel names behind which a person sits, such as `SIP/`.
    pub agent_channels: Vec<String>,
    /// The columns of call detail records without a header row.
    pub layout: Layout,
    /// The mapping, for [`Format::Csv`].
    pub mapping: Option<Mapping>,
    /// The event by which the dialplan logs what a caller chose.
    pub ivr_event: Option<IvrEvent>,
    /// The column of call detail records that says what a caller chose.
    pub ivr_column: Option<String>,
}

/// An event of the dialplan's own in the queue log: what a caller chose before or instead of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IvrEvent {
    /// Its name.
    pub name: String,
    /// Which of its parameters is the choice, from 1.
    pub parameter: usize,
    /// Which of them is the caller's number, where it is among them.
    pub caller_parameter: Option<usize>,
}

impl Settings {
    /// The settings of a plain Asterisk in that zone.
    pub fn new(zone: CityZone) -> Self {
        let agent_channels = DEFAULT_AGENT_CHANNELS.iter().map(ToString::to_string).collect();
        Self {
            zone,
            agent_channels,
            layout: Layout::CdrCsv,
            mapping: None,
            ivr_event: None,
            ivr_column: None,
        }
    }
}

/// The decoder of a format.
///
/// # Errors
/// When the format is CSV and the settings have no mapping, or one that names an unknown zone.
pub fn decoder(format: Format, settings: Settings) -> Result<Box<dyn Decode>, MappingError> {
    let Settings { zone, agent_channels, layout, mapping, ivr_event, ivr_column } = settings;
    Ok(match format {
        Format::QueueLog => Box::new(QueueLog { zone, ivr_event }),
        Format::Cdr => Box::new(Cdr { zone, agent_channels, layout, ivr_column }),
        Format::Csv => Box::new(Mapped::new(mapping.ok_or(MappingError::Missing)?, zone)?),
    })
}

/// The format of a file by its first lines; `None` when it is neither of Asterisk's (a CSV needs its mapping).
pub fn guess(bytes: &[u8]) -> Option<Format> {
    const LINES: usize = 20;
    let bytes = text::unmarked(bytes);
    text::lines(&bytes).take(LINES).find_map(|line| {
        if queue_log::looks_like(&line.text) {
            Some(Format::QueueLog)
        } else {
            cdr::looks_like(&line.text).then_some(Format::Cdr)
        }
    })
}

#[cfg(test)]
mod tests;
