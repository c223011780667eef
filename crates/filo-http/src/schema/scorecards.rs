//! The yearly table, and its rows that are entered by hand.

use filo_indicators::scorecard::{Dimension, Driver};
use serde_json::Value;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        RefOr,
        schema::{ArrayBuilder, Schema},
    },
};
use uuid::Uuid;

use super::{At, maybe_one_of, one_of};

/// A yearly scorecard.
#[derive(ToSchema)]
pub struct Scorecard {
    /// `filo.scorecard/1`.
    #[schema(max_length = 64)]
    pub schema: String,
    /// The year.
    pub year: i32,
    /// The instant as at which everything measured is known.
    pub as_of: At,
    /// One row an indicator: target, achieved, result, source, what a measured value means, what it serves, the year
    /// before, and the trend: the years before in which it had a target or a value, each with its own.
    pub rows: Vec<Value>,
}

/// A row to enter by hand.
#[derive(ToSchema)]
pub struct NewScore {
    /// The indicator's key: that of a configured row without a value, or a new one.
    #[schema(max_length = 80, pattern = "^[a-z0-9-]+$")]
    pub key: String,
    /// Of a new row: its heading.
    #[schema(required = false, nullable, min_length = 1, max_length = 500)]
    pub area: Option<String>,
    /// Of a new row: its name.
    #[schema(required = false, nullable, min_length = 1, max_length = 500)]
    pub label: Option<String>,
    /// Of a new row with a target, how its result is computed: `higher` and `lower` are better, inside a `range`, by a
    /// `date`, `yes_no`, a `reduction` below 0, a `deviation` kept small.
    #[schema(required = false, nullable, max_length = 20)]
    pub rule: Option<String>,
    /// Of a new row: what was to be reached.
    #[schema(required = false, nullable)]
    pub target: Option<NewQuantity>,
    /// What was reached.
    pub achieved: NewQuantity,
    /// Whence the value is taken.
    pub source: ScoreOrigin,
    /// What it serves.
    #[schema(required = false)]
    pub tags: Option<ScoreTags>,
    /// What a reader should know.
    #[schema(required = false, nullable, min_length = 1, max_length = 500)]
    pub note: Option<String>,
    /// The document itself, uploaded before.
    #[schema(required = false, nullable)]
    pub attachment_id: Option<Uuid>,
}

/// A quantity in words with its value.
#[derive(ToSchema)]
pub struct NewQuantity {
    /// The document's own words, such as `15,3 giorni`.
    #[schema(min_length = 1, max_length = 500)]
    pub text: String,
    /// What they stand for, in `unit`: a number (best in quotes, so that no reader makes a binary fraction of it), a day
    /// `YYYY-MM-DD`, true or false.
    pub value: Value,
    /// `=`, `<`, `<=`, `>` or `>=`; by default `=`.
    #[schema(required = false, max_length = 2)]
    pub comparator: Option<String>,
    /// `s`, `share`, `count`, `eur`, `date` or `bool`.
    #[schema(max_length = 10)]
    pub unit: String,
    /// How to read words that leave their unit out: `d`, `min_sec`, `percent`, or `words` that are no number.
    #[schema(required = false, nullable, max_length = 10)]
    pub reading: Option<String>,
}

/// Whence a value is taken.
#[derive(ToSchema)]
pub struct ScoreOrigin {
    /// The document.
    #[schema(min_length = 1, max_length = 500)]
    pub document: String,
    /// Where in it.
    #[schema(required = false, nullable, min_length = 1, max_length = 500)]
    pub section: Option<String>,
}

/// What an indicator serves, by the city's plan of objectives.
#[derive(ToSchema)]
pub struct ScoreTags {
    /// The operative programme.
    #[schema(required = false, nullable, min_length = 1, max_length = 500)]
    pub programme: Option<String>,
    /// The directorate.
    #[schema(required = false, nullable, min_length = 1, max_length = 500)]
    pub direction: Option<String>,
    /// The dimension of public value.
    #[schema(required = false, schema_with = maybe_one_of::<Dimension>)]
    pub dimension: Option<String>,
    /// The drivers of public value.
    #[schema(required = false, schema_with = drivers)]
    pub driver: Vec<String>,
}

fn drivers() -> RefOr<Schema> {
    ArrayBuilder::new().items(one_of::<Driver>()).max_items(Some(10)).into()
}

/// A revision of an entered row.
#[derive(ToSchema)]
pub struct ScoreEntry {
    /// The year of the table.
    pub year: i32,
    /// Which of the row's values it is, from 1; every further one is a correction.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When it was entered.
    pub entered_at: At,
    /// The indicator's key.
    #[schema(max_length = 80)]
    pub key: String,
    /// Of a row of its own: its heading.
    #[schema(max_length = 500)]
    pub area: Option<String>,
    /// Of a row of its own: its name.
    #[schema(max_length = 500)]
    pub label: Option<String>,
    /// How its result is computed.
    #[schema(max_length = 20)]
    pub rule: Option<String>,
    /// What was to be reached.
    pub target: Option<Quantity>,
    /// What was reached.
    pub achieved: Quantity,
    /// Whence the value is taken.
    pub source: ScoreOrigin,
    /// What it serves.
    pub tags: ScoreTags,
    /// What a reader should know.
    #[schema(max_length = 500)]
    pub note: Option<String>,
    /// The document itself.
    pub attachment_id: Option<Uuid>,
}

/// A quantity with its wording.
#[derive(ToSchema)]
pub struct Quantity {
    /// The document's own words.
    #[schema(max_length = 500)]
    pub text: String,
    /// What they stand for, in `unit`.
    pub value: Value,
    /// How a value compares with it.
    #[schema(max_length = 2)]
    pub comparator: String,
    /// What the value counts in.
    #[schema(max_length = 10)]
    pub unit: String,
}

/// Which entered rows to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ScoreEntryQuery {
    /// Of one row.
    pub key: Option<String>,
    /// Whether values that were corrected since are listed too; they are not.
    pub superseded: Option<bool>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From `next_cursor` of the page before.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}
