//! What suppliers cost.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::At;

/// Monthly totals to enter.
#[derive(ToSchema)]
pub struct CostRows {
    /// The rows: `supplier` of `costs.toml`, `month` that has begun as `YYYY-MM`, the month's total as `amount_cents` (a
    /// whole number) or as `amount_eur` (a text such as `1234.50`, or whole euros), `source` in at most 200 characters,
    /// and `note` in at most 500 or none. A row that does not keep to this is quarantined with the reason, and the
    /// others are taken.
    #[schema(max_items = 10000)]
    pub items: Vec<BTreeMap<String, Value>>,
}

/// What a supplier cost in a month.
#[derive(ToSchema)]
pub struct Cost {
    /// The supplier.
    pub supplier: String,
    /// Its name, by language; null once the city no longer names it.
    pub label: Option<BTreeMap<String, String>>,
    /// `YYYY-MM`.
    #[schema(max_length = 7)]
    pub month: String,
    /// The month's total in cents.
    #[schema(minimum = 0)]
    pub amount_cents: i64,
    /// `EUR`.
    #[schema(max_length = 3)]
    pub currency: String,
    /// Whence it was taken.
    #[schema(max_length = 200)]
    pub source: String,
    /// What a reader should know.
    #[schema(max_length = 500)]
    pub note: Option<String>,
    /// Which of the month's totals it is, from 1; every further one is a correction.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When it was entered.
    pub imported_at: At,
}

/// Which costs to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CostQuery {
    /// Of one supplier.
    pub supplier: Option<String>,
    /// The first month, `YYYY-MM`.
    #[param(max_length = 7)]
    pub from: Option<String>,
    /// The last month.
    #[param(max_length = 7)]
    pub to: Option<String>,
    /// Whether amounts that were corrected since are listed too; they are not.
    pub superseded: Option<bool>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From `next_cursor` of the page before.
    #[param(max_length = 200)]
    pub cursor: Option<String>,
}
