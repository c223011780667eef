//! Comments under posts, direct messages and chats, as the platforms push them.

use filo_domain::{
    Instant,
    vocabulary::{Channel, IdentityType},
};
use serde_json::{Value, json};

use super::{
    Deed, Life, Story,
    chance::Chance,
    people::Person,
    work::{Opened, Worked},
};
use crate::demo::samples::{Direct, Post};

/// The id of the city's page; what it writes itself is an echo.
const PAGE: &str = "1020202";
/// Shares of the direct messages by where they come.
const DIRECT: [(Where, f64); 3] = [(Where::Messenger, 0.4), (Where::Instagram, 0.2), (Where::Whatsapp, 0.4)];

/// Where a direct message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Messenger,
    Instagram,
    Whatsapp,
}

pub(super) fn live(life: &mut Life<'_>) {
    let samples = life.samples;
    let (chance, monthly) = (life.chance.split(4), life.size.posts);
    life.written(chance, monthly, |life, chance, at| {
        if let Some(post) = chance.one_of(&samples.social.posts) {
            comments(life, chance, at, post);
        }
    });
    let (chance, monthly) = (life.chance.split(5), life.size.direct);
    let mut writers = 0;
    life.written(chance, monthly, |life, chance, at| {
        // Each conversation has a citizen of its own: a later message would be the same conversation.
        writers += 1;
        let person = Person::of(life.crowd.size.saturating_sub(writers), &life.samples.names);
        let place = chance.weighted(&DIRECT).copied().unwrap_or(Where::Messenger);
        if let Some(need) = chance.one_of(&samples.social.direct) {
            direct(life, chance, at, place, &person, need);
        }
    });
}

/// The comments of one post: most ask, some only thank or call a friend; the thread is one ticket.
fn comments(life: &mut Life<'_>, chance: &mut Chance, posted: Instant, post: &Post) {
    let Some(source) = life.source(Channel::Social, Some(IdentityType::Facebook)).map(|it| it.key.clone())
    else {
        return;
    };
    let story = life.story();
    let id = format!("{PAGE}_{story}");
    let (mut at, mut asked, mut last) = (posted, None, posted);
    for nth in 0..chance.between(3, 13) {
        at = at.plus_seconds(chance.between(240, 7_200));
        let asks = chance.happens(0.55);
        let text = chance.one_of(if asks { &post.asks } else { &life.samples.social.chatter });
        let Some(text) = text.cloned() else { continue };
        let person = life.person(chance);
        let comment = format!("{story}_{nth}");
        let value = json!({
            "item": "comment", "verb": "add", "comment_id": comment, "post_id": id, "parent_id": id,
            "from": { "id": person.account(), "name": person.full_name() }, "created_time": at.seconds(), "message": text,
        });
        let change = json!({ "field": "feed", "value": value });
        let opens = (asks && asked.is_none()).then_some(comment);
        pushed(life, at, story, &source, &body("page", at, "changes", &change), opens);
        if asks {
            asked = asked.or(Some(at));
            last = at;
        }
    }
    if let Some(first) = asked {
        answer(life, chance, story, (first, last), post);
    }
}

/// The social desk takes the thread when the first question is there, and answers after the last.
fn answer(
    life: &mut Life<'_>,
    chance: &mut Chance,
    story: Story,
    (first, last): (Instant, Instant),
    post: &Post,
) {
    if chance.happens(0.2) {
        return;
    }
    let charged = life.days.at_work(first, chance.between(300, 7_200));
    life.push(charged, story, Deed::TakeCharge { theme: Some("altro".to_owned()) });
    let resolved = life.days.at_work(last.max(charged), chance.between(600, 60_000));
    let reply = Some(format!("{}: {}", post.title, post.reply));
    life.push(resolved, story, Deed::Resolve { outcome: filo_domain::vocabulary::Outcome::Answered, reply });
}

/// A direct message with its whole life; on WhatsApp the statuses of our answer come back.
pub(super) fn direct(
    life: &mut Life<'_>,
    chance: &mut Chance,
    at: Instant,
    place: Where,
    person: &Person,
    need: &Direct,
) -> Option<Story> {
    let (channel, platform) = match place {
        Where::Messenger => (Channel::Social, IdentityType::Facebook),
        Where::Instagram => (Channel::Social, IdentityType::Instagram),
        Where::Whatsapp => (Channel::Chat, IdentityType::Whatsapp),
    };
    let source = life.source(channel, Some(platform))?.key.clone();
    let story = life.story();
    let text = life.words(chance, &need.text);
    let id = format!("demo.{story}.{}", at.seconds());
    let body = match place {
        Where::Messenger | Where::Instagram => message(place, at, &id, person, &text),
        Where::Whatsapp => chat(at, &id, person, &text),
    };
    pushed(life, at, story, &source, &body, Some(id));
    let citizen = (person.full_name(), person.email());
    let ticket =
        Opened { story, at, channel, theme: &need.theme, classify: true, citizen, reply: &need.reply };
    let worked = life.work(chance, &ticket);
    if place == Where::Whatsapp {
        statuses(life, story, &source, worked);
    }
    Some(story)
}

/// A body about our page or account with one event.
fn body(object: &str, at: Instant, list: &str, event: &Value) -> Value {
    json!({ "object": object, "entry": [{ "id": PAGE, "time": at.seconds(), list: [event] }] })
}

fn message(place: Where, at: Instant, id: &str, person: &Person, text: &str) -> Value {
    let event = json!({
        "sender": { "id": person.account() }, "recipient": { "id": PAGE },
        "timestamp": at.micros() / 1_000, "message": { "mid": id, "text": text },
    });
    let object = if place == Where::Instagram { "instagram" } else { "page" };
    body(object, at, "messaging", &event)
}

fn chat(at: Instant, id: &str, person: &Person, text: &str) -> Value {
    let number = format!("39{}", person.mobile());
    let contacts = json!([{ "profile": { "name": person.full_name() }, "wa_id": number }]);
    let time = at.seconds().to_string();
    let written =
        json!([{ "from": number, "id": id, "timestamp": time, "type": "text", "text": { "body": text } }]);
    whatsapp("messages", &written, &contacts)
}

fn statuses(life: &mut Life<'_>, story: Story, source: &str, worked: Worked) {
    let Some(answered) = worked.answered_at else { return };
    for (status, after) in [("sent", 2), ("delivered", 4), ("read", 900)] {
        let at = answered.plus_seconds(after);
        let told = json!({ "id": "{our-id}", "status": status, "timestamp": at.seconds().to_string() });
        pushed(life, at, story, source, &whatsapp("statuses", &json!([told]), &json!([])), None);
    }
}

fn whatsapp(list: &str, events: &Value, contacts: &Value) -> Value {
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "39020202", "phone_number_id": "20202" },
        "contacts": contacts, list: events,
    });
    let change = json!({ "field": "messages", "value": value });
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "2020202", "changes": [change] }] })
}

fn pushed(life: &mut Life<'_>, at: Instant, story: Story, source: &str, body: &Value, opens: Option<String>) {
    life.push(at, story, Deed::Webhook { source: source.to_owned(), body: body.to_string(), opens });
}
