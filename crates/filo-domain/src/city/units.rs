//! Who works tickets: the contact centre's teams at level I, Directorates' units and task forces at level II.
//!
//! Units have periods and successors, so that history is printed under the name of its time while new work goes to
//! who is there now.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

use super::{ConfigError, File, check_keys};
use crate::vocabulary::Level;

/// What sort of unit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// A team of the contact centre.
    Team,
    /// A Directorate or one of its units.
    Directorate,
    /// People of several units, for a while.
    TaskForce,
}

/// Who of a unit gets a ticket that comes to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assignment {
    /// Nobody: whoever takes it.
    #[default]
    None,
    /// Its users by turns.
    RoundRobin,
    /// The user with the fewest open tickets; by turns among equals.
    LeastLoaded,
}

/// A unit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Its stable key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Support level.
    pub level: Level,
    /// What sort it is.
    pub kind: UnitKind,
    /// Its first day; `None` for ever before.
    #[serde(default, deserialize_with = "date")]
    pub valid_from: Option<Date>,
    /// The first day on which it is no more; `None` while it lasts.
    #[serde(default, deserialize_with = "date")]
    pub valid_to: Option<Date>,
    /// Who took its work over.
    pub successor: Option<String>,
    /// Who of it gets a ticket that comes to it.
    #[serde(default)]
    pub assignment: Assignment,
}

pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refuse =
        |_no_date| serde::de::Error::custom(format!("found {text:?}, expected a date \"YYYY-MM-DD\""));
    text.parse().map(Some).map_err(refuse)
}

impl Unit {
    /// Whether it exists on a local day.
    pub fn is_valid_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day < to)
    }
}

/// All units, present and past.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    units: Vec<Unit>,
}

impl Units {
    /// All of them, in the order of the file.
    pub fn all(&self) -> &[Unit] {
        &self.units
    }
    /// One by its key, whatever its period.
    pub fn get(&self, key: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.key == key)
    }
    /// Who does the work of a unit on a local day: itself, or the first successor that exists then.
    pub fn on(&self, key: &str, day: Date) -> Option<&Unit> {
        // A chain of successors is no longer than the list.
        let next = |unit: &&Unit| unit.successor.as_deref().and_then(|successor| self.get(successor));
        std::iter::successors(self.get(key), next).take(self.units.len()).find(|unit| unit.is_valid_on(day))
    }
    pub(super) fn check(&self, key: &str, file: &File<'_>, path: &str) -> Result<(), ConfigError> {
        match self.get(key) {
            Some(_) => Ok(()),
            None => Err(file.refuse(path, format!("the unit {key:?}"), "the key of a unit in units.toml")),
        }
    }
    fn succeeds_itself(&self, unit: &Unit) -> bool {
        let next = |unit: &&Unit| unit.successor.as_deref().and_then(|successor| self.get(successor));
        std::iter::successors(Some(unit), next)
            .skip(1)
            .take(self.units.len())
            .any(|later| later.key == unit.key)
    }
}

pub(super) fn read(file: &File<'_>) -> Result<Units, ConfigError> {
    let units: Units = file.read()?;
    check_keys(file, "units", units.all().iter().map(|unit| unit.key.as_str()))?;
    for (place, unit) in units.all().iter().enumerate() {
        let path = |key: &str| format!("units.{place}.{key}");
        if let Some((from, to)) = unit.valid_from.zip(unit.valid_to).filter(|(from, to)| from >= to) {
            return Err(file.refuse(&path("valid_to"), to, format!("a day after {from}")));
        }
        if let Some(successor) = &unit.successor {
            units.check(successor, file, &path("successor"))?;
        }
        if units.succeeds_itself(unit) {
            return Err(file.refuse(&path("successor"), "a circle of successors", "a chain that ends"));
        }
    }
    Ok(units)
}
