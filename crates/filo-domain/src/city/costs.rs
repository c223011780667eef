//! What answering costs, in `costs.toml`: who is paid, how each monthly total is allocated, which budget line pays.
//!
//! **Invariant:** there is one default line, which pays for all that no other line does, and a supplier's time is only
//! measured on the phone: who handles other channels too is allocated by contacts.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::{ConfigError, File, Themes, Units, check_keys, resolutions::concerns, units::date};
use crate::{
    Period,
    form::Localised,
    vocabulary::{Channel, Word},
};

/// By what a total is shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By the time talked in the calls that a person answered.
    HandledMinutes,
    /// By the contacts that were handled, each the same.
    Contacts,
}

/// How the totals of a supplier are allocated from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// The first day of the first month it is for.
    #[serde(deserialize_with = "first_day")]
    pub valid_from: Date,
    /// By what.
    pub method: Method,
    /// Its version, printed with every figure.
    pub version: String,
}

impl Allocation {
    /// How it is printed: `handled_minutes/1`.
    pub fn name(&self) -> String {
        let method = match self.method {
            Method::HandledMinutes => "handled_minutes",
            Method::Contacts => "contacts",
        };
        format!("{method}/{}", self.version)
    }
}

/// Who is paid for answering: a contractor, the city's own staff, licences.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supplier {
    /// Its stable key.
    pub key: String,
    /// Its name.
    pub label: Localised,
    /// The channels that it is paid for.
    pub channels: Vec<Channel>,
    /// How its totals are allocated, the earliest first: it is paid from the first on.
    pub allocations: Vec<Allocation>,
    /// The first day on which it is paid no more; `None` while it lasts.
    #[serde(default, deserialize_with = "date")]
    pub valid_to: Option<Date>,
}

impl Supplier {
    /// The key under which its totals stand among the monthly series: no series of `series.toml` has a colon in its.
    pub fn series_key(&self) -> String {
        format!("{COST}{}", self.key)
    }
    /// How its total of a month is allocated; `None` where it is not paid in it.
    pub fn allocation(&self, month: Period) -> Option<&Allocation> {
        let paid = self.valid_to.is_none_or(|to| month.first_day() < to);
        let last_day = month.end_day().saturating_sub(1.day());
        self.allocations.iter().rev().find(|it| paid && it.valid_from <= last_day)
    }
    /// Whether it is paid for a channel.
    pub fn handles(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }
}

/// What the keys of costs begin with among the monthly series.
pub const COST: &str = "cost:";
/// What all amounts are in, to the cent.
pub const CURRENCY: &str = "EUR";

/// The supplier of a series' key, if it is one of costs.
pub fn supplier_of(series_key: &str) -> Option<&str> {
    series_key.strip_prefix(COST)
}

/// Who pays for what.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetLine {
    /// Its stable key.
    pub key: String,
    /// Its name.
    pub label: Localised,
    /// Its first day; `None` for ever before.
    #[serde(default, deserialize_with = "date")]
    pub valid_from: Option<Date>,
    /// The first day on which it is no more; `None` while it lasts.
    #[serde(default, deserialize_with = "date")]
    pub valid_to: Option<Date>,
    /// The themes it pays for, with what is below them; all where there is none.
    #[serde(default, rename = "theme")]
    pub themes: Vec<String>,
    /// The units whose tickets it pays for; all where there is none.
    #[serde(default, rename = "unit")]
    pub units: Vec<String>,
    /// The tags of tickets it pays for, one of them; all where there is none.
    #[serde(default, rename = "tag")]
    pub tags: Vec<String>,
}

/// What a handled contact is about, as its ticket says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// The theme.
    pub theme: Option<&'a str>,
    /// The unit.
    pub unit: Option<&'a str>,
    /// The tags.
    pub tags: &'a [String],
}

impl BudgetLine {
    fn pays_for(&self, subject: Subject<'_>, day: Date) -> bool {
        let unit = |unit: &str| self.units.iter().any(|own| own == unit);
        self.valid_from.is_none_or(|from| from <= day)
            && self.valid_to.is_none_or(|to| day < to)
            && self.says_for_what()
            && concerns(&self.themes, subject.theme)
            && (self.units.is_empty() || subject.unit.is_some_and(unit))
            && (self.tags.is_empty() || self.tags.iter().any(|tag| subject.tags.contains(tag)))
    }
    fn says_for_what(&self) -> bool {
        !(self.themes.is_empty() && self.units.is_empty() && self.tags.is_empty())
    }
}

/// Who is paid, and who pays. A city that reckons no costs has neither.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Who is paid.
    #[serde(default)]
    pub suppliers: Vec<Supplier>,
    /// Who pays; the first that pays for a contact does.
    #[serde(default)]
    pub lines: Vec<BudgetLine>,
    /// The line that pays for all the rest.
    #[serde(default)]
    pub default_line: String,
}

impl Costs {
    /// A supplier by its key.
    pub fn supplier(&self, key: &str) -> Option<&Supplier> {
        self.suppliers.iter().find(|supplier| supplier.key == key)
    }
    /// The line that pays for a contact handled on a local day.
    pub fn line_of(&self, subject: Subject<'_>, day: Date) -> &str {
        let line = self.lines.iter().find(|line| line.pays_for(subject, day));
        line.map_or(self.default_line.as_str(), |line| line.key.as_str())
    }
}

fn first_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let day = date(deserializer)?;
    let refuse = || serde::de::Error::custom("found another day, expected the first of a month");
    day.filter(|day| day.day() == 1).ok_or_else(refuse)
}

/// Reads the costs; a city that reckons none needs no file.
pub(super) fn read(
    files: &BTreeMap<String, String>,
    themes: &Themes,
    units: &Units,
) -> Result<Costs, ConfigError> {
    const NAME: &str = "costs.toml";
    let Some(text) = files.get(NAME) else { return Ok(Costs::default()) };
    let file = File { name: NAME, text };
    let costs: Costs = file.read()?;
    check_keys(&file, "suppliers", costs.suppliers.iter().map(|it| it.key.as_str()))?;
    check_keys(&file, "lines", costs.lines.iter().map(|it| it.key.as_str()))?;
    for (place, supplier) in costs.suppliers.iter().enumerate() {
        check_supplier(&file, &format!("suppliers.{place}"), supplier)?;
    }
    for (place, line) in costs.lines.iter().enumerate() {
        check_line(&file, &format!("lines.{place}"), line, &costs.default_line)?;
        for (nth, theme) in line.themes.iter().enumerate() {
            themes.check(theme, &file, &format!("lines.{place}.theme.{nth}"))?;
        }
        for (nth, unit) in line.units.iter().enumerate() {
            units.check(unit, &file, &format!("lines.{place}.unit.{nth}"))?;
        }
    }
    if !costs.suppliers.is_empty() && !costs.lines.iter().any(|line| line.key == costs.default_line) {
        let found = format!("{:?}", costs.default_line);
        return Err(file.refuse("default_line", found, "the key of a line in lines"));
    }
    Ok(costs)
}

fn check_supplier(file: &File<'_>, path: &str, supplier: &Supplier) -> Result<(), ConfigError> {
    let refuse =
        |what: &str, found: &str, expected| Err(file.refuse(&format!("{path}.{what}"), found, expected));
    if supplier.channels.is_empty() {
        return refuse("channels", "none", "at least one channel");
    }
    let ascending = supplier.allocations.is_sorted_by(|a, b| a.valid_from < b.valid_from);
    if supplier.allocations.is_empty() || !ascending {
        return refuse("allocations", "none, or not in order", "at least one, the earliest first");
    }
    if let Some(nameless) = supplier.allocations.iter().find(|it| it.version.trim().is_empty()) {
        return refuse("allocations", &nameless.name(), "a version");
    }
    let timed = supplier.allocations.iter().any(|it| it.method == Method::HandledMinutes);
    if timed && supplier.channels != [Channel::Phone] {
        let words: Vec<&str> = supplier.channels.iter().map(|channel| channel.word()).collect();
        let expected = "contacts: time is measured on the phone alone";
        return refuse("allocations", &format!("handled_minutes for {}", words.join(", ")), expected);
    }
    Ok(())
}

fn check_line(file: &File<'_>, path: &str, line: &BudgetLine, default: &str) -> Result<(), ConfigError> {
    let is_default = line.key == default;
    let dated = line.valid_from.is_some() || line.valid_to.is_some();
    if is_default && (line.says_for_what() || dated) {
        return Err(file.refuse(path, "conditions", "a default line without any: it pays for all the rest"));
    }
    if !is_default && !line.says_for_what() {
        return Err(file.refuse(path, "no theme, unit or tag", "what it pays for, or it as default_line"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
