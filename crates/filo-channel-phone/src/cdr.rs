//! Asterisk's call detail records: the rows of one call become its legs.
//!
//! A record knows channels, not queues, so it is evidence of the second rank (`LegOrigin::Cdr`):
//! - a leg is answered when a row is `ANSWERED` and the channel it reached (`dstchannel`) belongs to a person
//!   ([`Cdr::agent_channels`]); without one an IVR or the queue itself picked up;
//! - else it is abandoned when the caller waited in a queue, or rang somebody who did not pick up
//!   (`NO ANSWER`, `BUSY`): whether the caller or a timeout ended it, a record cannot say;
//! - else it is self-served when the exchange itself picked up, no channel was ever reached and the last application
//!   was none that reaches people: the machine alone had the call;
//! - else (`FAILED`, `CONGESTION`, bridged to a channel that is nobody's) its outcome is unknown.

mod call;
mod check;
mod reading;
mod row;

use filo_channel::{Decode, DecodeParts, Decoded, Raw, Rejected};
use filo_domain::{CityZone, legs::normal_choice};

pub(crate) use self::check::CdrLook;
use self::{
    reading::{Reading, in_order},
    row::{Columns, Row},
};
use crate::text::{Line, Splitter, fields, likely_delimiter};

/// Channel technologies behind which, on a plain Asterisk, a person sits.
pub const DEFAULT_AGENT_CHANNELS: &[&str] = &["SIP/", "PJSIP/", "IAX2/", "Agent/", "SCCP/"];

/// The order of the columns where no header row names them. A row that does not have times and a disposition
/// where the layout says is read by the other layout if they are there, and refused otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `cdr_csv`: `accountcode` first, 16 to 21 columns.
    CdrCsv,
    /// `cdr_custom` as shipped: `clid` first, 19 columns.
    CdrCustom,
}

/// Decodes call detail records. All rows of a call must be in one payload.
pub struct Cdr {
    /// The zone of the times (UTC when the exchange has `usegmtime`).
    pub zone: CityZone,
    /// Beginnings of channel names behind which a person sits, such as `SIP/`.
    pub agent_channels: Vec<String>,
    /// The columns, where no header row names them.
    pub layout: Layout,
    /// The column that says what a caller chose before or instead of a queue.
    pub ivr_column: Option<String>,
}

impl Decode for Cdr {
    fn decode(&self, raw: &Raw) -> Vec<Result<Decoded, Rejected>> {
        let mut reading = Reading::new(self);
        let mut units = reading.next(&raw.bytes);
        units.extend(reading.rest());
        in_order(units)
    }
    fn in_parts(&self) -> Option<Box<dyn DecodeParts + '_>> {
        Some(Box::new(Reading::new(self)))
    }
}

impl Cdr {
    /// A row; `None` for a header row, which is kept for the rows after it.
    fn row(
        &self,
        line: &Line<'_>,
        splitter: &mut Splitter,
        header: &mut Option<Columns>,
    ) -> Result<Option<Row>, Rejected> {
        let fields = splitter.fields(&line.text).ok_or_else(|| line.open_quote())?;
        if let Some(columns) = Columns::of_header(&fields) {
            *header = Some(columns);
            return Ok(None);
        }
        let choice = |columns: &Columns| {
            let column = self.ivr_column.as_deref()?;
            columns.field(&fields, column).and_then(normal_choice)
        };
        let read = |columns: &Columns| {
            let row = Row::read(line.number, &fields, columns, &self.zone);
            row.map(|row| Row { choice: choice(columns), ..row })
        };
        let row = match header {
            Some(columns) => read(columns),
            None => {
                let [likely, other] = self.layouts(&fields);
                read(&likely).or_else(|why| read(&other).or(Err(why)))
            }
        };
        row.map(Some).map_err(|why| line.incomplete("row_not_in_layout", why))
    }

    fn layouts(&self, fields: &[String]) -> [Columns; 2] {
        let (csv, custom) = (Columns::cdr_csv(fields), Columns::cdr_custom());
        match self.layout {
            Layout::CdrCsv => [csv, custom],
            Layout::CdrCustom => [custom, csv],
        }
    }
}

/// Whether a line looks like a record or its header.
pub(crate) fn looks_like(text: &str) -> bool {
    let Some(fields) = fields(text, likely_delimiter(text)) else { return false };
    let columns = [Columns::cdr_csv(&fields), Columns::cdr_custom()];
    Columns::of_header(&fields).is_some() || columns.iter().any(|columns| columns.confirmed_by(&fields))
}

#[cfg(test)]
mod tests;
