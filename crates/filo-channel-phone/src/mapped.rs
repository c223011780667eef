//! Any other system's CSV, one row a leg, read as a mapping file says.

mod check;
mod mapping;
mod value;

use filo_channel::{Decode, DecodeParts, Decoded, Raw, Rejected};
use filo_domain::{
    CityZone,
    legs::{Leg, LegOrigin, WAIT_FROM_TIMES, WAIT_MISMATCH, WAIT_TOLERANCE_S, normal_caller, normal_choice},
    vocabulary::{CallOutcome, Word},
};

pub(crate) use self::check::MappedLook;
pub use self::mapping::{Column, DurationUnit, Mapping, MappingError};
use self::value::{local_time, seconds};
use crate::{
    local_time::{AMBIGUOUS, LocalTime, Span, epoch_of_id},
    text::{Line, Place, Splitter, likely_delimiter},
};

/// Decodes the files of one source by its mapping. A row that does not fit is refused with its line number, and
/// the rest is read.
pub struct Mapped {
    mapping: Mapping,
    zone: CityZone,
}

impl Mapped {
    /// The decoder of a mapping; local times are in the mapping's zone, else in the city's.
    ///
    /// # Errors
    /// When the mapping names an unknown zone.
    pub fn new(mapping: Mapping, city: CityZone) -> Result<Self, MappingError> {
        let zone = mapping.zone.as_deref().map_or(Ok(city), CityZone::parse)?;
        Ok(Self { mapping, zone })
    }
}

impl Decode for Mapped {
    fn decode(&self, raw: &Raw) -> Vec<Result<Decoded, Rejected>> {
        self.parts().part(&raw.bytes)
    }
    fn in_parts(&self) -> Option<Box<dyn DecodeParts + '_>> {
        Some(Box::new(self.parts()))
    }
}

/// A file read in parts: what its first line said.
struct Parts<'a> {
    mapped: &'a Mapped,
    place: Place,
    head: Option<Head>,
}

/// How the rows are split, and the names of the columns where the file has them.
struct Head {
    splitter: Splitter,
    names: Vec<String>,
}

impl DecodeParts for Parts<'_> {
    fn part(&mut self, bytes: &[u8]) -> Vec<Result<Decoded, Rejected>> {
        let Self { mapped, place, head } = self;
        place.each(bytes, |line| match head {
            Some(head) => Some(mapped.unit(&line, head)),
            None => {
                let head = head.insert(mapped.head(&line));
                (!mapped.mapping.header).then(|| mapped.unit(&line, head))
            }
        })
    }
}

/// One row with what is needed to find a column in it.
struct Row<'a> {
    mapping: &'a Mapping,
    header: &'a [String],
    fields: Vec<String>,
}

impl Mapped {
    pub(crate) fn zone(&self) -> &CityZone {
        &self.zone
    }
    fn parts(&self) -> Parts<'_> {
        Parts { mapped: self, place: Place::default(), head: None }
    }

    fn head(&self, first: &Line<'_>) -> Head {
        let delimiter = self.mapping.delimiter_byte().unwrap_or_else(|| likely_delimiter(&first.text));
        let mut splitter = Splitter::new(delimiter);
        let names = if self.mapping.header { splitter.fields(&first.text) } else { None };
        Head { splitter, names: names.unwrap_or_default() }
    }

    fn unit(&self, line: &Line<'_>, head: &mut Head) -> Result<Decoded, Rejected> {
        let fields = head.splitter.fields(&line.text).ok_or_else(|| line.open_quote())?;
        let row = Row { mapping: &self.mapping, header: &head.names, fields };
        let leg = self.leg(&row).map_err(|why| line.rejected("row_refused", why))?;
        Ok(Decoded::Leg(Box::new(leg)))
    }

    fn leg(&self, row: &Row<'_>) -> Result<Leg, String> {
        let call_id = row.text("call_id")?.ok_or("the call id is empty")?;
        let queue = row.text("queue")?.or(self.mapping.constants.queue.clone()).unwrap_or_default();
        let entered = self.time(row, "entered_at")?.ok_or("the time of entry is empty")?;
        let (wait, talk) = (row.duration("wait")?, row.duration("talk")?);
        let (answered, ended) = (self.time(row, "answered_at")?, self.time(row, "ended_at")?);
        let span = self.span(&call_id, entered, answered, ended, wait, talk);
        let answered_at = answered.map(|time| time.at_or_after(span.start));
        let outcome =
            row.outcome()?.unwrap_or(inferred(answered_at.is_some() || talk.is_some_and(|s| s > 0)));
        let before_talk = span.end.zip(talk).map(|(end, talk)| end.plus_seconds(-talk));
        let from_times =
            if outcome == CallOutcome::Answered { answered_at.or(before_talk) } else { span.end };
        let reckoned = from_times.map(|at| at.seconds_since(span.start)).filter(|wait| *wait >= 0);
        let waited = !matches!(outcome, CallOutcome::Unknown | CallOutcome::SelfServed);
        let wait_s = wait.or(reckoned).filter(|_| waited);
        let talk_s = talk.filter(|_| outcome == CallOutcome::Answered);
        let told_s = wait_s.filter(|_| talk_s.is_some() || outcome != CallOutcome::Answered);
        let told_s = told_s.map(|wait| wait + talk_s.unwrap_or(0));
        let ended_at = ended.and(span.end).or(told_s.map(|told| span.start.plus_seconds(told)));
        let mismatch = wait.zip(reckoned).is_some_and(|(a, b)| (a - b).abs() > WAIT_TOLERANCE_S);
        let flags = [
            (span.ambiguous, AMBIGUOUS),
            (wait.is_none() && wait_s.is_some(), WAIT_FROM_TIMES),
            (mismatch, WAIT_MISMATCH),
        ];
        Ok(Leg {
            caller: row.text("caller")?.as_deref().and_then(normal_caller),
            outcome,
            wait_s,
            talk_s,
            ended_at: ended_at.filter(|_| outcome != CallOutcome::Unknown),
            transferred_to: row.text("transferred_to")?,
            agent: row.text("agent")?,
            choice: row.text("ivr_choice")?.as_deref().and_then(normal_choice),
            flags: flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag.to_owned()).collect(),
            ..Leg::new(&call_id, &queue, span.start, LegOrigin::Log)
        }
        .whole())
    }

    /// The leg's start and end; where the clocks were set back, in the reading that its durations confirm.
    fn span(
        &self,
        call_id: &str,
        entered: LocalTime,
        answered: Option<LocalTime>,
        ended: Option<LocalTime>,
        wait: Option<i64>,
        talk: Option<i64>,
    ) -> Span {
        let made_at = epoch_of_id(call_id);
        match (ended, answered, wait) {
            (Some(ended), _, wait) => {
                Span::of(entered, Some(ended), wait.map(|wait| wait + talk.unwrap_or(0)), made_at)
            }
            (None, Some(answered), Some(wait)) => {
                Span { end: None, ..Span::of(entered, Some(answered), Some(wait), made_at) }
            }
            (None, _, _) => Span::of(entered, None, None, made_at),
        }
    }

    fn time(&self, row: &Row<'_>, name: &str) -> Result<Option<LocalTime>, String> {
        let Some(text) = row.text(name)? else { return Ok(None) };
        let read = local_time(&text, &self.mapping.times, &self.zone);
        read.map(Some).ok_or_else(|| format!("{name} is no time: {text:?}"))
    }
}

impl Row<'_> {
    /// The text of a mapped column; `None` when it is not mapped or empty in this row.
    fn text(&self, name: &str) -> Result<Option<String>, String> {
        let column = self.mapping.columns.get(name);
        let text = column.map(|column| self.read(column)).transpose()?;
        Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }
    fn read(&self, column: &Column) -> Result<String, String> {
        let place = match column {
            Column::Name(name) => self.header.iter().position(|own| own.eq_ignore_ascii_case(name)),
            Column::Number(number) => number.checked_sub(1),
            Column::Several(columns) => {
                let parts = columns.iter().map(|part| self.read(part)).collect::<Result<Vec<_>, _>>()?;
                return Ok(parts.join(" "));
            }
        };
        let place = place.ok_or_else(|| format!("the file has no column {column:?}"))?;
        self.fields.get(place).cloned().ok_or_else(|| format!("the row ends before column {column:?}"))
    }
    fn duration(&self, name: &str) -> Result<Option<i64>, String> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let read = seconds(&text, self.mapping.durations);
        read.map(Some).ok_or_else(|| format!("{name} is no duration: {text:?}"))
    }
    fn outcome(&self) -> Result<Option<CallOutcome>, String> {
        let Some(text) = self.text("outcome")? else { return Ok(None) };
        let mapped = self.mapping.outcomes.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text));
        let word = mapped.map_or(text.as_str(), |(_, outcome)| outcome);
        CallOutcome::parse_word(word).map(Some).map_err(|why| why.to_string())
    }
}

/// Without a column for the outcome only an answer can be told.
fn inferred(answered: bool) -> CallOutcome {
    if answered { CallOutcome::Answered } else { CallOutcome::Unknown }
}

#[cfg(test)]
mod tests;
