//! Somebody who gives out tokens: it signs with aws-lc-rs alone, so that one implementation checks another.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use keg_auth::jwt::Keys;

pub(crate) struct Issuer {
    kid: &'static str,
    key: Key,
}

enum Key {
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Issuer {
    pub(crate) fn p256(kid: &'static str) -> Self {
        let key = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self {
            kid,
            key: Key::Ec(key, "P-256"),
        }
    }

    pub(crate) fn p384(kid: &'static str) -> Self {
        let key = EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        Self {
            kid,
            key: Key::Ec(key, "P-384"),
        }
    }

    pub(crate) fn ed25519(kid: &'static str) -> Self {
        Self {
            kid,
            key: Key::Ed(Ed25519KeyPair::generate().unwrap()),
        }
    }

    pub(crate) fn rsa(kid: &'static str) -> Self {
        Self {
            kid,
            key: Key::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        }
    }

    /// The members of its JWK.
    pub(crate) fn jwk(&self) -> String {
        let kid = self.kid;
        match &self.key {
            Key::Ec(key, curve) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(key.public_key().as_ref().len() / 2);
                format!(
                    r#"{{"kty":"EC","kid":"{kid}","crv":"{curve}","x":"{}","y":"{}"}}"#,
                    base64(x),
                    base64(y)
                )
            }
            Key::Ed(key) => format!(
                r#"{{"kty":"OKP","kid":"{kid}","use":"sig","crv":"Ed25519","x":"{}"}}"#,
                base64(key.public_key().as_ref())
            ),
            Key::Rsa(key) => {
                let (n, e) = (key.public_key().modulus(), key.public_key().exponent());
                format!(
                    r#"{{"kty":"RSA","kid":"{kid}","n":"{}","e":"{}"}}"#,
                    base64(n.big_endian_without_leading_zero()),
                    base64(e.big_endian_without_leading_zero())
                )
            }
        }
    }

    pub(crate) fn sign(&self, algorithm: &str, claims: &str) -> String {
        let header = format!(r#"{{"alg":"{algorithm}","kid":"{}"}}"#, self.kid);
        self.sign_with_header(&header, algorithm, claims)
    }

    pub(crate) fn sign_with_header(&self, header: &str, algorithm: &str, claims: &str) -> String {
        let message = format!("{}.{}", base64(header.as_bytes()), base64(claims.as_bytes()));
        let random = SystemRandom::new();
        let signature = match &self.key {
            Key::Ec(key, _) => key.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Key::Ed(key) => key.sign(message.as_bytes()).as_ref().to_vec(),
            Key::Rsa(key) => {
                let encoding: &'static dyn RsaEncoding = match algorithm {
                    "RS256" => &signature::RSA_PKCS1_SHA256,
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    other => panic!("{other} is not for RSA"),
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{message}.{}", base64(&signature))
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

pub(crate) fn keys(issuers: &[&Issuer]) -> Keys {
    let jwks: Vec<_> = issuers.iter().map(|issuer| issuer.jwk()).collect();
    Keys::from_jwks(format!(r#"{{"keys":[{}]}}"#, jwks.join(",")).as_bytes()).unwrap()
}
