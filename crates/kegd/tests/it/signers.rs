//! Who signs tokens, by the algorithms that issuers use.

use std::time::SystemTime;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://issuer.example";

/// The algorithms that there is a key for.
pub(crate) const ALGORITHMS: [&str; 5] = ["RS256", "RS512", "PS256", "ES256", "ES384"];

/// A key for each of the algorithms.
pub(crate) struct Signer {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
}

impl Signer {
    pub(crate) fn new() -> Self {
        Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            p256: EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            p384: EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
        }
    }

    /// The keys that the tokens are checked by, called `rsa`, `p256` and `p384`.
    pub(crate) fn jwks(&self) -> Value {
        let key = self.rsa.public_key();
        let (n, e) = (key.modulus(), key.exponent());
        let rsa = json!({
            "kty": "RSA", "kid": "rsa",
            "n": base64(n.big_endian_without_leading_zero()), "e": base64(e.big_endian_without_leading_zero()),
        });
        let elliptic = |kid: &str, curve: &str, key: &EcdsaKeyPair| {
            // A byte that says that both coordinates follow.
            let point = &key.public_key().as_ref()[1..];
            let (x, y) = point.split_at(point.len() / 2);
            json!({ "kty": "EC", "kid": kid, "crv": curve, "x": base64(x), "y": base64(y) })
        };
        let (p256, p384) = (
            elliptic("p256", "P-256", &self.p256),
            elliptic("p384", "P-384", &self.p384),
        );
        json!({ "keys": [rsa, p256, p384] })
    }

    /// A token of Ann's that is good for so long.
    pub(crate) fn token(&self, algorithm: &str, seconds: u64) -> String {
        let kid = match algorithm {
            "ES256" => "p256",
            "ES384" => "p384",
            _ => "rsa",
        };
        self.token_by(algorithm, kid, "ann", seconds)
    }

    /// Somebody's token, under another key's name or under one that there isn't.
    pub(crate) fn token_by(&self, algorithm: &str, kid: &str, subject: &str, seconds: u64) -> String {
        self.sign(algorithm, kid, &claims(subject, "kafka", seconds))
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, algorithm: &str, kid: &str, claims: &Value) -> String {
        token(algorithm, kid, claims, |message| self.signature(algorithm, message))
    }

    fn signature(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let encoding: &'static dyn RsaEncoding = match algorithm {
            "ES256" => return self.p256.sign(&random, message).unwrap().as_ref().to_vec(),
            "ES384" => return self.p384.sign(&random, message).unwrap().as_ref().to_vec(),
            "RS512" => &signature::RSA_PKCS1_SHA512,
            "PS256" => &signature::RSA_PSS_SHA256,
            _ => &signature::RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        self.rsa.sign(encoding, &random, message, &mut signature).unwrap();
        signature
    }
}

/// A key for EdDSA, under a name.
pub(crate) struct Key {
    kid: &'static str,
    pair: Ed25519KeyPair,
}

impl Key {
    pub(crate) fn new(kid: &'static str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        Self { kid, pair }
    }

    /// The key that tokens are checked by.
    pub(crate) fn jwk(&self) -> Value {
        let x = base64(self.pair.public_key().as_ref());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.kid, "x": x })
    }

    /// A token of Ann's for an hour.
    pub(crate) fn token(&self, audience: &str, issuer: &str) -> String {
        self.token_for(3600, audience, issuer)
    }

    /// One that is good for so many seconds.
    pub(crate) fn token_for(&self, seconds: u64, audience: &str, issuer: &str) -> String {
        let mut claims = claims("ann", audience, seconds);
        claims["iss"] = issuer.into();
        self.sign("EdDSA", &claims)
    }

    /// A token with these claims, whatever it says that it is signed by.
    pub(crate) fn sign(&self, algorithm: &str, claims: &Value) -> String {
        token(algorithm, self.kid, claims, |message| {
            self.pair.sign(message).as_ref().to_vec()
        })
    }
}

/// A token that says by what it is signed.
fn token(algorithm: &str, kid: &str, claims: &Value, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let header = json!({ "alg": algorithm, "kid": kid });
    let part = |value: &Value| base64(value.to_string().as_bytes());
    let message = format!("{}.{}", part(&header), part(claims));
    format!("{message}.{}", base64(&signature(message.as_bytes())))
}

/// What a token claims that is for somebody, and good for so long.
pub(crate) fn claims(subject: &str, audience: &str, seconds: u64) -> Value {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    json!({ "sub": subject, "scope": "kafka", "iss": ISSUER, "aud": audience, "iat": now, "exp": now + seconds })
}

fn base64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
