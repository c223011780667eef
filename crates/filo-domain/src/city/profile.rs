//! What a city says of itself in `city.toml`.

use serde::Deserialize;

use super::{ConfigError, File, Source, check_keys};
use crate::{
    CityZone,
    vocabulary::{Channel, Kind},
};

/// The city itself.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name as citizens know it.
    pub name: String,
    /// Its zone.
    pub zone: CityZone,
    /// The code in the index of public administrations.
    pub ipa_code: String,
    /// The languages of its texts; the first is the one shown where another has none.
    pub languages: Vec<String>,
    /// Days after a resolution on which a ticket closes by itself.
    pub close_after_days: i64,
    /// Days of 24 h after the last resolution within which the citizen's message reopens.
    pub reopen_days: i64,
    /// Days before and after a ticket's opening within which open ones about the same are looked for.
    pub duplicate_days: i64,
    /// The telephone number that is always shown as the other way.
    pub phone: String,
    /// Its hours in words.
    pub phone_hours: String,
    /// The privacy notice.
    pub privacy_url: String,
    /// The version of the privacy notice, kept with every submission.
    pub privacy_version: String,
    /// The accessibility statement.
    pub accessibility_url: String,
    /// How its mails are signed.
    pub mail: MailProfile,
    /// Its districts (Municipi).
    pub districts: Vec<District>,
    /// What is handed to the document-protocol system.
    pub protocol: ProtocolRule,
}

/// What is handed to the document-protocol system when its ticket is opened: of one of the kinds, or come by one of
/// the channels; nothing where both are empty.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProtocolRule {
    /// The kinds.
    pub kinds: Vec<Kind>,
    /// The channels.
    pub channels: Vec<Channel>,
    /// What was submitted more days ago comes from an archive and has its number already.
    pub max_age_days: i64,
}

impl Default for ProtocolRule {
    fn default() -> Self {
        Self { kinds: vec![], channels: vec![], max_age_days: 30 }
    }
}

impl ProtocolRule {
    /// Whether a ticket is to be registered.
    pub fn applies(&self, channel: Channel, kind: Kind) -> bool {
        self.kinds.contains(&kind) || self.channels.contains(&channel)
    }
}

impl Profile {
    /// Whether the city has a district of this number.
    pub fn has_district(&self, number: i32) -> bool {
        self.districts.iter().any(|district| district.key.parse() == Ok(number))
    }
}

/// How the city's mails go out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailProfile {
    /// The name beside the sender's address.
    pub sender_name: String,
    /// The domain of the Message-IDs of what Filo sends; a mail that carries one is our own.
    pub domain: String,
}

/// A district of the city.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct District {
    /// The key that a place carries.
    pub key: String,
    /// Its name.
    pub name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCity {
    name: String,
    zone: String,
    ipa_code: String,
    languages: Vec<String>,
    close_after_days: i64,
    reopen_days: i64,
    #[serde(default = "usual_duplicate_days")]
    duplicate_days: i64,
    phone: String,
    phone_hours: String,
    privacy_url: String,
    privacy_version: String,
    accessibility_url: String,
    mail: MailProfile,
    #[serde(default)]
    districts: Vec<District>,
    #[serde(default)]
    protocol: ProtocolRule,
    sources: Vec<Source>,
}

/// A month: who asks again within it asks for the same.
fn usual_duplicate_days() -> i64 {
    30
}

/// Reads `city.toml`; the sources still lack the check against the themes.
pub(super) fn read(file: &File<'_>) -> Result<(Profile, Vec<Source>), ConfigError> {
    let raw: RawCity = file.read()?;
    let expected = "an IANA name such as Europe/Rome";
    let zone = CityZone::parse(&raw.zone)
        .map_err(|_unknown| file.refuse("zone", format!("{:?}", raw.zone), expected))?;
    check_days(file, "close_after_days", raw.close_after_days)?;
    check_days(file, "reopen_days", raw.reopen_days)?;
    check_days(file, "duplicate_days", raw.duplicate_days)?;
    check_days(file, "protocol.max_age_days", raw.protocol.max_age_days)?;
    check_languages(file, &raw.languages)?;
    check_keys(file, "districts", raw.districts.iter().map(|district| district.key.as_str()))?;
    let profile = Profile {
        name: raw.name,
        zone,
        ipa_code: raw.ipa_code,
        languages: raw.languages,
        close_after_days: raw.close_after_days,
        reopen_days: raw.reopen_days,
        duplicate_days: raw.duplicate_days,
        phone: raw.phone,
        phone_hours: raw.phone_hours,
        privacy_url: raw.privacy_url,
        privacy_version: raw.privacy_version,
        accessibility_url: raw.accessibility_url,
        mail: raw.mail,
        districts: raw.districts,
        protocol: raw.protocol,
    };
    Ok((profile, raw.sources))
}

fn check_days(file: &File<'_>, key: &str, days: i64) -> Result<(), ConfigError> {
    if (1..=3650).contains(&days) { Ok(()) } else { Err(file.refuse(key, days, "1 to 3650 days")) }
}

fn check_languages(file: &File<'_>, languages: &[String]) -> Result<(), ConfigError> {
    let two_letters =
        |language: &String| language.len() == 2 && language.bytes().all(|b| b.is_ascii_lowercase());
    if !languages.is_empty() && languages.iter().all(two_letters) {
        return Ok(());
    }
    Err(file.refuse(
        "languages",
        format!("{languages:?}"),
        "one or more codes of two letters, such as \"it\"",
    ))
}
