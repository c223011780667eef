//! Examples of what is sent and answered, one file for each operation: `src/examples/<operationId>.json`.
//!
//! A file has `request` (or `requests`, by name, or `media`, by media type), `responses` by status and `parameters` by name. Wherever a value
//! stands, `{"$of": "another_operation"}` takes that operation's first answer. A test asks for a file for every
//! operation, and that every example is valid by its schema.

use std::collections::BTreeMap;

use rust_embed::Embed;
use serde_json::{Map, Value, json};

use super::put;

#[derive(Embed)]
#[folder = "src/examples"]
struct Files;

/// A refusal by status, and the examples of all operations.
pub(super) struct Examples(BTreeMap<String, Value>);

/// How often one example may lead to another.
const DEEPEST: usize = 5;

impl Examples {
    /// Reads the files; one that is not JSON counts as missing, which the tests tell.
    pub(super) fn read() -> Self {
        let read = |name: &str| {
            let file = Files::get(name)?;
            let value = serde_json::from_slice(&file.data).ok()?;
            Some((name.strip_suffix(".json")?.to_owned(), value))
        };
        Self(Files::iter().filter_map(|name| read(&name)).collect())
    }

    /// A part of an operation's file, with what it takes from others.
    pub(super) fn part(&self, operation: &str, key: &str) -> Option<Value> {
        self.0.get(operation)?.get(key).map(|value| self.resolved(value, 0))
    }

    fn resolved(&self, value: &Value, depth: usize) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.resolved(item, depth)).collect(),
            Value::Object(members) => match members.get("$of").and_then(Value::as_str) {
                Some(other) if depth < DEEPEST => self.first_answer(other, depth),
                _ => {
                    let inner =
                        |(key, member): (&String, &Value)| (key.clone(), self.resolved(member, depth));
                    Value::Object(members.iter().map(inner).collect())
                }
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn first_answer(&self, operation: &str, depth: usize) -> Value {
        let answers = self.0.get(operation).and_then(|file| file.get("responses")).and_then(Value::as_object);
        let first = answers.and_then(|answers| answers.values().next());
        first.map(|value| self.resolved(value, depth + 1)).unwrap_or_default()
    }
}

/// Puts the examples beside their schemas.
pub(super) fn add(document: &mut Value) {
    let examples = Examples::read();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for operation in paths.into_iter().flatten().filter_map(|(_, item)| item.as_object_mut()).flatten() {
        illustrate(operation.1, &examples);
    }
}

fn illustrate(operation: &mut Value, examples: &Examples) {
    let Some(id) = operation.get("operationId").and_then(Value::as_str).map(str::to_owned) else { return };
    let one = examples.part(&id, "request").map(|value| Map::from_iter([("esempio".to_owned(), value)]));
    let several = examples.part(&id, "requests").and_then(|all| all.as_object().cloned());
    if let Some(requests) = one.or(several) {
        let content = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
        for (_, media) in content.into_iter().flatten() {
            put(media, "examples", named(&requests));
        }
    }
    let by_media = examples.part(&id, "media").unwrap_or_default();
    let content = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
    for (media_type, media) in content.into_iter().flatten() {
        if let Some(request) = by_media.get(media_type.as_str()) {
            put(media, "examples", named(&Map::from_iter([("esempio".to_owned(), request.clone())])));
        }
    }
    let answers = examples.part(&id, "responses").and_then(|all| all.as_object().cloned());
    for (status, value) in answers.into_iter().flatten() {
        let content = operation.pointer_mut(&format!("/responses/{status}/content"));
        for (_, media) in content.and_then(Value::as_object_mut).into_iter().flatten() {
            let answer = Map::from_iter([("esempio".to_owned(), value.clone())]);
            put(media, "examples", named(&answer));
        }
    }
    let values = examples.part(&id, "parameters").unwrap_or_default();
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        if let Some(value) = values.get(name).cloned() {
            put(parameter, "example", value);
        }
    }
}

fn named(values: &Map<String, Value>) -> Value {
    let value = |(name, value): (&String, &Value)| (name.clone(), json!({ "value": value }));
    Value::Object(values.iter().map(value).collect())
}
