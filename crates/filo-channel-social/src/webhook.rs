//! Meta's check-in and the signature over each body.

use std::collections::BTreeMap;

use filo_channel::Webhook;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const SCHEME: &str = "sha256=";
const DIGEST_BYTES: usize = 32;

/// The door of a source: its app secret signs bodies, its verify token answers the check-in. An empty secret or
/// token opens nothing.
#[derive(Clone, Debug)]
pub struct MetaWebhook {
    app_secret: SecretString,
    verify_token: SecretString,
}

impl MetaWebhook {
    /// A door with the two secrets of a source.
    pub fn new(app_secret: SecretString, verify_token: SecretString) -> Self {
        Self { app_secret, verify_token }
    }
}

impl Webhook for MetaWebhook {
    /// The challenge, when the mode is `subscribe` and the token is ours.
    fn challenge(&self, query: &BTreeMap<String, String>) -> Option<String> {
        let subscribes = query.get("hub.mode").is_some_and(|mode| mode == "subscribe");
        let known =
            query.get("hub.verify_token").is_some_and(|given| same(given, self.verify_token.expose_secret()));
        query.get("hub.challenge").filter(|_| subscribes && known).cloned()
    }
    /// Whether `sha256=` and 64 hexadecimal digits are the HMAC-SHA256 of the body's bytes as received.
    fn verify(&self, signature: Option<&str>, body: &[u8]) -> bool {
        let secret = self.app_secret.expose_secret();
        let claimed = signature.and_then(|header| header.strip_prefix(SCHEME)).and_then(unhex);
        match (claimed, Hmac::<Sha256>::new_from_slice(secret.as_bytes())) {
            (Some(claimed), Ok(mac)) if !secret.is_empty() => {
                mac.chain_update(body).finalize().into_bytes().as_slice().ct_eq(&claimed).into()
            }
            _ => false,
        }
    }
}

/// Compares digests, so that the time tells neither content nor length.
fn same(given: &str, secret: &str) -> bool {
    let (given, ours) = (Sha256::digest(given.as_bytes()), Sha256::digest(secret.as_bytes()));
    !secret.is_empty() && bool::from(given.as_slice().ct_eq(ours.as_slice()))
}

fn unhex(text: &str) -> Option<[u8; DIGEST_BYTES]> {
    let mut bytes = [0; DIGEST_BYTES];
    let digits = text.as_bytes();
    if digits.len() != 2 * DIGEST_BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(secret: &str) -> MetaWebhook {
        MetaWebhook::new(secret.into(), "parola".into())
    }
    fn query(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    // GitHub's documentation (same header and algorithm) and RFC 4231, case 2.
    const GITHUB: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const RFC_4231: &str = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn the_published_signatures_are_right() {
        assert!(door("It's a Secret to Everybody").verify(Some(GITHUB), b"Hello, World!"));
        assert!(door("Jefe").verify(Some(RFC_4231), b"what do ya want for nothing?"));
    }

    #[test]
    fn a_signature_of_another_body_secret_or_shape_is_refused() {
        let door_of_jefe = door("Jefe");
        let body = b"what do ya want for nothing?";
        assert!(!door_of_jefe.verify(Some(RFC_4231), b"what do ya want for nothing"));
        assert!(!door("jefe").verify(Some(RFC_4231), body));
        let hex = RFC_4231.trim_start_matches(SCHEME);
        let shapes = [
            String::new(),
            SCHEME.to_owned(),
            hex.to_owned(),
            format!("sha1={hex}"),
            format!("SHA256={hex}"),
            format!("{RFC_4231}00"),
            format!(" {RFC_4231}"),
            RFC_4231.get(..RFC_4231.len() - 2).unwrap().to_owned(),
            RFC_4231.replace('5', "+"),
        ];
        for shape in &shapes {
            assert!(!door_of_jefe.verify(Some(shape), body), "{shape}");
        }
        assert!(!door_of_jefe.verify(None, body));
    }

    #[test]
    fn an_empty_secret_verifies_nothing() {
        // HMAC-SHA256 of nothing under an empty key: anybody could make it.
        let public = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
        assert!(!door("").verify(Some(public), b""));
        let nobody = MetaWebhook::new("x".into(), "".into());
        let asked = query(&[("hub.mode", "subscribe"), ("hub.verify_token", ""), ("hub.challenge", "1")]);
        assert_eq!(nobody.challenge(&asked), None);
    }

    #[test]
    fn the_check_in_gets_its_challenge_back_only_with_the_token() {
        let asked = |mode, token| {
            query(&[("hub.mode", mode), ("hub.verify_token", token), ("hub.challenge", "1158201444")])
        };
        assert_eq!(door("x").challenge(&asked("subscribe", "parola")).as_deref(), Some("1158201444"));
        assert_eq!(door("x").challenge(&asked("subscribe", "Parola")), None);
        assert_eq!(door("x").challenge(&asked("unsubscribe", "parola")), None);
        assert_eq!(
            door("x").challenge(&query(&[("hub.mode", "subscribe"), ("hub.verify_token", "parola")])),
            None
        );
    }

    #[test]
    fn the_secrets_are_not_printed() {
        assert!(!format!("{:?}", door("Jefe")).contains("Jefe"));
    }
}
