//! Every text, list and number has a limit, and every object says whether it may have further members: that of the
//! body, of the type, or none, where nothing tighter is said.

use serde_json::{Map, Value, json};

use crate::body::LONGEST_TEXT;

/// The most items of a list, as characters of a text, where nothing tighter is said.
const LONGEST: usize = LONGEST_TEXT;
/// The largest whole number that every reader of JSON takes as it is.
const EXACT: i64 = 9_007_199_254_740_991;

/// Bounds all schemas of the document.
pub(super) fn add(document: &mut Value) {
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.values_mut().for_each(bound);
    }
    for place in ["paths", "components"] {
        if let Some(part) = document.get_mut(place) {
            find(part);
        }
    }
}

/// Bounds what stands under `schema`; examples are left as they are.
fn find(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(find),
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                match key.as_str() {
                    "schema" => bound(member),
                    "schemas" | "example" | "examples" => {}
                    _ => find(member),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Bounds a schema and all within it.
fn bound(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    if members.contains_key("$ref") {
        return;
    }
    limit(members);
    for key in ["properties", "patternProperties", "$defs"] {
        let inner = members.get_mut(key).and_then(Value::as_object_mut);
        inner.into_iter().flat_map(Map::values_mut).for_each(bound);
    }
    for key in ["oneOf", "anyOf", "allOf", "prefixItems"] {
        members.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(bound);
    }
    for key in ["items", "additionalProperties", "propertyNames"] {
        members.get_mut(key).into_iter().for_each(bound);
    }
}

fn limit(schema: &mut Map<String, Value>) {
    let fixed = schema.contains_key("enum") || schema.contains_key("const");
    if has_type(schema, "string")
        && !fixed
        && !schema.contains_key("format")
        && !schema.contains_key("pattern")
    {
        default(schema, "maxLength", LONGEST.into());
    }
    if has_type(schema, "array") {
        default(schema, "maxItems", LONGEST.into());
    }
    if (has_type(schema, "integer") || has_type(schema, "number")) && !fixed {
        let (least, most) = range(schema.get("format").and_then(Value::as_str));
        default(schema, "minimum", least);
        default(schema, "maximum", most);
    }
    if has_type(schema, "object") {
        // What has no named member is free in all of them.
        let free = !schema.contains_key("properties");
        default(schema, "additionalProperties", free.into());
    }
}

fn default(schema: &mut Map<String, Value>, key: &str, value: Value) {
    schema.entry(key).or_insert(value);
}

fn range(format: Option<&str>) -> (Value, Value) {
    match format {
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        Some("double" | "float") => (json!(-1e15), json!(1e15)),
        _ => ((-EXACT).into(), EXACT.into()),
    }
}

fn has_type(schema: &Map<String, Value>, wanted: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == wanted,
        Some(Value::Array(several)) => several.iter().any(|one| one == wanted),
        _ => false,
    }
}
