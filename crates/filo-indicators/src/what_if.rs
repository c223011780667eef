//! A past period under other definitions, another calendar or other targets.
//!
//! **Invariant:** a hypothesis is written as the configuration is and checked as that is; each indicator is evaluated
//! twice on the same facts, once as published and once as supposed, and a difference is that of the unrounded values.
//! Nothing is written anywhere. Start at [`Hypothesis::applied`] and [`what_if`].

use filo_domain::{CityZone, Instant, Period, calendar::Calendar};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    definition::{Definitions, Indicator, PrintUnit, Set},
    facts::Facts,
    figure::{Figure, Unit},
    number::{Number, cut, decimal_as_number, fixed, italian},
    scorecard::{Outcome, Quantity, Rule},
    view::{View, Window},
};

/// The name and version of the answer's form.
pub const SCHEMA: &str = "filo.what-if/1";

/// What is supposed. Each part is written as the file that it stands for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hypothesis {
    /// As a file of `indicators/`: `report` with the parameters that change, `indicator` with the indicators that
    /// change (by `key`, with what changes of them) or are new.
    #[serde(default)]
    pub definitions: Option<Value>,
    /// As `calendar.toml`, whole: the opening hours of measures that count them.
    #[serde(default)]
    pub calendar: Option<Value>,
    /// As the rows of `scorecard-YYYY.toml`, without what was achieved.
    #[serde(default)]
    pub targets: Vec<SupposedTarget>,
}

/// Another target of an indicator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupposedTarget {
    /// The indicator.
    pub key: String,
    /// How its result is computed; without it as in the year's table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// What was to be reached.
    pub target: Quantity,
}

/// What is wrong with a hypothesis, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {detail}")]
pub struct HypothesisError {
    /// The JSON Pointer to what is wrong.
    pub pointer: String,
    /// Why.
    pub detail: String,
}

impl HypothesisError {
    fn new(pointer: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self { pointer: pointer.into(), detail: detail.to_string() }
    }
}

/// A hypothesis put upon what is in force in a period.
#[derive(Clone, Debug)]
pub struct Supposed {
    period: Period,
    set: Set,
    calendar: Option<Calendar>,
    calendar_text: Option<Value>,
    targets: Vec<SupposedTarget>,
    rules: Vec<Rule>,
}

impl Hypothesis {
    /// Puts it upon what is in force in a period. `series` are the keys of the city's series.
    ///
    /// # Errors
    /// What is wrong, and where: as the same configuration would be refused.
    pub fn applied(
        self,
        definitions: &Definitions,
        period: Period,
        series: &[&str],
    ) -> Result<Supposed, HypothesisError> {
        if self.definitions.is_none() && self.calendar.is_none() && self.targets.is_empty() {
            return Err(HypothesisError::new("", "suppose something: definitions, calendar or targets"));
        }
        let base = definitions.set(period);
        let set = match &self.definitions {
            Some(changes) => changed(base, changes)?,
            None => base.clone(),
        };
        let unknown = |key: &&str| !series.contains(key);
        let mut used = set.indicators.iter().flat_map(|indicator| indicator.measure.series());
        if let Some(key) = used.find(unknown) {
            return Err(HypothesisError::new("/definitions/indicator", format!("no series {key:?}")));
        }
        let calendar = self.calendar.clone().map(serde_json::from_value).transpose();
        let calendar =
            calendar.map_err(|error: serde_json::Error| HypothesisError::new("/calendar", error))?;
        let rules = rules(&self.targets, definitions, &set, period)?;
        Ok(Supposed { period, set, calendar, calendar_text: self.calendar, targets: self.targets, rules })
    }
}

/// How the results of supposed targets are computed.
fn rules(
    targets: &[SupposedTarget],
    definitions: &Definitions,
    set: &Set,
    period: Period,
) -> Result<Vec<Rule>, HypothesisError> {
    let rows = definitions.scorecard(period.year()).map_or(&[][..], |yearly| &yearly.rows);
    let rule = |(nth, supposed): (usize, &SupposedTarget)| {
        let place = |field: &str| format!("/targets/{nth}/{field}");
        if targets.iter().take(nth).any(|other| other.key == supposed.key) {
            return Err(HypothesisError::new(place("key"), "one target an indicator"));
        }
        let Some(indicator) = set.indicator(&supposed.key) else {
            let known: Vec<&str> = set.indicators.iter().map(|indicator| indicator.key.as_str()).collect();
            return Err(HypothesisError::new(place("key"), format!("none of {}", known.join(", "))));
        };
        let yearly = rows.iter().find(|row| row.key == supposed.key).map(|row| row.rule);
        Ok(supposed.rule.or(yearly).unwrap_or_else(|| usual_rule(indicator)))
    };
    targets.iter().enumerate().map(rule).collect()
}

/// Less time is better, more of anything else.
fn usual_rule(indicator: &Indicator) -> Rule {
    match indicator.print.unit {
        PrintUnit::S | PrintUnit::Min | PrintUnit::D => Rule::Lower,
        PrintUnit::Percent | PrintUnit::Count | PrintUnit::Quotient => Rule::Higher,
    }
}

/// A set with what is supposed in place of what it says.
fn changed(base: &Set, changes: &Value) -> Result<Set, HypothesisError> {
    let refuse = |pointer: &str, detail: &str| HypothesisError::new(format!("/definitions{pointer}"), detail);
    let changes = changes.as_object().ok_or_else(|| refuse("", "expected an object"))?;
    if let Some(other) = changes.keys().find(|key| !matches!(key.as_str(), "report" | "indicator")) {
        return Err(refuse(&format!("/{other}"), "unknown: expected report or indicator"));
    }
    let mut set = serde_json::to_value(base).map_err(|error| refuse("", &error.to_string()))?;
    if let (Some(report), Some(rules)) = (changes.get("report"), set.get_mut("report")) {
        if !report.is_object() {
            return Err(refuse("/report", "expected an object"));
        }
        merge(rules, report);
    }
    if let Some(indicators) = changes.get("indicator") {
        let indicators = indicators.as_array().ok_or_else(|| refuse("/indicator", "expected a list"))?;
        let known = set.get_mut("indicator").and_then(Value::as_array_mut);
        let known = known.ok_or_else(|| refuse("/indicator", "there is no list to change"))?;
        for (nth, indicator) in indicators.iter().enumerate() {
            let key = indicator.get("key").and_then(Value::as_str);
            let key = key.ok_or_else(|| refuse(&format!("/indicator/{nth}/key"), "say which indicator"))?;
            match known.iter_mut().find(|own| own.get("key").and_then(Value::as_str) == Some(key)) {
                Some(own) => merge(own, indicator),
                None => known.push(indicator.clone()),
            }
        }
    }
    let read: Result<Set, _> = serde_json::from_value(set.clone());
    let set = read.map_err(|error| first_wrong(&set, &error))?;
    set.checked().map_err(|error| {
        let detail = format!("{}: found {}, expected {}", error.key, error.found, error.expected);
        HypothesisError::new("/definitions", detail)
    })?;
    Ok(set)
}

/// Which part of a set it is that cannot be read.
fn first_wrong(set: &Value, whole: &serde_json::Error) -> HypothesisError {
    let indicators = set.get("indicator").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for indicator in indicators {
        if let Err(error) = serde_json::from_value::<Indicator>(indicator.clone()) {
            let key = indicator.get("key").and_then(Value::as_str).unwrap_or_default();
            return HypothesisError::new("/definitions/indicator", format!("{key}: {error}"));
        }
    }
    HypothesisError::new("/definitions/report", whole)
}

/// A merge patch (RFC 7396); a measure of another type is another measure altogether.
fn merge(own: &mut Value, change: &Value) {
    let (Value::Object(change), true) = (change, own.is_object()) else {
        own.clone_from(change);
        return;
    };
    let kind = change.get("type");
    if kind.is_some() && kind != own.get("type") {
        *own = Value::Object(Map::new());
    }
    let Some(own) = own.as_object_mut() else { return };
    for (key, value) in change {
        match value {
            Value::Null => drop(own.remove(key)),
            value => merge(own.entry(key.clone()).or_insert(Value::Null), value),
        }
    }
}

/// A period as published and as supposed, in the form of the contract.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIf {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// `YYYY-MM` or `YYYY`.
    pub period: String,
    /// The instant as at which everything is known.
    pub as_of: Instant,
    /// The set in force, and its version.
    pub definitions: SetVersion,
    /// The same as supposed.
    pub supposed_definitions: SetVersion,
    /// What is supposed otherwise, thing by thing.
    pub changes: Vec<Change>,
    /// Every indicator, as published and as supposed.
    pub indicators: Vec<Compared>,
}

/// A set and the digest of what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetVersion {
    /// Its name.
    pub set: String,
    /// SHA-256 over what it says.
    pub version: String,
}

impl SetVersion {
    fn of(set: &Set) -> Self {
        Self { set: set.set.clone(), version: set.version() }
    }
}

/// One thing that is supposed otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// `parameter`, `indicator`, `calendar` or `target`.
    pub what: &'static str,
    /// Which one; empty for the calendar.
    pub key: String,
    /// As it is; null when there is none.
    pub from: Value,
    /// As it is supposed.
    pub to: Value,
}

/// An indicator twice.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// Its key.
    pub key: String,
    /// Its name.
    pub label: String,
    /// What it counts in.
    pub unit: Unit,
    /// As published, or as known now while the period is open; null for a new indicator.
    pub current: Option<Evaluated>,
    /// As supposed.
    pub supposed: Evaluated,
    /// Supposed − current, unrounded; null when one of them has no value.
    #[serde(serialize_with = "decimal_as_number")]
    pub difference: Option<Decimal>,
    /// The difference with its sign, as the value is written; shares in percentage points.
    pub difference_text: Option<String>,
}

/// A value with its target.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluated {
    /// The value.
    pub value: Option<Number>,
    /// As it is written.
    pub text: Option<String>,
    /// How many are counted.
    pub numerator: u64,
    /// How many could have been.
    pub denominator: u64,
    /// How many it rests on.
    pub n: u64,
    /// What was to be reached.
    pub target: Option<Quantity>,
    /// What comes of that.
    pub result: Option<Outcome>,
}

impl Supposed {
    /// The definitions with the supposed set in place of the one in force: what facts must be loaded for.
    pub fn definitions(&self, definitions: &Definitions) -> Definitions {
        definitions.supposing(self.set.clone())
    }
}

/// Evaluates every indicator of a period twice. `facts` cover the period's [`crate::report::span`] for both sets.
pub fn what_if(
    facts: &Facts,
    definitions: &Definitions,
    supposed: &Supposed,
    zone: &CityZone,
    as_of: Instant,
) -> WhatIf {
    let period = supposed.period;
    let set = definitions.set(period);
    let window = Window::of(period, zone, as_of);
    let now = View::new(facts, &set.report, zone, as_of);
    let mut then = View::new(facts, &supposed.set.report, zone, as_of);
    if let Some(calendar) = &supposed.calendar {
        then.calendar = calendar;
    }
    let figure = |indicator: &Indicator, view: &View| indicator.measure.figure(view, window, false);
    let compared = |indicator: &Indicator| {
        let current = set.indicator(&indicator.key).map(|own| (own, figure(own, &now)));
        Compared::of(indicator, figure(indicator, &then), current, definitions, supposed)
    };
    WhatIf {
        schema: SCHEMA,
        period: period.to_string(),
        as_of,
        definitions: SetVersion::of(set),
        supposed_definitions: SetVersion::of(&supposed.set),
        changes: changes(set, definitions, supposed),
        indicators: supposed.set.indicators.iter().map(compared).collect(),
    }
}

impl Compared {
    fn of(
        indicator: &Indicator,
        supposed_figure: Figure,
        current: Option<(&Indicator, Figure)>,
        definitions: &Definitions,
        supposed: &Supposed,
    ) -> Self {
        let yearly = definitions.scorecard(supposed.period.year());
        let row = yearly.and_then(|yearly| yearly.rows.iter().find(|row| row.key == indicator.key));
        let in_force = row.map(|row| (row.rule, &row.target));
        let other = supposed.targets.iter().zip(&supposed.rules).find(|(it, _)| it.key == indicator.key);
        let other = other.map(|(it, rule)| (*rule, &it.target)).or(in_force);
        let same_unit = current.as_ref().is_none_or(|(_, figure)| figure.unit == supposed_figure.unit);
        let before = current.as_ref().and_then(|(_, figure)| figure.decimal());
        let difference = supposed_figure.decimal().zip(before).filter(|_| same_unit);
        let difference = difference.map(|(then, now)| then.saturating_sub(now).normalize());
        Self {
            key: indicator.key.clone(),
            label: indicator.label.clone(),
            unit: supposed_figure.unit,
            current: current.map(|(own, figure)| Evaluated::of(own, &figure, in_force)),
            supposed: Evaluated::of(indicator, &supposed_figure, other),
            difference_text: difference.map(|difference| signed(indicator, difference)),
            difference,
        }
    }
}

impl Evaluated {
    fn of(indicator: &Indicator, figure: &Figure, target: Option<(Rule, &Quantity)>) -> Self {
        let achieved = indicator.print.quantity(figure);
        Self {
            value: figure.value,
            text: indicator.print.text(figure),
            numerator: figure.numerator,
            denominator: figure.denominator,
            n: figure.n,
            target: target.map(|(_, target)| target.clone()),
            result: target.map(|(rule, target)| Outcome::of(rule, Some(target), achieved.as_ref())),
        }
    }
}

/// A difference with its sign, with a decimal more than the value where the value has none.
fn signed(indicator: &Indicator, difference: Decimal) -> String {
    let (by, unit) = match indicator.print.unit {
        PrintUnit::S => (Decimal::ONE, " secondi"),
        PrintUnit::Min => (Decimal::from(60), " minuti"),
        PrintUnit::D => (Decimal::from(86_400), " giorni"),
        PrintUnit::Percent => (Decimal::new(1, 2), " p.p."),
        PrintUnit::Count | PrintUnit::Quotient => (Decimal::ONE, ""),
    };
    let whole = matches!(indicator.print.unit, PrintUnit::Count);
    let decimals = if whole { 0 } else { indicator.print.decimals.max(1) };
    let size = difference.abs().checked_div(by).unwrap_or_default();
    let size = italian(fixed(cut(size, decimals, indicator.print.rounding), decimals));
    let sign = match difference {
        it if it.is_zero() => "",
        it if it.is_sign_negative() => "−",
        _ => "+",
    };
    format!("{sign}{size}{unit}")
}

/// What is supposed otherwise, thing by thing.
fn changes(set: &Set, definitions: &Definitions, supposed: &Supposed) -> Vec<Change> {
    let mut changes = parameters(set, &supposed.set);
    for indicator in &supposed.set.indicators {
        let from = set.indicator(&indicator.key).map_or(Value::Null, say);
        let to = say(indicator);
        if from != to {
            changes.push(Change { what: "indicator", key: indicator.key.clone(), from, to });
        }
    }
    if let Some(calendar) = &supposed.calendar_text {
        let from = json!("calendar.toml");
        changes.push(Change { what: "calendar", key: String::new(), from, to: calendar.clone() });
    }
    let yearly = definitions.scorecard(supposed.period.year());
    for target in &supposed.targets {
        let row = yearly.and_then(|yearly| yearly.rows.iter().find(|row| row.key == target.key));
        let from = row.map_or(Value::Null, |row| say(&row.target));
        changes.push(Change { what: "target", key: target.key.clone(), from, to: say(&target.target) });
    }
    changes
}

/// The parameters of the report that are supposed otherwise.
fn parameters(set: &Set, supposed: &Set) -> Vec<Change> {
    let (Value::Object(own), Value::Object(other)) = (say(&set.report), say(&supposed.report)) else {
        return vec![];
    };
    let change = |(key, to): (String, Value)| {
        let from = own.get(&key).cloned().unwrap_or_default();
        (from != to).then_some(Change { what: "parameter", key, from, to })
    };
    other.into_iter().filter_map(change).collect()
}

/// Plain data of strings, numbers and lists as JSON: it always serializes.
fn say(thing: &impl Serialize) -> Value {
    serde_json::to_value(thing).unwrap_or_default()
}
