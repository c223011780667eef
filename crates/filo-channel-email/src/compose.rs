//! Our answers as messages.
//!
//! **Invariant:** no value can add a header: control characters become blanks, and ids that are no Message-IDs are
//! refused or left out.

use filo_channel::{DeliverError, Outbound};
use lettre::{
    Address, Message,
    message::{
        Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use crate::header::clean;

/// Who our messages are from.
#[derive(Clone, Debug)]
pub struct Sender {
    name: String,
    address: Address,
}

/// Why a configured sender is none.
#[derive(Debug, thiserror::Error)]
#[error("{address:?} is no mail address to send from: expected one such as urp@example.org")]
pub struct SenderError {
    address: String,
}

impl Sender {
    /// Checks the address; the name may be empty.
    ///
    /// # Errors
    /// When the address is none.
    pub fn parse(name: &str, address: &str) -> Result<Self, SenderError> {
        let parsed =
            address.trim().parse().map_err(|_no_address| SenderError { address: address.to_owned() })?;
        Ok(Self { name: clean(name), address: parsed })
    }
    fn mailbox(&self) -> Mailbox {
        Mailbox::new((!self.name.is_empty()).then(|| self.name.clone()), self.address.clone())
    }
}

/// Builds the message. Automatic ones say so, that no robot answers them.
///
/// # Errors
/// Permanent, when a recipient is no address, there is none, or the id is no Message-ID.
pub fn message(from: &Sender, outbound: &Outbound) -> Result<Message, DeliverError> {
    let id = bracketed(&outbound.external_id)
        .ok_or_else(|| DeliverError::Permanent(format!("{:?} is no message id", outbound.external_id)))?;
    let mut builder =
        Message::builder().from(from.mailbox()).subject(clean(&outbound.subject)).message_id(Some(id));
    for recipient in &outbound.to {
        let address: Address = recipient
            .trim()
            .parse()
            .map_err(|_no_address| DeliverError::Permanent(format!("{recipient:?} is no mail address")))?;
        builder = builder.to(Mailbox::new(None, address));
    }
    if let Some(parent) = outbound.in_reply_to.as_deref().and_then(bracketed) {
        builder = builder.in_reply_to(parent);
    }
    let references: Vec<String> = outbound.references.iter().filter_map(|id| bracketed(id)).collect();
    if !references.is_empty() {
        builder = builder.references(references.join(" "));
    }
    if outbound.automatic {
        builder = automatic(builder);
    }
    let text = SinglePart::plain(outbound.text.replace('\0', ""));
    let built = if outbound.attachments.is_empty() {
        builder.singlepart(text)
    } else {
        let start = MultiPart::mixed().singlepart(text);
        let parts = outbound.attachments.iter().map(part).collect::<Result<Vec<_>, _>>()?;
        builder.multipart(parts.into_iter().fold(start, MultiPart::singlepart))
    };
    built.map_err(|error| DeliverError::Permanent(error.to_string()))
}

/// A file as a part: never shown in place, and of no type that a header could be broken with.
fn part(file: &filo_channel::Attachment) -> Result<SinglePart, DeliverError> {
    let media_type = ContentType::parse(&file.media_type)
        .or_else(|_no_type| ContentType::parse("application/octet-stream"))
        .map_err(|error| DeliverError::Permanent(error.to_string()))?;
    Ok(Attachment::new(clean(&file.name)).body(file.bytes.clone(), media_type))
}

fn automatic(builder: MessageBuilder) -> MessageBuilder {
    let raw = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
    builder
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .raw_header(raw("Precedence", "bulk"))
        .raw_header(raw("X-Auto-Response-Suppress", "All"))
}

/// An id in brackets, if it is one: printable ASCII with an `@`, no blanks, no brackets.
fn bracketed(id: &str) -> Option<String> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let fine = id.contains('@')
        && id.len() <= 900
        && id.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'));
    fine.then(|| format!("<{id}>"))
}

#[cfg(test)]
pub(crate) mod tests {
    use filo_domain::{MessageId, vocabulary::Channel};

    use super::*;
    use crate::{message::Mail, unit::Understood};

    pub(crate) fn outbound() -> Outbound {
        Outbound {
            message_id: MessageId::from_uuid(Default::default()),
            ticket_number: "26-0000001".to_owned(),
            channel: Channel::Email,
            source: "urp".to_owned(),
            to: vec!["maria@example.it".to_owned()],
            subject: "Re: Città [#26-0000001-abcdef]".to_owned(),
            text: "Gentile Maria,\nperché no?\n".to_owned(),
            external_id: "m1.abc@filo.example".to_owned(),
            in_reply_to: Some("q2@example.it".to_owned()),
            references: vec!["q1@example.it".to_owned(), "q2@example.it".to_owned()],
            thread: None,
            automatic: false,
            attachments: vec![],
        }
    }

    pub(crate) fn sender() -> Sender {
        Sender::parse("Comune di Città", "urp@comune.example").expect("address")
    }

    fn sent(outbound: &Outbound) -> String {
        String::from_utf8(message(&sender(), outbound).expect("message").formatted()).expect("ASCII")
    }

    #[test]
    fn what_we_send_reads_back_the_same() {
        let mail = Mail::parse(sent(&outbound()).as_bytes()).expect("header");
        let from = mail.from.clone().expect("from");
        assert_eq!(
            (from.name.as_deref(), from.address.as_deref()),
            (Some("Comune di Città"), Some("urp@comune.example"))
        );
        assert_eq!(mail.to, ["maria@example.it"]);
        assert_eq!(mail.subject.as_deref(), Some("Re: Città [#26-0000001-abcdef]"));
        assert_eq!(mail.message_id.as_deref(), Some("m1.abc@filo.example"));
        assert_eq!(mail.in_reply_to.as_deref(), Some("q2@example.it"));
        assert_eq!(mail.references, ["q1@example.it", "q2@example.it"]);
        assert_eq!(mail.text, "Gentile Maria,\nperché no?");
        assert!(mail.headers().first("auto-submitted").is_none());
    }

    #[test]
    fn an_automatic_message_is_known_for_one() {
        let unit =
            Understood::read(sent(&Outbound { automatic: true, ..outbound() }).as_bytes()).expect("header");
        assert!(!unit.opens_ticket());
        assert!(unit.no_auto_answer);
    }

    #[test]
    fn no_value_can_add_a_header() {
        let evil = "x\r\nBcc: evil@example.it\r\n\r\nbody";
        let mut outbound = outbound();
        outbound.subject = evil.to_owned();
        outbound.in_reply_to = Some("a@b\r\nBcc: evil@example.it".to_owned());
        outbound.references = vec![evil.to_owned()];
        let text = sent(&outbound);
        assert!(!text.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{text}");
        assert!(!text.contains("In-Reply-To") && !text.contains("References"), "{text}");

        let named = Sender::parse(evil, "urp@comune.example").expect("address");
        let text =
            String::from_utf8(message(&named, &outbound).expect("message").formatted()).expect("ASCII");
        assert!(!text.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{text}");
    }

    #[test]
    fn what_cannot_be_sent_is_a_permanent_error() {
        let broken = [
            Outbound { to: vec![], ..outbound() },
            Outbound { to: vec!["nobody".to_owned()], ..outbound() },
            Outbound { to: vec!["a@b.it\r\nBcc: c@d.it".to_owned()], ..outbound() },
            Outbound { external_id: "no id".to_owned(), ..outbound() },
        ];
        for outbound in broken {
            assert!(matches!(message(&sender(), &outbound), Err(DeliverError::Permanent(_))), "{outbound:?}");
        }
        assert!(Sender::parse("x", "nobody").is_err());
    }
}
