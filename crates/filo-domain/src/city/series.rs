//! Monthly series that are imported, in `series.toml`: appointments, certificates, portal visits, posts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ConfigError, File, check_keys};
use crate::form::Localised;

/// A series of monthly volumes that another system counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Its stable key.
    pub key: String,
    /// What it counts.
    pub label: Localised,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllSeries {
    #[serde(default)]
    series: Vec<Series>,
}

/// Reads the series; a city that imports none needs no file.
pub(super) fn read(files: &BTreeMap<String, String>) -> Result<Vec<Series>, ConfigError> {
    const NAME: &str = "series.toml";
    let Some(text) = files.get(NAME) else { return Ok(vec![]) };
    let file = File { name: NAME, text };
    let AllSeries { series } = file.read()?;
    check_keys(&file, "series", series.iter().map(|it| it.key.as_str()))?;
    Ok(series)
}
