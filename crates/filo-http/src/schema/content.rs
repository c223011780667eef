//! The content of tickets and what the city configures for it: fields, templates, reasons, mentions, units.

use filo_domain::vocabulary as words;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{At, one_of};

/// Something doubtful in an answer.
#[derive(ToSchema)]
pub struct Warning {
    /// The stable code: `fiscal_code`.
    #[schema(max_length = 50)]
    pub code: String,
    /// What it is about.
    pub detail: String,
}

/// A user named in a note.
#[derive(ToSchema)]
pub struct Mentioned {
    /// The id.
    pub user_id: Uuid,
    /// The log-in name.
    #[schema(max_length = 64)]
    pub name: String,
}

/// A mention of the caller.
#[derive(ToSchema)]
pub struct Mention {
    /// Its id.
    pub id: Uuid,
    /// When it was written.
    pub at: At,
    /// The ticket.
    pub ticket_id: Uuid,
    /// The ticket's number.
    pub ticket_number: String,
    /// The note.
    pub message_id: Uuid,
    /// When it was read.
    pub read_at: Option<At>,
}

/// Which mentions to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MentionQuery {
    /// `true` for those not read yet, `false` for the others.
    pub unread: Option<bool>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// A text in the city's languages.
#[derive(ToSchema)]
pub struct Label {
    /// Italian.
    pub it: String,
    /// English; null where Italian stands for it.
    pub en: Option<String>,
}

/// A template for replies.
#[derive(ToSchema)]
pub struct ReplyTemplate {
    /// Its key.
    pub key: String,
    /// What it is called.
    pub label: Label,
    /// The channels it is for; all where there is none.
    pub channels: Vec<String>,
    /// The themes it is for; all where there is none.
    pub themes: Vec<String>,
    /// The kinds it is for; all where there is none.
    pub kinds: Vec<String>,
    /// The languages it is written in.
    pub languages: Vec<String>,
}

/// For what templates are asked.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// The channel of the ticket.
    pub channel: Option<String>,
    /// The theme of the ticket.
    pub theme: Option<String>,
    /// What it asks for.
    pub kind: Option<String>,
}

/// Which template, in which language.
#[derive(ToSchema)]
pub struct PreviewRequest {
    /// The key.
    #[schema(max_length = 100)]
    pub template: String,
    /// `it` or `en`; by default the city's first language.
    #[schema(max_length = 2)]
    pub language: Option<String>,
}

/// A reply before it is sent.
#[derive(ToSchema)]
pub struct ReplyPreview {
    /// The text.
    pub body: String,
    /// What to look at before it leaves.
    pub warnings: Vec<Warning>,
}

/// A reason for a resolution, in the city's words.
#[derive(ToSchema)]
pub struct ResolutionReason {
    /// Its key.
    pub key: String,
    /// Its words.
    pub label: Label,
    /// The outcome it stands for.
    #[schema(schema_with = one_of::<words::Outcome>)]
    pub outcome: String,
    /// The kinds it is for; all where there is none.
    pub kind: Vec<String>,
    /// The themes it is for; all where there is none.
    pub theme: Vec<String>,
}

/// For what reasons are asked.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReasonQuery {
    /// How the ticket ends.
    pub outcome: Option<String>,
    /// What it asks for.
    pub kind: Option<String>,
    /// Its theme.
    pub theme: Option<String>,
}

/// A custom field of a theme's tickets.
#[derive(ToSchema)]
pub struct ThemeField {
    /// Its key, as in `{"fields":{"plate":…}}`.
    pub key: String,
    /// `text`, `long_text`, `email`, `phone`, `fiscal_code`, `date`, `choice`, `number` or `yes_no`.
    #[schema(rename = "type")]
    pub field_type: String,
    /// Its label.
    pub label: Label,
    /// Help under the label.
    pub hint: Option<Label>,
    /// Whether it must be given.
    pub required: bool,
    /// The most characters; null for the type's own limit.
    pub max_length: Option<i32>,
    /// The choices of a `choice`.
    pub choices: Vec<Value>,
    /// `themes` when the choices are the city's themes.
    pub source: Option<String>,
}

/// A theme.
#[derive(ToSchema)]
pub struct Theme {
    /// Its key: `tributi`, or `tributi/tari` for a part of it.
    pub key: String,
    /// Its name.
    pub label: Label,
    /// The competent unit.
    pub unit: String,
    /// The custom fields of its tickets.
    pub fields: Vec<ThemeField>,
}

/// A unit.
#[derive(ToSchema)]
pub struct Unit {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Support level.
    #[schema(schema_with = one_of::<words::Level>)]
    pub level: String,
    /// `team`, `directorate` or `task_force`.
    pub kind: String,
    /// Its first day; null for ever before.
    #[schema(format = Date)]
    pub valid_from: Option<String>,
    /// The first day on which it is no more; null while it lasts.
    #[schema(format = Date)]
    pub valid_to: Option<String>,
    /// Who took its work over.
    pub successor: Option<String>,
    /// Who of it gets a ticket that comes to it: `none`, `round_robin` or `least_loaded`.
    pub assignment: String,
    /// Open tickets that are still with it though it ended; absent in lists.
    pub stranded: Option<i64>,
}

/// Which units to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UnitQuery {
    /// Only those of a local day, `YYYY-MM-DD`.
    pub on: Option<String>,
}

/// To whom the tickets of an ended unit go.
#[derive(ToSchema)]
pub struct HandOver {
    /// The unit; by default the successor.
    #[schema(max_length = 100)]
    pub to: Option<String>,
}

/// What a hand-over did.
#[derive(ToSchema)]
pub struct HandedOver {
    /// Who has the tickets now.
    pub to: String,
    /// How many were handed over.
    pub handed_over: i64,
    /// The unit after it.
    pub unit: Unit,
}
