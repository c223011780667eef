//! Filo's own settings: one file, then the environment, then flags. An unknown key or a wrong value stops the start
//! with where it stands, what was found and what is expected.

mod oidc;

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use filo_app::{AccessPolicy, Role};
use secrecy::SecretString;
use serde::Deserialize;
use serde_path_to_error::Error;
use toml::{Table, Value};

pub use self::oidc::{IdentityProvider, ProviderGroup};
use crate::exit::Failure;

/// Where a configuration is looked for when nobody says where.
const PLACES: [&str; 2] = ["./config/filo.toml", "/etc/filo/filo.toml"];

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The city's folder; relative to the settings' file.
    pub city_dir: PathBuf,
    /// Database, keys and unsent mail.
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    /// The server.
    #[serde(default)]
    pub http: Http,
    /// The monitoring address.
    #[serde(default)]
    pub metrics: Metrics,
    /// The database.
    #[serde(default)]
    pub database: Database,
    /// Outgoing mail.
    #[serde(default)]
    pub smtp: Smtp,
    /// The document-protocol system.
    #[serde(default)]
    pub protocol: Protocol,
    /// Rate limits.
    #[serde(default)]
    pub limits: Limits,
    /// Log-ins.
    #[serde(default)]
    pub access: Access,
    /// Files.
    #[serde(default)]
    pub attachments: Attachments,
    /// Server-sent events.
    #[serde(default)]
    pub stream: Stream,
    /// Log-in at the organisation's identity provider.
    pub oidc: Option<IdentityProvider>,
    /// Outgoing webhooks.
    #[serde(default)]
    pub webhooks: Webhooks,
    /// What sources need in secret, by source key.
    #[serde(default)]
    pub sources: BTreeMap<String, SourceSecrets>,
}

fn default_data_dir() -> PathBuf {
    PathBuf::from("./data")
}

/// The server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Where it listens.
    pub bind: String,
    /// The address citizens know it by.
    pub public_url: Option<String>,
    /// Whether a proxy stands in front, whose last `X-Forwarded-For` entry is the caller's address.
    pub behind_proxy: bool,
}

impl Default for Http {
    fn default() -> Self {
        Self { bind: "127.0.0.1:8080".to_owned(), public_url: None, behind_proxy: false }
    }
}

/// The monitoring address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Where it listens; off without it.
    pub bind: Option<String>,
}

/// The database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: Option<SecretString>,
    /// Connections kept.
    pub pool_size: NonZeroU32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, pool_size: NonZeroU32::MIN.saturating_add(7) }
    }
}

/// Outgoing mail.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// `smtp[s]://user:password@host:port?tls=…`.
    pub url: Option<SecretString>,
}

/// The document-protocol system.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Protocol {
    /// Where documents are handed over; without it they are written to a folder.
    pub url: Option<String>,
    /// With which it knows us.
    pub secret: Option<SecretString>,
}

/// Rate limits; 0 switches one off.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests a minute from one address on the public pages.
    pub public_per_minute: u32,
    /// Attempts to log in a minute from one address.
    pub login_per_minute: u32,
    /// Requests a minute of one user or key behind the log-in.
    pub api_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { public_per_minute: 30, login_per_minute: 10, api_per_minute: 600 }
    }
}

/// Log-ins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Failures in a row after which an account is locked for an address; 0 for no lock.
    pub max_failures: u32,
    /// For how many minutes.
    pub lock_minutes: u32,
    /// The roles that must have a second factor.
    pub totp_required_for: Vec<Role>,
    /// Under which name authenticator apps show the account.
    pub issuer: String,
}

impl Default for Access {
    fn default() -> Self {
        let policy = AccessPolicy::default();
        Self {
            max_failures: policy.max_failures,
            lock_minutes: 15,
            totp_required_for: policy.totp_required_for,
            issuer: policy.issuer,
        }
    }
}

impl Access {
    /// The same as the use cases know it.
    pub fn policy(&self) -> AccessPolicy {
        AccessPolicy {
            max_failures: self.max_failures,
            lock_s: i64::from(self.lock_minutes) * 60,
            totp_required_for: self.totp_required_for.clone(),
            issuer: self.issuer.clone(),
        }
    }
}

/// Files: where they are kept, who scans them, what they may be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attachments {
    /// `s3://bucket/prefix`; without it a folder in the data directory.
    pub url: Option<String>,
    /// Another address of the bucket's service than Amazon's.
    pub endpoint: Option<String>,
    /// The bucket's region.
    pub region: Option<String>,
    /// The id of the bucket's key.
    pub access_key_id: Option<SecretString>,
    /// The bucket's key.
    pub secret_access_key: Option<SecretString>,
    /// ClamAV's daemon: `tcp://host:port` or `unix:/path`.
    pub clamd: Option<String>,
    /// The largest file, in MB.
    pub max_file_mb: u32,
    /// The size of all files uploaded to one ticket, in MB.
    pub max_ticket_mb: u32,
    /// The number of files uploaded to one ticket.
    pub max_ticket_files: u32,
    /// The size of all files of one reply, in MB.
    pub max_reply_mb: u32,
    /// Types by content that are refused at upload; without it, what machines run.
    pub refused_types: Option<Vec<String>>,
}

impl Default for Attachments {
    fn default() -> Self {
        Self {
            url: None,
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            clamd: None,
            max_file_mb: 50,
            max_ticket_mb: 500,
            max_ticket_files: 100,
            max_reply_mb: 20,
            refused_types: None,
        }
    }
}

/// Server-sent events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stream {
    /// For how many hours what happened is kept for those who reconnect.
    pub keep_hours: u32,
    /// Streams that one user may have open.
    pub per_user: usize,
    /// Streams open in all.
    pub in_all: usize,
}

impl Default for Stream {
    fn default() -> Self {
        Self { keep_hours: 48, per_user: 5, in_all: 1000 }
    }
}

/// Outgoing webhooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Whether they may go to private and local addresses, and by plain HTTP to this machine.
    pub allow_private: bool,
    /// Hosts to which they may go by plain HTTP and at private addresses.
    pub allowed_hosts: Vec<String>,
    /// For how many seconds a receiver is waited for, 1 to 30.
    #[serde(deserialize_with = "patience")]
    pub timeout_s: u8,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { allow_private: false, allowed_hosts: vec![], timeout_s: 15 }
    }
}

/// A message is held by its worker for a minute: an attempt must be over long before.
fn patience<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let seconds = u8::deserialize(from)?;
    if (1..=30).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(serde::de::Error::custom(format!("found {seconds}, expected 1 to 30 seconds")))
    }
}

/// What a source needs in secret.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceSecrets {
    /// The mailbox.
    pub imap_url: Option<SecretString>,
    /// Signs webhooks.
    pub app_secret: Option<SecretString>,
    /// The word of the webhook's handshake.
    pub verify_token: Option<SecretString>,
    /// With which answers are sent.
    pub access_token: Option<SecretString>,
    /// Another address of the platform's interface.
    pub api_base: Option<String>,
}

/// The process's environment, and flags in the same form.
pub type Environment = BTreeMap<String, String>;

/// The environment of this process.
#[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
pub fn process_environment() -> Environment {
    std::env::vars().filter(|(name, _)| name == "DATABASE_URL" || name.starts_with("FILO__")).collect()
}

impl Settings {
    /// Reads the settings: `--config`, else `FILO__CONFIG`, else the usual places; then the environment.
    ///
    /// # Errors
    /// [`Failure::CannotRun`] with file and line, or the variable's name.
    pub fn read(config: Option<&Path>, environment: &Environment) -> Result<Self, Failure> {
        let path = find(config, environment)?;
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::CannotRun(format!("{}: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new(".")).to_path_buf();
        Self::of_text(&text, &path.display().to_string(), &folder, environment)
    }

    /// Settings from a text whose relative paths start at `folder`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_text(
        text: &str,
        name: &str,
        folder: &Path,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        // Alone first, so that an error of the file is told with its line.
        toml::from_str::<Self>(text).map_err(|error| Failure::CannotRun(file_error(name, text, &error)))?;
        let mut table: Table =
            toml::from_str(text).map_err(|error| Failure::CannotRun(file_error(name, text, &error)))?;
        let city_given = environment.contains_key("FILO__CITY_DIR");
        for (variable, value) in environment {
            overlay(&mut table, variable, value)?;
        }
        let mut settings = typed(table).map_err(|error| {
            let variable = format!("FILO__{}", error.path().to_string().replace('.', "__").to_uppercase());
            Failure::CannotRun(format!("{variable}: {}", error.into_inner()))
        })?;
        if !city_given {
            settings.city_dir = folder.join(&settings.city_dir);
        }
        Ok(settings)
    }

    /// The database's URL: the environment's, else the file's, else the embedded one in the data directory.
    pub fn database_url(&self, environment: &Environment) -> String {
        use secrecy::ExposeSecret;
        let given = environment.get("DATABASE_URL").cloned();
        given
            .or_else(|| self.database.url.as_ref().map(|url| url.expose_secret().to_owned()))
            .unwrap_or_else(|| format!("sqlite:{}", self.data_dir.join("filo.db").display()))
    }
}

fn find(config: Option<&Path>, environment: &Environment) -> Result<PathBuf, Failure> {
    if let Some(path) =
        config.map(Path::to_path_buf).or_else(|| environment.get("FILO__CONFIG").map(PathBuf::from))
    {
        return Ok(path);
    }
    let found = PLACES.iter().map(PathBuf::from).find(|path| path.is_file());
    found.ok_or_else(|| {
        Failure::CannotRun(format!(
            "there is no configuration: looked for {}; give --config FILE",
            PLACES.join(" and ")
        ))
    })
}

fn file_error(name: &str, text: &str, error: &toml::de::Error) -> String {
    let line =
        error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
    format!("{name}:{line}: {}", error.message())
}

/// Reads the tree. A variable is text; where its key needs a number, a yes or no, or a list (words between commas),
/// which deserialising tells, it is read as that.
fn typed(table: Table) -> Result<Settings, Error<toml::de::Error>> {
    let error = match serde_path_to_error::deserialize(Value::Table(table.clone())) {
        Ok(settings) => return Ok(settings),
        Err(error) => error,
    };
    let path = error.path().to_string();
    let mut other = table;
    let Some(Value::String(text)) = at(&mut other, &path) else { return Err(error) };
    let reading = reading(text);
    let is_list = reading.is_array();
    if let Some(place) = at(&mut other, &path) {
        *place = reading;
    }
    match typed(other) {
        // Not a list either: what is wrong is said of the text.
        Err(again) if is_list && again.path().to_string() == path => Err(error),
        done => done,
    }
}

fn at<'t>(table: &'t mut Table, path: &str) -> Option<&'t mut Value> {
    match path.split_once('.') {
        Some((key, below)) => at(table.get_mut(key)?.as_table_mut()?, below),
        None => table.get_mut(path),
    }
}

/// What a text is, if it is not to be a text.
fn reading(text: &str) -> Value {
    let words = || text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let number = text.trim().parse().map(Value::Integer).ok();
    let yes = || text.trim().parse().map(Value::Boolean).ok();
    let list = || Value::Array(words().map(|word| Value::String(word.to_owned())).collect());
    number.or_else(yes).unwrap_or_else(list)
}

/// Puts one variable into the tree, as text: `FILO__HTTP__BIND` is `http.bind`.
fn overlay(table: &mut Table, variable: &str, value: &str) -> Result<(), Failure> {
    let Some(path) = variable.strip_prefix("FILO__").filter(|path| *path != "CONFIG") else { return Ok(()) };
    let mut keys: Vec<String> = path.split("__").map(str::to_lowercase).collect();
    if keys.first().is_some_and(|key| key == "sources") {
        // The keys of sources have hyphens, which variables cannot have.
        if let Some(source) = keys.get_mut(1) {
            *source = source.replace('_', "-");
        }
    }
    let Some(last) = keys.pop() else { return Ok(()) };
    let mut place = table;
    for key in keys {
        let below = place.entry(key).or_insert_with(|| Value::Table(Table::new()));
        place = below.as_table_mut().ok_or_else(|| {
            Failure::CannotRun(format!("{variable}: there is no such section in the settings"))
        })?;
    }
    place.insert(last, Value::String(value.to_owned()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "city_dir = \"cities/milano\"\n\n[limits]\npublic_per_minute = 30\n";

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Settings, Failure> {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::of_text(text, "filo.toml", Path::new("/etc/filo"), &environment)
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let settings = read(
            TEXT,
            &[
                ("FILO__HTTP__BIND", "0.0.0.0:80"),
                ("FILO__LIMITS__PUBLIC_PER_MINUTE", "0"),
                ("FILO__SOURCES__FACEBOOK__APP_SECRET", "s"),
            ],
        )
        .unwrap();
        assert_eq!(settings.http.bind, "0.0.0.0:80");
        assert_eq!(settings.limits.public_per_minute, 0);
        assert!(settings.sources["facebook"].app_secret.is_some());
        assert_eq!(settings.city_dir, Path::new("/etc/filo/cities/milano"));
    }

    #[test]
    fn a_wrong_value_is_told_with_file_and_line() {
        let error = read(&TEXT.replace("30", "\"many\""), &[]).unwrap_err().to_string();
        assert!(error.starts_with("filo.toml:4:") && error.contains("many"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_or_variable() {
        let error = read(&format!("{TEXT}speed = 1\n"), &[]).unwrap_err().to_string();
        assert!(error.starts_with("filo.toml:5:") && error.contains("speed"), "{error}");
        let error = read(TEXT, &[("FILO__HTTP__PORT", "80")]).unwrap_err().to_string();
        assert!(error.starts_with("FILO__HTTP"), "{error}");
    }

    #[test]
    fn a_wrong_variable_is_told_by_its_name() {
        let error = read(TEXT, &[("FILO__LIMITS__LOGIN_PER_MINUTE", "a few")]).unwrap_err().to_string();
        assert!(error.starts_with("FILO__LIMITS__LOGIN_PER_MINUTE") && error.contains("a few"), "{error}");
    }

    #[test]
    fn a_variable_is_a_number_a_yes_or_a_list_where_its_key_needs_one_and_text_elsewhere() {
        let settings = read(
            TEXT,
            &[
                ("FILO__ATTACHMENTS__MAX_FILE_MB", " 7 "),
                ("FILO__HTTP__BEHIND_PROXY", "true"),
                ("FILO__ACCESS__TOTP_REQUIRED_FOR", "admin, supervisor"),
                ("FILO__ATTACHMENTS__REFUSED_TYPES", "text/html"),
                ("FILO__DATA_DIR", "2026"),
            ],
        )
        .unwrap();
        assert_eq!((settings.attachments.max_file_mb, settings.http.behind_proxy), (7, true));
        assert_eq!(settings.access.totp_required_for, [Role::Admin, Role::Supervisor]);
        assert_eq!(settings.attachments.refused_types, Some(vec!["text/html".to_owned()]));
        assert_eq!(settings.data_dir, Path::new("2026"));
        let error =
            read(TEXT, &[("FILO__ACCESS__TOTP_REQUIRED_FOR", "admin,mayor")]).unwrap_err().to_string();
        assert!(error.starts_with("FILO__ACCESS__TOTP_REQUIRED_FOR") && error.contains("mayor"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let settings = read(TEXT, &[("FILO__SMTP__URL", "smtp://user:geheim@host")]).unwrap();
        assert!(!format!("{settings:?}").contains("geheim"));
    }
}
