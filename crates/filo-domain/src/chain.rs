//! The hash chain over a ticket's events, and seals by which a text enters it without being in it.
//!
//! **Invariant:** a hash is computed over a canonical form (keys sorted, no floats), so that both databases,
//! which store JSON in orders of their own, give the same chain. It shows accidents and tampering; who owns the
//! database and the program could rewrite all of it unless a root is kept elsewhere.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A SHA-256 digest, in lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hash(String);

impl Hash {
    /// What the first link refers to.
    pub fn genesis() -> Self {
        Self("0".repeat(64))
    }
    /// The digest of the concatenation of `parts`.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        Self(hex(&hasher.finalize()))
    }
    /// A hash read back from the store.
    pub fn stored(hex: String) -> Self {
        Self(hex)
    }
    /// The lower-case hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The hash of a link: the previous hash and the canonical form of a content.
    pub fn link(previous: &Self, content: &Value) -> Self {
        Self::of(&[previous.0.as_bytes(), b"\n", canonical(content).as_bytes()])
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The root over many chains: heads are given in an order that does not depend on the database (by ticket id).
pub fn root<'a>(heads: impl Iterator<Item = &'a Hash>) -> Hash {
    let mut hasher = Sha256::new();
    for head in heads {
        hasher.update(head.0.as_bytes());
    }
    Hash(hex(&hasher.finalize()))
}

/// A personal text as it stands in the chain: SHA-256(salt ‖ text). The salt is random, 32 bytes, and kept beside
/// the text; anonymising deletes both, the chain still verifies, and nothing can be guessed back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seal(Hash);

impl Seal {
    /// Seals a text.
    pub fn of(salt: &[u8], text: &str) -> Self {
        Self(Hash::of(&[salt, text.as_bytes()]))
    }
    /// Whether this is the seal of that text.
    pub fn fits(&self, salt: &[u8], text: &str) -> bool {
        *self == Self::of(salt, text)
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// The SHA-256 of bytes in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// JSON with the keys of every object sorted and no blanks.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.iter().collect();
            keys.sort_by_key(|(key, _)| *key);
            let fields: Vec<String> = keys
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_change_a_hash() {
        let left: Value = serde_json::from_str(r#"{"a":1,"b":{"c":[1,"è"],"d":null}}"#).unwrap();
        let right: Value = serde_json::from_str(r#"{"b":{"d":null,"c":[1,"è"]},"a":1}"#).unwrap();
        assert_eq!(Hash::link(&Hash::genesis(), &left), Hash::link(&Hash::genesis(), &right));
        assert_ne!(Hash::link(&Hash::genesis(), &left), Hash::link(&Hash::genesis(), &json!({"a": 1})));
    }

    #[test]
    fn a_seal_fits_its_own_text_and_salt_only() {
        let seal = Seal::of(b"salt", "Mario");
        assert!(seal.fits(b"salt", "Mario"));
        assert!(!seal.fits(b"salt", "Maria") && !seal.fits(b"other", "Mario"));
    }

    #[test]
    fn the_digest_is_the_published_test_vector() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Hash::of(&[b"a", b"bc"]).as_str(), abc);
    }
}
