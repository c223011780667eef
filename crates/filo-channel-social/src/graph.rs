//! Replies through the Graph API: under a comment, into a conversation, to a WhatsApp number.
//!
//! **Invariant:** the token travels in a header, never in an address, and no error repeats what was written. The
//! Graph API has no key against doubles: a message whose answer was lost may arrive twice.

use std::time::Duration;

use async_trait::async_trait;
use filo_channel::{Deliver, DeliverError, Delivered, Outbound};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

#[cfg(test)]
pub(crate) mod tests;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Error codes after which another try may succeed: the platform is busy or asks for fewer requests (1, 2, 4, 17,
/// 32, 341, 613, 1304xx, 131016, 13105x, 133016), or the token has run out and will be renewed (102, 190).
const TEMPORARY: [i64; 15] =
    [1, 2, 4, 17, 32, 102, 190, 341, 613, 130_429, 131_016, 131_048, 131_056, 131_057, 133_016];
/// The same for the limits of each business use case.
const BUSINESS_LIMITS: std::ops::RangeInclusive<i64> = 80_000..=80_014;

/// Which platform an access token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// A Facebook page with its Messenger.
    Facebook,
    /// An Instagram account.
    Instagram,
    /// A WhatsApp business account.
    Whatsapp {
        /// The id of the number to send from when the conversation does not name one.
        phone_number_id: Option<String>,
    },
}

impl Account {
    /// The most a message may have, in characters; an Instagram message is limited in bytes by the platform,
    /// which then refuses it itself.
    fn limit(&self, comment: bool) -> usize {
        match self {
            Self::Facebook if comment => 8000,
            Self::Facebook => 2000,
            Self::Instagram if comment => 2200,
            Self::Instagram => 1000,
            Self::Whatsapp { .. } => 4096,
        }
    }
}

/// Sends replies for one source.
#[derive(Clone, Debug)]
pub struct GraphDelivery {
    api_base: String,
    access_token: SecretString,
    account: Account,
    client: reqwest::Client,
}

/// One call of the Graph API.
struct Call {
    path: String,
    body: Value,
}

impl GraphDelivery {
    /// Sends to `api_base` (`https://graph.facebook.com/v24.0`, without a slash at the end) with a token.
    pub fn new(
        api_base: &str,
        access_token: SecretString,
        account: Account,
        client: reqwest::Client,
    ) -> Self {
        Self { api_base: api_base.trim_end_matches('/').to_owned(), access_token, account, client }
    }
    fn call(&self, outbound: &Outbound) -> Result<Call, DeliverError> {
        let thread = outbound.thread.as_deref().unwrap_or_default();
        let post = thread.strip_prefix("post:");
        let found = outbound.text.chars().count();
        let limit = self.account.limit(post.is_some());
        if found > limit {
            return Err(permanent(format!(
                "the text has {found} characters, here at most {limit} can be sent"
            )));
        }
        match (post, &self.account) {
            (Some(post), Account::Facebook | Account::Instagram) => self.comment(outbound, post),
            (_, Account::Whatsapp { phone_number_id }) => {
                whatsapp(outbound, thread, phone_number_id.as_deref())
            }
            (None, Account::Facebook | Account::Instagram) => direct(outbound, thread),
        }
    }
    /// Answers a comment; without one, writes under the post.
    fn comment(&self, outbound: &Outbound, post: &str) -> Result<Call, DeliverError> {
        let comment = outbound.in_reply_to.as_deref().and_then(|key| key.split(':').next());
        let edge = if self.account == Account::Instagram && comment.is_some_and(|id| id != post) {
            "replies"
        } else {
            "comments"
        };
        let path = format!("{}/{edge}", path_part(comment.unwrap_or(post))?);
        Ok(Call { path, body: json!({ "message": outbound.text }) })
    }
    async fn send(&self, call: &Call) -> Result<(u16, Value), DeliverError> {
        let away = |why: reqwest::Error| DeliverError::Temporary(format!("no answer: {}", why.without_url()));
        let request = self.client.post(format!("{}/{}", self.api_base, call.path)).timeout(TIMEOUT);
        let answer = request
            .bearer_auth(self.access_token.expose_secret())
            .json(&call.body)
            .send()
            .await
            .map_err(away)?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.map_err(away)?;
        // An answer that is no JSON (a proxy's page) has nothing to tell beyond its status.
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }
}

#[async_trait]
impl Deliver for GraphDelivery {
    async fn deliver(&self, outbound: &Outbound) -> Result<Delivered, DeliverError> {
        let (status, answer) = self.send(&self.call(outbound)?).await?;
        if !(200..300).contains(&status) {
            return Err(refusal(status, &answer));
        }
        let ids = ["/message_id", "/messages/0/id", "/id"]
            .iter()
            .filter_map(|place| answer.pointer(place)?.as_str());
        // It has left even when the answer names no id: sending it again would double it.
        let external_id = ids.into_iter().next().unwrap_or(&outbound.external_id).to_owned();
        Ok(Delivered { external_id })
    }
}

fn direct(outbound: &Outbound, thread: &str) -> Result<Call, DeliverError> {
    let recipient = recipient(outbound, thread)?;
    let body = json!({
        "recipient": { "id": recipient }, "message": { "text": outbound.text }, "messaging_type": "RESPONSE",
    });
    Ok(Call { path: "me/messages".to_owned(), body })
}

fn whatsapp(outbound: &Outbound, thread: &str, number: Option<&str>) -> Result<Call, DeliverError> {
    let named = thread.split_once(':').and_then(|(_, rest)| rest.split_once('/')).map(|(number, _)| number);
    let number = named.or(number).ok_or_else(|| permanent("no phone_number_id to send from".to_owned()))?;
    let path = format!("{}/messages", path_part(number)?);
    let recipient = recipient(outbound, thread)?;
    let digits = recipient.trim_start_matches('+');
    let mut body = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "type": "text",
        "text": { "body": outbound.text },
    });
    // A number goes to `to`, a business-scoped user id (`IT.…`) to `recipient`.
    let (member, value) =
        if digits.bytes().all(|b| b.is_ascii_digit()) { ("to", digits) } else { ("recipient", recipient) };
    if let Some(members) = body.as_object_mut() {
        members.insert(member.to_owned(), value.into());
    }
    Ok(Call { path, body })
}

fn recipient<'a>(outbound: &'a Outbound, thread: &'a str) -> Result<&'a str, DeliverError> {
    let partner =
        thread.strip_prefix("dm:").map(|rest| rest.split_once('/').map_or(rest, |(_, partner)| partner));
    let found = outbound.to.first().map(String::as_str).or(partner).filter(|id| !id.is_empty());
    found.ok_or_else(|| permanent("no recipient".to_owned()))
}

/// An id that may stand in an address; anything else would lead elsewhere.
fn path_part(id: &str) -> Result<&str, DeliverError> {
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if plain { Ok(id) } else { Err(permanent("the id to answer is none of the platform's".to_owned())) }
}

fn permanent(why: String) -> DeliverError {
    DeliverError::Permanent(why)
}

/// Reads the platform's refusal. Outside the 24-hour window it refuses as well (10 with 2018278, 131047): that is
/// permanent, and its own words say so.
fn refusal(status: u16, answer: &Value) -> DeliverError {
    let error = answer.get("error").unwrap_or(&Value::Null);
    let number = |name: &str| error.get(name).and_then(Value::as_i64);
    let code = number("code");
    let words: String =
        error.get("message").and_then(Value::as_str).unwrap_or("no reason given").chars().take(300).collect();
    let codes = [code, number("error_subcode")]
        .into_iter()
        .flatten()
        .map(|code| code.to_string())
        .collect::<Vec<_>>();
    let said = format!(
        "status {status}, code {}: {words}",
        if codes.is_empty() { "none".to_owned() } else { codes.join("/") }
    );
    let busy = code.is_some_and(|code| TEMPORARY.contains(&code) || BUSINESS_LIMITS.contains(&code));
    let transient = error.get("is_transient").and_then(Value::as_bool) == Some(true);
    if busy || transient || matches!(status, 401 | 408 | 429) || status >= 500 {
        DeliverError::Temporary(said)
    } else {
        DeliverError::Permanent(said)
    }
}
