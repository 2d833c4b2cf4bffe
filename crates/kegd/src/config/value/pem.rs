//! PEM as text. Whether it holds what it should is found by whoever builds from it.

use serde_json::{Value, json};

use super::super::decode::FromText;
use super::super::secret::Secret;

fn looks_like_pem(text: &str) -> bool {
    text.contains("-----BEGIN ")
}

fn pem_schema() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

/// Certificates.
#[derive(Debug, Clone)]
pub(crate) struct Pem(pub(crate) String);

impl FromText for Pem {
    const EXPECTED: &'static str = "PEM text (-----BEGIN ...), or ${file['/path']} to take it from a file";
    const HIDDEN: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        looks_like_pem(text).then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        pem_schema()
    }
}

/// A private key.
#[derive(Debug, Clone)]
pub(crate) struct SecretPem(pub(crate) Secret);

impl FromText for SecretPem {
    const EXPECTED: &'static str = Pem::EXPECTED;
    const HIDDEN: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        looks_like_pem(text).then(|| Self(Secret::new(text)))
    }

    fn text_schema() -> Value {
        pem_schema()
    }
}
