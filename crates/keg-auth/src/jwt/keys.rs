use std::fmt;
use std::sync::Arc;

use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{DecodingKey, DecodingKeyKind};
use serde_json::Value;

use super::Algorithm;

/// The keys of a JWKS that tokens can be verified with.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    keys: Vec<Arc<Key>>,
    unusable: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Key {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// What is no JWKS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// Not JSON.
    #[error("expected a JWKS, found what is not JSON: {0}")]
    Json(String),
    /// JSON of something else.
    #[error("expected a JWKS, found JSON without a list `keys`")]
    NoKeys,
    /// A JWKS, and no key that is of use.
    #[error("no key of the JWKS can be used: {}", .0.join("; "))]
    NoneUsable(Vec<String>),
}

impl Keys {
    /// The keys of a JWKS. Those that are of no use here are left out, as RFC 7517 asks: HMAC and encryption keys,
    /// curves and algorithms that aren't known.
    ///
    /// # Errors
    /// When there is no list of keys, or none of use on it.
    pub fn from_jwks(json: &[u8]) -> Result<Self, KeysError> {
        let jwks: Value = serde_json::from_slice(json).map_err(|error| KeysError::Json(error.to_string()))?;
        let Some(Value::Array(list)) = jwks.get("keys") else {
            return Err(KeysError::NoKeys);
        };
        let mut keys = Self::default();
        for (index, jwk) in list.iter().enumerate() {
            match Key::from_jwk(jwk) {
                Ok(key) => keys.keys.push(Arc::new(key)),
                Err(problem) => keys.unusable.push(format!("keys[{index}]: {problem}")),
            }
        }
        match keys.keys.is_empty() {
            true => Err(KeysError::NoneUsable(keys.unusable)),
            false => Ok(keys),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// If there are none, which is only before any were fetched.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Why the others of the JWKS are of no use.
    pub fn unusable(&self) -> &[String] {
        &self.unusable
    }

    /// Those that may have signed a token. Without a `kid`, each that has the algorithm.
    pub(super) fn candidates(&self, kid: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &Arc<Key>> {
        self.keys
            .iter()
            .filter(move |key| (kid.is_none() || key.kid.as_deref() == kid) && key.algorithms.contains(&algorithm))
    }

    pub(super) fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// Whether these keys make the same of every token as the others.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl Key {
    fn from_jwk(json: &Value) -> Result<Self, &'static str> {
        let jwk: Jwk = serde_json::from_value(json.clone()).map_err(|_| "no JWK, or of an unknown algorithm")?;
        if matches!(jwk.common.public_key_use, Some(ref usage) if *usage != PublicKeyUse::Signature) {
            return Err("not for signatures");
        }
        use Algorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => vec![Rs256, Rs384, Rs512, Ps256, Ps384, Ps512],
            AlgorithmParameters::EllipticCurve(parameters) => match parameters.curve {
                EllipticCurve::P256 => vec![Es256],
                EllipticCurve::P384 => vec![Es384],
                _ => return Err("a curve that is neither P-256 nor P-384"),
            },
            AlgorithmParameters::OctetKeyPair(parameters) => match parameters.curve {
                EllipticCurve::Ed25519 => vec![EdDsa],
                _ => return Err("a curve that is not Ed25519"),
            },
            AlgorithmParameters::OctetKey(_) => return Err("an HMAC key, which is never used"),
            _ => return Err("a key of an unknown type, or without its parameters"),
        };
        if let Some(algorithm) = jwk.common.key_algorithm {
            let only = algorithm.to_string();
            algorithms.retain(|algorithm| algorithm.name() == only);
        }
        if algorithms.is_empty() {
            return Err("an algorithm that doesn't fit the key, or isn't for signatures");
        }
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| "parameters that are not Base64url")?;
        // With others nothing could be verified, and every token would seem to be forged.
        if let DecodingKeyKind::RsaModulusExponent { n, .. } = key.kind()
            && !(256..=1024).contains(&n.len())
        {
            return Err("an RSA key of less than 2048 bits, or of more than 8192");
        }
        Ok(Self {
            key,
            kid: jwk.common.key_id,
            algorithms,
        })
    }

    /// Its name.
    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether it is the same key, whatever its name is and what it may be used for.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self.key.kind(), other.key.kind()) {
            (DecodingKeyKind::SecretOrDer(one), DecodingKeyKind::SecretOrDer(other)) => one == other,
            (
                DecodingKeyKind::RsaModulusExponent { n, e },
                DecodingKeyKind::RsaModulusExponent { n: other_n, e: other_e },
            ) => n == other_n && e == other_e,
            _ => false,
        }
    }

    pub(super) fn has_signed(&self, message: &[u8], signature: &Vec<u8>, algorithm: Algorithm) -> bool {
        // The provider itself, and not the one of the process: others may have installed another.
        (DEFAULT_PROVIDER.verifier_factory)(&algorithm.jws(), &self.key)
            .is_ok_and(|verifier| verifier.verify(message, signature).is_ok())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid && self.algorithms == other.algorithms && self.is_same(other)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}
