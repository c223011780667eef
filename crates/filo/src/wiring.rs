//! Puts the program together: settings and content, the store, adapters by source, senders by source.

mod files;
mod oidc;

use std::{collections::BTreeMap, io::Write, path::Path, sync::Arc, time::Duration};

use filo_app::{App, Clock, Core, PostWebhook, ProtocolSystem, SourceAdapter, SystemClock};
use filo_channel::{Decode, Deliver};
use filo_channel_email::{MailDecoder, Sender};
use filo_channel_phone::Format;
use filo_channel_scrivi::ScriviDecoder;
use filo_channel_social::{Account, GraphDelivery, MetaDecoder, MetaWebhook};
use filo_domain::{
    city::{City, Source},
    vocabulary::{Channel, IdentityType, Word},
};
use filo_indicators::{definition::Definitions, render::Render};
use filo_outward::{
    protocol::{FileProtocol, HttpProtocol},
    webhooks::{HttpWebhooks, WebhookRules},
};
use filo_reports::{CsvReport, HtmlReport, JsonReport, XlsxReport};
use filo_store::{Db, DbSettings, SchemaState};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::{
    content::{self, Files},
    exit::Failure,
    settings::{Environment, Settings, SourceSecrets},
};

/// The platform's public interface, where no other address is set.
const GRAPH: &str = "https://graph.facebook.com/v23.0";

/// Settings and content, read and checked.
pub struct Program {
    /// Filo's own settings.
    pub settings: Settings,
    /// The city.
    pub city: City,
    /// What its figures mean.
    pub definitions: Definitions,
    /// Where the store is.
    pub database_url: String,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

/// Who may bring the schema up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrating {
    /// serve, worker, migrate and demo.
    Always,
    /// The others: on the embedded database alone.
    EmbeddedOnly,
}

impl Program {
    /// Reads settings and content.
    ///
    /// # Errors
    /// [`Failure::CannotRun`] with where it stands.
    pub fn read(config: Option<&Path>, environment: &Environment) -> Result<Self, Failure> {
        let settings = Settings::read(config, environment)?;
        let files = content::read(&settings.city_dir)?;
        Self::of(settings, &files, environment)
    }

    /// Puts read settings and files together.
    ///
    /// # Errors
    /// What is wrong in the content.
    pub fn of(settings: Settings, files: &Files, environment: &Environment) -> Result<Self, Failure> {
        let (city, definitions) = content::city(files)?;
        for source in settings.sources.keys() {
            if city.source(source).is_none() {
                let name = format!("FILO__SOURCES__{}", source.to_uppercase().replace('-', "_"));
                return Err(Failure::CannotRun(format!(
                    "{name}: the city has no source {source:?} in city.toml"
                )));
            }
        }
        check_schedules(&city)?;
        let database_url = settings.database_url(environment);
        Ok(Self { settings, city, definitions, database_url, clock: Arc::new(SystemClock) })
    }

    /// Opens the store, brings its schema up to date where that is allowed, and puts the application together.
    ///
    /// # Errors
    /// A database that is away or behind, a signing key that cannot be made.
    pub async fn start(&self, migrating: Migrating) -> Result<App, Failure> {
        let db = self.open(migrating).await?;
        Ok(App::new(db, self.core()?))
    }

    async fn open(&self, migrating: Migrating) -> Result<Db, Failure> {
        let settings =
            DbSettings { pool_size: self.settings.database.pool_size, ..DbSettings::at(&self.database_url) };
        let db = tokio::task::spawn_blocking(move || Db::open(&settings))
            .await
            .map_err(|error| Failure::CannotRun(error.to_string()))?
            .map_err(|error| Failure::CannotRun(format!("the database cannot be opened: {error}")))?;
        if migrating == Migrating::Always || db.is_embedded() {
            db.migrate().await?;
        } else if db.schema_state().await? == SchemaState::Behind {
            return Err(Failure::CannotRun(filo_store::StoreError::Behind.to_string()));
        }
        Ok(db)
    }

    fn core(&self) -> Result<Core, Failure> {
        let public_url = self.settings.http.public_url.clone();
        let public_url = public_url.unwrap_or_else(|| format!("http://{}", self.settings.http.bind));
        Ok(Core {
            feed_keep_hours: self.settings.stream.keep_hours,
            city: self.city.clone(),
            definitions: self.definitions.clone(),
            sources: self.adapters()?,
            deliverers: self.deliverers()?,
            protocol: self.protocol()?,
            files: files::files(&self.settings)?,
            signing_key: signing_key(&self.settings.data_dir)?,
            access: self.settings.access.policy(),
            oidc: oidc::oidc(&self.settings, &self.city, &public_url)?,
            public_url,
            webhooks: self.webhooks()?,
            renderers: self.renderers(),
        })
    }

    /// Documents go to the protocol system where one is configured, else to a folder.
    fn protocol(&self) -> Result<Arc<dyn ProtocolSystem>, Failure> {
        let settings = &self.settings.protocol;
        Ok(match &settings.url {
            Some(url) => Arc::new(HttpProtocol::new(url.clone(), settings.secret.clone(), http_client()?)),
            None => Arc::new(FileProtocol::new(self.settings.data_dir.join("protocol"))),
        })
    }

    fn webhooks(&self) -> Result<Arc<dyn PostWebhook>, Failure> {
        let settings = &self.settings.webhooks;
        let rules = WebhookRules {
            allow_private: settings.allow_private,
            allowed_hosts: settings.allowed_hosts.clone(),
            timeout: Duration::from_secs(settings.timeout_s.into()),
        };
        let client = HttpWebhooks::new(rules)
            .map_err(|error| Failure::CannotRun(format!("the HTTP client cannot be made: {error}")))?;
        Ok(Arc::new(client))
    }

    pub(crate) fn adapters(&self) -> Result<BTreeMap<String, SourceAdapter>, Failure> {
        let adapter = |source: &Source| Ok((source.key.clone(), self.adapter(source)?));
        self.city.sources.iter().filter(|source| source.channel.is_some()).map(adapter).collect()
    }

    fn adapter(&self, source: &Source) -> Result<SourceAdapter, Failure> {
        let mut formats = BTreeMap::new();
        let decode: Arc<dyn Decode> = match source.channel {
            Some(Channel::Phone) => {
                let cdr = self.phone_decoder(source, Format::Cdr, None)?;
                formats.insert(Format::Cdr.word().to_owned(), cdr);
                self.phone_decoder(source, Format::QueueLog, None)?
            }
            Some(channel @ (Channel::Email | Channel::Pec)) => Arc::new(self.mail_decoder(source, channel)),
            Some(Channel::Scrivi) => Arc::new(ScriviDecoder::new(&source.key, self.city.forms.clone())),
            Some(Channel::Social | Channel::Chat | Channel::Counter | Channel::Letter) | None => {
                Arc::new(MetaDecoder::new(&source.key, source.accounts.clone()))
            }
        };
        let webhook = source.platform.map(|_| {
            let secrets = self.secrets(&source.key);
            let empty = || SecretString::from(String::new());
            let app_secret = secrets.app_secret.unwrap_or_else(empty);
            let verify_token = secrets.verify_token.unwrap_or_else(empty);
            Arc::new(MetaWebhook::new(app_secret, verify_token)) as Arc<dyn filo_channel::Webhook>
        });
        Ok(SourceAdapter { decode, formats, webhook })
    }

    /// What reads a phone system's files.
    ///
    /// # Errors
    /// A mapping that is missing or wrong.
    pub fn phone_decoder(
        &self,
        source: &Source,
        format: Format,
        mapping: Option<filo_channel_phone::Mapping>,
    ) -> Result<Arc<dyn Decode>, Failure> {
        let decoder = filo_channel_phone::decoder(format, self.phone_settings(source, mapping));
        decoder.map(Arc::from).map_err(|error| Failure::Usage(error.to_string()))
    }

    /// What reading a phone system's files needs to know of it.
    pub fn phone_settings(
        &self,
        source: &Source,
        mapping: Option<filo_channel_phone::Mapping>,
    ) -> filo_channel_phone::Settings {
        let mut settings = filo_channel_phone::Settings::new(self.city.zone.clone());
        if !source.agent_channels.is_empty() {
            settings.agent_channels.clone_from(&source.agent_channels);
        }
        settings.ivr_event = source.ivr.event.clone().map(|name| filo_channel_phone::IvrEvent {
            name,
            parameter: source.ivr.parameter.unwrap_or(1),
            caller_parameter: source.ivr.caller_parameter,
        });
        settings.ivr_column = source.ivr.cdr_column.as_deref().map(str::to_ascii_lowercase);
        settings.mapping = mapping;
        settings
    }

    fn mail_decoder(&self, source: &Source, channel: Channel) -> MailDecoder {
        let mailboxes =
            self.city.sources.iter().filter(|it| matches!(it.channel, Some(Channel::Email | Channel::Pec)));
        MailDecoder {
            source: source.key.clone(),
            channel,
            own_addresses: mailboxes
                .flat_map(|it| it.addresses().map(str::to_lowercase).collect::<Vec<_>>())
                .collect(),
            message_id_domain: self.city.profile.mail.domain.clone(),
        }
    }

    fn secrets(&self, source: &str) -> SourceSecrets {
        self.settings.sources.get(source).cloned().unwrap_or_default()
    }

    /// Mail leaves by SMTP where that is configured, answers on platforms through their interface where there is a
    /// token; whatever cannot leave is written to the outbox folder.
    fn deliverers(&self) -> Result<BTreeMap<String, Arc<dyn Deliver>>, Failure> {
        let outbox = self.settings.data_dir.join("outbox");
        let client = http_client()?;
        let mut deliverers: BTreeMap<String, Arc<dyn Deliver>> = BTreeMap::new();
        for source in &self.city.sources {
            let secrets = self.secrets(&source.key);
            let deliverer: Option<Arc<dyn Deliver>> = match source.channel {
                Some(Channel::Email | Channel::Pec) => Some(self.mail_delivery(source, &outbox)?),
                // Answers to the form leave from the first mailbox.
                Some(Channel::Scrivi) => {
                    match self.city.sources.iter().find(|it| it.channel == Some(Channel::Email)) {
                        Some(mailbox) => Some(self.mail_delivery(mailbox, &outbox)?),
                        None => None,
                    }
                }
                Some(Channel::Social | Channel::Chat) => Some(match secrets.access_token {
                    Some(token) => {
                        let base = secrets.api_base.unwrap_or_else(|| GRAPH.to_owned());
                        Arc::new(GraphDelivery::new(&base, token, account(source.platform), client.clone()))
                    }
                    None => Arc::new(filo_channel_social::FileDelivery::new(outbox.clone())),
                }),
                Some(Channel::Phone | Channel::Counter | Channel::Letter) | None => None,
            };
            deliverers.extend(deliverer.map(|deliverer| (source.key.clone(), deliverer)));
        }
        Ok(deliverers)
    }

    fn mail_delivery(&self, mailbox: &Source, outbox: &Path) -> Result<Arc<dyn Deliver>, Failure> {
        let address = mailbox.address.as_deref().unwrap_or_default();
        let sender = Sender::parse(&self.city.profile.mail.sender_name, address).map_err(|error| {
            Failure::CannotRun(format!("city.toml: address of source {}: {error}", mailbox.key))
        })?;
        match &self.settings.smtp.url {
            Some(url) => filo_channel_email::SmtpDelivery::new(url.expose_secret(), sender)
                .map(|delivery| Arc::new(delivery) as Arc<dyn Deliver>)
                .map_err(|error| Failure::CannotRun(format!("FILO__SMTP__URL: {error}"))),
            None => Ok(Arc::new(filo_channel_email::FileDelivery::new(outbox.to_path_buf(), sender))),
        }
    }

    /// Who writes reports, by format.
    pub fn renderers(&self) -> Vec<Arc<dyn Render>> {
        renderers(&self.city)
    }
}

fn http_client() -> Result<reqwest::Client, Failure> {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .map_err(|error| Failure::CannotRun(format!("the HTTP client cannot be made: {error}")))
}

/// Who writes reports of a city, by format.
pub fn renderers(city: &City) -> Vec<Arc<dyn Render>> {
    let city = Arc::new(city.clone());
    let (workbook, page) = (XlsxReport::new(Arc::clone(&city)), HtmlReport::new(Arc::clone(&city)));
    let always: [Arc<dyn Render>; 4] =
        [Arc::new(JsonReport), Arc::new(CsvReport), Arc::new(workbook), Arc::new(page)];
    always.into_iter().chain(typesetter(city)).collect()
}

/// Refuses a schedule with a format in which nobody writes.
fn check_schedules(city: &City) -> Result<(), Failure> {
    if city.reports.is_empty() {
        return Ok(());
    }
    let known: Vec<&str> = renderers(city).iter().map(|renderer| renderer.format()).collect();
    let wanted =
        city.reports.iter().flat_map(|schedule| schedule.formats.iter().map(move |it| (schedule, it)));
    match wanted.into_iter().find(|(_, format)| !known.contains(&format.as_str())) {
        Some((schedule, format)) => Err(Failure::CannotRun(format!(
            "reports.toml: formats of {:?}: found {format:?}, expected one of {}",
            schedule.key,
            known.join(", ")
        ))),
        None => Ok(()),
    }
}

#[cfg(feature = "pdf")]
fn typesetter(city: Arc<City>) -> Option<Arc<dyn Render>> {
    Some(Arc::new(filo_reports::PdfReport::new(city)))
}

#[cfg(not(feature = "pdf"))]
fn typesetter(_city: Arc<City>) -> Option<Arc<dyn Render>> {
    None
}

fn account(platform: Option<IdentityType>) -> Account {
    match platform {
        Some(IdentityType::Instagram) => Account::Instagram,
        Some(IdentityType::Whatsapp) => Account::Whatsapp { phone_number_id: None },
        Some(
            IdentityType::Facebook | IdentityType::Phone | IdentityType::Email | IdentityType::FiscalCode,
        )
        | None => Account::Facebook,
    }
}

/// The key that signs tokens and Message-IDs: made once, readable by its owner alone.
fn signing_key(data_dir: &Path) -> Result<SecretSlice<u8>, Failure> {
    let folder = data_dir.join("keys");
    let path = folder.join("signing.key");
    let cannot = |error: std::io::Error| Failure::CannotRun(format!("{}: {error}", path.display()));
    if !path.exists() {
        std::fs::create_dir_all(&folder).map_err(cannot)?;
        make_key(&folder, &path).map_err(cannot)?;
    }
    let bytes = std::fs::read(&path).map_err(cannot)?;
    if bytes.len() < 32 {
        return Err(Failure::CannotRun(format!("{}: a signing key has 32 bytes at least", path.display())));
    }
    Ok(SecretSlice::from(bytes))
}

/// Makes a key under a name of its own and links it into place, so that of two processes that start together both
/// use the one that came first, whole.
fn make_key(folder: &Path, path: &Path) -> std::io::Result<()> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let own = folder.join(format!("signing.key.{}", std::process::id()));
    let mut file = private_file(&own)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&own, path);
    std::fs::remove_file(&own)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(unix)]
fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::File::create(path)
}
