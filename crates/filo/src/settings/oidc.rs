//! The settings of log-in at the organisation's identity provider.

use std::path::PathBuf;

use filo_app::Role;
use secrecy::SecretString;
use serde::Deserialize;

/// The organisation's identity provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityProvider {
    /// Its address.
    pub issuer: String,
    /// How it knows Filo.
    pub client_id: String,
    /// By what; from the environment.
    pub client_secret: Option<SecretString>,
    /// The same in a file of its own.
    pub client_secret_file: Option<PathBuf>,
    /// Where it sends browsers back to; by default below the public address.
    pub redirect_uri: Option<String>,
    /// What is asked for beside `openid`.
    #[serde(default = "profile")]
    pub scopes: Vec<String>,
    /// The claim with the groups.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// What its groups may do here; the first that fits decides.
    #[serde(default)]
    pub groups: Vec<ProviderGroup>,
    /// The page that is given a code for the tokens.
    pub return_to: Option<String>,
    /// One of these must be the token's `acr`.
    #[serde(default)]
    pub acr_values: Vec<String>,
    /// One of these must be in the token's `amr`.
    #[serde(default)]
    pub amr_values: Vec<String>,
    /// Whether each log-in there has a second factor, which its tokens do not tell.
    #[serde(default)]
    pub trust_second_factor: bool,
}

fn profile() -> Vec<String> {
    vec!["profile".to_owned()]
}

fn groups_claim() -> String {
    "groups".to_owned()
}

/// What a group of the identity provider may do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderGroup {
    /// The group.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The unit.
    pub unit: Option<String>,
}
