//! Calls by intervals.

use std::collections::BTreeMap;

use filo_domain::vocabulary as words;
use utoipa::{IntoParams, ToSchema};

use super::{At, maybe_one_of};

/// What is told of any set of calls.
#[derive(ToSchema)]
pub struct CallFigures {
    /// Calls that entered a queue.
    #[schema(minimum = 0)]
    pub offered: i64,
    /// A person answered.
    #[schema(minimum = 0)]
    pub answered: i64,
    /// The caller gave up.
    #[schema(minimum = 0)]
    pub abandoned: i64,
    /// Waits that ended here, of all calls whose end is known.
    #[schema(minimum = 0)]
    pub waits: i64,
    /// Their mean; null without any.
    pub mean_wait_s: Option<f64>,
}

/// One interval.
#[derive(ToSchema)]
pub struct CallInterval {
    /// Its first instant; null by weekday.
    pub from: Option<At>,
    /// The first instant after it; null by weekday.
    pub to: Option<At>,
    /// Its local day; null by weekday.
    #[schema(max_length = 10)]
    pub day: Option<String>,
    /// 1 is Monday.
    #[schema(minimum = 1, maximum = 7)]
    pub weekday: i32,
    /// The local time at which it begins, `HH:MM`.
    #[schema(max_length = 5)]
    pub time: String,
    /// Calls that entered their first queue in it.
    #[schema(minimum = 0)]
    pub offered: i64,
    /// A person answered.
    #[schema(minimum = 0)]
    pub answered: i64,
    /// The caller gave up.
    #[schema(minimum = 0)]
    pub abandoned: i64,
    /// Waits that ended in it, of all calls whose end is known.
    #[schema(minimum = 0)]
    pub waits: i64,
    /// Their mean; null without any.
    pub mean_wait_s: Option<f64>,
}

/// What a figure says.
#[derive(ToSchema)]
pub struct FigureDefinition {
    /// Its key in each row.
    #[schema(max_length = 40)]
    pub key: String,
    /// In words.
    pub words: String,
    /// How it is computed.
    pub formula: String,
}

/// Calls by intervals: the rows add up to the totals.
#[derive(ToSchema)]
pub struct IntervalTable {
    /// Its first instant.
    pub from: At,
    /// The first instant after it.
    pub to: At,
    /// The zone of the intervals.
    #[schema(max_length = 64)]
    pub zone: String,
    /// How long an interval is.
    pub step_minutes: i32,
    /// `time` or `weekday`.
    #[schema(max_length = 10)]
    pub by: String,
    /// Of one queue alone.
    pub queue: Option<String>,
    /// Of one theme alone.
    pub theme: Option<String>,
    /// Of one kind alone.
    #[schema(schema_with = maybe_one_of::<words::Kind>)]
    pub kind: Option<String>,
    /// Of one unit alone.
    pub unit: Option<String>,
    /// Of one level alone.
    #[schema(schema_with = maybe_one_of::<words::Level>)]
    pub level: Option<String>,
    /// Of one district alone.
    pub municipio: Option<i32>,
    /// Of one tag alone.
    pub tag: Option<String>,
    /// The instant as at which everything is known.
    pub as_of: At,
    /// What the figures say.
    #[schema(max_items = 10)]
    pub definitions: Vec<FigureDefinition>,
    /// The set of definitions and its version.
    pub version: BTreeMap<String, String>,
    /// All of it.
    pub totals: CallFigures,
    /// Every interval, those without a call too.
    #[schema(max_items = 3000)]
    pub intervals: Vec<CallInterval>,
}

/// Which intervals to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IntervalsQuery {
    /// The first local day, `YYYY-MM-DD`.
    #[param(max_length = 10)]
    pub from: String,
    /// The first local day after the last: at most 31 days on for intervals of 15 minutes, 62 for 30, 124 for 60.
    #[param(max_length = 10)]
    pub to: String,
    /// 15, 30 or 60 minutes; by default 60.
    #[param(minimum = 15, maximum = 60)]
    pub step: Option<i32>,
    /// `time` (by default) or `weekday`.
    #[param(max_length = 10)]
    pub by: Option<String>,
    /// Only calls that entered this queue first; `no_queue` for those whose queue is not known.
    #[param(max_length = 200)]
    pub queue: Option<String>,
    /// Only calls registered under this theme, with what is below it; `not_registered` and `unclassified` for the rest.
    #[param(max_length = 200)]
    pub theme: Option<String>,
    /// Only calls registered as this kind.
    #[param(max_length = 200)]
    pub kind: Option<String>,
    /// Only calls whose ticket is this unit's.
    #[param(max_length = 200)]
    pub unit: Option<String>,
    /// `I`: only calls whose ticket was never handed to level II; `II`: only those of the others.
    #[param(max_length = 2)]
    pub level: Option<String>,
    /// Only calls whose ticket is of this district.
    #[param(minimum = 1, maximum = 99)]
    pub municipio: Option<i32>,
    /// Only calls whose ticket has this tag.
    #[param(max_length = 200)]
    pub tag: Option<String>,
}
