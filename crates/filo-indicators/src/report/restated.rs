//! What a restatement changed: the figures of a revision that are not those of the one before.
//!
//! **Invariant:** rows are met by their keys, never by where they stand, so that a row which moved up is no change. A
//! figure that only one of the two has is unknown in the other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    MonthlyReport,
    leaves::{Leaf, is_header, leaves},
};

/// A figure that differs from the revision before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangedFigure {
    /// Its JSON Pointer; `None` when this revision does not have it any more.
    pub pointer: Option<String>,
    /// The same with `*` for rows.
    pub place: String,
    /// The keys of those rows.
    pub rows: Vec<String>,
    /// What the revision before said; `null` is unknown.
    pub before: Value,
    /// What this one says; `null` is unknown.
    pub after: Value,
}

/// Where a figure stands, whatever the order of rows.
type Place = (String, Vec<String>);

/// What changed from one revision to the next, in the order of places.
///
/// # Errors
/// Only the serializer's own.
pub fn changes(
    before: &MonthlyReport,
    after: &MonthlyReport,
) -> Result<Vec<ChangedFigure>, serde_json::Error> {
    let (before, after) = (figures(before)?, figures(after)?);
    let places: BTreeSet<&Place> = before.keys().chain(after.keys()).collect();
    let value = |figures: &BTreeMap<Place, Leaf>, place: &Place| {
        figures.get(place).map_or(Value::Null, |leaf| leaf.value.clone())
    };
    let changed = places.into_iter().filter_map(|place| {
        let (old, new) = (value(&before, place), value(&after, place));
        (old != new).then(|| ChangedFigure {
            pointer: after.get(place).map(|leaf| leaf.pointer.clone()),
            place: place.0.clone(),
            rows: place.1.clone(),
            before: old,
            after: new,
        })
    });
    Ok(changed.collect())
}

fn figures(report: &MonthlyReport) -> Result<BTreeMap<Place, Leaf>, serde_json::Error> {
    let own = leaves(&serde_json::to_value(report)?).into_iter().filter(|leaf| !is_header(&leaf.place));
    Ok(own.map(|leaf| ((leaf.place.clone(), leaf.rows.clone()), leaf)).collect())
}
