//! No token authenticates with OAUTHBEARER that isn't signed, or doesn't say of whom and how long it is.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use data_encoding::BASE64URL_NOPAD;
use keg_auth::jwt::{KeyStore, Keys, Validator};
use keg_auth::oauthbearer::{Client, Outcome, Server};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    message: Message,
    /// Another JWKS, and what a server answers to a client.
    other: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
enum Message {
    Raw(Vec<u8>),
    /// A token with what stands around it.
    Of(String, Token, String),
}

#[derive(Debug, Arbitrary)]
enum Token {
    Raw(String),
    Parts(String, String, Vec<u8>),
    /// A right signature of any claims.
    Signed(String),
    /// A right signature of claims that are some.
    Claims(Vec<(Name, Value)>),
}

#[derive(Debug, Arbitrary)]
enum Name {
    Sub,
    Exp,
    Nbf,
    Iss,
    Aud,
    Scope,
}

#[derive(Debug, Arbitrary)]
enum Value {
    Null,
    Number(i64),
    Fraction(u32, u8),
    Text(u8),
    List(u8, i8),
}

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed of 32 bytes"));

static VALIDATOR: LazyLock<Arc<Validator>> = LazyLock::new(|| {
    let x = BASE64URL_NOPAD.encode(KEY.public_key().as_ref());
    let jwks = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#);
    let keys = Keys::from_jwks(jwks.as_bytes()).expect("a JWKS");
    Arc::new(Validator::new(KeyStore::new(keys)))
});

impl Token {
    fn encode(&self) -> String {
        let parts = |header: &str, claims: &str| {
            let encode = |part: &str| BASE64URL_NOPAD.encode(part.as_bytes());
            format!("{}.{}", encode(header), encode(claims))
        };
        let sign = |claims: &str| {
            let message = parts(r#"{"alg":"EdDSA"}"#, claims);
            let signature = BASE64URL_NOPAD.encode(KEY.sign(message.as_bytes()).as_ref());
            format!("{message}.{signature}")
        };
        match self {
            Self::Raw(token) => token.clone(),
            Self::Parts(header, claims, signature) => {
                format!("{}.{}", parts(header, claims), BASE64URL_NOPAD.encode(signature))
            }
            Self::Signed(claims) => sign(claims),
            Self::Claims(claims) => {
                let claims: Vec<_> = claims.iter().map(|(name, value)| claim(name, value)).collect();
                sign(&format!("{{{}}}", claims.join(",")))
            }
        }
    }

    fn is_signed(&self) -> bool {
        matches!(self, Self::Signed(_) | Self::Claims(_))
    }
}

fn claim(name: &Name, value: &Value) -> String {
    let name = format!("{name:?}").to_lowercase();
    match value {
        Value::Null => format!(r#""{name}":null"#),
        Value::Number(number) => format!(r#""{name}":{number}"#),
        Value::Fraction(number, fraction) => format!(r#""{name}":{number}.{fraction}"#),
        Value::Text(text) => format!(r#""{name}":"{text}""#),
        Value::List(text, number) => format!(r#""{name}":["{text}",{number},[]]"#),
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fuzz_target!(|input: Input| {
    let (message, signed) = match &input.message {
        Message::Raw(bytes) => (bytes.clone(), false),
        Message::Of(before, token, behind) => (
            format!("n,{before},\x01auth=Bearer {}\x01{behind}\x01", token.encode()).into_bytes(),
            token.is_signed(),
        ),
    };
    match Server::new(VALIDATOR.clone()).respond(&message, now()) {
        Ok(Outcome::Accepted(accepted)) => {
            assert!(signed, "{accepted:?}");
            assert!(!accepted.token.principal.is_empty() && accepted.token.expires_at > now());
        }
        Ok(Outcome::Rejected(json, waiting)) => {
            let failure = waiting.respond(b"\x01");
            assert_eq!(failure.message().as_bytes(), json);
            assert!(Client::refusal(&json).is_some() && failure.reason().to_string().len() < 8 * 1024);
        }
        Ok(Outcome::UnknownKey(waiting)) => {
            assert!(matches!(waiting.resume(now()), Ok(Outcome::Rejected(..))));
        }
        Err(failure) => assert!(failure.reason().to_string().len() < 8 * 1024),
    }
    assert_eq!(Client::refusal(&input.other).is_none(), input.other.is_empty());
    if let Ok(keys) = Keys::from_jwks(&input.other) {
        assert!(!keys.is_empty());
    }
});
