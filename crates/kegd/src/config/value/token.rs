//! Where keys of tokens are, and which are used.

use keg_auth::jwt;
use serde_json::{Value, json};

use super::super::decode::FromText;
use crate::https::Endpoint;

impl FromText for Endpoint {
    const EXPECTED: &'static str = "a URL of https:// without a user's name (http:// is for this host alone)";
    const HIDDEN: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "pattern": "^https?://" })
    }
}

/// A signature algorithm of tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenAlgorithm(pub(crate) jwt::Algorithm);

impl FromText for TokenAlgorithm {
    const EXPECTED: &'static str =
        "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA (none and HMAC are never taken)";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn text_schema() -> Value {
        json!({ "enum": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"] })
    }
}

/// The keys of tokens, as a JWKS.
#[derive(Debug, Clone)]
pub(crate) struct KeySet(pub(crate) String);

impl FromText for KeySet {
    const EXPECTED: &'static str =
        "a JWKS as JSON, or ${file['/path']} to take it from a file, with a key that can be used";
    const HIDDEN: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        jwt::Keys::from_jwks(text.as_bytes())
            .is_ok()
            .then(|| Self(text.to_owned()))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}

/// A text that is not empty: an issuer, an audience, a claim.
#[derive(Debug, Clone)]
pub(crate) struct TokenText(pub(crate) String);

impl FromText for TokenText {
    const EXPECTED: &'static str = "a text of 1 to 253 characters";

    fn from_text(text: &str) -> Option<Self> {
        (1..=253).contains(&text.chars().count()).then(|| Self(text.to_owned()))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": 253 })
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn neither_no_signature_nor_one_by_a_shared_secret_can_be_configured() {
        check::<TokenAlgorithm>(&[
            ("RS256", true),
            ("EdDSA", true),
            ("none", false),
            ("HS256", false),
            ("", false),
        ]);
        let hmac = r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#;
        check::<KeySet>(&[(hmac, false), (r#"{"keys":[]}"#, false), ("", false)]);
    }
}
