//! Why tickets are resolved, in the city's words: `resolutions.toml`, from which operators choose.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ConfigError, File, Themes, check_keys};
use crate::{
    form::Localised,
    policy::is_within,
    vocabulary::{Kind, Outcome},
};

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolutionReason {
    /// Its stable key, which the event keeps.
    pub key: String,
    /// Its words.
    pub label: Localised,
    /// The outcome it stands for.
    pub outcome: Outcome,
    /// The kinds of request it is for; all of them where there is none.
    #[serde(default, rename = "kind")]
    pub kinds: Vec<Kind>,
    /// The themes it is for, sub-themes included; all of them where there is none.
    #[serde(default, rename = "theme")]
    pub themes: Vec<String>,
}

impl ResolutionReason {
    /// Whether it is offered for what is asked; what is not said excludes nothing.
    pub fn suits(&self, outcome: Option<Outcome>, kind: Option<Kind>, theme: Option<&str>) -> bool {
        outcome.is_none_or(|outcome| self.outcome == outcome)
            && kind.is_none_or(|kind| self.kinds.is_empty() || self.kinds.contains(&kind))
            && theme.is_none_or(|theme| concerns(&self.themes, Some(theme)))
    }
    /// Whether a ticket of this kind and theme can be resolved for it.
    pub fn applies(&self, kind: Kind, theme: Option<&str>) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind)) && concerns(&self.themes, theme)
    }
}

/// Whether a list of themes is empty or has this one, or the theme it is a part of.
pub(super) fn concerns(themes: &[String], theme: Option<&str>) -> bool {
    themes.is_empty() || theme.is_some_and(|theme| themes.iter().any(|wanted| is_within(theme, wanted)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasons {
    #[serde(default)]
    reasons: Vec<ResolutionReason>,
}

pub(super) fn read(
    files: &BTreeMap<String, String>,
    themes: &Themes,
) -> Result<Vec<ResolutionReason>, ConfigError> {
    const NAME: &str = "resolutions.toml";
    let Some(text) = files.get(NAME) else { return Ok(vec![]) };
    let file = File { name: NAME, text };
    let Reasons { reasons } = file.read()?;
    check_keys(&file, "reasons", reasons.iter().map(|reason| reason.key.as_str()))?;
    for (place, reason) in reasons.iter().enumerate() {
        for (nth, theme) in reason.themes.iter().enumerate() {
            themes.check(theme, &file, &format!("reasons.{place}.theme.{nth}"))?;
        }
    }
    Ok(reasons)
}
