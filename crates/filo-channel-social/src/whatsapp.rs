//! WhatsApp: messages to our numbers and the statuses of what we sent.
//!
//! A sender is known by telephone number, by a business-scoped user id, or by both; both become identities, so
//! that the core joins them when they are seen together.

use filo_channel::{DeliveryReport, RecipientReport};
use filo_domain::{
    identity::Identity,
    vocabulary::{DeliveryState, IdentityType, InteractionKind},
};

use crate::{
    draft::{Draft, MediaView, Scene, Sender},
    node::Node,
};

/// Message types that carry a file to fetch by its id.
const FILES: [&str; 5] = ["image", "audio", "video", "document", "sticker"];

/// The events of one change: messages, statuses and echoes of what was sent from a telephone.
pub(crate) fn read(scene: &Scene<'_>, change: Node<'_>) -> Vec<Draft> {
    let value = change.get("value");
    let messages = value.list("messages").map(|message| incoming(scene, value, message));
    let echoes = value.list("message_echoes").map(|message| echo(scene, value, message));
    let statuses = value.list("statuses").map(|status| became(scene, value, status));
    let drafts: Vec<_> = messages.chain(echoes).chain(statuses).collect();
    if drafts.is_empty() { vec![scene.other(change)] } else { drafts }
}

fn incoming(scene: &Scene<'_>, value: Node<'_>, message: Node<'_>) -> Draft {
    let Some(id) = message.id("id") else {
        return scene.other(message);
    };
    let word = message.text("type").unwrap_or_default();
    let (kind, key) = match word.as_str() {
        "reaction" => (InteractionKind::Reaction, id),
        "edit" => (InteractionKind::Edit, id),
        "revoke" => (InteractionKind::Removal, id),
        "system" | "request_welcome" => (InteractionKind::Other, id),
        _ => (InteractionKind::Message, id),
    };
    let unsupported = matches!(word.as_str(), "unsupported" | "unknown" | "") || message.has("errors");
    let sender = sender(scene, value, message);
    Draft {
        at: message.instant("timestamp").or_else(|| scene.time()),
        thread: thread(value, message, partner(message, &sender).as_deref()),
        own: scene.is_own(sender.id.as_deref()),
        text: text(message, &word),
        media: media(message, &word),
        answers: message.get("context").id("id").into_iter().collect(),
        withheld: unsupported,
        flags: if unsupported { vec!["unsupported"] } else { Vec::new() },
        sender,
        ..Draft::new(key, kind)
    }
}

/// A message sent from the business's own telephone.
fn echo(scene: &Scene<'_>, value: Node<'_>, message: Node<'_>) -> Draft {
    let Some(id) = message.id("id") else {
        return scene.other(message);
    };
    let word = message.text("type").unwrap_or_default();
    let to = message.id("to_user_id").or_else(|| message.id("to"));
    Draft {
        at: message.instant("timestamp").or_else(|| scene.time()),
        thread: thread(value, message, to.as_deref()),
        sender: Sender { id: message.id("from"), ..Sender::default() },
        own: true,
        text: text(message, &word),
        media: media(message, &word),
        ..Draft::new(format!("{id}:echo"), InteractionKind::Echo)
    }
}

fn became(scene: &Scene<'_>, value: Node<'_>, status: Node<'_>) -> Draft {
    let (Some(id), Some(word)) = (status.id("id"), status.text("status")) else {
        return scene.other(status);
    };
    let state = match word.as_str() {
        "sent" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "read" | "played" => Some(DeliveryState::Read),
        "failed" => Some(DeliveryState::Failed),
        _ => None,
    };
    let report = state.map(|state| DeliveryReport {
        references: vec![id.clone()],
        recipients: vec![RecipientReport {
            address: String::new(),
            state: Some(state),
            detail: trouble(status),
        }],
    });
    let recipient = status.id("recipient_user_id").or_else(|| status.id("recipient_id"));
    Draft {
        at: status.instant("timestamp").or_else(|| scene.time()),
        thread: thread(value, status, recipient.as_deref()),
        status: Some(word.clone()),
        report,
        ..Draft::new(format!("{id}:{word}"), InteractionKind::Status)
    }
}

/// The platform's own words on why it failed.
fn trouble(status: Node<'_>) -> Option<String> {
    let said = |error: Node<'_>| {
        let code = error.id("code");
        let words = error.text("title").or_else(|| error.text("message"));
        let details = error.get("error_data").text("details");
        [code, words, details].into_iter().flatten().collect::<Vec<_>>().join(": ")
    };
    let all = status.list("errors").map(said).collect::<Vec<_>>().join("; ");
    (!all.is_empty()).then_some(all)
}

fn thread(value: Node<'_>, message: Node<'_>, partner: Option<&str>) -> Option<String> {
    let number = value.get("metadata").id("phone_number_id").map(|id| format!("{id}/")).unwrap_or_default();
    match message.id("group_id") {
        Some(group) => Some(format!("group:{number}{group}")),
        None => partner.map(|partner| format!("dm:{number}{partner}")),
    }
}

/// The other side of a conversation: the user id where there is one, because it stays when the number is withheld.
fn partner(message: Node<'_>, sender: &Sender) -> Option<String> {
    let user = sender.identities.iter().find(|identity| identity.identity_type() == IdentityType::Whatsapp);
    user.map(|identity| identity.value().to_owned())
        .or_else(|| message.id("from"))
        .or_else(|| sender.id.clone())
}

fn sender(scene: &Scene<'_>, value: Node<'_>, message: Node<'_>) -> Sender {
    let (from, user) = (message.id("from"), message.id("from_user_id"));
    let contacts: Vec<_> = value.list("contacts").collect();
    let same = |contact: &&Node<'_>| {
        (from.is_some() && contact.id("wa_id") == from) || (user.is_some() && contact.id("user_id") == user)
    };
    let sole = contacts.first().filter(|_| contacts.len() == 1 && value.list("messages").count() == 1);
    let contact = contacts.iter().find(same).or(sole);
    let number = from.or_else(|| contact.and_then(|contact| contact.id("wa_id")));
    let user = user.or_else(|| contact.and_then(|contact| contact.id("user_id")));
    let name = contact.and_then(|contact| contact.get("profile").text("name"));
    let phone = number.as_deref().and_then(phone);
    // An id in the number's place that is no number is a user id.
    let user = user.or_else(|| number.clone().filter(|_| phone.is_none()));
    let mut sender = scene.sender(user, name);
    sender.identities.splice(0..0, phone);
    sender.id = number.or(sender.id);
    sender
}

/// `wa_id` is a number in E.164 without its plus.
fn phone(wa_id: &str) -> Option<Identity> {
    let digits = wa_id.strip_prefix('+').unwrap_or(wa_id);
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| Identity::parse(IdentityType::Phone, &format!("+{digits}")).ok()).flatten()
}

/// What was written, tapped or, for places and cards, what would be lost without words.
fn text(message: Node<'_>, word: &str) -> String {
    let part = message.get(word);
    let found = match word {
        "text" | "system" => part.text("body"),
        "button" => part.text("text").or_else(|| part.text("payload")),
        "interactive" => tapped(part),
        "reaction" => part.text("emoji"),
        "location" => place(part),
        "contacts" => Some(
            part.elements()
                .filter_map(|card| card.get("name").text("formatted_name"))
                .collect::<Vec<_>>()
                .join(", "),
        ),
        "order" => part.text("text"),
        "edit" => part.get("message").get("text").text("body"),
        _ => part.text("caption"),
    };
    found.unwrap_or_default()
}

fn tapped(interactive: Node<'_>) -> Option<String> {
    let reply = |name| interactive.get(name);
    let title = reply("button_reply").text("title").or_else(|| reply("list_reply").text("title"));
    title.or_else(|| reply("nfm_reply").text("response_json")).or_else(|| reply("nfm_reply").text("body"))
}

fn place(location: Node<'_>) -> Option<String> {
    let point =
        location.id("latitude").zip(location.id("longitude")).map(|(lat, long)| format!("{lat}, {long}"));
    let parts: Vec<_> =
        [location.text("name"), location.text("address"), point].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn media(message: Node<'_>, word: &str) -> Vec<MediaView> {
    let part = message.get(word);
    let attached = FILES.contains(&word) || matches!(word, "location" | "contacts" | "order");
    let medium = || MediaView { media_type: word.to_owned(), url: part.text("url"), id: part.id("id") };
    attached.then(medium).into_iter().collect()
}
