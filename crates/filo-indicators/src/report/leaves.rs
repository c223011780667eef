//! The numbers of a report by their place.
//!
//! **Invariant:** a place is a pointer with `*` for rows (`/channels/*/inbound`) and the keys of those rows (`phone`), so
//! that the same figure is met although its rows stand in another order.

use serde_json::Value;

/// What a report says of itself: no figures.
const HEADER: [&str; 6] =
    ["revision", "reason", "chain_root", "pending_differences", "quarantine", "changes"];

/// A number of a report, or a figure that is unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Its JSON Pointer.
    pub pointer: String,
    /// The same with `*` for rows.
    pub place: String,
    /// The keys of those rows.
    pub rows: Vec<String>,
    /// The number; `null` is unknown.
    pub value: Value,
}

/// Every number and every `null` of a report's JSON, in its order.
pub fn leaves(report: &Value) -> Vec<Leaf> {
    let mut found = Vec::new();
    let root = Leaf { pointer: String::new(), place: String::new(), rows: Vec::new(), value: Value::Null };
    walk(report, &root, &mut found);
    found
}

fn walk(value: &Value, at: &Leaf, found: &mut Vec<Leaf>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| walk(value, &at.below(key), found));
        }
        Value::Array(rows) => {
            rows.iter().enumerate().for_each(|(index, row)| walk(row, &at.row(index, row), found));
        }
        Value::Number(_) | Value::Null => found.push(Leaf { value: value.clone(), ..at.clone() }),
        Value::Bool(_) | Value::String(_) => {}
    }
}

/// Whether at this place stands no figure, but something that the report says of itself.
pub fn is_header(place: &str) -> bool {
    HEADER.contains(&place.split('/').nth(1).unwrap_or_default())
}

impl Leaf {
    fn below(&self, step: &str) -> Self {
        Self {
            pointer: format!("{}/{step}", self.pointer),
            place: format!("{}/{step}", self.place),
            rows: self.rows.clone(),
            value: Value::Null,
        }
    }
    fn row(&self, index: usize, row: &Value) -> Self {
        Self {
            pointer: format!("{}/{index}", self.pointer),
            place: format!("{}/*", self.place),
            rows: self.rows.iter().cloned().chain([row_key(row)]).collect(),
            value: Value::Null,
        }
    }
}

/// A row is told apart by its first field.
pub fn row_key(row: &Value) -> String {
    match row.as_object().and_then(|fields| fields.values().next()) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
