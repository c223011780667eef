//! Call detail records row by row, for whoever sets a source up.

use filo_domain::legs::Leg;

use super::{
    Cdr, call,
    row::{Columns, Row},
};
use crate::{
    check::{self, Said, Seen},
    text::{Line, Splitter, likely_delimiter},
};

/// A file being looked at.
pub(crate) struct CdrLook<'a> {
    cdr: &'a Cdr,
    splitter: Option<Splitter>,
    header: Option<Columns>,
    /// The rows that are shown.
    rows: Vec<Row>,
}

impl<'a> CdrLook<'a> {
    pub(crate) fn new(cdr: &'a Cdr) -> Self {
        Self { cdr, splitter: None, header: None, rows: vec![] }
    }

    pub(crate) fn at(&mut self, line: &Line<'_>, wanted: bool) -> Seen {
        let splitter = self.splitter.get_or_insert_with(|| Splitter::new(likely_delimiter(&line.text)));
        let (fields, said) = match self.cdr.row(line, splitter, &mut self.header) {
            Ok(None) => (vec![], Said::Nothing("the header")),
            Err(rejected) => (vec![], Said::Refused(rejected)),
            Ok(Some(row)) => {
                let fields = if wanted { row.told() } else { vec![] };
                if wanted {
                    self.rows.push(row);
                }
                (fields, Said::Record)
            }
        };
        Seen { fields, said, remarks: vec![] }
    }

    /// The legs of the records that were shown.
    pub(crate) fn finish(self) -> (check::Columns, Vec<Leg>) {
        let legs = call::legs(self.rows, &self.cdr.agent_channels);
        (check::Columns::default(), legs.into_iter().map(|(_, leg)| leg).collect())
    }
}

impl Row {
    /// What was recognised, for the eye.
    fn told(&self) -> Vec<(&'static str, String)> {
        let told = [
            ("call_id", Some(self.call_id.clone())),
            ("queue", self.queue.clone()),
            ("src", Some(self.src.clone())),
            ("dst", Some(self.dst.clone())),
            ("dstchannel", Some(self.dstchannel.clone())),
            ("start", Some(self.start.to_string())),
            ("answer", self.answer.map(|at| at.to_string())),
            ("end", Some(self.end.to_string())),
            ("disposition", Some(format!("{:?}", self.disposition))),
        ];
        let told = told.into_iter().filter_map(|(name, text)| Some((name, text?)));
        told.filter(|(_, text)| !text.is_empty()).collect()
    }
}
