//! From one webhook body to its units.

use filo_channel::{Decode, Decoded, Inbound, Raw, Rejected};
use serde_json::Value;

use crate::{
    draft::{Draft, Platform, Scene},
    feed, instagram, messaging,
    node::Node,
    whatsapp,
};

/// Decodes the webhook bodies of one source.
#[derive(Clone, Debug)]
pub struct MetaDecoder {
    source: String,
    own_ids: Vec<String>,
}

impl MetaDecoder {
    /// A decoder for a configured source (`facebook`, `instagram`, `whatsapp`) and the ids of our pages and
    /// accounts. What comes from them, or from the account a body is about, is our own and no contact.
    pub fn new(source: impl Into<String>, own_ids: Vec<String>) -> Self {
        Self { source: source.into(), own_ids }
    }
}

impl Decode for MetaDecoder {
    fn decode(&self, raw: &Raw) -> Vec<Result<Decoded, Rejected>> {
        let units = read(raw, &self.own_ids, |_, _| self.source.clone());
        units.into_iter().map(|unit| unit.map(|inbound| Decoded::Interaction(Box::new(inbound)))).collect()
    }
}

/// Reads one body; `source` names it from its platform and `object`.
pub(crate) fn read(
    raw: &Raw,
    own_ids: &[String],
    source: impl FnOnce(Platform, &str) -> String,
) -> Vec<Result<Inbound, Rejected>> {
    let reject = |reason, detail| vec![Err(Rejected { reason, detail, raw: raw.bytes.clone() })];
    let body: Value = match serde_json::from_slice(without_bom(&raw.bytes)) {
        Ok(body) => body,
        Err(why) => return reject("unreadable_json", format!("line {} column {}", why.line(), why.column())),
    };
    let Some(object) = Node::of(&body).text("object") else {
        return reject("unknown_structure", "the body names no object".to_owned());
    };
    let platform = Platform::of(&object);
    let drafts = drafts(&body, platform, own_ids);
    if drafts.is_empty() {
        return reject("unknown_structure", "the body has no entry with an event".to_owned());
    }
    let source = source(platform, &object);
    drafts.into_iter().map(|draft| Ok(draft.finish(&source, platform, raw))).collect()
}

pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

fn drafts(body: &Value, platform: Platform, own_ids: &[String]) -> Vec<Draft> {
    let entries = Node::of(body).list("entry");
    entries.flat_map(|entry| read_entry(&Scene { platform, entry, own_ids })).collect()
}

fn read_entry(scene: &Scene<'_>) -> Vec<Draft> {
    let entry = scene.entry;
    let known = ["messaging", "standby", "changes"].iter().any(|list| entry.has(list));
    if scene.platform == Platform::Unknown || !known {
        return vec![scene.other(entry)];
    }
    let direct = entry.list("messaging").flat_map(|event| messaging::read(scene, event));
    let standby = entry.list("standby").flat_map(|event| messaging::read_standby(scene, event));
    let changes = entry.list("changes").flat_map(|change| read_change(scene, change));
    direct.chain(standby).chain(changes).collect()
}

fn read_change(scene: &Scene<'_>, change: Node<'_>) -> Vec<Draft> {
    let field = change.text("field").unwrap_or_default();
    let value = change.get("value");
    if !value.is_object() {
        return vec![scene.other(change)];
    }
    match (scene.platform, field.as_str()) {
        (Platform::Facebook, "feed" | "ratings") => vec![feed::read(scene, value)],
        (Platform::Facebook, "mention") => vec![feed::read_mention(scene, value)],
        (Platform::Instagram, "comments" | "live_comments") => vec![instagram::comment(scene, value)],
        (Platform::Instagram, "mentions") => vec![instagram::mention(scene, value)],
        (Platform::Whatsapp, _) => whatsapp::read(scene, change),
        // Instagram's newer log-in sends what else comes as messaging[] in changes[].
        (Platform::Instagram | Platform::Facebook, _) if value.has("sender") => messaging::read(scene, value),
        (Platform::Facebook | Platform::Instagram | Platform::Unknown, _) => vec![scene.other(change)],
    }
}
