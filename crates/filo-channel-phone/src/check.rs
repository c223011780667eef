//! How a file would be read, before it is: its first rows as they are understood, and what all of it does not fit.
//!
//! **Invariant:** the same code decides as in an import, so a row that is shown as understood is taken in as shown;
//! and however long the file, what is held is the rows shown and a bounded number of words.

mod look;
mod summary;

use filo_channel::Rejected;
use filo_domain::{
    CityZone,
    legs::{LegEvent, LegOrigin, LegView, calls, fold, leg_views},
    vocabulary::Word,
};
use serde::Serialize;
use serde_json::Value;

use self::look::{Look, Looks};
pub use self::summary::Summary;
pub(crate) use self::{
    look::{Remark, Said, Seen},
    summary::Columns,
};
use crate::{
    Cdr, Format, Mapped, MappingError, QueueLog, Settings,
    text::{Line, Place},
};

/// Characters of a row that are shown.
const SHOWN: usize = 2_000;

/// What reads the files of one source to show them.
pub struct Checker {
    looks: Looks,
    format: Format,
    zone: CityZone,
    source: String,
    rows: usize,
}

/// One file as understood.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// The format it was read by.
    pub format: &'static str,
    /// The zone of local times in it.
    pub zone: String,
    /// The first rows.
    pub rows: Vec<CheckedRow>,
    /// The legs that the rows shown give together, where a leg has more than one row.
    pub legs: Vec<Value>,
    /// What all rows say.
    pub summary: Summary,
}

/// One row as understood.
#[derive(Debug, Serialize)]
pub struct CheckedRow {
    /// Its line, from 1.
    pub line: usize,
    /// The row as it stands.
    pub raw: String,
    /// What was recognised in it: the field and its text.
    pub fields: Vec<(&'static str, String)>,
    /// The leg it is.
    pub leg: Option<Value>,
    /// The event of a leg that it tells of.
    pub event: Option<LegEvent>,
    /// Why it gives no unit, such as a header or an agent's pause.
    pub no_unit: Option<&'static str>,
    /// Why it would be refused.
    pub refused: Option<Refused>,
}

/// Why a row would go to the quarantine.
#[derive(Debug, Serialize)]
pub struct Refused {
    /// The reason, one word.
    pub reason: &'static str,
    /// The line and what is wrong with it.
    pub detail: String,
}

impl Checked {
    /// Whether every row is understood and the mapping finds its columns.
    pub fn is_understood(&self) -> bool {
        self.summary.refused == 0 && self.summary.columns_missing.is_empty()
    }
}

impl Checker {
    /// A reader of files of a format that shows so many rows of each.
    ///
    /// # Errors
    /// As [`crate::decoder`].
    pub fn new(format: Format, settings: Settings, source: &str, rows: usize) -> Result<Self, MappingError> {
        let Settings { zone, agent_channels, layout, mapping, ivr_event, ivr_column } = settings;
        let source = source.to_owned();
        let (looks, zone) = match format {
            Format::QueueLog => (Looks::QueueLog(QueueLog { zone: zone.clone(), ivr_event }), zone),
            Format::Cdr => (Looks::Cdr(Cdr { zone: zone.clone(), agent_channels, layout, ivr_column }), zone),
            Format::Csv => {
                let mapped = Mapped::new(mapping.ok_or(MappingError::Missing)?, zone)?;
                let zone = mapped.zone().clone();
                (Looks::Mapped(Box::new(mapped)), zone)
            }
        };
        Ok(Self { looks, format, zone, source, rows })
    }

    /// Begins a file.
    pub fn file(&self) -> FileCheck<'_> {
        let shown = Shown { rows: vec![], events: vec![] };
        FileCheck {
            checker: self,
            look: self.looks.look(),
            place: Place::default(),
            shown,
            summary: Summary::default(),
        }
    }
}

/// A file on its way.
pub struct FileCheck<'a> {
    checker: &'a Checker,
    look: Look<'a>,
    place: Place,
    shown: Shown,
    summary: Summary,
}

struct Shown {
    rows: Vec<CheckedRow>,
    events: Vec<LegEvent>,
}

impl FileCheck<'_> {
    /// Takes the next bytes, which end with a line unless they are the last.
    pub fn piece(&mut self, bytes: &[u8]) {
        let Self { checker, look, place, shown, summary } = self;
        place.each(bytes, |line| {
            let wanted = shown.rows.len() < checker.rows;
            let seen = look.at(&line, wanted);
            summary.count(&seen);
            if wanted {
                shown.add(&line, seen, &checker.source);
            }
            None::<()>
        });
    }

    /// What was seen.
    pub fn finish(self) -> Checked {
        let Self { checker, look, shown, mut summary, .. } = self;
        let mut legs = fold(shown.events, LegOrigin::Log).legs;
        let (columns, rows_of_records) = look.finish();
        legs.extend(rows_of_records);
        summary.set_columns(columns);
        let calls = calls(legs);
        let legs = leg_views(&checker.source, &calls).map(|view| shown_as(&view)).collect();
        let (format, zone) = (checker.format.word(), checker.zone.name().to_owned());
        Checked { format, zone, rows: shown.rows, legs, summary }
    }
}

impl Shown {
    fn add(&mut self, line: &Line<'_>, seen: Seen, source: &str) {
        let raw = line.text.chars().take(SHOWN).collect();
        let fields = seen.fields;
        let mut row = CheckedRow {
            line: line.number,
            raw,
            fields,
            leg: None,
            event: None,
            no_unit: None,
            refused: None,
        };
        match seen.said {
            Said::Leg(leg) => row.leg = Some(shown_as(&LegView::new(source, 1, &leg))),
            Said::Event(event) => {
                self.events.push(event.clone());
                row.event = Some(event);
            }
            Said::Record => {}
            Said::Nothing(why) => row.no_unit = Some(why),
            Said::Refused(Rejected { reason, detail, .. }) => row.refused = Some(Refused { reason, detail }),
        }
        self.rows.push(row);
    }
}

fn shown_as(view: &LegView<'_>) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}

#[cfg(test)]
mod tests;
