//! Passwords: argon2id, off the threads that answer.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};

use crate::AppError;

const SHORTEST: usize = 12;

/// Slow hashes run where they block nobody.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| AppError::internal("a password check stopped", error))?
}

/// The hash to store.
pub(super) fn hash(password: &SecretString) -> Result<String, AppError> {
    Argon2::default()
        .hash_password(password.expose_secret().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| AppError::internal("a password could not be hashed", error))
}

/// An unknown name costs the same time: its password is checked against a hash that nothing fits. So does a user who
/// has no password, because another system knows who it is.
pub(super) fn verify(password: &SecretString, stored: Option<&str>) -> bool {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let stored = stored.filter(|hash| !hash.is_empty());
    let verified = PasswordHash::new(stored.unwrap_or(NOBODY)).is_ok_and(|hash| {
        Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
    });
    verified && stored.is_some()
}

/// Refuses a password that is too short or absurdly long.
pub(super) fn check(pointer: &str, password: &SecretString) -> Result<(), AppError> {
    let length = password.expose_secret().chars().count();
    if !(SHORTEST..=1024).contains(&length) {
        return Err(AppError::invalid(pointer, format!("must have {SHORTEST} to 1024 characters")));
    }
    Ok(())
}
