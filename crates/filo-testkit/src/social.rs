//! Webhook bodies as Meta sends them.

use filo_domain::Instant;
use serde_json::{Value, json};

/// The page of the city in these bodies.
const PAGE: &str = "1001";

/// A comment of `author` (id and name) under the page's post `post`.
pub fn comment(id: &str, post: &str, author: (&str, &str), text: &str, at: Instant) -> Vec<u8> {
    feed(
        json!({
            "item": "comment", "verb": "add", "comment_id": id, "post_id": format!("{PAGE}_{post}"),
            "parent_id": format!("{PAGE}_{post}"), "from": { "id": author.0, "name": author.1 },
            "created_time": at.seconds(), "message": text,
        }),
        at,
    )
}

/// A direct message of `author` to the page.
pub fn direct_message(id: &str, author: &str, text: &str, at: Instant) -> Vec<u8> {
    let message = json!({
        "sender": { "id": author }, "recipient": { "id": PAGE }, "timestamp": at.seconds() * 1000,
        "message": { "mid": id, "text": text },
    });
    let body = json!({ "object": "page", "entry": [{ "id": PAGE, "time": at.seconds() * 1000, "messaging": [message] }] });
    body.to_string().into_bytes()
}

/// A WhatsApp text of `number` (digits with the country's code), whose profile is called `name`.
pub fn whatsapp(id: &str, number: &str, name: &str, text: &str, at: Instant) -> Vec<u8> {
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "39020202", "phone_number_id": "555" },
        "contacts": [{ "profile": { "name": name }, "wa_id": number }],
        "messages": [{
            "from": number, "id": id, "timestamp": at.seconds().to_string(), "type": "text", "text": { "body": text },
        }],
    });
    let change = json!({ "field": "messages", "value": value });
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "2001", "changes": [change] }] })
        .to_string()
        .into_bytes()
}

fn feed(value: Value, at: Instant) -> Vec<u8> {
    let change = json!({ "field": "feed", "value": value });
    json!({ "object": "page", "entry": [{ "id": PAGE, "time": at.seconds(), "changes": [change] }] })
        .to_string()
        .into_bytes()
}
