//! The page's form token: proof that the page was shown here, and when, without storing anything.
//!
//! `seconds.nonce.mac`. Who sends without it, with one that is too young to have been filled in by a person, or with
//! the field that people do not see filled in, is not refused: the request goes to a person first (moderation).

use filo_domain::{Instant, chain::hex};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::{State, scrivi::new_id};

/// What the tokens of Scrivi's form are for.
const FORM: &str = "scrivi-form";
/// The field that people do not see.
pub(crate) const TRAP: &str = "website";
/// Nobody reads and fills in a form in less, in seconds.
const SHORTEST_S: i64 = 3;
/// There is no time limit for citizens; a token that lies about for longer than a month is somebody else's.
const LONGEST_S: i64 = 31 * 86_400;

/// A token for a page shown now.
pub(crate) fn issue(state: &State, now: Instant) -> String {
    let body = format!("{}.{}", now.seconds(), new_id(now));
    format!("{body}.{}", hex(&mac(state, FORM, &body).finalize().into_bytes()))
}

/// Whether a token is ours, whatever its age.
pub(crate) fn is_ours(state: &State, token: &str) -> bool {
    let Some((body, tag)) = token.rsplit_once('.') else { return false };
    bytes(tag).is_some_and(|given| mac(state, FORM, body).verify_slice(&given).is_ok())
}

/// What only we can say of a text, for one purpose.
pub(crate) fn sealed(state: &State, purpose: &str, text: &str) -> String {
    hex(&mac(state, purpose, text).finalize().into_bytes())
}

/// Whether it was said by us.
pub(crate) fn is_sealed(state: &State, purpose: &str, text: &str, given: Option<&str>) -> bool {
    let given = given.and_then(bytes);
    given.is_some_and(|given| mac(state, purpose, text).verify_slice(&given).is_ok())
}

/// Bytes from their hexadecimal form.
fn bytes(tag: &str) -> Option<Vec<u8>> {
    let byte = |at: usize| tag.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..tag.len()).step_by(2).map(byte).collect()
}

/// Whether a person filled the page in.
pub(crate) fn is_fine(state: &State, token: Option<&str>, trap: Option<&str>, now: Instant) -> bool {
    let Some(token) = token.filter(|token| is_ours(state, token)) else { return false };
    let issued = token.split('.').next().and_then(|seconds| seconds.parse::<i64>().ok());
    let old_enough = issued.is_some_and(|at| (SHORTEST_S..LONGEST_S).contains(&(now.seconds() - at)));
    old_enough && trap.is_none_or(|trap| trap.trim().is_empty())
}

/// The intake key of what a page sends: pressing the button twice is one request, another text is another.
pub(crate) fn submission_id(token: &str, content: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(token);
    hash.update([0]);
    hash.update(content);
    format!("page-{}", hex(&hash.finalize()))
}

fn mac(state: &State, purpose: &str, body: &str) -> Hmac<Sha256> {
    let key = state.app.core().signing_key.expose_secret();
    // HMAC takes keys of every length: one that is empty authenticates nothing but breaks nothing.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_any_length_fits| Hmac::new(&Default::default()));
    mac.update(purpose.as_bytes());
    mac.update(b"\0");
    mac.update(body.as_bytes());
    mac
}
