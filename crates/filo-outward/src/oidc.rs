//! The organisation's identity provider over HTTP: discovery, the authorisation request with PKCE, the exchange of the
//! code, and the userinfo endpoint where the ID token does not tell the groups.
//!
//! **Invariant:** nothing of an answer is used before the ID token was checked (`id_token`). Codes, tokens and secrets
//! are in no address and no message. What was discovered is kept for an hour, or until a token is signed by a key that
//! is not known: providers change keys.

mod id_token;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use filo_app::{Challenge, IdentityProvider, ProviderError, StaffIdentity};
use filo_domain::Instant;
use jsonwebtoken::jwk::Jwk;
use reqwest::{RequestBuilder, Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::{Host, Url, form_urlencoded};

use self::id_token::{Claims, Wrong};

/// How long what was discovered is kept, in seconds.
const KEPT_S: i64 = 3600;
const TIMEOUT: Duration = Duration::from_secs(10);

/// What the provider and Filo agreed on.
#[derive(Clone, Debug)]
pub struct OidcSettings {
    /// The provider.
    pub issuer: String,
    /// How the provider knows Filo.
    pub client_id: String,
    /// By what.
    pub client_secret: SecretString,
    /// Where the provider sends browsers back to.
    pub redirect_uri: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim with the groups.
    pub groups_claim: String,
    /// One of these must be the token's `acr`, unless there are none.
    pub acr_values: Vec<String>,
    /// One of these must be in the token's `amr`, unless there are none.
    pub amr_values: Vec<String>,
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OidcSettingsError {
    /// An address that is none, or that anybody on the way can read.
    #[error("{0} must be an https address (http on this machine alone)")]
    Address(String),
    /// The HTTP client.
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// The client of one provider.
pub struct OidcClient {
    settings: OidcSettings,
    http: reqwest::Client,
    found: Mutex<Option<Arc<Found>>>,
}

/// What is known of the provider.
struct Found {
    authorization: Url,
    token: Url,
    userinfo: Option<Url>,
    /// Whether the secret goes into the body: the header is what every provider must take.
    secret_in_body: bool,
    keys: Vec<Jwk>,
    at: Instant,
}

/// What the provider tells of itself.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// What a code is exchanged for.
#[derive(Deserialize)]
struct Granted {
    id_token: String,
    access_token: String,
}

/// Why a code is not.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl OidcClient {
    /// Makes a client; nothing is asked of the provider yet.
    ///
    /// # Errors
    /// An address that is not safe, an HTTP client that cannot be made.
    pub fn new(settings: OidcSettings) -> Result<Self, OidcSettingsError> {
        let issuer = Url::parse(&settings.issuer).ok();
        if !issuer.is_some_and(|url| is_private(&url)) {
            return Err(OidcSettingsError::Address(settings.issuer));
        }
        let http = reqwest::Client::builder()
            // A provider that sends us elsewhere is not the one that was configured.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { settings, http, found: Mutex::new(None) })
    }

    /// What is known of the provider, discovered where it is not known or old.
    async fn provider(&self, now: Instant) -> Result<Arc<Found>, ProviderError> {
        let known = self.found.lock().await.clone();
        match known.filter(|known| now < known.at.plus_seconds(KEPT_S)) {
            Some(known) => Ok(known),
            None => self.discover(now).await,
        }
    }

    async fn discover(&self, now: Instant) -> Result<Arc<Found>, ProviderError> {
        let base = self.settings.issuer.trim_end_matches('/');
        let metadata: Metadata = self.get(&format!("{base}/.well-known/openid-configuration")).await?;
        if metadata.issuer != self.settings.issuer {
            return Err(ProviderError::Away("it calls itself by another issuer".to_owned()));
        }
        let set: KeySet = self.get(endpoint(&metadata.jwks_uri)?.as_str()).await?;
        let takes =
            |method: &str| metadata.token_endpoint_auth_methods_supported.iter().any(|it| it == method);
        let found = Arc::new(Found {
            authorization: endpoint(&metadata.authorization_endpoint)?,
            token: endpoint(&metadata.token_endpoint)?,
            userinfo: metadata.userinfo_endpoint.as_deref().map(endpoint).transpose()?,
            secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
            keys: id_token::signing_keys(set.keys),
            at: now,
        });
        *self.found.lock().await = Some(Arc::clone(&found));
        Ok(found)
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, ProviderError> {
        let response = self.http.get(url).send().await.map_err(away)?;
        read(response.error_for_status().map_err(away)?).await
    }

    async fn exchange(&self, found: &Found, code: &str, verifier: &str) -> Result<Granted, ProviderError> {
        let response = self.asking(found, code, verifier).send().await.map_err(away)?;
        match response.status() {
            StatusCode::OK => read(response).await,
            status if status.is_client_error() => Err(refusal(status, response).await),
            status => Err(ProviderError::Away(format!("the token endpoint answered {status}"))),
        }
    }

    /// The request that exchanges a code.
    fn asking(&self, found: &Found, code: &str, verifier: &str) -> RequestBuilder {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("code_verifier", verifier);
        let (id, secret) = (&self.settings.client_id, self.settings.client_secret.expose_secret());
        let mut request = self.http.post(found.token.clone());
        if found.secret_in_body {
            form.append_pair("client_id", id).append_pair("client_secret", secret);
        } else {
            // RFC 6749, 2.3.1: encoded as in a form, then as basic credentials.
            request = request.basic_auth(encoded(id), Some(encoded(secret)));
        }
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.finish())
    }

    /// The token's claims, with those of the userinfo endpoint where the token does not tell the groups.
    async fn claims(
        &self,
        found: &Found,
        token: Claims,
        access_token: &str,
    ) -> Result<Claims, ProviderError> {
        let endpoint = found.userinfo.as_ref();
        let Some(endpoint) = endpoint.filter(|_| !token.contains_key(&self.settings.groups_claim)) else {
            return Ok(token);
        };
        let response =
            self.http.get(endpoint.clone()).bearer_auth(access_token).send().await.map_err(away)?;
        let mut claims: Claims = read(response.error_for_status().map_err(away)?).await?;
        if claims.get("sub") != token.get("sub") {
            return Err(ProviderError::Refused("the userinfo endpoint speaks of somebody else".to_owned()));
        }
        // What was signed stands.
        claims.extend(token);
        Ok(claims)
    }

    fn identity(&self, claims: &Claims) -> StaffIdentity {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        StaffIdentity {
            issuer: self.settings.issuer.clone(),
            subject: text("sub").unwrap_or_default(),
            username: text("preferred_username"),
            display_name: text("name"),
            groups: groups(claims.get(&self.settings.groups_claim)),
        }
    }
}

#[async_trait]
impl IdentityProvider for OidcClient {
    async fn authorization_url(&self, challenge: &Challenge, now: Instant) -> Result<String, ProviderError> {
        let found = self.provider(now).await?;
        let scope = ["openid"].into_iter().chain(self.settings.scopes.iter().map(String::as_str));
        let mut url = found.authorization.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("scope", &scope.collect::<Vec<_>>().join(" "))
            .append_pair("state", &challenge.state)
            .append_pair("nonce", &challenge.nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&challenge.verifier)))
            .append_pair("code_challenge_method", "S256");
        if !self.settings.acr_values.is_empty() {
            query.append_pair("acr_values", &self.settings.acr_values.join(" "));
        }
        drop(query);
        Ok(url.into())
    }

    async fn redeem(
        &self,
        code: &str,
        challenge: &Challenge,
        now: Instant,
    ) -> Result<StaffIdentity, ProviderError> {
        let mut found = self.provider(now).await?;
        let granted = self.exchange(&found, code, &challenge.verifier).await?;
        let check = |found: &Found| {
            id_token::check(&granted.id_token, &found.keys, &self.settings, &challenge.nonce, now)
        };
        let token = match check(&found) {
            Err(Wrong::UnknownKey) => {
                found = self.discover(now).await?;
                check(&found)?
            }
            checked => checked?,
        };
        Ok(self.identity(&self.claims(&found, token, &granted.access_token).await?))
    }
}

/// Whether nobody on the way can read what is sent there.
fn is_private(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

/// An endpoint that the provider names.
fn endpoint(address: &str) -> Result<Url, ProviderError> {
    let url = Url::parse(address).ok().filter(is_private);
    url.ok_or_else(|| ProviderError::Away(format!("its endpoint {address:?} is no https address")))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The groups: one name or a list of names.
fn groups(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => vec![],
    }
}

/// What is wrong with an answer is not told: the message would quote it.
async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ProviderError> {
    response.json().await.map_err(|error| match error.is_decode() {
        true => ProviderError::Away("it answers something else than OpenID Connect says".to_owned()),
        false => away(error),
    })
}

/// A refused code is the browser's matter; everything else that a token endpoint refuses is one of our settings.
async fn refusal(status: StatusCode, response: Response) -> ProviderError {
    match response.json::<Refusal>().await {
        Ok(told) if told.error == "invalid_grant" => {
            ProviderError::Refused("the code is not, or no longer, good".to_owned())
        }
        Ok(told) => ProviderError::Away(format!("the token endpoint refused us: {:.80}", told.error)),
        Err(_no_reason) => ProviderError::Away(format!("the token endpoint answered {status}")),
    }
}

/// The whole chain of causes: the outermost alone says "request failed".
fn away(error: reqwest::Error) -> ProviderError {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        told.push_str(": ");
        told.push_str(&inner.to_string());
        cause = inner.source();
    }
    ProviderError::Away(told)
}

impl fmt::Debug for OidcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcClient").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_private() {
        for (address, private) in [
            ("https://accessi.comune.example", true),
            ("http://127.0.0.1:3000", true),
            ("http://localhost/x", true),
            ("http://[::1]:1", true),
            ("http://accessi.comune.example", false),
            ("http://localhost.example", false),
            ("ftp://localhost", false),
            ("data:x", false),
        ] {
            assert_eq!(is_private(&Url::parse(address).unwrap()), private, "{address}");
        }
    }

    #[test]
    fn groups_are_a_list_or_one_name_and_nothing_else() {
        assert_eq!(groups(Some(&serde_json::json!(["a", 1, "b"]))), ["a", "b"]);
        assert_eq!(groups(Some(&serde_json::json!("a"))), ["a"]);
        assert!(groups(Some(&serde_json::json!({ "a": true }))).is_empty() && groups(None).is_empty());
    }
}
