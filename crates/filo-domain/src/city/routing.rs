//! Where a contact goes first: rules in order, the first that applies decides.

use serde::Deserialize;

use super::{ConfigError, File, Profile, Source, Themes, Units};
use crate::{
    policy::is_within,
    vocabulary::{Channel, Kind, Level, Priority},
};

/// What of a contact decides where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Contact<'a> {
    /// The configured source.
    pub source: &'a str,
    /// The channel.
    pub channel: Channel,
    /// The theme key, where one is known.
    pub theme: Option<&'a str>,
    /// The kind, where one is known.
    pub kind: Option<Kind>,
    /// The district, where one is known.
    pub municipio: Option<i32>,
    /// Subject and text.
    pub text: &'a str,
}

/// Where a contact goes and what it is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The unit.
    pub unit: String,
    /// The unit's level.
    pub level: Level,
    /// The contact's own theme, else the rule's.
    pub theme: Option<String>,
    /// The contact's own kind, else the rule's.
    pub kind: Option<Kind>,
    /// How urgent it is.
    pub priority: Priority,
    /// Tags, sorted, each once.
    pub tags: Vec<String>,
}

/// The rules of `routing.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    default: DefaultRoute,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultRoute {
    unit: String,
    priority: Priority,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    when: When,
    then: Then,
}

/// One of the words of each list that is not empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct When {
    source: Vec<String>,
    channel: Vec<Channel>,
    theme: Vec<String>,
    kind: Vec<Kind>,
    /// Districts, by their numbers.
    municipio: Vec<i32>,
    /// Words or phrases of the text; case and what is no letter or digit do not matter.
    words: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Then {
    unit: Option<String>,
    theme: Option<String>,
    kind: Option<Kind>,
    priority: Option<Priority>,
    tags: Vec<String>,
}

/// What the rules say, before periods of units are looked at.
pub(super) struct Given<'a> {
    pub(super) unit: Option<&'a str>,
    pub(super) theme: Option<&'a str>,
    pub(super) kind: Option<Kind>,
    pub(super) priority: Priority,
    pub(super) tags: Vec<String>,
}

impl Routing {
    /// The unit of contacts that no rule places.
    pub fn default_unit(&self) -> &str {
        &self.default.unit
    }

    pub(super) fn route<'a>(&'a self, contact: &Contact<'a>) -> Given<'a> {
        let text = spaced_words(contact.text);
        let then = self.rules.iter().find(|rule| rule.when.applies(contact, &text)).map(|rule| &rule.then);
        let mut tags = then.map(|then| then.tags.clone()).unwrap_or_default();
        tags.sort();
        tags.dedup();
        Given {
            unit: then.and_then(|then| then.unit.as_deref()).or(Some(self.default_unit())),
            theme: contact.theme.or(then.and_then(|then| then.theme.as_deref())),
            kind: contact.kind.or(then.and_then(|then| then.kind)),
            priority: then.and_then(|then| then.priority).unwrap_or(self.default.priority),
            tags,
        }
    }
}

impl When {
    /// `text` as [`spaced_words`] makes it.
    fn applies(&self, contact: &Contact<'_>, text: &str) -> bool {
        let or_any =
            |list: &[String], meets: &dyn Fn(&String) -> bool| list.is_empty() || list.iter().any(meets);
        (self.channel.is_empty() || self.channel.contains(&contact.channel))
            && (self.kind.is_empty() || contact.kind.is_some_and(|kind| self.kind.contains(&kind)))
            && (self.municipio.is_empty()
                || contact.municipio.is_some_and(|district| self.municipio.contains(&district)))
            && or_any(&self.source, &|source| source == contact.source)
            && or_any(&self.theme, &|theme| contact.theme.is_some_and(|found| is_within(found, theme)))
            && or_any(&self.words, &|words| text.contains(&spaced_words(words)))
    }
}

/// The words in small letters with one blank before and after each, so that a phrase is found as whole words.
fn spaced_words(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |text, word| text + word + " ")
}

pub(super) fn read(
    file: &File<'_>,
    (profile, sources): (&Profile, &[Source]),
    units: &Units,
    themes: &Themes,
) -> Result<Routing, ConfigError> {
    let routing: Routing = file.read()?;
    units.check(routing.default_unit(), file, "default.unit")?;
    for (place, Rule { when, then }) in routing.rules.iter().enumerate() {
        let path = |key: &str| format!("rules.{place}.{key}");
        if let Some(unit) = &then.unit {
            units.check(unit, file, &path("then.unit"))?;
        }
        if let Some(theme) = &then.theme {
            themes.check(theme, file, &path("then.theme"))?;
        }
        for (nth, theme) in when.theme.iter().enumerate() {
            themes.check(theme, file, &path(&format!("when.theme.{nth}")))?;
        }
        let unknown = when.source.iter().position(|key| sources.iter().all(|source| source.key != *key));
        if let Some(nth) = unknown {
            let found = format!("{:?}", when.source.get(nth));
            return Err(file.refuse(
                &path(&format!("when.source.{nth}")),
                found,
                "the key of a source in city.toml",
            ));
        }
        if let Some(nth) = when.municipio.iter().position(|district| !profile.has_district(*district)) {
            let found = format!("{:?}", when.municipio.get(nth));
            return Err(file.refuse(
                &path(&format!("when.municipio.{nth}")),
                found,
                "the key of a district in city.toml",
            ));
        }
        if let Some(nth) = when.words.iter().position(|words| spaced_words(words).trim().is_empty()) {
            return Err(file.refuse(&path(&format!("when.words.{nth}")), "no word", "a word or a phrase"));
        }
    }
    Ok(routing)
}
