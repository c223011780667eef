//! What operators answer with: `templates/<key>.toml`, one text in each language with places that are filled in.
//!
//! The texts are read as they are: whoever fills them in checks them first with a sample.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ConfigError, File, Themes, is_key, resolutions::concerns};
use crate::{
    form::Localised,
    policy::is_within,
    vocabulary::{Channel, Kind},
};

/// A text to answer with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyTemplate {
    /// Its stable key, which is the name of its file.
    pub key: String,
    /// What it is called in a list.
    pub label: Localised,
    /// The channels it is for; all of them where there is none.
    #[serde(default, rename = "channel")]
    pub channels: Vec<Channel>,
    /// The themes it is for, sub-themes included; all of them where there is none.
    #[serde(default, rename = "theme")]
    pub themes: Vec<String>,
    /// The kinds of request it is for; all of them where there is none.
    #[serde(default, rename = "kind")]
    pub kinds: Vec<Kind>,
    /// The text by language.
    pub body: BTreeMap<String, String>,
}

impl ReplyTemplate {
    /// Whether it is offered for what is asked; what is not said excludes nothing.
    pub fn suits(&self, channel: Option<Channel>, theme: Option<&str>, kind: Option<Kind>) -> bool {
        channel.is_none_or(|channel| self.channels.is_empty() || self.channels.contains(&channel))
            && kind.is_none_or(|kind| self.kinds.is_empty() || self.kinds.contains(&kind))
            && theme.is_none_or(|theme| concerns(&self.themes, Some(theme)))
    }
    /// Whether it is for one theme more than for others.
    pub fn is_special_to(&self, theme: &str) -> bool {
        self.themes.iter().any(|wanted| is_within(theme, wanted))
    }
    /// The name of its file.
    pub fn file(&self) -> String {
        format!("templates/{}.toml", self.key)
    }
}

pub(super) fn read(
    files: &BTreeMap<String, String>,
    languages: &[String],
    themes: &Themes,
) -> Result<Vec<ReplyTemplate>, ConfigError> {
    let own = |name: &str| name.starts_with("templates/") && name.ends_with(".toml");
    let mut templates = Vec::new();
    for (name, text) in files.iter().filter(|(name, _)| own(name)) {
        let file = File { name, text };
        let template: ReplyTemplate = file.read()?;
        if !is_key(&template.key) || *name != template.file() {
            let found = format!("{:?}", template.key);
            return Err(file.refuse("key", found, "the name of the file without .toml"));
        }
        for (nth, theme) in template.themes.iter().enumerate() {
            themes.check(theme, &file, &format!("theme.{nth}"))?;
        }
        if !template.body.keys().eq(std::collections::BTreeSet::from_iter(languages)) {
            let found = format!("{:?}", template.body.keys().collect::<Vec<_>>());
            return Err(file.refuse("body", found, format!("one text for each of {languages:?}")));
        }
        templates.push(template);
    }
    Ok(templates)
}
