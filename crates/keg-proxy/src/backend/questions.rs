//! What SASL asks of brokers in Kafka's requests, and what they answer (KIP-152, KIP-368), without I/O.

use std::time::Duration;

use bytes::Bytes;
use keg_auth::Mechanism;
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey, ErrorCode};

use super::proof::ProofError;

/// In this version of SaslHandshake tokens go in requests of their own (KIP-152), and in this one of SaslAuthenticate
/// brokers say how long a session lasts (KIP-368).
const VERSION: i16 = 1;

/// How much is taken of what a broker says in words: it goes to a log, or to a client, and is the broker's to choose.
const MAX_WORDS: usize = 1024;

/// A request of the gateway's own.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) api: &'static Api,
    pub(crate) version: i16,
    pub(crate) body: Bytes,
    /// The mechanism, if it asks for one: it is the first question then.
    pub(crate) begins: Option<Mechanism>,
}

/// What a broker says to a mechanism.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MechanismAnswer {
    pub(crate) code: ErrorCode,
    /// Those that it has.
    pub(crate) mechanisms: Vec<String>,
}

/// What a broker says to a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenAnswer {
    pub(crate) code: ErrorCode,
    /// What is wrong, in words; empty without an error.
    pub(crate) words: String,
    pub(crate) token: Vec<u8>,
    /// How long the session lasts, if not for ever.
    pub(crate) lifetime: Option<Duration>,
}

impl Question {
    /// Asks for a mechanism.
    pub(crate) fn mechanism(mechanism: Mechanism) -> Result<Self, ProofError> {
        let question = Self::new(ApiKey::SASL_HANDSHAKE, "Mechanism", Value::text(mechanism.name()))?;
        let begins = Some(mechanism);
        Ok(Self { begins, ..question })
    }

    /// Shows a token.
    pub(crate) fn token(token: Vec<u8>) -> Result<Self, ProofError> {
        Self::new(ApiKey::SASL_AUTHENTICATE, "AuthBytes", Value::Bytes(token))
    }

    /// The API and the version of each question that a mechanism has, in their order, if all goes well.
    pub(crate) fn all(mechanism: Mechanism) -> impl Iterator<Item = (ApiKey, i16)> {
        let tokens = std::iter::repeat_n(ApiKey::SASL_AUTHENTICATE, mechanism.tokens());
        let keys = std::iter::once(ApiKey::SASL_HANDSHAKE).chain(tokens);
        keys.map(|key| (key, VERSION))
    }

    fn new(key: ApiKey, field: &'static str, value: Value) -> Result<Self, ProofError> {
        let api = api(key)?;
        let mut request = Struct::new(api.request.fields, VERSION);
        request.set(field, value);
        let body = request.write(&api.request, VERSION).map_err(undecided)?;
        Ok(Self {
            api,
            version: VERSION,
            body: body.into(),
            begins: None,
        })
    }
}

impl MechanismAnswer {
    pub(crate) fn read(body: &[u8]) -> Result<Self, ProofError> {
        let answer = read(ApiKey::SASL_HANDSHAKE, body)?;
        let mechanisms = answer.get("Mechanisms").and_then(Value::as_array).unwrap_or_default();
        Ok(Self {
            code: code(&answer),
            mechanisms: mechanisms.iter().filter_map(Value::as_text).map(cut).collect(),
        })
    }
}

impl TokenAnswer {
    pub(crate) fn read(body: &[u8]) -> Result<Self, ProofError> {
        let answer = read(ApiKey::SASL_AUTHENTICATE, body)?;
        let milliseconds = answer.get("SessionLifetimeMs").and_then(Value::as_integer);
        let milliseconds = milliseconds.and_then(|it| u64::try_from(it).ok()).filter(|it| *it > 0);
        Ok(Self {
            code: code(&answer),
            words: cut(answer.get("ErrorMessage").and_then(Value::as_text).unwrap_or_default()),
            token: answer.bytes("AuthBytes").to_vec(),
            lifetime: milliseconds.map(Duration::from_millis),
        })
    }
}

pub(crate) fn api(key: ApiKey) -> Result<&'static Api, ProofError> {
    Api::of(key).ok_or_else(|| ProofError::Undecided(format!("keg has no table for API {}", key.0)))
}

fn read(key: ApiKey, body: &[u8]) -> Result<Struct, ProofError> {
    Struct::read(&api(key)?.response, VERSION, body).map_err(undecided)
}

fn code(answer: &Struct) -> ErrorCode {
    let code = answer.get("ErrorCode").and_then(Value::as_integer);
    ErrorCode(code.and_then(|code| code.try_into().ok()).unwrap_or(-1))
}

fn cut(words: &str) -> String {
    words.chars().take(MAX_WORDS).collect()
}

fn undecided(error: impl ToString) -> ProofError {
    ProofError::Undecided(error.to_string())
}
