//! Direct messages of Messenger and Instagram, and what happens around them.

use filo_channel::{DeliveryReport, RecipientReport};
use filo_domain::{
    Instant,
    vocabulary::{DeliveryState, InteractionKind},
};

use crate::{
    draft::{Draft, MediaView, Scene, Sender},
    node::Node,
};

/// The events of one element of `messaging[]`: one, but for a delivery that names several messages.
pub(crate) fn read(scene: &Scene<'_>, event: Node<'_>) -> Vec<Draft> {
    let talk = Talk::of(scene, event);
    let part = |name| Some(event.get(name)).filter(|part| part.is_object());
    if let Some(message) = part("message") {
        vec![talk.message(message)]
    } else if let Some(edit) = part("message_edit") {
        vec![talk.edit(edit)]
    } else if let Some(postback) = part("postback") {
        vec![talk.postback(postback)]
    } else if let Some(reaction) = part("reaction") {
        vec![talk.reaction(reaction)]
    } else if let Some(delivery) = part("delivery") {
        talk.delivery(delivery)
    } else if let Some(read) = part("read") {
        vec![talk.seen(read)]
    } else {
        vec![talk.filled(scene.other(event))]
    }
}

/// The same while another application holds the conversation.
pub(crate) fn read_standby(scene: &Scene<'_>, event: Node<'_>) -> Vec<Draft> {
    let mut drafts = read(scene, event);
    for draft in &mut drafts {
        draft.flags.push("standby");
    }
    drafts
}

/// Who talks to whom, and when.
struct Talk {
    sender: Sender,
    recipient: Option<String>,
    own: bool,
    at: Option<Instant>,
    /// The instant as it was written, for keys.
    stamp: String,
}

impl Talk {
    fn of(scene: &Scene<'_>, event: Node<'_>) -> Self {
        let from = event.get("sender");
        let id = from.id("id").or_else(|| from.id("user_ref"));
        let echo = event.get("message").is_true("is_echo");
        Self {
            own: echo || scene.is_own(id.as_deref()),
            sender: scene.sender(id, from.text("name").or_else(|| from.text("username"))),
            recipient: event.get("recipient").id("id"),
            at: event.instant("timestamp").or_else(|| scene.time()),
            stamp: event.id("timestamp").or_else(|| scene.entry.id("time")).unwrap_or_default(),
        }
    }
    /// The key of a thing without id: who, when and what.
    fn key(&self, name: &str, part: Node<'_>) -> String {
        format!("{name}:{}:{}:{}", self.sender.id.as_deref().unwrap_or_default(), self.stamp, part.digest())
    }
    fn filled(&self, draft: Draft) -> Draft {
        let other_side = if self.own { self.recipient.clone() } else { self.sender.id.clone() };
        Draft {
            at: self.at,
            thread: other_side.map(|id| format!("dm:{id}")),
            sender: self.sender.clone(),
            own: self.own,
            ..draft
        }
    }
    fn message(&self, message: Node<'_>) -> Draft {
        let id = message.id("mid").unwrap_or_else(|| self.key("message", message));
        if message.is_true("is_deleted") {
            return self.filled(Draft::new(format!("{id}:remove"), InteractionKind::Removal));
        }
        // Our own message coming back has the id of the message itself: its key must not be taken for it.
        let (key, kind) = match self.own {
            true => (format!("{id}:echo"), InteractionKind::Echo),
            false => (id, InteractionKind::Message),
        };
        let unsupported = message.is_true("is_unsupported");
        let media: Vec<_> = message.list("attachments").map(medium).collect();
        let unread = unsupported || media.iter().any(|medium| medium.media_type == "unsupported_type");
        self.filled(Draft {
            text: text(message),
            withheld: unsupported,
            flags: if unread { vec!["unsupported"] } else { Vec::new() },
            answers: message.get("reply_to").id("mid").into_iter().collect(),
            media,
            ..Draft::new(key, kind)
        })
    }
    fn edit(&self, edit: Node<'_>) -> Draft {
        let id = edit.id("mid").unwrap_or_else(|| self.key("message", edit));
        let turn = edit.id("num_edit").unwrap_or_else(|| self.stamp.clone());
        let text = edit.text("text").unwrap_or_default();
        self.filled(Draft { text, ..Draft::new(format!("{id}:edit:{turn}"), InteractionKind::Edit) })
    }
    fn postback(&self, postback: Node<'_>) -> Draft {
        let key = postback.id("mid").unwrap_or_else(|| self.key("postback", postback));
        let text = postback.text("title").or_else(|| postback.text("payload")).unwrap_or_default();
        self.filled(Draft { text, ..Draft::new(key, InteractionKind::Postback) })
    }
    fn reaction(&self, reaction: Node<'_>) -> Draft {
        let key = self.key(&format!("reaction:{}", reaction.id("mid").unwrap_or_default()), reaction);
        let text = reaction.text("emoji").or_else(|| reaction.text("reaction")).unwrap_or_default();
        self.filled(Draft { text, ..Draft::new(key, InteractionKind::Reaction) })
    }
    /// One status for each message named; a bare watermark names none.
    fn delivery(&self, delivery: Node<'_>) -> Vec<Draft> {
        let status =
            |mid: String| self.status(format!("{mid}:delivered"), Some(mid), DeliveryState::Delivered);
        let mut drafts: Vec<_> = delivery.list("mids").filter_map(Node::own_text).map(status).collect();
        if drafts.is_empty() {
            drafts.push(self.status(self.key("delivered", delivery), None, DeliveryState::Delivered));
        }
        drafts
    }
    fn seen(&self, read: Node<'_>) -> Draft {
        match read.id("mid") {
            Some(mid) => self.status(format!("{mid}:read"), Some(mid), DeliveryState::Read),
            None => self.status(self.key("read", read), None, DeliveryState::Read),
        }
    }
    fn status(&self, key: String, mid: Option<String>, state: DeliveryState) -> Draft {
        let report = mid.map(|mid| DeliveryReport {
            references: vec![mid],
            recipients: vec![RecipientReport { address: String::new(), state: Some(state), detail: None }],
        });
        let word = if state == DeliveryState::Read { "read" } else { "delivered" };
        self.filled(Draft {
            status: Some(word.to_owned()),
            report,
            ..Draft::new(key, InteractionKind::Status)
        })
    }
}

/// What was written or tapped; a place that was sent is written out, because nothing else would tell it.
fn text(message: Node<'_>) -> String {
    let place = |attachment: Node<'_>| {
        let at = attachment.get("payload").get("coordinates");
        Some(format!("{}, {}", at.id("lat")?, at.id("long")?))
    };
    let written = message.text("text").or_else(|| message.get("quick_reply").text("payload"));
    written.or_else(|| message.list("attachments").find_map(place)).unwrap_or_default()
}

fn medium(attachment: Node<'_>) -> MediaView {
    let payload = attachment.get("payload");
    let sticker = payload.id("sticker_id").or_else(|| attachment.id("sticker_id"));
    let media_type = if sticker.is_some() { Some("sticker".to_owned()) } else { attachment.text("type") };
    MediaView {
        media_type: media_type.unwrap_or_else(|| "unknown".to_owned()),
        url: payload.text("url").or_else(|| attachment.text("url")),
        id: sticker.or_else(|| payload.id("attachment_id")).or_else(|| payload.id("id")),
    }
}
