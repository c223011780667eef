//! One configuration file, and what is said of it when it is refused.

use std::{collections::BTreeMap, fmt};

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Why the configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The file, relative to the city's folder.
    pub file: String,
    /// The line, from 1, where it can be told.
    pub line: Option<usize>,
    /// The key with its path, such as `units.3.successor`, places counted from 0; empty for the file as a whole.
    pub key: String,
    /// What was found.
    pub found: String,
    /// What is expected.
    pub expected: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": found {}, expected {}", self.found, self.expected)
    }
}

impl ConfigError {
    /// Refuses a file as a whole.
    pub(super) fn of_file(file: &str, found: impl fmt::Display, expected: impl Into<String>) -> Self {
        let (found, expected) = (found.to_string(), expected.into());
        Self { file: file.to_owned(), line: None, key: String::new(), found, expected }
    }
}

/// A file by its path relative to the city's folder.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl<'a> File<'a> {
    pub(super) fn named(files: &'a BTreeMap<String, String>, name: &'a str) -> Result<Self, ConfigError> {
        let text = files
            .get(name)
            .ok_or_else(|| ConfigError::of_file(name, "no such file", "it in the city's folder"))?;
        Ok(Self { name, text })
    }

    /// Reads the whole file as one value.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        toml::from_str(self.text).map_err(|why| {
            let offset = why.span().map(|span| span.start);
            let (found, expected) = split(why.message());
            let key = offset.and_then(|at| self.path_at(at)).unwrap_or_default();
            ConfigError {
                file: self.name.to_owned(),
                line: offset.map(|at| self.line_of(at)),
                key,
                found,
                expected,
            }
        })
    }

    /// Refuses the value at a path such as `units.3.successor`; a part that is not there points at what holds it.
    pub(super) fn refuse(
        &self,
        path: &str,
        found: impl fmt::Display,
        expected: impl Into<String>,
    ) -> ConfigError {
        let line = self.offset_of(path).map(|at| self.line_of(at));
        ConfigError { line, key: path.to_owned(), ..ConfigError::of_file(self.name, found, expected) }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
    }

    fn root(&self) -> Option<DeValue<'a>> {
        DeTable::parse(self.text).ok().map(|table| DeValue::Table(table.into_inner()))
    }

    fn offset_of(&self, path: &str) -> Option<usize> {
        let root = self.root()?;
        let (mut value, mut offset) = (&root, None);
        for step in path.split('.') {
            let next = match step.parse::<usize>() {
                Ok(place) => value.get(place),
                Err(_a_name) => value.get(step),
            };
            let Some(next) = next else { break };
            offset = Some(next.span().start);
            value = next.get_ref();
        }
        offset
    }

    fn path_at(&self, offset: usize) -> Option<String> {
        path_within(&self.root()?, offset).map(|path| path.join("."))
    }
}

/// The path of the innermost key or value at an offset.
fn path_within(value: &DeValue<'_>, offset: usize) -> Option<Vec<String>> {
    let mut children: Vec<(String, bool, &Spanned<DeValue<'_>>)> = Vec::new();
    if let Some(table) = value.as_table() {
        children.extend(
            table.iter().map(|(key, value)| (key.get_ref().to_string(), key.span().contains(&offset), value)),
        );
    }
    if let Some(list) = value.as_array() {
        children.extend(list.iter().enumerate().map(|(place, value)| (place.to_string(), false, value)));
    }
    let deeper = children.iter().find_map(|(name, _, value)| {
        path_within(value.get_ref(), offset).map(|rest| std::iter::once(name.clone()).chain(rest).collect())
    });
    deeper.or_else(|| {
        let here = children.into_iter().find(|(_, on_key, value)| *on_key || value.span().contains(&offset));
        here.map(|(name, ..)| vec![name])
    })
}

/// Parts a message of the form «…, expected …» as serde, the TOML reader and our own types write it.
fn split(message: &str) -> (String, String) {
    if let Some(key) = message.strip_prefix("missing field ") {
        return ("nothing".to_owned(), format!("the key {key}"));
    }
    let message = message.strip_prefix("found ").unwrap_or(message);
    match message.split_once(", expected ") {
        Some((found, expected)) => (found.to_owned(), expected.to_owned()),
        None => (message.to_owned(), "a value that can be read".to_owned()),
    }
}
