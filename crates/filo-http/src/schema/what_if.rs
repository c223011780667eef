//! A past period under other definitions, another calendar or other targets.

use serde_json::Value;
use utoipa::ToSchema;

use super::At;

/// What is supposed: one of definitions, calendar and targets at least.
#[derive(ToSchema)]
pub struct WhatIfRequest {
    /// `YYYY-MM` or `YYYY`.
    #[schema(max_length = 7, pattern = "^[0-9]{4}(-[0-9]{2})?$")]
    pub period: String,
    /// As a file of `indicators/`: `report` with the parameters that change, `indicator` with the indicators that change
    /// (by `key`, with what changes of them) or are new.
    #[schema(required = false, nullable)]
    pub definitions: Option<serde_json::Map<String, Value>>,
    /// As `calendar.toml`: the opening hours of measures that count them.
    #[schema(required = false, nullable)]
    pub calendar: Option<serde_json::Map<String, Value>>,
    /// As the rows of `scorecard-YYYY.toml`: `key`, `target` and, where the year's table does not say, `rule`.
    #[schema(required = false, max_items = 1000)]
    pub targets: Vec<serde_json::Map<String, Value>>,
}

/// A set of definitions and the digest of what it says.
#[derive(ToSchema)]
pub struct SetVersion {
    /// Its name.
    #[schema(max_length = 100)]
    pub set: String,
    /// SHA-256.
    #[schema(max_length = 64)]
    pub version: String,
}

/// One thing that is supposed otherwise.
#[derive(ToSchema)]
pub struct WhatIfChange {
    /// `parameter`, `indicator`, `calendar` or `target`.
    #[schema(max_length = 20)]
    pub what: String,
    /// Which one; empty for the calendar.
    #[schema(max_length = 100)]
    pub key: String,
    /// As it is; null when there is none.
    pub from: Value,
    /// As it is supposed.
    pub to: Value,
}

/// An indicator as published and as supposed.
#[derive(ToSchema)]
pub struct WhatIfIndicator {
    /// Its key.
    #[schema(max_length = 100)]
    pub key: String,
    /// Its name.
    #[schema(max_length = 300)]
    pub label: String,
    /// What it counts in.
    #[schema(max_length = 20)]
    pub unit: String,
    /// Value, text, counts, target and result as published; null for a new indicator.
    pub current: Option<Value>,
    /// The same as supposed.
    pub supposed: Value,
    /// Supposed − current, unrounded.
    pub difference: Option<f64>,
    /// With its sign; shares in percentage points.
    #[schema(max_length = 50)]
    pub difference_text: Option<String>,
}

/// A period as published and as supposed. Nothing was written.
#[derive(ToSchema)]
pub struct WhatIf {
    /// `filo.what-if/1`.
    #[schema(max_length = 64)]
    pub schema: String,
    /// `YYYY-MM` or `YYYY`.
    #[schema(max_length = 7)]
    pub period: String,
    /// The instant as at which everything is known.
    pub as_of: At,
    /// The definitions in force.
    pub definitions: SetVersion,
    /// The supposed ones.
    pub supposed_definitions: SetVersion,
    /// What is supposed otherwise, thing by thing.
    #[schema(max_items = 1000)]
    pub changes: Vec<WhatIfChange>,
    /// Every indicator.
    #[schema(max_items = 1000)]
    pub indicators: Vec<WhatIfIndicator>,
}
