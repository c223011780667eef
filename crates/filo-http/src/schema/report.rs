//! Reports as JSON: the blocks are described with their indicators (`GET /indicators`), not one by one here.

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::At;

/// Which revision of a month's report, and how it is written.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Of a closed month; by default the last one.
    #[param(minimum = 1)]
    pub revision: Option<i32>,
    /// The language of the forms that people read; by default the city's first.
    #[param(max_length = 2, example = "en")]
    pub language: Option<String>,
    /// How CSV writes numbers: `it` for `;` and a decimal comma, `en` for `,` and a decimal point.
    #[param(max_length = 12, example = "it")]
    pub locale: Option<String>,
}

/// How a report is written.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FormQuery {
    /// The language of the forms that people read; by default the city's first.
    #[param(max_length = 2, example = "en")]
    pub language: Option<String>,
    /// How CSV writes numbers: `it` for `;` and a decimal comma, `en` for `,` and a decimal point.
    #[param(max_length = 12, example = "it")]
    pub locale: Option<String>,
}

/// A month and its bounds.
#[derive(ToSchema)]
pub struct ReportPeriod {
    /// `YYYY-MM`.
    #[schema(max_length = 7)]
    pub month: String,
    /// Its first instant.
    pub from: At,
    /// The first instant after it.
    pub to: At,
    /// The zone of its days.
    #[schema(max_length = 64)]
    pub zone: String,
}

/// A monthly report. Every block has the same keys in `year_to_date`.
#[derive(ToSchema)]
pub struct MonthlyReport {
    /// `filo.monthly-report/1`.
    #[schema(max_length = 64)]
    pub schema: String,
    /// The month.
    pub period: ReportPeriod,
    /// `open` or `closed`.
    #[schema(max_length = 10)]
    pub state: String,
    /// Which closing of the month this is; null while it is open.
    pub revision: Option<i32>,
    /// Why it was restated.
    pub reason: Option<String>,
    /// The instant as at which everything is known.
    pub as_of: At,
    /// When it was computed.
    pub generated_at: At,
    /// The hash of the facts it rests on.
    pub inputs_sha256: String,
    /// The root of the events' chains.
    pub chain_root: Option<String>,
    /// What waited in the quarantine at that instant, by source; absent of reports that were published before it was
    /// counted.
    #[schema(required = false)]
    pub quarantine: Option<Value>,
    /// What a restatement changed from the revision before it; absent when nothing.
    #[schema(required = false)]
    pub changes: Vec<ChangedFigure>,
    /// Contacts by channel.
    pub channels: Vec<Value>,
}

/// A figure that differs from the revision before.
#[derive(ToSchema)]
pub struct ChangedFigure {
    /// Its JSON Pointer; null when this revision does not have it any more.
    #[schema(max_length = 500)]
    pub pointer: Option<String>,
    /// The same with `*` for rows.
    #[schema(max_length = 500)]
    pub place: String,
    /// The keys of those rows.
    pub rows: Vec<String>,
    /// What the revision before said; null is unknown.
    pub before: Option<f64>,
    /// What this one says; null is unknown.
    pub after: Option<f64>,
}
