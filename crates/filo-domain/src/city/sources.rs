//! Where contacts come from: a phone system, a mailbox, a page, a form, the operators' desk.
//!
//! What a source needs in secret (passwords, tokens) is in no file: it comes through the environment.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ConfigError, File, Ivr, Themes, check_keys};
use crate::vocabulary::{Channel, IdentityType, Word};

/// One configured origin of contacts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its stable key, as in `--source`, in webhook paths and in secrets' names.
    pub key: String,
    /// Its channel; `None` for the desk, where each contact brings its own.
    pub channel: Option<Channel>,
    /// Its name.
    pub label: String,
    /// Without a channel: the channels that operators may enter under it; all of them where there is none.
    #[serde(default)]
    pub desk: Vec<Channel>,
    /// Mail: the address that answers are sent from.
    pub address: Option<String>,
    /// Mail: further addresses that arrive in the same box; a mail from one of them is our own.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Social and chat: the platform by which its people are identified.
    pub platform: Option<IdentityType>,
    /// Social and chat: the ids of our own pages and numbers on the platform.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Phone: queue name to theme key, for what a queue is about.
    #[serde(default)]
    pub queues: BTreeMap<String, String>,
    /// Phone: prefixes of the channels by which persons answer (`dstchannel` of a call detail record).
    #[serde(default)]
    pub agent_channels: Vec<String>,
    /// Phone: the machine that answers first.
    #[serde(default)]
    pub ivr: Ivr,
}

impl Source {
    /// Every own address, the sending one first.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.address.iter().chain(&self.aliases).map(String::as_str)
    }
    /// Whether operators may enter contacts of a channel under it.
    pub fn is_desk_of(&self, channel: Channel) -> bool {
        self.channel.is_none() && (self.desk.is_empty() || self.desk.contains(&channel))
    }
    /// The theme of a queue.
    pub fn theme_of_queue(&self, queue: &str) -> Option<&str> {
        self.queues.get(queue).map(String::as_str)
    }
    /// The first key that its channel has no use for.
    fn misplaced(&self) -> Option<&'static str> {
        let mail = matches!(self.channel, Some(Channel::Email | Channel::Pec));
        let social = matches!(self.channel, Some(Channel::Social | Channel::Chat));
        let phone = self.channel == Some(Channel::Phone);
        let given = [
            ("desk", !self.desk.is_empty() && self.channel.is_some()),
            ("address", self.address.is_some() && !mail),
            ("aliases", !self.aliases.is_empty() && !mail),
            ("platform", self.platform.is_some() && !social),
            ("accounts", !self.accounts.is_empty() && !social),
            ("queues", !self.queues.is_empty() && !phone),
            ("agent_channels", !self.agent_channels.is_empty() && !phone),
            ("ivr", !self.ivr.is_empty() && !phone),
        ];
        given.into_iter().find_map(|(key, misplaced)| misplaced.then_some(key))
    }
    fn lacks(&self) -> Option<&'static str> {
        match self.channel {
            Some(Channel::Email | Channel::Pec) if self.address.is_none() => Some("address"),
            Some(Channel::Social | Channel::Chat) if self.platform.is_none() => Some("platform"),
            _ => None,
        }
    }
}

pub(super) fn check(file: &File<'_>, sources: &[Source], themes: &Themes) -> Result<(), ConfigError> {
    check_keys(file, "sources", sources.iter().map(|source| source.key.as_str()))?;
    for (place, source) in sources.iter().enumerate() {
        let path = |key: &str| format!("sources.{place}.{key}");
        let channel = source.channel.map_or("no channel", Word::word);
        if let Some(key) = source.misplaced() {
            return Err(file.refuse(
                &path(key),
                format!("`{key}` in a source of {channel}"),
                "no such key there",
            ));
        }
        if let Some(key) = source.lacks() {
            return Err(file.refuse(
                &path(key),
                "nothing",
                format!("the key `{key}` in a source of {channel}"),
            ));
        }
        for (queue, theme) in &source.queues {
            themes.check(theme, file, &path(&format!("queues.{queue}")))?;
        }
        for (choice, about) in &source.ivr.choices {
            if let Some(theme) = &about.theme {
                themes.check(theme, file, &path(&format!("ivr.choices.{choice}.theme")))?;
            }
        }
    }
    Ok(())
}
