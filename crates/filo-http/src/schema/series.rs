//! Monthly series that other systems count.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::At;

/// Rows to import.
#[derive(ToSchema)]
pub struct SeriesRows {
    /// The rows: `key` of the series in `series.toml`, `month` that has begun as `YYYY-MM`, `value` as a whole number,
    /// `source` in at most 200 characters, and `note` in at most 500 or none. A row that does not keep to this is
    /// quarantined with the reason, and the others are taken.
    #[schema(max_items = 10000)]
    pub items: Vec<BTreeMap<String, Value>>,
}

/// What became of an import: `read` = `accepted` + `duplicates` + `quarantined`.
#[derive(ToSchema)]
pub struct SeriesTally {
    /// Rows met.
    pub read: i64,
    /// New values and corrections.
    pub accepted: i64,
    /// Known before.
    pub duplicates: i64,
    /// Kept for a person to look at.
    pub quarantined: i64,
    /// Always 0.
    pub tickets_opened: i64,
    /// Always 0.
    pub unmatched: i64,
    /// Always 0.
    pub released: i64,
}

/// A month's value of a series.
#[derive(ToSchema)]
pub struct SeriesValue {
    /// The series.
    pub key: String,
    /// What it counts, by language; null once the city no longer names it.
    pub label: Option<BTreeMap<String, String>>,
    /// `YYYY-MM`.
    #[schema(max_length = 7)]
    pub month: String,
    /// The value.
    #[schema(minimum = 0)]
    pub value: i64,
    /// Whence it was taken.
    #[schema(max_length = 200)]
    pub source: String,
    /// What a reader should know.
    #[schema(max_length = 500)]
    pub note: Option<String>,
    /// Which of the month's values it is, from 1; every further one is a correction.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When it was imported.
    pub imported_at: At,
}

/// A month of a series behind a figure.
#[derive(ToSchema)]
pub struct SeriesBehind {
    /// The series.
    pub key: String,
    /// `YYYY-MM`.
    #[schema(max_length = 7)]
    pub month: String,
    /// The value; null while nobody has imported it, and then the figure is null too.
    #[schema(minimum = 0)]
    pub value: Option<i64>,
    /// Whence it was taken.
    #[schema(max_length = 200)]
    pub source: Option<String>,
    /// What a reader should know.
    #[schema(max_length = 500)]
    pub note: Option<String>,
    /// Which of the month's values it is.
    #[schema(minimum = 1)]
    pub revision: Option<i32>,
    /// `numerator`, `denominator_only` or `excluded`.
    #[schema(max_length = 20)]
    pub counted_in: String,
    /// Why it is left out: `no_value`.
    #[schema(max_length = 20)]
    pub reason: Option<String>,
    /// Of what a supplier cost: how it is allocated, with the method's version. Absent otherwise.
    #[schema(max_length = 60)]
    pub method: Option<String>,
}

/// Which values to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
    /// One series.
    pub key: Option<String>,
    /// The first month, `YYYY-MM`.
    #[param(max_length = 7)]
    pub from: Option<String>,
    /// The last month.
    #[param(max_length = 7)]
    pub to: Option<String>,
    /// Whether values that were corrected since are listed too; they are not.
    pub superseded: Option<bool>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From `next_cursor` of the page before.
    #[param(max_length = 200)]
    pub cursor: Option<String>,
}
