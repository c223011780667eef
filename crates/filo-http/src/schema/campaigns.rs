//! Campaigns and their reports.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::At;

/// A campaign to report on: exactly one of `tag`, `theme` and `unit`.
#[derive(ToSchema)]
pub struct NewCampaign {
    /// Its name; without one, what it is about.
    #[schema(max_length = 200)]
    pub label: Option<String>,
    /// Tickets with this tag.
    #[schema(max_length = 100)]
    pub tag: Option<String>,
    /// Tickets of this theme, its second level included.
    #[schema(max_length = 200)]
    pub theme: Option<String>,
    /// Tickets of this unit: the unit at the resolution, or now.
    #[schema(max_length = 100)]
    pub unit: Option<String>,
    /// Its first local day.
    #[schema(format = Date, max_length = 10)]
    pub from: String,
    /// The first local day after it, at most 731 days later.
    #[schema(format = Date, max_length = 10)]
    pub to: String,
    /// The steps of the series: `day` (the default) or `week`.
    #[schema(max_length = 10)]
    pub step: Option<String>,
}

/// A campaign.
#[derive(ToSchema)]
pub struct Campaign {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    #[schema(max_length = 200)]
    pub label: String,
    /// The tag, when it is about one.
    #[schema(required = false, max_length = 100)]
    pub tag: Option<String>,
    /// The theme, when it is about one.
    #[schema(required = false, max_length = 200)]
    pub theme: Option<String>,
    /// The unit, when it is about one.
    #[schema(required = false, max_length = 100)]
    pub unit: Option<String>,
    /// Its first local day.
    #[schema(format = Date, max_length = 10)]
    pub from: String,
    /// The first local day after it.
    #[schema(format = Date, max_length = 10)]
    pub to: String,
    /// `day` or `week`.
    #[schema(max_length = 10)]
    pub step: String,
    /// When it was recorded.
    pub created_at: At,
}

/// A campaign with its report.
#[derive(ToSchema)]
pub struct CampaignWithReport {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    #[schema(max_length = 200)]
    pub label: String,
    /// The tag, when it is about one.
    #[schema(required = false, max_length = 100)]
    pub tag: Option<String>,
    /// The theme, when it is about one.
    #[schema(required = false, max_length = 200)]
    pub theme: Option<String>,
    /// The unit, when it is about one.
    #[schema(required = false, max_length = 100)]
    pub unit: Option<String>,
    /// Its first local day.
    #[schema(format = Date, max_length = 10)]
    pub from: String,
    /// The first local day after it.
    #[schema(format = Date, max_length = 10)]
    pub to: String,
    /// `day` or `week`.
    #[schema(max_length = 10)]
    pub step: String,
    /// When it was recorded.
    pub created_at: At,
    /// Its report, as known now.
    pub report: CampaignReport,
}

/// A campaign's report. Each figure opens under its JSON Pointer: `GET /reports/campaigns/{id}/contacts?pointer=`.
#[derive(ToSchema)]
pub struct CampaignReport {
    /// `filo.campaign-report/1`.
    #[schema(max_length = 64)]
    pub schema: String,
    /// What it is about, and when.
    pub campaign: Value,
    /// Its first instant.
    pub from: At,
    /// The first instant after it.
    pub to: At,
    /// The zone of its days.
    #[schema(max_length = 64)]
    pub zone: String,
    /// The instant as at which everything is known.
    pub as_of: At,
    /// The hash of the facts it rests on.
    #[schema(max_length = 64)]
    pub inputs_sha256: String,
    /// The set of definitions in force on its first day, and its version.
    pub definitions: BTreeMap<String, String>,
    /// Opened, resolved, still active and cancelled, with their shares.
    pub tickets: Value,
    /// Information, assistance and the other kinds.
    #[schema(max_items = 20)]
    pub kinds: Vec<Value>,
    /// By theme.
    #[schema(max_items = 1000)]
    pub themes: Vec<Value>,
    /// By tag.
    #[schema(max_items = 10000)]
    pub tags: Vec<Value>,
    /// Tickets and contacts by channel.
    #[schema(max_items = 20)]
    pub channels: Vec<Value>,
    /// Contacts, distinct persons, contacts of nobody known.
    pub callers: Value,
    /// The two levels.
    pub levels: Value,
    /// The units, task forces among them.
    #[schema(max_items = 1000)]
    pub units: Vec<Value>,
    /// Opening to the first response.
    pub response: Value,
    /// Opening to the first resolution.
    pub resolution: Value,
    /// What is open at the end.
    pub backlog: Value,
    /// Day by day or week by week.
    #[schema(max_items = 731)]
    pub series: Vec<Value>,
}

/// Which campaigns to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CampaignQuery {
    /// 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// From `next_cursor` of the page before.
    #[param(max_length = 200)]
    pub cursor: Option<String>,
}

/// Which figure to open.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FigureQuery {
    /// A JSON Pointer into the report, such as `/levels/I/resolved`.
    #[param(max_length = 200)]
    pub pointer: String,
}
