//! A mapped file row by row, for whoever writes its mapping.

use filo_channel::Decoded;

use super::{Column, Head, Mapped, Row, mapping::NAMES, value::local_time};
use crate::{
    check::{Columns, Remark, Said, Seen},
    text::Line,
};

/// The fields that hold times.
const TIMES: [&str; 3] = ["entered_at", "answered_at", "ended_at"];

/// A file being looked at.
pub(crate) struct MappedLook<'a> {
    mapped: &'a Mapped,
    head: Option<Head>,
    /// The columns of the first row.
    width: usize,
}

impl<'a> MappedLook<'a> {
    pub(crate) fn new(mapped: &'a Mapped) -> Self {
        Self { mapped, head: None, width: 0 }
    }

    pub(crate) fn at(&mut self, line: &Line<'_>, wanted: bool) -> Seen {
        let begins = self.head.is_none();
        let head = self.head.get_or_insert_with(|| self.mapped.head(line));
        let fields = head.splitter.fields(&line.text).unwrap_or_default();
        if begins {
            self.width = fields.len();
            if self.mapped.mapping.header {
                return Seen { fields: vec![], said: Said::Nothing("the header"), remarks: vec![] };
            }
        }
        let said = match self.mapped.unit(line, head) {
            Ok(Decoded::Leg(leg)) => Said::Leg(leg),
            Ok(Decoded::LegEvent(event)) => Said::Event(event),
            Ok(Decoded::Interaction(_)) => Said::Nothing("no call"),
            Err(rejected) => Said::Refused(rejected),
        };
        let row = Row { mapping: &self.mapped.mapping, header: &head.names, fields };
        let remarks = self.mapped.remarks(&row);
        Seen { fields: if wanted { recognised(&row) } else { vec![] }, said, remarks }
    }

    /// Which columns the mapping and the file do not share.
    pub(crate) fn columns(&self) -> Columns {
        let Some(head) = &self.head else { return Columns::default() };
        let leaves: Vec<&Column> = self.mapped.mapping.columns.values().flat_map(leaves).collect();
        let missing = leaves.iter().filter(|leaf| !self.has(head, leaf)).map(|leaf| name(leaf)).collect();
        let unmapped = (0..self.width).filter(|place| !leaves.iter().any(|leaf| is_at(head, leaf, *place)));
        let unmapped = unmapped
            .map(|place| head.names.get(place).cloned().unwrap_or_else(|| (place + 1).to_string()))
            .collect();
        Columns { missing, unmapped }
    }

    fn has(&self, head: &Head, leaf: &Column) -> bool {
        (0..self.width).any(|place| is_at(head, leaf, place))
    }
}

impl Mapped {
    fn remarks(&self, row: &Row<'_>) -> Vec<Remark> {
        let text = |field: &str| row.text(field).ok().flatten();
        let no_time = |field: &&'static str| {
            let text = text(field)?;
            let read = local_time(&text, &self.mapping.times, &self.zone);
            read.is_none().then_some(Remark::NoTime(field, text))
        };
        let outcome = text("outcome").filter(|_| row.outcome().is_err());
        TIMES.iter().filter_map(no_time).chain(outcome.map(Remark::UnknownOutcome)).collect()
    }
}

fn recognised(row: &Row<'_>) -> Vec<(&'static str, String)> {
    NAMES.iter().filter_map(|field| Some((*field, row.text(field).ok()??))).collect()
}

fn leaves(column: &Column) -> Vec<&Column> {
    match column {
        Column::Several(parts) => parts.iter().flat_map(leaves).collect(),
        Column::Name(_) | Column::Number(_) => vec![column],
    }
}

fn is_at(head: &Head, leaf: &Column, place: usize) -> bool {
    match leaf {
        Column::Name(name) => head.names.get(place).is_some_and(|own| own.eq_ignore_ascii_case(name)),
        Column::Number(number) => number.checked_sub(1) == Some(place),
        Column::Several(_) => false,
    }
}

fn name(leaf: &Column) -> String {
    match leaf {
        Column::Name(name) => name.clone(),
        Column::Number(number) => number.to_string(),
        Column::Several(_) => String::new(),
    }
}
