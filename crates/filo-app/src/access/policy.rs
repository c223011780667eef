//! What a city decides about log-ins.

use crate::Role;

/// What a city decides about log-ins.
#[derive(Clone, Debug)]
pub struct AccessPolicy {
    /// Failures in a row after which an account is locked for an address; 0 for no lock.
    pub max_failures: u32,
    /// For how long, in seconds.
    pub lock_s: i64,
    /// The roles that must have a second factor.
    pub totp_required_for: Vec<Role>,
    /// Under which name authenticator apps show the account.
    pub issuer: String,
}

impl Default for AccessPolicy {
    fn default() -> Self {
        Self { max_failures: 5, lock_s: 15 * 60, totp_required_for: vec![], issuer: "Filo".to_owned() }
    }
}
