//! What citizens read, by language: `texts/it.toml`, its tables flattened to keys such as `receipt.mail.subject`.
//!
//! **Invariant:** every language has the same keys with the same places to fill in, so that no text is missing on
//! a page. A list becomes numbered keys from 1 (`months.1`).

use std::collections::{BTreeMap, BTreeSet};

use super::{ConfigError, File};

/// The texts of all languages.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    default_language: String,
    languages: BTreeMap<String, BTreeMap<String, String>>,
}

impl Texts {
    /// The text under a key in a language, in the city's first language where that is unknown; `None` for a key
    /// that no file has.
    pub fn get(&self, language: &str, key: &str) -> Option<&str> {
        let texts = self.languages.get(language).or_else(|| self.languages.get(&self.default_language))?;
        texts.get(key).map(String::as_str)
    }

    /// As [`Self::get`], each `{name}` replaced by the value of that name. Values are put in as they are: who makes
    /// a page escapes them.
    pub fn fill(&self, language: &str, key: &str, values: &[(&str, &str)]) -> Option<String> {
        self.get(language, key).map(|text| filled(text, values))
    }

    /// All keys below a prefix with their texts: `get_all("it", "states.")`.
    pub fn below<'a>(&'a self, language: &str, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let texts = self.languages.get(language).or_else(|| self.languages.get(&self.default_language));
        texts
            .into_iter()
            .flatten()
            .filter_map(move |(key, text)| Some((key.strip_prefix(prefix)?, text.as_str())))
    }

    /// The languages there are.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.keys().map(String::as_str)
    }
}

/// Fills in from left to right, so that a value is never read for places again.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let value = after.split_once('}').and_then(|(name, tail)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, tail))
        });
        match value {
            Some((value, tail)) => {
                out.push_str(value);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

/// The names of the places to fill in.
fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

pub(super) fn read(files: &BTreeMap<String, String>, languages: &[String]) -> Result<Texts, ConfigError> {
    let mut texts =
        Texts { default_language: languages.first().cloned().unwrap_or_default(), ..Texts::default() };
    for language in languages {
        let name = format!("texts/{language}.toml");
        let file = File::named(files, &name)?;
        let mut flat = BTreeMap::new();
        flatten(&file, "", toml::Value::Table(file.read()?), &mut flat)?;
        if let Some(first) = texts.languages.get(&texts.default_language) {
            check_same(&file, first, &flat)?;
        }
        texts.languages.insert(language.clone(), flat);
    }
    Ok(texts)
}

fn flatten(
    file: &File<'_>,
    path: &str,
    value: toml::Value,
    flat: &mut BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        toml::Value::String(text) => drop(flat.insert(path.to_owned(), text)),
        toml::Value::Table(table) => {
            for (name, value) in table {
                flatten(file, &below(&name), value, flat)?;
            }
        }
        toml::Value::Array(list) => {
            for (place, value) in list.into_iter().enumerate() {
                flatten(file, &below(&(place + 1).to_string()), value, flat)?;
            }
        }
        other => return Err(file.refuse(path, other.type_str(), "a text, a list or a table of texts")),
    }
    Ok(())
}

fn check_same(
    file: &File<'_>,
    first: &BTreeMap<String, String>,
    these: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    if let Some(missing) = first.keys().find(|key| !these.contains_key(*key)) {
        return Err(file.refuse(
            missing,
            "nothing",
            format!("the text {missing:?}, as in the first language"),
        ));
    }
    for (key, text) in these {
        let Some(original) = first.get(key) else {
            return Err(file.refuse(key, "a text", "no text here, as in the first language"));
        };
        let (expected, found) = (places(original), places(text));
        if expected != found {
            return Err(file.refuse(
                key,
                format!("places {found:?}"),
                format!("{expected:?}, as in the first language"),
            ));
        }
    }
    Ok(())
}
