//! The city's configuration as it is told: sources and forms; units and themes are in [`super::content`].

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// Where contacts come from.
#[derive(ToSchema)]
pub struct Source {
    /// The key.
    pub key: String,
    /// The label.
    pub label: String,
    /// The channel; null where each contact names its own.
    pub channel: Option<String>,
    /// The channels that operators may enter under a source without one; all of them where there is none.
    pub desk: Vec<String>,
}

/// A form, in short.
#[derive(ToSchema)]
pub struct FormInShort {
    /// The key.
    pub key: String,
    /// The title by language.
    pub title: BTreeMap<String, String>,
    /// What it is for, by language.
    pub intro: BTreeMap<String, String>,
}

/// A form with its fields.
#[derive(ToSchema)]
pub struct Form {
    /// The key.
    pub key: String,
    /// The title by language.
    pub title: BTreeMap<String, String>,
    /// What it is for, by language.
    pub intro: BTreeMap<String, String>,
    /// The fields, in order.
    pub fields: Vec<FormField>,
}

/// A field of a form.
#[derive(ToSchema)]
pub struct FormField {
    /// The key.
    pub key: String,
    /// What it takes.
    #[schema(rename = "type")]
    pub field_type: String,
    /// The label by language.
    pub label: BTreeMap<String, String>,
    /// A hint by language.
    pub hint: Option<BTreeMap<String, String>>,
    /// Whether it must be filled in.
    pub required: bool,
    /// The most characters it takes.
    pub max_length: Option<i32>,
    /// What may be chosen.
    pub choices: Vec<Choice>,
}

/// Something that may be chosen.
#[derive(ToSchema)]
pub struct Choice {
    /// The key.
    pub key: String,
    /// The label by language.
    pub label: BTreeMap<String, String>,
}

/// Whether the process lives or is ready.
#[derive(ToSchema)]
pub struct Health {
    /// `live` or `ready`.
    pub status: String,
}

/// What became of the events of a platform.
#[derive(ToSchema)]
pub struct Tally {
    /// Events found.
    pub read: i64,
    /// New or completed.
    pub accepted: i64,
    /// Known before.
    pub duplicates: i64,
    /// Not understood.
    pub quarantined: i64,
}

/// The events of a platform, as it sends them.
#[derive(ToSchema)]
pub struct PlatformEvents {
    /// What the events are about.
    pub object: Option<String>,
    /// The events.
    pub entry: Option<Vec<serde_json::Value>>,
}
