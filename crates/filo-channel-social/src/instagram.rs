//! Comments and mentions on Instagram; its messages are Messenger's.

use filo_domain::vocabulary::InteractionKind;

use crate::{
    draft::{Draft, Scene},
    node::Node,
};

/// A comment under one of our media. The event has no instant of its own: the entry's is taken.
pub(crate) fn comment(scene: &Scene<'_>, value: Node<'_>) -> Draft {
    let Some(key) = value.id("id").or_else(|| value.id("comment_id")) else {
        return scene.other(value);
    };
    let from = value.get("from");
    let parent = value.id("parent_id");
    let post = value.get("media").id("id").or_else(|| parent.clone()).unwrap_or_else(|| key.clone());
    let id = from.id("id");
    Draft {
        at: value.instant("created_time").or_else(|| scene.time()),
        thread: Some(format!("post:{post}")),
        own: scene.is_own(id.as_deref()) || scene.is_own(from.id("self_ig_scoped_id").as_deref()),
        sender: scene.sender(id, from.text("username").or_else(|| from.text("name"))),
        text: value.text("text").unwrap_or_default(),
        answers: parent.into_iter().collect(),
        ..Draft::new(key, InteractionKind::Comment)
    }
}

/// Somebody named us in a comment or a caption elsewhere; what was written has to be fetched.
pub(crate) fn mention(scene: &Scene<'_>, value: Node<'_>) -> Draft {
    let (comment, media) = (value.id("comment_id"), value.id("media_id"));
    let kind = if comment.is_some() { InteractionKind::Comment } else { InteractionKind::Post };
    let Some(key) = comment.or_else(|| media.clone()) else {
        return scene.other(value);
    };
    Draft {
        at: scene.time(),
        thread: Some(format!("post:{}", media.unwrap_or_else(|| key.clone()))),
        withheld: true,
        flags: vec!["text_not_sent"],
        ..Draft::new(key, kind)
    }
}
