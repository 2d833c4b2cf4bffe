//! Who signs the tokens that brokers take, and gives out the keys of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, SigningKey};
use serde_json::{Value, json};

use crate::tokens::Endpoint;

/// What brokers expect of a token, beside its signature.
pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "brokers";

/// A key for ES256, and one for RS256.
#[derive(Debug)]
pub(crate) struct Keys {
    elliptic: KeyPair,
    rsa: KeyPair,
    signed: AtomicUsize,
}

/// An endpoint that gives out the keys by which brokers check tokens.
pub(crate) struct Issuer {
    pub(crate) keys: Keys,
    endpoint: Endpoint,
}

impl Issuer {
    /// The one of all brokers, which never fails.
    pub(crate) fn of_brokers() -> &'static Self {
        static OF_BROKERS: OnceLock<Issuer> = OnceLock::new();
        OF_BROKERS.get_or_init(|| {
            let (keys, endpoint) = (Keys::new(), Endpoint::start());
            let given = keys.jwks();
            endpoint.answer(move |_| given.clone());
            Self { keys, endpoint }
        })
    }

    /// Where the keys are.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/keys", self.endpoint.port)
    }

    /// The authority of the endpoint's certificate, as PEM.
    pub(crate) fn ca(&self) -> &str {
        &self.endpoint.ca
    }
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self {
            elliptic: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(),
            rsa: KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap(),
            signed: AtomicUsize::new(0),
        }
    }

    fn jwks(&self) -> Value {
        let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        // A point is a byte that says that it is uncompressed, and its two coordinates.
        let (x, y) = self.elliptic.der_bytes()[1..].split_at(32);
        // A sequence of the modulus, of 2,048 bits behind a byte of zeros, and the exponent, of three bytes.
        let rsa = self.rsa.der_bytes();
        assert_eq!(rsa.len(), 270);
        json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "elliptic", "x": part(x), "y": part(y) },
            { "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa", "n": part(&rsa[9..265]), "e": part(&rsa[267..]) },
        ] })
    }

    /// A token of keg's that is good for this time from now on, signed with one key and the other in turn.
    pub(crate) fn token(&self, seconds: u64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        // Never shorter than it is said to be, for all that whole seconds leave out.
        let end = now + seconds + 1;
        let claims = json!({ "sub": "keg", "scope": "kafka", "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": end });
        match self.signed.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => {
                let (message, signature) = sign(&self.elliptic, "ES256", "elliptic", &claims);
                format!("{message}.{}", BASE64URL_NOPAD.encode(&fixed(&signature)))
            }
            _ => {
                let (message, signature) = sign(&self.rsa, "RS256", "rsa", &claims);
                format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
            }
        }
    }
}

/// Gives out tokens that end after so many seconds, and says so. How many were given is counted.
pub(crate) fn give_tokens(endpoint: &Endpoint, keys: &'static Keys, expires_in: u64) -> Arc<AtomicUsize> {
    let given = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&given);
    answer_with(endpoint, expires_in, move || {
        count.fetch_add(1, Ordering::Relaxed);
        keys.token(expires_in)
    });
    given
}

/// Gives out tokens that nobody can check.
pub(crate) fn give_forged_tokens(endpoint: &Endpoint) {
    let keys = Arc::new(Keys::new());
    answer_with(endpoint, 3600, move || keys.token(3600));
}

fn answer_with(endpoint: &Endpoint, expires_in: u64, token: impl Fn() -> String + Send + 'static) {
    endpoint.answer(move |request| {
        let is_right = request.starts_with("POST /token HTTP/1.1\r\n")
            && request.contains("authorization: Basic a2VnOmh1bnRlcjI=\r\n")
            && request.ends_with("\r\n\r\ngrant_type=client_credentials&scope=kafka");
        match is_right {
            true => json!({ "access_token": token(), "token_type": "Bearer", "expires_in": expires_in }),
            false => json!({ "not": "as expected" }),
        }
    });
}

fn sign(key: &KeyPair, algorithm: &str, kid: &str, claims: &Value) -> (String, Vec<u8>) {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(&json!({ "alg": algorithm, "kid": kid })), part(claims));
    let signature = key.sign(message.as_bytes()).unwrap();
    (message, signature)
}

/// Two numbers of 32 bytes, as tokens have them, of a DER sequence of two integers.
fn fixed(signature: &[u8]) -> Vec<u8> {
    let mut numbers = &signature[2..];
    let mut fixed = Vec::new();
    for _ in 0..2 {
        let (number, rest) = numbers[2..].split_at(usize::from(numbers[1]));
        let digits = &number[number.len().saturating_sub(32)..];
        fixed.extend(vec![0; 32 - digits.len()]);
        fixed.extend(digits);
        numbers = rest;
    }
    fixed
}
