//! New identifiers, random salts and secrets, and message authentication by the signing key.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use filo_domain::{
    Instant,
    chain::{hex, sha256_hex},
    id::Id,
};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::{ClockSequence, Timestamp, Uuid};

use crate::AppError;

/// A new UUIDv7 that carries `now`. Those of one millisecond count up from a random beginning (RFC 9562, section 6.2),
/// so that the rows of one import stand beside each other in every index.
pub(crate) fn uuid(now: Instant) -> Uuid {
    let micros = now.micros().max(0).unsigned_abs();
    let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
    Uuid::new_v7(Timestamp::from_unix(&COUNTER, micros / 1_000_000, nanos))
}

static COUNTER: Counter = Counter(Mutex::new((0, 0)));

/// The last millisecond that had an id, and its count.
struct Counter(Mutex<(u64, u64)>);

/// Bits of the count.
const COUNTER_BITS: usize = 42;
/// Where a count begins at most: half of them are left to count on.
const FIRST_AT_MOST: u64 = (1 << (COUNTER_BITS - 1)) - 1;

impl ClockSequence for Counter {
    type Output = u64;
    fn generate_sequence(&self, seconds: u64, subsec_nanos: u32) -> u64 {
        let millisecond = seconds * 1000 + u64::from(subsec_nanos / 1_000_000);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = match *last {
            (known, count) if known == millisecond => (known, count + 1),
            (_, _) => (millisecond, Uuid::new_v4().as_u64_pair().1 & FIRST_AT_MOST),
        };
        last.1
    }
    fn usable_bits(&self) -> usize {
        COUNTER_BITS
    }
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
    sha256_hex(text.as_bytes())
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

/// Encrypts for one `purpose` and `owner` under a key derived from the signing key: 12 random bytes, then AES-256-GCM.
pub(crate) fn seal(
    key: &SecretSlice<u8>,
    purpose: &str,
    owner: &str,
    plain: &[u8],
) -> Result<Vec<u8>, AppError> {
    let nonce = random::<NONCE_LEN>()?;
    let mut sealed = plain.to_vec();
    cipher(key, purpose)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(owner.as_bytes()),
            &mut sealed,
        )
        .map_err(|error| AppError::internal("a secret could not be encrypted", error))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Decrypts what [`seal`] gave for the same purpose and owner.
pub(crate) fn unseal(
    key: &SecretSlice<u8>,
    purpose: &str,
    owner: &str,
    sealed: &[u8],
) -> Result<Vec<u8>, AppError> {
    let broken = |why: &dyn std::fmt::Display| {
        AppError::internal("a stored secret cannot be decrypted: was the signing key replaced?", why)
    };
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(|| broken(&"it is too short"))?;
    let mut plain = rest.to_vec();
    let length = cipher(key, purpose)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(owner.as_bytes()), &mut plain)
        .map_err(|error| broken(&error))?
        .len();
    plain.truncate(length);
    Ok(plain)
}

fn cipher(key: &SecretSlice<u8>, purpose: &str) -> Result<LessSafeKey, AppError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret())
        .map_err(|error| AppError::internal("a key could not be derived", error))?;
    mac.update(b"encrypt\0");
    mac.update(purpose.as_bytes());
    UnboundKey::new(&AES_256_GCM, &mac.finalize().into_bytes())
        .map(LessSafeKey::new)
        .map_err(|error| AppError::internal("a key could not be derived", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_instant_and_count_up_within_it() {
        let (early, late) =
            (Instant::from_micros(1_790_000_000_123_456), Instant::from_seconds(1_790_000_100));
        let ids: Vec<Uuid> = (0..1000).map(|_| uuid(early)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        let millisecond = |id: &Uuid| id.get_timestamp().unwrap().to_unix();
        assert!(ids.iter().all(|id| millisecond(id) == (1_790_000_000, 123_000_000)));
        assert!(uuid(late) > ids[999]);
        assert!(uuid(early) < uuid(late), "an earlier clock has its own count");
    }

    #[test]
    fn a_sealed_secret_opens_for_its_owner_purpose_and_key_alone() {
        let key = |byte: u8| SecretSlice::from(vec![byte; 32]);
        let sealed = seal(&key(1), "p", "anna", b"secret").unwrap();
        assert_eq!(unseal(&key(1), "p", "anna", &sealed).unwrap(), b"secret");
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_ne!(seal(&key(1), "p", "anna", b"secret").unwrap(), sealed);
        let mut changed = sealed.clone();
        changed[15] ^= 1;
        for opened in [
            unseal(&key(2), "p", "anna", &sealed),
            unseal(&key(1), "q", "anna", &sealed),
            unseal(&key(1), "p", "luca", &sealed),
            unseal(&key(1), "p", "anna", &changed),
            unseal(&key(1), "p", "anna", b"short"),
        ] {
            assert!(opened.is_err());
        }
    }
}
