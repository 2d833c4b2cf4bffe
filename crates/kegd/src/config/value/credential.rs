//! Who somebody is, and how that is proved.

use keg_auth::scram;
use serde_json::{Value, json};

use super::super::decode::FromText;
use super::super::secret::Secret;

/// The name of a user.
#[derive(Debug, Clone)]
pub(crate) struct Username(pub(crate) String);

impl FromText for Username {
    const EXPECTED: &'static str = "a user's name of 1 to 253 characters";

    fn from_text(text: &str) -> Option<Self> {
        let legal = (1..=253).contains(&text.chars().count()) && !text.contains('\0');
        legal.then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": 253 })
    }
}

impl AsRef<str> for Username {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A password.
#[derive(Debug, Clone)]
pub(crate) struct Password(pub(crate) Secret);

impl FromText for Password {
    const EXPECTED: &'static str = "a password, or ${env['NAME']} to take it from the environment";
    const HIDDEN: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        let legal = !text.is_empty() && !text.contains('\0');
        legal.then(|| Self(Secret::new(text)))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}

/// A secret that nobody can find out by trying.
#[derive(Debug, Clone)]
pub(crate) struct LongSecret(pub(crate) Secret);

impl FromText for LongSecret {
    const EXPECTED: &'static str = "a random text of at least 32 characters, such as what `openssl rand -hex 32` prints, or ${env['NAME']} to take it \
         from the environment";
    const HIDDEN: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        (text.chars().count() >= 32).then(|| Self(Secret::new(text)))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "pattern": r"^[\s\S]{32,}$" })
    }
}

/// The salted hash of a password.
#[derive(Debug, Clone)]
pub(crate) struct CredentialHash(pub(crate) scram::Credential);

impl FromText for CredentialHash {
    const EXPECTED: &'static str = "what `kegd hash-password` prints";
    const HIDDEN: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "pattern": "^SCRAM-SHA-(256|512)\\$[0-9]+:[^$]+\\$[^$]+$" })
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn a_name_and_a_password_have_something_in_them() {
        check::<Username>(&[("ann", true), ("CN=ann, O=team", true), ("", false), ("a\0", false)]);
        check::<Password>(&[("x", true), ("", false)]);
    }

    #[test]
    fn a_secret_is_too_long_to_be_found_out() {
        let long = "0123456789abcdef0123456789abcdef";
        check::<LongSecret>(&[(long, true), (&long[1..], false), ("", false)]);
        assert!(!format!("{:?}", LongSecret::from_text(long)).contains("abcdef"));
    }

    #[test]
    fn a_hash_is_one_of_scram() {
        let hash = scram::Credential::derive(scram::Hash::Sha256, "secret", b"0123456789abcdef", 4096).unwrap();
        check::<CredentialHash>(&[(&hash.to_text(), true), ("secret", false), ("", false)]);
        assert!(!format!("{:?}", CredentialHash(hash)).contains("MDEyMzQ1"));
    }
}
