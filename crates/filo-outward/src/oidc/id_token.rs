//! The checks of an ID token (OpenID Connect Core 3.1.3.7), over values alone: no clock, no network.
//!
//! **Invariant:** claims leave this module checked or not at all. Only asymmetric signatures by a key of the provider
//! are taken: `none`, and HMAC under whatever a provider publishes, are not.

use filo_app::ProviderError;
use filo_domain::Instant;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header, errors::Error, jwk::Jwk, jwk::PublicKeyUse,
};
use serde_json::{Map, Value};

use super::OidcSettings;

/// How far the provider's clock may be from ours, in seconds.
const LEEWAY_S: i64 = 60;
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What a token says.
pub(super) type Claims = Map<String, Value>;

/// Why a token is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// No key that is known here signed it: the provider may have new ones.
    UnknownKey,
    /// It is none for us, now.
    Refused(String),
}

impl From<Wrong> for ProviderError {
    fn from(wrong: Wrong) -> Self {
        Self::Refused(match wrong {
            Wrong::UnknownKey => "the ID token is signed by no key of the provider".to_owned(),
            Wrong::Refused(why) => format!("the ID token {why}"),
        })
    }
}

/// The keys that can sign, of a JWK set; those of a kind that is not known here are passed over.
pub(super) fn signing_keys(set: Vec<Value>) -> Vec<Jwk> {
    let keys = set.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    keys.filter(|key| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption))).collect()
}

/// The claims of a token that one of the keys signed for us, for this log-in, and that has not ended.
pub(super) fn check(
    token: &str,
    keys: &[Jwk],
    settings: &OidcSettings,
    nonce: &str,
    now: Instant,
) -> Result<Claims, Wrong> {
    let claims = signed(token, keys, settings)?;
    for_this_log_in(&claims, settings, nonce, now)?;
    Ok(claims)
}

/// Signature, issuer, audience, and that the claims that must be there are.
fn signed(token: &str, keys: &[Jwk], settings: &OidcSettings) -> Result<Claims, Wrong> {
    let header = decode_header(token).map_err(|error| refused(&error))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Wrong::Refused(format!("is signed with {:?}", header.alg)));
    }
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.client_id]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    // The present is the caller's, not the library's: see below.
    validation.validate_exp = false;
    let named = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
    for key in keys.iter().filter(named) {
        let Ok(key) = DecodingKey::from_jwk(key) else { continue };
        match decode::<Claims>(token, &key, &validation) {
            Ok(read) => return Ok(read.claims),
            Err(error) if is_of_another_key(&error) => {}
            Err(error) => return Err(refused(&error)),
        }
    }
    Err(Wrong::UnknownKey)
}

fn is_of_another_key(error: &Error) -> bool {
    use jsonwebtoken::errors::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat
    )
}

fn for_this_log_in(claims: &Claims, settings: &OidcSettings, nonce: &str, now: Instant) -> Result<(), Wrong> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let instant = |name: &str| claims.get(name).and_then(seconds);
    let wrong = |why: &str| Err(Wrong::Refused(why.to_owned()));
    let soon = now.seconds().saturating_add(LEEWAY_S);
    if instant("exp").is_none_or(|exp| exp <= now.seconds().saturating_sub(LEEWAY_S)) {
        return wrong("has ended");
    }
    if instant("iat").is_none_or(|iat| iat > soon) || instant("nbf").is_some_and(|nbf| nbf > soon) {
        return wrong("is of the future");
    }
    if text("nonce") != Some(nonce) {
        return wrong("is of another log-in: the nonce differs");
    }
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
    match claims.get("azp") {
        Some(party) if party.as_str() != Some(settings.client_id.as_str()) => {
            return wrong("is for others: azp");
        }
        None if several => return wrong("is for several and does not say for whom: azp"),
        Some(_) | None => {}
    }
    if text("sub").is_none_or(str::is_empty) {
        return wrong("does not say who it is");
    }
    second_factor(claims, settings)
}

/// A number of seconds; some providers write fractions.
fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_number()?.to_string().split('.').next()?.parse().ok())
}

/// What the settings ask of how the person was recognised.
fn second_factor(claims: &Claims, settings: &OidcSettings) -> Result<(), Wrong> {
    let fits = |value: Option<&Value>, wanted: &[String]| {
        wanted.is_empty()
            || value.and_then(Value::as_str).is_some_and(|it| wanted.iter().any(|one| one == it))
    };
    if !fits(claims.get("acr"), &settings.acr_values) {
        return Err(Wrong::Refused("is of a weaker log-in than was asked for: acr".to_owned()));
    }
    let methods = claims.get("amr").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !settings.amr_values.is_empty() && !methods.iter().any(|one| fits(Some(one), &settings.amr_values)) {
        return Err(Wrong::Refused("is of a weaker log-in than was asked for: amr".to_owned()));
    }
    Ok(())
}

fn refused(error: &Error) -> Wrong {
    Wrong::Refused(format!("is not valid: {error}"))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    /// A key of a provider, and what is published of it.
    struct Signer {
        kid: &'static str,
        secret: EncodingKey,
        public: Value,
    }

    impl Signer {
        fn new(kid: &'static str) -> Self {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            let secret = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
            let point = pair.public_key().as_ref();
            let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            let public = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid,
                "x": part(&point[1..33]), "y": part(&point[33..65]) });
            Self { kid, secret, public }
        }
        fn token(&self, claims: &Value) -> String {
            let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::ES256) };
            encode(&header, claims, &self.secret).unwrap()
        }
        fn keys(&self) -> Vec<Jwk> {
            signing_keys(vec![json!({ "kty": "AKP", "kid": "of a kind to come" }), self.public.clone()])
        }
    }

    fn settings() -> OidcSettings {
        OidcSettings {
            issuer: "https://provider.example".to_owned(),
            client_id: "filo".to_owned(),
            client_secret: String::new().into(),
            redirect_uri: String::new(),
            scopes: vec![],
            groups_claim: "groups".to_owned(),
            acr_values: vec![],
            amr_values: vec![],
        }
    }

    fn good() -> Value {
        json!({ "iss": "https://provider.example", "aud": "filo", "sub": "7", "nonce": "n",
            "iat": NOW, "exp": NOW + 300 })
    }

    fn checked(token: &str, keys: &[Jwk], settings: &OidcSettings) -> Result<Claims, Wrong> {
        check(token, keys, settings, "n", Instant::from_micros(NOW * 1_000_000))
    }

    #[test]
    fn a_token_for_us_of_this_log_in_is_taken() {
        let signer = Signer::new("a");
        let claims = checked(&signer.token(&good()), &signer.keys(), &settings()).unwrap();
        assert_eq!(claims["sub"], "7");
        let mut several = good();
        several["aud"] = json!(["filo", "other"]);
        several["azp"] = json!("filo");
        checked(&signer.token(&several), &signer.keys(), &settings()).unwrap();
    }

    #[test]
    fn a_token_with_one_thing_wrong_is_refused() {
        let signer = Signer::new("a");
        for (claim, value) in [
            ("iss", json!("https://other.example")),
            ("iss", Value::Null),
            ("aud", json!("other")),
            ("aud", json!(["other"])),
            ("aud", json!(["filo", "other"])),
            ("azp", json!("other")),
            ("nonce", json!("m")),
            ("nonce", Value::Null),
            ("sub", Value::Null),
            ("sub", json!("")),
            ("exp", json!(NOW - LEEWAY_S)),
            ("exp", Value::Null),
            ("exp", json!("soon")),
            ("iat", json!(NOW + LEEWAY_S + 1)),
            ("iat", Value::Null),
            ("nbf", json!(NOW + LEEWAY_S + 1)),
        ] {
            let mut claims = good();
            match value {
                Value::Null => _ = claims.as_object_mut().unwrap().remove(claim),
                value => claims[claim] = value,
            }
            let outcome = checked(&signer.token(&claims), &signer.keys(), &settings());
            assert!(matches!(outcome, Err(Wrong::Refused(_))), "{claims}: {outcome:?}");
        }
    }

    #[test]
    fn a_signature_by_another_key_or_none_or_by_what_is_public_is_refused() {
        let (signer, other) = (Signer::new("a"), Signer::new("b"));
        let named_alike = Signer::new("a");
        for forger in [&other, &named_alike] {
            let outcome = checked(&forger.token(&good()), &signer.keys(), &settings());
            assert_eq!(outcome, Err(Wrong::UnknownKey));
        }
        let token = signer.token(&good());
        let (signed, _) = token.rsplit_once('.').unwrap();
        let (head, body) = signed.split_once('.').unwrap();
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut rich = good();
        rich["groups"] = json!(["filo-admin"]);
        let published = signer.public["x"].as_str().unwrap();
        let by_hmac = EncodingKey::from_secret(published.as_bytes());
        for forged in [
            format!("{}.{body}.", part(&json!({ "alg": "none" }))),
            format!("{signed}."),
            token.replacen(body, &part(&rich), 1),
            token.replacen(head, &part(&json!({ "alg": "RS256", "kid": "a" })), 1),
            encode(&Header::new(Algorithm::HS256), &good(), &by_hmac).unwrap(),
            "x".to_owned(),
        ] {
            checked(&forged, &signer.keys(), &settings()).unwrap_err();
        }
        let symmetric = signing_keys(vec![json!({ "kty": "oct", "k": published })]);
        let by_secret = EncodingKey::from_base64_secret(published).unwrap_or(by_hmac);
        let forged = encode(&Header::new(Algorithm::HS256), &good(), &by_secret).unwrap();
        assert!(matches!(checked(&forged, &symmetric, &settings()), Err(Wrong::Refused(_))));
    }

    #[test]
    fn a_weaker_log_in_than_the_settings_ask_for_is_refused() {
        let signer = Signer::new("a");
        let of = |acr: Value, amr: Value, settings: &OidcSettings| {
            let mut claims = good();
            claims["acr"] = acr;
            claims["amr"] = amr;
            checked(&signer.token(&claims), &signer.keys(), settings).is_ok()
        };
        let by_acr = OidcSettings { acr_values: vec!["gold".to_owned()], ..settings() };
        assert!(of(json!("gold"), Value::Null, &by_acr));
        assert!(!of(json!("silver"), Value::Null, &by_acr) && !of(Value::Null, Value::Null, &by_acr));
        let by_amr = OidcSettings { amr_values: vec!["mfa".to_owned(), "otp".to_owned()], ..settings() };
        assert!(of(Value::Null, json!(["pwd", "otp"]), &by_amr));
        assert!(!of(Value::Null, json!(["pwd"]), &by_amr) && !of(json!("mfa"), Value::Null, &by_amr));
    }
}
