//! The figures of a report by their place: which there are, and the one at a place in the month or beside it.
//!
//! **Invariant:** a place is a pattern (`/channels/*/inbound`) with the keys of its rows (`phone`), so that the same
//! figure is found in every part of the report although its rows stand in another order there. Start at [`Figures`].

use filo_indicators::report::{self, row_key};
use serde::Serialize;
use serde_json::Value;

/// Fields that tell rows apart or state a parameter: numbers, but no figures.
const PARAMETERS: [&str; 6] = ["upper_days", "threshold_s", "window_days", "rating", "weekday", "hour"];
/// What the report says of itself: `null` there is no unknown figure.
const HEADER: [&str; 3] = ["/revision", "/reason", "/chain_root"];

/// The parts of a report that carry the same blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Month,
    YearToDate,
    PreviousMonth,
    SameMonthLastYear,
}

impl Part {
    pub(crate) const ALL: [Self; 4] =
        [Self::Month, Self::YearToDate, Self::PreviousMonth, Self::SameMonthLastYear];
    /// Where its blocks stand.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Month => "",
            Self::YearToDate => "/year_to_date",
            Self::PreviousMonth => "/comparison/previous_month",
            Self::SameMonthLastYear => "/comparison/same_month_last_year",
        }
    }
    /// Its name in the printed forms.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::YearToDate => "year_to_date",
            Self::PreviousMonth => "previous_month",
            Self::SameMonthLastYear => "same_month_last_year",
        }
    }
    /// The part that a place of the report is in, and the pattern within it.
    pub(crate) fn split(place: &str) -> (Self, &str) {
        let twins = Self::ALL.into_iter().filter(|part| *part != Self::Month);
        let mut found = twins.filter_map(|twin| Some((twin, place.strip_prefix(twin.prefix())?)));
        found.next().unwrap_or((Self::Month, place))
    }
}

/// What a number counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Count,
    Share,
    Seconds,
    Days,
    Points,
    /// Time worked: seconds, of which there are so many that they are told in minutes.
    Work,
    /// Euro cents.
    Cents,
    /// One count divided by another that it is no part of.
    Quotient,
}

impl Unit {
    /// By the name of the field, as the contract names them.
    pub(crate) fn of(pattern: &str) -> Self {
        let key = pattern.rsplit('/').next().unwrap_or_default();
        let ends = |ends: &[&str]| ends.iter().any(|end| key.ends_with(end));
        match key {
            "share" | "rate" | "coverage" | "share_of_all_tickets" => Self::Share,
            "rating" => Self::Points,
            "mean" if pattern.starts_with("/ratings") => Self::Points,
            "handled_s" => Self::Work,
            _ if ends(&["_cents"]) => Self::Cents,
            _ if ends(&["_share", "_rate"]) => Self::Share,
            _ if ends(&["_s"]) => Self::Seconds,
            _ if ends(&["_days"]) => Self::Days,
            _ => Self::Count,
        }
    }
    /// Its name in the tables, as in an explanation.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Share => "share",
            Self::Seconds | Self::Work => "s",
            Self::Cents => "cents",
            Self::Days => "d",
            Self::Points => "points",
            Self::Quotient => "quotient",
        }
    }
}

/// A number of the report, or a figure that is unknown.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) part: Part,
    pub(crate) pointer: String,
    /// The pointer within its part, `*` for rows.
    pub(crate) pattern: String,
    /// The keys of those rows.
    pub(crate) keys: Vec<String>,
    pub(crate) value: Value,
}

impl Leaf {
    fn of(leaf: report::Leaf) -> Self {
        let report::Leaf { pointer, place, rows, value } = leaf;
        let (part, pattern) = Part::split(&place);
        Self { part, pointer, pattern: pattern.to_owned(), keys: rows, value }
    }
    /// Whether it is a figure: no bound or threshold, and nothing that the report says of itself.
    pub(crate) fn is_figure(&self) -> bool {
        let key = self.pattern.rsplit('/').next().unwrap_or_default();
        !PARAMETERS.contains(&key) && !report::is_header(&self.pattern)
    }
}

/// A figure as it is printed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    /// `None` is unknown.
    pub(crate) value: Option<f64>,
    pub(crate) unit: Unit,
    /// Where it stands; `None` for a row that this part does not have.
    pub(crate) pointer: Option<String>,
}

/// A report, to be read by places.
#[derive(Clone, Debug)]
pub(crate) struct Figures(Value);

impl Figures {
    /// # Errors
    /// Only the serializer's own.
    pub(crate) fn of(report: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_value(report).map(Self)
    }

    /// Every number and every unknown figure, in the report's order.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        let told_of_itself = |leaf: &report::Leaf| {
            leaf.pointer.starts_with("/changes/")
                || (leaf.value.is_null() && HEADER.contains(&leaf.pointer.as_str()))
        };
        let own = report::leaves(&self.0).into_iter().filter(|leaf| !told_of_itself(leaf));
        own.map(Leaf::of).collect()
    }

    /// The rows of a list in one part, each an object.
    pub(crate) fn rows(&self, part: Part, list: &str) -> &[Value] {
        let rows = self.0.pointer(&format!("{}{list}", part.prefix())).and_then(Value::as_array);
        rows.map(Vec::as_slice).unwrap_or_default()
    }

    /// The keys of a list's rows in all parts: the month's first, then what only the others have.
    pub(crate) fn keys(&self, list: &str, outer: &[String]) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for part in Part::ALL {
            let rows = self.resolve(part, list, outer).ok().and_then(|(_, value)| value.as_array());
            for key in rows.into_iter().flatten().map(row_key) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }

    /// The figure at a place; `None` when the report has no such place. A row that a part lacks counts 0: nothing
    /// of it came in. A figure that a part does not have at all is unknown there.
    pub(crate) fn cell(&self, part: Part, pattern: &str, keys: &[String]) -> Option<Cell> {
        let unit = Unit::of(pattern);
        match self.resolve(part, pattern, keys) {
            Ok((pointer, value)) => Some(Cell { value: value.as_f64(), unit, pointer: Some(pointer) }),
            Err(Absent::Row { has_others }) => {
                let zero = [Unit::Count, Unit::Work].contains(&unit) || (unit == Unit::Share && has_others);
                Some(Cell { value: zero.then_some(0.0), unit, pointer: None })
            }
            Err(Absent::Place) if part == Part::Month => None,
            Err(Absent::Place) => Some(Cell { value: None, unit, pointer: None }),
        }
    }

    /// The clock of the duration that a place belongs to.
    pub(crate) fn clock(&self, pattern: &str, keys: &[String]) -> Option<&str> {
        let (duration, _statistic) = pattern.rsplit_once('/')?;
        let (_pointer, value) = self.resolve(Part::Month, &format!("{duration}/clock"), keys).ok()?;
        value.as_str()
    }

    fn resolve(&self, part: Part, pattern: &str, keys: &[String]) -> Result<(String, &Value), Absent> {
        let mut pointer = part.prefix().to_owned();
        let mut at = self.0.pointer(&pointer).ok_or(Absent::Place)?;
        let mut keys = keys.iter();
        for segment in pattern.split('/').skip(1) {
            let step = if segment == "*" { position(at, keys.next())? } else { segment.to_owned() };
            pointer = format!("{pointer}/{step}");
            at = self.0.pointer(&pointer).ok_or(Absent::Place)?;
        }
        Ok((pointer, at))
    }
}

/// Why there is nothing at a place.
enum Absent {
    Place,
    Row { has_others: bool },
}

fn position(list: &Value, key: Option<&String>) -> Result<String, Absent> {
    let rows = list.as_array().ok_or(Absent::Place)?;
    let found = rows.iter().position(|row| key.is_some_and(|key| row_key(row) == *key));
    found.map(|index| index.to_string()).ok_or(Absent::Row { has_others: !rows.is_empty() })
}
