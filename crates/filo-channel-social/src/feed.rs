//! A Facebook page's feed, mentions and ratings.

use filo_domain::vocabulary::InteractionKind;

use crate::{
    draft::{Draft, MediaView, Scene},
    node::{Node, digest},
};

/// What happened to the thing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Edit,
    Remove,
    Unused,
}

impl Verb {
    fn of(word: Option<&str>) -> Self {
        match word {
            None | Some("add") => Self::Add,
            Some("edit" | "edited" | "update") => Self::Edit,
            Some("remove" | "delete") => Self::Remove,
            Some(_) => Self::Unused,
        }
    }
    fn kind(self, added: InteractionKind) -> InteractionKind {
        match self {
            Self::Add => added,
            Self::Edit => InteractionKind::Edit,
            Self::Remove => InteractionKind::Removal,
            Self::Unused => InteractionKind::Other,
        }
    }
}

/// One change of the feed or of the ratings.
pub(crate) fn read(scene: &Scene<'_>, value: Node<'_>) -> Draft {
    let word = value.text("verb");
    let verb = Verb::of(word.as_deref());
    let kind = kind(value, verb);
    let Some(key) = key(scene, value, kind, word.as_deref()) else {
        return scene.other(value);
    };
    let (id, name) = author(value);
    Draft {
        at: value.instant("created_time").or_else(|| scene.time()),
        thread: thread(value),
        own: scene.is_own(id.as_deref()),
        sender: scene.sender(id, name),
        text: text(value, kind),
        tagged: tags(value),
        media: media(value),
        answers: value
            .id("parent_id")
            .filter(|parent| value.id("post_id").as_ref() != Some(parent))
            .into_iter()
            .collect(),
        ..Draft::new(key, kind)
    }
}

/// Somebody named the page elsewhere; the text often has to be fetched, so its absence says nothing.
pub(crate) fn read_mention(scene: &Scene<'_>, value: Node<'_>) -> Draft {
    let mut draft = read(scene, value);
    if draft.kind.is_contact() && draft.text.is_empty() {
        draft.withheld = true;
        draft.flags.push("text_not_sent");
    }
    draft
}

fn kind(value: Node<'_>, verb: Verb) -> InteractionKind {
    let item = value.text("item");
    match item.as_deref() {
        Some("reaction" | "like") => InteractionKind::Reaction,
        Some("comment") => verb.kind(InteractionKind::Comment),
        Some("post" | "status" | "photo" | "video" | "share" | "link" | "note" | "album" | "rating") => {
            verb.kind(InteractionKind::Post)
        }
        None if value.has("comment_id") => verb.kind(InteractionKind::Comment),
        None if thing(value).is_some() => verb.kind(InteractionKind::Post),
        _ => InteractionKind::Other,
    }
}

/// The id of what was written.
fn thing(value: Node<'_>) -> Option<String> {
    ["comment_id", "post_id", "open_graph_story_id", "photo_id", "video_id", "share_id"]
        .iter()
        .find_map(|name| value.id(name))
}

fn key(scene: &Scene<'_>, value: Node<'_>, kind: InteractionKind, verb: Option<&str>) -> Option<String> {
    let thing = thing(value)?;
    let time = value.id("created_time").or_else(|| scene.entry.id("time")).unwrap_or_default();
    match kind {
        InteractionKind::Comment | InteractionKind::Post => Some(thing),
        // Two edits may carry the one creation time: what was written tells them apart.
        InteractionKind::Edit => Some(format!("{thing}:edit:{time}:{}", digest(&text(value, kind)))),
        InteractionKind::Removal => Some(format!("{thing}:remove:{time}")),
        InteractionKind::Reaction => {
            let by = author(value).0.unwrap_or_default();
            Some(format!("reaction:{thing}:{by}:{}:{time}", verb.unwrap_or("add")))
        }
        _ => None,
    }
}

fn thread(value: Node<'_>) -> Option<String> {
    let ids = ["post_id", "open_graph_story_id", "parent_id"].iter().find_map(|name| value.id(name));
    ids.or_else(|| thing(value)).map(|id| format!("post:{id}"))
}

/// The newer `from`, or one of the older pairs.
fn author(value: Node<'_>) -> (Option<String>, Option<String>) {
    let from = value.get("from");
    let id = from.id("id").or_else(|| value.id("sender_id")).or_else(|| value.id("reviewer_id"));
    let name =
        from.text("name").or_else(|| value.text("sender_name")).or_else(|| value.text("reviewer_name"));
    (id, name)
}

fn text(value: Node<'_>, kind: InteractionKind) -> String {
    let key = if kind == InteractionKind::Reaction { "reaction_type" } else { "message" };
    value.text(key).or_else(|| value.text("review_text")).unwrap_or_default()
}

/// Names marked in the text: a list of tags, or (older) lists by their place.
fn tags(value: Node<'_>) -> Vec<String> {
    let tags = value.get("message_tags");
    let flat = tags.elements().filter_map(|tag| tag.text("name"));
    let by_place = tags.members().flat_map(Node::elements).filter_map(|tag| tag.text("name"));
    flat.chain(by_place).collect()
}

fn media(value: Node<'_>) -> Vec<MediaView> {
    let medium = |media_type: &str, url, id| MediaView { media_type: media_type.to_owned(), url, id };
    let mut media: Vec<_> =
        value.list("photos").map(|photo| medium("image", photo.own_text(), None)).collect();
    if media.is_empty() && (value.has("photo") || value.has("photo_id")) {
        media.push(medium("image", value.text("photo"), value.id("photo_id")));
    }
    if value.has("video") || value.has("video_id") {
        media.push(medium("video", value.text("video"), value.id("video_id")));
    }
    if media.is_empty() && value.has("link") {
        media.push(medium("link", value.text("link"), None));
    }
    media
}
