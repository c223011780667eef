//! New identifiers, random salts and secrets, and message authentication by the signing key.

use filo_domain::{Instant, chain::hex, id::Id};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::{NoContext, Timestamp, Uuid};

use crate::AppError;

/// A new UUIDv7 that carries `now`.
pub(crate) fn uuid(now: Instant) -> Uuid {
    let micros = now.micros().max(0).unsigned_abs();
    let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, micros / 1_000_000, nanos))
}

/// A new identifier.
pub(crate) fn id<T>(now: Instant) -> Id<T> {
    Id::from_uuid(uuid(now))
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], AppError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| AppError::internal("the operating system gives no randomness", error))?;
    Ok(bytes)
}

/// A random secret of 32 bytes, in hex.
pub(crate) fn secret() -> Result<String, AppError> {
    random::<32>().map(|bytes| hex(&bytes))
}

/// A code that people copy from a mail or a screen: ten characters without look-alikes, 50 random bits.
pub(crate) fn code() -> Result<String, AppError> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('A', char::from);
    random::<10>().map(|bytes| bytes.iter().map(letter).collect())
}

/// What is stored of a secret: its SHA-256. Secrets here are random, so no slow hash is needed.
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// The SHA-256 of bytes, in hex.
pub(crate) fn digest_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The first `length` hex digits of the signing key's authentication of `text`, for one `purpose`.
pub(crate) fn tag(key: &SecretSlice<u8>, purpose: &str, text: &str, length: usize) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret()) else {
        // HMAC takes keys of every length.
        return String::new();
    };
    mac.update(purpose.as_bytes());
    mac.update(b"\0");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes()).chars().take(length).collect()
}

/// Whether two texts are equal, in constant time.
pub(crate) fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}
