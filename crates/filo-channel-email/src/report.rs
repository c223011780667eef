//! Reports that a message could not be delivered: RFC 3464, and the free text of programs that write none.

use std::collections::BTreeSet;

use filo_channel::RecipientReport;
use filo_domain::vocabulary::DeliveryState;
use serde::Serialize;

use crate::{
    charset,
    header::{self, Headers},
    message::Mail,
    mime::Part,
};

/// What a delivery report says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bounce {
    /// Each recipient it speaks of.
    pub recipients: Vec<BouncedRecipient>,
    /// The Message-ID of the message it is about, without brackets.
    pub original_message_id: Option<String>,
}

/// What became of the message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BouncedRecipient {
    /// The address in lower case.
    pub address: String,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    pub action: String,
    /// The status code, such as `5.1.1`; `None` when the report has none.
    pub status: Option<String>,
    /// Whether trying again is useless: failed, and not with a status of class 4.
    pub permanent: bool,
    /// The other server's words.
    #[serde(skip)]
    pub detail: Option<String>,
}

impl Bounce {
    /// What the report means for each recipient. `failed` is final even with a status of class 4 (the other server
    /// has given up); `delayed`, `relayed` and `expanded` change nothing.
    pub fn recipient_reports(&self) -> Vec<RecipientReport> {
        let report = |one: &BouncedRecipient| RecipientReport {
            address: one.address.clone(),
            state: match one.action.as_str() {
                "failed" => Some(DeliveryState::Failed),
                "delivered" => Some(DeliveryState::Delivered),
                _ => None,
            },
            detail: one.detail.clone().or_else(|| one.status.clone()),
        };
        self.recipients.iter().map(report).collect()
    }
}

const SENDERS: [&str; 3] = ["mailer-daemon", "mailerdaemon", "mail-daemon"];
const SUBJECTS: [&str; 16] = [
    "undeliver",
    "undelivered",
    "delivery status",
    "delivery failure",
    "delivery has failed",
    "delivery notification",
    "mail delivery failed",
    "mail delivery system",
    "failure notice",
    "returned mail",
    "delayed mail",
    "non recapitabile",
    "impossibile recapitare",
    "mancato recapito",
    "mancata consegna",
    "recapito non riuscito",
];
const DELAYS: [&str; 8] = [
    "will be retried",
    "will keep trying",
    "still being retried",
    "delayed",
    "not been delivered yet",
    "in ritardo",
    "nuovi tentativi",
    "do not need to resend",
];
const TROUBLES: [&str; 15] = [
    "user unknown",
    "unknown user",
    "no such user",
    "does not exist",
    "not exist",
    "no mailbox",
    "mailbox unavailable",
    "mailbox full",
    "quota",
    "not found",
    "rejected",
    "unrouteable",
    "inesistente",
    "sconosciuto",
    "non valido",
];
const LINES_OF_CAUSE: usize = 6;
/// A report in free text speaks of a few recipients; more are a text full of addresses.
const MAX_FREE_TEXT: usize = 100;
const DETAIL_LENGTH: usize = 300;

/// The report in a mail, if it is one. A person's mail from `postmaster@` is none: besides the sender it takes an
/// empty return path or the words of a report in the subject.
pub fn bounce(mail: &Mail) -> Option<Bounce> {
    let statuses = status_parts(&mail.root);
    if statuses.is_empty() && !is_free_text_report(mail) {
        return None;
    }
    let mut recipients: Vec<BouncedRecipient> = statuses.iter().flat_map(|bytes| structured(bytes)).collect();
    if recipients.is_empty() {
        recipients = free_text(mail);
    }
    let mut seen = BTreeSet::new();
    recipients.retain(|one| seen.insert(one.address.clone()));
    Some(Bounce { recipients, original_message_id: original_message_id(mail) })
}

fn is_free_text_report(mail: &Mail) -> bool {
    let headers = mail.headers();
    let sender = mail.sender_address().unwrap_or_default().to_lowercase();
    let local = sender.split('@').next().unwrap_or_default();
    let no_return = headers.all("return-path").any(|path| path == "<>");
    let subject = mail.subject.as_deref().unwrap_or_default().to_lowercase();
    let told = SUBJECTS.iter().any(|words| subject.contains(words));
    let delivery_report = mail.root.media_type == "multipart/report"
        && mail.root.parameter("report-type").is_none_or(|kind| kind.eq_ignore_ascii_case("delivery-status"));
    delivery_report
        || headers.first("x-failed-recipients").is_some()
        || SENDERS.contains(&local)
        || (local == "postmaster" && (no_return || told))
        || (no_return && told)
}

fn status_parts(root: &Part) -> Vec<&[u8]> {
    let status = |part: &&Part| {
        matches!(part.media_type.as_str(), "message/delivery-status" | "message/global-delivery-status")
    };
    root.leaves().into_iter().filter(status).map(Part::bytes).collect()
}

/// The recipients of a `message/delivery-status` part: one block of fields each.
fn structured(bytes: &[u8]) -> Vec<BouncedRecipient> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (block, after) = header::split(rest);
        found.extend(recipient(&block));
        // Where nothing was consumed, the line is no field: pass over it.
        rest = if after.len() < rest.len() {
            after
        } else {
            header::next_line(rest).map_or(&[], |(_, after)| after)
        };
    }
    found
}

fn recipient(block: &Headers) -> Option<BouncedRecipient> {
    let named = block.first("final-recipient").or_else(|| block.first("original-recipient"))?;
    let address = address(named)?;
    let status = block.first("status").and_then(enhanced_status);
    let action = block.first("action").map(|action| action.trim().to_ascii_lowercase());
    let action = action.unwrap_or_else(|| {
        if status.as_deref().is_some_and(|code| code.starts_with('4')) { "delayed" } else { "failed" }
            .to_owned()
    });
    Some(BouncedRecipient {
        permanent: is_permanent(&action, status.as_deref()),
        detail: block.first("diagnostic-code").map(shorten),
        address,
        action,
        status,
    })
}

fn is_permanent(action: &str, status: Option<&str>) -> bool {
    action == "failed" && !status.is_some_and(|code| code.starts_with('4'))
}

fn address(field: &str) -> Option<String> {
    let bare = field.rsplit(';').next().unwrap_or(field).trim().trim_matches(['<', '>', '"', ' ']);
    (!bare.is_empty()).then(|| bare.to_lowercase())
}

fn shorten(text: &str) -> String {
    header::clean(text).chars().take(DETAIL_LENGTH).collect()
}

/// The first `class.subject.detail` code of a text.
fn enhanced_status(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|word| word.trim_matches('.'))
        .find(|word| {
            let parts: Vec<&str> = word.split('.').collect();
            parts.len() == 3
                && parts.first().is_some_and(|class| matches!(*class, "2" | "4" | "5"))
                && parts.iter().all(|part| (1..=3).contains(&part.len()))
        })
        .map(str::to_owned)
}

/// A status from a bare SMTP code such as `550`.
fn smtp_status(text: &str) -> Option<String> {
    let code = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').find(|word| {
        word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit()) && word.starts_with(['4', '5'])
    })?;
    Some(format!("{}.0.0", code.get(..1)?))
}

/// Recipients named in `X-Failed-Recipients` or in the text beside a code or the words of a trouble.
fn free_text(mail: &Mail) -> Vec<BouncedRecipient> {
    let text = mail.text.to_lowercase();
    let delayed = DELAYS.iter().any(|words| text.contains(words));
    let lines: Vec<&str> = mail.text.lines().take_while(|line| !starts_the_original(line)).collect();
    let own: BTreeSet<String> = mail.to.iter().map(|address| address.to_lowercase()).collect();
    let named = mail.headers().mailboxes("x-failed-recipients").into_iter().filter_map(|one| one.address);
    let mut addresses: Vec<String> = named.map(|address| address.to_lowercase()).collect();
    if addresses.is_empty() {
        let in_text = lines.iter().enumerate().filter(|(place, _)| cause(&lines, *place).is_some());
        addresses = in_text
            .filter_map(|(_, line)| first_address(line))
            .filter(|address| !own.contains(address))
            .collect();
    }
    addresses.dedup();
    addresses.truncate(MAX_FREE_TEXT);
    let report = |address: String| {
        let place = lines.iter().position(|line| first_address(line).as_ref() == Some(&address));
        let words = place.and_then(|place| cause(&lines, place)).unwrap_or_default();
        let status = enhanced_status(&words).or_else(|| smtp_status(&words));
        let action = if delayed { "delayed" } else { "failed" };
        BouncedRecipient {
            permanent: is_permanent(action, status.as_deref()),
            action: action.to_owned(),
            detail: (!words.is_empty()).then(|| shorten(&words)),
            address,
            status,
        }
    };
    addresses.into_iter().map(report).collect()
}

/// The words around an address that say what went wrong, up to the next address or empty line.
fn cause(lines: &[&str], place: usize) -> Option<String> {
    first_address(lines.get(place)?)?;
    let following = lines.iter().skip(place + 1).take(LINES_OF_CAUSE);
    let following = following.take_while(|line| !line.trim().is_empty() && !starts_with_address(line));
    let words: String =
        lines.get(place).into_iter().chain(following).map(|line| format!("{line} ")).collect();
    let lower = words.to_lowercase();
    let told = enhanced_status(&words).is_some()
        || smtp_status(&words).is_some()
        || TROUBLES.iter().any(|trouble| lower.contains(trouble));
    told.then_some(words)
}

fn starts_with_address(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|word| first_address(word).is_some())
}

fn first_address(line: &str) -> Option<String> {
    line.split(|c: char| c.is_whitespace() || "<>()[]{}\",;:'".contains(c))
        .map(|word| word.trim_end_matches('.'))
        .find(|word| {
            word.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && domain.contains('.') && !domain.contains('@')
            })
        })
        .map(str::to_lowercase)
}

fn starts_the_original(line: &str) -> bool {
    let lower = line.trim().to_lowercase();
    lower.starts_with("--- below this line")
        || lower.contains("copy of the message")
        || lower.starts_with("return-path:")
}

/// From the returned message or its headers, else from the text, else from what the report answers.
fn original_message_id(mail: &Mail) -> Option<String> {
    let returned = mail.root.leaves().into_iter().find_map(|part| {
        let media = part.media_type.as_str();
        let original = matches!(
            media,
            "message/rfc822" | "message/global" | "text/rfc822-headers" | "message/rfc822-headers"
        );
        original.then(|| header::split(part.bytes()).0.ids("message-id").into_iter().next()).flatten()
    });
    returned
        .or_else(|| mail.headers().ids("x-original-message-id").into_iter().next())
        .or_else(|| in_text(mail))
        .or_else(|| mail.in_reply_to.clone())
        .or_else(|| mail.references.last().cloned())
}

fn in_text(mail: &Mail) -> Option<String> {
    let bytes = mail.root.leaves().into_iter().find(|part| part.media_type.starts_with("text/"))?.bytes();
    let text = charset::decode(bytes, None).text;
    let line = text.lines().find(|line| line.trim_start().to_ascii_lowercase().starts_with("message-id:"))?;
    header::ids(line.split_once(':')?.1).into_iter().next()
}

#[cfg(test)]
mod tests;
