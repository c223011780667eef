//! What every reader fills in, and how it becomes the [`Inbound`] and the printed view.

use filo_channel::{ContactHints, DeliveryReport, Effect, Inbound, Raw};
use filo_domain::{
    Instant,
    identity::Identity,
    vocabulary::{Channel, Direction, IdentityType, InteractionKind, NotActionable},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    asking,
    node::{Node, digest},
};

/// A longer key would not fit a database index; it is replaced by its digest.
const MAX_KEY_LENGTH: usize = 400;

/// A unit as `filo inspect` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SocialView {
    /// The source.
    pub source: String,
    /// The intake key.
    pub external_id: String,
    /// What sort of touch it is.
    pub kind: InteractionKind,
    /// The conversation.
    pub thread: Option<String>,
    /// Who did it.
    pub from: SenderView,
    /// When, in UTC.
    pub at: Instant,
    /// What was written.
    pub text: String,
    /// Pictures, places and the like, which stay on the platform.
    pub attachments: Vec<MediaView>,
    /// The platform's word for what became of our message, in a status.
    pub status: Option<String>,
    /// Whether it would open a ticket as a first contact.
    pub opens_ticket: bool,
    /// Whether we did it ourselves.
    pub own: bool,
}

/// Who did it, as far as the platform says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SenderView {
    /// The platform's id.
    pub id: Option<String>,
    /// The name shown there.
    pub name: Option<String>,
}

/// Something attached, which stays on the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaView {
    /// The platform's word: `image`, `video`, `sticker`, `location`, …
    #[serde(rename = "type")]
    pub media_type: String,
    /// Where it can be fetched for a while.
    pub url: Option<String>,
    /// The id by which it can be fetched.
    pub id: Option<String>,
}

/// Which platform a body speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Facebook,
    Instagram,
    Whatsapp,
    Unknown,
}

impl Platform {
    pub(crate) fn of(object: &str) -> Self {
        match object {
            "page" => Self::Facebook,
            "instagram" => Self::Instagram,
            "whatsapp_business_account" => Self::Whatsapp,
            _ => Self::Unknown,
        }
    }
    /// The source that `filo inspect` names; an unknown object is its own.
    pub(crate) fn source(self, object: &str) -> &str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Whatsapp => "whatsapp",
            Self::Unknown => object,
        }
    }
    fn channel(self) -> Channel {
        match self {
            Self::Facebook | Self::Instagram | Self::Unknown => Channel::Social,
            Self::Whatsapp => Channel::Chat,
        }
    }
    fn identity_type(self) -> Option<IdentityType> {
        match self {
            Self::Facebook => Some(IdentityType::Facebook),
            Self::Instagram => Some(IdentityType::Instagram),
            Self::Whatsapp => Some(IdentityType::Whatsapp),
            Self::Unknown => None,
        }
    }
}

/// One entry of a body, with what its readers need to know.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) platform: Platform,
    pub(crate) entry: Node<'a>,
    pub(crate) own_ids: &'a [String],
}

impl Scene<'_> {
    pub(crate) fn time(&self) -> Option<Instant> {
        self.entry.instant("time")
    }
    /// Whether an id is ours: the page or account of the entry, or one of the configured ones.
    pub(crate) fn is_own(&self, id: Option<&str>) -> bool {
        let known =
            |id: &str| self.own_ids.iter().any(|own| own == id) || self.entry.id("id").as_deref() == Some(id);
        id.is_some_and(known)
    }
    /// A sender known by the platform's id.
    pub(crate) fn sender(&self, id: Option<String>, name: Option<String>) -> Sender {
        let identity = |id: &String| Identity::parse(self.platform.identity_type()?, id).ok();
        Sender { identities: id.as_ref().and_then(identity).into_iter().collect(), id, name }
    }
    /// An event of a kind that is not used: recorded, told apart by its content.
    pub(crate) fn other(&self, event: Node<'_>) -> Draft {
        let time = self.entry.id("time").unwrap_or_default();
        let key = format!("other:{}:{time}:{}", self.entry.id("id").unwrap_or_default(), event.digest());
        Draft { at: self.time(), ..Draft::new(key, InteractionKind::Other) }
    }
}

/// Who did it, with everything by which the core can recognise them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sender {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) identities: Vec<Identity>,
}

/// One unit before it is finished.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) key: String,
    pub(crate) kind: InteractionKind,
    pub(crate) at: Option<Instant>,
    pub(crate) thread: Option<String>,
    pub(crate) sender: Sender,
    pub(crate) own: bool,
    pub(crate) text: String,
    /// Names which the platform marks as tags in the text.
    pub(crate) tagged: Vec<String>,
    pub(crate) media: Vec<MediaView>,
    pub(crate) status: Option<String>,
    pub(crate) report: Option<DeliveryReport>,
    /// Ids of what it answers.
    pub(crate) answers: Vec<String>,
    /// Whether something was written that the platform did not pass on.
    pub(crate) withheld: bool,
    pub(crate) flags: Vec<&'static str>,
}

impl Draft {
    pub(crate) fn new(key: String, kind: InteractionKind) -> Self {
        Self {
            key,
            kind,
            at: None,
            thread: None,
            sender: Sender::default(),
            own: false,
            text: String::new(),
            tagged: Vec::new(),
            media: Vec::new(),
            status: None,
            report: None,
            answers: Vec::new(),
            withheld: false,
            flags: Vec::new(),
        }
    }
    fn is_contact(&self) -> bool {
        self.kind.is_contact() && !self.own
    }
    fn not_actionable(&self) -> Option<NotActionable> {
        (self.is_contact() && asking::asks_nothing(self)).then_some(NotActionable::AsksNothing)
    }
    fn effect(&mut self, asks: bool) -> Effect {
        match self.report.take() {
            Some(report) => Effect::Delivery(report),
            None if self.is_contact() => Effect::Contact(ContactHints {
                references: std::mem::take(&mut self.answers),
                // A robot does not answer in public, nor thank for thanks.
                no_auto_answer: !asks
                    || matches!(self.kind, InteractionKind::Comment | InteractionKind::Post),
                ..ContactHints::default()
            }),
            None => Effect::Record,
        }
    }
    /// The value handed to the core. An instant that the platform did not give is that of the arrival.
    pub(crate) fn finish(mut self, source: &str, platform: Platform, raw: &Raw) -> Inbound {
        let not_actionable = self.not_actionable();
        let opens_ticket = self.is_contact() && not_actionable.is_none();
        if self.at.is_none() {
            self.flags.push("date_guessed");
        }
        let at = self.at.unwrap_or(raw.arrived_at.unwrap_or(raw.now));
        let external_id = bounded(std::mem::take(&mut self.key));
        let effect = self.effect(not_actionable.is_none());
        let view = self.view(source, &external_id, at, opens_ticket);
        Inbound {
            channel: platform.channel(),
            source: source.to_owned(),
            scope: source.to_owned(),
            external_id,
            kind: self.kind,
            direction: if self.own { Direction::Outbound } else { Direction::Inbound },
            occurred_at: at,
            detail: json!(view),
            identities: self.sender.identities,
            name: view.from.name,
            thread: self.thread,
            subject: None,
            text: self.text,
            not_actionable,
            attachments: Vec::new(),
            effect,
            flags: self.flags.into_iter().map(str::to_owned).collect(),
        }
    }
    fn view(&self, source: &str, external_id: &str, at: Instant, opens_ticket: bool) -> SocialView {
        SocialView {
            source: source.to_owned(),
            external_id: external_id.to_owned(),
            kind: self.kind,
            thread: self.thread.clone(),
            from: SenderView { id: self.sender.id.clone(), name: self.sender.name.clone() },
            at,
            text: self.text.clone(),
            attachments: self.media.clone(),
            status: self.status.clone(),
            opens_ticket,
            own: self.own,
        }
    }
}

fn bounded(key: String) -> String {
    if key.len() <= MAX_KEY_LENGTH { key } else { format!("sha256:{}", digest(&key)) }
}
