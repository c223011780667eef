//! What contacts are about, in two levels: `tributi`, `tributi/tari`.

use serde::Deserialize;

use super::{A_KEY, ConfigError, File, Units, is_key};
use crate::form::{Field, Localised, check_fields};

/// A theme of either level.
#[derive(Clone, Debug)]
pub struct Theme {
    /// Its key: `tributi`, or `tributi/tari` for a part of it.
    pub key: String,
    /// Its name.
    pub label: Localised,
    /// The unit that is competent.
    pub unit: String,
    /// The custom fields of its tickets: those of its theme first, then its own.
    pub fields: Vec<Field>,
}

impl Theme {
    /// The key of its first level.
    pub fn top(&self) -> &str {
        self.key.split_once('/').map_or(&self.key, |(top, _)| top)
    }
    /// Whether it is of the first level.
    pub fn is_top(&self) -> bool {
        !self.key.contains('/')
    }
}

/// All themes; each of the first level comes before its parts.
#[derive(Clone, Debug, Default)]
pub struct Themes(Vec<Theme>);

impl Themes {
    /// All of them, in the order of the file.
    pub fn all(&self) -> &[Theme] {
        &self.0
    }
    /// One by its key.
    pub fn get(&self, key: &str) -> Option<&Theme> {
        self.0.iter().find(|theme| theme.key == key)
    }
    pub(super) fn check(&self, key: &str, file: &File<'_>, path: &str) -> Result<(), ConfigError> {
        match self.get(key) {
            Some(_) => Ok(()),
            None => Err(file.refuse(path, format!("the theme {key:?}"), "the key of a theme in themes.toml")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawThemes {
    themes: Vec<RawTheme>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTheme {
    key: String,
    label: Localised,
    unit: String,
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    parts: Vec<RawPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart {
    key: String,
    label: Localised,
    /// As that of the theme when absent.
    unit: Option<String>,
    /// Besides those of the theme.
    #[serde(default)]
    fields: Vec<Field>,
}

pub(super) fn read(file: &File<'_>, units: &Units) -> Result<Themes, ConfigError> {
    let raw: RawThemes = file.read()?;
    let mut themes = Themes::default();
    for (place, theme) in raw.themes.into_iter().enumerate() {
        let path = format!("themes.{place}");
        let RawTheme { key, label, unit, fields, parts } = theme;
        let top = Theme { key: key.clone(), label, unit: unit.clone(), fields: fields.clone() };
        add(&mut themes, top, &key, file, units, &path)?;
        for (nth, part) in parts.into_iter().enumerate() {
            let part_unit = part.unit.unwrap_or_else(|| unit.clone());
            let part_fields = fields.iter().cloned().chain(part.fields).collect();
            let full_key = format!("{key}/{}", part.key);
            let full = Theme { key: full_key, label: part.label, unit: part_unit, fields: part_fields };
            add(&mut themes, full, &part.key, file, units, &format!("{path}.parts.{nth}"))?;
        }
    }
    Ok(themes)
}

fn add(
    themes: &mut Themes,
    theme: Theme,
    own_key: &str,
    file: &File<'_>,
    units: &Units,
    path: &str,
) -> Result<(), ConfigError> {
    if !is_key(own_key) {
        return Err(file.refuse(&format!("{path}.key"), format!("{own_key:?}"), A_KEY));
    }
    if themes.get(&theme.key).is_some() {
        return Err(file.refuse(&format!("{path}.key"), format!("{own_key:?} again"), "each key once"));
    }
    units.check(&theme.unit, file, &format!("{path}.unit"))?;
    let expected = "fields as forms have them, each key once in a theme and its part";
    check_fields(&theme.key, &theme.fields)
        .map_err(|why| file.refuse(&format!("{path}.fields"), why, expected))?;
    themes.0.push(theme);
    Ok(())
}
